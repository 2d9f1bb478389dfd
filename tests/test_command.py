"""The ``course`` command on a small lesson."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils import claims
from course_utils.command import bench, lessons, main, run


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A folder of lessons with one notebook; its stored outputs are still empty."""
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    monkeypatch.setattr(claims, "update_readme", lambda: None)
    path = tmp_path / "07_small.ipynb"
    source = lessons.source_of(path)
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\nprint(6 * 7)\n", encoding="utf-8")
    nbformat.write(lessons.from_source(source), path)
    return path


def test_run_writes_a_page_and_leaves_the_notebook_alone(lesson, tmp_path, capsys):
    before = lesson.read_bytes()
    assert main.main(["run", "07", "--output", str(tmp_path / "pages")]) == 0
    assert "42" in (tmp_path / "pages" / "07_small.html").read_text(encoding="utf-8")
    assert lesson.read_bytes() == before
    assert "different output in cells 2" in capsys.readouterr().out


def test_update_stores_the_outputs(lesson, tmp_path, capsys):
    assert main.main(["run", "--update", "--output", str(tmp_path / "pages")]) == 0
    assert nbformat.read(lesson, as_version=4).cells[1].outputs[0].text == "42\n"
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 0
    assert "same output as stored" in capsys.readouterr().out


def test_lesson_that_fails_is_named_and_kept(lesson, tmp_path, capsys):
    broken = new_notebook(cells=[new_code_cell("1 / 0")])
    nbformat.write(broken, lesson)
    before = lesson.read_bytes()
    assert run.run([lesson], tmp_path / "pages", update=False) == 1
    error = capsys.readouterr().err
    assert "07_small" in error and "ZeroDivisionError" in error
    assert lesson.read_bytes() == before


def test_unknown_lesson_is_named(lesson, capsys):
    assert main.main(["run", "99"]) == 1
    assert "No lesson '99'. Lessons: 07_small" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1])
def test_bench_passes_its_exit_code_on(monkeypatch, code):
    monkeypatch.setattr(bench, "run", lambda: code)
    assert main.main(["bench"]) == code


def test_verdicts_become_a_table(tmp_path):
    cell = new_code_cell("verdict(7, …)")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="Claim 07 · mixed · 3× [2, 4]\n")
    ]
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "02_nets.ipynb")
    (verdict,) = claims.read_verdicts([tmp_path / "02_nets.ipynb"])
    assert verdict == claims.Verdict(7, "mixed", "3× [2, 4]", "02_nets")
    assert f"| 07 | {claims.CLAIMS[7]} | **mixed**: 3× [2, 4] |" in claims.table([verdict])


def test_readme_table_of_claims_is_that_of_the_notebooks():
    readme = (claims.ROOT / "README.md").read_text(encoding="utf-8")
    assert claims.readme_with_table(readme) == readme, "Run: course run --update"
