"""Train small nets many times over, fast."""

import random
import weakref
from collections.abc import Callable

import numpy as np

from course_utils.networks import leaf_layers


def draw_weights(model) -> None:
    """Give a Keras model fresh weights, drawn by its layers' initializers from Keras's seed.

    Batch normalization forgets its running statistics, and layers that draw random numbers
    (dropout, augmentation) begin anew from Keras's seed. A layer's own weights that have no
    initializer attribute (``<weight>_initializer``, as Keras's layers have) stay.
    """
    from keras.random import SeedGenerator

    for _, layer in leaf_layers(model):
        for value in vars(layer).values():
            if isinstance(value, SeedGenerator):
                value.state.assign(SeedGenerator().state)
        for weight in layer.weights:
            initializer = getattr(layer, f"{weight.name}_initializer", None)
            if initializer is not None:
                # A clone, because an initializer without a seed draws the same twice.
                weight.assign(initializer.clone()(weight.shape))


def restart(model, *, learning_rate: float | None = None) -> None:
    """Give a compiled model fresh random weights and its optimizer a fresh start.

    Much faster than building and compiling anew for each seed: the compiled training step
    is kept.

    Parameters
    ----------
    model : keras.Model
        Compiled. Weights are drawn by each layer's initializer from Keras's current seed.
    learning_rate : float, optional
        Set on the optimizer; by default its rate stays.
    """
    draw_weights(model)
    rate = model.optimizer.learning_rate
    for variable in model.optimizer.variables:
        if variable is not rate:
            variable.assign(np.zeros(variable.shape))
    if learning_rate is not None:
        model.optimizer.learning_rate = learning_rate


def trainer(
    model, *, steps: int, batch_size: int = 64
) -> Callable[[np.ndarray, np.ndarray, float], np.ndarray]:
    """Compile the training of a classifier by stochastic gradient descent into one function.

    It does what ``compile`` and ``fit`` do, with momentum 0.9 and a learning rate that falls
    to zero as a half cosine. All steps are one compiled loop: ``fit`` itself takes 10 to
    20 ms a step, which for the nets of the lessons is most of the time.

    Parameters
    ----------
    model : keras.Model
        Its outputs are logits.
    steps : int
        Batches of one training.
    batch_size : int

    Returns
    -------
    callable
        ``train(images, labels, learning_rate)`` draws new weights, trains, and returns the loss
        of each step, shape ``(steps,)``. The learning rate is that of the first step. Weights
        and batches follow the seed set with ``keras.utils.set_random_seed``.
    """
    import keras
    import tensorflow as tf

    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    decay = keras.optimizers.schedules.CosineDecay(1.0, steps)
    optimizer = keras.optimizers.SGD(momentum=0.9)
    optimizer.build(model.trainable_variables)

    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = loss_function(labels, model(images, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    @tf.function
    def loop(images, labels, learning_rate, order):
        losses = tf.TensorArray(tf.float32, steps)
        for i in tf.range(steps):
            optimizer.learning_rate = learning_rate * decay(i)
            batch = order[i]
            losses = losses.write(i, step(tf.gather(images, batch), tf.gather(labels, batch)))
        return losses.stack()

    def train(images: np.ndarray, labels: np.ndarray, learning_rate: float) -> np.ndarray:
        draw_weights(model)
        for variable in optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        order = _batches(len(images), steps, batch_size)
        return loop(*map(tf.constant, (images, labels, learning_rate, order))).numpy()

    return train


def fit(
    model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    until: float | None = None,
) -> dict[str, np.ndarray]:
    """Train a compiled classifier as ``model.fit`` does, each epoch as one compiled loop.

    Parameters
    ----------
    model : keras.Model
        Compiled; its outputs are logits. Weights and optimizer go on from where they are.
    images : ndarray of float32, shape ``(n, ...)``
    labels : ndarray of int, shape ``(n,)``
    epochs, batch_size : int
        What is left over of an epoch after whole batches is not used in it.
    until : float, optional
        Stop after the first epoch with at least this accuracy.

    Returns
    -------
    dict with ``"loss"`` and ``"accuracy"``
        One value an epoch, the mean over its batches while it was trained.
    """
    import tensorflow as tf

    if model not in _EPOCHS:
        model.optimizer.build(model.trainable_variables)
        _EPOCHS[model] = _compiled_epoch(model)
    images, labels = tf.constant(images, tf.float32), tf.constant(labels, tf.int64)
    history: dict[str, list] = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        order = _batches(len(images), len(images) // batch_size, batch_size)
        for key, value in zip(history, _EPOCHS[model](images, labels, order), strict=True):
            history[key].append(float(value))
        if until is not None and history["accuracy"][-1] >= until:
            break
    return {key: np.array(values) for key, values in history.items()}


# Compiled once for each model; forgotten with it.
_EPOCHS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _compiled_epoch(model) -> Callable:
    import tensorflow as tf

    model = weakref.proxy(model)
    # Open sizes, since tracing a deep model anew for each size takes seconds.
    images = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)
    labels, order = tf.TensorSpec([None], tf.int64), tf.TensorSpec([None, None], tf.int64)

    @tf.function(input_signature=[images, labels, order])
    def epoch(images, labels, order):
        loss_sum, right_sum = 0.0, 0.0
        for batch in order:
            inputs, targets = tf.gather(images, batch), tf.gather(labels, batch)
            with tf.GradientTape() as tape:
                logits = model(inputs, training=True)
                loss = model.compute_loss(inputs, targets, logits)
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(gradients, model.trainable_variables)
            right = tf.equal(tf.argmax(logits, axis=-1), targets)
            loss_sum += loss
            right_sum += tf.reduce_mean(tf.cast(right, tf.float32))
        steps = tf.cast(tf.shape(order)[0], tf.float32)
        return loss_sum / steps, right_sum / steps

    return lambda images, labels, order: epoch(images, labels, tf.constant(order))


def _batches(n_images: int, steps: int, batch_size: int) -> np.ndarray:
    """Indices ``(steps, batch_size)``: each image once before any comes again."""
    generator = np.random.default_rng(random.getrandbits(32))
    rounds = -(-steps * batch_size // n_images)
    order = np.concatenate([generator.permutation(n_images) for _ in range(rounds)])
    return order[: steps * batch_size].reshape(steps, batch_size)
