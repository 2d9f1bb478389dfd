"""``course run``: execute the lessons without a browser, show them, and say what changed."""

import contextlib
import copy
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils import claims
from course_utils.caching import save_whole
from course_utils.command import compare
from course_utils.command.lessons import from_source, source_of
from course_utils.progress import QUIET, progress

# The environment in which stored outputs are made, so that they are the same on every machine:
# the weights of the repository, no progress bars, and IPython's streams as pytest sees them
# (else C-level messages are captured by one and not by the other).
ENVIRONMENT = {
    "COURSE_WEIGHTS": "bundled",
    "PYTEST_CURRENT_TEST": "course run",
    QUIET: "1",
}
CELL_TIMEOUT = 300  # seconds


def run(paths: Sequence[Path], output: Path, *, update: bool) -> int:
    """Run lessons top to bottom, write each as HTML, and print what changed.

    Parameters
    ----------
    paths : sequence of path
        Notebooks.
    output : path
        Folder of the HTML pages; made where it does not exist.
    update : bool
        Whether to store the new outputs in the notebooks, and the verdicts in the README.
        A lesson that stops with an error is never stored.

    Returns
    -------
    int
        0, or 1 when a lesson stopped with an error.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError

    output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for path in paths:
        made = from_source(source_of(path))
        stored = nbformat.read(path, as_version=4) if path.is_file() else made
        notebook = made if update else stored
        try:
            compare.check_tags(notebook)  # before minutes of work
            fresh = execute(notebook, path)
        except (CellExecutionError, compare.TagError) as error:
            print(f"{path.stem}: stopped. {error}", file=sys.stderr)
            failed = 1
            continue
        _report(path.stem, compare.changes(stored, fresh))
        _write(output / f"{path.stem}.html", to_html(fresh, path.stem))
        if update:
            _write(path, nbformat.writes(fresh) + "\n")
    print(f"Pages in {output}")
    if update:
        claims.update_readme()
    return failed


def execute(notebook, path: Path):
    """Run a notebook in a fresh kernel, in its lesson's folder, with a bar over its cells.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.
    path : path
        Where it belongs.

    Returns
    -------
    nbformat.NotebookNode
        With outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a cell raises; the message shows the cell and the error.
    """
    from nbclient import NotebookClient

    notebook = copy.deepcopy(notebook)
    with contextlib.closing(progress(notebook.cells, path.stem)) as bar:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            on_cell_start=lambda **_: next(bar),
        )
        client.execute(env=os.environ | ENVIRONMENT)
    notebook.metadata.pop("widgets", None)
    return notebook


def to_html(notebook, title: str) -> str:
    """The executed notebook as one HTML page."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": title}})
    return page


def _report(lesson: str, changes: Sequence[str]) -> None:
    print(f"{lesson}: {'other outputs than stored' if changes else 'same outputs as stored'}")
    for change in changes:
        print(f"  {change}")


def _write(path: Path, text: str) -> None:
    save_whole(path, lambda file: file.write(text.encode()))
