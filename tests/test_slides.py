"""Slides: what is on them, that all of it is seen, and that they ask no network for anything."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.command import npm, slides
from course_utils.command.lessons import find_lessons
from course_utils.command.main import main
from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT

ROOM = 720  # pixels
# Size of all slides, and of their type. Going through them would take reveal.js seconds a lesson.
MEASURE = """() => Reveal.getSlides().map((slide) => {
    const shown = [slide, slide.parentElement];
    const before = shown.map((section) => section.style.cssText);
    for (const section of shown) section.style.cssText += "; display: block !important";
    const text = (slide.querySelector("h1, h2, h3, p") || slide).textContent.slice(0, 40);
    const type = parseFloat(getComputedStyle(slide).fontSize);
    const size = {height: slide.scrollHeight, width: slide.scrollWidth, type, text};
    shown.forEach((section, i) => { section.style.cssText = before[i]; });
    return size;
})"""


def markdown(source, kind="-", **metadata):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}, **metadata})


def code(source, said="", kind="-", tags=()):
    outputs = [new_output("stream", name="stdout", text=said)] if said else []
    metadata = {"slideshow": {"slide_type": kind}, "tags": list(tags)}
    return new_code_cell(source, outputs=outputs, metadata=metadata)


BADGE = "[![Open in Colab](https://example.org/badge.svg)](https://example.org/lesson)"
QUIZ = """**Question 1.** Which?

<details><summary>A. This.</summary>

Right. So it is.

</details>

<details><summary>B. That.</summary>

Wrong. Not so.

</details>"""
SOLUTION = """<details><summary>Solution</summary>

```python
answer = 1
```

</details>"""
FIGURE = (
    '<img width="900" alt="Tall." src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22'
    ' width=%22900%22 height=%22900%22/%3E">'
)
SMALL = new_notebook(
    cells=[
        markdown(f"# Small\n\n{BADGE}", "slide"),
        markdown("Said, not shown.", tags=["notes"]),
        code("import numpy", kind="slide"),
        code("print(1)", said="seen 1", kind="fragment"),
        code("print(2)", said="seen 2", kind="subslide"),
        markdown("left out", "skip"),
        code("answer = ...", said="Not yet.", kind="fragment", tags=["exercise"]),
        markdown(SOLUTION, "fragment", tags=["solution"]),
        markdown(QUIZ, "subslide", tags=["quiz"]),
        markdown("\n\n".join(f"Paragraph {i}. " + "Words. " * 40 for i in range(9)), "slide"),
        code("\n".join(f"line_{i} = {i}" for i in range(70)), said="end", kind="slide"),
        markdown("## A tall figure", "slide"),
        new_code_cell("show()", outputs=[new_output("display_data", data={"text/html": FIGURE})]),
    ]
)


def kinds(notebook):
    return [
        (cell.source.splitlines()[0], cell.metadata.slideshow.slide_type) for cell in notebook.cells
    ]


def test_without_code_what_shows_nothing_is_taken_out_and_begins_no_slide():
    deck = slides.for_slides(SMALL, code=False)
    assert kinds(deck)[:5] == [
        ("# Small", "slide"),
        ("Said, not shown.", "notes"),
        ("print(1)", "slide"),
        ("print(2)", "fragment"),
        ("answer = ...", "fragment"),
    ]
    assert kinds(slides.for_slides(SMALL, code=True))[2:5] == [
        ("import numpy", "slide"),
        ("print(1)", "fragment"),
        ("print(2)", "subslide"),
    ]


def test_links_from_lesson_to_lesson_lead_to_slides():
    notebook = new_notebook(cells=[markdown("Next: [02](02_alexnet.ipynb), [x](https://x.org/02)")])
    (cell,) = slides.for_slides(notebook, code=False).cells
    assert cell.source == "Next: [02](02_alexnet.html), [x](https://x.org/02)"


def test_notes_before_the_first_slide_belong_to_it():
    notebook = new_notebook(cells=[markdown("note", tags=["notes"]), *SMALL.cells])
    first, second, *_ = kinds(slides.for_slides(notebook, code=True))
    assert (first[0], second) == ("# Small", ("note", "notes"))


@pytest.mark.parametrize("shown", [False, True])
def test_a_page_shows_code_only_where_it_is_asked_to_and_stubs_always(shown):
    page = slides.to_slides(SMALL, "small", dict.fromkeys(REVEAL, ""), code=shown)
    visible = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", "", page, flags=re.S)
    assert ("print(1)" in visible) == shown
    assert "answer = ..." in visible and "Not yet" not in visible and "left out" not in visible
    assert '<aside class="notes">' in page and "Said, not shown." in visible
    assert not re.search(r'(src|href)="https?://(?!example.org/lesson)', page)


REVEAL = ("reveal_css", "reveal_js", "notes_js")
ARCHIVE = io.BytesIO()
with tarfile.open(fileobj=ARCHIVE, mode="w:gz") as archive:
    entry = tarfile.TarInfo("package/a.js")
    entry.size = 4
    archive.addfile(entry, io.BytesIO(b"1+1;"))
SMALL_PACKAGE = npm.Package(
    "small",
    "1.0.0",
    "sha512-" + npm.hash_of(ARCHIVE.getvalue()),
)


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """Stands for npm: what it packs, or what it says; counts how often it was asked."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    asked = []

    def answer(archive=None, error=""):
        def run(command, cwd, **_):
            asked.append(command)
            if not error:
                (Path(cwd) / "small-1.0.0.tgz").write_bytes(archive or ARCHIVE.getvalue())
            return subprocess.CompletedProcess(command, int(bool(error)), "", error)

        monkeypatch.setattr(npm.shutil, "which", lambda name: name)
        monkeypatch.setattr(npm.subprocess, "run", run)

    answer()
    answer.asked = asked
    return answer


def test_a_package_is_fetched_once_and_a_damaged_one_again(registry, tmp_path):
    assert SMALL_PACKAGE.files("a.js") == SMALL_PACKAGE.files("a.js") == ["1+1;"]
    assert len(registry.asked) == 1
    (kept,) = (tmp_path / "cache").rglob("*.tgz")
    kept.write_bytes(b"cut off")
    assert SMALL_PACKAGE.files("a.js") == ["1+1;"] and len(registry.asked) == 2


@pytest.mark.parametrize(
    "answer, reason",
    [
        ({"error": "npm error code ENOTFOUND\nnpm error errno ENOTFOUND"}, "code ENOTFOUND"),
        ({"archive": b"another"}, "another file"),
    ],
)
def test_a_package_that_cannot_be_had_says_why_and_what_to_do(registry, tmp_path, answer, reason):
    registry(**answer)
    with pytest.raises(CommandError, match=f"small 1.0.0.*{reason}.*where there is a network"):
        SMALL_PACKAGE.files("a.js")
    assert not list((tmp_path / "cache").rglob("*.tgz"))


def test_the_command_says_what_is_missing(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(slides.shutil, "which", lambda name: None)
    assert main(["slides", "01", "--output", str(tmp_path / "slides")]) == 1
    assert "Install Node.js" in capsys.readouterr().err
    assert main(["slides", "01", "--pdf", "--output", str(tmp_path / "slides")]) == 1
    assert "leave --pdf out" in capsys.readouterr().err
    assert not (tmp_path / "slides").exists()


@pytest.fixture(scope="module")
def reveal(tmp_path_factory):
    """reveal.js, from the clone's cache or from npm."""
    patch = pytest.MonkeyPatch()
    patch.setenv("COURSE_CACHE", str(ROOT / ".cache"))
    try:
        return slides._reveal()
    except CommandError as error:
        pytest.skip(str(error))
    finally:
        patch.undo()


@pytest.fixture
def open_slides(browser, reveal, tmp_path):
    """Opens a notebook's slides; in the end no network was asked and no script had failed."""
    page = browser.new_page(viewport={"width": 1280, "height": ROOM})
    asked, failed = [], []
    page.on("request", lambda r: asked.append(r.url))
    page.on("pageerror", lambda error: failed.append(str(error)))

    def open_page(notebook, *, code=False, window=(1280, ROOM)):
        page.set_viewport_size({"width": window[0], "height": window[1]})
        file = tmp_path / "slides.html"
        file.write_text(slides.to_slides(notebook, "x", reveal, code=code), encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    page.close()
    assert not failed
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:", "blob:"))] == []


def too_large(page):
    return [s for s in page.evaluate(MEASURE) if s["height"] > ROOM or s["width"] > 1280]


@pytest.mark.slow
@pytest.mark.parametrize("shown", [False, True])
def test_what_is_too_tall_goes_on_on_a_further_slide(open_slides, shown):
    page = open_slides(SMALL, code=shown)
    measured = page.evaluate(MEASURE)
    assert not too_large(page)
    assert min(slide["type"] for slide in measured) >= 20.8
    text = page.evaluate("document.querySelector('.slides').textContent")
    for i in range(9):
        assert text.count(f"Paragraph {i}.") == 1
    found = [len(re.findall(rf"line_{i} = {i}(?!\d)", text)) for i in range(70)]
    assert found == [int(shown)] * 70


@pytest.mark.slow
def test_slides_are_laid_out_alike_in_a_small_window(open_slides):
    counts = [
        len(open_slides(SMALL, window=w).evaluate(MEASURE)) for w in [(1280, 720), (640, 400)]
    ]
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_answers_open_one_at_a_time_with_mouse_and_keys(open_slides):
    page = open_slides(SMALL)
    at = page.evaluate("""() => {
        const slide = document.querySelector("details[name]:nth-of-type(2)").closest("section");
        const {h, v} = Reveal.getIndices(slide);
        Reveal.slide(h, v, 99);
        return [h, v];
    }""")
    page.get_by_text("A. This.", exact=True).click()
    assert page.get_by_text("Right. So it is.", exact=True).is_visible()
    page.get_by_text("B. That.", exact=True).focus()
    page.keyboard.press("Space")
    assert page.get_by_text("Wrong. Not so.", exact=True).is_visible()
    assert not page.get_by_text("Right. So it is.", exact=True).is_visible()
    assert page.evaluate("[Reveal.getIndices().h, Reveal.getIndices().v]") == at
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    assert page.evaluate("[Reveal.getIndices().h, Reveal.getIndices().v]") != at


@pytest.mark.slow
def test_speaker_notes_open_in_a_window_of_their_own(open_slides):
    page = open_slides(SMALL)
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes")
    notes.get_by_text("Said, not shown.").wait_for()
    assert not page.get_by_text("Said, not shown.").is_visible()


@pytest.mark.parametrize(
    "shown",
    [pytest.param(False, marks=pytest.mark.slow), pytest.param(True, marks=pytest.mark.weekly)],
)
def test_no_slide_of_a_lesson_is_too_tall(open_slides, shown):
    """With code neither: long cells go on on a further slide."""
    for path in find_lessons():
        page = open_slides(slides.read(path), code=shown)
        assert not too_large(page), path.stem


@pytest.mark.slow
def test_the_handout_has_a_page_for_each_slide(open_slides, reveal, browser, tmp_path):
    count = len(open_slides(SMALL).evaluate(MEASURE))
    slides._print(slides.find_browser(), tmp_path / "slides.html")
    printed = (tmp_path / "slides.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == count
    assert re.search(rb"/MediaBox\s*\[\s*0 0 960 540", printed)
