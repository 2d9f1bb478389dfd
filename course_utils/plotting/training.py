"""Figures of training and evaluation."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from course_utils.plotting.style import CLASS_COLOURS


def plot_learning_curve(
    history: Mapping[str, Sequence[float]],
    metric: str = "accuracy",
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Learning curve: a metric by epoch, for training and, where given, validation.

    Parameters
    ----------
    history : mapping of str to sequence of float
        ``History.history`` of Keras's ``fit``.
    metric : str
        A key of ``history``; ``val_<metric>`` is drawn beside it.
    title : str
        The figure's message.
    """
    ax = ax or plt.gca()
    for key, label in ((metric, "training"), (f"val_{metric}", "test")):
        if key in history:
            epochs = np.arange(1, len(history[key]) + 1)
            ax.plot(epochs, history[key], marker="o", label=label)
    ax.set(xlabel="epoch", ylabel=metric, title=title)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if metric.endswith("accuracy"):
        ax.set_ylim(0, 1.03)
    ax.legend()
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
    """
    from sklearn.metrics import ConfusionMatrixDisplay

    ax = ax or plt.gca()
    display = ConfusionMatrixDisplay.from_predictions(
        y_true,
        y_pred,
        labels=range(len(class_names)),
        display_labels=class_names,
        cmap="Blues",
        colorbar=False,
        ax=ax,
        text_kw={"fontsize": 13},
    )
    ax.grid(False)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    for label, colour in zip(ax.get_yticklabels(), CLASS_COLOURS, strict=False):
        label.set_color(colour)
    return display.ax_
