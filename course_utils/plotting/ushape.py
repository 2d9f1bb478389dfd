"""Networks that go down in size and up again, drawn as the U that U-Net is named after."""

from matplotlib.axes import Axes

from course_utils.plotting.architectures import Block, describe
from course_utils.plotting.style import COLOURS, SMALL, WIDE, given_or_new

_HALF_WIDTH, _HALF_HEIGHT = 0.46, 0.26  # of a box, in columns and levels: where arrows end
_STRAIGHT, _DOWN_AND_RIGHT, _RIGHT_AND_UP = (
    "arc3",
    "angle,angleA=90,angleB=0",
    "angle,angleA=0,angleB=90",
)


def plot_u(model, *, ax: Axes | None = None) -> Axes:
    """Draw a network as a U, from the model itself: down on the left, up on the right.

    A box is a block of layers (see :func:`course_utils.costs.block_of`) between the first that a
    skip connection leaves and the last that one enters, with side and channels of its maps before
    any pooling. An orange arrow is a skip connection, with what merges it.

    Parameters
    ----------
    model : keras.Model
        Each block down is joined to the block up on its level, around one at the bottom.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If its blocks and skip connections make no U.

    References
    ----------
    Ronneberger, Fischer & Brox (2015), arXiv:1505.04597, figure 1.
    """
    blocks = _blocks_of_u(model)
    bottom = len(blocks) // 2
    ax = given_or_new(ax, (min(WIDE, 1.2 * len(blocks)), 1 + 0.9 * (bottom + 1)))
    places = [(i, abs(i - bottom)) for i in range(len(blocks))]
    for (x, y), block in zip(places, blocks, strict=True):
        colour = "grey" if x == bottom else "blue" if x < bottom else "green"
        *side, channels = block.shape
        ax.text(
            x,
            y,
            f"{'×'.join(map(str, side))}\n{channels} maps",
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white",
            bbox={"boxstyle": "round", "facecolor": COLOURS[colour], "edgecolor": "none"},
        )
    for x in range(bottom):
        y, up = bottom - x, 2 * bottom - x
        _arrow(ax, (x, y - _HALF_HEIGHT), (x + 1 - _HALF_WIDTH, y - 1), "black", _DOWN_AND_RIGHT)
        _arrow(ax, (up - 1 + _HALF_WIDTH, y - 1), (up, y - _HALF_HEIGHT), "black", _RIGHT_AND_UP)
        _arrow(ax, (x + _HALF_WIDTH, y), (up - _HALF_WIDTH, y), "orange", _STRAIGHT)
        ax.text(bottom, y + 0.05, blocks[up].merge, ha="center", va="bottom", fontsize=SMALL)
    ax.set(xlim=(-0.6, len(blocks) - 0.4), ylim=(-0.5, bottom + 0.5))
    ax.axis("off")
    return ax


def _blocks_of_u(model) -> list[Block]:
    """The blocks down, the one at the bottom, and as many up."""
    drawing = describe(model)
    down, up = [a for a, _ in drawing.skips], [b for _, b in drawing.skips]
    levels = len(drawing.skips)
    first = down[0] if levels else 0
    last = first + 2 * levels
    if not levels or list(zip(down, up, strict=True)) != [
        (first + i, last - i) for i in range(levels)
    ]:
        names = [block.name for block in drawing.blocks]
        joined = ", ".join(f"{names[a]} to {names[b]}" for a, b in drawing.skips) or "none"
        raise ValueError(
            f"{model.name} is no U: its skip connections are {joined}. Each block down must be "
            "joined to one block up, the first to the last, around a single one at the bottom. "
            "plot_architecture draws any network."
        )
    return drawing.blocks[first : last + 1]


def _arrow(ax: Axes, start, end, colour: str, way: str) -> None:
    ax.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "->",
            "color": COLOURS[colour],
            "connectionstyle": way,
            "lw": 1.5,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
