"""The ``course`` command on a small lesson."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils import claims, paths
from course_utils.command import bench, lessons, machine, main, report, run, storing
from course_utils.command.memory import peak_bytes
from course_utils.paths import ROOT


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A folder of lessons with one notebook; its stored outputs are still empty."""
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: tmp_path)
    for module in (claims, machine, storing):
        monkeypatch.setattr(module, "notebooks_dir", lambda: tmp_path)
    monkeypatch.setattr(machine, "measure", lambda *_: machine.Speed(1.0, 1.0, 2))
    monkeypatch.setattr(run, "README", tmp_path / "README.md")
    run.README.write_text(f"{claims._BEGIN}\n{claims._END}\n", encoding="utf-8")
    path = tmp_path / "07_small.ipynb"
    source = lessons.source_of(path)
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # Small\n\n# %%\nprint(6 * 7)\n", encoding="utf-8")
    nbformat.write(lessons.from_source(source), path)
    return path


def test_run_writes_a_page_and_leaves_the_notebook_alone(lesson, tmp_path, capsys):
    before = lesson.read_bytes()
    assert main.main(["run", "07", "--output", str(tmp_path / "pages")]) == 0
    assert "42" in (tmp_path / "pages" / "07_small.html").read_text(encoding="utf-8")
    assert lesson.read_bytes() == before
    assert "cell 1: an output is new: printed text" in capsys.readouterr().out


def test_update_stores_the_outputs(lesson, tmp_path, capsys):
    assert main.main(["run", "--update", "--output", str(tmp_path / "pages")]) == 0
    assert nbformat.read(lesson, as_version=4).cells[1].outputs[0].text == "42\n"
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 0
    assert "same outputs as stored" in capsys.readouterr().out


def test_run_tells_what_drifted(lesson, tmp_path, capsys):
    tags = {"tags": ["tolerance=0.03"]}
    cells = [
        new_code_cell("print(0.96)", metadata=tags),
        new_code_cell("print(0.96)", metadata=tags),
        new_code_cell("print('a')\nimport sys; sys.stdout.flush()\nprint('b')"),
    ]
    for cell, stored in zip(cells, ("0.94\n", "0.91\n", "a\nb\n"), strict=True):
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    nbformat.write(new_notebook(cells=cells), lesson)
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1:4] == [
        "  cell 2: 0.91 became 0.96, tolerance 0.03",
        "  1 number drifted within tolerance, farthest in cell 1: 0.94 became 0.96, tolerance 0.03",
        "Slowest cells:",
    ]


def test_update_compares_what_is_left_after_an_edit(lesson, tmp_path, capsys):
    pages = ["--output", str(tmp_path / "pages")]
    assert main.main(["run", "--update", *pages]) == 0
    source = lessons.source_of(lesson)
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("6 * 7", "6 * 8") + "\n# %%\nprint(1)\n", encoding="utf-8")
    capsys.readouterr()
    assert main.main(["run", "--update", *pages]) == 0
    out = capsys.readouterr().out
    assert r"cell 1: text changed: '42\n' became '48\n'" in out
    assert "cell 2: new" in out


def test_a_new_lesson_needs_no_notebook(lesson, tmp_path):
    lesson.unlink()
    assert main.main(["run", "--update", "--output", str(tmp_path / "pages")]) == 0
    assert lesson.is_file()


def test_a_malformed_tag_stops_a_lesson_before_it_runs(lesson, tmp_path, capsys):
    cell = new_code_cell("1 / 0", metadata={"tags": ["tolerance=abc"]})
    nbformat.write(new_notebook(cells=[cell]), lesson)
    assert run.run([lesson], tmp_path / "pages", update=False) == 1
    assert "07_small: stopped. cell 1: tag 'tolerance=abc'" in capsys.readouterr().err


def test_lesson_that_fails_is_named_and_kept(lesson, tmp_path, capsys):
    broken = new_notebook(cells=[new_code_cell("1 / 0")])
    nbformat.write(broken, lesson)
    before = lesson.read_bytes()
    assert run.run([lesson], tmp_path / "pages", update=False) == 1
    error = capsys.readouterr().err
    assert "07_small" in error and "ZeroDivisionError" in error
    assert lesson.read_bytes() == before


def add_lesson(first, number: str, code: str):
    """Put another lesson, of one cell, beside the first."""
    path = first.with_name(f"{number}_other.ipynb")
    lessons.source_of(path).write_text(f"# %%\n{code}\n", encoding="utf-8")
    nbformat.write(lessons.from_source(lessons.source_of(path)), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero."),
        ("import time; time.sleep(30)", "took over 2 s."),
        ("import os; os._exit(1)", "the kernel died"),
    ],
)
def test_a_lesson_that_stops_is_one_line_and_the_others_go_on(
    lesson, tmp_path, monkeypatch, capfd, code, said
):
    monkeypatch.setattr(run, "CELL_TIMEOUT", 2)
    add_lesson(lesson, "01", f"6 * 7\n\n# %% [markdown]\n# Text.\n\n# %%\n{code}\n7 * 8")
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 1
    heard = capfd.readouterr()
    (line,) = heard.err.splitlines()
    assert line.startswith(f"01_other: stopped. cell 2 (`{code}`): {said}")
    assert "07_small: other outputs" in heard.out


def test_a_file_that_is_no_notebook_is_named_with_the_remedy(lesson, tmp_path, capsys):
    add_lesson(lesson, "01", "1").write_text("{", encoding="utf-8")
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 1
    heard = capsys.readouterr()
    assert "01_other.ipynb is not a notebook" in heard.err
    assert "delete it and make it anew: course run --update 01" in heard.err
    assert "07_small" in heard.out


def test_the_remedy_for_a_file_that_is_no_notebook_works(lesson, tmp_path):
    pages = ["--output", str(tmp_path / "pages")]
    broken = add_lesson(lesson, "01", "print(1)")
    broken.write_text("{", encoding="utf-8")
    broken.unlink()
    assert main.main(["run", "--update", "01", *pages]) == 0
    assert nbformat.read(broken, as_version=4).cells[0].outputs[0].text == "1\n"


def test_when_a_lesson_stops_update_stores_none(lesson, tmp_path, capsys):
    add_lesson(lesson, "08", "1 / 0")
    before = lesson.read_bytes()
    assert main.main(["run", "--update", "--output", str(tmp_path / "pages")]) == 1
    assert lesson.read_bytes() == before
    assert "Nothing was stored" in capsys.readouterr().err


def test_update_does_not_drop_the_claims_of_a_missing_notebook(lesson, tmp_path, capsys):
    add_lesson(lesson, "01", "1").unlink()
    before = lesson.read_bytes()
    assert main.main(["run", "07", "--update", "--output", str(tmp_path / "pages")]) == 1
    assert "01_other.ipynb is missing" in capsys.readouterr().err
    assert lesson.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_asked_before_the_run(lesson, monkeypatch, capsys):
    monkeypatch.setattr(run, "execute", lambda *_: pytest.fail("ran"))
    assert main.main(["run", "--output", str(lesson)]) == 1
    assert f"Cannot write into {lesson}" in capsys.readouterr().err


INTERRUPTED = "Interrupted. No lesson was changed, and no file is half-written.\n"


def full_disk(path, write):
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_one_line(lesson, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(storing, "save_whole", full_disk)
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Cannot write" in line and "07_small.html (No space left on device)" in line


def test_every_command_has_an_example_which_it_takes(capsys):
    with pytest.raises(SystemExit):
        main.main(["--help"])
    names = re.findall(r"^    (\S+)  ", capsys.readouterr().out, re.MULTILINE)
    assert {"run", "check", "prefetch", "new-data", "slides", "site", "links"} < set(names)
    for name in names:
        with pytest.raises(SystemExit) as ended:
            main.main([name, "--help"])
        assert ended.value.code == 0
        examples = capsys.readouterr().out.rpartition("example: ")[2].split(" && ")
        for example in examples:
            program, *arguments = shlex.split(example)
            assert program == "course" and main._parser().parse_args(arguments)


def contents(folder) -> dict:
    """What is in the files of the lessons' folder, the lock left out."""
    files = filter(os.path.isfile, folder.rglob("*"))
    return {path: path.read_bytes() for path in files if path.name != "lock"}


@pytest.mark.parametrize("failing, number", [("write_bytes", 5), ("replace", 4)])
def test_when_the_disk_is_full_update_stores_none(
    lesson, tmp_path, tmp_path_factory, monkeypatch, capsys, failing, number
):
    def fail(path, *rest):
        calls.append(path)
        if len(calls) == number:
            raise OSError(28, "No space left on device", str(path))
        return original(path, *rest)

    calls = []
    owner = os if failing == "replace" else type(tmp_path)
    original = getattr(owner, failing)
    add_lesson(lesson, "08", "print(1)")
    before = contents(tmp_path)
    monkeypatch.setattr(
        run,
        "write_all",
        lambda *given: (monkeypatch.setattr(owner, failing, fail), storing.write_all(*given)),
    )
    pages = tmp_path_factory.mktemp("pages")
    assert main.main(["run", "--update", "--output", str(pages)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(r"Cannot write .*README.md \(No space left on device\). Nothing was st", line)
    assert contents(tmp_path) == before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
@pytest.mark.parametrize("where", ["in a lesson", "while storing"])
def test_an_interrupted_update_leaves_every_file_as_it_was(
    lesson, tmp_path, tmp_path_factory, where
):
    """Ctrl-C when one lesson has run and another is running, and between two files."""
    pages = tmp_path_factory.mktemp("pages")
    started = pages / "started"
    wait = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    add_lesson(lesson, "08", wait if where == "in a lesson" else "1")
    before = contents(tmp_path)
    code = f"""
import pathlib, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from course_utils import claims
from course_utils.command import lessons, machine, main, run, storing
for module in (lessons, claims, machine, storing):
    module.notebooks_dir = lambda: pathlib.Path({str(tmp_path)!r})
machine.measure = lambda *_: machine.Speed(1.0, 1.0, 2)
run.README = pathlib.Path({str(run.README)!r})
def replace(old, new, original=os.replace, calls=[]):
    original(old, new)
    calls.append(new)
    if len(calls) == 2:
        exec({wait!r})
def write_all(*given, original=run.write_all):
    os.replace = replace
    original(*given)
if {where!r} == "while storing":
    run.write_all = write_all
sys.exit(main.main(["run", "--update", "--output", {str(pages)!r}]))
"""
    course = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "COURSE_CACHE": str(pages / "cache")},
        text=True,
        stderr=subprocess.PIPE,
    )
    while not started.is_file():
        assert course.poll() is None
        time.sleep(0.1)
    course.send_signal(signal.SIGINT)
    _, said = course.communicate(timeout=30)
    assert (course.returncode, said) == (130, INTERRUPTED)
    assert contents(tmp_path) == before
    assert list((pages / "cache").iterdir()) == []


def test_update_runs_from_nothing_and_keeps_the_times(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    code = "from course_utils.paths import cache_dir\ncache_dir().name, cache_dir().is_dir()"
    other = add_lesson(lesson, "08", code)
    gone = machine.Taken(1.0, 1.0, 0.5, machine.Speed(1.0, 1.0, 2))
    machine.times_file().write_text(machine.times_as_text({"06_renamed": gone}))
    pages = ["--output", str(tmp_path / "pages")]
    assert main.main(["run", "08", "--update", *pages]) == 0
    (shown,) = nbformat.read(other, as_version=4).cells[0].outputs
    assert re.fullmatch(r"\('tmp\w{8}.part', True\)", shown.data["text/plain"])
    assert list((tmp_path / "cache").iterdir()) == []
    assert main.main(["run", "07", "--update", *pages]) == 0
    times = machine.read_times()
    assert list(times) == ["07_small", "08_other"]
    assert times["07_small"].speed == machine.Speed(1.0, 1.0, 2)
    assert 0 < times["07_small"].seconds < 30 and times["07_small"].busy > 0


def test_verdicts_that_changed_are_told(lesson, tmp_path, capsys):
    cells = [new_code_cell(f"print('Claim {n} · supported · 3 points')") for n in ("03", "04")]
    for cell, status in zip(cells, ("mixed", "supported"), strict=True):
        text = cell.source[7:-2].replace("supported", status) + "\n"
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    nbformat.write(new_notebook(cells=cells), lesson)
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 0
    out = capsys.readouterr().out
    assert "  claim 03: mixed became supported\n" in out and "claim 04" not in out
    page = (tmp_path / "pages" / report.FILE).read_text(encoding="utf-8")
    assert re.search(r"Claim 03 \(07_small\): mixed became\s+supported", page)


def test_the_report_holds_all_cells_and_asks_no_network_for_anything(lesson, tmp_path, capsys):
    cells = [new_code_cell(f"x = '<{i}>'") for i in range(7)]
    cells[3].source = "import time; time.sleep(1)"
    cells += [new_code_cell("print(0.5)", metadata={"tags": ["tolerance=0.1"]})]
    cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="0.45\n")]
    nbformat.write(new_notebook(cells=cells), lesson)
    add_lesson(lesson, "08", "1 / 0")
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 1
    out = capsys.readouterr().out
    slowest = out[out.index("Slowest cells:\n") :].splitlines()[1:6]
    assert re.fullmatch(r" +1\.\d s  07_small cell 4: import time; time.sleep\(1\)", slowest[0])
    assert len(slowest) == report.SLOWEST and all("cell" in line for line in slowest)
    page = (tmp_path / "pages" / report.FILE).read_text(encoding="utf-8")
    for number in range(1, 9):
        assert f"<td>cell {number}</td>" in page
    assert "x = &#39;&lt;6&gt;&#39;" in page  # escaped
    assert "ZeroDivisionError" in page
    drift = ("0.45", "0.5", "0.05", "0.1")
    assert all(f'<td class="number">{number}</td>' in page for number in drift)
    assert not re.findall(r"""(?:src|href)=["']https?:|url\(|@import""", page)


@pytest.mark.slow
def test_time_and_memory_are_told_and_stand_in_the_page(lesson, tmp_path, capsys):
    add_lesson(lesson, "07", "import time\ntaken = b'x' * 300_000_000; del taken\ntime.sleep(2)")
    assert main.main(["run", "--output", str(tmp_path / "pages")]) == 0
    lines = sorted(line for line in capsys.readouterr().out.splitlines() if "outputs" in line)
    page = (tmp_path / "pages" / "07_other.html").read_text(encoding="utf-8")
    memory = r", (\d\.\d\d) GB of memory at most" if sys.platform != "darwin" else ""
    for line, least in zip(lines, (2, 0), strict=True):
        seconds, *peak = re.search(rf"stored \((\d+) s{memory}\)", line).groups()
        assert least <= int(seconds) < 60
        assert all((0.3 < float(size) < 0.6) == (least == 2) for size in peak), line
    assert f"Run in {re.search(r'[(](.*)[)]', lines[0])[1]}." in page


@pytest.mark.parametrize(
    "peak, told", [(1_690_000_000, False), (1_710_000_000, True), (None, False)]
)
def test_a_lesson_that_needs_more_memory_than_binder_gives_is_told(peak, told):
    outcome = report.Outcome("07_small", run.Ran(new_notebook(), 1.0, peak))
    said = "\n".join(report.lines(outcome))
    assert ("more than the 1.7 GB that a lesson may take" in said) == told
    assert ('<td class="number differs">1.71</td>' in report.page([outcome])) == told


def test_memory_of_a_process_that_is_gone_is_none():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert peak_bytes(process.pid) is None


def test_pages_ask_no_network_for_anything(lesson, tmp_path):
    main.main(["run", "--output", str(tmp_path / "pages")])
    page = (tmp_path / "pages" / "07_small.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["']https?:|import\(["']https?:""", page)


@pytest.mark.slow
def test_nothing_is_said_on_leaving_after_a_cell_that_took_too_long(lesson, tmp_path):
    add_lesson(lesson, "01", "import time; time.sleep(30)")
    code = f"""
import pathlib, sys
from course_utils.command import lessons, main, run
lessons.notebooks_dir = lambda: pathlib.Path({str(lesson.parent)!r})
run.CELL_TIMEOUT = 2
sys.exit(main.main(["run", "01", "--output", {str(tmp_path / "pages")!r}]))
"""
    course = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, timeout=60
    )
    assert course.returncode == 1
    (line,) = course.stderr.splitlines()
    assert line.startswith("01_other: stopped. cell 1 (`import time; time.sleep(30)`): took over 2")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_is_one_line_and_ends_the_kernel(lesson, tmp_path):
    started = tmp_path / "started"
    path = add_lesson(
        lesson,
        "01",
        f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)",
    )
    code = f"""
import pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from course_utils.command import lessons, main
lessons.notebooks_dir = lambda: pathlib.Path({str(path.parent)!r})
sys.exit(main.main(["run", "01", "--output", {str(tmp_path / "pages")!r}]))
"""
    course = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stderr=subprocess.PIPE
    )
    while not (started.is_file() and started.read_text()):
        assert course.poll() is None
        time.sleep(0.1)
    course.send_signal(signal.SIGINT)
    _, said = course.communicate(timeout=30)
    assert (course.returncode, said) == (130, INTERRUPTED)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


@pytest.fixture
def two_cores(monkeypatch):
    """A machine of two cores and memory enough."""
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(run, "available_bytes", lambda: 16 * 10**9)


@pytest.mark.slow
def test_two_lessons_at_once_each_with_one_thread(lesson, tmp_path, two_cores, capsys):
    for number, other in (("08", "09"), ("09", "08")):
        # Each ends only when it has seen the other running.
        waits = (
            "import os, pathlib, time\n"
            f"here = pathlib.Path({str(tmp_path)!r})\n"
            f"(here / '{number}').touch()\n"
            f"while not (here / '{other}').exists(): time.sleep(0.1)\n"
            "print(os.environ['TF_NUM_INTRAOP_THREADS'], 'thread')"
        )
        add_lesson(lesson, number, waits)
    assert main.main(["run", "--output", str(tmp_path / "pages"), "08", "09"]) == 0
    told = [
        line.split("_")[0] for line in capsys.readouterr().out.splitlines() if "outputs" in line
    ]
    assert sorted(told) == ["08", "09"]
    for number in ("08", "09"):
        assert "1 thread" in (tmp_path / "pages" / f"{number}_other.html").read_text()


@pytest.mark.parametrize(
    "lessons, cores, memory, at_once",
    [(10, 4, 64, 4), (1, 4, 64, 1), (10, 4, 3.5, 2), (10, 4, 0.5, 1), (0, 4, 64, 1)],
)
def test_each_lesson_wants_a_core_and_memory(monkeypatch, lessons, cores, memory, at_once):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(run, "available_bytes", lambda: int(memory * 10**9))
    assert run.possible_at_once(lessons) == at_once


@pytest.mark.parametrize(
    "arguments, order, at_once",
    [
        ([], ["08", "09", "07"], 2),
        (["--jobs", "1"], ["07", "08", "09"], 1),
        (["--update"], ["07", "08", "09"], 1),
        (["--update", "--jobs", "2"], ["08", "09", "07"], 2),
    ],
)
def test_the_longest_lessons_begin_and_an_update_runs_one_after_another(
    lesson, tmp_path, two_cores, monkeypatch, arguments, order, at_once
):
    begun, running, most, threads = [], set(), 0, set()
    both = threading.Barrier(at_once)

    def execute(notebook, path, environment):
        nonlocal most
        number = path.name[:2]
        begun.append(number)
        running.add(number)
        if number != "07":
            both.wait(timeout=10)
        most = max(most, len(running))
        threads.add(environment.get("TF_NUM_INTRAOP_THREADS"))
        running.remove(number)
        return run.Ran(notebook, 1.0, None)

    monkeypatch.setattr(run, "execute", execute)
    speed = machine.Speed(1.0, 1.0, 2)
    taken = {"07_small": 10, "08_other": 30, "09_other": 20}
    times = {name: machine.Taken(seconds, 1.0, None, speed) for name, seconds in taken.items()}
    machine.times_file().write_text(machine.times_as_text(times))
    for number in ("08", "09"):
        add_lesson(lesson, number, "1")
    assert main.main(["run", *arguments, "--output", str(tmp_path / "pages")]) == 0
    assert sorted(begun[:2]) + begun[2:] == order
    assert (most, threads) == (at_once, {"1"} if at_once > 1 else {None})


def test_unknown_lesson_is_named(lesson, capsys):
    assert main.main(["run", "99"]) == 1
    assert "No lesson '99'. Lessons: 07_small" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "cp932"])
def test_a_console_of_few_characters_shows_all_results(encoding):
    code = (
        "from course_utils.command import bench, main\n"
        "bench.run = lambda: print('time of extraction – × 1.07 ≥ ≤ 모자\\nspread 20.0')\n"
        "main.main(['bench'])"
    )
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    out = subprocess.check_output([sys.executable, "-c", code], env=environment)
    first, second = out.decode(encoding).splitlines()
    assert first.startswith("time of extraction") and r"\ubaa8" in first
    assert second == "spread 20.0"


@pytest.mark.parametrize("code", [0, 1])
def test_bench_passes_its_exit_code_on(monkeypatch, code):
    monkeypatch.setattr(bench, "run", lambda: code)
    assert main.main(["bench"]) == code


@pytest.mark.parametrize("command", ["run", "bench"])
def test_an_installation_without_the_clone_says_so(monkeypatch, tmp_path, capsys, command):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert main.main([command]) == 1
    assert "works from a clone of the course. Clone the repository" in capsys.readouterr().err
