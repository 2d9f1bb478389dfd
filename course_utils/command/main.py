"""The ``course`` command: what an instructor does before class."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.command import bench, check, links, new_data, prefetch, run, site, slides
from course_utils.command.lessons import find_lessons
from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT, data_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``course`` and ``python -m course_utils``.

    Returns
    -------
    int
        0; 1 when a lesson stopped, ``bench`` missed a goal, ``check`` found a cross, ``prefetch``
        could not have a model, ``slides``, ``site`` or ``links`` cannot be made, a folder cannot be
        written, or the course is installed without its lessons and data; 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # Consoles in cp437 or cp1252 know no "≥": it must not end minutes of measuring.
        stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        data_dir()  # before minutes of work
        if "call" in options:
            return options.call(options)
        if options.command == "bench":
            return bench.run()
        lessons = find_lessons(options.lessons)
        return run.run(lessons, options.output, update=options.update, jobs=options.jobs)
    except (ValueError, OSError, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Nothing was stored.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    command = commands.add_parser(
        "run",
        help="run the lessons and write them as HTML",
        description=(
            "Run lessons top to bottom, write each as a page, and report what they took, cell by "
            "cell, and what differs from the stored outputs: as text, and as report.html beside "
            "the pages. Exit code: 0; 1 when a lesson stopped; 130 when interrupted."
        ),
        epilog="example: course run 08 09",
    )
    command.add_argument(
        "lessons", nargs="*", help="beginnings of lesson names, such as 04 (default: all)"
    )
    command.add_argument(
        "--update",
        action="store_true",
        help="make the notebooks from notebooks/source, run them from nothing, and store their new "
        "outputs: all or none",
    )
    command.add_argument(
        "--output", type=Path, default=ROOT / "build", help="folder of the pages (default: build)"
    )
    command.add_argument(
        "--jobs",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="N",
        help="run N lessons at once, each with one thread (default: 1)",
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
        epilog="example: course bench",
    )
    for module in (check, prefetch, new_data, slides, site, links):
        module.add_parser(commands)
    return parser
