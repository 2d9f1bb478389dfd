"""The menu of models: what it shows, uploads of both ipywidgets, what a notebook keeps."""

import functools
import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from course_utils import pretrained
from course_utils.data import sample_photographs
from course_utils.widgets import ModelMenu, image_from_bytes, markup, uploaded_file

SEVEN = ipywidgets.__version__.startswith("7.")


@pytest.fixture(scope="module")
def cat() -> bytes:
    return sample_photographs()["chelsea"].read_bytes()


@pytest.fixture(scope="module")
def load():
    """Every menu here builds each model once, as one menu does."""
    return functools.cache(pretrained.load)


@pytest.fixture
def menu(monkeypatch, load):
    monkeypatch.setenv("COURSE_WEIGHTS", "bundled")
    monkeypatch.setattr(pretrained, "load", load)
    return ModelMenu(["EfficientNetLite0", "EfficientNetLite1"], sample_photographs())


def upload(menu: ModelMenu, name: str, content: bytes) -> None:
    """What the browser sends when a file is chosen."""
    about = {"name": name, "type": "", "size": len(content), "last_modified": 0}
    if SEVEN:
        files = {
            "data": [memoryview(content)],
            "metadata": [about],
            "_counter": menu.upload._counter + 1,
        }
    else:
        files = {"value": [about | {"content": memoryview(content)}]}
    menu.upload.set_state(files)


def test_it_answers_as_soon_as_it_is_shown(menu):
    assert "EfficientNetLite0 on chelsea" in menu.answer.value
    assert "Egyptian cat" in menu.answer.value and "<img alt" in menu.answer.value


def test_it_follows_both_menus(menu):
    menu.photograph.value = "coffee"
    assert "espresso" in menu.answer.value
    before = menu.answer.value
    menu.model.value = "EfficientNetLite1"
    assert "EfficientNetLite1 on coffee" in menu.answer.value != before


def test_an_upload_is_asked_about_and_can_be_chosen_again(menu, cat):
    upload(menu, "my cat.png", cat)
    assert menu.photograph.value == "my cat.png (yours)"
    assert "EfficientNetLite0 on my cat.png (yours)" in menu.answer.value
    assert "Egyptian cat" in menu.answer.value
    menu.photograph.value = "coffee"
    upload(menu, "my cat.png", sample_photographs()["rocket"].read_bytes())
    assert list(menu.photograph.options).count("my cat.png (yours)") == 1
    assert "Egyptian cat" not in menu.answer.value
    menu.photograph.value = "coffee"
    assert "espresso" in menu.answer.value


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"no picture", "notes.txt"),
        ("empty.jpg", b"", "empty.jpg"),
        ("<b>.png", b"no picture", "&lt;b&gt;.png"),
        ("half.png", None, "half.png is not a complete image"),
    ],
)
def test_a_bad_upload_is_told_in_the_menu_and_leaves_it_usable(menu, cat, name, content, said):
    upload(menu, name, cat[:2000] if content is None else content)
    assert menu.answer.value.startswith(f'<p role="status">{said}')
    assert "upload another file" in menu.answer.value and "/tmp" not in menu.answer.value
    assert list(menu.photograph.options) == list(sample_photographs())
    menu.photograph.value = "coffee"
    assert "espresso" in menu.answer.value


def test_a_model_out_of_reach_is_told_in_the_menu(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "bundled")
    menu = ModelMenu(["NASNetLarge"], sample_photographs())
    assert "No weights for NASNetLarge" in menu.answer.value


def test_files_of_both_ipywidgets_are_understood():
    eight = ({"name": "a.png", "type": "image/png", "size": 1, "content": memoryview(b"x")},)
    seven = {"a.png": {"metadata": {"name": "a.png"}, "content": b"x"}}
    assert uploaded_file(eight) == uploaded_file(seven) == ("a.png", b"x")


def test_a_camera_turned_on_its_side_is_set_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif)
    assert image_from_bytes("turned.jpg", file.getvalue()).shape == (64, 48, 3)


@pytest.mark.parametrize("name", ["", "..", "a\0b", "n" * 300, "사진.png", "C:\\a.png"])
def test_an_upload_may_have_any_name(name):
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "PNG")
    assert image_from_bytes(name, file.getvalue()).shape == (48, 64, 3)
    with pytest.raises(ValueError, match="is not a complete image") as caught:
        image_from_bytes(name, file.getvalue()[:60])
    assert str(caught.value).startswith(name or "It")


def test_names_of_classes_are_text_not_markup():
    from course_utils.models.classes import Prediction

    made = markup(np.zeros((8, 8, 3), np.uint8), [Prediction("n", "<i>", 0.5)], "a & b")
    assert "&lt;i&gt;" in made and "a &amp; b" in made and "width: 100px" in made


def test_what_a_notebook_keeps_can_be_read(menu):
    assert repr(menu).startswith("Run this cell") and len(repr(menu)) < 110  # ipywidgets cuts there
