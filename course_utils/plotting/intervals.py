"""Figures of numbers with their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.intervals import Estimate
from course_utils.plotting.style import METHOD_COLOURS, SMALL, as_written, given_or_new


def plot_estimates(
    estimates: Mapping[str, Estimate],
    *,
    colours: Mapping[str, str] = METHOD_COLOURS,
    spec: str = ".2f",
    ax: Axes | None = None,
) -> Axes:
    """Means as points with their 95 % intervals, one line for each, first on top.

    Parameters
    ----------
    estimates : mapping of label to Estimate
    colours : mapping of label to matplotlib colour
        Those that are not in it follow the colour cycle.
    spec : str
        Format of the mean that is written above its point.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax, (8, 0.8 + 0.6 * len(estimates)))
    labels = list(estimates)
    for i, (label, estimate) in enumerate(estimates.items()):
        colour = colours.get(label, f"C{i}")
        ax.plot([estimate.low, estimate.high], [i, i], color=colour, lw=3, solid_capstyle="butt")
        ax.plot(estimate.mean, i, "o", color=colour, ms=9)
        ax.annotate(
            format(estimate.mean, spec),
            (estimate.mean, i),
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
    ax.set_yticks(range(len(labels)), map(as_written, labels))
    ax.set_ylim(len(labels) - 0.5, -0.7)
    ax.grid(axis="y", visible=False)
    return ax


def plot_estimates_along(
    x: Sequence[float] | Sequence[str],
    estimates: Mapping[str, Sequence[Estimate]],
    *,
    colours: Mapping[str, str] = METHOD_COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Estimates along an axis, with their 95 % intervals as bars.

    Parameters
    ----------
    x : sequence of float or str, length ``steps``
        The same for all. Between numbers each method's estimates are joined by a line. Text names
        categories, which have nothing in between: methods stand side by side at each.
    estimates : mapping of label to sequence of Estimate, length ``steps``
    colours : mapping of label to matplotlib colour
        Those that are not in it follow the colour cycle.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax)
    categories = isinstance(x[0], str)
    places = np.arange(len(x)) if categories else np.asarray(x)
    beside = 0.15 * (np.arange(len(estimates)) - (len(estimates) - 1) / 2) * categories
    for shift, (label, values) in zip(beside, estimates.items(), strict=True):
        mean = np.array([value.mean for value in values])
        low, high = np.array([(value.low, value.high) for value in values]).T
        reach = np.clip([mean - low, high - mean], 0, None)  # rounding may leave -1e-17
        ax.errorbar(
            places + shift,
            mean,
            reach,
            fmt="o" if categories else "o-",
            capsize=4,
            ms=8,
            label=as_written(label),
            color=colours.get(label),
        )
    if categories:
        ax.set_xticks(places, map(as_written, x))
        ax.set_xlim(-0.5, len(x) - 0.5)
    ax.legend()
    return ax
