"""Results kept under a hash of everything that they depend on."""

import dis
import functools
import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, ModuleType

import numpy as np

from course_utils.paths import ROOT

_NUMBERS_AND_TEXT = (bool, int, float, complex, str, bytes, type(None), range)


def content_hash(*objects) -> str:
    """Hash of objects by what they hold or do, the same in every process.

    A function counts by its compiled code and by everything outside it that it refers to:
    other functions and lambdas, arrays, numbers, text, containers of them. A library counts
    by its name and version, course_utils by its source and the list of its weights.

    Raises
    ------
    TypeError
        On an object whose content cannot be told, for example a model: build it inside
        the function.
    """
    digest = hashlib.sha256()
    seen: set[int] = set()
    for item in objects:
        _feed(digest, item, seen)
    return digest.hexdigest()[:24]


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


def _feed(digest, item, seen: set[int]) -> None:
    """Add one object to the digest, its type first, so that 1, "1" and [1] differ."""
    digest.update(type(item).__name__.encode())
    if isinstance(item, _NUMBERS_AND_TEXT):
        digest.update(repr(item).encode())
    elif isinstance(item, (np.ndarray, np.generic)):
        digest.update(f"{item.dtype}{item.shape}".encode())
        digest.update(np.ascontiguousarray(item))
    elif isinstance(item, Mapping):
        _feed(digest, list(item.items()), seen)
    elif isinstance(item, (tuple, list)):
        digest.update(str(len(item)).encode())
        for part in item:
            _feed(digest, part, seen)
    elif isinstance(item, (set, frozenset)):
        _feed(digest, sorted(item), seen)
    elif isinstance(item, functools.partial):
        _feed(digest, (item.func, item.args, item.keywords), seen)
    elif isinstance(item, ModuleType) or _library(item):
        digest.update(f"{_module_name(item)}.{getattr(item, '__qualname__', '')}".encode())
        digest.update(_version(_module_name(item).partition(".")[0]).encode())
    elif inspect.isfunction(inspect.unwrap(item)):
        _feed_function(digest, inspect.unwrap(item), seen)
    else:
        raise TypeError(
            f"Cannot tell whether a {type(item).__name__} is still the same, so nothing that "
            "depends on it can be kept. Build it inside the function."
        )


def _feed_function(digest, function, seen: set[int]) -> None:
    if id(function) in seen:  # functions that call each other
        return
    seen.add(id(function))
    _feed_code(digest, function.__code__, seen)
    _feed(digest, (function.__defaults__, function.__kwdefaults__), seen)
    outside = inspect.getclosurevars(function).nonlocals
    for name in sorted(_global_names(function.__code__)):
        if name in function.__globals__:
            outside[name] = function.__globals__[name]
    _feed(digest, outside, seen)


def _feed_code(digest, code: CodeType, seen: set[int]) -> None:
    # Instructions by name and argument: the bytes of a code that has run differ from those
    # of one that has not.
    for step in dis.get_instructions(code):
        argument = "" if isinstance(step.argval, CodeType) else step.argrepr
        if isinstance(step.argval, frozenset):  # whose order changes from process to process
            argument = repr(sorted(map(repr, step.argval)))
        digest.update(f"{step.opname} {argument};".encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _feed_code(digest, constant, seen)


def _global_names(code: CodeType) -> set[str]:
    steps = dis.get_instructions(code)
    names = {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _global_names(constant)
    return names


def _module_name(item) -> str:
    return item.__name__ if isinstance(item, ModuleType) else item.__module__


def _library(item) -> bool:
    """A function or class that was imported, not written in the notebook or test."""
    if not (inspect.isroutine(item) or inspect.isclass(item)) or item.__module__ == "__main__":
        return False
    path = getattr(inspect.getmodule(item), "__file__", None)
    if path is None:  # built in
        return True
    inside = Path(path).resolve()
    return "site-packages" in inside.parts or inside.is_relative_to(ROOT / "course_utils")


@functools.cache
def _version(package: str) -> str:
    """Version of a library; for course_utils a hash of its source and of the weights' list."""
    if package != "course_utils":
        return str(getattr(__import__(package), "__version__", ""))
    digest = hashlib.sha256()
    sources = sorted((ROOT / "course_utils").rglob("*.py"))
    for path in [*sources, *sorted((ROOT / "data" / "weights").glob("*SUMS*"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
