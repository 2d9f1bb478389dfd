"""The lecture's claims, the rule that decides each, and the README's table of what became of them.

A rule is to be written before its experiment runs, and not changed after it.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.intervals import Estimate
from course_utils.paths import notebooks_dir


@dataclass(frozen=True)
class Claim:
    """A claim of the lecture, with the rule that decides it.

    Attributes
    ----------
    words : str
        The lecture's.
    outcomes : mapping of str to str
        What is measured: each outcome's name, and what it means in numbers.
    derivations : mapping of str to str
        What is arithmetic, likewise. It holds, or there is a mistake in it.
    reason : str
        Why this rule.
    """

    words: str
    reason: str
    outcomes: Mapping[str, str] = field(default_factory=dict)
    derivations: Mapping[str, str] = field(default_factory=dict)

    @property
    def rule(self) -> Mapping[str, str]:
        """Derivations and outcomes together."""
        return {**self.derivations, **self.outcomes}


# "More", "less", "over" and "under" mean beyond the 95 % interval, unless another measure is named.
CLAIMS = {
    1: Claim(
        "LeNet's parts (convolution, pooling, dense) are still those of modern networks, and "
        "suffice for digits",
        derivations={
            "same_parts": "convolutions, pooling and dense layers are all in ConvNeXt-T (2022)"
        },
        outcomes={
            "reads_digits": "LeNet-5 reads over 90 % of unseen digits",
            "beats_dense": "of digits moved at random it reads more than a dense net with as many "
            "parameters",
            "beats_logistic": "more than logistic regression",
            "beats_nearest": "and more than the nearest neighbour; all trained on the same digits",
        },
        reason="Centred digits are read without convolutions too, so the rivals meet where a "
        "convolution should help: what is looked for may lie anywhere.",
    ),
    2: Claim(
        "ReLU accelerates training",
        outcomes={
            "sooner_than_sigmoid": "a net of four layers with sigmoid needs more epochs to 5 % "
            "training error than with ReLU",
            "sooner_than_tanh": "with tanh it needs more; each at its own best learning rate, "
            "which is not at the edge of those tried, over 10 starts",
        },
        reason="Krizhevsky et al. (2012) chose a rate for each; at one rate for all, the rate "
        "would decide.",
    ),
    3: Claim(
        "Dropout reduces overfitting; it is in-network ensembling",
        outcomes={
            "raises_accuracy": "trained on few digits, each at its own best rate until its "
            "validation loss stops falling, a net with dropout reads more test digits than one "
            "without",
            "better_together": "30 thinned networks, one mask each, together read more than one "
            "of them",
            "stands_for_them": "the whole network answers as they do on over 95 % of test digits",
        },
        reason="Overfitting harms on new images; a gap to the training loss is narrow also where "
        "nothing is learned. An ensemble is better than its members, and one pass stands for it "
        "only if both answer alike.",
    ),
    4: Claim(
        "Label-preserving augmentation reduces overfitting",
        outcomes={
            "shifts_help": "trained on few digits, each at its own best rate until its validation "
            "loss stops falling, a net that is shown them shifted reads more test digits",
            "flips_harm": "one that is shown them flipped, which changes labels, reads fewer",
        },
        reason="The condition is part of the claim, so a change that breaks it is its control.",
    ),
    5: Claim(
        "Stacked 3×3 convolutions replace large ones: same receptive field, fewer parameters",
        derivations={
            "same_field": "two 3×3 see as far as one 5×5, three as one 7×7",
            "cheaper": "with fewer parameters and multiply-adds at equal channels",
        },
        outcomes={
            "pair_keeps_up": "at equal parameters (within 1 %), each at its own best rate, a net "
            "with pairs of 3×3 reads at most 1 point fewer test digits than one with single 5×5: "
            "the whole interval of the difference is above −1 point",
        },
        reason="Field and cost follow from the shapes of the kernels; that one may stand for the "
        "other does not.",
    ),
    6: Claim(
        "Very deep plain networks need stage-wise training, or a better initialization",
        outcomes={
            "small_start_stalls": "16 layers, narrow, with each layer's gain as in VGG-16, started "
            "from N(0, 0.01²), read under 20 % of their own training digits",
            "large_start_stalls": "so they do from N(0, 0.1²)",
            "stages_learn": "11, then 13, then 16 layers from N(0, 0.01²) read over 80 %",
            "better_start_learns": "so do 16 layers at once from Glorot's start or from He's; in "
            "all starts each, each at its own best rate, with the same number of steps",
        },
        reason="Both remedies are claimed, and that there is something to remedy. The paper says "
        '"variance 10⁻²", which is often read as a deviation of 10⁻²: both are tried.',
    ),
    7: Claim(
        "1×1 bottlenecks make Inception's branches affordable",
        derivations={
            "each_saves": "each module of GoogLeNet needs more multiply-adds without bottlenecks",
            "half_the_work": "the nine together over twice as many",
        },
        outcomes={
            "at_least_as_accurate": "at equal multiply-adds (within 1 %) a small net whose module "
            "has bottlenecks reads unseen digits no worse than one without: the interval of the "
            "difference lies above −1 point",
        },
        reason="The costs follow from the shapes; affordable is taken as half the price. Whether "
        "the saving costs accuracy does not follow from them; less than a point would not matter.",
    ),
    8: Claim(
        "Skip connections keep gradients from vanishing, and the block learns a residual",
        outcomes={
            "plain_gradient_vanishes": "from 8 to 32 layers without batch norm (Glorot's start) "
            "the first layer's gradient falls by over 3 powers of ten in plain nets",
            "residual_gradient_stays": "and falls by under 1 in residual ones",
            "plain_depth_trains_worse": "with batch norm, each net at its own best rate and "
            "trained until its training loss falls no more, 32 plain layers end at over 0.05 more "
            "training loss than 8",
            "residual_depth_does_not": "32 residual layers end at under 0.05 more than 8",
            "left_out_block_hurts_less": "leaving one block out of a trained net of 16 layers "
            "costs a residual net fewer points of test accuracy than a plain one",
            "residual_is_small": "after training ‖F(x)‖ / ‖x‖ in the residual net is under 1 on "
            "average, and under ‖H(x) − x‖ / ‖x‖ in the plain one",
        },
        reason="A gradient is wanted for training, so training is tested too, where neither rate "
        "nor patience is short; a block that adds a small correction can be missed, one that "
        "makes all anew cannot.",
    ),
    9: Claim(
        "DenseNets reuse features: dense concatenation with few parameters",
        outcomes={
            "far_features_help": "at equal parameters (within 1 %) a dense net reads more unseen "
            "digits than one trained so that each layer sees the last two only",
            "old_features_used": "cut from the older half of what its layers see, a trained dense "
            "net loses over half as many points as when cut from the newer half",
            "as_good_as_residual": "at equal parameters it reads no fewer digits than a residual "
            "net: the interval of the difference lies above −1 point",
            "as_good_as_plain": "and than a plain one, likewise",
        },
        reason="Any cut hurts, so a reuse of old features shows only against two controls: a net "
        "that never had them, and a cut of the newest. Thrift is accuracy at equal parameters.",
    ),
    10: Claim(
        "U-Net's concatenated skips give better segmentation than summed ones (FCN-8) or none",
        outcomes={
            "beats_sum": "IoU of the test masks, paired by image and clustered by object: "
            "concatenation − the same net with summed feature maps above 0",
            "beats_fcn8": "concatenation − summed class scores, as FCN-8 sums them, above 0",
            "beats_none": "concatenation − no skips above 0",
        },
        reason="U-Net changes two things at once, so each has a rival: the sum alone, and the "
        "narrow sum of scores. Parameters within 1 %, each at its own best rate, until validation "
        "stops improving. Two ways are equal only if the interval lies within ±0.02.",
    ),
    11: Claim(
        "Training on ImageNet from scratch takes days or weeks",
        derivations={
            "cards_take_days": "VGG-16's 74 epochs, three multiply-adds for each one forward, need "
            "over a day on the authors' four cards at their peak",
            "bound_holds": "and less there than the 14 to 21 days that they report",
        },
        outcomes={
            "machine_takes_days": "at the speed of the training steps measured here, of VGG-16's "
            "convolutions alone, this machine needs over a day"
        },
        reason="No card reaches its peak, and the dense layers come on top: both are lower bounds. "
        "The reader's own machine is what counts; one that needs under a day refutes the words.",
    ),
    12: Claim(
        "Pretrained layers find edges, then textures, shapes and parts",
        outcomes={
            "finds_edges": "units of block 1 are more selective for a grating's orientation than "
            "with random weights",
            "finds_colours": "and for its colour",
            "finds_textures": "of how block 3 tells images apart, more outlives the shuffling of "
            "16-pixel patches, less what outlives that of single pixels, than with random weights",
            "finds_parts": "the strongest places of block 5 lie more on the object, less on that "
            "of another image, than with random weights",
            "grows_with_depth": "a linear probe gains from block 1 to 3 and from 3 to 5, and from "
            "1 to 5 more than with random weights",
        },
        reason="A random network answers to bars too, keeps its answers when patches are shuffled "
        "(they follow the colours) and prefers some places; so it is the control throughout, and "
        "what colours or the place alone would give is taken off. Shapes have no measure here.",
    ),
    13: Claim(
        "Pretrained features beat handcrafted ones, and not by architecture alone",
        outcomes={
            "beats_hog": "ImageNet features are right on more new objects than HOG with colours",
            "beats_sift": "than Fisher vectors of SIFT",
            "beats_random_weights": "and than the same network with random weights; differences "
            "on the same images, clustered by object",
        },
        reason="The same kind of head for all, tuned on training images. The image set was "
        "accepted by limits on these test images (ImageNet at least 95 %, HOG at most 75 %, random "
        "weights at most 45 %): the order and leads of 20 and 50 points were built in.",
    ),
    14: Claim(
        "A new head on a frozen base, then fine-tuning, beats training from scratch on a small set",
        outcomes={
            "fine_tuning_adds": "VGG16 at 224 pixels is right on more test images with block 5 "
            "trained too than with a new head alone",
            "beats_scratch": "a new head on EfficientNet-Lite0 is right on more than the same "
            "network from random weights at the same resolution; mean over seeds, paired over "
            "images and clustered by object, rates and steps chosen on validation images",
        },
        reason="The claim is two steps, and each is compared with what differs in this step alone: "
        "the same network, pixels and images. Untuned rates and too few steps would decide else.",
    ),
}

NOT_TOLD_APART = "not told apart"
_VERDICT = re.compile(
    r"^Claim (\d\d) · (supported|not supported|not told apart|mixed|derivation) · "
    r"(.+(?:\n {4}.+)*)((?:\n {2}\S.+)*)$",
    re.MULTILINE,
)
_BEGIN, _END = "<!-- claims: made by course run --update -->", "<!-- end of claims -->"


@dataclass(frozen=True)
class Verdict:
    """One line printed by :func:`verdict`."""

    claim: int
    status: str
    finding: str
    lesson: str


def above(estimate: Estimate, limit: float = 0) -> bool | None:
    """Whether a number is above a limit, as its 95 % interval tells.

    Parameters
    ----------
    estimate : intervals.Estimate
    limit : float
        0 for "more"; −1 for "at most 1 less".

    Returns
    -------
    bool or None
        True where the whole interval is above the limit, False where it is below; None where it
        spans the limit, so that the two are not told apart.
    """
    if estimate.low > limit:
        return True
    return False if estimate.high < limit else None


def verdict(claim: int, finding: str, **outcomes: bool | None) -> None:
    """Print the verdict on a claim of the lecture, and what became of each part of its rule.

    It is "supported" when all measured outcomes hold, "mixed" when some do, else "not supported",
    or "not told apart" where none is refuted; "derivation" where nothing is measured. Below it
    stands the rule, a line for each part. The README's table of claims is read from these lines.

    Parameters
    ----------
    claim : int
        Its number in ``CLAIMS``.
    finding : str
        What was measured, with its figures and their spread. What follows a semicolon is
        printed on a line of its own.
    **outcomes : bool or None
        Whether each part of the claim's rule holds, by its name; None where that is not told
        apart (see :func:`above`).

    Raises
    ------
    ValueError
        If there is no such claim, the outcomes are not those of its rule, or a derivation does
        not hold.
    TypeError
        If an outcome is neither true nor false nor None.
    """
    if claim not in CLAIMS:
        raise ValueError(f"No claim {claim}; there are {min(CLAIMS)} to {max(CLAIMS)}.")
    about = CLAIMS[claim]
    if outcomes.keys() != about.rule.keys():
        wanted, got = (", ".join(sorted(names)) or "none" for names in (about.rule, outcomes))
        raise ValueError(f"Claim {claim:02d}: the rule names {wanted}; the lesson gives {got}.")
    for name, holds in outcomes.items():
        if not (holds is None or isinstance(holds, (bool, np.bool_))):
            raise TypeError(f"Claim {claim:02d}: {name} is {holds!r}; give True, False or None.")
        if name in about.derivations and not holds:
            raise ValueError(f"Claim {claim:02d}: not so: {about.derivations[name]}.")
    status = _status([outcomes[name] for name in about.outcomes])
    finding = finding.replace("; ", ";\n    ")
    print(f"Claim {claim:02d} · {status} · {finding}")
    for name, part in about.rule.items():
        print(f"  {_became(name in about.derivations, outcomes[name])}: {part}")


def _became(derived: bool, holds: bool | None) -> str:
    if holds is None:
        return NOT_TOLD_APART
    return "by derivation" if derived else "so" if holds else "not so"


def _status(measured: list[bool | None]) -> str:
    if not measured:
        return "derivation"
    if all(measured):
        return "supported"
    if any(measured):
        return "mixed"
    return NOT_TOLD_APART if all(holds is None for holds in measured) else "not supported"


def read_verdicts(paths: Iterable[Path]) -> list[Verdict]:
    """Verdicts printed in executed notebooks, in the order of the claims."""
    import nbformat

    read = (verdicts_of(nbformat.read(path, as_version=4), path.stem) for path in paths)
    return sorted(itertools.chain(*read), key=lambda verdict: verdict.claim)


def verdicts_of(notebook, lesson: str) -> list[Verdict]:
    """Verdicts printed in one executed notebook, in its order."""
    verdicts = []
    for cell in notebook.cells:
        # A line may be stored in pieces.
        printed = "".join(output.get("text", "") for output in cell.get("outputs", []))
        for number, status, finding, rule in _VERDICT.findall(printed):
            parts = [finding.replace("\n   ", "")]
            parts += re.findall(rf"^  ((?:not so|{NOT_TOLD_APART}): .+)$", rule, re.MULTILINE)
            verdicts.append(Verdict(int(number), status, "; ".join(parts), lesson))
    return verdicts


def table(verdicts: Iterable[Verdict]) -> str:
    """The verdicts as a Markdown table."""
    lines = [
        "| # | the lecture says | rule | measured | lesson |",
        "| ---: | --- | --- | --- | --- |",
    ]
    for v in verdicts:
        lesson = f"[{v.lesson[:2]}](notebooks/{v.lesson}.ipynb)"
        words, rule = CLAIMS[v.claim].words, "; ".join(CLAIMS[v.claim].rule.values())
        measured = f"**{v.status}**: {v.finding}"
        lines.append(f"| {v.claim:02d} | {words} | {rule} | {measured} | {lesson} |")
    return "\n".join(lines)


def readme_with_table(readme: str, fresh: Mapping[Path, Any] | None = None) -> str:
    """The README's text with its table of claims made anew from the notebooks.

    Parameters
    ----------
    readme : str
    fresh : mapping of path to nbformat.NotebookNode, optional
        What is about to be stored, and counts in place of what is.

    Raises
    ------
    ValueError
        If the comments that enclose the table are missing.
    """
    if readme.count(_BEGIN) != 1 or readme.count(_END) != 1:
        raise ValueError(f"README.md must hold the lines {_BEGIN!r} and {_END!r} once each.")
    before, rest = readme.split(_BEGIN)
    _, after = rest.split(_END)
    fresh = fresh or {}
    stored = [path for path in sorted(notebooks_dir().glob("[0-9]*.ipynb")) if path not in fresh]
    verdicts = read_verdicts(stored)
    for path, notebook in fresh.items():
        verdicts += verdicts_of(notebook, path.stem)
    verdicts.sort(key=lambda verdict: verdict.claim)
    return f"{before}{_BEGIN}\n{table(verdicts)}\n{_END}{after}"
