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
# # 04 · GoogLeNet, ResNet, DenseNet
#
# **How can a network grow wider and deeper than VGG without growing dearer, and why does a mere
# shortcut decide whether it trains?**
#
# About two minutes on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/04_googlenet_resnet_densenet.ipynb)
#
# - **What you do:** build three famous networks, each from its own block; break and mend the
#   lecture's residual net; measure three claims of the lecture.
# - **What you learn:** what 1×1 convolutions save, what a sum does to gradients, what a
#   concatenation keeps.
# - **What you need:** lessons 01 and 03 (convolution, VGG, how parameters and multiply-adds are counted).

# %% slideshow={"slide_type": "skip"}
# In Colab this fetches the course; elsewhere it is installed already and nothing is fetched.
import pathlib
import sys

if "google.colab" in sys.modules:
    course = pathlib.Path.home() / "course"
    # !test -d {course} || git clone --quiet --depth 1 https://github.com/course-owner/cnn-transfer-learning-course.git {course}
    if not course.is_dir():
        raise ConnectionError("The course was not fetched: see above. Try this cell again later.")
    sys.path.insert(0, str(course))

from course_utils import runtime

runtime.setup(seed=0)

# %% slideshow={"slide_type": "skip"}
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import Input, Model, layers
from scipy.ndimage import convolve1d
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from course_utils import (
    claims,
    costs,
    experiments,
    intervals,
    networks,
    plotting,
    published,
    training,
)
from course_utils.plotting import COLOURS
from course_utils.tables import Table

# %% [markdown] slideshow={"slide_type": "slide"}
# ## GoogLeNet: all kernel sizes at once (2014)
#
# VGG asks one question of each spot of the image: what is in this 3×3 window? But an object may be
# small or large in the picture. Which kernel size is the right one?
#
# Szegedy et al. (2014) do not choose. Their *inception module* has four branches side by side, 1×1,
# 3×3, 5×5 and pooling, and concatenates what they find. That would be expensive; so a 1×1
# convolution, the *bottleneck*, thins the channels out before each large kernel.


# %% slideshow={"slide_type": "subslide"}
def conv(x, filters, kernel, strides=1, *, relu=True, name):
    """Convolution, batch normalization and, unless told otherwise, ReLU."""
    x = layers.Conv2D(
        filters, kernel, strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def inception(x, n1, reduce3, n3, reduce5, n5, n_pool, *, large=5, name):
    """Four views of the same input; 1×1 bottlenecks before the 3×3 and the 5×5."""
    one = conv(x, n1, 1, name=f"{name}_1x1")
    three = conv(x, reduce3, 1, name=f"{name}_3x3_reduce")
    three = conv(three, n3, 3, name=f"{name}_3x3")
    five = conv(x, reduce5, 1, name=f"{name}_5x5_reduce")
    five = conv(five, n5, large, name=f"{name}_5x5")
    pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_branch_pool")(x)
    pool = conv(pool, n_pool, 1, name=f"{name}_pool_project")
    return layers.Concatenate(name=f"{name}_concat")([one, three, five, pool])


# %% [markdown] slideshow={"slide_type": "subslide"}
# Nine such modules, a stem in front, and one dense layer at the end: the *global average pooling*
# before it leaves 1,024 numbers where VGG-16 had 25,088. Guess what that does to the number of
# parameters.

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


def googlenet(large=5):
    def pool(x, name):
        return layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)

    inputs = Input((224, 224, 3), name="input")
    x = pool(conv(inputs, 64, 7, 2, name="1"), "1")
    x = conv(x, 64, 1, name="2_reduce")
    x = pool(conv(x, 192, 3, name="2"), "2")
    for name, widths in INCEPTION.items():
        x = inception(x, *widths, large=large, name=name)
        if name in ("3b", "4e"):
            x = pool(x, name)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return Model(inputs, layers.Dense(1000, name="dense")(x), name="GoogLeNet")


# %% slideshow={"slide_type": "subslide"}
with networks.shapes_only():  # to count and draw; to train it, build it outside of this
    net = googlenet()
costs.table(net, caption="GoogLeNet")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The drawing is made from the model. Look at the white lines: four branches in each module.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(net)
plotting.show(
    "GoogLeNet drawn block by block: a stem, then inception modules of four branches each on ever "
    "smaller maps, global average pooling and a single dense layer."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is it the published net?** Two counts are in use, and both can be met:
#
# - The paper's net has no batch normalization (which came in 2015) but a bias in each convolution.
#   Take one bias for each channel in place of the two numbers batch normalization trains there, and
#   it is the 6,998,552 of the authors' net.
# - torchvision's GoogLeNet has batch normalization as ours, and 3×3 kernels where the paper says
#   5×5 (its source calls that a known bug; its weights were trained so): 6,624,904.
#
# Both without the two auxiliary classifiers that helped training and are dropped afterwards.


# %% slideshow={"slide_type": "fragment"}
def normalized_channels(net):
    """Channels that are batch-normalized; each trains a scale and a shift."""
    return sum(c.trainable for c in costs.count(net) if c.kind == "BatchNormalization") // 2


with networks.shapes_only():
    net3 = googlenet(large=3)
paper = costs.total(net).trainable - normalized_channels(net)
torchvision = costs.total(net3).trainable
assert (paper, torchvision) == (6_998_552, 6_624_904)
print(f"as in the paper, 5×5, biases:     {paper:,}")
print(f"as in torchvision, 3×3, no bias:  {torchvision:,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 07: do 1×1 bottlenecks make the branches affordable?
#
# Take each module of the paper's Table 1 on its own, with the input it has in the net. Then leave
# the two bottlenecks out, so that the 3×3 and the 5×5 see all channels. The output keeps its shape.
# How many multiply-adds does the same output cost now?


# %% slideshow={"slide_type": "subslide"}
def inception_without_bottlenecks(x, n1, reduce3, n3, reduce5, n5, n_pool, *, name):
    one = conv(x, n1, 1, name=f"{name}_1x1")
    three = conv(x, n3, 3, name=f"{name}_3x3")
    five = conv(x, n5, 5, name=f"{name}_5x5")
    pool = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_branch_pool")(x)
    pool = conv(pool, n_pool, 1, name=f"{name}_pool_project")
    return layers.Concatenate(name=f"{name}_concat")([one, three, five, pool])


def module(build, name):
    """One inception module as a model of its own, fed what it is fed in GoogLeNet."""
    inputs = Input(net.get_layer(f"{name}_branch_pool").input.shape[1:], name="input")
    return Model(inputs, build(inputs, *INCEPTION[name], name=name))


with networks.shapes_only():
    with_1x1 = {name: costs.total(module(inception, name)) for name in INCEPTION}
    without = {name: costs.total(module(inception_without_bottlenecks, name)) for name in INCEPTION}

# %% [markdown] slideshow={"slide_type": "subslide"}
# The paper's own column of operations is in the table, to check ours against. All agree to a
# million but that of 5a, whose entry does not follow from its own row.

# %% slideshow={"slide_type": "fragment"}
PAPER_OPERATIONS = (128, 304, 73, 88, 100, 119, 170, 54, 71)  # [M], Szegedy et al. 2014, Table 1

ratio = {name: without[name].multiply_adds / with_1x1[name].multiply_adds for name in INCEPTION}
Table(
    ["module", "paper [M]", "with 1×1 [M]", "without [M]", "ratio"],
    [
        (
            name,
            said,
            with_1x1[name].multiply_adds / 1e6,
            without[name].multiply_adds / 1e6,
            ratio[name],
        )
        for name, said in zip(INCEPTION, PAPER_OPERATIONS, strict=True)
    ],
    ["", "d", ".1f", ".1f", ".1f"],
    caption="Multiply-adds of each inception module",
)

# %% slideshow={"slide_type": "subslide"}
ax = plt.figure().add_subplot()
for offset, label, module_costs, colour in (
    (-0.2, "with 1×1 bottlenecks", with_1x1, COLOURS["blue"]),
    (0.2, "without", without, COLOURS["vermilion"]),
):
    millions = [cost.multiply_adds / 1e6 for cost in module_costs.values()]
    ax.bar(np.arange(len(INCEPTION)) + offset, millions, 0.4, color=colour, label=label)
ax.set_xticks(range(len(INCEPTION)), INCEPTION)
ax.set(
    xlabel="inception module",
    ylabel="multiply-adds [M]",
    title="What a module costs with 1×1 bottlenecks, and without",
)
ax.legend()
plotting.show(
    "Bars of the multiply-adds of each inception module, with and without 1×1 bottlenecks. Without, "
    f"a module costs {min(ratio.values()):.1f} to {max(ratio.values()):.1f} times as much."
)

# %% slideshow={"slide_type": "subslide"}
all_with = costs.total([*with_1x1.values()])
all_without = costs.total([*without.values()])
work = all_without.multiply_adds / all_with.multiply_adds
claims.verdict(
    7,
    f"without 1×1 bottlenecks the nine modules cost {work:.1f}× the multiply-adds "
    f"({min(ratio.values()):.1f}× to {max(ratio.values()):.1f}×) and "
    f"{all_without.trainable / all_with.trainable:.1f}× the parameters; with them the net needs "
    f"{costs.total(net).multiply_adds / 1e9:.2f} G and {paper / 1e6:.1f} M "
    "(paper: 1.5 G and 6.8 M)",
    each_saves=min(ratio.values()) > 1,
    half_the_work=work > 2,
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Where the totals differ from the paper's: its Table 1 gives the first 7×7 convolution 2.7 k
# parameters and 34 M operations. That is (7 + 7) · 3 · 64, a 7×1 and a 1×7 kernel; a whole 7×7
# kernel, as drawn in the paper's figure 3 and built by everybody, has 9.4 k and 118 M.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## ResNet: add, do not replace (2015)
#
# Stack more and more layers on a plain net and from some depth on it gets *worse*, on the training
# images too; so it is not overfitting. Yet a deeper net could do all a shallow one does: its extra
# layers need only pass on what they get. Plain layers find that hard to learn.
#
# He et al. (2015) make it the default. A block computes *ReLU(x + F(x))*: if *F* is zero,
# *x* passes unchanged. What the block learns is the *residual*, the difference between what it gets
# and what it should give.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The lecture's residual net, as it was
#
# Word for word. Before you run the next cell: which inputs `x` does it accept? What does the line
# `conv2 + x` need?


# %% slideshow={"slide_type": "fragment"}
# fmt: off
def residual_net(x):
    conv1 = tf.keras.layers.Conv2D(filters = 32,
                                   kernel_size = (3, 3),
                                   padding = "SAME",
                                   activation = 'relu')(x)
    conv2 = tf.keras.layers.Conv2D(filters = 32,
                                   kernel_size = (3, 3),
                                   padding = "SAME",
                                   activation = 'relu')(conv1)
    maxp2 = tf.keras.layers.MaxPool2D(pool_size = (2, 2),
                                      strides = 2)(conv2 + x)
    flat = tf.keras.layers.Flatten()(maxp2)
    hidden = tf.keras.layers.Dense(units = n_hidden,
                                   activation='relu')(flat)
    output = tf.keras.layers.Dense(units = n_output)(hidden)
    return output
# fmt: on


# %% slideshow={"slide_type": "fragment"}
def attempt(channels):
    try:
        return f"output {residual_net(Input((28, 28, channels))).shape}"
    except NameError as error:
        return f"NameError: {error}"
    except ValueError:  # Keras's message is longer
        return f"ValueError: 32 channels and {channels} cannot be added"


print("32 channels:", attempt(32))
n_hidden, n_output = 100, 10  # the names that nobody defined
for channels in (32, 3, 1):
    print(f"{channels:>2} channels: {attempt(channels)}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Four faults, and only the first two make a noise:
#
# 1. `n_hidden` and `n_output` come from nowhere.
# 2. A colour image (3 channels) cannot be added to 32 channels. Worse, a grey one can: its single
#    channel is *broadcast*, added to all 32, without a word.
# 3. Both convolutions have their ReLU before the sum and none after it. So *F(x)* can only add,
#    never take away.
# 4. `Flatten` ties the net to one image size and puts most parameters into `hidden`; and the output
#    has no softmax, which the loss must be told (`from_logits=True`).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The same, right
#
# Where the shapes differ, a 1×1 convolution *projects* the input onto the shape of the sum. The
# last ReLU comes after the sum. This block is ResNet-18's and ResNet-34's.


# %% slideshow={"slide_type": "fragment"}
def basic(x, filters, strides=1, *, name):
    """Residual block of two 3×3 convolutions."""
    residual = conv(x, filters, 3, strides, name=f"{name}_1")
    residual = conv(residual, filters, 3, relu=False, name=f"{name}_2")
    if x.shape != residual.shape:
        x = conv(x, filters, 1, strides, relu=False, name=f"{name}_project")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, residual]))


def small_residual_net(x, n_output):
    """Logits: compile it with ``SparseCategoricalCrossentropy(from_logits=True)``."""
    x = layers.MaxPooling2D(2, name="block_pool")(basic(x, 32, name="block"))
    return layers.Dense(n_output, name="dense")(layers.GlobalAveragePooling2D(name="average")(x))


for channels in (32, 3, 1):
    print(f"{channels:>2} channels: {small_residual_net(Input((28, 28, channels)), 10).shape}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### ResNet-18, 34 and 50
#
# From 50 layers on, a block is a *bottleneck*: a 1×1 convolution down, the 3×3, and a 1×1 up again.
# You have seen that trick one section ago.


# %% slideshow={"slide_type": "fragment"}
def bottleneck(x, filters, strides=1, *, name):
    """Residual block 1×1, 3×3, 1×1; the last has four times the filters."""
    residual = conv(x, filters, 1, strides, name=f"{name}_1")
    residual = conv(residual, filters, 3, name=f"{name}_2")
    residual = conv(residual, 4 * filters, 1, relu=False, name=f"{name}_3")
    if x.shape != residual.shape:
        x = conv(x, 4 * filters, 1, strides, relu=False, name=f"{name}_project")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, residual]))


RESNETS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}  # blocks of each stage


def resnet(depth):
    block = bottleneck if depth >= 50 else basic
    inputs = Input((224, 224, 3), name="input")
    x = conv(inputs, 64, 7, 2, name="1")
    x = layers.MaxPooling2D(3, 2, padding="same", name="1_pool")(x)
    for stage, blocks in enumerate(RESNETS[depth]):
        for i in range(blocks):
            strides = 2 if stage > 0 and i == 0 else 1
            x = block(x, 64 * 2**stage, strides, name=f"{stage + 2}{'abcdef'[i]}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return Model(inputs, layers.Dense(1000, name="dense")(x), name=f"ResNet-{depth}")


# %% slideshow={"slide_type": "subslide"}
with networks.shapes_only():
    resnets = {depth: resnet(depth) for depth in RESNETS}
costs.table(resnets[50], caption="ResNet-50")

# %% slideshow={"slide_type": "subslide"}
plotting.plot_architecture(resnets[18])
plotting.show(
    "ResNet-18 drawn block by block: a stem, blocks of two convolutions with an arc over each that "
    "adds its input to its output, average pooling and a dense layer."
)
plotting.plot_architecture(resnets[50])
plotting.show(
    "ResNet-50 drawn the same way: twice as many blocks, of three convolutions each, with four times "
    "the channels; the maps shrink at the same places."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Are they the published nets?** PyTorch counts what is trained, and gives a convolution no bias
# where batch normalization follows (a shift would be normalized away). Keras's ResNet-50 has those
# biases, and Keras also counts the running means and variances: three numbers more for each
# normalized channel.
#
# The stride of a bottleneck is on its first 1×1, as in the paper and in Keras. torchvision moved it
# to the 3×3: same parameters, 6 % more multiply-adds.

# %% slideshow={"slide_type": "fragment"}
PYTORCH = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032}

for depth, stated in PYTORCH.items():
    found = costs.total(resnets[depth]).trainable
    assert found == stated
    print(f"ResNet-{depth}, as PyTorch counts: {found:,}")
as_keras = costs.total(resnets[50]).trainable + 3 * normalized_channels(resnets[50])
assert as_keras == 25_636_712
print(f"ResNet-50, as Keras counts:   {as_keras:,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 08: do shortcuts keep gradients from vanishing?
#
# For a fair answer the two nets must differ in nothing but the shortcut. So we build one net, with
# a switch: a stem and a stack of equal blocks of two 3×3 convolutions with 16 channels. On:
# residual. Off: plain. Same parameters, same starting weights, same batches.
#
# The data: scikit-learn's 1,797 handwritten digits, 8×8 pixels.


# %% slideshow={"slide_type": "subslide"}
class Shortcut(layers.Layer):
    """``x + residual`` while it is on, ``residual`` alone while it is off."""

    def build(self, *_):
        self.on = self.add_weight(name="on", shape=(), initializer="ones", trainable=False)

    def call(self, x, residual):
        return self.on * x + residual


def stack(depth, width=16, *, normalized=True):
    """``depth`` layers with weights: a convolution, blocks of two, and a dense layer."""

    def conv(x, strides=1):
        x = layers.Conv2D(
            width, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        return layers.BatchNormalization(momentum=0.9)(x) if normalized else x

    inputs = Input((8, 8, 1))
    x = layers.ReLU()(conv(inputs, strides=2))
    for _ in range((depth - 2) // 2):
        residual = conv(layers.ReLU()(conv(x)))
        x = layers.ReLU()(Shortcut()(x, residual))
    return Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def switch(net, on):
    for layer in net.layers:
        if isinstance(layer, Shortcut):
            layer.on.assign(on)


# %% slideshow={"slide_type": "subslide"}
digits, labels = load_digits(return_X_y=True)
digits = (digits.reshape(-1, 8, 8, 1) / 8 - 1).astype("float32")  # pixels from -1 to 1

DEPTHS = (8, 20, 44)
KINDS = {"plain": 0, "residual": 1}
normalized = {depth: stack(depth) for depth in DEPTHS}
bare = {depth: stack(depth, normalized=False) for depth in DEPTHS}
print("parameters:", {depth: costs.total(net).trainable for depth, net in normalized.items()})

# %% [markdown] slideshow={"slide_type": "slide"}
# ### At the start
#
# How much of the loss's gradient reaches the first convolution, before any training? The answer
# depends on how weights are drawn and whether activations are normalized, so ask three times:
#
# 1. Glorot's initialization (2010, Keras's default), no normalization;
# 2. He's (2015, made for ReLU), no normalization;
# 3. He's, with batch normalization: as in ResNet.

# %% slideshow={"slide_type": "fragment"}
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def first_gradient(net, initializer):
    """Norm of the gradient at the first convolution, kernels freshly drawn."""
    for layer in net.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(initializer.clone()(layer.kernel.shape))
    with tf.GradientTape() as tape:
        loss = loss_of(labels[:32], net(digits[:32], training=True))
    return float(tf.norm(tape.gradient(loss, net.layers[1].kernel)))


SETTINGS = {
    "Glorot, not normalized": (bare, keras.initializers.GlorotUniform()),
    "He, not normalized": (bare, keras.initializers.HeNormal()),
    "He, batch normalization": (normalized, keras.initializers.HeNormal()),
}


def gradients(seed):
    norms = {}
    for setting, (nets, initializer) in SETTINGS.items():
        for kind, on in KINDS.items():
            for net in nets.values():
                switch(net, on)
            norms[setting, kind] = [first_gradient(net, initializer) for net in nets.values()]
    return norms


gradient = experiments.repeat(gradients, label="gradients")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at the scale: each grid line is many powers of ten. Where does the gradient vanish, where
# does it explode, and in which setting does it do neither at any depth?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=1"]
fig, axes = plt.subplots(1, 3, sharey=True, figsize=(10, 4.2))
for ax, setting in zip(axes, SETTINGS, strict=True):
    curves = {kind: gradient[setting, kind] for kind in KINDS}
    plotting.plot_curves(DEPTHS, curves, ax=ax)
    ax.set_title(setting, fontsize=12, fontweight="normal")
    ax.set(xlabel="layers", yscale="log", xticks=DEPTHS)
axes[0].set_ylabel("gradient at the first layer")
fig.suptitle("What becomes of the gradient as nets grow deeper?", x=0.01, ha="left")
powers = {
    f"{setting}, {kind}": np.log10(norms[:, -1] / norms[:, 0]).mean()
    for (setting, kind), norms in gradient.items()
}
plotting.show(
    "Gradient at the first layer against the number of layers, plain and residual, one panel for "
    f"each setting. From {DEPTHS[0]} to {DEPTHS[-1]} layers it changes by powers of ten: "
    + "; ".join(f"{name} {power:.0f}" for name, power in powers.items())
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The lecture says *no gradient vanishing*. More exactly:
#
# - Glorot: the plain net's gradient vanishes, the residual net's does not. As claimed.
# - He: drawn right, the plain net's gradient vanishes far more slowly (what is left is lost at the
#   zero padding of these small maps). Now the residual net's *explodes*: each sum adds the variance
#   of *x* and of *F(x)*.
# - Batch normalization: now the *plain* net's gradient explodes (Yang et al. 2019 prove it), and
#   with shortcuts it stays where it is, within a factor of ten.
#
# He et al. (2015, section 4.1) say so themselves: their plain nets train badly, and vanishing
# gradients are not the reason.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.2"]
Table(
    ["setting", "net", *(f"{depth} layers" for depth in DEPTHS)],
    [
        (setting, kind, *np.log10(gradient[setting, kind]).mean(axis=0))
        for setting in SETTINGS
        for kind in KINDS
    ],
    ["", "", ".1f", ".1f", ".1f"],
    caption="Gradient at the first layer: logarithm (base 10) of its norm, mean of 3 seeds",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### In training
#
# Do deep plain nets train worse than shallow ones, and deep residual nets not? The third setting,
# stochastic gradient descent as in the paper, 36 batches of 64 digits; the loss on the *training*
# images. Which of the six will not learn?

# %% slideshow={"slide_type": "fragment"}
STEPS = 36


def compile_for(net, rate, steps):
    """Descent with momentum; the learning rate falls to zero as a half cosine."""
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    net.compile(keras.optimizers.SGD(falling, momentum=0.9), loss_of)


for net in normalized.values():
    compile_for(net, 0.05, STEPS)
deepest = normalized[DEPTHS[-1]]
sums = Model(deepest.input, [s.input for s in deepest.layers if isinstance(s, Shortcut)])


def residual_sizes():
    """Norm of F(x) over that of x in each block of the deepest net, over 64 digits."""
    pairs = sums(digits[:64], training=True)
    return [float(tf.norm(residual) / tf.norm(x)) for x, residual in pairs]


def train_all(seed):
    losses = {}
    for depth, net in normalized.items():
        for kind, on in KINDS.items():
            switch(net, on)
            keras.utils.set_random_seed(seed)  # the same weights and batches for both kinds
            training.restart(net)
            # "Epochs" of one batch, to see the loss of each.
            fit = training.fit(net, digits, labels, epochs=STEPS, batch_size=64, steps_per_epoch=1)
            losses[kind, depth] = fit["loss"]
    # The loop ends with the deepest net, trained with its shortcuts on.
    losses["after training"] = residual_sizes()
    training.draw_weights(deepest)
    losses["before training"] = residual_sizes()
    return losses


losses = experiments.repeat(train_all, label="training")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.4"]
DEPTH_COLOURS = COLOURS["sky"], COLOURS["purple"], COLOURS["black"]
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(10, 4.5))
for ax, kind in zip(axes, ("plain", "residual"), strict=True):
    curves = {
        f"{depth} layers": convolve1d(losses[kind, depth], np.ones(5) / 5)[:, 2:-2]
        for depth in DEPTHS
    }
    shades = dict(zip(curves, DEPTH_COLOURS, strict=True))
    plotting.plot_curves(np.arange(3, STEPS - 1), curves, colours=shades, ax=ax)
    ax.set_title(kind, fontsize=12, fontweight="normal")
    ax.set(xlabel="batches of 64 images", ylim=(0, 3))
axes[0].set_ylabel("training loss (mean of 5 batches)")
fig.suptitle("Which depth can be trained, without shortcuts and with them?", x=0.01, ha="left")
at_the_end = (
    f"{kind}, {depth} layers {losses[kind, depth][:, -5:].mean():.1f}"
    for kind in KINDS
    for depth in DEPTHS
)
plotting.show(f"Training loss by batch, a line for each depth. At the end: {'; '.join(at_the_end)}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Does the block learn a residual?
#
# If it does, *F(x)* should be a small correction of *x*. Here is its size in each of the 21 blocks
# of the 44-layer net, before and after training. Guess first: is it training that makes it small?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
sizes = {when: losses[when] for when in ("before training", "after training")}
ax = plotting.plot_curves(np.arange(1, 22), sizes)
ax.axhline(1, color=COLOURS["grey"], ls="--")
ax.set(
    xlabel="block",
    ylabel="‖F(x)‖ / ‖x‖",
    ylim=(0, None),
    title="How much does a block add to what it gets?",
)
plotting.show(
    "Size of F(x) over that of x from block to block. In the first and in the last it is "
    + "; ".join(
        f"{s[:, 0].mean():.2f} and {s[:, -1].mean():.2f} {when}" for when, s in sizes.items()
    )
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It is mostly the construction: each sum makes *x* larger, while batch normalization holds *F(x)*
# at the same size. So a deep residual net *starts* close to passing its input through, which is
# what makes it trainable. Training adds little to that. (36 batches are a short training. He et al.
# find small responses after a long one too.)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.2"]
shallow, deep = DEPTHS[0], DEPTHS[-1]
final = {
    (kind, depth): intervals.mean(losses[kind, depth][:, -5:].mean(axis=1))
    for kind in KINDS
    for depth in DEPTHS
}


def growth(setting, kind):
    """Powers of ten from the first gradient of the shallowest net to that of the deepest."""
    norms = gradient[setting, kind]
    return intervals.mean(np.log10(norms[:, -1] / norms[:, 0]))


plain, residual = (growth("Glorot, not normalized", kind) for kind in KINDS)
plain_normed, residual_normed = (growth("He, batch normalization", kind) for kind in KINDS)
before, after = (sizes[when].mean() for when in ("before training", "after training"))
claims.verdict(
    8,
    f"from {shallow} to {deep} layers the first gradient changes by {plain:.1f} powers of ten in "
    f"plain and {residual:.1f} in residual nets (Glorot's start; with batch norm "
    f"{plain_normed:.1f} and {residual_normed:.1f}); {deep} layers end at a training loss of "
    f"{final['plain', deep]:.1f} plain and {final['residual', deep]:.1f} residual, {shallow} plain "
    f"ones at {final['plain', shallow]:.1f}; ‖F(x)‖ / ‖x‖ is {before:.2f} before training and "
    f"{after:.2f} after (3 seeds)",
    keeps_gradient=plain.mean < -3 and residual.mean > -1,
    trains_deep=final["plain", deep].low > final["plain", shallow].high
    and final["residual", deep].mean < final["plain", shallow].mean,
    shrinks_residual=after < 0.75 * before,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## DenseNet: keep everything (2016)
#
# ResNet adds, and what is added can no longer be told apart. Huang et al. (2016) *concatenate*:
# each layer sees the outputs of all layers before it in the same block, and appends a few channels
# of its own, the *growth rate*: 32. Nothing is computed twice, so few new channels are enough.
#
# Between two dense blocks a *transition* halves the channels (1×1) and the map (average pooling).
# The order in each layer is turned around: batch normalization, ReLU, convolution.


# %% slideshow={"slide_type": "subslide"}
def norm_relu_conv(x, filters, kernel, *, name):
    x = layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))
    return layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=f"{name}_conv")(x)


def dense_layer(x, growth, *, name):
    """A 1×1 bottleneck, then ``growth`` new channels, appended to all old ones."""
    new = norm_relu_conv(x, 4 * growth, 1, name=f"{name}_reduce")
    new = norm_relu_conv(new, growth, 3, name=f"{name}_new")
    return layers.Concatenate(name=f"{name}_concat")([x, new])


def transition(x, *, name):
    x = norm_relu_conv(x, x.shape[-1] // 2, 1, name=name)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def densenet(blocks=(6, 12, 24, 16), growth=32):
    inputs = Input((224, 224, 3), name="input")
    x = conv(inputs, 2 * growth, 7, 2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for block, n_layers in enumerate(blocks, start=1):
        for i in range(n_layers):
            x = dense_layer(x, growth, name=f"dense{block}_{i + 1}")
        if block < len(blocks):
            x = transition(x, name=f"transition{block}")
    x = layers.ReLU(name="end_relu")(layers.BatchNormalization(name="end_bn")(x))
    x = layers.GlobalAveragePooling2D(name="end_average")(x)
    depth = 2 * sum(blocks) + len(blocks) + 1
    return Model(inputs, layers.Dense(1000, name="dense")(x), name=f"DenseNet-{depth}")


# %% [markdown] slideshow={"slide_type": "subslide"}
# 121 layers: two in each of 58 dense layers, three transitions, the stem, and the last dense layer.
# Look at how slowly the parameters grow where the channels pile up.

# %% slideshow={"slide_type": "fragment"}
with networks.shapes_only():
    net = densenet()
costs.table(net, caption=net.name)

# %% slideshow={"slide_type": "subslide"}
plotting.plot_architecture(net)
plotting.show(
    "DenseNet-121 drawn block by block: a stem, then dense blocks of many convolutions that "
    "concatenate, and between them transitions that halve map and channels; pooling, a dense layer."
)

# %% slideshow={"slide_type": "subslide"}
dense_total = costs.total(net)
assert (dense_total.trainable, dense_total.parameters) == (7_978_856, 8_062_504)
print(f"{net.name}, as PyTorch counts: {dense_total.trainable:,}")
print(f"{net.name}, as Keras counts:   {dense_total.parameters:,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 09: is concatenation thrifty?
#
# Three nets of equal depth, 12 layers, on few images: 200 digits to train, 1,597 to test. Plain and
# residual are the stack with its switch; dense is a single dense block without bottlenecks. Two
# sizes, chosen so that all three have about the same number of parameters. Which kind gets most
# from them?


# %% slideshow={"slide_type": "subslide"}
def dense_stack(depth, growth):
    """One dense block: each layer adds ``growth`` channels to all it has seen."""

    def conv(x, filters, strides=1):
        return layers.Conv2D(
            filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)

    def norm_relu(x):
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    inputs = Input((8, 8, 1))
    x = conv(inputs, 2 * growth, strides=2)
    for _ in range(depth - 2):
        x = layers.Concatenate()([x, conv(norm_relu(x), growth)])
    return Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(norm_relu(x))))


small_nets = {
    "dense": [dense_stack(12, growth) for growth in (4, 8)],
    "plain or residual": [stack(12, width) for width in (10, 20)],
}
for kind, nets in small_nets.items():
    print(f"{kind}: {[costs.total(net).trainable for net in nets]} parameters")

# %% slideshow={"slide_type": "subslide"}
x_train, x_test, y_train, y_test = train_test_split(
    digits, labels, train_size=200, stratify=labels, random_state=0
)
# The best of 0.02, 0.05, 0.1, 0.2 and 0.4 for each kind, tried on two other seeds. One rate for all
# would not be fair: at 0.05 the dense net has hardly begun to learn when the others are done.
RATES = {"dense": 0.4, "plain or residual": 0.1}
for kind, nets in small_nets.items():
    for net in nets:
        compile_for(net, RATES[kind], 80)


def fit_small(net):
    """From new weights, 80 batches of 50 digits."""
    training.restart(net)
    training.fit(net, x_train, y_train, epochs=20, batch_size=50)


def accuracy(net, **how):
    return np.mean(net(x_test, **how).numpy().argmax(axis=1) == y_test)


def train_three_kinds(seed):
    found = {"dense": [], "residual": [], "plain": []}
    for net in small_nets["dense"]:
        fit_small(net)
        found["dense"].append(accuracy(net))
    found["reach"] = [accuracy_within(net, reach) for reach in REACHES]
    for net in small_nets["plain or residual"]:
        for kind, on in KINDS.items():
            switch(net, on)
            fit_small(net)
            found[kind].append(accuracy(net))
    return found


REACHES = (1, 2, 4, 7, 10)


def accuracy_within(net, reach):
    """Test accuracy of a trained dense stack whose layers see the last ``reach`` layers only."""
    convolutions = [layer for layer in net.layers if isinstance(layer, layers.Conv2D)][1:]
    growth = convolutions[0].filters
    kernels = [layer.kernel.numpy() for layer in convolutions]
    for age, (layer, kernel) in enumerate(zip(convolutions, kernels, strict=True)):
        cut = kernel.copy()
        if age >= reach:  # the newest channels are the last
            cut[:, :, : -reach * growth] = 0
        layer.kernel.assign(cut)
    found = accuracy(net, training=True)  # normalized afresh, since what is normalized changed
    for layer, kernel in zip(convolutions, kernels, strict=True):
        layer.kernel.assign(kernel)
    return found


accuracies = experiments.repeat(train_three_kinds, label="dense, residual, plain")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.15"]
sizes = [costs.total(net).trainable for net in small_nets["dense"]]
said = []
fig, axes = plt.subplots(1, 2, sharex=True, figsize=(10, 3.2))
for i, ax in enumerate(axes):
    estimates = {
        kind: intervals.mean(accuracies[kind][:, i]) for kind in ("dense", "residual", "plain")
    }
    plotting.plot_estimates(estimates, ax=ax)
    ax.set_title(f"about {sizes[i] / 1000:.0f} k parameters", fontsize=12, fontweight="normal")
    ax.set(xlabel="test accuracy")
    said.append(f"with {sizes[i] / 1000:.0f} k parameters: {intervals.listed(estimates)}")
fig.suptitle("Which kind of net gets most from its parameters?", x=0.01, ha="left")
plotting.show(f"Test accuracy with 95 % intervals, {'. And '.join(said)}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Are old features used again?** Take the trained dense net and let each layer see the outputs of
# the last one, two, four … layers only. If old features did not matter, nothing would be lost.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.15"]
ax = plotting.plot_curves(REACHES, {"dense": accuracies["reach"]})
ax.axhline(0.1, color=COLOURS["grey"], ls="--")
ax.annotate("guessing", (10, 0.1), (0, 5), textcoords="offset points", ha="right")
ax.set(
    xlabel="layers back that each layer still sees",
    ylabel="test accuracy",
    ylim=(0, 1),
    xticks=REACHES,
    title="What is left when old features are cut off?",
)
by_reach = accuracies["reach"].mean(axis=0)
plotting.show(
    "Test accuracy of the trained dense net against how many layers back each layer still sees: "
    f"{by_reach[0]:.2f} with {REACHES[0]}, {by_reach[-1]:.2f} with {REACHES[-1]}."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.05"]
reuse = intervals.mean(100 * (accuracies["reach"][:, -1] - accuracies["reach"][:, 0]))
gains = {  # of the dense net, an estimate for each size
    kind: [intervals.mean(gain) for gain in 100 * (accuracies["dense"] - accuracies[kind]).T]
    for kind in KINDS
}
over = {kind: " and ".join(f"{gain:.1f} points" for gain in gains[kind]) for kind in KINDS}
claims.verdict(
    9,
    f"cut off from all but the last layer's features a dense net loses {reuse:.0f} points of "
    f"accuracy; at equal depth and parameters ({sizes[0] / 1000:.0f} and {sizes[1] / 1000:.0f} k) "
    f"it is ahead of a residual net by {over['residual']}, of a plain one by {over['plain']} "
    "(200 digits, best learning rate for each, 3 seeds)",
    needs_old_features=reuse.low > 0,
    beats_residual=all(gain.low > 0 for gain in gains["residual"]),
    beats_plain=all(gain.low > 0 for gain in gains["plain"]),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The features are used again, so the first half of the claim holds. That few parameters are enough
# shows where nets are deep and images many (Huang et al. 2016: DenseNet-201 with 20 million
# parameters is as good on ImageNet as ResNet-101 with more than 40 million). Twelve layers and 200
# digits are too easy for that: once each kind has its own learning rate, the kinds can hardly be
# told apart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The three in figures
#
# Against VGG-16 of the same years (lesson 03).

# %% slideshow={"slide_type": "fragment"}
RECAP = ("VGG-16", "GoogLeNet", "ResNet-50", "ResNet-152", "DenseNet-121", "DenseNet-201")
published.table([net for net in published.NETS if net.name in RECAP])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A 1×1 convolution mixes channels. Put before a large kernel, it is a bottleneck that saves most
#   of the cost.
# - A residual block computes *ReLU(x + F(x))*; where shapes differ, *x* is projected. Shortcuts let
#   the gradient through, and with batch normalization keep it level at any depth.
# - Plain nets get worse with depth on their own training images. Residual nets do not.
# - Concatenation keeps what was found, and later layers do use it.
# - Parameters are counted in two ways. Say which.
#
# ## Try
#
# 1. Give `residual_net` its two names and a loss, and train it on the digits. Then replace its sum
#    by the block `basic`. Does it matter in so shallow a net?
# 2. Set `DEPTHS = (8, 20, 110)`. Does the residual net still train?
# 3. Move the ReLU of `stack` before the convolutions, as in DenseNet (He et al. 2016 call it
#    *pre-activation*). What happens to the gradients without normalization?
# 4. Take the transitions out of `densenet`. What do the parameters say?
