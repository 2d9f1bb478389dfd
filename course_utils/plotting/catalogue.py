"""Figures about the catalogue of pretrained models."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from course_utils.plotting.style import COLOURS, SMALL, given_or_new

# Where a name may stand beside its point, best first: offset in points and alignment.
_PLACES = (
    ((8, 0), "left", "center"),
    ((0, 7), "center", "bottom"),
    ((0, -7), "center", "top"),
    ((-8, 0), "right", "center"),
)


def plot_model_catalogue(models: Sequence, *, title: str = "", ax: Axes | None = None) -> Axes:
    """ImageNet accuracy of each model against its number of parameters.

    Parameters
    ----------
    models : sequence of ModelInfo
        As ``pretrained.catalogue()`` returns them.
    title : str
        The figure's message.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = given_or_new(ax, (9, 5))
    families = list(dict.fromkeys(model.family for model in models))
    palette = [
        COLOURS[c] for c in ("blue", "orange", "green", "vermilion", "purple", "sky", "grey")
    ]
    points = [(model.parameters / 1e6, 100 * model.top1) for model in models]
    for model, (x, y) in zip(models, points, strict=True):
        colour = palette[families.index(model.family) % len(palette)]
        ax.plot(x, y, "o", color=colour, ms=10)
    ax.set_xscale("log")
    ax.set_xticks([3, 10, 30, 100], ["3", "10", "30", "100"])
    ax.set_xlim(2.7, 260)
    ax.margins(y=0.1)
    ax.set(xlabel="parameters (millions, log scale)", ylabel="ImageNet top-1 (%)", title=title)
    _write_names(ax, points, [model.name for model in models])
    return ax


def _write_names(ax: Axes, points: Sequence[tuple], names: Sequence[str]) -> None:
    """Write each name beside its point, where it hides neither a point nor another name."""
    ax.figure.draw_without_rendering()  # lays the axes out, so that places are known in pixels
    radius = 5 * ax.figure.dpi / 72
    taken = [Bbox([xy - radius, xy + radius]) for xy in ax.transData.transform(points)]
    for name, point in zip(names, points, strict=True):
        for offset, horizontal, vertical in _PLACES:
            label = ax.annotate(
                name,
                point,
                offset,
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=SMALL,
            )
            box = label.get_window_extent()
            if not box.count_overlaps(taken):
                break
            label.remove()
        else:
            ax.add_artist(label)
        taken.append(box)
