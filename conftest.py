"""Run the lessons under pytest as ``course run`` does, and leave standard error uncompared.

It stands at the top, since pytest must find it for the notebooks and for the tests.
"""

import os

from course_utils.command.run import ENVIRONMENT

os.environ.update({k: v for k, v in ENVIRONMENT.items() if k != "PYTEST_CURRENT_TEST"})


def pytest_collectstart(collector):
    """Have nbval skip what libraries write to standard error: it differs by machine."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
