"""Where the weights of a model come from: `data/weights`, Keras's cache, or a download.

With ``COURSE_WEIGHTS=bundled`` in the environment neither cache nor network is looked at,
which gives the same answers on every machine.

Downloads stand in Keras's cache, under Keras's names, where Keras finds them too. They are made
in a process of their own, which can be stopped whatever it waits for; Keras's download sets no
time limit, and leaves half a file under the final name when its process is killed.

Keras states the MD5 of its files, but not of MobileNet's. Of such a file a record is kept beside
it, ``<name>.sha256``: made at the download, or, where somebody else brought the file, when it is
first found to be a whole file of finite numbers for this model. What happens to it later is seen.
"""

import contextlib
import hashlib
import importlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Literal

import numpy as np

from course_utils.caching import save_whole
from course_utils.models.catalogue import CATALOGUE, ModelInfo
from course_utils.paths import data_dir, keras_home
from course_utils.progress import progress

HASHES_FILE = "SHA256SUMS"
SERVER = "https://storage.googleapis.com/tensorflow/keras-applications"
MB = 2**20
CONNECT_SECONDS = 10.0  # until the first byte
STALL_SECONDS = 30.0  # in which STALL_BYTES must come
STALL_BYTES = 300_000
# With a time limit of its own, lest it outlive the course for ever.
_DOWNLOAD = """
import os, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:
    while block := answer.read1(65536):
        try:
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
        except OSError as error:
            os.write(2, str(error.errno).encode())
            os._exit(3)
"""
_NOT_WRITTEN = 3  # its exit code where the file cannot be written

# Reads all that an HDF5 file holds.
_LOOK_THROUGH = """
import sys, h5py
def look(name, item):
    dict(item.attrs)
    if isinstance(item, h5py.Dataset):
        item[()]
with h5py.File(sys.argv[1]) as file:
    look("", file)
    file.visititems(look)
"""
LOOK_SECONDS = 30.0

Policy = Literal["auto", "bundled"]
Source = Literal["bundled", "cache", "download"]


class WeightsUnavailableError(RuntimeError):
    """No weights for this model here, and none can be had now; the message says what to do."""


class WeightsCorruptError(RuntimeError):
    """A file of weights is not what it should be; the message names it and the remedy."""


def available(*, include_top: bool = True) -> list[str]:
    """Return the models that need no network now: bundled, or whole in Keras's cache.

    Parameters
    ----------
    include_top : bool
        Whole models, or convolutional bases.
    """
    cached = _policy("auto") == "auto"
    return [
        info.name
        for info in CATALOGUE
        if _is_bundled(info.file(include_top=include_top).bundled)
        or (cached and (path := _cached_file(info, include_top)) and _is_whole(path))
    ]


def resolve(info: ModelInfo, *, include_top: bool, weights: Policy) -> tuple[str, Source]:
    """Return the path of a model's weights, checked, and where they came from.

    Raises
    ------
    ValueError
        On a policy, here or in ``COURSE_WEIGHTS``, that is neither "auto" nor "bundled".
    WeightsUnavailableError
        If the weights are not here and cannot be downloaded.
    WeightsCorruptError
        If their file is damaged.
    """
    policy = _policy(weights)
    file = info.file(include_top=include_top)
    if file.bundled:
        return str(bundled(file.bundled)), "bundled"
    if policy == "bundled":
        raise unavailable(info, include_top, "only bundled weights are allowed")
    cached = _cached_file(info, include_top)
    assert cached is not None, "what is not Keras's is bundled"
    if not os.path.lexists(cached):
        _download(info, include_top, cached)
        return str(cached), "download"
    if damage := _damage(cached, info, include_top):
        raise WeightsCorruptError(
            f"{cached} in Keras's cache {damage}. Delete it; the next call downloads it again."
        )
    if file.md5 is None:
        _keep_record(cached)
    return str(cached), "cache"


def bundled(name: str) -> Path:
    """Return the path of a file of `data/weights`, checked.

    Raises
    ------
    WeightsCorruptError
        If it is missing or damaged, or the list of hashes is.
    """
    path = data_dir() / "weights" / name
    hashes = path.with_name(HASHES_FILE)
    remedy = (
        "Get it again with 'git checkout -- data/weights', where the course stands in Git LFS with "
        "'git lfs pull', or clone the course anew."
    )
    try:
        lines = hashes.read_text(encoding="ascii").splitlines()
        wanted = {listed: digest for digest, listed in map(str.split, lines)}[name]
    except (OSError, ValueError, KeyError) as error:
        raise WeightsCorruptError(
            f"{hashes} is missing, or states no SHA-256 for {name}. {remedy}"
        ) from error
    if damage := _differs(path, "sha256", wanted):
        raise WeightsCorruptError(f"{path} {damage}. {remedy}")
    return path


def address(info: ModelInfo, include_top: bool) -> str:
    """Return where Keras's server has the weights of a model of Keras's."""
    file = info.file(include_top=include_top)
    return f"{SERVER}/{info.module.rpartition('.')[2]}/{file.remote or file.keras}"


def unavailable(info: ModelInfo, include_top: bool, why: str) -> WeightsUnavailableError:
    """Return the error that says why there are no weights, and what to do."""
    cached = _cached_file(info, include_top)
    part = "with" if include_top else "without"
    lines = [
        f"No weights for {info.name} {part} its classifier: they do not come with the course, "
        f"and {why}."
    ]
    if _policy("auto") == "bundled":
        lines.append("COURSE_WEIGHTS=bundled is set; unset it to use Keras's cache or a network.")
    if cached:
        lines.append(
            f"With a network they are downloaded; or put {cached.name} into {cached.parent}."
        )
    now = ", ".join(available(include_top=include_top)) or "none"
    lines.append(f"Available now: {now}.")
    if include_top and info.notop.bundled:
        lines.append(f"{info.name} with include_top=False is bundled.")
    return WeightsUnavailableError(" ".join(lines))


def _policy(weights: str) -> str:
    origin = "weights"
    if weights == "auto" and "COURSE_WEIGHTS" in os.environ:
        origin, weights = "COURSE_WEIGHTS", os.environ["COURSE_WEIGHTS"]
    if weights not in ("auto", "bundled"):
        raise ValueError(f"{origin}={weights!r}: choose 'auto' or 'bundled'.")
    return weights


def _cached_file(info: ModelInfo, include_top: bool) -> Path | None:
    """Where Keras keeps the model's weights; None where they are not Keras's."""
    name = info.file(include_top=include_top).keras
    return keras_home() / "models" / name if name else None


def _is_bundled(name: str | None) -> bool:
    try:
        return name is not None and (data_dir() / "weights" / name).is_file()
    except FileNotFoundError:  # installed without them
        return False


def _is_whole(path: Path) -> bool:
    """Whether a file is HDF5 that is not cut off, found out without reading it all."""
    import h5py

    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        h5py.File(path, "r").close()
    except OSError:
        return False
    return True


def _damage(path: Path, info: ModelInfo, include_top: bool) -> str | None:
    """What is wrong with a file of Keras's; None if nothing is."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        return "is a folder, a pipe or a device, not a file"
    md5 = info.file(include_top=include_top).md5
    if md5 is not None:
        return _differs(path, "md5", md5)
    if digest := _recorded(path):
        damage = _differs(path, "sha256", digest)
        return damage and (
            f"{damage}, as {_record(path).name} has it (delete that too if you changed the file)"
        )
    if fault := _fault_of_hdf5(path):
        return f"is damaged or incomplete: {fault}"
    # That Keras can load the file, and finds numbers in it, is all there is to go by.
    constructor = getattr(importlib.import_module(info.module), info.name)
    try:
        model = constructor(include_top=include_top, weights=str(path))
    except Exception as error:  # of many types, from h5py and Keras
        why = " ".join(str(error).split())  # on one line
        return f"is damaged, incomplete or another model's: Keras cannot load it ({why})"
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        return "is damaged: some of its weights are infinite or no numbers"
    return None


def _fault_of_hdf5(path: Path) -> str | None:
    """Why a file cannot be read as HDF5; None where it can.

    In a process of its own, since damage makes the library go round for ever, or crash.
    """
    if not _is_whole(path):
        return "Keras cannot load it (it is no whole HDF5 file)"
    try:
        subprocess.run(
            [sys.executable, "-P", "-c", _LOOK_THROUGH, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LOOK_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return "HDF5 comes to no end with it"
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").splitlines()
        return f"Keras cannot load it ({lines[-1] if lines else error})"
    return None


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _recorded(path: Path) -> str | None:
    """SHA-256 that was recorded of a file; None where there is no record, or a damaged one."""
    if not _record(path).is_file():
        return None
    try:
        found = re.match(r"[0-9a-f]{64}(?= )", _record(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found and found[0]


def _keep_record(path: Path) -> None:
    """Record the SHA-256 of a file as the program sha256sum does, unless that was done before."""
    if _recorded(path):
        return
    with contextlib.suppress(OSError):  # a cache that others own is read as it is
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        line = f"{digest}  {path.name}\n".encode()
        save_whole(_record(path), lambda file: file.write(line))


def _differs(path: Path, algorithm: str, digest: str) -> str | None:
    """What is wrong with a file that has a known hash; None if nothing is."""
    try:
        with path.open("rb") as file:
            if file.read(23) == b"version https://git-lfs":
                return "is a Git LFS pointer instead of the file"
            file.seek(0)
            if hashlib.file_digest(file, algorithm).hexdigest() == digest:
                return None
            return (
                f"({file.tell():,} bytes) is damaged or incomplete: its {algorithm.upper()} is "
                f"not {digest}"
            )
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _download(info: ModelInfo, include_top: bool, path: Path) -> None:
    """Bring a file from Keras's server to its place in Keras's cache, checked."""
    url = address(info, include_top)

    def write(part: IO[bytes]) -> None:
        # Closed, so that nothing goes on behind an interrupt.
        with contextlib.closing(_megabytes(url, part)) as arriving:
            size = info.size_mb if include_top else None
            for _ in progress(arriving, f"downloading {info.name} (MB)", size):
                pass
        if damage := _damage(Path(part.name), info, include_top):
            raise OSError(f"what came from {url} {damage}")

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _record(path).unlink(missing_ok=True)  # of another file, which was deleted
        save_whole(path, write)
    except OSError as error:
        why = f"the download failed ({error})"
        if error.errno:  # the network's errors come as text
            why = f"{path.parent} cannot be written ({error.strerror})"
        raise unavailable(info, include_top, why) from error
    if info.file(include_top=include_top).md5 is None:
        _keep_record(path)


def _megabytes(url: str, file: IO[bytes]) -> Generator[None]:
    """Write what is at an address into a file; yields after each megabyte.

    Raises
    ------
    OSError
        If it cannot be had, or comes too slowly; with ``errno`` if the file cannot be written.
    """
    command = [sys.executable, "-I", "-c", _DOWNLOAD, url]
    done, wanted, deadline = 0, 1, time.monotonic() + CONNECT_SECONDS
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while process.poll() is None:
                time.sleep(0.05)
                size = os.fstat(file.fileno()).st_size
                if size >= wanted:
                    wanted, deadline = size + STALL_BYTES, time.monotonic() + STALL_SECONDS
                elif time.monotonic() > deadline:
                    raise TimeoutError(
                        f"it stalled after {size:,} bytes" if size else "the server does not answer"
                    )
                while done < size // MB:
                    done += 1
                    yield
            if process.returncode != 0:
                errors = process.communicate()[1] or f"exit code {process.returncode}"
                if process.returncode == _NOT_WRITTEN:
                    raise OSError(int(errors), os.strerror(int(errors)))
                raise OSError(errors.strip().splitlines()[-1])
        finally:
            process.kill()
