"""Arrays of every type, shape and scale, and damaged ones: what they hold, or one clear error."""

import io
import itertools
import re
import warnings

import numpy as np
import pytest
from odd_images import append, blank, cut, double, flip, lose, replace
from planted import planted, saved, tree

from course_utils import data

pytestmark = pytest.mark.slow
REMEDY = r"[Cc]opy|[Ss]ave|Count from|again"
DAMAGES = (cut, flip, replace, blank, lose, double, append)
N = 10
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 8, 7, 3), dtype=np.uint8)
IMAGES[0, 0, :2] = [[0] * 3, [255] * 3]
LABELS = np.arange(N) % 5


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
