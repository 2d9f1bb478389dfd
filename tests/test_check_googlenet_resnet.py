"""What the lessons on GoogLeNet, ResNet and DenseNet say of right and wrong answers."""

import numpy as np
import pytest
from keras import Input, Model
from notebook_source import definitions

from course_utils import costs, networks
from course_utils.check import googlenet, resnet_densenet


def test_multiply_adds():
    assert googlenet.multiply_adds(lambda s, k, c, f: s**2 * k**2 * c * f).right
    for wrong in (
        lambda s, k, c, f: k**2 * c * f,  # the parameters
        lambda s, k, c, f: s**2 * k * c * f,
        lambda s, k, c, f: s**2 * k**2 * f,
    ):
        feedback = googlenet.multiply_adds(wrong)
        assert not feedback.right and "should give" in feedback.message
    assert "three dots" in googlenet.multiply_adds(lambda *_: ...).message


def test_multiply_adds_are_those_of_the_course():
    lesson = definitions("04_googlenet")
    with networks.shapes_only():
        digit = Input((28, 28, 192))
        net = Model(digit, lesson.conv(digit, 16, 5, name="conv"))
    counted = costs.total(net).multiply_adds
    assert counted == googlenet._multiply_adds(28, 5, 192, 16)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (..., "three dots"),
        (640, "reductions"),
        (416, "pooling"),
        (352, "stand-alone"),
        (192, "sum"),
        (256, "from 3a"),
        (1, "not it"),
        ("many", "no number"),
    ],
)
def test_channels_of_a_concatenation(answer, why):
    feedback = googlenet.concatenated_channels(answer)
    assert not feedback.right and why in feedback.message


def test_channels_are_those_of_the_lesson():
    lesson = definitions("04_googlenet")
    with networks.shapes_only():
        net = lesson.googlenet()
    assert googlenet.concatenated_channels(net.get_layer("3b_concat").output.shape[-1]).right


@pytest.mark.parametrize("widths", [(96, 32, 96, 16, 32, 32), [176, 16, 32, 16, 16, 32]])
def test_cheaper_modules(widths):
    assert googlenet.cheaper_module(widths).right


@pytest.mark.parametrize(
    ("widths", "why"),
    [
        (..., "three dots"),
        (5, "no list"),
        (("a",) * 6, "no list"),
        ((1, 2, 3), "six widths"),
        ((64, 0, 128, 16, 32, 32), "at least 1"),
        ((64, 96, 128, 16, 32, 16), "240 channels"),
        ((144, 32, 96, 16, 8, 8), "fewer than 16"),
        ((64, 96, 128, 16, 32, 32), "128.0 million"),  # 3a itself
    ],
)
def test_modules_that_are_not_cheaper(widths, why):
    feedback = googlenet.cheaper_module(widths)
    assert not feedback.right and why in feedback.message, feedback


def test_a_module_costs_what_the_lesson_counts():
    lesson = definitions("04_googlenet")
    widths = lesson.INCEPTION["3a"]
    with networks.shapes_only():
        before = Input((28, 28, 192))
        net = Model(before, lesson.inception(before, *widths, name="m"))
    assert costs.total(net).multiply_adds == googlenet._module(*widths)


def test_normalize():
    def right(x, scale, shift, epsilon):
        return scale * (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon) + shift

    assert resnet_densenet.normalize(right).right
    for wrong in (
        lambda x, scale, shift, eps: (x - x.mean()) / np.sqrt(x.var() + eps),
        lambda x, scale, shift, eps: scale * (x - x.mean()) / (x.var() + eps) + shift,
        lambda x, scale, shift, eps: scale * (x - x.mean()) / (x.std() + eps) + shift,
        lambda x, scale, shift, eps: x.mean(),
    ):
        feedback = resnet_densenet.normalize(wrong)
        assert not feedback.right and "should give" in feedback.message
    assert "three dots" in resnet_densenet.normalize(lambda *_: ...).message


def test_weights_of_the_blocks_are_those_of_the_lesson():
    lesson = definitions("05_resnet_densenet")
    with networks.shapes_only():
        maps = Input((8, 8, 256))
        blocks = [
            Model(maps, lesson.bottleneck(maps, 64, name="b")),
            Model(maps, lesson.basic(maps, 256, name="b")),
        ]
    kernels = [
        sum(cost.trainable for cost in costs.count(block) if cost.kind == "Conv2D")
        for block in blocks
    ]
    assert resnet_densenet.block_weights(*kernels).right


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((..., 1), "three dots"),
        ((69_632, ...), "three dots"),
        ((36_864, 1_179_648), "two 1×1"),
        ((53_248, 1_179_648), "goes up again"),
        ((1, 1_179_648), "Bottleneck block: 1 is not it"),
        ((69_632, 589_824), "two convolutions"),
        ((69_632, 73_728), "256 channels all the way"),
        ((69_632, 2), "Basic block: 2 is not it"),
    ],
)
def test_wrong_weights_of_blocks(answers, why):
    feedback = resnet_densenet.block_weights(*answers)
    assert not feedback.right and why in feedback.message


@pytest.mark.parametrize("answer", [(12, 16), (8, 24), (16, 12)])
def test_dense_blocks_that_pass(answer):
    assert resnet_densenet.dense_block(*answer).right


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((..., 32), "three dots"),
        ((6.0, 32), "whole numbers"),
        ((0, 32), "whole numbers"),
        ((5, 32), "224 channels"),
        ((6, 32), "331,776 weights"),
    ],
)
def test_dense_blocks_that_do_not_pass(answer, why):
    feedback = resnet_densenet.dense_block(*answer)
    assert not feedback.right and why in feedback.message


def test_weights_of_a_dense_block_are_those_of_the_lesson():
    lesson = definitions("05_resnet_densenet")
    with networks.shapes_only():
        x = maps = Input((8, 8, 64))
        for i in range(12):
            x = lesson.dense_layer(x, 16, name=f"{i}")
        net = Model(maps, x)
    kernels = sum(cost.trainable for cost in costs.count(net) if cost.kind == "Conv2D")
    assert f"{kernels:,} weights" in resnet_densenet.dense_block(12, 16).message
    assert x.shape[-1] == 256
