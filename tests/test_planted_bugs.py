"""Every planted bug is caught, by what the table in the docs says."""

import ast
import re

import nbformat
import planted_bugs
import pytest
from nbformat.v4 import new_output
from planted_bugs import Plant, caught, read_plants

from course_utils.command import lessons
from course_utils.command.lessons import from_source, source_of

PLANTS = read_plants()
LEAST = {"08", "09", "10"}  # lessons that most bugs fit


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_plant_still_fits_its_lesson(plant):
    assert sum(map(bool, (plant.old, plant.images, plant.masks))) == 1
    if plant.old:
        text = source_of(plant.path).read_text(encoding="utf-8")
        assert text.count(plant.old) == 1
        ast.parse(text.replace(plant.old, plant.new))
        before = text.partition(plant.old)[0]
        assert len(re.findall(r"^# %%(?! \[markdown\])", before, re.MULTILINE)) <= plant.cell
        assert "# %%" not in plant.old + plant.new
    else:
        ast.parse(planted_bugs.loading(plant))


def test_every_lesson_has_its_bugs():
    assert {plant.lesson for plant in PLANTS} >= LEAST
    assert {plant.by for plant in PLANTS} <= {"guard", "check", "tolerance", "output"}
    assert len({str(plant) for plant in PLANTS}) == len(PLANTS)


def test_table_in_the_docs_is_that_of_the_plants():
    text = planted_bugs.PAGE.read_text(encoding="utf-8")
    assert text == planted_bugs.page(text), "run: python tests/planted_bugs.py"


SMALL = """# %%
# sets up nothing

# %% tags=["tolerance=0.1"]
x = 2.0
print(x)

# %%
assert x < 3, f"{x} is too large"

# %%
print("the end")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("2.0", "2.05", ""),
        ("2.0", "2.5", "cell 2: 2.0 became 2.5, tolerance 0.1"),
        ("print(x)", "print(x)\nx = 4", "cell 3: AssertionError: 4 is too large"),
        ("the end", "an end", "cell 4: text changed: 'the end\\n' became 'an end\\n'"),
    ],
)
def test_a_copy_runs_until_something_tells(tmp_path, monkeypatch, old, new, line):
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    source = tmp_path / "source" / "01_small.py"
    source.parent.mkdir()
    source.write_text(SMALL, encoding="utf-8")
    (tmp_path / "copy").mkdir()
    notebook = from_source(source)
    for cell, text in zip(notebook.cells, ["", "2.0\n", "", "the end\n"], strict=True):
        cell.outputs = [new_output("stream", name="stdout", text=text)] if text else []
    nbformat.write(notebook, tmp_path / "01_small.ipynb")
    plant = Plant("a bug", "01", "here", "check", 2, "", old=old, new=new)
    assert caught(plant, tmp_path / "copy") == line


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Features that several copies share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def check(plant: Plant, folder) -> None:
    line = caught(plant, folder)
    print(line)
    assert line and plant.said in line, line or "nothing tells"
    if plant.by != "tolerance":  # on another processor a cell before or after may tell
        assert line.startswith(f"cell {plant.cell}: ")


@pytest.mark.slow
@pytest.mark.parametrize("plant", [plant for plant in PLANTS if plant.quick], ids=str)
def test_planted_bug_is_caught_at_once(plant, cache, tmp_path):
    check(plant, tmp_path)


@pytest.mark.weekly
@pytest.mark.parametrize("plant", [plant for plant in PLANTS if not plant.quick], ids=str)
def test_planted_bug_is_caught(plant, cache, tmp_path):
    check(plant, tmp_path)
