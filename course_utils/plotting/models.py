"""Figures about the catalogue of pretrained models."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from course_utils.plotting.style import COLOURS

# Where a name would hide its neighbour: (horizontal, vertical) alignment, else ("left", "center").
_LABEL_PLACES = {
    "EfficientNetLite0": ("center", "bottom"),
    "VGG16": ("center", "bottom"),
    "VGG19": ("center", "top"),
}
_OFFSETS = {"left": 7, "right": -7, "center": 0, "bottom": 6, "top": -6}


def plot_model_catalogue(models: Sequence, *, title: str = "", ax: Axes | None = None) -> Axes:
    """ImageNet accuracy of each model against its number of parameters.

    Parameters
    ----------
    models : sequence of ModelInfo
        As ``pretrained.catalogue()`` returns them.
    title : str
        The figure's message.
    """
    ax = ax or plt.figure(figsize=(9, 5)).add_subplot()
    families = list(dict.fromkeys(model.family for model in models))
    palette = [
        COLOURS[c] for c in ("blue", "orange", "green", "vermilion", "purple", "sky", "grey")
    ]
    for model in models:
        colour = palette[families.index(model.family) % len(palette)]
        x, y = model.parameters / 1e6, 100 * model.top1
        ax.plot(x, y, "o", color=colour, ms=10)
        horizontal, vertical = _LABEL_PLACES.get(model.name, ("left", "center"))
        ax.annotate(
            model.name,
            (x, y),
            xytext=(_OFFSETS[horizontal], 0 if vertical == "center" else _OFFSETS[vertical]),
            textcoords="offset points",
            ha=horizontal,
            va=vertical,
            fontsize=11,
        )
    ax.set_xscale("log")
    ax.set_xticks([3, 10, 30, 100], ["3", "10", "30", "100"])
    ax.set_xlim(2.7, 260)
    ax.margins(y=0.1)
    ax.set(xlabel="parameters (millions, log scale)", ylabel="ImageNet top-1 (%)", title=title)
    return ax
