"""Figures of trials that were repeated over seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.experiments import Search
from course_utils.plotting.style import METHOD_COLOURS, as_written, given_or_new


def plot_curves(
    x: Sequence[float],
    curves: Mapping[str, np.ndarray],
    *,
    colours: Mapping[str, str] = METHOD_COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Mean over the seeds as a line, from the least to the greatest seed as a band.

    Parameters
    ----------
    x : sequence of float, length ``steps``
        The same for all curves.
    curves : mapping of label to ndarray of shape ``(seeds, steps)``
        NaN ends or interrupts a curve.
    colours : mapping of label to matplotlib colour
        Those that are not in it follow the colour cycle.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax)
    for label, values in curves.items():
        values = np.atleast_2d(values)
        (line,) = ax.plot(x, values.mean(axis=0), color=colours.get(label))
        line.set_label(as_written(label))
        ax.fill_between(
            x, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, lw=0
        )
    ax.legend()
    return ax


def plot_search(
    searches: Mapping[str, Search],
    *,
    colours: Mapping[str, str] = METHOD_COLOURS,
    ax: Axes | None = None,
) -> Axes:
    """Loss at each learning rate tried: mean over the seeds, and their range as a band.

    Parameters
    ----------
    searches : mapping of label to experiments.Search
        Infinite losses interrupt a curve.
    colours : mapping of label to matplotlib colour
        Those that are not in it follow the colour cycle.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax)
    for label, found in searches.items():
        losses = np.where(np.isfinite(found.losses), found.losses, np.nan)
        plot_curves(found.values, {label: losses}, colours=colours, ax=ax)
        ax.lines[-1].set_marker("o")
    ax.legend()  # with the markers
    tried = sorted({value for found in searches.values() for value in found.values})
    ax.set(xscale="log", xlabel="learning rate")
    ax.minorticks_off()
    ax.set_xticks(tried, [f"{value:g}" for value in tried])
    return ax
