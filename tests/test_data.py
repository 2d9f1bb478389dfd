"""Loading images: what comes back, and what bad input says."""

import csv
import shutil

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
    with pytest.raises(ValueError, match="'Lamp'"):
        data.load_objects()


def test_missing_manifest_says_how_to_get_it_back(course_data):
    (course_data / "manifest.csv").unlink()
    with pytest.raises(FileNotFoundError, match="git checkout"):
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
    assert len(photographs) == 6 and all(path.is_file() for path in photographs.values())


def test_each_test_object_is_shown_twice_and_none_is_trained_on():
    train, test = data.load_objects_instances()
    assert len(np.unique(train)) == len(train) == 65
    assert set(np.unique(test, return_counts=True)[1]) == {2} and len(test) == 200
    assert not set(train) & set(test)
    for instances, (_, labels) in zip((train, test), data.load_objects(), strict=True):
        named = [data.CLASS_NAMES[label] for label in labels]
        assert [name.rsplit("_", 1)[0] for name in instances] == named
