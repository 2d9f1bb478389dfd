"""Reading and resizing images."""

import functools
import io
import operator
import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from course_utils.arrays import white_of
from course_utils.progress import progress

HEIC = (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftypmif1")
AVIF = (b"ftypavif", b"ftypavis")
PADDING = 16  # bytes; some cameras fill up the end of a JPEG's pixel data
_FILE = 300 * 10**6  # bytes of a file; Pillow looks through one of zeros for half a minute
_MEMORY = 850 * 10**6  # bytes that one image may take while it is read
# Bytes of memory a pixel, as measured: Pillow's four and the result's three; some decoders keep
# more.
_COSTS = {"JPEG2000": 19, "WEBP": 16, "AVIF": 10, "HEIF": 16}
_COST, _PROGRESSIVE_COST = 7, 10
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
_STDERR = threading.Lock()


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
        more pixels than Pillow allows, or of pixels that have no place between black and white.

    Notes
    -----
    A JPEG that lost bytes in its middle is refused, too. Only a note of libjpeg on file
    descriptor 2 tells of it, so that is caught while OpenCV reads the file a second time. libjpeg
    sees only that the number of blocks is wrong: of 200 losses at random places in ten photographs
    it saw all of 600 and more bytes, over nine in ten of 200 bytes, over half of 64, and of 16 one
    in five at quality 90 (of progressive files more; what passes there changes no pixel visibly).
    On Windows the notes cannot be caught, and such a file passes.
    """
    image = _to_rgb(_decode(Path(path)), Path(path))
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


def is_image(path: Path) -> bool:
    """Whether a file is named like an image, or begins like one that Pillow can read."""
    formats, suffix = _formats(), path.suffix.lower()
    if (
        suffix in (".avif", ".heic", ".heif")
        or Image.registered_extensions().get(suffix) in formats
    ):
        return True
    try:
        with Image.open(path, formats=formats):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # Pillow's plugins raise what they like
        return False


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
    cv2 = _import_cv2()
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


@functools.cache
def _formats() -> tuple[str, ...]:
    """Names of the formats of pictures that Pillow reads: no films, no PostScript programs."""
    with suppress(ImportError):
        import pillow_heif  # photographs of iPhones, where it is installed

        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in Image.OPEN if Image.MIME.get(name, "").startswith("image/"))


def _decode(path: Path) -> Image.Image:
    """The first frame as Pillow has it; every failure as an error that names the file."""
    data = _read_bytes(path)
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            _check_memory(image, len(data))
            if image.format == "PNG":  # Pillow passes over the sums of pixel data, else
                with Image.open(io.BytesIO(data), formats=["PNG"]) as png:
                    png.verify()
            image.load()
            image.getexif()
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} {_what_it_is(data)}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise ValueError(_too_large(path, error)) from error
    except Exception as error:  # Pillow's plugins raise what they like
        raise ValueError(_incomplete(path, data, error)) from error
    if image.format in ("JPEG", "MPO") and (loss := _jpeg_loss(data)):
        raise ValueError(_incomplete(path, data, loss))
    return image


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not an image. load_folder reads folders.")
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file {path}. Check the spelling; relative paths start at {Path.cwd()}."
        )
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is a pipe or a device, not a file. Copy the image into a file.")
    if (size := path.stat().st_size) > _FILE:
        raise ValueError(_too_large(path, f"{size // 10**6:,} MB"))
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise PermissionError(
            f"You have no permission to read {path}. Change it ('chmod u+r'), or copy the file."
        ) from error


def _check_memory(image: Image.Image, size: int) -> None:
    """That an image, and the file's bytes beside it, do not take more memory than they may."""
    cost = _COSTS.get(image.format, _COST)
    if image.info.get("progressive"):  # libjpeg keeps all coefficients
        cost = _PROGRESSIVE_COST
    if image.width * image.height * cost + size > _MEMORY:
        raise Image.DecompressionBombError(
            f"{image.width}×{image.height} pixels of a {image.format}; up to "
            f"{(_MEMORY - size) // cost // 10**6} million are read"
        )


def _too_large(path: Path, why: BaseException | str) -> str:
    return (
        f"{path} is too large ({why or 'out of memory'}). Make a smaller copy with any image "
        "program, or with Pillow: Image.MAX_IMAGE_PIXELS = None; "
        "Image.open(path).reduce(4).save('smaller.png')."
    )


def _incomplete(path: Path, data: bytes, why: Exception | str) -> str:
    return (
        f"{path} is not a complete image: it is cut off or damaged ({len(data)} bytes; "
        f"{why or type(why).__name__}). Copy or download it again, or remove it."
    )


def _what_it_is(data: bytes) -> str:
    """Say what a file is that Pillow does not know, and what to do."""
    head = data[:512].lower()
    if not data:
        return "is empty (0 bytes). Copy or download it again, or remove it."
    if head.startswith(b"version https://git-lfs"):
        return "only points to an image (Git LFS). Get the image itself with 'git lfs pull'."
    if b"<html" in head or b"<!doctype html" in head:
        return "is a web page, not an image. Download the image itself."
    if data[4:12] in HEIC and "HEIF" not in _formats():
        return (
            "is a HEIC photograph. Save it as JPEG, or install what reads it and restart: "
            "pip install pillow-heif."
        )
    if data[4:12] in AVIF and "AVIF" not in _formats():
        return (
            "is an AVIF image, too new for this Pillow. Save it as JPEG, or: pip install -U pillow."
        )
    if known := _begins_like(data):
        return (
            f"is not a complete image, or of a kind of {known} that Pillow does not read "
            f"({len(data)} bytes). Copy or download it again, or save it as PNG of 8 bits a colour."
        )
    if not re.search(rb"[\x00-\x08\x0e-\x1a]", head):
        return "is text, not an image. Remove it, or name the image itself."
    return f"is of no format that Pillow reads ({', '.join(_formats())}). Save it as JPEG or PNG."


def _begins_like(data: bytes) -> str:
    """Format of an image by its first bytes; empty where they are those of none."""
    mark = data[:16].ljust(16, b"\0")
    for name in _formats():
        _, accept = Image.OPEN[name]
        if accept and accept(mark) is True:
            return name
    return ""


def _jpeg_loss(data: bytes) -> str:
    """What libjpeg says of pixel data that are lost; empty where it has nothing to say.

    Pillow keeps libjpeg silent, and OpenCV lets it write to file descriptor 2. What others write
    there meanwhile is passed on afterwards.
    """
    cv2 = _import_cv2()
    with _STDERR, tempfile.TemporaryFile() as notes:
        try:
            stderr = os.dup(2)
        except OSError:  # there is none, as in a Windows program without a console
            return ""
        try:
            os.dup2(notes.fileno(), 2)
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        notes.seek(0)
        lines = notes.readlines()
    ours = [line for line in lines if line.startswith(b"Corrupt JPEG data: ")]
    if others := b"".join(line for line in lines if line not in ours):
        os.write(2, others)
    return next((note for line in ours if _tells_of_loss(note := line.decode().strip())), "")


def _tells_of_loss(note: str) -> bool:
    extraneous = re.search(r"(\d+) extraneous bytes before marker 0x(\w\w)", note)
    if not extraneous:
        return True
    count, marker = int(extraneous[1]), int(extraneous[2], 16)
    in_pixel_data = marker in (0xC4, 0xDA) or 0xD0 <= marker <= 0xD7  # tables, scan, restart
    return in_pixel_data or (marker == 0xD9 and count > PADDING)


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
