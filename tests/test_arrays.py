"""Arrays that people bring to ``load_npy``: the right images and labels, or what is wrong."""

import io
import pickle
import tracemalloc

import numpy as np
import pytest

from course_utils import data

N = 10
LABELS = np.arange(N) % 5
BYTES = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
BYTES[0, 0, :2] = [[0] * 3, [255] * 3]  # black and white are there
UNIT = BYTES / 255


@pytest.fixture
def load(tmp_path):
    """Put arrays, or a file's bytes, in the place of the training set, and load it."""

    def load(images=BYTES, labels=LABELS):
        for split, kind, content in (
            ("train", "images", images),
            ("train", "labels", labels),
            ("test", "images", BYTES),
            ("test", "labels", LABELS),
        ):
            path = tmp_path / f"tranfer_learning_{split}_{kind}.npy"
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                np.save(path, content)
        return data.load_npy(tmp_path)[0]

    return load


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def claiming(shape, dtype="|u1"):
    """A file of 64 bytes whose header says that it holds an array of this shape."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(64)


def overshot(white):
    """As resizing leaves it at sharp corners: a little below black, a little above white."""
    images = UNIT.copy()
    images[0, 0, :2] = [[-0.2] * 3, [1.2] * 3]
    return (images * white).astype(np.float32)


@pytest.mark.parametrize(
    "images",
    [
        UNIT,
        UNIT.astype(np.float32),
        overshot(1),
        overshot(255),
        BYTES.astype(">i4"),
        BYTES.astype(">f4"),
        BYTES.astype(np.float16),
        np.asfortranarray(BYTES),
        np.asfortranarray(UNIT),
        np.asfortranarray(BYTES.astype(">f8")),
    ],
    ids=lambda a: f"{a.dtype.str} {'F' if a.flags.fnc else 'C'} to {a.max():.3g}",
)
def test_the_same_bytes_come_back(load, images):
    loaded, _ = load(images)
    assert loaded.dtype == np.uint8 and loaded.flags.c_contiguous
    np.testing.assert_array_equal(loaded, BYTES)


def test_images_of_many_chunks_come_back(load):
    images = np.random.default_rng(0).integers(0, 256, (N, 199, 201, 3), dtype=np.uint8)
    for order in "CF":
        np.testing.assert_array_equal(load(np.asarray(images / 255, order=order))[0], images)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (2 * UNIT, r"float64 \(10, 8, 8, 3\) from 0 to 2; expected pixels in 0-255"),
        (25 * UNIT, "from 0 to 25"),
        (400 * UNIT, "from 0 to 400"),
        (2 * UNIT - 1, "from -1 to 1; .* preprocess_input"),
        (BYTES - 103.9, "from -103.9 to 151.1; .* preprocess_input"),
        (BYTES > 127, r"bool \(10, 8, 8, 3\) from 0 to 1; .* 255 is white"),
        ((BYTES > 127).astype(np.uint8), "uint8 .* from 0 to 1; .* 255 is white"),
        (BYTES.astype(np.uint16) * 257, "uint16 .* from 0 to 65535"),
        (np.where(BYTES > 250, np.nan, UNIT), "from nan to nan"),
        (np.where(BYTES > 250, np.inf, UNIT), "from 0 to inf"),
        (BYTES[:0], r"uint8 \(0, 8, 8, 3\); expected images .* at least one"),
        (BYTES[..., 0], r"uint8 \(10, 8, 8\); expected images"),
        (np.float32(1), r"float32 \(\); expected images"),
        (BYTES.astype("U3"), r"<U3 \(10, 8, 8, 3\), not numbers"),
        (UNIT.astype(complex), "complex128 .* not numbers"),
        (BYTES.astype(object), "pickled objects"),
        (archive(x=BYTES, y=LABELS), r"zip archive \(.npz\) of x, y"),
        (archive(), "of nothing"),
        (b"PK\3\4 and no more", "not a complete, plain array: 16 bytes"),
        (b"", "not a complete, plain array: 0 bytes"),
        (b"<!DOCTYPE html><title>Sign in</title>", r"bytes \(it begins with b'<!DOCTYPE html>"),
        (pickle.dumps(BYTES), r"bytes \(it begins with b'\\x80\\x04.* can run any code"),
        (claiming((265, 7100, 7100, 3)), "not a complete, plain array: 192 bytes"),
        (claiming((2**62, 4, 4, 3)), "not a complete, plain array"),
        (claiming((-1, 4, 4, 3)), "not a complete, plain array"),
        (claiming((2, 4, 4, 3), "|O"), "not a complete, plain array"),
        (claiming((2, 4, 4, 3)).replace(b"{", b"["), "not a complete, plain array"),
    ],
)
def test_other_images_are_named_with_what_they_hold(load, images, says):
    with pytest.raises(ValueError, match=says) as caught:
        load(images)
    assert "tranfer_learning_train_images.npy" in str(caught.value)
    assert "unsafely" not in str(caught.value), "NumPy's advice to unpickle"


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype(float),
        LABELS.astype(">f4"),
        LABELS.astype(np.uint8),
        np.eye(5)[LABELS],
        np.eye(5, dtype=bool)[LABELS],
        np.asfortranarray(np.eye(5)[LABELS]),
    ],
    ids=lambda a: f"{a.dtype.str} {a.shape}",
)
def test_the_same_labels_come_back(load, labels):
    _, loaded = load(labels=labels)
    assert loaded.dtype == np.int64
    np.testing.assert_array_equal(loaded, LABELS)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.array(data.CLASS_NAMES)[LABELS], r"<U5 \(10,\), not numbers.*class_names\.index"),
        (LABELS > 0, r"bool \(10,\); expected integer labels"),
        (LABELS + 0.5, r"float64 \(10,\); expected integer labels"),
        (np.where(LABELS == 0, np.nan, LABELS), "expected integer labels"),
        (LABELS[:, None], r"int64 \(10, 1\); expected integer labels"),
        (LABELS[:0], "10 images but .* 0 labels"),
        (LABELS[:-1], "10 images but .* 9 labels"),
        (LABELS - 1, "labels from -1 to 3; expected 0 to 4"),
        (LABELS + 1.0, "labels from 1 to 5; expected 0 to 4"),
        (np.eye(5)[LABELS] * 0.9, r"float64 \(10, 5\), which are not one-hot"),
        (archive(y=LABELS), "zip archive"),
        (claiming((40 * 10**9,)), "not a complete, plain array"),
    ],
)
def test_other_labels_are_named_with_what_they_hold(load, labels, says):
    with pytest.raises(ValueError, match=says) as caught:
        load(labels=labels)
    assert "tranfer_learning_train_labels.npy" in str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("order", "CF")
def test_memory_is_little_more_than_the_result(load, dtype, order):
    images = np.empty((100, 224, 224, 3), dtype, order)
    images[:] = np.linspace(0, 255, 3)
    labels = np.zeros(100, np.int64)
    load(images, labels)  # what is imported and cached the first time
    tracemalloc.start()
    loaded, _ = load(images, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * loaded.nbytes


def test_a_file_that_may_not_be_read_is_no_damaged_one(load, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    load()
    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(PermissionError, match=r"no permission to read .*train_images\.npy"):
        data.load_npy(tmp_path)
