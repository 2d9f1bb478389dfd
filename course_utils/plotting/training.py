"""Figures of training and evaluation."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from course_utils.plotting.experiments import plot_curves
from course_utils.plotting.style import CLASS_COLOURS, as_written, given_or_new


def plot_learning_curve(
    histories: Mapping[str, np.ndarray],
    *,
    metric: str = "accuracy",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A metric by epoch for training and test: mean over the seeds, with their range.

    Parameters
    ----------
    histories : mapping of str to ndarray of shape ``(seeds, epochs)``
        ``History.history`` of Keras's ``fit``, repeated over seeds; ``val_<metric>`` is
        the test set.
    metric : str
        A key of ``histories``.
    title : str
        The figure's message.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    epochs = np.arange(1, histories[metric].shape[1] + 1)
    curves = {"training": histories[metric], "test": histories[f"val_{metric}"]}
    ax = plot_curves(epochs, curves, ax=ax)
    ax.set(xlabel="epoch", ylabel=metric, title=title)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if metric.endswith("accuracy"):
        ax.set_ylim(0, 1.03)
    return ax


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
