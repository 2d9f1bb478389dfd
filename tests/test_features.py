"""``course features``: every image once, by any number of workers, after any interruption."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from course_utils import data, pretrained
from course_utils.command import feature_parts, features
from course_utils.command.main import main
from course_utils.images import read_image
from course_utils.models.efficientnet_lite import EfficientNetLite0, preprocess_input
from course_utils.paths import ROOT

pytest.importorskip("pyarrow")
from pyarrow import parquet

REAL_EXTRACTOR = features.extractor
PART = 4  # images
COUNT = 14
NAMES = sorted(f"{'card' if i % 3 else 'hat/inner'}/{i:02}.png" for i in range(COUNT))


@pytest.fixture
def folder(tmp_path):
    """Pictures of one colour each, in two folders, one of them inside another."""
    for name in NAMES:
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        number = int(path.stem)
        Image.new("RGB", (16, 16), (number, 2 * number, 255 - number)).save(path)
    return tmp_path / "images"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "features.parquet"


@pytest.fixture(autouse=True)
def extracted(monkeypatch):
    """A network that finds mean colours, in small parts; lists how many images it was shown."""
    shown: list[int] = []

    def extract(images):
        shown.append(len(images))
        return images.mean(axis=(1, 2)).astype(np.float32)

    monkeypatch.setattr(features, "extractor", lambda info, weights: extract)
    monkeypatch.setattr(feature_parts, "PART", PART)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return shown


def course(folder, out, *more):
    return main(["features", str(folder), "--out", str(out), "--batch", "3", *more])


def rows(out) -> dict[str, list]:
    """What is read back: one call, sorted by file."""
    table = parquet.read_table(out).sort_by("file")
    return {name: table[name].to_pylist() for name in table.column_names}


def colours(names):
    return [[n, 2 * n, 255 - n] for n in (int(name[-6:-4]) for name in names)]


def test_a_row_for_each_image_can_be_read_in_one_call(folder, out, capsys):
    assert course(folder, out) == 0
    found = rows(out)
    assert found["file"] == NAMES
    assert found["class"] == [name.rpartition("/")[0] for name in NAMES]
    assert found["features"] == colours(NAMES)
    assert set(found["model"]) == {"EfficientNetLite0"}
    assert [p.name for p in sorted(out.iterdir())] == [f"part-{i:06}.parquet" for i in range(4)]
    assert f"{out} is whole: 14 rows of 14 images." in (told := capsys.readouterr().out)
    assert "peak memory" in told and "a second" in told


def test_what_is_whole_is_not_computed_again(folder, out, extracted, capsys):
    assert course(folder, out) == course(folder, out) == 0
    assert sum(extracted) == COUNT
    assert "is whole: 14 rows" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.slow
def test_the_features_are_those_of_keras(monkeypatch):
    monkeypatch.setattr(features.runtime, "setup", lambda: None)
    images = data.load_folder(data.photographs_dir())[0]
    weights = pretrained.weights_for(features.MODEL, include_top=False)
    found = REAL_EXTRACTOR(pretrained.find(features.MODEL), weights)(images)
    base = EfficientNetLite0(include_top=False, weights=weights, pooling="avg")
    wanted = base.predict(preprocess_input(images.astype(np.float32)), verbose=0)
    print(f"largest difference: {np.abs(found - wanted).max():.1e}")
    assert found.shape == (len(images), 1280)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_several_workers_write_what_one_does(folder, out, tmp_path, capsys, order):
    course(folder, tmp_path / "alone")
    for i in order:
        assert not out.exists(), "it bears its name once it is whole"
        assert course(folder, out, "--shard", f"{i}/3") == 0
    assert rows(out) == rows(tmp_path / "alone")
    assert capsys.readouterr().out.count("Not whole yet") == 2


def test_tf_config_tells_the_share(folder, out, extracted, monkeypatch):
    hosts = [f"host{i}:1" for i in range(2)]
    for i in range(2):
        config = {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": i}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        assert course(folder, out) == 0
    assert rows(out)["file"] == NAMES and sum(extracted) == COUNT


def test_what_a_lost_worker_left_is_done_by_one_without_a_share(folder, out, extracted, capsys):
    course(folder, out, "--shard", "2/3")
    told = capsys.readouterr().out
    assert "Worker 2 of 3: 1 of 4 parts." in told
    assert "Not whole yet: 3 of 4 parts are missing" in told and "without --shard" in told
    assert course(folder, out) == 0
    assert rows(out)["file"] == NAMES and sum(extracted) == COUNT


def test_more_workers_than_parts_is_no_fault(folder, out):
    for i in range(1, 7):
        assert course(folder, out, "--shard", f"{i}/6") == 0
    assert rows(out)["file"] == NAMES


@pytest.mark.parametrize("share", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3", "١/٢"])
def test_a_share_that_is_none_is_refused(folder, out, share, capsys):
    with pytest.raises(SystemExit, match="2"):
        course(folder, out, f"--shard={share}")
    assert "is not like 1/4" in capsys.readouterr().err


def test_a_broken_image_is_named_and_left_out_each_time(folder, out, capsys):
    broken = NAMES[5]
    (folder / broken).write_bytes(b"\x89PNG no more")
    kept = [name for name in NAMES if name != broken]
    for _ in range(2):
        assert course(folder, out) == 0
        heard = capsys.readouterr()
        assert heard.err.startswith(f"{broken}: left out, it cannot be read. ")
        assert "is whole: 13 rows of 14 images" in heard.out
        found = rows(out)
        assert found["file"] == kept and found["features"] == colours(kept)


def test_a_part_of_broken_images_alone_is_whole(folder, out, extracted):
    for name in NAMES[:PART]:
        (folder / name).write_bytes(b"")
    assert course(folder, out) == course(folder, out) == 0
    assert rows(out)["file"] == NAMES[PART:] and sum(extracted) == COUNT


def test_an_image_that_cannot_be_opened_stops_it_and_it_goes_on(
    folder, out, extracted, monkeypatch, capsys
):
    def closed(path, size):
        if path == folder / NAMES[9]:
            raise PermissionError(f"You have no permission to read {path}.")
        return read_image(path, size)

    with monkeypatch.context() as patch:
        patch.setattr(features, "read_image", closed)
        assert course(folder, out) == 1
    assert f"no permission to read {folder / NAMES[9]}" in capsys.readouterr().err
    assert not out.exists()
    before = sum(extracted)
    assert course(folder, out) == 0
    assert rows(out)["features"] == colours(NAMES)
    assert sum(extracted) - before == COUNT - 2 * PART, "two parts were whole"


def test_images_are_read_a_few_batches_ahead(folder, out, monkeypatch):
    read, ahead = [], []
    monkeypatch.setattr(
        features, "read_image", lambda path, size: (read.append(path), read_image(path, size))[1]
    )
    shown = []

    def extract(images):
        shown.extend(images)
        ahead.append(len(read) - len(shown))
        return images.mean(axis=(1, 2))

    monkeypatch.setattr(features, "extractor", lambda *_: extract)
    for i in range(100, 200):
        Image.new("RGB", (2, 2)).save(folder / "card" / f"{i}.png")
    assert course(folder, out) == 0
    assert len(read) == COUNT + 100 and max(ahead) <= 3 * features.READ_AHEAD


def test_other_settings_are_told_and_nothing_is_changed(folder, out, capsys):
    course(folder, out, "--shard", "1/2")
    before = {path: path.read_bytes() for path in out.with_name(f"{out.name}.part").iterdir()}
    assert course(folder, out, "--model", "EfficientNetLite1") == 1
    told = capsys.readouterr().err
    assert "model EfficientNetLite0, now EfficientNetLite1" in told and "another --out" in told
    Image.new("RGB", (4, 4)).save(folder / "card" / "new.png")
    assert course(folder, out) == 1
    assert "images 14, now 15" in capsys.readouterr().err
    os.remove(folder / "card" / "new.png")
    with (folder / NAMES[3]).open("ab") as file:
        file.write(b"more")
    assert course(folder, out) == 1
    assert "listing" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_other_weights_are_told(folder, out, monkeypatch, tmp_path, capsys):
    course(folder, out)
    other = tmp_path / "other.h5"
    other.write_bytes(b"other weights")
    monkeypatch.setattr(features.pretrained, "weights_for", lambda *_, **__: str(other))
    assert course(folder, out) == 1
    assert "weights " in capsys.readouterr().err


def test_no_damaged_part_is_taken_for_whole(folder, out, extracted):
    """Cut off, or with a byte changed anywhere: computed again, unless nothing came of it."""
    course(folder, out)
    wanted = rows(out)
    part = out / "part-000001.parquet"
    whole = part.read_bytes()
    random = np.random.default_rng(0)
    cuts = [whole[:n] for n in (0, 4, len(whole) // 2, len(whole) - 1)]
    for at in random.integers(0, len(whole), 60):
        cuts.append(
            whole[:at] + bytes([whole[at] ^ 1 << int(random.integers(8))]) + whole[at + 1 :]
        )
    parts = feature_parts.Parts(
        out, feature_parts.Settings(**settings(out / "part-000000.parquet"))
    )
    names, again = NAMES[PART : 2 * PART], 0
    for damaged in cuts:
        part.write_bytes(damaged)
        found = parts.read(1, names)
        again += found is None
        if found:
            assert found.files == names and found.features.tolist() == colours(names)
    print(f"{again} of {len(cuts)} damaged parts are computed again")
    assert again > len(cuts) / 2
    part.write_bytes(cuts[2])
    before = sum(extracted)
    assert course(folder, out) == 0
    assert rows(out) == wanted and sum(extracted) - before == PART


def test_what_a_kill_left_in_a_whole_result_is_cleared_away(folder, out):
    course(folder, out)
    wanted = rows(out)
    (out / "tmp01234567.part.parquet").write_bytes(b"PAR1 half")
    (out / "part-000002.parquet").write_bytes(b"PAR1")
    assert course(folder, out) == 0
    assert rows(out) == wanted and len(list(out.iterdir())) == 4


def settings(path) -> dict:
    return json.loads(parquet.read_schema(path).metadata[b"course features"])["settings"]


def test_what_is_no_result_is_left_alone(folder, out, capsys):
    out.write_text("mine")
    assert course(folder, out) == 1
    assert out.read_text() == "mine" and "Choose another --out" in capsys.readouterr().err
    out.unlink()
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    assert course(folder, out) == 1
    assert "holds notes.txt" in capsys.readouterr().err
    (out / "notes.txt").unlink()
    assert course(folder, out) == 0, "an empty folder is in nobody's way"
    assert rows(out)["file"] == NAMES


def test_a_full_disk_is_told_and_the_parts_before_are_kept(
    folder, out, extracted, monkeypatch, capsys
):
    save = feature_parts.save_whole

    def full(path, write):
        if path.name == "part-000002.parquet":
            raise OSError(28, "No space left on device")
        save(path, write)

    with monkeypatch.context() as patch:
        patch.setattr(feature_parts, "save_whole", full)
        assert course(folder, out) == 1
    assert "cannot be written" in (told := capsys.readouterr().err) and "No space left" in told
    before = sum(extracted)
    assert course(folder, out) == 0
    assert rows(out)["features"] == colours(NAMES) and sum(extracted) - before == COUNT - 2 * PART


def test_without_pyarrow_the_remedy_is_told_at_once(folder, out, monkeypatch, capsys):
    monkeypatch.setattr(feature_parts.importlib.util, "find_spec", lambda name: None)
    assert course(folder, out) == 1
    assert 'pip install -c constraints.txt -e ".[features]"' in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_whole(folder, out, monkeypatch, capsys):
    shown = []

    def extract(images):
        shown.append(len(images))
        if sum(shown) > 2 * PART:
            raise KeyboardInterrupt
        return images.mean(axis=(1, 2))

    with monkeypatch.context() as patch:
        patch.setattr(features, "extractor", lambda *_: extract)
        assert course(folder, out) == 130
    assert f"kept in {out}.part" in capsys.readouterr().err
    assert course(folder, out) == 0 and rows(out)["features"] == colours(NAMES)


def test_links_and_other_files_are_counted_and_no_link_leads_in_a_circle(folder, out, capsys):
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "card" / "notes.txt").write_text("no image")
    assert course(folder, out) == 0
    assert rows(out)["file"] == NAMES
    told = capsys.readouterr().err
    assert told == f"Left out of {folder}: 1 links to folders, 1 no images.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_is_not_utf8_is_written_as_it_can_be(folder, out):
    name = os.fsdecode(b"caf\xe9.png")
    Image.new("RGB", (4, 4)).save(folder / "card" / name)
    assert course(folder, out) == course(folder, out) == 0
    assert "card/caf\\xe9.png" in rows(out)["file"]


def test_a_folder_without_images_is_told(tmp_path, out, capsys):
    (tmp_path / "empty").mkdir()
    assert course(tmp_path / "empty", out) == course(tmp_path / "none", out) == 1
    told = capsys.readouterr().err
    assert "holds no images" in told and "No folder at" in told


# Forks as many processes as there are moments, and kills each at its own; then finishes the work.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from course_utils import caching
from course_utils.command import feature_parts, features, main
from pyarrow import parquet

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
feature_parts.PART = 4
seen = out.with_name("seen")

def extract(images):
    with seen.open("ab") as file:
        file.write(b"." * len(images))
    return images.mean(axis=(1, 2))

features.extractor = lambda info, weights: extract

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def at(moment, turn):
    '''Have the process killed when it comes to a moment for the given time.'''
    count = [0]
    def mine():
        count[0] += 1
        return count[0] == turn
    replace, rename, write = os.replace, os.rename, parquet.write_table
    def half(table, file, **how):
        write(table, file, **how)
        if mine():
            file.flush()
            file.truncate(file.tell() // 2)
            die()
    if moment == "half written":
        parquet.write_table = half
    if moment == "written":
        os.replace = lambda *paths: die() if mine() else replace(*paths)
    if moment == "in its place":
        os.replace = lambda *paths: (replace(*paths), mine() and die())
    if moment == "whole":
        os.rename = die
    if moment == "named":
        os.rename = lambda *paths: (rename(*paths), die())

def course(moment="", turn=0):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    sys.stdout = open(os.devnull, "w")
    at(moment, turn)
    os._exit(main.main(["features", str(folder), "--out", str(out), "--batch", "3"]))

turns = [(moment, turn) for moment in ("half written", "written", "in its place")
         for turn in (1, 2, 4)] + [("whole", 1), ("named", 1)]
for moment, turn in turns:
    status = course(moment, turn)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (moment, turn)
    was_there = out.exists()
    parts = len(list(out.with_name(out.name + ".part").glob("part-*")))
    seen.unlink()
    status = course()
    again = seen.stat().st_size if seen.exists() else 0
    print(moment, turn, was_there, parts, again, status, *sorted(p.name for p in out.iterdir()))
    shutil.copytree(out, out.with_name(f"{moment} {turn}"))
    shutil.rmtree(out)
    seen.unlink(missing_ok=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_it_goes_on_to_the_same_result(folder, out, tmp_path):
    course(folder, tmp_path / "unbroken")
    wanted = rows(tmp_path / "unbroken")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, folder, out],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.rsplit(maxsplit=9) for line in done.stdout.splitlines()]
    assert len(lines) == 11, done.stdout
    for moment, turn, was_there, parts, again, status, *files in lines:
        about = f"{moment}, {turn}"
        assert status == "0" and files == [f"part-{i:06}.parquet" for i in range(4)], about
        assert was_there == str(moment == "named"), about
        # What was whole is not computed again.
        left = 0 if moment == "named" else max(COUNT - PART * int(parts), 0)
        assert int(again) == left, about
        assert rows(tmp_path / f"{moment} {turn}") == wanted, about
    print(f"{len(lines)} kills, the same result each time")
