"""The lessons and their two sides: the source that is edited, the notebook that is opened."""

import hashlib
import re
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
    set_ids(notebook)
    return notebook


def set_ids(notebook) -> None:
    """Give cells ids that stay with them, so that only what was edited shows in a comparison.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    """
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[cell.id] = seen.get(cell.id, 0) + 1
        if seen[cell.id] > 1:
            cell.id += f"-{seen[cell.id]}"


def out_of_step(lesson: Path) -> str:
    """How a lesson's notebook differs from its source, in a few words; empty if it does not."""
    import nbformat

    if not lesson.is_file():
        return "the notebook is missing"
    try:
        stored = nbformat.read(lesson, as_version=4)
    except Exception as error:  # whatever a damaged file makes nbformat raise
        return f"is not a notebook ({type(error).__name__})"
    made = from_source(source_of(lesson))
    sides = [
        [(cell.cell_type, cell.source, cell.metadata, cell.get("id")) for cell in side.cells]
        for side in (made, stored)
    ]
    if len(sides[0]) != len(sides[1]):
        return f"has {len(sides[1])} cells, its source {len(sides[0])}"
    differing = sum(ours != theirs for ours, theirs in zip(*sides, strict=True))
    return f"{differing} of its cells differ from its source" if differing else ""


def exercises(notebook) -> list[tuple]:
    """Exercises of a lesson with their solutions.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    list of (cell, str)
        The code cell tagged "exercise", and the code of the Markdown cell tagged "solution" that
        follows it, which takes its place.

    Raises
    ------
    ValueError
        If an exercise is not followed by its solution, in ``<details>`` and one Python block.
    """
    found = []
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if "exercise" not in cell.metadata.get("tags", []):
            continue
        tags = following.metadata.get("tags", []) if following else []
        text = following.source if "solution" in tags else ""
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        if not text.startswith("<details><summary>") or len(blocks) != 1:
            raise ValueError(f"No folded solution with one Python block after: {cell.source[:60]}")
        found.append((cell, blocks[0]))
    return found


def without_remote_pictures(markdown: str) -> str:
    """Markdown with each picture that a network would be asked for in words, such as a badge."""
    return re.sub(r"!\[([^\]]*)\]\(https?://[^)\s]*\)", r"\1", markdown)
