"""Walk the layers of a Keras model, build models only to be counted or drawn, and set the seeds.

The one file that touches what Keras keeps private; its tests say when Keras has changed it.
"""

import contextlib
import json
import random
from collections.abc import Iterator

import numpy as np


def leaf_layers(model, prefix: str = "") -> Iterator[tuple]:
    """Yield the layers of a model with their names, those of nested models as ``outer/inner``.

    Parameters
    ----------
    model : keras.Model
    prefix : str
        Put before each name.

    Yields
    ------
    name, layer : str, keras.Layer
    """
    # Sequential.layers leaves its input out; a functional model's does not.
    for layer in model.layers if prefix else model._layers:
        name = f"{prefix}{layer.name}"
        if hasattr(layer, "layers"):
            yield from leaf_layers(layer, prefix=f"{name}/")
        else:
            yield name, layer


def every_layer(model) -> Iterator:
    """Yield the layers of a model at any depth: those that a layer holds come after it.

    Parameters
    ----------
    model : keras.Model

    Yields
    ------
    keras.Layer
    """
    for _, layer in leaf_layers(model):
        yield from layer._flatten_layers()


def unused_twin(optimizer):
    """An optimizer of the same settings and for the same weights, before its first step.

    Parameters
    ----------
    optimizer : keras.Optimizer

    Returns
    -------
    keras.Optimizer
        Its ``variables`` are in the same order.
    """
    twin = type(optimizer).from_config(optimizer.get_config())
    if optimizer.built:
        # Those it was built for: they need not be the ones that are trainable now.
        twin.build(optimizer._trainable_variables)
    return twin


def producers(operation) -> list[str]:
    """Names of the layers whose outputs a layer takes in, seen through bare operations.

    Parameters
    ----------
    operation : keras.Layer
        Of a functional or sequential model.
    """
    import keras

    names = []
    # Keras has no public way to ask a layer of a functional model for its neighbours.
    for node in operation._inbound_nodes[-1].parent_nodes:
        if isinstance(node.operation, keras.Layer):
            names.append(node.operation.name)
        else:
            names.extend(producers(node.operation))
    return names


def output_shape(layer) -> tuple[int | None, ...]:
    """Shape of a layer's output without the batch axis (of the first, if there are several)."""
    output = layer.output
    return (output[0] if isinstance(output, (list, tuple)) else output).shape[1:]


def architecture(model) -> str:
    """The layers of a model and how they are joined, the same each time it is built.

    As JSON, with numbers for the layers' names, which Keras makes anew at each build.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential.

    Raises
    ------
    TypeError
        If it is a class of its own: what its ``call`` does cannot be told.
    """
    config = json.loads(model.to_json())["config"]
    if "layers" not in config:
        raise TypeError(
            f"{model.name} is neither functional nor sequential: how its layers are joined "
            "cannot be told."
        )
    numbers = {layer["config"]["name"]: i for i, layer in enumerate(config["layers"])}

    def numbered(value):
        if isinstance(value, dict):
            return {key: numbered(item) for key, item in value.items()}
        if isinstance(value, list):
            return [numbered(item) for item in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    return json.dumps(numbered({**config, "name": ""}), sort_keys=True)


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Build models without their numbers: in no time, and in no memory.

    A model built inside is there to be counted and drawn: it holds no weights, so it cannot
    be trained. VGG-19 takes 0.1 s, not 10 s and 0.6 GB.
    """
    import keras
    from keras.src.backend.common import global_state

    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # Keras would fill these variables as soon as the next model is built.
        global_state.set_global_attribute("uninitialized_variables", [])


def set_seed(seed: int) -> None:
    """Set the seeds of Python, NumPy and Keras, and keep what is compiled.

    ``keras.utils.set_random_seed`` sets TensorFlow's own seed as well, for which TensorFlow throws
    away every function that it has prepared: the next step of a deep net then takes seconds.
    Keras draws from its own seed throughout, but for the order in which ``model.fit`` shuffles.

    Parameters
    ----------
    seed : int
    """
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)  # made anew when asked for
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (a trial may draw from it)
