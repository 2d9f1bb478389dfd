"""The progress bar: what it shows where, and that nothing of it is left."""

import re
import sys
import time
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_utils import progress as module
from course_utils.progress import INTERVAL, QUIET, progress

NOTHING = [{"output_type": "display_data", "data": {"text/html": ""}, "metadata": {}}]
# Each a cell: loops that end, break off, raise, are closed, lie in each other, have no length.
LOOPS = [
    "for i in progress(range(3), 'reading'): pass",
    "for i in progress(range(3), 'reading'): break",
    "try:\n    for i in progress(range(3), 'reading'): 1 / 0\nexcept ZeroDivisionError: pass",
    "bar = progress(range(3), 'reading'); next(bar); bar.close()",
    "for i in progress('abc', 'outer'):\n    for j in progress('abc', 'inner'): time.sleep(0.05)",
    "list(progress('abc', 'first')), list(progress('abc', 'second'));",
    "for i in progress((i for i in range(3)), 'no length'): time.sleep(0.05)",
]


class Cell:
    """A notebook cell that keeps what is drawn in its outputs, newest last."""

    def __init__(self, number: int = 1) -> None:
        self.shell = SimpleNamespace(kernel=object(), execution_count=number)
        self.outputs: list[list[str]] = []

    def display(self, content, *, raw, display_id):
        assert raw and display_id
        drawn = [content["text/html"]]
        self.outputs.append(drawn)
        return SimpleNamespace(update=lambda content, raw: drawn.append(content["text/html"]))

    def texts(self) -> list[str]:
        """What the cell's one output showed, without its tags."""
        (output,) = self.outputs
        return [re.sub("<.*?>", "", markup).strip() for markup in output]


@pytest.fixture
def cell(monkeypatch):
    import IPython
    import IPython.display

    cell = Cell()
    monkeypatch.delenv(QUIET, raising=False)
    monkeypatch.setattr(IPython, "get_ipython", lambda: cell.shell)
    monkeypatch.setattr(IPython.display, "display", cell.display)
    monkeypatch.setattr(module, "_output", None)
    return cell


def test_bar_in_a_cell_shows_how_far_and_how_long(cell):
    for _ in progress(range(4), "reading <images>"):
        time.sleep(0.11)
    assert cell.texts() == [
        "",
        "reading &lt;images&gt;: 0 of 4",
        *[f"reading &lt;images&gt;: {i} of 4, 0:00 left" for i in (1, 2, 3, 4)],
        "",
    ]
    assert 'value="2" max="4"' in cell.outputs[0][3]


def test_a_bar_without_length_goes_by_the_total_it_is_told(cell):
    """Of a download only about how much it will be is known."""
    for _ in progress(iter("abc"), "downloading", 2):
        time.sleep(0.11)
    assert cell.texts()[1:-1] == [
        "downloading: 0 of 2",
        *[f"downloading: {i} of 2, 0:00 left" for i in (1, 2, 3)],
    ]


def test_time_left(cell):
    bar = module._Bar("waiting", total=4, done=1, started=time.monotonic() - 25)
    assert "1 of 4, 1:15 left" in bar.markup()


def test_bar_without_a_length_counts(cell):
    for _ in progress(iter(lambda: time.sleep(0.06), 1), "waiting"):
        if len(cell.outputs[0]) == 4:
            break
    assert cell.texts()[1] == "waiting: 0"
    assert re.fullmatch(r"waiting: \d+", cell.texts()[2])
    assert cell.texts()[-1] == ""


def test_nested_bars_share_an_output_and_go_one_by_one(cell):
    for _ in progress("ab", "outer"):
        for _ in progress("ab", "inner"):
            time.sleep(0.11)
    assert any("outer: 1 of 2" in text and "inner: 1 of 2" in text for text in cell.texts())
    assert cell.texts()[-1] == ""


def test_every_cell_has_an_output_of_its_own(cell):
    abandoned = progress("ab", "first")
    next(abandoned)
    cell.shell.execution_count += 1
    list(progress("ab", "second"))
    abandoned.close()
    assert ["first" in "".join(output) for output in cell.outputs] == [True, False]
    assert [output[-1] for output in cell.outputs] == ["", ""]


def test_fast_loops_are_drawn_seldom(cell):
    start = time.monotonic()
    for _ in progress(range(200), "outer"):
        for _ in progress(range(100), "inner"):
            pass
    for _ in range(1000):
        list(progress("ab", "short"))
    passed = time.monotonic() - start
    shown = [text for text in cell.texts() if text]
    assert 1 <= len(shown) <= 1 + passed / INTERVAL
    assert passed < 5  # a few microseconds an item; the rest is for a busy machine


def test_bar_in_a_terminal_is_wiped_away(capsys, monkeypatch):
    monkeypatch.delenv(QUIET, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for _ in progress(range(3), "reading images"):
        time.sleep(0.11)
    *drawn, last, rest = capsys.readouterr().err.split("\r")
    assert any("reading images:  67%" in text for text in drawn)
    assert last.strip() == rest == ""


@pytest.mark.parametrize(("terminal", "quiet"), [(False, ""), (True, "1")])
def test_nothing_is_drawn_without_a_terminal_or_when_told_so(capsys, monkeypatch, terminal, quiet):
    monkeypatch.setenv(QUIET, quiet)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert list(progress("abc", "reading images")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_nothing_is_drawn_in_a_cell_when_told_so(cell, monkeypatch):
    monkeypatch.setenv(QUIET, "1")
    assert list(progress("abc", "reading images")) == ["a", "b", "c"]
    assert cell.outputs == []


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.delenv(QUIET, raising=False)
    setup = "import time\nfrom course_utils.progress import progress"
    return new_notebook(cells=[new_code_cell(code) for code in [setup, *LOOPS]])


def test_a_real_kernel_leaves_one_empty_output(notebook):
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    nbformat.validate(notebook)
    for cell in notebook.cells[1:]:
        assert cell.outputs == NOTHING, cell.source
    assert "widgets" not in notebook.metadata


def test_stored_outputs_hold_none_at_all(notebook, tmp_path):
    from course_utils.command.run import execute

    for cell in execute(notebook, tmp_path / "07_bars.ipynb").notebook.cells:
        assert cell.outputs == [], cell.source
