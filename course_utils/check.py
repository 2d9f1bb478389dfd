"""Answers to the exercises, checked in the notebook: at once, without a network.

Each exercise has a function here that takes the answer and returns a :class:`Feedback`, which the
notebook shows: first what is wrong, then a hint. The solution is folded below the exercise.
"""

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feedback:
    """What is to be said of an answer.

    Attributes
    ----------
    right : bool
    message : str
        Why the answer is right, or what is wrong with it.
    hint : str
        Shown with a wrong answer; may be empty.
    """

    right: bool
    message: str
    hint: str = ""

    def __repr__(self) -> str:
        if self.right:
            return f"Right. {self.message}"
        return "\n".join(filter(None, [f"Not yet. {self.message}", self.hint]))

    def _repr_html_(self) -> str:
        word, colour = ("Right.", "#009E73") if self.right else ("Not yet.", "#D55E00")
        hint = f"<br><em>{html.escape(self.hint)}</em>" if self.hint and not self.right else ""
        return (
            f'<div style="border-left: 4px solid {colour}; padding: 0.4em 0.8em">'
            f"<strong>{word}</strong> {html.escape(self.message)}{hint}</div>"
        )


def output_size(answer: Callable) -> Feedback:
    """Check the formula for the number of positions of a kernel (lesson 01).

    Parameters
    ----------
    answer : callable
        Takes ``size, kernel, stride, padding`` in pixels; returns the positions along one side.

    References
    ----------
    Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning",
    arXiv:1603.07285, relationship 6.
    """
    return _function(
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


def _function(
    answer: Callable, expected: Callable, examples: Iterable[tuple], *, right: str, hint: str
) -> Feedback:
    """Compare a function with the expected one on examples; numbers and arrays are close enough."""
    for arguments in examples:
        call = f"{answer.__name__}({', '.join(map(repr, arguments))})"
        wanted = expected(*arguments)
        try:
            found = answer(*arguments)
        except Exception as error:  # of whatever the student wrote
            return Feedback(False, f"{call} raises {type(error).__name__}: {error}.", hint)
        if found is ... or found is None:
            return Feedback(False, "Replace the three dots by your answer.", hint)
        if not _equal(found, wanted):
            return Feedback(False, f"{call} gives {found!r}, but should give {wanted!r}.", hint)
    return Feedback(True, right)


def _equal(found, wanted) -> bool:
    try:
        return np.shape(found) == np.shape(wanted) and bool(np.allclose(found, wanted))
    except TypeError:  # no numbers
        return False
