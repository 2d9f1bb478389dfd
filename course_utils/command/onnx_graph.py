"""A Keras network as an ONNX graph, so that another engine can run it."""

import numpy as np

PADDING = {"same": "SAME_UPPER", "valid": "VALID"}
OPSET, IR_VERSION = 17, 8  # old enough for every ONNX Runtime that runs on Python 3.11


def to_onnx(model):
    """Convert a chain of convolutions and poolings, such as VGG16's base.

    Parameters
    ----------
    model : keras.Model
        One layer after another: Conv2D (ReLU or no activation), MaxPooling2D and
        GlobalAveragePooling2D, channels last.

    Returns
    -------
    onnx.ModelProto
        From ``images``, float32 ``(n, height, width, channels)``, to ``features``.

    Raises
    ------
    ValueError
        On any other layer or activation, and where layers branch.
    """
    from onnx import TensorProto, checker, helper

    nodes = [helper.make_node("Transpose", ["images"], ["channels_first"], perm=[0, 3, 1, 2])]
    weights = []
    reached = model.inputs[0]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if layer.input is not reached:
            raise ValueError(f"{layer.name} does not follow on the layer before it.")
        new_nodes, new_weights = _convert(layer, nodes[-1].output[0])
        nodes += new_nodes
        weights += new_weights
        reached = layer.output
    nodes.append(helper.make_node("Identity", [nodes[-1].output[0]], ["features"]))

    inputs = helper.make_tensor_value_info(
        "images", TensorProto.FLOAT, ["n", *model.input_shape[1:]]
    )
    outputs = helper.make_tensor_value_info(
        "features", TensorProto.FLOAT, ["n", *model.output_shape[1:]]
    )
    graph = helper.make_graph(nodes, model.name, [inputs], [outputs], weights)
    onnx_model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    checker.check_model(onnx_model)
    return onnx_model


def _convert(layer, source: str) -> tuple[list, list]:
    """Nodes and weights of one layer that reads ``source``; the last node is its output."""
    from onnx import helper, numpy_helper

    kind = type(layer).__name__
    if kind == "Conv2D" and layer.activation.__name__ in ("relu", "linear"):
        kernel = layer.kernel.numpy().transpose(3, 2, 0, 1)  # ONNX: outputs, inputs, h, w
        bias = layer.bias.numpy() if layer.use_bias else np.zeros(layer.filters, np.float32)
        names = [f"{layer.name}/kernel", f"{layer.name}/bias"]
        weights = [
            numpy_helper.from_array(np.ascontiguousarray(array), name)
            for array, name in zip((kernel, bias), names, strict=True)
        ]
        window = {"strides": layer.strides, "dilations": layer.dilation_rate}
        nodes = [
            helper.make_node(
                "Conv", [source, *names], [layer.name], auto_pad=PADDING[layer.padding], **window
            )
        ]
        if layer.activation.__name__ == "relu":
            nodes.append(helper.make_node("Relu", [layer.name], [f"{layer.name}/relu"]))
        return nodes, weights
    if kind == "MaxPooling2D":
        window = {"kernel_shape": layer.pool_size, "strides": layer.strides}
        return [
            helper.make_node(
                "MaxPool", [source], [layer.name], auto_pad=PADDING[layer.padding], **window
            )
        ], []
    if kind == "GlobalAveragePooling2D" and not layer.keepdims:
        pooled = f"{layer.name}/pooled"
        return [
            helper.make_node("GlobalAveragePool", [source], [pooled]),
            helper.make_node("Flatten", [pooled], [layer.name]),
        ], []
    raise ValueError(f"{layer.name} ({kind}) has no counterpart here.")
