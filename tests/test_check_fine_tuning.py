"""What is said of answers to the exercises on fine-tuning."""

import pytest

from course_utils.check import fine_tuning as check

RATES = {part: 1e-3 / 2.6 ** (5 - i) for i, part in enumerate(check.PARTS)}


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (lambda rate, images, batch_size, epochs: rate * (images // batch_size) * epochs, True),
        (lambda rate, images, batch_size, epochs: rate * images / batch_size * epochs, False),
        (lambda rate, images, batch_size, epochs: rate * epochs, False),
        (lambda *_: ..., False),
    ],
)
def test_reach(answer, right):
    assert check.reach(answer).right is right


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({0.99: 55, 0.9: 0}, "half"),
        ({0.99: 54.72, 0.9: 0.18}, "half"),
        ({0.99: ..., 0.9: ...}, "three dots"),
        ({0.99: 55}, "three dots"),
        (..., "Give a per cent"),
        ({0.99: 0.55, 0.9: 0.0}, "is a share"),
        ({0.99: 99, 0.9: 90}, "not 99"),
        ({0.99: 55, 0.9: 12}, "not 12"),
        ({0.99: "much", 0.9: 0}, "no number"),
        ({0.99: [55, 0], 0.9: 0}, "no number"),
    ],
)
def test_averages_left(answer, said):
    feedback = check.averages_left(answer)
    assert said in feedback.message and feedback.right is (said == "half")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (RATES, "times as far"),
        (..., "three dots"),
        ({"head": 1e-3}, "one rate for each"),
        (RATES | {"head": "fast"}, "is a number"),
        (RATES | {"block1": 0}, "frozen"),
        (RATES | {"block3": 1e-3}, "block3 learns at 0.001, block4"),
        (dict.fromkeys(check.PARTS, 1e-4), "block1 learns"),
        ({part: 100 * rate for part, rate in RATES.items()}, "forgets"),
    ],
)
def test_rates_by_depth(answer, said):
    feedback = check.rates_by_depth(answer)
    assert said in feedback.message and feedback.right is (said == "times as far")
