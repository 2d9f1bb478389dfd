"""Reading and resizing images."""

import io
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms

from course_utils.arrays import white_of
from course_utils.decoding import decode, import_cv2
from course_utils.progress import progress

_BAND = 2**22  # pixels
# By EXIF's number of an orientation: whether rows were stored as columns, and the steps through
# what is upright, downwards and to the right, in which they were.
_TURNS = {
    1: (False, 1, 1),
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}


def read_image(path: str | Path, size: int | tuple[int, int] | None = None) -> np.ndarray:
    """Read an image file as 8-bit RGB.

    Pillow decodes every format; here is the one place that makes RGB of what it gives. The first
    frame is read, a camera's orientation followed, an alpha channel dropped, colours of another
    profile (as of Adobe RGB, Display P3, or a printer's CMYK) turned into sRGB. One channel of
    more than 8 bits is scaled: 16-bit integers by their range, other integers from 0-255 or
    0-65535, floats from 0-1 or 0-255 (told apart as :func:`arrays.white_of` does).

    Parameters
    ----------
    path : path
    size : int or (height, width), optional
        In pixels. An image of another size passes through ``resize(..., method="crop")``.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no such file, or it cannot be opened.
    ValueError
        If the file is no image, or only a part of one, of a format that Pillow cannot read, of
        over 300 MB, of so many pixels that it would take over 850 MB of memory (121 million; 85 of
        a progressive JPEG, 53 of a WebP, 44 of a JPEG 2000), or of pixels that have no place
        between black and white.

    Notes
    -----
    A JPEG that lost bytes in its middle is refused, too. Only a note of libjpeg on file
    descriptor 2 tells of it, so that is caught while OpenCV reads the file a second time. libjpeg
    sees only that the number of blocks is wrong: of 200 losses at random places in ten photographs
    it saw all of 600 and more bytes, over nine in ten of 200 bytes, over half of 64, and of 16 one
    in five at quality 90 (of progressive files more; what passes there changes no pixel visibly).
    On Windows the notes cannot be caught, and such a file passes. Of a PNG the sums of all parts
    are checked, also where no pixel would change.
    """
    image = _to_rgb(decode(Path(path)), Path(path))
    if size is None or image.shape[:2] == as_pair(size):
        return image
    return resize(image, size)


def read_mask(path: str | Path) -> np.ndarray:
    """Read a mask: what is not black is object.

    Returns
    -------
    ndarray of uint8, shape (height, width): 0 background, 1 object

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError, ValueError
        As :func:`read_image`.
    """
    return read_image(path).any(axis=2).astype(np.uint8)


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

    Raises
    ------
    TypeError
        If ``paths`` is a single path.
    FileNotFoundError, IsADirectoryError, PermissionError, ValueError
        As :func:`read_image`, or if the size is not one of at least 1 pixel.
    """
    if isinstance(paths, str | Path):
        raise TypeError(f"read_images takes a list of paths: read_images([{str(paths)!r}], …).")
    height, width = as_pair(size)
    paths = list(paths)
    batch = np.empty((len(paths), height, width, 3), dtype=np.uint8)
    for i, path in enumerate(progress(paths, "reading images")):
        batch[i] = read_image(path, (height, width))
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
        On an image of another shape or dtype or without pixels, a size below 1, or an unknown
        method.
    """
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"Expected one RGB image (height, width, 3), got {np.shape(image)}.")
    if image.dtype != np.uint8:
        raise ValueError(f"Expected uint8 pixels (0-255), got {image.dtype}.")
    if not image.size:
        raise ValueError(f"The image has no pixels: {image.shape}.")
    height, width = as_pair(size)
    ratios = height / image.shape[0], width / image.shape[1]
    if method == "stretch":
        return _scale(image, height, width)
    if method == "crop":
        # Cut first: a strip scaled as a whole can take gigabytes.
        rows, columns = (max(round(n / max(ratios)), 1) for n in (height, width))
        return _scale(_centre_crop(image, rows, columns), height, width)
    if method == "pad":
        rows, columns = (max(round(n * min(ratios)), 1) for n in image.shape[:2])
        return _pad(_scale(image, rows, columns), height, width)
    raise ValueError(f"Unknown method {method!r}: use 'crop', 'pad' or 'stretch'.")


def as_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a size in pixels.

    Raises
    ------
    ValueError
        If it is not one or two whole numbers of at least 1.
    """
    try:
        height, width = map(operator.index, size if np.ndim(size) else (size, size))
    except (TypeError, ValueError):
        height = width = 0
    if min(height, width) < 1:
        raise ValueError(
            f"size is a whole number of pixels, or (height, width), of at least 1; got {size!r}."
        )
    return height, width


def _scale(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Average along an axis that shrinks, which avoids moiré; interpolate along one that grows."""
    cv2 = import_cv2()
    rows, columns = min(height, image.shape[0]), min(width, image.shape[1])
    shrunk = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)


def _centre_crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _pad(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    padded = np.zeros((height, width, 3), dtype=np.uint8)
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded


def _to_rgb(image: Image.Image, path: Path) -> np.ndarray:
    """8-bit RGB in sRGB's colours, upright, without alpha: by bands, so that it takes little."""
    swapped, down, right = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation), _TURNS[1])
    shape = (image.width, image.height) if swapped else (image.height, image.width)
    pixels = np.empty((*shape, 3), np.uint8)
    stored = pixels[::down, ::right]
    if swapped:
        stored = stored.swapaxes(0, 1)
    try:
        white = _white(image) if _is_deep(image) else None
        for rows, band in _bands(image):
            stored[rows] = _band_to_rgb(band, white)
    except ValueError as error:
        raise ValueError(f"{path}: {error}. Save it as PNG with 8 bits a colour.") from error
    return pixels


def _bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    height = max(_BAND // image.width, 1)
    for top in range(0, image.height, height):
        bottom = min(top + height, image.height)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _band_to_rgb(image: Image.Image, white: int | None) -> Image.Image:
    if white is not None:
        scaled = np.rint(np.clip(np.asarray(image) * (255 / white), 0, 255)).astype(np.uint8)
        info, image = image.info, Image.fromarray(scaled)
        image.info = info
    elif image.mode in ("1", "LA", "La"):
        image = image.convert("LA").convert("L")
    elif image.mode not in ("L", "RGB", "CMYK"):
        # By way of RGBA, which undoes a multiplication by alpha.
        image = image.convert("RGBA").convert("RGB")
    return _to_srgb(image).convert("RGB")


def _is_deep(image: Image.Image) -> bool:
    """Whether it has one channel of more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _white(image: Image.Image) -> int:
    """The value of white in an image of one channel of more than 8 bits."""
    bands = (np.asarray(band) for _, band in _bands(image))
    ends = np.array([(values.min(), values.max()) for values in bands])
    low, high = ends.min(), ends.max()  # NaN where there is one
    if image.mode == "F":
        white = white_of(ends.dtype, low, high)
    elif image.mode == "I":
        white = 255 if high <= 255 else 65535
    else:
        bits = getattr(image, "tag_v2", {}).get(258, (16,))[0]  # a TIFF's BitsPerSample: 12 or 16
        white = 2**bits - 1
    if white is None or (image.mode != "F" and not (low >= 0 and high <= white)):
        raise ValueError(f"pixels from {low:g} to {high:g}, expected from 0 to 1, 255 or 65535")
    return white


def _to_srgb(image: Image.Image) -> Image.Image:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return image
        return ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (KeyError, OSError, ImageCms.PyCMSError):
        return image  # no profile, or a damaged one, which browsers pass over, too
