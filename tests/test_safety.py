"""Nothing here runs what it should not: workflow, lessons, JupyterLab, pages."""

import json
import re
import subprocess
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.check.feedback import Feedback
from course_utils.command import compare, report, run, slides
from course_utils.command.lessons import find_lessons
from course_utils.models.classes import Prediction
from course_utils.paths import ROOT
from course_utils.plotting.show import _img
from course_utils.progress import _Bar
from course_utils.tables import Table
from course_utils.widgets import markup

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


# What GitHub runs


@each_workflow
def test_a_workflow_may_read_and_nothing_else(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert not [name for name, job in workflow["jobs"].items() if "permissions" in job]
    triggers = workflow[True]  # which is what YAML makes of "on"
    assert "pull_request_target" not in triggers  # it would run a stranger's code with secrets
    assert "secrets." not in path.read_text(encoding="utf-8")


@each_workflow
def test_actions_are_pinned_by_their_hash(path):
    """A tag can be moved to other code; the comment says which version the hash is."""
    used = re.findall(r"uses: *(.+)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", action), action


def test_known_weaknesses_of_the_pinned_libraries_are_looked_for_every_week():
    (workflow,) = WORKFLOWS
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    audits = [job for job in jobs.values() if "pip-audit" in json.dumps(job["steps"])]
    assert [job["if"].partition(" ||")[0] for job in audits] == ["github.event_name == 'schedule'"]


# What a lesson runs


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda path: path.stem)
def test_no_cell_but_the_set_up_runs_another_program(lesson):
    _, setup, *cells = nbformat.read(lesson, as_version=4).cells
    other = r"^\s*[!%]|subprocess|os\.(system|popen|exec|spawn)|get_ipython|\b(eval|exec)\("
    for cell in cells:
        if cell.cell_type == "code":
            assert not re.search(other, cell.source, re.MULTILINE), cell.source
    programs = re.findall(r"^ *!(.+)", setup.source, re.MULTILINE)
    assert [line.split()[0] for line in programs] == ["test"] and "git" in programs[0]


def test_nothing_turns_off_who_may_enter_jupyterlab():
    """Neither the settings that the course installs nor what its pages tell people to type."""
    listed = ["git", "ls-files", "-co", "--exclude-standard", "*.md", "*.yml", "*.json", "*.toml"]
    names = subprocess.run([*listed, "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    off = re.compile(
        r"(?i)\b(token|password|hashed_password)['\"]? *[=:] *['\"]{2}|disable_check_xsrf"
        r"|allow_origin|allow_unauthenticated|--ip\b|\.ip *= *['\"](0\.0\.0\.0|\*)"
    )
    for name in set(names.stdout.split()) - {"tests/test_safety.py"}:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not off.search(text), f"{name}: {off.search(text)[0]}"


# What a page shows

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload='alert(3)"


class Dangers(HTMLParser):
    """Elements and attributes of a page that run a script, or what a browser would take for one."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += [tag] if tag == "script" else []
        self.found += [name for name, _ in attrs if name.startswith("on")]


def figure(alt: str) -> str:
    fig = plt.figure()
    try:
        return _img(fig, alt)
    finally:
        plt.close(fig)


def pages(name: str) -> dict:
    """Whatever the course makes HTML of, of a file, a class, or an error of this name."""
    image = np.zeros((4, 4, 3), np.uint8)
    guesses = [Prediction("n0", name, 0.9)]
    output = new_output("stream", name="stdout", text=name)
    cell = new_code_cell("print(name)", outputs=[output])
    cell.metadata["slideshow"] = {"slide_type": "slide"}
    notebook = new_notebook(cells=[cell])
    ran = run.Ran(notebook, 1.0, 10**9, [run.TimedCell(name, name, 1.0)])
    drift = compare.Drift(name, name, name, 0.1, 0.2)
    outcomes = [
        report.Outcome(name, why=name),
        report.Outcome(name, ran, changes=[name], drifts=[drift], verdicts=[(1, name, name)]),
    ]
    blank = {"reveal_css": "", "reveal_js": "", "notes_js": ""}
    return {
        "table": lambda: Table([name], [[name]], [""], caption=name)._repr_html_(),
        "bar": lambda: _Bar(name, 0).markup(),
        "guesses": lambda: markup(image, guesses, name),
        "feedback": lambda: Feedback(False, name, name)._repr_html_(),
        "figure": lambda: figure(name),
        "report": lambda: report.page(outcomes),
        "page": lambda: run.to_html(ran, name),
        "slides": lambda: slides.to_slides(notebook, name, blank, code=True),
    }


@pytest.mark.parametrize("kind", pages(""))
def test_file_and_class_names_are_text_wherever_they_are_shown(kind):
    page = pages(HOSTILE)[kind]()
    assert "alert(1)" in page  # it is there, as text
    assert Dangers(page).found == Dangers(pages("plain name")[kind]()).found
