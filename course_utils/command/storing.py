"""What the commands write: pages one by one, files that belong together all or none.

Before such files are put in their places, copies of those that are there are made, and a journal
names them all. A process that is killed meanwhile leaves the journal, and the next command puts the
copies back. One command stores at a time.
"""

import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from course_utils.caching import beside, remove_forgotten, save_whole
from course_utils.command.terminal import CommandError, cannot_write
from course_utils.paths import notebooks_dir

_FAR = 2**20  # Windows lets nobody read what is locked


class BusyError(CommandError):
    """Another command stores in this clone."""


def check_folders(
    folders: Iterable[Path], remedy: str = "Choose another folder with --output"
) -> None:
    """Make folders where they are missing, and see before any work that they can be written.

    Raises
    ------
    CommandError
        If one cannot; it names the folder, and the remedy.
    """
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CommandError(
                f"Cannot write into {folder} ({error.strerror}). {remedy}, or change its "
                "permissions."
            ) from error


def write(path: Path, content: str | bytes) -> None:
    """Write one file, whole or not at all.

    Raises
    ------
    CommandError
        If it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        save_whole(path, lambda file: file.write(data))
    except OSError as error:
        raise cannot_write(path, error) from error


def write_all(texts: Mapping[Path, str], done: str) -> None:
    """Write several files, all or none; inside `alone`.

    All are written under other names first, so that a full disk shows while every file is as it
    was. Should putting them in their places fail, or be interrupted, those before are put back.

    Parameters
    ----------
    texts : mapping of path to str
    done : str
        What did not become of them should it fail, such as "stored".

    Raises
    ------
    CommandError
        If one cannot be written; it is named.
    """
    path = _journal()
    new: dict[Path, Path] = {}
    old: dict[Path, Path] = {}
    try:
        try:
            for folder in {path.parent for path in texts}:
                remove_forgotten(folder)
            for path, text in texts.items():
                new[path] = beside(path)
                new[path].write_bytes(text.encode())
                if path.exists():
                    old[path] = beside(path)
                    old[path].write_bytes(path.read_bytes())
            path = _journal()
            _write_journal(new, old)
            for path, temporary in new.items():
                os.replace(temporary, path)
        except BaseException:
            with _no_interrupt():
                _put_back()
                _remove(new, old)
            raise
        with _no_interrupt():  # too late: all is in its place
            path = _journal()
            path.unlink()
            _remove(new, old)
    except OSError as error:
        raise cannot_write(path, error, f"Nothing was {done}.") from error


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep other commands from storing in this clone until the block is left, however that is.

    What a killed command had begun to store is put back first.

    Raises
    ------
    BusyError
        If another command stores now; its process is named.
    CommandError
        If the lessons' folder cannot be written.
    """
    path = _folder() / "lock"
    try:
        path.parent.mkdir(exist_ok=True)
        lock = path.open("a+", encoding="ascii")
    except OSError as error:
        raise cannot_write(path, error) from error
    with lock:
        if not _locked(lock):
            lock.seek(0)
            raise BusyError(
                f"Another command is storing lessons in {notebooks_dir()} (process "
                f"{lock.read().strip() or 'unknown'}). Wait until it has ended, and run again."
            )
        with contextlib.suppress(OSError):  # on a full disk it has no name
            lock.truncate(0)
            print(os.getpid(), file=lock, flush=True)
        if files := _put_back():
            left = [
                f"{path.name} was changed since, and left." for path in files if not files[path]
            ]
            count = sum(files.values())
            said = [f"Storing was cut off: {count} files are as they were before it.", *left]
            print(*said, file=sys.stderr)
        yield


def recover() -> None:
    """Put back what a killed command had begun to store, unless another command is storing now."""
    if _journal().exists():
        with contextlib.suppress(BusyError), alone():
            pass


def _folder() -> Path:
    return notebooks_dir() / ".storing"


def _journal() -> Path:
    return _folder() / "journal.json"


def _write_journal(new: Mapping[Path, Path], old: Mapping[Path, Path]) -> None:
    """Name files, what will be put in their places, and the copies of what is there."""
    entries = [
        [os.path.relpath(name, _folder()) if name else None for name in (path, new[path], copy)]
        for path, copy in ((path, old.get(path)) for path in new)
    ]  # relative, since a clone may be moved
    save_whole(_journal(), lambda file: file.write(json.dumps(entries, indent=1).encode()))


def _put_back() -> dict[Path, bool]:
    """Have all files of the journal as they were, but for those that were changed since.

    Begun again after it was cut off, it ends the same.

    Returns
    -------
    dict of path to bool
        Whether each file is as it was; empty where there is no journal.
    """
    path = _journal()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{path} cannot be read ({error}). See by 'git status' which files changed, then "
            "delete it."
        ) from error
    files = {}
    try:
        for entry in entries:
            path, new, old = (name and (_folder() / name).resolve() for name in entry)
            # What was put in its place is older than the journal.
            files[path] = not path.exists() or path.stat().st_mtime_ns <= written
            if not files[path]:
                continue
            if new.exists():  # it was not put in its place
                new.unlink()
                if old:
                    old.unlink(missing_ok=True)
            elif old is None:
                path.unlink(missing_ok=True)
            elif old.exists():  # else it is back already
                os.replace(old, path)
        path = _journal()
        path.unlink()
    except OSError as error:
        raise CommandError(
            f"Cannot put {path} back as it was ({error.strerror}). Close what uses it, or allow "
            "it, and run any course command: it is tried again."
        ) from error
    return files


def _remove(*temporary: Mapping[Path, Path]) -> None:
    for path in (path for paths in temporary for path in paths.values()):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Let Ctrl-C do nothing for the few milliseconds of a block, in the main thread."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _locked(file: IO) -> bool:
    """Lock a file until it is closed, or its process ends; false if another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a network's file system that knows no locks keeps nobody out
        return True
    return True
