"""What is said of a file that is no image, to the letter; and where the limits lie."""

import io
import os
import re
import sys

import numpy as np
import pytest
from PIL import Image

from course_utils import decoding, images
from course_utils.decoding import decode, is_image

AGAIN = "Copy or download it again, or remove it."
PAGE = "is a web page, not an image. Download the image itself."
HEIC = (
    "is a HEIC photograph. Save it as JPEG, or install what reads it and restart: pip install "
    "pillow-heif."
)
AVIF = "is an AVIF image, too new for this Pillow. Save it as JPEG, or: pip install -U pillow."
TEXT = "is text, not an image. Remove it, or name the image itself."
NO_FORMAT = "is of no format that Pillow reads (PNG, JPEG). Save it as JPEG or PNG."
SMALLER = (
    "Make a smaller copy with any image program, or with Pillow: Image.MAX_IMAGE_PIXELS = None; "
    "Image.open(path).reduce(4).save('smaller.png')."
)


def kind_of(name, count):
    return (
        f"is not a complete image, or of a kind of {name} that Pillow does not read ({count} "
        "bytes). Copy or download it again, or save it as PNG of 8 bits a colour."
    )


def brand(name):
    return b"\0\0\0\x18" + name + bytes(99)


def encoded(kind="PNG", size=(40, 30), **options) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a file"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", f"is empty (0 bytes). {AGAIN}"),
        (
            b"Version https://git-lfs.github.com/spec/v1\n",
            "only points to an image (Git LFS). Get the image itself with 'git lfs pull'.",
        ),
        (b"<!DOCTYPE HTML>", PAGE),
        (b"\n<HTML><body>", PAGE),
        (bytes(506) + b"<html>", PAGE),
        (bytes(508) + b"<html>", NO_FORMAT),  # further on it is chance
        *((brand(name), HEIC) for name in decoding.HEIC),
        *((brand(name), AVIF) for name in decoding.AVIF),
        (encoded()[:12], kind_of("PNG", 12)),
        (b"\xff\xd8\xff", kind_of("JPEG", 3)),
        (b"a hat\t\r\n\f\x0b\x1b[0m caf\xe9", TEXT),
        (b"a hat\x00", NO_FORMAT),
        (b"a hat\x08", NO_FORMAT),
        (b"a hat\x0e", NO_FORMAT),
        (b"a hat\x1a", NO_FORMAT),
    ],
)
def test_what_a_file_is_that_is_no_image(file, monkeypatch, content, said):
    monkeypatch.setattr(decoding, "_formats", lambda: ("PNG", "JPEG"))
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{file} {said}')}$"):
        decode(file)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_is_cut_off(file, kind):
    whole = encoded(kind)
    file.write_bytes(whole[: len(whole) // 2])
    beginning = (
        f"{file} is not a complete image: it is cut off or damaged ({len(whole) // 2} bytes; "
    )
    with pytest.raises(ValueError, match=f"^{re.escape(beginning)}.+{re.escape(f'). {AGAIN}')}$"):
        decode(file)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            IndexError(),
            f"is not a complete image: it is cut off or damaged (2000 bytes; IndexError). {AGAIN}",
        ),
        (MemoryError(), f"is too large (out of memory). {SMALLER}"),
        (Image.DecompressionBombWarning("9 pixels"), f"is too large (9 pixels). {SMALLER}"),
    ],
)
def test_what_pillow_raises_is_told(file, monkeypatch, error, said):
    file.write_bytes(encoded("BMP")[:2000])

    def fail(_):
        raise error

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{file} {said}')}$"):
        decode(file)


def test_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = f"{tmp_path} is a folder, not an image. load_folder reads folders."
    with pytest.raises(IsADirectoryError, match=f"^{re.escape(folder)}$"):
        decode(tmp_path)
    missing = (
        f"There is no file {tmp_path / 'a'}. "
        f"Check the spelling; relative paths start at {tmp_path}."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(missing)}$"):
        decode(tmp_path / "a")
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        pipe = f"{tmp_path / 'pipe'} is a pipe or a device. Copy the image into a file."
        with pytest.raises(ValueError, match=f"^{re.escape(pipe)}$"):
            decode(tmp_path / "pipe")


def test_what_may_not_be_read(file, monkeypatch):
    def refuse(_):
        raise PermissionError

    file.write_bytes(b"")
    monkeypatch.setattr(type(file), "read_bytes", refuse)
    message = f"You have no permission to read {file}. Change it ('chmod u+r'), or copy the file."
    with pytest.raises(PermissionError, match=f"^{re.escape(message)}$"):
        decode(file)


def test_the_largest_file_is_read_and_no_larger_one(file, monkeypatch):
    file.write_bytes(encoded())
    monkeypatch.setattr(decoding, "_FILE", file.stat().st_size)
    assert decode(file).size == (40, 30) and is_image(file)
    monkeypatch.setattr(decoding, "_FILE", file.stat().st_size - 1)
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'{file} is too large (0 MB). {SMALLER}')}$"
    ):
        decode(file)
    assert not is_image(file)


@pytest.mark.parametrize(
    ("kind", "options", "cost", "size", "millions"),
    [
        ("PNG", {}, 7, (2000, 1000), 1),
        ("JPEG", {}, 7, (200, 100), 0),
        ("JPEG", {"progressive": True}, 10, (200, 100), 0),
        ("WEBP", {}, 16, (200, 100), 0),
        ("JPEG2000", {}, 19, (200, 100), 0),
    ],
)
def test_an_image_takes_no_more_memory_than_it_may(
    file, monkeypatch, kind, options, cost, size, millions
):
    file.write_bytes(encoded(kind, size, **options))
    needed = size[0] * size[1] * cost + file.stat().st_size
    monkeypatch.setattr(decoding, "_MEMORY", needed)
    assert decode(file).size == size
    monkeypatch.setattr(decoding, "_MEMORY", needed - 1)
    pixels = f"{size[0]}×{size[1]} pixels of a {kind}; up to {millions} million are read"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{file} is too large ({pixels}). ')}"):
        decode(file)


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("a.HEIC", b"", True),
        ("a.heif", b"", True),
        ("a.avif", b"", True),
        ("a.JPG", b"", True),
        ("a.tiff", b"", True),
        ("a.txt", encoded(), True),
        ("a.txt", b"a hat", False),
        ("a.pdf", b"%PDF-1.4", False),
        ("a.mpg", b"\0\0\1\xb3" + bytes(20), False),
        ("a.txt", None, False),
    ],
)
def test_an_image_is_known_by_its_name_or_its_beginning(tmp_path, name, content, is_one):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert is_image(tmp_path / name) is is_one


def test_an_image_of_too_many_pixels_is_one(file, monkeypatch):
    file.write_bytes(encoded())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    assert is_image(file)


@pytest.mark.parametrize(
    ("note", "lost"),
    [
        ("premature end of data segment", True),
        ("bad Huffman code", True),
        *((f"1 extraneous bytes before marker 0x{m}", True) for m in ("c4", "da", "d0", "d7")),
        *((f"99 extraneous bytes before marker 0x{m}", False) for m in ("c3", "cf", "d8", "db")),
        ("16 extraneous bytes before marker 0xd9", False),
        ("17 extraneous bytes before marker 0xd9", True),
    ],
)
def test_which_notes_of_libjpeg_tell_of_a_loss(note, lost):
    assert decoding._tells_of_loss(f"Corrupt JPEG data: {note}") is lost


def test_without_file_descriptor_2_no_loss_is_seen(file, monkeypatch):
    whole = encoded("JPEG", (320, 240))
    file.write_bytes(whole[:9000] + whole[13000:])

    def closed(_):
        raise OSError

    monkeypatch.setattr(os, "dup", closed)
    assert decode(file).size == (320, 240)


def test_opencv_that_cannot_be_imported_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    message = (
        "OpenCV cannot be imported (import of cv2 halted; None in sys.modules). On a server "
        "without a screen install its system libraries (apt-get install libgl1 libglib2.0-0), or "
        "replace the package: pip uninstall opencv-python && pip install opencv-python-headless."
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        decoding.import_cv2()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "F"])
def test_an_image_read_in_bands_is_the_same(tmp_path, monkeypatch, mode):
    noise = np.random.default_rng(0).integers(1, 256, (9, 5), dtype=np.uint8)
    image = Image.fromarray(noise)
    if mode == "I;16":
        image = Image.fromarray(noise.astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(noise.astype(np.float32))
    image.convert(mode).save(tmp_path / "a.tif")
    whole = images.read_image(tmp_path / "a.tif")
    for pixels in (1, 5, 14, 45):
        monkeypatch.setattr(images, "_BAND", pixels)
        np.testing.assert_array_equal(images.read_image(tmp_path / "a.tif"), whole)
    np.testing.assert_array_equal(whole[..., 0], noise)
