"""Measure how hard data/objects is: three linear probes, trained on train, tested on test.

    python data/make/objects/probe_objects.py
    python data/make/objects/probe_objects.py --data FOLDER    # another, images/{train,test}

A set that random features solve teaches nothing about pretraining, and one that handcrafted
features solve nothing about learning. Takes about two minutes on two cores.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from course_utils import probes
from course_utils.data import CLASS_NAMES, IMAGE_SIZE, load_objects
from course_utils.experiments import SEEDS
from course_utils.images import read_images
from course_utils.intervals import Estimate, proportion
from course_utils.pretrained import preprocess_for, weights_for
from course_utils.units import unit_responses

RANDOM, HANDCRAFTED, IMAGENET = "random VGG16", "HOG + linear SVM", "ImageNet VGG16"
# Wanted accuracy on the test images: lowest and highest.
LIMITS = {RANDOM: (0.0, 0.45), HANDCRAFTED: (0.0, 0.75), IMAGENET: (0.95, 1.0)}

Split = tuple[np.ndarray, np.ndarray]


def load_images(folder: Path) -> tuple[Split, Split]:
    """Read a rendering that has no manifest yet; the class is the file name's first word."""
    return _load_split(folder, "train"), _load_split(folder, "test")


def _load_split(folder: Path, split: str) -> Split:
    paths = sorted((folder / "images" / split).glob("*.jpg"))
    if not paths:
        raise FileNotFoundError(f"{folder / 'images' / split} holds no .jpg files.")
    labels = [CLASS_NAMES.index(path.name.split("_")[0]) for path in paths]
    return read_images(paths, IMAGE_SIZE), np.array(labels)


def vgg16_features(images: np.ndarray, *, seed: int | None) -> np.ndarray:
    """Return the averaged outputs of VGG16's last block, float32 (n, 512).

    They are computed and kept as lesson 09 does: where it has run on the same images, nothing is
    left to compute.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, 224, 224, 3)
        RGB.
    seed : int or None
        Of random weights, initialised as Keras does (Glorot); None for ImageNet weights.
    """
    import keras

    if seed is None:
        weights = weights_for("VGG16", include_top=False, weights="bundled")
    else:
        keras.utils.set_random_seed(seed)
        weights = None
    base = keras.applications.VGG16(
        include_top=False, weights=weights, input_shape=images.shape[1:], pooling="avg"
    )
    return unit_responses(base, images, preprocess_for("VGG16"))["block5"].mean


def probe_vgg16(train: Split, test: Split, *, seed: int | None) -> int:
    """Count what logistic regression on VGG16 features gets right."""
    features = ((vgg16_features(images, seed=seed), labels) for images, labels in (train, test))
    return int(probes.correct(*features).sum())


def probe_hog(train: Split, test: Split) -> int:
    """Count what a linear support vector machine on gradient histograms gets right."""
    from sklearn.svm import LinearSVC

    head = LinearSVC(random_state=0, max_iter=20_000)
    features = ((probes.hog_features(x), y) for x, y in (train, test))
    return int(probes.correct(*features, head=head).sum())


def probe(train: Split, test: Split, *, seeds: Iterable[int] = SEEDS) -> dict[str, Estimate]:
    """Return the accuracy of the three probes with its 95 % Wilson interval.

    The figure for random weights is the mean over the seeds.
    """
    random = [probe_vgg16(train, test, seed=seed) for seed in seeds]
    correct = {
        RANDOM: round(np.mean(random)),
        HANDCRAFTED: probe_hog(train, test),
        IMAGENET: probe_vgg16(train, test, seed=None),
    }
    return {name: proportion(count, len(test[1])) for name, count in correct.items()}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of another rendering")
    args = parser.parse_args()
    train, test = load_images(args.data) if args.data else load_objects()
    print(f"{len(train[1])} training and {len(test[1])} test images")
    for name, accuracy in probe(train, test).items():
        low, high = LIMITS[name]
        wanted = f"at most {high:.0%}" if low == 0 else f"at least {low:.0%}"
        held = "held" if low <= accuracy.mean <= high else "NOT held"
        print(f"{name:17} {accuracy:.1%}  wanted {wanted}: {held}")


if __name__ == "__main__":
    main()
