"""The bundled weights are what they claim to be."""

import hashlib
import sys

import numpy as np
import pytest

from course_utils.models import efficientnet_lite
from course_utils.models.efficientnet_lite import EfficientNetLite0, preprocess_input
from course_utils.paths import data_dir
from course_utils.pretrained import class_names, weights_for

WEIGHTS = data_dir() / "weights"
MAKE = data_dir() / "make" / "weights"

# Standard deviation of the kernel and mean of the bias, from the float32 originals: tells
# layers of equal shape apart.
VGG16_LAYERS = {
    "block1_conv1": (0.2067, 0.50139),
    "block1_conv2": (0.042478, 0.058556),
    "block2_conv1": (0.032223, 0.11086),
    "block2_conv2": (0.023541, 0.015763),
    "block3_conv1": (0.017376, 0.017144),
    "block3_conv2": (0.012345, 0.035796),
    "block3_conv3": (0.012668, 0.02617),
    "block4_conv1": (0.010052, 0.020438),
    "block4_conv2": (0.0076244, 0.02986),
    "block4_conv3": (0.0079558, 0.031918),
    "block5_conv1": (0.0086938, 0.045725),
    "block5_conv2": (0.0087606, 0.049864),
    "block5_conv3": (0.0084784, 0.14986),
}
HALF = 2.0**-11  # relative rounding error of float16


@pytest.fixture(scope="module")
def vgg16():
    import keras

    path = weights_for("VGG16", include_top=False, weights="bundled")
    return keras.applications.VGG16(include_top=False, weights=path)


@pytest.fixture(scope="module", params=["0", "1", "2"])
def member(request):
    """Which of the EfficientNet-Lite family."""
    return request.param


@pytest.fixture(scope="module")
def lite(member):
    """The network without its softmax."""
    constructor = getattr(efficientnet_lite, f"EfficientNetLite{member}")
    return constructor(classifier_activation=None)


@pytest.fixture(scope="module")
def photographs(lite):
    """The three photographs that the reference logits belong to."""
    sys.path.insert(0, str(MAKE))
    try:
        from weight_files import photographs
    finally:
        sys.path.pop(0)
    return photographs(lite.input_shape[1])


@pytest.fixture(scope="module")
def pytorch_logits(member):
    return np.load(MAKE / f"efficientnet_lite{member}_logits.npy", allow_pickle=False)


def test_every_file_has_its_hash():
    lines = (WEIGHTS / "SHA256SUMS").read_text().splitlines()
    table = {name: digest for digest, name in map(str.split, lines)}
    assert set(table) == {path.name for path in WEIGHTS.iterdir() if path.suffix in (".h5", ".txt")}
    for name, digest in table.items():
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest, name


def test_readme_states_the_hashes():
    readme = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    for line in (WEIGHTS / "SHA256SUMS").read_text().splitlines():
        assert all(word in readme for word in line.split())


def test_vgg16_first_and_last_layer_have_the_published_figures(vgg16):
    kernel, bias = vgg16.get_layer("block1_conv1").get_weights()
    np.testing.assert_allclose(
        kernel[0, 0, 0], np.r_[0.42947057, 0.11727387, 0.03401296, kernel[0, 0, 0, 3:]], rtol=HALF
    )
    np.testing.assert_allclose(bias[:3], [0.73429835, 0.09340367, 0.06775674], rtol=HALF)
    kernel, bias = vgg16.get_layer("block5_conv3").get_weights()
    found = [kernel.std(), kernel.min(), kernel.max()]
    np.testing.assert_allclose(found, [0.008478405, -0.09288482, 0.28699666], rtol=HALF)
    found = [bias.mean(), bias.std(), bias.min(), bias.max()]
    np.testing.assert_allclose(found, [0.14986369, 0.4928213, -0.50036746, 9.431553], rtol=HALF)


def test_vgg16_layer_by_layer(vgg16):
    layers = {layer.name: layer.get_weights() for layer in vgg16.layers if layer.weights}
    assert list(layers) == list(VGG16_LAYERS)
    for name, (kernel, bias) in layers.items():
        np.testing.assert_allclose([kernel.std(), bias.mean()], VGG16_LAYERS[name], rtol=1e-3)


def test_models_are_float32(vgg16, lite):
    for model in (vgg16, lite):
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert model.compute_dtype == "float32"


def test_lite_says_what_pytorch_says(lite, photographs, pytorch_logits):
    logits = lite.predict(preprocess_input(photographs), verbose=0)
    np.testing.assert_allclose(logits, pytorch_logits, atol=0.05)
    best_five = np.argsort(-logits)[:, :5]
    np.testing.assert_array_equal(best_five[:, 0], np.argsort(-pytorch_logits)[:, 0])
    assert [class_names()[i][1] for i in best_five[:2, 0]] == ["Egyptian cat", "espresso"]


@pytest.mark.parametrize(
    "wrong_input",
    [
        lambda x: preprocess_input(x[..., ::-1]),
        lambda x: ((x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype("float32"),
        lambda x: x.astype("float32") / 127.5 - 1,
    ],
    ids=["BGR", "mean and deviation of ImageNet", "-1 to 1"],
)
def test_the_bound_finds_wrong_preprocessing(lite, photographs, pytorch_logits, wrong_input):
    logits = lite.predict(wrong_input(photographs), verbose=0)
    assert np.abs(logits - pytorch_logits).max() > 0.05


def test_the_bound_finds_a_wrong_epsilon(monkeypatch, lite, photographs, pytorch_logits):
    from keras.layers import BatchNormalization

    for layer in lite.layers:
        if isinstance(layer, BatchNormalization):
            monkeypatch.setattr(layer, "epsilon", 1e-5)  # PyTorch's default
    logits = lite(preprocess_input(photographs), training=False).numpy()
    assert np.abs(logits - pytorch_logits).max() > 1


def test_lite_base_takes_the_same_file(member, lite):
    constructor = getattr(efficientnet_lite, f"EfficientNetLite{member}")
    base = constructor(include_top=False, pooling="avg")
    assert base.output_shape == (None, 1280)
    for found, wanted in zip(base.get_weights(), lite.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_weights_for_gives_the_file_of_the_constructors_default():
    path = weights_for("EfficientNetLite0", include_top=True, weights="bundled")
    models = EfficientNetLite0(weights=path), EfficientNetLite0()
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_class_names():
    names = class_names()
    wnids = [wnid for wnid, _ in names]
    assert len(names) == 1000 and wnids == sorted(set(wnids))
    assert len({label for _, label in names}) == 1000
    assert names[285] == ("n02124075", "Egyptian cat")
