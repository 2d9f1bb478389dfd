"""EfficientNet-Lite0 in Keras: small enough to travel with the course, 1000 classes.

EfficientNet-B0 (Tan & Le 2019) made for telephones: no squeeze-and-excite, ReLU6 in place
of swish. `keras.applications` has the B family only.
"""

import numpy as np

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
DROPOUT = 0.2


def EfficientNetLite0(
    *,
    include_top: bool = True,
    weights: str | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: str | None = "softmax",
):
    """Build EfficientNet-Lite0; the arguments are those of `keras.applications`.

    Parameters
    ----------
    include_top : bool
        With the 1000-class layer, or the convolutional base alone.
    weights : path or None
        A ``.weights.h5`` file, or None for random weights. The file of the whole
        network serves the base too.
    input_shape : tuple of int
        Height, width and 3 channels.
    pooling : {"avg"} or None
        "avg" for a global average at the end of the base; used only without the top.
    classes, classifier_activation : int, str or None
        Size and activation of the last layer; None gives logits.

    Returns
    -------
    keras.Model
        Takes float32 RGB images ``(n, height, width, 3)`` made by `preprocess_input`.

    References
    ----------
    Tan & Le 2019, arXiv:1905.11946. Stochastic depth, which acts only in training, is
    left out.
    """
    from keras import Input, Model, layers

    if pooling not in (None, "avg"):
        raise ValueError(f"pooling={pooling!r}: choose None or 'avg'")

    inputs = Input(input_shape)
    x = layers.Conv2D(
        STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False, name="stem_conv"
    )(inputs)
    x = _norm_relu6(x, "stem")
    for stage, (expansion, kernel, stride, channels, repeats) in enumerate(STAGES, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcd'[repeat]}"
            x = _block(x, expansion, kernel, stride if repeat == 0 else 1, channels, name)
    x = layers.Conv2D(HEAD_CHANNELS, 1, use_bias=False, name="top_conv")(x)
    x = _norm_relu6(x, "top")

    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if include_top:
        x = layers.Dropout(DROPOUT, name="top_dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    model = Model(inputs, x, name="efficientnet_lite0")
    if weights is not None:
        model.load_weights(weights)
    return model


def preprocess_input(images):
    """Scale RGB images from 0-255 to about -1..1, as the network was trained.

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
