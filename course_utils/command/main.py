"""The ``course`` command: what an instructor does before class."""

import argparse
import sys
from collections.abc import Sequence

from course_utils.command import (
    bench,
    check,
    features,
    links,
    new_data,
    prefetch,
    run,
    site,
    slides,
)
from course_utils.command.terminal import CommandError
from course_utils.paths import data_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``course`` and ``python -m course_utils``.

    Returns
    -------
    int
        0; 1 when a lesson stopped, ``bench`` missed a goal, ``check`` found a cross, ``prefetch``
        could not have a model, ``slides``, ``site`` or ``links`` cannot be made, ``features`` has
        not done its share, a folder cannot be written, or the course is installed without its
        lessons and data; 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # Consoles in cp437 or cp1252 know no "≥": it must not end minutes of measuring.
        stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        data_dir()  # before minutes of work
        return options.call(options)
    except (ValueError, OSError, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Nothing was stored.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in (run, bench, check, prefetch, new_data, slides, site, links, features):
        module.add_parser(commands)
    return parser
