"""Solutions are run in the place of their exercises, and must be right; stubs must not be."""

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    writes,
)

from course_utils.command.lessons import exercises, find_lessons, from_source, source_of
from course_utils.paths import ROOT

pytest_plugins = ["pytester"]

STUB = "def size(n):\n    return ...\n\n\nfeedback(size(5))"
CHECK = """
class feedback:
    def __init__(self, answer):
        self.said = "Right. So it is." if answer == 10 else "Not yet."
    def __repr__(self):
        return self.said
"""


def lesson(*solutions: str):
    """A notebook with an exercise and its folded solution for each."""
    cells = [new_code_cell(CHECK, execution_count=1)]
    for i, solution in enumerate(solutions, start=2):
        stub = new_code_cell(STUB, execution_count=i, metadata={"tags": ["exercise"]})
        said = new_output("execute_result", {"text/plain": "Not yet."}, execution_count=i)
        stub.outputs = [said]
        folded = f"<details><summary>Solution</summary>\n\n```python\n{solution}\n```\n\n</details>"
        cells += [stub, new_markdown_cell(folded, metadata={"tags": ["solution"]})]
    return new_notebook(cells=cells)


SOLUTIONS = {
    "feedback(2 * 5)": "PASSED",
    "feedback(2 + 5)": "FAILED",
    "feedback(2 * 5).said = 1": "FAILED",  # says nothing
    "feedback(1 / 0)": "FAILED",
}


@pytest.mark.slow
def test_solutions_are_run_in_their_places(pytester, monkeypatch):
    pytester.path.joinpath("lesson.ipynb").write_text(writes(lesson(*SOLUTIONS)), encoding="utf-8")
    pytester.makeconftest((ROOT / "conftest.py").read_text(encoding="utf-8"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = pytester.runpytest_subprocess("--nbval", "--nbval-current-env", "-v", "--color=no")
    for i, said in enumerate(SOLUTIONS.values(), start=1):
        result.stdout.fnmatch_lines([f"*Cell {i} PASSED*", f"*Cell {i}, its solution {said}*"])


@pytest.mark.parametrize("path", find_lessons(), ids=lambda path: path.stem)
def test_every_exercise_has_a_solution_of_its_own(path):
    for stub, solution in exercises(from_source(source_of(path))):
        assert stub.source.strip() != solution.strip()
        assert "..." in stub.source and "check." in stub.source and "check." in solution


@pytest.mark.parametrize("path", find_lessons(), ids=lambda path: path.stem)
def test_every_stub_is_stored_as_not_yet_right(path):
    for stub, _ in exercises(nbformat.read(path, as_version=4)):
        (output,) = stub.outputs
        assert output.data["text/plain"].startswith("Not yet."), stub.source


def test_exercise_without_solution_is_named():
    notebook = lesson("feedback(2 * 5)")
    del notebook.cells[-1]
    with pytest.raises(ValueError, match=r"No folded solution .* def size"):
        exercises(notebook)
