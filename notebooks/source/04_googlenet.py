# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,-all
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 04 · GoogLeNet
#
# **How can a net grow wider without growing dearer?**
#
# 50 minutes to teach, half a minute to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/04_googlenet.ipynb)
#
# - **What you do:** build an inception module and GoogLeNet from nine of them, count what its 1×1
#   convolutions save, and test whether the saving costs accuracy.
# - **What you learn:** 1×1 convolution, branches merged by concatenation, bottleneck, global average
#   pooling, auxiliary heads.
# - **What you need:** lessons [01](01_lenet.ipynb) (convolution, padding, multiply-adds) and
#   [03](03_vgg.ipynb) (VGG).

# %% slideshow={"slide_type": "skip"}
# In Colab this fetches the course; elsewhere it is installed already and nothing is fetched.
import pathlib
import sys

if "google.colab" in sys.modules:
    course = pathlib.Path.home() / "course"
    url = "https://github.com/course-owner/cnn-transfer-learning-course.git"
    # !test -d {course} || (timeout 30 git ls-remote --quiet {url} HEAD > /dev/null && git -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=30 clone --quiet --depth 1 {url} {course})
    if not course.is_dir():
        raise ConnectionError(
            "The course was not fetched. Try this cell again where there is a network."
        )
    sys.path.insert(0, str(course))

from course_utils import runtime

runtime.setup(seed=0)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which kernel is the right one?
#
# VGG asks one question of each spot of a picture: what is in this 3×3 window? But a dog may fill the
# photograph or sit in its corner, and an eye is smaller than a head. Should the kernel be 1×1, 3×3
# or 5×5?
#
# Szegedy et al. (2014) do not choose. GoogLeNet asks with all sizes at once, in *multiple branches*
# side by side, and lets the next layer pick. With 22 layers it won the challenge of 2014 (6.7 %
# top-5 error, seven nets and many crops together), with a twentieth of VGG-16's parameters. How?

# %% slideshow={"slide_type": "fragment"}
from course_utils import plotting, published

NAMES = ("AlexNet", "VGG-16", "GoogLeNet")
plotting.plot_history(
    [net for net in published.NETS if net.name in NAMES],
    title="Deeper than VGG, with fewer parameters than AlexNet",
)
plotting.show(
    "Layers, parameters, multiply-adds and top-5 error: "
    + "; ".join(
        f"{net.name} {net.depth} layers, {net.parameters / 1e6:.0f} M parameters, "
        f"{net.multiply_adds / 1e9:.1f} G multiply-adds, {net.top5_error:g} %"
        for net in published.NETS
        if net.name in NAMES
    )
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The 1×1 convolution
#
# A kernel of 1×1 sees a single place, so it finds no edge and no stroke. But a place has many
# channels, and the kernel is as deep as they are: it *mixes channels*. With fewer kernels than
# channels it makes the map thinner and keeps its size.
#
# It is a small dense network, the same at each place: Lin et al. (2013) called it
# *Network in Network*. Here are a map of 4×4 places with 6 channels and two kernels, in Keras and by
# hand:

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
import keras
import numpy as np
from keras import Input, layers

runtime.one_thread()  # the small nets below lose time when their layers are shared among cores
thin = layers.Conv2D(filters=2, kernel_size=1, use_bias=False)
places = np.random.default_rng(0).normal(size=(1, 4, 4, 6)).astype("float32")
by_keras = np.asarray(thin(places))
by_hand = places @ thin.get_weights()[0][0, 0]  # at each place: 6 numbers times a 6×2 matrix
print("in:", places.shape, "out:", by_keras.shape)
print(f"largest difference: {np.abs(by_keras - by_hand).max():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: what does a convolution cost?
#
# A kernel is laid on each place of the map that it makes (`size` by `size` of them), and multiplies
# each number under it once; there are `filters` kernels. How many multiply-adds are that? One line.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import googlenet as check


def multiply_adds(size, kernel, channels, filters):
    return ...  # your line


check.multiply_adds(multiply_adds)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def multiply_adds(size, kernel, channels, filters):
#     return size**2 * kernel**2 * channels * filters
#
#
# check.multiply_adds(multiply_adds)
# ```
#
# Each of `size**2` places takes `kernel**2 * channels` products for each of the kernels. The two
# squares are why a 5×5 is 25 times as dear as a 1×1.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The inception module
#
# Four branches look at the same input, and a *concatenation* puts their channels side by side:
#
# - **1×1** alone;
# - **3×3**, behind a 1×1 that thins its input out;
# - **5×5**, behind another such 1×1;
# - **pooling**, the maximum of 3×3 places at stride 1, then a 1×1.
#
# The 1×1 before an expensive kernel is the *bottleneck*: "reduce dim by 1×1 before expensive 3×3/5×5
# conv", says the lecture.


# %% slideshow={"slide_type": "fragment"}
def conv(x, filters, kernel, strides=1, *, name):
    """Convolution with ReLU; the map keeps its size but for the strides."""
    return layers.Conv2D(filters, kernel, strides, padding="same", activation="relu", name=name)(x)


def inception(x, n1, reduce3, n3, reduce5, n5, n_pool, *, name):
    """Four views of the same input, merged by concatenation."""
    one = conv(x, n1, 1, name=f"{name}_1x1")
    three = conv(x, reduce3, 1, name=f"{name}_3x3_reduce")
    three = conv(three, n3, 3, name=f"{name}_3x3")
    five = conv(x, reduce5, 1, name=f"{name}_5x5_reduce")
    five = conv(five, n5, 5, name=f"{name}_5x5")
    pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_branch_pool")(x)
    pool = conv(pool, n_pool, 1, name=f"{name}_pool_project")
    return layers.Concatenate(name=f"{name}_concat")([one, three, five, pool])


inputs = Input((28, 28, 192), name="input")
module_3a = keras.Model(inputs, inception(inputs, 64, 96, 128, 16, 32, 32, name="3a"))

# %% slideshow={"slide_type": "subslide"}
plotting.plot_graph(module_3a, title="GoogLeNet's first inception module, drawn from the model")
plotting.show(
    "The input of 28×28×192 goes into four branches: 1×1 to 3×3, 1×1 to 5×5, pooling to 1×1, and a "
    "stand-alone 1×1. Their 128, 32, 32 and 64 channels are concatenated to 256."
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the branch that has one box only. The lecture lists it as "Shortcuts: stand-alone 1×1,
# merged by concat": what it passes on goes *past* the 3×3 and the 5×5, each place by itself, with its
# channels mixed anew. It is no identity, as ResNet's shortcut will be. Because the merge is a concatenation
# and not a sum, the branches are kept apart: the next layer can still tell which branch said what. Lesson [05](05_resnet_densenet.ipynb) makes the shortcut its subject.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: change and predict
#
# The next module, 3b, has `n1, reduce3, n3, reduce5, n5, n_pool = 128, 128, 192, 32, 96, 64` in the
# paper. How many channels does it hand on? Write the number first; then draw 3b as 3a was drawn.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
channels_of_3b = ...

check.concatenated_channels(channels_of_3b)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# channels_of_3b = 128 + 192 + 96 + 64
#
# check.concatenated_channels(channels_of_3b)
# ```
#
# A concatenation has the channels of its branches' *last* layers. The two reductions are inside: they
# save work and do not show in the output.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## GoogLeNet: nine modules (2014)
#
# A stem makes the picture small (convolutions of 7×7, 1×1 and 3×3, and pooling), nine modules follow,
# and one dense layer decides. Between them stands *global average pooling*, also from Network in
# Network: each map becomes one number, its mean. Guess what that does to the parameters: VGG-16
# hands 25,088 numbers to its first dense layer, GoogLeNet 1,024 to its only one.

# %% slideshow={"slide_type": "fragment"}
# Table 1 of the paper: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet():
    def pool(x, name):
        return layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)

    image = Input((224, 224, 3), name="input")
    x = pool(conv(image, 64, 7, 2, name="1_conv"), "1")
    x = conv(x, 64, 1, name="2_reduce")
    x = pool(conv(x, 192, 3, name="2_conv"), "2")
    for name, widths in INCEPTION.items():
        x = inception(x, *widths, name=name)
        if name in ("3b", "4e"):
            x = pool(x, name)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(0.4, name="average_dropout")(x)
    return keras.Model(image, layers.Dense(1000, name="dense")(x), name="GoogLeNet")


# %% slideshow={"slide_type": "subslide"}
from course_utils import costs, networks

with networks.shapes_only():  # to count and draw; to train it, build it outside of this
    net = googlenet()
costs.table(net, caption="GoogLeNet")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The total, 6,998,552, follows from the widths of Table 1 and a bias for each kernel. (torchvision's
# GoogLeNet differs: it adds batch normalization, which came in 2015 (lesson 05), and has 3×3 kernels where
# the paper says 5×5. Its source calls that a known bug.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Drawn from the model: where do the maps shrink, and what grows in exchange? White lines part the
# branches; the number counts a block's layers with weights.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(net)
plotting.show(
    "GoogLeNet drawn block by block: a stem, then inception modules of four branches each on ever "
    "smaller maps, global average pooling and a single dense layer."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Auxiliary heads
#
# The authors feared that too little gradient would reach the first of 22 layers. So they let two
# more classifiers read the middle of the net, behind 4a and 4d: while training, their losses are
# added with a weight of 0.3; afterwards they are thrown away. How large are they?


# %% slideshow={"slide_type": "fragment"}
def auxiliary_head(x, *, name):
    """A classifier on the middle of the net (Szegedy et al. 2014, section 5)."""
    x = layers.AveragePooling2D(5, 3, name=f"{name}_average")(x)
    x = layers.Flatten(name=f"{name}_flat")(conv(x, 128, 1, name=f"{name}_1x1"))
    x = layers.Dense(1024, activation="relu", name=f"{name}_dense")(x)
    return layers.Dense(1000, name=f"{name}_logits")(layers.Dropout(0.7, name=f"{name}_drop")(x))


with networks.shapes_only():
    trunk = googlenet()
    heads = [
        auxiliary_head(trunk.get_layer(f"{module}_concat").output, name=f"after{module}")
        for module in ("4a", "4d")
    ]
    to_train = keras.Model(trunk.inputs, [*heads, trunk.output], name="GoogLeNet")
more = costs.total(to_train).parameters - costs.total(net).parameters
print(f"while training: {more:,} parameters more than the {costs.total(net).parameters:,} kept")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A year later the first author found that they did little for the early layers. Nets with and without them
# learned at the same pace until near the end of training, where the one with them was a little better
# (Szegedy et al. 2015, section 4). (They read the heads as a regularizer: the main classifier does better
# where the head is normalized or has dropout.) Batch normalization and shortcuts, both in lesson
# [05](05_resnet_densenet.ipynb), came to be used instead.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 07: do 1×1 bottlenecks make the branches affordable?
#
# Take each module of Table 1 on its own, with the input that it has in the net. Then leave its two
# bottlenecks out, so that the 3×3 and the 5×5 see all channels. The output keeps its shape. Guess
# what it costs now: 1.5 times as much, or 3, or 10?


# %% slideshow={"slide_type": "fragment"}
def without_bottlenecks(x, n1, reduce3, n3, reduce5, n5, n_pool, *, name):
    """An inception module whose large kernels see all channels."""
    pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_branch_pool")(x)
    branches = [
        conv(x, n1, 1, name=f"{name}_1x1"),
        conv(x, n3, 3, name=f"{name}_3x3"),
        conv(x, n5, 5, name=f"{name}_5x5"),
        conv(pool, n_pool, 1, name=f"{name}_pool_project"),
    ]
    return layers.Concatenate(name=f"{name}_concat")(branches)


def module_costs(build):
    """Cost of each inception module built so, on the input that it has in GoogLeNet."""
    found = {}
    with networks.shapes_only():
        for name, widths in INCEPTION.items():
            before = Input(net.get_layer(f"{name}_branch_pool").input.shape[1:])
            found[name] = costs.total(keras.Model(before, build(before, *widths, name=name)))
    return found


with_1x1, without = module_costs(inception), module_costs(without_bottlenecks)

# %% slideshow={"slide_type": "subslide"}
from course_utils.tables import Table

PAPER_OPERATIONS = (128, 304, 73, 88, 100, 119, 170, 54, 71)  # [M], Szegedy et al. 2014, Table 1

work = {name: [c[name].multiply_adds / 1e6 for c in (with_1x1, without)] for name in INCEPTION}
ratio = {name: dear / cheap for name, (cheap, dear) in work.items()}
Table(
    ["module", "paper [M]", "with 1×1 [M]", "without [M]", "ratio"],
    [
        (name, said, *work[name], ratio[name])
        for name, said in zip(INCEPTION, PAPER_OPERATIONS, strict=True)
    ],
    ["", "d", ".1f", ".1f", ".1f"],
    caption="Multiply-adds of each inception module",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The paper's own column is there to check ours against. They agree to a million, but for 5a, whose
# entry does not follow from its own row. (Our whole net has 1.58 G multiply-adds where the paper says
# 1.5: its Table 1 gives the first layer 2.7 K parameters and 34 M operations, as many as a 7×1 and a 1×7
# kernel over three channels would need; the paper does not say so. A whole 7×7, as in its figure 3, has
# 118 M.)

# %% slideshow={"slide_type": "subslide"}
import matplotlib.pyplot as plt

ax = plt.figure().add_subplot()
for i, (label, colour) in enumerate((("with 1×1 bottlenecks", "blue"), ("without", "vermilion"))):
    heights = [work[name][i] for name in INCEPTION]
    beside = np.arange(len(INCEPTION)) + 0.4 * i - 0.2
    ax.bar(beside, heights, 0.4, color=plotting.COLOURS[colour], label=label)
ax.set_xticks(range(len(INCEPTION)), INCEPTION)
ax.set(
    xlabel="inception module",
    ylabel="multiply-adds [M]",
    title="What does a module cost with 1×1 bottlenecks, and without?",
)
ax.legend()
plotting.show(
    "Bars of the multiply-adds of each inception module, with and without 1×1 bottlenecks. Without, "
    f"a module costs {min(ratio.values()):.1f} to {max(ratio.values()):.1f} times as much."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: a module of your own
#
# Choose the six widths for a module on 28×28×192 that, like 3a, hands on 256 channels, with at
# least 16 from each branch, but needs at most *half* of 3a's 128 million multiply-adds. There are many
# answers. Where is most to be saved?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
my_widths = ...  # n1, reduce3, n3, reduce5, n5, n_pool

check.cheaper_module(my_widths)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_widths = (96, 32, 96, 16, 32, 32)
#
# check.cheaper_module(my_widths)
# ```
#
# The 3×3 behind 96 channels takes two thirds of 3a's work. A thinner bottleneck (32) in front of it
# saves most; what that costs in accuracy has to be tried.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Is the saving paid for with accuracy?
#
# A bottleneck throws channels away, so cheapness alone is no praise. The question is what one gets for the
# *same* work: few channels, made by kernels that see everything, or many channels, made by kernels that see
# a summary? (A bottleneck also adds a layer and its ReLU. We count that as part of it.)
#
# We ask small nets: 8×8 digits, one convolution of 48 channels, one inception module, global average
# pooling, ten logits. The module has 64 channels with bottlenecks; without, it can afford 29. The rule: with
# bottlenecks the net may read at most one point fewer, with the whole interval.


# %% slideshow={"slide_type": "fragment"}
def small_net(build, widths):
    digit = Input((8, 8, 1), name="input")
    x = layers.Conv2D(48, 3, activation="relu", name="stem")(digit)  # 6×6 places
    x = layers.GlobalAveragePooling2D(name="average")(build(x, *widths, name="module"))
    return keras.Model(digit, layers.Dense(10, name="dense")(x))


NETS = {
    "with 1×1 bottlenecks": small_net(inception, (16, 24, 32, 4, 8, 8)),
    # The same six widths; without bottlenecks the two reductions are not used.
    "without": small_net(without_bottlenecks, (8, None, 14, None, 3, 4)),
}
small_work = [costs.total(small).multiply_adds for small in NETS.values()]
Table(
    ["small net", "channels", "parameters", "multiply-adds"],
    [
        (
            name,
            small.get_layer("module_concat").output.shape[-1],
            costs.total(small).parameters,
            costs.total(small).multiply_adds,
        )
        for name, small in NETS.items()
    ],
    ["", "d", ",d", ",d"],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each net learns from 400 digits. Its learning rate is the one with the fewest mistakes on 600 others, the
# *validation* digits; if that is the smallest or the largest rate, a further one is tried. The 797 test
# digits are kept for later.

# %% slideshow={"slide_type": "fragment"}
from sklearn.datasets import load_digits

from course_utils import experiments, training

digits, labels = load_digits(return_X_y=True)
digits = (digits.reshape(-1, 8, 8, 1) / 8 - 1).astype("float32")  # pixels from -1 to 1
TRAIN, VALIDATE, TEST = slice(0, 400), slice(400, 1000), slice(1000, None)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def trained(small, rate, asked):
    """A net trained from a new start: which of the digits asked it reads; its training loss."""
    training.restart(small, learning_rate=rate)
    fit = training.fit(small, digits[TRAIN], labels[TRAIN], epochs=40, batch_size=50)
    answers = small.predict_on_batch(digits[asked]).argmax(axis=1)
    return {"right": answers == labels[asked], "loss": fit["loss"][-1]}


def error(small, rate):
    return 100 * (1 - trained(small, rate, VALIDATE)["right"].mean())


FIRST_TRIED = {"with 1×1 bottlenecks": (1e-2, 3e-2, 1e-1), "without": (3e-3, 1e-2, 3e-2)}
found = {}
for name, small in NETS.items():
    small.compile(keras.optimizers.Adam(), CROSS_ENTROPY)
    found[name] = experiments.search(
        lambda rate, small=small: error(small, rate), FIRST_TRIED[name], (0, 1), label=name
    )

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.1"]
colours = dict(zip(NETS, (plotting.COLOURS["blue"], plotting.COLOURS["vermilion"]), strict=True))
ax = plotting.plot_search(found, colours=colours)
ax.set(
    yscale="log",
    ylabel="validation error [%]",
    title="Which rate suits each? (line: mean of two starts, band: both)",
)
ax.minorticks_off()
ax.set_yticks([10, 20, 40, 80], [10, 20, 40, 80])
own_rates = ", ".join(f"{name} {search.best:g}" for name, search in found.items())
plotting.show(
    f"Validation error by learning rate, with bottlenecks and without. Best: {own_rates}."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the test digits, once. Each net from six new starts; the two are compared digit by digit.
# Before you look: which one reads more, and by how much? (The training loss is printed too: both should
# have learned their 400 digits by heart. Stopping by the validation loss, as in lesson 03, would be the
# stricter way: does it change the order?)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.015"]
from course_utils import intervals

tested = {
    name: experiments.repeat(
        lambda _, s=small, r=found[name].best: trained(s, r, TEST), range(2, 8), label=name
    )
    for name, small in NETS.items()
}
print(
    "training loss at the end:", {name: f"{run['loss'].mean():.3f}" for name, run in tested.items()}
)
right = {name: run["right"].mean(axis=0) for name, run in tested.items()}  # share of starts
scores = {name: intervals.bootstrap(np.mean, 100 * share) for name, share in right.items()}
gain = intervals.bootstrap(np.mean, 100 * (right["with 1×1 bottlenecks"] - right["without"]))
ax = plotting.plot_estimates(scores, colours=colours, spec=".1f")
ax.set(
    xlabel="test digits read [%], mean of six starts and 95 % interval of the digits",
    title=f"The same work, with bottlenecks or without: {gain:.1f} points apart",
)
plotting.show(f"Test digits read for equal work: {intervals.listed(scores, '.1f', ' %')}.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Do the validation curves agree? Compare their lowest points. They come from other digits, by other
# writers, and from two runs only. The interval above says how much the result depends on which digits were
# drawn; it says nothing of other writers.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.015"]
from course_utils import claims

equal_work = abs(small_work[0] / small_work[1] - 1) < 0.01
all_with, all_without = (costs.total([*built.values()]) for built in (with_1x1, without))
claims.verdict(
    7,
    f"without 1×1 bottlenecks the nine modules cost {all_without.multiply_adds / all_with.multiply_adds:.1f}× "
    f"the multiply-adds ({min(ratio.values()):.1f}× to {max(ratio.values()):.1f}×) and "
    f"{all_without.parameters / all_with.parameters:.1f}× the parameters; of two small nets of equal work "
    f"({small_work[0]:,} and {small_work[1]:,}) the one with bottlenecks reads {gain:.1f} points "
    "more of 797 digits (6 starts)",
    each_saves=min(ratio.values()) > 1,
    half_the_work=all_without.multiply_adds > 2 * all_with.multiply_adds,
    at_least_as_accurate=equal_work and claims.above(gain, -1),
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What came after
#
# | net | year | what is new | ImageNet top-5 error, many nets and crops |
# | :-- | :-- | :-- | --: |
# | GoogLeNet, "Inception-v1" | 2014 | branches, bottlenecks | 6.7 % |
# | BN-Inception | 2015 | batch normalization; two 3×3 in place of the 5×5 | 4.8 % |
# | Inception-v3 (v2 on the way) | 2015 | n×1 and 1×n kernels, smoothed labels | 3.6 % |
# | Inception-v4, Inception-ResNet | 2016 | one plan for all modules; shortcuts that add | 3.1 % |
# | Xception | 2016 | a branch for every channel: separable convolutions | not entered |

# %% [markdown] slideshow={"slide_type": "skip"}
# The two 3×3 are VGG's (lesson 03); the shortcuts that add are ResNet's, and our next subject. Keras
# has Inception-v3, Inception-ResNet-v2 and Xception in `keras.applications`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A 1×1 convolution mixes the channels of one place. In front of a large kernel it is a *bottleneck*.
# - An inception module looks at one input with several kernels and *concatenates* what they find. Its
#   stand-alone 1×1 is a shortcut past the large kernels.
# - Global average pooling replaces the large dense layers.
# - Auxiliary heads give their gradient to the middle of a deep net while it is trained.
# - A saving is judged at equal cost: count first, then train both.
#
# Next: [05 · ResNet and DenseNet](05_resnet_densenet.ipynb). What does a shortcut do?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["quiz"]
# **Question 1.** A map of 14×14 with 512 channels goes through a convolution of 1×1 with 24 kernels.
# What comes out?
#
# <details><summary>A. 14×14 with 24 channels.</summary>
#
# Right. A 1×1 kernel sees one place in all 512 channels, and each of the 24 makes one map.
#
# </details>
#
# <details><summary>B. 14×14 with 512 channels.</summary>
#
# Wrong. The number of kernels, not of input channels, is the number of maps that come out.
#
# </details>
#
# <details><summary>C. 1×1 with 24 channels.</summary>
#
# Wrong. The kernel is of 1×1, not the map: it is laid on each of the 14×14 places.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** Why does a bottleneck before the 5×5 save so much, though it is a layer more?
#
# <details><summary>A. A 1×1 convolution has no parameters.</summary>
#
# Wrong. It has one for each pair of input and output channel, and a bias for each kernel.
#
# </details>
#
# <details><summary>B. The 5×5 then runs on a smaller map.</summary>
#
# Wrong. The map keeps its height and width; it is its channels that become fewer.
#
# </details>
#
# <details><summary>C. The 5×5 pays 25 products for each channel it sees, the 1×1 a single one.</summary>
#
# Right. Cutting 192 channels to 16 costs one product a channel and saves 25 for each of 176 of them.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** Why does the pooling branch have its 1×1 *behind* the pooling?
#
# <details><summary>A. Pooling keeps the channels, all of which would else join the concatenation.</summary>
#
# Right. Without it, each module would hand on all the channels it got, and those of the other branches as
# well.
#
# </details>
#
# <details><summary>B. Pooling needs weights, which the 1×1 brings.</summary>
#
# Wrong. Taking a maximum needs no weights, in this net or any other.
#
# </details>
#
# <details><summary>C. Pooling halves the map, and the 1×1 enlarges it again.</summary>
#
# Wrong. At stride 1 with padding the map keeps its size, or it could not be concatenated.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** What do the two auxiliary heads of GoogLeNet do when a photograph is classified?
#
# <details><summary>A. They vote together with the last layer.</summary>
#
# Wrong. Their answers are not used; only their losses were, and only in training.
#
# </details>
#
# <details><summary>B. Nothing: they were removed after training.</summary>
#
# Right. They were there to send gradient into the middle of the net, which ends with training.
#
# </details>
#
# <details><summary>C. They answer early, to save time on easy photographs.</summary>
#
# Wrong. Such nets exist, but GoogLeNet always runs to its end.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** Why were the two small nets above compared at equal multiply-adds, and not at equal
# widths?
#
# <details><summary>A. Nets of equal width cannot be trained at the same rate.</summary>
#
# Wrong. Each had its own rate anyway, chosen on validation digits.
#
# </details>
#
# <details><summary>B. Equal widths would give the dearer net more work, so more chances to win.</summary>
#
# Right. What is claimed is a better use of the same means, so the means must be the same.
#
# </details>
#
# <details><summary>C. Because the test digits are too few for anything else.</summary>
#
# Wrong. The number of test digits decides how wide the interval is, not what is fair.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - M. Lin, Q. Chen, S. Yan (2013). Network in Network. arXiv:1312.4400.
# - K. Simonyan, A. Zisserman (2014). Very Deep Convolutional Networks for Large-Scale Image
#   Recognition. arXiv:1409.1556.
# - C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke,
#   A. Rabinovich (2014). Going Deeper with Convolutions. arXiv:1409.4842.
# - S. Ioffe, C. Szegedy (2015). Batch Normalization: Accelerating Deep Network Training by Reducing
#   Internal Covariate Shift. arXiv:1502.03167.
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna (2015). Rethinking the Inception
#   Architecture for Computer Vision. arXiv:1512.00567.
# - C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi (2016). Inception-v4, Inception-ResNet and the Impact
#   of Residual Connections on Learning. arXiv:1602.07261.
# - F. Chollet (2016). Xception: Deep Learning with Depthwise Separable Convolutions.
#   arXiv:1610.02357.
