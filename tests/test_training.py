"""The compiled training loop trains, starts anew each time, and follows the seed."""

import random

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

from course_utils import training


@pytest.fixture
def model():
    return Sequential(
        [
            Input((4, 4, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    images = rng.normal(size=(100, 4, 4, 1)) + labels[:, None, None, None]
    return images.astype("float32"), labels


def test_same_seed_same_training_other_seed_other(model, data):
    train = training.trainer(model, steps=30, batch_size=20)
    losses = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        losses.append(train(*data, 0.1))
    assert losses[0].shape == (30,)
    assert losses[0][-1] < 0.5 * losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert abs(losses[0] - losses[2]).max() > 0.01


def test_first_step_is_that_of_keras(model, data):
    images, labels = data
    keras.utils.set_random_seed(0)
    (loss,) = training.trainer(model, steps=1, batch_size=100)(*data, 0.1)
    trained = model.get_weights()

    keras.utils.set_random_seed(0)
    training.draw_weights(model)
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = model.fit(images, labels, batch_size=100, epochs=1, verbose=0).history
    assert history["loss"][0] == pytest.approx(loss, rel=1e-4)
    for ours, theirs in zip(trained, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_learning_rate_is_that_of_the_call(model, data):
    train = training.trainer(model, steps=2, batch_size=100)
    losses = []
    for rate in (0.0, 0.1):
        keras.utils.set_random_seed(0)
        losses.append(train(*data, rate))
    assert losses[0][0] == pytest.approx(losses[0][1]) == pytest.approx(losses[1][0])
    assert losses[1][1] < losses[1][0]


def test_weights_are_drawn_anew_and_statistics_forgotten(model, data):
    model(data[0], training=True)
    before = [weight.numpy() for weight in model.weights]
    training.draw_weights(model)
    after = {weight.path: weight.numpy() for weight in model.weights}
    kernels = [path for path in after if path.endswith("kernel")]
    for old, (path, new) in zip(before, after.items(), strict=True):
        assert np.array_equal(old, new) != (path in kernels or "moving" in path)
    assert len(kernels) == 2


def test_every_image_is_seen_before_any_comes_again():
    random.seed(0)
    batches = training._batches(10, steps=4, batch_size=5)
    assert sorted(batches[:2].ravel()) == sorted(batches[2:].ravel()) == list(range(10))


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD(0.1, momentum=0.9), "adam"])
def test_fit_does_what_model_fit_does(model, data, optimizer):
    images, labels = data
    weights, results = model.get_weights(), []
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for fit in (
        lambda copy: training.fit(copy, images, labels, epochs=2, batch_size=len(images)),
        lambda copy: copy.fit(images, labels, batch_size=len(images), epochs=2, verbose=0).history,
    ):
        copy = keras.models.clone_model(model)
        copy.set_weights(weights)
        config = keras.optimizers.serialize(keras.optimizers.get(optimizer))
        copy.compile(keras.optimizers.deserialize(config), loss, metrics=["accuracy"])
        results.append((fit(copy), copy.get_weights()))
    (ours, our_weights), (theirs, their_weights) = results
    for key in ("loss", "accuracy"):
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4)
    for a, b in zip(our_weights, their_weights, strict=True):
        # A bias before batch normalization has only noise for a gradient; Adam scales it up.
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_fit_goes_on_and_stops_when_it_is_good_enough(model, data):
    model.compile(
        keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    keras.utils.set_random_seed(0)
    first = training.fit(model, *data, epochs=1, batch_size=50)
    second = training.fit(model, *data, epochs=20, batch_size=50, until=0.0)
    assert second["loss"].shape == (1,)
    assert second["loss"][0] < first["loss"][0]


def test_fit_traces_a_model_once_whatever_the_number_of_images(model, data):
    traces = []

    class Traced(layers.Layer):
        def call(self, x):
            traces.append(x)
            return x

    images, labels = data
    model = Sequential([Input((4, 4, 1)), Traced(), *model.layers])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    training.fit(model, images, labels, epochs=1, batch_size=20)
    built = len(traces)
    for n in (5, 30, 90):
        training.fit(model, images[:n], labels[:n], epochs=2, batch_size=5)
    assert len(traces) == built
