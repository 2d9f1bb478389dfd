"""Figures of the networks of the literature."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_utils import costs
from course_utils.plotting.style import COLOURS, SMALL, WIDE, write_beside
from course_utils.published import Net


def plot_history(nets: Sequence[Net], *, title: str = "") -> Figure:
    """Depth, parameters, multiply-adds and ImageNet accuracy of networks, oldest on top.

    Parameters
    ----------
    nets : sequence of Net
        In the order of their years.
    title : str
        The figure's message.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(WIDE, 1.8 + 0.34 * len(nets)))
    for ax, label, values, text in (
        (axes[0], "layers with weights", [net.depth for net in nets], str),
        (axes[1], "parameters", [net.parameters for net in nets], costs.quantity),
        (axes[2], "multiply-adds,\none image", [net.multiply_adds for net in nets], costs.quantity),
        (axes[3], "ImageNet top-1,\none crop [%]", [net.top1 for net in nets], "{:.1f}".format),
    ):
        for y, value in enumerate(values):
            if value is None:
                ax.annotate(
                    "not on ImageNet",
                    (0.5, y),
                    xycoords=("axes fraction", "data"),
                    ha="center",
                    va="center",
                    fontsize=SMALL,
                    color=COLOURS["grey"],
                )
                continue
            ax.plot(value, y, "o", color=COLOURS["blue"], ms=9)
            write_beside(ax, text(value), (value, y), 8)
        ax.set_xlabel(label)
        ax.margins(x=0.12)
        if ax is not axes[3]:
            ax.set_xscale("log")
        low, high = ax.get_xlim()  # and room for the numbers beside the last points
        ax.set_xlim(low, high * (high / low) ** 0.45 if ax is not axes[3] else high + 14)
    axes[0].set_yticks(range(len(nets)), [f"{net.name}  {net.year}" for net in nets])
    axes[0].invert_yaxis()
    figure.suptitle(title, x=0.01, ha="left")
    return figure
