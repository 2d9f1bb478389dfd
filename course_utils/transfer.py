"""Features from a frozen base: computed once, streamed, kept."""

from collections.abc import Callable

import numpy as np

from course_utils.caching import content_hash, kept
from course_utils.guards import GuardError, check_images
from course_utils.progress import progress


def extract_features(
    base,
    images: np.ndarray,
    preprocess: Callable[[np.ndarray], np.ndarray],
    *,
    batch_size: int = 16,
    cache: bool = True,
) -> np.ndarray:
    """Push each image through a frozen network once, and keep the result.

    Images are converted to float a batch at a time, so memory does not grow with their
    number beyond the features themselves. The result is stored under a hash of the network's
    layers and weights, the images and the preprocessing: change any of them and it is computed
    anew.

    Parameters
    ----------
    base : keras.Model
        One input, one output. Run in inference mode. Its height and width may be open.
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB, not preprocessed.
    preprocess : callable
        The ``preprocess_input`` that belongs to ``base``; takes and returns a float batch,
        and treats every pixel alike.
    batch_size : int
    cache : bool
        Whether to look up and store the result in the course's cache folder.

    Returns
    -------
    ndarray of float32, shape (n, \\*output shape of the base for images of this size)

    Raises
    ------
    GuardError
        If the images are not a uint8 RGB batch, or not of the size that the base takes.
    """
    check_images(images)
    _check_size(images.shape[1:], base.input_shape[1:])
    if not cache:
        return _forward(base, images, preprocess, batch_size)
    key = _content_hash(base, images, preprocess)
    return kept("features", key, lambda: _forward(base, images, preprocess, batch_size))


def _check_size(given: tuple, taken: tuple) -> None:
    if any(size not in (None, own) for own, size in zip(given, taken, strict=True)):
        raise GuardError(
            f"The images are {given}, but the base takes {taken} (height, width, channels). Load "
            f"the images at the base's size, or build the base with input_shape={given}."
        )


def _forward(base, images, preprocess, batch_size) -> np.ndarray:
    import tensorflow as tf

    # One signature for every batch, the shorter last one included: compiled once.
    size = (None, *images.shape[1:])
    signature = [tf.TensorSpec(size, tf.float32)]
    run = tf.function(lambda batch: base(batch, training=False), input_signature=signature)
    features = np.empty((len(images), *base.compute_output_shape(size)[1:]), dtype=np.float32)
    for start in progress(range(0, len(images), batch_size), "extracting features"):
        batch = preprocess(images[start : start + batch_size].astype(np.float32))
        features[start : start + batch_size] = run(tf.constant(batch)).numpy()
    return features


def _content_hash(base, images, preprocess) -> str:
    # What preprocessing does to every value of each channel, rather than what it is called. No
    # pixel is grey, so that a change in the order of the channels shows.
    ramp = (np.arange(768, dtype=np.float32) % 256).reshape(1, 16, 16, 3)
    preprocessed = np.asarray(preprocess(ramp))
    # The images one at a time: of a set whose pixels do not lie in a row, hashing makes a copy.
    return content_hash(base, images.shape, list(images), preprocessed)
