"""``course new-data``: what is read, what is left out, and which side each photograph is on."""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils import data, guards
from course_utils.command import lessons, new_data
from course_utils.command.main import main
from course_utils.paths import ROOT

CLASSES = ("Mug", "Pen", "Spoon")


@pytest.fixture(autouse=True)
def rendered_objects(monkeypatch, tmp_path):
    """No set of one's own in use; undone after a test that uses one."""
    monkeypatch.setenv(data.IN_USE, "")
    monkeypatch.setenv("COURSE_QUIET", "1")


ROUGH_MASK = new_data.rough_mask


@pytest.fixture(autouse=True)
def quick_masks(monkeypatch):
    """Masks of the right form in no time, for all tests that do not look at them."""
    monkeypatch.setattr(new_data, "rough_mask", lambda image: np.eye(*image.shape[:2], dtype="u1"))


@pytest.fixture
def real_masks(quick_masks, monkeypatch):
    monkeypatch.setattr(new_data, "rough_mask", ROUGH_MASK)


def picture(seed: int, size=(240, 300)) -> Image.Image:
    """Another picture for each seed: blocks of colour, as nothing else has them."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size[::-1], Image.Resampling.NEAREST)


@pytest.fixture
def photos(tmp_path):
    """Three classes of four objects, in three views each, told by their names."""
    folder = tmp_path / "photos"
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for thing in range(4):
            for view in range(3):
                file = folder / name / f"{name.lower()}_{thing}_{view}.png"
                picture(100 * label + 10 * thing + view).save(file)
    return folder


def make(folder, *options) -> int:
    return main(["new-data", str(folder), "--output", str(folder.parent / "made"), *options])


def rows(folder):
    data.use(folder)
    return data.read_manifest()


def sides(made) -> dict[str, set[str]]:
    """The side or sides on which each source's group is, by the first part of its name."""
    found = defaultdict(set)
    for row in rows(made):
        found[row["source"].rpartition("_")[0]].add(row["split"])
    return found


def test_the_set_is_what_the_lessons_load(photos, real_masks, tmp_path, capsys):
    assert make(photos) == 0
    out = capsys.readouterr().out
    data.use(tmp_path / "made")
    from course_utils.data import CLASS_NAMES

    assert CLASS_NAMES == data.CLASS_NAMES == CLASSES
    (x_train, y_train), (x_test, y_test) = data.load_objects()
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        guards.check_images(images)
        guards.check_labels(labels, images, CLASS_NAMES)
        assert images.shape == (18, 224, 224, 3)
        assert np.bincount(labels).tolist() == [6, 6, 6]
    guards.check_disjoint(x_train, x_test)
    masks = data.load_objects_masks()
    assert [m.shape for m in masks] == [(18, 224, 224)] * 2
    assert set(np.unique(masks[0])) == {0, 1}
    photographs, labels, names = data.load_folder(data.photographs_dir())
    assert names == CLASSES
    np.testing.assert_array_equal(photographs, x_test)
    np.testing.assert_array_equal(labels, y_test)
    train, test = data.load_objects_instances()
    assert len(set(train)) == len(set(test)) == 6 and not set(train) & set(test)
    assert all(len(split) == 1 for split in sides(tmp_path / "made").values())
    assert "A photograph's group is its file's name without the last number or letter" in out
    assert re.search(r"^Mug +12 +4 +6 +6$", out, re.MULTILINE)
    assert f"COURSE_DATA={tmp_path / 'made'} course run 08 09 10" in out


def test_colours_and_labels_go_with_the_folders(tmp_path):
    colours = {"red": (250, 10, 10), "blue": (10, 10, 250)}
    for name, colour in colours.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(3):
            shade = tuple(min(255, c + 40 * i) for c in colour)
            Image.new("RGB", (300, 200), shade).save(tmp_path / "photos" / name / f"{i}.png")
    assert make(tmp_path / "photos") == 0
    data.use(tmp_path / "made")
    for images, labels in data.load_objects():
        for image, label in zip(images, labels, strict=True):
            assert image[..., 0].mean() > 200 if data.CLASS_NAMES[label] == "red" else True
            assert image[..., 2].mean() > 200 if data.CLASS_NAMES[label] == "blue" else True


@pytest.mark.slow
def test_twice_the_same_set(photos, real_masks, tmp_path):
    assert make(photos) == 0
    first = {p.name: p.read_bytes() for p in (tmp_path / "made").rglob("*") if p.is_file()}
    shutil.rmtree(tmp_path / "made")
    assert make(photos) == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "made").rglob("*") if p.is_file()} == first


def test_folders_tell_groups(photos, tmp_path, capsys):
    for file in sorted(photos.glob("*/*.png")):
        _, thing, view = file.stem.split("_")
        (file.parent / f"object {thing}").mkdir(exist_ok=True)
        file.rename(file.parent / f"object {thing}" / f"IMG_{thing}{view}.png")
    assert make(photos) == 0
    assert "A photograph's group is the folder inside the folder of its class." in (
        capsys.readouterr().out
    )
    by_object = defaultdict(set)
    for row in rows(tmp_path / "made"):
        by_object[row["source"].rpartition("/")[0]].add((row["split"], row["instance"]))
    assert len(by_object) == 12 and all(len(found) == 1 for found in by_object.values())


@pytest.mark.parametrize("name", ["IMG_{:04}.png", "photo ({}).png", "DSC{:05}.png"])
def test_numbered_photographs_tell_no_groups(photos, tmp_path, capsys, name):
    for i, file in enumerate(sorted(photos.glob("*/*.png"))):
        file.rename(file.with_name(name.format(i)))
    assert make(photos) == 0
    assert "nothing in names or folders tells which" in capsys.readouterr().out
    assert len({row["instance"] for row in rows(tmp_path / "made")}) == 36


def test_groups_can_be_turned_off(photos, tmp_path, capsys):
    assert make(photos, "--groups", "off") == 0
    assert "itself (--groups off)" in capsys.readouterr().out
    assert len({row["instance"] for row in rows(tmp_path / "made")}) == 36


@pytest.mark.slow
def test_each_class_has_a_group_on_each_side_whatever_the_share(photos, tmp_path):
    for share, tested in (("0.01", 9), ("0.99", 27)):
        assert make(photos, "--test", share) == 0
        splits = [row["split"] for row in rows(tmp_path / "made")]
        assert splits.count("test") == tested
        shutil.rmtree(tmp_path / "made")


def test_a_class_of_one_object_is_refused_with_the_remedy(photos, tmp_path, capsys):
    for file in sorted((photos / "Pen").iterdir())[3:]:
        file.unlink()
    assert make(photos) == 1
    err = capsys.readouterr().err
    assert "Class Pen: all 3 are of one group" in err and "--groups off" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_broken_and_small_files_are_left_out_and_named(photos, tmp_path, capsys):
    mug = photos / "Mug"
    (mug / "mug_0_0.png").write_bytes((mug / "mug_0_0.png").read_bytes()[:200])
    picture(500, (90, 400)).save(mug / "mug_0_1.png")
    picture(501, (150, 150)).save(mug / "mug_0_2.png")
    (mug / "notes.txt").write_text("mine")
    (mug / ".hidden.png").write_text("")
    assert make(photos) == 0
    out = capsys.readouterr().out
    assert re.search(r"^Mug/mug_0_0\.png: left out, it cannot be read\. ", out, re.MULTILINE)
    assert "Mug/mug_0_1.png: left out, 400×90 pixels; at least 112 are needed." in out
    assert "Mug/mug_0_2.png: kept, but 150×150 pixels are enlarged." in out
    assert "Mug/notes.txt: left out, it is one of the no images." in out
    assert "hidden" not in out
    assert sum(row["class"] == "Mug" for row in rows(tmp_path / "made")) == 10


def test_nearly_equal_photographs_stay_on_one_side(photos, tmp_path, capsys):
    """Saved anew as JPEG under the name of another object."""
    for thing in range(4):
        twin = photos / "Pen" / f"pen_{9 - thing}_0.jpg"
        Image.open(photos / "Pen" / f"pen_{thing}_0.png").save(twin, quality=80)
    assert make(photos) == 0
    assert "Pen/pen_0_0.png and Pen/pen_9_0.jpg are nearly the same" in capsys.readouterr().out
    found = sides(tmp_path / "made")
    for thing in range(4):
        assert found[f"Pen/pen_{thing}"] == found[f"Pen/pen_{9 - thing}"]
        assert len(found[f"Pen/pen_{thing}"]) == 1
    (x_train, _), (x_test, _) = data.load_objects()
    guards.check_disjoint(x_train, x_test)


def test_one_photograph_in_two_classes_is_left_out(photos, tmp_path, capsys):
    shutil.copy(photos / "Mug" / "mug_1_1.png", photos / "Pen" / "pen_7_1.png")
    assert make(photos) == 0
    assert "in two classes: both left out." in capsys.readouterr().out
    sources = {row["source"] for row in rows(tmp_path / "made")}
    assert not sources & {"Mug/mug_1_1.png", "Pen/pen_7_1.png"} and len(sources) == 35


def test_of_few_photographs_enough_are_left_to_train_on(photos, tmp_path, monkeypatch, capsys):
    """Five of each class, or eight of two: lessons divide them, and fill batches with them."""
    monkeypatch.setattr(new_data, "rough_mask", lambda image: image[..., 0])  # slow

    def made(*options) -> str:
        shutil.rmtree(tmp_path / "made", ignore_errors=True)
        assert make(photos, "--groups", "off", *options) == 0
        return capsys.readouterr().out

    for file in photos.glob("*/*_3_*.png"):
        file.unlink()
    out = made()
    assert re.findall(r"^\w+ +9 +9 +(\d) +(\d)$", out, re.M) == [("5", "4")] * 3
    assert "The lessons want" not in out
    out = made("--test", "0.6")
    assert "want 5 training images of each class; here are 4 of Mug, 4 of Pen, 4 of Spoon." in out
    shutil.rmtree(photos / "Spoon")
    assert re.findall(r"^\w+ +9 +9 +(\d) +(\d)$", made(), re.M) == [("8", "1")] * 2
    assert "want 8 training images of each class; here are 4 of Mug, 4 of Pen." in made(
        "--test", "0.5"
    )


def test_uneven_classes_are_told(photos, tmp_path, capsys):
    for file in sorted((photos / "Pen").glob("*_[12].png")):
        file.unlink()
    assert make(photos) == 0
    assert "The classes are uneven: 12 of Mug, 4 of Pen." in capsys.readouterr().out


def test_nothing_is_written_over(photos, tmp_path, capsys):
    (tmp_path / "made").mkdir()
    assert make(photos) == 0
    assert make(photos) == 1
    assert f"{tmp_path / 'made'} exists already. Choose another --output" in (
        capsys.readouterr().err
    )


def test_a_failure_leaves_nothing(photos, tmp_path, monkeypatch, capsys):
    def fail(image):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_data, "rough_mask", fail)
    assert make(photos) == 1
    assert "No space left" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.mark.parametrize(
    ("folder", "said"), [("missing", "No folder at"), ("empty", "At least two are needed")]
)
def test_a_folder_without_classes_is_named(tmp_path, capsys, folder, said):
    (tmp_path / "empty").mkdir()
    assert make(tmp_path / folder) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("share", ["0", "1", "nan"])
def test_a_share_that_leaves_one_side_empty_is_refused(photos, capsys, share):
    assert make(photos, "--test", share) == 1
    assert "give a share above 0 and below 1" in capsys.readouterr().err


@pytest.fixture
def arrays(tmp_path):
    """The lecture's four files, of seven classes and 64 pixels; a training image tested too."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    (folder / "classes.txt").write_text("\n".join("abcdefg"), encoding="utf-8")
    for split, n, seed in (("train", 21, 0), ("test", 14, 900)):
        images = np.stack([np.array(picture(seed + i, (64, 64))) for i in range(n)])
        if split == "test":
            images[0] = np.array(picture(0, (64, 64)))
        np.save(folder / f"tranfer_learning_{split}_images.npy", images)
        np.save(folder / f"tranfer_learning_{split}_labels.npy", np.eye(7)[np.arange(n) % 7])
    return folder


def test_four_files_keep_their_split_without_images_of_both(arrays, tmp_path, capsys):
    assert make(arrays) == 0
    out = capsys.readouterr().out
    assert "train 0: left out, since test 0 is nearly the same photograph." in out
    assert "train: 64×64 pixels are enlarged." in out
    data.use(tmp_path / "made")
    (x_train, y_train), (x_test, y_test) = data.load_objects()
    assert np.bincount(y_train).tolist() == [2, 3, 3, 3, 3, 3, 3]
    assert np.bincount(y_test).tolist() == [2] * 7
    guards.check_disjoint(x_train, x_test)
    assert data.load_npy(arrays)[1][1].max() == 6


def test_four_files_of_other_classes_need_their_names(arrays, capsys):
    (arrays / "classes.txt").unlink()
    assert make(arrays) == 1
    assert "tranfer_learning_train_labels.npy holds" in capsys.readouterr().err


def test_four_files_need_each_class_on_both_sides(arrays, tmp_path, capsys):
    labels = arrays / "tranfer_learning_test_labels.npy"
    np.save(labels, np.load(labels).argmax(axis=1).clip(max=5))
    assert make(arrays) == 1
    said = "Class g has no test image. Add some, or name other classes in classes.txt, one a line."
    assert said in capsys.readouterr().err and not (tmp_path / "made").exists()


# Choosing the set


def test_photographs_to_try_are_the_courses_where_its_images_are_in_use():
    assert data.load_folder(data.photographs_dir())[2] == data.CLASS_NAMES


def test_a_folder_that_holds_no_set_is_refused_and_not_used(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"manifest\.csv is missing.*course new-data"):
        data.use(tmp_path)
    assert data.CLASS_NAMES == ("Hat", "Cube", "Card", "Torch", "Screw")


def test_the_environment_chooses_it_too(photos, tmp_path):
    assert make(photos) == 0
    code = (
        "from course_utils.data import CLASS_NAMES, load_objects\n"
        "print(*CLASS_NAMES, len(load_objects()[0][0]))"
    )
    environment = os.environ | {"COURSE_DATA": str(tmp_path / "made"), "PYTHONPATH": str(ROOT)}
    out = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert out.split() == [*CLASSES, "18"]


def test_a_folder_given_from_here_is_found_in_the_kernels(photos, tmp_path, monkeypatch, capsys):
    assert make(photos) == 0
    lesson = tmp_path / "lessons" / "07_small.ipynb"
    lessons.source_of(lesson).parent.mkdir(parents=True)
    code = "from course_utils.data import CLASS_NAMES\nprint(*CLASS_NAMES)"
    lessons.source_of(lesson).write_text(f"# %%\n{code}\n", encoding="utf-8")
    nbformat.write(lessons.from_source(lessons.source_of(lesson)), lesson)
    monkeypatch.setattr(lessons, "notebooks_dir", lambda: lesson.parent)
    monkeypatch.chdir(tmp_path)
    for folder, code in (("made", 0), ("photos", 1)):
        monkeypatch.setenv("COURSE_DATA", folder)
        assert main(["run", "--output", str(tmp_path / "pages")]) == code
    assert "Mug Pen Spoon" in (tmp_path / "pages" / "07_small.html").read_text(encoding="utf-8")
    assert "manifest.csv is missing" in capsys.readouterr().err


def test_outputs_of_another_set_are_not_stored(photos, tmp_path, monkeypatch, capsys):
    assert make(photos) == 0
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "made"))
    assert main(["run", "--update", "--output", str(tmp_path / "pages")]) == 1
    assert "COURSE_DATA is set" in capsys.readouterr().err


def test_a_mask_is_on_the_object(real_masks):
    image = np.full((224, 224, 3), 220, np.uint8)
    image += np.random.default_rng(0).integers(0, 20, image.shape, dtype=np.uint8)
    image[60:160, 80:170] = 30, 90, 40
    wanted = np.zeros((224, 224), bool)
    wanted[60:160, 80:170] = True
    mask = new_data.rough_mask(image) > 0
    assert (mask & wanted).sum() / (mask | wanted).sum() > 0.9
    assert new_data.rough_mask(np.zeros((224, 224, 3), np.uint8)).any()
