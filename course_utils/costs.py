"""What a Keras model costs: output shapes, parameters and multiply-adds.

The counting used throughout the course:

- parameters: every number the model stores. Those of batch normalization's running mean and
  variance are not trained and are counted apart (Keras adds them to its total, PyTorch does not);
- multiply-adds: one multiplication and one addition of a convolution or dense layer, for one
  image. Biases, activations, pooling and normalization are left out, and positions in the
  zero padding are counted as any other, as is usual in papers. Twice as many are FLOPs.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.networks import leaf_layers, output_shape
from course_utils.tables import Table


@dataclass(frozen=True)
class Cost:
    """Cost of one layer, or of a block of layers.

    Attributes
    ----------
    name : str
        A layer inside a nested model is named ``outer/inner``.
    kind : str
        The layer's class, e.g. ``"Conv2D"``. Of a block: the class of its layers with
        weights, else of its last layer.
    shape : tuple of int
        Output shape, without the batch axis; of a block, that of its last layer.
    trainable, fixed : int
        Parameters that training changes, and those it does not.
    multiply_adds : int
        Of one image.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    trainable: int
    fixed: int
    multiply_adds: int

    @property
    def parameters(self) -> int:
        """All parameters, trainable or not."""
        return self.trainable + self.fixed


def count(model) -> list[Cost]:
    """Cost of each layer of a built Keras model.

    Parameters
    ----------
    model : keras.Model
        Its layers may be models themselves. A layer that is called twice is refused by
        Keras, since it has no single output shape.

    Returns
    -------
    list of Cost
        In the order of ``model.layers``.
    """
    return [_layer_cost(name, layer) for name, layer in leaf_layers(model)]


def block_of(name: str) -> str:
    """Block of a layer: its name up to the first ``/`` or ``_``.

    Examples
    --------
    >>> block_of("block1_conv2"), block_of("stage2/add"), block_of("fc6")
    ('block1', 'stage2', 'fc6')
    """
    return re.split("[/_]", name, maxsplit=1)[0]


def blocks(model_or_costs) -> list[Cost]:
    """Costs summed over the layers of each block (see :func:`block_of`).

    Parameters
    ----------
    model_or_costs : keras.Model or list of Cost

    Returns
    -------
    list of Cost
        In the order in which the blocks begin.
    """
    grouped: dict[str, list[Cost]] = {}
    for cost in as_costs(model_or_costs):
        grouped.setdefault(block_of(cost.name), []).append(cost)
    return [_sum(name, costs, costs[-1].shape) for name, costs in grouped.items()]


def total(model_or_costs) -> Cost:
    """Sum over a model, with the shape of its last layer."""
    costs = as_costs(model_or_costs)
    return _sum("total", costs, costs[-1].shape)


def table(model_or_costs, *, caption: str = "") -> Table:
    """Costs as a table with a total row.

    Parameters
    ----------
    model_or_costs : keras.Model or list of Cost
        A model is shown block by block; for its layers pass ``count(model)``.
    caption : str

    Returns
    -------
    Table
        Parameters are whole numbers, multiply-adds in millions. The column of parameters
        that are not trained is there only if the model has some.
    """
    is_list = isinstance(model_or_costs, Sequence)
    costs = as_costs(model_or_costs) if is_list else blocks(model_or_costs)
    costs = [*costs, total(costs)]
    header = ["layer" if is_list else "block", "output shape", "parameters"]
    formats = ["", ">", ","]
    columns = [
        [cost.name for cost in costs],
        [shape_text(cost.shape) for cost in costs[:-1]] + [""],
        [cost.parameters for cost in costs],
    ]
    if costs[-1].fixed:
        header.append("of these not trained")
        formats.append(",")
        columns.append([cost.fixed for cost in costs])
    header.append("multiply-adds [M]")
    formats.append(",.3f" if costs[-1].multiply_adds < 10e6 else ",.1f")
    columns.append([cost.multiply_adds / 1e6 for cost in costs])
    return Table(header, list(zip(*columns, strict=True)), formats, total=True, caption=caption)


def shape_text(shape: Sequence[int | None]) -> str:
    """``(55, 55, 96)`` as ``55 × 55 × 96``."""
    return " × ".join("?" if n is None else str(n) for n in shape)


def quantity(n: float) -> str:
    """A large number with three significant digits and k, M or G.

    Examples
    --------
    >>> quantity(61_706), quantity(138_357_544), quantity(15_470_264_320)
    ('61.7 k', '138 M', '15.5 G')
    """
    for factor, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if n >= factor:
            return f"{n / factor:.3g}{unit}"
    return f"{n:.3g}"


def as_costs(model_or_costs) -> list[Cost]:
    """The list itself, or the costs of a model's layers."""
    return list(model_or_costs) if isinstance(model_or_costs, Sequence) else count(model_or_costs)


def _sum(name: str, costs: list[Cost], shape: tuple) -> Cost:
    weighted = [cost for cost in costs if cost.multiply_adds]
    return Cost(
        name,
        (weighted or costs)[-1].kind,
        shape,
        sum(cost.trainable for cost in costs),
        sum(cost.fixed for cost in costs),
        sum(cost.multiply_adds for cost in costs),
    )


def _layer_cost(name: str, layer) -> Cost:
    return Cost(
        name=name,
        kind=type(layer).__name__,
        shape=output_shape(layer),
        trainable=sum(math.prod(w.shape) for w in layer.trainable_weights),
        fixed=sum(math.prod(w.shape) for w in layer.non_trainable_weights if _is_stored(w)),
        multiply_adds=_multiply_adds(layer),
    )


def _is_stored(weight) -> bool:
    # Dropout and augmentation keep the state of their random generator as a variable.
    return "seed_generator" not in weight.path


def _multiply_adds(layer) -> int:
    """Multiply-adds of one layer: weights of a kernel × positions where it is applied."""
    kind = type(layer).__name__
    if kind == "Dense":
        return math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    if kind == "Conv2D":
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    if kind == "DepthwiseConv2D":
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    if kind == "SeparableConv2D":
        weights = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
        return math.prod(layer.output.shape[1:3]) * weights
    if kind == "Conv2DTranspose":
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    return 0
