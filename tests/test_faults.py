"""Whatever ends a command, at whatever step: what is read afterwards is whole, nothing is lost."""

import contextlib
import os
import random
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has neither fork nor SIGKILL", allow_module_level=True)

import faults
import nbformat
import numpy as np
from PIL import Image

from course_utils import claims
from course_utils.command import lessons, storing

pytestmark = pytest.mark.slow

TOGETHER = {  # what a command writes all or none, by the beginnings of the paths
    "update": ("notebooks/", "README.md"),
    "site": ("build/site/",),
    "new-data": ("made/",),
}
DAY = 86_400


@pytest.fixture(scope="module")
def lender(tmp_path_factory):
    lender = faults.Lender(course_in(tmp_path_factory.mktemp("trial")))
    yield lender
    lender.close()


@pytest.fixture(scope="module")
def before(tmp_path_factory, lender):
    """A function that returns a folder as it is before a writer's turn, made once."""
    made = {}

    def make(writer: str) -> Path:
        if writer not in made:
            made[writer] = course_in(tmp_path_factory.mktemp("before"))
            if writer in ("update", "slides", "site"):
                assert lender.write(made[writer], writer, version=1)["code"] == 0
        return made[writer]

    return make


@pytest.fixture
def attempt(before, lender, tmp_path):
    """A function that has a writer write, with a fault, where things are as before."""

    def write(writer: str, fault: str = "", at: int = 0) -> tuple[dict, Path]:
        folder = tmp_path / "course"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before(writer), folder)
        return lender.write(folder, writer, fault=fault, at=at), folder

    return write


def course_in(folder: Path) -> Path:
    """Two lessons, a README, photographs, and weights that Keras states no hash of."""
    for name in ("notebooks/source", "cache", "tmp", "keras/models", "build", "docs"):
        (folder / name).mkdir(parents=True)
    for name in ("07_a", "08_b"):
        source = folder / "notebooks" / "source" / f"{name}.py"
        source.write_text(f"# %% [markdown]\n# # {name}\n\n# %%\n1\n")
        path = folder / "notebooks" / f"{name}.ipynb"
        nbformat.write(lessons.from_source(source), path)
    (folder / "docs" / "index.md").write_text("# Course\n")
    (folder / "README.md").write_text(f"{claims._BEGIN}\n{claims._END}\n")
    (folder / "keras" / "models" / "mobilenet.h5").write_bytes(b"weights of MobileNet")
    for label, name in enumerate(("mug", "pen")):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(2):
            picture = Image.radial_gradient("L").rotate(90 * i).resize((240, 240 + 60 * label))
            shade = Image.merge("RGB", [picture.point(lambda x, i=i: x * i // 2), picture, picture])
            shade.save(folder / "photos" / name / f"{'ab'[i] * 4}.jpg")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """What is in all files below a folder that somebody reads."""
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if not re.search(r"(^|/)(\.storing/|tmp)", name)
    }


def leftovers(folder: Path) -> list[str]:
    """What was being written when a process was killed, but for the system's temporary files."""
    found = [p.relative_to(folder) for p in (*folder.rglob("tmp*"), *folder.rglob("journal.json"))]
    return [str(path) for path in found if path.parts[0] != "tmp"]


def states(attempt, before, writer) -> tuple[dict, dict, int]:
    """Files before and after, and the number of steps between them."""
    old = files(before(writer))
    done, folder = attempt(writer)
    assert (done["code"], done["said"]) == (0, ""), writer
    new = files(folder)
    assert new != old and leftovers(folder) == [], writer
    return old, new, done["steps"]


def mixed(found: dict, old: dict, new: dict, together: tuple[str, ...] = ()) -> str:
    """What is neither as before nor as after; empty if all is."""
    for name in {*found, *old, *new}:
        if found.get(name) not in (old.get(name), new.get(name)):
            return f"{name} is neither as before nor as after"
    now, *sides = (part(side, together) for side in (found, old, new))
    if together and now not in sides:
        return f"of two runs: {sorted(n for n in now if now[n] != sides[0].get(n))}"
    return ""


def part(found: dict, together: tuple[str, ...]) -> dict:
    """The files that a command writes all or none."""
    return {name: content for name, content in found.items() if name.startswith(together)}


def chosen(steps: int, most: int) -> list[int]:
    """All steps, or ``most`` of them at equal distances, the first and the last among them."""
    return sorted({round(step) for step in np.linspace(1, steps, min(most, steps))})


def between_renamings(writer: str, folder: Path) -> bool:
    """The one instant at which a folder that is replaced is not there, under its name."""
    return writer == "site" and not (folder / "build" / "site").exists()


EVERY_STEP = pytest.param(10_000, id="every step", marks=pytest.mark.weekly)


@pytest.mark.parametrize("most", [pytest.param(9, id="some steps"), EVERY_STEP])
def test_kills_leave_only_what_is_whole(attempt, before, lender, most):
    """As soon as a command reads again; the next time all is written, and nothing lies about."""
    kills, without_site = 0, 0
    for writer in faults.WRITERS:
        old, new, steps = states(attempt, before, writer)
        # Few of its many steps are between the first and the last file that goes to its place.
        for at in chosen(steps, 2 * most if writer == "update" else most):
            where = f"{writer}, killed at step {at} of {steps}"
            done, folder = attempt(writer, "SIGKILL", at)
            assert done["code"] == -signal.SIGKILL, (where, done)
            kills += 1
            if between_renamings(writer, folder):
                without_site += 1
            else:
                assert not (wrong := mixed(files(folder), old, new)), (where, wrong)
                if writer == "update":
                    assert lender.write(folder, "any other")["code"] == 0, where
                wrong = mixed(files(folder), old, new, TOGETHER.get(writer, ()))
                assert not wrong, (where, wrong)
            for path in folder.rglob("tmp*"):
                os.utime(path, times=(time.time() - 2 * DAY,) * 2)
            done = lender.write(folder, writer)
            if writer == "new-data" and at == steps:
                continue  # it was there already
            # The report says how the outputs compare with those that are stored.
            same = {name: new[name] for name in new if name != "build/report.html"}
            assert done["code"] == 0 and files(folder).items() >= same.items(), (where, done)
            assert leftovers(folder) == [], where
    print(f"{kills} kills")
    assert kills >= 50 and without_site <= 1


def test_what_somebody_changed_after_a_kill_is_left(attempt, before, lender):
    old, _, steps = states(attempt, before, "update")
    lesson = "notebooks/07_a.ipynb"
    for at in range(steps, 0, -1):
        _, folder = attempt("update", "SIGKILL", at)
        if leftovers(folder) and files(folder)["README.md"] == old["README.md"]:
            break  # the lessons are in their places, the README is not
    assert files(folder)[lesson] != old[lesson]
    (folder / lesson).write_text("mine")
    done = lender.write(folder, "any other")
    assert re.search(r"3 files are as .* 07_a.ipynb was changed since, and left\.", done["said"])
    assert part(files(folder), TOGETHER["update"]) == part(old, TOGETHER["update"]) | {
        lesson: b"mine"
    }


def test_kills_at_random_times_leave_files_of_one_run(before, lender, tmp_path):
    random = np.random.default_rng(0)
    folder = shutil.copytree(before("update"), tmp_path / "course")
    for name in (*faults.OF_ONE_RUN, "page.html"):
        (folder / name).write_text("1 " * 50_000)
    found = []
    for _ in range(20):
        with lender.writing(folder, "for ever") as process:
            time.sleep(random.uniform(0.02, 0.15))
            os.kill(process, signal.SIGKILL)
        assert lender.write(folder, "any other")["code"] == 0
        texts = {(folder / name).read_text() for name in faults.OF_ONE_RUN}
        assert len(texts) == 1
        found.append(texts.pop())
        for text in (found[-1], (folder / "page.html").read_text()):
            assert len(text.split()) == 50_000 and len(set(text.split())) == 1
    print(f"20 kills, {len(set(found))} versions seen")


REMEDY = (
    "Make room|allow it|Choose another folder|COURSE_CACHE|KERAS_HOME|Run without --update|Open"
)


@pytest.mark.parametrize("most", [pytest.param(5, id="some steps"), EVERY_STEP])
@pytest.mark.parametrize(
    "fault, why",
    [
        ("full", "No space left"),
        pytest.param("quota", "quota exceeded", marks=pytest.mark.weekly),
        pytest.param("read-only", "Read-only", marks=pytest.mark.weekly),
    ],
)
def test_a_disk_that_takes_no_more_is_named(attempt, before, lender, most, fault, why):
    """From any step on: in lines that name file, reason and remedy; nothing stored is lost."""
    told = 0
    for writer in faults.WRITERS:
        old, new, steps = states(attempt, before, writer)
        for at in chosen(steps, most):
            where = f"{writer}, {fault} from step {at} of {steps}"
            done, folder = attempt(writer, fault, at)
            lines = [x for x in done["said"].splitlines() if not x.startswith("  ")]
            expected = int(bool(lines) and writer != "cache")  # which warns, with a line of source
            assert done["code"] == expected, (where, done)
            # One, and one more for each lesson that stops.
            assert len(lines) <= (3 if writer == "update" else 1), (where, lines)
            for line in lines:
                assert re.search(rf"{folder}.*{why}|{why}.*{folder}|{why}.*stopped", line), line
                assert re.search(REMEDY, line), line
            told += bool(lines)
            if fault == "read-only":
                assert lender.write(folder, "any other")["code"] == 0, where
            if fault == "read-only" and between_renamings(writer, folder):
                continue
            wrong = mixed(files(folder), old, new, TOGETHER.get(writer, ()))
            assert not wrong, (where, wrong)
            assert fault == "read-only" or leftovers(folder) == [], where
    print(f"{told} times told")
    assert told > 20


@pytest.mark.parametrize("most", [pytest.param(5, id="some steps"), EVERY_STEP])
def test_ctrl_c_at_any_step_is_one_line(attempt, before, most):
    """All is as before or as after at once, and of what belongs together the lessons as before."""
    interrupted = 0
    for writer in faults.WRITERS:
        old, new, steps = states(attempt, before, writer)
        for at in chosen(steps, most):
            where = f"{writer}, interrupted at step {at} of {steps}"
            done, folder = attempt(writer, "SIGINT", at)
            if writer == "update" and done["code"] == 0:  # too late
                assert (files(folder), done["said"]) == (new, ""), where
                continue
            assert done["code"] == 130, (where, done)
            if writer not in ("cache", "record of weights", "photograph"):  # no commands
                assert re.fullmatch(r"Interrupted\. .*No.* file is half-written\.\n", done["said"])
            found = files(folder)
            wrong = mixed(found, old, new, TOGETHER.get(writer, ()))
            assert not wrong, (where, wrong)
            if writer == "update":
                same = part(found, TOGETHER[writer]) == part(old, TOGETHER[writer])
                assert same and leftovers(folder) == [], where
            # What is being deleted when Ctrl-C comes goes after a day.
            assert all(".part" in name for name in leftovers(folder)), where
            interrupted += 1
    print(f"{interrupted} times interrupted")
    assert interrupted > 25


@pytest.mark.parametrize("writer", ["cache", "photograph", "update", "slides", "prefetch", "site"])
def test_a_file_that_the_system_cuts_off_is_one_line(attempt, before, writer):
    """By its limit for the size of a file, which root has too: after 2,000 bytes."""
    done, folder = attempt(writer, "limit", 2000)
    lines = [line for line in done["said"].splitlines() if not line.startswith("  ")]
    assert len(lines) == 1 and "File too large" in lines[0] and re.search(REMEDY, lines[0]), lines
    assert done["code"] == (writer != "cache")
    assert (mixed(files(folder), files(before(writer)), {}), leftovers(folder)) == ("", [])


@pytest.mark.parametrize(
    "writer, blocked",
    [
        ("cache", "cache"),
        ("update", "build"),
        ("update", "cache"),
        ("update", "notebooks/.storing"),
        ("slides", "build"),
        ("slides", "cache"),
        ("site", "build"),
        ("prefetch", "keras"),
        ("new-data", "made"),
    ],
)
def test_a_file_where_a_folder_should_be_is_one_line(before, lender, tmp_path, writer, blocked):
    """Which stops root too, whom no permission stops."""
    folder = shutil.copytree(before(writer), tmp_path / "course")
    shutil.rmtree(folder / blocked, ignore_errors=True)
    (folder / blocked).touch()
    old = files(folder)
    done = lender.write(folder, writer)
    lines = [line for line in done["said"].splitlines() if not line.startswith("  ")]
    assert len(lines) == 1 and str(folder / blocked) in lines[0], lines
    assert re.search(REMEDY + "|Choose another --output", lines[0]), lines
    assert (done["code"], files(folder)) == (int(writer != "cache"), old)


def test_a_second_command_that_stores_is_refused_and_told_of_the_first(
    before, lender, tmp_path, monkeypatch
):
    folder = shutil.copytree(before("update"), tmp_path / "course")
    old = files(folder)
    monkeypatch.setattr(storing, "notebooks_dir", lambda: folder / "notebooks")
    with storing.alone():
        done = lender.write(folder, "update")
    (line,) = done["said"].splitlines()
    assert done["code"] == 1 and f"(process {os.getpid()}). Wait until it has ended" in line
    assert files(folder) == old
    assert lender.write(folder, "update")["code"] == 0


def test_two_that_store_at_once_never_mix(before, lender, tmp_path, monkeypatch):
    folder = shutil.copytree(before("update"), tmp_path / "course")
    monkeypatch.setattr(storing, "notebooks_dir", lambda: folder / "notebooks")
    pauses = random.Random(0)
    stored = refused = 0
    with lender.writing(folder, "for ever") as process:
        end = time.monotonic() + 20
        while time.monotonic() < end and (stored < 20 or not refused):
            with contextlib.suppress(storing.BusyError):
                refused += 1
                with storing.alone():
                    refused -= 1
                    stored += 1
                    texts = {(folder / name).read_text() for name in faults.OF_ONE_RUN}
                    assert len(texts) == 1 or stored == 1
                    mine = {folder / name: f"-{stored} " * 50_000 for name in faults.OF_ONE_RUN}
                    storing.write_all(mine, "stored")
            time.sleep(pauses.uniform(0, 0.01))  # else the other seldom finds the lock free
        os.kill(process, signal.SIGKILL)
    print(f"{stored} times stored, {refused} times refused")
    assert stored >= 20 and refused
