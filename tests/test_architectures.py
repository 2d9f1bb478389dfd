"""The lessons' networks have the published sizes, and are drawn as they are.

Networks are taken from the lessons themselves, by ``notebook_source.definitions``. To add one,
add a line to PUBLISHED.
"""

import matplotlib
import pytest
from keras import Input, Model, applications, layers
from notebook_source import definitions

from course_utils import costs, networks, plotting, published
from course_utils.plotting.architectures import describe
from course_utils.plotting.graphs import _path as path
from course_utils.plotting.graphs import boxes_of

matplotlib.use("agg")

# lesson, how to build the net there, parameters in all (trained and not)
PUBLISHED = [
    ("01_lenet", lambda lesson: lesson.lenet5(), 61_706),
    ("02_alexnet", lambda lesson: lesson.alexnet(), 62_378_344),
    ("02_alexnet", lambda lesson: lesson.alexnet(towers=2), 60_965_224),
    ("03_vgg", lambda lesson: lesson.vgg(11), 132_863_336),
    ("03_vgg", lambda lesson: lesson.vgg(13), 133_047_848),
    ("03_vgg", lambda lesson: lesson.vgg(16), 138_357_544),
    ("03_vgg", lambda lesson: lesson.vgg(19), 143_667_240),
    ("05_resnet_densenet", lambda lesson: lesson.densenet(), 8_062_504),
    ("04_googlenet", lambda lesson: lesson.googlenet(), 6_998_552),
    ("06_unet", lambda lesson: lesson.fcn8(), 134_489_759),
    ("06_unet", lambda lesson: lesson.unet(), 31_030_658),
]

# lesson, how to build the net there, trained parameters (as PyTorch counts)
TRAINED = [
    ("05_resnet_densenet", lambda lesson: lesson.resnet(18), 11_689_512),
    ("05_resnet_densenet", lambda lesson: lesson.resnet(34), 21_797_672),
    ("05_resnet_densenet", lambda lesson: lesson.resnet(50), 25_557_032),
    ("05_resnet_densenet", lambda lesson: lesson.densenet(), 7_978_856),
]


def build(lesson, constructor):
    with networks.shapes_only():
        return constructor(definitions(lesson))


@pytest.mark.parametrize(("lesson", "constructor", "parameters"), PUBLISHED)
def test_lesson_net_has_the_published_number_of_parameters(lesson, constructor, parameters):
    assert costs.total(build(lesson, constructor)).parameters == parameters


@pytest.mark.parametrize(("lesson", "constructor", "parameters"), TRAINED)
def test_lesson_net_trains_the_published_number_of_parameters(lesson, constructor, parameters):
    assert costs.total(build(lesson, constructor)).trainable == parameters


def test_resnet50_and_densenet121_cost_what_those_of_keras_do():
    lesson = definitions("05_resnet_densenet")
    with networks.shapes_only():
        resnet, densenet = lesson.resnet(50), lesson.densenet()
        keras_resnet = costs.total(applications.ResNet50(weights=None))
        keras_densenet = costs.total(applications.DenseNet121(weights=None))
    biases = lesson.normalized_channels(resnet)  # Keras's ResNet has them, PyTorch's has not
    for ours, theirs, more in (
        (costs.total(resnet), keras_resnet, biases),
        (costs.total(densenet), keras_densenet, 0),
    ):
        assert ours.multiply_adds == theirs.multiply_adds
        assert ours.parameters + more == theirs.parameters


@pytest.mark.parametrize(
    ("name", "lesson", "constructor"),
    [
        ("LeNet-5", "01_lenet", lambda lesson: lesson.lenet5()),
        ("AlexNet", "02_alexnet", lambda lesson: lesson.alexnet(towers=2)),
        ("VGG-16", "03_vgg", lambda lesson: lesson.vgg(16)),
        ("VGG-19", "03_vgg", lambda lesson: lesson.vgg(19)),
        ("GoogLeNet", "04_googlenet", lambda lesson: lesson.googlenet()),
        ("ResNet-50", "05_resnet_densenet", lambda lesson: lesson.resnet(50)),
        ("DenseNet-121", "05_resnet_densenet", lambda lesson: lesson.densenet()),
        ("U-Net", "06_unet", lambda lesson: lesson.unet()),
    ],
)
def test_history_agrees_with_the_lessons(name, lesson, constructor):
    (net,) = [net for net in published.NETS if net.name == name]
    total = costs.total(build(lesson, constructor))
    assert (net.parameters, net.multiply_adds) == (total.trainable, total.multiply_adds)


def test_history_is_in_the_order_of_its_years_and_has_sources():
    years = [net.year for net in published.NETS]
    assert years == sorted(years)
    assert all(str(net.year) in net.source for net in published.NETS)


def branched(merge):
    inputs = Input((8, 8, 4), name="input")
    stem = layers.Conv2D(4, 3, padding="same", name="stem_conv")(inputs)
    left = layers.Conv2D(4, 1, name="mix_left")(stem)
    right = layers.Conv2D(4, 1, name="mix_right2")(layers.Conv2D(4, 1, name="mix_right1")(stem))
    return inputs, stem, merge(name="mix_merge")([left, right])


def test_parallel_branches_are_seen():
    inputs, _, outputs = branched(layers.Concatenate)
    mix = describe(Model(inputs, outputs)).blocks[-1]
    assert (mix.branches, mix.weighted, mix.merge, mix.shortcut) == (2, 3, "concat", False)


def test_shortcut_within_a_block_is_seen():
    inputs = Input((8, 8, 4), name="input")
    x = layers.Conv2D(4, 3, padding="same", name="res_conv")(inputs)
    drawing = describe(Model(inputs, layers.Add(name="res_add")([x, inputs])))
    assert (drawing.blocks[-1].shortcut, drawing.blocks[-1].merge) == (True, "+")
    assert drawing.skips == []


def test_connection_that_skips_blocks_is_seen():
    inputs, stem, x = branched(layers.Add)
    x = layers.Conv2D(4, 1, name="top_conv")(x)
    x = layers.Concatenate(name="end_concat")([x, stem])
    drawing = describe(Model(inputs, x))
    assert [block.name for block in drawing.blocks] == ["input", "stem", "mix", "top", "end"]
    assert drawing.skips == [(1, 4)]


def test_a_sum_without_a_layer_does_not_break_the_links():
    inputs, stem, x = branched(layers.Add)
    outputs = layers.Conv2D(1, 1, name="end_conv")(x + stem)
    assert describe(Model(inputs, outputs)).skips == [(1, 3)]


def test_pooling_at_the_end_of_a_block_is_told_apart():
    inputs = Input((8, 8, 4), name="input")
    x = layers.Conv2D(6, 3, padding="same", name="block_conv")(inputs)
    block = describe(Model(inputs, layers.MaxPooling2D(2, name="block_pool")(x))).blocks[-1]
    assert (block.shape, block.pooled) == ((8, 8, 6), (4, 4, 6))


def test_figures_are_drawn():
    inputs, _, outputs = branched(layers.Concatenate)
    model = Model(inputs, outputs, name="Branched")
    ax = plotting.plot_architecture(model)
    assert any("Branched" in ax.get_title(loc=loc) for loc in ("left", "center"))
    assert len(plotting.plot_costs(model, title="Costs").axes) == 2
    assert len(plotting.plot_history(published.NETS).axes) == 4


def test_skips_pooling_and_crowds_are_drawn():
    x = inputs = Input((32, 32, 3), name="input")
    first = None
    for i in range(14):
        x = layers.Conv2D(4, 3, padding="same", name=f"b{i}_conv")(x)
        first = x if first is None else first
    x = layers.Add(name="sum_add")([x, first])
    x = layers.Conv2D(4, 3, padding="same", name="end_conv")(x)
    ax = plotting.plot_architecture(Model(inputs, layers.MaxPooling2D(2, name="end_pool")(x)))
    texts = {text.get_text(): text.get_rotation() for text in ax.texts}
    assert texts["+"] == 0 and texts["end  16×16×4"] == 90
    assert any(patch.get_width() == pytest.approx(0.1) for patch in ax.patches), "the pooling"


def normed(x, filters, kernel, name):
    x = layers.Conv2D(filters, kernel, padding="same", name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def test_graph_of_an_inception_module_has_its_branches_side_by_side():
    inputs = Input((8, 8, 4), name="input")
    three = normed(normed(inputs, 2, 1, "thin"), 6, 3, "three")
    pool = layers.MaxPooling2D(3, 1, padding="same", name="pool")(inputs)
    joined = layers.Concatenate(name="join")([normed(inputs, 5, 1, "one"), three, pool])
    boxes = {box.words[0]: box for box in boxes_of(Model(inputs, joined))}
    levels = [boxes[word].level for word in ("input", "1×1 conv", "3×3 conv", "concat")]
    assert levels == [0, 1, 2, 3]
    assert boxes["3×3 conv"].words == ["3×3 conv", "batch norm", "ReLU", "8×8×6"]
    assert boxes["3×3 max pool"].kind == "pooling" and boxes["input"].kind == "input"
    assert len(boxes["concat"].sources) == 3
    level1 = [box.row for box in boxes_of(Model(inputs, joined)) if box.level == 1]
    assert sorted(level1) == [-1, 0, 1]


def test_graph_keeps_apart_what_another_layer_also_takes():
    inputs = Input((8, 8, 4), name="input")
    x = layers.BatchNormalization(name="bn")(layers.Conv2D(4, 1, name="conv")(inputs))
    model = Model(inputs, layers.Add(name="sum")([layers.ReLU(name="relu")(x), x]))
    assert [box.words[0] for box in boxes_of(model)] == ["input", "1×1 conv", "ReLU", "+"]
    assert boxes_of(model)[-1].sources == [1, 2]


def test_graph_says_stride_and_the_layer_s_own_activation():
    inputs = Input((8, 8, 4), name="input")
    x = layers.Conv2D(4, 3, 2, activation="relu", name="conv")(inputs)
    x = layers.Dense(2, activation="tanh", name="dense")(layers.Flatten(name="flat")(x))
    words = [box.words for box in boxes_of(Model(inputs, x))]
    assert words == [
        ["input", "8×8×4"],
        ["3×3 conv / 2", "ReLU", "flatten", "36"],
        ["dense", "tanh", "2"],
    ]


def test_an_arrow_to_a_far_box_keeps_its_row_where_nothing_is_in_its_way():
    inputs = Input((8, 8, 4), name="input")
    x = layers.Activation("tanh", name="bend")(inputs)
    x = normed(layers.Conv2D(4, 1, name="conv")(x), 4, 3, "long")
    aside = layers.MaxPooling2D(3, 1, padding="same", name="pool")(inputs)
    boxes = boxes_of(Model(inputs, layers.Concatenate(name="join")([x, aside])))
    assert ["tanh", "1×1 conv", "8×8×4"] in [box.words for box in boxes]
    (pool,) = [i for i, box in enumerate(boxes) if "max pool" in box.words[0]]
    rows = [row for _, row in path(boxes, pool, boxes[-1])]
    assert rows == [boxes[pool].row] * 2 + [boxes[-1].row]


def test_graph_of_a_deep_net_is_refused():
    x = inputs = Input((8, 8, 4), name="input")
    for i in range(8):
        x = layers.Conv2D(4, 1, name=f"conv{i}")(x)
    with pytest.raises(ValueError, match=r"has 9 steps.* plot_architecture"):
        plotting.plot_graph(Model(inputs, x, name="Deep"))
