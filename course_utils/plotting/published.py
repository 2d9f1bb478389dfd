"""Figures of the networks of the literature."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from course_utils import costs
from course_utils.plotting.style import COLOURS, SMALL, WIDE, given_or_new, write_beside
from course_utils.published import Net, Winner


def plot_history(nets: Sequence[Net], *, title: str = "") -> Figure:
    """Depth, parameters, multiply-adds and ImageNet error of networks, oldest on top.

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
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(WIDE, 2.2 + 0.34 * len(nets)))
    for ax, label, values, text in (
        (axes[0], "layers with weights", [net.depth for net in nets], str),
        (axes[1], "parameters", [net.parameters for net in nets], costs.quantity),
        (axes[2], "multiply-adds,\none image", [net.multiply_adds for net in nets], costs.quantity),
        (
            axes[3],
            "ImageNet top-5\nerror, ten crops [%]",
            [net.top5_error for net in nets],
            "{:.1f}".format,
        ),
    ):
        for y, value in enumerate(values):
            if value is None:
                ax.annotate(
                    "not published",
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
            ax.xaxis.set_minor_formatter(NullFormatter())  # they would run into each other
        low, high = ax.get_xlim()  # and room for the numbers beside the last points
        ax.set_xlim(low, high * (high / low) ** 0.45 if ax is not axes[3] else high + 14)
        if ax is not axes[3]:  # the last ticks would touch those of the next figure
            last = ax.get_xlim()[1] / 3
            ax.set_xticks([tick for tick in ax.get_xticks() if low <= tick < last])
    axes[0].set_yticks(range(len(nets)), [f"{net.name}  {net.year}" for net in nets])
    axes[0].set_ylim(len(nets) - 0.5, -0.5)
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def plot_challenge(winners: Sequence[Winner], human: float, *, ax: Axes | None = None) -> Axes:
    """Errors of the winners of ImageNet's challenge by year; those with convolutions in blue.

    Parameters
    ----------
    winners : sequence of Winner
        In the order of their years.
    human : float
        A person's top-5 error in per cent, drawn as a line.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax, (9, 4.2))
    ax.bar(
        [winner.year for winner in winners],
        [winner.top5_error for winner in winners],
        color=[COLOURS["blue" if winner.layers else "grey"] for winner in winners],
        width=0.7,
    )
    for winner in winners:
        layers = f"\n{winner.layers} layers" if winner.layers else ""
        ax.annotate(
            f"{winner.name}{layers}\n{winner.top5_error:g} %",
            (winner.year, winner.top5_error),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            bbox={"color": "white", "pad": 0},  # over the line
        )
    ax.axhline(human, color=COLOURS["black"], ls="--", lw=1, zorder=0)
    ax.annotate(
        f"a person\n{human:g} %",
        (1.01, human),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=SMALL,
    )
    ax.set(ylabel="top-5 error [%]", xticks=[winner.year for winner in winners])
    ax.set_ylim(0, 1.25 * max(winner.top5_error for winner in winners))
    ax.grid(axis="x", visible=False)
    return ax
