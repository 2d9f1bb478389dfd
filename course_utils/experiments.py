"""Repeat a trial over seeds, summarise it with an interval, state a verdict on a claim."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from course_utils.caching import content_hash, save_whole
from course_utils.paths import cache_dir
from course_utils.progress import progress
from course_utils.training import draw_weights

SEEDS = (0, 1, 2)
_ARRAY = "result"  # key of a result that is not a dict
Status = Literal["supported", "not supported", "mixed"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes
    ----------
    mean, low, high : float
        In the unit of the values.
    n : int
        Number of seeds, or of test images for a proportion.
    """

    mean: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        low, high = format(self.low, spec), format(self.high, spec)
        return f"{format(self.mean, spec)} [{low}, {high}]"


def repeat(
    trial: Callable[[int], float | dict],
    seeds: Iterable[int] = SEEDS,
    *,
    label: str = "seeds",
    keep: bool = False,
) -> np.ndarray | dict[str, np.ndarray]:
    """Run ``trial(seed)`` for each seed, with Keras's seeds set before each.

    Parameters
    ----------
    trial : callable
        Takes the seed; returns a number, an array, or a dict of them (same keys each time).
    seeds : iterable of int
    label : str
        Text of the progress bar.
    keep : bool
        For long trials: keep the result in the course's cache folder under a hash of the
        seeds, the trial's code and all it refers to; change any of them and it runs anew.
        The trial must then build its models itself (see ``caching.content_hash``).

    Returns
    -------
    ndarray of shape (seeds, ...), or a dict of such arrays

    Raises
    ------
    TypeError
        With ``keep``, if the trial refers to something whose content cannot be told.
    """
    seeds = tuple(seeds)
    if not keep:
        return _run(trial, seeds, label)
    path = cache_dir() / f"trials-{content_hash(trial, seeds)}.npz"
    if not path.is_file():
        result = _run(trial, seeds, label)
        arrays = result if isinstance(result, dict) else {_ARRAY: result}
        save_whole(path, lambda file: np.savez(file, **arrays))
    with np.load(path, allow_pickle=False) as stored:
        result = dict(stored)
    return result.pop(_ARRAY) if _ARRAY in result else result


def _run(trial: Callable, seeds: tuple[int, ...], label: str):
    import keras

    results = []
    for seed in progress(seeds, label):
        keras.utils.set_random_seed(seed)
        results.append(trial(seed))
    if isinstance(results[0], dict):
        return {key: np.array([result[key] for result in results]) for key in results[0]}
    return np.array(results)


def restart(model, *, learning_rate: float | None = None) -> None:
    """Give a compiled model fresh random weights and its optimizer a fresh start.

    Much faster than building and compiling anew for each seed: the compiled training step
    is kept.

    Parameters
    ----------
    model : keras.Model
        Compiled. Weights are drawn by each layer's initializer from Keras's current seed.
    learning_rate : float, optional
        Set on the optimizer; by default its rate stays.
    """
    draw_weights(model)
    rate = model.optimizer.learning_rate
    for variable in model.optimizer.variables:
        if variable is not rate:
            variable.assign(np.zeros(variable.shape))
    if learning_rate is not None:
        model.optimizer.learning_rate = learning_rate


def summarise(values: Iterable[float]) -> Estimate:
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
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = values.mean()
    return Estimate(float(mean), float(mean - half), float(mean + half), len(values))


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
    z = stats.norm.ppf(0.975)
    p = correct / total
    centre = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(p, float(low), float(high), total)


def bootstrap(
    statistic: Callable[..., float], *columns: np.ndarray, resamples: int = 2000
) -> Estimate:
    """A statistic of a sample with its 95 % percentile bootstrap interval (Efron 1979).

    Parameters
    ----------
    statistic : callable
        Takes as many arrays as ``columns``; returns a number.
    *columns : ndarray, each of length n
        Drawn anew together, row by row, with replacement; always from the same seed.
    resamples : int
    """
    n = len(columns[0])
    draws = np.random.default_rng(0).integers(0, n, (resamples, n))
    values = [statistic(*(column[rows] for column in columns)) for rows in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(float(statistic(*columns)), float(low), float(high), n)


def verdict(claim: int, status: Status, finding: str) -> None:
    """Print the one-line verdict on a claim of the lecture.

    The README's table of claims is read from these lines.

    Parameters
    ----------
    claim : int
        Its number in the README's table of claims.
    status : {"supported", "not supported", "mixed"}
        As the numbers decided.
    finding : str
        What was measured, with its figures and their spread.

    Raises
    ------
    ValueError
        On any other status.
    """
    if status not in ("supported", "not supported", "mixed"):
        raise ValueError(f"status {status!r}; use 'supported', 'not supported' or 'mixed'.")
    print(f"Claim {claim:02d} · {status} · {finding}")
