"""Folders of photographs: what is taken, what is left out, and which label each gets."""

import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from course_utils import data
from course_utils.data import CLASS_NAMES, load_folder
from course_utils.images import read_images

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
    message = (
        f"{photos} has folders that differ in capitals only (Card, Cube, HAT, Hat). Put their "
        "images into one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_folder(photos)


def test_foreign_folders_change_the_order_and_are_told(photos):
    (photos / "Cube").rename(photos / "Dice")
    (photos / "Card").rename(photos / "Map")
    with pytest.warns(UserWarning) as told:
        _, labels, names = load_folder(photos, 8)
    (warning,) = told
    assert str(warning.message) == (
        f"{photos}: not among Hat, Cube, Card, Torch, Screw: Dice, Map. So the classes are in "
        "alphabetical order (Dice, Hat, Map), and labels do not fit CLASS_NAMES."
    )
    assert names == ("Dice", "Hat", "Map") and labels.tolist() == [0, 1, 2]


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
    by_reason = sorted(expected, key=lambda line: line.partition(" ")[2])
    beginning, counts = str(warning.message).rstrip(".").split(": ")
    assert beginning == f"Left out of {photos}" and counts.split(", ") == by_reason


@pytest.mark.parametrize("load", [load_folder, data.folder_dataset])
def test_warnings_name_the_line_of_the_user(photos, load):
    (photos / "Hat" / "notes.txt").write_text("two hats")
    (photos / "Cube").rename(photos / "Dice")
    with pytest.warns(UserWarning) as told:
        load(photos, 8)
    assert [warning.filename for warning in told] == [__file__] * 2


@pytest.mark.parametrize(
    ("files", "left_out"),
    [((), "none"), ((".a.png",), "1 hidden"), ((".a.png", "b.txt"), "1 hidden, 1 no images")],
)
def test_folder_without_images_says_what_is_left_out(photos, files, left_out):
    hat = photos / "Hat"
    (hat / "one.png").unlink()
    for name in files:
        (hat / name).write_text("a hat")
    message = f"{hat} holds no images. Add some, or remove the folder. Left out so far: {left_out}."
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        load_folder(photos)


def test_folder_without_folders_says_what_to_do(tmp_path):
    message = (
        f"{tmp_path} has no sub-folders. Put the photographs into one folder for each class, for "
        f"example {tmp_path / 'Hat'}."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        load_folder(tmp_path)


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
    message = f"You have no permission to list {photos}. Change it ('chmod u+rx'), or copy it."
    with pytest.raises(PermissionError, match=f"^{re.escape(message)}$"):
        load_folder(photos)


# folder_dataset: the same files, read while they are used


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Three folders with pictures of all sorts: 40 files, each of its own grey."""
    folder = tmp_path_factory.mktemp("many")
    for i in range(40):
        (folder / ("Hat", "cube", "Screw")[i % 3]).mkdir(exist_ok=True)
        kind, mode = [("png", "L"), ("webp", "RGB"), ("jpg", "RGB"), ("gif", "P")][i % 4]
        image = Image.new("L", (30 + i, 20), 5 * i).convert(mode)
        image.save(folder / ("Hat", "cube", "Screw")[i % 3] / f"{i:02}.{kind}")
    return folder


def test_dataset_holds_what_load_folder_loads(many):
    images, labels, names = load_folder(many, (12, 16))
    dataset = data.folder_dataset(many, (12, 16), batch_size=7)
    batches = list(dataset.as_numpy_iterator())
    assert dataset.class_names == names and len(dataset.file_paths) == 40
    assert len(dataset) == len(batches) == 6 and len(batches[-1][1]) == 5
    assert dataset.element_spec[0].shape == (None, 12, 16, 3)
    assert {(x.dtype.name, y.dtype.name) for x, y in batches} == {("uint8", "int64")}
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), images)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), labels)
    assert len(list(dataset)) == 6, "it can be run through again"
    np.testing.assert_array_equal(read_images(dataset.file_paths, (12, 16)), images)


def test_dataset_without_sizes_has_those_of_the_lessons(many):
    dataset = data.folder_dataset(many)
    assert dataset.element_spec[0].shape == (None, 224, 224, 3)
    assert [len(labels) for _, labels in dataset] == [16, 16, 8]
    assert load_folder(many)[0].shape == (40, 224, 224, 3)


def test_dataset_warns_as_load_folder_does(photos):
    (photos / "Hat" / "notes.txt").write_text("two hats")
    (photos / "Cube").rename(photos / "Dice")
    with pytest.warns(UserWarning) as told:
        dataset = data.folder_dataset(photos, 8)
    assert len(told) == 2
    assert dataset.class_names == ("Card", "Dice", "Hat")


def test_dataset_reads_while_it_is_used(many, monkeypatch):
    """What lies ready is a few batches, however many files there are."""
    read, read_image = [], data.read_image
    monkeypatch.setattr(data, "read_image", lambda *a: read.append(a) or read_image(*a))
    dataset = data.folder_dataset(many, 8, batch_size=1)
    assert not read
    next(iter(dataset))
    assert 1 <= len(read) < 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, r"^batch_size is 0; at least 1 is needed\.$"),
        ({"image_size": 0}, "size is a whole number"),
    ],
)
def test_dataset_refuses_bad_sizes(photos, arguments, message):
    with pytest.raises(ValueError, match=message):
        data.folder_dataset(photos, **arguments)


def test_dataset_refuses_missing_and_empty_folders(photos, tmp_path):
    missing = re.escape(str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=f"^No folder at {missing}\\."):
        data.folder_dataset(tmp_path / "nowhere")
    (photos / "Hat" / "one.png").unlink()
    with pytest.raises(FileNotFoundError, match="Hat holds no images"):
        data.folder_dataset(photos)


def test_dataset_names_a_damaged_photograph(photos):
    import tensorflow as tf

    (photos / "Cube" / "one.png").write_bytes(b"")
    dataset = data.folder_dataset(photos, 8)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Cube.one\.png is empty"):
        list(dataset)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_dataset_takes_names_that_are_not_utf8(photos):
    os.rename(photos / "Hat" / "one.png", os.fsencode(photos / "Hat") + b"/\xff.png")
    images, _ = next(data.folder_dataset(photos, 8).as_numpy_iterator())
    assert images[0, 0, 0].tolist() == list(COLOURS["Hat"])


PARALLEL = """
import sys, threading
from course_utils import data, runtime
runtime.setup()
meet, read_image = threading.Barrier(2), data.read_image
def read(path, size):
    meet.wait(timeout=20)  # for a second reader
    return read_image(path, size)
data.read_image = read
print(len(list(data.folder_dataset(sys.argv[1], 8, batch_size=40))))
"""


@pytest.mark.slow
def test_dataset_reads_several_files_at_a_time_in_a_lesson(many):
    """There TensorFlow is deterministic, which makes it run what has a state one by one."""
    command = [sys.executable, "-c", PARALLEL, str(many)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr[-2000:]
