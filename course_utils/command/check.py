"""``course check``: is everything ready for class, and what is to be done where it is not."""

import hashlib
import importlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course_utils import pretrained, runtime
from course_utils.command import machine, project
from course_utils.command.lessons import find_lessons, out_of_step
from course_utils.command.memory import LESSON_LIMIT, available_bytes
from course_utils.command.prefetch import OF_THE_LESSONS, nearest
from course_utils.command.terminal import CommandError, State, mark
from course_utils.data import IN_USE, classes_in_use, read_manifest
from course_utils.models.weights import HASHES_FILE, WeightsCorruptError
from course_utils.paths import cache_dir, data_dir
from course_utils.progress import progress
from course_utils.tables import Table

GB = 10**9
DISK = 1 * GB  # what all lessons keep is a quarter of it
MEMORY = LESSON_LIMIT + 0.1 * GB  # for the server too
INSTALL = "pip install -c constraints.txt -e ."
# What is imported as cv2 has several names; README.md says when to take another.
OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")
HELP = (
    "Check Python, packages, disk, memory, data and weights (by their hashes), the models that "
    "need no network, and that each lesson's notebook is that of its source; guess what each "
    "lesson will take here. Takes about half a minute. Exit code: 1 if there is a cross, else 0."
)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    state : {"yes", "no", "note"}
        A note is worth knowing, and no reason to stay at home.
    what, found : str
        What was checked, and how it is.
    remedy : str
        What to do; empty where nothing is to be done.
    """

    state: State
    what: str
    found: str
    remedy: str = ""


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "check",
        help="check before class that everything is ready",
        description=HELP,
        epilog="example: course check && course run",
    )
    parser.set_defaults(call=lambda _: run())


def run() -> int:
    """Check everything, print the table and what to do; return 1 if there is a cross, else 0."""
    checks: list[Callable[[], Iterator[Row]]] = [
        python,
        packages,
        opencv,
        disk,
        memory,
        data,
        models,
        pairs,
    ]
    rows: list[Row] = []
    for check in progress([*checks, None], "checking"):
        if check is not None:
            rows += check()
            continue
        times = list(lessons_times())  # last, since it takes longest
    rows += [row for row in times if isinstance(row, Row)]
    guesses = [guess for guess in times if not isinstance(guess, Row)]
    print(Table(("", "what", "found"), [(mark(r.state), r.what, r.found) for r in rows], ("",) * 3))
    if guesses:
        total = ("together", sum(minutes for _, minutes, _ in guesses), None)
        print()
        print(
            Table(
                ("lesson", "about (minutes)", "memory (GB)"),
                [*guesses, total],
                ("", ".1f", ".1f"),
                total=True,
                caption="From nothing, each by itself, on this machine; less where it is kept",
            )
        )
    todo = [row for row in rows if row.remedy]
    if todo:
        print("\nWhat to do:")
    for row in todo:
        print(f"{mark(row.state)}  {row.what}: {row.remedy}")
    return int(any(row.state == "no" for row in rows))


def python() -> Iterator[Row]:
    """Python itself, against the supported range."""
    wanted = project.read()["requires-python"]
    here = platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        yield Row("yes", "Python", here)
    else:
        remedy = f"Make a virtual environment with a supported Python, and in it: {INSTALL}"
        yield Row("no", "Python", f"{here}; supported: {wanted}", remedy)


def packages() -> Iterator[Row]:
    """The packages, against the supported range of each."""
    wanted = [Requirement(line) for line in project.read()["dependencies"]]
    wanted = [package for package in wanted if not package.marker or package.marker.evaluate()]
    wrong = []
    for package in wanted:
        names = OPENCV if package.name in OPENCV else (package.name,)
        here = next(filter(None, map(_version, names)), None)
        if here is None or not package.specifier.contains(here, prereleases=True):
            wrong.append(f"{package.name} {here or 'missing'} (supported: {package.specifier})")
    if wrong:
        yield Row("no", "packages", ", ".join(wrong), f"{INSTALL}, in the environment of Jupyter")
    else:
        yield Row("yes", "packages", f"{len(wanted)} in their supported ranges")


def opencv() -> Iterator[Row]:
    """OpenCV can be loaded: it needs libraries of the system."""
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        remedy = (
            "apt-get install libgl1 libglib2.0-0, or put opencv-python-headless in the place of "
            "opencv-python"
        )
        yield Row("no", "OpenCV", " ".join(str(error).split()), remedy)
    else:
        yield Row("yes", "OpenCV", "can be loaded")


def disk() -> Iterator[Row]:
    """Room for what the lessons keep."""
    folder = cache_dir()
    free = shutil.disk_usage(nearest(folder)).free
    found = f"{free / GB:.1f} GB free for {folder}"
    if free >= DISK:
        yield Row("yes", "disk", found)
    else:
        remedy = "Make room, or name another folder in the environment variable COURSE_CACHE"
        yield Row("no", "disk", f"{found}; needed: {DISK / GB:.0f} GB", remedy)


def memory() -> Iterator[Row]:
    """Room for the largest lesson."""
    free = available_bytes()
    found = f"{free / GB:.1f} GB free"
    if free >= MEMORY:
        yield Row("yes", "memory", found)
    else:
        remedy = "Close other programs and other notebooks' kernels"
        yield Row("no", "memory", f"{found}; needed: {MEMORY / GB:.1f} GB", remedy)


def data() -> Iterator[Row]:
    """Images and weights are those that were recorded."""
    for folder in ("objects", "photographs", "weights"):
        name = f"data/{folder}"
        count, wrong = damaged(data_dir() / folder)
        if not wrong:
            yield Row("yes", name, f"{count} files as recorded")
            continue
        more = f" and {len(wrong) - 3} more" if wrong[3:] else ""
        found = f"damaged or missing: {', '.join(wrong[:3])}{more}"
        yield Row("no", name, found, f"git checkout -- {name}, or clone the course anew")
    if chosen := os.environ.get(IN_USE):
        try:
            count, classes = len(read_manifest()), ", ".join(classes_in_use())
        except (OSError, ValueError) as error:
            yield Row("no", IN_USE, f"{chosen} holds no image set", f"{error} Or unset {IN_USE}.")
        else:
            yield Row("note", IN_USE, f"{count} images of {classes} in place of data/objects")


def damaged(folder: Path) -> tuple[int, list[str]]:
    """Compare a folder with the hashes in its SHA256SUMS.

    Returns
    -------
    int, list of str
        How many files are listed, and the names of those that are missing or differ.
    """
    try:
        lines = (folder / HASHES_FILE).read_text(encoding="utf-8").splitlines()
        listed = [(name, digest) for digest, name in map(str.split, lines)]
    except (OSError, ValueError):
        listed = []
    if not listed:
        return 0, [HASHES_FILE]
    return len(listed), [name for name, digest in listed if _sha256(folder / name) != digest]


def models() -> Iterator[Row]:
    """Models that need no network: bundled ones, and those that the lessons fetch from Keras."""
    here = pretrained.available()
    yield Row("yes", "models without a network", ", ".join(here))
    missing = []
    for name in OF_THE_LESSONS:
        if name not in here:
            missing.append(name)
            continue
        if pretrained.find(name).top.md5 is None:
            runtime.setup()  # quietly, since Keras has to load what it states no hash of
        try:
            pretrained.weights_for(name, include_top=True)
        except WeightsCorruptError as error:
            yield Row("no", name, "damaged in Keras's cache", str(error))
    if missing:
        found = f"not here: {', '.join(missing)}. Lessons 07 and 08 say so and go on"
        yield Row("note", "models of Keras's", found, "course prefetch, where there is a network")


def pairs() -> Iterator[Row]:
    """Each lesson's notebook is that of its source."""
    lessons = find_lessons()
    apart = {lesson: why for lesson in lessons if (why := out_of_step(lesson))}
    if not apart:
        yield Row("yes", "lessons", f"{len(lessons)} notebooks as their sources have them")
    for lesson, why in apart.items():
        name = f"notebooks/{lesson.name}"
        remedy = f"git checkout -- {name}, or, where the source was edited, course run --update "
        yield Row("no", lesson.stem, why, remedy + lesson.stem[:2])


def lessons_times() -> Iterator[Row | tuple[str, float, float | None]]:
    """A guess of what each lesson takes here: its name, minutes, and memory in GB."""
    times = machine.read_times()
    try:
        here = machine.measure()
    except CommandError as error:
        yield Row("no", "TensorFlow", str(error), INSTALL)
        return
    yield Row("yes", "TensorFlow", f"starts, on {here.cores} cores")
    if not times:
        yield Row("note", "times", "none are kept", "course run --update keeps them")
    for lesson in find_lessons():
        if taken := times.get(lesson.stem):
            yield lesson.stem, machine.guess(taken, here) / 60, taken.memory_gb


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
