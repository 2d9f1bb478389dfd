"""Minutes and questions of the guide and the README are those of the lessons' title cells."""

import functools
import re

import pytest

from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TERM = (ROOT / "docs" / "guide" / "term.md").read_text(encoding="utf-8")
LESSONS = pytest.mark.parametrize("path", find_lessons(), ids=lambda path: path.stem)
HOURS = {8: "eight", 9: "nine", 10: "ten"}


@functools.cache
def title_of(path) -> str:
    return from_source(source_of(path)).cells[0].source


def minutes_of(path) -> int:
    (minutes,) = re.findall(r"^(\d+) minutes to teach", title_of(path), re.M)
    return int(minutes)


@LESSONS
def test_a_plan_takes_the_minutes_of_the_lessons_title(path):
    page = (ROOT / "docs" / "guide" / f"{path.stem}.md").read_text(encoding="utf-8")
    (heading,) = re.findall(r"^## Plan \((.+)\)$", page, re.M)
    rows = re.findall(r"^\| +(\d+) \| .+ \|$", page, re.M)
    # A shorter way through the lesson, where title and plan name one.
    shorter = [re.findall(r"\b(\d+) without", text) for text in (title_of(path), heading)]
    assert re.match(r"(\d+) minutes", heading)[1] == str(minutes_of(path))
    assert sum(map(int, rows)) == minutes_of(path)
    assert shorter[0] == shorter[1]


@LESSONS
def test_the_readme_has_the_minutes_and_the_question_of_the_lessons_title(path):
    (question,) = re.findall(r"^\*\*(.+\?)\*\*$", title_of(path), re.M)
    row = rf"^\| \[.+\]\(notebooks/{path.name}\) \| {re.escape(question)} \| {minutes_of(path)} \|$"
    assert re.search(row, README, re.M), question
    page = (ROOT / "docs" / "guide" / f"{path.stem}.md").read_text(encoding="utf-8")
    assert f"The lesson's question: {question[0].lower()}{question[1:]}" in " ".join(page.split())


def test_the_hours_of_a_term_are_those_of_all_lessons():
    hours = sum(map(minutes_of, find_lessons())) / 60
    assert f"Ten lessons are about {HOURS[round(hours)]} hours of teaching" in " ".join(
        TERM.split()
    ), hours
