"""Networks drawn from the models themselves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from course_utils import costs, networks
from course_utils.plotting.style import COLOURS, SMALL, WIDE, given_or_new

KIND_COLOURS = {
    "input": COLOURS["grey"],
    "upsampling": COLOURS["green"],
    "convolution": COLOURS["blue"],
    "pooling": COLOURS["orange"],
    "dense": COLOURS["vermilion"],
    "other": COLOURS["sky"],
}
_CROWD = 14  # blocks whose names fit side by side
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
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    drawing = describe(model)
    blocks = drawing.blocks
    ax = given_or_new(ax, (min(WIDE, 1.05 * len(blocks)), 4))
    scale = _Scale(blocks)
    upright = len(blocks) > _CROWD
    for x, block in enumerate(blocks):
        _draw_block(ax, x, block, scale)
        _name_block(ax, x, block, upright=upright)
    for level, (a, b) in enumerate(sorted(drawing.skips, key=lambda link: link[1] - link[0])):
        _draw_skip(ax, a, b, blocks, scale, 1.12 + 0.1 * level)
    ax.axhline(0, color=COLOURS["grey"], lw=0.8, zorder=0)
    bottom, top = -1.1 if upright else -0.45, 1.2 + 0.1 * len(drawing.skips)
    ax.set(xlim=(-0.6, len(blocks) - 0.4), ylim=(bottom, top), title=drawing.title)
    ax.axis("off")
    kinds = [kind for kind in KIND_COLOURS if any(_has_kind(block, kind) for block in blocks)]
    ax.legend(
        handles=[Patch(color=KIND_COLOURS[kind], label=kind) for kind in kinds],
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=len(kinds),
        fontsize=SMALL,
    )
    return ax


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
            fontsize=SMALL,
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
            fontsize=SMALL,
        )


def _name_block(ax: Axes, x: float, block: Block, *, upright: bool) -> None:
    *size, channels = block.pooled or block.shape
    lines = [block.name, "×".join(map(str, size)), f"×{channels}" if size else str(channels)]
    if upright:
        name = f"{block.name}  {''.join(lines[1:])}"
    else:
        name = "\n".join(line for line in lines if line)
    ax.text(
        x,
        -0.04,
        name,
        rotation=90 if upright else 0,
        ha="center",
        va="top",
        fontsize=SMALL,
        linespacing=1.3,
    )


def _draw_skip(ax, a: int, b: int, blocks: list[Block], scale: _Scale, level: float) -> None:
    start, end = scale.height(blocks[a].shape), scale.height(blocks[b].shape)
    ax.plot([a, a, b], [start, level, level], color=COLOURS["black"], lw=1.2)
    ax.annotate("", (b, end), (b, level), arrowprops={"arrowstyle": "->", "shrinkA": 0})
    ax.text(
        b - 0.1,
        level,
        blocks[b].merge or "skip",
        ha="right",
        va="center",
        fontsize=SMALL,
        bbox={"color": "white", "pad": 1},
    )


def _describe_block(name: str, layers: list, previous: list) -> Block:
    kinds = [kind_of(layer) for layer in layers]
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


def kind_of(layer) -> str:
    """What a layer does: a key of ``KIND_COLOURS``."""
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
