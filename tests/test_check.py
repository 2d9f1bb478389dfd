"""What is said of right answers, wrong ones, and those that are no answers."""

import numpy as np
import pytest

from course_utils.check import (
    alexnet,
    fine_tuning,
    googlenet,
    lenet,
    pretrained_models,
    resnet_densenet,
    transfer_learning,
    unet,
    vgg,
)
from course_utils.check import what_features_know as features
from course_utils.check.feedback import as_number


def right_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1


def test_right_answer():
    feedback = lenet.output_size(right_size)
    assert feedback.right
    assert repr(feedback).startswith("Right. ")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda size, kernel, stride, padding: size - kernel + 1,  # no stride, no padding
        lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
        lambda size, kernel, stride, padding: "28",
        lambda size, kernel, stride, padding: [28, 28],
    ],
)
def test_wrong_answer_says_what_it_gives_and_should_give(wrong):
    feedback = lenet.output_size(wrong)
    assert not feedback.right
    assert "gives" in feedback.message and "should give" in feedback.message
    assert repr(feedback).startswith("Not yet. ") and feedback.hint in repr(feedback)


def test_no_answer_yet():
    assert "three dots" in lenet.output_size(lambda *_: ...).message
    assert "three dots" in lenet.output_size(lambda *_: None).message


def test_answer_that_raises_is_told_with_its_error():
    feedback = lenet.output_size(lambda size, kernel: size)
    assert not feedback.right and "TypeError" in feedback.message


def test_page_escapes_what_the_student_wrote():
    feedback = lenet.output_size(lambda *_: "<script>")
    assert "<script>" not in feedback._repr_html_() and "&lt;script&gt;" in feedback._repr_html_()


def test_parameters_of_a_smaller_kernel():
    assert lenet.convolution_parameters(880).right
    for wrong, why in ((864, "biases"), (160, "deep"), (144, "bias"), (2416, "5×5"), (1, "not it")):
        feedback = lenet.convolution_parameters(wrong)
        assert not feedback.right and why in feedback.message
    assert "three dots" in lenet.convolution_parameters(...).message


@pytest.mark.parametrize(
    ("kernel", "why"),
    [
        (..., "nine numbers"),
        ([[1, 2], [3, 4]], "shape"),
        (-np.eye(3), "not answer"),
        (np.ones((3, 3)), "level"),
        ([[1, -1, 1], [-1, 1, -1], [1, -1, 1]], "falling"),
    ],
)
def test_kernel_that_does_not_find_rising_strokes(kernel, why):
    feedback = lenet.diagonal_kernel(kernel)
    assert not feedback.right and why in feedback.message, feedback


@pytest.mark.parametrize("scale", [1, 0.1, 30])
def test_kernel_that_finds_rising_strokes(scale):
    kernel = scale * np.array([[-1, 0, 1], [0, 1, 0], [1, 0, -1]])
    assert lenet.diagonal_kernel(kernel).right


def test_lead_in_points():
    assert features.lead(lambda a, b: 100 * (1.0 * a - b).mean()).right
    for wrong in (lambda a, b: (1.0 * a - b).mean(), lambda a, b: 100 * (a ^ b).mean()):
        assert "should give" in features.lead(wrong).message
    assert "TypeError" in features.lead(lambda a, b: 100 * (a - b).mean()).message
    assert "three dots" in features.lead(lambda a, b: ...).message


def test_field_of_larger_kernels():
    assert features.field_of_block1(10).right
    for wrong, why in ((6, "3×3"), (9, "pooling"), (11, "stride"), (18, "doubled"), (5, "not it")):
        feedback = features.field_of_block1(wrong)
        assert not feedback.right and why in feedback.message
    assert "three dots" in features.field_of_block1(...).message


MASKS = np.zeros((2, 4, 4), np.uint8)
MASKS[:, 1:3, 1:] = 1


@pytest.mark.parametrize(
    ("heat", "why"),
    [
        (..., "three dots"),
        ("hot", "numbers"),
        (np.ones((3, 3)), "shape"),
        (-np.ones((4, 4)), "negative"),
        (np.zeros((4, 4)), "above 0"),
        (np.full((4, 4), np.nan), "finite"),
        (np.ones((4, 4)), "38% of it"),
    ],
)
def test_blind_heat_that_will_not_do(heat, why):
    feedback = features.blind_heat(heat, MASKS, 0.5)
    assert not feedback.right and why in feedback.message, feedback


def test_blind_heat_where_objects_are():
    assert features.blind_heat(MASKS.mean(axis=0), MASKS, 0.5).right


# Whatever is answered


class Odd:
    """Compares to nothing, and has no repr of its own."""

    __hash__ = None

    def __eq__(self, other):
        raise TypeError("not comparable")


ODD = [
    None,
    True,
    [880],
    [[1], [1, 2]],
    {},
    "880",
    b"880",
    np.arange(3.0),
    np.nan,
    1j,
    Odd(),
    10**9,
]
CHECKS = {
    check: more
    for module in (alexnet, fine_tuning, googlenet, lenet, resnet_densenet, unet, vgg)
    for name, check in vars(module).items()
    if getattr(check, "__module__", None) == module.__name__ and not name.startswith("_")
    for more in [{"small_for_large": 1, "block_weights": 1, "dense_block": 1}.get(name, 0)]
}
CHECKS |= {features.field_of_block1: 0, features.lead: 0, pretrained_models.softmax: 0}
CHECKS |= {pretrained_models.at_twice_the_size: 1, transfer_learning.cross_entropy: 0}
CHECKS[transfer_learning.head_parameters] = 0


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_any_object_as_an_answer_is_told_what_is_wrong(check):
    returned = [lambda *_, odd=odd: odd for odd in ODD]
    for answer in (*ODD, *returned, type, np.mean):
        feedback = check(answer, *[answer] * CHECKS[check])
        assert not feedback.right and feedback.message, answer
        assert len(repr(feedback)) < 600


def test_odd_answers_where_more_is_handed_over():
    features_of, labels = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    folds = [(np.arange(16), np.arange(16, 20))]
    photograph = np.zeros((4, 4, 3), np.uint8)
    for odd in ODD:
        for answer in (odd, lambda *_, odd=odd: odd):
            asked = transfer_learning.classifier(answer, features_of, labels, folds)
            assert not asked.right
            assert not features.blind_heat(answer, MASKS, 0.5).right
            assert not pretrained_models.another_answer(answer, photograph, None).right


def test_the_second_number_may_be_odd_too():
    for odd in ODD:
        assert "Five layers it is" in vgg.small_for_large(5, odd).message
        assert "Basic block" in resnet_densenet.block_weights(69_632, odd).message


@pytest.mark.parametrize("number", [880, np.int64(880), np.array(880), 880.0, np.float32(880)])
def test_numbers_of_every_kind_are_numbers(number):
    assert as_number(number) == 880
    assert lenet.convolution_parameters(number).right


def test_a_function_without_a_name_is_called():
    import functools

    assert lenet.output_size(functools.partial(right_size)).right
