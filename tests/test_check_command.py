"""``course check`` finds what is wrong, says what to do, and counts only crosses."""

import hashlib
import re
import shutil
import sys

import nbformat
import pytest

from course_utils import paths
from course_utils.command import check, lessons, machine
from course_utils.command.main import main
from course_utils.command.memory import LESSON_LIMIT
from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT, data_dir

HERE = machine.Speed(steps=2.0, convolutions=3.0, cores=2)


@pytest.fixture(autouse=True)
def own_machine(monkeypatch, tmp_path):
    """An empty cache of Keras's, and no probe of ten seconds."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setattr(machine, "measure", lambda *_: HERE)


@pytest.fixture
def times(monkeypatch):
    """What the lessons took elsewhere; a test fills it."""
    kept = {}
    monkeypatch.setattr(machine, "read_times", lambda: kept)
    return kept


@pytest.fixture
def in_step(monkeypatch):
    monkeypatch.setattr(check, "out_of_step", lambda lesson: "")


def crosses(rows) -> list[check.Row]:
    return [row for row in rows if row.state == "no"]


def test_all_is_well_here(in_step, times, capsys):
    lesson = lessons.find_lessons()[0].stem
    times[lesson] = machine.Taken(60.0, 1.0, 1.2, machine.Speed(1.0, 1.0, 2))
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "✗" not in out
    assert re.search(r"^✓ yes +data/objects +531 files as recorded$", out, re.MULTILINE)
    assert re.search(r"^– note +models of Keras's +not here: MobileNet, VGG16", out, re.MULTILINE)
    assert "– note  models of Keras's: course prefetch" in out
    assert re.search(rf"^{lesson} +2\.0 +1\.2$", out, re.MULTILINE)


def test_a_cross_says_what_to_do_and_is_the_exit_code(monkeypatch, in_step, times, capsys):
    monkeypatch.setattr(check, "available_bytes", lambda: 10**9)
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^✗ no +memory +1\.0 GB free; needed: 1\.8 GB$", out, re.MULTILINE)
    assert "✗ no  memory: Close other programs" in out


def test_python_and_packages_out_of_range_are_named(monkeypatch):
    monkeypatch.setattr(check.platform, "python_version", lambda: "3.10.2")
    (row,) = crosses(check.python())
    assert row.found == "3.10.2; supported: >=3.11,<3.14"
    versions = {"numpy": "1.26.4", "tqdm": None}
    version = check._version
    monkeypatch.setattr(
        check, "_version", lambda name: versions[name] if name in versions else version(name)
    )
    (row,) = crosses(check.packages())
    assert row.found == "numpy 1.26.4 (supported: >=2.0), tqdm missing (supported: >=4.66)"
    assert row.remedy.startswith("pip install -c constraints.txt -e .")


def test_opencv_without_a_screen_will_do(monkeypatch):
    version = check._version
    names = {"opencv-python": None, "opencv-python-headless": "4.12.0.88"}
    monkeypatch.setattr(
        check, "_version", lambda name: names[name] if name in names else version(name)
    )
    assert crosses(check.packages()) == []


def test_opencv_that_cannot_be_loaded_says_what_to_install(monkeypatch):
    def fail(name):
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(check.importlib, "import_module", fail)
    (row,) = check.opencv()
    assert row.state == "no" and "libGL.so.1" in row.found and "libgl1" in row.remedy


def test_a_full_disk_is_a_cross(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(check.shutil, "disk_usage", lambda _: usage._replace(free=10**8))
    (row,) = check.disk()
    assert (
        row.state == "no" and row.found.startswith("0.1 GB free") and "COURSE_CACHE" in row.remedy
    )


@pytest.fixture
def data_copy(monkeypatch, tmp_path):
    """A copy of the photographs, and of the other lists of hashes, that a test may damage."""
    folder = tmp_path / "data"
    for name in ("objects", "weights"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a").touch()
        (folder / name / "SHA256SUMS").write_text(f"{hashlib.sha256().hexdigest()}  a\n")
    shutil.copytree(data_dir() / "photographs", folder / "photographs")
    monkeypatch.setattr(check, "data_dir", lambda: folder)
    return folder / "photographs"


@pytest.mark.parametrize("damage", ["a changed byte", "missing"])
def test_a_damaged_file_is_named(data_copy, damage):
    assert crosses(check.data()) == []
    file = data_copy / "Hat" / "knitted_cap.jpg"
    content = file.read_bytes()
    file.unlink()
    if damage == "a changed byte":
        file.write_bytes(content[:-9] + b"x" + content[-8:])
    (row,) = crosses(check.data())
    assert (row.what, row.found) == (
        "data/photographs",
        "damaged or missing: Hat/knitted_cap.jpg",
    )
    assert row.remedy.startswith("git checkout -- data/photographs")


def test_a_missing_or_damaged_list_of_hashes_is_a_cross(data_copy):
    (data_copy / "SHA256SUMS").write_text("not a list\n")
    assert crosses(check.data())[0].found == "damaged or missing: SHA256SUMS"
    (data_copy / "SHA256SUMS").write_text("")
    assert crosses(check.data())[0].found == "damaged or missing: SHA256SUMS"
    (data_copy / "SHA256SUMS").unlink()
    assert crosses(check.data())[0].found == "damaged or missing: SHA256SUMS"


def test_images_of_ones_own_are_told_or_missed(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(data_dir() / "objects"))
    (row,) = [row for row in check.data() if row.what == "COURSE_DATA"]
    assert row.state == "no" and "classes.txt is missing" in row.remedy
    shutil.copy(data_dir() / "objects" / "manifest.csv", tmp_path)
    (tmp_path / "classes.txt").write_text("Hat\nCube\nCard\nTorch\nScrew\n")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    (row,) = [row for row in check.data() if row.what == "COURSE_DATA"]
    assert row.state == "note" and row.found.startswith("265 images of Hat, Cube")


@pytest.mark.parametrize("folder", ["objects", "photographs", "weights"])
def test_every_file_of_the_data_has_its_hash(folder):
    listed = (data_dir() / folder / "SHA256SUMS").read_text().splitlines()
    files = {
        path.relative_to(data_dir() / folder).as_posix()
        for path in (data_dir() / folder).rglob("*")
        if path.is_file() and path.name not in ("SHA256SUMS", "README.md")
    }
    assert {line.split()[1] for line in listed} == files
    assert check.damaged(data_dir() / folder) == (len(files), [])


def test_a_damaged_model_in_kerass_cache_is_a_cross(tmp_path, monkeypatch):
    monkeypatch.setattr(check.pretrained, "available", lambda: ["VGG16"])
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    file = folder / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    file.write_bytes(b"half")
    first, damaged, missing = check.models()
    assert (first.state, damaged.state, missing.state) == ("yes", "no", "note")
    assert damaged.what == "VGG16" and str(file) in damaged.remedy and "Delete" in damaged.remedy
    assert missing.found.startswith("not here: MobileNet.")


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A folder of lessons with one, in step."""
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    path = tmp_path / "07_small.ipynb"
    source = lessons.source_of(path)
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\nprint(6 * 7)\n", encoding="utf-8")
    nbformat.write(lessons.from_source(source), path)
    return path


def test_pairs_in_step_and_out_of_it(lesson):
    assert [row.state for row in check.pairs()] == ["yes"]
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells[1].source += "  # my own edit"
    nbformat.write(notebook, lesson)
    (row,) = check.pairs()
    assert (row.state, row.what) == ("no", "07_small")
    assert row.found == "1 of its cells differ from its source"
    assert "git checkout -- notebooks/07_small.ipynb" in row.remedy
    assert row.remedy.endswith("course run --update 07")
    del notebook.cells[1]
    nbformat.write(notebook, lesson)
    assert next(check.pairs()).found == "has 1 cells, its source 2"
    lesson.write_text("{")
    assert "is not a notebook" in next(check.pairs()).found
    lesson.unlink()
    assert next(check.pairs()).found == "the notebook is missing"


def test_a_guess_follows_the_kind_of_work():
    there = machine.Speed(steps=1.0, convolutions=1.0, cores=2)
    small, large = (machine.Taken(60.0, busy, None, there) for busy in (1.0, 2.0))
    assert machine.guess(small, HERE) == pytest.approx(120)
    assert machine.guess(large, HERE) == pytest.approx(180)
    assert machine.guess(machine.Taken(60.0, 1.5, None, there), HERE) == pytest.approx(150)


def test_times_are_read_as_they_were_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "notebooks_dir", lambda: tmp_path)
    assert machine.read_times() == {}
    taken = {"01_a": machine.Taken(61.5, 1.3, None, HERE), "02_b": machine.Taken(3, 2, 1.1, HERE)}
    machine.times_file().write_text(machine.times_as_text(taken))
    assert machine.read_times() == taken
    assert len(machine.times_file().read_text().splitlines()) == 4, "a line for each lesson"
    for damage in ("{", "[]", '{"01_a": 3}', '{"01_a": {"seconds": 3}}'):
        machine.times_file().write_text(damage)
        assert machine.read_times() == {}


def test_a_tensorflow_that_does_not_start_is_a_cross(monkeypatch, times):
    def fail():
        raise CommandError("This machine's speed cannot be measured: ImportError: no AVX")

    monkeypatch.setattr(machine, "measure", fail)
    (row,) = check.lessons_times()
    assert (row.state, row.what) == ("no", "TensorFlow") and "no AVX" in row.found


def test_why_the_speed_cannot_be_measured_is_told(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(machine, "ROOT", ROOT / "tests")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(sys, "executable", shutil.which("false") or "false")
    with pytest.raises(CommandError, match="cannot be measured: exit code 1"):
        machine.measure()


@pytest.mark.weekly
def test_the_probe_measures(monkeypatch):
    monkeypatch.undo()
    seconds, threads = machine._measured("_steps", {"TF_NUM_INTRAOP_THREADS": "1"})
    assert 0 < seconds < 60 and threads == 1


def test_what_is_kept_is_of_all_lessons_and_none_needs_more_than_binder_gives():
    if not machine.times_file().is_file():
        pytest.skip("no times are kept: course run --update keeps them")
    kept = machine.read_times()
    assert kept.keys() == {path.stem for path in lessons.find_lessons()}
    peaks = {name: taken.memory_gb for name, taken in kept.items()}
    assert {name: peak for name, peak in peaks.items() if (peak or 0) > LESSON_LIMIT / 1e9} == {}


def test_an_installation_without_the_clone_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert main(["check"]) == 1
    assert "works from a clone of the course" in capsys.readouterr().err
