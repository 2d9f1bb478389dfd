"""Outputs are compared by the same rules under pytest and by ``course run``."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils import lab
from course_utils.command import compare
from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.paths import ROOT

pytest_plugins = "pytester"


def printed(*pieces, name="stdout"):
    return [new_output("stream", name=name, text=piece) for piece in pieces]


def shown(**data):
    names = {"plain": "text/plain", "html": "text/html", "png": "image/png"}
    return new_output("display_data", {names[key]: value for key, value in data.items()})


FAILED = new_output("error", ename="ValueError", evalue="no such thing")


def texts(old, new, tolerance=None):
    """What differs between two printed texts."""
    tags = [] if tolerance is None else [f"tolerance={tolerance}"]
    return compare.differences(printed(old), printed(new), tags, "cell 12")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accuracy 0.96", "accuracy 0.93"),
        ("96 %", "93 %"),
        ("96 % [92, 98]", "95 % [90, 97]"),
        ("96% [92%, 98%]", "95% [90%, 97%]"),
        ("2.5 [1.1, 3.9] points", "3.5 [0.1, 5.9] points"),
        ("0.01 apart", "−0.02 apart"),
        ("-0.01 apart", "0.01 apart"),
        ("1,234.00 images", "1,234.03 images"),
        ("5.21 M", "5.22 M"),
        ("4.41 × 10¹⁸", "4.42 × 10¹⁸"),
        ("[0.99 0.01]", "[1.   0.  ]"),
        ("nan and -inf", "nan and -inf"),
        ("99 %\n----", "100 %\n-----"),
        ("   99 % right", "  100 % right"),
    ],
)
def test_numbers_inside_the_tolerance_pass(old, new):
    assert texts(old, new, 0.03) == []
    assert (old == new) == (texts(old, new) == []), "without a tag, to the letter"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accuracy 0.96", "accuracy 0.92"),
        ("96 %", "92 %"),
        ("96 % [92, 98]", "96 % [88, 98]"),
        ("2.5 [1.1, 3.9] points", "2.5 [1.1, 7.9] points"),
        ("2.5 [1.1, 3.9]", "2.5 [1.1, 4.0]"),
        ("0.01 apart", "−0.03 apart"),
        ("1,234 images", "1,235 images"),
        ("nan", "0.5"),
        ("inf", "-inf"),
        ("5 of 7", "6 of 7"),
    ],
)
def test_numbers_outside_the_tolerance_are_named(old, new):
    (line,) = texts(old, new, 0.03)
    assert line.startswith("cell 12: ") and " became " in line
    assert line.endswith(", tolerance 0.03")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Egyptian cat 39 %", "tabby cat 39 %"),
        ("VGG16", "VGG19"),
        ("ResNet-50", "ResNet-18"),
        ("conv2d_3", "conv2d_4"),
        ("block5_conv3", "block4_conv3"),
        ("3×3", "5×5"),
        ("640×480", "641×480"),
        ("1e-05", "1e-04"),
        ("10⁻⁷", "10⁻⁸"),
        ("10^-7", "10^-8"),
        ("4.4 × 10¹⁸", "4.4 × 10¹⁷"),
        ("Keras 3.15.0", "Keras 3.15.1"),
        ("0.5 # 0.5", "0.5 0.5 0.5"),
        ("0.5\n0.5", "0.5 0.5"),
        ("96 %", "96"),
        ("True", "False"),
    ],
)
def test_text_is_compared_to_the_letter(old, new):
    (line,) = texts(old, new, 100)
    assert line.startswith("cell 12: text changed: ")


def test_a_changed_place_is_shown_on_one_line():
    lines = "first line\n" * 20
    (line,) = texts(lines + "cats 1.00\n", lines + "dogs 1.02\n", 0.03)
    assert "cats #" in line and "dogs #" in line and len(line) < 250 and "\n" not in line


def test_a_drifted_number_reads_as_in_the_contributors_guide():
    assert texts("a 0.96, b 96 %", "a 0.91, b 91 %", 0.03) == [
        "cell 12: 0.96 became 0.91, tolerance 0.03",
        "cell 12: 96% became 91%, tolerance 0.03",
    ]


def test_addresses_are_no_difference():
    assert texts("<object at 0x7f00aa12>", "<object at 0x7f00bb34>") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (printed("1\n", "2\n"), printed("1\n2\n"), []),
        (printed("1\n"), printed("1\n") + printed("note", name="stderr"), []),
        (printed("1\n"), [], ["an output is missing: printed text"]),
        ([], printed("1\n"), ["an output is new: printed text"]),
        ([shown(plain="a", png="x")], [shown(plain="a", png="y")], []),
        ([shown(plain="a", html="<p>")], [shown(plain="a", html="<b>")], []),
        ([shown(html="<p>")], [shown(html="<b>")], ["text changed: '<p>' became '<b>'"]),
        ([shown(plain="a")], [shown(plain="b")], ["text changed: 'a' became 'b'"]),
        ([shown(png="x")] * 2, [shown(png="x")], ["an output is missing: picture"]),
        ([], [FAILED], ["an output is new: error"]),
        ([FAILED], [FAILED], []),
    ],
)
def test_kinds_of_output(old, new, said):
    assert compare.differences(old, new, [], "cell 12") == [f"cell 12: {line}" for line in said]


def test_what_lies_on_this_machine_is_not_compared():
    assert compare.differences(printed("1 s"), [], ["nbval-ignore-output"], "cell 12") == []


@pytest.mark.parametrize(
    "tag", ["tolerance=abc", "tolerance=-1", "tolerance=inf", "tolerance=nan", "tolerance 0.1"]
)
def test_a_malformed_tag_is_an_error_that_names_the_cell(tag):
    with pytest.raises(compare.TagError, match=f"cell 12: tag '{tag}'"):
        compare.differences([], [], [tag], "cell 12")


def notebook(**sources):
    """Cells by id: text is what a cell printed."""
    cells = []
    for name, text in sources.items():
        cells.append(new_code_cell(name, id=name, outputs=printed(text)))
    return new_notebook(cells=cells)


def test_cells_are_matched_by_id_and_else_by_position():
    stored = notebook(a="1", b="2", c="3", d="4")
    assert compare.changes(stored, stored) == []
    assert compare.changes(stored, notebook(a="1", c="3", d="5")) == [
        "stored cell 2: gone",
        "cell 3: text changed: '4' became '5'",
    ]
    assert compare.changes(stored, notebook(a="1", new="x", b="2", c="3", d="4")) == ["cell 2: new"]
    assert compare.changes(stored, notebook(a="1", edited="7", c="3", d="4")) == [
        "cell 2: text changed: '2' became '7'"
    ]


def test_drifts_hold_every_number_that_differs():
    stored = notebook(a="0.96 and 3", b="0.5", c="0.5", d="0.5 of", e="nan", f="7")
    fresh = notebook(a="0.95 and 3", b="0.5", c="0.9", d="0.6 in", e="0.1", f="9")
    for cell in fresh.cells[:5]:
        cell.metadata["tags"] = ["tolerance=0.03"]
    fresh.cells[2].metadata["tags"].append(compare.UNCOMPARED)
    first, second = compare.drifts(stored, fresh)
    assert first[:3] == ("cell 1", "0.96", "0.95") and first.by == pytest.approx(0.01)
    assert not first.outside
    assert second[:3] == ("cell 5", "nan", "0.1") and second.outside
    assert compare.drifts(stored, stored) == []


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda path: path.stem)
def test_the_tags_of_the_lessons_can_be_understood(lesson):
    compare.check_tags(from_source(source_of(lesson)))


CELLS = [  # source, tags, what is stored, what pytest says of it
    ("print(0.96)", ["tolerance=0.03"], "0.94\n", "PASSED"),
    ("print(0.96)", ["tolerance=0.03"], "0.91\n", "FAILED"),
    ("print('a'); import time; time.sleep(1); print('b')", [], "a\nb\n", "PASSED"),
    ("print('a')", ["tolerance=0.03"], "b\n", "FAILED"),
    ("pass", [], "1\n", "FAILED"),
    ("print(1)", ["tolerance=abc"], "1\n", "FAILED"),
    ("print(1)", ["nbval-ignore-output"], "2\n", "PASSED"),
]


@pytest.mark.slow
def test_pytest_compares_a_notebook_by_these_rules(pytester, monkeypatch):
    cells = [
        new_code_cell(source, metadata={"tags": tags}, execution_count=i, outputs=printed(stored))
        for i, (source, tags, stored, _) in enumerate(CELLS, start=1)
    ]
    nbformat.write(new_notebook(cells=cells), pytester.path / "small.ipynb")
    pytester.makeconftest((ROOT / "conftest.py").read_text(encoding="utf-8"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    result = pytester.runpytest_subprocess("--nbval", "--nbval-current-env", "-v", "--color=no")
    result.stdout.fnmatch_lines([f"*Cell {i} {said}*" for i, (*_, said) in enumerate(CELLS)])
    result.stdout.fnmatch_lines(
        [
            "*cell 2: 0.91 became 0.96, tolerance 0.03",
            "*cell 4: text changed: 'b*",
            "*cell 5: an output is missing: printed text",
            "*cell 6: tag 'tolerance=abc'; write a number*",
        ]
    )


def test_widgets_are_not_compared_since_none_is_stored():
    widget = {lab.WIDGET: {"model_id": "1"}}
    menu = new_output("execute_result", {"text/plain": "Run this cell"} | widget, execution_count=1)
    stored = new_output("execute_result", {"text/plain": "Run this cell"}, execution_count=1)
    alone = new_output("display_data", widget)
    assert compare.differences([stored], [menu, alone], [], "cell 1") == []
    other = new_output("execute_result", {"text/plain": "Other words"}, execution_count=1)
    assert compare.differences([other], [menu], [], "cell 1")
