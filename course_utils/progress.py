"""The course's one progress bar."""

import html
import operator
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

QUIET = "COURSE_QUIET"  # environment variable
INTERVAL = 0.1  # seconds from one drawing to the next, at least


def progress(items: Iterable, label: str, total: int | None = None) -> Iterator:
    """Iterate with a bar that is gone when the loop ends, however it ends.

    In a notebook all bars of a cell share one output, which is empty in the end. They are plain
    HTML: of a widget a saved notebook keeps only an error message. In a terminal the bar is
    tqdm's. Nothing is drawn where standard error is neither, nor where the environment variable
    ``COURSE_QUIET`` is set, as it is when stored outputs are made.

    Parameters
    ----------
    items : iterable
        Without a length, and without ``total``, the bar tells how many are done, but not how
        long it still takes.
    label : str
        What is being done, such as ``"reading images"``.
    total : int, optional
        About how many there are, where ``items`` has no length.

    Yields
    ------
    object
        The items, one after another.
    """
    cell = _running_cell()
    if os.environ.get(QUIET):
        yield from items
    elif cell is not None:
        yield from _with_bar(items, label, total, _output_of(cell))
    else:
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False, disable=None)


def _running_cell() -> int | None:
    """Number of the notebook cell that is running; None outside a notebook."""
    ipython = sys.modules.get("IPython")  # where it is not imported there is no notebook
    shell = ipython.get_ipython() if ipython else None
    return shell.execution_count if hasattr(shell, "kernel") else None


@dataclass(eq=False)
class _Bar:
    """How far one loop is; ``total`` is 0 where that is not known."""

    label: str
    total: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def markup(self) -> str:
        label = html.escape(self.label)
        reach = f'value="{self.done}" max="{self.total}"' if self.total else ""
        text = f"{self.done} of {self.total}" if self.total else f"{self.done}"
        if self.total and self.done:
            passed = time.monotonic() - self.started
            left = max(0, round(passed * (self.total - self.done) / self.done))
            text += f", {left // 60}:{left % 60:02} left"
        return f'<div><progress {reach} aria-label="{label}"></progress> {label}: {text}</div>'


class _Output:
    """The one output of a cell in which its bars are drawn, inner ones below outer ones."""

    def __init__(self, cell: int) -> None:
        from IPython.display import display

        self.cell = cell
        self.bars: list[_Bar] = []
        self._due = 0.0  # when to draw again
        self._shown = ""
        self._handle = display({"text/html": ""}, raw=True, display_id=True)

    def draw(self) -> None:
        """Show the bars, unless something was shown just now; where none is left, nothing."""
        now = time.monotonic()
        if self.bars and now < self._due:
            return
        markup = "".join(bar.markup() for bar in self.bars)
        if markup != self._shown:
            self._handle.update({"text/html": markup}, raw=True)
            self._shown, self._due = markup, now + INTERVAL


_output: _Output | None = None


def _output_of(cell: int) -> _Output:
    global _output
    if _output is None or _output.cell != cell:
        _output = _Output(cell)
    return _output


def _with_bar(items: Iterable, label: str, total: int | None, output: _Output) -> Iterator:
    bar = _Bar(label, total or operator.length_hint(items))
    output.bars.append(bar)
    try:
        output.draw()
        for item in items:
            yield item
            bar.done += 1
            output.draw()
    finally:
        output.bars.remove(bar)
        output.draw()
