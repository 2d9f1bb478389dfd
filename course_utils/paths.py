"""Where the course keeps its files."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Folder ``data`` of the course: ``objects`` (images) and ``weights``.

    Raises
    ------
    FileNotFoundError
        If the package was installed without the repository around it.
    """
    folder = ROOT / "data"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is missing: course_utils works from a clone of the course. "
            "Clone the repository and run 'pip install -c constraints.txt -e .' in it."
        )
    return folder


def notebooks_dir() -> Path:
    """Folder of the lessons."""
    return ROOT / "notebooks"


def cache_dir() -> Path:
    """Folder for what can be computed again; made where it does not exist."""
    folder = ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    return folder
