"""``course bench``: what computing the features once saves, and how near it is to the floor."""

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils import data, pretrained, runtime
from course_utils.command.memory import peak_bytes
from course_utils.command.onnx_graph import to_onnx
from course_utils.paths import ROOT
from course_utils.progress import progress
from course_utils.tables import Table
from course_utils.transfer import extract_features

EPOCHS = 10
HEAD_BATCH = 10  # as in the lecture
FORWARD_BATCH = 16  # as extract_features has it
ROUNDS = 8  # enough that a busy moment of the machine does not decide
MEMORY_SIZES = (100, 1_000, 10_000)
INSTALL = 'pip install -c constraints.txt -e ".[bench]"'
MB = 10**6
HELP = (
    "Train a head the lecture's way and the course's, and compare feature extraction with a bare "
    "forward pass, with ONNX Runtime (where installed) and in memory. Takes about seven minutes on "
    "two cores. Exit code: 0 when every goal that was measured is held, else 1."
)


@dataclass(frozen=True)
class Measurement:
    """What one run measured. Times are in seconds.

    Attributes
    ----------
    images, cores : int
    lecture : float
        Fit through the frozen base.
    head : float
        Fit on the features.
    extraction, from_disk, floor, onnx : tuple of float
        One for each round; ``from_disk`` reads the image files too, ``onnx`` is empty where ONNX
        Runtime is not installed.
    head_difference, onnx_difference : float
        Largest absolute difference of the head's weights and of the features.
    memory : dict of int to float
        Peak memory beyond the images in MB, by the number of images.
    memory_of_files : dict of int to float
        Peak memory in MB where they are read from as many files.
    """

    images: int
    cores: int
    lecture: float
    head: float
    extraction: tuple[float, ...]
    from_disk: tuple[float, ...]
    floor: tuple[float, ...]
    onnx: tuple[float, ...]
    head_difference: float
    onnx_difference: float
    memory: dict[int, float]
    memory_of_files: dict[int, float]

    @property
    def course(self) -> float:
        """The course's way: the median of the extractions, and the head."""
        return statistics.median(self.extraction) + self.head


@dataclass(frozen=True)
class Goal:
    """A bound and what was measured; None where it could not be."""

    name: str
    sign: str
    bound: float
    measured: float | None

    @property
    def held(self) -> bool | None:
        """Whether the bound was held; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.sign == "≥" else self.measured <= self.bound


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "bench",
        help="measure the time and memory of feature extraction",
        description=HELP,
        epilog="example: course bench",
    )
    parser.set_defaults(call=lambda _: run())


def run() -> int:
    """Measure, print the tables, and return 0 if every goal measured was held, else 1."""
    measurement = measure()
    print(report(measurement))
    return exit_code(measurement)


def exit_code(measurement: Measurement) -> int:
    """1 if a goal was missed, else 0. A goal that was not measured counts as neither."""
    return int(any(goal.held is False for goal in goals(measurement)))


def goals(m: Measurement) -> list[Goal]:
    """Compare a measurement with what is wanted.

    Times of single passes are compared by the best of the rounds, which other programs disturb
    least; the course's way with the lecture's by the median, as the lecture's is run only once.
    """
    extraction = min(m.extraction)
    peaks, peaks_of_files = m.memory.values(), m.memory_of_files.values()
    with_onnx = bool(m.onnx)
    return [
        Goal("head weights, largest difference", "≤", 1e-4, m.head_difference),
        Goal("time of the lecture's way / the course's", "≥", 8, m.lecture / m.course),
        Goal("time of extraction / the floor", "≤", 1.2, extraction / min(m.floor)),
        Goal(
            "time of extraction from files / the floor", "≤", 1.2, min(m.from_disk) / min(m.floor)
        ),
        Goal(
            "speed of extraction / ONNX Runtime",
            "≥",
            0.9,
            min(m.onnx) / extraction if with_onnx else None,
        ),
        Goal(
            "features, largest difference from ONNX Runtime",
            "≤",
            1e-3,
            m.onnx_difference if with_onnx else None,
        ),
        Goal("spread of peak memory (MB)", "≤", 200, max(peaks) - min(peaks)),
        Goal(
            "spread of peak memory, from files (MB)",
            "≤",
            200,
            max(peaks_of_files) - min(peaks_of_files),
        ),
    ]


def report(m: Measurement) -> str:
    """Return the tables that ``course bench`` prints."""
    rows = [
        ("lecture: fit through the frozen base", m.lecture),
        ("course: extract once, fit on the features", m.course),
        ("  fit on the features alone", m.head),
        (f"  extraction, best of {ROUNDS}", min(m.extraction)),
        (f"  extraction from files, best of {ROUNDS}", min(m.from_disk)),
        (f"floor: bare forward pass, best of {ROUNDS}", min(m.floor)),
        (f"ONNX Runtime, best of {ROUNDS}", min(m.onnx, default=None)),
    ]
    times = Table(
        ("way", "time (s)", "per image (ms)"),
        [(name, s, None if s is None else 1000 * s / m.images) for name, s in rows],
        ("", ".2f", ".0f"),
        caption=f"VGG16, {m.images} images, {EPOCHS} epochs, {m.cores} cores",
    )
    notes = [
        f"Forward passes in batches of {FORWARD_BATCH}. The lecture's and the course's way and the",
        "extraction include compiling; floor and ONNX Runtime are warm, on preprocessed images.",
    ]
    if not m.onnx:
        notes.append(f"ONNX Runtime is not installed: {INSTALL}")
    memory = Table(
        ("images", "the images (MB)", "peak beyond them (MB)", "peak, from files (MB)"),
        [(n, n * 224 * 224 * 3 / MB, m.memory[n], m.memory_of_files[n]) for n in m.memory],
        (",", ",.0f", ",.0f", ",.0f"),
        caption="Memory of extract_features, Python and TensorFlow included",
    )
    memory_note = (
        "Each in a process of its own, with the start of EfficientNet-Lite0 as a quick base:\n"
        "VGG16 would take half an hour."
    )
    held = {True: "yes", False: "NO", None: "not measured"}
    verdicts = Table(
        ("goal", "wanted", "measured", "held"),
        [(g.name, f"{g.sign} {g.bound:g}", g.measured, held[g.held]) for g in goals(m)],
        ("", ">", "#.3g", ""),
        caption="Goals",
    )
    return "\n\n".join(
        ["\n".join([repr(times), *notes]), f"{memory!r}\n{memory_note}", repr(verdicts)]
    )


def measure() -> Measurement:
    """Take all measurements: about seven minutes on two cores."""
    memory, memory_of_files = (
        {n: memory_in_a_process(n, measured) for n in MEMORY_SIZES}
        for measured in (memory_beyond_images, memory_from_files)
    )
    runtime.setup()
    images, labels = _training_images()
    base = _vgg16()
    preprocess = pretrained.preprocess_for("VGG16")
    preprocessed = preprocess(images)
    engines = _engines(base)

    def one_round() -> list[tuple[np.ndarray, float]]:
        ways = [lambda: extract_features(base, images, preprocess, cache=False)]
        ways += [lambda: extract_features(base, data.folder_dataset(folder), preprocess)]
        ways += [lambda run=run: _forward(run, preprocessed) for run in engines]
        return [_timed(way) for way in ways]

    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), len(images), "train")
        rounds = [one_round() for _ in range(ROUNDS // 2)]
        features = rounds[0][0][0]
        weights, head = _timed(lambda: fit_on_features(features, labels))
        slow_weights, lecture = _timed(lambda: fit_through_base(base, preprocess(images), labels))
        # Rounds on both sides, as the machine's speed may drift.
        rounds += [one_round() for _ in range(ROUNDS - len(rounds))]

    extraction, from_disk, floor, *onnx = (
        tuple(s for _, s in way) for way in zip(*rounds, strict=True)
    )
    return Measurement(
        images=len(images),
        cores=_cores(),
        lecture=lecture,
        head=head,
        extraction=extraction,
        from_disk=from_disk,
        floor=floor,
        onnx=onnx[0] if onnx else (),
        head_difference=_largest_difference(weights, slow_weights),
        onnx_difference=_largest_difference([features], [rounds[0][-1][0]]),
        memory=memory,
        memory_of_files=memory_of_files,
    )


def fit_through_base(base, inputs: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Train a head as the lecture does: every epoch pushes every image through the base.

    Parameters
    ----------
    base : keras.Model
        Frozen.
    inputs : ndarray of float32
        Preprocessed images.
    labels : ndarray of int
        In the order in which they are trained on.

    Returns
    -------
    list of ndarray
        The head's weights.
    """
    import keras

    head = _new_head(base.output_shape[-1], labels)
    _fit(keras.Sequential([base, head]), inputs, labels, "the lecture's way")
    return head.get_weights()


def fit_on_features(features: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Train the same head from the same start on features; returns its weights."""
    head = _new_head(features.shape[-1], labels)
    _fit(head, features, labels, "fitting the head")
    return head.get_weights()


def memory_in_a_process(n_images: int, measured: Callable[[int], float]) -> float:
    """Peak memory in MB as one of the two functions below finds it, in a process of its own."""
    code = f"from course_utils.command import bench; print(bench.{measured.__name__}({n_images}))"
    # Only its output is caught: its progress bar is to be seen.
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(child.stdout)


def memory_beyond_images(n_images: int) -> float:
    """Extract features of synthetic images; return this process's peak memory without them, in MB.

    The base is the beginning of EfficientNet-Lite0, with random weights.
    """
    runtime.setup()
    # Random, so that every page is really there.
    images = np.random.default_rng(0).integers(0, 256, (n_images, 224, 224, 3), dtype=np.uint8)
    base, preprocess_input = _beginning_of_lite0()
    extract_features(base, images, preprocess_input, cache=False)
    return (peak_bytes() - images.nbytes) / MB


def memory_from_files(n_files: int) -> float:
    """Extract features of so many image files; return this process's peak memory in MB.

    They are the course's images, over and over under new names; the base is as above.
    """
    runtime.setup()
    base, preprocess_input = _beginning_of_lite0()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), n_files)
        extract_features(base, data.folder_dataset(folder), preprocess_input)
    return peak_bytes() / MB


def write_files(folder: Path, n_files: int, split: str | None = None) -> None:
    """Write so many of the course's images into a folder with one class, over and over if need be.

    Parameters
    ----------
    folder : path
    n_files : int
    split : "train" or "test", optional
        Whose images; all if not given.
    """
    originals = [data.objects_dir() / row["file"] for row in data.read_manifest(split)]
    files = [folder / "objects" / f"{i}.jpg" for i in range(n_files)]
    files[0].parent.mkdir()
    for i, file in enumerate(files):
        if i < len(originals):
            shutil.copyfile(originals[i], file)
        else:  # a second name for the same bytes, which takes no room
            file.hardlink_to(files[i % len(originals)])


def _beginning_of_lite0():
    import keras

    from course_utils.models.efficientnet_lite import EfficientNetLite0, preprocess_input

    net = EfficientNetLite0(include_top=False, weights=None, input_shape=(224, 224, 3))
    block = net.get_layer("block1a_project_bn").output
    return keras.Model(net.inputs, keras.layers.GlobalAveragePooling2D()(block)), preprocess_input


def _training_images() -> tuple[np.ndarray, np.ndarray]:
    """The training images, shuffled once, since both ways must see the same batches."""
    (images, labels), _ = data.load_objects()
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], labels[order]


def _vgg16():
    from keras.applications import VGG16

    weights = pretrained.weights_for("VGG16", include_top=False)
    base = VGG16(include_top=False, weights=weights, input_shape=(224, 224, 3), pooling="avg")
    base.trainable = False
    return base


def _engines(base) -> list[Callable[[np.ndarray], np.ndarray]]:
    """The bare compiled network, and ONNX Runtime where it is installed; both warm."""
    import tensorflow as tf

    compiled = tf.function(
        lambda batch: base(batch, training=False),
        input_signature=[tf.TensorSpec(base.input_shape, tf.float32)],
    )
    engines = [lambda batch: compiled(tf.constant(batch)).numpy()]
    if all(map(importlib.util.find_spec, ("onnx", "onnxruntime"))):
        engines.append(onnx_engine(base))
    for run in engines:
        run(np.zeros((FORWARD_BATCH, *base.input_shape[1:]), np.float32))
    return engines


def onnx_engine(base) -> Callable[[np.ndarray], np.ndarray]:
    """The network in ONNX Runtime on the processor, with as many threads as TensorFlow."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _cores()
    session = onnxruntime.InferenceSession(
        to_onnx(base).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda batch: session.run(None, {"images": batch})[0]


def _forward(run: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray) -> np.ndarray:
    starts = progress(range(0, len(inputs), FORWARD_BATCH), "forward pass")
    return np.concatenate([run(inputs[start : start + FORWARD_BATCH]) for start in starts])


def _new_head(features: int, labels: np.ndarray):
    """A dense layer with the same weights each time."""
    import keras

    start = keras.initializers.GlorotUniform(seed=0)
    return keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(
                int(labels.max()) + 1, activation="softmax", kernel_initializer=start
            ),
        ]
    )


def _fit(model, inputs: np.ndarray, labels: np.ndarray, label: str) -> None:
    import keras

    epochs = iter(progress(range(EPOCHS), label))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        inputs,
        labels,
        batch_size=HEAD_BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: next(epochs))],
    )
    next(epochs, None)  # ends the bar


def _timed(function: Callable):
    """The function's result and its time in seconds."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def _largest_difference(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True))


def _cores() -> int:
    """Cores that this process may use, which is TensorFlow's number of threads."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
