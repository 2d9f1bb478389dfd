"""Run the lessons as Google Colab does: its versions, its kernel, the course not installed.

    python tests/colab/run.py [--python PYTHON] [LESSON ...]

Packages lie in a folder called dist-packages, as they do there. The set-up cell clones the
repository's last commit (what is not committed is not seen), and runs a second time after the
working directory has changed. Prints the time, the peak memory and the error of each lesson. Linux.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from nbformat.v4 import new_code_cell  # noqa: E402

from course_utils.command.lessons import find_lessons, from_source, source_of  # noqa: E402
from course_utils.command.run import LessonError, execute  # noqa: E402

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"

BEFORE = """\
import importlib.util, google.colab, numpy
assert "dist-packages" in numpy.__file__, numpy.__file__
assert importlib.util.find_spec("course_utils") is None, "the course is installed"
"""
MOVE = "import os, tempfile; os.chdir(tempfile.mkdtemp())"
AFTER = """\
assert not os.listdir(), "the set-up cell fetched the course twice"
"""


def main() -> int:
    """Run the lessons named on the command line, or all; 1 when one stopped with an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--python", default=sys.executable, help="Colab has 3.13")
    parser.add_argument("--environment", type=Path, default=ROOT / "build" / "colab")
    options = parser.parse_args()
    try:
        lessons = find_lessons(options.lessons)
    except ValueError as error:
        parser.error(str(error))
    environment = options.environment.resolve()
    install(environment, options.python)
    return max([run(lesson, environment) for lesson in lessons])


def install(environment: Path, python: str) -> None:
    """Make the environment, unless it is there with the same packages."""
    done = environment / REQUIREMENTS.name
    if done.is_file() and done.read_text() == REQUIREMENTS.read_text():
        return
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([python, "-m", "venv", environment], check=True)
    target = ["--target", environment / "dist-packages", "--requirement", REQUIREMENTS]
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *target], check=True)
    shutil.copy(REQUIREMENTS, done)


def run(lesson: Path, environment: Path) -> int:
    """Run one lesson in a new home and an empty working directory."""
    notebook = from_source(source_of(lesson))
    title, setup, *rest = notebook.cells
    around = [new_code_cell(source) for source in (BEFORE, MOVE, AFTER)]
    before, move, after = around
    notebook.cells = [before, title, setup, move, setup, after, *rest]
    with tempfile.TemporaryDirectory() as home:
        content = Path(home) / "content"
        content.mkdir()
        write_kernel(environment, Path(home))
        os.environ["JUPYTER_PATH"] = str(environment / "jupyter")
        try:
            ran = execute(notebook, content / lesson.name)
        except LessonError as error:
            print(f"{lesson.stem}: stopped. {error.__cause__}")
            return 1
    print(f"{lesson.stem}: {ran.cost}")
    return 0


def colab(home: Path, repository: Path = ROOT) -> dict[str, str]:
    """Environment variables of a home in which the repository on the web is a local one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "HOME": str(home),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": project["urls"]["Repository"] + ".git",
    }


def write_kernel(environment: Path, home: Path) -> None:
    """Colab's kernel, in the place of the one that Jupyter would take."""
    paths = [environment / "dist-packages", HERE / "stub"]
    kernel = {
        "argv": [
            str(environment / "bin" / "python"),
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": "Colab",
        "language": "python",
        "env": {**colab(home), "PYTHONPATH": os.pathsep.join(map(str, paths))},
    }
    folder = environment / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(kernel))


if __name__ == "__main__":
    sys.exit(main())
