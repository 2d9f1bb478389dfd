"""A process that lends its forks: each writes one thing, with one fault at a chosen step.

A step is whatever changes a folder (a file opened for writing, renamed or removed, a folder made or
removed), or a write, of which half is done when the fault comes. Forks of a process that has
imported all it needs take milliseconds, so that every step of every writer can be tried.
"""

import builtins
import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

NEW = 2  # version that is written; what is there before is version 1
KEY = "0" * 40
OF_ONE_RUN = ("README.md", "notebooks/07_a.ipynb", "notebooks/08_b.ipynb")
FAULTS = {"full": errno.ENOSPC, "quota": errno.EDQUOT, "read-only": errno.EROFS}
WEIGHTS = b"weights of VGG16" * 1000


class Lender:
    """Starts the process and asks it for forks."""

    def __init__(self, folder: Path) -> None:
        """Each writer is tried once, in ``folder``: so all is imported."""
        command = [sys.executable, __file__, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def write(self, folder: Path, writer: str, version=NEW, fault="", at=0) -> dict:
        """Have a fork write; returns its exit ``code``, what it ``said``, and its ``steps``."""
        self._ask(folder, writer, version, fault, at, wait=False)
        return self._answer()

    @contextlib.contextmanager
    def writing(self, folder: Path, writer: str):
        """Have a fork write while the block runs, which is given its process; then wait for it."""
        self._ask(folder, writer, NEW, "", 0, wait=True)
        yield self._answer()["process"]
        self._answer()

    def _ask(self, folder: Path, writer: str, version: int, fault: str, at: int, wait: bool):
        request = {"folder": str(folder), "writer": writer, "version": version, "wait": wait}
        print(
            json.dumps(request | {"fault": fault, "at": at}), file=self._process.stdin, flush=True
        )

    def _answer(self) -> dict:
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


# What follows runs in the process that lends, and in its forks.


class Steps:
    """Counts the steps below a folder, and has the fault come."""

    def __init__(self, folder: str, fault: str, at: int) -> None:
        self.folder, self.fault, self.at, self.done = folder, fault, at, 0
        self._open = io.open
        sys.addaudithook(self._audit)
        builtins.open = io.open = self._opened

    def _audit(self, event: str, arguments: tuple) -> None:
        changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}
        if event == "open":
            path, _, flags = arguments
            if not flags & (os.O_WRONLY | os.O_RDWR):
                return
        elif event in changes:
            path = arguments[0]
        else:
            return
        relative = event != "open" and arguments[-1] != -1  # to an open folder
        if relative or (isinstance(path, (str, os.PathLike)) and self._is_below(path)):
            self._step(event, os.fspath(path))

    def _is_below(self, path) -> bool:
        return os.path.abspath(os.fspath(path)).startswith(self.folder)

    def _opened(self, file, mode="r", *rest, **more):
        opened = self._open(file, mode, *rest, **more)
        if set(mode) & set("wax+") and not isinstance(file, int) and self._is_below(file):
            return Half(opened, self._step)
        return opened

    def _step(self, event: str, path=None, half=lambda: None) -> None:
        self.done += 1
        if self.done < self.at or not self.at:
            return
        if self.fault in FAULTS:
            if event in ("open", "write", "os.mkdir") or self.fault == "read-only":
                half()
                number = FAULTS[self.fault]
                raise OSError(number, os.strerror(number), *filter(None, [path]))
        elif self.done == self.at:
            half()
            os.kill(os.getpid(), getattr(signal, self.fault))


class Half:
    """An open file of which a write may be done by half."""

    def __init__(self, file, step) -> None:
        self._file, self._step = file, step

    def write(self, data):
        self._step("write", half=lambda: (self._file.write(data[: len(data) // 2]), self.flush()))
        return self._file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return self._file.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._file, name)


def lend(folder: Path) -> None:
    """Fork for each request, tell how the fork ended."""
    prepare()
    settle(folder, version=1)
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        for write in WRITERS.values():
            assert write(folder, 1) == 0
    assert "tensorflow" not in sys.modules, "it does not fork"
    for line in sys.stdin:
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as steps:
            print(json.dumps(forked(json.loads(line), said, steps)), flush=True)


def forked(request: dict, said, steps) -> dict:
    child = os.fork()
    if child == 0:
        os.dup2(said.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 99
        try:
            code = work(request, steps)
        except KeyboardInterrupt:
            code = 130
        except OSError as error:
            print(error, file=sys.stderr)
            code = 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if request["wait"]:
        print(json.dumps({"process": child}), flush=True)
    _, status = os.waitpid(child, 0)
    for file in (said, steps):
        file.seek(0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "said": said.read().decode(),
        "steps": int(steps.read() or 0),
    }


def work(request: dict, counted) -> int:
    """What a fork does: set the fault, write; returns the exit code."""
    folder, fault, at = Path(request["folder"]), request["fault"], request["at"]
    settle(folder, request["version"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), write_through=True)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"))
    if fault == "limit":  # of the size of a file, by the system itself
        resource.setrlimit(resource.RLIMIT_FSIZE, (at, resource.RLIM_INFINITY))
        fault = ""
    steps = Steps(str(folder), fault, at)
    try:
        return (WRITERS | OTHERS)[request["writer"]](folder, request["version"])
    finally:
        steps.at = 0
        os.write(counted.fileno(), str(steps.done).encode())


def prepare() -> None:
    """Import what the writers use, and put quick stand-ins in the place of what takes long."""
    sys.dont_write_bytecode = True
    os.environ["COURSE_QUIET"] = "1"
    os.environ.pop("COURSE_WEIGHTS", None)
    from course_utils import pretrained
    from course_utils.command import machine, new_data, npm, site, slides
    from course_utils.models import weights

    machine.measure = lambda *_: machine.Speed(1.0, 1.0, 2)
    slides.find_browser = lambda: "browser"
    site._NEEDED = ()
    new_data.rough_mask = lambda image: np.ones(image.shape[:2], np.uint8)
    npm.shutil.which = lambda name: name
    npm.subprocess.run = browser_or_npm
    slides.REVEAL = npm.Package("reveal.js", "5.2.1", f"sha512-{npm.hash_of(ARCHIVE)}")
    weights._megabytes = downloaded
    found = pretrained.find("VGG16")
    top = dataclasses.replace(found.top, md5=hashlib.md5(WEIGHTS).hexdigest())
    others = [info for info in pretrained.CATALOGUE if info.name != "VGG16"]
    pretrained.CATALOGUE = (dataclasses.replace(found, top=top), *others)


def settle(folder: Path, version: int) -> None:
    """Have the course lie in a folder, and its lessons give the outputs of a version."""
    from course_utils import claims
    from course_utils.command import lessons, machine, run, site, slides, storing

    for module in (claims, lessons, machine, storing):
        module.notebooks_dir = lambda: folder / "notebooks"
    run.README = folder / "README.md"
    os.environ["COURSE_CACHE"] = str(folder / "cache")
    os.environ["KERAS_HOME"] = str(folder / "keras")
    tempfile.tempdir = str(folder / "tmp")
    site.DOCS = folder / "docs"

    def execute(notebook, path, environment):
        for cell in notebook.cells:
            text = f"Claim 0{path.name[1]} · supported · {version} points"
            cell.outputs = [nbformat_output(text)]
        return run.Ran(notebook, float(version), None)

    def build(sources, output):
        (output / "notebooks").mkdir(parents=True)
        for name in ("index.html", "notebooks/07.html", "searchindex.js"):
            (output / name).write_text(f"{name} {version} " + "x" * 5000)

    run.execute = execute
    run.to_html = lambda ran, title: f"{title} {version} " + "x" * 100_000
    slides.to_slides = lambda notebook, title, *_, **__: f"{title} {version} " + "x" * 100_000
    site._build = build


def nbformat_output(text: str):
    from nbformat.v4 import new_output

    return new_output("stream", name="stdout", text=text)


ARCHIVE = io.BytesIO()
with tarfile.open(fileobj=ARCHIVE, mode="w:gz") as archive:
    for name in ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"):
        archive.addfile(tarfile.TarInfo(f"package/{name}"))
ARCHIVE = ARCHIVE.getvalue()


RUN = subprocess.run


def browser_or_npm(command, cwd=None, **more):
    if command[0] == "npm":
        Path(cwd, "reveal.js-5.2.1.tgz").write_bytes(ARCHIVE)
    elif command[0] != "browser":
        return RUN(command, cwd=cwd, **more)
    else:
        (printed,) = (x.partition("=")[2] for x in command if x.startswith("--print-to"))
        try:
            Path(printed).write_bytes(b"PDF" * 1000)
        except OSError as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))
    return subprocess.CompletedProcess(command, 0, "", "")


def downloaded(url, file):
    for i in range(0, len(WEIGHTS), 4000):
        file.write(WEIGHTS[i : i + 4000])
        yield
    file.flush()


def course(*arguments):
    """A writer that is a command of the course."""

    def call(folder: Path, version: int) -> int:
        from course_utils.command.main import main

        return main([word.format(folder=folder) for word in arguments])

    return call


def keep(folder: Path, version: int) -> int:
    from course_utils.caching import kept

    array = np.full(10_000, version)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert (kept("features", KEY, lambda: array) == array).all()
    return 0


def record(folder: Path, version: int) -> int:
    from course_utils.models.weights import _keep_record

    _keep_record(folder / "keras" / "models" / "mobilenet.h5")
    return 0


def for_ever(folder: Path, version: int) -> int:
    """Stores files that belong together, and one by itself, with the same number in all."""
    from course_utils.command import storing

    while version := version + 1:
        with contextlib.suppress(storing.BusyError), storing.alone():
            texts = {folder / name: f"{version} " * 50_000 for name in OF_ONE_RUN}
            storing.write_all(texts, "stored")
        storing.write(folder / "page.html", f"{version} " * 50_000)


def photograph(folder: Path, version: int) -> int:
    from course_utils.photographs import _saved

    _saved(folder / "photographs" / "mine.jpg", b"photograph" * 1000 * version)
    return 0


PAGES = ("--output", "{folder}/build")
WRITERS = {
    "cache": keep,
    "record of weights": record,
    "photograph": photograph,
    "update": course("run", "--update", *PAGES),
    "slides": course("slides", "--pdf", "--output", "{folder}/build/slides"),
    "site": course("site", "--output", "{folder}/build/site"),
    "prefetch": course("prefetch", "VGG16"),
    "new-data": course("new-data", "{folder}/photos", "--output", "{folder}/made"),
}

OTHERS = {"any other": course("links"), "for ever": for_ever}

if __name__ == "__main__":
    lend(Path(sys.argv[1]))
