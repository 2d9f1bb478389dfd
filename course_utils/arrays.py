"""Images and labels from ``.npy`` files of unknown making: the right values, or a clear error."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

OVERSHOOT = 0.25  # cubic and Lanczos resizing leave the range by up to this share at sharp corners
LEAST_BRIGHT = 26  # a tenth of white; what never gets so bright need not be in 0-255
_CHUNK = 2**18  # values


def read_images(path: Path) -> np.ndarray:
    """Read a batch of RGB images as bytes, a chunk at a time.

    What counts as white follows from the values. Floats up to 1.25 are in 0-1, those whose
    maximum lies from 26 to 319 in 0-255: resizing may have overshot by a quarter, which is cut
    off, below 0 too. Integers must lie in 0-255. Everything else is refused, also integers up to
    1 (they would be black) and floats in between.

    Parameters
    ----------
    path : path
        A ``.npy`` file of integers or floats of any width, byte order and memory order, shape
        (n, height, width, 3).

    Returns
    -------
    ndarray of uint8, shape (n, height, width, 3)
        Read in little more memory than this.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        If there is no such file, it cannot be opened, or it holds something else; the message
        names it.
    """
    stored = _open(path)
    if stored.ndim != 4 or stored.shape[-1] != 3 or not stored.size:
        raise ValueError(
            f"{path} holds {_kind(stored)}; expected images (n, height, width, 3), at least one. "
            f"Save it so: np.save(path, {_as_images(stored)})."
        )
    _check_numbers(stored, path)
    ends = np.array([(part.min(), part.max()) for _, part in _chunks(stored)], float)
    low, high = ends.min(), ends.max()  # NaN where there is one
    white = white_of(stored.dtype, low, high)
    if white is None:
        raise ValueError(
            f"{path} holds {_kind(stored)} from {low:g} to {high:g}; expected pixels in 0-255, or "
            "floats in 0-1. Save the images before any preprocess_input, scaled so that 255 is "
            "white: np.save(path, images.astype(np.uint8))."
        )
    images = np.empty(stored.shape, np.uint8)
    # In the order of the file.
    flat = images.T.flat if stored.flags.fnc else images.reshape(-1)
    for place, part in _chunks(stored):
        if stored.dtype.kind == "f":
            part = np.rint(np.clip(part.astype(np.float32) * (255 / white), 0, 255))
        flat[place] = part.astype(np.uint8)
    return images


def _as_images(array: np.ndarray) -> str:
    """What makes RGB images of an array of another shape, as far as can be told."""
    if array.ndim == 4 and array.shape[1] == 3:
        return "np.moveaxis(images, 1, -1)"
    if array.ndim == 4 and array.shape[-1] == 4:
        return "images[..., :3]"
    if array.ndim == 4 and array.shape[-1] == 1:
        return "np.repeat(images, 3, axis=-1)"
    if array.ndim == 3 and array.shape[-1] != 3:
        return "np.stack([images] * 3, axis=-1)"
    return "np.stack(images)"


def read_labels(path: Path, classes: int) -> np.ndarray:
    """Read labels, given as whole numbers of any type or one-hot.

    Parameters
    ----------
    path : path
        A ``.npy`` file, shape (n,) or (n, classes).
    classes : int

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0 to ``classes - 1``.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        As :func:`read_images`.
    """
    labels = np.array(_open(path))
    _check_numbers(labels, path)
    if labels.ndim == 2 and labels.shape[1] == classes:
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise ValueError(
                f"{path} holds {_kind(labels)}, which are not one-hot labels. Of probabilities "
                "save np.save(path, labels.argmax(axis=1))."
            )
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind == "b" or not np.array_equal(labels, np.rint(labels)):
        raise ValueError(
            f"{path} holds {_kind(labels)}; expected integer labels (n,) or one-hot "
            f"(n, {classes}). Save it so: np.save(path, labels.astype(np.int64))."
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"{path} holds labels from {labels.min():g} to {labels.max():g}; "
            f"expected 0 to {classes - 1}. Count from 0, or name all classes in classes.txt beside "
            "it, one a line."
        )
    return labels.astype(np.int64)


def white_of(dtype: np.dtype, low: float, high: float) -> int | None:
    """The value of white in an image, as :func:`read_images` says; None where it cannot be told.

    Parameters
    ----------
    dtype : dtype
    low, high : float
        The least and the greatest value.
    """
    if dtype.kind != "f":
        return 255 if low >= 0 and 1 < high <= 255 else None
    # Of the brightest value there is, since images with their mean taken off reach far below 0.
    if not low >= -OVERSHOOT * high:
        return None
    if high <= 1 + OVERSHOOT:
        return 1
    return 255 if LEAST_BRIGHT <= high <= 255 * (1 + OVERSHOOT) else None


def _open(path: Path) -> np.memmap:
    """Map a plain array: the file's length is checked, and nothing read or unpickled yet."""
    if not os.path.isfile(path):  # a pipe would be waited for
        raise FileNotFoundError(
            f"There is no file {path.absolute()}; load_npy needs all four. Copy it there."
        )
    try:
        with path.open("rb") as file:
            begins = file.read(16)
        if not begins.startswith((b"\x93NUMPY", b"PK")):
            raise ValueError("it begins with " + (repr(begins) if begins else "nothing"))
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(stored, np.memmap):
            over = path.stat().st_size - stored.offset - stored.nbytes
            if over:  # the header lies: the pixels would lie in other rows
                raise ValueError(f"{over:,} bytes more than an array of {_kind(stored)} has")
    except PermissionError as error:
        raise PermissionError(
            f"You have no permission to read {path}. Change it ('chmod u+r'), or copy the file."
        ) from error
    except Exception as error:  # a damaged header makes NumPy raise any of a dozen kinds
        raise ValueError(
            f"{path} is not a complete, plain array: {path.stat().st_size:,} bytes ({error}). A "
            "file of pickled objects can run any code when loaded, so it is refused: save it again "
            "with np.save(path, np.asarray(images, dtype=np.uint8)). If it is cut off, copy it "
            "again."
        ) from error
    if isinstance(stored, np.lib.npyio.NpzFile):
        with stored:
            raise ValueError(
                f"{path} is a zip archive (.npz) of {', '.join(stored.files) or 'nothing'}. Save "
                "the one array alone: np.save(path, np.load(archive)[name])."
            )
    return stored


def _check_numbers(array: np.ndarray, path: Path) -> None:
    if array.dtype.kind not in "buif":
        raise ValueError(
            f"{path} holds {_kind(array)}, not numbers. Save images as np.uint8, and labels by "
            "number: np.array([class_names.index(name) for name in labels])."
        )


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype} {array.shape}"


def _chunks(stored: np.memmap) -> Iterator[tuple[slice, np.ndarray]]:
    """Places and values in the file's order, read rather than mapped: pages seen would stay."""
    for start in range(0, stored.size, _CHUNK):
        count = min(_CHUNK, stored.size - start)
        offset = stored.offset + start * stored.itemsize
        part = np.fromfile(stored.filename, stored.dtype, count, offset=offset)
        yield slice(start, start + count), part
