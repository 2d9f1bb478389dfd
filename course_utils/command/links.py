"""``course links``: all links to the course follow the one line that names its repository."""

import argparse
import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from course_utils.command import project
from course_utils.command.lessons import find_lessons, set_ids, source_of
from course_utils.command.storing import alone, write_all
from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT

BRANCH = "main"
HELP = """Print the links that open the lessons in Colab, on Binder, and on a JupyterHub with
nbgitpuller. They are made from the line "Repository" in pyproject.toml. With --update the lessons,
the README, the citation and the pages in docs are made to name the same repository: in a fork,
change that line and run it once. Nothing is run.

Exit code: 0; 1 when pyproject.toml names no repository on GitHub, a file cannot be written, or
another command is storing lessons; 130 when interrupted."""
_OWNER_AND_NAME = r"[\w.-]+/[\w.-]+?"
# Where a repository is named in a text, between what stands before and after it.
_NAMED = [
    rf"(colab\.research\.google\.com/github/){_OWNER_AND_NAME}(?=/blob/)",
    rf"(mybinder\.org/v2/gh/){_OWNER_AND_NAME}(?=/)",
    rf"(git clone .*?https://github\.com/){_OWNER_AND_NAME}(?=\.git\b)",
    rf"(url = \\?\"https://github\.com/){_OWNER_AND_NAME}(?=\.git\b)",  # in JSON, too
    rf"(repository-code: \"https://github\.com/){_OWNER_AND_NAME}(?=\")",
]


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "links",
        help="print the links for class, or have all follow a fork's name",
        description=HELP,
        epilog="example: course links --hub https://hub.example.org 07",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "lessons", nargs="*", help="beginnings of lesson names, such as 04 (default: all)"
    )
    parser.add_argument(
        "--hub", help="address of a JupyterHub that has nbgitpuller: print links to it, too"
    )
    parser.add_argument(
        "--update", action="store_true", help="have all files name pyproject.toml's repository"
    )
    parser.set_defaults(call=lambda o: run(find_lessons(o.lessons), hub=o.hub, update=o.update))


def run(lessons: list[Path], *, hub: str | None = None, update: bool = False) -> int:
    """Print the lessons' links; with ``update`` write the repository's name where it is missing.

    Returns
    -------
    int
        0.

    Raises
    ------
    CommandError
        If ``hub`` is no address, pyproject.toml names no repository on GitHub, or a file cannot be
        written.
    """
    if update:
        with alone():
            changed = outdated()
            write_all(changed, "changed")
        for path in changed:
            print(f"{path.relative_to(ROOT)} names {owner_and_name()} now")
        if not changed:
            print(f"All files name {owner_and_name()}.")
        return 0
    for lesson in lessons:
        print(lesson.stem)
        print(f"  Colab        {colab(lesson)}")
        print(f"  Binder       {binder(lesson)}")
        if hub:
            print(f"  nbgitpuller  {nbgitpuller(hub, lesson)}")
    return 0


def repository() -> str:
    """Address of the course's repository, as pyproject.toml has it."""
    return project.read()["urls"]["Repository"]


def owner_and_name() -> str:
    """The repository's owner and name on GitHub, such as "someone/course".

    Raises
    ------
    CommandError
        If it is not on GitHub, where Colab and Binder look for it.
    """
    address = repository()
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", address)
    if not found:
        raise CommandError(
            f"pyproject.toml names {address} as the repository. Links are made for one on "
            'GitHub: Repository = "https://github.com/OWNER/NAME"'
        )
    return found[1]


def colab(lesson: Path) -> str:
    """The link that opens a lesson in Google Colab."""
    place = f"{owner_and_name()}/blob/{BRANCH}/notebooks/{lesson.name}"
    return f"https://colab.research.google.com/github/{place}"


def binder(lesson: Path) -> str:
    """The link that builds the course on mybinder.org, and opens a lesson in JupyterLab."""
    query = urlencode({"urlpath": f"lab/tree/notebooks/{lesson.name}"})
    return f"https://mybinder.org/v2/gh/{owner_and_name()}/{BRANCH}?{query}"


def nbgitpuller(hub: str, lesson: Path) -> str:
    """The link that fetches the course, or what is new in it, on a JupyterHub, and opens a lesson.

    Parameters
    ----------
    hub : str
        Address of the hub, such as ``https://hub.example.org``.
    lesson : path

    Raises
    ------
    CommandError
        If ``hub`` is not an address of the web.
    """
    if urlsplit(hub).scheme not in ("http", "https") or not urlsplit(hub).netloc:
        raise CommandError(f"{hub} is no address. Write it whole: --hub https://hub.example.org")
    name = owner_and_name()
    folder = name.split("/")[1]  # which nbgitpuller makes
    query = urlencode(
        {
            "repo": f"https://github.com/{name}",
            "branch": BRANCH,
            "urlpath": f"lab/tree/{folder}/notebooks/{lesson.name}",
        }
    )
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{query}"


def renamed(text: str, name: str) -> str:
    """A text whose links to the course lead to the repository of this owner and name."""
    for pattern in _NAMED:
        text = re.sub(pattern, lambda found: found[1] + name, text)
    return text


def outdated() -> dict[Path, str]:
    """What every file has to become that names another repository; by its path."""
    import nbformat

    name = owner_and_name()
    texts = [ROOT / "README.md", ROOT / "CITATION.cff", *sorted((ROOT / "docs").rglob("*.md"))]
    texts += map(source_of, find_lessons())
    before = {path: path.read_text(encoding="utf-8") for path in texts}
    after = {path: renamed(text, name) for path, text in before.items()}
    for path in filter(Path.is_file, find_lessons()):
        before[path] = path.read_text(encoding="utf-8")
        text = renamed(before[path], name)
        if text == before[path]:
            continue
        notebook = nbformat.reads(text, as_version=4)
        set_ids(notebook)
        after[path] = nbformat.writes(notebook) + "\n"
    return {path: text for path, text in after.items() if text != before[path]}
