"""Cells of lesson 08 that need the whole VGG16, with its file in Keras's cache."""

import os
import subprocess
import sys

import pytest

from course_utils.command.lessons import from_source
from course_utils.paths import ROOT, notebooks_dir

CELLS = from_source(notebooks_dir() / "source" / "08_transfer_learning.py").cells


def cell(words: str) -> str:
    """The code cell in which some words stand."""
    (found,) = (c.source for c in CELLS if c.cell_type == "code" and words in c.source)
    return found


# What the lesson's cells have set before, with fewer images; and no server.
BEFORE = """
from course_utils import runtime; runtime.setup()
import os, keras, numpy as np
from keras.applications import vgg16
from course_utils import data, plotting, pretrained
from course_utils.data import CLASS_NAMES
from course_utils.models import weights
weights.SERVER = "http://127.0.0.1:1"  # where nobody listens
(x_train, y_train), (x_test, y_test) = data.load_objects()
x_train, y_train, x_test, y_test = x_train[::13], y_train[::13], x_test[::40], y_test[::40]
n_test = len(x_test)
"""
# Random weights under the name that Keras gives its file; their hash is passed over.
SAVE = """
from keras.src.utils import file_utils
file_utils.validate_file = lambda *a, **k: True
weights._differs = lambda *a: None
os.makedirs(os.environ["KERAS_HOME"] + "/models")
random = vgg16.VGG16(weights=None)
random.save(os.environ["KERAS_HOME"] + "/models/vgg16_weights_tf_dim_ordering_tf_kernels.h5")
last = random.get_weights()[0]
del random
"""
SAME = """
assert np.array_equal(last, whole.get_weights()[0]), "other weights than those in the cache"
assert not whole.trainable_weights
"""


def run(code: str, home) -> list[str]:
    """Lines that code prints in a process of its own, with an empty cache of Keras's."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={key: value for key, value in os.environ.items() if key != "COURSE_WEIGHTS"}
        | {"KERAS_HOME": str(home / "keras"), "PYTHONPATH": str(ROOT)},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.weekly
def test_whole_vgg16_is_asked_cut_and_trained(tmp_path):
    cut = cell("fc2_layer").replace("epochs=10", "epochs=2")
    assert cut != cell("fc2_layer")
    lines = run("\n".join([BEFORE, SAVE, cell("vgg16.VGG16()"), SAME, cut]), tmp_path)
    assert sum(line.endswith("%)") for line in lines) == 5, "the five likeliest classes"
    text = "\n".join(lines)
    assert "Total params: 138,357,544" in text
    assert "Trainable params: 20,485" in text
    assert "Epoch 2/2" in text and "test accuracy" in lines[-2]
    assert lines[-1].startswith("Prediction: ")
