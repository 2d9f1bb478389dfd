"""One-line checks against lessons that are silently wrong.

Each raises :class:`GuardError` with what is wrong and what to do; each returns ``None``.
"""

import itertools
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


def check_labels(
    labels: np.ndarray,
    images: np.ndarray,
    class_names: Sequence[str],
    objects: np.ndarray | None = None,
) -> None:
    """Integer labels ``(n,)`` agree with the images, the class names, and the objects shown.

    Parameters
    ----------
    labels, images : ndarray
    class_names : sequence of str
        In the order of the labels.
    objects : ndarray of str, shape (n,), optional
        What each image shows, named by its class and a number, such as "Hat_13"
        (:func:`course_utils.data.load_objects_instances`).

    Raises
    ------
    GuardError
        If the counts differ, a label has no name, a class has no image, or a label names another
        class than the object does.
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
        raise GuardError(
            f"Labels {sorted(present - expected)} have no class name: {len(class_names)} classes "
            f"are numbered from 0 to {len(class_names) - 1}."
        )
    if expected - present:
        missing = [class_names[i] for i in sorted(expected - present)]
        raise GuardError(f"No image of {', '.join(missing)}.")
    if objects is not None:
        _check_objects(labels, class_names, objects)


def _check_objects(labels, class_names, objects) -> None:
    shown = [str(name).rpartition("_")[0] for name in objects]
    said = [class_names[label] for label in labels]
    wrong = [i for i, pair in enumerate(zip(said, shown, strict=True)) if pair[0] != pair[1]]
    if wrong:
        i = wrong[0]
        raise GuardError(
            f"{len(wrong)} of {len(said)} labels are wrong: image {i} shows {objects[i]}, its "
            f"label says {said[i]}. Are labels in another order than the images, or classes than "
            "their names?"
        )


def check_split(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    class_names: Sequence[str],
    objects: tuple[np.ndarray, np.ndarray] | tuple[None, None] = (None, None),
) -> None:
    """A training and a test set are what they should be, and share no image.

    Each as :func:`check_images` and :func:`check_labels` want it, both as :func:`check_disjoint`.

    Parameters
    ----------
    train, test : tuple of two ndarrays
        Images and labels.
    class_names, objects
        As for :func:`check_labels`, of both sets.

    Raises
    ------
    GuardError
        What the three raise; or if an object is shown in both sets.
    """
    for (images, labels), shown in zip((train, test), objects, strict=True):
        check_images(images)
        check_labels(labels, images, class_names, shown)
    check_disjoint(train[0], test[0])
    both = set() if objects[0] is None else {*objects[0]} & {*objects[1]}
    if both:
        raise GuardError(
            f"Objects shown in training and in test images: {', '.join(sorted(both)[:5])}. "
            "Split by object, not by image."
        )


def check_disjoint(train: np.ndarray, test: np.ndarray) -> None:
    """No image stands in both the training and the test set, nor does nearly the same one.

    Nearly the same is an image that was stored as JPEG again or made a little brighter. One that
    was shifted by some pixels, cut or turned is not found, nor is another view of an object.

    Parameters
    ----------
    train, test : ndarray, shape ``(n, height, width, ...)``
        Of any dtype and range.

    Raises
    ------
    GuardError
        If an image of ``train`` and one of ``test`` differ by less than 5 % of the range of the
        values, in the mean of each of 16×16 tiles and on average over the tiles' centres; or if
        the sets' images are not of one shape.
    """
    if train.shape[1:] != test.shape[1:]:
        raise GuardError(
            f"Training images are {train.shape[1:]}, test images {test.shape[1:]}: "
            "load both at one size to compare them."
        )
    first_of = {i: j for i, j in reversed(near_duplicates(test, train))}
    pairs = sorted(first_of.items())
    if pairs:
        shown = ", ".join(f"test {i} and train {j}" for i, j in pairs[:5])
        raise GuardError(
            f"{len(pairs)} test images are also training images, or nearly "
            f"({shown}{', …' if pairs[5:] else ''}): the test is worthless. "
            "Take them out of one of the sets."
        )


def near_duplicates(first: np.ndarray, second: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of images that are nearly the same, as :func:`check_disjoint` measures it.

    Parameters
    ----------
    first, second : ndarray, shape ``(n, height, width, ...)``
        Images of one shape, at least one in each.

    Returns
    -------
    list of (int, int)
        Positions in ``first`` and ``second``, in order.
    """
    from scipy.spatial.distance import cdist

    tolerance = 0.05 * (
        float(max(first.max(), second.max())) - float(min(first.min(), second.min()))
    )
    means, centres = _tiles(second)
    pairs = []
    for i, (mean, centre) in enumerate(zip(*_tiles(first), strict=True)):
        near = cdist(mean[None], means, "chebyshev")[0] <= tolerance
        near &= cdist(centre[None], centres, "cityblock")[0] <= tolerance * len(centre)
        pairs += [(i, int(j)) for j in np.flatnonzero(near)]
    return pairs


def _tiles(images: np.ndarray, count: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Mean and central pixel of each tile and channel, each ``(n, tiles)``."""
    height, width = (max(size // count, 1) for size in images.shape[1:3])
    rows, columns = (min(size, count) for size in images.shape[1:3])
    means, centres = [], []
    for image in images:  # one at a time, since a float copy of all would be large
        tiles = image[: rows * height, : columns * width].reshape(rows, height, columns, width, -1)
        means.append(tiles.mean(axis=1).mean(axis=2).ravel())
        centres.append(tiles[:, height // 2, :, width // 2].astype(float).ravel())
    return np.array(means), np.array(centres)


def check_scale(images: np.ndarray, model) -> None:
    """Images reach from 0 to 255 where the model itself scales them from there.

    A model does so if its first ``Rescaling`` or ``Normalization`` layer, at any depth, makes the
    255 steps from black to white between 0.5 and 10 wide. Inputs of 0 to 1 would be all but flat.

    Parameters
    ----------
    images : ndarray
        Checked if it is a batch of images, ``(n, height, width, channels)``.
    model : keras.Model

    Raises
    ------
    GuardError
        If the largest value is below 26, or values leave 0 to 255 by more than a tenth (which
        resizing may do).
    """
    from keras.layers import Normalization, Rescaling

    layers = [layer for _, layer in leaf_layers(model)]
    scaling = [layer for layer in layers if isinstance(layer, Normalization | Rescaling)][:1]
    if not scaling or np.ndim(images) != 4:
        return
    black = np.zeros((1, *images.shape[1:]), np.float32)
    width = float(np.abs(scaling[0](black + 255) - scaling[0](black)).mean())
    low, high = float(np.min(images)), float(np.max(images))
    if 0.5 <= width <= 10 and not (low > -25.5 and 25.5 < high < 280.5):
        raise GuardError(
            f"The images reach from {low:.3g} to {high:.3g}, but the model's layer "
            f"{scaling[0].name!r} scales them from 0 to 255. Pass them as loaded: what is scaled "
            "twice, the network has never seen."
        )


def check_joined(model, images: np.ndarray, head, features: np.ndarray) -> None:
    """A model of base and head answers as the head does on the features of the same images.

    Parameters
    ----------
    model : keras.Model
        Takes images as they are.
    images : ndarray, shape ``(n, ...)``
        A few are enough.
    head : keras.Model
        Takes features.
    features : ndarray, shape ``(n, ...)``
        Of the same images.

    Raises
    ------
    GuardError
        If an answer differs by more than a hundredth of the largest one.
    """
    # One by one, which takes the least memory.
    together = model.predict(images, batch_size=1, verbose=0)
    apart = head.predict(features, batch_size=1, verbose=0)
    difference = np.abs(together - apart).max()
    if not difference <= 0.01 * np.abs(apart).max():
        raise GuardError(
            f"The model's answers differ from its head's by up to {difference:.2g}. Put the "
            "trained head back with head.set_weights(...), and check that the images are "
            "preprocessed as the features were: once."
        )


def check_repeated(before: np.ndarray, again: np.ndarray) -> None:
    """A model gives the same images the same answers the second time.

    Parameters
    ----------
    before, again : ndarray, shape ``(n, ...)``
        Classes, say, or which of them are right.

    Raises
    ------
    GuardError
        If more than two in a hundred differ, as they do where augmentation, dropout or batch
        normalization in training mode changes them.
    """
    before, again = (np.asarray(answers).reshape(len(answers), -1) for answers in (before, again))
    changed = (before != again).any(axis=1)
    if changed.mean() > 0.02:
        raise GuardError(
            f"{changed.sum()} of {len(changed)} answers to the same images differ the second time. "
            "In evaluation nothing is drawn at random: leave out augmentation, and call the model "
            "with training=False."
        )


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


def check_timings(spans: Sequence[tuple[float, float]]) -> None:
    """Timings were taken one after another: none began before another one ended.

    Parameters
    ----------
    spans : sequence of (float, float)
        Start and end of each, as ``time.perf_counter`` gives them.

    Raises
    ------
    GuardError
        If two overlap, as they do where a clock runs on from the timing before.
    """
    for (start, end), (following, _) in itertools.pairwise(sorted(spans)):
        if following < end:
            raise GuardError(
                f"A timing began {end - following:.2g} s before the one that began at {start:.2f} "
                "ended: the times are cumulative. Start the clock anew for each."
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
