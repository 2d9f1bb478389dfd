"""A lesson gives the same results again: in a new process, on other threads, section by section."""

import copy
from itertools import groupby

import nbformat
import pytest

from course_utils.command import compare
from course_utils.command.lessons import find_lessons
from course_utils.command.run import ONE_THREAD, execute

pytestmark = pytest.mark.weekly
each_lesson = pytest.mark.parametrize("lesson", find_lessons(), ids=lambda path: path.stem)


def ran(notebook, lesson, environment=ONE_THREAD):
    return execute(notebook, lesson, environment).notebook


def section_by_section(notebook):
    """The notebook with every section twice, one time after the other.

    A section goes from one heading of the second level to the next; the first is the set-up.
    """
    twice = copy.deepcopy(notebook)
    headings = 0
    numbered = []
    for cell in twice.cells:
        headings += cell.cell_type == "markdown" and cell.source.startswith("## ")
        numbered.append((headings, cell))
    twice.cells = []
    for _, section in groupby(numbered, key=lambda pair: pair[0]):
        first = [cell for _, cell in section]
        again = copy.deepcopy(first)
        for cell in again:
            cell.id += "-again"
        twice.cells += first + again
    return twice


@each_lesson
def test_the_same_in_a_new_process_and_in_each_section_run_again(lesson):
    """Every compared output, to the letter, whatever tolerance other machines are allowed."""
    stored = nbformat.read(lesson, as_version=4)
    once = ran(stored, lesson)
    twice = ran(section_by_section(stored), lesson)
    outputs = {cell.id: cell.get("outputs", []) for cell in twice.cells}
    changed = []
    for name, cell in compare.code_cells(once):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag == compare.UNCOMPARED]
        changed += compare.differences(cell.outputs, outputs[cell.id], tags, f"new process, {name}")
        again = outputs[f"{cell.id}-again"]
        changed += compare.differences(outputs[cell.id], again, tags, f"run again, {name}")
    print(f"{lesson.stem}: {len(changed)} outputs changed")
    assert not changed


@each_lesson
def test_the_same_within_tolerances_on_several_threads(lesson):
    """The notebook test has one thread; stored outputs come from as many as there were cores."""
    stored = nbformat.read(lesson, as_version=4)
    threads = {name: "2" for name in ONE_THREAD}
    assert compare.changes(stored, ran(stored, lesson, threads)) == []
