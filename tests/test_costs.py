"""Counts of small nets, by hand, and of published ones."""

import pytest
from keras import Input, Model, Sequential, applications, layers

from course_utils import costs, networks, tables


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "multiply_adds"),
    [
        (layers.Conv2D(4, 3, padding="same"), (8, 8, 6), 4 * 3 * 3 * 6 + 4, 64 * 4 * 54),
        (layers.Conv2D(4, 3, strides=2), (9, 9, 6), 4 * 54 + 4, 16 * 4 * 54),
        (layers.Conv2D(4, 3, groups=2), (5, 5, 6), 4 * 27 + 4, 9 * 4 * 27),
        (layers.DepthwiseConv2D(3), (5, 5, 6), 6 * 9 + 6, 9 * 6 * 9),
        (layers.SeparableConv2D(4, 3), (5, 5, 6), 6 * 9 + 6 * 4 + 4, 9 * (54 + 24)),
        (layers.Conv2DTranspose(4, 2, strides=2), (5, 5, 6), 4 * 4 * 6 + 4, 25 * 96),
        (layers.Dense(4), (6,), 6 * 4 + 4, 24),
        (layers.Dense(4), (5, 6), 6 * 4 + 4, 5 * 24),
        (layers.MaxPooling2D(2), (8, 8, 6), 0, 0),
    ],
)
def test_one_layer_is_counted_as_by_hand(layer, shape, parameters, multiply_adds):
    _, cost = costs.count(Sequential([Input(shape), layer]))
    assert (cost.parameters, cost.multiply_adds) == (parameters, multiply_adds)


def test_statistics_of_batch_normalization_are_not_trained():
    _, cost = costs.count(Sequential([Input((4, 4, 3)), layers.BatchNormalization()]))
    assert (cost.trainable, cost.fixed) == (6, 6)


def test_the_state_of_a_random_generator_is_no_parameter():
    model = Sequential([Input((4, 4, 3)), layers.RandomFlip(), layers.Dropout(0.5)])
    assert costs.total(model).parameters == 0


def test_blocks_are_named_by_prefix_and_add_up():
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="block1_conv1"),
            layers.MaxPooling2D(2, name="block1_pool"),
            layers.Flatten(name="fc_flatten"),
            layers.Dense(3, name="fc"),
        ]
    )
    _, first, second = costs.blocks(model)
    assert (first.name, first.kind, first.shape) == ("block1", "Conv2D", (3, 3, 2))
    assert (second.name, second.kind, second.parameters) == ("fc", "Dense", 18 * 3 + 3)
    assert costs.total(model).parameters == model.count_params()


def test_a_nested_model_is_one_block():
    inner = Sequential([Input((4,)), layers.Dense(2)], name="inner")
    inputs = Input((4,), name="input")
    model = Model(inputs, inner(inputs))
    assert [cost.name for cost in costs.blocks(model)] == ["input", "inner"]


def test_densenet_has_both_published_totals():
    with networks.shapes_only():
        total = costs.total(applications.DenseNet121(weights=None))
    assert (total.trainable, total.parameters) == (7_978_856, 8_062_504)


def test_table_shows_totals_and_aligns_numbers_right():
    model = Sequential([Input((4,), name="in"), layers.Dense(1000, name="fc")])
    table = costs.table(model, caption="One layer")
    assert repr(table).splitlines() == [
        "One layer",
        "block  output shape  parameters  multiply-adds [M]",
        "--------------------------------------------------",
        "in                4           0              0.000",
        "fc             1000       5,000              0.004",
        "--------------------------------------------------",
        "total                     5,000              0.004",
    ]
    html = table._repr_html_()
    assert '<td style="text-align: right">5,000</td>' in html
    assert '<th style="text-align: left">total</th>' in html


def test_table_tells_what_is_not_trained_where_there_is_any():
    model = Sequential([Input((4,), name="in"), layers.BatchNormalization(name="bn")])
    names, *_, total = repr(costs.table(costs.count(model))).splitlines()
    assert "parameters  of these not trained  multiply-adds" in names
    assert total.split()[:3] == ["total", "16", "8"]


def test_no_heading_is_empty():
    table = tables.Table(["", "n"], [("x", 1), ("", 1)], ["", ""], total=True)
    html = table._repr_html_()
    assert html.count("<th") == 3  # "<thead>", and the two that have words
    assert '<td style="text-align: left"></td>' in html


def test_table_refuses_ragged_rows():
    with pytest.raises(ValueError, match="number of columns"):
        tables.Table(["a", "b"], [("x",)], ["", ""])


def test_table_escapes_markup():
    assert "&lt;b&gt;" in tables.Table(["<b>"], [("x",)], [""])._repr_html_()


@pytest.mark.parametrize(("n", "text"), [(850, "850"), (61_706, "61.7 k"), (3.9e9, "3.9 G")])
def test_quantity_has_three_digits_and_a_unit(n, text):
    assert costs.quantity(n) == text
