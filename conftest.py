"""Run the lessons under pytest as ``course run`` does, and compare their outputs as it does.

It stands at the top, since pytest must find it for the notebooks and for the tests.
"""

import os
import sys
from pathlib import Path

import nbval.kernel
import nbval.plugin
import pytest
from nbformat.v4 import new_code_cell
from nbval.plugin import IPyNbCell

from course_utils.command import compare
from course_utils.command.lessons import exercises
from course_utils.command.run import ENVIRONMENT, ONE_THREAD
from course_utils.paths import ROOT

sys.path.append(str(ROOT / "tests"))
from no_network import Offline

os.environ.update({k: v for k, v in ENVIRONMENT.items() if k != "PYTEST_CURRENT_TEST"})
os.environ.pop("COURSE_DATA", None)  # images of one's own
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(ONE_THREAD)

nbval.kernel.KernelManager = Offline


def save_coverage(config, kernel, output_loc=None) -> None:
    """Have a kernel store which lines it has reached, before nbval kills it."""
    save = "import coverage; coverage.Coverage.current().save()"
    kernel.await_idle(kernel.kc.execute(save), 60)


# With --cov each kernel is measured from its start, as pyproject.toml says ("patch"). What nbval
# would start on top takes the True of a bare "--cov" for a path, and its kernel dies.
nbval.plugin.setup_coverage = lambda *arguments: None
nbval.plugin.teardown_coverage = save_coverage

# Tests that run only where "-m" names their marker.
ASKED_FOR = {"online": "needs a network", "weekly": "takes long and seldom breaks"}


def compare_outputs(self: IPyNbCell, test, ref) -> bool:
    """Compare fresh outputs with stored ones; the failure shows ``comparison_traceback``."""
    tags = self.cell.metadata.get("tags", [])
    name = f"cell {self.cell_num + 1}"  # as in JupyterLab; nbval counts from 0
    self.comparison_traceback = compare.differences(ref, test, tags, name)
    return not self.comparison_traceback


IPyNbCell.compare_outputs = compare_outputs  # nbval makes the cells and leaves no other way in


class Solution(IPyNbCell):
    """An exercise's solution, run in the lesson's kernel right after the stub."""

    def compare_outputs(self, test, ref) -> bool:
        """Want "Right." and nothing else."""
        said = [output.get("data", {}).get("text/plain", "") for output in test]
        self.comparison_traceback = [f"the check of the solution says: {said}"]
        return len(said) == 1 and said[0].startswith("Right.")


@pytest.hookimpl(tryfirst=True)  # before "-m" chooses
def pytest_collection_modifyitems(config, items) -> None:
    """Put solutions behind exercises, mark lessons as slow, skip what was not asked for, order."""
    for i, item in reversed(list(enumerate(items))):
        if isinstance(item, IPyNbCell):
            item.add_marker("slow")
            for exercise, code in exercises(item.parent.nb):
                if exercise is item.cell:
                    items.insert(i + 1, _solution(item, code))
        # Not by "-m" in pyproject.toml, which another "-m" would replace.
        for name, why in ASKED_FOR.items():
            if item.get_closest_marker(name) and name not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason=f"{why}: pytest -m {name}"))
    items[:] = _longest_first(items)


def _longest_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Order the files, which go to the processes one by one, so that all end together.

    Lessons come first, the later and longer ones before the others; then files with a slow test.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    lessons = [path for path in files if path.suffix == ".ipynb"]
    slow = [path for path, inside in files.items() if any(map(_is_slow, inside))]
    order = dict.fromkeys([*sorted(lessons, reverse=True), *slow, *files])
    return [item for path in order for item in files[path]]


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def _solution(item: IPyNbCell, code: str) -> Solution:
    solution = Solution.from_parent(
        item.parent,
        name=f"{item.name}, its solution",
        cell_num=item.cell_num,
        cell=new_code_cell(code, execution_count=item.cell.execution_count),
        options=item.options | {"check": True},
    )
    solution.add_marker("slow")
    return solution
