"""Repeat a trial over seeds."""

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

    Raises
    ------
    TypeError
        If the trial or what ``keep`` lists cannot be hashed by its content.
    """
    seeds = tuple(seeds)
    if keep is None:
        return _run(trial, seeds, label)
    key = content_hash(trial, seeds, keep)
    return kept("trials", key, lambda: _run(trial, seeds, label))


def _run(trial: Callable, seeds: tuple[int, ...], label: str):
    import keras

    results = []
    for seed in progress(seeds, label):
        keras.utils.set_random_seed(seed)
        results.append(trial(seed))
    if isinstance(results[0], dict):
        return {key: np.array([result[key] for result in results]) for key in results[0]}
    return np.array(results)
