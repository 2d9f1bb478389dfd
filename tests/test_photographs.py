"""The packaged photographs: licensed one by one, loadable, known to the head of lesson 08."""

from pathlib import Path

import numpy as np
import pytest

from course_utils import pretrained, transfer
from course_utils.data import CLASS_NAMES, load_folder, load_objects
from course_utils.paths import data_dir

FOLDER = data_dir() / "photographs"
FILES = sorted(FOLDER.glob("*/*"))
HARD = {"man_from_behind.jpg", "knitted_cap.jpg"}  # out of focus, small: not known when written


def in_the_order_of_the_classes() -> list[Path]:
    """The files as load_folder takes them."""
    return sorted(FILES, key=lambda path: (CLASS_NAMES.index(path.parent.name), path.name))


def licence_table() -> dict[str, str]:
    """File named in the README's first table, to the licence given for it."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[4] for row in rows}


def test_every_photograph_has_a_licence_and_every_licence_a_photograph():
    table = licence_table()
    assert set(table) == {path.relative_to(FOLDER).as_posix() for path in FILES}
    allowed = (
        "public domain",
        "released for unrestricted usage",
        "CC0 1.0",
        "CC BY-SA 4.0",
        "Apache 2.0",
    )
    assert all(licence.startswith(allowed) for licence in table.values()), table


def test_photographs_are_small_and_carry_no_metadata():
    from PIL import Image

    assert sum(path.stat().st_size for path in FILES) < 1_000_000
    for path in FILES:
        with Image.open(path) as image:
            assert max(image.size) <= 512, path
            assert not image.getexif(), f"{path} carries camera data, which may name a place"


def test_photographs_load_in_the_order_of_the_classes():
    images, labels, class_names = load_folder(FOLDER)
    assert class_names == CLASS_NAMES
    assert images.shape == (len(FILES), 224, 224, 3)
    assert [CLASS_NAMES[label] for label in labels] == [
        path.parent.name for path in in_the_order_of_the_classes()
    ]


@pytest.fixture(scope="module")
def answers() -> np.ndarray:
    """Answers of a head trained as lesson 08 trains it: zero start, Adam, batch 10, 10 epochs."""
    import keras
    from keras.applications.vgg16 import VGG16, preprocess_input

    base = VGG16(
        include_top=False,
        weights=pretrained.weights_for("VGG16", include_top=False),
        input_shape=(224, 224, 3),
        pooling="avg",
    )
    (x_train, y_train), _ = load_objects()
    photographs, _, _ = load_folder(FOLDER)
    keras.utils.set_random_seed(0)
    head = keras.Sequential(
        [
            keras.Input((512,)),
            keras.layers.Dense(len(CLASS_NAMES), "softmax", kernel_initializer="zeros"),
        ]
    )
    head.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    features = transfer.extract_features(base, x_train, preprocess_input)
    head.fit(features, y_train, batch_size=10, epochs=10, verbose=0)
    return head.predict(transfer.extract_features(base, photographs, preprocess_input), verbose=0)


@pytest.mark.slow
def test_the_head_trained_on_rendered_objects_knows_real_photographs(answers):
    right = {
        path.name: CLASS_NAMES[answer.argmax()] == path.parent.name
        for path, answer in zip(in_the_order_of_the_classes(), answers, strict=True)
    }
    # Five of seven when written. Guessing gets five or more of seven in 5 cases of 1000.
    assert sum(right.values()) >= len(right) - 2, f"{right}: {answers.round(2)}"
    others = [known for name, known in right.items() if name not in HARD]
    # All five when written. Guessing gets four or more of five in 7 cases of 1000.
    assert sum(others) >= len(others) - 1, f"{right}: {answers.round(2)}"
