"""Figures of what the units of a network answer to."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.plotting.images import plot_image
from course_utils.plotting.style import SMALL, WIDE, as_written


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

    Returns
    -------
    Figure
    """
    some_layer = next(iter(layers.values()))
    rows, columns = len(some_layer), len(some_layer[0])
    side = min(4.2, WIDE / len(layers))
    figure = plt.figure(figsize=(side * len(layers), side * rows / columns + 0.8))
    figure.suptitle(title, x=0.01, ha="left")
    parts = figure.subfigures(1, len(layers), wspace=0.04)
    for part, (label, units) in zip(np.atleast_1d(parts), layers.items(), strict=True):
        part.suptitle(as_written(label), fontsize=SMALL, fontweight="normal")
        axes = part.subplots(rows, columns, squeeze=False)
        for row, patches in zip(axes, units, strict=True):
            for ax, patch in zip(row, patches, strict=True):
                plot_image(patch, ax=ax)
    return figure
