"""Train small nets many times over, fast."""

import functools
import itertools
import random
import warnings
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from course_utils.guards import GuardError, check_scale
from course_utils.networks import every_layer, unused_twin
from course_utils.replicas import len_of, share_out


def draw_weights(model) -> None:
    """Give a Keras model fresh weights, drawn by its layers' initializers from Keras's seed.

    Frozen layers are drawn too. Batch normalization forgets its running statistics, and layers
    that draw random numbers (dropout, augmentation) begin anew from Keras's seed. This holds at
    any depth: in nested models, and in layers that hold layers. What cannot be trained and has
    no initializer stays, such as a switch, or the mean of an adapted ``Normalization``.

    Parameters
    ----------
    model : keras.Model

    Raises
    ------
    ValueError
        If a trainable weight has no initializer: its layer must keep it in the attribute
        ``<weight>_initializer``, as Keras's layers do. Nothing is drawn then.
    """
    from keras.random import SeedGenerator

    _check_drawable(model)
    for layer in every_layer(model):
        for value in vars(layer).values():
            if isinstance(value, SeedGenerator):
                value.state.assign(SeedGenerator().state)
        for weight in layer.weights:
            initializer = _initializer(layer, weight.name)
            if initializer is not None:
                # A clone, because an initializer without a seed draws the same twice.
                weight.assign(initializer.clone()(weight.shape))


def _check_drawable(model) -> None:
    known = {
        id(weight)
        for layer in every_layer(model)
        for weight in layer.weights
        if _initializer(layer, weight.name) is not None
    }
    left = [weight for weight in model.trainable_weights if id(weight) not in known]
    if left:
        raise ValueError(
            f"No initializer known for {', '.join(weight.path for weight in left)}: give the "
            f"layer an attribute {left[0].name}_initializer, and hand it to add_weight."
        )


def _initializer(layer, weight: str):
    # Keras names two of a separable convolution, and the one of a depthwise, in their own way.
    for name in (weight, weight.removesuffix("_kernel"), "depthwise"):
        if hasattr(layer, f"{name}_initializer"):
            return getattr(layer, f"{name}_initializer")
    return None


def restart(model, *, learning_rate: float | None = None) -> None:
    """Take a compiled model back to before its first step, with fresh random weights.

    Much faster than building and compiling anew for each seed: the compiled training step
    is kept. Reset are

    - the weights, and the random numbers of dropout and augmentation, as
      :func:`draw_weights` says;
    - the optimizer that ``compile`` was given last: its moments, its count of steps, and with
      that a schedule of its learning rate. A learning rate that is a number stays.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    learning_rate : float, optional
        Set on the optimizer.

    Raises
    ------
    ValueError
        If the model is not compiled, ``learning_rate`` is no number, the model was compiled
        with a schedule, or a weight cannot be drawn (see :func:`draw_weights`).
    """
    import keras

    _check_compiled(model)
    optimizer = model.optimizer
    scheduled = not isinstance(optimizer.learning_rate, keras.Variable)
    if learning_rate is not None and (callable(learning_rate) or scheduled):
        raise ValueError(
            "restart sets one number in place of another. A schedule of the learning rate "
            "is set by compile: call model.compile with an optimizer that has it."
        )
    draw_weights(model)
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    for value, unused in zip(optimizer.variables, unused_twin(optimizer).variables, strict=True):
        value.assign(unused)


def fit(
    model,
    images: np.ndarray | Sequence[np.ndarray],
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    steps_per_epoch: int | None = None,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    callbacks: Sequence = (),
    until: float | None = None,
) -> dict[str, np.ndarray]:
    """Train a compiled model as ``model.fit`` does, each epoch as one compiled loop.

    Each step is Keras's own, so optimizer, loss, metrics and trainable layers are those of the
    last ``compile``. What is called afterwards goes on from there: ``fit`` again, ``model.fit``,
    ``evaluate``. As in Keras, the layers are trained that are trainable in the first call after
    ``compile``: a later change of ``trainable`` has no effect until ``compile`` is called again,
    and a warning says so.

    For small networks this is several times as fast as ``model.fit``. The first call after a
    ``compile`` traces the model, which takes seconds for a deep one.

    Where the model was built and compiled under a strategy of several replicas
    (`runtime.strategy`), they share each batch, and loss and gradient are those of the whole batch,
    also where the shares are not equal. Several workers must call it alike, with the same images
    and after the same seed. Dropout draws for each replica; batch normalization sees the replica's
    share, unless it is made with ``synchronized=True``. The loss must be a mean over the batch, as
    Keras's losses are.

    Parameters
    ----------
    model : keras.Model
        Compiled. Weights and optimizer go on from where they are.
    images : ndarray, shape ``(n, ...)``, or a list of them
        A list for a model of several inputs, one for each. Converted to float32. From 0 to 255
        if the model scales them itself.
    labels : ndarray, shape ``(n, ...)``
        As the model's loss takes them.
    epochs, batch_size : int
        In each epoch every image is shown once, in random order, which follows Python's
        ``random`` (``keras.utils.set_random_seed`` sets it). The last, incomplete batch is
        dropped.
    steps_per_epoch : int, optional
        End an epoch after so many batches; the next one goes on with the images not shown yet.
    validation_data : tuple of two ndarrays, optional
        Images and labels, asked after each epoch, all as one batch.
    callbacks : sequence of keras.callbacks.Callback
        Told of training and its epochs, though not of batches. Keras's ``EarlyStopping`` trains
        until the validation loss falls no more, and puts the best epoch's weights back.
    until : float, optional
        Stop after the first epoch with at least this accuracy.

    Returns
    -------
    dict of str to ndarray, shape ``(epochs,)``
        ``"loss"`` and the metrics that were compiled: the mean over each epoch's batches while
        it was trained. With ``validation_data`` also ``"val_loss"`` and so on, after the epoch.

    Raises
    ------
    ValueError
        If the model is not compiled, images and labels differ in number, there are fewer images
        than ``batch_size``, a count is below 1, ``validation_data`` is no pair, or ``until`` is
        set without the metric "accuracy", or a callback without what it monitors; or, with
        several replicas, there are fewer images than replicas in a batch or in
        ``validation_data``, the model has a ``train_step`` of its own, or the workers' seeds
        differ.
    GuardError
        If no layer is trainable; or if the model scales images itself and these do not reach
        from 0 to 255. Several inputs are not looked at: which of them it scales is not known.
    """
    import keras
    import tensorflow as tf

    _check_compiled(model)
    images, labels = _tensors(images, labels, model)
    for each in tf.nest.flatten(images):
        _check_counts(len(each), len(labels), epochs, batch_size, steps_per_epoch)
    validation = _validation(validation_data, model)
    _check_replicas(model, batch_size, len(validation[1]) if validation else None)
    run_epoch, ask = _compiled_of(model, images, labels)
    if not model.trainable_weights:
        raise GuardError(
            f"No layer of {model.name} is trainable: all are frozen, the head too. Set "
            "layer.trainable, then compile again."
        )
    names = [*model.get_metrics_result()]
    names += [f"val_{name}" for name in names] if validation else []
    _check_known(names, until, callbacks)
    steps = steps_per_epoch or len(labels) // batch_size
    batches = _batches(len(labels), batch_size)
    told = keras.callbacks.CallbackList(list(callbacks), model=model)
    history = defaultdict(list)
    model.stop_training = False
    told.on_train_begin()
    for epoch in range(epochs):
        told.on_epoch_begin(epoch)
        order = _order(batches, steps)
        if epoch == 0:
            _check_drawn_alike(model.distribute_strategy, order)
        found = _results(model, run_epoch, images, labels, order)
        if validation:
            found |= {f"val_{k}": v for k, v in _results(model, ask, *validation).items()}
        for name, value in found.items():
            history[name].append(value)
        told.on_epoch_end(epoch, found)
        if model.stop_training or (until is not None and found["accuracy"] >= until):
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    told.on_train_end()
    return {name: np.array(values) for name, values in history.items()}


def _check_compiled(model) -> None:
    if not model.compiled:
        raise ValueError("The model is not compiled. Call model.compile(optimizer, loss) first.")


def _check_counts(n_images, n_labels, epochs, batch_size, steps_per_epoch) -> None:
    if n_images != n_labels:
        raise ValueError(f"{n_images} images but {n_labels} labels: each image needs one.")
    counts = {"epochs": epochs, "batch_size": batch_size, "steps_per_epoch": steps_per_epoch}
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} is {count}; at least 1 is needed.")
    if n_images < batch_size:
        raise ValueError(
            f"{n_images} images do not fill one batch of {batch_size}, and an incomplete batch "
            f"is dropped. Use more images, or a batch_size of at most {n_images}."
        )


def _check_replicas(model, batch_size: int, n_validation: int | None) -> None:
    import keras

    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas == 1:
        return
    if type(model).train_step is not keras.Model.train_step:
        raise ValueError(
            f"{type(model).__name__} has a train_step of its own, which cannot be shared among "
            f"{replicas} replicas. Train it without a strategy."
        )
    for name, count in (("batch_size", batch_size), ("validation_data", n_validation)):
        if count is not None and count < replicas:
            raise ValueError(
                f"{name}: {count} images cannot be shared among {replicas} replicas. Give at "
                f"least {replicas}."
            )


def _check_drawn_alike(strategy, order) -> None:
    """Workers with other batches would show some images twice and others never."""
    import tensorflow as tf

    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    mine = tf.reshape(order, (1, -1))
    of_all = strategy.gather(strategy.run(lambda: mine), axis=0)
    if not np.array_equal(*np.broadcast_arrays(of_all, mine)):
        raise ValueError(
            "The workers draw different batches. Set the same seed in each before training: "
            "networks.set_seed(0)."
        )


def _check_known(names, until, callbacks) -> None:
    import keras

    if until is not None and "accuracy" not in names:
        raise ValueError('until needs the accuracy: compile with metrics=["accuracy"].')
    followers = keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau
    for callback in callbacks:
        # Keras only warns, and trains to the last epoch.
        if isinstance(callback, followers) and callback.monitor not in names:
            remedy = "give validation_data, or " if callback.monitor.startswith("val_") else ""
            raise ValueError(
                f"{type(callback).__name__} monitors {callback.monitor!r}, but there is only "
                f"{', '.join(names)}: {remedy}compile the metric, or monitor another."
            )


def _tensors(images, labels, model) -> tuple:
    """Images, or each of several inputs, in float32, and the labels."""
    import tensorflow as tf

    if not isinstance(images, list | tuple):  # as Keras tells several inputs
        check_scale(images, model)
    images = tf.nest.map_structure(lambda each: tf.constant(each, tf.float32), images)
    return images, tf.constant(labels)


def _validation(pair, model) -> tuple | None:
    import tensorflow as tf

    if pair is None:
        return None
    if isinstance(pair, list | tuple) and len(pair) == 2:
        images, labels = _tensors(*pair, model)
        if all(len(each) == len(labels) for each in tf.nest.flatten(images)):
            return images, labels
    raise ValueError("validation_data must be (images, labels), equally many of both.")


def _results(model, run: Callable, *arrays) -> dict[str, float]:
    """The loss and the metrics of one pass."""
    model.reset_metrics()
    run(*arrays)
    # [()] makes a number of an array without axes, for callbacks that print it.
    found = model.get_metrics_result()
    return {name: np.asarray(value, float)[()] for name, value in found.items()}


# Keras's training function, of which compile makes a new one each time: our loop, our question,
# and the weights that are trained. Forgotten with it.
_COMPILED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _compiled_of(model, images, labels) -> tuple[Callable, Callable]:
    import tensorflow as tf

    model.make_train_function()  # does nothing where there is one since the last compile
    if model.train_function not in _COMPILED:
        # Variables are made here, since none can be made inside a compiled loop.
        first = tf.nest.map_structure(lambda each: each[:1], images)
        strategy = model.distribute_strategy
        strategy.run(lambda: model.compute_metrics(first, labels[:1], model(first)))
        if not model.optimizer.built:
            with strategy.scope():
                model.optimizer.build(model.trainable_variables)
        functions = _compiled_epoch(model), _compiled_question(model)
        _COMPILED[model.train_function] = functions, _trained(model)
    functions, trained = _COMPILED[model.train_function]
    if _trained(model) != trained:
        warnings.warn(
            "trainable has changed since the model was compiled. Training goes on with the "
            "layers that were trainable then; call model.compile again to train the others.",
            stacklevel=3,
        )
    return functions


def _trained(model) -> set[int]:
    return {id(weight) for weight in model.trainable_weights}


def _compiled_epoch(model) -> Callable:
    import tensorflow as tf

    strategy = model.distribute_strategy
    model = weakref.proxy(model)

    @tf.autograph.experimental.do_not_convert
    def step(images, labels, whole):
        if strategy.num_replicas_in_sync == 1:
            model.train_step((images, labels))
        else:
            _train_on_share(model, images, labels, len_of(labels) / whole)

    @tf.function
    def epoch(images, labels, order):
        for batch in order:
            drawn = functools.partial(tf.gather, indices=batch)
            arrays = tf.nest.map_structure(drawn, images), drawn(labels)
            strategy.run(step, args=(*share_out(strategy, arrays), len_of(batch)))

    return _of_any_size(epoch)


def _train_on_share(model, images, labels, part) -> None:
    """Keras's train_step in a replica that has a part of the batch, as 3 of 5 images.

    Keras's own adds up the mean of each replica over the number of replicas. That is the mean of
    the batch only where all have equally many images.
    """
    import tensorflow as tf

    replicas = model.distribute_strategy.num_replicas_in_sync
    with tf.GradientTape() as tape:
        answers = model(images, training=True)
        loss = model.compute_loss(x=images, y=labels, y_pred=answers, training=True) * replicas
        mine = model.optimizer.scale_loss(loss * tf.cast(part, loss.dtype))
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(mine, weights), weights, strict=True))
    losses = next(metric for metric in model.metrics if metric.name == "loss")
    losses.update_state(loss, sample_weight=len_of(labels))
    model.compute_metrics(images, labels, answers)


def _compiled_question(model) -> Callable:
    import tensorflow as tf

    strategy = model.distribute_strategy
    model = weakref.proxy(model)

    @tf.autograph.experimental.do_not_convert
    def ask(images, labels):
        model.test_step((images, labels))

    @tf.function
    def question(images, labels):
        strategy.run(ask, args=share_out(strategy, (images, labels)))

    return _of_any_size(question)


def _of_any_size(function) -> Callable:
    """The function traced with open sizes: for a deep model a trace for each takes seconds."""
    import tensorflow as tf

    def run(images, labels, *order):
        specs = tf.nest.map_structure(
            lambda each: tf.TensorSpec([None, *each.shape[1:]], each.dtype), (images, labels)
        )
        orders = [tf.TensorSpec([None, None], each.dtype) for each in order]
        function.get_concrete_function(*specs, *orders)(images, labels, *order)

    return run


def _order(batches: Iterator[np.ndarray], steps: int):
    import tensorflow as tf

    return tf.constant(list(itertools.islice(batches, steps)))


def _batches(n_images: int, batch_size: int) -> Iterator[np.ndarray]:
    """Batches of indices without end: each image once before any comes again."""
    whole = n_images - n_images % batch_size
    while True:
        order = np.random.default_rng(random.getrandbits(32)).permutation(n_images)
        yield from order[:whole].reshape(-1, batch_size)
