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
# # 03 · VGG
#
# **Why 3×3, and what stops a deep plain net from learning?**
#
# 50 minutes to teach, about one to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/03_vgg.ipynb)
#
# - **What you do:** build VGG from one module, see what a stack of small kernels sees, and follow a
#   photograph and its gradient through thirteen layers.
# - **What you learn:** receptive field, modular design, stage-wise training, and why a start can be
#   too small, too large, or right.
# - **What you need:** lessons 01 and 02 (convolution, ReLU, learning rates chosen on validation).

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
# ## VGG: simply very deep (2014)
#
# AlexNet's kernels are 11, 5 and 3 pixels wide, its layers all different. Simonyan & Zisserman (2014)
# asked what depth alone can do, and made everything else the same:
#
# - **one module**: a 3×3 convolution with ReLU, which keeps the size of the map;
# - **stacked**: one to four of them are a block, which ends in a pooling of 2×2;
# - **the same computation for each module**: where the map is halved, the channels are doubled.
#
# It came second in ImageNet's challenge of 2014, and is still in use for its features (lesson 08).

# %% slideshow={"slide_type": "subslide"}
import keras
from keras import layers

from course_utils import costs, networks, plotting

runtime.one_thread()  # the small nets below lose time when their layers are shared among cores

BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(depth, shape=(224, 224, 3), dense=4096, classes=1000):
    """VGG with 11, 13, 16 or 19 layers with weights: the paper's columns A, B, D and E."""
    net = keras.Sequential([layers.Input(shape, name="input")], name=f"VGG-{depth}")
    for block, convolutions in enumerate(BLOCKS[depth], start=1):
        channels = 64 * min(2 ** (block - 1), 8)
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            net.add(layers.Conv2D(channels, 3, padding="same", activation="relu", name=name))
        net.add(layers.MaxPooling2D(2, name=f"block{block}_pool"))
    net.add(layers.Flatten(name="fc6_flatten"))
    net.add(layers.Dense(dense, activation="relu", name="fc6"))
    net.add(layers.Dense(dense, activation="relu", name="fc7"))
    net.add(layers.Dense(classes, name="fc8"))
    return net


with networks.shapes_only():  # to count and draw: no need to fill 138 million weights
    vggs = {depth: vgg(depth) for depth in BLOCKS}
costs.table(vggs[16])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Halving the map quarters the work of a convolution, doubling its channels quadruples it: so a module
# costs the same from block to block, 1.85 G multiply-adds. (The first of a block has half as many
# input channels and costs half; in block 5 the channels no longer double.) In the drawing the number in
# a bar counts a block's layers with weights.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(vggs[16])
plotting.show(
    "VGG-16 drawn block by block: blocks of two or three convolutions, each ending in a pooling that "
    "halves the map, with more and more channels; then three long dense vectors."
)

# %% slideshow={"slide_type": "subslide"}
share_of_fc6 = vggs[16].get_layer("fc6").count_params() / costs.total(vggs[16]).parameters
plotting.plot_costs(vggs[16], title=f"{share_of_fc6:.0%} of VGG-16's parameters are in fc6 alone")
plotting.show(
    "Two bar charts of VGG-16's blocks, parameters on the left and multiply-adds on the right. "
    f"The dense layer fc6 has {share_of_fc6:.0%} of the parameters; the blocks of convolutions do "
    "nearly all the work."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Four depths of one module. Which column grows with depth, and which hardly does?

# %% slideshow={"slide_type": "fragment"}
from course_utils.tables import Table

sizes = {depth: costs.total(net) for depth, net in vggs.items()}
Table(
    ["network", "convolutions in blocks 1 to 5", "parameters", "multiply-adds [G]"],
    [
        (
            f"VGG-{depth}",
            ", ".join(map(str, BLOCKS[depth])),
            size.parameters,
            size.multiply_adds / 1e9,
        )
        for depth, size in sizes.items()
    ],
    ["", ">", ",", ".2f"],
)

# %% [markdown] slideshow={"slide_type": "skip"}
# These are the networks of the paper (table 1, columns A, B, D, E), layer by layer; its table 2 says
# 133, 133, 138 and 144 million parameters. Only dropout, which has no parameters, is left out.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does a stack see?
#
# The *receptive field* of an output is the square of input pixels that it depends on. One kernel of
# *k* pixels sees *k*. Each further layer adds *k* − 1 pixels of the map that it looks at. Two neighbours
# on that map are as far apart in the input as the product of all earlier *strides*:
#
# > field = 1 + sum over the layers of (*k* − 1) · product of the strides before the layer
#
# ### Exercise: the receptive field
#
# Write it as one line for layers of stride 1, given their kernels, such as `(3, 3)`.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import vgg as check


def receptive_field(kernels):
    return ...  # your line


check.receptive_field(receptive_field)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def receptive_field(kernels):
#     return 1 + sum(kernel - 1 for kernel in kernels)
#
#
# check.receptive_field(receptive_field)
# ```
#
# Without a layer an output is its own pixel; each layer adds half of k − 1 pixels at each side.
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is it true? Ask the gradient: where an output does not depend on a pixel, the derivative is zero,
# and the square below stays white. Compare the squares in pairs, then their corners: what differs?


# %% slideshow={"slide_type": "fragment"}
import numpy as np
import tensorflow as tf


def stack(kernels, channels=64):
    """Convolutions of the given sizes, one after the other."""
    convolutions = [layers.Conv2D(channels, k, padding="same", activation="relu") for k in kernels]
    return keras.Sequential([layers.Input((11, 11, channels)), *convolutions])


def seen(kernels):
    """How strongly the central output depends on each input pixel: (11, 11)."""
    net, image = stack(kernels), tf.random.normal((1, 11, 11, 64))
    with tf.GradientTape() as tape:
        tape.watch(image)
        centre = tf.reduce_sum(net(image)[0, 5, 5])
    return np.abs(tape.gradient(centre, image)[0]).sum(axis=-1)


STACKS = {"one 5×5": (5,), "two 3×3": (3, 3), "one 7×7": (7,), "three 3×3": (3, 3, 3)}
keras.utils.set_random_seed(0)
sights = {name: sum(seen(kernels) for _ in range(5)) for name, kernels in STACKS.items()}

# %% slideshow={"slide_type": "subslide"}
import matplotlib.pyplot as plt

field = {name: int((sight.max(axis=1) > 0).sum()) for name, sight in sights.items()}
cost = {name: costs.total(stack(kernels)) for name, kernels in STACKS.items()}
figure, axes = plt.subplots(1, 4, figsize=(10, 3.2))
for ax, (name, sight) in zip(axes, sights.items(), strict=True):
    ax.imshow(sight / sight.max(), cmap="Blues")
    ax.set_title(f"{name} sees {field[name]}×{field[name]}", fontsize=11)
    ax.set_xlabel(f"{cost[name].parameters:,} parameters", fontsize=11)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
figure.suptitle("What one output sees of its input, and what that costs", x=0.01, ha="left")
plotting.show(
    "Four maps, darker where the central output depends more on an input pixel, mean of five random "
    "starts. Seen are, "
    + "; ".join(f"{name}: {pixels}×{pixels} pixels" for name, pixels in field.items())
    + ". Single kernels see evenly, stacks fade towards the corners."
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A stack sees its corners along one path only, its centre along many: the field is as wide, but not
# evenly used (Luo et al. 2016 call what matters the *effective* receptive field). What it gains is
# a ReLU after each kernel.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: AlexNet's first layer
#
# Change and predict: how many 3×3 layers see as far as AlexNet's 11×11 kernel, and how many weights do
# they have for each weight of it, if all have as many channels? Then add both to `STACKS` and look
# (the picture has just 11×11 pixels).

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
layers_of_3x3, share_of_weights = ..., ...

check.small_for_large(layers_of_3x3, share_of_weights)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# layers_of_3x3, share_of_weights = 5, 5 * 3 * 3 / (11 * 11)
#
# check.small_for_large(layers_of_3x3, share_of_weights)
# ```
#
# Each layer adds two pixels to the one of the start: 1 + 5 · 2 = 11. The channels are the same on both
# sides and cancel.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 05: stacked 3×3 convolutions replace large ones
#
# *The same receptive field, fewer parameters*: that is arithmetic. But *replace*? The paper tried: with
# one 5×5 layer in place of each pair of 3×3, VGG-13's top-1 error was 7 % higher (section 4.1, one
# central crop). There the 5×5 net had more parameters; we give both nets as many. The rule: the pairs may
# read at most one point fewer, with the whole interval. (Our maps are 8×8 and 4×4 pixels, so that a 5×5
# sees nearly all of them: a favourable case for it.)


# %% slideshow={"slide_type": "subslide"}
from sklearn.datasets import load_digits

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
digits, LABELS = load_digits(return_X_y=True)
digits = digits.reshape(-1, 8, 8, 1).astype("float32")
DIGITS = (digits - digits[:800].mean()) / digits[:800].std()
TRAIN, VALIDATION, TEST = slice(0, 800), slice(800, 1000), slice(1000, None)


def small_net(kernels, channels):
    """A 3×3 convolution, then twice the given ones, with a pooling between."""

    def conv(kernel, channels):
        return layers.Conv2D(channels, kernel, padding="same", activation="relu")

    net = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            conv(3, 12),
            *(conv(kernel, channels) for kernel in kernels),
            layers.MaxPooling2D(2),
            *(conv(kernel, channels) for kernel in kernels),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    net.compile(keras.optimizers.Adam(), CROSS_ENTROPY)
    return net


RIVALS = {"pairs of 3×3": small_net((3, 3), 13), "single 5×5": small_net((5,), 11)}
for name, net in RIVALS.items():
    print(f"{name:>12}: {net.count_params():,} parameters")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each net has its own best rate, chosen on 200 validation digits, is trained until its validation loss
# has had no new low for six epochs, and keeps its best epoch's weights (`EarlyStopping`, as in lesson 01).
# The 797 test digits come last, for five new runs. (`training.fit` does what `model.fit` does, several
# times as fast for small nets.)


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
from course_utils import experiments, training


def train(net, rate):
    """Train from a new start; keep the weights of the best epoch, return its validation loss."""
    training.restart(net, learning_rate=rate)
    until_best = keras.callbacks.EarlyStopping(patience=6, restore_best_weights=True)
    training.fit(
        net,
        DIGITS[TRAIN],
        LABELS[TRAIN],
        epochs=1000,  # far more than it takes
        batch_size=80,
        validation_data=(DIGITS[VALIDATION], LABELS[VALIDATION]),
        callbacks=[until_best],
    )
    return until_best.best


own_rate = {}
for name, net in RIVALS.items():
    found = experiments.search(
        lambda rate, net=net: train(net, rate), (3e-3, 1e-2, 3e-2), (100, 101), label=name
    )
    own_rate[name] = found.best
    print(f"{name:>12}: validation loss {found.least:.3f} at a rate of {found.best:g}")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.015"]
from course_utils import intervals


def is_right(net, rate):
    train(net, rate)
    return np.asarray(net(DIGITS[TEST])).argmax(axis=1) == LABELS[TEST]


right = {  # of each test digit, the share of five starts that read it
    name: experiments.repeat(
        lambda _, net=net, rate=own_rate[name]: is_right(net, rate), range(5), label=name
    ).mean(axis=0)
    for name, net in RIVALS.items()
}
scores = {name: intervals.bootstrap(np.mean, 100 * share) for name, share in right.items()}
ax = plotting.plot_estimates(scores, spec=".1f")
ax.set(
    xlabel="test digits read [%], mean of five starts and 95 % interval of the test digits",
    title="Is a pair of 3×3 worth a 5×5 of as many parameters?",
)
plotting.show(f"Test digits read, with 95 % intervals: {intervals.listed(scores, '.1f', ' %')}.")

# %% slideshow={"slide_type": "fragment"}
from course_utils import claims

saved = {}
for few, one in (("two 3×3", "one 5×5"), ("three 3×3", "one 7×7")):
    parameters = cost[few].parameters / cost[one].parameters
    work = cost[few].multiply_adds / cost[one].multiply_adds
    saved[few, one] = max(parameters, work)
ahead = intervals.bootstrap(np.mean, 100 * (right["pairs of 3×3"] - right["single 5×5"]))

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.015"]
claims.verdict(
    5,
    "two 3×3 see 5×5 for {:.2f} of the cost, three see 7×7 for {:.2f}; ".format(*saved.values())
    + f"at equal parameters pairs of 3×3 less single 5×5: {ahead:.1f} points (5 starts, 797 digits)",
    same_field=all(field[few] == field[one] for few, one in saved),
    cheaper=max(saved.values()) < 1,
    pair_keeps_up=claims.above(ahead, -1),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ask two things of the interval. Does it reach below −1, the margin of the rule? Then the pairs may be
# worse by more than a point, and more test digits would have to decide. And is 0 in it? If it lies wholly
# below 0, the pairs read fewer here. The paper's own comparison is on ImageNet.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What happens to a photograph in thirteen layers?
#
# Weights begin as random numbers, but how large? Simonyan & Zisserman drew them from a normal
# distribution "with the zero mean and 10⁻² variance", which is a standard deviation of 0.1; it is
# often read as a *deviation* of 0.01, as in AlexNet. We try both, and two starts that look at the
# layer's numbers of inputs and outputs:
#
# - Glorot & Bengio (2010): variance 2 / (inputs + outputs);
# - He et al. (2015b): variance 2 / inputs.
#
# Such a rule for drawing the first weights is an *initialization*; we call it a *start* for short.
#
# We follow a photograph through the convolutions of an untrained VGG-16 of full width, and a random
# gradient from the last of them back. Which start keeps the size of both?


# %% slideshow={"slide_type": "subslide"}
from skimage import data

photo = data.chelsea()[60:92, 130:162] / 255  # 32×32 pixels of a cat
photo = ((photo - photo.mean()) / photo.std())[None]
STARTS = {  # standard deviation of the weights of a layer with that many inputs and outputs
    "N(0, 0.01²)": lambda n_in, n_out: 0.01,
    "N(0, 0.1²)": lambda n_in, n_out: 0.1,
    "Glorot & Bengio": lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,
    "He et al.": lambda n_in, n_out: (2 / n_in) ** 0.5,
}

# %% [markdown] slideshow={"slide_type": "skip"}
# For each start the weights of each layer get the wanted deviation; biases are zero.


# %% slideshow={"slide_type": "fragment"}
def fans(kernel):
    """Numbers of inputs and outputs of a layer, as Glorot & Bengio count them."""
    *window, channels_in, channels_out = kernel.shape
    places = int(np.prod(window))  # 1 for a dense layer
    return places * channels_in, places * channels_out


def there_and_back(net, deviation):
    """The map of each convolution and the gradient that arrives there, from the last one back."""
    convolutions = [layer for layer in net.layers if "conv" in layer.name]
    for layer in convolutions:
        layer.kernel.assign(
            layer.kernel * deviation(*fans(layer.kernel)) / keras.ops.std(layer.kernel)
        )
    maps, x = [], photo
    with tf.GradientTape() as tape:
        for layer in net.layers[: net.layers.index(convolutions[-1]) + 1]:
            x = layer(x)
            maps += [x] if layer in convolutions else []
        sent_back = tf.reduce_sum(x * tf.random.stateless_normal(x.shape, (0, 1)))
    return maps, tape.gradient(sent_back, maps)


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=1"]
keras.utils.set_random_seed(0)
deep = vgg(16, photo.shape[1:], dense=1, classes=1)
walks = {name: there_and_back(deep, deviation) for name, deviation in STARTS.items()}
figure, axes = plt.subplots(1, 2, figsize=(10, 4))
for i, (ax, title) in enumerate(
    zip(axes, ("the photograph, on its way in", "the gradient, on its way back"), strict=True)
):
    for name, walk in walks.items():
        ax.plot(range(1, 14), [np.std(values) for values in walk[i]], "o-", ms=4, label=name)
    ax.set(yscale="log", xlabel="convolution", title=title, xticks=range(1, 14, 2))
axes[0].set_ylabel("spread (standard deviation)")
axes[1].legend()
figure.suptitle("Which start keeps the size of signal and gradient?", x=0.01, ha="left")
powers = {
    name: [np.log10(np.std(w[i][at])) for i, at in ((0, 12), (1, 0))] for name, w in walks.items()
}
plotting.show(
    "Spread of the maps, and of the gradient, by depth for four starts. Powers of ten at the end of "
    "the way, in the last layer and in the first: "
    + "; ".join(
        f"{name} {round(there)} and {round(back)}" for name, (there, back) in powers.items()
    )
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each layer multiplies the spread by a factor, forwards and backwards, and thirteen factors make a
# power. For ReLU He et al. choose it to be 1. That of N(0, 0.01²) is 0.48 in a layer of 512 channels
# and less in narrower ones; that of N(0, 0.1²) is ten times as large.
#
# Is the photograph lost on its way? Compare what the last convolution says after two of these starts
# (drawn alike but for their size):

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
last_maps = [np.ravel(walks[name][0][-1]) for name in ("N(0, 0.01²)", "He et al.")]
print(f"correlation of the two maps: {np.corrcoef(last_maps)[0, 1]:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# ReLU(*cx*) = *c* ReLU(*x*) for *c* > 0, so another size of the weights changes the size of the map
# and nothing else. What suffers is training. The gradient of a weight is the signal at its layer times the
# gradient that comes back. Where both are tiny, a usual learning rate hardly moves the weight; where both
# are huge, it throws it far off.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: a start of your own
#
# Write a function that gives the standard deviation of a layer's weights from its numbers of inputs
# and outputs. After 13 random layers with ReLU, of 64, 128 or 256 units each, the signal must have
# neither grown nor shrunk by more than a factor of 10. (Change the 2 in He's formula: how far may you
# go?)


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
def my_start(n_in, n_out):
    return ...


check.start(my_start)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def my_start(n_in, n_out):
#     return (2 / n_in) ** 0.5
#
#
# check.start(my_start)
# ```
#
# A sum of n products has n times the variance of one, and ReLU leaves half of the mean square. Any
# variance of *c* / n with *c* between about 1.5 and 2.8 passes: the root of *c* / 2 to the power
# of 13 then stays within the limits.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 06: very deep plain nets need stage-wise training, or a better initialization
#
# *Plain* means: layer upon layer, with no way around. The authors trained VGG-11 from random weights,
# and started each deeper net with layers of it. The lecture tells it as a chain, **stage by stage**,
# VGG-11 → VGG-13 → VGG-16; so we do it. After they had submitted the paper they found that the start of
# Glorot & Bengio makes this unnecessary.
#
# We train a *scale model*: VGG-16 layer by layer, but of 16 channels, on 8×8 digits. Its weights are
# scaled so that each layer multiplies the spread by the same factor as in the full VGG-16. Its inputs have
# the same spread as VGG's: pixels from 0 to 255 minus their mean, about 58 in ImageNet.


# %% slideshow={"slide_type": "subslide"}
PIXELS, FEW_LABELS = 58 * DIGITS[:500], LABELS[:500]


def scale_model(depth):
    """The plan of VGG with 16 channels and one pooling."""
    net = keras.Sequential([layers.Input((8, 8, 1))])
    for block, convolutions in enumerate(BLOCKS[depth], start=1):
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            net.add(layers.Conv2D(16, 3, padding="same", activation="relu", name=name))
        if block == 1:
            net.add(layers.MaxPooling2D(2))
    net.add(layers.Flatten())
    net.add(layers.Dense(64, activation="relu", name="fc6"))
    net.add(layers.Dense(64, activation="relu", name="fc7"))
    net.add(layers.Dense(10, name="fc8"))
    net.compile(keras.optimizers.SGD(momentum=0.9), CROSS_ENTROPY, metrics=["accuracy"])
    return net


MODELS = {depth: scale_model(depth) for depth in (11, 13, 16)}


def begin(depth, deviation, rate):
    """Draw weights with which each layer has the factor of the layer of its name in VGG."""
    training.restart(MODELS[depth], learning_rate=rate)
    for layer in MODELS[depth].layers:
        if hasattr(layer, "kernel"):
            n_in, n_out = fans(vggs[depth].get_layer(layer.name).kernel)
            narrower = (n_in / fans(layer.kernel)[0]) ** 0.5
            drawn = keras.random.normal(layer.kernel.shape)
            layer.kernel.assign(drawn * deviation(n_in, n_out) * narrower)


# %% [markdown] slideshow={"slide_type": "subslide"}
# All have at most 60 epochs of 20 steps, and stop when they read over 80 % of their 500 digits. Training
# by stages has the same 60 epochs in all: at most 44 with 11 layers, then 8 with 13, then 8 with 16. New
# layers begin as the first ones did. (The paper handed over four convolutions and the dense layers of
# VGG-11; we hand over all of the net before.)
#
# The rule: a start learns if it reads over 80 % in all runs, and does not if it reads under 20 % in all.


# %% slideshow={"slide_type": "fragment"}
def fit(depth, epochs=60):
    """Share of the digits read in each epoch, until it is over 80 %."""
    return training.fit(
        MODELS[depth], PIXELS, FEW_LABELS, epochs=epochs, batch_size=25, until=0.802
    )["accuracy"]


def at_once(start, rate, depth=16, epochs=60):
    begin(depth, STARTS[start], rate)
    return fit(depth, epochs)


def by_stages(start, rate):
    begin(11, STARTS[start], rate)
    shares = [fit(11, 44)]
    for shallow, deep in ((11, 13), (13, 16)):
        begin(deep, STARTS[start], rate)
        for layer in MODELS[shallow].layers:
            if layer.weights:
                MODELS[deep].get_layer(layer.name).set_weights(layer.get_weights())
        shares.append(fit(deep, 8))
    return np.concatenate(shares)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Each start with its own best rate: the one that gets furthest in 30 epochs, and soonest. (For
# N(0, 0.01²) it is chosen with 11 layers, which the authors could train, in 44 epochs.) The number printed
# is a score, and low is good: the share of digits not read, plus the share of the allowed epochs that was
# used. A net that learns nothing scores about 1.9; one that gets there in half the epochs about 0.7.
# Compare the best rates of the four starts: by which powers of ten do they differ?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.6"]
FIRST_TRIED = {
    "N(0, 0.01²)": (3e-3, 1e-2, 3e-2),
    "N(0, 0.1²)": (1e-12, 3e-12, 1e-11),
    "Glorot & Bengio": (3e-3, 1e-2, 3e-2),
    "He et al.": (1e-4, 3e-4, 1e-3),
}


def not_read(start, rate):
    """The least share of digits not read, plus the share of the epochs that was needed."""
    depth, epochs = (11, 44) if start == "N(0, 0.01²)" else (16, 30)
    shares = at_once(start, rate, depth, epochs)
    return 1 - shares.max() + len(shares) / epochs


own = {}
for start, rates in FIRST_TRIED.items():
    found = experiments.search(lambda rate, start=start: not_read(start, rate), rates, label=start)
    own[start] = found.best
    power = np.log10(found.best)
    print(f"{start:>15}: score {found.least:.2f} at a rate of ten to the power of {power:.1f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three new runs each. Sixteen layers from N(0, 0.01²) try three rates, one a run: that of 11 layers, three
# and ten times as much. The dotted line is guessing. Which curves leave it, and when? (Where a staged curve
# drops, the untrained layers of the next stage have just been put in.)

# %% slideshow={"slide_type": "fragment"}
WAYS = {start: (at_once, start) for start in STARTS}
WAYS["N(0, 0.01²), by stages"] = by_stages, "N(0, 0.01²)"
rates_of = {name: [own[start]] * 3 for name, (_, start) in WAYS.items()}
rates_of["N(0, 0.01²)"] = [factor * own["N(0, 0.01²)"] for factor in (1, 3, 10)]
runs = {
    name: [
        np.asarray(shares, float)
        for shares in experiments.repeat(
            lambda i, way=way, start=start, rates=rates_of[name]: way(start, rates[i]),
            range(3),
            label=name,
        )
    ]
    for name, (way, start) in WAYS.items()
}

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.12"]
ax = plt.figure(figsize=(10, 4.2)).add_subplot()
for i, (name, shares) in enumerate(runs.items()):
    for run, share in enumerate(shares):
        ax.plot(
            range(1, len(share) + 1), 100 * share, f"C{i}", lw=1.5, label=name if run == 0 else None
        )
        ax.plot(len(share), 100 * share[-1], f"C{i}o", ms=6)
ax.axhline(10, color="0.5", linestyle=":")
ax.set(
    xlabel="epoch",
    ylabel="training digits read [%]",
    ylim=(0, 100),
    title="Which start lets 16 layers learn? (three runs each)",
)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
ends = {name: 100 * np.array([share[-1] for share in shares]) for name, shares in runs.items()}
plotting.show(
    "Share of training digits read, by epoch, until it is over 80 %; guessing reads 10 %. At the end, "
    "from the worst run to the best: "
    + "; ".join(f"{name} {end.min():.0f} % to {end.max():.0f} %" for name, end in ends.items())
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.12"]
rescued = max(ends["Glorot & Bengio"].min(), ends["He et al."].min())
claims.verdict(
    6,
    "16 layers read of their training digits, worst and best of 3 runs: "
    + ", ".join(f"{name} {end.min():.0f} % and {end.max():.0f} %" for name, end in ends.items()),
    small_start_stalls=ends["N(0, 0.01²)"].max() < 20,
    large_start_stalls=ends["N(0, 0.1²)"].max() < 20,
    stages_learn=ends["N(0, 0.01²), by stages"].min() > 80,
    better_start_learns=rescued > 80,
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A start that is too large need be no wall, if the rate is small enough to match: compare the rate that
# N(0, 0.1²) was given with the paper's 0.01. What would decide between the paper's two readings is VGG-16
# itself, on ImageNet, for which this scale model stands.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - VGG is one module, stacked: design is choosing a block and repeating it.
# - Small kernels in a stack see as far as a large one, with fewer parameters and less work. Whether
#   they are as good has to be measured.
# - A receptive field grows with kernels and strides; what lies at its rim counts least.
# - Each layer multiplies the size of the signal and of the gradient. In a deep plain net only a start
#   whose factor is near 1 lets usual learning rates work; stages are a way around.
# - A paper's number can be read in two ways. Try both.
#
# Next: [04 · GoogLeNet](04_googlenet.ipynb). How can a net grow wider without growing dearer?

# %% [markdown] slideshow={"slide_type": "skip"}
# **To try**
#
# 1. Replace VGG-16's dense layers by global average pooling and one dense layer of 1000. How many
#    parameters are left? (Lesson 04 does so.)
# 2. Give `STARTS` a fifth start, of variance 1 / inputs, and `FIRST_TRIED` its rates. Where does its
#    curve lie, and does it learn?
# 3. Put `layers.BatchNormalization(name=f"{name}_norm")` behind each convolution of the scale model.
#    Which starts learn now? (Lesson 05 says why.)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["quiz"]
# **Question 1.** Three 3×3 layers of stride 1 lie on top of each other. How many input pixels does one
# output see?
#
# <details><summary>A. 3×3.</summary>
#
# Wrong. So it is for one layer; each of the others lets it see one pixel more at each side.
#
# </details>
#
# <details><summary>B. 7×7.</summary>
#
# Right. One pixel, and two more for each of the three layers: 1 + 3 · 2 = 7.
#
# </details>
#
# <details><summary>C. 9×9.</summary>
#
# Wrong. The windows of neighbours overlap, so a layer adds 2 pixels, not 3.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** From VGG's block 2 to block 3 the map is halved and the channels are doubled. What
# happens to the multiply-adds of a 3×3 layer with as many channels on both sides?
#
# <details><summary>A. They stay the same.</summary>
#
# Right. A quarter of the places, four times the products at each: that is the same computation for
# each module.
#
# </details>
#
# <details><summary>B. They double with the channels.</summary>
#
# Wrong. Channels count twice, as inputs and as outputs, and the places are a quarter.
#
# </details>
#
# <details><summary>C. They fall to a quarter with the map.</summary>
#
# Wrong. They would, if the channels stayed as they were.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** "Two 3×3 layers replace one 5×5 layer." What does arithmetic prove of it?
#
# <details><summary>A. That the stack is as accurate.</summary>
#
# Wrong. Accuracy has to be measured, at equal parameters and each at its own best rate.
#
# </details>
#
# <details><summary>B. That both compute the same function.</summary>
#
# Wrong. Not even without the ReLU between them: most 5×5 kernels are no product of two 3×3 kernels.
#
# </details>
#
# <details><summary>C. The field is the same, and the parameters are fewer at equal channels.</summary>
#
# Right. Both follow from the sizes of the kernels: 2 · 9 weights for each pair of channels, not 25.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** All weights of an untrained net of ReLU layers, without biases, are multiplied by
# 0.1. What becomes of the map of its thirteenth layer?
#
# <details><summary>A. Noise: the picture is lost.</summary>
#
# Wrong. The map is the same picture, only smaller.
#
# </details>
#
# <details><summary>B. The same map, divided by ten.</summary>
#
# Wrong. Each of the thirteen layers divides by ten.
#
# </details>
#
# <details><summary>C. The same map, divided by ten thirteen times.</summary>
#
# Right. ReLU lets a positive factor through, so the factors of all layers are multiplied.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** Why is the variance in He's start 2 / n and not 1 / n, for n inputs?
#
# <details><summary>A. ReLU sets about half of the sums to zero.</summary>
#
# Right. That halves the mean square, and the 2 makes up for it, so that the factor of a layer is 1.
#
# </details>
#
# <details><summary>B. Gradients pass each layer twice.</summary>
#
# Wrong. A gradient passes a layer once, on its way back.
#
# </details>
#
# <details><summary>C. To be on the safe side.</summary>
#
# Wrong. It is no safety margin: a variance twice too large in each of thirteen layers would end 2¹³ times
# too large.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - Glorot, X. & Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural
#   networks. *AISTATS*, PMLR 9, 249–256.
# - He, K., Zhang, X., Ren, S. & Sun, J. (2015b). Delving deep into rectifiers: surpassing human-level
#   performance on ImageNet classification. arXiv:1502.01852.
# - Luo, W., Li, Y., Urtasun, R. & Zemel, R. (2016). Understanding the effective receptive field in
#   deep convolutional neural networks. *NIPS 29*. arXiv:1701.04128.
# - Simonyan, K. & Zisserman, A. (2014). Very deep convolutional networks for large-scale image
#   recognition. arXiv:1409.1556. (The starts: section 3.1; the 5×5 net: section 4.1.)
