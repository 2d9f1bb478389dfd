"""Repeating over seeds, and the search for the best value."""

import matplotlib
import numpy as np
import pytest
from keras import random

from course_utils import experiments, intervals, plotting

matplotlib.use("agg")


def test_repeat_sets_the_seed_and_stacks(monkeypatch):
    monkeypatch.setattr("tensorflow.random.set_seed", None)  # it would undo what is compiled
    draw = lambda seed: {"seed": seed, "x": np.asarray(random.normal((2,)))}  # noqa: E731
    first, second = (experiments.repeat(draw, (4, 5)) for _ in range(2))
    assert first["seed"].tolist() == [4, 5]
    assert first["x"].shape == (2, 2)
    np.testing.assert_array_equal(first["x"], second["x"])
    assert experiments.repeat(lambda seed: 2 * seed).tolist() == [0, 2, 4]


def test_trials_of_different_lengths_lose_no_result():
    lengths = experiments.repeat(lambda seed: np.full(seed, seed), (1, 2))
    assert [length.tolist() for length in lengths] == [[1], [2, 2]]
    models = experiments.repeat(lambda seed: {"model": {"seed": seed}})
    assert models["model"].tolist() == [{"seed": 0}, {"seed": 1}, {"seed": 2}]


def test_figures_of_experiments_are_drawn():
    ax = plotting.plot_curves([0, 1, 2], {"a": np.ones((3, 3)), "b": np.zeros(3)})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    estimates = {"a": intervals.Estimate(0.5, 0.4, 0.6, 3)}
    ax = plotting.plot_estimates(estimates)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a"]


# The best of several values


def bowl(lowest):
    return lambda value: abs(np.log10(value / lowest))


@pytest.mark.parametrize(
    ("lowest", "tried"),
    [
        (3e-3, [1e-3, 3e-3, 1e-2]),
        (1e-2, [1e-3, 3e-3, 1e-2, 3e-2]),
        (0.3, [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0]),
        (3e-4, [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]),
    ],
)
def test_the_best_is_never_at_the_edge(lowest, tried):
    found = experiments.search(bowl(lowest), (1e-3, 3e-3, 1e-2))
    assert found.values == tried
    assert found.best == lowest
    assert found.losses.shape == (1, len(tried))


def test_seeds_are_set_alike_for_every_value_and_averaged():
    import keras

    def noisy(value):
        return abs(np.log10(value / 3e-3)) + float(keras.ops.sum(keras.random.normal((2,))))

    found = experiments.search(noisy, (1e-2, 1e-3, 3e-3), (4, 5))
    assert found.best == 3e-3
    gaps = found.losses - found.losses[:, :1]
    np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-5)
    assert found.least == found.losses[:, found.values.index(3e-3)].mean()


def test_a_training_that_blew_up_is_not_the_best():
    found = experiments.search(
        lambda value: np.nan if value > 2e-3 else bowl(1e-3)(value), (3e-4, 1e-3, 3e-3)
    )
    assert found.best == 1e-3 and found.losses[0, -1] == np.inf


def test_what_cannot_be_searched():
    for values in ((1e-3, 1e-2), (1, 2, 3)):
        with pytest.raises(ValueError, match="factor of ten in two steps"):
            experiments.search(bowl(1), values)
    with pytest.raises(RuntimeError, match="the best is still the smallest: does the loss depend"):
        experiments.search(lambda value: 0.0, (1e-3, 3e-3, 1e-2))
    with pytest.raises(RuntimeError, match="still the largest"):
        experiments.search(lambda value: -value, (1e-3, 3e-3, 1e-2))
