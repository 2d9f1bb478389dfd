"""What ``course run`` found, as text and as one page."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING

from course_utils import claims
from course_utils.command import compare
from course_utils.command.machine import cores
from course_utils.command.memory import LESSON_LIMIT

if TYPE_CHECKING:
    from course_utils.command.run import Ran

SLOWEST = 5
FILE = "report.html"


@dataclass(frozen=True)
class Outcome:
    """One lesson's run.

    Attributes
    ----------
    lesson : str
        Such as "01_lenet".
    ran : Ran or None
        None if it stopped.
    why : str
        Where and why it stopped; else empty.
    changes : sequence of str
        What differs from the stored outputs, as `compare.changes` has it.
    drifts : sequence of compare.Drift
        Numbers that differ, those within their tolerance too.
    verdicts : sequence of (int, str, str)
        Claims whose verdict changed: number, status before and after.
    """

    lesson: str
    ran: "Ran | None" = None
    why: str = ""
    changes: Sequence[str] = ()
    drifts: Sequence[compare.Drift] = ()
    verdicts: Sequence[tuple[int, str, str]] = field(default=())

    @property
    def result(self) -> str:
        """In a few words."""
        if self.ran is None:
            return "stopped"
        return "other outputs than stored" if self.changes else "same outputs as stored"

    @property
    def too_large(self) -> bool:
        """Whether it took more memory than a lesson may."""
        return self.ran is not None and (self.ran.peak or 0) > LESSON_LIMIT

    @property
    def within(self) -> list[compare.Drift]:
        """Drifts that their tolerance allows, the one nearest to its limit first."""
        allowed = [drift for drift in self.drifts if not drift.outside]
        return sorted(allowed, key=lambda drift: -drift.by / drift.tolerance)


def compared(lesson: str, stored, ran: "Ran") -> Outcome:
    """Compare a lesson that ran with its stored notebook."""
    before, after = (
        {verdict.claim: verdict.status for verdict in claims.verdicts_of(notebook, lesson)}
        for notebook in (stored, ran.notebook)
    )
    verdicts = [
        (claim, before.get(claim, "no verdict"), after.get(claim, "no verdict"))
        for claim in sorted(before.keys() | after.keys())
        if before.get(claim) != after.get(claim)
    ]
    changes = compare.changes(stored, ran.notebook)
    drifts = compare.drifts(stored, ran.notebook)
    return Outcome(lesson, ran, changes=changes, drifts=drifts, verdicts=verdicts)


def lines(outcome: Outcome) -> list[str]:
    """What is printed of a lesson that ran."""
    assert outcome.ran is not None
    said = [f"{outcome.lesson}: {outcome.result} ({outcome.ran.cost})"]
    if outcome.too_large:
        said.append(
            f"  more than the {LESSON_LIMIT / 1e9:g} GB that a lesson may take: Binder would end it"
        )
    for claim, before, after in outcome.verdicts:
        said.append(f"  claim {claim:02d}: {before} became {after}")
    said += [f"  {change}" for change in outcome.changes]
    if within := outcome.within:
        count = "1 number" if len(within) == 1 else f"{len(within)} numbers"
        said.append(
            f"  {count} drifted within tolerance, farthest in {within[0].cell}: {within[0]}"
        )
    return said


def slowest(outcomes: Sequence[Outcome]) -> list[str]:
    """The cells of all lessons that took longest, a line each, under a heading."""
    cells = [
        (cell.seconds, f"{o.lesson} {cell.name}: {cell.first_line}")
        for o in outcomes
        if o.ran
        for cell in o.ran.cells
    ]
    cells = sorted(cells, reverse=True)[:SLOWEST]
    return ["Slowest cells:", *(f"  {seconds:6.1f} s  {text}" for seconds, text in cells)]


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Run of the lessons</title>
<style>
body { font-family: sans-serif; line-height: 1.5; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ccc;
         vertical-align: top; }
td.number, th.number { text-align: right; }
td.bar { min-width: 8rem; }
td.bar div { background: #0072b2; height: 0.8rem; }
code { font-size: 0.9em; }
.differs { color: #a32c00; font-weight: bold; }
</style>
</head>
<body>
<main>
<h1>Run of the lessons</h1>
<p>{{ machine }}. {{ "%.0f"|format(total) }} s in all.</p>
<h2>Lessons</h2>
<div class="wide"><table>
<thead><tr><th>lesson</th><th>result</th><th class="number">time (s)</th>
<th class="number">memory (GB)</th></tr></thead>
<tbody>
{% for o in outcomes -%}
<tr><td>{% if o.ran %}<a href="{{ o.lesson }}.html">{{ o.lesson }}</a>{% else %}{{ o.lesson }}
{%- endif %}</td>
<td{% if o.changes or not o.ran %} class="differs"{% endif %}>{{ o.result }}
{%- if o.why %}: {{ o.why }}{% endif %}</td>
<td class="number">{{ "%.0f"|format(o.ran.seconds) if o.ran else "–" }}</td>
<td class="number{% if o.too_large %} differs{% endif %}">
{{- "%.2f"|format(o.ran.peak / 1e9) if o.ran and o.ran.peak else "–" }}</td></tr>
{% endfor -%}
</tbody></table></div>
<h2>Verdicts that changed</h2>
{% for lesson, claim, before, after in verdicts -%}
<p class="differs">Claim {{ "%02d"|format(claim) }} ({{ lesson }}): {{ before }} became
{{ after }}.</p>
{% else -%}
<p>None.</p>
{% endfor -%}
<h2>Outputs that differ</h2>
{% for o in outcomes if o.changes -%}
<h3>{{ o.lesson }}</h3>
<ul>{% for change in o.changes %}<li>{{ change }}</li>{% endfor %}</ul>
{% else -%}
<p>None.</p>
{% endfor -%}
<h2>Numbers that drifted</h2>
{% if drifts -%}
<div class="wide" tabindex="0"><table>
<thead><tr><th>lesson</th><th>cell</th><th class="number">stored</th><th class="number">now</th>
<th class="number">by</th><th class="number">tolerance</th><td></td></tr></thead>
<tbody>
{% for lesson, d in drifts -%}
<tr><td>{{ lesson }}</td><td>{{ d.cell }}</td><td class="number">{{ d.before }}</td>
<td class="number">{{ d.after }}</td><td class="number">{{ "%.3g"|format(d.by) }}</td>
<td class="number">{{ "%g"|format(d.tolerance) }}</td>
<td>{% if d.outside %}<span class="differs">outside</span>{% else %}within{% endif %}</td></tr>
{% endfor -%}
</tbody></table></div>
{% else -%}
<p>None.</p>
{% endif -%}
<h2>Time of each cell</h2>
{% for o in outcomes if o.ran and o.ran.cells -%}
{% set longest = o.ran.cells|map(attribute="seconds")|max -%}
<h3>{{ o.lesson }}</h3>
<div class="wide"><table>
<thead><tr><th>cell</th><th class="number">time (s)</th><td></td><th>begins</th></tr></thead>
<tbody>
{% for cell in o.ran.cells -%}
<tr><td>{{ cell.name }}</td><td class="number">{{ "%.1f"|format(cell.seconds) }}</td>
<td class="bar"><div style="width: {{ "%.0f"|format(100 * cell.seconds / longest) }}%"></div></td>
<td><code>{{ cell.first_line }}</code></td></tr>
{% endfor -%}
</tbody></table></div>
{% endfor -%}
</main>
</body>
</html>
"""


def page(outcomes: Sequence[Outcome]) -> str:
    """The report as one HTML page, which asks no network for anything."""
    from jinja2 import Environment

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("tensorflow", "keras"))
    return (
        Environment(autoescape=True)
        .from_string(_PAGE)
        .render(
            outcomes=outcomes,
            verdicts=[(o.lesson, *verdict) for o in outcomes for verdict in o.verdicts],
            drifts=[(o.lesson, drift) for o in outcomes for drift in o.drifts],
            machine=f"Python {platform.python_version()}, {versions}, {cores()} cores, "
            f"{platform.system()} {platform.machine()}",
            total=sum(outcome.ran.seconds for outcome in outcomes if outcome.ran),
        )
    )
