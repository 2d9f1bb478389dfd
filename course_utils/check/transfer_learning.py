"""Exercises of the lesson on transfer learning."""

from collections.abc import Callable, Sequence

import numpy as np

from course_utils.check.feedback import NO_ANSWER, Feedback, compare_functions, compare_number

BETTER_BY = 3  # images of those asked about


def cross_entropy(answer: Callable) -> Feedback:
    """Check the loss of one answer.

    Parameters
    ----------
    answer : callable
        Takes the probabilities of the classes, an array, and the index of the true class; returns
        a number.
    """
    fifths = np.full(5, 0.2)
    return compare_functions(
        answer,
        lambda probabilities, label: -np.log(probabilities[label]),
        [(fifths, 3), (np.array([0.7, 0.2, 0.1]), 0), (np.array([0.7, 0.2, 0.1]), 2)],
        right="Sure and right costs little, sure and wrong much, one of five guessed ln 5 = 1.6.",
        hint="Take the probability of the true class, its logarithm (np.log), and change the sign.",
    )


def head_parameters(answer: int) -> Feedback:
    """Check the number of parameters of a head of five classes on VGG16's fc2.

    Parameters
    ----------
    answer : int
        Weights and biases of a dense layer from 4096 numbers to 5.
    """
    return compare_number(
        answer,
        5 * (4096 + 1),
        {
            5 * 4096: "The biases are missing.",
            5 * 4096 + 1: "Every class has a bias of its own.",
            5 * (512 + 1): "That is the head as it stands, on 512 numbers.",
            5 * (7 * 7 * 512 + 1): "That is a head on all that block 5 gives; fc2 gives 4096 "
            "numbers.",
            1000 * (4096 + 1): "That is ImageNet's layer of 1000 classes; ours has five.",
        },
        right="Each class has 4096 weights and one bias.",
        hint="How many numbers does each class weigh, and what is added?",
    )


def classifier(
    answer: Callable,
    features: np.ndarray,
    labels: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
) -> Feedback:
    """Check a classifier of one's own, by cross-validation against the nearest neighbour.

    Parameters
    ----------
    answer : callable
        Takes features ``(n, d)``, their labels ``(n,)`` and new features ``(m, d)``; returns the
        ``m`` labels that it gives these. It must be right on at least three images more than the
        label of the nearest training image is.
    features : ndarray of float, shape (n, d)
    labels : ndarray of int, shape (n,)
    folds : sequence of pairs of ndarrays of int
        Whom to learn from, and whom to ask about; each image is asked about once.
    """
    from sklearn.neighbors import KNeighborsClassifier

    hint = "Any classifier of scikit-learn has fit and predict; try a linear one."
    right, by_neighbour = 0, 0
    for learn, ask in folds:
        try:
            found = answer(features[learn], labels[learn], features[ask])
            found = found if found is None or found is ... else np.asarray(found)
        except Exception as error:  # of whatever the student wrote
            return Feedback(False, f"It raises {type(error).__name__}: {error}.", hint)
        if found is ... or found is None:
            return Feedback(False, NO_ANSWER, hint)
        if found.shape != ask.shape:
            why = f"It returns {found.shape} for {len(ask)} images, not one label for each."
            return Feedback(False, why, hint)
        right += int((found == labels[ask]).sum())
        neighbour = KNeighborsClassifier(1).fit(features[learn], labels[learn])
        by_neighbour += int((neighbour.predict(features[ask]) == labels[ask]).sum())
    said = f"{right} of {len(labels)} right; the nearest neighbour has {by_neighbour}."
    if right >= by_neighbour + BETTER_BY:
        return Feedback(True, said)
    return Feedback(False, said, f"It should have {BETTER_BY} more than the neighbour. {hint}")
