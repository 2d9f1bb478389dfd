"""Exercises of the lesson on U-Net."""

from collections.abc import Callable

import numpy as np

from course_utils import segmentation
from course_utils.check.feedback import NO_ANSWER, Feedback, compare_functions, compare_number

EXAMPLES = (
    ([[1, 1], [0, 0]], [[1, 1], [0, 0]]),
    ([[1, 1], [1, 1]], [[1, 0], [0, 0]]),
    ([[1, 1, 0, 0]], [[0, 1, 1, 0]]),
    ([[1, 0]], [[0, 1]]),
)


def iou(answer: Callable) -> Feedback:
    """Check the intersection over union of two masks.

    Parameters
    ----------
    answer : callable
        Takes ``predicted, truth``, ndarrays of bool of shape (height, width), not both empty;
        returns a number from 0 to 1.
    """
    return compare_functions(
        answer,
        lambda predicted, truth: float(segmentation.iou(predicted[None], truth[None])[0]),
        [tuple(np.array(mask, dtype=bool) for mask in pair) for pair in EXAMPLES],
        right="It is 1 for equal masks, 0 for disjoint ones.",
        hint="Divide the pixels that both have (&) by those that either has (|).",
    )


def concatenated_parameters(answer: int) -> Feedback:
    """Check the parameters of U-Net's first convolution after its topmost concatenation.

    Parameters
    ----------
    answer : int
        Weights and biases of 64 kernels of 3×3 over 64 + 64 channels.
    """
    return compare_number(
        answer,
        64 * (9 * 128 + 1),
        {
            64 * (9 * 64 + 1): "That is with a sum: it leaves 64 channels.",
            64 * 9 * 128: "The biases are missing.",
            64 * (128 + 1): "A kernel has 3×3 places.",
        },
        right="Each of the 64 kernels sees 64 + 64 channels: 9·128 weights, a bias.",
        hint="How many channels come out of a concatenation of 64 and 64?",
    )


def two_skips(answer: Callable) -> Feedback:
    """Check a function that joins a coarse map to a fine one twice its size.

    Parameters
    ----------
    answer : callable
        Takes Keras tensors ``coarse`` (n, s, s, c) and ``fine`` (n, 2s, 2s, d); returns one of
        (n, 2s, 2s, c + d) that holds ``fine`` unchanged.
    """
    import keras

    hint = "Enlarge coarse with UpSampling2D(2) or a Conv2DTranspose, then layers.Concatenate."
    coarse = keras.random.normal((1, 4, 4, 3), seed=0)
    fine = keras.random.normal((1, 8, 8, 2), seed=1)
    try:
        found = answer(coarse, fine)
    except Exception as error:  # of whatever the student wrote
        return Feedback(False, f"It raises {type(error).__name__}: {error}.", hint)
    if found is ... or found is None:
        return Feedback(False, NO_ANSWER, hint)
    shape = getattr(found, "shape", None)
    if shape is None:
        return Feedback(False, f"It gives a {type(found).__name__}, no map.", hint)
    if tuple(shape) != (1, 8, 8, 5):
        return Feedback(False, f"Its shape is {tuple(shape)}, not (1, 8, 8, 5).", hint)
    found = np.asarray(found)
    kept = [np.allclose(part, fine) for part in (found[..., :2], found[..., 3:])]
    if not any(kept):
        return Feedback(False, "The channels of the fine map have been changed.", hint)
    return Feedback(True, "The fine map crosses over unchanged, beside what came up.")
