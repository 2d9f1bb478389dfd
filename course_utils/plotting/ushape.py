"""Encoder-decoder networks, drawn as the U that U-Net is named after."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes


def plot_u(model, *, ax: Axes | None = None) -> Axes:
    """Draw a network that goes down in size and up again, each size on a level of its own.

    A box is a run of convolutions whose names begin alike (up to the first ``_``); its label says
    side and channels of its last map. Orange arrows are the skips, from each block down
    to the block up on its level.

    Parameters
    ----------
    model : keras.Model
        With the same number of blocks down as up.
    ax : Axes, optional

    Returns
    -------
    Axes

    References
    ----------
    Ronneberger, Fischer & Brox (2015), arXiv:1505.04597, figure 1.
    """
    import matplotlib.pyplot as plt

    blocks = _blocks(model)
    sides = [side for side, _ in blocks.values()]
    bottom = int(np.argmin(sides))
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 5))
    places = {}
    for i, (name, (side, channels)) in enumerate(blocks.items()):
        depth = bottom - abs(i - bottom)
        places[name] = (i, -depth)
        colour = "#0072B2" if i < bottom else "#999999" if i == bottom else "#009E73"
        ax.text(
            i,
            -depth,
            f"{side}×{side}\n{channels} maps",
            ha="center",
            va="center",
            fontsize=11,
            color="white",
            bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "none"},
        )
    names = list(places)
    for one, other in pairwise(names):
        _arrow(ax, places[one], places[other], "black", 22)
    for i in range(bottom):
        _arrow(ax, places[names[i]], places[names[2 * bottom - i]], "#D55E00", 38)
    ax.set(xlim=(-0.7, len(names) - 0.3), ylim=(-bottom - 0.5, 0.5))
    ax.axis("off")
    return ax


def _blocks(model) -> dict[str, tuple[int, int]]:
    """Side and channels of each block's last convolution of over 1×1, in order."""
    return {
        layer.name.split("_")[0]: (layer.output.shape[1], layer.output.shape[-1])
        for layer in model.layers
        if layer.__class__.__name__ == "Conv2D" and max(layer.kernel_size) > 1
    }


def _arrow(ax: Axes, start, end, colour: str, shrink: float) -> None:
    ax.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": shrink, "shrinkB": shrink},
    )
