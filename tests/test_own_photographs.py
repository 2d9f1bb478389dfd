"""Photographs by name, path, upload and webcam, in Colab and elsewhere."""

import base64
import io
import shutil
import sys

import pytest
from colab.run import HERE
from PIL import Image

from course_utils import photographs
from course_utils.data import sample_photographs
from course_utils.images import read_image

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


@pytest.fixture
def colab(monkeypatch):
    """Colab's package, as far as lessons use it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "google"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(HERE / "stub"))
    yield
    for name in [name for name in sys.modules if name.startswith("google.colab")]:
        del sys.modules[name]


def test_what_is_at_hand_is_found_by_its_name():
    assert photographs.get("chelsea") == sample_photographs()["chelsea"]
    known = photographs.at_hand()
    assert len(known) == 6 + 7
    for name, path in known.items():
        assert photographs.get(name) == path and path.is_file()


def test_a_file_is_found_by_its_path(tmp_path):
    file = tmp_path / "mine.jpg"
    file.write_bytes(b"")
    assert photographs.get(file) == photographs.get(str(file)) == file


def test_an_unknown_name_is_told_with_those_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"'chelsee'. Did you mean chelsea.*coffee.*path"):
        photographs.get("chelsee")
    for name in ("n" * 300, "a\0b", ""):  # which no file can have
        with pytest.raises(FileNotFoundError, match=r"No photograph .*coffee.*path"):
            photographs.get(name)


@pytest.mark.parametrize("source", ["upload", "webcam"])
def test_outside_colab_the_other_way_is_told(source):
    with pytest.raises(RuntimeError, match=r"Only Colab .* path"):
        photographs.get(source)


@pytest.mark.parametrize("source", ["upload", "webcam"])
def test_in_colab_the_photograph_is_saved_and_can_be_read(colab, tmp_path, source):
    for _ in range(2):  # a cell may be run again
        path = photographs.get(source, tmp_path / "photographs")
        assert read_image(path).shape == (48, 64, 3)
    assert list(path.parent.iterdir()) == [path]


def test_an_upload_that_was_cancelled_is_told(colab, tmp_path, monkeypatch):
    monkeypatch.setattr("google.colab.files.upload", dict)
    with pytest.raises(RuntimeError, match="No file was uploaded"):
        photographs.get("upload", tmp_path)


def test_an_upload_stays_in_its_folder(colab, tmp_path, monkeypatch):
    monkeypatch.setattr("google.colab.files.upload", lambda: {"../../outside.jpg": b"x"})
    assert photographs.get("upload", tmp_path / "a" / "b") == tmp_path / "a" / "b" / "outside.jpg"


def test_a_camera_that_is_not_allowed_is_told(colab, tmp_path, monkeypatch):
    def refuse(script):
        raise RuntimeError("NotAllowedError: Permission denied")

    monkeypatch.setattr("google.colab.output.eval_js", refuse)
    with pytest.raises(RuntimeError, match=r"No photograph .*NotAllowedError.* Allow"):
        photographs.get("webcam", tmp_path)


SLOW_CAMERA = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = async function () {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return play.call(this);
};
null
"""


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no chromium, chromium-browser or google-chrome found")
def test_the_camera_is_seen_and_let_go_in_a_browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_api.sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=CHROMIUM, args=flags).new_page()
        # A camera is given to secure pages alone.
        page.route("**/*", lambda route: route.fulfill(body="<p>a cell's output</p>"))
        page.goto("https://colab.invalid/")
        page.evaluate("window.google = {colab: {output: {setIframeHeight: () => {}}}}; null")
        page.evaluate(SLOW_CAMERA)  # so that the button is clicked before the picture is there
        page.evaluate(f"{photographs._WEBCAM}.then((url) => {{ window.taken = url; }}); null")
        page.get_by_role("button", name="Take the photograph").click()
        taken = page.wait_for_function("window.taken", timeout=10_000).json_value()
        _, _, encoded = taken.partition("data:image/jpeg;base64,")
        picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
        assert picture.format == "JPEG" and min(picture.size) > 100
        assert picture.convert("L").getextrema() != (0, 0)
        assert page.locator("video, button").count() == 0
