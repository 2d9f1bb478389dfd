"""JupyterLab's side of the course: what it stores of a lesson.

On opening a notebook Lab writes the version of the reader's Python into it, and saves that two
minutes later: to git, every lesson merely looked at would have changed. And of a widget it stores
the number in its kernel, of which a reopened lesson makes "Error displaying widget: model not
found". Installing the course puts ``lab.json`` among Jupyter's settings, which makes this module an
extension of Jupyter's server.
"""

import json
from pathlib import Path

from course_utils.paths import notebooks_dir

WIDGET = "application/vnd.jupyter.widget-view+json"


def tidy(*, model: dict, path: str, contents_manager, **_) -> None:
    """Have a lesson saved with the ``language_info`` that is stored in it, and without widgets.

    Jupyter calls this before each save. Notebooks outside the lessons' folder are saved as they
    are: there a reader may want to keep a widget's state.

    Parameters
    ----------
    model : dict
        What is to be saved; changed in place.
    path : str
        Where, from the folder in which Lab was started.
    contents_manager : jupyter_server.services.contents.manager.ContentsManager
    """
    file = Path(contents_manager.root_dir, path.strip("/")).resolve()
    if model["type"] != "notebook" or file.parent != notebooks_dir():
        return
    drop_widgets(model["content"])
    if file.is_file():
        stored = json.loads(file.read_text(encoding="utf-8"))["metadata"]
        if "language_info" in stored:
            model["content"]["metadata"]["language_info"] = stored["language_info"]


def drop_widgets(notebook: dict) -> None:
    """Take the widgets out of a notebook: what they are as text or HTML stays.

    Parameters
    ----------
    notebook : dict or nbformat.NotebookNode
        Of format 4; changed in place. An output that was a widget and nothing else goes.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [
                output
                for output in cell["outputs"]
                if output.get("data", {}).pop(WIDGET, None) is None or output["data"]
            ]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    """Jupyter asks for this, but jupytext replaces the contents manager after it."""


async def _start_jupyter_server_extension(server) -> None:
    server.contents_manager.register_pre_save_hook(tidy)
