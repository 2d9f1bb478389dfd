"""JupyterLab's side of the course: opening a lesson leaves its file as it was.

On opening a notebook Lab writes the version of the reader's Python into it, and saves that two
minutes later: to git, every lesson merely looked at would have changed. Installing the course puts
``lab.json`` among Jupyter's settings, which makes this module an extension of Jupyter's server.
"""

import json
from pathlib import Path

from course_utils.paths import notebooks_dir


def keep_language_info(*, model: dict, path: str, contents_manager, **_) -> None:
    """Have a lesson saved with the ``language_info`` that is stored in it.

    Jupyter calls this before each save. Other notebooks are saved as they are.

    Parameters
    ----------
    model : dict
        What is to be saved; changed in place.
    path : str
        Where, from the folder in which Lab was started.
    contents_manager : jupyter_server.services.contents.manager.ContentsManager
    """
    file = Path(contents_manager.root_dir, path.strip("/")).resolve()
    if model["type"] == "notebook" and file.parent == notebooks_dir() and file.is_file():
        stored = json.loads(file.read_text(encoding="utf-8"))["metadata"]
        if "language_info" in stored:
            model["content"]["metadata"]["language_info"] = stored["language_info"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    """Jupyter asks for this, but jupytext replaces the contents manager after it."""


async def _start_jupyter_server_extension(server) -> None:
    server.contents_manager.register_pre_save_hook(keep_language_info)
