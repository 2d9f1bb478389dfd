"""Figures of what the blocks of a network cost."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_utils import costs
from course_utils.plotting.style import COLOURS, WIDE, write_beside


def plot_costs(model_or_rows, *, title: str = "") -> Figure:
    """Parameters and multiply-adds of each block, as bars side by side.

    Parameters
    ----------
    model_or_rows : keras.Model or list of Cost
        A list is drawn as it is, one bar each.
    title : str
        The figure's message.

    Returns
    -------
    Figure
    """
    is_list = isinstance(model_or_rows, Sequence)
    rows = list(model_or_rows) if is_list else costs.blocks(model_or_rows)
    rows = [row for row in rows if row.parameters or row.multiply_adds]
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(WIDE, 1.2 + 0.36 * len(rows)))
    for ax, quantity, values, colour in (
        (axes[0], "parameters", [row.parameters for row in rows], COLOURS["vermilion"]),
        (axes[1], "multiply-adds", [row.multiply_adds for row in rows], COLOURS["blue"]),
    ):
        total = sum(values)
        ax.barh([row.name for row in rows], [100 * value / total for value in values], color=colour)
        for y, value in enumerate(values):
            write_beside(ax, costs.quantity(value), (100 * value / total, y), 4)
        ax.set(xlabel=f"share of {costs.quantity(total)} {quantity} [%]", xmargin=0.15)
        ax.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    figure.suptitle(title, x=0.01, ha="left")
    return figure
