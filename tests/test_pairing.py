"""Students open notebooks that know nothing of their sources, whoever edited them where.

Driven through jupytext's contents manager, which JupyterLab uses once jupytext is installed.
"""

import copy
import importlib
import json
import os
import shutil
import tomllib
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.config import JUPYTEXT_CONFIG_FILES
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from tornado.web import HTTPError

from course_utils import lab
from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.command.run import execute
from course_utils.paths import ROOT, notebooks_dir

EDIT = "# my own edit"
CONFIGURATION = ["pyproject.toml", *JUPYTEXT_CONFIG_FILES]


@pytest.fixture
def notebook(tmp_path) -> Path:
    """A notebook as ``course run --update`` makes it, in a copy of the clone."""
    copy = tmp_path / "notebooks"
    shutil.copytree(notebooks_dir() / "source", copy / "source")
    for folder in (Path(), Path("notebooks"), Path("notebooks/source")):
        for name in CONFIGURATION:
            if (ROOT / folder / name).is_file():
                shutil.copy(ROOT / folder / name, tmp_path / folder)
    path = copy / find_lessons()[0].name
    nbformat.write(from_source(source_of(path)), path)
    return path


@pytest.fixture
def paired(tmp_path) -> Path:
    """A notebook paired with a source beside it: what every test here must find wanting."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.jupytext]\nformats = "ipynb,py:percent"\n')
    path = tmp_path / "notebooks" / "07_paired.ipynb"
    shutil.copy(source_of(find_lessons()[0]), path.with_suffix(".py"))
    jupytext.write(jupytext.read(path.with_suffix(".py")), path)
    return path


def edit_elsewhere(notebook: Path, source: Path, *, source_is: str) -> None:
    """Edit the notebook as VS Code or Colab do, with a source that was written before or after."""
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(new_code_cell(EDIT))
    nbformat.write(content, notebook)
    os.utime(notebook, (1e9, 1e9))
    seconds = 1e9 - 60 if source_is == "older" else 1e9 + 60
    os.utime(source, (seconds, seconds))


def open_and_save(path: Path, *, clone: Path, edit: str = "") -> nbformat.NotebookNode:
    """Open a file as a notebook in a Lab that was started in the clone, perhaps edit, and save."""
    manager = jupytext.TextFileContentsManager(root_dir=str(clone))
    name = path.relative_to(clone).as_posix()
    model = manager.get(name, content=True, type="notebook")
    if edit:
        model["content"].cells.append(new_code_cell(edit))
    manager.save(model, name)
    return model["content"]


def contents(clone: Path) -> dict[str, bytes]:
    """What is in the files that git tracks."""
    return {
        path.name: path.read_bytes()
        for path in clone.rglob("*.*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def changed(clone: Path, before: dict[str, bytes]) -> set[str]:
    return {name for name, content in contents(clone).items() if before.get(name) != content}


def test_no_source_names_a_partner():
    for lesson in find_lessons():
        assert "formats" not in jupytext.read(source_of(lesson)).metadata.jupytext


@pytest.mark.parametrize("source_is", ["older", "newer"])
def test_an_edit_made_elsewhere_is_there(notebook, tmp_path, source_is):
    edit_elsewhere(notebook, source_of(notebook), source_is=source_is)
    before = contents(tmp_path)
    assert open_and_save(notebook, clone=tmp_path).cells[-1].source == EDIT
    assert changed(tmp_path, before) == set()


def test_opening_and_saving_a_lesson_changes_nothing(notebook, tmp_path):
    before = contents(tmp_path)
    open_and_save(notebook, clone=tmp_path)
    assert changed(tmp_path, before) == set()


def test_an_edit_changes_the_notebook_alone(notebook, tmp_path):
    before = contents(tmp_path)
    open_and_save(notebook, clone=tmp_path, edit=EDIT)
    assert changed(tmp_path, before) == {notebook.name}
    assert nbformat.read(notebook, as_version=4).cells[-1].source == EDIT


def test_a_source_edited_as_a_notebook_leaves_the_notebook_alone(notebook, tmp_path):
    before = contents(tmp_path)
    open_and_save(source_of(notebook), clone=tmp_path, edit=EDIT)
    assert changed(tmp_path, before) == {source_of(notebook).name}


@pytest.mark.parametrize(("lessons", "changes"), [("notebooks", False), ("elsewhere", True)])
def test_a_lesson_read_with_another_python_stays_as_it_is(
    notebook, tmp_path, monkeypatch, lessons, changes
):
    monkeypatch.setattr(lab, "notebooks_dir", lambda: tmp_path / lessons)
    manager = jupytext.TextFileContentsManager(root_dir=str(tmp_path))
    manager.register_pre_save_hook(lab.tidy)
    content = nbformat.read(notebook, as_version=4)
    content.metadata.language_info = {"name": "python", "version": "3.11.7"}
    nbformat.write(content, notebook)
    before = notebook.read_bytes()
    content.metadata.language_info.version = "3.13.2"
    manager.save({"type": "notebook", "content": content}, f"notebooks/{notebook.name}")
    assert (notebook.read_bytes() != before) == changes


WIDGETS = """\
from IPython.display import display
view = {"application/vnd.jupyter.widget-view+json": {"model_id": "0", "version_major": 2}}
display(view | {"text/plain": "a slider", "text/html": "<b>a slider</b>"}, raw=True)
display(view, raw=True)
print("printed")
"""
KEPT = [{"text/plain": "a slider", "text/html": "<b>a slider</b>"}, None]


@pytest.fixture
def with_widgets(tmp_path):
    """A lesson with the widgets and their state that a kernel left in it."""
    lesson = tmp_path / "notebooks" / "90_widgets.ipynb"
    lesson.parent.mkdir()
    content = new_notebook(cells=[new_markdown_cell("# Widgets"), new_code_cell(WIDGETS)])
    NotebookClient(content, kernel_name="python3").execute()
    content.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return lesson, content


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("lessons", ["notebooks", "elsewhere"])
def test_a_saved_lesson_holds_no_widget_and_other_notebooks_do(
    with_widgets, tmp_path, monkeypatch, lessons, new
):
    lesson, content = with_widgets
    if not new:
        nbformat.write(content, lesson)
    monkeypatch.setattr(lab, "notebooks_dir", lambda: tmp_path / lessons)
    manager = jupytext.TextFileContentsManager(root_dir=str(tmp_path))
    manager.register_pre_save_hook(lab.tidy)
    wanted = copy.deepcopy(content)
    manager.save({"type": "notebook", "content": content}, f"notebooks/{lesson.name}")
    saved = nbformat.read(lesson, as_version=4)
    if lessons == "elsewhere":
        assert saved.metadata == wanted.metadata and saved.cells == wanted.cells
    else:
        assert "widgets" not in saved.metadata
        assert [output.get("data") for output in saved.cells[1].outputs] == KEPT
        assert saved.cells[1].outputs[1].text == "printed\n"


def test_a_lesson_that_was_run_holds_no_widget(with_widgets):
    lesson, content = with_widgets
    ran = execute(content, lesson).notebook
    assert "widgets" not in ran.metadata
    assert [output.get("data") for output in ran.cells[1].outputs] == KEPT


def test_an_installation_tells_jupyter_of_its_extension():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    (file, target), *_ = shared.items()
    assert target.startswith("etc/jupyter/jupyter_server_config.d/")
    settings = json.loads((ROOT / file).read_text(encoding="utf-8"))["ServerApp"]
    for name, enabled in settings["jpserver_extensions"].items():
        (point,) = importlib.import_module(name)._jupyter_server_extension_points()
        assert enabled and point == {"module": name}


def test_a_pair_does_not_open_after_an_edit_elsewhere(paired, tmp_path):
    edit_elsewhere(paired, paired.with_suffix(".py"), source_is="older")
    with pytest.raises(HTTPError, match="more recent than"):
        open_and_save(paired, clone=tmp_path)


def test_a_pair_loses_an_edit_made_elsewhere(paired, tmp_path):
    edit_elsewhere(paired, paired.with_suffix(".py"), source_is="newer")
    assert open_and_save(paired, clone=tmp_path).cells[-1].source != EDIT


def test_an_edit_of_a_pair_changes_two_files(paired, tmp_path):
    before = contents(tmp_path)
    open_and_save(paired, clone=tmp_path, edit=EDIT)
    assert changed(tmp_path, before) == {paired.name, paired.with_suffix(".py").name}
