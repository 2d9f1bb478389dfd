"""The figure of an evaluation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from course_utils.plotting.style import CLASS_COLOURS, as_written, given_or_new


def plot_confusion_matrix(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    class_names: Sequence[str],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Counts of images by true class (rows) and predicted class (columns).

    Parameters
    ----------
    y_true, y_pred : ndarray of int, shape (n,)
    class_names : sequence of str
    title : str
        The figure's message.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    from sklearn.metrics import ConfusionMatrixDisplay

    ax = given_or_new(ax, (6, 5.2))
    ConfusionMatrixDisplay.from_predictions(
        y_true,
        y_pred,
        labels=range(len(class_names)),
        display_labels=[as_written(name) for name in class_names],
        cmap="Blues",
        colorbar=False,
        ax=ax,
        text_kw={"fontsize": 13},
    )
    ax.grid(False)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    for label, colour in zip(ax.get_yticklabels(), CLASS_COLOURS, strict=False):
        label.set_color(colour)
    return ax
