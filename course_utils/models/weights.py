"""Where the weights of a model come from: `data/weights`, Keras's cache, or a download.

With ``COURSE_WEIGHTS=bundled`` in the environment neither cache nor network is looked at,
which gives the same answers on every machine.
"""

import contextlib
import hashlib
import os
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from course_utils.models.catalogue import CATALOGUE, ModelInfo
from course_utils.paths import data_dir

HASHES_FILE = "SHA256SUMS"
DOWNLOAD_HOST = "storage.googleapis.com"
CONNECT_SECONDS = 3.0
STALL_SECONDS = 30.0

Policy = Literal["auto", "bundled"]
Source = Literal["bundled", "cache", "download"]


class WeightsUnavailableError(RuntimeError):
    """No weights for this model here, and none can be had now; the message says what to do."""


class WeightsCorruptError(RuntimeError):
    """A file of weights is not what it should be; the message names it and the remedy."""


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
        for info in CATALOGUE
        if info.file(include_top=include_top).bundled
        or (cached and (path := _cached_file(info, include_top)) and path.is_file())
    ]


def resolve(info: ModelInfo, *, include_top: bool, weights: Policy) -> tuple[str, Source]:
    """Return the constructor's ``weights=`` and where the weights come from.

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
        path = data_dir() / "weights" / file.bundled
        _check_bundled(path)
        return str(path), "bundled"
    if policy == "bundled":
        raise unavailable(info, include_top, "only bundled weights are allowed")
    cached = _cached_file(info, include_top)
    if cached and cached.is_file():
        # Keras gets the path and not "imagenet": it deletes a damaged file of its cache when
        # there is no network to replace it.
        _check_cached(cached, file.md5)
        return str(cached), "cache"
    if not _host_answers():
        raise unavailable(info, include_top, f"{DOWNLOAD_HOST} does not answer")
    return "imagenet", "download"


@contextlib.contextmanager
def no_endless_wait() -> Iterator[None]:
    """Make a download that stalls fail: Keras itself sets no time limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


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
    lines.append(f"Available now: {', '.join(available(include_top=include_top))}.")
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
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    return home / "models" / name if name else None


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
