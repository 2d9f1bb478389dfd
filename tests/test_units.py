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


def answers_to_gratings(kernel):
    """Mean rectified responses of one kernel (k, k, 3) to all gratings."""
    shown = units.gratings(48)
    flat = shown.reshape(-1, 48, 48, 3).astype("float32") - 127.5
    maps = tf.nn.relu(tf.nn.conv2d(flat, kernel[..., None].astype("float32"), 1, "VALID"))
    return np.mean(maps, axis=(1, 2)).reshape(*shown.shape[:3], 1)


ROWS, COLUMNS = np.indices((9, 9)) - 4
BLOB = np.exp(-(ROWS**2 + COLUMNS**2) / 6)
LIGHT, RED_GREEN, YELLOW_BLUE = units.OPPONENT_COLOURS.values()


@pytest.mark.parametrize("axis", [ROWS, COLUMNS, (ROWS + COLUMNS) / np.sqrt(2)])
@pytest.mark.parametrize("colour", [LIGHT, RED_GREEN, YELLOW_BLUE])
def test_gabor_is_selective_for_orientation_and_colour(axis, colour):
    gabor = BLOB * np.sin(2 * np.pi * axis / 6)
    found = units.selectivity(answers_to_gratings(gabor[..., None] * colour))
    assert found["orientation"] > 0.4
    assert found["colour"] > 0.9


def test_blob_has_no_orientation_and_one_channel_no_colour_of_its_own():
    spot = BLOB - BLOB.mean()
    found = units.selectivity(answers_to_gratings(spot[..., None] * np.array([1, 1, 1])))
    assert found["orientation"] < 0.05 and found["colour"] > 0.9
    red = units.selectivity(answers_to_gratings(spot[..., None] * np.array([1, 0, 0])))
    assert red["colour"] < 0.5


def test_silent_unit_is_selective_for_nothing():
    found = units.selectivity(np.zeros((3, 2, 8, 5)))
    assert not found["orientation"].any() and not found["colour"].any()


def test_gratings_are_equal_in_contrast_and_cut_nowhere():
    shown = units.gratings(84).astype(float) - 127.5  # of each wavelength whole waves
    contrast = np.sqrt((shown[:, :, 0] ** 2).sum(axis=-1).mean(axis=(-2, -1)))
    np.testing.assert_allclose(contrast, contrast[0, 0], rtol=0.02)
    assert np.abs(shown).max() < 127  # else the peaks would be flat
    assert np.abs(shown.mean(axis=(-3, -2))).max() < 3


@pytest.mark.parametrize("size", [1, 4, 12])
def test_shuffled_patches_keep_every_pixel(images, size):
    shuffled = units.shuffle_patches(images, size)
    assert shuffled.shape == images.shape and shuffled.dtype == np.uint8
    for before, after in zip(images, shuffled, strict=True):
        tiles = [
            sorted(
                image[row : row + size, column : column + size].tobytes()
                for row in range(0, 24, size)
                for column in range(0, 24, size)
            )
            for image in (before, after)
        ]
        assert tiles[0] == tiles[1]
        assert not np.array_equal(before, after)


def test_each_image_is_shuffled_in_its_own_order_and_always_the_same(images):
    twins = images[[0, 0]]
    shuffled = units.shuffle_patches(twins, 4)
    assert not np.array_equal(*shuffled)
    np.testing.assert_array_equal(shuffled, units.shuffle_patches(twins, 4))
    assert not np.array_equal(shuffled, units.shuffle_patches(twins, 4, seed=1))


def test_patches_that_do_not_fit_are_refused(images):
    with pytest.raises(ValueError, match=r"24×24 pixels .* 7×7"):
        units.shuffle_patches(images, 7)


def test_what_outlives_is_a_correlation():
    before = np.random.default_rng(0).normal(size=(50, 4))
    after = before * [3, -1, 0, 0] + [1, 0, 5, 0]
    after[:, 3] = before[:, 3] + np.random.default_rng(1).normal(size=50)
    expected = [1, -1, 0, np.corrcoef(before[:, 3], after[:, 3])[0, 1]]
    np.testing.assert_allclose(units.outlives(before, after), expected, atol=1e-9)


def test_strongest_place_is_sought_in_its_own_mask_and_in_those_of_others():
    masks = np.zeros((3, 8, 8), np.uint8)
    masks[0, :4, :4], masks[1, 4:, 4:], masks[2, 4:, 4:6] = 1, 1, 1
    row, column = np.array([[0, 1], [1, 1], [1, 0]]), np.array([[0, 1], [1, 1], [1, 0]])
    found = units.Responses(
        mean=np.ones((3, 2)),
        max=np.ones((3, 2)),
        row=row,
        column=column,
        field=units.Field(4, 4, 0),
    )
    own, others = units.on_object(found, masks)
    np.testing.assert_allclose(own, [[1, 0], [1, 1], [0.5, 0]])
    np.testing.assert_allclose(others, [[0, 0.75], [0.25, 0.25], [0.5, 0.5]])


def test_strongest_images_of_a_unit():
    strongest = np.array([[3, 0], [1, 0], [2, 5], [4, 0.0]])
    found = units.Responses(strongest, strongest, None, None, units.Field(1, 1, 0))
    np.testing.assert_array_equal(
        found.strongest(2), [[True, False], [False, False], [False, True], [True, False]]
    )
