"""The first code cell of a lesson, as Colab runs it: nothing installed, the course fetched."""

import os
import re
import subprocess
import sys

import pytest
from colab.run import HERE, REQUIREMENTS, colab

from course_utils.command.lessons import find_lessons, from_source, source_of

pytestmark = pytest.mark.slow

(IPYTHON,) = re.findall(r"^ipython==(.+)$", REQUIREMENTS.read_text(encoding="utf-8"), re.M)
CELL = from_source(source_of(find_lessons()[0])).cells[1].source


@pytest.fixture(
    scope="module",
    params=["installed here", pytest.param("of Colab", marks=pytest.mark.weekly)],
)
def ipython(request, tmp_path_factory):
    """Where Python looks for IPython first: nowhere else, or where Colab's own has been put.

    The second takes pip; GitHub runs whole lessons with it after each push (`colab/run.py`).
    """
    if request.param == "installed here":
        return ""
    folder = tmp_path_factory.mktemp("ipython")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--retries=0", "--timeout=10"]
    pip += ["--target", str(folder), "--constraint", str(REQUIREMENTS), "ipython"]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason told"])[-1]
        pytest.skip(f"Colab's IPython cannot be installed: {why}")
    return str(folder)


def run_setup(home, environment, ipython="", cell=CELL) -> subprocess.CompletedProcess:
    """Run the cell twice, with another working directory the second time."""
    code = f"""
import os, sys
sys.path.insert(0, {str(HERE / "stub")!r})
import google.colab
import IPython
print(IPython.__version__)
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for folder in ("content", "elsewhere"):
    os.mkdir(folder)
    os.chdir(folder)
    shell.run_cell({cell!r}).raise_error()
    print(os.listdir())
import course_utils.claims, course_utils.paths
print(course_utils.claims.__file__)
print(course_utils.paths.data_dir())
print(os.environ["TF_FORCE_GPU_ALLOW_GROWTH"])
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env={**os.environ, **environment, "PYTHONPATH": ipython},
        capture_output=True,
        text=True,
    )


def test_the_course_is_fetched_once_and_found_from_every_folder(tmp_path, ipython):
    done = run_setup(tmp_path, colab(tmp_path), ipython)
    version, first, second, module, data, growth = done.stdout.splitlines()
    assert version == IPYTHON or not ipython
    course = tmp_path / "course"
    assert (first, second) == ("[]", "[]")
    assert module == str(course / "course_utils" / "claims.py")
    assert data == str(course / "data")
    assert growth == "true"  # TensorFlow takes of a GPU's memory what it needs


def test_without_a_network_it_says_what_to_do(tmp_path, ipython):
    done = run_setup(tmp_path, colab(tmp_path, repository=tmp_path / "missing"), ipython)
    assert "ConnectionError: The course was not fetched. Try this cell again" in done.stderr
