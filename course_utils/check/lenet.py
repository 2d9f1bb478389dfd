"""Exercises of the lesson on LeNet."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import Feedback, compare_functions, compare_number


def output_size(answer: Callable) -> Feedback:
    """Check the formula for the number of positions of a kernel.

    Parameters
    ----------
    answer : callable
        Takes ``size, kernel, stride, padding`` in pixels; returns the positions along one side.

    References
    ----------
    Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning",
    arXiv:1603.07285, relationship 6.
    """
    return compare_functions(
        answer,
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1,
        [
            (32, 5, 1, 0),
            (28, 2, 2, 0),
            (224, 3, 1, 1),
            (227, 11, 4, 0),
            (7, 3, 2, 1),
            (10, 3, 2, 0),
        ],
        right="That holds for every layer of this course.",
        hint="Where does the kernel start first, where last, and how many steps lie between? "
        "Padding lengthens the side at both ends.",
    )


def convolution_parameters(answer: int) -> Feedback:
    """Check the number of parameters of LeNet-5's C3 with kernels of 3×3.

    Parameters
    ----------
    answer : int
        Weights and biases of 16 kernels over 6 channels.
    """
    return compare_number(
        answer,
        16 * (6 * 3 * 3 + 1),
        {
            16 * 6 * 3 * 3: "The biases are missing.",
            16 * (3 * 3 + 1): "A kernel is as deep as the map it looks at.",
            16 * 3 * 3: "A kernel is as deep as the map it looks at, and has a bias.",
            16 * (6 * 5 * 5 + 1): "That is the layer as it stands, with 5×5.",
        },
        right="Each of the 16 kernels has 3·3·6 weights and one bias.",
        hint="How many numbers has one kernel, and how many kernels are there?",
    )


def diagonal_kernel(answer: np.ndarray) -> Feedback:
    """Check a 3×3 kernel that answers to strokes going up to the right.

    Parameters
    ----------
    answer : array_like, shape (3, 3)
        Its strongest response to a stroke one pixel wide in that direction must be over twice
        that to a level stroke, an upright one and one going down to the right.
    """
    hint = "Let the weights be large where the stroke should run, negative beside it."
    try:
        kernel = np.array(answer, dtype=float)
    except (TypeError, ValueError):
        return Feedback(False, "Replace the three dots by nine numbers.", hint)
    if kernel.shape != (3, 3):
        return Feedback(False, f"The kernel has shape {kernel.shape}, not (3, 3).", hint)
    up = np.fliplr(np.eye(7))
    strokes = {"level": np.zeros((7, 7)), "upright": np.zeros((7, 7)), "falling": np.eye(7)}
    strokes["level"][3], strokes["upright"][:, 3] = 1, 1
    wanted = _strongest(kernel, up)
    if wanted <= 0:
        return Feedback(False, "It does not answer to a rising stroke at all.", hint)
    for name, stroke in strokes.items():
        found = _strongest(kernel, stroke)
        if 2 * found >= wanted:
            return Feedback(
                False, f"To a rising stroke it answers {wanted:g}, to a {name} one {found:g}.", hint
            )
    return Feedback(True, f"It answers {wanted:g} to a rising stroke, under half to the others.")


def _strongest(kernel: np.ndarray, image: np.ndarray) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return float((windows * kernel).sum(axis=(2, 3)).max())
