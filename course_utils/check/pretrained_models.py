"""Exercises of the lesson on pretrained models."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import Feedback, as_number, compare_functions

AT_MOST_CHANGED = 0.25  # of the pixels


def softmax(answer: Callable) -> Feedback:
    """Check the function that makes probabilities of logits.

    Parameters
    ----------
    answer : callable
        Takes an array of logits, shape (classes,); returns their probabilities.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs".
    """
    return compare_functions(
        answer,
        lambda logits: np.exp(logits) / np.exp(logits).sum(),
        [(np.array([0.0, 0.0]),), (np.array([2.0, 1.0, 0.1]),), (np.array([-3.0, 4.0, 0.5, 0.5]),)],
        right="Whatever the logits are, the probabilities are positive and sum to one.",
        hint="np.exp makes every logit positive; then divide, so that their sum is one.",
    )


def at_twice_the_size(multiply_adds: float, parameters: float) -> Feedback:
    """Check by what factors a convolutional network's costs grow at twice the image size.

    Parameters
    ----------
    multiply_adds, parameters : float
        Factors from images of 224×224 to images of 448×448 pixels.
    """
    if multiply_adds is ... or parameters is ...:
        return Feedback(False, "Replace the three dots by two factors.")
    multiply_adds, parameters = as_number(multiply_adds), as_number(parameters)
    if multiply_adds is None or parameters is None:
        return Feedback(False, "Write two numbers, such as 2 and 2.")
    hint = "Which of the two belong to the kernel, and which to the places where it is laid?"
    known = {2: "the image is twice as high and twice as wide", 1: "each kernel visits more places"}
    if not np.isclose(multiply_adds, 4, rtol=0.03):
        why = known.get(multiply_adds, "count the places where a kernel is laid")
        return Feedback(False, f"Multiply-adds × {multiply_adds:g} is not it: {why}.", hint)
    if not np.isclose(parameters, 1, rtol=0.03):
        return Feedback(
            False, f"Parameters × {parameters:g} is not it: does a kernel change its size?", hint
        )
    return Feedback(True, "Four times the places, and the same kernels in each.")


def another_answer(answer: np.ndarray, photograph: np.ndarray, classifier) -> Feedback:
    """Check a photograph altered in few pixels so that the model's first answer is another.

    Parameters
    ----------
    answer, photograph : ndarray of uint8, shape (height, width, 3)
        After and before.
    classifier : pretrained.Classifier
        It is asked about both.
    """
    if answer is ...:
        return Feedback(False, "Replace the three dots by an altered copy of the photograph.")
    if getattr(answer, "shape", None) != photograph.shape or answer.dtype != np.uint8:
        shape = getattr(answer, "shape", "")
        found = f"{getattr(answer, 'dtype', type(answer).__name__)} {shape}".rstrip()
        return Feedback(
            False,
            f"It is {found}; the photograph is uint8 {photograph.shape}.",
            "Begin with photograph.copy(), and change pixels of the copy.",
        )
    changed = float((answer != photograph).any(axis=2).mean())
    before, after = (guesses[0].label for guesses in classifier.predict_top([photograph, answer]))
    if before == after:
        return Feedback(
            False,
            f"{changed:.0%} of the pixels are changed, and the first answer is still {after}.",
            "A cover over one part leaves the rest to be seen. Try a pattern that lies over all of "
            "it.",
        )
    if changed > AT_MOST_CHANGED:
        return Feedback(
            False,
            f"{before} became {after}, but {changed:.0%} of the pixels are changed; "
            f"{AT_MOST_CHANGED:.0%} may be.",
            "Leave most of the pixels as they are.",
        )
    return Feedback(True, f"{before} became {after}, with {changed:.0%} of the pixels changed.")
