"""What pyproject.toml says of the course."""

import tomllib

from course_utils.paths import ROOT


def read() -> dict:
    """Its table ``project``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
