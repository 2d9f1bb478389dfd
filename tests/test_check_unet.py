"""Right answers pass, likely wrong ones are told why."""

import numpy as np
import pytest

from course_utils.check import unet


def test_iou():
    assert unet.iou(lambda p, t: (p & t).sum() / (p | t).sum()).right
    for wrong in (
        lambda p, t: (p == t).mean(),  # accuracy
        lambda p, t: 2 * (p & t).sum() / (p.sum() + t.sum()),  # Dice
        lambda p, t: ...,
    ):
        assert not unet.iou(wrong).right


@pytest.mark.parametrize(
    ("answer", "said"),
    [(..., "three dots"), (36_928, "a sum"), (73_728, "biases"), (8_256, "3×3"), (1, "is not it")],
)
def test_wrong_parameters_are_told_why(answer, said):
    feedback = unet.concatenated_parameters(answer)
    assert not feedback.right
    assert said in feedback.message


def test_parameters():
    assert unet.concatenated_parameters(73_792).right


def enlarged(coarse):
    return np.asarray(coarse).repeat(2, axis=1).repeat(2, axis=2)


def test_two_skips():
    join = np.concatenate
    assert unet.two_skips(lambda c, f: join([enlarged(c), np.asarray(f)], -1)).right
    assert unet.two_skips(lambda c, f: join([np.asarray(f), enlarged(c)], -1)).right
    changed = unet.two_skips(lambda c, f: join([enlarged(c), 2 * np.asarray(f)], -1))
    assert "changed" in changed.message
    assert "shape" in unet.two_skips(lambda c, f: enlarged(c)).message
    assert "raises" in unet.two_skips(lambda c, f: join([c, f], -1)).message
    assert "three dots" in unet.two_skips(lambda c, f: ...).message
