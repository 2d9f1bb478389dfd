"""Arrays, weights and kept results that are damaged, wrong or planted: right, or one clear error.

Nothing is ever unpickled, nothing waited for, and nothing written outside of its own folder.
"""

import contextlib
import faulthandler
import functools
import importlib
import io
import itertools
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from odd_images import append, blank, cut, double, flip, link, listen, lose, replace

from course_utils import caching, data, images, manifest, pretrained
from course_utils.command import npm
from course_utils.command.main import main
from course_utils.command.terminal import CommandError
from course_utils.models import weights

pytestmark = pytest.mark.slow
posix = pytest.mark.skipif(sys.platform == "win32", reason="no pipes, nor links without rights")
SECONDS = 20  # for one file of weights
REMEDY = r"[Cc]opy|[Ss]ave|Count from|Delete|Get it|Rename|again|must name"
DAMAGES = (cut, flip, replace, blank, lose, double, append)
N = 10
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 8, 7, 3), dtype=np.uint8)
IMAGES[0, 0, :2] = [[0] * 3, [255] * 3]
LABELS = np.arange(N) % 5


@contextlib.contextmanager
def limit(seconds=10):
    """Let what would wait for ever fail."""

    def stop(*_):
        raise TimeoutError(f"over {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Planted:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return open, (self.mark, "w")


@pytest.fixture
def mark(tmp_path):
    """A file that comes to be when what holds its name is unpickled; it must not."""
    path = tmp_path / "unpickled"
    pickle.loads(pickle.dumps(Planted(path))).close()
    assert path.exists(), "the mark would not be left"
    path.unlink()
    yield path
    assert not path.exists(), "something was unpickled"


def saved(array, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def archive(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as content:
        for name, body in members.items():
            content.writestr(name, body)
    return file.getvalue()


def objects(content) -> np.ndarray:
    array = np.empty(N, object)
    array[:] = [content] * N
    return array


def planted(mark: Path) -> dict[str, bytes]:
    """Files that would run a program for who unpickles them."""
    bad = Planted(mark)
    plain = pickle.dumps(bad)
    fields = np.zeros(N, [("a", "u1", 3), ("b", object)])
    fields["b"] = objects(bad)
    return {
        "pickle": plain,
        "npy": saved(objects(bad), allow_pickle=True),
        "npy with fields": saved(fields, allow_pickle=True),
        "npz": archive(array=objects(bad), contents=np.array([KEY, "array"])),
        "npz's list": archive(array=IMAGES, contents=objects(bad)),
        "member": zipped({"array.npy": plain, "contents.npy": saved(np.array([KEY, "array"]))}),
        "torch": zipped({"archive/data.pkl": plain, "archive/version": b"3"}),
        "outside": zipped({"../../outside.npy": saved(IMAGES), "/tmp/outside.npy": plain}),
    }


# Arrays


@pytest.fixture
def load(tmp_path):
    """Put bytes in the place of the training images or labels; gives what is read, or None."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    whole = {"images": saved(IMAGES), "labels": saved(LABELS)}
    for split, kind in itertools.product(("train", "test"), whole):
        (folder / f"tranfer_learning_{split}_{kind}.npy").write_bytes(whole[kind])

    def load(kind: str, content: bytes):
        path = folder / f"tranfer_learning_train_{kind}.npy"
        path.write_bytes(content)
        try:
            with np.errstate(all="ignore"):
                return data.load_npy(folder)[0][kind == "labels"]
        except ValueError as error:
            assert str(path) in str(error)
            assert re.search(REMEDY, str(error)), error
            return None
        finally:
            path.write_bytes(whole[kind])

    return load


def is_right(found, wanted, what) -> bool:
    """Asserts that they are the same, or both None; whether something was read."""
    if wanted is None:
        assert found is None, f"{what} is read"
        return False
    assert found is not None, f"{what} is refused"
    np.testing.assert_array_equal(found, wanted, err_msg=str(what))
    return True


def right_images(array: np.ndarray) -> np.ndarray | None:
    """What `load_npy` promises of an array: its images, or None."""
    if array.dtype.kind not in "iuf" or array.ndim != 4 or array.shape[3] != 3 or not array.size:
        return None
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind != "f":
        return array.astype(np.uint8) if low >= 0 and 1 < high <= 255 else None
    if not (np.isfinite([low, high]).all() and low >= -0.25 * high):
        return None
    white = 1 if high <= 1.25 else 255 if 26 <= high <= 318.75 else None
    scaled = white and array.astype(np.float32) * (255 / white)
    return None if white is None else np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def right_labels(array: np.ndarray) -> np.ndarray | None:
    if array.dtype.kind not in "buif":
        return None
    if array.ndim == 2 and array.shape[1] == 5:
        hot = ((array == 0) | (array == 1)).all() and ((array == 1).sum(axis=1) == 1).all()
        array = array.argmax(axis=1) if hot else np.empty(0)
    if array.ndim != 1 or array.dtype.kind == "b" or len(array) != N:
        return None
    fits = np.isfinite(array) & (array == np.floor(array)) & (array >= 0) & (array < 5)
    return array.astype(np.int64) if fits.all() else None


NUMBERS = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g")
OTHERS = ("c8", "S3", "U3", "M8[s]", "m8[s]", "V3", [("r", "u1"), ("g", "u1")])
SCALES = {
    "0 to 255": lambda x: x,
    "0 to 1": lambda x: x / 255,
    "0 to 2": lambda x: x / 127.5,
    "0 to 25": lambda x: x / 10.2,
    "0 to 65535": lambda x: x * 257.0,
    "-1 to 1": lambda x: x / 127.5 - 1,
    "mean off": lambda x: x - 103.9,
    "overshot": lambda x: x * 1.2 - 20,
    "nan": lambda x: np.where(x > 250, np.nan, x),
    "inf": lambda x: np.where(x > 250, np.inf, x),
    "all black": lambda x: x * 0.0,
}
LAYOUTS = {
    "channels first": lambda x: np.moveaxis(x, -1, 1),
    "grey": lambda x: x[..., 0],
    "one channel": lambda x: x[..., :1],
    "RGBA": lambda x: np.concatenate([x, x[..., :1]], axis=-1),
    "one image": lambda x: x[0],
    "no image": lambda x: x[:0],
    "flat": lambda x: x.ravel(),
    "no axis": lambda x: x[0, 0, 0, 0],
    "an axis more": lambda x: x[None],
    "no pixel": lambda x: x[:, :0],
    "other steps": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[:, ::-1],
}


def in_types(array: np.ndarray):
    """The array in every type and order of bytes, and where that matters in memory."""
    for kind, order, memory in itertools.product(NUMBERS, "<>", "CF" if array.ndim > 1 else "C"):
        if np.dtype(kind).kind == "f" or np.isfinite(array).all():
            with np.errstate(all="ignore"):
                wanted = array.astype(np.dtype(kind).newbyteorder(order))
            yield np.asarray(wanted, order=memory)


def test_images_of_every_type_scale_and_layout(load):
    read = count = 0
    for name, scale in SCALES.items():
        for array in in_types(scale(IMAGES.astype(float))):
            count += 1
            what = (name, array.dtype, array.flags.fnc)
            read += is_right(load("images", saved(array)), right_images(array), what)
    for name, layout in LAYOUTS.items():
        for array in (layout(IMAGES), layout(IMAGES / 255), layout(IMAGES.astype(">f4"))):
            count += 1
            read += is_right(load("images", saved(array)), right_images(array), name)
    for kind in OTHERS:
        assert load("images", saved(np.zeros((N, 8, 7, 3), kind))) is None, kind
    print(f"{count + len(OTHERS)} arrays of images, {read} read right")


def test_labels_of_every_type_and_kind(load):
    hot = np.eye(5)[LABELS]
    kinds = {
        "whole": LABELS,
        "one-hot": hot,
        "column": LABELS[:, None],
        "from 1": LABELS + 1,
        "below 0": LABELS - 1,
        "halves": LABELS + 0.5,
        "nan": np.where(LABELS == 0, np.nan, LABELS),
        "inf": np.where(LABELS == 0, np.inf, LABELS),
        "huge": np.where(LABELS == 0, 2.0**40, LABELS),
        "too few": LABELS[:-1],
        "too many": np.append(LABELS, 0),
        "none": LABELS[:0],
        "probabilities": hot * 0.9 + 0.02,
        "two-hot": hot + np.roll(hot, 1, axis=1),
        "no-hot": hot * 0,
        "one class less": hot[:, :4],
        "scalar": LABELS[0],
    }
    read = count = 0
    for name, labels in kinds.items():
        for array in in_types(np.asarray(labels, float)):
            count += 1
            read += is_right(load("labels", saved(array)), right_labels(array), (name, array.dtype))
    for kind in OTHERS:
        assert load("labels", saved(np.zeros(N, kind))) is None, kind
    assert load("labels", saved(np.array(data.CLASS_NAMES)[LABELS])) is None
    print(f"{count + len(OTHERS) + 1} arrays of labels, {read} read right")


def as_numpy_has_it(content: bytes, right) -> np.ndarray | None:
    """What NumPy reads from the whole of a file, if it is all that the file holds."""
    file = io.BytesIO(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.load(file, allow_pickle=False)
        whole = isinstance(array, np.ndarray) and file.tell() == len(content)
    except Exception:
        return None
    return right(array) if whole else None


@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy")
@pytest.mark.parametrize("kind", ["images", "labels"])
def test_damaged_arrays_are_what_numpy_has_or_refused(load, kind):
    """Each bit of the header turned, and damages at random."""
    right = right_images if kind == "images" else right_labels
    whole = IMAGES if kind == "images" else LABELS
    arrays = [saved(whole), saved(np.asfortranarray(whole / (255 if kind == "images" else 1)))]
    arrays.append(saved(whole.astype(">f4")))
    bits = range(8 * 128) if kind == "images" else range(0, 8 * 128, 7)
    contents = [
        arrays[0][: bit // 8]
        + bytes([arrays[0][bit // 8] ^ 1 << bit % 8])
        + arrays[0][bit // 8 + 1 :]
        for bit in bits
    ]
    random = np.random.default_rng(0)
    contents += [hurt(random, a) for a in arrays for hurt in DAMAGES for _ in range(12)]
    read = 0
    for i, content in enumerate(contents):
        read += is_right(load(kind, content), as_numpy_has_it(content, right), i)
    print(f"{len(contents)} damaged files of {kind}, {read} read as NumPy reads them")


def claiming(text: str, body=bytes(N * 168), version=(1, 0)) -> bytes:
    header = text.encode().ljust(117) + b"\n"
    size = len(header).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + header + body


@pytest.mark.filterwarnings("ignore::RuntimeWarning:numpy")
@pytest.mark.filterwarnings("ignore::UserWarning:numpy")
def test_headers_that_lie_are_refused(load):
    shapes = [
        "(10, 8, 7)",
        "(9, 8, 7, 3)",
        "(11, 8, 7, 3)",
        "(-10, 8, 7, 3)",
        "(265, 7100, 7100, 3)",
    ]
    shapes += [f"({2**62}, 8, 7, 3)", f"({10**30}, 8, 7, 3)", "(10.0, 8, 7, 3)", "10", "(", "[10]"]
    shapes += [
        "(10, 4, 7, 3)",
        "(10, 8, 3, 3)",
        "(0, 8, 7, 3)",
        "((10,), 8, 7, 3)",
        "(True, 8, 7, 3)",
    ]
    texts = [
        f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}}}"
        for kind in ("|u1", "<f4", "|O", "<U1")
        for order in ("False", "True", "2")
        for shape in shapes
    ]
    texts += ["", "()", "{}", "[" * 9000, "(" * 60, "{'descr': '|u1'}", "__import__('os').getpid()"]
    texts += [f"{{'descr': {'[' * 40}, 'fortran_order': False, 'shape': (10, 8, 7, 3)}}"]
    for text in texts:
        for version in ((1, 0), (2, 0), (3, 0), (9, 9)):
            assert load("images", claiming(text, version=version)) is None, text[:80]
    print(f"{4 * len(texts)} headers that lie")


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_nothing_planted_in_an_array_is_unpickled(load, mark, kind):
    before = tree(mark.parent)
    for name, content in planted(mark).items():
        assert load(kind, content) is None, name
    assert tree(mark.parent) == before


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


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

KEY = "0" * 40
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


def test_damaged_weights_are_refused_by_name(tmp_path, mark):
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
    (folder / "sure npz").write_bytes(archive(a=KEPT))
    for kind, content in planted(mark).items():
        (folder / f"sure planted {kind}").write_bytes(content)
    random = np.random.default_rng(0)
    for damage in DAMAGES:
        for i in range(20):
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
