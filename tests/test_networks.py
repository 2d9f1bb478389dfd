"""What networks.py asks of Keras, public or private: a failure here says that Keras changed it."""

import random

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, applications, layers
from keras.src.backend.common import global_state, stateless_scope

from course_utils import costs, networks


@keras.saving.register_keras_serializable()
class Block(layers.Layer):
    """A layer that holds layers, as students write them."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(3, name="inside")

    def call(self, x):
        return self.dense(x)


def nested():
    base = Sequential([Input((4,), name="in"), layers.Dense(3, name="deep")], name="base")
    inputs = Input((4,), name="input")
    return Model(inputs, layers.Dense(2, name="head")(Block(name="block")(base(inputs))))


def test_leaf_layers_are_named_by_their_models():
    names = [name for name, _ in networks.leaf_layers(nested())]
    assert names == ["input", "base/deep", "block", "head"]
    flat = [name for name, _ in networks.leaf_layers(nested().get_layer("base"))]
    assert flat == ["in", "deep"]


def test_every_layer_is_found_at_any_depth_in_order():
    names = [layer.name for layer in networks.every_layer(nested())]
    assert names == ["input", "deep", "block", "inside", "head"]


def test_producers_are_seen_through_bare_operations():
    inputs = Input((4,), name="input")
    left, right = (layers.Dense(4, name=name)(inputs) for name in ("left", "right"))
    model = Model(inputs, layers.Dense(1, name="end")(left + 2 * right))
    assert networks.producers(model.get_layer("left")) == ["input"]
    assert sorted(networks.producers(model.get_layer("end"))) == ["left", "right"]


def test_output_shape_leaves_the_batch_axis_out():
    model = Sequential([Input((8, 8, 1)), layers.Conv2D(2, 3)])
    assert networks.output_shape(model.layers[0]) == (6, 6, 2)


def test_shapes_only_models_are_counted_and_later_models_work():
    with networks.shapes_only():
        big = applications.VGG19(weights=None)
    assert costs.total(big).parameters == 143_667_240
    small = Sequential([Input((2,)), layers.Dense(1)])
    assert small.weights[0].numpy().shape == (2, 1)


def test_an_error_among_shapes_only_models_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), networks.shapes_only():
        Sequential([Input((2,)), layers.Dense(1)])
        raise ZeroDivisionError
    assert not stateless_scope.in_stateless_scope()
    assert global_state.get_global_attribute("uninitialized_variables") == []


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9), momentum=0.9),
        keras.optimizers.Adam(0.01, use_ema=True),
        keras.optimizers.Nadam(0.01),  # these three have variables that do not begin at zero
        keras.optimizers.Adagrad(0.01),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_an_unused_twin_is_what_the_optimizer_was(optimizer):
    model = nested()
    before = networks.unused_twin(optimizer)
    assert len(before.variables) == len(optimizer.variables)
    optimizer.build(model.trainable_variables)
    first = [variable.numpy() for variable in optimizer.variables]
    optimizer.apply([np.ones(v.shape, "float32") for v in model.trainable_variables])
    assert optimizer.iterations.numpy() == 1
    for a, b in zip(first, networks.unused_twin(optimizer).variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_a_twin_is_for_the_weights_the_optimizer_was_built_for():
    model, optimizer = nested(), keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    model.get_layer("base").trainable = False
    assert len(networks.unused_twin(optimizer).variables) == len(optimizer.variables)


def test_compile_makes_a_new_training_function_each_time():
    # training.fit knows by it that compile was called, also with the same optimizer and loss.
    model, functions = nested(), []
    optimizer, loss = keras.optimizers.SGD(), keras.losses.MeanSquaredError()
    for _ in range(2):
        model.compile(optimizer, loss)
        for _ in range(2):
            model.make_train_function()
            functions.append(model.train_function)
    first, again, second, _ = functions
    assert first is again and first is not second


def test_seeds_are_those_of_keras_and_compiled_functions_stay(monkeypatch):
    def drawn():
        normal = keras.initializers.HeNormal()((3, 3))
        return [np.asarray(keras.random.uniform((2,))), np.asarray(normal), random.random()]

    keras.utils.set_random_seed(7)
    by_keras = drawn()
    # TensorFlow throws away all prepared functions when its own seed is set.
    monkeypatch.setattr("tensorflow.random.set_seed", None)
    for _ in range(2):
        networks.set_seed(7)
        for ours, theirs in zip(drawn(), by_keras, strict=True):
            np.testing.assert_array_equal(ours, theirs)
