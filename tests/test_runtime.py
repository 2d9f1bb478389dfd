"""A lesson starts alike, whatever the machine says about Keras and TensorFlow."""

import gc
import json
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

from course_utils import runtime
from course_utils.paths import ROOT


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


# What TensorFlow finds when it is imported, and what Keras is after it.
SETUP = """
import os, sys
seen = {}
def note(event, arguments):
    if event == "import" and arguments[0] == "tensorflow":
        seen.setdefault("growth", os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH"))
sys.addaudithook(note)
from course_utils import runtime
runtime.setup()
import keras
layer = keras.layers.Conv2D(1, 1)
print(keras.config.backend(), layer.data_format, layer.dtype, seen["growth"])
"""
IN_TIME = """
for _ in range(2):  # a cell may be run again
    runtime.one_thread()
    import tensorflow as tf
    tf.ones(3) + 1
    runtime.setup()
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
TOO_LATE = """
layer.build((None, 1, 1, 1))
runtime.one_thread()
"""


@pytest.mark.slow
def test_another_backend_does_not_reach_the_lesson_and_one_thread_is_set_in_time(tmp_path):
    done = run(SETUP + IN_TIME, KERAS_HOME=str(tmp_path), KERAS_BACKEND="torch")
    assert done.stdout.splitlines() == ["tensorflow channels_last float32 true", "1"], done.stderr


@pytest.mark.slow
def test_settings_of_the_machine_do_not_reach_the_lesson_and_one_thread_may_be_too_late(tmp_path):
    settings = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    done = run(SETUP + TOO_LATE, KERAS_HOME=str(tmp_path), TF_FORCE_GPU_ALLOW_GROWTH="false")
    assert done.stdout.splitlines() == ["tensorflow channels_last float32 false"], done.stderr
    error = done.stderr.splitlines()[-1]
    assert error.startswith("RuntimeError: one_thread comes too late") and "Restart" in error


def test_keras_on_another_backend_is_named_with_the_remedy():
    code = """
import sys, types
keras = sys.modules["keras"] = types.ModuleType("keras")
keras.config = types.SimpleNamespace(backend=lambda: "torch")
sys.modules["tensorflow"] = types.ModuleType("tensorflow")
from course_utils import runtime
runtime.setup()
"""
    error = run(code).stderr.splitlines()[-1]
    assert error.startswith("RuntimeError") and "runs on torch" in error
    assert "Restart the kernel" in error


def test_a_model_that_is_gone_gives_its_memory_back():
    import keras

    gc.collect()
    gc.disable()  # so that nothing but the call below looks for circles
    try:
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("sgd", "mse")
        model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0)
        gone = weakref.ref(model)
        del model
        assert gone() is not None
        runtime.free_memory()
        assert gone() is None
    finally:
        gc.enable()
