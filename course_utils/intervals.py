"""Numbers with their 95 % intervals."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes
    ----------
    mean, low, high : float
        In the unit of the values.
    n : int
        Number of seeds, or of test images for a proportion, or of what a bootstrap draws.
    """

    mean: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        low, high = format(self.low, spec), format(self.high, spec)
        return f"{format(self.mean, spec)} [{low}, {high}]"


def mean(values: Iterable[float]) -> Estimate:
    """Mean of repeated trials with Student's 95 % interval.

    Parameters
    ----------
    values : iterable of float, at least two

    Raises
    ------
    ValueError
        With fewer than two values there is no spread to report.
    """
    from scipy import stats

    values = np.asarray(list(values), dtype=float)
    if len(values) < 2:
        raise ValueError("An interval needs at least two trials; run more seeds.")
    centre = float(values.mean())
    if np.ptp(values) == 0:  # SciPy divides by the spread
        return Estimate(centre, centre, centre, len(values))
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return Estimate(centre, float(low), float(high), len(values))


def proportion(correct: int, total: int) -> Estimate:
    """Accuracy with Wilson's 95 % score interval (Wilson 1927).

    It stays within 0 and 1 and is honest for small test sets, where mean ± 2 standard
    errors is not.

    Raises
    ------
    ValueError
        Unless ``0 <= correct <= total`` and ``total > 0``.
    """
    from scipy import stats

    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"{correct} correct of {total} is no proportion.")
    low, high = stats.binomtest(int(correct), int(total)).proportion_ci(0.95, "wilson")
    return Estimate(correct / total, float(low), float(high), int(total))


def bootstrap(
    statistic: Callable[..., float],
    *columns: np.ndarray,
    clusters: np.ndarray | None = None,
    resamples: int = 2000,
) -> Estimate:
    """A statistic of a sample with its 95 % percentile bootstrap interval (Efron 1979).

    Two methods tried on the same images are compared by their paired difference:
    ``bootstrap(np.mean, right_a - right_b, clusters=objects)``.

    Parameters
    ----------
    statistic : callable
        Takes as many arrays as ``columns``; returns a number.
    *columns : ndarray, each of length n
        Drawn anew together, row by row, with replacement; always from the same seed.
    clusters : ndarray of length n, optional
        Which rows belong together, such as images of one object: they are drawn as one, since
        they are not independent (Davison & Hinkley 1997, section 3.8).
    resamples : int

    Returns
    -------
    Estimate
        Its ``n`` is the number of what is drawn: rows, or clusters.

    Raises
    ------
    ValueError
        If columns and clusters differ in length, or there is but one to draw.
    """
    from scipy import stats

    lengths = {len(column) for column in (*columns, columns[0] if clusters is None else clusters)}
    if len(lengths) > 1:
        raise ValueError(f"Columns and clusters must be equally long; they have {sorted(lengths)}.")
    labels = np.arange(len(columns[0])) if clusters is None else np.asarray(clusters)
    drawn_as_one = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if len(drawn_as_one) < 2:
        raise ValueError("A bootstrap needs at least two rows, or two clusters, to draw from.")

    def of(drawn):
        # Rows by themselves need no joining, which takes longer than the statistic.
        rows = drawn if clusters is None else np.concatenate([drawn_as_one[i] for i in drawn])
        return float(statistic(*(column[rows] for column in columns)))

    every = np.arange(len(drawn_as_one))
    found = stats.bootstrap(
        (every,),
        of,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(float(statistic(*columns)), float(found.low), float(found.high), len(every))


def listed(estimates: Mapping[str, Estimate], spec: str = ".2f", unit: str = "") -> str:
    """Estimates in words, for the alternative text of their figure.

    Parameters
    ----------
    estimates : mapping of label to Estimate
    spec : str
        Format of the numbers.
    unit : str
        Written behind each, with the blank before it.

    Returns
    -------
    str
        As in ``"sum 0.74 [0.67, 0.82]; none 0.48 [0.45, 0.50]"``.
    """
    return "; ".join(f"{label} {value:{spec}}{unit}" for label, value in estimates.items())
