"""How fast this machine is, and what a lesson will take on it.

``course run --update`` keeps in ``notebooks/times.json`` what each lesson took from nothing, with
the speed of the machine that ran it. A guess for another machine is that time, scaled by the two
speeds. Lessons do two kinds of work: many short steps of small networks, which more cores do not
quicken, and a large network's convolutions, which they do. How busy the cores were tells how much
of a lesson is of the second kind.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT, notebooks_dir

STEPS = 1000
IMAGES = 4
ROUNDS = 3


@dataclass(frozen=True)
class Speed:
    """How fast a machine is.

    Attributes
    ----------
    steps : float
        Seconds for 1000 training steps of a small network.
    convolutions : float
        Seconds for VGG16's convolutions on four images.
    cores : int
        That it may use.
    """

    steps: float
    convolutions: float
    cores: int


@dataclass(frozen=True)
class Taken:
    """What a lesson took from nothing.

    Attributes
    ----------
    seconds : float
        The kernel's start included.
    busy : float
        Cores in use on average; 0 where that is not known.
    memory_gb : float or None
        The most that its kernel held.
    speed : Speed
        Of the machine.
    """

    seconds: float
    busy: float
    memory_gb: float | None
    speed: Speed


def measure(environment: Mapping[str, str] = MappingProxyType({})) -> Speed:
    """Measure this machine's speed, in processes of their own; takes some fifteen seconds.

    The best of a few rounds counts, which other programs disturb least.

    Parameters
    ----------
    environment : mapping of str to str
        Further variables for these processes, such as those that set the number of threads.

    Raises
    ------
    CommandError
        If one ends with an error, as where TensorFlow does not start.
    """
    steps, _ = _measured("_steps", environment)
    convolutions, threads = _measured("_convolutions", environment)
    return Speed(steps, convolutions, threads)


def _measured(work: str, environment: Mapping[str, str]) -> tuple[float, int]:
    """Seconds that a kind of work takes, and the threads that it may use."""
    code = f"from course_utils.command import machine; machine.print_time_of(machine.{work})"
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if child.returncode != 0:
        said = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise CommandError(f"This machine's speed cannot be measured: {said[-1]}")
    seconds, threads = child.stdout.split()
    return float(seconds), int(threads)


def print_time_of(make_work: Callable[[], Callable]) -> None:
    """Print the seconds that some work takes once it is compiled, and the number of threads."""
    from course_utils import runtime

    runtime.setup()
    work = make_work()
    work()  # compiles
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    print(f"{min(seconds):.3f}", os.environ.get("TF_NUM_INTRAOP_THREADS") or cores())


def cores() -> int:
    """Cores that this process may use, which is TensorFlow's number of threads."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def guess(taken: Taken, here: Speed) -> float:
    """Seconds that a lesson will take on a machine of this speed."""
    there = taken.speed
    large = 0.5  # share of the work that more cores quicken
    if taken.busy and there.cores > 1:
        large = float(np.clip((taken.busy - 1) / (there.cores - 1), 0, 1))
    slower = (1 - large) * here.steps / there.steps + large * here.convolutions / there.convolutions
    return taken.seconds * slower


def times_file() -> Path:
    """Where the lessons' times are kept."""
    return notebooks_dir() / "times.json"


def read_times() -> dict[str, Taken]:
    """What the lessons took, by their names; empty where nothing is kept, or nothing readable."""
    try:
        kept = json.loads(times_file().read_text(encoding="utf-8"))
        return {
            name: Taken(**{**entry, "speed": Speed(**entry["speed"])})
            for name, entry in kept.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def times_as_text(times: dict[str, Taken]) -> str:
    """The text that `read_times` reads, a line for each lesson."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(asdict(taken))}" for name, taken in sorted(times.items())
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _steps() -> Callable:
    import keras

    from course_utils import runtime, training

    runtime.one_thread()
    net = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    net.compile("adam", "sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    images, labels = random.random((32 * 50, 8, 8, 1)), random.integers(0, 10, 32 * 50)
    return lambda: training.fit(net, images, labels, epochs=STEPS // 50, batch_size=32)


def _convolutions() -> Callable:
    import keras
    import tensorflow as tf

    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    compiled = tf.function(lambda images: base(images, training=False))
    images = tf.zeros((IMAGES, 224, 224, 3))
    return lambda: compiled(images).numpy()
