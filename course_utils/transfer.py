"""Features from a frozen base: computed once, streamed, kept."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.caching import content_hash, kept
from course_utils.guards import GuardError, check_images
from course_utils.models.preprocessing import preprocessing_of
from course_utils.progress import progress
from course_utils.replicas import share_out

LABEL = "extracting features"  # of the progress bar


def extract_features(
    base,
    images,
    preprocess: Callable[[np.ndarray], np.ndarray],
    *,
    batch_size: int = 16,
    cache: bool = True,
) -> np.ndarray:
    """Push each image through a frozen network once, and keep the result.

    Images are read and converted to float a batch at a time, so memory does not grow with their
    number beyond the features themselves. Those of an array are stored under a hash of the
    network's layers and weights, the images and the preprocessing: change any of them and they are
    computed anew. Those of a dataset are not stored, since what it will read cannot be hashed.

    Where the base was built under a strategy of several replicas (`runtime.strategy`), they share
    each batch. Several workers must be given the same images in the same order; each gets the
    features of all. Nothing is looked up or stored then: what one worker finds, another may not.

    Parameters
    ----------
    base : keras.Model
        One input, one output. Run in inference mode. Its height and width may be open.
    images : ndarray of uint8, shape (n, height, width, 3), or tf.data.Dataset
        RGB, not preprocessed. A dataset, such as ``data.folder_dataset`` returns, gives images or
        ``(images, labels)``, in batches of any size or one by one; the features come in its order,
        so it must not shuffle.
    preprocess : callable
        The ``preprocess_input`` that belongs to ``base``; takes and returns a float batch,
        and treats every pixel alike.
    batch_size : int
        Of all replicas together.
    cache : bool
        Whether to look up and store the features of an array in the course's cache folder.

    Returns
    -------
    ndarray of float32, shape (n, \\*output shape of the base for images of this size)

    Raises
    ------
    GuardError
        If the images are not uint8 RGB, or not of the size that the base takes; if ``preprocess``
        draws random numbers, or is another than that of the family which the names of the base's
        first layers tell; or if a dataset is empty or without end, or its images differ in size.
    """
    _check_preprocess(preprocess, base)
    if not isinstance(images, np.ndarray) and hasattr(images, "element_spec"):
        return _forward(base, _checked(_batches_of(images, batch_size), base), preprocess)
    check_images(images)
    _check_size(images.shape[1:], base.input_shape[1:])
    if not len(images):
        return np.empty((0, *base.compute_output_shape((None, *images.shape[1:]))[1:]), np.float32)

    def compute() -> np.ndarray:
        starts = progress(range(0, len(images), batch_size), LABEL)
        return _forward(base, (images[i : i + batch_size] for i in starts), preprocess)

    if not cache or base.distribute_strategy.num_replicas_in_sync > 1:
        return compute()
    return kept("features", _content_hash(base, images, preprocess), compute)


def extractor(
    base, preprocess: Callable[[np.ndarray], np.ndarray], image_shape: tuple[int, int, int]
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that pushes a batch through a frozen network.

    Where the base was built under a strategy of several replicas (`runtime.strategy`), each takes a
    share of the batch, and every worker gets the features of all: all must call it alike.

    Parameters
    ----------
    base, preprocess
        As for `extract_features`.
    image_shape : (height, width, 3)

    Returns
    -------
    callable
        Takes uint8 RGB, shape ``(n, *image_shape)``, of any n; returns float32,
        shape ``(n, ...)``. Compiled once.
    """
    import tensorflow as tf

    strategy = base.distribute_strategy
    # One signature for every batch, the shorter last one included: compiled once.
    signature = [tf.TensorSpec((None, *image_shape), tf.float32)]

    @tf.function(input_signature=signature)
    def run(batch):
        shares = share_out(strategy, batch)
        found = strategy.run(lambda share: base(share, training=False), args=(shares,))
        return found if strategy.num_replicas_in_sync == 1 else strategy.gather(found, axis=0)

    def extract(batch: np.ndarray) -> np.ndarray:
        inputs = preprocess(batch.astype(np.float32))
        # Blank images fill up the last share, so that none is shorter than the others.
        blank = np.zeros((-len(inputs) % strategy.num_replicas_in_sync, *image_shape), np.float32)
        if len(blank):
            inputs = np.concatenate([inputs, blank])
        return run(tf.constant(inputs)).numpy()[: len(batch)]

    return extract


def _check_size(given: tuple, taken: tuple) -> None:
    if any(size not in (None, own) for own, size in zip(given, taken, strict=True)):
        raise GuardError(
            f"The images are {given}, but the base takes {taken} (height, width, channels). Load "
            f"the images at the base's size, or build the base with input_shape={given}."
        )


def _check_preprocess(preprocess, base) -> None:
    found, again = _probe(preprocess), _probe(preprocess)
    if not np.array_equal(found, again, equal_nan=True):
        raise GuardError(
            "The preprocessing draws random numbers, so an image never has the same features. "
            "Augment training images beforehand, and nothing else."
        )
    own = preprocessing_of(base)
    if own is None:
        return
    wanted = _probe(own)
    if found.shape != wanted.shape or not np.abs(found - wanted).max() <= 0.01 * np.ptp(wanted):
        family = own.__module__.rpartition(".")[2]
        raise GuardError(
            f"The preprocessing turns pixels 0 to 255 into {found.min():.4g} to {found.max():.4g}; "
            f"that of {family}, as which the base's layers are named, into {wanted.min():.4g} to "
            f"{wanted.max():.4g}, in its order of the colours. Pass preprocess_input of the base's "
            "own module, once. (In a network of your own give the layers other names.)"
        )


def _probe(preprocess) -> np.ndarray:
    """What preprocessing does to every value of each channel. No pixel is grey, so that a change
    in the order of the channels shows."""
    ramp = (np.arange(768, dtype=np.float32) % 256).reshape(1, 16, 16, 3)
    return np.asarray(preprocess(ramp))


def _batches_of(dataset, batch_size: int) -> Iterator[np.ndarray]:
    """Images of a dataset in batches of one size, its labels left out."""
    import tensorflow as tf

    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise GuardError("The dataset never ends. Leave out repeat(), or add take(count).")
    if isinstance(dataset.element_spec, tuple):
        dataset = dataset.map(lambda images, *labels: images)
    spec = dataset.element_spec
    if not isinstance(spec, tf.TensorSpec) or spec.shape.rank not in (3, 4):
        raise GuardError(
            f"The dataset must give images, or (images, labels); it gives {spec}. Where only the "
            "shape is unknown, map the images with tf.ensure_shape."
        )
    if spec.dtype != tf.uint8:  # such as those of Keras's image_dataset_from_directory
        raise GuardError(
            f"Expected uint8 images (0-255), the dataset gives {spec.dtype.name}. If they reach "
            "from 0 to 255, map them with tf.cast(images, tf.uint8); do not preprocess them."
        )
    in_batches = dataset.batch if spec.shape.rank == 3 else dataset.rebatch
    # The next batch is read while the network works on this one.
    dataset = in_batches(batch_size).prefetch(1)
    yield from progress(dataset.as_numpy_iterator(), LABEL)


def _checked(batches: Iterator[np.ndarray], base) -> Iterator[np.ndarray]:
    first = None
    for batch in batches:
        check_images(batch)
        _check_size(batch.shape[1:], base.input_shape[1:])
        first = first or batch.shape[1:]
        if batch.shape[1:] != first:
            raise GuardError(
                f"The dataset's images differ in size ({first}, {batch.shape[1:]}): resize them "
                "to one."
            )
        yield batch
    if first is None:
        raise GuardError("The dataset is empty.")


def _forward(base, batches: Iterator[np.ndarray], preprocess) -> np.ndarray:
    first = next(batches)
    run = extractor(base, preprocess, first.shape[1:])
    parts = [run(batch) for batch in itertools.chain([first], batches)]
    features = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), dtype=np.float32)
    end = len(features)
    while parts:  # each is given back once it is copied, so that all are held but once
        part = parts.pop()
        features[end - len(part) : end] = part
        end -= len(part)
    return features


def _content_hash(base, images, preprocess) -> str:
    # What preprocessing does, rather than what it is called.
    # The images one at a time: of a set whose pixels do not lie in a row, hashing makes a copy.
    return content_hash(base, images.shape, list(images), _probe(preprocess))
