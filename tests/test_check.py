"""What is said of right answers, wrong ones, and those that are no answers."""

import numpy as np
import pytest

from course_utils.check import lenet
from course_utils.check import what_features_know as features


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
