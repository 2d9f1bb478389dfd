"""ImageNet models: what there is, what can be used now, and what they say of a photograph.

Weights come from `data/weights` where the course brings them, else from Keras's own cache,
else by download. With ``COURSE_WEIGHTS=bundled`` in the environment neither cache nor network
is looked at, which gives the same answers on every machine.
"""

import contextlib
import difflib
import functools
import hashlib
import importlib
import os
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from course_utils.guards import check_images
from course_utils.images import resize
from course_utils.paths import data_dir

HASHES_FILE = "SHA256SUMS"
CLASSES_FILE = "imagenet_classes.txt"
DOWNLOAD_HOST = "storage.googleapis.com"
CONNECT_SECONDS = 3.0
STALL_SECONDS = 30.0

Source = Literal["bundled", "cache", "download"]


class WeightsUnavailableError(RuntimeError):
    """No weights for this model here, and none can be had now; the message says what to do."""


class WeightsCorruptError(RuntimeError):
    """A file of weights is not what it should be; the message names it and the remedy."""


@dataclass(frozen=True)
class ModelInfo:
    """One ImageNet model.

    Attributes
    ----------
    name, family : str
        As in `keras.applications`; the family is the architecture's.
    input_size : int
        Height and width of its images in pixels.
    parameters : int
        With the 1000-class layer, in Keras's counting (moving averages included).
    size_mb : int
        Size of the float32 weights in MB, as Keras states it (1 MB = 2**20 bytes).
    top1, top5 : float
        Accuracy on ImageNet's validation set; None where it was not published.
    depth : int
        Layers with weights, batch normalisation included (Keras's counting).
    year, paper : int, str
        First publication.
    module : str
        Where its constructor and `preprocess_input` are.

    References
    ----------
    https://keras.io/api/applications/ (accuracy, size, depth); for EfficientNetLite0 the table
    of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
    """

    name: str
    family: str
    input_size: int
    parameters: int
    size_mb: int
    top1: float
    top5: float | None
    depth: int
    year: int
    paper: str
    module: str


_HUANG = "Huang et al., arXiv:1608.06993"
_SIMONYAN = "Simonyan & Zisserman, arXiv:1409.1556"
_ZOPH = "Zoph et al., arXiv:1707.07012"
_SZEGEDY_2015 = "Szegedy et al., arXiv:1512.00567"
_SZEGEDY_2016 = "Szegedy et al., arXiv:1602.07261"
_HE = "He et al., arXiv:1512.03385"
_HOWARD = "Howard et al., arXiv:1704.04861"
_SANDLER = "Sandler et al., arXiv:1801.04381"
_TAN = "Tan & Le, arXiv:1905.11946"

_KERAS = "keras.applications."
_INCEPTION_RESNET = _KERAS + "inception_resnet_v2"
_LITE = "course_utils.efficientnet_lite"

# fmt: off
# name, family, input size, parameters, MB, top-1, top-5, depth, year, paper, module
_CATALOGUE = tuple(ModelInfo(*row) for row in (
    ("DenseNet121", "DenseNet", 224, 8_062_504, 33, 0.750, 0.923, 242, 2016, _HUANG,
     _KERAS + "densenet"),
    ("DenseNet169", "DenseNet", 224, 14_307_880, 57, 0.762, 0.932, 338, 2016, _HUANG,
     _KERAS + "densenet"),
    ("DenseNet201", "DenseNet", 224, 20_242_984, 80, 0.773, 0.936, 402, 2016, _HUANG,
     _KERAS + "densenet"),
    ("InceptionResNetV2", "Inception", 299, 55_873_736, 215, 0.803, 0.953, 449, 2016,
     _SZEGEDY_2016, _INCEPTION_RESNET),
    ("InceptionV3", "Inception", 299, 23_851_784, 92, 0.779, 0.937, 189, 2015,
     _SZEGEDY_2015, _KERAS + "inception_v3"),
    ("MobileNet", "MobileNet", 224, 4_253_864, 16, 0.704, 0.895, 55, 2017, _HOWARD,
     _KERAS + "mobilenet"),
    ("MobileNetV2", "MobileNet", 224, 3_538_984, 14, 0.713, 0.901, 105, 2018, _SANDLER,
     _KERAS + "mobilenet_v2"),
    ("NASNetMobile", "NASNet", 224, 5_326_716, 23, 0.744, 0.919, 389, 2017, _ZOPH,
     _KERAS + "nasnet"),
    ("NASNetLarge", "NASNet", 331, 88_949_818, 343, 0.825, 0.960, 533, 2017, _ZOPH,
     _KERAS + "nasnet"),
    ("ResNet50", "ResNet", 224, 25_636_712, 98, 0.749, 0.921, 107, 2015, _HE,
     _KERAS + "resnet"),
    ("VGG16", "VGG", 224, 138_357_544, 528, 0.713, 0.901, 16, 2014, _SIMONYAN,
     _KERAS + "vgg16"),
    ("VGG19", "VGG", 224, 143_667_240, 549, 0.713, 0.900, 19, 2014, _SIMONYAN,
     _KERAS + "vgg19"),
    ("EfficientNetLite0", "EfficientNet", 224, 4_694_024, 18, 0.751, None, 99, 2020, _TAN,
     _LITE),
))

# Files of data/weights by model and include_top.
_BUNDLED = {
    ("EfficientNetLite0", True): "efficientnet_lite0.weights.h5",
    ("EfficientNetLite0", False): "efficientnet_lite0.weights.h5",
    ("VGG16", False): "vgg16_notop.weights.h5",
}

# Names of Keras's files with and without the top, each with its MD5 where Keras has one.
_TF = "_weights_tf_dim_ordering_tf_kernels"
_KERAS_FILES = {
    "DenseNet121": (("densenet121" + _TF + ".h5", "9d60b8095a5708f2dcce2bca79d332c7"),
                    ("densenet121" + _TF + "_notop.h5", "30ee3e1110167f948a6b9946edeeb738")),
    "DenseNet169": (("densenet169" + _TF + ".h5", "d699b8f76981ab1b30698df4c175e90b"),
                    ("densenet169" + _TF + "_notop.h5", "b8c4d4c20dd625c148057b9ff1c1176b")),
    "DenseNet201": (("densenet201" + _TF + ".h5", "1ceb130c1ea1b78c3bf6114dbdfd8807"),
                    ("densenet201" + _TF + "_notop.h5", "c13680b51ded0fb44dff2d8f86ac8bb1")),
    "InceptionResNetV2": (
        ("inception_resnet_v2" + _TF + ".h5", "e693bd0210a403b3192acc6073ad2e96"),
        ("inception_resnet_v2" + _TF + "_notop.h5", "d19885ff4a710c122648d3b5c3b684e4")),
    "InceptionV3": (("inception_v3" + _TF + ".h5", "9a0d58056eeedaa3f26cb7ebd46da564"),
                    ("inception_v3" + _TF + "_notop.h5", "bcbd6486424b2319ff4ef7d526e38f63")),
    "MobileNet": (("mobilenet_1_0_224_tf.h5", None), ("mobilenet_1_0_224_tf_no_top.h5", None)),
    "MobileNetV2": (("mobilenet_v2" + _TF + "_1.0_224.h5", None),
                    ("mobilenet_v2" + _TF + "_1.0_224_no_top.h5", None)),
    "NASNetMobile": (("nasnet_mobile.h5", "020fb642bf7360b370c678b08e0adf61"),
                     ("nasnet_mobile_no_top.h5", "1ed92395b5b598bdda52abe5c0dbfd63")),
    "NASNetLarge": (("nasnet_large.h5", "11577c9a518f0070763c2b964a382f17"),
                    ("nasnet_large_no_top.h5", "d81d89dc07e6e56530c4e77faddd61b5")),
    "ResNet50": (("resnet50" + _TF + ".h5", "2cb95161c43110f7111970584f804107"),
                 ("resnet50" + _TF + "_notop.h5", "4d473c1dd8becc155b73f8504c6f6626")),
    "VGG16": (("vgg16" + _TF + ".h5", "64373286793e3c8b2b4e3219cbf3544b"),
              ("vgg16" + _TF + "_notop.h5", "6d6bbae143d832006294945121d1f1fc")),
    "VGG19": (("vgg19" + _TF + ".h5", "cbe5617147190e668d6c5d5026f83318"),
              ("vgg19" + _TF + "_notop.h5", "253f8cb515780f3b799900260a226db6")),
}
# fmt: on


class Prediction(NamedTuple):
    """One of a classifier's guesses: WordNet id, English name, probability."""

    wnid: str
    label: str
    probability: float


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
        classes = class_names()
        if not 1 <= k <= len(classes):
            raise ValueError(f"k={k}: choose 1 to {len(classes)}.")
        return [
            [Prediction(*classes[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:k]]
            for row in self.predict(images)
        ]


def catalogue() -> tuple[ModelInfo, ...]:
    """Return every model that `load` knows, whether its weights are here or not."""
    return _CATALOGUE


def available(*, include_top: bool = True) -> list[str]:
    """Return the models that need no network now: bundled, or in Keras's cache.

    Parameters
    ----------
    include_top : bool
        Whole models, or convolutional bases.
    """
    cached = _policy("auto") == "auto"
    return [
        info.name
        for info in _CATALOGUE
        if (info.name, include_top) in _BUNDLED
        or (cached and _cached_file(info, include_top)[0].is_file())
    ]


def load(name: str, weights: Literal["auto", "bundled"] = "auto") -> Classifier:
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
    info = _find(name)
    argument, source = _resolve(info, include_top=True, weights=weights)
    constructor = getattr(importlib.import_module(info.module), info.name)
    if source != "download":
        return Classifier(info, constructor(weights=argument), source)
    try:
        with _no_endless_wait():
            return Classifier(info, constructor(weights=argument), source)
    except Exception as error:  # Keras raises a plain Exception when a download fails
        raise _unavailable(info, True, f"the download failed ({error})") from error


def weights_for(
    name: str, *, include_top: bool, weights: Literal["auto", "bundled"] = "auto"
) -> str:
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
        Path of a checked file, or "imagenet", with which Keras downloads it.

    Raises
    ------
    ValueError, WeightsUnavailableError, WeightsCorruptError
        As `load`.
    """
    return _resolve(_find(name), include_top=include_top, weights=weights)[0]


def preprocess_for(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model's own preprocessing: RGB 0-255 to what it was trained on.

    The function returns float32 and leaves its argument as it is; Keras's own ones change
    a float array in place.

    Raises
    ------
    ValueError
        If the name is not in the catalogue.
    """
    preprocess_input = importlib.import_module(_find(name).module).preprocess_input

    def preprocess(images: np.ndarray) -> np.ndarray:
        return preprocess_input(np.array(images, dtype=np.float32))

    return preprocess


@functools.cache
def class_names() -> tuple[tuple[str, str], ...]:
    """Return WordNet id and English name of the 1000 classes, in the order of the outputs."""
    text = (data_dir() / "weights" / CLASSES_FILE).read_text(encoding="utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines())


def _square_batch(images: np.ndarray | Sequence[np.ndarray], size: int) -> np.ndarray:
    if isinstance(images, np.ndarray):
        check_images(images)
    else:
        for image in images:
            check_images(np.asarray(image)[None])
    if len(images) == 0:
        raise ValueError("No images to classify.")
    return np.stack([resize(image, size, method="crop") for image in images])


def _find(name: str) -> ModelInfo:
    by_name = {info.name: info for info in _CATALOGUE}
    if name in by_name:
        return by_name[name]
    lower = {known.lower(): known for known in by_name}
    close = [lower[match] for match in difflib.get_close_matches(str(name).lower(), lower)]
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(by_name)}."
    raise ValueError(f"Unknown model {name!r}. {hint}")


def _policy(weights: str) -> str:
    origin = "weights"
    if weights == "auto" and "COURSE_WEIGHTS" in os.environ:
        origin, weights = "COURSE_WEIGHTS", os.environ["COURSE_WEIGHTS"]
    if weights not in ("auto", "bundled"):
        raise ValueError(f"{origin}={weights!r}: choose 'auto' or 'bundled'.")
    return weights


def _resolve(info: ModelInfo, *, include_top: bool, weights: str) -> tuple[str, Source]:
    """Return the constructor's ``weights=`` and where the weights come from."""
    policy = _policy(weights)
    if (info.name, include_top) in _BUNDLED:
        path = data_dir() / "weights" / _BUNDLED[info.name, include_top]
        _check_bundled(path)
        return str(path), "bundled"
    if policy == "bundled":
        raise _unavailable(info, include_top, "only bundled weights are allowed")
    path, md5 = _cached_file(info, include_top)
    if path.is_file():
        # Keras gets the path and not "imagenet": it deletes a damaged file of its cache when
        # there is no network to replace it.
        _check_cached(path, md5)
        return str(path), "cache"
    if not _host_answers():
        raise _unavailable(info, include_top, f"{DOWNLOAD_HOST} does not answer")
    return "imagenet", "download"


def _cached_file(info: ModelInfo, include_top: bool) -> tuple[Path, str | None]:
    """Return where Keras keeps the model's weights, and their MD5 if Keras has one."""
    name, md5 = _KERAS_FILES.get(info.name, (("", None), ("", None)))[0 if include_top else 1]
    home = os.environ.get("KERAS_HOME", "~/.keras")
    return Path(home).expanduser() / "models" / name, md5


def _check_bundled(path: Path) -> None:
    lines = path.with_name(HASHES_FILE).read_text().splitlines()
    wanted = {name: digest for digest, name in map(str.split, lines)}[path.name]
    remedy = f"Get it again with 'git checkout -- {_as_in_git(path)}', or clone the course anew."
    if not path.is_file():
        raise WeightsCorruptError(f"{path} is missing. {remedy}")
    with path.open("rb") as file:
        if file.read(23) == b"version https://git-lfs":
            raise WeightsCorruptError(
                f"{path} is a Git LFS pointer instead of the weights. Run 'git lfs pull'."
            )
    if _digest(path, "sha256") != wanted:
        raise WeightsCorruptError(
            f"{path} ({path.stat().st_size} bytes) is damaged: its SHA-256 is not that of "
            f"{HASHES_FILE}. {remedy}"
        )


def _as_in_git(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _check_cached(path: Path, md5: str | None) -> None:
    if md5 is not None and _digest(path, "md5") != md5:
        raise WeightsCorruptError(
            f"{path} ({path.stat().st_size} bytes) in Keras's cache is damaged or incomplete. "
            "Move it away; the next call downloads it again."
        )


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _host_answers() -> bool:
    """Whether Keras's download would get a connection, found out in bounded time."""
    proxy = urllib.parse.urlsplit(urllib.request.getproxies().get("https", ""))
    address = (proxy.hostname or DOWNLOAD_HOST, proxy.port or 443)
    answered = threading.Event()

    def connect() -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(address, timeout=CONNECT_SECONDS),
        ):
            answered.set()

    # In a thread, since looking up a host's name knows no time limit.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return answered.is_set()


@contextlib.contextmanager
def _no_endless_wait() -> Iterator[None]:
    """Make a download that stalls fail: Keras itself sets no time limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _unavailable(info: ModelInfo, include_top: bool, why: str) -> WeightsUnavailableError:
    path, _ = _cached_file(info, include_top)
    part = "with" if include_top else "without"
    lines = [
        f"No weights for {info.name} {part} its classifier: they do not come with the course, "
        f"and {why}."
    ]
    if _policy("auto") == "bundled":
        lines.append("COURSE_WEIGHTS=bundled is set; unset it to use Keras's cache or a network.")
    lines.append(f"With a network they are downloaded; or put {path.name} into {path.parent}.")
    lines.append(f"Available now: {', '.join(available(include_top=include_top))}.")
    if include_top and (info.name, False) in _BUNDLED:
        lines.append(f"{info.name} with include_top=False is bundled.")
    return WeightsUnavailableError(" ".join(lines))
