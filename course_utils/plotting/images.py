"""Figures that show images."""

from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from course_utils.plotting.style import (
    CLASS_COLOURS,
    COLOURS,
    HIGH,
    SMALL,
    WIDE,
    as_written,
    given_or_new,
    write_beside,
)

# Clear where there is no heat, yellow to dark red where there is: a photograph is not darkened.
_HEAT = mpl.colormaps["YlOrRd"](np.linspace(0.2, 1, 256))
_HEAT[:, 3] = np.linspace(0, 0.8, 256)
_HEAT = ListedColormap(_HEAT, name="heat")


def plot_image(image: np.ndarray, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Show one image without axes.

    Parameters
    ----------
    image : ndarray, shape (height, width, 3) uint8 RGB, or (height, width)
    title : str
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax)
    ax.imshow(image, cmap="gray" if image.ndim == 2 else None)
    ax.set_title(as_written(title), fontsize=SMALL, fontweight="normal", loc="center")
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

    Returns
    -------
    Figure
    """
    fig, axes = _grid(len(images), columns, title, above=0.1 if titles is None else 0.3)
    titles = titles if titles is not None else [""] * len(images)
    for ax, image, label in zip(axes, images, titles, strict=False):
        plot_image(image, title=label, ax=ax)
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

    Returns
    -------
    Figure
    """
    fig, axes = _grid(len(class_names) * per_class, per_class, title, above=0.1)
    rows = np.array(axes).reshape(len(class_names), per_class)
    for label, row in enumerate(rows):
        for ax, image in zip(row, images[labels == label], strict=False):
            plot_image(image, ax=ax)
        colour = CLASS_COLOURS[label % len(CLASS_COLOURS)]
        name_row(row[0], class_names[label], color=colour, fontsize=14, fontweight="bold")
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

    Returns
    -------
    Figure
    """
    fig, axes = _grid(len(images), columns, title, above=0.4)
    for ax, image, label, p in zip(axes, images, labels, probabilities, strict=False):
        guess = int(p.argmax())
        right = guess == label
        text = f"{class_names[guess]} {p[guess]:.0%}"
        text += "" if right else f"\n(is {class_names[label]})"
        plot_image(image, title=text, ax=ax)
        ax.title.set_color(COLOURS["green"] if right else COLOURS["vermilion"])
    return fig


def plot_heat(
    images: np.ndarray,
    heat: np.ndarray,
    titles: Sequence[str],
    *,
    masks: np.ndarray | None = None,
    columns: int = 5,
    title: str = "",
) -> Figure:
    """Heat maps over their images, with a colour bar; where there is no heat the image stays.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    heat : ndarray of float, shape (n, height, width)
        Not negative; each map is scaled to its own largest value.
    titles : sequence of str
        One for each image.
    masks : ndarray of 0 and 1, shape (n, height, width), optional
        Outlined.
    columns : int
    title : str
        The figure's message.

    Returns
    -------
    Figure
    """
    figure = plot_images(list(images), titles, columns=columns, title=title)
    axes = figure.axes[: len(images)]
    for ax, of_one in zip(axes, heat, strict=True):
        strongest = of_one.max() or 1  # a map may be all zero
        drawn = ax.imshow(of_one / strongest, cmap=_HEAT, vmin=0, vmax=1)
    if masks is not None:
        for ax, mask in zip(axes, masks, strict=True):
            for colour, width in (("black", 2.6), ("white", 1.2)):  # seen on any ground
                ax.contour(mask, levels=[0.5], colors=colour, linewidths=width)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.7, aspect=25, pad=0.02)
    bar.set_label("heat, as a share of the map's largest", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    return figure


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

    Returns
    -------
    Figure
    """
    pairs = 1 if len(images) < 4 else 2  # side by side
    rows = -(-len(images) // pairs)
    fig, axes = plt.subplots(
        rows,
        2 * pairs,
        figsize=(WIDE, 2.05 * rows + 0.5),
        width_ratios=(1, 1.2) * pairs,
        squeeze=False,
    )
    fig.suptitle(title, x=0.01, ha="left")
    for ax in axes.flat[2 * len(images) :]:
        ax.axis("off")
    cells = zip(axes.reshape(-1, 2), images, predictions, strict=False)
    for i, ((left, right), image, top) in enumerate(cells):
        plot_image(image, ax=left)
        plot_probabilities(
            [prediction.label.replace("_", " ") for prediction in top],
            [prediction.probability for prediction in top],
            ax=right,
        )
        is_lowest = i >= (rows - 1) * pairs
        right.tick_params(labelbottom=is_lowest)
        right.set_xlabel("probability" if is_lowest else "")
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
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax)
    colours = [COLOURS["blue"]] + [COLOURS["grey"]] * (len(labels) - 1)
    positions = range(len(labels))
    ax.barh(positions, probabilities, color=colours, height=0.7)
    ax.set_yticks(positions, map(as_written, labels))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xticks=(0, 0.5, 1))
    ax.grid(axis="y", visible=False)
    for position, p in zip(positions, probabilities, strict=True):
        write_beside(ax, f"{p:.0%}", (p, position), 4)
    return ax


def name_row(ax: Axes, name: str, **text) -> None:
    """Write the name of a row of images on the left of its first."""
    where = {"ha": "right", "va": "center", "transform": ax.transAxes}
    ax.text(-0.08, 0.5, as_written(name), **where, **text)


def _grid(n: int, columns: int, title: str, *, above: float) -> tuple[Figure, list[Axes]]:
    """Axes for n square images with ``above`` inches of text each; those left over hidden.

    As large as a page allows; many rows make the figure longer than that, not the images tiny.
    """
    columns = min(columns, n)
    rows = -(-n // columns)
    side = min(2.8, WIDE / columns, max(1.2, (HIGH - 0.4) / rows - above))
    fig, axes = plt.subplots(
        rows,
        columns,
        figsize=(side * columns, (side + above) * rows + 0.4),
        squeeze=False,
        layout="compressed",
    )
    fig.suptitle(title, x=0.01, ha="left")
    axes = list(axes.flat)
    for ax in axes:
        ax.axis("off")
    return fig, axes
