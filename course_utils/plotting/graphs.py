"""A small network drawn layer by layer, as a graph: branches side by side, merges, shortcuts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_utils import networks
from course_utils.plotting.architectures import KIND_COLOURS, kind_of
from course_utils.plotting.style import COLOURS, SMALL, WIDE, given_or_new

_MOST_LEVELS = 7  # boxes one after another whose words fit at 11 points
_WORDS = {
    "InputLayer": "input",
    "Add": "+",
    "Concatenate": "concat",
    "BatchNormalization": "batch norm",
    "GlobalAveragePooling2D": "global average",
    "GlobalMaxPooling2D": "global maximum",
    "Flatten": "flatten",
    "Dense": "dense",
}
_FUNCTIONS = {"relu": "ReLU"}
_WEIGHTED = ("convolution", "upsampling", "dense")
_HALF_WIDTH, _HALF_HEIGHT = 0.4, 0.36  # of a box, in levels and rows
_ASIDE = 0.12  # so that a shortcut does not meet the next one


@dataclass
class Box:
    """Layers that are drawn as one.

    Attributes
    ----------
    words : list of str
        One line for each layer, and the output shape.
    kind : str
        A key of ``KIND_COLOURS``.
    sources : list of int
        The boxes whose outputs it takes in.
    level : int
        Most boxes on a way from an input.
    row : float
        Place across the levels, 1 between neighbours.
    """

    words: list[str]
    kind: str
    sources: list[int] = field(default_factory=list)
    level: int = 0
    row: float = 0.0


def boxes_of(model) -> list[Box]:
    """What is drawn of a model: a convolution, its normalization and its activation are one box.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential.

    Returns
    -------
    list of Box
        In the order of the layers.
    """
    boxes, groups = [], _groups(model)
    for group in groups:
        *size, channels = networks.output_shape(group[-1])
        shape = "×".join(str(n) if n else "?" for n in (*size, channels))
        kinds = [kind_of(layer) for layer in group]
        boxes.append(
            Box(
                [word for layer in group for word in _words(layer)] + [shape],
                next((kind for kind in KIND_COLOURS if kind in kinds), "other"),
            )
        )
    place = {layer.name: i for i, group in enumerate(groups) for layer in group}
    for i, (box, group) in enumerate(zip(boxes, groups, strict=True)):
        box.sources = sorted({place[name] for name in networks.producers(group[0])} - {i})
        box.level = max((boxes[j].level + 1 for j in box.sources), default=0)
    for level in range(max(box.level for box in boxes) + 1):
        _spread([box for box in boxes if box.level == level], boxes)
    return boxes


def plot_graph(model, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a small network from left to right, from the model itself.

    A box says what its layers do, one a line, and the shape of what it hands on; arrows say to
    which. What goes past other boxes is drawn around them.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential, such as one block of a network.
    title : str
        The figure's message.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If more boxes follow one another than can be read side by side.
    """
    boxes = boxes_of(model)
    levels = 1 + max(box.level for box in boxes)
    if levels > _MOST_LEVELS:
        raise ValueError(
            f"{model.name} has {levels} steps, and at most {_MOST_LEVELS} can be read side by "
            "side. Draw a part of it, or use plot_architecture."
        )
    paths = [_path(boxes, i, box) for box in boxes for i in box.sources]
    low = min(box.row for box in boxes) - 0.5
    high = max(
        [low + 1, *(box.row + 0.5 for box in boxes), *(y + 0.1 for p in paths for _, y in p)]
    )
    ax = given_or_new(ax, (min(WIDE, 0.4 + 1.6 * levels), 0.5 + 1.15 * (high - low)))
    for box in boxes:
        _draw_box(ax, box)
    for path in paths:
        x, y = zip(*path, strict=True)
        ax.plot(x[:-1], y[:-1], color=COLOURS["black"], lw=1.2)
        ax.annotate("", path[-1], path[-2], arrowprops={"arrowstyle": "->", "shrinkA": 0})
    ax.set(xlim=(-0.5, levels - 0.5), ylim=(low, high), title=title)
    ax.axis("off")
    return ax


def _groups(model) -> list[list]:
    """Layers that follow one another alone, with at most one that has weights to multiply by."""
    producers = {layer.name: networks.producers(layer) for _, layer in networks.leaf_layers(model)}
    taken_by = [name for names in producers.values() for name in names]
    groups: dict[str, list] = {}  # by the name of its last layer
    for _, layer in networks.leaf_layers(model):
        before = producers[layer.name]
        alone = len(before) == 1 and taken_by.count(before[0]) == 1
        group = groups.get(before[0], []) if alone else []
        if group and _may_join(group, layer):
            del groups[before[0]]
            groups[layer.name] = [*group, layer]
        else:
            groups[layer.name] = [layer]
    return list(groups.values())


def _may_join(group: list, layer) -> bool:
    kinds = [kind_of(member) for member in (*group, layer)]
    several_inputs = len(networks.producers(group[0])) > 1
    only = set(kinds) <= {*_WEIGHTED, "other"} and sum(kind in _WEIGHTED for kind in kinds) <= 1
    return only and not several_inputs


def _words(layer) -> list[str]:
    """What a layer does, then its own activation if it has one."""
    name, bends = type(layer).__name__, _function(layer)
    if name == "Activation":
        return [bends]
    what = _WORDS.get(name, name)
    if hasattr(layer, "kernel_size"):
        what = f"{_sides(layer.kernel_size)} conv"
    elif hasattr(layer, "pool_size"):
        what = f"{_sides(layer.pool_size)} {'avg' if 'Average' in name else 'max'} pool"
    if getattr(layer, "strides", (1,))[0] > 1:
        what += f" / {layer.strides[0]}"
    return [what, bends] if bends else [what]


def _sides(size: Sequence[int]) -> str:
    return "×".join(map(str, size))


def _function(layer) -> str:
    """What a layer's activation is called; nothing where it has none, or only passes on."""
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return "" if name == "linear" else _FUNCTIONS.get(name, name)


def _spread(level: Sequence[Box], boxes: Sequence[Box]) -> None:
    """Rows for the boxes of one level: beside their sources, one apart."""
    wanted = [np.mean([boxes[i].row for i in box.sources] or [0.0]) for box in level]
    if len(level) > 1 and np.diff(sorted(wanted)).min() < 1:
        centre, order = np.mean(wanted), np.argsort(-np.array(wanted), kind="stable")
        for place, i in enumerate(order):
            wanted[i] = centre + (len(level) - 1) / 2 - place
    for box, row in zip(level, wanted, strict=True):
        box.row = float(row)


def _path(boxes: Sequence[Box], i: int, target: Box) -> list[tuple[float, float]]:
    """Corners of an arrow: straight, along its own row, or over the boxes that are in its way."""
    source = boxes[i]
    start, end = source.level + _HALF_WIDTH, target.level - _HALF_WIDTH
    between = [box for box in boxes if source.level < box.level < target.level]
    if target.level == source.level + 1:
        return [(start, source.row), (end, target.row)]
    if all(abs(box.row - source.row) > 2 * _HALF_HEIGHT for box in between):
        return [(start, source.row), (end - 0.2, source.row), (end, target.row)]
    over = max(box.row for box in (*between, source, target)) + 0.65
    top = target.row + _HALF_HEIGHT
    out, into = source.level + _ASIDE, target.level - _ASIDE
    return [(out, source.row + _HALF_HEIGHT), (out, over), (into, over), (into, top)]


def _draw_box(ax: Axes, box: Box) -> None:
    colour = KIND_COLOURS[box.kind]
    ax.add_patch(
        FancyBboxPatch(
            (box.level - _HALF_WIDTH, box.row - _HALF_HEIGHT),
            2 * _HALF_WIDTH,
            2 * _HALF_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=(colour, 0.18),
            edgecolor=colour,
            lw=1.5,
        )
    )
    ax.text(
        box.level,
        box.row,
        "\n".join(box.words),
        ha="center",
        va="center",
        fontsize=SMALL,
        linespacing=1.25,
    )
