"""Tables of numbers that read well in a notebook, on GitHub and in a terminal."""

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A small table: text on the left, numbers right-aligned, units in the header.

    Attributes
    ----------
    header : sequence of str
        One heading a column, with the unit where there is one.
    rows : sequence of sequences
        The cells; ``None`` is shown as a dash.
    formats : sequence of str
        A format specification a column, e.g. ``","`` or ``".1f"``. One that begins with
        ``">"`` right-aligns text.
    total : bool
        Whether the last row is a total, set apart by a line.
    caption : str
    """

    header: Sequence[str]
    rows: Sequence[Sequence]
    formats: Sequence[str]
    total: bool = False
    caption: str = ""

    def __post_init__(self) -> None:
        widths = {len(self.header), len(self.formats), *map(len, self.rows)}
        if len(widths) != 1:
            raise ValueError("Header, formats and rows differ in their number of columns.")

    def __repr__(self) -> str:
        lines = [list(self.header), *self._texts()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        right = self._right_aligned()
        lines = [
            "  ".join(
                text.rjust(width) if to_right else text.ljust(width)
                for text, width, to_right in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines.insert(1, rule)
        if self.total:
            lines.insert(-1, rule)
        return "\n".join(([self.caption] if self.caption else []) + lines)

    def _repr_html_(self) -> str:
        right = self._right_aligned()
        texts = self._texts()
        parts = ["<table>"]
        if self.caption:
            parts.append(f"<caption>{html.escape(self.caption)}</caption>")
        parts.append(f"<thead>{_html_row('th', self.header, right)}</thead><tbody>")
        for i, row in enumerate(texts):
            last = self.total and i == len(texts) - 1
            parts.append(_html_row("th" if last else "td", row, right))
        return "\n".join([*parts, "</tbody></table>"])

    def _texts(self) -> list[list[str]]:
        return [
            [
                "–" if cell is None else format(cell, spec)
                for cell, spec in zip(row, self.formats, strict=True)
            ]
            for row in self.rows
        ]

    def _right_aligned(self) -> list[bool]:
        return [
            spec.startswith(">") or any(isinstance(row[i], (int, float)) for row in self.rows)
            for i, spec in enumerate(self.formats)
        ]


def _html_row(tag: str, texts: Sequence[str], right: Sequence[bool]) -> str:
    cells = []
    for text, to_right in zip(texts, right, strict=True):
        kind = tag if text else "td"  # a heading without words is read out as one
        align = "right" if to_right else "left"
        cells.append(f'<{kind} style="text-align: {align}">{html.escape(text)}</{kind}>')
    return f"<tr>{''.join(cells)}</tr>"
