# ruff: noqa: F401, F811 (the fixtures are those of test_pretrained.py)
"""``course prefetch`` against a server on this machine: good, cut off, stalling, lying."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from test_pretrained import (
    BODY,
    HEADER,
    cache,
    mobilenet,
    own_machine,
    serve,
    small_net,
)

from course_utils import pretrained
from course_utils.command import prefetch
from course_utils.command.main import main
from course_utils.models import weights
from course_utils.paths import ROOT, notebooks_dir

VGG16_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"


def rows(out: str) -> dict[str, str]:
    """What the table says of each model."""
    found = re.findall(r"^[✓✗] (?:yes|no) +(\w+) +[\d,]+ +(.+)$", out, re.MULTILINE)
    return dict(found)


def test_a_model_is_downloaded_once_and_then_checked(serve, cache, capsys):
    serve(HEADER, BODY)
    assert main(["prefetch", "VGG16", "VGG16"]) == 0
    assert rows(capsys.readouterr().out) == {"VGG16": "downloaded, checked"}
    assert (cache / VGG16_FILE).read_bytes() == BODY
    written = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert {path.name for path in written} == {VGG16_FILE, "imagenet_class_index.json"}
    serve(b"HTTP/1.0 404 Not Found\r\n\r\n")
    assert main(["prefetch", "VGG16"]) == 0
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == written


def test_what_keras_has_not_comes_with_the_course(cache, capsys):
    assert main(["prefetch", "EfficientNetLite0"]) == 0
    assert rows(capsys.readouterr().out) == {"EfficientNetLite0": "comes with the course"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((HEADER, BODY[:-1]), r"\(1,599,999 bytes\) is damaged or incomplete"),  # breaks off
        ((HEADER + BODY[:300_000],), "it stalled after 300,000 bytes"),
        ((HEADER, BODY.upper()), r"\(1,600,000 bytes\) is damaged or incomplete"),  # lies
        ((), "the server does not answer"),
    ],
    ids=["breaks off", "stalls", "lies", "silent"],
)
def test_what_does_not_come_right_is_a_cross_and_the_others_go_on(
    monkeypatch,
    serve,
    mobilenet,
    cache,
    capsys,
    answer,
    why,
):
    monkeypatch.setattr(weights, "CONNECT_SECONDS", 1.0)
    before = {path.name for path in cache.iterdir()}
    serve(*answer, drip=60 if len(answer) == 1 else 0)
    assert main(["prefetch", "VGG16", "MobileNet"]) == 1
    heard = capsys.readouterr()
    assert rows(heard.out) == {"VGG16": "not had", "MobileNet": "was here, checked"}
    (line,) = heard.err.splitlines()
    assert re.match(f"VGG16: .*{why}.* Run the command again where there is a network.", line)
    after = {path.name for path in cache.iterdir()} - before
    assert all("vgg16" not in name and "part" not in name for name in after)


def test_a_damaged_file_is_named_with_its_remedy(cache, capsys):
    (cache / VGG16_FILE).write_bytes(b"half")
    assert main(["prefetch", "VGG16"]) == 1
    assert f"{cache / VGG16_FILE} in Keras's cache" in (err := capsys.readouterr().err)
    assert "Delete it" in err


def test_a_full_disk_is_told_before_the_download(monkeypatch, serve, cache, capsys):
    serve(HEADER, BODY)
    usage = prefetch.shutil.disk_usage(cache)
    monkeypatch.setattr(prefetch.shutil, "disk_usage", lambda _: usage._replace(free=10 * 2**20))
    assert main(["prefetch", "VGG16"]) == 1
    assert "VGG16: 528 MB are needed and 10 MB free. Make room" in capsys.readouterr().err
    assert list(cache.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_file_that_cannot_be_written_is_not_the_network_s_fault(serve, cache, capsys):
    import resource

    serve(HEADER, BODY)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        assert main(["prefetch", "VGG16"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"VGG16: Cannot write into {cache} (File too large). Make room" in line
    assert list(cache.iterdir()) == []


def test_an_unknown_name_stops_it_before_anything_is_downloaded(serve, cache, capsys):
    serve(HEADER, BODY)
    assert main(["prefetch", "VGG16", "vgg61"]) == 1
    assert "Unknown model 'vgg61'. Did you mean" in capsys.readouterr().err
    assert list(cache.iterdir()) == []


def test_bundled_weights_alone_forbid_it(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_WEIGHTS", "bundled")
    assert main(["prefetch"]) == 1
    assert "COURSE_WEIGHTS=bundled is set" in capsys.readouterr().err


def test_the_list_says_what_is_where(mobilenet, capsys):
    assert main(["prefetch", "--list"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^MobileNet +16 +in Keras's cache$", out, re.MULTILINE)
    assert re.search(r"^VGG16 +528 +not here$", out, re.MULTILINE)
    assert re.search(r"^EfficientNetLite0 +\d+ +comes with the course$", out, re.MULTILINE)


def test_without_names_it_fetches_what_the_lessons_fetch():
    text = "".join(path.read_text(encoding="utf-8") for path in notebooks_dir().glob("source/*.py"))
    fetched = set(re.findall(r'fetch_for_keras\("(\w+)"\)', text))
    assert fetched <= set(prefetch.OF_THE_LESSONS)
    for name in prefetch.OF_THE_LESSONS:
        assert pretrained.find(name).top.keras


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_tells_what_is_there_and_leaves_no_half_file(serve, cache):
    server = serve(HEADER, *(BODY[i : i + 100] for i in range(10_000)), drip=0.05)
    code = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from course_utils.command import main
from course_utils.models import weights
weights.SERVER = {server!r}
sys.exit(main.main(["prefetch", "EfficientNetLite0", "VGG16"]))
"""
    course = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not any(path.stat().st_size for path in cache.iterdir()):
        assert course.poll() is None
        time.sleep(0.1)
    course.send_signal(signal.SIGINT)
    out, err = course.communicate(timeout=30)
    assert course.returncode == 130
    assert rows(out) == {"EfficientNetLite0": "comes with the course"}
    assert err == "Interrupted. Not fetched: VGG16. No file is half-written.\n"
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_where_a_terminal_has_no_ticks_the_words_stand_alone(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "course_utils", "prefetch", "EfficientNetLite0"]
    out = subprocess.check_output(command, env=environment).decode(encoding)
    assert re.search(r"^yes +EfficientNetLite0 +\d+ +comes with the course", out, re.MULTILINE)
