"""The first code cell of a lesson, as Colab runs it: nothing installed, the course fetched."""

import os
import subprocess
import sys

import pytest
from colab.run import HERE, colab

from course_utils.command.lessons import find_lessons, from_source, source_of

pytestmark = pytest.mark.slow

CELL = from_source(source_of(find_lessons()[0])).cells[1].source


def run(home, environment) -> subprocess.CompletedProcess:
    """Run the cell twice, with another working directory the second time."""
    code = f"""
import os, sys
sys.path.insert(0, {str(HERE / "stub")!r})
import google.colab
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for folder in ("content", "elsewhere"):
    os.mkdir(folder)
    os.chdir(folder)
    shell.run_cell({CELL!r}).raise_error()
    print(os.listdir())
import course_utils.claims, course_utils.paths
print(course_utils.claims.__file__)
print(course_utils.paths.data_dir())
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_course_is_fetched_once_and_found_from_every_folder(tmp_path):
    done = run(tmp_path, colab(tmp_path))
    first, second, module, data = done.stdout.splitlines()
    course = tmp_path / "course"
    assert (first, second) == ("[]", "[]")
    assert module == str(course / "course_utils" / "claims.py")
    assert data == str(course / "data")


def test_without_a_network_it_says_what_to_do(tmp_path):
    done = run(tmp_path, colab(tmp_path, repository=tmp_path / "missing"))
    assert "ConnectionError: The course was not fetched: see above." in done.stderr
