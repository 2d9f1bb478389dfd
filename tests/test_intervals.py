"""Intervals against tables, SciPy's own and hand-made cases."""

import numpy as np
import pytest
from scipy import stats

from course_utils import intervals


def test_interval_of_a_mean_is_students():
    # n = 3: t(0.975, 2) = 4.3027; standard deviation of 1, 2, 3 is 1.
    estimate = intervals.mean([1, 2, 3])
    assert estimate.mean == 2
    assert estimate.high - 2 == pytest.approx(4.3027 / np.sqrt(3), abs=1e-3)
    assert f"{estimate:.1f}" == "2.0 [-0.5, 4.5]"


def test_two_trials_have_an_interval_and_one_has_none():
    # t(0.975, 1) = 12.7062; the standard error of 1 and 2 is 0.5.
    estimate = intervals.mean(iter([1, 2]))
    assert (estimate.low, estimate.high) == pytest.approx((1.5 - 6.3531, 1.5 + 6.3531), abs=1e-3)
    assert (estimate.mean, estimate.n) == (1.5, 2)
    with pytest.raises(ValueError, match=r"^An interval needs at least two trials; run more seeds"):
        intervals.mean([1])


def test_trials_that_agree_have_an_interval_without_width():
    assert intervals.mean([7, 7, 7]) == intervals.Estimate(7, 7, 7, 3)
    assert intervals.mean([True, True]) == intervals.Estimate(1, 1, 1, 2)


def test_interval_of_a_proportion_is_wilsons():
    # Newcombe (1998), table I: 81 of 263, score method: 0.2553 to 0.3662.
    estimate = intervals.proportion(81, 263)
    assert (estimate.low, estimate.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert (estimate.mean, estimate.n) == (81 / 263, 263)


def test_interval_of_a_proportion_stays_within_0_and_1():
    # Wilson's bounds of 0 of n: 0 and z² / (n + z²), with z = 1.96.
    estimate = intervals.proportion(0, 10)
    assert (estimate.mean, estimate.low) == (0, 0)
    assert estimate.high == pytest.approx(1.96**2 / (10 + 1.96**2), abs=1e-4)
    assert intervals.proportion(np.int64(10), np.int64(10)).high == pytest.approx(1)


@pytest.mark.parametrize(("correct", "total"), [(3, 2), (-1, 2), (0, 0)])
def test_impossible_proportions_are_refused(correct, total):
    with pytest.raises(ValueError, match=f"^{correct} correct of {total} is no proportion"):
        intervals.proportion(correct, total)


def test_the_bootstrap_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(5, 2, 400)
    estimate = intervals.bootstrap(np.mean, values)
    half = 1.96 * values.std() / 20
    assert estimate.mean == values.mean()
    assert estimate.high - estimate.mean == pytest.approx(half, rel=0.1)
    assert estimate.mean - estimate.low == pytest.approx(half, rel=0.1)


def test_the_bootstrap_is_scipys():
    values = np.random.default_rng(1).normal(size=30)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    for _ in range(2):
        estimate = intervals.bootstrap(np.mean, values)
        assert (estimate.low, estimate.high) == pytest.approx(tuple(expected))
    assert type(estimate.mean) is type(estimate.low) is type(estimate.high) is float


def test_the_bootstrap_takes_two_rows_and_as_many_resamples_as_asked():
    drawn = []

    def total(values):
        drawn.append(sorted(values.tolist()))
        return values.sum()  # a whole number

    estimate = intervals.bootstrap(total, np.array([1, 2]), resamples=200)
    assert len(drawn) == 201  # and once as they are
    assert {tuple(values) for values in drawn} == {(1, 1), (1, 2), (2, 2)}
    assert estimate == intervals.Estimate(3, 2, 4, 2)


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


def test_clusters_are_drawn_whole_wherever_their_rows_are():
    clusters, drawn = np.array(["b", "a", "b", "c"]), []
    intervals.bootstrap(
        lambda x: drawn.append(sorted(x.tolist())) or 0.0 + len(drawn),
        np.array([10, 20, 11, 30]),
        clusters=clusters.tolist(),
        resamples=50,
    )
    assert all(x.count(10) == x.count(11) for x in drawn)
    assert {len(x) for x in drawn} == {3, 4, 5, 6}  # three clusters, one of two rows


@pytest.mark.parametrize(
    ("columns", "clusters", "message"),
    [
        ([[1, 2]], [0], r"^Columns and clusters must be equally long; they have \[1, 2\]"),
        ([[1, 2], [1, 2, 3]], None, r"equally long; they have \[2, 3\]"),
        ([[1, 2]], [0, 0], "^A bootstrap needs at least two rows, or two clusters, to draw from"),
        ([[1]], None, "at least two rows"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(columns, clusters, message):
    with pytest.raises(ValueError, match=message):
        intervals.bootstrap(lambda *x: 0.0, *map(np.array, columns), clusters=clusters)


def test_estimates_in_words():
    estimates = {"a": intervals.Estimate(0.5, 0.4, 0.625, 3), "b": intervals.Estimate(1, 0, 2, 3)}
    assert intervals.listed(estimates) == "a 0.50 [0.40, 0.62]; b 1.00 [0.00, 2.00]"
    assert intervals.listed(estimates, ".0f", " %") == "a 0 [0, 1] %; b 1 [0, 2] %"
