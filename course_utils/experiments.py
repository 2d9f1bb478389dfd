"""Repeat a trial over seeds."""

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from course_utils.caching import content_hash, kept
from course_utils.progress import progress

SEEDS = (0, 1, 2)


def repeat(
    trial: Callable[[int], float | dict],
    seeds: Iterable[int] = SEEDS,
    *,
    label: str = "seeds",
    keep: Sequence | None = None,
) -> np.ndarray | dict[str, np.ndarray]:
    """Run ``trial(seed)`` for each seed, with Keras's seeds set before each.

    Parameters
    ----------
    trial : callable
        Takes the seed; returns a number, an array, or a dict of them (same keys each time).
    seeds : iterable of int
    label : str
        Text of the progress bar.
    keep : sequence, optional
        For long trials: keep the result in the course's cache folder, under a hash of the trial,
        the seeds and what is listed here. List all that the result depends on: the functions
        that the trial calls, its constants, its arrays. What is listed may be edited, and the
        trial runs anew; a change of what is not listed goes unnoticed. See
        :func:`caching.content_hash`.

    Returns
    -------
    ndarray of shape (seeds, ...), or a dict of such arrays
        Of objects, one for each seed, where the trials' results are no numbers or text, or differ
        in shape. These cannot be kept; a warning says so as soon as it is known.

    Raises
    ------
    TypeError
        If ``keep`` is no list or tuple, or the trial or what it lists cannot be hashed by its
        content.
    """
    seeds = tuple(seeds)
    if keep is None:
        return _run(trial, seeds, label)
    if not isinstance(keep, (list, tuple)):
        raise TypeError(
            f"keep is a {type(keep).__name__}: list what the result depends on, such as "
            "keep=[train, RATES, images]."
        )
    key = content_hash(trial, seeds, keep)
    return kept("trials", key, lambda: _run(trial, seeds, label, True))


def _run(trial: Callable, seeds: tuple[int, ...], label: str, keep: bool = False):
    import keras

    results = []
    unkept: list[str] = []
    for seed in progress(seeds, label):
        keras.utils.set_random_seed(seed)
        results.append(trial(seed))
        if keep and not unkept:
            unkept = _of_objects(_stacked([results[0], results[-1]]))
            if unkept:
                warnings.warn(
                    f"What the trial returns cannot be kept ({', '.join(unkept)}): it will run "
                    "anew each time. Return numbers, text, and arrays of one shape for all seeds.",
                    stacklevel=5,  # where repeat is called
                )
    return _stacked(results)


def _stacked(results: list) -> np.ndarray | dict[str, np.ndarray]:
    if isinstance(results[0], dict):
        return {key: _array([result[key] for result in results]) for key in results[0]}
    return _array(results)


def _array(values: list) -> np.ndarray:
    try:
        return np.array(values)
    except ValueError:  # their shapes differ
        return np.fromiter(values, object, len(values))


def _of_objects(stacked: np.ndarray | dict[str, np.ndarray]) -> list[str]:
    """Names of the arrays that no file takes without pickling."""
    arrays = stacked if isinstance(stacked, dict) else {"result": stacked}
    return [name for name, array in arrays.items() if array.dtype.hasobject]
