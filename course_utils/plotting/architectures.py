"""Networks drawn from the models themselves, what their blocks cost, and their history."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from course_utils import costs, networks
from course_utils.plotting.style import COLOURS
from course_utils.published import Net

KIND_COLOURS = {
    "input": COLOURS["grey"],
    "upsampling": COLOURS["green"],
    "convolution": COLOURS["blue"],
    "pooling": COLOURS["orange"],
    "dense": COLOURS["vermilion"],
    "other": COLOURS["sky"],
}
_MERGES = {"Add": "+", "Concatenate": "concat", "Subtract": "−", "Multiply": "×"}


@dataclass
class Block:
    """What is drawn of a block of layers (see :func:`course_utils.costs.block_of`).

    Attributes
    ----------
    name, kind : str
        ``kind`` is a key of ``KIND_COLOURS``.
    shape : tuple of int
        Output shape of its layers but for a pooling at the end.
    pooled : tuple of int or None
        Output shape of a pooling layer at the end of the block.
    weighted : int
        Layers with weights that multiply (convolutions and dense layers).
    branches : int
        Most layers with weights or poolings that stand side by side.
    merge : str
        ``"+"``, ``"concat"``, ... if the block merges tensors, else empty.
    shortcut : bool
        Whether it merges what its own layers made with what they started from.
    """

    name: str
    kind: str
    shape: tuple
    pooled: tuple | None = None
    weighted: int = 0
    branches: int = 1
    merge: str = ""
    shortcut: bool = False


@dataclass
class Drawing:
    """A model as blocks and the links between those that do not follow each other."""

    title: str
    blocks: list[Block]
    skips: list[tuple[int, int]] = field(default_factory=list)


def describe(model) -> Drawing:
    """Blocks and skip connections of a built Keras model.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential. A nested model is one block.

    Returns
    -------
    Drawing
        ``skips`` are pairs of indices into ``blocks``, from and to.
    """
    layers: dict[str, list] = {}
    for name, layer in networks.leaf_layers(model):
        layers.setdefault(costs.block_of(name), []).append(layer)
    names = list(layers)
    links = {
        (names.index(costs.block_of(producer)), names.index(costs.block_of(layer.name)))
        for layer in model.layers
        for producer in networks.producers(layer)
    }
    total = costs.total(model)
    drawing = Drawing(
        title=f"{model.name}: {costs.quantity(total.parameters)} parameters, "
        f"{costs.quantity(total.multiply_adds)} multiply-adds",
        blocks=[
            _describe_block(name, layers[name], layers[names[i - 1]] if i else [])
            for i, name in enumerate(names)
        ],
        skips=sorted((a, b) for a, b in links if b - a > 1),
    )
    for _, target in drawing.skips:  # what it merges comes from afar
        drawing.blocks[target].branches, drawing.blocks[target].shortcut = 1, False
    return drawing


def plot_architecture(model, *, ax: Axes | None = None) -> Axes:
    """Draw a network block by block, from the model itself.

    A box is as high as its feature maps (square-root scale), as wide as it has channels
    (logarithmic scale), and coloured by kind. A number on a box counts its layers with
    weights, lines across it its parallel branches. Arcs are the connections that skip blocks
    (above the boxes) or layers within a block (on the box), with what merges them.

    Parameters
    ----------
    model : keras.Model
    ax : Axes
    """
    drawing = describe(model)
    blocks = drawing.blocks
    if ax is None:
        ax = plt.figure(figsize=(max(8, min(16, 1.05 * len(blocks))), 4)).add_subplot()
    scale = _Scale(blocks)
    for x, block in enumerate(blocks):
        _draw_block(ax, x, block, scale)
    for level, (a, b) in enumerate(sorted(drawing.skips, key=lambda link: link[1] - link[0])):
        _draw_skip(ax, a, b, blocks, scale, 1.12 + 0.1 * level)
    ax.axhline(0, color=COLOURS["grey"], lw=0.8, zorder=0)
    top = 1.2 + 0.1 * len(drawing.skips)
    ax.set(xlim=(-0.6, len(blocks) - 0.4), ylim=(-0.45, top), title=drawing.title)
    ax.axis("off")
    kinds = [kind for kind in KIND_COLOURS if any(_has_kind(block, kind) for block in blocks)]
    ax.legend(
        handles=[Patch(color=KIND_COLOURS[kind], label=kind) for kind in kinds],
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=len(kinds),
        fontsize=10,
    )
    return ax


def plot_costs(model_or_rows, *, title: str | None = None) -> Figure:
    """Parameters and multiply-adds of each block, as bars side by side.

    Parameters
    ----------
    model_or_rows : keras.Model or list of Cost
        A list is drawn as it is, one bar each.
    title : str
        The figure's message.
    """
    is_list = isinstance(model_or_rows, Sequence)
    rows = list(model_or_rows) if is_list else costs.blocks(model_or_rows)
    rows = [row for row in rows if row.parameters or row.multiply_adds]
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(10, 1.2 + 0.36 * len(rows)))
    for ax, quantity, values, colour in (
        (axes[0], "parameters", [row.parameters for row in rows], COLOURS["vermilion"]),
        (axes[1], "multiply-adds", [row.multiply_adds for row in rows], COLOURS["blue"]),
    ):
        total = sum(values)
        ax.barh([row.name for row in rows], [100 * value / total for value in values], color=colour)
        for y, value in enumerate(values):
            ax.annotate(
                costs.quantity(value),
                (100 * value / total, y),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=10,
            )
        ax.set(xlabel=f"share of {costs.quantity(total)} {quantity} [%]", xmargin=0.15)
        ax.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def plot_history(nets: Sequence[Net]) -> Figure:
    """Depth, parameters, multiply-adds and ImageNet accuracy of networks, oldest on top.

    Parameters
    ----------
    nets : sequence of Net
        In the order of their years.
    """
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(13, 1.6 + 0.34 * len(nets)))
    for ax, label, values, text in (
        (axes[0], "layers with weights", [net.depth for net in nets], str),
        (axes[1], "parameters", [net.parameters for net in nets], costs.quantity),
        (axes[2], "multiply-adds, one image", [net.multiply_adds for net in nets], costs.quantity),
        (axes[3], "ImageNet top-1, one crop [%]", [net.top1 for net in nets], "{:.1f}".format),
    ):
        for y, value in enumerate(values):
            if value is None:
                ax.annotate(
                    "not an ImageNet net",
                    (0.5, y),
                    xycoords=("axes fraction", "data"),
                    ha="center",
                    va="center",
                    fontsize=10,
                    color=COLOURS["grey"],
                )
                continue
            ax.plot(value, y, "o", color=COLOURS["blue"], ms=9)
            ax.annotate(
                text(value),
                (value, y),
                (9, 0),
                textcoords="offset points",
                va="center",
                fontsize=10,
            )
        ax.set_xlabel(label)
        if ax is not axes[3]:
            ax.set_xscale("log")
        low, high = ax.get_xlim()
        ax.set_xlim(low, high * (high / low) ** 0.35 if ax is not axes[3] else high + 6)
    axes[0].set_yticks(range(len(nets)), [f"{net.name}  {net.year}" for net in nets])
    axes[0].invert_yaxis()
    figure.suptitle(
        "Since AlexNet nets grew deeper and more accurate, at last with far fewer parameters",
        x=0.01,
        ha="left",
    )
    return figure


@dataclass
class _Scale:
    """Box sizes in axis units: 1 high at the largest map, 0.8 wide at the most channels."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        maps = [block.shape for block in blocks if len(block.shape) == 3]
        self._size = max((shape[0] for shape in maps), default=1)
        self._channels = max(block.shape[-1] for block in blocks)

    def height(self, shape: tuple) -> float:
        if len(shape) == 1:  # a vector: as high as it is long
            return 0.15 + 0.85 * self._log_share(shape[0])
        return math.sqrt((shape[0] or 1) / self._size)

    def width(self, shape: tuple) -> float:
        return 0.08 if len(shape) == 1 else 0.1 + 0.5 * self._log_share(shape[-1])

    def _log_share(self, channels: int) -> float:
        return math.log2(1 + channels) / math.log2(1 + self._channels)


def _has_kind(block: Block, kind: str) -> bool:
    return block.kind == kind or (kind == "pooling" and block.pooled is not None)


def _draw_block(ax: Axes, x: float, block: Block, scale: _Scale) -> None:
    height, width = scale.height(block.shape), scale.width(block.shape)
    pool_width = 0.1 if block.pooled else 0
    left = x - (width + pool_width) / 2
    ax.add_patch(Rectangle((left, 0), width, height, color=KIND_COLOURS[block.kind], lw=0))
    for branch in range(1, block.branches):
        y = height * branch / block.branches
        ax.plot([left, left + width], [y, y], color="white", lw=1.2)
    if block.pooled:
        ax.add_patch(
            Rectangle(
                (left + width, 0),
                pool_width,
                scale.height(block.pooled),
                color=KIND_COLOURS["pooling"],
                lw=0,
            )
        )
    if block.weighted > 1:
        ax.text(
            left + width / 2,
            height / 2,
            str(block.weighted),
            color="white",
            ha="center",
            va="center",
            fontsize=11,
            weight="bold",
            bbox={"color": KIND_COLOURS[block.kind], "pad": 1},
        )
    if block.shortcut:
        ax.annotate(
            "",
            (left + width, height),
            (left, height),
            arrowprops={
                "arrowstyle": "->",
                "connectionstyle": "arc3,rad=-0.6",
                "color": COLOURS["black"],
            },
        )
        ax.text(
            left + width / 2,
            height + 0.02 + 0.18 * width,
            block.merge,
            ha="center",
            va="bottom",
            fontsize=9,
        )
    ax.text(
        x,
        -0.04,
        f"{block.name}\n{_shape_label(block.pooled or block.shape)}",
        ha="center",
        va="top",
        fontsize=9,
        linespacing=1.3,
    )


def _shape_label(shape: tuple) -> str:
    if len(shape) == 1:
        return str(shape[0])
    return f"{shape[0]} × {shape[1]}\n× {shape[2]}"


def _draw_skip(ax, a: int, b: int, blocks: list[Block], scale: _Scale, level: float) -> None:
    start, end = scale.height(blocks[a].shape), scale.height(blocks[b].shape)
    ax.plot([a, a, b], [start, level, level], color=COLOURS["black"], lw=1.2)
    ax.annotate("", (b, end), (b, level), arrowprops={"arrowstyle": "->", "shrinkA": 0})
    ax.text(
        (a + b) / 2,
        level,
        blocks[b].merge or "skip",
        ha="center",
        va="center",
        fontsize=9,
        bbox={"color": "white", "pad": 1},
    )


def _describe_block(name: str, layers: list, previous: list) -> Block:
    kinds = [_kind(layer) for layer in layers]
    shapes = [networks.output_shape(layer) for layer in layers]
    weighted = [kind for kind in kinds if kind in ("convolution", "upsampling", "dense")]
    pooled = bool(weighted) and kinds[-1] == "pooling" and len(shapes[-1]) == 3
    before_pool = max((i for i, kind in enumerate(kinds) if kind != "pooling"), default=-1)
    merges = [layer for layer in layers if type(layer).__name__ in _MERGES]
    near = {layer.name for layer in (*layers, *previous)}
    branches = _branches(layers)
    return Block(
        name=name,
        kind=next((kind for kind in KIND_COLOURS if kind in (weighted or kinds)), "other"),
        shape=shapes[before_pool if pooled else -1],
        pooled=shapes[-1] if pooled else None,
        weighted=len(weighted),
        branches=branches,
        merge=_MERGES[type(merges[-1]).__name__] if merges else "",
        shortcut=branches == 1
        and any(near.issuperset(networks.producers(layer)) for layer in merges),
    )


def _kind(layer) -> str:
    name = type(layer).__name__
    if name in ("InputLayer", "Dense"):
        return {"InputLayer": "input", "Dense": "dense"}[name]
    if name in ("Conv2DTranspose", "UpSampling2D"):
        return "upsampling"
    if "Conv2D" in name:
        return "convolution"
    return "pooling" if "Pool" in name else "other"


def _branches(layers: list) -> int:
    """Most inputs of a concatenation that stand side by side, none behind another."""
    by_name = {layer.name: layer for layer in layers}
    most = 1
    for layer in layers:
        if type(layer).__name__ == "Concatenate":
            inputs = {name for name in networks.producers(layer) if name in by_name}
            behind = set().union(*(_ancestors(by_name[name], by_name) for name in inputs))
            most = max(most, len(inputs - behind))
    return most


def _ancestors(layer, by_name: dict) -> set[str]:
    found: set[str] = set()
    to_visit = [layer]
    while to_visit:
        new = {name for name in networks.producers(to_visit.pop()) if name in by_name} - found
        found |= new
        to_visit.extend(by_name[name] for name in new)
    return found
