"""Each silent mistake is caught, and the right thing passes."""

import numpy as np
import pytest

from course_utils import guards
from course_utils.guards import GuardError

NAMES = ("Hat", "Cube")


def images(n=4):
    return np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def test_images():
    guards.check_images(images())
    with pytest.raises(GuardError, match="float64"):
        guards.check_images(images() / 255)
    with pytest.raises(GuardError, match="batch axis"):
        guards.check_images(images()[0])


def test_labels():
    guards.check_labels(np.array([0, 1, 0, 1]), images(), NAMES)
    with pytest.raises(GuardError, match="one-hot"):
        guards.check_labels(np.eye(2)[[0, 1, 0, 1]], images(), NAMES)
    with pytest.raises(GuardError, match="4 images but 3 labels"):
        guards.check_labels(np.array([0, 1, 0]), images(), NAMES)
    with pytest.raises(GuardError, match="no class name"):
        guards.check_labels(np.array([0, 1, 2, 1]), images(), NAMES)
    with pytest.raises(GuardError, match="No image of Cube"):
        guards.check_labels(np.zeros(4, int), images(), NAMES)


def test_disjoint():
    guards.check_disjoint(images()[:2], images()[2:])
    with pytest.raises(GuardError, match="1 test images"):
        guards.check_disjoint(images()[:3], images()[2:])


@pytest.fixture
def model():
    """A head on a frozen base, as in lesson 05."""
    import keras

    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="inner")], name="base")
    base.trainable = False
    model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(2, name="head")])
    model.compile("sgd", "mse")
    return model


def test_trainable(model):
    guards.check_trainable(model, ["head"])
    model.layers[0].trainable = True
    with pytest.raises(GuardError, match="base/inner"):
        guards.check_trainable(model, ["head"])
    model.trainable = False
    with pytest.raises(GuardError, match=r"expected: \['head'\]"):
        guards.check_trainable(model, ["head"])


def test_moved(model):
    before = guards.snapshot(model)
    with pytest.raises(GuardError, match=r"moved: \[\]"):
        guards.check_moved(before, model, ["head"])
    model.fit(np.ones((4, 4)), np.zeros((4, 2)), verbose=0)
    guards.check_moved(before, model, ["head"])
    model.layers[0].layers[0].kernel.assign_add(np.ones((4, 3)))
    with pytest.raises(GuardError, match="base/inner"):
        guards.check_moved(before, model, ["head"])
