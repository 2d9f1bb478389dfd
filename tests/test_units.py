"""Units' responses equal those of the whole maps; receptive fields equal those of gradients."""

import keras
import matplotlib
import numpy as np
import pytest
import tensorflow as tf

from course_utils import plotting, transfer, units

matplotlib.use("agg")


def net(pooling=keras.layers.MaxPooling2D, **settings):
    """Two blocks, named as VGG16's are."""
    conv = {"padding": "same", "activation": "relu", **settings}
    return keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            keras.layers.Conv2D(4, 3, name="block1_conv1", **conv),
            keras.layers.Conv2D(4, 5, name="block1_conv2", **conv),
            pooling(2, name="block1_pool"),
            keras.layers.Conv2D(6, 3, name="block2_conv1", **conv),
            pooling(2, name="block2_pool"),
            keras.layers.GlobalAveragePooling2D(name="average"),
        ]
    )


def scale(batch):
    return batch / 127.5 - 1


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 24, 24, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


def test_responses_are_those_of_the_maps(images):
    keras.utils.set_random_seed(0)
    base = net()
    found = units.unit_responses(base, images, scale)
    assert list(found) == ["block1", "block2"]
    for block, responses in found.items():
        layer = base.get_layer(f"{block}_pool")
        maps = keras.Model(base.inputs, layer.output)(scale(images.astype("float32"))).numpy()
        np.testing.assert_allclose(responses.mean, maps.mean(axis=(1, 2)), atol=1e-5)
        np.testing.assert_allclose(responses.max, maps.max(axis=(1, 2)), atol=1e-5)
        n, unit = np.indices(responses.max.shape)
        strongest = maps[n, responses.row, responses.column, unit]
        np.testing.assert_allclose(strongest, responses.max, atol=1e-5)


def test_mean_of_the_last_block_is_the_pooled_feature(images):
    base = net()
    found = units.unit_responses(base, images, scale)
    features = transfer.extract_features(base, images, scale)
    np.testing.assert_allclose(found["block2"].mean, features, atol=1e-5)


@pytest.mark.parametrize("name", ["block1_conv1", "block1_pool", "block2_conv1", "block2_pool"])
def test_receptive_field_is_where_the_gradient_is(name):
    # Positive weights and averages: every path from a pixel to an output counts.
    base = net(keras.layers.AveragePooling2D, kernel_initializer="ones")
    layer = base.get_layer(name)
    field = units.receptive_field(base, name)
    image = tf.ones((1, 24, 24, 3))
    row, column = layer.output.shape[1] // 2, 0  # in the middle, and at the border
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = keras.Model(base.inputs, layer.output)(image)[0, row, column, 0]
    seen = np.abs(tape.gradient(output, image)[0]).sum(axis=-1) > 0
    coordinates = np.stack(np.indices((24, 24)), axis=-1)
    np.testing.assert_array_equal(
        field.crop(coordinates, row, column).reshape(-1, 2), np.argwhere(seen)
    )


def test_fields_of_vgg16_are_those_of_the_literature():
    """Araujo et al. (2019) give 212 pixels and a stride of 32 for its last pooling."""
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    last = units.receptive_field(base, "block5_pool")
    assert (last.size, last.stride) == (212, 32)
    assert units.receptive_field(base, "block1_conv1") == units.Field(3, 1, -1)


def test_patches_show_what_excites_a_unit():
    """A unit that looks for red finds the red pixel, in the images that have one."""
    base = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(1, 3, padding="same", name="block1_conv1"),
            keras.layers.MaxPooling2D(2, name="block1_pool"),
        ]
    )
    kernel = np.zeros((3, 3, 3, 1), "float32")
    kernel[1, 1, 0] = 1
    base.layers[0].set_weights([kernel, np.zeros(1, "float32")])
    images = np.zeros((4, 8, 8, 3), np.uint8)
    images[:, :, :, 2] = 10 * np.arange(4)[:, None, None]
    images[1, 6, 3, 0], images[3, 0, 7, 0] = 100, 200
    patches = units.unit_responses(base, images, scale)["block1"].patches(images, 0, 2)
    assert [patch.shape for patch in patches] == [(3, 3, 3), (3, 4, 3)]  # cut at the corner
    assert [patch[..., 0].max() for patch in patches] == [200, 100]
    assert [patch[0, 0, 2] for patch in patches] == [30, 10]


def test_every_patch_is_drawn_in_the_row_of_its_unit():
    def patches(size):
        return [
            [np.full((size, size, 3), 10 * unit + i, np.uint8) for i in range(3)]
            for unit in range(2)
        ]

    figure = plotting.plot_patches({"fine": patches(4), "coarse": patches(9)}, title="Patches")
    assert [part.get_suptitle() for part in figure.subfigs] == ["fine", "coarse"]
    for part, size in zip(figure.subfigs, (4, 9), strict=True):
        drawn = [ax.images[0].get_array() for ax in part.axes]
        assert {patch.shape for patch in drawn} == {(size, size, 3)}
        assert [int(patch[0, 0, 0]) for patch in drawn] == [0, 1, 2, 10, 11, 12]
