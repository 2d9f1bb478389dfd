"""Features: equal to the plain way, computed once, never half-stored."""

import importlib
import os
import tracemalloc

import numpy as np
import pytest

from course_utils import networks, transfer
from course_utils.guards import GuardError
from course_utils.models.preprocessing import preprocessing_of
from course_utils.pretrained import find, preprocess_for


@pytest.fixture
def base():
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (21, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path


def scale(batch):
    return batch / 127.5 - 1


def test_features_are_those_of_predict_in_inference_mode(base, images):
    features = transfer.extract_features(base, images, scale, batch_size=8, cache=False)
    expected = base.predict(scale(images.astype(np.float32)), verbose=0)
    assert features.shape == (21, 4) and features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_images_become_floats_a_batch_at_a_time(base, images):
    """In the memory that Python and NumPy hold; TensorFlow's too is measured each Monday."""
    many = np.repeat(images, 100, axis=0)  # as floats 6.5 MB
    tracemalloc.start()
    try:
        transfer.extract_features(base, many, scale, batch_size=100, cache=False)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 0.5 * 4 * many.size, f"{most / 1e6:.1f} MB"


def test_second_call_reads_the_cache(base, images, monkeypatch):
    first = transfer.extract_features(base, images, scale)
    monkeypatch.setattr(transfer, "_forward", None)  # would fail if it were called
    np.testing.assert_array_equal(transfer.extract_features(base, images, scale), first)


@pytest.mark.parametrize("change", ["weights", "images", "preprocessing", "channel order"])
def test_any_change_is_computed_anew(base, images, change):
    first = transfer.extract_features(base, images, scale)
    preprocess = scale
    if change == "weights":
        base.layers[0].kernel.assign_add(0.1 * np.ones(base.layers[0].kernel.shape))
    elif change == "images":
        images[3] = 255 - images[3]
    elif change == "channel order":

        def preprocess(batch):
            return scale(batch)[..., ::-1]

    else:
        preprocess = np.negative
    assert not np.array_equal(transfer.extract_features(base, images, preprocess), first)


def test_same_layers_joined_otherwise_are_another_network(images):
    import keras

    convolutions = [keras.layers.Conv2D(3, 1, name=name) for name in "ab"]
    inputs = keras.Input((16, 16, 3))
    a = convolutions[0](inputs)
    b = convolutions[1](a)
    pool = keras.layers.GlobalAveragePooling2D()
    nets = [
        keras.Model(inputs, pool(keras.layers.Add()([b, shortcut]))) for shortcut in (inputs, a)
    ]
    first, second = (transfer.extract_features(net, images, scale) for net in nets)
    assert not np.array_equal(first, second)


def test_without_the_cache_nothing_is_hashed_or_stored(base, images, cache_folder, monkeypatch):
    monkeypatch.setattr(transfer, "_content_hash", None)  # would fail if it were called
    transfer.extract_features(base, images, scale, cache=False)
    assert not list(cache_folder.iterdir())


def test_equal_networks_built_twice_share_the_cache(base, images, cache_folder):
    import keras

    transfer.extract_features(base, images, scale)
    twin = keras.models.clone_model(base)
    twin.set_weights(base.get_weights())
    transfer.extract_features(twin, images, scale)
    assert len(list(cache_folder.iterdir())) == 1


def test_a_flipped_bit_of_the_cache_is_not_used(base, images, cache_folder):
    first = transfer.extract_features(base, images, scale)
    (entry,) = cache_folder.iterdir()
    data = bytearray(entry.read_bytes())
    data[data.index(first.tobytes()) + 30] ^= 1
    entry.write_bytes(data)
    with pytest.warns(RuntimeWarning, match="computed again"):
        again = transfer.extract_features(base, images, scale)
    np.testing.assert_array_equal(again, first)


def test_a_cache_that_cannot_be_written_keeps_no_features_back(base, images, monkeypatch):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.warns(RuntimeWarning, match="Read-only.*COURSE_CACHE"):
        features = transfer.extract_features(base, images, scale)
    assert features.shape == (21, 4)


def test_preprocessed_images_are_refused(base, images):
    with pytest.raises(GuardError, match="preprocessing is done once"):
        transfer.extract_features(base, scale(images.astype(np.float32)), scale)


def test_preprocessing_that_draws_random_numbers_is_refused(base, images):
    random = np.random.default_rng(0)
    with pytest.raises(GuardError, match="never has the same features"):
        transfer.extract_features(base, images, lambda x: x + random.normal(size=x.shape))


FAMILIES = {  # the first layers with weights of a model of each, and the filters of the first
    "VGG19": (64, "block1_conv1", "block1_conv2", "block2_conv1"),
    "ResNet50": (64, "conv1_conv", "conv1_bn", "conv2_block1_1_conv"),
    "DenseNet121": (64, "conv1_conv", "conv1_bn", "conv2_block1_0_bn"),
    "MobileNetV2": (32, "Conv1", "bn_Conv1", "expanded_conv_depthwise"),
    "EfficientNetLite0": (32, "stem_conv", "stem_bn", "block1a_dwconv"),
}


def lower_part(filters, *names):
    import keras

    layers = [keras.layers.Conv2D(filters, 1, name=name) for name in names]
    return keras.Sequential([keras.Input((16, 16, 3)), *layers])


@pytest.mark.parametrize("name", FAMILIES)
def test_preprocessing_is_that_of_the_networks_family(images, name):
    own, base = preprocess_for(name), lower_part(*FAMILIES[name])
    transfer.extract_features(base, images, own)
    other = preprocess_for("DenseNet121" if name != "DenseNet121" else "VGG16")
    for wrong in (lambda x: x, lambda x: x / 255, lambda x: own(own(x)), other):
        with pytest.raises(GuardError, match="own module, once"):
            transfer.extract_features(base, images, wrong)


def test_a_network_of_ones_own_has_a_preprocessing_of_its_own(images):
    transfer.extract_features(lower_part(8, "block1_conv1", "block1_conv2"), images, scale)


def test_preprocessing_in_the_other_order_of_colours_is_refused(images):
    own, base = preprocess_for("VGG16"), lower_part(*FAMILIES["VGG19"])
    with pytest.raises(GuardError, match="order of the colours"):
        transfer.extract_features(base, images, lambda x: own(x)[..., ::-1])


@pytest.mark.parametrize("name", ["VGG16", "EfficientNetLite0", "MobileNet"])
def test_families_are_known_by_the_names_that_the_constructors_give(name):
    info = find(name)
    with networks.shapes_only():
        model = getattr(importlib.import_module(info.module), name)(include_top=False, weights=None)
    own = importlib.import_module(info.module).preprocess_input
    assert preprocessing_of(model) is own


@pytest.mark.parametrize("size", [(None, None, 3), (24, None, 3)])
def test_a_base_of_open_size_takes_the_images_size(size):
    import keras

    conv = keras.layers.Conv2D(4, 3, strides=2)
    base = keras.Sequential([keras.Input(size), conv])
    for width in (20, 32):
        images = np.random.default_rng(0).integers(0, 256, (5, 24, width, 3), dtype=np.uint8)
        features = transfer.extract_features(base, images, scale, batch_size=2)
        expected = base.predict(scale(images.astype(np.float32)), verbose=0)
        np.testing.assert_allclose(features, expected, atol=1e-5)
        assert transfer.extract_features(base, images[:0], scale).shape == (0, *expected.shape[1:])


def test_images_of_another_size_are_refused_with_both_sizes(base, images):
    with pytest.raises(GuardError, match=r"\(8, 16, 3\), but the base takes \(16, 16, 3\)"):
        transfer.extract_features(base, images[:, :8], scale)


def test_an_empty_batch_has_no_features(base, images):
    assert transfer.extract_features(base, images[:0], scale).shape == (0, 4)


def read_lazily(images, labels=None, size=4):
    """A dataset of unknown length whose batches hold `size` images, or single ones if it is 0."""
    import tensorflow as tf

    arrays = images if labels is None else (images, labels)
    dataset = tf.data.Dataset.from_tensor_slices(arrays).filter(lambda *_: True)
    return dataset.batch(size) if size else dataset


@pytest.mark.parametrize("size", [0, 1, 5, 21, 50])
@pytest.mark.parametrize("labelled", [False, True])
def test_a_dataset_gives_the_features_of_its_images(base, images, cache_folder, size, labelled):
    dataset = read_lazily(images, np.arange(21) if labelled else None, size)
    assert dataset.cardinality() == -2  # unknown
    features = transfer.extract_features(base, dataset, scale, batch_size=8)
    expected = transfer.extract_features(base, images, scale, cache=False)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert not list(cache_folder.iterdir())


def test_a_dataset_is_read_a_batch_at_a_time(base, images):
    import tensorflow as tf

    ahead = []

    def read(i):
        ahead.append(int(i) - done[0])
        return images[int(i) % 21]

    done = [0]

    def counted(batch):
        done[0] += len(batch)
        return scale(batch)

    dataset = tf.data.Dataset.range(300).map(
        lambda i: tf.ensure_shape(tf.py_function(read, [i], tf.uint8), (16, 16, 3))
    )
    transfer.extract_features(base, dataset, counted, batch_size=2)
    assert len(ahead) == 300 and max(ahead) < 60  # TensorFlow reads some batches ahead


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.repeat(), "never ends"),
        (lambda d: d.take(0), "empty"),
        (lambda d: d.map(lambda x: x[:, :8]), r"\(8, 16, 3\), but the base takes"),
        (lambda d: d.map(lambda x: x[..., :1]), "RGB"),
        (lambda d: d.map(lambda x: x / 1), "tf.cast"),
        (lambda d: d.map(lambda x: {"images": x}), "must give images"),
    ],
)
def test_a_dataset_of_other_things_is_refused(base, images, change, message):
    with pytest.raises(GuardError, match=message):
        transfer.extract_features(base, change(read_lazily(images)), scale)


def test_a_dataset_of_images_that_differ_in_size_is_refused(images):
    import keras
    import tensorflow as tf

    base = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3)])
    spec = tf.TensorSpec((None, None, None, 3), tf.uint8)
    batches = [images[:2], images[:2, :8]]
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)
    with pytest.raises(GuardError, match="differ in size"):
        transfer.extract_features(base, dataset, scale, batch_size=2)
