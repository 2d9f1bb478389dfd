"""The lecture's claims, and the README's table of what became of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_utils.paths import ROOT, notebooks_dir

CLAIMS = {
    1: "LeNet's parts (convolution, pooling, dense) are still those of modern networks, and "
    "suffice for digits",
    2: "ReLU accelerates training",
    3: "Dropout reduces overfitting; it is in-network ensembling",
    4: "Label-preserving augmentation reduces overfitting",
    5: "Stacked 3×3 convolutions replace large ones: same receptive field, fewer parameters",
    6: "Very deep plain networks need stage-wise training, or a better initialization",
    7: "1×1 bottlenecks make Inception's branches affordable",
    8: "Skip connections keep gradients from vanishing, and the block learns a residual",
    9: "DenseNets reuse features: dense concatenation with few parameters",
    10: "U-Net's concatenated skips give better segmentation than summed ones (FCN-8) or none",
    11: "Training on ImageNet from scratch takes days or weeks",
    12: "Pretrained layers find edges, then textures, shapes and parts",
    13: "Pretrained features beat handcrafted ones, and not by architecture alone",
    14: "A new head on a frozen base, then fine-tuning, beats training from scratch on a small set",
}

Status = Literal["supported", "not supported", "mixed"]
_VERDICT = re.compile(r"^Claim (\d\d) · (supported|not supported|mixed) · (.+)$", re.MULTILINE)
_BEGIN, _END = "<!-- claims: made by course run --update -->", "<!-- end of claims -->"


@dataclass(frozen=True)
class Verdict:
    """One line printed by :func:`verdict`."""

    claim: int
    status: str
    finding: str
    lesson: str


def verdict(claim: int, status: Status, finding: str) -> None:
    """Print the one-line verdict on a claim of the lecture.

    The README's table of claims is read from these lines.

    Parameters
    ----------
    claim : int
        Its number in the README's table of claims.
    status : {"supported", "not supported", "mixed"}
        As the numbers decided.
    finding : str
        What was measured, with its figures and their spread.

    Raises
    ------
    ValueError
        On any other status.
    """
    if status not in ("supported", "not supported", "mixed"):
        raise ValueError(f"status {status!r}; use 'supported', 'not supported' or 'mixed'.")
    print(f"Claim {claim:02d} · {status} · {finding}")


def read_verdicts(paths: Iterable[Path]) -> list[Verdict]:
    """Verdicts printed in executed notebooks, in the order of the claims."""
    import nbformat

    verdicts = []
    for path in paths:
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                for number, status, finding in _VERDICT.findall(output.get("text", "")):
                    verdicts.append(Verdict(int(number), status, finding, path.stem))
    return sorted(verdicts, key=lambda verdict: verdict.claim)


def table(verdicts: Iterable[Verdict]) -> str:
    """The verdicts as a Markdown table."""
    lines = ["| # | the lecture says | measured | lesson |", "| ---: | --- | --- | --- |"]
    for v in verdicts:
        lesson = f"[{v.lesson[:2]}](notebooks/{v.lesson}.ipynb)"
        claim = CLAIMS[v.claim]
        lines.append(f"| {v.claim:02d} | {claim} | **{v.status}**: {v.finding} | {lesson} |")
    return "\n".join(lines)


def readme_with_table(readme: str) -> str:
    """The README's text with its table of claims made anew from the stored notebooks.

    Raises
    ------
    ValueError
        If the comments that enclose the table are missing.
    """
    if readme.count(_BEGIN) != 1 or readme.count(_END) != 1:
        raise ValueError(f"README.md must hold the lines {_BEGIN!r} and {_END!r} once each.")
    before, rest = readme.split(_BEGIN)
    _, after = rest.split(_END)
    verdicts = read_verdicts(sorted(notebooks_dir().glob("[0-9]*.ipynb")))
    return f"{before}{_BEGIN}\n{table(verdicts)}\n{_END}{after}"


def update_readme() -> None:
    """Write the table of claims into README.md."""
    path = ROOT / "README.md"
    path.write_text(readme_with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
