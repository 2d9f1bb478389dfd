"""Folders of photographs: what is taken, what is left out, and which label each gets."""

import os
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from course_utils import data
from course_utils.data import CLASS_NAMES, load_folder

COLOURS = {"Hat": (200, 10, 30), "Cube": (20, 180, 40), "Card": (30, 60, 220)}


@pytest.fixture
def photos(tmp_path):
    """Folders Hat, Cube and Card with one picture each, all of one colour a class."""
    folder = tmp_path / "photos"
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (12, 9), colour).save(folder / name / "one.png")
    return folder


def load_silently(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_folder(folder, 8)


def test_colours_and_labels_go_with_the_folders(photos):
    images, labels, names = load_silently(photos)
    assert names == CLASS_NAMES and labels.dtype == np.int64
    assert [names[label] for label in labels] == ["Hat", "Cube", "Card"]
    for image, label in zip(images, labels, strict=True):
        assert (image == COLOURS[names[label]]).all()


def test_order_does_not_depend_on_the_listing(photos, monkeypatch):
    Image.new("RGB", (9, 9), (7, 7, 7)).save(photos / "Hat" / "another.png")
    expected = load_silently(photos)
    listing = type(photos).iterdir
    monkeypatch.setattr(type(photos), "iterdir", lambda p: reversed(sorted(listing(p))))
    for got, wanted in zip(load_silently(photos), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert expected[0][0, 0, 0].tolist() == [7, 7, 7], "files of a class are sorted by name"


def test_capitals_do_not_change_the_order_of_the_classes(photos):
    (photos / "Hat").rename(photos / "hat")
    _, labels, names = load_silently(photos)
    assert names == CLASS_NAMES and labels.tolist() == [0, 1, 2]


def test_folders_that_differ_in_capitals_only_are_refused(photos):
    (photos / "HAT").mkdir(exist_ok=True)
    if len(list(photos.iterdir())) == 3:
        pytest.skip("this file system takes the two for one")
    with pytest.raises(ValueError, match=r"HAT, Hat.*into one"):
        load_folder(photos)


def test_one_foreign_folder_changes_the_order_and_is_told(photos):
    (photos / "Cube").rename(photos / "Dice")
    with pytest.warns(
        UserWarning, match=r"Dice\. .*alphabetical order \(Card, Dice, Hat\)"
    ) as told:
        _, labels, names = load_folder(photos, 8)
    assert told[0].filename == __file__
    assert names == ("Card", "Dice", "Hat") and labels.tolist() == [0, 1, 2]


def test_own_class_names_are_sorted_without_a_warning(photos):
    for i, name in enumerate(COLOURS):
        (photos / name).rename(photos / f"kind {9 - i}")
    images, _, names = load_silently(photos)
    assert names == ("kind 7", "kind 8", "kind 9")
    assert images[0, 0, 0].tolist() == list(COLOURS["Card"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jfif", "JPEG"), ("b.jpe", "JPEG"), ("IMG_0001", "JPEG"), ("c.GIF", "GIF"), ("d", "WEBP")],
)
def test_whatever_pillow_reads_is_taken(photos, name, kind):
    Image.new("RGB", (12, 9), (7, 7, 7)).save(photos / "Card" / name, kind)
    images, labels, _ = load_silently(photos)
    assert labels.tolist() == [0, 1, 2, 2]
    assert (images[2:] == 7).all(axis=(1, 2, 3)).any()


def test_what_is_no_photograph_is_left_out_and_counted(photos, tmp_path):
    outside = tmp_path / "outside.png"
    Image.new("RGB", (9, 9)).save(outside)
    hat = photos / "Hat"
    (photos / "__MACOSX" / "Hat").mkdir(parents=True)  # of a zip file made on a Mac
    for hidden in (hat / "._one.png", hat / ".DS_Store", photos / "__MACOSX" / "Hat" / "._one.png"):
        hidden.write_bytes(b"\0\5\26\7")
    (hat / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (hat / "notes.txt").write_text("two hats")
    (hat / "folder.jpg").mkdir()
    (photos / "beside.png").write_bytes(outside.read_bytes())
    (photos / "README.md").write_text("Hats and cubes.")
    expected = [
        "1 images beside the class folders",
        "1 nested folders",
        "2 no images",
        "3 hidden",  # with __MACOSX as one
    ]
    if sys.platform != "win32":
        (hat / "gone.png").symlink_to(tmp_path / "nothing.png")
        (hat / "away.png").symlink_to(outside)
        (photos / "Screw").symlink_to(tmp_path, target_is_directory=True)
        os.mkfifo(hat / "pipe.png")
        expected += ["1 links to nothing", "2 links that leave the folder", "1 pipes or devices"]
    with pytest.warns(UserWarning) as told:
        _, labels, _ = load_folder(photos, 8)
    assert labels.tolist() == [0, 1, 2]
    (warning,) = told
    assert warning.filename == __file__
    assert sorted(str(warning.message).rstrip(".").split(": ")[1].split(", ")) == sorted(expected)


def test_folder_of_nothing_but_skipped_files_is_named(photos):
    (photos / "Hat" / "one.png").rename(photos / "Hat" / ".one.png")
    with pytest.raises(FileNotFoundError, match=r"Hat holds no images.*1 hidden"):
        load_folder(photos)


def test_damaged_and_unreadable_photographs_are_named(photos):
    (photos / "Hat" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    with pytest.raises(ValueError, match=r"phone\.heic is "):
        load_folder(photos)
    (photos / "Hat" / "phone.heic").unlink()
    (photos / "Hat" / "one.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"one\.png is empty"):
        load_folder(photos)


def test_labels_images_and_masks_of_the_objects_belong_together():
    """Against the files themselves: a label moved by one, or masks in another order, shows."""
    folder = data.data_dir() / "objects"
    splits = zip(("train", "test"), data.load_objects(), data.load_objects_masks(), strict=True)
    for split, (images, labels), masks in splits:
        rows = data.read_manifest(split)
        for row, image, label, mask in zip(rows, images, labels, masks, strict=True):
            assert row["file"].split("/")[-1].startswith(f"{CLASS_NAMES[label]}_{split}_")
            assert row["mask"].split("/")[-1].split(".")[0] == row["file"].split("/")[-1][:-4]
            np.testing.assert_array_equal(image, Image.open(folder / row["file"]))
            np.testing.assert_array_equal(mask, np.array(Image.open(folder / row["mask"])) > 0)


def test_a_folder_that_may_not_be_listed_is_named(photos, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(type(photos), "iterdir", refuse)
    with pytest.raises(PermissionError, match=r"no permission to list .*photos.*chmod"):
        load_folder(photos)
