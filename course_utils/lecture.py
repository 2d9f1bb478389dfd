"""The ``course`` command: run the lessons without a browser, or measure the speed."""

import argparse
import base64
import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils import claims
from course_utils.caching import save_whole
from course_utils.paths import ROOT, notebooks_dir

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``course`` and ``python -m course_utils``.

    Returns
    -------
    int
        0, or 1 when a lesson stopped with an error or ``bench`` missed a goal.
    """
    options = _parser().parse_args(arguments)
    if options.command == "bench":
        from course_utils import bench

        return bench.run()
    try:
        paths = find_lessons(options.lessons)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return run(paths, options.output, update=options.update)


def find_lessons(names: Sequence[str]) -> list[Path]:
    """Notebooks whose file names begin with one of ``names``; all where there are none.

    Raises
    ------
    ValueError
        If a name fits no lesson; the message lists them.
    """
    lessons = sorted(notebooks_dir().glob("[0-9]*.ipynb"))
    for name in names:
        if not any(lesson.name.startswith(name) for lesson in lessons):
            known = ", ".join(lesson.stem for lesson in lessons)
            raise ValueError(f"No lesson {name!r}. Lessons: {known}.")
    return [path for path in lessons if not names or path.name.startswith(tuple(names))]


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
        if update:
            _sync(path)
        stored = nbformat.read(path, as_version=4)
        try:
            fresh = execute(path)
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


def execute(path: Path):
    """Run one notebook in a fresh kernel, in its own folder, with a bar over its cells.

    Returns
    -------
    nbformat.NotebookNode
        With outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a cell raises; the message shows the cell and the error.
    """
    import nbformat
    from nbclient import NotebookClient
    from tqdm import tqdm

    notebook = nbformat.read(path, as_version=4)
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
    _shrink_pictures(notebook)
    # The kernel of this machine is no part of the lesson.
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("language_info", None)
    return notebook


def _shrink_pictures(notebook) -> None:
    """Store pictures with 256 colours: a third of the bytes, and GitHub still shows the page."""
    from PIL import Image

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
                small = io.BytesIO()
                picture.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
                data["image/png"] = base64.b64encode(small.getvalue()).decode()


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    command = commands.add_parser("run", help="run the lessons and write them as HTML")
    command.add_argument(
        "lessons", nargs="*", help="beginnings of lesson names, such as 04 (default: all)"
    )
    command.add_argument(
        "--update", action="store_true", help="store the new outputs in the notebooks"
    )
    command.add_argument(
        "--output", type=Path, default=ROOT / "build", help="folder of the pages (default: build)"
    )
    commands.add_parser(
        "bench",
        help="measure the time and memory of feature extraction",
        description=(
            "Train a head the lecture's way and the course's, and compare feature extraction with "
            "a bare forward pass, with ONNX Runtime (where installed) and in memory. Takes about "
            "five minutes on two cores. Exit code: 0 when every goal that was measured is held, "
            "else 1."
        ),
    )
    return parser


def _sync(path: Path) -> None:
    from jupytext.cli import jupytext

    jupytext(["--sync", "--quiet", str(path.with_suffix(".py"))])


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
