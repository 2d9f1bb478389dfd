"""Calibration against cases whose answer is known."""

import matplotlib
import numpy as np
import pytest

from course_utils import calibration, plotting

matplotlib.use("agg")
RNG = np.random.default_rng(0)


def test_a_calibrated_answer_has_no_error_and_a_boaster_has():
    confidence = RNG.uniform(0.2, 1, 50_000)
    calibrated = RNG.random(50_000) < confidence
    assert calibration.expected_calibration_error(confidence, calibrated) < 0.01

    always_sure = np.full(1000, 0.99)
    half_right = np.arange(1000) % 2 == 0
    error = calibration.expected_calibration_error(always_sure, half_right)
    assert error == pytest.approx(0.49)


def test_every_answer_falls_into_one_bin_and_a_bound_into_the_one_below():
    confidence = np.array([0.05, 0.1, 0.11, 0.95, 1.0])
    bins = calibration.reliability(confidence, np.array([0, 1, 1, 1, 0], bool))
    assert [b.accuracy.n for b in bins] == [2, 1, 2]
    assert [b.accuracy.mean for b in bins] == [0.5, 1, 0.5]
    assert bins[0].confidence == pytest.approx(0.075)


@pytest.mark.parametrize("claimed", [0.3, 1, 4])
def test_temperature_undoes_what_logits_were_multiplied_by(claimed):
    logits = RNG.normal(0, 2, (20_000, 5))
    labels = (logits + RNG.gumbel(size=logits.shape)).argmax(axis=1)  # drawn by their softmax
    assert calibration.temperature(claimed * logits, labels) == pytest.approx(claimed, rel=0.05)


def test_temperature_of_answers_that_are_all_right_stays_finite():
    logits, labels = 3 * np.eye(5), np.arange(5)
    assert 0.02 <= calibration.temperature(logits, labels) < 0.1


def test_heat_is_drawn_on_each_image():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    heat = np.stack([np.zeros((8, 8)), np.ones((8, 8)), np.eye(8)])
    figure = plotting.plot_heat(images, heat, ["a", "b", "c"], columns=2)
    layers = [ax.images[1] for ax in figure.axes if len(ax.images) == 2]
    found = [(layer.get_array().min(), layer.get_array().max()) for layer in layers]
    assert found == [(0, 0), (1, 1), (0, 1)]
    assert any("heat" in ax.get_ylabel() for ax in figure.axes), "the colour bar"
    clear, full = layers[0].cmap([0.0, 1.0])[:, 3]
    assert clear == 0 and full > 0.5, "where there is no heat the photograph is as it was"
