"""EfficientNet-Lite in Keras: small enough to travel with the course, 1000 classes.

EfficientNet (Tan & Le 2019) made for telephones: no squeeze-and-excite, ReLU6 in place of
swish, first and last layers that do not grow. `keras.applications` has the B family only; this
module is used as one of its own: `EfficientNetLite0()`, `preprocess_input`, `decode_predictions`.
"""

import math
from dataclasses import dataclass

import numpy as np

from course_utils.models import weights as weights_files
from course_utils.models.catalogue import CATALOGUE
from course_utils.models.classes import decode_predictions

__all__ = [
    "EfficientNetLite0",
    "EfficientNetLite1",
    "EfficientNetLite2",
    "decode_predictions",
    "preprocess_input",
]

# (expansion, kernel size, stride, output channels, repeats) of the seven stages.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280


@dataclass(frozen=True)
class Scale:
    """How a member of the family grows from the first: wider, deeper, larger images."""

    width: float
    depth: float
    dropout: float

    def channels(self, channels: int) -> int:
        """A stage's channels, in eights; never under nine tenths of what is asked for."""
        wanted = channels * self.width
        eights = max(8, int(wanted + 4) // 8 * 8)
        return eights if eights >= 0.9 * wanted else eights + 8

    def repeats(self, stage: int, repeats: int) -> int:
        """Blocks of a stage, counted from 1; the first and the last stage do not grow."""
        return repeats if stage in (1, len(STAGES)) else math.ceil(repeats * self.depth)


SCALES = {
    "EfficientNetLite0": Scale(width=1.0, depth=1.0, dropout=0.2),
    "EfficientNetLite1": Scale(width=1.0, depth=1.1, dropout=0.2),
    "EfficientNetLite2": Scale(width=1.1, depth=1.2, dropout=0.3),
}

_DOCSTRING = """Build {name}; the arguments are those of `keras.applications`.

    Parameters
    ----------
    include_top : bool
        With the 1000-class layer, or the convolutional base alone.
    weights : "imagenet", path or None
        "imagenet" for the weights that come with the course, a ``.weights.h5`` file, or None for
        random weights. The file of the whole network serves the base too.
    input_shape : tuple of int, optional
        Height, width and 3 channels; ({size}, {size}, 3) if not given.
    pooling : {{"avg"}} or None
        "avg" for a global average at the end of the base; used only without the top.
    classes, classifier_activation : int, str or None
        Size and activation of the last layer; None gives logits.

    Returns
    -------
    keras.Model
        Takes float32 RGB images ``(n, height, width, 3)`` made by `preprocess_input`.

    Raises
    ------
    ValueError
        On another pooling, or ImageNet's weights for another number of classes.
    WeightsCorruptError
        If the file that comes with the course is damaged.

    References
    ----------
    Tan & Le 2019, arXiv:1905.11946; coefficients of
    https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Stochastic
    depth, which acts only in training, is left out.
    """


def _constructor(name: str):
    info = next(info for info in CATALOGUE if info.name == name)

    def construct(
        *,
        include_top: bool = True,
        weights: str | None = "imagenet",
        input_shape: tuple[int, int, int] | None = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: str | None = "softmax",
    ):
        if pooling not in (None, "avg"):
            raise ValueError(f"pooling={pooling!r}: choose None or 'avg'")
        if weights == "imagenet":
            if include_top and classes != 1000:
                raise ValueError(
                    f"classes={classes}: ImageNet's weights have 1000. Choose weights=None, or "
                    "include_top=False and a layer of your own."
                )
            weights, _ = weights_files.resolve(info, include_top=include_top, weights="bundled")
        shape = input_shape or (info.input_size, info.input_size, 3)
        head = {"classes": classes, "activation": classifier_activation} if include_top else None
        model = _build(name, shape, head, pooling)
        if weights is not None:
            model.load_weights(weights)
        return model

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = _DOCSTRING.format(name=name, size=info.input_size)
    return construct


EfficientNetLite0 = _constructor("EfficientNetLite0")
EfficientNetLite1 = _constructor("EfficientNetLite1")
EfficientNetLite2 = _constructor("EfficientNetLite2")


def preprocess_input(images):
    """Scale RGB images from 0-255 to about -1..1, as the networks were trained.

    Mean 127 and deviation 128 for every channel: the Lite family differs here from the
    B family and from most PyTorch models.

    Parameters
    ----------
    images : ndarray or tensor, shape (..., channels)
        A tensor of a model that is being built, or of a ``tf.data`` pipeline, too.

    Returns
    -------
    float32, of the kind and shape that came in
    """
    if isinstance(images, np.ndarray):
        return (images.astype(np.float32) - 127.0) / 128.0
    from keras import ops

    return (ops.cast(images, "float32") - 127.0) / 128.0


def _build(name: str, shape: tuple[int, int, int], head: dict | None, pooling: str | None):
    """The network with random weights; ``head`` holds the last layer's classes and activation."""
    from keras import Input, Model, layers

    scale = SCALES[name]
    inputs = Input(shape)
    x = layers.Conv2D(
        STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False, name="stem_conv"
    )(inputs)
    x = _norm_relu6(x, "stem")
    for stage, (expansion, kernel, stride, channels, repeats) in enumerate(STAGES, start=1):
        for repeat in range(scale.repeats(stage, repeats)):
            block = f"block{stage}{'abcde'[repeat]}"
            first_stride = stride if repeat == 0 else 1
            x = _block(x, expansion, kernel, first_stride, scale.channels(channels), block)
    x = layers.Conv2D(HEAD_CHANNELS, 1, use_bias=False, name="top_conv")(x)
    x = _norm_relu6(x, "top")

    if head or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if head:
        x = layers.Dropout(scale.dropout, name="top_dropout")(x)
        x = layers.Dense(head["classes"], activation=head["activation"], name="predictions")(x)
    return Model(inputs, x, name=name.replace("Net", "net_").lower())


def _norm_relu6(x, name: str):
    """Normalise over the batch, then cut off below 0 and above 6."""
    from keras import layers

    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_activation")(x)


def _block(x, expansion: int, kernel: int, stride: int, channels: int, name: str):
    """Inverted bottleneck: widen by 1x1, filter each channel, narrow by 1x1, add the input."""
    from keras import layers

    inputs = x
    if expansion > 1:
        x = layers.Conv2D(
            expansion * inputs.shape[-1], 1, use_bias=False, name=f"{name}_expand_conv"
        )(x)
        x = _norm_relu6(x, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )(x)
    x = _norm_relu6(x, f"{name}_dw")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_project_bn")(x)
    if stride == 1 and inputs.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([x, inputs])
    return x
