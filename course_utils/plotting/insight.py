"""Figures of what a network sees: patches that excite its units, heat maps, its confidence."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.calibration import ConfidenceBin
from course_utils.plotting.images import plot_image, plot_images
from course_utils.plotting.style import COLOURS


def plot_patches(
    layers: Mapping[str, Sequence[Sequence[np.ndarray]]], *, title: str = ""
) -> Figure:
    """Patches that excite units, a row each unit, the layers side by side.

    Parameters
    ----------
    layers : mapping of label to patches
        For each layer its units, for each unit its patches (uint8 RGB), strongest first.
        All layers with as many units, all units with as many patches.
    title : str
        The figure's message.
    """
    some_layer = next(iter(layers.values()))
    rows, columns = len(some_layer), len(some_layer[0])
    figure = plt.figure(figsize=(4.2 * len(layers), 4.2 * rows / columns + 0.8))
    figure.suptitle(title, x=0.01, ha="left")
    parts = figure.subfigures(1, len(layers), wspace=0.04)
    for part, (label, units) in zip(np.atleast_1d(parts), layers.items(), strict=True):
        part.suptitle(label, fontsize=12, fontweight="normal")
        axes = part.subplots(rows, columns, squeeze=False)
        for row, patches in zip(axes, units, strict=True):
            for ax, patch in zip(row, patches, strict=True):
                plot_image(patch, ax=ax)
    return figure


def plot_heat(
    images: np.ndarray,
    heat: np.ndarray,
    titles: Sequence[str],
    *,
    masks: np.ndarray | None = None,
    columns: int = 5,
    title: str = "",
) -> Figure:
    """Heat maps over their images: bright where the heat is, dark where there is none.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    heat : ndarray of float, shape (n, height, width)
        Not negative; each map is scaled to its own largest value.
    titles : sequence of str
        One for each image.
    masks : ndarray of 0 and 1, shape (n, height, width), optional
        Outlined.
    columns : int
    title : str
        The figure's message.
    """
    figure = plot_images(list(images), titles, columns=columns, title=title)
    for i, ax in zip(range(len(images)), figure.axes, strict=False):
        strongest = heat[i].max() or 1  # a map may be all zero
        ax.imshow(heat[i] / strongest, cmap="inferno", vmin=0, vmax=1, alpha=0.6)
        if masks is not None:
            ax.contour(masks[i], levels=[0.5], colors="white", linewidths=1.2)
    return figure


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
    """
    ax = ax or plt.figure(figsize=(6, 5)).add_subplot()
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
            fontsize=10,
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
