"""One-line checks against lessons that are silently wrong.

Each raises :class:`GuardError` with what is wrong and what to do; each returns ``None``.
"""

from collections.abc import Sequence

import numpy as np

from course_utils.networks import leaf_layers


class GuardError(AssertionError):
    """A silent mistake was caught: the message says which one."""


def check_images(images: np.ndarray) -> None:
    """Images are a uint8 RGB batch, ``(n, height, width, 3)``, not yet preprocessed.

    Raises
    ------
    GuardError
        On any other shape or dtype.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 4 or images.shape[-1] != 3:
        raise GuardError(
            f"Expected RGB images of shape (n, height, width, 3), got {np.shape(images)}. "
            "Add the batch axis with image[None], or drop the alpha channel."
        )
    if images.dtype != np.uint8:
        raise GuardError(
            f"Expected uint8 images (0-255), got {images.dtype}. "
            "Pass them as loaded: preprocessing is done once, for this model, later on."
        )


def check_labels(labels: np.ndarray, images: np.ndarray, class_names: Sequence[str]) -> None:
    """Integer labels ``(n,)`` agree with the images and the class names.

    Raises
    ------
    GuardError
        If the counts differ, a label has no name, or a class has no image.
    """
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise GuardError(
            f"Expected integer labels of shape (n,), got {labels.dtype} {labels.shape}. "
            "Undo one-hot encoding with labels.argmax(axis=1)."
        )
    if len(labels) != len(images):
        raise GuardError(f"{len(images)} images but {len(labels)} labels.")
    present = set(np.unique(labels).tolist())
    expected = set(range(len(class_names)))
    if present - expected:
        raise GuardError(f"Labels {sorted(present - expected)} have no class name.")
    if expected - present:
        missing = [class_names[i] for i in sorted(expected - present)]
        raise GuardError(f"No image of {', '.join(missing)}.")


def check_disjoint(train: np.ndarray, test: np.ndarray) -> None:
    """No image stands in both the training and the test set.

    Raises
    ------
    GuardError
        If any image of ``train`` is equal, pixel for pixel, to one of ``test``.
    """
    seen = {image.tobytes() for image in train}
    shared = sum(image.tobytes() in seen for image in test)
    if shared:
        raise GuardError(f"{shared} test images are also training images: the test is worthless.")


def check_trainable(model, expected: Sequence[str]) -> None:
    """Exactly the named layers of a Keras model have trainable weights.

    Parameters
    ----------
    model : keras.Model
    expected : sequence of str
        Names of the layers that training may change. Layers inside a nested model are
        named ``outer/inner``.

    Raises
    ------
    GuardError
        If another layer would be trained, or a named one would not.
    """
    found = {name for name, layer in leaf_layers(model) if layer.trainable_weights}
    if found != set(expected):
        raise GuardError(
            f"Trainable layers: {sorted(found)}; expected: {sorted(expected)}. "
            "Set layer.trainable, then compile again: compile() is what takes it over."
        )


def snapshot(model) -> dict[str, list[np.ndarray]]:
    """Copies of all weights, by layer name, for :func:`check_moved`."""
    return {name: layer.get_weights() for name, layer in leaf_layers(model)}


def check_moved(before: dict[str, list[np.ndarray]], model, moved: Sequence[str]) -> None:
    """Since ``before``, exactly the named layers changed.

    Raises
    ------
    GuardError
        If a layer moved that should not have, or a named one did not.
    """
    changed = {
        name
        for name, layer in leaf_layers(model)
        if any(
            not np.array_equal(a, b) for a, b in zip(before[name], layer.get_weights(), strict=True)
        )
    }
    if changed != set(moved):
        raise GuardError(f"Layers that moved: {sorted(changed)}; expected: {sorted(moved)}.")
