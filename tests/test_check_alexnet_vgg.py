"""What is said of answers to the exercises on AlexNet and VGG: right, wrong, and none."""

import numpy as np
import pytest

from course_utils.check import alexnet, vgg


def noisy(images):
    rng = np.random.default_rng(0)
    return np.clip(images + rng.normal(0, 0.05, images.shape), 0, 1)


def moved(images):
    return np.roll(images, (1, -1), axis=(1, 2))


def test_parameters_of_fc6_without_pooling():
    assert alexnet.dense_parameters(177_213_440).right
    wrong = {
        177_209_344: "biases",
        37_752_832: "as it stands",
        696_320: "256 channels",
        265_818_112: "not 384",
        1: "not it",
    }
    for answer, why in wrong.items():
        feedback = alexnet.dense_parameters(answer)
        assert not feedback.right and why in feedback.message, answer
    assert "three dots" in alexnet.dense_parameters(...).message


def test_dropout():
    assert alexnet.dropout(lambda a, mask, p: np.where(mask, a / (1 - p), 0)).right
    for wrong in (
        lambda a, mask, p: mask * a,  # too small afterwards
        lambda a, mask, p: mask * a / p,  # right for one half only
        lambda a, mask, p: mask * a * (1 - p),
        lambda a, mask, p: (1 - mask) * a / (1 - p),  # the others
    ):
        feedback = alexnet.dropout(wrong)
        assert not feedback.right and "should give" in feedback.message
    assert "three dots" in alexnet.dropout(lambda a, mask, p: ...).message


@pytest.mark.parametrize("change", [noisy, moved, lambda images: 0.7 * images])
def test_augmentation_that_keeps_labels(change):
    assert alexnet.augmentation(change).right


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda images: ..., "three dots"),
        (lambda images: None, "three dots"),
        (lambda images: images, "Only 0%"),
        (lambda images: images[:10], "shape"),
        (lambda images: "images", "no images"),
        (lambda images: images + 0.5, "from 0 to 1"),
        (lambda images: images * np.nan, "from 0 to 1"),
        (lambda images: images[:, :, ::-1], "still read"),  # left and right
        (lambda images: images[:, ::-1], "still read"),  # upside down
        (lambda images: 1 - images, "still read"),
        (lambda: 1, "TypeError"),
    ],
)
def test_augmentation_that_changes_too_much_or_nothing(change, why):
    feedback = alexnet.augmentation(change)
    assert not feedback.right and why in feedback.message, feedback


def test_augmentation_in_place_is_seen():
    def fainter(images):
        images *= 0.7
        return images

    assert alexnet.augmentation(fainter).right


def test_receptive_field():
    assert vgg.receptive_field(lambda kernels: sum(kernels) - len(kernels) + 1).right
    for wrong in (sum, len, lambda kernels: 2 * len(kernels) + 1, lambda kernels: 3):
        assert not vgg.receptive_field(wrong).right
    assert "three dots" in vgg.receptive_field(lambda kernels: ...).message


def test_small_kernels_for_a_large_one():
    assert vgg.small_for_large(5, 45 / 121).right
    assert vgg.small_for_large(5, 0.37).right
    assert "11×11" in vgg.small_for_large(4, 0.37).message
    for wrong, why in ((9 / 121, "one of the five"), (121 / 45, "way round"), (1, "not it")):
        assert why in vgg.small_for_large(5, wrong).message
    assert not vgg.small_for_large(5, "a third").right
    assert "dots" in vgg.small_for_large(5, ...).message
    assert "dots" in vgg.small_for_large(..., 0.37).message


@pytest.mark.parametrize("variance", [1.6, 2, 2.6])
def test_start_that_keeps_the_signal(variance):
    assert vgg.start(lambda n_in, n_out: (variance / n_in) ** 0.5).right


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda n_in, n_out: 0.01, "With 64 units"),
        (lambda n_in, n_out: 0.177, "With 128 units"),  # right for 64
        (lambda n_in, n_out: (1 / n_in) ** 0.5, "With 64 units"),
        (lambda n_in, n_out: (3.5 / n_in) ** 0.5, "With 64 units"),
        (lambda n_in, n_out: 2 / n_in, "With 64 units"),  # a variance
        (lambda n_in, n_out: 0, "by 0"),
        (lambda n_in, n_out: -0.1, "by 0"),
        (lambda n_in, n_out: "He", "no number"),
        (lambda n_in, n_out: ..., "three dots"),
        (lambda n_in: 1, "TypeError"),
    ],
)
def test_start_that_loses_the_signal(answer, why):
    feedback = vgg.start(answer)
    assert not feedback.right and why in feedback.message, feedback
