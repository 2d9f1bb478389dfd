"""``python -m course_utils``: the same as the ``course`` command."""

import sys

from course_utils.command.main import main

sys.exit(main())
