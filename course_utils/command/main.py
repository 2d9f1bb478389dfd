"""The ``course`` command: what an instructor does before class."""

import argparse
import sys
from collections.abc import Sequence

from course_utils.command.terminal import CommandError
from course_utils.paths import data_dir


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``course`` and ``python -m course_utils``.

    Returns
    -------
    int
        0; 1 when a lesson stopped, ``bench`` missed a goal, ``check`` found a cross, ``prefetch``
        could not have a model, ``slides``, ``site`` or ``links`` cannot be made, ``features`` has
        not done its share, a file cannot be written, another command is storing lessons, or the
        course is installed without its lessons and data; 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # Consoles in cp437 or cp1252 know no "≥": it must not end minutes of measuring.
        stream.reconfigure(errors="backslashreplace")
    try:
        return _call(arguments)
    except (ValueError, OSError, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. No lesson was changed, and no file is half-written.", file=sys.stderr)
        return 130


def _call(arguments: Sequence[str] | None) -> int:
    # Imported here, as in _parser, so that Ctrl-C is one line from the first half second on.
    from course_utils.command import storing

    options = _parser().parse_args(arguments)
    data_dir()  # before minutes of work
    storing.recover()
    return options.call(options)


def _parser() -> argparse.ArgumentParser:
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

    parser = argparse.ArgumentParser(prog="course", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in (run, bench, check, prefetch, new_data, slides, site, links, features):
        module.add_parser(commands)
    return parser
