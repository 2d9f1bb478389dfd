"""Reading and resizing images."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from course_utils.progress import progress

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def read_image(path: str | Path) -> np.ndarray:
    """Read an image file as RGB.

    OpenCV decodes to BGR, the reverse of what matplotlib shows and Keras's models expect;
    here is the one place that turns it round. A camera's orientation tag is followed and an
    alpha channel dropped.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not an image, or only a part of one.
    """
    cv2 = _import_cv2()
    return cv2.cvtColor(_decode(Path(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_mask(path: str | Path) -> np.ndarray:
    """Read a one-channel mask.

    Returns
    -------
    ndarray of uint8, shape (height, width): 0 background, 1 object

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_image`.
    """
    return (_decode(Path(path), _import_cv2().IMREAD_GRAYSCALE) > 0).astype(np.uint8)


def read_images(paths: Iterable[str | Path], size: int | tuple[int, int]) -> np.ndarray:
    """Read image files into one batch, each cropped to the same size.

    Parameters
    ----------
    paths : iterable of path
    size : int or (height, width)
        In pixels. Images of another size pass through ``resize(..., method="crop")``.

    Returns
    -------
    ndarray of uint8, shape (n, height, width, 3)
        RGB.
    """
    height, width = _as_pair(size)
    paths = list(paths)
    batch = np.empty((len(paths), height, width, 3), dtype=np.uint8)
    for i, path in enumerate(progress(paths, "reading images")):
        image = read_image(path)
        batch[i] = image if image.shape[:2] == (height, width) else resize(image, (height, width))
    return batch


def resize(
    image: np.ndarray,
    size: int | tuple[int, int],
    *,
    method: Literal["crop", "pad", "stretch"] = "crop",
) -> np.ndarray:
    """Resize one image to ``size``.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
    size : int or (height, width)
        In pixels.
    method : {"crop", "pad", "stretch"}
        "crop" keeps the proportions and cuts what is over at both ends, "pad" keeps
        everything and fills up with black, "stretch" changes the proportions.

    Returns
    -------
    ndarray of uint8, shape (\\*size, 3)

    Raises
    ------
    ValueError
        On an image of another shape or dtype, or an unknown method.
    """
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"Expected one RGB image (height, width, 3), got {np.shape(image)}.")
    if image.dtype != np.uint8:
        raise ValueError(f"Expected uint8 pixels (0-255), got {image.dtype}.")
    height, width = _as_pair(size)
    if method == "stretch":
        return _scale(image, height, width)
    ratios = height / image.shape[0], width / image.shape[1]
    if method == "crop":
        return _centre_crop(_scale_by(image, max(ratios), height, width), height, width)
    if method == "pad":
        return _pad(_scale_by(image, min(ratios)), height, width)
    raise ValueError(f"Unknown method {method!r}: use 'crop', 'pad' or 'stretch'.")


def _as_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _scale_by(image: np.ndarray, ratio: float, min_height: int = 1, min_width: int = 1):
    height = max(round(image.shape[0] * ratio), min_height)
    width = max(round(image.shape[1] * ratio), min_width)
    return _scale(image, height, width)


def _scale(image: np.ndarray, height: int, width: int) -> np.ndarray:
    cv2 = _import_cv2()
    shrinking = height < image.shape[0]
    # INTER_AREA averages, which avoids moiré; it is meant for shrinking only.
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation)


def _centre_crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _pad(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    padded = np.zeros((height, width, 3), dtype=np.uint8)
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded


def _decode(path: Path, flags: int) -> np.ndarray:
    _check_complete(path)
    # imdecode, since cv2.imread cannot open paths with accents on Windows.
    image = _import_cv2().imdecode(np.fromfile(path, dtype=np.uint8), flags)
    if image is None:
        raise ValueError(_unreadable(path))
    return image


def _check_complete(path: Path) -> None:
    # OpenCV fills a truncated JPEG with grey and says nothing; Pillow refuses it.
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. Check the spelling; relative paths start at {Path.cwd()}."
        )
    try:
        with Image.open(path) as image:
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(_unreadable(path)) from error


def _unreadable(path: Path) -> str:
    return (
        f"{path} is not a complete image ({path.stat().st_size} bytes). "
        "It may be cut off by a broken download: copy it again, or remove it."
    )


def _import_cv2():
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            f"OpenCV cannot be imported ({error}). On a server without a screen install its "
            "system libraries (apt-get install libgl1 libglib2.0-0), or replace the package: "
            "pip uninstall opencv-python && pip install opencv-python-headless."
        ) from error
    return cv2
