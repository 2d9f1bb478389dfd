"""What is said of an answer, and how answers are compared."""

import html
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
    for arguments in examples:
        call = f"{answer.__name__}({', '.join(map(repr, arguments))})"
        wanted = expected(*arguments)
        try:
            found = answer(*arguments)
        except Exception as error:  # of whatever the student wrote
            return Feedback(False, f"{call} raises {type(error).__name__}: {error}.", hint)
        if found is ... or found is None:
            return Feedback(False, NO_ANSWER, hint)
        if not _equal(found, wanted):
            return Feedback(False, f"{call} gives {found!r}, but should give {wanted!r}.", hint)
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
    if answer == expected:
        return Feedback(True, right)
    return Feedback(False, known.get(answer, f"{answer!r} is not it."), hint)


def _equal(found, wanted) -> bool:
    try:
        return np.shape(found) == np.shape(wanted) and bool(np.allclose(found, wanted))
    except TypeError:  # no numbers
        return False
