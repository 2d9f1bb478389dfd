"""Figures of a network's confidence."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.calibration import ConfidenceBin
from course_utils.plotting.style import COLOURS, SMALL, given_or_new


def plot_reliability(
    bins: Sequence[ConfidenceBin], *, title: str = "", ax: Axes | None = None
) -> Axes:
    """Accuracy against confidence, with intervals and the number of answers in each bin.

    Parameters
    ----------
    bins : sequence of ConfidenceBin
        As ``calibration.reliability`` returns them.
    title : str
        The figure's message.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax, (6, 5))
    ax.plot([0, 1], [0, 1], "--", color=COLOURS["grey"], label="confidence = accuracy")
    x = [bin_.confidence for bin_ in bins]
    y = [bin_.accuracy.mean for bin_ in bins]
    reach = [
        (bin_.accuracy.mean - bin_.accuracy.low, bin_.accuracy.high - bin_.accuracy.mean)
        for bin_ in bins
    ]
    ax.errorbar(
        x,
        y,
        np.array(reach).T.clip(0),
        fmt="o-",
        color=COLOURS["blue"],
        ms=8,
        capsize=4,
        label="test images, with 95 % interval",
    )
    for bin_ in bins:
        ax.annotate(
            f"n={bin_.accuracy.n}",
            (bin_.confidence, bin_.accuracy.low),
            (0, -6),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    ax.set(
        xlim=(0, 1.03),
        ylim=(-0.08, 1.06),
        xlabel="confidence of the answer",
        title=title,
        ylabel="share of right answers",
    )
    ax.legend(loc="upper left")
    return ax
