"""Each question of a quiz has one right answer, and every answer says why."""

import re

import pytest

from course_utils.command.lessons import find_lessons, from_source, source_of

ANSWER = re.compile(
    r"<details><summary>([A-D])\. (.+?)</summary>\n\n(Right|Wrong)\. (.+?)\n\n</details>", re.DOTALL
)


def questions(path) -> list[str]:
    cells = from_source(source_of(path)).cells
    return [cell.source for cell in cells if "quiz" in cell.metadata.get("tags", [])]


def faults(question: str) -> list[str]:
    """What is wrong with one question."""
    answers = ANSWER.findall(question)
    letters = "".join(letter for letter, *_ in answers)
    rest = ANSWER.sub("", question).strip()
    found = []
    if not re.fullmatch(r"\*\*Question [1-5]\.\*\* .+", rest, re.DOTALL) or "<" in rest:
        found.append(f"besides its answers it holds {rest!r}")
    if letters not in ("ABC", "ABCD"):
        found.append(f"its answers are {letters!r}")
    if [verdict for _, _, verdict, _ in answers].count("Right") != 1:
        found.append("not one answer is right")
    found += [f"{a} has no reason" for a, _, _, why in answers if len(why.split()) < 5]
    return found


@pytest.mark.parametrize("path", find_lessons(), ids=lambda path: path.stem)
def test_five_questions_with_one_right_answer_each(path):
    asked = questions(path)
    assert [question[:15] for question in asked] == [f"**Question {n}.**" for n in range(1, 6)]
    assert [faults(question) for question in asked] == [[]] * 5
    right = {
        letter for q in asked for letter, _, verdict, _ in ANSWER.findall(q) if verdict[0] == "R"
    }
    assert len(right) > 1, "the right answer is always the same letter"


GOOD = """**Question 1.** Why?

<details><summary>A. So.</summary>

Right. It is so by its own rule.

</details>

<details><summary>B. Else.</summary>

Wrong. It is not so by its own rule.

</details>

<details><summary>C. Neither.</summary>

Wrong. It is not so by its own rule.

</details>"""


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ("Right.", "Wrong."),
        ("Wrong.", "Right."),
        ("Wrong. It is not so by its own rule.", "Wrong. No."),
        ("B. Else", "D. Else"),
        ("</details>", ""),
        ("**Question 1.**", "Question 1."),
    ],
)
def test_faults_are_seen(change, by):
    assert faults(GOOD) == []
    assert faults(GOOD.replace(change, by))
