"""Run the lessons under pytest as ``course run`` does, and compare their outputs as it does.

It stands at the top, since pytest must find it for the notebooks and for the tests.
"""

import os

from nbval.plugin import IPyNbCell

from course_utils.command import compare
from course_utils.command.run import ENVIRONMENT

os.environ.update({k: v for k, v in ENVIRONMENT.items() if k != "PYTEST_CURRENT_TEST"})


def compare_outputs(self: IPyNbCell, test, ref) -> bool:
    """Compare fresh outputs with stored ones; the failure shows ``comparison_traceback``."""
    tags = self.cell.metadata.get("tags", [])
    name = f"cell {self.cell_num + 1}"  # as in JupyterLab; nbval counts from 0
    self.comparison_traceback = compare.differences(ref, test, tags, name)
    return not self.comparison_traceback


IPyNbCell.compare_outputs = compare_outputs  # nbval makes the cells and leaves no other way in
