"""Where the course keeps its files."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Folder ``data`` of the course: ``objects`` (images) and ``weights``.

    Raises
    ------
    FileNotFoundError
        If the package was installed without the repository around it.
    """
    if not _in_clone():
        raise FileNotFoundError(
            f"{ROOT / 'data'} is missing: course_utils works from a clone of the course. "
            "Clone the repository and run 'pip install -c constraints.txt -e .' in it."
        )
    return ROOT / "data"


def notebooks_dir() -> Path:
    """Folder of the lessons."""
    return ROOT / "notebooks"


def cache_dir() -> Path:
    """Folder for what can be computed again; it need not exist.

    The one named in the environment variable ``COURSE_CACHE``; else ``.cache`` in the clone, where
    it can be written; else the user's cache folder.
    """
    if chosen := os.environ.get("COURSE_CACHE"):
        return Path(chosen).expanduser()
    folder = ROOT / ".cache"
    if _in_clone() and os.access(folder if folder.exists() else ROOT, os.W_OK):
        return folder
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cnn-course"


def keras_home() -> Path:
    """Keras's own folder; its cache of weights is ``models`` in it. It need not exist."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def _in_clone() -> bool:
    # Not "data" alone: other packages leave a folder of that name among the installed ones.
    return (ROOT / "data" / "weights").is_dir()
