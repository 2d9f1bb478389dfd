"""Weights, kept results and lists that are damaged, wrong or planted: right, or one clear error.

Nothing is ever unpickled, nothing waited for, and nothing written outside of its own folder.
"""

import contextlib
import faulthandler
import functools
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from odd_images import link, listen
from planted import KEY, archive, planted, tree
from test_bad_arrays import DAMAGES, IMAGES, LABELS

from course_utils import caching, data, images, manifest, pretrained
from course_utils.command import npm
from course_utils.command.main import main
from course_utils.command.terminal import CommandError
from course_utils.models import weights

pytestmark = pytest.mark.slow
posix = pytest.mark.skipif(sys.platform == "win32", reason="no pipes, nor links without rights")
SECONDS = 60  # for one file of weights
REMEDY = r"[Cc]opy|[Ss]ave|Count from|Delete|Get it|Rename|again|must name"


@contextlib.contextmanager
def limit(seconds=10):
    """Let what would wait for ever fail."""

    def stop(*_):
        pytest.fail(f"over {seconds} s")  # which no "except Exception" catches

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Files that are no files, wherever one is expected

NO_FILES = {
    "folder": Path.mkdir,
    "pipe": getattr(os, "mkfifo", None),
    "socket": listen,
    "dangling": functools.partial(link, to="nowhere"),
    "loop": lambda path: link(path, path.name),
    "device": functools.partial(link, to="/dev/zero"),
}


@posix
@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_not_waited_for(tmp_path, monkeypatch, make):
    """In the place of an array, a list, a kept result, weights and what is beside them."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "SERVER", "http://127.0.0.1:1")
    models = tmp_path / "keras" / "models"
    for folder in (tmp_path / "cache", models):
        folder.mkdir(parents=True)
    info = pretrained.find("MobileNet")
    make(models / info.top.keras)
    make(models / pretrained.find("VGG16").top.keras)
    make(tmp_path / "tranfer_learning_train_images.npy")
    make(tmp_path / "classes.txt")
    make(tmp_path / "manifest.csv")
    make(tmp_path / "cache" / f"features-{KEY}.npz")
    errors = (ValueError, OSError)
    importlib.import_module("keras")  # which takes seconds
    with limit():
        with pytest.raises(errors, match=r"train_images\.npy"):
            data.load_npy(tmp_path)
        with pytest.raises(errors, match=r"classes\.txt"):
            manifest.read_classes(tmp_path / "classes.txt")
        with pytest.raises(errors, match=r"manifest\.csv"):
            manifest.read_rows(tmp_path / "manifest.csv")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            assert caching.kept("features", KEY, lambda: IMAGES) is IMAGES
        assert "MobileNet" not in pretrained.available()
        for name in ("MobileNet", "VGG16"):
            with pytest.raises(weights.WeightsCorruptError, match=rf"{models}.* Delete"):
                pretrained.weights_for(name, include_top=True)


# Kept results

KEPT = np.random.default_rng(1).normal(size=(3, 40)).astype(np.float32)


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """The file of a kept result."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    caching.kept("features", KEY, lambda: KEPT)
    return tmp_path / "cache" / f"features-{KEY}.npz"


def computed_again(entry) -> bool:
    """Asserts that the result is right and is kept from now on; whether it had to be computed."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = caching.kept("features", KEY, lambda: KEPT)
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, KEPT)
    assert all(str(entry) in str(warning.message) for warning in told)
    np.testing.assert_array_equal(caching.kept("features", KEY, lambda: 1 / 0), KEPT)
    return bool(told)


def test_damaged_results_are_right_or_computed_again(entry):
    random, whole = np.random.default_rng(0), entry.read_bytes()
    again = 0
    for hurt in DAMAGES * 60:
        entry.write_bytes(hurt(random, whole))
        again += computed_again(entry)
    print(f"{60 * len(DAMAGES)} damaged entries, {again} computed again, the others harmless")
    assert again > 30 * len(DAMAGES)


def test_nothing_planted_in_a_cache_is_unpickled(entry, mark):
    before = tree(mark.parent)
    for name, content in planted(mark).items():
        entry.write_bytes(content)
        assert computed_again(entry), name
    assert tree(mark.parent) == before


@posix
def test_what_a_kept_result_links_to_is_left_alone(entry, tmp_path):
    other = tmp_path / "other.npz"
    for content in (b"", archive(array=KEPT), b"something of mine"):
        other.write_bytes(content)
        entry.unlink()
        entry.symlink_to(other)
        assert computed_again(entry)
        assert other.read_bytes() == content and not entry.is_symlink()


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read_is_computed_again(entry):
    entry.chmod(0)
    assert computed_again(entry)


def test_a_planted_archive_of_javascript_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    kept = tmp_path / "cache" / "npm" / "small-1.tgz"
    kept.parent.mkdir(parents=True)
    with tarfile.open(kept, "w:gz") as content:
        for name in ("package/a.js", "../../outside.js", str(tmp_path / "outside.js")):
            content.addfile(tarfile.TarInfo(name))
    before = tree(tmp_path)
    with pytest.raises(CommandError, match=r"small-1\.tgz"):
        npm.Package("small", "1", "sha512-other").files("a.js")
    assert tree(tmp_path) == before


# Lists of images and of classes

ROWS = ["file,mask,split,class,instance,environment"] + [
    f"images/{split}_{i}.png,masks/{split}_{i}.png,{split},Hat,Hat_{i},none"
    for split in ("train", "test")
    for i in range(5)
]


def test_damaged_lists_are_read_or_refused_by_name(tmp_path):
    random = np.random.default_rng(0)
    lists = {
        "classes.txt": ("Hat\nCube\n사진\nCard\n", manifest.read_classes),
        "manifest.csv": ("\n".join(ROWS) + "\n", manifest.read_rows),
    }
    for name, (text, read) in lists.items():
        count = 0
        for hurt in DAMAGES * 60:
            path = tmp_path / name
            path.write_bytes(hurt(random, text.encode()))
            try:
                found = read(path)
            except ValueError as error:
                assert str(path) in str(error) and re.search(REMEDY, str(error)), error
                continue
            count += 1
            for row in found if name == "manifest.csv" else []:
                assert row["split"] in ("train", "test") and row["class"] and row["instance"]
                for file in (row["file"], row["mask"]):
                    assert (tmp_path / file).resolve().is_relative_to(tmp_path)
        print(f"{60 * len(DAMAGES)} lists {name}, {count} read")


OUTSIDE = [
    "../secret.png",
    "/etc/hostname",
    "images/../../secret.png",
    "..",
    "a\0b",
    "images/out.png",
]


@pytest.mark.parametrize("column", ["file", "mask"])
@pytest.mark.parametrize("outside", OUTSIDE)
def test_a_list_leads_to_no_file_outside(tmp_path, column, outside):
    if outside.endswith("out.png") and sys.platform == "win32":
        pytest.skip("no links without rights")
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (tmp_path / "secret.png").touch()
    if outside.endswith("out.png"):
        (folder / outside).symlink_to(tmp_path / "secret.png")
    inside = "images/train_0.png" if column == "file" else "masks/train_0.png"
    text = "\n".join(ROWS).replace(inside, outside)
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"manifest\.csv: .* lies outside of the image set"):
        manifest.read_rows(folder / "manifest.csv")


NO_CLASSES = ["../../../outside", "/tmp/outside", "a/b", "a\\b", "..", ".hidden", "a\tb"]


@pytest.mark.parametrize("name", NO_CLASSES)
def test_a_class_leads_to_no_folder_outside(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv(data.IN_USE, "")
    folder = tmp_path / "a" / "arrays"
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        np.save(folder / f"tranfer_learning_{split}_images.npy", IMAGES)
        np.save(folder / f"tranfer_learning_{split}_labels.npy", LABELS % 2)
    (folder / "classes.txt").write_text(f"Mug\n{name}\n", encoding="utf-8")
    before = tree(tmp_path)
    assert main(["new-data", str(folder), "--output", str(tmp_path / "b" / "made")]) == 1
    told = capsys.readouterr().err
    assert re.search(r"classes\.txt.*(Rename|must name)", told), told
    assert tree(tmp_path) == before


@posix
@pytest.mark.parametrize("name", ["two\nlines", " blank", "\udcff", "tab\t"])
def test_a_folder_that_cannot_name_a_class_is_told(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv(data.IN_USE, "")
    for label in (name, "Mug"):
        (tmp_path / "photos" / label).mkdir(parents=True)
    assert main(["new-data", str(tmp_path / "photos"), "--output", str(tmp_path / "made")]) == 1
    assert "cannot name a class. Rename it" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


# Weights, in a process of their own: HDF5 is read by C


def small_net(include_top=True, weights=None):
    """Stands for MobileNet."""
    import keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4 if include_top else 2)])
    if weights:
        net.load_weights(weights)
    return net


def read_weights(folder: Path) -> None:
    """Put each file of a folder in the place of MobileNet's weights; tell what becomes of it."""
    import keras

    from course_utils import runtime

    runtime.setup()
    keras.applications.mobilenet.MobileNet = small_net
    weights.SERVER = "http://127.0.0.1:1"
    weights.LOOK_SECONDS = 6
    cached = Path(os.environ["KERAS_HOME"]) / "models" / pretrained.find("MobileNet").top.keras
    cached.parent.mkdir(parents=True)
    record = cached.with_name(cached.name + ".sha256")
    told = {}
    for path in sorted(folder.iterdir()):
        print(path.name, flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        cached.write_bytes(path.read_bytes())
        results = []
        for kept in (False, True):  # then beside the record of the whole file
            record.unlink(missing_ok=True)
            if kept:
                record.write_text((folder.parent / "record").read_text())
            try:
                pretrained.weights_for("MobileNet", include_top=True)
                results.append("read")
            except weights.WeightsCorruptError as error:
                results.append(str(error))
            pretrained.available()
        told[path.name] = results
    faulthandler.cancel_dump_traceback_later()
    (folder.parent / "told.json").write_text(json.dumps(told))


@pytest.mark.parametrize("times", [2, pytest.param(6, marks=pytest.mark.weekly)])
def test_damaged_weights_are_refused_by_name(tmp_path, mark, times):
    import hashlib

    folder = tmp_path / "files"
    folder.mkdir()
    small_net().save(tmp_path / "whole.h5")
    small_net(include_top=False).save(tmp_path / "other.h5")
    small_net().save(tmp_path / "whole.keras")
    small_net().save_weights(tmp_path / "new.weights.h5")
    whole = (tmp_path / "whole.h5").read_bytes()
    name = pretrained.find("MobileNet").top.keras
    (tmp_path / "record").write_text(f"{hashlib.sha256(whole).hexdigest()}  {name}\n")
    (folder / "whole").write_bytes(whole)
    (folder / "sure keras").write_bytes((tmp_path / "whole.keras").read_bytes())
    (folder / "sure other").write_bytes((tmp_path / "other.h5").read_bytes())
    heap = whole.index(b"GCOL") + 16  # in which HDF5 looks for an end that is gone
    (folder / "sure hang").write_bytes(whole[:heap] + bytes(64) + whole[heap + 64 :])
    (folder / "sure npz").write_bytes(archive(a=KEPT))
    for kind, content in planted(mark).items():
        (folder / f"sure planted {kind}").write_bytes(content)
    random = np.random.default_rng(0)
    for damage in DAMAGES:
        for i in range(times):
            if (content := damage(random, whole)) != whole:
                (folder / f"{damage.__name__} {i}").write_bytes(content)
    before = tree(tmp_path)
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "keras")}
    environment.pop("COURSE_WEIGHTS", None)
    command = [sys.executable, __file__, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    begun = done.stdout.splitlines()
    assert done.returncode == 0, f"{begun[-1:]} hangs, or stops Python: {done.stderr[-3000:]}"
    told = json.loads((tmp_path / "told.json").read_text())
    assert told.pop("whole") == ["read", "read"]
    read = 0
    for file, (alone, recorded) in told.items():
        assert recorded.startswith(str(tmp_path / "keras")) and "Delete" in recorded, file
        if alone == "read":
            read += 1
            assert not file.startswith(("sure", "cut")), file
        else:
            assert alone.startswith(str(tmp_path / "keras")) and "Delete" in alone, (file, alone)
    print(f"{len(told)} damaged files: {read} pass without a record, none with one")
    new = {path for path in tree(tmp_path) - before if "keras" not in path.parts[-3:]}
    assert {path.name for path in new} <= {"told.json", "keras"}


def test_a_damaged_list_of_kerass_classes_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setattr("keras.applications.mobilenet.MobileNet", small_net)
    models = tmp_path / "models"
    models.mkdir()
    small_net().save(models / pretrained.find("MobileNet").top.keras)
    index = models / "imagenet_class_index.json"
    pretrained.fetch_for_keras("MobileNet")
    whole = index.read_bytes()
    for content in (b"", whole[:900], whole.replace(b"tench", b"trout"), b"<!DOCTYPE html>"):
        index.write_bytes(content)
        pretrained.fetch_for_keras("MobileNet")
        assert index.read_bytes() == whole


def test_a_planted_photograph_is_not_unpickled(tmp_path, mark):
    for name, content in planted(mark).items():
        path = tmp_path / f"{name}.png"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is of no format"):
            images.read_image(path)


if __name__ == "__main__":
    read_weights(Path(sys.argv[1]))
