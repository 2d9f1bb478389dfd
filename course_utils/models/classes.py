"""ImageNet's 1000 classes: their names, and what a network says of them."""

import functools
import json
from typing import NamedTuple

import numpy as np

from course_utils.models.weights import bundled

CLASSES_FILE = "imagenet_classes.txt"
# Keras gives two classes each of these names.
_KERAS_NAMES = {
    "crane (bird)": "crane",
    "crane (machine)": "crane",
    "maillot (tank suit)": "maillot",
}


class Prediction(NamedTuple):
    """One of a classifier's guesses: WordNet id, English name, probability."""

    wnid: str
    label: str
    probability: float


@functools.cache
def class_names() -> tuple[tuple[str, str], ...]:
    """Return WordNet id and English name of the 1000 classes, in the order of the outputs.

    Raises
    ------
    WeightsCorruptError
        If their file is damaged.
    """
    text = bundled(CLASSES_FILE).read_text(encoding="utf-8")
    lines = (line.partition("\t") for line in text.splitlines())
    return tuple((wnid, name) for wnid, _, name in lines)


def decode_predictions(preds: np.ndarray, top: int = 5) -> list[list[Prediction]]:
    """Name the likeliest classes of each image, as the function of this name in Keras does.

    Parameters
    ----------
    preds : ndarray of float, shape (n, 1000)
        Probabilities, as a model's ``predict`` returns them.
    top : int
        How many classes of each image, 1 to 1000.

    Returns
    -------
    list of list of Prediction
        The likeliest first.

    Raises
    ------
    ValueError
        On predictions of another shape, or a ``top`` out of range.
    """
    classes = class_names()
    preds = np.asarray(preds)
    if preds.ndim != 2 or preds.shape[1] != len(classes):
        raise ValueError(f"Expected predictions (n, {len(classes)}), got {preds.shape}.")
    if not 1 <= top <= len(classes):
        raise ValueError(f"top={top}: choose 1 to {len(classes)}.")
    return [
        [
            Prediction(wnid=classes[i][0], label=classes[i][1], probability=float(row[i]))
            for i in np.argsort(-row, kind="stable")[:top]
        ]
        for row in preds
    ]


def keras_class_index() -> bytes:
    """Return Keras's file imagenet_class_index.json, byte for byte, made from the bundled names.

    Keras's own ``decode_predictions`` downloads it where it is not in Keras's cache.
    """
    index = {
        str(i): [wnid, _KERAS_NAMES.get(name, name).replace(" ", "_")]
        for i, (wnid, name) in enumerate(class_names())
    }
    return json.dumps(index).encode("ascii")
