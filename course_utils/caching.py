"""Results kept under a hash of what they depend on, as the caller lists it."""

import contextlib
import functools
import itertools
import logging
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np

from course_utils.networks import architecture
from course_utils.paths import ROOT, cache_dir

logger = logging.getLogger(__name__)

DAY = 86_400  # seconds
UNFINISHED = "tmp????????.part*"  # names of what is not whole yet: see `beside`
_VALUES = (bool, int, float, complex, str, bytes, type(None), range)


def content_hash(*objects) -> str:
    """Hash of objects by what they hold, the same in every process.

    Part of every hash are the source of course_utils, the list of its weights, and the versions
    of Keras, NumPy and TensorFlow.

    Parameters
    ----------
    *objects : numbers, text, ndarrays, Keras models, or lists and tuples of them
        A model counts by its layers and weights.

    Returns
    -------
    str
        40 hexadecimal digits.

    Raises
    ------
    TypeError
        On what cannot be hashed by its content, such as other objects.
    """
    return _hash((_course(), *objects))


def kept(name: str, key: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Return what is kept under a key; where nothing is, compute it and keep it.

    An entry that cannot be read, or is not what was stored, is computed again and overwritten;
    a result that cannot be stored is returned all the same. Both give a warning.

    Parameters
    ----------
    name : str
        What it is, such as "features": the beginning of the file's name.
    key : str
        From `content_hash`.
    compute : callable
        Returns an ndarray of numbers or text. One of objects is returned, but not kept: it would
        have to be pickled.

    Returns
    -------
    ndarray
    """
    path = cache_dir() / f"{name}-{key}.npz"
    try:
        result = _read(path, key)
        logger.info("%s read from %s", name, path)
        return result
    except (FileNotFoundError, NotADirectoryError):
        pass
    except Exception as error:  # damage shows in zipfile and NumPy as errors of many types
        _warn(f"{path} cannot be read and is computed again ({error}).")
    result = compute()
    if result.dtype.hasobject:
        return result
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_whole(path, lambda file: np.savez(file, key=key, array=result))
    except OSError as error:
        _warn(
            f"{path} cannot be written ({error}): the {name} will be computed again the next time. "
            "Make room, or name another folder in the environment variable COURSE_CACHE."
        )
    return result


def save_whole(path: Path, write: Callable) -> None:
    """Write a file under another name first: a cut-off file is never found in its place.

    Parameters
    ----------
    path : path
    write : callable
        Takes the open binary file. Its name ends as that of ``path``.
    """
    remove_forgotten(path.parent)
    temporary = beside(path, path.suffix)
    try:
        with temporary.open("xb") as file:
            write(file)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def save_folder(path: Path, write: Callable[[Path], object], *, replace: bool = False) -> None:
    """Write a folder under another name first: one that is cut off is never found in its place.

    Parameters
    ----------
    path : path
        Its parent must exist.
    write : callable
        Takes the new, empty folder.
    replace : bool
        Whether the new folder takes the place of one that holds something. A process that is killed
        in the instant between the two renamings leaves neither here.

    Raises
    ------
    OSError
        If it cannot be written, or holds something that is not to be replaced.
    """
    path = path.resolve()  # a link stays, and what it leads to is replaced
    remove_forgotten(path.parent)
    new, old = beside(path), beside(path)
    try:
        new.mkdir()
        write(new)
        if path.exists() and replace:
            path.rename(old)
        elif path.exists():
            path.rmdir()  # else Windows would not rename
        new.rename(path)
    except BaseException:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if path.exists():  # else the older one could not be put back
            shutil.rmtree(old, ignore_errors=True)


def beside(path: Path, ending: str = "") -> Path:
    """Another name in a file's folder, for what is not whole yet; `remove_forgotten` knows it."""
    # Not from tempfile, whose files others cannot read.
    return path.with_name(f"tmp{secrets.token_hex(4)}.part{ending}")


def remove_forgotten(folder: Path) -> None:
    """Delete what was being written when a process was killed, over a day ago."""
    for forgotten in folder.glob(UNFINISHED):
        with contextlib.suppress(OSError):  # another process was quicker
            if time.time() - forgotten.stat().st_mtime < DAY:
                continue
            if forgotten.is_dir():
                shutil.rmtree(forgotten)
            else:
                forgotten.unlink()


def _read(path: Path, key: str) -> np.ndarray:
    """Read an entry. That its bytes are those that were stored is seen by the sums of a zip."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ValueError("it is no file")
    with path.open("rb") as file:
        if file.read(2) != b"PK":  # NumPy would take it for pickled, and advise to load it
            raise ValueError("it is no archive")
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("what it holds is no array")
    if arrays.keys() != {"key", "array"} or arrays["key"].tolist() != key:
        raise ValueError("it is another entry, or a part of this one")
    return arrays["array"]


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=3)


def _hash(item) -> str:
    import keras

    if isinstance(item, _VALUES) or _is_plain_array(item):
        return joblib.hash(item, hash_name="sha1")
    if isinstance(item, (tuple, list)):
        parts = item
    elif isinstance(item, keras.Model):
        parts = itertools.chain((architecture(item),), map(np.asarray, item.weights))
    else:
        raise TypeError(
            f"Cannot hash an object of type {type(item).__qualname__!r} by its content. List what "
            "it is made of (numbers, text, arrays, Keras models) in its place."
        )
    # The parts one by one, since joblib tells one object that a container holds twice from two
    # equal ones. The type first, so that (1,) and [1] differ.
    return joblib.hash([type(item).__name__, *map(_hash, parts)], hash_name="sha1")


def _is_plain_array(item) -> bool:
    return isinstance(item, (np.ndarray, np.generic)) and not item.dtype.hasobject


@functools.cache
def _course() -> str:
    """What every result depends on."""
    import keras
    import tensorflow as tf

    sources = sorted((ROOT / "course_utils").rglob("*.py"))
    lists = sorted((ROOT / "data" / "weights").glob("*SUMS*"))
    versions = (keras.__version__, np.__version__, tf.__version__)
    return _hash((*versions, *(path.read_bytes() for path in sources + lists)))
