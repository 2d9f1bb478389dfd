"""Figures of repeated trials: curves with their spread, estimates with their intervals."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.intervals import Estimate


def plot_curves(
    x: Sequence[float],
    curves: Mapping[str, np.ndarray],
    *,
    colours: Mapping[str, str] | None = None,
    styles: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Mean over the seeds as a line, from the least to the greatest seed as a band.

    Parameters
    ----------
    x : sequence of float, length ``steps``
        The same for all curves.
    curves : mapping of label to ndarray of shape ``(seeds, steps)``
        NaN ends or interrupts a curve.
    colours, styles : mapping of label to matplotlib colour or line style
        Those that are not given follow the colour cycle and are solid.
    ax : Axes
    """
    ax = ax or plt.figure().add_subplot()
    for label, values in curves.items():
        values = np.atleast_2d(values)
        (line,) = ax.plot(
            x,
            values.mean(axis=0),
            label=label,
            color=(colours or {}).get(label),
            linestyle=(styles or {}).get(label, "-"),
        )
        ax.fill_between(
            x, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, lw=0
        )
    ax.legend()
    return ax


def plot_estimates(
    estimates: Mapping[str, Estimate],
    *,
    colours: Mapping[str, str] | None = None,
    spec: str = ".2f",
    ax: Axes | None = None,
) -> Axes:
    """Means as points with their 95 % intervals, one line for each, first on top.

    Parameters
    ----------
    estimates : mapping of label to Estimate
    colours : mapping of label to matplotlib colour
    spec : str
        Format of the mean that is written above its point.
    ax : Axes
    """
    ax = ax or plt.figure(figsize=(8, 0.8 + 0.6 * len(estimates))).add_subplot()
    labels = list(estimates)
    for i, (label, estimate) in enumerate(estimates.items()):
        colour = (colours or {}).get(label, f"C{i}")
        ax.plot([estimate.low, estimate.high], [i, i], color=colour, lw=3, solid_capstyle="butt")
        ax.plot(estimate.mean, i, "o", color=colour, ms=9)
        ax.annotate(
            format(estimate.mean, spec),
            (estimate.mean, i),
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=11,
        )
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.7)
    ax.grid(axis="y", visible=False)
    return ax


def plot_estimates_along(
    x: Sequence[float] | Sequence[str],
    estimates: Mapping[str, Sequence[Estimate]],
    *,
    colours: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Estimates along an axis, one line each, with their 95 % intervals as bars.

    Parameters
    ----------
    x : sequence of float or str, length ``steps``
        The same for all lines.
    estimates : mapping of label to sequence of Estimate, length ``steps``
    colours : mapping of label to matplotlib colour
    ax : Axes
    """
    ax = ax or plt.figure().add_subplot()
    for label, values in estimates.items():
        mean = np.array([value.mean for value in values])
        low, high = np.array([(value.low, value.high) for value in values]).T
        reach = np.clip([mean - low, high - mean], 0, None)  # rounding may leave -1e-17
        ax.errorbar(
            x,
            mean,
            reach,
            fmt="o-",
            capsize=4,
            ms=8,
            label=label,
            color=(colours or {}).get(label),
        )
    ax.legend()
    return ax
