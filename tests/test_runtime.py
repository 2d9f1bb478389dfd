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

TF_AT_IMPORT = """
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


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "environment", "growth"),
    [
        ({}, {"KERAS_BACKEND": "torch"}, "true"),
        (
            {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16"},
            {"TF_FORCE_GPU_ALLOW_GROWTH": "false"},
            "false",
        ),
    ],
)
def test_settings_of_the_machine_do_not_reach_the_lesson(tmp_path, settings, environment, growth):
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    done = run(TF_AT_IMPORT, KERAS_HOME=str(tmp_path), **environment)
    assert done.stdout.split() == ["tensorflow", "channels_last", "float32", growth], done.stderr


@pytest.mark.slow
def test_keras_on_another_backend_is_named_with_the_remedy():
    code = """
import sys, types
keras = sys.modules["keras"] = types.ModuleType("keras")
keras.config = types.SimpleNamespace(backend=lambda: "torch")
from course_utils import runtime
runtime.setup()
"""
    error = run(code).stderr.splitlines()[-1]
    assert error.startswith("RuntimeError") and "runs on torch" in error
    assert "Restart the kernel" in error


@pytest.mark.slow
def test_one_thread_is_set_in_time_or_refused():
    code = """
from course_utils import runtime
runtime.setup()
{before}
for _ in range(2):  # a cell may be run again
    runtime.one_thread()
    import tensorflow as tf
    tf.ones(3) + 1
    runtime.setup()
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
    assert run(code.format(before="")).stdout.split() == ["1"]
    late = "import keras; keras.layers.Dense(1).build((None, 1))"
    error = run(code.format(before=late)).stderr.splitlines()[-1]
    assert error.startswith("RuntimeError: one_thread comes too late") and "Restart" in error


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
