"""What the commands print, in any terminal."""

import os
import sys
from typing import Literal

State = Literal["yes", "no", "note"]
_SIGNS = {"yes": "✓", "no": "✗", "note": "–"}


class CommandError(RuntimeError):
    """The command cannot go on; the message says why, and what to do, in one line."""


def cannot_write(what: os.PathLike | str, error: OSError, then: str = "") -> CommandError:
    """The error that names what cannot be written, why, and the remedy.

    Parameters
    ----------
    what : path or str
    error : OSError
        Of the file system.
    then : str
        A sentence on what became of the rest.
    """
    why = error.strerror
    if why is None and error.args and isinstance(error.args[0], list):  # of shutil.copytree
        why = error.args[0][0][2]
    said = " ".join(filter(None, (f"Cannot write {what} ({why or error}).", then)))
    return CommandError(f"{said} Make room, or allow it, and run again.")


def mark(state: State) -> str:
    """A tick, a cross or a dash with its word; the word alone where the encoding lacks the sign."""
    sign = _SIGNS[state]
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return state
    return f"{sign} {state}"
