"""ImageNet models: what there is, what can be used now, and what they say of a photograph."""

import difflib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.caching import save_whole
from course_utils.guards import check_images
from course_utils.images import resize
from course_utils.models import weights as weights_files
from course_utils.models.catalogue import CATALOGUE, ModelInfo
from course_utils.models.classes import (
    Prediction,
    class_names,
    decode_predictions,
    keras_class_index,
)
from course_utils.models.weights import (
    Policy,
    Source,
    WeightsCorruptError,
    WeightsUnavailableError,
    available,
)

__all__ = [
    "Classifier",
    "Prediction",
    "WeightsCorruptError",
    "WeightsUnavailableError",
    "available",
    "catalogue",
    "class_names",
    "fetch_for_keras",
    "find",
    "load",
    "preprocess_for",
    "weights_for",
]


@dataclass(frozen=True)
class Classifier:
    """An ImageNet model with its weights, ready to be asked; made by `load`.

    Attributes
    ----------
    info : ModelInfo
        Its entry of the catalogue.
    model : keras.Model
        The Keras model; takes what `preprocess` returns.
    weights_source : {"bundled", "cache", "download"}
        Where the weights came from: data/weights, Keras's cache, or a network.
    """

    info: ModelInfo
    model: Any
    weights_source: Source

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.info.name

    @property
    def input_size(self) -> int:
        """Height and width of the images that the model takes, in pixels."""
        return self.info.input_size

    def summary(self) -> None:
        """Print Keras's table of the layers."""
        self.model.summary()

    def preprocess(self, images: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """Crop to the model's size without distortion, then scale as its training did.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width, 3), or list of images
            RGB, as loaded. The images of a list may differ in size.

        Returns
        -------
        ndarray of float32, shape (n, input_size, input_size, 3)

        Raises
        ------
        GuardError
            On images that are not uint8 RGB, for example preprocessed already.
        """
        return preprocess_for(self.name)(_square_batch(images, self.input_size))

    def predict(self, images: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """Return the probabilities of the 1000 classes, float32 ``(n, 1000)``.

        Images are as for `preprocess`: as loaded, of any size.
        """
        return self.model.predict(self.preprocess(images), verbose=0)

    def predict_top(
        self, images: np.ndarray | Sequence[np.ndarray], k: int = 5
    ) -> list[list[Prediction]]:
        """Return the ``k`` likeliest classes of each image, the likeliest first.

        Images are as for `preprocess`: as loaded, of any size.
        """
        if not 1 <= k <= len(class_names()):
            raise ValueError(f"k={k}: choose 1 to {len(class_names())}.")
        return decode_predictions(self.predict(images), top=k)


def catalogue() -> tuple[ModelInfo, ...]:
    """Return every model that `load` knows, whether its weights are here or not."""
    return CATALOGUE


def load(name: str, weights: Policy = "auto") -> Classifier:
    """Load a whole ImageNet model.

    Parameters
    ----------
    name : str
        One of the catalogue, for example "EfficientNetLite0".
    weights : {"auto", "bundled"}
        "auto" takes bundled weights, else Keras's cache, else a download; "bundled" looks at
        neither cache nor network.

    Raises
    ------
    ValueError
        If the name is not in the catalogue.
    WeightsUnavailableError
        If the weights are not here and cannot be downloaded.
    WeightsCorruptError
        If their file is damaged.
    """
    info = find(name)
    path, source = weights_files.resolve(info, include_top=True, weights=weights)
    constructor = getattr(importlib.import_module(info.module), info.name)
    return Classifier(info, constructor(weights=path), source)


def weights_for(name: str, *, include_top: bool, weights: Policy = "auto") -> str:
    """Return what to pass as ``weights=`` to the model's constructor.

    `keras.applications.VGG16(include_top=False, weights=weights_for("VGG16",
    include_top=False))` is the bundled base.

    Parameters
    ----------
    name, weights : str
        As for `load`.
    include_top : bool
        As for the constructor.

    Returns
    -------
    str
        Path of a checked file; what is not here is downloaded into Keras's cache first.

    Raises
    ------
    ValueError, WeightsUnavailableError, WeightsCorruptError
        As `load`.
    """
    return weights_files.resolve(find(name), include_top=include_top, weights=weights)[0]


def fetch_for_keras(name: str) -> None:
    """Make Keras's own constructor and `decode_predictions` need no network from now on.

    Puts the weights of the whole model, and the list of class names, where Keras looks for them.
    Then `keras.applications.mobilenet.MobileNet()` is all it takes.

    Parameters
    ----------
    name : str
        A model of `keras.applications`.

    Raises
    ------
    ValueError
        If the name is not in the catalogue, or not a model of Keras's.
    WeightsUnavailableError, WeightsCorruptError
        As `load`; within seconds where there is no network.
    """
    info = find(name)
    if info.top.keras is None:
        raise ValueError(f"{name} is not Keras's: its weights come with the course.")
    path, _ = weights_files.resolve(info, include_top=True, weights="auto")
    index, names = Path(path).with_name("imagenet_class_index.json"), keras_class_index()
    if not (index.is_file() and index.read_bytes() == names):
        save_whole(index, lambda file: file.write(names))


def preprocess_for(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model's own preprocessing: RGB 0-255 to what it was trained on.

    The function returns float32 and leaves its argument as it is; Keras's own ones change
    a float array in place.

    Raises
    ------
    ValueError
        If the name is not in the catalogue.
    """
    preprocess_input = importlib.import_module(find(name).module).preprocess_input

    def preprocess(images: np.ndarray) -> np.ndarray:
        return preprocess_input(np.array(images, dtype=np.float32))

    return preprocess


def _square_batch(images: np.ndarray | Sequence[np.ndarray], size: int) -> np.ndarray:
    if isinstance(images, np.ndarray):
        check_images(images)
    else:
        for path in [images] if isinstance(images, str | Path) else images:
            if isinstance(path, str | Path):
                raise TypeError(
                    f"Expected images, got the path {str(path)!r}. Read it first: "
                    f"predict([images.read_image({str(path)!r})])."
                )
        for image in images:
            check_images(np.asarray(image)[None])
    if len(images) == 0:
        raise ValueError("No images to classify.")
    return np.stack([resize(image, size, method="crop") for image in images])


def find(name: str) -> ModelInfo:
    """Return a model's entry of the catalogue.

    Raises
    ------
    ValueError
        If there is none; the message names those that are spelled alike.
    """
    by_name = {info.name: info for info in CATALOGUE}
    if name in by_name:
        return by_name[name]
    lower = {known.lower(): known for known in by_name}
    close = [lower[match] for match in difflib.get_close_matches(str(name).lower(), lower)]
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(by_name)}."
    raise ValueError(f"Unknown model {name!r}. {hint}")
