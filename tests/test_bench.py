"""``course bench``: both ways train the same head, and misses are named."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils import data
from course_utils.command import bench
from course_utils.command.onnx_graph import to_onnx
from course_utils.transfer import extract_features

GOOD = bench.Measurement(
    images=65,
    cores=2,
    lecture=80.0,
    head=1.0,
    extraction=(9.0, 8.0, 10.0),
    from_disk=(8.5, 9.5, 8.7),
    floor=(7.5, 9.0, 8.5),
    onnx=(7.8, 8.0, 9.0),
    head_difference=1e-6,
    onnx_difference=1e-5,
    memory={100: 850.0, 1_000: 860.0, 10_000: 870.0},
    memory_of_files={100: 900.0, 1_000: 930.0, 10_000: 950.0},
)


@pytest.fixture
def base():
    """A chain with both paddings, a stride, and sizes that do not divide evenly."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((21, 21, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", bias_initializer="normal"),
            layers.Conv2D(5, (2, 4), strides=2, padding="same", use_bias=False),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    model.trainable = False
    return model


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (25, 21, 21, 3), dtype=np.uint8)


def scale(batch):
    return batch / 127.5 - 1


def test_both_ways_train_the_same_head(base, images):
    labels = np.arange(25) % 5
    features = extract_features(base, images, scale, cache=False)
    fast = bench.fit_on_features(features, labels)
    slow = bench.fit_through_base(base, scale(images.astype(np.float32)), labels)
    start = bench._new_head(6, labels).get_weights()
    for a, b, before in zip(fast, slow, start, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
        assert np.abs(a - before).max() > 0.01  # 30 steps of about 0.001 each


def test_the_time_is_that_of_the_function_alone(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(bench, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def work():
        clock.now += 2.5
        return "result"

    assert bench._timed(work) == ("result", 2.5)
    clock.now += 7
    assert bench._timed(work) == ("result", 2.5)


def test_onnx_runtime_gives_the_same_features(base, images):
    pytest.importorskip("onnxruntime")
    inputs = scale(images.astype(np.float32))
    run = bench.onnx_engine(base)
    np.testing.assert_allclose(run(inputs), base.predict(inputs, verbose=0), atol=1e-5)
    assert run(inputs[:3]).shape == (3, 6)


def test_onnx_refuses_what_it_would_get_wrong():
    pytest.importorskip("onnx")
    import keras

    inputs = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(3, 1)(inputs)
    with pytest.raises(ValueError, match="BatchNormalization"):
        to_onnx(keras.Model(inputs, keras.layers.BatchNormalization()(first)))
    with pytest.raises(ValueError, match="Conv2D"):
        to_onnx(keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="sigmoid")(first)))
    with pytest.raises(ValueError, match="does not follow"):
        to_onnx(keras.Model(inputs, [first, keras.layers.Conv2D(3, 1)(inputs)]))


def test_report_states_what_was_measured():
    lines = bench.report(GOOD).splitlines()

    def numbers(beginning):
        (line,) = (line for line in lines if line.startswith(beginning))
        return line.removeprefix(beginning).split()

    assert numbers("lecture: fit through the frozen base") == ["80.00", "1231"]
    assert numbers("course: extract once, fit on the features") == ["10.00", "154"]
    assert numbers("10,000") == ["1,505", "870", "950"]
    assert numbers("time of the lecture's way / the course's") == ["≥", "8", "8.00", "yes"]
    assert numbers("time of extraction / the floor") == ["≤", "1.2", "1.07", "yes"]
    assert numbers("time of extraction from files / the floor") == ["≤", "1.2", "1.13", "yes"]
    assert numbers("speed of extraction / ONNX Runtime") == ["≥", "0.9", "0.975", "yes"]
    assert numbers("spread of peak memory (MB)") == ["≤", "200", "20.0", "yes"]
    assert numbers("spread of peak memory, from files (MB)") == ["≤", "200", "50.0", "yes"]
    assert bench.exit_code(GOOD) == 0


@pytest.mark.parametrize(
    "goal, change",
    [
        ("head weights", {"head_difference": 1.1e-4}),
        ("time of the lecture's way", {"lecture": 79.9}),
        (
            "time of extraction / the floor",
            {"extraction": (9.1, 9.2), "onnx": (9.0, 9.1), "lecture": 90.0},
        ),
        ("time of extraction from files", {"from_disk": (9.1, 9.2)}),
        ("speed of extraction", {"onnx": (7.1, 8.0, 9.0)}),
        ("features", {"onnx_difference": 1.1e-3}),
        ("spread", {"memory": {100: 850.0, 10_000: 1051.0}}),
        ("spread", {"memory": {100: 1051.0, 10_000: 850.0}}),
        (
            "spread of peak memory, from files",
            {"memory_of_files": {100: 850.0, 1_000: 900.0, 10_000: 1051.0}},
        ),
    ],
)
def test_a_missed_goal_is_named_and_fails(goal, change):
    missed = dataclasses.replace(GOOD, **change)
    assert bench.exit_code(missed) == 1
    (line,) = (line for line in bench.report(missed).splitlines() if line.endswith("NO"))
    assert line.startswith(goal)


def test_without_onnx_runtime_the_report_says_how_to_install_it():
    without = dataclasses.replace(GOOD, onnx=(), onnx_difference=0.0)
    assert bench.exit_code(without) == 0
    text = bench.report(without)
    assert bench.INSTALL in text and text.count("not measured") == 2


def test_without_onnx_runtime_the_bare_pass_is_still_measured(base, images, monkeypatch):
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    (run,) = bench._engines(base)
    inputs = scale(images.astype(np.float32))
    features = bench._forward(run, inputs)  # two batches, the second a shorter one
    np.testing.assert_allclose(features, base.predict(inputs, verbose=0), atol=1e-5)


def test_files_are_those_of_the_images_over_and_over(tmp_path):
    (x_train, _), _ = data.load_objects()
    bench.write_files(tmp_path, len(x_train) + 5, "train")
    images, _, _ = data.load_folder(tmp_path)  # sorted by name: 0.jpg, 1.jpg, 10.jpg, …
    assert len(images) == len(x_train) + 5
    np.testing.assert_array_equal(images[:2], x_train[:2])
    assert len(np.unique(images, axis=0)) == len(np.unique(x_train, axis=0))


@pytest.mark.weekly
@pytest.mark.parametrize("measured", [bench.memory_beyond_images, bench.memory_from_files])
def test_memory_does_not_grow_with_the_images(measured):
    # As floats all at once, 448 images more would take 270 MB.
    few, many = (bench.memory_in_a_process(n, measured) for n in (64, 512))
    assert abs(many - few) < 50
