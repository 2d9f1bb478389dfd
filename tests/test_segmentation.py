"""Masks are shrunk with their images, compared, and drawn."""

import keras
import matplotlib
import numpy as np
import pytest

from course_utils import segmentation
from course_utils.plotting.segmentation import _errors, plot_masks

matplotlib.use("agg")


@pytest.fixture
def masks():
    return np.random.default_rng(0).integers(0, 2, (4, 12, 12)).astype("uint8")


def test_iou_by_hand():
    truth = np.zeros((3, 2, 2), "uint8")
    truth[0] = 1
    predicted = truth.copy()
    predicted[0, 0] = 0  # half of the object found
    predicted[1, 0, 0] = 1  # an object where there is none
    assert segmentation.iou(predicted, truth).tolist() == [0.5, 0, 1]


def test_iou_agrees_with_keras(masks):
    other = masks[::-1]
    for mask, truth, ours in zip(other, masks, segmentation.iou(other, masks), strict=True):
        metric = keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5)
        assert float(metric(truth, mask)) == pytest.approx(ours)


def test_masks_are_shrunk_with_their_images():
    masks = np.zeros((1, 8, 8), "uint8")
    masks[0, :, 4:] = 1
    images = np.repeat(255 * masks[..., None], 3, axis=-1)
    images, masks = segmentation.resize_pair(images, masks, 4)
    assert images.shape == (1, 4, 4, 3)
    assert (images.dtype, masks.dtype) == (np.uint8, np.uint8)
    assert masks[0].tolist() == [[0, 0, 1, 1]] * 4
    assert np.array_equal(images[..., 0], 255 * masks)


def test_masks_of_other_images_are_refused(masks):
    with pytest.raises(ValueError, match="do not match"):
        segmentation.resize_pair(np.zeros((3, 12, 12, 3), "uint8"), masks, 6)


def test_errors_have_their_colours():
    truth, mask = np.array([[0, 1, 0, 1]]), np.array([[0, 0, 1, 1]])
    pixels = _errors(mask, truth)[0]
    assert pixels[0].tolist() == [0, 0, 0]
    assert pixels[3].tolist() == [1, 1, 1]
    assert len({tuple(pixel) for pixel in pixels}) == 4


def test_masks_are_drawn(masks):
    images = np.zeros((4, 12, 12, 3), "uint8")
    figure = plot_masks(images, masks, {"a": masks, "b": 1 - masks}, title="Masks")
    assert len(figure.axes) == 16
    assert figure.get_suptitle() == "Masks"
