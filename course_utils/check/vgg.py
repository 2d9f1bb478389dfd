"""Exercises of the lesson on VGG."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import (
    NO_ANSWER,
    Feedback,
    as_number,
    compare_functions,
    shown,
)

_DEPTH, _WIDTHS, _FACTOR = 13, (64, 128, 256), 10


def receptive_field(answer: Callable) -> Feedback:
    """Check the receptive field of a stack of convolutions of stride 1.

    Parameters
    ----------
    answer : callable
        Takes the kernels' sizes, a tuple of int; returns the side of the field in pixels.
    """
    return compare_functions(
        answer,
        lambda kernels: 1 + sum(kernel - 1 for kernel in kernels),
        [((3,),), ((3, 3),), ((5, 3),), ((3, 3, 3),), ((1, 7, 1),)],
        right="That is the formula above, with all strides 1.",
        hint="Begin with one pixel. By how much does a kernel of k pixels widen what is seen?",
    )


def small_for_large(layers: int, share: float) -> Feedback:
    """Check how many 3×3 layers see 11×11 pixels, and at what share of the weights.

    Parameters
    ----------
    layers : int
    share : float
        Weights of the stack for each weight of the one kernel, at equal channels.
    """
    if layers is ... or share is ...:
        return Feedback(False, "Replace the dots by two numbers.")
    if as_number(layers) != 5:
        hint = "A 3×3 layer adds two pixels to the side of what is seen."
        return Feedback(False, f"{shown(layers)} layers do not see just 11×11 pixels.", hint)
    of_weights = as_number(share)
    if of_weights is not None and abs(of_weights - 5 * 9 / 121) < 0.01:
        return Feedback(True, "Five layers see 11×11 pixels for 37 % of the weights.")
    known = {9 / 121: "That is one of the five layers.", 121 / 45: "That is the other way round."}
    why = known.get(of_weights, f"{shown(share)} is not it.")
    hint = "How many weights has each kernel for one pair of channels?"
    return Feedback(False, f"Five layers it is. {why}", hint)


def start(answer: Callable) -> Feedback:
    """Check a start for layers with ReLU: the signal must keep its size.

    Parameters
    ----------
    answer : callable
        Takes a layer's numbers of inputs and outputs; returns the standard deviation of its
        weights. In 13 layers of 64, 128 or 256 units the signal must stay within a factor of 10.

    References
    ----------
    He et al. (2015), arXiv:1502.01852, section 2.2.
    """
    hint = "A sum of n products has n times the variance of one, and ReLU halves the mean square."
    for width in _WIDTHS:
        try:
            deviation = answer(width, width)
        except Exception as error:  # of whatever the student wrote
            return Feedback(False, f"It raises {type(error).__name__}: {error}.", hint)
        if deviation is ... or deviation is None:
            return Feedback(False, NO_ANSWER, hint)
        number = as_number(deviation)
        if number is None:
            return Feedback(False, f"It gives {shown(deviation)}, which is no number.", hint)
        factor = _growth(width, number) if number > 0 else 0
        if not 1 / _FACTOR <= factor <= _FACTOR:
            said = f"With {width} units {_DEPTH} layers multiply the signal by {factor:.1g}."
            return Feedback(False, said, hint)
    return Feedback(True, "The signal keeps its size, whatever the width.")


def _growth(width: int, deviation: float) -> float:
    """By what the root mean square changes, on average over 20 random nets."""
    rng = np.random.default_rng(0)
    logs = []
    for _ in range(20):
        signal = rng.normal(size=(width, 1))
        before = np.sqrt(np.mean(signal**2))
        for _ in range(_DEPTH):
            signal = np.maximum(0, deviation * rng.normal(size=(width, width)) @ signal)
        logs.append(np.log(max(np.sqrt(np.mean(signal**2)), 1e-300) / before))
    return float(np.exp(np.mean(logs)))
