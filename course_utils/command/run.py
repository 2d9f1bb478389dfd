"""``course run``: execute the lessons without a browser, show them, and say what changed."""

import asyncio
import atexit
import contextlib
import copy
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from course_utils import claims, data
from course_utils.caching import remove_forgotten
from course_utils.command import compare, machine, report
from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.command.memory import LESSON_LIMIT, available_bytes, cpu_seconds, peak_bytes
from course_utils.command.storing import alone, check_folders, write, write_all
from course_utils.command.terminal import CommandError, cannot_write
from course_utils.lab import drop_widgets
from course_utils.paths import ROOT, cache_dir
from course_utils.progress import QUIET, progress

# The environment in which stored outputs are made, so that they are the same on every machine:
# the weights of the repository, no progress bars, and IPython's streams as pytest sees them
# (else C-level messages are captured by one and not by the other).
ENVIRONMENT = {
    "COURSE_WEIGHTS": "bundled",
    "PYTEST_CURRENT_TEST": "course run",
    QUIET: "1",
}
# For several lessons at once, as many as cores: threads would only wait for each other.
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
CELL_TIMEOUT = 300  # seconds
README = ROOT / "README.md"
HELP = (
    "Run lessons top to bottom, write each as a page, and report what they took, cell by cell, and "
    "what differs from the stored outputs: as text, and as report.html beside the pages. Exit "
    "code: 0; 1 when a lesson stopped, a file cannot be written, or another command is storing "
    "lessons; 130 when interrupted."
)


class LessonError(RuntimeError):
    """A lesson stopped; the message says in which cell, why, and what to do, in one line."""


class TimedCell(NamedTuple):
    """A code cell that ran: its name ("cell 12"), the line it begins with, and its time."""

    name: str
    first_line: str
    seconds: float


class Ran(NamedTuple):
    """A lesson that ran to its end.

    Attributes
    ----------
    notebook : nbformat.NotebookNode
        With outputs.
    seconds : float
        What it took, the kernel's start included.
    peak : int or None
        Most memory that the kernel's process held, in bytes; None on macOS, whose system does not
        tell, and for a notebook without code.
    cells : list of TimedCell
        Code cells in their order.
    busy : float
        Cores that the kernel's process used on average; 0 where that is not known.
    """

    notebook: Any
    seconds: float
    peak: int | None
    cells: Sequence[TimedCell] = ()
    busy: float = 0.0

    @property
    def cost(self) -> str:
        """Time and memory in a few words."""
        memory = "" if self.peak is None else f", {self.peak / 10**9:.2f} GB of memory at most"
        return f"{self.seconds:.0f} s{memory}"


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "run",
        help="run the lessons and write them as HTML",
        description=HELP,
        epilog="example: course run 08 09",
    )
    parser.add_argument(
        "lessons", nargs="*", help="beginnings of lesson names, such as 04 (default: all)"
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="make the notebooks from notebooks/source, run them from nothing, and store their new "
        "outputs: all or none",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build", help="folder of the pages (default: build)"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        choices=range(1, 17),
        metavar="N",
        help="run N lessons at once, each with one thread if N is more than 1 (default: as many as "
        "cores and free memory allow; with --update one, since its time is stored)",
    )
    parser.set_defaults(
        call=lambda o: run(find_lessons(o.lessons), o.output, update=o.update, jobs=o.jobs)
    )


def run(paths: Sequence[Path], output: Path, *, update: bool, jobs: int | None = None) -> int:
    """Run lessons top to bottom, write each as HTML, and report what they took and what changed.

    Each is told as soon as it ends. A lesson that stops is told in one line, and the others go on.
    The report is printed, and written beside the pages.

    Parameters
    ----------
    paths : sequence of path
        Notebooks.
    output : path
        Folder of the HTML pages; made where it does not exist.
    update : bool
        Whether to store the new outputs in the notebooks, the verdicts in the README, and the
        times for `course check`. Each lesson then runs from nothing, beside the course's cache.
        When one of the lessons stops, or storing fails, every file is as it was.
    jobs : int, optional
        How many lessons run at once. With more than one each has one thread, and those that take
        longest begin. By default as many as `possible_at_once`; with ``update`` one after another,
        since others would disturb the times.

    Returns
    -------
    int
        0, or 1 when a lesson stopped.

    Raises
    ------
    CommandError
        Before any lesson runs, if a folder cannot be written, or with ``update`` if the notebook
        of another lesson is missing, whose claims the README would lose. Later, if a page or a
        notebook cannot be written after all.
    FileNotFoundError, ValueError
        If COURSE_DATA names a folder that holds no image set.
    """
    check_folders({output})
    if update:
        check_folders({README.parent, *(path.parent for path in paths)}, "Run without --update")
        check_folders({cache_dir()}, "Name another in the environment variable COURSE_CACHE")
        _check_complete(paths)
    if chosen := os.environ.get(data.IN_USE):
        data.use(chosen)  # by its whole path, since kernels run in other folders
        if update:
            raise CommandError(
                f"{data.IN_USE} is set: what is stored is made with the course's own images. Unset "
                "it, or run without --update."
            )
    if jobs is None:
        jobs = 1 if update else possible_at_once(len(paths))
    with alone() if update else contextlib.nullcontext():
        return _run(paths, output, update, jobs)


def _run(paths: Sequence[Path], output: Path, update: bool, jobs: int) -> int:
    if update:
        speed = machine.measure(ONE_THREAD if jobs > 1 else {})
    fresh: dict[Path, Ran] = {}
    outcomes = []
    with _at_once(jobs) as submit:
        order = paths if jobs == 1 else _longest_first(paths)
        running = {submit(_run_one, path, update, jobs): path for path in order}
        for future in as_completed(running):
            path = running[future]
            try:
                stored, fresh[path] = future.result()
            except Exception as error:
                outcomes.append(report.Outcome(path.stem, why=str(error) or type(error).__name__))
                print(f"{path.stem}: stopped. {outcomes[-1].why}", file=sys.stderr)
                continue
            outcomes.append(report.compared(path.stem, stored, fresh[path]))
            print(*report.lines(outcomes[-1]), sep="\n")
            write(output / f"{path.stem}.html", to_html(fresh[path], path.stem))
    outcomes.sort(key=lambda outcome: outcome.lesson)
    if fresh:
        print(*report.slowest(outcomes), sep="\n")
    write(output / report.FILE, report.page(outcomes))
    print(f"Pages in {output}, and the report: {report.FILE}")
    if len(fresh) < len(paths):
        if update:
            print("Nothing was stored, since a lesson stopped.", file=sys.stderr)
        return 1
    if update:
        _store(fresh, speed)
    return 0


def possible_at_once(lessons: int) -> int:
    """How many of some lessons this machine can run at once: a core and memory for each."""
    return max(1, min(lessons, machine.cores(), available_bytes() // LESSON_LIMIT))


def _longest_first(paths: Sequence[Path]) -> list[Path]:
    """Lessons by what they took when they were stored, so that all cores are busy to the end."""
    times = machine.read_times()
    return sorted(paths, key=lambda path: -times[path.stem].seconds if path.stem in times else 0)


@contextlib.contextmanager
def _from_nothing() -> Iterator[dict[str, str]]:
    """An environment with a cache folder of its own, where nothing is kept of earlier runs."""
    folder = cache_dir()
    remove_forgotten(folder)
    try:  # by a name that is forgotten in time should this process be killed
        empty = tempfile.TemporaryDirectory(
            prefix="tmp", suffix=".part", dir=folder, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise cannot_write(folder, error) from error
    with empty as name:
        yield {"COURSE_CACHE": name}


@contextlib.contextmanager
def _at_once(jobs: int) -> Iterator[Callable[..., Future]]:
    """Submits to a pool of threads; their kernels are killed when an error or Ctrl-C leaves it."""
    pool = ThreadPoolExecutor(jobs)
    running: list[Future] = []

    def submit(*work) -> Future:
        running.append(pool.submit(*work))
        return running[-1]

    try:
        yield submit
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in running):  # a kernel may be about to start
            for client in list(_CLIENTS):
                if client.km and client.km.has_kernel:
                    asyncio.run(client.km.provisioner.kill())
            time.sleep(0.05)
        raise
    finally:
        pool.shutdown()


def _run_one(path: Path, update: bool, jobs: int) -> tuple[Any, Ran]:
    """The notebook as it was stored, and as it ran."""
    made = from_source(source_of(path))
    stored = read(path) if path.is_file() else made
    notebook = made if update else stored
    compare.check_tags(notebook)  # before minutes of work
    with _from_nothing() if update else contextlib.nullcontext({}) as environment:
        return stored, execute(notebook, path, environment | (ONE_THREAD if jobs > 1 else {}))


def _check_complete(paths: Sequence[Path]) -> None:
    missing = [path for path in find_lessons() if not path.is_file() and path not in paths]
    if missing:
        names = " ".join(path.stem[:2] for path in missing)
        raise CommandError(
            f"{missing[0].name} is missing, and with it the README would lose its claims. Make it "
            f"in the same run: course run --update {names} …"
        )


def read(path: Path):
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # whatever a damaged file makes nbformat raise
        raise CommandError(
            f"{path.name} is not a notebook ({type(error).__name__}). Get it back with 'git "
            f"checkout', or delete it and make it anew: course run --update {path.stem[:2]}."
        ) from error


_CLIENTS: set[Any] = set()  # those whose kernels run


def execute(notebook, path: Path, environment: Mapping[str, str] = MappingProxyType({})) -> Ran:
    """Run a notebook in a fresh kernel, in its lesson's folder, with a bar over its cells.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.
    path : path
        Where it belongs.
    environment : mapping of str to str
        Variables for the kernel.

    Raises
    ------
    LessonError
        Where a cell raises or takes too long, or the kernel dies; caused by nbclient's error,
        which shows the cell and the traceback.
    """
    from nbclient import NotebookClient

    notebook = copy.deepcopy(notebook)
    names = {id(cell): name for name, cell in compare.code_cells(notebook)}
    running, began, peak, used = None, 0.0, None, 0.0
    cells = []

    def executing(cell, **_) -> None:
        nonlocal running, began
        running, began = cell, time.perf_counter()

    def executed(cell, **_) -> None:
        nonlocal peak, used
        cells.append(TimedCell(names[id(cell)], _first_line(cell), time.perf_counter() - began))
        pid = client.km.provisioner.pid
        peak, used = peak_bytes(pid), cpu_seconds(pid)

    with contextlib.closing(progress(notebook.cells, path.stem)) as bar:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",  # ended gently, some kernels end with a traceback
            on_cell_start=lambda **_: next(bar),
            on_cell_execute=executing,
            on_cell_executed=executed,
        )
        start = time.perf_counter()
        _CLIENTS.add(client)
        try:
            # Not client.execute, which leaves a task behind that complains in the end.
            asyncio.run(client.async_execute(env=os.environ | ENVIRONMENT | environment))
        except Exception as error:
            why = _why(error, path) if running else _why_not_started(error, path)
            raise LessonError(_where(notebook, running) + why) from error
        finally:
            _CLIENTS.discard(client)
            # If the kernel ended while it started, nbclient leaves it, and complains in the end.
            atexit.unregister(client._cleanup_kernel)
    drop_widgets(notebook)
    seconds = time.perf_counter() - start
    return Ran(notebook, seconds, peak, cells, used / seconds)


def _where(notebook, running) -> str:
    """The cell that was running, by its number and its first line; empty before the first."""
    for name, cell in compare.code_cells(notebook):
        if cell is running:
            return f"{name} (`{_first_line(cell)}`): "
    return ""


def _first_line(cell) -> str:
    first, *_ = cell.source.strip().splitlines() or [""]
    return first if len(first) <= 60 else first[:59] + "…"


def _why(error: Exception, path: Path) -> str:
    """What stopped a lesson, and what to do, in one line."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    again = f"Close other programs, and run it again: course run {path.stem[:2]}."
    if isinstance(error, CellTimeoutError):
        return f"took over {CELL_TIMEOUT} s. {again}"
    if isinstance(error, DeadKernelError):
        return f"the kernel died, most often for want of memory. {again}"
    if isinstance(error, CellExecutionError):
        (said,) = error.evalue.splitlines()[:1] or [""]
        what = f"{error.ename}: {said}".rstrip(": .")
        return f"{what}. Open the lesson in JupyterLab to see where."
    return str(error) or type(error).__name__


def _why_not_started(error: Exception, path: Path) -> str:
    if isinstance(error, OSError):  # of the file with which the two find each other
        return str(cannot_write(error.filename or "the kernel's files", error))
    said = str(error).rstrip(".")
    return (
        f"the kernel did not start ({said}). Close other programs, see what 'course check' says, "
        f"and run it again: course run {path.stem[:2]}."
    )


# Without the scripts that the template fetches from elsewhere: a page opens at once where a network
# never answers. Formulas stay as they are written.
_PAGE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block body_footer -%}
<div class="jp-Cell jp-RenderedHTMLCommon"><p>Run in {{ resources.cost }}.</p></div>
{{ super() }}
{%- endblock -%}
"""


def to_html(ran: Ran, title: str) -> str:
    """The executed notebook as one HTML page, which asks no network for anything."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"page.html.j2": _PAGE})], template_file="page.html.j2"
    )
    resources = {"metadata": {"name": title}, "cost": ran.cost}
    page, _ = exporter.from_notebook_node(ran.notebook, resources)
    return page


def _store(fresh: Mapping[Path, Ran], speed: machine.Speed) -> None:
    """Store the notebooks, the README's table of claims and the lessons' times: all or none."""
    import nbformat

    notebooks = {path: ran.notebook for path, ran in fresh.items()}
    texts = {path: nbformat.writes(notebook) + "\n" for path, notebook in notebooks.items()}
    readme = README.read_text(encoding="utf-8")
    texts[README] = claims.readme_with_table(readme, notebooks)
    taken = {
        path.stem: machine.Taken(
            round(ran.seconds, 1),
            round(ran.busy, 2),
            None if ran.peak is None else round(ran.peak / 10**9, 2),
            speed,
        )
        for path, ran in fresh.items()
    }
    lessons = {path.stem for path in find_lessons()}
    times = {name: t for name, t in (machine.read_times() | taken).items() if name in lessons}
    texts[machine.times_file()] = machine.times_as_text(times)
    write_all(texts, "stored")
