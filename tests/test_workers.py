"""One machine, several cards and several machines find the same."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import worker_experiment

from course_utils import runtime, training
from course_utils.paths import ROOT

CLUSTER = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
FEATURES, LOSSES = 1e-5, 1e-4  # largest difference from one machine


@pytest.fixture(scope="module")
def alone():
    """What one machine finds, without any strategy."""
    return worker_experiment.experiment()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(path: Path, *cards: str, **environment: str) -> subprocess.Popen:
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, worker_experiment.__file__, path, *cards],
        env={**os.environ, "PYTHONPATH": places, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def compare(path: Path, process: subprocess.Popen, alone: dict, replicas: int) -> None:
    """Wait for a process, and hold what it found against what one machine finds."""
    _, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors[-2000:]
    with np.load(path) as stored:
        found = dict(stored)
    assert found.pop("replicas") == replicas
    if "seeds that differ" in found:
        assert "draw different batches" in str(found.pop("seeds that differ"))
    assert found.keys() == alone.keys()
    for name, wanted in alone.items():
        difference = np.abs(found[name] - wanted).max()
        print(f"{name}: {difference:.1e}")
        assert found[name].shape == wanted.shape
        assert difference <= (FEATURES if name == "features" else LOSSES), name


@pytest.mark.weekly
def test_two_machines_find_what_one_finds(tmp_path, alone):
    """The fine-tuning of lesson 10 takes five images a step: one gets two of them, one three."""
    hosts = [f"127.0.0.1:{port}" for port in free_ports(2)]
    configs = [
        {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": i}} for i in range(2)
    ]
    paths = [tmp_path / f"{i}.npz" for i in range(2)]
    workers = [
        start(path, TF_CONFIG=json.dumps(config))
        for path, config in zip(paths, configs, strict=True)
    ]
    try:
        for path, worker in zip(paths, workers, strict=True):
            compare(path, worker, alone, replicas=2)
    finally:
        for worker in workers:
            worker.kill()


@pytest.mark.weekly
def test_three_cards_find_what_one_processor_finds(tmp_path, alone):
    path = tmp_path / "found.npz"
    compare(path, start(path, "3"), alone, replicas=3)


@pytest.mark.parametrize(
    ("own_step", "batch_size", "validation", "message"),
    [
        (False, 2, 6, "batch_size: 2 images cannot be shared among 3 replicas"),
        (False, 3, 2, "validation_data: 2 images cannot be shared among 3 replicas"),
        (True, 3, 6, "has a train_step of its own, which cannot be shared among 3"),
    ],
)
def test_what_cannot_be_shared_is_refused(monkeypatch, own_step, batch_size, validation, message):
    import keras

    class Net(keras.Sequential):
        if own_step:

            def train_step(self, data):
                return super().train_step(data)

    net = Net([keras.Input((2,)), keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    replicas = SimpleNamespace(num_replicas_in_sync=3)
    monkeypatch.setattr(Net, "distribute_strategy", replicas, raising=False)
    x, y = np.zeros((6, 2)), np.zeros((6, 1))
    held_out = x[:validation], y[:validation]
    with pytest.raises(ValueError, match=message):
        training.fit(net, x, y, epochs=1, batch_size=batch_size, validation_data=held_out)


@pytest.fixture
def tensorflow(monkeypatch):
    """TensorFlow, whose strategies are made of no more than a name and its arguments."""
    import tensorflow as tf

    runtime.strategy.cache_clear()
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)
    for name in ("MultiWorkerMirroredStrategy", "TPUStrategy", "MirroredStrategy"):
        monkeypatch.setattr(tf.distribute, name, lambda *given, name=name: (name, *given))
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver
    monkeypatch.setattr(resolver, "connect", lambda tpu: f"connected to {tpu}")
    yield tf
    runtime.strategy.cache_clear()


def test_without_anything_else_the_strategy_is_tensorflows_default(tensorflow):
    assert runtime.strategy() is tensorflow.distribute.get_strategy()


def test_a_tpu_in_the_machine_or_by_name_is_used(tensorflow, monkeypatch):
    monkeypatch.setenv("TPU_NAME", "far")
    assert runtime.strategy() == ("TPUStrategy", "connected to None")
    runtime.strategy.cache_clear()
    monkeypatch.setattr(
        tensorflow.config, "list_physical_devices", lambda kind: ["core"] * (kind == "TPU")
    )
    assert runtime.strategy() == ("TPUStrategy", "connected to local")


@pytest.mark.parametrize("cards", [1, 2])
def test_several_cards_share_what_one_does_alone(tensorflow, monkeypatch, cards):
    monkeypatch.setattr(
        tensorflow.config, "get_visible_devices", lambda kind: ["card"] * cards * (kind == "GPU")
    )
    wanted = ("MirroredStrategy",) if cards == 2 else tensorflow.distribute.get_strategy()
    assert runtime.strategy() == wanted


def test_several_machines_are_joined_once(tensorflow, monkeypatch):
    config = {"cluster": CLUSTER, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    first = runtime.strategy()
    assert first == ("MultiWorkerMirroredStrategy",) and runtime.strategy() is first


def test_too_late_for_several_machines_is_told(tensorflow, monkeypatch):
    def late():
        raise RuntimeError("Collective ops must be configured at program startup")

    config = {"cluster": CLUSTER, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    monkeypatch.setattr(tensorflow.distribute, "MultiWorkerMirroredStrategy", late)
    with pytest.raises(RuntimeError, match=r"too late.*right after setup"):
        runtime.strategy()


@pytest.mark.parametrize(
    ("kind", "index", "wanted"), [("chief", 0, 0), ("worker", 0, 1), ("worker", "1", 2)]
)
def test_tf_config_says_which_worker_this_is(monkeypatch, kind, index, wanted):
    config = {"cluster": CLUSTER, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert runtime.worker() == (wanted, 3)


def test_without_tf_config_there_is_one_worker(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert runtime.worker() == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}}',
        json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": 2}}),
        json.dumps({"cluster": CLUSTER, "task": {"type": "evaluator", "index": 0}}),
    ],
)
def test_a_wrong_tf_config_is_shown_with_a_right_one(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=r"TF_CONFIG is .* It must be like \{"):
        runtime.worker()
