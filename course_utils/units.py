"""What the units of a convolutional network respond to, and which pixels each of them sees.

Three measures ask what a unit finds: :func:`selectivity` to gratings for edges, what outlives
:func:`shuffle_patches` for textures, and :func:`on_object` for parts. Each wants a network of
random weights beside it, and the last two what colours or the place alone would give.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.costs import block_of
from course_utils.transfer import extract_features

# Directions of the RGB cube at right angles, each of length 1: light, and the two pairs of
# opponent colours (van de Sande, Gevers & Snoek 2010, 10.1109/TPAMI.2009.154).
OPPONENT_COLOURS = {
    "light": np.array([1, 1, 1]) / np.sqrt(3),
    "red-green": np.array([1, -1, 0]) / np.sqrt(2),
    "yellow-blue": np.array([1, 1, -2]) / np.sqrt(6),
}
WAVELENGTHS = (4, 6, 9, 14)  # pixels
ORIENTATIONS = 8
_CONTRAST = 150  # the most that keeps every colour within 0 to 255


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

    def strongest(self, count: int) -> np.ndarray:
        """Whether an image is among the ``count`` that excite a unit most, and does excite it.

        Returns
        -------
        ndarray of bool, shape (n, units)
        """
        rank = np.argsort(np.argsort(-self.max, axis=0, kind="stable"), axis=0)
        return (rank < count) & (self.max > 0)


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
    columns = extract_features(model, images, preprocess, batch_size=8)  # many maps at a time
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


def gratings(size: int) -> np.ndarray:
    """Sine gratings of all opponent colours, wavelengths and orientations, equal in contrast.

    Parameters
    ----------
    size : int
        Height and width in pixels.

    Returns
    -------
    ndarray of uint8, shape (colours, wavelengths, orientations, size, size, 3)
        In the order of ``OPPONENT_COLOURS`` and ``WAVELENGTHS``. The light changes along angles
        that go up in equal steps from 0 (upright bars) to below 180 degrees.
    """
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    angles = np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
    along = np.cos(angles)[:, None, None] * columns + np.sin(angles)[:, None, None] * rows
    waves = np.sin(2 * np.pi * along / np.array(WAVELENGTHS)[:, None, None, None])
    colours = np.stack(list(OPPONENT_COLOURS.values()))[:, None, None, None, None]
    return np.round(127.5 + _CONTRAST * waves[..., None] * colours).astype("uint8")


def selectivity(responses: np.ndarray) -> dict[str, np.ndarray]:
    """How much units prefer one orientation, and one opponent colour, of :func:`gratings`.

    Parameters
    ----------
    responses : ndarray, shape (colours, wavelengths, orientations, units)
        Mean responses, not negative.

    Returns
    -------
    dict of str to ndarray of shape (units,)
        From 0 (all alike, or no answer) to 1 (one alone). "orientation" is 1 - circular variance,
        at the colour and wavelength that the unit answers most (Ringach, Shapley & Hawken 2002,
        10.1523/JNEUROSCI.22-13-05639.2002). "colour" is what the strongest response to the best
        colour has over the mean of those to the others, as a share of it.
    """
    units = np.arange(responses.shape[-1])
    by_colour = responses.max(axis=(1, 2))
    tuning = responses.reshape(-1, *responses.shape[2:])
    tuning = tuning[tuning.max(axis=1).argmax(axis=0), :, units]  # (units, orientations)
    doubled = np.exp(2j * np.pi * np.arange(tuning.shape[1]) / tuning.shape[1])
    best = by_colour.max(axis=0)
    others = (by_colour.sum(axis=0) - best) / (len(by_colour) - 1)
    return {
        "orientation": _share(np.abs(tuning @ doubled), tuning.sum(axis=1)),
        "colour": _share(best - others, best),
    }


def shuffle_patches(images: np.ndarray, size: int, *, seed: int = 0) -> np.ndarray:
    """Cut each image into square patches and put them together in another order.

    What fits into a patch is kept, and where it was is not. With patches of one pixel nothing but
    the colours is kept.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
    size : int
        Of a patch, in pixels.
    seed : int
        Each image gets an order of its own.

    Returns
    -------
    ndarray of uint8, of the shape of ``images``

    Raises
    ------
    ValueError
        If height and width are no multiples of the patch.
    """
    n, height, width, channels = images.shape
    if height % size or width % size:
        raise ValueError(
            f"Images of {height}×{width} pixels cannot be cut into patches of {size}×{size}: "
            "choose a size that divides both."
        )
    cut = (n, height // size, size, width // size, size, channels)
    patches = images.reshape(cut).swapaxes(2, 3).reshape(n, -1, size, size, channels)
    rng = np.random.default_rng(seed)
    shuffled = np.stack([rng.permutation(of_one) for of_one in patches])
    rows_first = shuffled.reshape(n, height // size, width // size, size, size, channels)
    return rows_first.swapaxes(2, 3).reshape(images.shape)


def outlives(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Whether units still tell the same images apart: Pearson's correlation over the images.

    Parameters
    ----------
    before, after : ndarray, shape (n, units)
        Mean responses to images, and to what was made of them.

    Returns
    -------
    ndarray, shape (units,)
        1 where the responses keep their order and spacing; 0 also for a unit that answers all
        images alike.
    """
    before, after = (values - values.mean(axis=0) for values in (before, after))
    product = np.linalg.norm(before, axis=0) * np.linalg.norm(after, axis=0)
    return _share((before * after).sum(axis=0), product)


def on_object(responses: Responses, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much of the strongest place lies on the object, and on the objects of other images.

    A place is the square in the middle of what it sees, as wide as from one place to the next.
    The other images say what the place alone would give, as objects lie near the middle.

    Parameters
    ----------
    responses : Responses
    masks : ndarray of 0 and 1, shape (n, height, width)
        Of the images that the responses belong to.

    Returns
    -------
    own, others : ndarray, shape (n, units)
        Shares from 0 to 1.
    """
    side = responses.field.stride
    n, height, width = masks.shape
    squares = masks.reshape(n, height // side, side, width // side, side).mean(axis=(2, 4))
    image = np.arange(n)[:, None]
    own = squares[image, responses.row, responses.column]
    of_all = squares.sum(axis=0)[responses.row, responses.column]
    return own, (of_all - own) / (n - 1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part of a whole; 0 where there is none."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 1e-12)


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
