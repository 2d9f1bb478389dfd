"""Lessons 08 to 10 on an image set of an instructor's own, by one line before they load it."""

import csv
import re
import shutil
from collections import defaultdict

import pytest
from nbformat.v4 import new_code_cell

from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.command.main import main
from course_utils.command.run import execute
from course_utils.paths import data_dir

pytestmark = pytest.mark.weekly

# How many objects of a class are photographed, twice each, and by which name.
CLASSES = {
    "Hat": (4, "Bonnet"),
    "Card": (5, "Karte ä"),
    "Torch": (5, "Lamp"),
    "Screw": (6, "Vis_6"),
}
SPLITS = {
    "08": "FOLDS",
    "09": "((fold != k, fold == k) for k in range(5))",
    "10": "map(split, range(5))",
}
SHARED = """
shown, _ = data.load_objects_instances()
assert len({{*shown}}) < len(shown), "no object is shown twice"
print("on both sides:", set().union(*({{*shown[a]}} & {{*shown[b]}} for a, b in {splits})))
"""


@pytest.fixture(scope="module")
def own_set(tmp_path_factory):
    """Four classes of 8 to 12 photographs, with names of their own."""
    folder, views = tmp_path_factory.mktemp("own"), defaultdict(list)
    with (data_dir() / "objects" / "manifest.csv").open(encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest):
            if row["split"] == "test":
                views[row["class"], row["instance"]].append(data_dir() / "objects" / row["file"])
    for shown, (count, name) in CLASSES.items():
        (folder / "photographs" / name).mkdir(parents=True)
        objects = [files for (of, _), files in views.items() if of == shown][:count]
        for i, files in enumerate(objects):
            for view, file in zip("ab", files, strict=True):
                shutil.copy(file, folder / "photographs" / name / f"thing_{i}_{view}.jpg")
    assert main(["new-data", str(folder / "photographs"), "--output", str(folder / "set")]) == 0
    return folder / "set"


@pytest.mark.parametrize("number", ["08", "09", "10"])
def test_a_lesson_runs_on_it(own_set, number):
    (lesson,) = find_lessons([number])
    notebook = from_source(source_of(lesson))
    (cell,) = (
        c for c in notebook.cells if re.search("^from course_utils import data", c.source, re.M)
    )
    line = f"data.use({str(own_set)!r})"
    cell.source = re.sub(
        "^from course_utils import data.*", rf"\g<0>\n{line}", cell.source, flags=re.M
    )
    notebook.cells.append(new_code_cell(SHARED.format(splits=SPLITS[number])))
    ran = execute(notebook, lesson, {"COURSE_CACHE": str(own_set.with_name("cache"))}).notebook
    outputs = [output for cell in ran.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    said = " ".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs
    )
    with (own_set / "manifest.csv").open(encoding="utf-8") as manifest:
        tested = {row["instance"] for row in csv.DictReader(manifest) if row["split"] == "test"}
    assert re.search(rf"\b{len(tested)} (new )?objects", said)
    assert "on both sides: set()" in said
    assert re.findall(r"Cube|Torch|100 objects|65 images", said) == []
    if number != "09":  # where they stand in figures alone
        assert all(name in said for _, name in CLASSES.values())
