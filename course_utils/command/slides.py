"""``course slides``: the lessons as slides of reveal.js, each in one file that asks no network."""

import copy
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from course_utils.command.lessons import find_lessons, without_remote_pictures
from course_utils.command.npm import Package
from course_utils.command.run import read
from course_utils.command.storing import check_folders, write
from course_utils.command.terminal import CommandError, cannot_write
from course_utils.paths import ROOT
from course_utils.progress import progress

# Not 6, whose files have other names.
REVEAL = Package(
    "reveal.js",
    "5.2.1",
    "sha512-r7//6mIM5p34hFiDMvYfXgyjXqGRta+/psd9YtytsgRlrpRzFv4RbH76TXd2qD+7ZPZEbpBDhdRhJaFgfQ7zNQ==",
)
ASSETS = Path(__file__).parent / "assets"
HELP = """Write each lesson as slides of reveal.js, from the stored notebooks and their outputs:
one HTML file a lesson, which opens in any browser and asks no network for anything. Code is hidden,
but for the stubs of exercises. Cells tagged "notes" are speaker notes: press S for them, F for full
screen, Esc for all slides at once. What is too tall for a slide goes on on a further one.

reveal.js is fetched once, with npm, and kept in the course's cache. Exit code: 0; 1 when it cannot
be had, no browser makes the PDF, or a file cannot be written; 130 when interrupted."""
_RANKS = ("-", "fragment", "subslide", "slide")
_HIDDEN = "code-hidden-on-slides"  # a tag that nbconvert is told to hide the code of
_PRINTING = 120  # seconds that a browser may take for one lesson


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    from argparse import RawDescriptionHelpFormatter

    parser = commands.add_parser(
        "slides",
        help="write the lessons as slides",
        description=HELP,
        epilog="example: course slides 01 02 --pdf",
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "lessons", nargs="*", help="beginnings of lesson names, such as 04 (default: all)"
    )
    parser.add_argument("--code", action="store_true", help="show the code too")
    parser.add_argument(
        "--pdf",
        action="store_true",
        help="also print a handout; needs Chromium, Chrome or Edge",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "slides",
        help="folder of the slides (default: build/slides)",
    )
    parser.set_defaults(
        call=lambda o: run(find_lessons(o.lessons), o.output, code=o.code, pdf=o.pdf)
    )


def run(paths: Sequence[Path], output: Path, *, code: bool = False, pdf: bool = False) -> int:
    """Write lessons as slides, with a bar over them.

    Parameters
    ----------
    paths : sequence of path
        Notebooks, with their outputs.
    output : path
        Folder of the slides; made where it does not exist.
    code : bool
        Whether to show the code.
    pdf : bool
        Whether to print a handout too.

    Returns
    -------
    int
        0.

    Raises
    ------
    CommandError
        Before anything is written, if reveal.js is not to be had, no browser is found for the
        handout, the folder cannot be written, or a notebook is damaged. Later, if a file cannot be
        written after all, or the browser fails.
    """
    browser = find_browser() if pdf else None
    reveal = _reveal()
    check_folders({output})
    notebooks = {path: read(path) for path in paths}
    for path, notebook in progress(notebooks.items(), "slides"):
        page = output / f"{path.stem}.html"
        write(page, to_slides(notebook, path.stem, reveal, code=code))
        if browser:
            _print(browser, page)
    print(f"Slides in {output}: open one in a browser.")
    return 0


def find_browser() -> str:
    """A browser that prints pages: Chromium, Chrome or Edge.

    Raises
    ------
    CommandError
        If none is found.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    places = (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    )
    for found in map(shutil.which, (*names, *places)):
        if found:
            return found
    raise CommandError(
        "The handout is printed by Chromium, Chrome or Edge, and none was found. Install one, or "
        "leave --pdf out, open the slides with '?print-pdf' behind their address, and print them."
    )


def to_slides(notebook, title: str, reveal: dict[str, str], *, code: bool) -> str:
    """A lesson as one HTML page of slides.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With outputs; left as it is.
    title : str
        Of the page.
    reveal : dict
        Texts of reveal.js: ``reveal_css``, ``reveal_js``, ``notes_js``.
    code : bool
        Whether to show the code.
    """
    from jinja2 import DictLoader
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    template = (ASSETS / "slides.html.j2").read_text(encoding="utf-8")
    exporter = SlidesExporter(
        config=Config(
            TagRemovePreprocessor={"enabled": True, "remove_input_tags": {_HIDDEN}},
            HTMLExporter={"exclude_input_prompt": True, "exclude_output_prompt": True},
        ),
        extra_loaders=[DictLoader({"slides.html.j2": template})],
        template_file="slides.html.j2",
    )
    own = {kind: (ASSETS / f"slides.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")}
    resources = {"metadata": {"name": title}, "slides": reveal | own}
    page, _ = exporter.from_notebook_node(for_slides(notebook, code=code), resources)
    return page


def for_slides(notebook, *, code: bool):
    """The notebook as it goes onto slides.

    Pictures from elsewhere are put in words, and links to lessons lead to their slides. Cells
    tagged "notes" become speaker notes. What a stub's check says is never shown.

    Without ``code``, code is hidden but for the stubs of exercises. Cells that then show nothing
    are taken out; what began a slide with them begins it with the next cell. Others begin no
    subslide, since there is room below the text before them.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.
    code : bool

    Returns
    -------
    nbformat.NotebookNode
    """
    notebook = copy.deepcopy(notebook)
    cells, notes, begun = [], [], "-"
    for cell in notebook.cells:
        tags = cell.metadata.setdefault("tags", [])
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if "exercise" in tags:
            cell.outputs = []
        elif cell.cell_type == "code" and not code:
            tags.append(_HIDDEN)
            if cell.outputs and kind == "subslide":
                kind = "fragment"
        if kind == "notes" or "notes" in tags:
            cell.metadata["slideshow"] = {"slide_type": "notes"}
            (cells if cells else notes).append(cell)  # there is no slide yet to note them on
            continue
        if kind == "skip":
            continue
        if _HIDDEN in tags and not cell.outputs:
            begun = max(begun, kind, key=_RANKS.index)
            continue
        if cell.cell_type == "markdown":
            cell.source = _to_slides_of_others(without_remote_pictures(cell.source))
        cell.metadata["slideshow"] = {"slide_type": max(begun, kind, key=_RANKS.index)}
        begun = "-"
        cells += [cell, *notes]
        notes = []
    notebook.cells = cells
    return notebook


def _to_slides_of_others(markdown: str) -> str:
    """Links from lesson to lesson lead to slides."""
    return re.sub(r"\]\((\d\d_\w+)\.ipynb\)", r"](\1.html)", markdown)


def _reveal() -> dict[str, str]:
    names = ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")
    css, js, notes = REVEAL.files(*names)
    return {"reveal_css": css, "reveal_js": js, "notes_js": notes}


def _print(browser: str, page: Path) -> None:
    """Print slides, one a page, into a PDF beside them."""
    handout = page.with_suffix(".pdf")
    # In the page's folder: some browsers are kept from the system's temporary files.
    try:
        profile = tempfile.TemporaryDirectory(
            prefix="tmp", suffix=".part", dir=page.parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise cannot_write(page.parent, error) from error
    with profile as folder:
        printed = Path(folder).resolve() / "handout.pdf"
        command = [browser, "--headless", "--disable-gpu", "--no-first-run"]
        command += [f"--user-data-dir={Path(folder).resolve() / 'profile'}"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={printed}"]
        if sys.platform == "linux" and _is_root():
            command += ["--no-sandbox"]  # else Chromium refuses
        command += [f"{page.resolve().as_uri()}?print-pdf"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=_PRINTING
            )
        except subprocess.TimeoutExpired:
            raise _not_printed(browser, page, f"it took over {_PRINTING} s") from None
        if not printed.is_file():
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise _not_printed(browser, page, said[-1])
        write(handout, printed.read_bytes())


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


def _not_printed(browser: str, page: Path, why: str) -> CommandError:
    return CommandError(
        f"{Path(browser).name} did not print {page.stem} ({why}). Open {page}?print-pdf in a "
        "browser, and print it there."
    )
