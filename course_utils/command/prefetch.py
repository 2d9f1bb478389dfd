"""``course prefetch``: bring Keras's own weights into its cache before class."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils import pretrained, runtime
from course_utils.command.terminal import CommandError, mark
from course_utils.models.catalogue import ModelInfo
from course_utils.models.weights import MB, WeightsCorruptError, WeightsUnavailableError
from course_utils.paths import keras_home
from course_utils.tables import Table

# What lessons 07 and 08 fetch where there is a network.
OF_THE_LESSONS = ("MobileNet", "VGG16")
ROOM = "Make room, or name another folder in the environment variable KERAS_HOME."
BUNDLED = "comes with the course"
HELP = (
    "Bring the weights of whole models of keras.applications into Keras's cache, checked, so that "
    "the lessons and Keras's own constructors need no network. What is there already is checked "
    "and not downloaded again. A download that breaks off leaves nothing behind. Exit code: 0 when "
    "every model is there, 1 when one could not be had, 130 when interrupted."
)


@dataclass(frozen=True)
class Had:
    """What became of one model; ``why`` is empty where it is there now."""

    info: ModelInfo
    result: str
    why: str = ""


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "prefetch",
        help="bring Keras's own weights into its cache before class",
        description=HELP,
        epilog="example: course prefetch MobileNet ResNet50",
    )
    default = ", ".join(OF_THE_LESSONS)
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help=f"as in keras.applications (default: {default})"
    )
    parser.add_argument("--list", action="store_true", help="list the models and where they are")
    parser.set_defaults(call=lambda o: show_list() if o.list else run(o.models))


def run(names: Sequence[str]) -> int:
    """Fetch models one after another, and print what was had and what could not be, and why.

    Parameters
    ----------
    names : sequence of str
        Of the catalogue; none means those that lessons 07 and 08 fetch.

    Returns
    -------
    int
        0; 1 if a model could not be had; 130 when interrupted, after the table of those before.

    Raises
    ------
    ValueError
        If a name is not in the catalogue, before anything is downloaded.
    CommandError
        If COURSE_WEIGHTS forbids to look at Keras's cache.
    """
    infos = [pretrained.find(name) for name in dict.fromkeys(names or OF_THE_LESSONS)]
    if os.environ.get("COURSE_WEIGHTS") == "bundled":
        raise CommandError(
            "COURSE_WEIGHTS=bundled is set, with which the lessons look at neither cache nor "
            "network. Unset it, here and where the lessons run."
        )
    found: list[Had] = []
    try:
        for info in infos:
            found.append(_fetch(info))
    except KeyboardInterrupt:
        rest = ", ".join(info.name for info in infos[len(found) :])
        _report(found)
        print(f"Interrupted. Not fetched: {rest}. No file is half-written.", file=sys.stderr)
        return 130
    _report(found)
    return int(any(had.why for had in found))


def show_list() -> int:
    """Print every model, its size, and whether it is ready without a network; returns 0."""
    here = pretrained.available()
    rows = []
    for info in pretrained.catalogue():
        cached = "in Keras's cache" if info.name in here else "not here"
        rows.append((info.name, info.size_mb, cached if info.top.keras else BUNDLED))
    print(Table(("model", "MB", "weights"), rows, ("", ",", "")))
    print(f"Keras's cache: {keras_home() / 'models'}")
    return 0


def _fetch(info: ModelInfo) -> Had:
    if info.top.keras is None:
        return Had(info, BUNDLED)
    was_here = info.name in pretrained.available()
    free = shutil.disk_usage(nearest(keras_home())).free
    if not was_here and free < info.size_mb * MB:
        why = f"{info.size_mb:,} MB are needed and {free // MB:,} MB free"
        return Had(info, "not had", f"{why}. {ROOM}")
    if info.top.md5 is None:
        runtime.setup()  # quietly, since Keras has to load what it states no hash of
    try:
        pretrained.fetch_for_keras(info.name)
    except WeightsUnavailableError as error:
        # The cause alone: the lesson's remedies are not those of an instructor.
        why = error.__cause__ or error
        if isinstance(why, OSError) and why.errno:
            return _not_written(info, why)
        remedy = "Run the command again where there is a network."
        return Had(info, "not had", f"{why}. {remedy}")
    except WeightsCorruptError as error:
        return Had(info, "not had", str(error))
    except OSError as error:
        return _not_written(info, error)
    return Had(info, "was here, checked" if was_here else "downloaded, checked")


def _not_written(info: ModelInfo, error: OSError) -> Had:
    folder = keras_home() / "models"
    return Had(info, "not had", f"Cannot write into {folder} ({error.strerror}). {ROOM}")


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(above for above in (folder, *folder.parents) if above.exists())


def _report(found: Sequence[Had]) -> None:
    if not found:
        return
    rows = [
        (mark("no" if had.why else "yes"), had.info.name, had.info.size_mb, had.result)
        for had in found
    ]
    print(Table(("", "model", "MB", "weights"), rows, ("", "", ",", "")))
    print(f"Keras's cache: {keras_home() / 'models'}")
    for had in found:
        if had.why:
            print(f"{had.info.name}: {had.why}", file=sys.stderr)
