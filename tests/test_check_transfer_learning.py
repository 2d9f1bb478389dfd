"""The checks of lesson 08: right answers pass, wrong ones are told what is wrong."""

import re

import numpy as np
import pytest

from course_utils.check import transfer_learning as check


def test_cross_entropy():
    assert check.cross_entropy(lambda p, label: -np.log(p[label])).right
    wrong = (
        lambda p, label: np.log(p[label]),
        lambda p, label: 1 - p[label],
        lambda p, label: -np.log2(p[label]),
        lambda p, label: -np.log(p).sum(),
        lambda p, label: -np.log(p),
    )
    for answer in wrong:
        feedback = check.cross_entropy(answer)
        assert not feedback.right and "should give" in feedback.message
    assert "three dots" in check.cross_entropy(lambda p, label: ...).message


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (20_480, "biases"),
        (20_481, "bias of its own"),
        (2_565, "as it stands"),
        (125_445, "block 5"),
        (4_097_000, "1000"),
        (7, "not it"),
        (..., "three dots"),
    ],
)
def test_wrong_number_of_parameters(answer, why):
    feedback = check.head_parameters(answer)
    assert not feedback.right and why in feedback.message
    assert check.head_parameters(20_485).right


@pytest.fixture(scope="module")
def stretched():
    """Classes that lie on rays: a direction tells them apart, nearness does not."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 13)
    features = np.eye(5)[labels] + 0.25 * rng.standard_normal((65, 5))
    parts = np.arange(65) % 5
    folds = [(np.flatnonzero(parts != k), np.flatnonzero(parts == k)) for k in range(5)]
    return features * rng.uniform(0.2, 20, (65, 1)), labels, folds


def by_direction(features, labels, new):
    centres = np.array([features[labels == k].mean(axis=0) for k in range(5)])
    return (new @ centres.T / np.linalg.norm(centres, axis=1)).argmax(axis=1)


def test_classifier_must_beat_the_nearest_neighbour(stretched):
    from sklearn.neighbors import KNeighborsClassifier

    assert check.classifier(by_direction, *stretched).right
    feedback = check.classifier(
        lambda x, y, new: KNeighborsClassifier(1).fit(x, y).predict(new), *stretched
    )
    assert not feedback.right and "than the neighbour" in feedback.hint


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda x, y, new: ..., "three dots"),
        (lambda x, y, new: new, r"returns \(13, 5\) for 13"),
        (lambda x, y: y, "TypeError"),
        (lambda x, y, new: np.zeros(len(new)), "13 of 65 right"),
    ],
)
def test_what_is_no_classifier_is_told(stretched, wrong, why):
    feedback = check.classifier(wrong, *stretched)
    assert not feedback.right and re.search(why, feedback.message)
