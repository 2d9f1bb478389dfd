"""Which preprocessing belongs to a network, told by its first layers."""

import importlib
from collections.abc import Callable

import numpy as np

from course_utils.networks import leaf_layers

# Names of the first layers with weights, as Keras builds a family, filters of the first of them,
# and the family's module. The names of Inception and NASNet do not tell.
_FIRST_LAYERS = {
    ("block1_conv1", "block1_conv2"): (64, "keras.applications.vgg16"),  # VGG19's too
    ("conv1_conv", "conv1_bn", "conv2_block1_0_bn"): (64, "keras.applications.densenet"),
    ("conv1_conv", "conv1_bn", "conv2_block1_1_conv"): (64, "keras.applications.resnet"),
    ("conv1", "conv1_bn", "conv_dw_1"): (32, "keras.applications.mobilenet"),
    ("Conv1", "bn_Conv1"): (32, "keras.applications.mobilenet_v2"),
    ("stem_conv", "stem_bn", "block1a_dwconv"): (32, "course_utils.models.efficientnet_lite"),
}


def preprocessing_of(model) -> Callable[[np.ndarray], np.ndarray] | None:
    """``preprocess_input`` of the family that a network, or its lower part, is of.

    Parameters
    ----------
    model : keras.Model
        Not one that holds the network as a layer: that may preprocess by itself.

    Returns
    -------
    callable or None
        Takes a float batch, which Keras's change in place. None where no family is known.
    """
    found = [(name, layer) for name, layer in leaf_layers(model) if layer.weights]
    names = tuple(name for name, _ in found)
    for first, (filters, module) in _FIRST_LAYERS.items():
        if names[: len(first)] == first and found[0][1].weights[0].shape[-1] == filters:
            return importlib.import_module(module).preprocess_input
    return None
