"""Reading and resizing."""

import numpy as np
import pytest
from PIL import Image

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


def test_file_that_is_no_image_is_named(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("not a picture")
    with pytest.raises(ValueError, match=r"notes\.jpg is not a complete image"):
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


def test_resize_refuses_what_is_no_image():
    with pytest.raises(ValueError, match="uint8"):
        resize(bars() / 255, 30)
    with pytest.raises(ValueError, match="RGB"):
        resize(bars()[..., 0], 30)
    with pytest.raises(ValueError, match="zoom"):
        resize(bars(), 30, method="zoom")
