"""Each silent mistake is caught, and the right thing passes."""

import itertools
import re

import cv2
import keras
import numpy as np
import pytest

from course_utils import guards, training
from course_utils.data import load_folder, load_objects
from course_utils.guards import GuardError
from course_utils.paths import data_dir

NAMES = ("Hat", "Cube")


def images(n=4):
    return np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def test_images():
    guards.check_images(images())
    with pytest.raises(GuardError, match="float64"):
        guards.check_images(images() / 255)
    with pytest.raises(GuardError, match="batch axis"):
        guards.check_images(images()[0])


def test_labels():
    guards.check_labels(np.array([0, 1, 0, 1]), images(), NAMES)
    with pytest.raises(GuardError, match="one-hot"):
        guards.check_labels(np.eye(2)[[0, 1, 0, 1]], images(), NAMES)
    with pytest.raises(GuardError, match="4 images but 3 labels"):
        guards.check_labels(np.array([0, 1, 0]), images(), NAMES)
    with pytest.raises(GuardError, match="no class name"):
        guards.check_labels(np.array([0, 1, 2, 1]), images(), NAMES)
    with pytest.raises(GuardError, match="No image of Cube"):
        guards.check_labels(np.zeros(4, int), images(), NAMES)


def test_labels_are_those_of_the_objects():
    objects = np.array(["Hat_07", "Hat_12", "Cube_01", "Cube_02"])
    right = np.array([0, 0, 1, 1])
    guards.check_labels(right, images(), NAMES, objects)
    with pytest.raises(GuardError, match=r"2 of 4 .* image 0 shows Hat_07, its label says Cube"):
        guards.check_labels(np.roll(right, 1), images(), NAMES, objects)
    with pytest.raises(GuardError, match="4 of 4"):
        guards.check_labels(right, images(), NAMES[::-1], objects)


def test_split():
    labels, objects = (
        np.array([0, 1]),
        (np.array(["Hat_1", "Cube_1"]), np.array(["Hat_2", "Cube_2"])),
    )
    first, second = (images()[:2], labels), (images()[2:], labels)
    guards.check_split(first, second, NAMES)
    guards.check_split(first, second, NAMES, objects)
    with pytest.raises(GuardError, match=r"Cube_1, Hat_1\. Split by object"):
        guards.check_split(first, second, NAMES, (objects[0], objects[0]))
    for message, pair in {
        "2 test images are also": (first, first),
        "uint8": (first, (images()[2:] / 255, labels)),
        r"\[2\] have no class name": ((images()[:2], labels + 1), second),
    }.items():
        with pytest.raises(GuardError, match=message):
            guards.check_split(*pair, NAMES)
    with pytest.raises(GuardError, match="image 0 shows Cube_2"):
        guards.check_split(first, second, NAMES, (objects[0], objects[1][::-1]))


def test_timings():
    guards.check_timings([(3.0, 4.0), (0.0, 1.0), (1.0, 3.0)])
    with pytest.raises(GuardError, match=r"0\.5 s before .* cumulative"):
        guards.check_timings([(0.0, 1.0), (0.5, 2.0)])
    with pytest.raises(GuardError, match="cumulative"):  # one clock for all
        guards.check_timings([(0.0, 1.0), (0.0, 2.0), (0.0, 3.0)])


def test_disjoint():
    guards.check_disjoint(images()[:2], images()[2:])
    with pytest.raises(GuardError, match=r"1 test images.*\(test 0 and train 2\)"):
        guards.check_disjoint(images()[:3], images()[2:])


def as_jpeg(image, quality):
    encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: as_jpeg(image, 95),
        lambda image: as_jpeg(image, 50),
        lambda image: np.clip(image + 1.0, 0, 255).round().astype("uint8"),
        lambda image: np.clip(image - 1.0, 0, 255).round().astype("uint8"),
    ],
    ids=["the same", "JPEG 95", "JPEG 50", "brighter", "darker"],
)
def test_nearly_the_same_image_is_found(objects, change):
    train, test = objects
    test = test.copy()
    test[[3, 150]] = [change(image) for image in train[[60, 8]]]
    with pytest.raises(GuardError, match=r"2 test.*\(test 3 and train 60, test 150 and train 8\)"):
        guards.check_disjoint(train, test)
    with pytest.raises(GuardError, match="2 test images"):
        guards.check_disjoint(train / np.float32(127.5) - 1, test / np.float32(127.5) - 1)


def test_the_courses_own_sets_are_disjoint(objects):
    photographs, _, _ = load_folder(data_dir() / "photographs")
    for train, test in itertools.combinations([*objects, photographs], 2):
        guards.check_disjoint(train, test)
    for i, photograph in enumerate(photographs):
        guards.check_disjoint(np.delete(photographs, i, axis=0), photograph[None])


def test_alike_scenes_with_another_object_are_disjoint():
    rng = np.random.default_rng(0)
    table = np.full((224, 224, 3), 200) + rng.integers(-5, 6, (224, 224, 3))
    here, there = (table.astype("uint8") for _ in range(2))
    here[40:70, 40:70] = 90
    there[120:150, 120:150] = 90
    guards.check_disjoint(here[None], there[None])
    fabrics = rng.integers(0, 256, (2, 3, 224, 224, 3), dtype=np.uint8)  # the same on average
    guards.check_disjoint(*fabrics)


def test_sets_of_two_sizes_are_not_compared():
    with pytest.raises(GuardError, match="at one size"):
        guards.check_disjoint(images(), images()[:, :4])


@pytest.fixture(scope="module")
def objects():
    (train, _), (test, _) = load_objects()
    return train, test


def with_scaling(*scaling, channels=3):
    """A classifier whose scaling sits in a nested model, as in Keras's EfficientNet."""
    layers = keras.layers
    base = keras.Sequential([keras.Input((8, 8, channels)), *scaling, layers.Flatten()])
    model = keras.Sequential([keras.Input((8, 8, channels)), base, layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def train(model, x):
    training.fit(model, x, np.arange(len(x)) % 2, epochs=1, batch_size=len(x))


WRONG = {
    "0 to 1": lambda x: x / 255,
    "-1 to 1": lambda x: x / 127.5 - 1,
    "standardized": lambda x: (x / 255 - 0.45) / 0.225,
    "mean subtracted": lambda x: x[..., ::-1] - np.array([103.9, 116.8, 123.7]),
    "not a number": lambda x: np.where(x > 250, np.nan, x),
}


def scalings():
    layers = keras.layers
    adapted = layers.Normalization()
    adapted.adapt(images(50).astype("float32"))
    return {
        "1/255": [layers.Rescaling(1 / 255)],
        "1/128": [layers.Rescaling(1 / 128, offset=-127 / 128)],
        "two steps": [  # as EfficientNet's
            layers.Rescaling(1 / 255),
            layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.05, 0.05, 0.05]),
        ],
        "adapted": [adapted],
    }


@pytest.mark.parametrize("scaling", ["1/255", "1/128", "two steps", "adapted"])
def test_scale(scaling):
    model = with_scaling(*scalings()[scaling])
    x = images(20)
    for honest in (x, x.astype("float32"), x * 1.05 - 5.0, x // 4):
        train(model, honest)
    before = model.get_weights()
    for wrong in WRONG.values():
        with pytest.raises(GuardError, match="from 0 to 255"):
            train(model, wrong(x.astype("float32")))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # stopped before the first step


@pytest.mark.parametrize(
    "scaling",
    [
        [],
        [keras.layers.Rescaling(2.0, offset=-1)],  # from 0 to 1
        [keras.layers.Rescaling(1 / 16)],  # scikit-learn's digits
        [keras.layers.Rescaling(1 / 4095)],  # 12 bits
        [keras.layers.Normalization(mean=0.45, variance=0.05)],
    ],
)
def test_scale_leaves_other_ranges_alone(scaling):
    train(with_scaling(*scaling), images(20) / 255)


def test_scale_knows_grey_images_and_features():
    grey = images(20)[..., :1]
    model = with_scaling(keras.layers.Rescaling(1 / 255), channels=1)
    train(model, grey)
    with pytest.raises(GuardError, match="from 0 to 1"):
        train(model, grey / 255)
    ages = keras.layers.Normalization(mean=40.0, variance=400.0)
    guards.check_scale(np.ones((4, 3)), keras.Sequential([keras.Input((3,)), ages]))


def test_joined():
    x = images(6).astype("float32")
    base = with_scaling(keras.layers.Rescaling(1 / 255)).layers[0]
    head = keras.Sequential([keras.Input((192,)), keras.layers.Dense(2)])
    features = base.predict(x, verbose=0)
    top = keras.layers.Dense(2, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Dropout(0.5), base, top])
    with pytest.raises(GuardError, match=r"head\.set_weights"):
        guards.check_joined(model, x, head, features)
    top.set_weights(head.get_weights())
    guards.check_joined(model, x, head, features)
    with pytest.raises(GuardError, match="as the features were"):
        guards.check_joined(model, x / 255, head, features)
    top.kernel.assign(np.full((192, 2), np.nan))
    with pytest.raises(GuardError, match="nan"):
        guards.check_joined(model, x, head, features)


def test_repeated():
    right = np.arange(100) % 3 > 0
    again = right.copy()
    again[[5, 50]] = ~again[[5, 50]]  # two near ties
    guards.check_repeated(right, again)
    again[70] = ~again[70]
    with pytest.raises(GuardError, match=r"3 of 100 .* leave out augmentation"):
        guards.check_repeated(right, again)
    with pytest.raises(GuardError, match="4 of 4"):
        guards.check_repeated(np.zeros((4, 2)), np.eye(4)[:, :2] + [0, 0.1])


@pytest.fixture
def model():
    """A head on a frozen base, as in lesson 08."""
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="inner")], name="base")
    base.trainable = False
    model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(2, name="head")])
    model.compile("sgd", "mse")
    return model


def test_trainable(model):
    guards.check_trainable(model, ["head"])
    model.layers[0].trainable = True
    with pytest.raises(GuardError, match="base/inner"):
        guards.check_trainable(model, ["head"])
    model.trainable = False
    with pytest.raises(GuardError, match=r"expected: \['head'\]"):
        guards.check_trainable(model, ["head"])


def test_moved(model):
    before = guards.snapshot(model)
    with pytest.raises(GuardError, match=r"moved: \[\]"):
        guards.check_moved(before, model, ["head"])
    model.fit(np.ones((4, 4)), np.zeros((4, 2)), verbose=0)
    guards.check_moved(before, model, ["head"])
    model.layers[0].layers[0].kernel.assign_add(np.ones((4, 3)))
    with pytest.raises(GuardError, match="base/inner"):
        guards.check_moved(before, model, ["head"])


# What is said, and where the limits lie


LIST = [[[[0, 0, 0]]]]
SIX = 40 * np.arange(6)[:, None, None] * np.ones((6, 4, 4))
SAID = {
    "grey images": (
        lambda: guards.check_images(images()[..., :1]),
        "Expected RGB images of shape (n, height, width, 3), got (4, 8, 8, 1). Add the batch axis "
        "with image[None], or drop the alpha channel.",
    ),
    "a list of images": (
        lambda: guards.check_images(LIST),
        "Expected RGB images of shape (n, height, width, 3), got (1, 1, 1, 3). Add the batch axis "
        "with image[None], or drop the alpha channel.",
    ),
    "floats": (
        lambda: guards.check_images(images() / 255),
        "Expected uint8 images (0-255), got float64. Pass them as loaded: preprocessing is done "
        "once, for this model, later on.",
    ),
    "one-hot labels": (
        lambda: guards.check_labels(np.eye(2), images(2), NAMES),
        "Expected integer labels of shape (n,), got float64 (2, 2). Undo one-hot encoding with "
        "labels.argmax(axis=1).",
    ),
    "one-hot labels of whole numbers": (
        lambda: guards.check_labels(np.eye(2, dtype=int), images(2), NAMES),
        "Expected integer labels of shape (n,), got int64 (2, 2). Undo one-hot encoding with "
        "labels.argmax(axis=1).",
    ),
    "labels as floats": (
        lambda: guards.check_labels(np.array([0.0, 1.0]), images(2), NAMES),
        "Expected integer labels of shape (n,), got float64 (2,). Undo one-hot encoding with "
        "labels.argmax(axis=1).",
    ),
    "missing classes": (
        lambda: guards.check_labels(np.array([1]), images(1), ("Hat", "Cube", "Card")),
        "No image of Hat, Card.",
    ),
    "other sizes": (
        lambda: guards.check_disjoint(images(), images()[:, :4]),
        "Training images are (8, 8, 3), test images (4, 8, 3): load both at one size to compare "
        "them.",
    ),
    "five of the same images": (
        lambda: guards.check_disjoint(SIX, SIX[1:]),
        "5 test images are also training images, or nearly (test 0 and train 1, test 1 and train "
        "2, test 2 and train 3, test 3 and train 4, test 4 and train 5): the test is worthless. "
        "Take them out of one of the sets.",
    ),
    "more": (
        lambda: guards.check_disjoint(SIX, SIX),
        "6 test images are also training images, or nearly (test 0 and train 0, test 1 and train "
        "1, test 2 and train 2, test 3 and train 3, test 4 and train 4, …): the test is worthless. "
        "Take them out of one of the sets.",
    ),
    "scaled twice": (
        lambda: guards.check_scale(images() / 255, with_scaling(keras.layers.Rescaling(1 / 255))),
        "The images reach from 0 to 1, but the model's layer 'scaling' scales them from 0 to "
        "255. Pass them as loaded: what is scaled twice, the network has never seen.",
    ),
    "head": (
        lambda: guards.check_joined(Answers([[3.0, 1.0]]), "x", Answers([[1.0, 3.0]]), "x"),
        "The model's answers differ from its head's by up to 2. Put the trained head back with "
        "head.set_weights(...), and check that the images are preprocessed as the features were: "
        "once.",
    ),
}


class Answers:
    """Stands for a model that always answers the same."""

    def __init__(self, answers):
        self.answers = np.array(answers)

    def predict(self, x, *, batch_size, verbose):
        assert x == "x" and (batch_size, verbose) == (1, 0)
        return self.answers


@pytest.mark.parametrize("wrong", SAID)
def test_a_guard_says_what_is_wrong_and_what_to_do(wrong):
    check, message = SAID[wrong]
    with pytest.raises(GuardError) as caught:
        check()
    assert re.sub(r"'(rescaling|normalization)\w*'", "'scaling'", str(caught.value)) == message


def test_one_of_many_doubles_is_named_once():
    same = np.zeros((3, 4, 4))
    same[0, 0, 0] = 9
    with pytest.raises(GuardError, match=r"^1 test images .* \(test 0 and train 1\): the test"):
        guards.check_disjoint(same, same[2:])


def pixels(*shape):
    """Black, but for one white pixel, so that the range is 0 to 100 and 5 % are 5."""
    image = np.zeros((1, *shape))
    image[0, 0, 0] = 100
    return image


@pytest.mark.parametrize(
    ("shape", "where", "by", "near"),
    [
        ((16, 16), (1, 1), 5, True),  # a pixel is a tile
        ((16, 16), (1, 1), 5.01, False),
        ((16, 16), (slice(1, None), slice(1, None)), 5, True),
        ((4, 40), (slice(1, None), slice(1, None)), 5.01, False),
        ((33, 33), (32, slice(None)), 90, True),  # beyond the last whole tile
        ((33, 33), (slice(None), 32), 90, True),
        ((32, 32), (5, 5), 19, True),  # a quarter of its tile
        ((32, 32), (5, 5), 21, False),
        ((16, 16, 2), (1, 1, 1), 5.01, False),
    ],
)
def test_nearly_the_same_is_within_a_twentieth_of_the_range_in_every_tile(shape, where, by, near):
    first, second = pixels(*shape), pixels(*shape)
    second[0, *where] += by
    for pair in ((first, second), (second, first)):
        assert guards.near_duplicates(*pair) == ([(0, 0)] if near else [])


def test_centres_of_tiles_may_differ_by_a_twentieth_on_average():
    first = np.full((1, 32, 32), 50.0)
    first[0, 0, 1], first[0, 1, 0] = 0, 100
    for by, near in ((5, True), (5.1, False)):
        second = first.copy()
        second[0, 1::2, 1::2] += by  # the central pixel of each tile
        second[0, ::2, ::2] -= by  # so that its mean stays
        assert guards.near_duplicates(first, second) == ([(0, 0)] if near else []), by


RANGES = {  # and whether they pass for 0 to 255
    (0, 25.5): False,
    (0, 25.6): True,
    (0, 280.4): True,
    (0, 280.5): False,
    (-25.4, 200): True,
    (-25.5, 200): False,
}


@pytest.mark.parametrize(
    ("divisor", "counts"), [(510, True), (511, False), (25.5, True), (25, False)]
)
def test_limits_of_the_scale(divisor, counts):
    layer = keras.layers.Normalization(mean=7.0, variance=float(divisor) ** 2)
    model = keras.Sequential([keras.Input((2, 2, 3)), layer])
    x = np.full((1, 2, 2, 3), 10.0)
    for (low, high), passes in RANGES.items():
        x[0, 0, 0], x[0, 1, 1] = low, high
        if passes or not counts:
            guards.check_scale(x, model)
        else:
            with pytest.raises(GuardError, match=f"from {low:.3g} to {high:.3g}"):
                guards.check_scale(x, model)


def test_answers_may_differ_by_a_hundredth_of_the_largest():
    apart = Answers([[-100.0, 50.0]])
    guards.check_joined(Answers([[-100.0, 51.0]]), "x", apart, "x")
    guards.check_joined(Answers([[-99.0, 50.0]]), "x", apart, "x")
    for wrong in ([[-100.0, 51.1]], [[-100.0, 48.9]]):
        with pytest.raises(GuardError, match=r"by up to 1\.1"):
            guards.check_joined(Answers(wrong), "x", apart, "x")


def test_layers_that_train_or_moved_are_listed(model):
    message = (
        "Trainable layers: ['head']; expected: ['base/inner', 'head']. Set layer.trainable, then "
        "compile again: compile() is what takes it over."
    )
    with pytest.raises(GuardError, match=f"^{re.escape(message)}$"):
        guards.check_trainable(model, ["head", "base/inner"])
    before = guards.snapshot(model)
    assert [len(weights) for weights in before.values()][-2:] == [2, 2]
    guards.check_moved(before, model, [])
    message = "Layers that moved: []; expected: ['base/inner', 'head']."
    with pytest.raises(GuardError, match=f"^{re.escape(message)}$"):
        guards.check_moved(before, model, ["head", "base/inner"])
    model.layers[-1].bias.assign(np.ones(2))  # the last of its weights alone
    guards.check_moved(before, model, ["head"])
