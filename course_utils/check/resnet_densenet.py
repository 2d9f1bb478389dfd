"""Exercises of the lesson on ResNet and DenseNet."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import (
    NO_ANSWER,
    Feedback,
    compare_functions,
    compare_number,
    shown,
)

_MOST_WEIGHTS = 300_000


def normalize(answer: Callable) -> Feedback:
    """Check batch normalization of one channel, in training.

    Parameters
    ----------
    answer : callable
        Takes ``x, scale, shift, epsilon``: an array and three numbers. Returns an array of the
        same shape.

    References
    ----------
    Ioffe & Szegedy (2015), "Batch Normalization", arXiv:1502.03167, algorithm 1.
    """
    return compare_functions(
        answer,
        lambda x, scale, shift, epsilon: (
            scale * (x - x.mean()) / np.sqrt(x.var() + epsilon) + shift
        ),
        [
            (np.array([1.0, 3.0]), 1, 0, 0),
            (np.array([1.0, 3.0, 8.0]), 2, 5, 0),
            (np.array([4.0, 4.0, 4.0]), 1, 0, 0.01),
            (np.array([0.0, 0.2, 0.4]), 1, 0, 0.5),
        ],
        right="Mean 0 and variance 1, and then the net's own scale and shift.",
        hint="Take the mean off, divide by the root of the variance plus epsilon, then scale and "
        "shift. np.mean, np.var and np.sqrt will do.",
    )


def block_weights(of_bottleneck: int, of_basic: int) -> Feedback:
    """Check the kernels' weights of a bottleneck block and of a basic block on 256 channels.

    Parameters
    ----------
    of_bottleneck, of_basic : int
        Without biases and batch normalization.
    """
    if of_bottleneck is ... or of_basic is ...:
        return Feedback(False, NO_ANSWER)
    hint = "A layer has size² · channels in · channels out. How many layers has each block?"
    right = "Seventeen times as many weights, for one layer less."
    bottleneck = compare_number(
        of_bottleneck,
        256 * 64 + 9 * 64 * 64 + 64 * 256,
        {
            9 * 64 * 64: "The two 1×1 of the bottleneck are missing.",
            256 * 64 + 9 * 64 * 64: "The 1×1 that goes up again is missing.",
            9 * (2 * 256 * 64 + 64 * 64): "Two of the bottleneck's kernels are 1×1, not 3×3.",
        },
        right=right,
        hint=hint,
    )
    basic = compare_number(
        of_basic,
        2 * 9 * 256 * 256,
        {
            9 * 256 * 256: "A basic block has two convolutions.",
            2 * 9 * 64 * 64: "The basic block keeps 256 channels all the way.",
        },
        right=right,
        hint=hint,
    )
    for name, found in (("Bottleneck", bottleneck), ("Basic", basic)):
        if not found.right:
            return Feedback(False, f"{name} block: {found.message}", hint)
    return basic


def dense_block(layers: int, growth: int) -> Feedback:
    """Check a dense block from 64 to 256 channels with fewer than 300,000 weights.

    Parameters
    ----------
    layers, growth : int
        Each layer has a 1×1 convolution to ``4 * growth`` channels and a 3×3 to ``growth``.
    """
    if layers is ... or growth is ...:
        return Feedback(False, NO_ANSWER)
    if not all(isinstance(n, int) and n > 0 for n in (layers, growth)):
        return Feedback(
            False, f"{shown(layers)} and {shown(growth)} should be whole numbers above 0."
        )
    channels = 64 + layers * growth
    if channels != 256:
        return Feedback(
            False,
            f"It hands on {channels} channels, not 256.",
            "Each layer appends as many channels as the growth rate says.",
        )
    weights = sum((64 + i * growth) * 4 * growth + 9 * 4 * growth * growth for i in range(layers))
    if weights >= _MOST_WEIGHTS:
        return Feedback(
            False,
            f"It hands on 256 channels, but has {weights:,} weights.",
            "Which part grows with the square of the growth rate?",
        )
    return Feedback(True, f"It has {weights:,} weights.")
