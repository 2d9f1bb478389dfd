"""The experiments on AlexNet and VGG compare what they say they compare."""

import keras
import numpy as np
import pytest
from notebook_source import definitions

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def lesson(name: str):
    """A lesson's functions, with the loss that its cells would have set before."""
    found = definitions(name)
    for function in vars(found).values():
        if getattr(function, "__module__", "") == name:  # not what the lesson imports
            function.__globals__.update(CROSS_ENTROPY=LOSS)
    return found


@pytest.mark.parametrize(("noise_shape", "alike"), [((1, 256), True), (None, False)])
def test_a_thinned_network_has_one_mask_for_all_images(noise_shape, alike):
    net = lesson("02_alexnet").little_alexnet(drop=0.5, noise_shape=noise_shape)
    said = np.asarray(net(np.full((8, 12, 12, 1), 0.5, "float32"), training=True))
    assert np.allclose(said, said[0], atol=1e-5) == alike


def test_pairs_and_single_kernels_have_as_many_parameters():
    vgg = lesson("03_vgg")
    pairs, single = vgg.small_net((3, 3), 13).count_params(), vgg.small_net((5,), 11).count_params()
    assert abs(pairs - single) < 0.01 * single


@pytest.mark.parametrize("depth", [11, 16])
def test_scale_model_has_the_layers_and_gains_of_vgg(depth):
    vgg = lesson("03_vgg")
    full, small = vgg.vgg(depth, (32, 32, 3), dense=64, classes=10), vgg.scale_model(depth)
    vgg.begin.__globals__.update(MODELS={depth: small}, vggs={depth: full})
    vgg.begin(depth, lambda n_in, n_out: 0.01, 0.1)
    weighted = [layer for layer in small.layers if layer.weights]
    assert [layer.name for layer in weighted] == [x.name for x in full.layers if x.weights]
    for layer in weighted:
        gain = float(keras.ops.std(layer.kernel)) * vgg.fans(layer.kernel)[0] ** 0.5
        wanted = 0.01 * vgg.fans(full.get_layer(layer.name).kernel)[0] ** 0.5
        assert gain == pytest.approx(wanted, rel=0.3), layer.name
