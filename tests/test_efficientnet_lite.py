"""The module is used as one of `keras.applications`, in NumPy, in a model and in a pipeline."""

import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.applications import imagenet_utils

from course_utils.models import efficientnet_lite
from course_utils.models.classes import keras_class_index
from course_utils.models.efficientnet_lite import (
    EfficientNetLite0,
    decode_predictions,
    preprocess_input,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)
EXPECTED = (IMAGES.astype(np.float32) - 127) / 128


def test_arrays_come_back_as_arrays():
    scaled = preprocess_input(IMAGES)
    assert isinstance(scaled, np.ndarray) and scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, EXPECTED)


def test_tensors_come_back_as_tensors():
    scaled = preprocess_input(tf.constant(IMAGES))
    assert tf.is_tensor(scaled) and scaled.dtype == tf.float32
    np.testing.assert_array_equal(scaled, EXPECTED)


def test_it_can_be_a_part_of_a_model():
    inputs = keras.Input((6, 5, 3))
    model = keras.Model(inputs, preprocess_input(inputs))
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), EXPECTED)


def test_it_can_be_mapped_over_a_pipeline():
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4).map(preprocess_input)
    (scaled,) = batches
    assert scaled.dtype == tf.float32
    np.testing.assert_array_equal(scaled, EXPECTED)


# Its constructors


@pytest.mark.parametrize(
    ("name", "size", "published_parameters"),
    [
        # Of the authors' table, in millions: without what batch normalization remembers.
        ("EfficientNetLite0", 224, 4.7),
        ("EfficientNetLite1", 240, 5.4),
        ("EfficientNetLite2", 260, 6.1),
    ],
)
def test_a_constructor_has_the_size_that_is_published(name, size, published_parameters):
    constructor = getattr(efficientnet_lite, name)
    model = constructor(weights=None)
    assert model.input_shape == (None, size, size, 3) and model.output_shape == (None, 1000)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) / 1e6
    assert trainable == pytest.approx(published_parameters, abs=0.06)
    assert constructor.__name__ == name and name in constructor.__doc__ and model.name


def test_arguments_are_those_of_keras():
    ours = inspect.signature(EfficientNetLite0).parameters
    theirs = inspect.signature(keras.applications.mobilenet.MobileNet).parameters
    assert set(ours) <= set(theirs)
    for name in ("include_top", "weights", "pooling", "classes", "classifier_activation"):
        assert ours[name].default == theirs[name].default


def test_imagenets_weights_have_imagenets_classes():
    with pytest.raises(ValueError, match=r"classes=5.*weights=None"):
        EfficientNetLite0(classes=5)
    assert EfficientNetLite0(classes=5, weights=None).output_shape == (None, 5)


def test_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="pooling='max'"):
        EfficientNetLite0(pooling="max", include_top=False)


# decode_predictions


@pytest.fixture
def keras_index(monkeypatch):
    """Keras's own list of classes, without its download."""
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", json.loads(keras_class_index()))


def test_predictions_are_decoded_as_by_keras(keras_index):
    probabilities = np.random.default_rng(0).dirichlet(np.full(1000, 0.01), size=3)
    for top in (5, 1, 1000):
        ours = decode_predictions(probabilities, top=top)
        theirs = keras.applications.mobilenet.decode_predictions(probabilities, top=top)
        for mine, his in zip(ours, theirs, strict=True):
            assert [tuple(p)[::2] for p in mine[:5]] == [tuple(p)[::2] for p in his[:5]]
            assert [p[1].split(" (")[0].replace(" ", "_") for p in mine[:5]] == [
                p[1] for p in his[:5]
            ]
            assert len(mine) == len(his) == top


@pytest.mark.parametrize("shape", [(1000,), (2, 999), (2, 7, 7, 1280)])
def test_what_are_no_predictions_is_refused(shape):
    with pytest.raises(ValueError, match=r"Expected predictions \(n, 1000\), got"):
        decode_predictions(np.zeros(shape))


@pytest.mark.parametrize("top", [0, -1, 1001])
def test_a_top_out_of_range_is_refused(top):
    with pytest.raises(ValueError, match=f"top={top}"):
        decode_predictions(np.zeros((1, 1000)), top=top)
