"""What Keras's server has: the originals of the bundled weights, and every model's answer.

Asked of Keras's own server with ``-m online``. Without a network a server on this machine plays it,
with a small network in each model's place; then it is the tests that are tested.
"""

import dataclasses
import hashlib
import http.server
import threading
from functools import partial

import numpy as np
import pytest

from course_utils import photographs, pretrained
from course_utils.images import read_image
from course_utils.models import weights
from course_utils.models.catalogue import CATALOGUE
from course_utils.pretrained import weights_for

HALF = 2.0**-11  # relative rounding error of float16
VGG16 = pretrained.find("VGG16")
CATS = {"tabby", "tiger cat", "Egyptian cat"}  # each is a right answer to the photograph
EGYPTIAN_CAT, ESPRESSO = 285, 967


ONLINE = pytest.param("Keras's server", marks=pytest.mark.online)


@pytest.fixture(params=[ONLINE, "one here"])
def server(request, monkeypatch, tmp_path):
    """What to call before a model of the catalogue is asked for; an empty cache."""
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    if request.param == "Keras's server":
        yield lambda info: None
        return
    folder = tmp_path / "server"
    handler = partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as here:
        threading.Thread(target=here.serve_forever, args=(0.05,)).start()
        monkeypatch.setattr(weights, "SERVER", f"http://127.0.0.1:{here.server_port}")
        yield partial(put, folder, monkeypatch)
        here.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and writes nothing about it."""

    def log_message(self, *_):
        """Say nothing."""


def put(folder, monkeypatch, info, says=EGYPTIAN_CAT):
    """Have the server give out a small network that gives one answer, as this model's."""
    import keras

    def constructor(*, include_top=True, weights=None):
        outputs = keras.layers.Dense(1000, "softmax")
        layers = [keras.layers.GlobalAveragePooling2D(), outputs]
        network = keras.Sequential([keras.Input((info.input_size, info.input_size, 3)), *layers])
        outputs.set_weights([np.zeros((3, 1000)), 10 * np.eye(1000)[says]])
        if weights:
            network.load_weights(weights)
        return network

    file = folder / weights.address(info, True).removeprefix(weights.SERVER + "/")
    file.parent.mkdir(parents=True)
    constructor().save(file)
    monkeypatch.setattr(f"{info.module}.{info.name}", constructor)
    md5 = info.top.md5 and hashlib.md5(file.read_bytes()).hexdigest()
    known = dataclasses.replace(info, top=dataclasses.replace(info.top, md5=md5))
    monkeypatch.setattr(pretrained, "CATALOGUE", (known,))


def check_answer(name: str) -> None:
    """Fetch a model, and want a cat of a photograph of one."""
    model = pretrained.load(name)
    ((answer,),) = model.predict_top([read_image(photographs.get("chelsea"))], k=1)
    print(f"{name}: {answer.label} ({answer.probability:.0%})")
    assert answer.label in CATS, f"{name} says {answer.label} ({answer.probability:.0%})"
    assert answer.probability > 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "info"),
    [
        *(pytest.param(*ONLINE.values, info, marks=ONLINE.marks) for info in CATALOGUE),
        *(("one here", info) for info in CATALOGUE if info.top.keras),  # the others are here
    ],
    ids=lambda value: getattr(value, "name", value),
    indirect=["server"],
)
def test_every_model_knows_a_cat(server, info):
    server(info)
    check_answer(info.name)


@pytest.mark.slow
@pytest.mark.parametrize("server", ["one here"], indirect=True)
def test_a_wrong_answer_is_found(server):
    with pytest.raises(AssertionError, match="MobileNet says espresso"):
        server(pretrained.find("MobileNet"), says=ESPRESSO)
        check_answer("MobileNet")


def check_original(folder, changed=0.0) -> None:
    """Compare the bundled base with the file that Keras's server has, layer by layer."""
    import keras

    path = keras.utils.get_file(
        VGG16.notop.keras, weights.address(VGG16, include_top=False), cache_dir=folder
    )
    original = keras.applications.VGG16(include_top=False, weights=path)
    bundled = keras.applications.VGG16(
        include_top=False, weights=weights_for("VGG16", include_top=False, weights="bundled")
    )
    bundled.get_layer("block4_conv2").bias.assign_add(np.full(512, changed))
    assert len(bundled.weights) == len(original.weights) == 26
    for ours, theirs in zip(bundled.weights, original.weights, strict=True):
        # Below 2**-14 the numbers of float16 lie 2**-24 apart.
        np.testing.assert_allclose(
            ours.numpy(), theirs.numpy(), rtol=HALF, atol=2.0**-25, err_msg=ours.path
        )


@pytest.mark.slow
def test_the_bundled_vgg16_is_kerass(server, tmp_path):
    give_vgg16(tmp_path)
    check_original(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("server", ["one here"], indirect=True)
def test_a_changed_layer_is_found_and_named(server, tmp_path):
    give_vgg16(tmp_path)
    with pytest.raises(AssertionError, match="block4_conv2/bias"):
        check_original(tmp_path, changed=1e-3)


def give_vgg16(folder) -> None:
    """Have a server here give out the bundled base, in the place of the original."""
    import keras

    name = weights.address(VGG16, include_top=False).removeprefix(weights.SERVER + "/")
    file = folder / "server" / name
    file.parent.mkdir(parents=True)
    path = weights_for("VGG16", include_top=False, weights="bundled")
    keras.applications.VGG16(include_top=False, weights=path).save(
        file
    )  # as Keras's file is laid out


@pytest.mark.online
def test_class_ids_equal_keras_download():
    from keras.applications.imagenet_utils import decode_predictions

    decoded = decode_predictions(np.arange(1000.0)[None], top=1000)[0]
    assert [wnid for wnid, _, _ in reversed(decoded)] == [
        wnid for wnid, _ in pretrained.class_names()
    ]
