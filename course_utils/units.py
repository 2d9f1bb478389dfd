"""What the units of a convolutional network respond to, and which pixels each of them sees."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.costs import block_of
from course_utils.transfer import extract_features


@dataclass(frozen=True)
class Field:
    """The square of input pixels that the outputs of a layer see.

    Attributes
    ----------
    size : int
        Side of the square, in pixels.
    stride : int
        Pixels from one output to the next.
    offset : int
        First pixel that the output at position 0 sees; negative in the zero padding.
    """

    size: int
    stride: int
    offset: int

    def crop(self, image: np.ndarray, row: int, column: int) -> np.ndarray:
        """What the output at (row, column) sees of an image, clipped at the image's borders."""
        top, left = (self.offset + self.stride * place for place in (row, column))
        bottom, right = top + self.size, left + self.size
        return image[max(top, 0) : bottom, max(left, 0) : right]


@dataclass(frozen=True)
class Responses:
    """Responses of all units of one layer to a batch of images.

    Attributes
    ----------
    mean, max : ndarray of float32, shape (n, units)
        Over all positions of the image.
    row, column : ndarray of int, shape (n, units)
        Where the response is strongest, as a position of the layer's output.
    field : Field
        What a position sees of the image.
    """

    mean: np.ndarray
    max: np.ndarray
    row: np.ndarray
    column: np.ndarray
    field: Field

    def patches(self, images: np.ndarray, unit: int, count: int) -> list[np.ndarray]:
        """The patches that excite a unit most, strongest first, each of another image.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width, 3)
            Those that the responses belong to.
        unit, count : int
        """
        strongest = np.argsort(-self.max[:, unit], kind="stable")[:count]
        return [
            self.field.crop(images[i], self.row[i, unit], self.column[i, unit]) for i in strongest
        ]


def unit_responses(
    base, images: np.ndarray, preprocess: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Responses]:
    """Mean and strongest response of every unit at the end of each block, in one pass.

    Nothing of the maps themselves is kept, so 265 images take some megabytes in place of
    gigabytes. The pass is cached as all features are (:func:`transfer.extract_features`).

    Parameters
    ----------
    base : keras.Model
        A chain of convolutions and poolings. Blocks as :func:`costs.block_of` names them.
    images : ndarray of uint8, shape (n, height, width, 3)
    preprocess : callable
        As for :func:`transfer.extract_features`.

    Returns
    -------
    dict of str to Responses
        Name of the block to the responses of its last layer.
    """
    import keras
    from keras import ops

    ends = _block_ends(base)
    parts = []
    for layer in ends.values():
        height, width, units = layer.output.shape[1:]
        flat = ops.reshape(layer.output, (-1, height * width, units))
        parts += [ops.mean(flat, axis=1), ops.max(flat, axis=1)]
        parts.append(ops.cast(ops.argmax(flat, axis=1), "float32"))  # exact below 2**24
    model = keras.Model(base.inputs, ops.concatenate(parts, axis=-1))
    columns = extract_features(model, images, preprocess)
    widths = [part.shape[-1] for part in parts]
    split = iter(np.split(columns, np.cumsum(widths)[:-1], axis=1))
    return {
        block: Responses(
            next(split),
            next(split),
            *np.divmod(next(split).astype(int), layer.output.shape[2]),
            receptive_field(base, layer.name),
        )
        for block, layer in ends.items()
    }


def receptive_field(base, layer_name: str) -> Field:
    """The pixels that a layer's outputs see, from the kernels and strides before it.

    Parameters
    ----------
    base : keras.Model
        A chain of layers: convolutions, poolings, and others that see one position only.
    layer_name : str

    References
    ----------
    Araujo, Norris & Sim (2019), "Computing receptive fields of convolutional neural
    networks", Distill, 10.23915/distill.00021.
    """
    size, stride, offset = 1, 1, 0
    for layer in base.layers:
        kernel = getattr(layer, "kernel_size", getattr(layer, "pool_size", (1, 1)))[0]
        step = getattr(layer, "strides", (1, 1))[0]
        if getattr(layer, "padding", "valid") == "same":
            before = layer.input.shape[1]
            padded = max((layer.output.shape[1] - 1) * step + kernel - before, 0)
            offset -= stride * (padded // 2)
        size += stride * (kernel - 1)
        stride *= step
        if layer.name == layer_name:
            break
    return Field(size, stride, offset)


def _block_ends(base) -> dict:
    """The last layer of each block that has weights and puts out a map."""
    grouped: dict[str, list] = {}
    for layer in base.layers:
        grouped.setdefault(block_of(layer.name), []).append(layer)
    return {
        block: layers[-1]
        for block, layers in grouped.items()
        if any(layer.weights for layer in layers) and len(layers[-1].output.shape) == 4
    }
