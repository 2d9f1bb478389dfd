"""The lessons and their two sides: the source that is edited, the notebook that is opened."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from course_utils.paths import notebooks_dir

# As JupyterLab's own kernel names itself, so that opening a lesson leaves nothing to add.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def find_lessons(names: Sequence[str] = ()) -> list[Path]:
    """Notebooks of the lessons whose names begin with one of ``names``; of all without names.

    A lesson is there when its source is; its notebook may still have to be made.

    Raises
    ------
    ValueError
        If a name fits no lesson; the message lists them.
    """
    sources = sorted((notebooks_dir() / "source").glob("[0-9]*.py"))
    lessons = [notebooks_dir() / f"{source.stem}.ipynb" for source in sources]
    for name in names:
        if not any(lesson.name.startswith(name) for lesson in lessons):
            known = ", ".join(lesson.stem for lesson in lessons)
            raise ValueError(f"No lesson {name!r}. Lessons: {known}.")
    return [path for path in lessons if not names or path.name.startswith(tuple(names))]


def source_of(lesson: Path) -> Path:
    """The text side of a notebook, ``source/NN_topic.py`` beside it."""
    return lesson.parent / "source" / f"{lesson.stem}.py"


def from_source(source: Path):
    """Make the notebook of a lesson from its source, without outputs.

    The notebook knows nothing of its source: paired, JupyterLab would refuse to open a notebook
    that was edited elsewhere, or overwrite it from the source.

    Parameters
    ----------
    source : path
        In jupytext's percent format.

    Returns
    -------
    nbformat.NotebookNode
    """
    import jupytext
    from nbformat import NotebookNode

    notebook = jupytext.read(source)
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNELSPEC))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        # An id that stays with the cell: only what was edited shows in a comparison.
        cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[cell.id] = seen.get(cell.id, 0) + 1
        if seen[cell.id] > 1:
            cell.id += f"-{seen[cell.id]}"
    return notebook
