"""The catalogue, where weights come from, and what the classifier says."""

import dataclasses
import hashlib
import importlib
import os
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from course_utils import paths, pretrained
from course_utils.command.prefetch import OF_THE_LESSONS
from course_utils.data import sample_photographs
from course_utils.guards import GuardError
from course_utils.images import read_image
from course_utils.models import weights
from course_utils.networks import shapes_only
from course_utils.paths import ROOT, data_dir
from course_utils.pretrained import (
    WeightsCorruptError,
    WeightsUnavailableError,
    available,
    catalogue,
    class_names,
    load,
    preprocess_for,
    weights_for,
)

PHOTOGRAPHS = ("chelsea", "coffee", "grace_hopper")
LITE = ["EfficientNetLite0", "EfficientNetLite1", "EfficientNetLite2"]


@pytest.fixture(autouse=True)
def own_machine(monkeypatch, tmp_path):
    """An empty cache, no network, and no setting of the user's."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(weights, "SERVER", "http://127.0.0.1:1")  # where nobody listens


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
    assert len(names) == len(set(names)) == 15
    assert len({info.family for info in catalogue()}) == 7


@pytest.mark.parametrize(
    "name",
    [
        "MobileNet",
        "MobileNetV2",
        "ResNet50",
        "EfficientNetLite0",
        "EfficientNetLite1",
        "EfficientNetLite2",
    ],
)
def test_catalogue_agrees_with_the_built_model(name):
    info = pretrained.find(name)
    model = getattr(importlib.import_module(info.module), name)(weights=None)
    assert model.count_params() == info.parameters
    assert model.input_shape == (None, info.input_size, info.input_size, 3)
    assert sum(bool(layer.weights) for layer in model.layers) == info.depth
    assert info.size_mb == pytest.approx(info.parameters * 4 / 2**20, rel=0.05)


def of_keras():
    """Names of Keras's own models: those of the lessons, and, less often tested, all others."""
    for name in (info.name for info in catalogue() if "Lite" not in info.name):
        often = pytest.mark.slow if name in OF_THE_LESSONS else pytest.mark.weekly
        yield pytest.param(name, marks=often)


@pytest.mark.parametrize("include_top", [True, False])
@pytest.mark.parametrize("name", of_keras())
def test_files_are_those_of_keras(monkeypatch, name, include_top):
    class Asked(Exception):
        pass

    def get_file(fname, origin, cache_subdir, file_hash=None):
        raise Asked(fname, origin, cache_subdir, file_hash)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    info = pretrained.find(name)
    constructor = getattr(importlib.import_module(info.module), name)
    with shapes_only(), pytest.raises(Asked) as asked:
        constructor(include_top=include_top, weights="imagenet")
    monkeypatch.undo()
    file = info.file(include_top=include_top)
    url = weights.address(info, include_top)
    assert asked.value.args == (file.keras, url, "models", file.md5)


def test_unknown_name_gets_close_matches():
    with pytest.raises(ValueError, match=r"'vgg61'.*VGG16"):
        load("vgg61")
    with pytest.raises(ValueError, match=r"Known: .*EfficientNetLite0"):
        weights_for("something else", include_top=True)


# Where weights come from


def test_bundled_weights_are_available_to_all():
    assert available() == LITE
    assert available(include_top=False) == ["VGG16", *LITE]


def test_weights_that_were_not_installed_are_not_available(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert available() == available(include_top=False) == []
    with pytest.raises(WeightsUnavailableError, match=r"Available now: none\."):
        load("ResNet50")


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


# Downloads, from a server on this machine

BODY = b"weights of VGG16" * 100_000
HEADER = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
LISTED = dataclasses.replace(
    pretrained.find("VGG16"),
    top=dataclasses.replace(pretrained.find("VGG16").top, md5=hashlib.md5(BODY).hexdigest()),
)


@pytest.fixture
def serve(monkeypatch):
    """A server that answers every request with what it is given; a limit that suits a test."""
    over = threading.Event()
    servers = []

    def start(*answer, drip=0.0):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.request.recv(10_000)
                try:
                    for part in answer:
                        self.wfile.write(part)
                        over.wait(drip)
                except OSError:
                    return  # the other side is gone
                if not answer:
                    over.wait()

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        monkeypatch.setattr(weights, "SERVER", f"http://127.0.0.1:{server.server_address[1]}")
        return weights.SERVER

    others = [info for info in catalogue() if info.name != LISTED.name]
    monkeypatch.setattr(pretrained, "CATALOGUE", (LISTED, *others))
    monkeypatch.setattr(weights, "STALL_SECONDS", 2.0)
    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def processes(monkeypatch):
    """Every process of Python that is started."""
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if self.args[0] == sys.executable:
                started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return started


def bytewise(data):
    return [data[i : i + 1] for i in range(len(data))]


def test_a_download_is_kept_under_kerass_name(serve, cache):
    serve(HEADER, BODY)
    path = weights_for("VGG16", include_top=True)
    assert path == str(cache / "vgg16_weights_tf_dim_ordering_tf_kernels.h5")
    assert (cache / path).read_bytes() == BODY
    serve(b"HTTP/1.0 404 Not Found\r\n\r\n")
    assert weights_for("VGG16", include_top=True) == path
    assert os.listdir(cache) == [os.path.basename(path)]


BROKEN_ANSWERS = {
    "silent": ((), 0, "the server does not answer"),
    "a header bit by bit": (bytewise(HEADER), 0.3, "the server does not answer"),
    "a header alone": ((HEADER,), 60, "the server does not answer"),
    "drips": ((HEADER, *bytewise(BODY[:100])), 0.2, "it stalled after"),
    "stalls": ((HEADER + BODY[:300_000],), 60, "it stalled after 300,000 bytes"),
    "breaks off": ((HEADER, BODY[:-1]), 0, r"\(1,599,999 bytes\) is damaged or incomplete"),
    "garbage": ((HEADER, BODY.upper()), 0, r"\(1,600,000 bytes\) is damaged or incomplete"),
    "html": ((b"HTTP/1.0 200 OK\r\n\r\n<html>Log in",), 0, r"\(12 bytes\) is damaged"),
    "not found": ((b"HTTP/1.0 404 Not Found\r\n\r\n",), 0, "404: Not Found"),
    "no http": ((b"\0" * 1000,), 0, "BadStatusLine"),
    "hangs up": ((b"",), 0, "Remote end closed connection"),
}


@pytest.mark.parametrize(("answer", "drip", "why"), BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
def test_what_does_not_come_right_is_an_unavailable_model(
    monkeypatch, serve, cache, processes, answer, drip, why
):
    if "does not answer" in why:
        monkeypatch.setattr(weights, "CONNECT_SECONDS", 1.0)
    serve(*answer, drip=drip)
    start = time.perf_counter()
    with pytest.raises(WeightsUnavailableError, match=f"the download failed .*{why}"):
        weights_for("VGG16", include_top=True)
    assert time.perf_counter() - start < 10
    assert list(cache.iterdir()) == []
    assert [process.poll() is None for process in processes] == [False]


@pytest.mark.slow
def test_a_slow_download_that_goes_on_is_waited_for(serve, cache):
    parts = [BODY[i : i + 400_000] for i in range(0, len(BODY), 400_000)]
    serve(HEADER, *parts, drip=0.7)
    assert weights_for("VGG16", include_top=True)


def test_an_interrupted_download_leaves_nothing(serve, cache, processes, monkeypatch):
    def interrupted(items, label, total):
        next(items)
        raise KeyboardInterrupt

    serve(HEADER + BODY[:-1], drip=60)
    monkeypatch.setattr(weights, "progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        weights_for("VGG16", include_top=True)
    assert list(cache.iterdir()) == []
    assert [process.poll() is None for process in processes] == [False]


def test_a_folder_that_cannot_be_written_is_named(serve, tmp_path):
    serve(HEADER, BODY)
    (tmp_path / "keras").write_text("")
    with pytest.raises(
        WeightsUnavailableError, match=f"{re.escape(str(tmp_path))}.* cannot be written"
    ):
        weights_for("VGG16", include_top=True)


def test_a_killed_kernel_leaves_no_half_file(serve, cache):
    server = serve(HEADER, *(BODY[i : i + 100] for i in range(10_000)), drip=0.05)
    code = (
        "from course_utils import pretrained\nfrom course_utils.models import weights\n"
        f"weights.SERVER = {server!r}\npretrained.weights_for('VGG16', include_top=True)"
    )
    kernel = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in cache.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kernel.kill()
    kernel.wait()
    serve(HEADER, BODY)
    assert available() == LITE
    weights_for("VGG16", include_top=True)


# Keras's cache


def small_net(*, include_top=True, weights=None):
    """Stands in for MobileNet, of whose files Keras states no hash."""
    import keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4 if include_top else 2)])
    if weights:
        net.load_weights(weights)
    return net


@pytest.fixture
def mobilenet(monkeypatch, cache):
    """Its files in Keras's cache, with and without the classifier."""
    monkeypatch.setattr("keras.applications.mobilenet.MobileNet", small_net)
    info = pretrained.find("MobileNet")
    files = [cache / file.keras for file in (info.top, info.notop)]
    for include_top, file in zip((True, False), files, strict=True):
        small_net(include_top=include_top).save(file)
    return files


def test_cache_is_used_without_a_network(mobilenet):
    file, _ = mobilenet
    assert weights_for("MobileNet", include_top=True) == str(file)
    assert load("MobileNet").weights_source == "cache"
    file.unlink()
    assert "MobileNet" in available(include_top=False)
    assert "MobileNet" not in available()


DAMAGES = {
    "empty": lambda file: file.write_bytes(b""),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "last byte missing": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "html": lambda file: file.write_text("<!DOCTYPE html>"),
    "lfs pointer": lambda file: file.write_text("version https://git-lfs.github.com/spec/v1"),
    "folder": lambda file: (file.unlink(), file.mkdir()),
}
if os.name != "nt":  # which lets only administrators make links
    DAMAGES["dangling link"] = lambda file: (file.unlink(), file.symlink_to("nowhere"))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cached_file_is_refused_and_not_listed(mobilenet, damage):
    file, _ = mobilenet
    damage(file)
    with pytest.raises(
        WeightsCorruptError, match=f"{re.escape(str(file))} in Keras's cache .* Delete"
    ):
        weights_for("MobileNet", include_top=True)
    with pytest.raises(
        WeightsCorruptError, match=f"{re.escape(str(file))} in Keras's cache .* Delete"
    ):
        load("MobileNet")
    assert available() == LITE


def test_keras_needs_no_network_where_its_files_were_fetched(mobilenet, cache):
    pretrained.fetch_for_keras("MobileNet")
    index = (cache / "imagenet_class_index.json").read_bytes()
    assert hashlib.md5(index).hexdigest() == "c2c37ea517e94d9795004a39431a14cb"  # Keras's own


def test_what_cannot_be_fetched_for_keras_is_told_at_once(cache):
    start = time.perf_counter()
    with pytest.raises(WeightsUnavailableError, match="MobileNet"):
        pretrained.fetch_for_keras("MobileNet")
    assert time.perf_counter() - start < 1
    assert list(cache.iterdir()) == []
    with pytest.raises(ValueError, match="is not Keras's"):
        pretrained.fetch_for_keras("EfficientNetLite0")


def change_a_bit(file):
    """Change the last bit of the first number that HDF5 has of the kernel."""
    import h5py

    with h5py.File(file, "r") as content:
        kernels = []
        content.visititems(lambda _, item: kernels.append(item) if is_kernel(item) else None)
        at = kernels[0].id.get_offset()
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def is_kernel(item) -> bool:
    return getattr(item, "shape", None) == (3, 4)


def test_a_flipped_bit_is_seen_where_keras_states_no_hash(mobilenet):
    file, _ = mobilenet
    load("MobileNet")
    change_a_bit(file)
    with pytest.raises(WeightsCorruptError, match=r"is damaged .* SHA256 .*sha256 has it"):
        load("MobileNet")
    small_net(weights=str(file))  # to Keras it is as good as before


def test_a_damaged_record_is_made_anew(mobilenet):
    file, _ = mobilenet
    load("MobileNet")
    record = file.with_name(file.name + ".sha256")
    written = record.read_bytes()
    for damage in (b"", b"\xff" * 64, written[:40], b"no hash  " + written):
        record.write_bytes(damage)
        load("MobileNet")
        assert record.read_bytes() == written


def test_numbers_that_are_none_are_refused_and_not_recorded(mobilenet):
    file, _ = mobilenet
    net = small_net()
    net.set_weights([np.full(w.shape, np.nan) for w in net.get_weights()])
    net.save(file)
    with pytest.raises(WeightsCorruptError, match="infinite or no numbers"):
        load("MobileNet")
    assert not list(file.parent.glob("*.sha256"))


def test_a_cache_that_cannot_be_written_keeps_no_record_and_serves(mobilenet, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(weights, "save_whole", refuse)
    assert load("MobileNet").weights_source == "cache"


def test_a_download_is_recorded_over_what_was_known_of_a_file_before(mobilenet, serve):
    file, _ = mobilenet
    body = file.read_bytes()
    header = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    file.unlink()
    file.with_name(file.name + ".sha256").write_text(f"{'0' * 64}  {file.name}\n")
    serve(header, body)
    assert weights_for("MobileNet", include_top=True) == str(file)
    record = file.with_name(file.name + ".sha256").read_text()
    assert record == f"{hashlib.sha256(body).hexdigest()}  {file.name}\n"
    assert weights_for("MobileNet", include_top=True) == str(file)
    change_a_bit(file)
    with pytest.raises(WeightsCorruptError):
        weights_for("MobileNet", include_top=True)


def test_weights_of_another_model_are_refused(mobilenet):
    file, other = mobilenet
    shutil.copy(other, file)
    with pytest.raises(WeightsCorruptError, match="or another model's"):
        load("MobileNet")


@pytest.mark.parametrize("damage", [*DAMAGES.values(), None], ids=[*DAMAGES, "flipped bit"])
def test_a_damaged_file_with_a_hash_is_refused_and_kept(serve, cache, damage):
    file = cache / LISTED.top.keras
    file.write_bytes(BODY)
    assert weights_for("VGG16", include_top=True) == str(file)
    if damage:
        damage(file)
    else:
        file.write_bytes(BODY[:500] + b"\0" + BODY[501:])
    with pytest.raises(
        WeightsCorruptError, match=f"{re.escape(str(file))} in Keras's cache .* Delete"
    ):
        weights_for("VGG16", include_top=True)
    assert os.path.lexists(file)


def test_a_file_that_may_not_be_read_is_named(course_copy, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(hashlib, "file_digest", refuse)
    with pytest.raises(WeightsCorruptError, match=r"vgg16_notop.* cannot be read .Permission"):
        weights_for("VGG16", include_top=False)


def test_bundled_only_looks_at_neither_cache_nor_network(cache, monkeypatch):
    (cache / "mobilenet_1_0_224_tf.h5").write_bytes(b"weights")
    monkeypatch.setattr(weights, "_download", lambda *_: pytest.fail("looked at the network"))
    monkeypatch.setenv("COURSE_WEIGHTS", "bundled")
    assert available() == LITE
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
    with pytest.raises(WeightsCorruptError, match=r"1,000 bytes"):
        weights_for("VGG16", include_top=False)


def test_a_git_lfs_pointer_is_refused(course_copy):
    course_copy.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(WeightsCorruptError, match="git lfs pull"):
        weights_for("VGG16", include_top=False)


def test_a_missing_file_is_named(course_copy):
    course_copy.unlink()
    with pytest.raises(WeightsCorruptError, match=r"vgg16_notop\.weights\.h5 cannot be read .No "):
        weights_for("VGG16", include_top=False)


@pytest.mark.parametrize(
    "text", [None, b"", b"\xff\0", b"<!DOCTYPE html>\n", b"0 a  b\n", b"0 a\n"]
)
def test_a_damaged_list_of_hashes_is_named(course_copy, text):
    hashes = course_copy.with_name("SHA256SUMS")
    hashes.unlink()
    if text is not None:
        hashes.write_bytes(text)
    with pytest.raises(WeightsCorruptError, match=r"SHA256SUMS is missing.*git checkout"):
        weights_for("VGG16", include_top=False)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_list_of_classes_is_named(course_copy, damage):
    class_names.cache_clear()
    file = course_copy.with_name("imagenet_classes.txt")
    damage(file)
    with pytest.raises(WeightsCorruptError, match=f"{re.escape(str(file))} .*git checkout"):
        class_names()


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
