"""Exercises of the lesson on what pretrained features know."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import Feedback, compare_functions, compare_number


def lead(answer: Callable) -> Feedback:
    """Check the lead of one method over another, in points, on the same images.

    Parameters
    ----------
    answer : callable
        Takes two boolean arrays, one for each method: which of the same images it gets right.
        Returns percentage points.
    """
    some, other = np.array([True, True, False, True]), np.array([False, True, False, False])
    return compare_functions(
        answer,
        lambda right_a, right_b: 100 * np.mean(right_a.astype(float) - right_b),
        [(some, other), (other, some), (some[:3], other[1:])],
        right="What both get right, or both wrong, cancels image by image.",
        hint="NumPy refuses to subtract booleans. Multiply one by 1.0, take the other off, then "
        "take the mean; points are hundredths.",
    )


def field_of_block1(answer: int) -> Feedback:
    """Check how far a unit at the end of VGG16's first block would see with kernels of 5×5.

    Parameters
    ----------
    answer : int
        Side of the square in pixels: two convolutions, and a pooling of 2×2.
    """
    return compare_number(
        answer,
        10,
        {
            6: "That is the block as it stands, with 3×3.",
            9: "That is before the pooling, which sees two positions.",
            11: "The pooling's own stride counts for the layers after it only.",
            18: "No stride comes before these layers: nothing is doubled yet.",
        },
        right="1 + 4 + 4 + 1: all strides before the pooling are 1.",
        hint="Begin with 1 pixel. Each layer adds (kernel - 1) times the strides before it.",
    )


def blind_heat(answer: np.ndarray, masks: np.ndarray, to_beat: float) -> Feedback:
    """Check a heat map that knows no image: how much of it lies on the objects?

    Parameters
    ----------
    answer : ndarray of float, shape (height, width)
        Not negative.
    masks : ndarray of 0 and 1, shape (n, height, width)
    to_beat : float
        The share of another blind map.
    """
    hint = "Where do the objects of the training images lie? Where do most of them?"
    if answer is ...:
        return Feedback(False, "Replace the three dots by a heat map.", hint)
    try:
        heat = np.array(answer, dtype=float)
    except (TypeError, ValueError):
        return Feedback(False, "The heat map must be an array of numbers.", hint)
    if heat.shape != masks.shape[1:]:
        return Feedback(False, f"The map has shape {heat.shape}, not {masks.shape[1:]}.", hint)
    if not np.isfinite(heat).all() or heat.min() < 0 or heat.max() == 0:
        return Feedback(
            False, "Heat must be finite, nowhere negative, and somewhere above 0.", hint
        )
    share = float((heat / heat.sum() * masks).sum(axis=(1, 2)).mean())
    if share <= to_beat:
        return Feedback(
            False, f"{share:.0%} of it lies on objects; the blob has {to_beat:.0%}.", hint
        )
    return Feedback(True, f"{share:.0%} of a map that sees no image; the blob has {to_beat:.0%}.")
