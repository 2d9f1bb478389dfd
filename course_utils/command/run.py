"""``course run``: execute the lessons without a browser, show them, and say what changed."""

import contextlib
import copy
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils import claims
from course_utils.caching import save_whole
from course_utils.command.lessons import from_source, source_of

# The environment in which stored outputs are made, so that they are the same on every machine:
# the weights of the repository, no progress bars, and IPython's streams as pytest sees them
# (else C-level messages are captured by one and not by the other).
ENVIRONMENT = {
    "COURSE_WEIGHTS": "bundled",
    "PYTEST_CURRENT_TEST": "course run",
    "TQDM_DISABLE": "1",
}
UNCOMPARED = "nbval-ignore-output"
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
        stored = nbformat.read(path, as_version=4)
        try:
            fresh = execute(from_source(source_of(path)) if update else stored, path)
        except CellExecutionError as error:
            print(f"{path.stem}: stopped. {error}", file=sys.stderr)
            failed = 1
            continue
        _report(path.stem, changed_cells(stored, fresh))
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
    from tqdm import tqdm

    notebook = copy.deepcopy(notebook)
    with (
        tqdm(total=len(notebook.cells), desc=path.stem, unit="cell") as bar,
        _environment(ENVIRONMENT),
    ):
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            on_cell_start=lambda cell, cell_index: bar.update(cell_index - bar.n),
        )
        client.execute()
        bar.update(len(notebook.cells) - bar.n)
    notebook.metadata.pop("widgets", None)
    return notebook


def changed_cells(stored, fresh) -> list[int]:
    """Positions (from 1) of the compared code cells whose text output differs."""
    return [
        number
        for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), start=1)
        if new.cell_type == "code"
        and UNCOMPARED not in new.metadata.get("tags", [])
        and _texts(old) != _texts(new)
    ]


def to_html(notebook, title: str) -> str:
    """The executed notebook as one HTML page."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": title}})
    return page


def _texts(cell) -> list[str]:
    """What a cell printed or showed as text; standard error and pictures left out."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            texts.append(output.text)
        elif output.output_type in ("execute_result", "display_data"):
            texts.append(output.data.get("text/plain", ""))
    # A figure's text names only its size in pixels.
    return [text for text in texts if not text.startswith("<Figure")]


def _report(lesson: str, changed: Sequence[int]) -> None:
    if changed:
        print(f"{lesson}: different output in cells {', '.join(map(str, changed))}")
    else:
        print(f"{lesson}: same output as stored")


def _write(path: Path, text: str) -> None:
    save_whole(path, lambda file: file.write(text.encode()))


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    saved = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
