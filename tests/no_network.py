"""Kernels without a network, in which the lessons are tested.

On Linux a kernel gets a network namespace of its own, which has no interface, and is spoken to
through sockets that are files. Where the system permits no namespace, Python's sockets are refused
instead, and other programs are sent to a proxy that is not there.
"""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_client.manager import KernelManager

_CLOSED = "http://127.0.0.1:9"  # the port of a service that nobody runs any more
_REFUSED = """
import errno, socket, sys

def refuse(event, arguments):
    here = ("127.0.0.1", "::1", "localhost", None)
    if event == "socket.connect" and arguments[1][0] not in here:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")
    if event == "socket.getaddrinfo" and arguments[0] not in here:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

sys.addaudithook(refuse)
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""


@functools.cache
def namespace() -> list[str]:
    """What a command is begun with, to run it without any interface; empty if not permitted."""
    for flags in (["--net"], ["--net", "--user", "--map-root-user"]):
        with contextlib.suppress(OSError):
            command = ["unshare", *flags]
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
    return []


class Offline(KernelManager):
    """Starts a kernel without a network, and with a Keras cache that is empty."""

    def __init__(self, **traits):
        super().__init__(**traits)
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._namespace = namespace()
        if self._namespace:
            self.transport = "ipc"
            self.ip = str(Path(self._folder.name) / "kernel")

    def start_kernel(self, **options):
        """As in a student's classroom: what is not there would be downloaded."""
        environment = {k: v for k, v in os.environ.items() if k != "COURSE_WEIGHTS"}
        environment["KERAS_HOME"] = self._folder.name
        if not self._namespace:
            environment |= dict.fromkeys(("http_proxy", "https_proxy"), _CLOSED)
        return super().start_kernel(env=environment, **options)

    def format_kernel_cmd(self, extra_arguments=None):
        """The kernel's command line, begun with what takes the network away."""
        command = super().format_kernel_cmd(extra_arguments)
        if self._namespace:
            return [*self._namespace, *command]
        return [sys.executable, "-c", _REFUSED, *command[command.index("-f") :]]
