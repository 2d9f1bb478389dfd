"""Loading images: what comes back, and what bad input says."""

import csv
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_utils import data


@pytest.fixture(scope="module")
def objects():
    return data.load_objects()


def test_objects_have_the_promised_shapes_and_counts(objects):
    (x_train, y_train), (x_test, y_test) = objects
    assert x_train.shape == (65, 224, 224, 3) and x_test.shape == (200, 224, 224, 3)
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train.dtype == y_test.dtype == np.int64
    assert np.bincount(y_train).tolist() == [13] * 5
    assert np.bincount(y_test).tolist() == [40] * 5


def test_train_and_test_share_no_instance_and_each_class_has_twelve():
    train = {(r["class"], r["instance"]) for r in data.read_manifest("train")}
    test = {(r["class"], r["instance"]) for r in data.read_manifest("test")}
    assert not train & test
    for name in data.CLASS_NAMES:
        assert sum(cls == name for cls, _ in train | test) >= 12


def test_masks_fit_the_images(objects):
    for (images, _), masks in zip(objects, data.load_objects_masks(), strict=True):
        assert masks.shape == images.shape[:3]
        assert set(np.unique(masks)) == {0, 1}
        covered = masks.mean(axis=(1, 2))
        # Every object is there, and none fills the picture.
        assert covered.min() > 0.005 and covered.max() < 0.95


def test_images_are_rgb_not_bgr(objects):
    """Scenes under the sky and lamps: wood and skin tones make red the larger on average."""
    (images, _), _ = objects
    means = images.mean(axis=(0, 1, 2))
    assert means[0] > means[2]


def test_folder_of_objects_is_small():
    folder = data.data_dir() / "objects"
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) <= 20e6


@pytest.fixture
def course_data(tmp_path, monkeypatch):
    """A copy of data/objects with one image a class, to be broken."""
    source = data.data_dir() / "objects"
    folder = tmp_path / "objects"
    rows = [r for r in data.read_manifest() if r["file"].endswith("_00.jpg")]
    for row in rows:
        for key in ("file", "mask"):
            (folder / row[key]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / row[key], folder / row[key])
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(data, "data_dir", lambda: tmp_path)
    return folder


def test_labels_and_masks_are_those_of_their_files(tmp_path, monkeypatch):
    """Each class in its own brightness, each object where its mask is; the rows mixed."""
    rows = [
        dict(split=split, name=name, x=8 * i + 56 * (split == "test"))
        for split in ("train", "test")
        for i, name in enumerate(data.CLASS_NAMES)
    ]
    (tmp_path / "objects").mkdir()
    lines = ["file,mask,split,class,instance,environment,camera,seed"]
    for row in [*rows[::2], *rows[1::2]]:
        mask = np.zeros((224, 224), np.uint8)
        mask[:8, row["x"] : row["x"] + 8] = 255
        image = np.zeros((224, 224, 3), np.uint8)
        image[mask > 0] = 250, 5, 50 * data.CLASS_NAMES.index(row["name"])
        files = [f"{row['name']}_{row['split']}_{kind}.png" for kind in ("image", "mask")]
        for file, pixels in zip(files, (image, mask), strict=True):
            Image.fromarray(pixels).save(tmp_path / "objects" / file)
        lines.append(",".join([*files, row["split"], row["name"], "0,0,0,0"]))
    (tmp_path / "objects" / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(data, "data_dir", lambda: tmp_path)
    for (images, labels), masks in zip(data.load_objects(), data.load_objects_masks(), strict=True):
        assert sorted(labels) == [0, 1, 2, 3, 4] and list(labels) != [0, 1, 2, 3, 4]
        for image, label, mask in zip(images, labels, masks, strict=True):
            assert (image[mask == 1] == (250, 5, 50 * label)).all()
            assert not image[mask == 0].any()


@pytest.fixture
def own_set(tmp_path, monkeypatch):
    """Images of one's own: two classes, their names not in alphabetical order."""
    monkeypatch.setenv(data.IN_USE, "")  # so that it is as before after the test
    monkeypatch.delenv(data.IN_USE)
    folder = tmp_path / "own"
    lines = ["file,mask,split,class,instance,environment,camera,seed"]
    for i, (split, name) in enumerate([("train", "모자"), ("train", "Mug"), ("test", "Mug")]):
        file = Path("images") / split / name / f"{i}.png"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (224, 224), (i, 0, 0)).save(folder / file)
        lines.append(f"{file.as_posix()},{file.as_posix()},{split},{name},{name}_{i},0,0,0")
    (folder / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "classes.txt").write_text("모자\n\n  Mug \n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("named", ["absolute", "relative", "~"])
def test_a_set_of_ones_own_is_used_whole(own_set, monkeypatch, named):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(own_set.parent))
    monkeypatch.chdir(own_set.parent)
    data.use({"absolute": own_set, "relative": "own", "~": "~/own"}[named])
    monkeypatch.chdir(own_set)  # as a lesson's kernel is elsewhere
    assert data.objects_dir() == own_set and data.photographs_dir() == own_set / "images" / "test"
    assert data.CLASS_NAMES == data.classes_in_use() == ("모자", "Mug")
    (x_train, y_train), (x_test, y_test) = data.load_objects()
    assert x_train[:, 0, 0, 0].tolist() == [0, 1] and x_test[:, 0, 0, 0].tolist() == [2]
    assert (y_train.tolist(), y_test.tolist()) == ([0, 1], [1])
    assert [m.any() for masks in data.load_objects_masks() for m in masks] == [False, True, True]
    assert [x.tolist() for x in data.load_objects_instances()] == [["모자_0", "Mug_1"], ["Mug_2"]]
    assert [len(data.read_manifest(split)) for split in (None, "train", "test")] == [3, 2, 1]


def test_the_variable_may_name_the_home_folder(own_set, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(own_set.parent))
    monkeypatch.setenv(data.IN_USE, "~/own")
    assert data.objects_dir() == own_set and data.CLASS_NAMES == ("모자", "Mug")


@pytest.mark.parametrize("before", [True, False])
def test_what_was_in_use_stays_so_where_the_other_set_is_none(own_set, tmp_path, before):
    if before:
        data.use(own_set)
    names = data.CLASS_NAMES
    with pytest.raises(FileNotFoundError, match=r"manifest\.csv is missing"):
        data.use(tmp_path)
    assert data.CLASS_NAMES == names == (("모자", "Mug") if before else data._RENDERED)
    assert (data.IN_USE in os.environ) is before
    if not before:
        assert data.objects_dir() == data.data_dir() / "objects"
        assert data.photographs_dir() == data.data_dir() / "photographs"


@pytest.mark.parametrize("names", ["", "Mug", "Mug\nmug\nMug\n", "Mug\n Mug"])
def test_classes_are_two_and_none_is_named_twice(own_set, names):
    file = own_set / "classes.txt"
    file.write_text(names)
    message = f"{file} must name at least two classes, one a line, none twice."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        data.use(own_set)


def test_a_missing_list_of_classes_says_what_makes_it(own_set):
    file = own_set / "classes.txt"
    file.unlink()
    message = (
        f"{file} is missing. An image set of your own is made by 'course new-data'; COURSE_DATA "
        "and data.use name its folder."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        data.use(own_set)


def test_there_is_no_other_name_in_the_module():
    with pytest.raises(AttributeError, match=r"^module 'course_utils.data' has no attribute 'X'$"):
        data.X  # noqa: B018


def test_missing_image_is_named(course_data):
    (course_data / "images/train/Cube_train_00.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"Cube_train_00\.jpg"):
        data.load_objects()


def test_truncated_image_is_named(course_data):
    path = course_data / "images/test/Hat_test_00.jpg"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"Hat_test_00\.jpg is not a complete image"):
        data.load_objects()


def test_unknown_class_is_named(course_data):
    manifest = course_data / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",Torch,", ",Lamp,"))
    said = f"{manifest}: images/train/Torch_train_00.jpg is of class 'Lamp'; known: ('Hat', "
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        data.load_objects()


def test_missing_manifest_says_how_to_get_it_back(course_data):
    manifest = course_data / "manifest.csv"
    manifest.unlink()
    message = (
        f"{manifest} is missing. Get it back with 'git checkout -- data/objects', or make the "
        "images again: data/objects/README.md says how; your own with 'course new-data'."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        data.load_objects()


@pytest.fixture
def npy_folder(tmp_path):
    rng = np.random.default_rng(0)
    for split, n in (("train", 10), ("test", 5)):
        images = rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
        np.save(tmp_path / f"tranfer_learning_{split}_images.npy", images)
        np.save(tmp_path / f"tranfer_learning_{split}_labels.npy", np.eye(5)[np.arange(n) % 5])
    return tmp_path


def test_npy_undoes_one_hot_labels(npy_folder):
    (x_train, y_train), (x_test, y_test) = data.load_npy(npy_folder)
    assert x_train.dtype == np.uint8 and x_train.shape == (10, 8, 8, 3)
    assert y_train.tolist() == [0, 1, 2, 3, 4] * 2 and y_train.dtype == np.int64
    assert len(x_test) == len(y_test) == 5


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_npy_float_images_become_the_same_bytes(npy_folder, scale):
    path = npy_folder / "tranfer_learning_test_images.npy"
    original = np.load(path)
    np.save(path, original.astype(np.float32) / 255 * scale)
    _, (x_test, _) = data.load_npy(npy_folder)
    np.testing.assert_array_equal(x_test, original)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train_images", np.array([{"a": 1}], dtype=object), "pickled objects"),
        ("train_images", np.zeros((10, 8, 8), np.uint8), "expected images"),
        ("train_images", np.full((10, 8, 8, 3), -1.0), "preprocess_input"),
        ("train_labels", np.zeros(7, np.int64), "10 images but .* 7 labels"),
        ("test_labels", np.full(5, 5), "labels from 5 to 5"),
        ("test_labels", np.full((5, 5), 0.2), "not one-hot"),
        ("test_labels", np.full(5, 0.5), "expected integer labels"),
    ],
)
def test_bad_npy_is_named(npy_folder, name, content, message):
    np.save(npy_folder / f"tranfer_learning_{name}.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=message) as caught:
        data.load_npy(npy_folder)
    assert f"tranfer_learning_{name}.npy" in str(caught.value)


def test_npy_may_name_other_classes(npy_folder):
    (npy_folder / "classes.txt").write_text("a\nb\nc\nd\ne\nf")
    for split, n in (("train", 10), ("test", 5)):
        np.save(npy_folder / f"tranfer_learning_{split}_labels.npy", np.arange(n) % 6)
    (_, y_train), (_, y_test) = data.load_npy(str(npy_folder))
    assert y_train.max() == 5 and y_test.tolist() == [0, 1, 2, 3, 4]


def test_npy_of_two_lengths_are_not_taken(npy_folder):
    images, labels = (
        npy_folder / f"tranfer_learning_test_{kind}.npy" for kind in ("images", "labels")
    )
    np.save(labels, np.arange(4))
    message = (
        f"{images} holds 5 images but {labels} 4 labels. The two files do not belong together: "
        "copy both again."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        data.load_npy(npy_folder)


def test_cut_off_npy_is_named(npy_folder):
    path = npy_folder / "tranfer_learning_train_images.npy"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"train_images\.npy is not a complete"):
        data.load_npy(npy_folder)


def test_missing_npy_is_named(npy_folder):
    (npy_folder / "tranfer_learning_test_labels.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"test_labels\.npy"):
        data.load_npy(npy_folder)


def test_folder_of_photographs(tmp_path, course_data):
    for name in ("Screw", "Hat"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        source = course_data / f"images/train/{name}_train_00.jpg"
        shutil.copy(source, tmp_path / "photos" / name / "one.JPG")
    images, labels, names = data.load_folder(tmp_path / "photos", image_size=64)
    assert images.shape == (2, 64, 64, 3)
    assert [names[label] for label in labels] == ["Hat", "Screw"]
    assert names == data.CLASS_NAMES


def test_folder_without_images_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no sub-folders"):
        data.load_folder(tmp_path)
    (tmp_path / "Hat").mkdir()
    with pytest.raises(FileNotFoundError, match="Hat holds no images"):
        data.load_folder(tmp_path)


def test_sample_photographs_are_there():
    photographs = data.sample_photographs()
    names = ("chelsea", "coffee", "rocket", "astronaut", "motorcycle", "grace_hopper")
    assert tuple(photographs) == names and all(path.is_file() for path in photographs.values())


def test_each_test_object_is_shown_twice_and_none_is_trained_on():
    train, test = data.load_objects_instances()
    assert len(np.unique(train)) == len(train) == 65
    assert set(np.unique(test, return_counts=True)[1]) == {2} and len(test) == 200
    assert not set(train) & set(test)
    for instances, (_, labels) in zip((train, test), data.load_objects(), strict=True):
        named = [data.CLASS_NAMES[label] for label in labels]
        assert [name.rsplit("_", 1)[0] for name in instances] == named
