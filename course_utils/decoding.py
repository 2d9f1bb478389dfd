"""From a file to Pillow's image of it, or to the one error that names it and what to do."""

import functools
import io
import os
import re
import stat
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

HEIC = (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftypmif1")
AVIF = (b"ftypavif", b"ftypavis")
PADDING = 16  # bytes; some cameras fill up the end of a JPEG's pixel data
_FILE = 300 * 10**6  # bytes of a file; Pillow looks through one of zeros for half a minute
_MEMORY = 850 * 10**6  # bytes that one image may take while it is read
# Bytes of memory a pixel, as measured: Pillow's four and the result's three; some decoders keep
# more.
_COSTS = {"JPEG2000": 19, "WEBP": 16, "AVIF": 10, "HEIF": 16}
_COST, _PROGRESSIVE_COST = 7, 10
_STDERR = threading.Lock()


def decode(path: Path) -> Image.Image:
    """Return a file's first frame as Pillow has it, all of it loaded, with its EXIF.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError, ValueError
        As :func:`course_utils.images.read_image`: every failure names the file and what to do.
    """
    data = _read_bytes(path)
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            _check_memory(image, len(data))
            if image.format == "PNG":  # of its pixels Pillow else takes the sums for granted
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


def is_image(path: Path) -> bool:
    """Whether a file is named like an image, or is one that Pillow can read, of at most 300 MB."""
    formats, suffix = _formats(), path.suffix.lower()
    if (
        suffix in (".avif", ".heic", ".heif")
        or Image.registered_extensions().get(suffix) in formats
    ):
        return True
    try:
        if path.stat().st_size > _FILE:
            return False
        with Image.open(path, formats=formats):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # Pillow's plugins raise what they like
        return False


@functools.cache
def _formats() -> tuple[str, ...]:
    """Names of the formats of pictures that Pillow reads: no films, no PostScript programs."""
    with suppress(ImportError):
        import pillow_heif  # photographs of iPhones, where it is installed

        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in Image.OPEN if Image.MIME.get(name, "").startswith("image/"))


def _read_bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        is_file = stat.S_ISREG(found.st_mode)  # a pipe would be waited for
        data = path.read_bytes() if is_file and found.st_size <= _FILE else b""
    except PermissionError as error:
        raise PermissionError(
            f"You have no permission to read {path}. Change it ('chmod u+r'), or copy the file."
        ) from error
    except (OSError, ValueError) as error:  # also links in a circle, and names that cannot be
        why = getattr(error, "strerror", error)
        perhaps = "" if isinstance(error, FileNotFoundError) else f", or it cannot be read ({why})"
        raise FileNotFoundError(
            f"There is no file {path}{perhaps}. Check the spelling; relative paths start at "
            f"{Path.cwd()}."
        ) from error
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{path} is a folder, not an image. load_folder reads folders.")
    if not is_file:
        raise ValueError(f"{path} is a pipe or a device. Copy the image into a file.")
    if found.st_size > _FILE:
        raise ValueError(_too_large(path, f"{found.st_size // 10**6:,} MB"))
    return data


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
        f"{path} is too large ({str(why) or 'out of memory'}). Make a smaller copy with any image "
        "program, or with Pillow: Image.MAX_IMAGE_PIXELS = None; "
        "Image.open(path).reduce(4).save('smaller.png')."
    )


def _incomplete(path: Path, data: bytes, why: Exception | str) -> str:
    return (
        f"{path} is not a complete image: it is cut off or damaged ({len(data)} bytes; "
        f"{str(why) or type(why).__name__}). Copy or download it again, or remove it."
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
    cv2 = import_cv2()
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


def import_cv2():
    """Return the module ``cv2``; an `ImportError` says how to get what it lacks."""
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            f"OpenCV cannot be imported ({error}). On a server without a screen install its "
            "system libraries (apt-get install libgl1 libglib2.0-0), or replace the package: "
            "pip uninstall opencv-python && pip install opencv-python-headless."
        ) from error
    return cv2
