"""Reading and resizing."""

import io
import os
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from course_utils import decoding
from course_utils.decoding import is_image
from course_utils.images import read_image, read_images, read_mask, resize


@pytest.fixture
def red_square(tmp_path):
    """A red picture, 40 high and 60 wide, as PNG."""
    path = tmp_path / "röd.png"
    Image.new("RGB", (60, 40), (200, 10, 30)).save(path)
    return path


def test_read_image_is_rgb(red_square):
    image = read_image(red_square)
    assert image.shape == (40, 60, 3) and image.dtype == np.uint8
    assert image[0, 0].tolist() == [200, 10, 30]


def test_read_image_drops_alpha_and_turns_grey_into_rgb(tmp_path):
    Image.new("RGBA", (5, 4), (1, 2, 3, 128)).save(tmp_path / "alpha.png")
    Image.new("L", (5, 4), 77).save(tmp_path / "grey.png")
    assert read_image(tmp_path / "alpha.png").shape == (4, 5, 3)
    assert read_image(tmp_path / "grey.png")[0, 0].tolist() == [77] * 3


def test_read_image_follows_the_orientation_of_the_camera(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (60, 40)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (60, 40, 3)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.jpg"):
        read_image(tmp_path / "nothing.jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_truncated_file_is_named(tmp_path, suffix):
    path = tmp_path / f"cut{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=f"cut{suffix} is not a complete image"):
        read_image(path)


def test_masks_are_zero_and_one(tmp_path):
    Image.fromarray(np.array([[0, 255], [1, 0]], np.uint8)).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png").tolist() == [[0, 1], [1, 0]]


def test_read_images_crops_to_one_size(red_square):
    batch = read_images([red_square, red_square], 32)
    assert batch.shape == (2, 32, 32, 3)


def bars() -> np.ndarray:
    """Three vertical bars of equal width: red, green, blue; 30 high, 90 wide."""
    image = np.zeros((30, 90, 3), np.uint8)
    for i in range(3):
        image[:, 30 * i : 30 * (i + 1), i] = 255
    return image


def test_crop_keeps_the_middle():
    cropped = resize(bars(), 30, method="crop")
    assert cropped.shape == (30, 30, 3)
    assert (cropped == (0, 255, 0)).all()


def test_pad_keeps_everything_and_the_proportions():
    padded = resize(bars(), 90, method="pad")
    assert padded.shape == (90, 90, 3)
    assert not padded[:30].any() and not padded[60:].any()
    np.testing.assert_array_equal(padded[30:60], bars())


def test_stretch_fills_the_frame():
    stretched = resize(bars(), (60, 60), method="stretch")
    assert stretched.shape == (60, 60, 3)
    assert stretched[30, 5].tolist() == [255, 0, 0] and stretched[30, 55].tolist() == [0, 0, 255]


@pytest.mark.parametrize("size", [(7, 200), (200, 7), (224, 224)])
@pytest.mark.parametrize("method", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (333, 217)])
def test_any_shape_becomes_the_asked_one(shape, method, size):
    image = np.zeros((*shape, 3), np.uint8)
    assert resize(image, size, method=method).shape == (*size, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"not a picture", "is text, not an image"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"\x7fELF\2\1\1" + bytes(99), "is of no format that Pillow reads"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is not a complete image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "is not a complete image"),
    ],
)
def test_what_is_no_image_is_told_apart(tmp_path, content, message):
    path = tmp_path / "notes.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"notes\.jpg .*{message}"):
        read_image(path)


@pytest.mark.parametrize(("brand", "remedy"), [("heic", "pillow-heif"), ("avif", "-U pillow")])
def test_a_format_that_pillow_does_not_read_here_is_named(tmp_path, monkeypatch, brand, remedy):
    monkeypatch.setattr("course_utils.decoding._formats", lambda: ("PNG", "JPEG"))
    path = tmp_path / f"new.{brand}"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand.encode() + bytes(99))
    assert is_image(path)
    with pytest.raises(ValueError, match=f"new.{brand} is an? {brand.upper()}.*install {remedy}"):
        read_image(path)


def test_folders_pipes_and_forbidden_files_are_named(tmp_path, red_square, monkeypatch):
    with pytest.raises(IsADirectoryError, match=f"{tmp_path.name} is a folder"):
        read_image(tmp_path)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(ValueError, match=r"pipe\.png is a pipe or a device"):
            read_image(tmp_path / "pipe.png")

    def refuse(path):
        raise PermissionError

    monkeypatch.setattr(type(red_square), "read_bytes", refuse)
    with pytest.raises(PermissionError, match=r"no permission to read .*röd\.png"):
        read_image(red_square)


def test_too_many_pixels_are_refused_with_the_remedy(red_square, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"röd\.png is too large .*reduce"):
        read_image(red_square)


def test_what_would_take_too_much_memory_is_refused_with_the_remedy(red_square, monkeypatch):
    monkeypatch.setattr(decoding, "_MEMORY", 60 * 40 * 7)
    with pytest.raises(
        ValueError, match=r"röd\.png is too large \(60×40 pixels of a PNG; .*reduce"
    ):
        read_image(red_square)
    monkeypatch.setattr(decoding, "_FILE", 10)
    with pytest.raises(ValueError, match=r"röd\.png is too large \(0 MB\)"):
        read_image(red_square)


def test_a_png_of_which_a_bit_was_changed_is_refused(red_square):
    data = red_square.read_bytes()
    for at in range(data.index(b"IDAT"), data.index(b"IEND") - 4):
        red_square.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ValueError, match=r"röd\.png is not a complete image"):
            read_image(red_square)


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_animation_with_an_empty_frame_does_not_stop_the_interpreter(tmp_path, red_square):
    """OpenCV 5 aborts on a chunk fdAT of length 0, so a process of its own reads it."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    options = {"save_all": True, "default_image": True, "append_images": frames[1:]}
    frames[0].save(tmp_path / "moving.png", **options)
    data = (tmp_path / "moving.png").read_bytes()
    at = data.index(b"fdAT") - 4
    (tmp_path / "moving.png").write_bytes(data[:at] + chunk(b"fdAT", b"") + data[at:])
    code = (
        "import sys; from course_utils.images import read_image as r; print(r(sys.argv[1])[0, 0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "moving.png"], capture_output=True, text=True
    )
    assert run.stdout.strip() == "[255   0   0]", run.stderr


def test_the_first_frame_is_read(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.png", "a.tif", "a.webp", "a.mpo"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        red, _, blue = read_image(tmp_path / name)[4, 4]
        assert red > 240 and blue < 15, name


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".avif"])
def test_alpha_is_dropped_and_not_multiplied(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    options = {".tif": {}, ".png": {}}.get(suffix, {"quality": 100, "exact": True})
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("Pillow without AVIF")
    Image.new("RGBA", (16, 16), (200, 100, 50, 64)).save(path, **options)
    np.testing.assert_allclose(read_image(path)[8, 8], (200, 100, 50), atol=4)


@pytest.mark.parametrize(
    ("suffix", "prefix"),
    [
        (".jpg", b""),
        (".png", b""),
        (".webp", b"Exif\0\0"),
        (".webp", b""),
        (".avif", b""),
        (".tif", b""),
    ],
)
def test_every_format_follows_the_orientation_of_the_camera(tmp_path, suffix, prefix):
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("Pillow without AVIF")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    image = Image.fromarray(bars())
    body = exif.tobytes().removeprefix(b"Exif\0\0")
    path = tmp_path / f"a{suffix}"
    image.save(path, exif=exif if suffix in (".tif", ".jpg") else body)
    if suffix == ".webp":  # Pillow drops the prefix that some programs write
        data = path.read_bytes()
        at = data.index(b"EXIF")
        data = data[:at] + b"EXIF" + struct.pack("<I", len(prefix + body)) + prefix + body
        path.write_bytes(b"RIFF" + struct.pack("<I", len(data) - 8) + data[8:])
    upright = read_image(path)
    assert upright.shape == (90, 30, 3)
    assert upright[10, 15].argmax() == 0 and upright[80, 15].argmax() == 2


def test_odd_camera_data_do_not_stop_a_photograph(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[306] = 6, "2020:01:01 00:00:00"
    data = jpeg(bars(), exif=exif)
    odd = data
    for order in "<>":  # the date is told as text of 20 letters; make it one fraction
        entry = struct.pack(f"{order}HHI", 306, 2, 20)
        odd = odd.replace(entry, struct.pack(f"{order}HHI", 306, 5, 1))
    assert odd != data
    (tmp_path / "a.jpg").write_bytes(odd)
    assert read_image(tmp_path / "a.jpg").shape == (90, 30, 3)


GREY = np.arange(0, 256, 17, dtype=np.uint8).reshape(4, 4)


@pytest.mark.parametrize(
    "values",
    [
        GREY.astype(np.uint16) * 257,
        GREY.astype(np.int32),
        GREY.astype(np.int32) * 257,
        GREY.astype(np.float32),
        GREY.astype(np.float32) / 255,
    ],
    ids=["uint16", "int32 to 255", "int32 to 65535", "float to 255", "float to 1"],
)
def test_one_channel_of_more_bits_becomes_the_same_grey(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), np.dstack([GREY] * 3))


@pytest.mark.parametrize("white", [1, 255])
def test_floats_that_resizing_overshot_are_not_black(tmp_path, white):
    values = np.array([[-0.05, 0, 0.5, 1, 1.05]], np.float32) * white
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("bright", [1.5, 25])
def test_floats_whose_white_cannot_be_told_are_named(tmp_path, bright):
    Image.fromarray(np.array([[0, bright]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif: pixels from .* to .*PNG"):
        read_image(tmp_path / "a.tif")


def test_a_kind_of_tiff_that_pillow_lacks_is_not_called_cut_off_alone(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.full((9, 9, 3), 0.5, np.float32))
    with pytest.raises(ValueError, match=r"or of a kind of TIFF that Pillow does not.*PNG"):
        read_image(tmp_path / "a.tif")


def small_tiff(bits: int, samples: list[int]) -> bytes:
    """A grey TIFF of 4 pixels in one row, of an odd depth, uncompressed."""
    packed = "".join(f"{sample:0{bits}b}" for sample in samples)
    pixels = int(packed, 2).to_bytes(len(packed) // 8, "big").ljust(6, b"\0")
    tags = {256: 4, 257: 1, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1}
    tags[279] = len(packed) // 8
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 14) + pixels + struct.pack("<H", 9) + entries + bytes(4)


@pytest.mark.parametrize("bits", [2, 4, 12])
def test_odd_depths_reach_from_black_to_white(tmp_path, bits):
    white = 2**bits - 1
    (tmp_path / "a.tif").write_bytes(small_tiff(bits, [0, white // 3, white, 0]))
    assert read_image(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 85, 255, 0]


@pytest.mark.parametrize("compression", ["tiff_lzw", "lzma", "zstd", "tiff_adobe_deflate"])
def test_compressed_tiff(tmp_path, compression):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    try:
        Image.fromarray(image).save(tmp_path / "a.tif", compression=compression)
    except OSError:
        pytest.skip("this Pillow cannot write it")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), image)


@pytest.mark.parametrize("values", [[[-1.0, 2.0]], [[np.nan, 0.5]], [[0, 70000]]])
def test_pixels_without_a_place_between_black_and_white_are_named(tmp_path, values):
    kind = np.int32 if isinstance(values[0][0], int) else np.float32
    Image.fromarray(np.array(values, kind)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif: pixels from .* to .*PNG"):
        read_image(tmp_path / "a.tif")


def test_palette_cmyk_and_transparent_palette_become_rgb(tmp_path):
    flat = Image.new("RGB", (16, 16), (200, 100, 50))
    flat.quantize(4).save(tmp_path / "palette.png")
    flat.quantize(4).save(tmp_path / "transparent.png", transparency=bytes([9, 9, 9]))
    flat.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    for path in tmp_path.iterdir():
        np.testing.assert_allclose(read_image(path)[8, 8], (200, 100, 50), atol=3)


def test_colours_of_a_wide_profile_become_those_of_srgb(tmp_path):
    """Lab to sRGB and to a profile that swaps red and green: the picture looks the same."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (9, 9), (10, 200, 90)).save(tmp_path / "srgb.png", icc_profile=srgb)
    assert read_image(tmp_path / "srgb.png")[4, 4].tolist() == [10, 200, 90]
    swapped = srgb.replace(b"rXYZ", b"tmp1", 1).replace(b"gXYZ", b"rXYZ", 1)
    swapped = swapped.replace(b"tmp1", b"gXYZ", 1).replace(b"s\0R\0G\0B", b"m\0i\0n\0e")
    Image.new("RGB", (9, 9), (200, 10, 90)).save(tmp_path / "mine.png", icc_profile=swapped)
    np.testing.assert_allclose(read_image(tmp_path / "mine.png")[4, 4], [10, 200, 90], atol=2)


def test_a_damaged_profile_is_passed_over(red_square):
    Image.new("RGB", (9, 9), (200, 10, 30)).save(red_square, icc_profile=b"no profile")
    assert read_image(red_square)[4, 4].tolist() == [200, 10, 30]


def jpeg(image, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def photograph():
    """Smooth blobs and some noise, as a photograph has them."""
    rng = np.random.default_rng(0)
    blobs = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((320, 240))
    return (np.asarray(blobs) * 0.9 + rng.integers(0, 25, (240, 320, 3))).astype(np.uint8)


JPEG_KINDS = [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}]


@pytest.mark.skipif(sys.platform == "win32", reason="OpenCV's notes cannot be caught there")
@pytest.mark.parametrize("options", JPEG_KINDS, ids=str)
@pytest.mark.parametrize("damage", ["removed", "zeroed"])
def test_jpeg_without_its_middle_is_refused(tmp_path, photograph, options, damage, capfd):
    data = jpeg(photograph, **options)
    start, end = len(data) // 2, len(data) // 2 + 4096
    filled = b"" if damage == "removed" else bytes(4096)
    (tmp_path / "lost.jpg").write_bytes(data[:start] + filled + data[end:])
    with pytest.raises(ValueError, match=r"lost\.jpg is not a complete image.*Corrupt JPEG data"):
        read_image(tmp_path / "lost.jpg")
    assert not capfd.readouterr().err


@pytest.mark.parametrize("options", JPEG_KINDS, ids=str)
def test_whole_jpeg_is_read_whatever_follows_it(tmp_path, photograph, options, capfd):
    data = jpeg(photograph, **options)
    padded = data[:-2] + bytes(4) + data[-2:]  # as some cameras do
    for i, content in enumerate((data, data + b"\0" * 99, data + b"trailer" + data, padded)):
        (tmp_path / f"{i}.jpg").write_bytes(content)
        np.testing.assert_array_equal(
            read_image(tmp_path / f"{i}.jpg"), Image.open(io.BytesIO(data))
        )
    assert not capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="OpenCV's notes cannot be caught there")
def test_what_others_write_to_standard_error_meanwhile_is_not_lost(
    tmp_path, photograph, monkeypatch, capfd
):
    (tmp_path / "a.jpg").write_bytes(jpeg(photograph))
    decode = cv2.imdecode

    def chatty(*args):
        os.write(2, b"from another thread\n")
        return decode(*args)

    monkeypatch.setattr(cv2, "imdecode", chatty)
    read_image(tmp_path / "a.jpg")
    assert capfd.readouterr().err == "from another thread\n"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of metadata
@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG", "PPM", "ICO"])
def test_damage_gives_pixels_or_one_error_that_names_the_file(tmp_path, photograph, kind):
    """Bytes turned and cut off at random: whatever the plugin raises, one kind of error comes."""
    file = io.BytesIO()
    Image.fromarray(photograph[:40, :50]).save(file, kind)
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged"
    for _ in range(60):
        data = bytearray(file.getvalue())
        for at in rng.integers(0, min(len(data), 400), 3):
            data[at] = rng.integers(256)
        path.write_bytes(data[: rng.integers(1, 2 * len(data))])
        try:
            assert read_image(path).dtype == np.uint8
        except ValueError as error:
            assert str(path) in str(error)


def shrunk_along(image: np.ndarray, size: int) -> np.ndarray:
    """Area averages along the first axis, by a loop."""
    step, result = len(image) / size, []
    for i in range(size):
        start, end = i * step, (i + 1) * step
        rows = range(int(start), min(int(np.ceil(end - 1e-9)), len(image)))
        weights = [min(row + 1, end) - max(row, start) for row in rows]
        result.append(np.average(image[rows], axis=0, weights=weights))
    return np.array(result)


def test_stretch_averages_where_it_shrinks_and_interpolates_where_it_grows():
    stripes = np.zeros((200, 2016, 3), np.uint8)
    stripes[:, ::2] = 255
    expected = shrunk_along(stripes[:1].swapaxes(0, 1), 224).swapaxes(0, 1)
    stretched = resize(stripes, 224, method="stretch")
    np.testing.assert_allclose(stretched, np.broadcast_to(expected, stretched.shape), atol=1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows, columns, height, width = rng.integers(1, 40, 4)
        image = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        expected = image.astype(float)
        if height < rows:
            expected = shrunk_along(expected, height)
        if width < columns:
            expected = shrunk_along(expected.swapaxes(0, 1), width).swapaxes(0, 1)
        stretched = resize(image, (height, width), method="stretch").astype(float)
        if height <= rows and width <= columns:
            np.testing.assert_allclose(stretched, expected, atol=1)
        else:  # interpolated between these, at their ends the same
            assert expected.min() - 1 <= stretched.min() and stretched.max() <= expected.max() + 1
            np.testing.assert_allclose(stretched[0, 0], expected[0, 0], atol=1)
            np.testing.assert_allclose(stretched[-1, -1], expected[-1, -1], atol=1)


def test_a_long_strip_takes_little_memory():
    """The array of the whole strip at the scale of its short side would have 1.5 GB."""
    tracemalloc.start()
    try:
        assert resize(np.zeros((2, 20_000, 3), np.uint8), 224).shape == (224, 224, 3)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_sizes_may_be_of_numpy_and_must_be_positive(red_square):
    assert resize(bars(), np.int64(7)).shape == (7, 7, 3)
    assert resize(bars(), np.array([7, 9])).shape == (7, 9, 3)
    for size in (0, -3, (7, 0), 7.5, "8", (1, 2, 3)):
        with pytest.raises(ValueError, match="at least 1"):
            resize(bars(), size)
    with pytest.raises(ValueError, match="no pixels"):
        resize(bars()[:0], 8)


def test_one_path_in_place_of_a_list_is_named(red_square):
    for path in (str(red_square), red_square):
        message = f"read_images takes a list of paths: read_images([{str(path)!r}], …)."
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            read_images(path, 8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((bars()[..., 0], 30), "Expected one RGB image (height, width, 3), got (30, 90)."),
        ((bars()[..., :2], 30), "Expected one RGB image (height, width, 3), got (30, 90, 2)."),
        (([[[0, 0, 0]]], 30), "Expected one RGB image (height, width, 3), got (1, 1, 3)."),
        ((bars() / 255, 30), "Expected uint8 pixels (0-255), got float64."),
        ((bars()[:, :0], 8), "The image has no pixels: (30, 0, 3)."),
        ((bars(), 8, "zoom"), "Unknown method 'zoom': use 'crop', 'pad' or 'stretch'."),
        (
            (bars(), (7, 0)),
            "size is a whole number of pixels, or (height, width), of at least 1; got (7, 0).",
        ),
    ],
)
def test_what_cannot_be_resized_is_told(arguments, said):
    image, size, *method = arguments
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        resize(image, size, **({"method": method[0]} if method else {}))


ROW = np.repeat(10 * np.arange(1, 6, dtype=np.uint8), 3).reshape(1, 5, 3)  # 10 to 50


@pytest.mark.parametrize(
    ("method", "columns", "size", "found"),
    [
        ("crop", 5, 2, [20, 30]),
        ("crop", 5, 3, [20, 30, 40]),
        ("crop", 4, 1, [20]),
        ("pad", 2, 5, [0, 10, 20, 0, 0]),
        ("pad", 1, 4, [0, 10, 0, 0]),
        ("pad", 1, 5, [0, 0, 10, 0, 0]),
        ("pad", 1, 1, [10]),
    ],
)
def test_what_cannot_be_halved_is_cut_or_filled_more_at_the_end(method, columns, size, found):
    row = ROW[:, :columns]
    assert resize(row, (1, size), method=method)[0, :, 0].tolist() == found
    column = resize(row.swapaxes(0, 1), (size, 1), method=method)
    assert column[:, 0, 0].tolist() == found


def test_an_image_of_the_size_is_not_touched_and_another_is_cropped(red_square, monkeypatch):
    Image.fromarray(bars()).save(red_square)
    labels = []
    monkeypatch.setattr(
        "course_utils.images.progress", lambda paths, label: labels.append(label) or paths
    )
    for size in (30, (30, 90), (20, 90)):
        expected = resize(bars(), size, method="crop")
        np.testing.assert_array_equal(resize(bars(), size), expected)
        np.testing.assert_array_equal(read_image(red_square, size), expected)
        batch = read_images(iter([red_square] * 2), size)
        np.testing.assert_array_equal(batch, [expected] * 2)
    np.testing.assert_array_equal(read_image(str(red_square)), bars())
    assert labels == ["reading images"] * 3


@pytest.mark.parametrize("orientation", range(10))
def test_every_orientation_is_followed(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation  # 1 to 8
    noise = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "a.png"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), upright)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_black_grey_and_white_are_so_in_every_mode(tmp_path, mode):
    values = np.array([[0, 255, 0, 255, 255], [255, 0, 128, 0, 0]], np.uint8)
    if mode == "1":
        values[values == 128] = 0
    image = Image.fromarray(values).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.fromarray(255 - values))
    image.save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == mode
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.dstack([values] * 3))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([[-1, 9]], np.int32), "-1 to 9"),
        (np.array([[0, 65536]], np.int32), "0 to 65536"),
        (np.array([[0.25, 1.5]], np.float32), "0.25 to 1.5"),
    ],
)
def test_pixels_that_have_no_place_are_told(tmp_path, values, found):
    file = tmp_path / "a.tif"
    Image.fromarray(values).save(file)
    message = (
        f"{file}: pixels from {found}, expected from 0 to 1, 255 or 65535. Save it as PNG with 8 "
        "bits a colour."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_image(file)


def test_whole_numbers_above_255_are_of_16_bits(tmp_path):
    for high, white in ((255, 255), (256, 65535), (65535, 65535)):
        Image.fromarray(np.array([[0, high]], np.int32)).save(tmp_path / "a.tif")
        assert read_image(tmp_path / "a.tif")[0, :, 0].tolist() == [0, round(255 * high / white)]
