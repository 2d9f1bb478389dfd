"""The two sides of each lesson agree, and every lesson has the course's form."""

import ast
import base64
import html
import io
import re

import nbformat
import pytest
from ipykernel.ipkernel import IPythonKernel
from PIL import Image

from course_utils.command.lessons import KERNELSPEC, find_lessons, from_source, set_ids, source_of
from course_utils.paths import ROOT, notebooks_dir

LESSONS = find_lessons()
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def read(lesson):
    return nbformat.read(lesson, as_version=4)


def test_there_are_lessons():
    assert LESSONS
    assert sorted(notebooks_dir().glob("*.ipynb")) == LESSONS


@each_lesson
def test_pair_is_in_step(lesson):
    made, stored = from_source(source_of(lesson)), read(lesson)
    assert [(c.cell_type, c.source, c.metadata, c.id) for c in made.cells] == [
        (c.cell_type, c.source, c.metadata, c.id) for c in stored.cells
    ], f"Run: course run --update {lesson.stem[:2]}"


def test_cells_of_one_text_have_ids_of_their_own():
    cells = [nbformat.v4.new_code_cell(text) for text in ("1", "2", "1", "1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    set_ids(notebook)
    first, other, second, third = (cell.id for cell in notebook.cells)
    assert (second, third) == (f"{first}-2", f"{first}-3") and first != other
    nbformat.validate(notebook)


@each_lesson
def test_stored_as_jupyterlab_would_save_it(lesson):
    """Else opening a lesson would change its file."""
    notebook = read(lesson)
    assert lesson.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"
    version = {"version": notebook.metadata.get("language_info", {}).get("version")}
    assert notebook.metadata == {
        "kernelspec": KERNELSPEC,
        "language_info": IPythonKernel.language_info | version,
    }


@each_lesson
def test_no_code_hides_in_a_text_cell(lesson):
    """A forgotten ``# %%`` turns code into text that never runs."""
    text = source_of(lesson).read_text(encoding="utf-8")
    notebook = read(lesson)
    assert sum(c.cell_type == "code" for c in notebook.cells) == len(
        re.findall(r"^# %%(?! \[markdown\])", text, re.MULTILINE)
    )
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
            assert not re.search(r"^(import |from \w+ import |\w+ = )", prose, re.MULTILINE), prose


@each_lesson
def test_outputs_are_stored_without_errors_or_warnings(lesson):
    notebook = read(lesson)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@each_lesson
def test_every_figure_is_shown_with_its_words(lesson):
    """In the source: drawn, then shown by ``plotting.show``, never by matplotlib alone."""
    for cell in from_source(source_of(lesson)).cells:
        assert "plt.show" not in cell.source, cell.source
        if cell.cell_type == "code" and re.search(r"plotting\.(plot_|show)|plt\.", cell.source):
            tree = ast.parse(cell.source)
            calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
            shows = [call for call in calls if ast.unparse(call.func) == "plotting.show"]
            for call in shows:
                words = [n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)]
                assert sum(map(len, filter(None, map(str, words)))) >= 30, ast.unparse(call)
            drawn = [n for n in calls if re.match(r"plotting\.plot_|plt\.", ast.unparse(n.func))]
            last = max(call.lineno for call in [*drawn, *shows])
            assert shows and max(call.lineno for call in shows) == last, cell.source


@each_lesson
def test_every_stored_figure_has_its_words(lesson):
    """A figure left open would be stored as a picture that no screen reader can read.

    And every figure fits a projected page: 1000 by 700 pixels.
    """
    figures = 0
    for cell in read(lesson).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert not [kind for kind in data if kind.startswith("image/")], cell.source
            for image in re.findall(r"<img [^>]*>", data.get("text/html", "")):
                ((encoded, alt, width),) = re.findall(
                    r'src="data:image/\w+;base64,([^"]+)" alt="([^"]*)" width="(\d+)"', image
                )
                assert len(alt) >= 30 and html.unescape(alt) == data["text/plain"], cell.source
                stored = Image.open(io.BytesIO(base64.b64decode(encoded)))
                height = int(width) * stored.height / stored.width
                assert int(width) <= 1000 and height <= 700, cell.source
                figures += 1
    assert figures


@each_lesson
def test_most_cells_are_compared(lesson):
    notebook = read(lesson)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    compared = [c for c in code if "nbval-ignore-output" not in c.metadata.get("tags", [])]
    assert sum(bool(cell.outputs) for cell in compared) >= len(code) / 4


@each_lesson
def test_form_of_the_lesson(lesson):
    notebook = read(lesson)
    title, setup = notebook.cells[:2]
    assert title.source.startswith(f"# {lesson.stem[:2]} · ")
    assert "?" in title.source and "2 cores" in title.source
    assert f"/blob/main/notebooks/{lesson.stem}.ipynb" in title.source
    assert "google.colab" in setup.source and "runtime.setup(" in setup.source
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert sum(text.startswith("## What you learned") for text in texts) == 1
    for cell in notebook.cells:
        assert "slide_type" in cell.metadata.get("slideshow", {}), cell.source


def test_all_lessons_have_the_same_setup_cell():
    setups = {read(p).cells[1].source for p in LESSONS}
    assert len(setups) == 1


def test_sizes_of_the_notebooks():
    """GitHub does not show a notebook of more than a few megabytes."""
    for path in notebooks_dir().glob("*.ipynb"):
        assert path.stat().st_size < 3e6, path.relative_to(ROOT)
