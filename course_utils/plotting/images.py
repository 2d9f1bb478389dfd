"""Figures that show images."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.plotting.style import CLASS_COLOURS, COLOURS


def plot_image(image: np.ndarray, title: str = "", *, ax: Axes | None = None) -> Axes:
    """Show one image without axes.

    Parameters
    ----------
    image : ndarray, shape (height, width, 3) uint8 RGB, or (height, width)
    title : str
    """
    ax = ax or plt.gca()
    ax.imshow(image, cmap="gray" if image.ndim == 2 else None)
    ax.set_title(title, fontsize=11, fontweight="normal", loc="center")
    ax.axis("off")
    return ax


def plot_images(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 5,
    title: str = "",
) -> Figure:
    """Show images in a grid.

    Parameters
    ----------
    images : sequence of ndarray
        uint8 RGB, sizes may differ.
    titles : sequence of str, optional
        One for each image.
    columns : int
    title : str
        The figure's message.
    """
    titles = titles if titles is not None else [""] * len(images)
    fig, axes = _grid(len(images), columns, title)
    for ax, image, label in zip(axes, images, titles, strict=False):
        plot_image(image, label, ax=ax)
    return fig


def plot_samples(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    per_class: int = 5,
    title: str = "",
) -> Figure:
    """Show the first images of each class, one row a class.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    labels : ndarray of int, shape (n,)
    class_names : sequence of str
    per_class : int
        Columns.
    title : str
        The figure's message.
    """
    fig, axes = _grid(len(class_names) * per_class, per_class, title)
    rows = np.array(axes).reshape(len(class_names), per_class)
    for label, row in enumerate(rows):
        for ax, image in zip(row, images[labels == label], strict=False):
            plot_image(image, ax=ax)
        row[0].text(
            -0.08,
            0.5,
            class_names[label],
            color=CLASS_COLOURS[label % len(CLASS_COLOURS)],
            fontsize=14,
            fontweight="bold",
            ha="right",
            va="center",
            transform=row[0].transAxes,
        )
    return fig


def plot_predictions(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    *,
    columns: int = 5,
    title: str = "",
) -> Figure:
    """Show images with the predicted class and its probability; wrong ones in vermilion.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    labels : ndarray of int, shape (n,)
        The truth.
    probabilities : ndarray of float, shape (n, classes)
    class_names : sequence of str
    columns : int
    title : str
        The figure's message.
    """
    fig, axes = _grid(len(images), columns, title)
    for ax, image, label, p in zip(axes, images, labels, probabilities, strict=False):
        guess = int(p.argmax())
        right = guess == label
        text = f"{class_names[guess]} {p[guess]:.0%}"
        plot_image(image, text if right else f"{text}\n(is {class_names[label]})", ax=ax)
        ax.title.set_color(COLOURS["green"] if right else COLOURS["vermilion"])
    return fig


def plot_top_predictions(
    images: Sequence[np.ndarray], predictions: Sequence[Sequence], *, title: str = ""
) -> Figure:
    """Show each image beside its most probable classes as bars.

    Parameters
    ----------
    images : sequence of ndarray
        uint8 RGB, sizes may differ.
    predictions : sequence of sequences
        For each image its predictions, best first, each with ``label`` and ``probability``,
        as ``Classifier.predict_top`` returns them.
    title : str
        The figure's message.
    """
    fig, axes = plt.subplots(
        len(images), 2, figsize=(9, 2.3 * len(images)), width_ratios=(1, 2), squeeze=False
    )
    fig.suptitle(title, x=0.01, ha="left")
    for (left, right), image, top in zip(axes, images, predictions, strict=True):
        plot_image(image, ax=left)
        plot_probabilities(
            [prediction.label.replace("_", " ") for prediction in top],
            [prediction.probability for prediction in top],
            ax=right,
        )
    axes[-1, 1].set_xlabel("probability")
    return fig


def plot_probabilities(
    labels: Sequence[str], probabilities: Sequence[float], *, ax: Axes | None = None
) -> Axes:
    """Horizontal bars of probabilities, the first on top and in colour.

    Parameters
    ----------
    labels : sequence of str
    probabilities : sequence of float
        Between 0 and 1.
    """
    ax = ax or plt.gca()
    colours = [COLOURS["blue"]] + [COLOURS["grey"]] * (len(labels) - 1)
    positions = range(len(labels))
    ax.barh(positions, probabilities, color=colours, height=0.7)
    ax.set_yticks(positions, labels)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.12)  # room for the percentage behind a full bar
    ax.set_xticks(np.arange(0, 1.01, 0.25))
    ax.grid(axis="y", visible=False)
    for position, p in zip(positions, probabilities, strict=True):
        ax.text(p + 0.01, position, f"{p:.0%}", va="center", fontsize=11)
    return ax


def _grid(n: int, columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Axes for n square images, those left over hidden; a row is at most 11 inches wide."""
    columns = min(columns, n)
    rows = -(-n // columns)
    side = min(2.8, 11 / columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(side * columns, (side + 0.2) * rows), squeeze=False
    )
    fig.suptitle(title, x=0.01, ha="left")
    axes = list(axes.flat)
    for ax in axes:
        ax.axis("off")
    return fig, axes
