"""The catalogue, where weights come from, and what the classifier says."""

import importlib
import inspect
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from course_utils import pretrained
from course_utils.data import sample_photographs
from course_utils.guards import GuardError
from course_utils.images import read_image
from course_utils.models import weights
from course_utils.paths import data_dir
from course_utils.pretrained import (
    WeightsCorruptError,
    WeightsUnavailableError,
    available,
    catalogue,
    load,
    preprocess_for,
    weights_for,
)

PHOTOGRAPHS = ("chelsea", "coffee", "grace_hopper")


@pytest.fixture(autouse=True)
def own_machine(monkeypatch, tmp_path):
    """An empty cache, no network, and no setting of the user's."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setattr(socket, "create_connection", _refuse)


def _refuse(*args, **kwargs):
    raise OSError("no network")


@pytest.fixture(scope="module")
def classifier():
    return load("EfficientNetLite0", weights="bundled")


@pytest.fixture(scope="module")
def images():
    files = sample_photographs()
    return [read_image(files[name]) for name in PHOTOGRAPHS]


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def course_copy(monkeypatch, tmp_path):
    """A copy of data/weights that a test may damage; returns its VGG16 file."""
    shutil.copytree(data_dir() / "weights", tmp_path / "data" / "weights")
    monkeypatch.setattr(weights, "data_dir", lambda: tmp_path / "data")
    return tmp_path / "data" / "weights" / "vgg16_notop.weights.h5"


# The catalogue


def test_import_does_not_import_tensorflow():
    code = "import course_utils.pretrained, sys; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_catalogue_holds_the_families_of_the_lecture():
    names = [info.name for info in catalogue()]
    assert len(names) == len(set(names)) == 13
    assert len({info.family for info in catalogue()}) == 7


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "ResNet50", "EfficientNetLite0"])
def test_catalogue_agrees_with_the_built_model(name):
    info = pretrained._find(name)
    model = getattr(importlib.import_module(info.module), name)(weights=None)
    assert model.count_params() == info.parameters
    assert model.input_shape == (None, info.input_size, info.input_size, 3)
    assert sum(bool(layer.weights) for layer in model.layers) == info.depth
    assert info.size_mb == pytest.approx(info.parameters * 4 / 2**20, rel=0.05)


@pytest.mark.parametrize("name", [info.name for info in catalogue() if "Lite" not in info.name])
def test_cached_files_are_those_of_keras(name):
    info = pretrained._find(name)
    constructor = getattr(importlib.import_module(info.module), name)
    source = inspect.getsource(sys.modules[constructor.__module__])
    for file in (info.top, info.notop):
        assert file.md5 is None or file.md5 in source


def test_unknown_name_gets_close_matches():
    with pytest.raises(ValueError, match=r"'vgg61'.*VGG16"):
        load("vgg61")
    with pytest.raises(ValueError, match=r"Known: .*EfficientNetLite0"):
        weights_for("something else", include_top=True)


# Where weights come from


def test_bundled_weights_are_available_to_all():
    assert available() == ["EfficientNetLite0"]
    assert available(include_top=False) == ["VGG16", "EfficientNetLite0"]


def test_offline_error_comes_at_once_and_says_what_to_do(tmp_path):
    start = time.perf_counter()
    with pytest.raises(WeightsUnavailableError) as caught:
        load("ResNet50")
    assert time.perf_counter() - start < 1
    message = str(caught.value)
    assert "ResNet50" in message
    assert "resnet50_weights_tf_dim_ordering_tf_kernels.h5" in message
    assert str(tmp_path / "keras" / "models") in message
    assert "Available now: EfficientNetLite0" in message


def test_a_network_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *args, **kwargs: time.sleep(60))
    monkeypatch.setattr(weights, "CONNECT_SECONDS", 0.2)
    start = time.perf_counter()
    with pytest.raises(WeightsUnavailableError):
        weights_for("MobileNet", include_top=True)
    assert time.perf_counter() - start < 2


def test_with_a_network_keras_downloads(monkeypatch):
    monkeypatch.setattr(weights, "_host_answers", lambda: True)
    assert weights_for("MobileNet", include_top=True) == "imagenet"


def test_a_failing_download_is_an_unavailable_model(monkeypatch):
    def fail(weights):
        assert weights == "imagenet" and socket.getdefaulttimeout() is not None
        raise Exception("URL fetch failure")

    monkeypatch.setattr(weights, "_host_answers", lambda: True)
    monkeypatch.setattr("keras.applications.mobilenet.MobileNet", fail)
    with pytest.raises(WeightsUnavailableError, match="URL fetch failure"):
        load("MobileNet")
    assert socket.getdefaulttimeout() is None


def test_cache_is_used_without_a_network(cache):
    file = cache / "mobilenet_1_0_224_tf_no_top.h5"
    file.write_bytes(b"weights")
    assert weights_for("MobileNet", include_top=False) == str(file)
    assert "MobileNet" in available(include_top=False)
    assert "MobileNet" not in available()


def test_a_damaged_cached_file_is_refused_and_kept(cache):
    file = cache / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    file.write_bytes(b"half of a download")
    with pytest.raises(WeightsCorruptError, match="vgg16_weights"):
        load("VGG16")
    assert file.read_bytes() == b"half of a download"


def test_bundled_only_looks_at_neither_cache_nor_network(cache, monkeypatch):
    (cache / "mobilenet_1_0_224_tf.h5").write_bytes(b"weights")
    monkeypatch.setattr(weights, "_host_answers", lambda: pytest.fail("looked at the network"))
    monkeypatch.setenv("COURSE_WEIGHTS", "bundled")
    assert available() == ["EfficientNetLite0"]
    with pytest.raises(WeightsUnavailableError, match="unset it"):
        load("MobileNet")


def test_misspelt_settings_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="weights='imagenet'"):
        load("VGG16", weights="imagenet")
    monkeypatch.setenv("COURSE_WEIGHTS", "bundeld")
    with pytest.raises(ValueError, match="COURSE_WEIGHTS='bundeld'"):
        available()


def test_a_flipped_byte_is_refused(course_copy):
    data = bytearray(course_copy.read_bytes())
    data[len(data) // 2] ^= 1
    course_copy.write_bytes(data)
    with pytest.raises(WeightsCorruptError, match=r"vgg16_notop.* is damaged.*git checkout"):
        weights_for("VGG16", include_top=False)


def test_a_truncated_file_is_refused(course_copy):
    course_copy.write_bytes(course_copy.read_bytes()[:1000])
    with pytest.raises(WeightsCorruptError, match=r"1000 bytes"):
        weights_for("VGG16", include_top=False)


def test_a_git_lfs_pointer_is_refused(course_copy):
    course_copy.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(WeightsCorruptError, match="git lfs pull"):
        weights_for("VGG16", include_top=False)


def test_a_missing_file_is_named(course_copy):
    course_copy.unlink()
    with pytest.raises(WeightsCorruptError, match=r"vgg16_notop\.weights\.h5 is missing"):
        weights_for("VGG16", include_top=False)


# What the classifier says


def test_photographs_are_recognised(classifier, images):
    best = [guesses[0] for guesses in classifier.predict_top(images)]
    labels = ["Egyptian cat", "espresso", "military uniform"]
    assert [guess.label for guess in best] == labels
    np.testing.assert_allclose([guess.probability for guess in best], [0.39, 0.94, 0.40], atol=0.02)
    assert classifier.weights_source == "bundled"


def test_guesses_are_sorted_and_as_many_as_asked(classifier, images):
    for guesses in classifier.predict_top(images, k=3):
        assert len(guesses) == 3
        probabilities = [guess.probability for guess in guesses]
        assert probabilities == sorted(probabilities, reverse=True)
    with pytest.raises(ValueError, match="k=0"):
        classifier.predict_top(images, k=0)


def test_answers_depend_on_nothing_but_the_image(classifier, images):
    before = [image.copy() for image in images]
    together = classifier.predict(images)
    backwards = classifier.predict(images[::-1])[::-1]
    alone = np.concatenate([classifier.predict(image[None]) for image in images])
    np.testing.assert_allclose(backwards, together, atol=1e-5)
    np.testing.assert_allclose(alone, together, atol=1e-5)
    for image, original in zip(images, before, strict=True):
        np.testing.assert_array_equal(image, original)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda image: image[None] / 255.0,
        lambda image: [image.astype(np.float32)],
        lambda image: image,
        lambda image: image[None, ..., :1],
        lambda image: [image, image[..., 0]],
        lambda image: np.concatenate([image, image[..., :1]], axis=-1)[None],
    ],
    ids=["float", "list with float", "no batch axis", "grey", "list with grey", "alpha"],
)
def test_wrong_images_are_refused(classifier, images, wrong):
    with pytest.raises(GuardError, match="Expected"):
        classifier.predict(wrong(images[0]))


def test_no_images_are_refused(classifier):
    with pytest.raises(ValueError, match="No images"):
        classifier.predict([])


@pytest.mark.parametrize("name", ["VGG16", "MobileNet", "DenseNet121", "EfficientNetLite0"])
def test_preprocessing_leaves_its_argument_alone(name):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3)).astype(np.float32)
    before = pixels.copy()
    first, second = preprocess_for(name)(pixels), preprocess_for(name)(pixels)
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32 and np.abs(first - pixels).max() > 1


def test_vgg16_preprocessing_swaps_the_channels_and_centres_them():
    red = np.zeros((1, 1, 1, 3), np.uint8)
    red[..., 0] = 255
    means = [103.939, 116.779, 123.68]
    expected = np.array([0, 0, 255]) - means
    np.testing.assert_allclose(preprocess_for("VGG16")(red)[0, 0, 0], expected, rtol=1e-6)
