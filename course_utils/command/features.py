"""``course features``: the features of a folder of any size, by one worker or many."""

import argparse
import contextlib
import hashlib
import importlib
import os
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils import pretrained, runtime, transfer
from course_utils.command.feature_parts import Part, Parts, Settings, files_of, require_pyarrow
from course_utils.command.memory import peak_bytes
from course_utils.command.terminal import CommandError
from course_utils.data import entries
from course_utils.images import read_image
from course_utils.models.catalogue import ModelInfo
from course_utils.models.weights import WeightsCorruptError, WeightsUnavailableError
from course_utils.progress import progress

MODEL = "EfficientNetLite0"
READ_AHEAD = 2  # batches
HELP = (
    "Compute the features of every image in a folder, and in the folders inside it, and write them "
    "as Parquet: a row for each image with its file, its class (the name of its folder), the "
    "features (float32) and the model's name. FILE is a folder of part files, as other programs "
    "write large Parquet files too; pandas.read_parquet reads it in one call. It bears its name "
    "once it is whole, until then FILE.part. After an interruption the same command goes on with "
    "the parts that are missing. Several workers, each told its share by --shard or TF_CONFIG, "
    "write into one FILE; whoever comes last gives it its name. An image that is broken is named "
    "and left out; one that cannot be opened stops the command. Exit code: 0 when the share is "
    "done, 1 when it is not, 130 when interrupted."
)


@dataclass(frozen=True)
class Batch:
    """Some images of a part.

    Attributes
    ----------
    number : int
        Of the part.
    files : sequence of str
    images : ndarray of uint8, shape (len(files), pixels, pixels, 3)
        Black where a file is broken.
    errors : dict of str to str
        The broken files, and why.
    """

    number: int
    files: Sequence[str]
    images: np.ndarray
    errors: dict[str, str]


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "features",
        help="write the features of a folder of any size as Parquet",
        description=HELP,
        epilog="example: course features ~/photographs --out features.parquet --shard 1/2",
    )
    parser.add_argument("folder", type=Path, help="holds the images, at any depth")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the result")
    parser.add_argument(
        "--model", default=MODEL, help=f"as in keras.applications (default: {MODEL})"
    )
    parser.add_argument(
        "--batch", type=_at_least_one, default=16, metavar="N", help="images at once (default: 16)"
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="be worker I of N, counted from 1 (default: as TF_CONFIG says, else 1/1)",
    )
    parser.set_defaults(
        call=lambda o: run(o.folder, o.out, model=o.model, batch_size=o.batch, shard=o.shard)
    )


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 1/4 (the first of four) to 4/4")
    return int(found[1]) - 1, int(found[2])


def run(
    folder: Path, out: Path, *, model: str, batch_size: int, shard: tuple[int, int] | None
) -> int:
    """Compute what is missing of this worker's share, and print what there is.

    Parameters
    ----------
    folder, out : path
    model : str
        Of the catalogue.
    batch_size : int
    shard : (index, count), optional
        Which worker this is, counted from 0; without it, as ``TF_CONFIG`` says.

    Returns
    -------
    int
        0; 130 when interrupted.

    Raises
    ------
    CommandError, OSError, ValueError
        If there is nothing to do it with, or ``out`` is something else; or if an image cannot be
        opened. The parts before are kept.
    """
    require_pyarrow()
    index, count = shard or runtime.worker()
    info = pretrained.find(model)
    try:
        weights = pretrained.weights_for(model, include_top=False)
    except (WeightsCorruptError, WeightsUnavailableError) as error:
        raise CommandError(str(error)) from error
    files, note = _listing(folder)
    if note and index == 0:
        print(note, file=sys.stderr)
    parts = Parts(out, _settings(info, weights, folder, files))
    mine = range(index, parts.settings.parts, count)
    started = time.monotonic()
    try:
        left_out, computed = _compute(parts, mine, files, folder, info, weights, batch_size)
    except KeyboardInterrupt:
        print(
            f"Interrupted. The parts that are whole are kept in {parts.folder}; the same command "
            "goes on from there.",
            file=sys.stderr,
        )
        return 130
    for name, why in left_out.items():
        print(f"{name}: left out, it cannot be read. {why}", file=sys.stderr)
    if count > 1:
        print(f"Worker {index + 1} of {count}: {len(mine)} of {parts.settings.parts} parts.")
    if computed:
        seconds, peak = time.monotonic() - started, (peak_bytes() or 0) / 1e9
        print(
            f"{computed:,} images in {seconds:.0f} s, {computed / seconds:.1f} a second; peak "
            f"memory {peak:.2f} GB."
        )
    if missing := parts.finish():
        print(
            f"Not whole yet: {len(missing)} of {parts.settings.parts} parts are missing. If they "
            "are when all workers are done, one of them was lost: give the command once more "
            "without --shard, which does what is missing."
        )
    else:
        print(f"{out} is whole: {parts.rows():,} rows of {len(files):,} images.")
    return 0


def _listing(folder: Path) -> tuple[list[str], str]:
    """Images in a folder at any depth, by name, and what is left out."""
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder at {folder.absolute()}.")
    skipped: Counter = Counter()
    files = sorted(progress(_images_in(folder, skipped), "listing images"))
    if not files:
        raise FileNotFoundError(f"{folder.absolute()} holds no images.")
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted((+skipped).items()))
    return files, f"Left out of {folder}: {counts}." if counts else ""


def _images_in(folder: Path, skipped: Counter) -> Iterator[str]:
    """Images by name; what is none is counted in ``skipped``."""
    waiting = deque([folder])
    while waiting:
        for kind, paths in entries(waiting.popleft(), folder).items():
            if kind == "images":
                yield from (path.relative_to(folder).as_posix() for path in paths)
            elif kind == "nested folders":
                # A link to a folder could lead round in a circle.
                waiting += [path for path in paths if not path.is_symlink()]
                skipped["links to folders"] += sum(path.is_symlink() for path in paths)
            else:
                skipped[kind] += len(paths)


def _settings(info: ModelInfo, weights: str, folder: Path, files: Sequence[str]) -> Settings:
    listing = hashlib.sha256()
    for name in progress(files, "sizes of files"):
        listing.update(os.fsencode(f"{name}\0{(folder / name).stat().st_size}\0"))
    with open(weights, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Settings(info.name, digest, info.input_size, len(files), listing.hexdigest())


def _compute(
    parts: Parts,
    mine: Iterable[int],
    files: Sequence[str],
    folder: Path,
    info: ModelInfo,
    weights: str,
    batch_size: int,
) -> tuple[dict[str, str], int]:
    """Write the parts that are not whole; returns what was left out, and how many are new."""
    left_out: dict[str, str] = {}
    todo = []
    for number in progress(mine, "checking parts"):
        part = parts.read(number, _shown(files_of(number, files)))
        if part is None:
            todo += [(number, batch) for batch in _batches(files_of(number, files), batch_size)]
        else:
            left_out |= part.left_out
    if not todo:
        return left_out, 0
    extract = extractor(info, weights)
    done: list[tuple[Batch, np.ndarray]] = []
    batches = _read_ahead(todo, folder, info.input_size)
    for i, batch in enumerate(progress(batches, "extracting features", len(todo))):
        done.append((batch, extract(batch.images)))
        if i + 1 == len(todo) or todo[i + 1][0] != batch.number:
            part = _joined(done)
            parts.write(batch.number, part)
            left_out |= part.left_out
            done.clear()
    return left_out, sum(len(batch) for _, batch in todo)


def _batches(files: Sequence[str], size: int) -> list[Sequence[str]]:
    return [files[start : start + size] for start in range(0, len(files), size)]


def _shown(files: Iterable[str]) -> list[str]:
    """Names as they are written: on Linux a file's name need not be UTF-8, a text must be."""
    return [os.fsencode(name).decode("utf-8", "backslashreplace") for name in files]


def _joined(done: Sequence[tuple[Batch, np.ndarray]]) -> Part:
    files, features, left_out = [], [], {}
    for batch, found in done:
        kept = [i for i, name in enumerate(batch.files) if name not in batch.errors]
        files += [batch.files[i] for i in kept]
        features.append(found[kept])
        left_out |= batch.errors
    named = dict(zip(_shown(left_out), left_out.values(), strict=True))
    return Part(_shown(files), np.concatenate(features), named)


def _read_ahead(
    todo: Iterable[tuple[int, Sequence[str]]], folder: Path, pixels: int
) -> Iterator[Batch]:
    """Read batches in their order, the next ones while one is used."""
    waiting: deque[tuple[int, Sequence[str], list[Future]]] = deque()
    pool = ThreadPoolExecutor()
    try:
        for number, files in todo:
            reading = [pool.submit(_read, folder / name, pixels) for name in files]
            waiting.append((number, files, reading))
            if len(waiting) > READ_AHEAD:
                yield _batch(*waiting.popleft())
        while waiting:
            yield _batch(*waiting.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _read(path: Path, pixels: int) -> tuple[np.ndarray, str]:
    try:
        return read_image(path, pixels), ""
    except ValueError as error:  # what the file holds, and will hold the next time too
        return np.zeros((pixels, pixels, 3), np.uint8), str(error)


def _batch(number: int, files: Sequence[str], reading: list[Future]) -> Batch:
    found = [future.result() for future in reading]
    errors = {name: why for name, (_, why) in zip(files, found, strict=True) if why}
    return Batch(number, files, np.stack([image for image, _ in found]), errors)


def extractor(info: ModelInfo, weights: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from images to features: the model's base, and the mean of its maps.

    Several cards, or a TPU, share each batch. Workers do not wait for each other: each has its own
    images.
    """
    runtime.setup()
    alone = runtime.worker()[1] == 1
    constructor = getattr(importlib.import_module(info.module), info.name)
    shape = (info.input_size, info.input_size, 3)
    with runtime.strategy().scope() if alone else contextlib.nullcontext():
        base = constructor(include_top=False, weights=weights, input_shape=shape, pooling="avg")
    return transfer.extractor(base, pretrained.preprocess_for(info.name), shape)
