"""Start a lesson so that it runs the same way twice."""

import contextlib
import ctypes
import gc
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
