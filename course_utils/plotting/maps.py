"""Figures of numbers that may be negative: kernels and feature maps."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from course_utils.plotting.images import plot_images
from course_utils.plotting.style import COLOURS, SMALL

# So many numbers can be read in one square, if no more than so many squares stand side by side.
_FEW, _LARGE = 100, 4


def plot_maps(
    maps: Sequence[np.ndarray],
    titles: Sequence[str],
    *,
    columns: int = 5,
    title: str = "",
) -> Figure:
    """Show arrays as squares: red where positive, blue where negative, white at zero.

    Each array has its own scale. In up to four columns the numbers are written into arrays
    of at most 100.

    Parameters
    ----------
    maps : sequence of ndarray, each of shape (height, width)
    titles : sequence of str
        One for each.
    columns : int
    title : str
        The figure's message.

    Returns
    -------
    Figure
    """
    fig = plot_images(maps, titles, columns=columns, title=title)
    for ax, values in zip(fig.axes, maps, strict=False):  # axes left over stay empty
        (picture,) = ax.images
        largest = np.abs(values).max() or 1
        picture.set(cmap="RdBu_r", clim=(-largest, largest))
        if values.size <= _FEW and columns <= _LARGE:
            _write_numbers(ax, values, largest)
    return fig


def _write_numbers(ax, values: np.ndarray, largest: float) -> None:
    rows, columns = values.shape
    between = {"color": COLOURS["grey"], "lw": 0.8}  # equal neighbours would run into each other
    ax.vlines(np.arange(columns - 1) + 0.5, -0.5, rows - 0.5, **between)
    ax.hlines(np.arange(rows - 1) + 0.5, -0.5, columns - 0.5, **between)
    for (row, column), value in np.ndenumerate(values):
        ax.text(
            column,
            row,
            f"{round(float(value), 1) + 0.0:g}",  # without a negative zero
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if abs(value) > 0.6 * largest else "black",
        )
