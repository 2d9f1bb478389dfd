"""One line names the repository: links are made from it, and all files follow it in a fork."""

import os
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_output

from course_utils.command import lessons, links, project, storing
from course_utils.command.main import main
from course_utils.paths import ROOT

OLD = links.owner_and_name()
LESSON = Path("07_pretrained_models.ipynb")


@pytest.fixture
def fork(tmp_path, monkeypatch):
    """A fork of the course whose owner has changed the one line; a lesson with an output."""
    notebooks = tmp_path / "notebooks"
    for module in (links, project):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for module in (lessons, storing):
        monkeypatch.setattr(module, "notebooks_dir", lambda: notebooks)
    for name in ("README.md", "CITATION.cff", f"notebooks/source/{LESSON.stem}.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "docs").mkdir()
    page = f"[Binder](https://mybinder.org/v2/gh/{OLD}/main) https://github.com/{OLD}-not-ours.git"
    (tmp_path / "docs" / "hub.md").write_text(page, encoding="utf-8")
    notebook = lessons.from_source(lessons.source_of(notebooks / LESSON))
    notebook.cells[1].outputs = [new_output("stream", name="stdout", text="kept")]
    nbformat.write(notebook, notebooks / LESSON)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(text.replace(OLD, "a-fork/nets-2027"))
    return tmp_path


def test_in_a_fork_all_files_follow_the_one_line(fork, capsys):
    assert main(["links", "--update"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 5 and all(line.endswith("names a-fork/nets-2027 now") for line in told)
    for path in fork.rglob("*.*"):
        if path.is_file() and path.name != "hub.md":
            assert f"/{OLD}" not in path.read_text(encoding="utf-8"), path
    page = (fork / "docs" / "hub.md").read_text(encoding="utf-8")
    assert "/gh/a-fork/nets-2027/main" in page and f"{OLD}-not-ours" in page
    lesson = fork / "notebooks" / LESSON
    assert lessons.out_of_step(lesson) == ""
    notebook = nbformat.read(lesson, as_version=4)
    assert links.colab(LESSON) in notebook.cells[0].source
    assert notebook.cells[1].outputs[0].text == "kept"

    assert main(["links", "--update"]) == 0
    assert capsys.readouterr().out == "All files name a-fork/nets-2027.\n"


def contents(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_when_a_file_cannot_be_written_all_stay_as_they_were(fork, monkeypatch, capsys):
    def fail(old, new):
        if str(new).endswith(".ipynb"):
            raise OSError(28, "No space left on device", str(new))
        original(old, new)

    original = os.replace
    before = contents(fork)
    monkeypatch.setattr("course_utils.caching.os.replace", fail)
    assert main(["links", "--update"]) == 1
    assert "Nothing was changed" in capsys.readouterr().err
    assert contents(fork) == before


def test_the_files_of_the_course_all_name_its_repository():
    assert [str(path) for path in links.outdated()] == [], "Run: course links --update"
    for lesson in lessons.find_lessons():
        assert links.colab(lesson) in lessons.from_source(lessons.source_of(lesson)).cells[0].source


def test_links_are_those_that_binder_and_nbgitpuller_take_apart():
    """As their documents describe them: mybinder.org's v2/gh, nbgitpuller's git-pull."""
    parts = urlsplit(links.binder(LESSON))
    assert (parts.netloc, parts.path) == ("mybinder.org", f"/v2/gh/{OLD}/main")
    assert parse_qs(parts.query) == {"urlpath": [f"lab/tree/notebooks/{LESSON}"]}

    parts = urlsplit(links.nbgitpuller("https://hub.example.org/", LESSON))
    assert (parts.netloc, parts.path) == ("hub.example.org", "/hub/user-redirect/git-pull")
    assert parse_qs(parts.query) == {
        "repo": [f"https://github.com/{OLD}"],
        "branch": ["main"],
        "urlpath": [f"lab/tree/{OLD.split('/')[1]}/notebooks/{LESSON}"],
    }


def test_the_command_prints_links_and_says_what_is_wrong(fork, capsys):
    assert main(["links", "07", "--hub", "https://hub.example.org"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^  (\w+) +https://", out, re.M) == ["Colab", "Binder", "nbgitpuller"]
    assert main(["links", "07", "--hub", "hub.example.org"]) == 1
    assert "--hub https://" in capsys.readouterr().err
    file = fork / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("github.com/a-fork", "git.example.org/a-fork"))
    assert main(["links", "--update"]) == 1
    assert "OWNER/NAME" in capsys.readouterr().err
