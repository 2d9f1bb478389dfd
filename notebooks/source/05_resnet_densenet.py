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
# # 05 · ResNet and DenseNet
#
# **What does a shortcut do?**
#
# 75 minutes to teach (50 without claim 09), about one and a half to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/05_resnet_densenet.ipynb)
#
# - **What you do:** normalize a batch, mend the lecture's residual net, follow gradients through 32
#   layers, leave blocks out of trained nets, and cut a DenseNet off from its past.
# - **What you learn:** batch normalization, skip connection, residual, projection, growth rate.
# - **What you need:** lessons [03](03_vgg.ipynb) (depth, initialization) and
#   [04](04_googlenet.ipynb) (1×1 convolution, concatenation).

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
# ## Deeper should not be worse
#
# Take a trained net and put more layers on top. If these only pass on what they get, the deeper net
# is as good as the shallow one. So depth should never harm. Yet He et al. (2015a) saw plain nets of
# 56 layers end with *more* error than nets of 20, on their own *training* images: so it is not
# overfitting. They called it *degradation*.
#
# Their answer is one line of code, a *skip connection*: "a direct connection between 2
# non-consecutive layers", says the lecture, "a connection that bypasses at least one layer". What it
# carries can be **summed** with what the bypassed layers made (ResNet) or **concatenated** to it
# (DenseNet). Another use of it is in lesson [06](06_unet.ipynb): there it carries *spatial
# information*, where things are, from the way down to the way up, to be combined with *context*,
# what things are, from small maps that each see much of the picture.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Batch normalization
#
# All nets of this lesson have a second new part (Ioffe & Szegedy 2015). Of each channel take the mean
# *μ* and the variance *σ*² over the batch and all places, and make them 0 and 1; then let the net
# choose its own scale *γ* and shift *β*, which are trained:
#
# > *y* = *γ* · (*x* − *μ*) / √(*σ*² + *ε*) + *β*
#
# Ioffe & Szegedy meant that a layer should get inputs of the same mean and spread throughout training,
# whatever the layers before it do. Whether that is why it helps is disputed (Santurkar et al. 2018); that
# larger learning rates become possible is not.
#
# - **In training** *μ* and *σ*² are those of the *batch*. Running averages of them are kept:
#   stored, but not trained.
# - **In inference** the running averages are used, so that an answer does not depend on which other
#   images are asked about.

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
import keras
import numpy as np
import tensorflow as tf
from keras import Input, layers

from course_utils.tables import Table

runtime.one_thread()  # layers as small as ours lose time when they are shared among cores
batch = np.random.default_rng(0).normal(3, 5, size=(64, 4, 4, 2)).astype("float32")
norm = layers.BatchNormalization(momentum=0.9)  # what the averages keep of their old value
rows = [("what goes in", batch), ("training=True", norm(batch, training=True))]
rows.append(("training=False, after 1 batch", norm(batch, training=False)))
for _ in range(50):
    norm(batch, training=True)
rows.append(("training=False, after 51 batches", norm(batch, training=False)))
Table(
    ["channel 0 of a batch", "mean", "standard deviation"],
    [(name, *(float(f(np.asarray(y)[..., 0])) for f in (np.mean, np.std))) for name, y in rows],
    ["", ".2f", ".2f"],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the third row: a net that is asked too early still normalizes with averages that know one batch.
# That bites again in lesson [10](10_fine_tuning.ipynb), where a pretrained net brings averages of its
# own.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: normalize
#
# One line: batch normalization in training, of one channel whose numbers are all in `x`.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import resnet_densenet as check


def normalize(x, scale, shift, epsilon):
    return ...  # your line


check.normalize(normalize)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def normalize(x, scale, shift, epsilon):
#     return scale * (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon) + shift
#
#
# check.normalize(normalize)
# ```
#
# The small `epsilon` keeps a channel that is the same everywhere from being divided by zero.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## ResNet: add, do not replace (2015)
#
# A *residual block* computes *ReLU(x + F(x))*. If *F* is zero, *x* passes unchanged: doing nothing is
# the default, and need not be learned. What is left for the parameters is the *residual*, in the
# lecture's words "the difference between the value before the block and the one needed after". A
# *plain* block has to make the whole *H(x)*. What does the residual block have that the plain one has
# not?


# %% slideshow={"slide_type": "fragment"}
from course_utils import plotting


def conv(x, filters, kernel, strides=1, *, relu=True, name):
    """Convolution, batch normalization and, unless told otherwise, ReLU."""
    x = layers.Conv2D(
        filters, kernel, strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def basic(x, filters, strides=1, *, shortcut=True, name):
    """Block of two 3×3 convolutions; plain without its shortcut."""
    y = conv(x, filters, 3, strides, name=f"{name}_1")
    y = conv(y, filters, 3, relu=False, name=f"{name}_2")
    if shortcut:
        if x.shape != y.shape:
            x = conv(x, filters, 1, strides, relu=False, name=f"{name}_project")
        y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)


maps = Input((28, 28, 64), name="input")
for kind, shortcut in (("plain", False), ("residual", True)):
    block = keras.Model(maps, basic(maps, 64, shortcut=shortcut, name=kind))
    plotting.plot_graph(block, title=f"A {kind} block")
    arrow = " An arrow goes past both and is added." if shortcut else ""
    plotting.show(f"A {kind} block: input, two 3×3 convolutions with batch norm, ReLU.{arrow}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The lecture's residual net, as it was
#
# The function is word for word (the two names above it are left open there). Before you run it: which
# of the three inputs can be added to `conv2`?

# %% slideshow={"slide_type": "fragment"}
n_hidden, n_output = 100, 10


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


for channels in (32, 3, 1):
    try:
        print(f"{channels:>2} channels: output {residual_net(Input((28, 28, channels))).shape}")
    except ValueError:  # Keras's message is long
        print(f"{channels:>2} channels: ValueError, 32 and {channels} cannot be added")

# %% [markdown] slideshow={"slide_type": "subslide"}
# It has four faults. Python reports the first; it reports the second for some images only; the others
# pass in silence.
#
# 1. `n_hidden` and `n_output` come from nowhere.
# 2. A colour image (3 channels) cannot be added to 32 channels. Worse, a grey one can: its single
#    channel is *broadcast*, added to all 32, without an error.
# 3. Both convolutions have their ReLU before the sum and none after it. So *F(x)* can only add,
#    never take away.
# 4. `Flatten` ties the net to one image size and puts most parameters into `hidden`; and the output
#    has no softmax, which the loss must be told (`from_logits=True`).
#
# Mended: where the shapes differ, a 1×1 convolution *projects* the input onto the shape of the sum,
# and the last ReLU comes after the sum. That is what `basic` does; it is ResNet-18's and 34's block.


# %% slideshow={"slide_type": "subslide"}
def small_residual_net(x, n_output):
    """Logits: compile it with ``SparseCategoricalCrossentropy(from_logits=True)``."""
    x = layers.MaxPooling2D(2, name="block_pool")(basic(x, 32, name="block"))
    return layers.Dense(n_output, name="dense")(layers.GlobalAveragePooling2D(name="average")(x))


for channels in (32, 3, 1):
    image = Input((28, 28, channels), name="input")
    print(f"{channels:>2} channels: output {small_residual_net(image, 10).shape}")
plotting.plot_graph(keras.Model(image, basic(image, 32, name="b")), title="Projected: 1 to 32")
plotting.show("A residual block whose input of one channel goes through a 1×1 before the sum.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### ResNet-18, 34 and 50
#
# From 50 layers on, a block is a *bottleneck*, as in GoogLeNet: a 1×1 convolution down, the 3×3, and a
# 1×1 up again. (In the drawing the number in a bar counts a block's layers with weights; the first block
# of a stage has four, with its projection.)


# %% slideshow={"slide_type": "fragment"}
from course_utils import costs, networks


def bottleneck(x, filters, strides=1, *, name):
    """Residual block 1×1, 3×3, 1×1; the last has four times the filters."""
    y = conv(x, filters, 1, strides, name=f"{name}_1")
    y = conv(y, filters, 3, name=f"{name}_2")
    y = conv(y, 4 * filters, 1, relu=False, name=f"{name}_3")
    if x.shape != y.shape:
        x = conv(x, 4 * filters, 1, strides, relu=False, name=f"{name}_project")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


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
    return keras.Model(inputs, layers.Dense(1000, name="dense")(x), name=f"ResNet-{depth}")


def normalized_channels(net):
    """Channels that are batch-normalized; each trains a scale and a shift."""
    return sum(c.trainable for c in costs.count(net) if c.kind == "BatchNormalization") // 2


with networks.shapes_only():  # to count and draw; to train them, build them outside of this
    resnets = {depth: resnet(depth) for depth in RESNETS}
plotting.plot_architecture(resnets[50])
plotting.show(
    "ResNet-50 drawn block by block: a stem, then sixteen blocks of three convolutions, each with an "
    "arc over it that adds its input to its output, average pooling and a dense layer."
)
for depth, net in resnets.items():
    print(f"ResNet-{depth}, as PyTorch counts: {costs.total(net).trainable:,}")
as_keras = costs.total(resnets[50]).trainable + 3 * normalized_channels(resnets[50])
print(f"ResNet-50, as Keras counts:   {as_keras:,}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Are they the published nets?** PyTorch counts what is trained, and gives a convolution no bias where
# batch normalization follows (a shift would be normalized away): 11,689,512, 21,797,672 and
# 25,557,032. Keras counts the running averages too, and its ResNet-50 has those biases: three numbers
# more for each normalized channel, 25,636,712.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: change and predict
#
# A bottleneck block on 256 channels goes down to 64 and up again. Replace it by a `basic` block that
# keeps 256 channels all the way. How many weights have the kernels of each? Write both numbers first.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
of_bottleneck, of_basic = ..., ...

check.block_weights(of_bottleneck, of_basic)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# of_bottleneck = 256 * 64 + 9 * 64 * 64 + 64 * 256
# of_basic = 2 * 9 * 256 * 256
#
# check.block_weights(of_bottleneck, of_basic)
# ```
#
# Three layers for a seventeenth of the weights of two: that is how ResNet-50 stays as cheap as
# ResNet-34, and how 152 layers can be paid for.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 08: do shortcuts keep gradients from vanishing?
#
# For a fair answer the nets must differ in nothing but the shortcut. So we build one net with a
# switch: a stem and a stack of equal blocks of two 3×3 convolutions. On: residual. Off: plain. Same
# parameters, same starting weights, same batches. A second switch leaves *F(x)* out; it will be
# wanted later. The data: scikit-learn's digits of 8×8 pixels.
#
# The rule: from 8 to 32 layers without batch normalization the first layer's gradient falls by over three
# powers of ten in plain nets, by under one in residual ones; trained, 32 plain layers end at over 0.05 more
# loss than 8, residual ones do not; a residual net loses less without one of its blocks; and *F(x)* is
# smaller than *x*, and changes it less than a plain block does.


# %% slideshow={"slide_type": "fragment"}
from sklearn.datasets import load_digits


# A layer with two switches, …
class Merge(layers.Layer):
    """``shortcut * x + block * y``, with switches that are 0 or 1."""

    def build(self, *_):
        self.shortcut = self.add_weight(shape=(), initializer="ones", trainable=False)
        self.block = self.add_weight(shape=(), initializer="ones", trainable=False)

    def call(self, x, y):
        return self.shortcut * x + self.block * y


# … the net, …
def stack(depth, width=8, *, normalized=True):
    """``depth`` layers with weights: a convolution, blocks of two, and a dense layer."""

    def convolution(x, strides=1):
        x = layers.Conv2D(
            width, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        return layers.BatchNormalization(momentum=0.9)(x) if normalized else x

    digit = Input((8, 8, 1))
    x = layers.ReLU()(convolution(digit, strides=2))
    for _ in range((depth - 2) // 2):
        x = layers.ReLU()(Merge()(x, convolution(layers.ReLU()(convolution(x)))))
    return keras.Model(digit, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def merges(net):
    return [layer for layer in net.layers if isinstance(layer, Merge)]


def switch(net, kind):
    for merge in merges(net):
        merge.shortcut.assign(KINDS[kind])


# … the data, and the nets.
DEPTHS, KINDS = (8, 16, 32), {"plain": 0, "residual": 1}
digits, labels = load_digits(return_X_y=True)
digits = (digits.reshape(-1, 8, 8, 1) / 8 - 1).astype("float32")  # pixels from -1 to 1
FEW = np.tile(range(100), 5)  # to train on: each digit five times in an epoch
normalized = {depth: stack(depth) for depth in DEPTHS}
bare = {depth: stack(depth, normalized=False) for depth in DEPTHS}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### At the start
#
# How much of the loss's gradient reaches the first convolution, before any training? The answer depends
# on how weights are drawn and whether activations are normalized, so ask three times:
#
# 1. Glorot's initialization (2010, Keras's default), no normalization;
# 2. He's (2015b, made for ReLU), no normalization;
# 3. He's, with batch normalization: as in ResNet.

# %% slideshow={"slide_type": "fragment"}
from course_utils import experiments

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SETTINGS = {
    "Glorot, not normalized": (bare, keras.initializers.GlorotUniform()),
    "He, not normalized": (bare, keras.initializers.HeNormal()),
    "He, batch normalization": (normalized, keras.initializers.HeNormal()),
}


def first_gradient(net, kind, initializer):
    """Norm of the gradient at the first convolution, kernels freshly drawn."""
    switch(net, kind)
    for layer in net.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(initializer.clone()(layer.kernel.shape))
    with tf.GradientTape() as tape:
        loss = CROSS_ENTROPY(labels[:32], net(digits[:32], training=True))
    return float(tf.norm(tape.gradient(loss, net.layers[1].kernel)))


gradient = experiments.repeat(
    lambda _: {
        (setting, kind): [first_gradient(net, kind, start) for net in nets.values()]
        for setting, (nets, start) in SETTINGS.items()
        for kind in KINDS
    },
    range(5),
    label="gradients",
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.3"]
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, sharey=True, figsize=(10, 4.2))
for ax, setting in zip(axes, SETTINGS, strict=True):
    plotting.plot_curves(DEPTHS, {kind: gradient[setting, kind] for kind in KINDS}, ax=ax)
    ax.set_title(setting, fontsize=12, fontweight="normal")
    ax.set(xlabel="layers", yscale="log", xticks=DEPTHS)
axes[0].set_ylabel("gradient at the first layer")
fig.suptitle(
    "Where does the gradient vanish, where explode? (mean and range of 5 starts)", x=0.01, ha="left"
)
powers = {name: np.log10(norms[:, -1] / norms[:, 0]) for name, norms in gradient.items()}
plotting.show(
    f"Gradient at the first layer by number of layers. From {DEPTHS[0]} to {DEPTHS[-1]} layers it "
    "changes by powers of ten: "
    + "; ".join(f"{setting}, {kind} {p.mean():.1f}" for (setting, kind), p in powers.items())
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The lecture says *no gradient vanishing*. He et al. (2015a, section 4.1) say of their own plain nets,
# which have batch normalization, that vanishing gradients are "unlikely" to be what ails them. Both can be
# right; compare the panels:
#
# - **Left:** with Glorot's start each layer and its ReLU leave half of the signal's mean square, and
#   half of the gradient's. The sum carries both past. Does the residual gradient stay, or even grow?
# - **Middle:** He's start takes the halving away. (What a plain net still loses, it loses over the zero
#   padding of these small maps.) Now the sum adds up: each block adds the variance of *F(x)* to *x*'s.
# - **Right:** in normalized plain nets the gradient *grows* with depth (Yang et al. 2019 prove it for
#   wide nets at their start), and the sum tames that.
#
# With batch normalization, does a shortcut have anything to do against *vanishing*? And is it needed for
# training?

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Trained until the loss stops falling
#
# Do deep plain nets train worse? At one rate or after few steps that would not be fair, so each net is
# trained on 100 digits at its own best rate until its *training* loss is under 0.02 (all is learned),
# or has had no new low for 20 epochs; 50 epochs at most. (An epoch shows each digit five times, in ten
# steps.) First the rates: which learns soonest, or gets lowest in 20 epochs?


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.3"]
from course_utils import training

LEARNED, MOST = 0.02, 50


class EndWhenLearned(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        if logs["loss"] < LEARNED:
            self.model.stop_training = True


def learn(net, kind, rate, most=MOST):
    """Train from a new start until the loss falls no more; return it, epoch by epoch."""
    switch(net, kind)
    training.restart(net, learning_rate=rate)
    ends = [EndWhenLearned(), keras.callbacks.EarlyStopping("loss", patience=20)]
    fitted = training.fit(net, digits[FEW], labels[FEW], epochs=most, batch_size=50, callbacks=ends)
    return fitted["loss"]


def how_late(net, kind, rate):
    losses = learn(net, kind, rate, most=20)
    return max(losses.min(), LEARNED) + len(losses) / 10_000  # of two that learned, the sooner


FIRST_TRIED = {8: (0.03, 0.1, 0.3), 16: (0.01, 0.03, 0.1), 32: (0.03, 0.1, 0.3)}
own = {}
for depth, net in normalized.items():
    net.compile(keras.optimizers.SGD(momentum=0.9), CROSS_ENTROPY)
    for kind in KINDS:
        own[kind, depth] = found = experiments.search(
            lambda rate, net=net, kind=kind: how_late(net, kind, rate), FIRST_TRIED[depth]
        )
        print(f"{kind}, {depth} layers: loss {found.least:.2f} at a rate of {found.best:g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now each at its best rate, from three new starts. In the same run: *leave one block out* of the trained
# 16-layer nets, so that its neighbours are joined (Veit et al. 2016), and ask the 797 test digits again.
# If a block only corrects what it gets, the net should survive. And how much does a block change *x*? In
# the residual net the change is *F(x)*; in the plain one it is *H(x) − x*, what a residual block would have
# had to learn for the same result. We measure it before training too.

# %% slideshow={"slide_type": "fragment"}
TEST = slice(1000, None)
inside = keras.Model(normalized[16].input, [merge.input for merge in merges(normalized[16])])


def is_right(net):
    return 1.0 * (net.predict_on_batch(digits[TEST]).argmax(axis=1) == labels[TEST])


def change(kind):
    """How much each block of the 16-layer net changes x, by norm."""
    pairs = inside(digits[:100], training=True)
    return [float(tf.norm(y if KINDS[kind] else y - x) / tf.norm(x)) for x, y in pairs]


def left_out(net, kind):
    """Test digits read by the whole net, and those lost without each block."""
    whole, lost = is_right(net), []
    for merge in merges(net):
        merge.shortcut.assign(1), merge.block.assign(0)
        lost.append(whole - is_right(net))
        merge.shortcut.assign(KINDS[kind]), merge.block.assign(1)
    return {"whole": whole, "lost": lost, "change": change(kind)}


def learned(kind, depth):
    losses = learn(normalized[depth], kind, own[kind, depth].best)
    curve = np.pad(losses, (0, MOST - len(losses)), constant_values=np.nan)
    return {"curve": curve} | (left_out(normalized[depth], kind) if depth == 16 else {})


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.2"]
def untrained_change(kind):
    switch(normalized[16], kind)
    training.restart(normalized[16])
    return np.mean(change(kind))


untrained = {
    kind: experiments.repeat(lambda _, kind=kind: untrained_change(kind), range(1, 4)).mean()
    for kind in KINDS
}
trials = {  # the same seeds, so the same starts and batches for both kinds
    key: experiments.repeat(lambda _, key=key: learned(*key), range(1, 4), label=f"{key}")
    for key in own
}
for kind in KINDS:
    whole = trials[kind, 16]["whole"].mean()
    print(f"{kind}, 16 layers: reads {whole:.0%} whole (guessing: 10 %); ", end="")
    print(f"untrained, a block changes x by {untrained[kind]:.2f} of its norm")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=15"]
shades = dict(zip(DEPTHS, ("sky", "purple", "black"), strict=True))
fig, axes = plt.subplots(1, 2, sharex=True, sharey=True, figsize=(10, 4.2))
for ax, kind in zip(axes, KINDS, strict=True):
    for depth, shade in shades.items():
        curves = trials[kind, depth]["curve"].T
        names = [f"{depth} layers", None, None]
        ax.plot(range(1, MOST + 1), curves, lw=1, color=plotting.COLOURS[shade], label=names)
    ax.axhline(LEARNED, color=plotting.COLOURS["grey"], ls="--")
    ax.set_title(kind, fontsize=12, fontweight="normal")
    ax.set(xlabel="epochs", yscale="log")
axes[0].set_ylabel("training loss")
axes[1].legend()
fig.suptitle("Which depth can be trained, and how fast? (3 starts each)", x=0.01, ha="left")
epochs, least = (
    {key: f(trial["curve"]) for key, trial in trials.items()}
    for f in (lambda curve: (curve > 0).sum(axis=1), lambda curve: np.nanmin(curve, axis=1))
)
deeper = {kind: least[kind, 32] - least[kind, 8] for kind in KINDS}
unfinished = (epochs["plain", 32] >= MOST).any()
plotting.show(
    "Training loss by epoch, until it falls no more. Epochs, and least loss: "
    + "; ".join(
        f"{k} {d} layers {epochs[k, d].mean():.0f}, {least[k, d].mean():.2f}" for k, d in least
    )
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ask two things of this figure: do deep plain nets end *higher* (degradation), or only *later*? He et
# al. (2015a) found the first on 50,000 and 1.2 million images, and suspect that deep plain nets "may
# have exponentially low convergence rates". A hundred digits can be learned by heart, so here a deep plain
# net may get there in the end, if it is given the time.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.3"]
from course_utils import intervals

blocks = np.arange(1, 1 + len(merges(normalized[16])))
fig, axes = plt.subplots(1, 2, figsize=(10, 4.2))
lost = {kind: 100 * trials[kind, 16]["lost"].mean(axis=2) for kind in KINDS}
changes = {kind: trials[kind, 16]["change"] for kind in KINDS}
plotting.plot_curves(blocks, lost, ax=axes[0])
plotting.plot_curves(blocks, changes, ax=axes[1])
axes[0].set(xlabel="block left out", ylabel="accuracy lost [points]")
axes[1].set(xlabel="block", ylabel="size of the change, relative to x", ylim=(0, None))
fig.suptitle("What does one block do in a trained net of 16 layers? (3 starts)", x=0.01, ha="left")
of_digits = {kind: 100 * trials[kind, 16]["lost"].mean(axis=(0, 1)) for kind in KINDS}
cost = {kind: intervals.bootstrap(np.mean, points) for kind, points in of_digits.items()}
hurts_less = intervals.bootstrap(np.mean, of_digits["plain"] - of_digits["residual"])
size = {kind: intervals.mean(v.mean(axis=1)) for kind, v in changes.items()}
smaller = intervals.mean((changes["plain"] - changes["residual"]).mean(axis=1))
plotting.show(
    f"Left: accuracy lost without one block, on average: {intervals.listed(cost, '.0f', ' points')}. Right: "
    f"how much a block changes x, by norm: {intervals.listed(size)}."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What of the small change is *learned*? Compare with the untrained nets printed above. The construction
# alone makes it small: each sum makes *x* larger while batch normalization holds *F(x)* at its size. (He et
# al. 2015a, section 4.2, measured trained nets only.) Veit et al. (2016) read a residual net as a *crowd of
# shallow nets* with shared blocks: a block left out silences some of its members, not all.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.3"]
from course_utils import claims

shrunk = {kind: intervals.mean(powers["Glorot, not normalized", kind]) for kind in KINDS}
loss = {kind: intervals.mean(more) for kind, more in deeper.items()}
claims.verdict(
    8,
    f"plain / residual: from 8 to 32 layers (Glorot's start, no batch norm) the first gradient changes by "
    f"{shrunk['plain']:.1f} / {shrunk['residual']:.1f} powers of ten; with batch norm 32 layers end "
    f"{loss['plain']:.2f} / {loss['residual']:.2f} above the loss of 8 ({'some' if unfinished else 'no'} "
    f"plain nets unfinished after {MOST} epochs); a block left out costs {cost['plain']:.0f} points / "
    f"{cost['residual']:.0f} points; it changes x by {size['plain']:.2f} / {size['residual']:.2f} of its norm, untrained by "
    f"{untrained['plain']:.2f} / {untrained['residual']:.2f} (3 starts)",
    plain_gradient_vanishes=claims.above(
        intervals.mean(-powers["Glorot, not normalized", "plain"]), 3
    ),
    residual_gradient_stays=claims.above(shrunk["residual"], -1),
    plain_depth_trains_worse=claims.above(loss["plain"], 0.05) if not unfinished else None,
    residual_depth_does_not=claims.above(intervals.mean(-deeper["residual"]), -0.05),
    left_out_block_hurts_less=claims.above(hurts_less),
    residual_is_small=size["residual"].high < 1 and smaller.low > 0,
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# So two sentences must be kept apart: what the shortcut does for the gradient of a net without
# normalization, and what it does for a net that has it. And does a deep plain net end *higher*, or
# *later*? What would decide that are longer runs, deeper nets, and more images than can be learned by
# heart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## DenseNet: keep everything (2016)
#
# ResNet adds, and what is added can no longer be told apart. Huang et al. (2016) *concatenate*: each
# layer sees the outputs of all layers before it in the same block, and appends a few channels of its
# own, the *growth rate* (32 in its DenseNet-121). What was found once need not be found again, so few new
# channels should be enough. The order in a layer is turned around: batch normalization, ReLU,
# convolution. In the drawing each concatenation holds everything made so far, so the next layer sees it
# all.


# %% slideshow={"slide_type": "fragment"}
def norm_relu_conv(x, filters, kernel, *, name):
    x = layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))
    return layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=f"{name}_conv")(x)


x = maps16 = Input((28, 28, 16), name="input")
for i in range(3):
    x = layers.Concatenate(name=f"{i}_concat")([x, norm_relu_conv(x, 8, 3, name=f"{i}_new")])
plotting.plot_graph(keras.Model(maps16, x), title="A dense block: three layers, growth rate 8")
plotting.show(
    "A chain of input, convolution and concatenation, three times. An arrow goes past each convolution, "
    "so the channels pile up from 16 over 24 and 32 to 40."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# DenseNet-121 has two refinements: a 1×1 *bottleneck* in each layer, and between blocks a *transition*
# that halves the channels (1×1) and the map (average pooling). 121 layers: two in each of 58 dense
# layers, three transitions, the stem, and the last dense layer. Look at how slowly the parameters
# grow. (PyTorch counts the 7,978,856 that are trained.)


# %% slideshow={"slide_type": "fragment"}
def dense_layer(x, growth, *, name):
    """A 1×1 bottleneck, then ``growth`` new channels, appended to all old ones."""
    new = norm_relu_conv(x, 4 * growth, 1, name=f"{name}_reduce")
    new = norm_relu_conv(new, growth, 3, name=f"{name}_new")
    return layers.Concatenate(name=f"{name}_concat")([x, new])


def densenet(blocks=(6, 12, 24, 16), growth=32):
    inputs = Input((224, 224, 3), name="input")
    x = conv(inputs, 2 * growth, 7, 2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for block, n_layers in enumerate(blocks, start=1):
        for i in range(n_layers):
            x = dense_layer(x, growth, name=f"dense{block}_{i + 1}")
        if block < len(blocks):
            x = norm_relu_conv(x, x.shape[-1] // 2, 1, name=f"transition{block}")
            x = layers.AveragePooling2D(2, name=f"transition{block}_pool")(x)
    x = layers.ReLU(name="end_relu")(layers.BatchNormalization(name="end_bn")(x))
    x = layers.GlobalAveragePooling2D(name="end_average")(x)
    depth = 2 * sum(blocks) + len(blocks) + 1
    return keras.Model(inputs, layers.Dense(1000, name="dense")(x), name=f"DenseNet-{depth}")


with networks.shapes_only():
    densenet121 = densenet()
costs.table(densenet121, caption=densenet121.name)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: a dense block of your own
#
# A dense block gets 64 channels and must hand on exactly 256. Choose its number of layers (each with its
# 1×1 bottleneck of four times the growth rate, as above) and the growth rate so that its kernels have
# fewer than 300,000 weights. There are several answers. Is it better to have many thin layers or few
# thick ones?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
my_layers, my_growth = ..., ...

check.dense_block(my_layers, my_growth)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_layers, my_growth = 12, 16
#
# check.dense_block(my_layers, my_growth)
# ```
#
# A 3×3 costs 36 times the growth rate squared, so many thin layers are cheaper than few thick ones
# (8 of 24 also pass). They take longer to run, one after the other.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 09: are features used again, and is that thrifty?
#
# Four nets of 12 layers with equal parameters (within 1 %) learn from 200 digits: a dense block, and
# as its control one that was *trained* so that each layer sees the last two only; a residual and a plain
# net. To have equal parameters, the four need layers of different widths, so reach and width change
# together: with less reach more channels can be paid for. Which is the better buy? (From 200 digits, so
# expect fewer right than in lessons 01 to 04.)
#
# The rule: the dense net reads more than the one of short reach; it reads at most one point fewer than the
# residual and the plain one, with the whole interval; and a cut of the older half of what its layers see
# costs it over half as much as a cut of the newer half.


# %% slideshow={"slide_type": "fragment"}
def dense_stack(growth, stem, reach=12, depth=12):
    """``depth`` layers; each adds ``growth`` channels to the outputs of the last ``reach`` layers."""

    def convolution(x, filters, strides=1):
        return layers.Conv2D(
            filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)

    def seen():
        x = layers.Concatenate()(made[-reach:]) if len(made) > 1 else made[0]
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    digit = Input((8, 8, 1))
    made = [convolution(digit, stem, strides=2)]
    for _ in range(depth - 2):
        made.append(convolution(seen(), growth))
    return keras.Model(digit, layers.Dense(10)(layers.GlobalAveragePooling2D()(seen())))


NETS = {
    "dense": dense_stack(4, 10),
    "dense, reach 2": dense_stack(7, 25, reach=2),
}
NETS |= dict.fromkeys(KINDS, stack(12, 11))  # one net with a switch, as above
for net in dict.fromkeys(NETS.values()):
    net.compile(keras.optimizers.Adam(), CROSS_ENTROPY)
TRAIN, VALIDATE = slice(0, 200), slice(200, 500)
parameters = {name: costs.total(net).trainable for name, net in NETS.items()}
print(parameters)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each is trained until its loss on 300 validation digits has had no new low for five epochs, keeps its
# best epoch's weights, and gets the learning rate at which that loss is least.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.2"]
def train_small(name, rate):
    """Train from a new start; keep the weights of the best epoch, return its validation loss."""
    net = NETS[name]
    if name in KINDS:
        switch(net, name)
    training.restart(net, learning_rate=rate)
    # By epoch 5 batch norm's running averages know enough batches.
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True, start_from_epoch=5)
    training.fit(
        net,
        digits[TRAIN],
        labels[TRAIN],
        epochs=1000,  # far more than it takes
        batch_size=25,
        validation_data=(digits[VALIDATE], labels[VALIDATE]),
        callbacks=[stop],
    )
    return stop.best


ADAM_FIRST = {"dense": (3e-4, 1e-3, 3e-3), "dense, reach 2": (3e-3, 1e-2, 3e-2)}
adam_rate = {}
for name in NETS:
    rates = ADAM_FIRST.get(name, (1e-3, 3e-3, 1e-2))
    found = experiments.search(lambda rate, name=name: train_small(name, rate), rates)
    adam_rate[name] = found.best
    print(f"{name}: validation loss {found.least:.2f} at a rate of {found.best:g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each at its best rate, from three new starts, on the test digits. Then the trained dense net is *cut*:
# the kernels of all its layers lose sight of the older half of their channels. Any cut hurts; so as a
# control they lose the newer half instead. (A cut net is normalized anew, by the test digits as one batch,
# and so is the uncut one beside it, whose number differs a little for that.) A cut asks what the trained
# net *relies on*; the net that was trained with a short reach tells what it *needed*. Must both have the
# same answer?


# %% slideshow={"slide_type": "fragment"}
def answers(net, **how):
    return np.argmax(net(digits[TEST], **how), axis=1) == labels[TEST]


def cut_off(net, half):
    """Test digits read when no layer sees the older or the newer half of its channels."""
    kernels = [layer.kernel for layer in net.layers if isinstance(layer, layers.Conv2D)][1:]
    whole = [kernel.numpy() for kernel in kernels]
    for kernel, numbers in zip(kernels, whole, strict=True):
        middle = kernel.shape[2] // 2  # the oldest channels come first
        is_old = np.arange(kernel.shape[2])[:, None] < middle
        kernel.assign(np.where(is_old == (half == "older"), 0, numbers))
    cut = answers(net, training=True)  # normalized anew, as what comes in has changed
    for kernel, numbers in zip(kernels, whole, strict=True):
        kernel.assign(numbers)
    return cut


def test_all(_):
    trial = {}
    for name, net in NETS.items():
        train_small(name, adam_rate[name])
        trial[name] = answers(net)
        if name == "dense":
            trial["whole"] = answers(net, training=True)
            trial |= {half: cut_off(net, half) for half in ("older", "newer")}
    return trial


small = experiments.repeat(test_all, range(1, 4), label="dense, residual, plain")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
share = {name: 100 * small[name].mean(axis=0) for name in (*NETS, "whole", "older", "newer")}
read = {name: intervals.bootstrap(np.mean, share[name]) for name in NETS}
after_cut = {
    "uncut": intervals.bootstrap(np.mean, share["whole"]),
    "newer half cut": intervals.bootstrap(np.mean, share["newer"]),
    "older half cut": intervals.bootstrap(np.mean, share["older"]),
}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6))
hues = dict.fromkeys(after_cut, "grey") | {"dense, reach 2": "orange"}
colours = plotting.METHOD_COLOURS | {name: plotting.COLOURS[hue] for name, hue in hues.items()}
plotting.plot_estimates(read, colours=colours, spec=".1f", ax=axes[0])
plotting.plot_estimates(after_cut, colours=colours, spec=".1f", ax=axes[1])
axes[0].set(xlabel="test digits read [%]")
axes[1].set(xlabel="test digits read [%]", xlim=(0, 100))
fig.suptitle("Equal parameters (left); the trained dense net, cut (right)", x=0.01, ha="left")
plotting.show(
    f"Test digits read, mean of three starts and 95 % interval of the digits: "
    f"{intervals.listed(read, '.1f', ' %')}. The dense net cut: "
    f"{intervals.listed(after_cut, '.1f', ' %')}."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.04"]
ahead = {
    name: intervals.bootstrap(np.mean, share["dense"] - share[name])
    for name in ("dense, reach 2", "residual", "plain")
}
loss_of = {half: share["whole"] - share[half] for half in ("older", "newer")}
equal = max(parameters.values()) < 1.01 * min(parameters.values())
claims.verdict(
    9,
    f"{parameters['dense'] / 1000:.1f} k parameters each; digits read by the dense net less those by "
    f"the others: {intervals.listed(ahead, '.1f', ' points')}; cut off from the older half of what its layers see "
    f"it loses {loss_of['older'].mean():.0f} points, from the newer {loss_of['newer'].mean():.0f} "
    "points (3 starts, 797 digits)",
    far_features_help=equal and claims.above(ahead["dense, reach 2"]),
    old_features_used=claims.above(
        intervals.bootstrap(np.mean, loss_of["older"] - loss_of["newer"] / 2)
    ),
    as_good_as_residual=equal and claims.above(ahead["residual"], -1),
    as_good_as_plain=equal and claims.above(ahead["plain"], -1),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The two tests need not agree. A trained net relies on what it was given; another one, trained without it,
# may learn to do without. So a cut says what is *used*, and only training without it says what is *needed*.
#
# Twelve layers and 200 digits are a small stage. Huang et al. (2016) show thrift where nets are deep and
# images many: DenseNet-201 with 20 million parameters is as good on ImageNet as ResNet-101 with more
# than 40 million.
#
# **To try:** give all four nets 8 layers and as many parameters: `dense_stack(5, 10, depth=8)`,
# `dense_stack(7, 19, reach=2, depth=8)` and twice `stack(8, 11)`. Who is ahead now? What would that say
# of a claim that was tested at one depth?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The history in figures
#
# All nets of lessons 01 to 05, and U-Net, which comes next. Errors are those of *one* net whose answers
# are averaged over ten crops, so that they can be compared; the challenge's own figures (lesson 01) are
# those of several nets together. So measured, GoogLeNet and VGG-16 are about equal: what GoogLeNet
# gained stands in the second and third column. And DenseNet-121 stands beside ResNet-50 with a third of
# its parameters.

# %% slideshow={"slide_type": "subslide"}
from course_utils import published

plotting.plot_history(published.NETS, title="From 5 layers to 201")
plotting.show(
    "Layers, parameters, multiply-adds and ten-crop top-5 error of the course's networks, oldest first: "
    + "; ".join(f"{net.name} {net.top5_error or '–'} %" for net in published.NETS)
)
published.table()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - Batch normalization gives each channel mean 0 and variance 1, by the batch in training, by running
#   averages in inference.
# - A skip connection bypasses at least one layer. ResNet sums (where shapes differ, *x* is projected);
#   DenseNet concatenates; U-Net will do so from the way down to the way up.
# - What a gradient does with depth depends on the start, on normalization and on the shortcut together.
# - What a block does can be asked: leave it out. What a feature is worth: cut it, and cut another as a
#   control.
# - Parameters are counted in two ways. Say which.
#
# Next: [06 · U-Net](06_unet.ipynb). How does a network label every pixel?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
# **Question 1.** A residual block's convolutions all become zero. What does the block do?
#
# <details><summary>A. It gives zero, whatever comes in.</summary>
#
# Wrong. That is what a plain block would do; here the input is added to the zeros.
#
# </details>
#
# <details><summary>B. It passes on what comes in.</summary>
#
# Right. With F(x) = 0 the sum is x, and the ReLU leaves x alone, since x came out of a ReLU.
#
# </details>
#
# <details><summary>C. It halves what comes in.</summary>
#
# Wrong. The sum has no factor; nothing is averaged.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** A trained net with batch normalization is asked about one image. Which mean and
# variance normalize it?
#
# <details><summary>A. The running averages kept while training.</summary>
#
# Right. In inference they stand in for the batch, so that an answer depends on its own image only.
#
# </details>
#
# <details><summary>B. Those of this one image.</summary>
#
# Wrong. That would be so with training=True, and would make each answer depend on its batch.
#
# </details>
#
# <details><summary>C. None: normalization is switched off after training.</summary>
#
# Wrong. The layers behind it have learned from normalized numbers and need them.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** Why was the lecture's `conv2 + x` dangerous for grey images?
#
# <details><summary>A. Grey images have no residual.</summary>
#
# Wrong. A residual is a difference of feature maps; colour has nothing to do with it.
#
# </details>
#
# <details><summary>B. It raised an error that stopped the lesson.</summary>
#
# Wrong. It did so for colour images. An error is seen at once and is the lesser harm.
#
# </details>
#
# <details><summary>C. One channel was added to all 32 by broadcasting, without a word.</summary>
#
# Right. The shapes fit by NumPy's rules, though not by intention. A 1×1 projection says what is meant.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** A deep plain net ends with more error than a shallow one, on its *training* images.
# What does that rule out?
#
# <details><summary>A. A learning rate that does not suit it.</summary>
#
# Wrong. That could well be the cause, which is why each net here got its own best rate.
#
# </details>
#
# <details><summary>B. Overfitting.</summary>
#
# Right. A net that overfits is good on its training images and bad on others.
#
# </details>
#
# <details><summary>C. Vanishing gradients.</summary>
#
# Wrong. They would show just so. Whether they are the cause has to be measured at the first layer.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** A dense block gets 64 channels and has 6 layers of growth rate 32. How many channels does
# it hand on?
#
# <details><summary>A. 256.</summary>
#
# Right. Each of the six layers appends 32 to the 64 that were there: 64 + 6 · 32.
#
# </details>
#
# <details><summary>B. 96.</summary>
#
# Wrong. That is what the first layer hands to the second; five more follow.
#
# </details>
#
# <details><summary>C. 32.</summary>
#
# Wrong. That is what a layer makes; the block keeps everything that came before.
#
# </details>
#
# <details><summary>D. 64.</summary>
#
# Wrong. A sum, as in ResNet, would keep the number of channels; a concatenation adds them up.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural
#   networks. AISTATS.
# - S. Ioffe, C. Szegedy (2015). Batch Normalization: Accelerating Deep Network Training by Reducing
#   Internal Covariate Shift. arXiv:1502.03167.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Madry (2018). How Does Batch Normalization Help Optimization?
#   arXiv:1805.11604.
# - K. He, X. Zhang, S. Ren, J. Sun (2015a). Deep Residual Learning for Image Recognition. arXiv:1512.03385
#   (CVPR 2016).
# - K. He, X. Zhang, S. Ren, J. Sun (2015b). Delving Deep into Rectifiers: Surpassing Human-Level
#   Performance on ImageNet Classification. arXiv:1502.01852.
# - A. Veit, M. Wilber, S. Belongie (2016). Residual Networks Behave Like Ensembles of Relatively Shallow
#   Networks. arXiv:1605.06431.
# - G. Huang, Z. Liu, L. van der Maaten, K. Weinberger (2016). Densely Connected Convolutional Networks.
#   arXiv:1608.06993 (CVPR 2017).
# - G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. Schoenholz (2019). A Mean Field Theory of Batch
#   Normalization. arXiv:1902.08129.
