"""Exercises of the lesson on AlexNet."""

from collections.abc import Callable

import numpy as np

from course_utils.check.feedback import NO_ANSWER, Feedback, compare_functions, compare_number

_READ, _CHANGED = 0.8, 0.9  # least shares of images still read, and changed


def dense_parameters(answer: int) -> Feedback:
    """Check the number of parameters of AlexNet's fc6 without the pooling before it.

    Parameters
    ----------
    answer : int
        Weights and biases of 4,096 units that see a map of 13×13×256.
    """
    return compare_number(
        answer,
        (13 * 13 * 256 + 1) * 4096,
        {
            13 * 13 * 256 * 4096: "The biases are missing.",
            (6 * 6 * 256 + 1) * 4096: "That is the layer as it stands, after the pooling.",
            (13 * 13 + 1) * 4096: "The map has 256 channels.",
            (13 * 13 * 384 + 1) * 4096: "block5_conv makes 256 channels, not 384.",
        },
        right="4.7 times as many as with it: 140 million more.",
        hint="How many numbers does each unit see, and how many units are there?",
    )


def dropout(answer: Callable) -> Feedback:
    """Check the outputs of a layer after dropout.

    Parameters
    ----------
    answer : callable
        Takes outputs ``a`` and ``mask``, arrays of equal shape, and the probability ``p`` of a zero
        in the mask; returns an array of that shape.

    References
    ----------
    Srivastava et al. (2014), JMLR 15, section 10 (scaled in training).
    """
    examples = [
        (np.array([2.0, -1.0, 4.0, 3.0]), np.array([1, 0, 1, 0]), 0.5),
        (np.array([8.0, 4.0, 2.0, 1.0]), np.array([0, 1, 1, 1]), 0.2),
    ]
    return compare_functions(
        answer,
        lambda a, mask, p: mask * a / (1 - p),
        examples,
        right="What is left is larger, so that the mean stays.",
        hint="With a share p switched off, what is left of the sum on average? Divide by that.",
    )


def augmentation(answer: Callable) -> Feedback:
    """Check a function that changes digits and leaves their labels true.

    Parameters
    ----------
    answer : callable
        Takes images, float32 of shape (n, 12, 12, 1) from 0 to 1; returns as many of that shape.
        Nearly all must differ from what they were, and the nearest of many plain digits, shifted by
        up to two pixels, must still have the label of 80 % of them.
    """
    hint = "Change what does not matter for the digit, and change it little."
    images, labels = _digits()
    try:
        changed = answer(images[1000:].copy())
    except Exception as error:  # of whatever the student wrote
        return Feedback(False, f"It raises {type(error).__name__}: {error}.", hint)
    if changed is ... or changed is None:
        return Feedback(False, NO_ANSWER, hint)
    try:
        changed = np.array(changed, dtype=float)
    except (TypeError, ValueError):
        return Feedback(False, "It returns no images.", hint)
    if changed.shape != images[1000:].shape:
        wanted = images[1000:].shape
        return Feedback(False, f"It returns images of shape {changed.shape}, not {wanted}.", hint)
    if not np.isfinite(changed).all() or changed.min() < -0.01 or changed.max() > 1.01:
        return Feedback(False, "It returns numbers that are not from 0 to 1.", "Use np.clip.")
    differ = np.mean(np.abs(changed - images[1000:]).max(axis=(1, 2, 3)) > 0.02)
    if differ < _CHANGED:
        return Feedback(False, f"Only {differ:.0%} of the images are changed to be seen.", hint)
    read = _read(images[:1000], labels[:1000], changed, labels[1000:])
    said = f"{differ:.0%} of the images are changed, and {read:.0%} still read."
    return Feedback(True, said) if read >= _READ else Feedback(False, said, hint)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """All digits in the middle of 12×12 pixels, from 0 to 1, and their labels."""
    from sklearn.datasets import load_digits

    digits, labels = load_digits(return_X_y=True)
    images = np.zeros((len(digits), 12, 12, 1), "float32")
    images[:, 2:10, 2:10, 0] = digits.reshape(-1, 8, 8) / 16
    return images, labels


def _read(known, known_labels, images, labels) -> float:
    """Share of images whose label the nearest known image has, at any shift by two pixels."""
    from sklearn.neighbors import KNeighborsClassifier

    shifts = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    shifted = np.concatenate([np.roll(known, shift, axis=(1, 2)) for shift in shifts])
    reader = KNeighborsClassifier(1).fit(
        shifted.reshape(len(shifted), -1), np.tile(known_labels, len(shifts))
    )
    return float(np.mean(reader.predict(images.reshape(len(images), -1)) == labels))
