"""Exercises of the lesson on LeNet."""

from collections.abc import Callable

from course_utils.check.feedback import Feedback, compare_functions


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
