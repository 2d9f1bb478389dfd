"""What the checks of lesson 07 say of right answers, wrong ones, and those that are none."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.check import pretrained_models as check


def right_softmax(logits):
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def test_softmax():
    assert check.softmax(right_softmax).right
    for wrong in (
        lambda x: np.exp(x),
        lambda x: x / x.sum() if x.sum() else x,
        lambda x: np.exp(x) / np.exp(x).max(),
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: [1.0],
    ):
        assert not check.softmax(wrong).right
    assert "three dots" in check.softmax(lambda x: ...).message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((..., ...), "three dots"),
        ((4, ...), "three dots"),
        ((2, 1), "twice as high and twice as wide"),
        ((1, 1), "more places"),
        ((16, 1), "Multiply-adds × 16"),
        ((4, 4), "Parameters × 4"),
        (("four", 1), "two numbers"),
    ],
)
def test_other_factors_are_told_apart(answer, said):
    feedback = check.at_twice_the_size(*answer)
    assert not feedback.right and said in feedback.message


def test_the_right_factors_are_those_of_the_model():
    from course_utils import costs
    from course_utils.models.efficientnet_lite import EfficientNetLite0

    small, large = (
        costs.total(EfficientNetLite0(weights=None, input_shape=(side, side, 3)))
        for side in (224, 448)
    )
    assert check.at_twice_the_size(
        large.multiply_adds / small.multiply_adds, large.parameters / small.parameters
    ).right


PHOTOGRAPH = np.zeros((8, 8, 3), np.uint8)
BRIGHT = SimpleNamespace(
    predict_top=lambda images: [[SimpleNamespace(label="ab"[int(i.any())])] for i in images]
)


@pytest.mark.parametrize(
    ("change", "right", "said"),
    [
        (slice(0, 1), True, "a became b, with 12%"),
        (slice(0, 2), True, "a became b, with 25%"),
        (slice(0, 3), False, "38% of the pixels are changed; 25% may be"),
        (slice(0, 0), False, "0% of the pixels are changed, and the first answer is still a"),
    ],
)
def test_an_altered_photograph(change, right, said):
    altered = PHOTOGRAPH.copy()
    altered[change] = 1
    feedback = check.another_answer(altered, PHOTOGRAPH, BRIGHT)
    assert feedback.right == right and said in feedback.message


@pytest.mark.parametrize(
    "answer", [PHOTOGRAPH / 255, PHOTOGRAPH[:4], None, "cat", [[0, 0, 0]], np.float32(1)]
)
def test_what_is_no_photograph_is_told(answer):
    feedback = check.another_answer(answer, PHOTOGRAPH, BRIGHT)
    assert not feedback.right and "the photograph is uint8 (8, 8, 3)" in feedback.message
    assert "three dots" in check.another_answer(..., PHOTOGRAPH, BRIGHT).message
