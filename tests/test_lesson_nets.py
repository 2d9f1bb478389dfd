"""Every net that a lesson builds can be built on every Keras: all its inputs are used.

Keras 3.13 refuses a model with an input that leads to no output; later ones build it.
"""

import ast

import numpy as np
import pytest
from keras import Input, Model, layers
from notebook_source import definitions

from course_utils import networks
from course_utils.command.lessons import find_lessons, source_of

MAPS = [np.empty((1, *shape)) for shape in ((4, 4, 512), (8, 8, 512), (16, 16, 256))]

# The functions of each lesson that turn inputs into a model, and how to call them.
NETS = {
    "04_googlenet": {
        "googlenet": lambda lesson: [lesson.googlenet()],
        "module_costs": lambda lesson: [
            lesson.small_net(build, (4, 2, 4, 2, 4, 4))
            for build in (lesson.inception, lesson.without_bottlenecks)
        ],
        "small_net": lambda lesson: [
            lesson.small_net(lesson.inception, (16, 24, 32, 4, 8, 8)),
        ],
    },
    "05_resnet_densenet": {
        "resnet": lambda lesson: [lesson.resnet(50)],
        "stack": lambda lesson: [lesson.stack(8)],
        "densenet": lambda lesson: [lesson.densenet()],
        "dense_stack": lambda lesson: [lesson.dense_stack(4, 8)],
    },
    "06_unet": {
        "fcn8": lambda lesson: [lesson.fcn8()],
        "unet": lambda lesson: [lesson.unet()],
        "wide_up": lambda lesson: [
            given(lesson.wide_up, down_fit=MAPS)(join) for join in ("concat", "sum", "none")
        ],
        "scores_up": lambda lesson: [given(lesson.scores_up, down_fit=MAPS)()],
    },
    "10_fine_tuning": {"build": lambda lesson: given(lesson.build, CLASSES=5)(64)[:1]},
}


def given(function, **names):
    """The function, with names that the lesson's cells would have set before."""
    function.__globals__.update(names)
    return function


def unused_inputs(model) -> set[str]:
    found, ahead = set(), list(model.output_names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += networks.producers(model.get_layer(name))
    inputs = {layer.name for layer in model.layers if isinstance(layer, layers.InputLayer)}
    return inputs - found


@pytest.mark.parametrize(
    ("lesson", "name"), [(lesson, name) for lesson, nets in NETS.items() for name in nets]
)
def test_all_inputs_are_used(lesson, name):
    with networks.shapes_only():
        nets = NETS[lesson][name](definitions(lesson))
    assert [unused_inputs(net) for net in nets] == [set()] * len(nets)


@pytest.mark.parametrize("path", find_lessons(), ids=lambda path: path.stem)
def test_every_function_that_builds_a_net_is_tested(path):
    tree = ast.parse(source_of(path).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    builders = {f.name for f in functions if {"Input", "Model"} <= called(f)}
    assert builders == set(NETS.get(path.stem, ()))


def called(node) -> set[str]:
    """Last names of what is called: ``Model(…)`` and ``keras.Model(…)`` alike."""
    calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls}


def test_an_unused_input_is_found():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    try:
        model = Model([a, b], layers.Dense(1)(a))
    except ValueError:
        return  # as Keras 3.13 does
    assert unused_inputs(model) == {"b"}
