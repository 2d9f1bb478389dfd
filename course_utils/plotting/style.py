"""Colours, type sizes and axes shared by all figures."""

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.axes import Axes

SMALL = 11  # points: the least that is read from the last row
WIDE, HIGH = 10, 7  # inches: what a projected page holds

# For names in Hangul, kana or Chinese characters, which matplotlib's own font lacks: what Windows,
# macOS and Linux bring.
FALLBACK_FONTS = (
    "Malgun Gothic",
    "Yu Gothic",
    "Microsoft YaHei",
    "Apple SD Gothic Neo",
    "Hiragino Sans",
    "PingFang SC",
    "NanumGothic",
    "Noto Sans CJK JP",
)

# Okabe & Ito (2008), "Color Universal Design": told apart with any colour vision.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
    "grey": "#767676",
}

# One colour for each class of data.CLASS_NAMES, in its order, everywhere in the course.
CLASS_COLOURS = tuple(COLOURS[c] for c in ("blue", "orange", "green", "vermilion", "purple"))

# One colour for each thing that is compared, in all lessons: what starts from ImageNet or adds is
# blue, what starts at random or goes without is vermilion, what is left as it was is grey.
METHOD_COLOURS = {
    "residual": COLOURS["blue"],
    "sum": COLOURS["blue"],
    "with dropout": COLOURS["blue"],
    "VGG16, ImageNet weights": COLOURS["blue"],
    "ImageNet weights": COLOURS["blue"],
    "head only": COLOURS["blue"],
    "dense": COLOURS["green"],
    "concat": COLOURS["green"],
    "shifts": COLOURS["green"],
    "last block": COLOURS["green"],
    "new objects (honest)": COLOURS["green"],
    "plain": COLOURS["vermilion"],
    "flips": COLOURS["vermilion"],
    "VGG16, random weights": COLOURS["vermilion"],
    "random weights": COLOURS["vermilion"],
    "from scratch": COLOURS["vermilion"],
    "none": COLOURS["grey"],
    "without dropout": COLOURS["grey"],
    "HOG + colour histogram": COLOURS["orange"],
    "SIFT + Fisher vectors": COLOURS["purple"],
    "mean of 30 thinned networks": COLOURS["orange"],
    "all layers": COLOURS["purple"],
    "next frames (leak)": COLOURS["purple"],
    "one thinned network": COLOURS["sky"],
}


def set_style() -> None:
    """Set matplotlib's defaults: type that can be read from the last row."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    cycle = ("blue", "vermilion", "green", "orange", "purple", "sky", "black")
    mpl.rcParams.update(
        {
            "axes.grid": True,
            "axes.prop_cycle": mpl.cycler(color=[COLOURS[c] for c in cycle]),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 13,
            "axes.titleweight": "bold",
            "axes.labelsize": 12,
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "figure.figsize": (8, 4.5),
            "figure.titlesize": 13,
            "figure.titleweight": "bold",
            "font.family": ["sans-serif", *(f for f in FALLBACK_FONTS if f in installed)],
            "font.size": 12,
            "grid.alpha": 0.3,
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "lines.linewidth": 2,
        }
    )


def as_written(name: str) -> str:
    """A name that matplotlib draws letter by letter, with its dollars and underscores.

    Between two dollars it would see a formula, and a legend leaves out what begins with an
    underscore.
    """
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def given_or_new(ax: Axes | None, figsize: tuple[float, float] | None = None) -> Axes:
    """The axes that were handed in, or those of a new figure.

    Parameters
    ----------
    ax : Axes or None
    figsize : pair of float, optional
        Width and height of the new figure in inches; the style's if not given.

    Returns
    -------
    Axes
    """
    return plt.figure(figsize=figsize).add_subplot() if ax is None else ax


def write_beside(ax: Axes, text: str, xy: tuple[float, float], gap: float) -> None:
    """Write a small text on the right of a point, ``gap`` points away from it."""
    ax.annotate(text, xy, (gap, 0), textcoords="offset points", va="center", fontsize=SMALL)
