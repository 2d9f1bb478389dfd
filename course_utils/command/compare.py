"""Compare the outputs of a lesson with the stored ones: text to the letter, numbers by tolerance.

A cell's tag says how. Without one, what it prints or shows as text must come out the same.
With ``tolerance=0.03`` its numbers may differ by that much. ``nbval-ignore-output`` is for
times, and for what lies on this machine: nothing is compared.

What counts as a number, where a tolerance is given:

- ``12``, ``0.5``, ``1,234``, ``−3`` (hyphen or U+2212), ``nan`` and ``inf``, which equal only
  themselves. In ``5.2 M`` and ``1.2e-05`` it is what stands before the M and the e: a tolerance
  is absolute, so powers of ten (``1e-5``, ``10⁻⁷``) are text. Print a logarithm instead.
- Before ``%`` and ``points`` it counts as hundredths, and so does its interval:
  ``96 % [92, 98]``, ``2.5 [1.1, 3.9] points``.
- What is glued to a word is text: ``VGG16``, ``ResNet-50``, ``conv2d_3``, ``3×3``, ``2.20.0``.

Blanks beside numbers, and the length of rules, do not count: both follow the numbers' width.
"""

import math
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from course_utils.lab import WIDGET

UNCOMPARED = "nbval-ignore-output"


class TagError(ValueError):
    """A cell's tag cannot be understood."""


class Drift(NamedTuple):
    """A number that came out differently, in a cell that states a tolerance.

    Attributes
    ----------
    cell : str
        Such as "cell 12".
    before, after : str
        As written.
    by, tolerance : float
        Size of the change, and what is allowed; of a per cent or points as hundredths.
    """

    cell: str
    before: str
    after: str
    by: float
    tolerance: float

    @property
    def outside(self) -> bool:
        """Whether it drifted by more than its tolerance."""
        # 0.96 − 0.93 is a little more than 0.03; NaN is outside of everything.
        return not self.by <= self.tolerance * (1 + 1e-6)

    def __str__(self) -> str:
        return f"{self.before} became {self.after}, tolerance {self.tolerance:g}"


_NUMBER = re.compile(
    r"""
    (?:(?<![\w.)\]^])[-+−])?                           # a sign, not a hyphen
    (?:
        (?<![\w.^])(?<![^\W\d][-+−])(?<!\^[-−])(?<!\d×)    # glued to nothing before
        (?:\d{1,3}(?:,\d{3})+(?!\d) | \d++)
        (?: \.\d++(?![\d_^⁻]|\.\d)                     # nor, with decimals, to another number
          | \.?+(?![\w.^⁻]|×\d) )                      # nor, without, to a word
      | (?<!\w)(?:nan|inf)(?!\w)
    )
    """,
    re.VERBOSE,
)
_UNIT = r"(?:\s?(?:%|points?\b))?"
_ESTIMATE = re.compile(
    rf"{_NUMBER.pattern}{_UNIT}"
    rf"(?:\s\[{_NUMBER.pattern}{_UNIT},\s{_NUMBER.pattern}{_UNIT}\]{_UNIT})?",
    re.VERBOSE,
)
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def check_tags(notebook) -> None:
    """Refuse malformed tags before minutes of work.

    Raises
    ------
    TagError
        See :func:`tolerance`.
    """
    for name, cell in code_cells(notebook):
        tolerance(_tags(cell), name)


def changes(stored, fresh) -> list[str]:
    """What differs between two runs of a lesson, a line each.

    Cells are matched by their id; between matched ones, by position. Tags are those of the
    fresh notebook.

    Parameters
    ----------
    stored, fresh : nbformat.NotebookNode
        Both with outputs.

    Returns
    -------
    list of str
        Code cells are numbered from 1, as JupyterLab shows beside them.
    """
    found = []
    for before, after in _matched(stored, fresh):
        if before is None:
            found.append(f"{after[0]}: new")
        elif after is None:
            found.append(f"stored {before[0]}: gone")
        else:
            name, cell = after
            found += differences(before[1].outputs, cell.outputs, _tags(cell), name)
    return found


def drifts(stored, fresh) -> list[Drift]:
    """Every number that differs between two runs, within its tolerance or not.

    Parameters
    ----------
    stored, fresh : nbformat.NotebookNode
        As for `changes`. Cells whose other text differs too are left out: which number belongs
        to which cannot be told.
    """
    found = []
    for before, after in _matched(stored, fresh):
        if before is None or after is None or UNCOMPARED in _tags(after[1]):
            continue
        name, cell = after
        allowed = tolerance(_tags(cell), name)
        if allowed is None:
            continue
        old, new = _texts(before[1].outputs), _texts(cell.outputs)
        for kind in old.keys() & new.keys():
            for texts in zip(old[kind], new[kind], strict=False):
                found += _drifts(*texts, allowed, name) or []
    return found


def _matched(stored, fresh) -> list[tuple]:
    """Named code cells of both, side by side; None where one has no partner."""
    old, new = code_cells(stored), code_cells(fresh)
    ids = [[cell.get("id") for _, cell in cells] for cells in (old, new)]
    pairs: list[tuple] = []
    for _, a, b, c, d in SequenceMatcher(None, *ids, autojunk=False).get_opcodes():
        pairs += zip_longest(old[a:b], new[c:d])
    return pairs


def differences(stored, fresh, tags: Sequence[str], name: str) -> list[str]:
    """What differs between the outputs of one code cell.

    Standard error, widgets, and pictures as such, are left out; HTML where plain text stands
    beside it.

    Parameters
    ----------
    stored, fresh : sequence of nbformat.NotebookNode
        Outputs.
    tags : sequence of str
        The cell's.
    name : str
        The cell's, for the texts.

    Returns
    -------
    list of str
        One-line texts, such as ``"cell 12: 0.96 became 0.91, tolerance 0.03"``.

    Raises
    ------
    TagError
        See :func:`tolerance`.
    """
    allowed = tolerance(tags, name)
    if UNCOMPARED in tags:
        return []
    old, new = _texts(stored), _texts(fresh)
    found = []
    for kind in old | new:
        before, after = old.get(kind, []), new.get(kind, [])
        if len(before) != len(after):
            found.append(f"an output is {'missing' if len(before) > len(after) else 'new'}: {kind}")
        else:
            for texts in zip(before, after, strict=True):
                found += _text_differences(*texts, allowed)
    return [f"{name}: {line}" for line in found]


def tolerance(tags: Sequence[str], name: str) -> float | None:
    """By how much the numbers of a cell may differ; None without a tag.

    Parameters
    ----------
    tags : sequence of str
    name : str
        The cell's, for the error.

    Raises
    ------
    TagError
        On a tag that begins with "tolerance" and gives no number of 0 or more.
    """
    for tag in tags:
        if tag.startswith("tolerance"):
            try:
                allowed = float(tag.removeprefix("tolerance="))
            except ValueError:
                allowed = math.nan
            if not 0 <= allowed < math.inf:
                raise TagError(f"{name}: tag {tag!r}; write a number, such as tolerance=0.03.")
            return allowed
    return None


def code_cells(notebook) -> list[tuple[str, object]]:
    """The code cells of a notebook, named by their number from 1, as JupyterLab shows it."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [(f"cell {number}", cell) for number, cell in enumerate(code, start=1)]


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _texts(outputs) -> dict[str, list[str]]:
    """What is compared, by kind: everything printed as one text, however it came in pieces."""
    texts: dict[str, list[str]] = {}
    printed = [o.text for o in outputs if o.output_type == "stream" and o.name == "stdout"]
    if printed:
        texts["printed text"] = ["".join(printed)]
    for output in outputs:
        if output.output_type == "error":
            texts.setdefault("error", []).append(f"{output.ename}: {output.evalue}")
        elif "data" in output:
            text = output.data.get("text/plain", output.data.get("text/html", ""))
            shown = output.data.keys() - {WIDGET}  # which is never stored
            if not shown:
                continue
            kinds = {re.sub(r"^image/.*", "picture", mime) for mime in shown}
            texts.setdefault(", ".join(sorted(kinds)), []).append(text)
    return texts


def _text_differences(old: str, new: str, allowed: float | None) -> list[str]:
    old, new = (_ADDRESS.sub("ADDRESS", text) for text in (old, new))
    if old == new:
        return []
    if allowed is not None:
        found = _drifts(old, new, allowed, "")
        if found is not None:
            return [str(drift) for drift in found if drift.outside]
        old, new = (_take_apart(text)[0].replace("\0", " # ") for text in (old, new))
    apart = (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    at = max(0, next(apart, min(len(old), len(new))) - 30)
    return [f"text changed: {old[at : at + 80]!r} became {new[at : at + 80]!r}"]


def _drifts(old: str, new: str, allowed: float, name: str) -> list[Drift] | None:
    """The numbers that differ; None if the text around them does."""
    (old_frame, before), (new_frame, after) = _take_apart(old), _take_apart(new)
    if old_frame != new_frame:
        return None
    return [
        Drift(name, a, b, 0.0 if x == y else abs(x - y), allowed)
        for (a, x), (b, y) in zip(before, after, strict=True)
        if a != b
    ]


def _take_apart(text: str) -> tuple[str, list[tuple[str, float]]]:
    """A text without its numbers, and each of these as written and as a value."""
    numbers = []

    def take(match) -> str:
        unit = "%" if "%" in match[0] else " points" if "point" in match[0] else ""
        for written in _NUMBER.findall(match[0]):
            value = float(written.replace(",", "").replace("−", "-"))
            numbers.append((written.rstrip(".") + unit, value / 100 if unit else value))
        return _NUMBER.sub("\0", match[0])

    frame = _ESTIMATE.sub(take, text)
    frame = re.sub(r"[ \t]*\0[ \t]*", "\0", frame)
    return re.sub(r"[ \t]+", " ", re.sub(r"-{3,}", "---", frame)), numbers
