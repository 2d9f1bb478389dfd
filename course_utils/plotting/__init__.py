"""Every figure of the course.

Functions that draw one plot take and return a matplotlib ``Axes``; those that draw a grid
return a ``Figure``.
"""

from course_utils.plotting.style import CLASS_COLOURS, COLOURS, set_style

__all__ = ["CLASS_COLOURS", "COLOURS", "set_style"]
