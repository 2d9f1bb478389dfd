"""Start a lesson so that it runs the same way twice."""

import contextlib
import ctypes
import functools
import gc
import json
import os
import sys
from collections.abc import Iterator


def setup(seed: int = 0) -> None:
    """Prepare a lesson: import TensorFlow quietly, fix the seeds, set the figures' style.

    Two runs with the same seed on the same machine give the same numbers. Another processor
    or number of threads changes the last digits, so the lessons print two or three.

    Keras runs on TensorFlow, in single precision and with the channels last, whatever
    ``KERAS_BACKEND`` or ``~/.keras/keras.json`` say. TensorFlow takes of a graphics card's memory
    what it needs, unless ``TF_FORCE_GPU_ALLOW_GROWTH`` says otherwise.

    Parameters
    ----------
    seed : int
        Seed of Python, NumPy and TensorFlow.

    Raises
    ------
    RuntimeError
        If Keras runs on another backend already.
    """
    from course_utils.plotting import set_style

    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    with _silenced_stderr():
        import keras
        import tensorflow as tf
    if keras.config.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras was imported before this cell and runs on {keras.config.backend()}; the course "
            "needs TensorFlow. Restart the kernel and run the lesson from its first cell."
        )
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    tf.get_logger().setLevel("ERROR")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    set_style()


def one_thread() -> None:
    """Let TensorFlow compute every layer on one core.

    Layers of a few thousand numbers lose more time by being shared among cores than they win;
    a net of them trains up to twice as fast so. Large ones, such as VGG's, want all cores.
    Independent layers still run side by side.

    Raises
    ------
    RuntimeError
        If TensorFlow has computed something already: then it is too late.
    """
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
    except RuntimeError:
        raise RuntimeError(
            "one_thread comes too late: TensorFlow has begun with several. Restart the kernel and "
            "run the lesson from its first cell."
        ) from None


def free_memory() -> None:
    """Give back to the system what models held that are gone, with all that was compiled for them.

    A model and its compiled functions refer to each other, so Python frees them only when it looks
    for circles; and the C library of Linux keeps what was freed until it is asked for it.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim:
            trim(0)


def worker() -> tuple[int, int]:
    """Which of several machines this one is, as the environment variable ``TF_CONFIG`` has it.

    Returns
    -------
    index, count : int
        The chief comes first, then the workers; (0, 1) where there is no ``TF_CONFIG``.

    Raises
    ------
    ValueError
        If ``TF_CONFIG`` is set, but does not say it.
    """
    text = os.environ.get("TF_CONFIG")
    if not text:
        return 0, 1
    try:
        config = json.loads(text)
        computing = {kind: config["cluster"].get(kind, []) for kind in ("chief", "worker")}
        tasks = [(kind, i) for kind, hosts in computing.items() for i in range(len(hosts))]
        mine = config["task"]["type"], int(config["task"]["index"])
        return tasks.index(mine), len(tasks)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"TF_CONFIG is {text!r}, which does not say which worker this is. It must be like "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}.'
        ) from None


@functools.cache  # a strategy of several workers can be made but once
def strategy():
    """TensorFlow's distribution strategy for what this process may use.

    - Where ``TF_CONFIG`` names several workers: ``MultiWorkerMirroredStrategy``. It waits until
      all of them have come. Each runs the same program with the same seed.
    - Where there is a TPU, in this machine or by the name in ``TPU_NAME``: ``TPUStrategy``.
    - Where there are several graphics cards: ``MirroredStrategy``.
    - Else TensorFlow's default, with which nothing is shared out.

    Models that are built and compiled in its ``scope()`` are used under it:
    `transfer.extract_features` and `training.fit` share each batch among its replicas. Call it
    right after `setup`.

    Returns
    -------
    tf.distribute.Strategy
        The same one each time.

    Raises
    ------
    RuntimeError
        If there are several workers and TensorFlow has computed something already.
    ValueError
        As `worker`.
    """
    import tensorflow as tf

    if worker()[1] > 1:
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            raise RuntimeError(
                "strategy comes too late: TensorFlow has begun without the other workers. Start "
                "again, and call it right after setup."
            ) from error
    local = bool(tf.config.list_physical_devices("TPU"))
    if local or os.environ.get("TPU_NAME"):
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver
        return tf.distribute.TPUStrategy(resolver.connect("local" if local else None))
    if len(tf.config.get_visible_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere: TensorFlow's C++ start-up notes bypass sys.stderr.

    The level stays set, since later notes about missing GPUs would land under a cell.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
