"""``course site``: the lessons, their claims and the instructor's guide as a web site."""

import argparse
import copy
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from course_utils import claims
from course_utils.caching import save_folder
from course_utils.command.lessons import find_lessons, without_remote_pictures
from course_utils.command.links import binder, colab, repository
from course_utils.command.run import read
from course_utils.command.storing import check_folders
from course_utils.command.terminal import CommandError, cannot_write
from course_utils.paths import ROOT

DOCS = ROOT / "docs"
HELP = """Build the course's site with Sphinx from the stored notebooks and their outputs, the
claims, what the lessons cite, and the pages in docs. Nothing is run, and no page asks a network for
anything.

Exit code: 0; 1 when Sphinx is not installed or warns of something, such as a broken link, or the
folder cannot be written; 130 when interrupted: an older site is as it was then."""
_NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx_copybutton", "sphinx_design")


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "site",
        help="build the course's web site",
        description=HELP,
        epilog="example: course site --output public",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "site",
        help="folder of the site, new or of an older one (default: build/site)",
    )
    parser.set_defaults(call=lambda o: run(o.output))


def run(output: Path) -> int:
    """Build the site; an older one is replaced once the new one is whole.

    Parameters
    ----------
    output : path
        Folder of the site; made where it does not exist.

    Returns
    -------
    int
        0.

    Raises
    ------
    CommandError
        If Sphinx or one of its extensions is not installed, the folder holds something else or
        cannot be written, or Sphinx warns of something.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f"The site is built with {', '.join(missing)}, not installed here. Install it: "
            'pip install -c constraints.txt -e ".[site]"'
        )
    check_folders({output, output.absolute().parent})
    if any(output.iterdir()) and not (output / "searchindex.js").is_file():
        raise CommandError(
            f"{output} holds something else than a site. Name an empty or a new folder: "
            "course site --output FOLDER."
        )
    notebooks = {path.stem: read(path) for path in find_lessons()}
    left_out = shutil.ignore_patterns(".doctrees", ".buildinfo")
    place = Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryDirectory() as folder:
            place = sources = Path(folder) / "sources"
            write_sources(sources, notebooks)
            place = built = Path(folder) / "site"
            _build(sources, built)
            place = output
            save_folder(
                output,
                lambda new: shutil.copytree(built, new, ignore=left_out, dirs_exist_ok=True),
                replace=True,
            )
    except OSError as error:
        raise cannot_write(place, error, "An older site is as it was.") from error
    print(f"Site in {output}: open {output / 'index.html'}.")
    return 0


def write_sources(folder: Path, notebooks: Mapping) -> None:
    """Put together what Sphinx reads: ``docs``, the lessons, and what is made of them.

    Parameters
    ----------
    folder : path
        Made here.
    notebooks : mapping of str to nbformat.NotebookNode
        The lessons with their outputs, by their names without ``.ipynb``.
    """
    import nbformat

    shutil.copytree(DOCS, folder)
    (folder / "notebooks").mkdir()
    for name, notebook in notebooks.items():
        nbformat.write(for_site(notebook), folder / "notebooks" / f"{name}.ipynb")
    paths = [folder / "notebooks" / f"{name}.ipynb" for name in notebooks]
    made = {
        "_lessons.md": lessons_table(notebooks),
        "_claims.md": f":::{{div}} claims\n{claims.table(claims.read_verdicts(paths))}\n:::",
        "_bibliography.md": bibliography(notebooks),
    }
    for name, text in made.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("{{ repository }}", repository()), encoding="utf-8")


def for_site(notebook):
    """The notebook as it goes onto the site: without speaker notes, badges in words.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.

    Returns
    -------
    nbformat.NotebookNode
    """
    notebook = copy.deepcopy(notebook)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if "notes" not in cell.metadata.get("tags", [])
        and cell.metadata.get("slideshow", {}).get("slide_type") != "notes"
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = without_remote_pictures(cell.source)
    return notebook


def lessons_table(notebooks: Mapping) -> str:
    """The lessons with their questions and where to open them, as a Markdown table.

    A lesson's first cell is its title, and the first line in bold its question.
    """
    lines = ["| lesson | what it answers | open in |", "| --- | --- | --- |"]
    for name, notebook in notebooks.items():
        text = notebook.cells[0].source
        title, question = re.match(r"# (.+)", text), re.search(r"^\*\*(.+)\*\*$", text, re.M)
        asked = question[1] if question else ""
        page = Path(f"notebooks/{name}.ipynb")
        opened = f"[Colab]({colab(page)}), [Binder]({binder(page)})"
        lines.append(f"| [{title[1] if title else name}]({page.as_posix()}) | {asked} | {opened} |")
    return "\n".join(lines)


def bibliography(notebooks: Mapping) -> str:
    """All that the lessons cite, sorted, each with the lessons that cite it, as a Markdown list.

    It is what is listed in cells under the heading "Bibliography" or "Sources".
    """
    cited: dict[str, list[str]] = {}
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            heading = re.match(r"##+ (Bibliography|Sources)\n(.*)", cell.source, re.DOTALL)
            for item in re.split(r"^- ", heading[2], flags=re.M)[1:] if heading else ():
                work = re.split(r"\n\s*\n|\n#", item)[0]
                cited.setdefault(" ".join(work.split()), []).append(name)
    return "\n".join(
        f"- {work} ({_links(cited[work])})" for work in sorted(cited, key=str.casefold)
    )


def _links(lessons: Iterable[str]) -> str:
    return ", ".join(f"[{name[:2]}](notebooks/{name}.ipynb)" for name in lessons)


def _build(sources: Path, output: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--nitpicky", "--fail-on-warning", "--keep-going"]
    command += ["--builder", "html", "--doctree-dir", str(sources.parent / "doctrees")]
    command += [str(sources), str(output)]
    if not sys.stdout.isatty():  # there Sphinx tells how far it is
        command.insert(3, "--quiet")
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.replace(f"{sources}/", "").strip()
        raise CommandError(f"{said}\nThe site was not built: mend what Sphinx names above.")
