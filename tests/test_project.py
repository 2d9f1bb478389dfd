"""The files at the top agree with each other."""

import itertools
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement
from packaging.version import Version

from course_utils.paths import ROOT

pytest_plugins = ["pytester"]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
CONSTRAINTS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PYTHONS = ("3.11", "3.12", "3.13")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "course_utils").rglob("*.py")
    if not path.stem.startswith("__")
)


def pins(name: str, python: str) -> list[Requirement]:
    environment = {"python_version": python, "python_full_version": f"{python}.9"}
    return [
        pin
        for pin in CONSTRAINTS
        if pin.name == name and (pin.marker is None or pin.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("python", PYTHONS)
def test_constraints_pin_every_dependency_once_within_its_range(python):
    extras = PROJECT["optional-dependencies"]
    listed = PROJECT["dependencies"] + list(itertools.chain(*extras.values()))
    for wanted in map(Requirement, listed + PYPROJECT["dependency-groups"]["dev"]):
        if wanted.name == PROJECT["name"]:  # one extra that takes in another
            continue
        found = pins(wanted.name, python)
        assert len(found) == 1, f"{wanted.name} on Python {python}: {found}. See constraints.txt"
        (pin,) = found[0].specifier
        assert pin.operator == "=="
        assert Version(pin.version) in wanted.specifier


def test_environment_yml_installs_the_same_on_binder_too():
    """By the rules of repo2docker 2026.4, buildpacks/conda/__init__.py and buildpacks/base.py."""
    for folder in ("binder", ".binder"):  # the file at the top would not be read
        assert not (ROOT / folder).exists()
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, last = environment["dependencies"]
    # The first that matches tells the base environment; without one it has Python 3.10.
    named = [found[1] for line in conda if (found := re.match(r"python\s*=+\s*([\d.]*)", line))]
    assert named[:1] and named[0] in PYTHONS
    assert Version(f"{named[0]}.9") in Requirement(f"x{PROJECT['requires-python']}").specifier
    assert conda == [f"python={named[0]}", "pip"]
    # Everything else comes from pyproject.toml, at the versions of constraints.txt. Both lines name
    # what lies in the repository, so repo2docker copies all of it before it installs.
    assert last == {"pip": ["-c constraints.txt", "-e .[test]"]}


def test_apt_txt_holds_names_alone():
    """repo2docker hands each line to apt-get, and knows neither versions nor options."""
    lines = (ROOT / "apt.txt").read_text(encoding="utf-8").splitlines()
    names = [name for line in lines if (name := line.partition("#")[0].strip())]
    assert names and all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names)


def test_what_the_readme_says_is_what_is_done_elsewhere():
    readme, contributing, workflow, ci, first, large, check = (
        (ROOT / name).read_text(encoding="utf-8")
        for name in (
            "README.md",
            "CONTRIBUTING.md",
            ".github/workflows/test.yml",
            ".ci/run",
            "docs/guide/first_minutes.md",
            "docs/guide/large_classes.md",
            "course_utils/command/check.py",
        )
    )
    (command,) = re.findall(r"^(pip install .+ && pytest)$", readme, re.M)
    assert f"| `{command}` |" in contributing
    assert f"run: {command}\n" in workflow
    assert ci.endswith(f"\n{command}\n")
    pythons = f"{', '.join(PYTHONS[:-1])} or {PYTHONS[-1]}"
    for text in (readme, contributing, first, large):
        assert f"Python {pythons}" in " ".join(text.split())
    (tested,) = {tuple(job) for job in re.findall(r'python: \["(.+)", "(.+)"\]', workflow)}
    assert tested == (PYTHONS[0], PYTHONS[-1])
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert f"conda activate {environment['name']}`" in readme
    libraries = " ".join((ROOT / "apt.txt").read_text(encoding="utf-8").split())
    for text in (readme, check):
        assert f"apt-get install {libraries}" in text


def test_no_file_records_a_download_address_of_a_registry():
    pattern = re.compile(
        r"https?://[\w.-]*(pypi|pythonhosted|npmjs|debian\.org|conda\.anaconda)"
        r"|--(extra-)?index-url h"
    )
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".h5", ".jpg", ".png", ".npy"} or name == "tests/test_project.py":
            continue
        assert not pattern.search(path.read_text(encoding="utf-8")), name


def test_import_is_quick_and_leaves_tensorflow_alone():
    code = (
        "import sys, time; start = time.perf_counter(); import course_utils; "
        "print(time.perf_counter() - start, 'tensorflow' in sys.modules)"
    )
    seconds, has_tensorflow = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert float(seconds) < 0.5 and has_tensorflow == "False"


def test_no_module_imports_tensorflow_by_itself():
    code = (
        "import importlib, sys\n"
        f"for module in {MODULES}:\n"
        "    importlib.import_module(module)\n"
        "    assert 'tensorflow' not in sys.modules, module"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_choosing_fast_tests_does_not_choose_those_that_need_a_network():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-m",
        "not slow",
        "-k",
        "class_ids_equal_keras_download",
        "tests/test_online.py",  # which holds it; to collect all files takes ten seconds
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "skipped" in done.stdout, done.stdout


def test_lessons_are_tested_first_and_slow_files_next(pytester, monkeypatch):
    """So that the processes, to which the files go one by one, end together."""
    pytester.makeconftest((ROOT / "conftest.py").read_text(encoding="utf-8"))
    quick, slow = "def test_quick(): ...", "@pytest.mark.slow\ndef test_slow(): ..."
    slow = f"import pytest\n{quick}\n{slow}"
    pytester.makepyfile(test_a=quick, test_b=slow, test_c=quick, test_d=slow)
    for number in ("01", "02", "10"):
        lesson = new_notebook(cells=[new_code_cell("1", execution_count=1)])
        nbformat.write(lesson, pytester.path / f"{number}.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = pytester.runpytest_subprocess("--collect-only", "-q", "--nbval")
    files = list(dict.fromkeys(re.findall(r"^(\S+)::", done.stdout.str(), re.MULTILINE)))
    wanted = ["10.ipynb", "02.ipynb", "01.ipynb"]
    assert files == [*wanted, *(f"test_{name}.py" for name in "bdac")]
