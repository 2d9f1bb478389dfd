"""Repeat a trial over seeds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from course_utils.networks import set_seed
from course_utils.progress import progress

SEEDS = (0, 1, 2)
_MOST_TRIED = 12  # values of one search


@dataclass(frozen=True)
class Search:
    """Losses at several values of a setting, the best of which is not at the edge.

    Attributes
    ----------
    values : list of float
        Ascending.
    losses : ndarray, shape ``(seeds, values)``
        Infinite where a trial gave no number.
    """

    values: list[float]
    losses: np.ndarray

    @property
    def best(self) -> float:
        """The value with the least mean loss; the smallest of them, if there are several."""
        return self.values[self.losses.mean(axis=0).argmin()]

    @property
    def least(self) -> float:
        """The mean loss at the best value."""
        return self.losses.mean(axis=0).min()


def search(
    loss: Callable[[float], float],
    values: Iterable[float],
    seeds: Iterable[int] = (100,),
    *,
    label: str = "rates",
) -> Search:
    """Find the best of several learning rates, say; go on while it lies at an edge.

    Parameters
    ----------
    loss : callable
        Takes a value; returns what is to be small, such as the validation loss after a training.
        No number (NaN) counts as infinite.
    values : iterable of float
        At least three, a factor of ten in two steps: ``(1e-3, 3e-3, 1e-2)``. Where the first or
        the last is best, the next in this row is tried as well.
    seeds : iterable of int
        Set before each trial, alike for all values. The best has the least mean.
    label : str
        Text of the progress bar.

    Returns
    -------
    Search

    Raises
    ------
    ValueError
        With fewer than three values, or not a factor of ten in two steps.
    RuntimeError
        If the best of twelve values still lies at an edge.
    """
    row, seeds = sorted(float(value) for value in values), tuple(seeds)
    if len(row) < 3 or not np.allclose(np.divide(row[2:], row[:-2]), 10):
        raise ValueError(
            f"{row} are not three or more values, a factor of ten in two steps, such as "
            "(1e-3, 3e-3, 1e-2)."
        )
    found = {value: _losses(loss, value, seeds, label) for value in row}
    while len(found) < _MOST_TRIED:
        values = sorted(found)
        result = Search(values, np.transpose([found[value] for value in values]))
        at = values.index(result.best)
        if 0 < at < len(values) - 1:
            return result
        beyond = float(f"{values[1] / 10 if at == 0 else values[-2] * 10:.6g}")
        found[beyond] = _losses(loss, beyond, seeds, label)
    raise RuntimeError(
        f"Of {len(found)} values from {min(found):g} to {max(found):g} the best is still the "
        f"{'smallest' if at == 0 else 'largest'}: does the loss depend on it at all?"
    )


def _losses(loss, value: float, seeds: tuple[int, ...], label: str) -> np.ndarray:
    losses = np.array(repeat(lambda _: loss(value), seeds, label=f"{label} {value:g}"), float)
    return np.where(np.isnan(losses), np.inf, losses)


def repeat(
    trial: Callable[[int], float | dict],
    seeds: Iterable[int] = SEEDS,
    *,
    label: str = "seeds",
) -> np.ndarray | dict[str, np.ndarray]:
    """Run ``trial(seed)`` for each seed, set before each by :func:`networks.set_seed`.

    Parameters
    ----------
    trial : callable
        Takes the seed; returns a number, an array, or a dict of them (same keys each time).
    seeds : iterable of int
    label : str
        Text of the progress bar.

    Returns
    -------
    ndarray of shape (seeds, ...), or a dict of such arrays
        Of objects, one for each seed, where the trials' results are no numbers or text, or differ
        in shape.
    """
    results: list = []
    for seed in progress(tuple(seeds), label):
        set_seed(seed)
        results.append(trial(seed))
    if isinstance(results[0], dict):
        return {key: _array([result[key] for result in results]) for key in results[0]}
    return _array(results)


def _array(values: list) -> np.ndarray:
    try:
        return np.array(values)
    except ValueError:  # their shapes differ
        return np.fromiter(values, object, len(values))
