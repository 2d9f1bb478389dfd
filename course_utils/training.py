"""Train small nets many times over, fast."""

import random
from collections.abc import Callable

import numpy as np

from course_utils.costs import leaf_layers


def draw_weights(model) -> None:
    """Give a Keras model fresh weights, drawn by its layers' initializers from Keras's seed.

    Batch normalization forgets its running statistics. A layer's own weights that have no
    initializer attribute (``<weight>_initializer``, as Keras's layers have) stay.
    """
    for _, layer in leaf_layers(model):
        for weight in layer.weights:
            initializer = getattr(layer, f"{weight.name}_initializer", None)
            if initializer is not None:
                # A clone, because an initializer without a seed draws the same twice.
                weight.assign(initializer.clone()(weight.shape))


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


def _batches(n_images: int, steps: int, batch_size: int) -> np.ndarray:
    """Indices ``(steps, batch_size)``: each image once before any comes again."""
    generator = np.random.default_rng(random.getrandbits(32))
    rounds = -(-steps * batch_size // n_images)
    order = np.concatenate([generator.permutation(n_images) for _ in range(rounds)])
    return order[: steps * batch_size].reshape(steps, batch_size)
