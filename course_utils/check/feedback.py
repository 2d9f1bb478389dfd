"""What is said of an answer, and how answers are compared."""

import html
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

NO_ANSWER = "Replace the three dots by your answer."


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


def compare_functions(
    answer: Callable, expected: Callable, examples: Iterable[tuple], *, right: str, hint: str
) -> Feedback:
    """Compare a student's function with the expected one on examples.

    Parameters
    ----------
    answer, expected : callable
    examples : iterable of tuple
        Arguments of each call.
    right, hint : str
        What is said of a right answer, and after what is wrong with another.

    Returns
    -------
    Feedback
        Right where all results have the same shape and are equal within NumPy's tolerance.
    """
    if answer is ...:
        return Feedback(False, NO_ANSWER, hint)
    if not callable(answer):
        return Feedback(False, f"{shown(answer)} is no function.", hint)
    name = getattr(answer, "__name__", type(answer).__name__)
    for arguments in examples:
        call = f"{name}({', '.join(map(repr, arguments))})"
        wanted = expected(*arguments)
        try:
            found = answer(*arguments)
        except Exception as error:  # of whatever the student wrote
            return Feedback(False, f"{call} raises {type(error).__name__}: {error}.", hint)
        if found is ... or found is None:
            return Feedback(False, NO_ANSWER, hint)
        if not _equal(found, wanted):
            said = f"{call} gives {shown(found)}, but should give {wanted!r}."
            return Feedback(False, said, hint)
    return Feedback(True, right)


def compare_number(
    answer: int, expected: int, known: Mapping[int, str], *, right: str, hint: str
) -> Feedback:
    """Compare a whole number with the expected one.

    Parameters
    ----------
    answer, expected : int
    known : mapping of int to str
        Wrong answers that are often given, and what is wrong with each.
    right, hint : str
        What is said of a right answer, and after what is wrong with another.

    Returns
    -------
    Feedback
    """
    if answer is ...:
        return Feedback(False, NO_ANSWER)
    number = as_number(answer)
    if number is None:
        return Feedback(False, f"{shown(answer)} is no number.", hint)
    if number == expected:
        return Feedback(True, right)
    return Feedback(False, known.get(number, f"{shown(answer)} is not it."), hint)


def as_number(answer: object) -> float | None:
    """The number that an answer is: Python's, NumPy's, or a tensor without axes; else None.

    Parameters
    ----------
    answer : object
        Whatever the student wrote. True, False and NaN are no numbers.
    """
    try:
        array = np.asarray(answer)
    except Exception:  # of whatever the student wrote, such as lists of unequal length
        return None
    if array.ndim or array.dtype.kind not in "iuf" or np.isnan(array):
        return None
    return array.item()


def shown(answer: object) -> str:
    """An answer as it is written, cut where it is long."""
    return reprlib.repr(answer)


def _equal(found, wanted) -> bool:
    try:
        return np.shape(found) == np.shape(wanted) and bool(np.allclose(found, wanted))
    except (TypeError, ValueError):  # no numbers; lists of unequal length
        return False
