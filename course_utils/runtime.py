"""Start a lesson so that it runs the same way twice."""

import contextlib
import os
import sys
from collections.abc import Iterator


def setup(seed: int = 0) -> None:
    """Prepare a lesson: import TensorFlow quietly, fix the seeds, set the figures' style.

    Two runs with the same seed on the same machine give the same numbers. Another processor
    or number of threads changes the last digits, so the lessons print two or three.

    Parameters
    ----------
    seed : int
        Seed of Python, NumPy and TensorFlow.
    """
    from course_utils.plotting import set_style

    with _silenced_stderr():
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    set_style()


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
