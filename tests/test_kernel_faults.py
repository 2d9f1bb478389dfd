"""Kernels that die, and Ctrl-C while they start: one line, and none is left."""

import os
import re
import subprocess
import sys

import pytest
from test_command import INTERRUPTED, add_lesson, contents, lesson  # noqa: F401

from course_utils.command import main
from course_utils.paths import ROOT


def course(folder, *arguments, before="", **environment) -> subprocess.CompletedProcess:
    """The command in a process of its own, on the lessons of a folder, after a line of code."""
    code = f"""
import os, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
{before}
from course_utils import claims
from course_utils.command import lessons, machine, main, run, storing
for module in (lessons, claims, machine, storing):
    module.notebooks_dir = lambda: pathlib.Path({str(folder)!r})
machine.measure = lambda *_: machine.Speed(1.0, 1.0, 2)
run.README = pathlib.Path({str(folder / "README.md")!r})
sys.exit(main.main({[*arguments, "--output", str(folder / "pages")]!r}))
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "COURSE_CACHE": str(folder / "cache"), **environment},
        text=True,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.slow
def test_a_kernel_that_is_killed_costs_nothing_that_is_stored(lesson, tmp_path, capfd):  # noqa: F811
    """Its line names lesson and cell; the page of the other lesson is written."""
    add_lesson(lesson, "08", "1\n\n# %%\nimport os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    before = contents(tmp_path)
    pages = tmp_path / "pages"
    assert main.main(["run", "--update", "--output", str(pages)]) == 1
    first, second = capfd.readouterr().err.splitlines()
    assert re.match(r"08_other: stopped\. cell 2 \(`import os, .*`\): the kernel died", first)
    assert second == "Nothing was stored, since a lesson stopped."
    assert {path: content for path, content in contents(tmp_path).items() if path in before} == (
        before
    )
    assert {path.name for path in pages.iterdir()} == {"07_small.html", "report.html"}


@pytest.mark.weekly
def test_a_kernel_that_dies_before_the_first_cell_is_one_line(lesson, tmp_path):  # noqa: F811
    """And nothing more is said on leaving."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif 'ipykernel_launcher' in sys.orig_argv: os._exit(1)\n"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = course(tmp_path, "run", PYTHONPATH=path)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert re.match(r"07_small: stopped\. the kernel did not start \(.*\)\. Close other", line)


@pytest.mark.weekly
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_while_kernels_start_ends_them(lesson, tmp_path):  # noqa: F811
    """At the moment when the second of two is about to start."""
    code = f"import os, pathlib; pathlib.Path({str(tmp_path)!r}, str(os.getpid()) + '.pid').touch()"
    add_lesson(lesson, "08", f"{code}; import time; time.sleep(60)")
    add_lesson(lesson, "09", f"{code}; import time; time.sleep(60)")
    before = contents(tmp_path)
    hook = (
        "started = []\n"
        "def hook(event, arguments):\n"
        "    if event == 'subprocess.Popen' and 'ipykernel_launcher' in str(arguments):\n"
        "        started.append(event)\n"
        "        if len(started) == 2: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(hook)\n"
    )
    done = course(tmp_path, "run", "08", "09", "--update", "--jobs", "2", before=hook)
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)
    after = contents(tmp_path)
    kernels = [int(path.stem) for path in after if path.suffix == ".pid"]
    assert {path for path in after if path.suffix != ".pid"} == set(before)
    for kernel in kernels:
        with pytest.raises(ProcessLookupError):
            os.kill(kernel, 0)


def test_ctrl_c_in_the_first_moments_is_one_line(tmp_path):
    """While the command imports what it needs."""
    hook = (
        "import importlib.abc\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'numpy': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from course_utils.command.main import main; sys.exit(main(['links']))\n"
    )
    done = course(tmp_path, before=hook)
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)
