"""``course run``: execute the lessons without a browser, show them, and say what changed."""

import asyncio
import contextlib
import copy
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course_utils import claims
from course_utils.caching import save_whole
from course_utils.command import compare
from course_utils.command.lessons import find_lessons, from_source, source_of
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


class CommandError(RuntimeError):
    """The command cannot go on; the message says why, and what to do, in one line."""


def run(paths: Sequence[Path], output: Path, *, update: bool) -> int:
    """Run lessons top to bottom, write each as HTML, and print what changed.

    A lesson that stops is told in one line, and the others go on.

    Parameters
    ----------
    paths : sequence of path
        Notebooks.
    output : path
        Folder of the HTML pages; made where it does not exist.
    update : bool
        Whether to store the new outputs in the notebooks, and the verdicts in the README. When
        one of the lessons stops, none is stored.

    Returns
    -------
    int
        0, or 1 when a lesson stopped.

    Raises
    ------
    CommandError
        Before any lesson runs, if a folder cannot be written, or with ``update`` if the notebook
        of another lesson is missing, whose claims the README would lose.
    """
    import nbformat

    _check_folders({output} | {path.parent for path in paths if update})
    if update:
        _check_complete(paths)
    fresh = {}
    for path in paths:
        try:
            made = from_source(source_of(path))
            stored = _read(path) if path.is_file() else made
            notebook = made if update else stored
            compare.check_tags(notebook)  # before minutes of work
            fresh[path] = execute(notebook, path)
        except Exception as error:
            print(f"{path.stem}: stopped. {_why(error, path)}", file=sys.stderr)
            continue
        _report(path.stem, compare.changes(stored, fresh[path]))
        _write(output / f"{path.stem}.html", to_html(fresh[path], path.stem))
    print(f"Pages in {output}")
    if len(fresh) < len(paths):
        if update:
            print("Nothing was stored, since a lesson stopped.", file=sys.stderr)
        return 1
    if update:
        for path, notebook in fresh.items():
            _write(path, nbformat.writes(notebook) + "\n")
        claims.update_readme()
    return 0


def _check_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CommandError(
                f"Cannot write into {folder} ({error.strerror}). Choose another folder with "
                "--output, or change its permissions."
            ) from error


def _check_complete(paths: Sequence[Path]) -> None:
    missing = [path for path in find_lessons() if not path.is_file() and path not in paths]
    if missing:
        names = " ".join(path.stem[:2] for path in missing)
        raise CommandError(
            f"{missing[0].name} is missing, and with it the README would lose its claims. Make it "
            f"in the same run: course run --update {names} …"
        )


def _read(path: Path):
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # whatever a damaged file makes nbformat raise
        raise CommandError(
            f"{path.name} is not a notebook ({type(error).__name__}). Get it back with 'git "
            f"checkout', or delete it and make it anew: course run --update {path.stem[:2]}."
        ) from error


def _why(error: Exception, path: Path) -> str:
    """What stopped a lesson, and what to do, in one line."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    if isinstance(error, CellTimeoutError):
        return (
            f"A cell took over {CELL_TIMEOUT} s. Close other programs, and run it again: "
            f"course run {path.stem[:2]}."
        )
    if isinstance(error, DeadKernelError):
        return (
            "Its kernel died, most often for want of memory. Close other programs, and run it "
            f"again: course run {path.stem[:2]}."
        )
    if isinstance(error, CellExecutionError):
        (said,) = error.evalue.splitlines()[:1] or [""]
        return f"{error.ename}: {said} Open the lesson in JupyterLab to see where."
    return str(error) or type(error).__name__


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
        # In a thread, since in the main one nbclient takes Ctrl-C for a kernel that died.
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(client.execute, env=os.environ | ENVIRONMENT)
            try:
                running.result()
            except KeyboardInterrupt:
                if client.km and client.km.has_kernel:
                    asyncio.run(client.km.provisioner.kill())
                raise
    notebook.metadata.pop("widgets", None)
    return notebook


# Without the scripts that the template fetches from elsewhere: a page opens at once where a network
# never answers. Formulas stay as they are written.
_PAGE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def to_html(notebook, title: str) -> str:
    """The executed notebook as one HTML page, which asks no network for anything."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"page.html.j2": _PAGE})], template_file="page.html.j2"
    )
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return page


def _report(lesson: str, changes: Sequence[str]) -> None:
    print(f"{lesson}: {'other outputs than stored' if changes else 'same outputs as stored'}")
    for change in changes:
        print(f"  {change}")


def _write(path: Path, text: str) -> None:
    save_whole(path, lambda file: file.write(text.encode()))
