"""Figures of masks."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_utils.plotting.images import name_row, plot_image
from course_utils.plotting.style import COLOURS, HIGH, WIDE

_MISSED, _FALSE = COLOURS["vermilion"], COLOURS["sky"]


def plot_masks(
    images: np.ndarray,
    truth: np.ndarray,
    predicted: Mapping[str, np.ndarray] | None = None,
    *,
    title: str = "",
) -> Figure:
    """One column an image: the image, its true mask, and predicted masks with their errors.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    truth : ndarray of 0 and 1, shape (n, height, width)
    predicted : mapping of label to ndarray of 0 and 1, shape (n, height, width)
        One row each. Missed object is vermilion, background taken for object light blue.
    title : str
        The figure's message.

    Returns
    -------
    Figure
    """
    rows = {"image": images, "truth": [255 * mask.astype("uint8") for mask in truth]}
    for label, masks in (predicted or {}).items():
        rows[label] = [_errors(mask, true) for mask, true in zip(masks, truth, strict=True)]
    # Room for the labels of the rows, the title and the legend.
    side = min(1.6, (WIDE - 0.8) / len(images), (HIGH - 0.8) / len(rows))
    fig, axes = plt.subplots(
        len(rows),
        len(images),
        figsize=(side * len(images) + 0.8, side * len(rows) + 0.8),
        squeeze=False,
        layout="compressed",
    )
    fig.suptitle(title, x=0.01, ha="left")
    for row, (label, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(row, pictures, strict=True):
            plot_image(picture, ax=ax)
        name_row(row[0], label)
    if predicted:
        errors = {"missed": _MISSED, "false alarm": _FALSE}
        fig.legend(
            handles=[Patch(color=colour, label=label) for label, colour in errors.items()],
            loc="outside lower center",
            ncols=2,
        )
    return fig


def _errors(mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """White where both say object, black where both say background, else the error's colour."""
    colours = np.array([(0, 0, 0), to_rgb(_MISSED), to_rgb(_FALSE), (1, 1, 1)])
    return colours[truth.astype(int) + 2 * mask.astype(int)]
