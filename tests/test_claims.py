"""Verdicts follow from the rules of the claims, and the README's table from the verdicts."""

import ast
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import claims, intervals
from course_utils.command.lessons import find_lessons, source_of
from course_utils.paths import ROOT

BEGIN, END = "<!-- claims: made by course run --update -->", "<!-- end of claims -->"
MEASURED = ("raises_accuracy", "better_together", "stands_for_them")  # of claim 3


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((True, True, True), "supported"),
        ((False, np.False_, False), "not supported"),
        ((True, np.bool_(False), True), "mixed"),
        ((None, None, None), "not told apart"),
        ((True, None, None), "mixed"),
        ((None, False, None), "not supported"),
    ],
)
def test_status_follows_from_the_outcomes(capsys, outcomes, status):
    claims.verdict(3, "2.5 points [1.1, 3.9]", **dict(zip(MEASURED, outcomes, strict=True)))
    assert f"Claim 03 · {status} · 2.5 points [1.1, 3.9]\n" in capsys.readouterr().out


def test_a_verdict_says_what_became_of_each_part_of_its_rule(capsys):
    claims.verdict(3, "2 points", **dict(zip(MEASURED, (True, None, False), strict=True)))
    parts = claims.CLAIMS[3].rule
    assert capsys.readouterr().out.splitlines() == [
        "Claim 03 · mixed · 2 points",
        f"  so: {parts['raises_accuracy']}",
        f"  not told apart: {parts['better_together']}",
        f"  not so: {parts['stands_for_them']}",
    ]


def test_each_finding_has_its_line(capsys):
    claims.verdict(3, "2 points; 96 %", **dict.fromkeys(MEASURED, True))
    assert capsys.readouterr().out.startswith("Claim 03 · supported · 2 points;\n    96 %\n  so:")


@pytest.mark.parametrize(
    ("low", "high", "limit", "holds"),
    [
        (-0.9, 0.5, -1, True),  # at most 1 worse
        (-1.2, 0.1, -1, None),
        (-3.0, -1.1, -1, False),
        (0.1, 2.0, 0, True),
        (0.0, 2.0, 0, None),
        (-2.0, -0.1, 0, False),
        (-2.0, 0.0, 0, None),
    ],
)
def test_an_interval_that_spans_the_limit_tells_nothing(low, high, limit, holds):
    estimate = intervals.Estimate((low + high) / 2, low, high, 5)
    assert claims.above(estimate, limit) is holds
    if limit == 0:
        assert claims.above(estimate) is holds


def test_arithmetic_is_a_derivation(capsys, monkeypatch):
    derived = claims.Claim("1 + 1 is 2", "It is counted.", derivations={"sum": "the sum is 2"})
    monkeypatch.setitem(claims.CLAIMS, 5, derived)
    claims.verdict(5, "2", sum=True)
    assert capsys.readouterr().out == "Claim 05 · derivation · 2\n  by derivation: the sum is 2\n"
    with pytest.raises(ValueError, match=r"^Claim 05: not so: the sum is 2\.$"):
        claims.verdict(5, "3", sum=False)


def test_arithmetic_does_not_support_what_is_measured(capsys):
    bounds = {"cards_take_days": True, "bound_holds": True}
    claims.verdict(11, "an hour", **bounds, machine_takes_days=False)
    assert "Claim 11 · not supported · an hour\n" in capsys.readouterr().out


RULE = (
    "Claim 11: the rule names bound_holds, cards_take_days, machine_takes_days; the lesson gives "
)


@pytest.mark.parametrize(
    ("claim", "outcomes", "message"),
    [
        (11, ("machine_takes", "cards_take_days"), f"{RULE}cards_take_days, machine_takes."),
        (11, (), f"{RULE}none."),
        (15, ("anything",), "No claim 15; there are 1 to 14."),
    ],
)
def test_outcomes_must_be_those_of_the_rule(claim, outcomes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        claims.verdict(claim, "", **dict.fromkeys(outcomes, True))


@pytest.mark.parametrize("value", [1, "yes", np.array([True])])
def test_outcomes_are_true_or_false(value):
    message = re.escape(f"Claim 11: cards_take_days is {value!r}; give True, False or None.")
    with pytest.raises(TypeError, match=f"^{message}$"):
        claims.verdict(11, "", cards_take_days=value, bound_holds=True, machine_takes_days=True)


def test_every_claim_has_a_rule_and_its_reason():
    assert list(claims.CLAIMS) == list(range(1, 15))
    for claim in claims.CLAIMS.values():
        assert claim.rule and claim.words and claim.reason
        assert len(claim.rule) == len(claim.outcomes) + len(claim.derivations)


def test_each_claim_is_decided_once_by_the_outcomes_of_its_rule():
    decided = {}
    for lesson in find_lessons():
        for node in ast.walk(ast.parse(source_of(lesson).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "claims.verdict":
                number = ast.literal_eval(node.args[0])
                assert number not in decided, f"claim {number} is decided twice"
                decided[number] = {keyword.arg for keyword in node.keywords}
    assert decided == {number: set(claim.rule) for number, claim in claims.CLAIMS.items()}


def test_verdicts_become_a_table(tmp_path):
    cell = new_code_cell("verdict(7, …)")
    pieces = ("Claim 07 · deri", "vation · 3×\n  by derivation: …\n")
    pieces += ("Claim 03 · mixed · 2.5 points;\n    9 %\n  so: better\n  not so: best\n",)
    pieces += ("Claim 09 · not told apart · 0 points [-2, 2]\n  not told apart: more\n",)
    cell.outputs = [new_output("stream", name="stdout", text=piece) for piece in pieces]
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "02_nets.ipynb")
    verdicts = claims.read_verdicts([tmp_path / "02_nets.ipynb"])
    assert verdicts == [
        claims.Verdict(3, "mixed", "2.5 points; 9 %; not so: best", "02_nets"),
        claims.Verdict(7, "derivation", "3×", "02_nets"),
        claims.Verdict(9, "not told apart", "0 points [-2, 2]; not told apart: more", "02_nets"),
    ]
    *header, _, row, _ = claims.table(verdicts).splitlines()
    assert header == [
        "| # | the lecture says | rule | measured | lesson |",
        "| ---: | --- | --- | --- | --- |",
    ]
    number, words, rule, measured, lesson = (part.strip() for part in row.strip("|").split("|"))
    assert (number, words) == ("07", claims.CLAIMS[7].words)
    assert rule == "; ".join(claims.CLAIMS[7].rule.values())
    assert measured == "**derivation**: 3×"
    assert lesson == "[02](notebooks/02_nets.ipynb)"


def stored(path, *verdicts):
    """A notebook that printed these verdicts."""
    outputs = [new_output("display_data", {"text/plain": "Claim 01 · supported · a picture"})]
    outputs += [new_output("stream", name="stdout", text=f"{line}\n") for line in verdicts]
    cells = [new_markdown_cell("Claim 02 · supported · words"), new_code_cell("", outputs=outputs)]
    notebook = new_notebook(cells=cells)
    nbformat.write(notebook, path)
    return notebook


def test_the_table_takes_what_is_about_to_be_stored_in_place_of_what_is(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "notebooks_dir", lambda: tmp_path)
    first, second = tmp_path / "01_old.ipynb", tmp_path / "02_kept.ipynb"
    stored(first, "Claim 12 · mixed · old")
    stored(second, "Claim 10 · supported · kept", "Claim 04 · supported · kept")
    stored(tmp_path / "no_lesson.ipynb", "Claim 07 · supported · not in the table")
    fresh = {first: stored(tmp_path / "new.ipynb", "Claim 09 · mixed · new")}
    (tmp_path / "new.ipynb").unlink()
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    for given, found in (
        (None, ["04 kept 02", "10 kept 02", "12 old 01"]),
        (fresh, ["04 kept 02", "09 new 01", "10 kept 02"]),
    ):
        made = claims.readme_with_table(readme, given)
        before, table, after = re.split(f"{BEGIN}\n|\n{END}", made)
        assert (before, after) == ("before\n", "\nafter\n")
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
        assert [f"{row[0]} {row[3].split(': ')[1]} {row[4][1:3]}" for row in rows] == found
    assert made == claims.readme_with_table(made, fresh)


@pytest.mark.parametrize("readme", ["", BEGIN, END, BEGIN + END + END, BEGIN + BEGIN + END])
def test_a_readme_without_room_for_the_table_is_refused(readme):
    message = f"^README.md must hold the lines '{BEGIN}' and '{END}' once each.$"
    with pytest.raises(ValueError, match=message):
        claims.readme_with_table(readme)


def test_readme_table_of_claims_is_that_of_the_notebooks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert claims.readme_with_table(readme) == readme, "Run: course run --update"
