"""Results kept under a hash of what they depend on, as the caller lists it."""

import functools
import inspect
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

import joblib
import numpy as np

from course_utils.networks import architecture
from course_utils.paths import ROOT

_VALUES = (bool, int, float, complex, str, bytes, type(None), range)


def content_hash(*objects) -> str:
    """Hash of objects by what they hold, the same in every process.

    Part of every hash are the source of course_utils, the list of its weights, and the versions
    of Keras, NumPy and TensorFlow.

    Parameters
    ----------
    *objects : numbers, text, ndarrays, Keras models, functions, or containers of them
        A model counts by its layers and weights. A function counts by its source text and the
        values of its defaults: what it calls, and the constants that it uses, must be listed
        beside it. What comes from a library counts by name and version.

    Returns
    -------
    str
        40 hexadecimal digits.

    Raises
    ------
    TypeError
        On what cannot be hashed by content, with what to do: other objects, lambdas, functions
        that use names of a function around them, and functions typed at a prompt.
    """
    return _hash((_course(), *objects))


def save_whole(path: Path, write: Callable) -> None:
    """Write a file under another name first: a cut-off file is never found in the cache.

    Parameters
    ----------
    path : path
    write : callable
        Takes the open binary file.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _hash(item) -> str:
    import keras

    if isinstance(item, _VALUES) or _is_plain_array(item):
        return joblib.hash(item, hash_name="sha1")
    if isinstance(item, (tuple, list)):
        parts = item
    elif isinstance(item, (set, frozenset)):
        parts = sorted(map(_hash, item))
    elif isinstance(item, Mapping):
        parts = item.items()
    elif isinstance(item, functools.partial):
        parts = (item.func, item.args, item.keywords)
    elif isinstance(item, keras.Model):
        parts = itertools.chain((architecture(item),), map(np.asarray, item.weights))
    else:
        parts = _definition(inspect.unwrap(item))
    # The parts one by one, since joblib tells one object that a container holds twice from two
    # equal ones. The type first, so that (1,) and [1] differ.
    return joblib.hash([type(item).__name__, *map(_hash, parts)], hash_name="sha1")


def _is_plain_array(item) -> bool:
    return isinstance(item, (np.ndarray, np.generic)) and not item.dtype.hasobject


def _definition(item) -> tuple:
    """What tells a function or class from others."""
    if not (inspect.isfunction(item) or inspect.isclass(item)):
        raise TypeError(
            f"Cannot hash an object of type {type(item).__qualname__!r} by its content. List what "
            "it is made of (numbers, text, arrays, functions, Keras models) in its place."
        )
    package = (item.__module__ or "").partition(".")[0]
    if version := _version(package):
        return item.__module__, item.__qualname__, version
    name = item.__qualname__
    if item.__name__ == "<lambda>":
        raise TypeError(f"Cannot tell {name} from others on its line. Define it with 'def'.")
    if getattr(item, "__closure__", None):
        outside = ", ".join(item.__code__.co_freevars)
        raise TypeError(
            f"{name} uses {outside} of the function around it. Make them arguments, and give them "
            "their values with functools.partial."
        )
    try:
        source = inspect.getsource(item)
    except (OSError, TypeError) as error:
        raise TypeError(f"Cannot read the source of {name}. Write it in a cell or file.") from error
    return source, getattr(item, "__defaults__", None), getattr(item, "__kwdefaults__", None)


def _version(package: str) -> str | None:
    """Version of a library; None for code of one's own."""
    if package == "course_utils":
        return _course()
    if package in sys.stdlib_module_names:
        return sys.version
    distributions = _distributions().get(package)
    return distributions and metadata.version(distributions[0])


_distributions = functools.cache(metadata.packages_distributions)


@functools.cache
def _course() -> str:
    """What every result depends on."""
    import keras
    import tensorflow as tf

    sources = sorted((ROOT / "course_utils").rglob("*.py"))
    lists = sorted((ROOT / "data" / "weights").glob("*SUMS*"))
    versions = (keras.__version__, np.__version__, tf.__version__)
    return _hash((*versions, *(path.read_bytes() for path in sources + lists)))
