"""How much memory and time of the processor a process has needed."""

import os
import re
import sys
from pathlib import Path

LESSON_LIMIT = 1_700_000_000  # bytes: Binder gives 2 GB, of which the server takes some


def peak_bytes(pid: int | None = None) -> int | None:
    """Most memory that a process has held so far.

    Parameters
    ----------
    pid : int, optional
        Number of a running process; without it, this one.

    Returns
    -------
    int or None
        In bytes. None if there is no such process, and on macOS for any but this one: its system
        tells nobody else.
    """
    own = pid in (None, os.getpid())
    if sys.platform == "linux":
        # Not getrusage: there a child begins with the peak of the process that started it.
        try:
            status = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        peak = re.search(r"VmHWM:\s*(\d+) kB", status)
        return 1024 * int(peak[1]) if peak else None  # a process that has ended has none
    if sys.platform == "win32":
        import psutil

        try:
            return psutil.Process(pid).memory_info().peak_wset
        except psutil.Error:
            return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if own else None


def cpu_seconds(pid: int) -> float:
    """Time of the processor that a process has used, all its threads together; 0 if it is gone."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def available_bytes() -> int:
    """Memory that programs can still take, in bytes; in a container at most what it may have."""
    import psutil

    free = psutil.virtual_memory().available
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            free = min(free, int(Path(limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # "max" is no limit
            continue
    return free
