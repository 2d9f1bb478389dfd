"""The site: what is made for it, that its links lead somewhere, and that everyone can read it."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.command import links, site
from course_utils.command.lessons import find_lessons
from course_utils.command.main import main
from course_utils.command.npm import Package
from course_utils.command.terminal import CommandError
from course_utils.paths import ROOT

AXE = Package(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
BADGE = "[![Open in Colab](https://example.org/badge.svg)](https://example.org/lesson)"
LANGUAGE = {"language_info": {"name": "python"}}


def lesson(number, *more):
    title = f"# {number} · Title\n\n**What is {number}?**\n\n{BADGE}"
    sources = "## Bibliography\n\n- Zeiler, M. (2013). Seen\n  from within.\n- " + f"Own {number}."
    verdict = new_output("stream", name="stdout", text="Claim 01 · mixed · 1 of 2")
    cells = [
        new_markdown_cell(title),
        new_code_cell("print(1)", outputs=[verdict]),
        new_markdown_cell("Said.", metadata={"tags": ["notes"]}),
        new_markdown_cell(sources),
        *more,
    ]
    return new_notebook(cells=cells, metadata=LANGUAGE)


SMALL = {"01_first": lesson("01"), "02_second": lesson("02")}


def test_lessons_are_listed_with_their_questions():
    table = site.lessons_table(SMALL)
    assert "| [02 · Title](notebooks/02_second.ipynb) | What is 02? | [Colab](https://c" in table
    assert links.binder(Path("02_second.ipynb")) in table


def test_a_work_stands_once_with_all_lessons_that_cite_it():
    assert site.bibliography(SMALL).splitlines() == [
        "- Own 01. ([01](notebooks/01_first.ipynb))",
        "- Own 02. ([02](notebooks/02_second.ipynb))",
        "- Zeiler, M. (2013). Seen from within. ([01](notebooks/01_first.ipynb), "
        "[02](notebooks/02_second.ipynb))",
    ]


def test_a_lesson_goes_onto_the_site_without_notes_and_pictures_from_elsewhere():
    notebook = site.for_site(SMALL["01_first"])
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "[Open in Colab](https://example.org/lesson)" in text
    assert "badge.svg" not in text and "Said." not in text
    assert "badge.svg" in SMALL["01_first"].cells[0].source


def test_all_lessons_are_listed_by_their_titles_and_something_is_cited():
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in find_lessons()}
    rows = site.lessons_table(notebooks).splitlines()[2:]
    for name, row in zip(notebooks, rows, strict=True):
        assert row.startswith(f"| [{name[:2]} · ")
    assert site.bibliography(notebooks)


def test_a_folder_with_other_things_is_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(site, "_NEEDED", ())
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["site", "--output", str(tmp_path)]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_command_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(site, "_NEEDED", ("no_such_module",))
    assert main(["site", "--output", str(tmp_path / "site")]) == 1
    assert '-e ".[site]"' in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


@pytest.fixture(scope="module")
def needed():
    for name in site._NEEDED:
        pytest.importorskip(name, reason="the extra 'site' is not installed")


@pytest.mark.slow
def test_a_broken_link_is_named_and_the_older_site_stays(needed, tmp_path, monkeypatch):
    monkeypatch.setattr(site, "find_lessons", lambda: [tmp_path / "01_first.ipynb"])
    broken = lesson("01", new_markdown_cell("[there](nowhere.md)"))
    nbformat.write(broken, tmp_path / "01_first.ipynb")
    older = tmp_path / "site" / "searchindex.js"
    older.parent.mkdir()
    older.write_text("older")
    with pytest.raises(CommandError, match=r"01_first.ipynb.*nowhere.md"):
        site.run(tmp_path / "site")
    assert older.read_text() == "older"


class Page(HTMLParser):
    """Where a page's links lead, what can be linked to on it, and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.links, self.names, self.pictures = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.names.add(attributes.get("id"))
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "img":
            self.pictures.append(attributes)


@pytest.fixture(scope="module")
def built(needed, tmp_path_factory):
    """The site of the lessons, and its pages by their paths."""
    folder = tmp_path_factory.mktemp("site")
    assert site.run(folder) == 0  # Sphinx warns of nothing
    return {path: Page(path) for path in folder.rglob("*.html") if "_static" not in path.parts}


@pytest.mark.slow
def test_every_link_within_the_site_leads_somewhere(built):
    for path, page in built.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert there.is_file(), (path.name, link)
            if parts.fragment and there in built:
                assert unquote(parts.fragment) in built[there].names, (path.name, link)


@pytest.mark.slow
def test_every_lesson_is_there_and_every_figure_has_its_alternative_text(built):
    stems = {path.stem for path in built}
    assert {"index", "claims", "bibliography", *(path.stem for path in find_lessons())} <= stems
    pictures = [picture for page in built.values() for picture in page.pictures]
    assert len(pictures) > 50
    assert all(len(picture.get("alt", "")) > 8 for picture in pictures)


@pytest.fixture
def page(built, browser):
    page = browser.new_page()
    yield page
    page.close()


# How much smaller than on a desk a page's figures are, and what of its claims is out of sight.
ON_A_TELEPHONE = """() => [
    Math.min(...[...document.querySelectorAll(".cell_output img")].map(
        (image) => image.getBoundingClientRect().width / image.getAttribute("width"))),
    [...document.querySelectorAll(".claims *")].filter(
        (part) => part.clientWidth && part.scrollWidth > part.clientWidth + 1).length]"""


@pytest.mark.slow
def test_pages_ask_no_network_and_can_be_read_on_a_telephone(built, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 390, "height": 844})
    for path in built:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
        smallest, out_of_sight = page.evaluate(ON_A_TELEPHONE)  # no figure: infinitely large
        assert smallest > 0.6, f"{path.name}: figures of 11 points are {11 * smallest:.0f}"
        assert out_of_sight == 0, path.name
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, theme", [("claims", "light"), ("notebooks/07_*", "light"), ("notebooks/08_*", "dark")]
)
def test_a_page_keeps_to_wcag(built, page, name, theme, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(ROOT / ".cache"))
    try:
        (axe,) = AXE.files("axe.min.js")
    except CommandError as error:
        pytest.skip(str(error))
    (path,) = (path for path in built if path.match(f"{name}.html"))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme=theme)
    page.goto(path.as_uri())
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.evaluate(axe)
    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = page.evaluate("(levels) => axe.run(document, {runOnly: levels})", levels)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:100]) for v in found] == []
