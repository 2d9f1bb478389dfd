"""Calibration against cases whose answer is known, and intervals by resampling."""

import matplotlib
import numpy as np
import pytest

from course_utils import calibration, intervals, plotting

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


def test_the_bootstrap_interval_of_a_mean_is_that_of_theory():
    values = RNG.normal(5, 2, 400)
    estimate = intervals.bootstrap(np.mean, values)
    half = 1.96 * values.std() / 20
    assert estimate.mean == values.mean()
    assert estimate.high - estimate.mean == pytest.approx(half, rel=0.1)
    assert estimate.mean - estimate.low == pytest.approx(half, rel=0.1)


def test_the_bootstrap_keeps_rows_together():
    x = RNG.normal(size=200)
    estimate = intervals.bootstrap(lambda a, b: np.abs(a - b).max(), x, x)
    assert (estimate.low, estimate.high) == (0, 0)


@pytest.mark.parametrize("claimed", [0.3, 1, 4])
def test_temperature_undoes_what_logits_were_multiplied_by(claimed):
    logits = RNG.normal(0, 2, (20_000, 5))
    labels = (logits + RNG.gumbel(size=logits.shape)).argmax(axis=1)  # drawn by their softmax
    assert calibration.temperature(claimed * logits, labels) == pytest.approx(claimed, rel=0.05)


def test_temperature_of_answers_that_are_all_right_stays_finite():
    logits, labels = 3 * np.eye(5), np.arange(5)
    assert 0.02 <= calibration.temperature(logits, labels) < 0.1


def test_reliability_figure_shows_every_bin():
    bins = calibration.reliability(np.array([0.3, 0.9]), np.array([True, False]))
    ax = plotting.plot_reliability(bins)
    assert {text.get_text() for text in ax.texts} == {"n=1"}
    assert len(ax.texts) == 2


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


def test_estimates_in_words():
    estimates = {"a": intervals.Estimate(0.5, 0.4, 0.625, 3), "b": intervals.Estimate(1, 0, 2, 3)}
    assert intervals.listed(estimates) == "a 0.50 [0.40, 0.62]; b 1.00 [0.00, 2.00]"
    assert intervals.listed(estimates, ".0f", " %") == "a 0 [0, 1] %; b 1 [0, 2] %"


def test_rows_of_one_cluster_are_drawn_together():
    rng = np.random.default_rng(0)
    objects = np.repeat(np.arange(50), 4)
    values = rng.normal(size=50)[objects]  # four equal rows an object: no more than 50 are known
    alone, together = (
        intervals.bootstrap(np.mean, values),
        intervals.bootstrap(np.mean, values, clusters=objects),
    )
    assert together.n == 50 and alone.n == 200
    assert together.mean == alone.mean
    wider = (together.high - together.low) / (alone.high - alone.low)
    assert 1.7 < wider < 2.3, wider  # by the root of four


@pytest.mark.parametrize(("values", "clusters"), [([1, 2], [0]), ([1, 2], [0, 0]), ([1], None)])
def test_clusters_that_do_not_fit_are_refused(values, clusters):
    with pytest.raises(ValueError, match=r"equally long|at least two"):
        intervals.bootstrap(np.mean, np.array(values), clusters=clusters)
