"""EfficientNet-Lite's preprocessing is the same in NumPy, in a model and in a pipeline."""

import keras
import numpy as np
import tensorflow as tf

from course_utils.models.efficientnet_lite import preprocess_input

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
