"""Intervals against tables, SciPy's own and hand-made cases."""

import numpy as np
import pytest

from course_utils import intervals


def test_interval_of_a_mean_is_students():
    # n = 3: t(0.975, 2) = 4.3027; standard deviation of 1, 2, 3 is 1.
    estimate = intervals.mean([1, 2, 3])
    assert estimate.mean == 2
    assert estimate.high - 2 == pytest.approx(4.3027 / np.sqrt(3), abs=1e-3)
    assert f"{estimate:.1f}" == "2.0 [-0.5, 4.5]"


def test_one_trial_has_no_interval():
    with pytest.raises(ValueError, match="more seeds"):
        intervals.mean([1])


def test_interval_of_a_proportion_is_wilsons():
    # Newcombe (1998), table I: 81 of 263, score method: 0.2553 to 0.3662.
    estimate = intervals.proportion(81, 263)
    assert (estimate.low, estimate.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert intervals.proportion(10, 10).high == pytest.approx(1)


@pytest.mark.parametrize(("correct", "total"), [(3, 2), (-1, 2), (0, 0)])
def test_impossible_proportions_are_refused(correct, total):
    with pytest.raises(ValueError, match="no proportion"):
        intervals.proportion(correct, total)


def test_the_bootstrap_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(5, 2, 400)
    estimate = intervals.bootstrap(np.mean, values)
    half = 1.96 * values.std() / 20
    assert estimate.mean == values.mean()
    assert estimate.high - estimate.mean == pytest.approx(half, rel=0.1)
    assert estimate.mean - estimate.low == pytest.approx(half, rel=0.1)


def test_the_bootstrap_keeps_rows_together():
    x = np.random.default_rng(0).normal(size=200)
    estimate = intervals.bootstrap(lambda a, b: np.abs(a - b).max(), x, x)
    assert (estimate.low, estimate.high) == (0, 0)


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


def test_estimates_in_words():
    estimates = {"a": intervals.Estimate(0.5, 0.4, 0.625, 3), "b": intervals.Estimate(1, 0, 2, 3)}
    assert intervals.listed(estimates) == "a 0.50 [0.40, 0.62]; b 1.00 [0.00, 2.00]"
    assert intervals.listed(estimates, ".0f", " %") == "a 0 [0, 1] %; b 1 [0, 2] %"
