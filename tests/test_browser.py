"""Lessons in a real JupyterLab: opening one changes no tracked file, and no bar is left behind."""

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course_utils.command.lessons import exercises, find_lessons, from_source, source_of
from course_utils.command.run import ENVIRONMENT, execute
from course_utils.paths import ROOT
from course_utils.photographs import at_hand

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows makes no symbolic link to data"),
]

AUTOSAVE = 1  # second; Lab's own is two minutes
STORED = find_lessons()[-1]
WIDGETS = find_lessons(["07"])[0]  # a lesson with a menu of models
KEPT = {"text/plain", "text/html", "image/png", "image/jpeg"}  # of what was shown
SMALL = """\
# %% [markdown] slideshow={"slide_type": "slide"}
# # 90 · Small × ä

# %% tags=["some"]
import matplotlib.pyplot as plt

print("ä × 2")
plt.plot([1, 2]);
"""
BARS = [
    "import time\nfrom course_utils.progress import progress",
    "for _ in progress(range(20), 'first'): time.sleep(0.1)",
    "for _ in progress('ab', 'outer'):\n    for _ in progress('ab', 'inner'): time.sleep(0.1)",
    "print('before')\nfor _ in progress('ab', 'broken off'): break\nprint('after')",
    "from course_utils import data\ndata.load_objects();",
]
WIDGET = """\
from IPython.display import HTML, display
from ipywidgets import IntSlider
display(IntSlider(description="moved"))
display(HTML("<b>shown</b>"))
"""
KERNEL = """
    await window.panel.context.ready;
    await window.panel.sessionContext.ready;
    await window.panel.sessionContext.session.kernel.info;
"""
READY = f"""async () => {{
    const later = () => new Promise((resolve) => setTimeout(resolve, 100));
    while (!window.jupyterapp?.shell?.currentWidget?.sessionContext) await later();
    window.panel = window.jupyterapp.shell.currentWidget;
    {KERNEL}
}}"""
OPEN_TOO = f"""async (path) => {{
    window.panel = await window.jupyterapp.commands.execute("docmanager:open", {{path}});
    {KERNEL}
}}"""
AUTOSAVE_OR_NOT = "() => window.jupyterapp.commands.execute('docmanager:toggle-autosave')"
# Which errors there were, and whether a bar was seen.
RUN_ALL = """async () => {
    let seen = false;
    const look = () => { seen ||= Boolean(document.querySelector("progress")); };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
    const whole = await window.jupyterapp.commands.execute("notebook:run-all-cells");
    const outputs = window.panel.context.model.toJSON().cells.flatMap((c) => c.outputs ?? []);
    const errors = outputs.filter((output) => output.output_type === "error");
    const said = errors.map((error) => `${error.ename}: ${error.evalue}`);
    return [whole || said.length ? said : ["not all cells ran"], seen];
}"""
EXECUTION_COUNT = "(i) => window.panel.content.widgets[i].model.executionCount"
IDLE = "() => window.panel.sessionContext.session.kernel.status === 'idle'"
SHOWN = """() => [...document.querySelectorAll(".jp-OutputArea-output > img[alt]")].map(
    (image) => [image.complete && image.naturalWidth, image.alt])"""


@pytest.fixture(scope="module")
def clone(browser_path, tmp_path_factory):
    """A git repository with the course and small lessons, and everything in it committed."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "course_utils", folder / "course_utils")
    shutil.copytree(ROOT / "notebooks" / "source", folder / "notebooks" / "source")
    for path in (STORED, WIDGETS):
        shutil.copy(path, folder / "notebooks")
    shutil.copy(ROOT / ".gitignore", folder)
    (folder / "data").symlink_to(ROOT / "data")

    lesson = folder / "notebooks" / "90_small.ipynb"
    source_of(lesson).write_text(SMALL, encoding="utf-8")
    small = execute(from_source(source_of(lesson)), lesson).notebook
    nbformat.write(small, lesson)
    small.metadata.language_info.version = "3.99.0"
    nbformat.write(small, lesson.with_stem("91_other_python"))
    nbformat.write(small, folder / "no_lesson.ipynb")

    widget = copy.deepcopy(small)
    widget.cells = [new_code_cell(WIDGET)]
    nbformat.write(widget, lesson.with_name("92_widget.ipynb"))

    bars = copy.deepcopy(small)
    bars.cells = [new_code_cell(code) for code in BARS]
    nbformat.write(bars, folder / "bars.ipynb")

    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", "All")
    return folder


def git(folder, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def lab(clone, tmp_path_factory):
    """A running JupyterLab as a student has it, started in the clone; its address and token."""
    from jupyter_server.serverapp import list_running_servers

    folder = tmp_path_factory.mktemp("jupyter")
    # What installing the course puts there.
    extensions = folder / "installed" / "jupyter_server_config.d"
    extensions.mkdir(parents=True)
    shutil.copy(ROOT / "course_utils" / "lab.json", extensions / "course.json")
    settings = {
        "docmanager-extension/plugin": {"autosaveInterval": AUTOSAVE},
        "notebook-extension/tracker": {"windowingMode": "none"},  # also what is out of sight
    }
    for name, values in settings.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    unset = {*ENVIRONMENT, "COURSE_CACHE"}  # what is kept lies in the clone
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {
        "COURSE_WEIGHTS": "bundled",  # what lies in Keras's cache would take time
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_CONFIG_PATH": str(folder / "installed"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PYTHONPATH": str(clone),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--LabApp.expose_app_in_browser=True"]
    log = folder / "log.txt"
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=clone, env=environment, stderr=file)
    try:
        deadline = time.monotonic() + 60
        while not (running := list(list_running_servers(folder / "runtime"))):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield running[0]
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def open_notebook(browser_path, lab, browser, clone):
    """Opens a notebook of the clone and waits for its kernel; in the end all is as it was."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})

    def open_page(path: str):
        page.goto(f"{lab['url']}lab/tree/{path}?token={lab['token']}&reset")
        page.evaluate(READY)
        return page

    yield open_page
    page.close()
    git(clone, "checkout", "--quiet", ".")


def wait_for_autosave(page) -> None:
    page.wait_for_timeout(2000 * AUTOSAVE)
    page.wait_for_function("!window.panel.context.model.dirty")


def save(page) -> None:
    """As Ctrl+S does, at rest: autosave never learns of what changed during a save."""
    wait_for_autosave(page)
    page.evaluate("() => window.panel.context.save()")


def test_nobody_enters_without_the_token(lab):
    """As ``jupyter lab`` of the README starts it: with the course's settings, and no others."""
    contents = f"{lab['url']}api/contents"
    with pytest.raises(HTTPError, match="403"):
        urlopen(contents)
    with urlopen(f"{contents}?token={lab['token']}") as answer:
        assert answer.status == 200


def test_opening_changes_a_notebook_but_no_lesson(open_notebook, clone):
    """Lab does save by itself here: only lessons are kept from it."""
    page = open_notebook("notebooks/90_small.ipynb")
    for name in ("notebooks/91_other_python", f"notebooks/{STORED.stem}", "no_lesson"):
        page.evaluate(OPEN_TOO, f"{name}.ipynb")
    wait_for_autosave(page)
    assert git(clone, "status", "--porcelain") == " M no_lesson.ipynb\n"


def test_bars_are_seen_and_leave_nothing_behind(open_notebook, clone):
    page = open_notebook("bars.ipynb")
    errors, seen = page.evaluate(RUN_ALL)
    assert errors == []
    assert seen, "no bar was seen"
    page.wait_for_function(IDLE)
    save(page)

    saved = (clone / "bars.ipynb").read_text(encoding="utf-8")
    _, *with_bars = nbformat.reads(saved, as_version=4).cells
    shown = [
        [output.data for output in cell.outputs if output.output_type == "display_data"]
        for cell in with_bars
    ]
    assert shown == [[{"text/html": ""}]] * len(with_bars)
    assert "application/vnd.jupyter.widget" not in saved

    page.evaluate("() => window.panel.sessionContext.shutdown()")
    page.reload()
    page.evaluate(READY)
    # Else "Loading widget", and in the end "Error displaying widget: model not found".
    assert "widget" not in page.inner_text(".jp-NotebookPanel")
    empty = page.query_selector_all(".jp-OutputArea-child:has(> .jp-RenderedHTML:empty)")
    assert len(empty) == len(shown)
    assert all(output.bounding_box()["height"] == 0 for output in empty)


@pytest.mark.weekly  # as with the menu of the lesson below
def test_a_lesson_with_a_widget_reopens_without_an_error(open_notebook, clone):
    page = open_notebook("notebooks/92_widget.ipynb")
    page.evaluate(RUN_ALL)
    page.wait_for_selector(".jp-NotebookPanel .widget-slider")  # in use, it is a slider
    save(page)
    assert page.query_selector(".jp-NotebookPanel .widget-slider")
    page.evaluate("() => window.panel.sessionContext.shutdown()")
    page.reload()
    page.evaluate(READY)
    text = page.inner_text(".jp-NotebookPanel .jp-Cell-outputArea")
    assert "IntSlider(" in text and "shown" in text
    assert "widget" not in text


def use_the_menu(page, folder) -> None:
    """Choose a model and a photograph, upload one of one's own and what is none."""
    models, pictures = (page.locator(".jupyter-widgets select").nth(i) for i in (0, 1))
    page.wait_for_selector("text=EfficientNetLite0 on chelsea")
    models.select_option("EfficientNetLite1")
    pictures.select_option("coffee")
    page.wait_for_selector("text=EfficientNetLite1 on coffee")
    page.wait_for_selector("td:text('espresso')")

    def upload(path) -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload your own").click()
        chooser.value.set_files(str(path))

    upload(at_hand()["motorcycle"])
    page.wait_for_selector("text=EfficientNetLite1 on motorcycle_left.png (yours)")
    (folder / "notes.jpg").write_text("no picture")
    upload(folder / "notes.jpg")
    page.wait_for_selector("text=notes.jpg is text, not an image")
    pictures.select_option("chelsea")
    page.wait_for_selector("text=EfficientNetLite1 on chelsea")


def answer(page, cell: int, code: str) -> str:
    """Type an answer into a code cell, as a student does; returns what the check says of it."""
    before = page.evaluate(EXECUTION_COUNT, cell)
    place = page.locator(".jp-Notebook .jp-Cell").nth(cell)
    place.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_function(f"(before) => ({EXECUTION_COUNT})({cell}) > before", arg=before)
    page.wait_for_function(IDLE)
    return place.locator(".jp-OutputArea-output").inner_text()


def test_a_lesson_is_worked_through_from_run_all_to_reopening(open_notebook, clone, tmp_path):
    """Its figures, its menu, an exercise answered wrongly and rightly; then saved and reopened."""
    lesson = clone / "notebooks" / WIDGETS.name
    stored = nbformat.read(lesson, as_version=4)
    wrong, right = ("times_multiply_adds = 2\n", "times_multiply_adds = 4\n")
    exercise, solution = next(e for e in exercises(stored) if right in e[1])
    figures = sum("plotting.show(" in cell.source for cell in stored.cells)
    page = open_notebook(f"notebooks/{WIDGETS.name}")
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.evaluate(AUTOSAVE_OR_NOT)  # so that only what the reader saves is saved
    try:
        errors, _ = page.evaluate(RUN_ALL)
        assert errors == []
        page.wait_for_function(IDLE)
        shown = page.evaluate(SHOWN)
        assert len(shown) == figures > 5, f"seen: {[text for _, text in shown]}"
        unseen = [text for width, text in shown if width < 200 or len(text) < 20]
        assert unseen == []

        use_the_menu(page, tmp_path)
        place = stored.cells.index(exercise)
        assert "× 2 is not it" in answer(page, place, solution.replace(right, wrong))
        assert "Right." in answer(page, place, solution)
        assert git(clone, "status", "--porcelain") == ""

        page.keyboard.press("Escape")
        page.keyboard.press("ControlOrMeta+s")
        page.wait_for_function("!window.panel.context.model.dirty")
    finally:
        page.evaluate(AUTOSAVE_OR_NOT)
    assert git(clone, "status", "--porcelain") == f" M notebooks/{WIDGETS.name}\n"
    saved = nbformat.read(lesson, as_version=4)
    outputs = [output for cell in saved.cells for output in cell.get("outputs", [])]
    assert "error" not in {output.output_type for output in outputs}
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    left_behind = {kind for output in outputs for kind in output.get("data", {})} - KEPT
    assert left_behind == set()
    assert saved.metadata == stored.metadata

    page.evaluate("() => window.panel.sessionContext.shutdown()")
    page.reload()
    page.evaluate(READY)
    assert len(page.evaluate(SHOWN)) == figures
    text = "".join(page.locator(".jp-NotebookPanel .jp-Cell-outputArea").all_inner_texts())
    assert "Right. Four times the places" in text and "Run this cell to choose a model" in text
    assert "Loading widget" not in text and "Error displaying widget" not in text
    assert page.locator(".jp-NotebookPanel progress").count() == 0, "a bar was left behind"
    assert failed == []
