"""``fit`` does what ``compile`` said last, as Keras does; ``restart`` forgets what was learned."""

import functools
import gc
import itertools
import random
import warnings
import weakref

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

from course_utils import training
from course_utils.guards import GuardError
from course_utils.networks import set_seed

LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def build():
    return Sequential(
        [
            Input((4, 4, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(2, name="head"),
        ]
    )


@pytest.fixture
def model():
    set_seed(0)
    return build()


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    images = rng.normal(size=(100, 4, 4, 1)) + labels[:, None, None, None]
    return images.astype("float32"), labels


fit = functools.partial(training.fit, epochs=1, batch_size=20)


def moved(model, fit, *args):
    """Names of the layers whose trainable weights a training changes."""
    before = {layer.name: layer.get_weights() for layer in model.layers}
    fit(model, *args)
    return [
        layer.name
        for layer in model.layers
        if layer.name in ("conv", "head")
        and not all(map(np.array_equal, before[layer.name], layer.get_weights()))
    ]


# What compile said last


def test_other_trainable_layers_after_compile_are_trained(model, data):
    model.get_layer("conv").trainable = False
    model.compile("sgd", LOGITS)
    assert moved(model, fit, *data) == ["head"]
    model.get_layer("conv").trainable = True
    model.compile("sgd", LOGITS)
    assert moved(model, fit, *data) == ["conv", "head"]
    model.get_layer("head").trainable = False
    model.compile("sgd", LOGITS)
    assert moved(model, fit, *data) == ["conv"]


def test_the_learning_rate_of_the_last_compile_is_used(model, data):
    model.compile(keras.optimizers.SGD(0.1), LOGITS)
    assert moved(model, fit, *data) == ["conv", "head"]
    model.compile(keras.optimizers.SGD(0.0), LOGITS)
    assert moved(model, fit, *data) == []


def test_the_same_optimizer_and_loss_once_more_train_other_layers(model, data):
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(optimizer, LOGITS)
    fit(model, *data)
    model.get_layer("conv").trainable = False
    model.compile(optimizer, LOGITS)
    assert moved(model, fit, *data) == ["head"]
    training.restart(model)
    assert moved(model, fit, *data) == ["head"]


def test_an_optimizer_made_for_fewer_layers_is_refused_as_keras_does(model, data):
    optimizer = keras.optimizers.SGD(0.1)
    model.get_layer("conv").trainable = False
    model.compile(optimizer, LOGITS)
    fit(model, *data)
    model.get_layer("conv").trainable = True
    model.compile(optimizer, LOGITS)
    with pytest.raises(ValueError, match="variable"):
        fit(model, *data)


def test_the_loss_and_metrics_of_the_last_compile_are_used(model, data):
    images, labels = data
    model.compile(keras.optimizers.SGD(0.0), LOGITS)
    assert list(fit(model, images, labels)) == ["loss"]
    one_hot = np.eye(2, dtype="float32")[labels]
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae", "accuracy"])
    history = fit(model, images, one_hot, batch_size=100)
    assert set(history) == {"loss", "mae", "accuracy"}
    errors = model(images, training=True).numpy() - one_hot
    assert history["loss"] == pytest.approx(np.square(errors).mean(), rel=1e-4)
    assert history["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    model.compile(keras.optimizers.SGD(0.0), lambda y, p: 7 + 0 * p[:, 0])
    assert fit(model, images, one_hot)["loss"] == pytest.approx(7)


def keras_fit(model, images, labels):
    model.fit(images, labels, batch_size=20, verbose=0)


def test_a_model_that_is_frozen_whole_is_refused(model, data):
    model.trainable = False
    model.compile("sgd", LOGITS)
    with pytest.raises(GuardError, match="the head too"):
        fit(model, *data)


@pytest.mark.parametrize("fit", [fit, keras_fit], ids=["training.fit", "model.fit"])
def test_without_compile_a_change_of_trainable_has_no_effect(model, data, fit):
    model.compile("sgd", LOGITS)
    model.get_layer("conv").trainable = False  # before the first step it still has
    assert moved(model, fit, *data) == ["head"]
    model.get_layer("conv").trainable = True
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert moved(model, fit, *data) == ["head"]
    if fit is not keras_fit:
        assert ["model.compile again" in str(warning.message) for warning in caught] == [True]
    model.compile("sgd", LOGITS)
    assert moved(model, fit, *data) == ["conv", "head"]


SCHEDULE = keras.optimizers.schedules.CosineDecay(0.1, 3)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.optimizers.SGD(SCHEDULE, momentum=0.9, clipnorm=1),
        keras.optimizers.Adam(),
        keras.optimizers.Adam(use_ema=True, ema_momentum=0.5),
    ],
    ids=["momentum", "schedule", "adam", "average"],
)
def test_fit_does_what_model_fit_does(model, data, optimizer):
    images, labels = data
    weights, results = model.get_weights(), []
    for run in (
        lambda copy: training.fit(copy, images, labels, epochs=4, batch_size=len(images)),
        lambda copy: copy.fit(images, labels, batch_size=len(images), epochs=4, verbose=0).history,
    ):
        copy = keras.models.clone_model(model)
        copy.set_weights(weights)
        fresh = type(optimizer).from_config(optimizer.get_config())
        copy.compile(fresh, LOGITS, metrics=["accuracy"])
        results.append((run(copy), copy.get_weights()))
    (ours, our_weights), (theirs, their_weights) = results
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4)
    for a, b in zip(our_weights, their_weights, strict=True):
        # A bias before batch normalization has only noise for a gradient; Adam scales it up.
        np.testing.assert_allclose(a, b, atol=3e-3)


def test_several_inputs_are_trained_as_keras_does(data):
    images, labels = data
    both = images, images[:, ::2, ::2]
    large, small = inputs = [Input(each.shape[1:]) for each in both]
    joined = layers.Concatenate()([layers.Flatten()(large), layers.Flatten()(small)])
    model = keras.Model(inputs, layers.Dense(2)(joined))
    weights, losses = model.get_weights(), []
    for sort, train in ((list, training.fit), (tuple, training.fit), (list, keras.Model.fit)):
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.05), LOGITS)
        quiet = {} if train is training.fit else {"verbose": 0}
        found = train(model, sort(both), labels, epochs=3, batch_size=100, **quiet)
        losses.append(getattr(found, "history", found)["loss"])
    for ours in losses[:2]:
        np.testing.assert_allclose(ours, losses[2], rtol=1e-5)
    with pytest.raises(ValueError, match="99 images but 100 labels"):
        training.fit(model, [images, both[1][:99]], labels, epochs=1, batch_size=100)


def test_a_model_without_an_input_shape_is_built(data):
    model = Sequential([layers.Flatten(), layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.05), LOGITS)
    losses = training.fit(model, *data, epochs=5, batch_size=20)["loss"]
    assert losses[-1] < losses[0]


# Epochs, steps, and what is traced


def test_fit_goes_on_and_stops_when_it_is_good_enough(model, data):
    model.compile(keras.optimizers.SGD(0.05), LOGITS, metrics=["accuracy"])
    first = training.fit(model, *data, epochs=1, batch_size=50)
    second = training.fit(model, *data, epochs=20, batch_size=50, until=0.0)
    assert second["loss"].shape == (1,)
    assert second["loss"][0] < first["loss"][0]


def test_every_image_is_seen_before_any_comes_again():
    random.seed(0)
    batches = list(itertools.islice(training._batches(11, 5), 4))
    assert all(len(set(np.ravel(pair))) == 10 for pair in (batches[:2], batches[2:]))


def test_short_epochs_show_the_steps_of_long_ones(model, data):
    model.compile(keras.optimizers.SGD(0.1), LOGITS)
    histories = []
    for epochs, steps in ((1, 5), (5, 1), (1, None)):
        set_seed(1)
        training.restart(model)
        histories.append(
            training.fit(model, *data, epochs=epochs, batch_size=20, steps_per_epoch=steps)
        )
    assert [len(history["loss"]) for history in histories] == [1, 5, 1]
    for history in histories:
        assert history["loss"].mean() == pytest.approx(histories[0]["loss"][0], rel=1e-5)


class Traced(layers.Layer):
    """Counts how often it is traced or called."""

    calls = 0

    def call(self, x):
        Traced.calls += 1
        return x


def test_a_compiled_model_is_traced_once(data):
    images, labels = data
    model = Sequential([Input((4, 4, 1)), Traced(), *build().layers])
    model.compile(keras.optimizers.SGD(), LOGITS)
    fit(model, images, labels)
    traced = Traced.calls
    for n, batch_size, rate in ((5, 5, 0.1), (30, 7, 0.2), (90, 20, 0.3)):
        training.restart(model, learning_rate=rate)
        training.fit(model, images[:n], labels[:n], epochs=2, batch_size=batch_size)
    assert Traced.calls == traced
    model.compile(keras.optimizers.SGD(), LOGITS)
    fit(model, images, labels)
    assert Traced.calls > traced


def test_a_trained_model_is_forgotten(data):
    model = build()
    model.compile("sgd", LOGITS)
    fit(model, *data)
    there = weakref.ref(model)
    del model
    gc.collect()
    assert there() is None
    assert not len(training._COMPILED)


# Validation, and stopping where it is best


def stopping(**changes):
    return keras.callbacks.EarlyStopping(**{"patience": 3, "restore_best_weights": True, **changes})


@pytest.fixture(scope="module")
def two_models():
    """One for each way to train, traced once for all tests."""
    models = build(), build()
    for each in models:
        each.compile(keras.optimizers.SGD(0.5, momentum=0.9), LOGITS, metrics=["accuracy"])
    return models


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"restore_best_weights": False},
        {"monitor": "val_accuracy", "patience": 2},
        {"monitor": "loss", "min_delta": 0.02},
        {"start_from_epoch": 6},
    ],
    ids=str,
)
def test_early_stopping_does_what_it_does_in_model_fit(two_models, data, how):
    images, labels = data
    apart = (images[60:], labels[60:])
    results = []
    for each, run in zip(
        two_models,
        (
            lambda copy, **same: training.fit(copy, images[:60], labels[:60], **same),
            lambda copy, **same: copy.fit(images[:60], labels[:60], verbose=0, **same).history,
        ),
        strict=True,
    ):
        set_seed(0)
        training.restart(each)
        stop = stopping(**how)
        same = {"batch_size": 60, "epochs": 40, "validation_data": apart, "callbacks": [stop]}
        results.append((run(each, **same), each.get_weights(), stop))
    (ours, our_weights, our_stop), (theirs, their_weights, their_stop) = results
    assert our_stop.stopped_epoch == their_stop.stopped_epoch > 0, "it should stop before the end"
    assert our_stop.best_epoch == their_stop.best_epoch
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-3, atol=1e-5)
    for a, b in zip(our_weights, their_weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_the_best_epoch_is_left_in_the_model(model, data):
    images, labels = data
    apart = (images[60:], labels[60:])
    model.compile(keras.optimizers.Adam(0.05), LOGITS)
    history = fit(
        model, images[:60], labels[:60], epochs=50, validation_data=apart, callbacks=[stopping()]
    )["val_loss"]
    assert len(history) == history.argmin() + 1 + 3
    assert model.evaluate(*apart, verbose=0) == pytest.approx(history.min(), rel=1e-4)


def test_a_training_that_was_stopped_can_go_on(model, data):
    model.compile(keras.optimizers.SGD(0.0), LOGITS)
    same = {"epochs": 9, "callbacks": [stopping(monitor="loss", patience=1)]}
    assert len(fit(model, *data, **same)["loss"]) < 9
    assert len(fit(model, *data, epochs=9)["loss"]) == 9


def test_other_callbacks_of_keras_are_told(model, data, tmp_path):
    model.compile(keras.optimizers.SGD(0.1), LOGITS)
    callbacks = [
        keras.callbacks.ModelCheckpoint(
            tmp_path / "{epoch}_{loss:.1f}.weights.h5", save_weights_only=True
        ),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)),
    ]
    losses = fit(model, *data, epochs=2, callbacks=callbacks)["loss"]
    saved = sorted(path.name for path in tmp_path.iterdir())
    assert saved == [f"{i}_{loss:.1f}.weights.h5" for i, loss in enumerate(losses, start=1)]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_validation_trains_nothing(model, data):
    images, labels = data
    model.compile(keras.optimizers.SGD(0.1), LOGITS)
    results = []
    for how in ({}, {"validation_data": (images[:7], labels[:7])}):
        set_seed(1)
        training.restart(model)
        results.append((fit(model, images, labels, **how)["loss"], *model.get_weights()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


# What cannot be trained


@pytest.mark.parametrize(
    ("n", "change", "message"),
    [
        (9, {}, "9 images do not fill one batch of 20.*at most 9"),
        (100, {"epochs": 0}, "epochs is 0"),
        (100, {"batch_size": 0}, "batch_size is 0"),
        (100, {"steps_per_epoch": 0}, "steps_per_epoch is 0"),
        (100, {"until": 0.9}, r'metrics=\["accuracy"\]'),
        (100, {"validation_data": np.zeros((3, 4, 4, 1))}, r"must be \(images, labels\)"),
        (100, {"validation_data": (np.zeros((3, 4, 4, 1)), [0, 1])}, "equally many"),
        (100, {"callbacks": [stopping()]}, "EarlyStopping monitors 'val_loss'.*validation_data"),
        (100, {"callbacks": [stopping(monitor="mae")]}, "monitors 'mae', but there is only loss"),
    ],
)
def test_impossible_trainings_are_refused(model, data, n, change, message):
    model.compile("sgd", LOGITS)
    with pytest.raises(ValueError, match=message):
        fit(model, data[0][:n], data[1][:n], **change)


def test_labels_of_another_number_are_refused(model, data):
    model.compile("sgd", LOGITS)
    with pytest.raises(ValueError, match="100 images but 99 labels"):
        fit(model, data[0], data[1][1:])


def test_a_model_that_is_not_compiled_is_refused(model, data):
    for use in (lambda: fit(model, *data), lambda: training.restart(model)):
        with pytest.raises(ValueError, match=r"Call model\.compile"):
            use()


# Starting anew


def test_one_cell_run_three_times_gives_one_result(data):
    model = Sequential(
        [
            Input((4, 4, 1)),
            layers.RandomTranslation(0.3, 0.3),
            Sequential([layers.Dropout(0.5)], name="nested"),
            *build().layers,
        ]
    )
    results = []
    for _ in range(3):
        model.compile(keras.optimizers.Adam(0.01), LOGITS, metrics=["accuracy"])
        set_seed(3)
        training.restart(model)
        history = training.fit(model, *data, epochs=3, batch_size=20)
        results.append([*history.values(), *model.get_weights()])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Adagrad", "Nadam"])
@pytest.mark.parametrize("own", [True, False], ids=["training.fit", "model.fit"])
def test_restart_forgets_what_any_optimizer_knows(data, optimizer, own):
    model = Sequential([Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)])  # soon traced
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 20)
    model.compile(getattr(keras.optimizers, optimizer)(schedule), LOGITS)
    results = []
    for seed in (1, 1, 2):
        set_seed(seed)
        training.restart(model)
        assert model.optimizer.iterations == 0
        if own:
            training.fit(model, *data, epochs=2, batch_size=20)
        else:
            model.fit(*data, batch_size=20, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for a, b in zip(*results[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert not np.array_equal(results[0][0], results[2][0])


def test_a_grid_of_learning_rates_uses_each(model, data):
    model.compile(keras.optimizers.SGD(), LOGITS)
    losses = []
    for rate in (0.0, 0.05, 0.0):
        set_seed(0)
        training.restart(model, learning_rate=rate)
        losses.append(training.fit(model, *data, epochs=4, batch_size=100)["loss"])
    assert losses[0][-1] == pytest.approx(losses[0][0])
    assert losses[1][-1] < losses[0][-1]
    np.testing.assert_array_equal(losses[0], losses[2])


def test_a_schedule_is_set_by_compile_alone(model, data):
    model.compile(keras.optimizers.SGD(SCHEDULE), LOGITS)
    with pytest.raises(ValueError, match="set by compile"):
        training.restart(model, learning_rate=0.1)
    model.compile(keras.optimizers.SGD(), LOGITS)
    with pytest.raises(ValueError, match="set by compile"):
        training.restart(model, learning_rate=SCHEDULE)


def test_weights_are_drawn_anew_and_statistics_forgotten(model, data):
    model(data[0], training=True)
    before = [weight.numpy() for weight in model.weights]
    training.draw_weights(model)
    after = {weight.path: weight.numpy() for weight in model.weights}
    kernels = [path for path in after if path.endswith("kernel")]
    for old, (path, new) in zip(before, after.items(), strict=True):
        assert np.array_equal(old, new) != (path in kernels or "moving" in path)
    assert len(kernels) == 2


class Block(layers.Layer):
    """Holds layers, a switch, and by choice a weight that nobody can draw."""

    def __init__(self, own=False):
        super().__init__()
        self.own, self.dense = own, layers.Dense(4)

    def build(self, shape):
        self.dense.build(shape)
        self.switch = self.add_weight(name="switch", initializer="ones", trainable=False)
        if self.own:
            self.scale = self.add_weight(name="scale", initializer="ones")

    def call(self, x):
        return self.switch * self.dense(x)


def test_layers_inside_layers_are_drawn_and_switches_stay():
    inputs = Input((3, 4))
    outputs = Block()(layers.MultiHeadAttention(1, 2)(inputs, inputs))
    model = keras.Model(inputs, outputs)
    model.set_weights([7 * np.ones(weight.shape) for weight in model.weights])
    training.draw_weights(model)
    for weight in model.weights:
        assert (weight.numpy() == 7).all() == (weight.name == "switch"), weight.path


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 3),
        layers.Conv2DTranspose(2, 3),
        layers.DepthwiseConv2D(3),
        layers.SeparableConv2D(2, 3),
        layers.Dense(2),
        layers.PReLU(),
        layers.BatchNormalization(),
        layers.GroupNormalization(2),
        layers.TimeDistributed(layers.Dense(2)),
        layers.ConvLSTM1D(2, 3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_weight_of_keras_layers_is_drawn(layer):
    model = Sequential([Input((8, 8, 4)), layer])
    model.set_weights([7 * np.ones(weight.shape) for weight in model.weights])
    training.draw_weights(model)
    for weight in model.weights:
        assert not (weight.numpy() == 7).any(), weight.path
        bias = {"bias", "beta", "alpha", "moving_mean"}
        assert weight.name not in bias or not weight.numpy().any(), weight.path


def test_a_weight_that_cannot_be_drawn_is_named():
    model = Sequential([Input((4,)), layers.Dense(4), Block(own=True)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="scale_initializer"):
        training.draw_weights(model)
    with pytest.raises(ValueError, match="scale_initializer"):
        training.restart(model, learning_rate=0.2)
    # Nothing has changed by then.
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
