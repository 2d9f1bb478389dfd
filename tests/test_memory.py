"""What a process has taken, on every system, and of one that is gone."""

import os
import subprocess
import sys
import types

import psutil
import pytest

from course_utils.command import memory


@pytest.fixture(scope="module")
def gone() -> int:
    """Number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_process_that_is_gone_has_used_no_time(gone):
    assert memory.cpu_seconds(gone) == 0
    assert memory.cpu_seconds(os.getpid()) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource")
def test_macos_tells_of_this_process_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.peak_bytes() == memory.peak_bytes(os.getpid()) > 0
    assert memory.peak_bytes(os.getppid()) is None


def test_windows_tells_of_every_process(monkeypatch, gone):
    def process(pid):
        if pid == gone:
            raise psutil.NoSuchProcess(pid)
        return types.SimpleNamespace(memory_info=lambda: types.SimpleNamespace(peak_wset=7))

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(psutil, "Process", process)
    assert memory.peak_bytes(os.getpid()) == 7 and memory.peak_bytes(gone) is None


def test_memory_is_no_more_than_a_container_may_have(monkeypatch):
    said = {"/sys/fs/cgroup/memory.max": "max\n"}
    free = types.SimpleNamespace(available=2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)

    class Path(str):
        def read_text(self, encoding):
            if self not in said:
                raise FileNotFoundError(self)
            return said[self]

    monkeypatch.setattr(memory, "Path", Path)
    assert memory.available_bytes() == 2**30
    said["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = f"{2**29}\n"
    assert memory.available_bytes() == 2**29
