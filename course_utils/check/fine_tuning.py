"""Exercises of the lesson on fine-tuning."""

import itertools
from collections.abc import Callable, Mapping

from course_utils.check.feedback import Feedback, as_number, compare_functions, shown

PARTS = ("block1", "block2", "block3", "block4", "block5", "head")


def reach(answer: Callable) -> Feedback:
    """Check how far a weight can move in a training with Adam.

    Parameters
    ----------
    answer : callable
        Takes ``rate, images, batch_size, epochs``; returns the sum of the steps' lengths.

    References
    ----------
    Kingma & Ba (2014), "Adam: A Method for Stochastic Optimization", arXiv:1412.6980, section 2.1:
    a step is about as long as the rate, at most.
    """
    return compare_functions(
        answer,
        lambda rate, images, batch_size, epochs: rate * (images // batch_size) * epochs,
        [(1e-5, 65, 10, 1), (1e-5, 65, 10, 6), (1e-4, 45, 9, 6), (1e-3, 100, 32, 2)],
        right="At 1e-5 six epochs of 65 images reach 0.0004, at 1e-4 ten times that.",
        hint="How many whole batches has an epoch? Each is a step, as long as the rate.",
    )


def averages_left(answer: Mapping[float, float]) -> Feedback:
    """Check what batch normalization keeps of its averages over 60 steps of training.

    Parameters
    ----------
    answer : mapping of momentum to per cent
        For the momenta 0.99 and 0.9.
    """
    hint = "Each step keeps the share `momentum` of the average; 60 steps keep it 60 times over."
    if not isinstance(answer, Mapping):
        return Feedback(False, "Give a per cent for each momentum: {0.99: …, 0.9: …}.", hint)
    for momentum in (0.99, 0.9):
        found = answer.get(momentum, ...)
        if found is ...:
            return Feedback(False, "Replace the three dots by your answers, in per cent.", hint)
        per_cent = as_number(found)
        if per_cent is None:
            return Feedback(False, f"{shown(found)} is no number.", hint)
        apart = abs(per_cent - 100 * momentum**60)
        if apart >= 1 and abs(per_cent - momentum**60) < 0.01:
            return Feedback(False, f"{per_cent:g} is a share. Give it in per cent.")
        if apart >= 1:
            return Feedback(False, f"With momentum {momentum} it is not {per_cent:g} %.", hint)
    return Feedback(
        True, "With 0.99 over half of ImageNet's averages is left, with 0.9 nothing that counts."
    )


def rates_by_depth(answer: Mapping[str, float]) -> Feedback:
    """Check learning rates that fall from the head down to the first block.

    Parameters
    ----------
    answer : mapping of str to float
        A rate for each of ``PARTS``.

    References
    ----------
    Howard & Ruder (2018), "Universal Language Model Fine-tuning for Text Classification",
    arXiv:1801.06146, section 3.2: each layer has the rate of the one above, divided by 2.6.
    """
    hint = "Begin with the head and divide by the same number from part to part."
    if answer is ...:
        return Feedback(False, "Replace the three dots by your rates.", hint)
    if not isinstance(answer, Mapping) or set(answer) != set(PARTS):
        return Feedback(False, f"Give one rate for each of {', '.join(PARTS)}.", hint)
    rates = [as_number(answer[part]) for part in PARTS]
    if None in rates:
        return Feedback(False, "A rate is a number.", hint)
    if min(rates) <= 0:
        return Feedback(False, "With a rate of zero a part is frozen.", hint)
    for i, (below, above) in enumerate(itertools.pairwise(rates)):
        if below >= above:
            said = f"{PARTS[i]} learns at {below:g}, {PARTS[i + 1]} above it at {above:g}."
            return Feedback(False, said, "What is most general should move least.")
    if rates[PARTS.index("block5")] > 1e-3:
        return Feedback(False, "At that rate block 5 forgets ImageNet.", "See the curves above.")
    return Feedback(True, f"The head moves {rates[-1] / rates[0]:.0f} times as far as block 1.")
