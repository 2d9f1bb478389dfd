"""What the commands print, in any terminal."""

import sys
from typing import Literal

State = Literal["yes", "no", "note"]
_SIGNS = {"yes": "✓", "no": "✗", "note": "–"}


class CommandError(RuntimeError):
    """The command cannot go on; the message says why, and what to do, in one line."""


def mark(state: State) -> str:
    """A tick, a cross or a dash with its word; the word alone where the encoding lacks the sign."""
    sign = _SIGNS[state]
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return state
    return f"{sign} {state}"
