"""Every figure of the course.

Functions that draw one plot take and return a matplotlib ``Axes``; those that draw several
return a ``Figure``. :func:`show` ends each: it shows the figure with the words that stand for it.
"""

from course_utils.plotting.architectures import plot_architecture
from course_utils.plotting.catalogue import plot_model_catalogue
from course_utils.plotting.costs import plot_costs
from course_utils.plotting.experiments import plot_curves, plot_search
from course_utils.plotting.graphs import plot_graph
from course_utils.plotting.images import (
    plot_heat,
    plot_image,
    plot_images,
    plot_predictions,
    plot_probabilities,
    plot_samples,
    plot_top_predictions,
)
from course_utils.plotting.intervals import plot_estimates, plot_estimates_along
from course_utils.plotting.maps import plot_maps
from course_utils.plotting.published import plot_challenge, plot_history
from course_utils.plotting.segmentation import plot_masks
from course_utils.plotting.show import show
from course_utils.plotting.style import CLASS_COLOURS, COLOURS, METHOD_COLOURS, set_style
from course_utils.plotting.training import plot_confusion_matrix
from course_utils.plotting.units import plot_patches
from course_utils.plotting.ushape import plot_u

__all__ = [
    "CLASS_COLOURS",
    "COLOURS",
    "METHOD_COLOURS",
    "plot_architecture",
    "plot_challenge",
    "plot_confusion_matrix",
    "plot_costs",
    "plot_curves",
    "plot_estimates",
    "plot_estimates_along",
    "plot_graph",
    "plot_heat",
    "plot_history",
    "plot_image",
    "plot_images",
    "plot_maps",
    "plot_masks",
    "plot_model_catalogue",
    "plot_patches",
    "plot_predictions",
    "plot_probabilities",
    "plot_samples",
    "plot_search",
    "plot_top_predictions",
    "plot_u",
    "set_style",
    "show",
]
