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
# # 02 · AlexNet, VGG
#
# **What is a convolutional network made of, and which of the ideas that made it famous can you
# see at work on your own machine?**
#
# About two minutes on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/02_alexnet_vgg.ipynb)
#
# - **What you do:** build three networks from their blocks, count what they cost, and put six
#   claims of the lecture to the test.
# - **What you learn:** where the parameters and the work of a network sit; what ReLU, dropout,
#   augmentation, small kernels and initialization do, and how much.
# - **What you need:** a dense network trained once before (layers, loss, epochs).

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
import cv2
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import layers, ops
from skimage import data
from sklearn.datasets import load_digits

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
# ## Twenty years in one figure
#
# The networks of lessons 01 to 06, oldest on top. Follow each column downwards: what grew, and
# what did *not* keep growing?

# %% slideshow={"slide_type": "fragment"}
oldest, newest = published.NETS[1], published.NETS[-1]
plotting.plot_history(
    published.NETS,
    title=f"What grew from {published.NETS[0].year} to {newest.year}, and what did not?",
)
plotting.show(
    f"{len(published.NETS)} networks as points in four columns: layers with weights, parameters, "
    f"multiply-adds, ImageNet accuracy. {oldest.name} has {oldest.depth} layers, "
    f"{costs.quantity(oldest.parameters)} parameters and {oldest.top5_error} % error, {newest.name} "
    f"{newest.depth} layers, {costs.quantity(newest.parameters)} parameters and {newest.top5_error} %."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same as a table, with its sources. *Parameters* are the numbers a network learns.
# *Multiply-adds* are the multiplications, each with its addition, of its convolutions and dense
# layers for one image (twice as many are FLOPs). Both are counted by the course from Keras models,
# so that all networks are counted alike. Top-1, the share of images whose first answer is right,
# is torchvision's for one central crop, for the same reason: papers crop and scale differently.

# %% slideshow={"slide_type": "skip"}
published.table()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## LeNet-5: convolution, pooling, dense (1998)
#
# LeCun et al. (1998) read handwritten digits with three kinds of layers. A *convolution* looks for
# the same small pattern everywhere; *pooling* keeps what was found and forgets exactly where;
# *dense* layers decide. How few numbers are enough?


# %% slideshow={"slide_type": "subslide"}
def lenet5():
    """LeNet-5, layers named as in the paper."""
    return keras.Sequential(
        [
            layers.Input((32, 32, 1), name="input"),
            layers.Conv2D(6, 5, activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Conv2D(120, 5, activation="tanh", name="C5"),
            layers.Flatten(name="C5_flatten"),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dense(10, name="output"),
        ],
        name="LeNet-5",
    )


lenet = lenet5()
costs.table(lenet)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Most multiply-adds are in C3, most parameters in C5. The picture shows why: the maps shrink while
# the channels grow, and a kernel is as deep as the map it looks at.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(lenet)
plotting.show(
    "LeNet-5 drawn layer by layer: convolution and pooling take turns, the maps shrink while their "
    "channels grow, and the last convolution, a dense layer and the output are plain vectors."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is this the paper's network?** Nearly. The paper speaks of 60,000 parameters; the usual, *fully
# connected* variant above has 61,706. Three layers make the difference:
#
# | layer | paper | here |
# | :-- | --: | --: |
# | C3 | each map sees 3, 4 or 6 of the 6 maps before it: 1,516 | all see all: 2,416 |
# | S2, S4 | a trainable scale and bias for each map: 12 + 32 | none: 0 |
# | output | distances to 10 fixed patterns: 0 | dense: 850 |
#
# The paper left connections out of C3 to save work and so that the maps become different from each
# other.

# %% slideshow={"slide_type": "fragment"}
total = costs.total(lenet).parameters
print(f"here: {total:,}; as in the paper: {total - 2416 + 1516 + 12 + 32 - 850:,}")
assert total == 61_706

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how many positions?
#
# C1 slides a 5×5 kernel over 32×32 pixels, one pixel at a time, and gives 28×28 numbers. How many
# positions along one side are there for any size, kernel, stride (pixels from one position to the
# next) and padding (zeros added at *each* end)? One line.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import lenet as check


def output_size(size, kernel, stride=1, padding=0):
    return ...  # your line


check.output_size(output_size)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def output_size(size, kernel, stride=1, padding=0):
#     return (size + 2 * padding - kernel) // stride + 1
#
#
# check.output_size(output_size)
# ```
#
# The padded side has `size + 2 * padding` pixels. The kernel starts at the first of them and can move
# on by `size + 2 * padding - kernel` pixels, which is that many steps of `stride`, rounded down; one
# more for where it started.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 01: these parts suffice for digits, and are still those of modern nets
#
# scikit-learn brings 1,797 handwritten digits of 8×8 pixels. We enlarge them to LeNet's 32×32. The
# first 1,000 are for training, the other 797, mostly by other writers, for testing.


# %% slideshow={"slide_type": "fragment"}
def digits(size):
    """scikit-learn's digits, enlarged: (n, size, size, 1) from 0 to 1, and their labels."""
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8).astype("float32") / 16
    images = [cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC) for image in images]
    return np.stack(images)[..., None], labels


x, y = digits(32)
x_train, y_train, x_test, y_test = x[:1000], y[:1000], x[1000:], y[1000:]
print(x_train.shape, x_test.shape)
plotting.plot_images(
    x_train[:10, ..., 0],
    titles=list(map(str, y_train)),
    columns=10,
    title="The ten digits, as LeNet-5 sees them",
)
plotting.show(
    "Handwritten digits in a row, white on black, blurred by being enlarged: "
    + ", ".join(map(str, y_train[:10]))
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is convolution needed for that? The rival is a dense network with as many parameters: one hidden
# layer of 59 units. Each is trained from three random starts. Look at whether the bars overlap.
# (`training.fit` does what Keras's `model.fit` does, several times as fast for small networks.)

# %% slideshow={"slide_type": "fragment"}
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

dense = keras.Sequential(
    [
        layers.Input((32, 32, 1)),
        layers.Flatten(),
        layers.Dense(59, activation="tanh"),
        layers.Dense(10),
    ]
)


def accuracy_of(model):
    training.restart(model)
    training.fit(model, x_train, y_train, epochs=12, batch_size=50)
    return model.evaluate(x_test, y_test, batch_size=400, verbose=0)[1]


accuracy = {}
for name, model in (("LeNet-5", lenet), ("dense, as many parameters", dense)):
    model.compile(keras.optimizers.Adam(2e-3), CROSS_ENTROPY, metrics=["accuracy"])
    runs = experiments.repeat(lambda seed, model=model: accuracy_of(model), label=name)
    accuracy[name] = intervals.mean(100 * runs)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
ax = plotting.plot_estimates(accuracy, spec=".1f")
ax.set(
    xlabel="test accuracy [%], mean and 95 % interval of 3 starts",
    title="Does it take convolutions to read digits?",
)
plotting.show(f"Test accuracy with 95 % intervals: {intervals.listed(accuracy, '.1f', ' %')}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And modern networks? Sort the layers of a ResNet-50 (lesson 05) by kind. How many of its
# parameters sit in layers that LeNet does not have?


# %% slideshow={"slide_type": "fragment"}
def parts(model):
    """Number of layers and share of parameters, by kind of layer."""
    every = costs.count(model)
    kinds = {
        "convolution": "Conv",
        "pooling": "Pool",
        "dense": "Dense",
        "batch normalization": "BatchNorm",
        "sum (skip connection)": "Add",
    }
    found = {}
    for label, word in kinds.items():
        chosen = [cost for cost in every if word in cost.kind]
        share = sum(cost.parameters for cost in chosen) / costs.total(every).parameters
        found[label] = (len(chosen), 100 * share)
    return found


with networks.shapes_only():
    resnet = keras.applications.ResNet50(weights=None)
old, new = parts(lenet), parts(resnet)
Table(
    ["part", "LeNet-5: layers", "parameters [%]", "ResNet-50: layers", "parameters [%]"],
    [(kind, *old[kind], *new[kind]) for kind in old],
    ["", "d", ".1f", "d", ".1f"],
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
share = sum(share for kind, (_, share) in new.items() if old[kind][0])
claims.verdict(
    1,
    f"LeNet-5 ({total:,} parameters) reads {accuracy['LeNet-5']:.1f} % of unseen digits (3 seeds); "
    f"{share:.1f} % of ResNet-50's parameters are in layers of LeNet's kinds",
    reads_digits=accuracy["LeNet-5"].low > 90,
    same_parts=share > 90,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## AlexNet: the same, larger, on photographs (2012)
#
# Krizhevsky et al. (2012) won the ImageNet challenge with LeNet's plan at a thousand times the
# size, and with three additions: ReLU, dropout and data augmentation. First the network.


# %% slideshow={"slide_type": "subslide"}
def alexnet(towers=1):
    """AlexNet; with two towers, layers 2, 4 and 5 see half of the channels, as in the paper."""

    def conv(filters, kernel, groups=1, strides=1, padding="same", *, name):
        return layers.Conv2D(
            filters, kernel, strides, padding, groups=groups, activation="relu", name=name
        )

    return keras.Sequential(
        [
            layers.Input((227, 227, 3), name="input"),
            conv(96, 11, strides=4, padding="valid", name="block1_conv"),
            layers.MaxPooling2D(3, 2, name="block1_pool"),
            conv(256, 5, groups=towers, name="block2_conv"),
            layers.MaxPooling2D(3, 2, name="block2_pool"),
            conv(384, 3, name="block3_conv"),
            conv(384, 3, groups=towers, name="block4_conv"),
            conv(256, 3, groups=towers, name="block5_conv"),
            layers.MaxPooling2D(3, 2, name="block5_pool"),
            layers.Flatten(name="fc6_flatten"),
            layers.Dense(4096, activation="relu", name="fc6"),
            layers.Dropout(0.5, name="fc6_dropout"),
            layers.Dense(4096, activation="relu", name="fc7"),
            layers.Dropout(0.5, name="fc7_dropout"),
            layers.Dense(1000, name="fc8"),
        ],
        name="AlexNet",
    )


with networks.shapes_only():  # to count and draw: no need to fill 62 million weights
    alex, two_towers = alexnet(), alexnet(towers=2)
costs.table(alex)

# %% slideshow={"slide_type": "subslide"}
plotting.plot_architecture(alex)
plotting.show(
    "AlexNet drawn block by block: convolutions on ever smaller maps with ever more channels, "
    "pooled three times, then three long dense vectors."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Where would you save parameters, and where work? Look at both sides of the next figure: they have
# hardly anything in common.

# %% slideshow={"slide_type": "fragment"}
every_block = costs.blocks(alex)
fully_connected = costs.total([block for block in every_block if block.name.startswith("fc")])
of_parameters = fully_connected.parameters / costs.total(alex).parameters
of_work = fully_connected.multiply_adds / costs.total(alex).multiply_adds
plotting.plot_costs(alex, title="Where AlexNet keeps its parameters, and where it does its work")
plotting.show(
    "Two bar charts of AlexNet's blocks, parameters on the left and multiply-adds on the right. The "
    f"dense layers have {of_parameters:.0%} of the parameters and {of_work:.0%} of the work."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is this the paper's network?** The paper splits it into two towers, one for each graphics card
# of 3 GB, that meet in layer 3 and in the dense layers: 61.0 million parameters, "60 million" in
# the paper. The usual *single tower* has 62,378,344. Besides:
#
# - the paper says 224×224 pixels, but 55×55 outputs need 227 (11 + 54 · 4);
# - the paper normalizes each response by its neighbours' after layers 1 and 2. That has no
#   parameters; Simonyan & Zisserman (2014) found no gain from it, and it went out of use.

# %% slideshow={"slide_type": "fragment"}
print(f"one tower:  {costs.total(alex).parameters:,} parameters")
print(f"two towers: {costs.total(two_towers).parameters:,} parameters")
assert costs.total(alex).parameters == 62_378_344
assert costs.total(two_towers).parameters == 60_965_224

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 02: ReLU accelerates training
#
# LeNet bends its signals with tanh, which flattens out on both sides; AlexNet with ReLU,
# max(0, *x*), which never flattens out on the right. Krizhevsky et al. (2012, figure 1) reached
# 25 % training error on CIFAR-10 *six times* sooner with ReLU, in a net of four layers.
#
# To be fair, each activation gets the initialization made for it and the best of several learning
# rates. We count epochs until the training error falls to 5 %.

# %% slideshow={"slide_type": "subslide"}
x_small, y_small = digits(8)
x_scaled = (x_small - x_small.mean()) / x_small.std()


def four_layers(activation):
    """Two convolutions, two dense layers, as in the paper's comparison."""
    initializer = "he_normal" if activation == "relu" else "glorot_normal"
    options = {"activation": activation, "kernel_initializer": initializer}
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", **options),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", **options),
            layers.Flatten(),
            layers.Dense(64, **options),
            layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.SGD(), CROSS_ENTROPY, metrics=["accuracy"])
    return model


def epochs_to_5_percent(model, rate, limit=15):
    """Epochs until 5 % training error, read between whole epochs, at most ``limit``."""
    training.restart(model, learning_rate=rate)
    fit = training.fit(
        model, x_scaled[:1000], y_small[:1000], epochs=limit, batch_size=50, until=0.95
    )
    errors = 1 - np.array([0.1, *fit["accuracy"]])
    if errors[-1] > 0.05:
        return limit
    return np.interp(-0.05, -errors[-2:], [len(errors) - 2, len(errors) - 1])


RATES = {"sigmoid": (0.3, 1.0), "tanh": (0.03, 0.1, 0.3), "relu": (0.03, 0.1, 0.3)}

nets = {activation: four_layers(activation) for activation in RATES}
epochs = {
    activation: experiments.repeat(
        lambda seed, activation=activation: np.array(
            [epochs_to_5_percent(nets[activation], rate) for rate in RATES[activation]]
        ),
        label=activation,
    )
    for activation in RATES
}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the figure twice: along one learning rate, then from the lowest point of each curve to the
# next. Which of the two is the fair comparison? (Sigmoid is tanh's older cousin, from 0 to 1.)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=1"]
ax = plt.figure().add_subplot()
for activation, values in epochs.items():
    name = "ReLU" if activation == "relu" else activation
    plotting.plot_curves(RATES[activation], {name: values}, ax=ax)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="learning rate",
    yticks=[2, 5, 10, 15],
    xticks=[0.03, 0.1, 0.3, 1],
    xticklabels=["0.03", "0.1", "0.3", "1"],
    yticklabels=["2", "5", "10", "15 or more"],
    ylabel="epochs to 5 % training error",
    title="How soon does each activation learn, at which learning rate?",
)
ax.minorticks_off()
fewest = ", ".join(f"{name} {values.mean(axis=0).min():.1f}" for name, values in epochs.items())
plotting.show(
    "Epochs to 5 % training error against the learning rate, a curve for each activation. At its "
    f"best rate each needs: {fewest}."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# At a small learning rate ReLU is well ahead of tanh, with the best one for each it is not. So
# where are the paper's six times? A saturating unit is slow where it is flat. How steep are the
# units at the start, on average?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
SLOPES = {  # of the activation, from its output
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a**2,
    "relu": lambda a: a > 0,
}
slopes = {}
for activation, net in nets.items():
    training.restart(net)
    hidden = [layer.output for layer in net.layers if getattr(layer, "activation", None)][:3]
    outputs = keras.Model(net.inputs[0], hidden)(x_scaled[:200])
    slopes[activation] = [float(np.mean(SLOPES[activation](np.asarray(a)))) for a in outputs]
Table(
    ["mean slope", "layer 1", "layer 2", "layer 3"],
    [(activation, *values) for activation, values in slopes.items()],
    ["", ".2f", ".2f", ".2f"],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Tanh is not flat here: inputs of spread 1 and Glorot & Bengio's initialization (2010) keep its
# units on the steep part. Sigmoid is never steeper than 0.25, and three such factors leave little
# of a gradient. The paper does not say how its tanh net was started, and CIFAR-10 is harder than
# digits.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=1"]
best = {activation: values.min(axis=1) for activation, values in epochs.items()}
ratio = {name: intervals.mean(best[name] / best["relu"]) for name in ("sigmoid", "tanh")}
same_rate = intervals.mean(epochs["tanh"][:, 0] / epochs["relu"][:, 0])
claims.verdict(
    2,
    "epochs to 5 % training error (at most 15) over those of ReLU, each at its own best rate: "
    f"sigmoid {ratio['sigmoid']:.1f}, tanh {ratio['tanh']:.1f} (paper: 6); both at the smallest "
    f"rate: tanh {same_rate:.1f} (3 seeds)",
    sooner_than_sigmoid=ratio["sigmoid"].low > 1,
    sooner_than_tanh=ratio["tanh"].low > 1,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 03: dropout reduces overfitting; it is in-network ensembling
#
# Dropout (Hinton et al. 2012) switches off a random half of the units in each training step. So
# each step trains another, thinner network, and all of them share their weights. At test time
# nothing is switched off.
#
# Overfitting needs few images: we train on 100 and test on 797.


# %% slideshow={"slide_type": "subslide"}
def little_alexnet(rate=0.0, augmentation=()):
    """Two convolutions, two dense layers with dropout before each; augmentation comes first."""
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            *augmentation,
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(rate),
            layers.Dense(128, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), CROSS_ENTROPY, metrics=["accuracy"])
    return model


def fit_few(model, images=100):
    """Train on few digits; loss and accuracy (%) on these and on the test digits."""
    training.restart(model)
    few = np.arange(1000) % images  # each ten times in an epoch
    training.fit(model, x_small[few], y_small[few], epochs=10, batch_size=50)
    loss, right = model.evaluate(x_small[:images], y_small[:images], batch_size=400, verbose=0)
    test_loss, test_right = model.evaluate(
        x_small[1000:], y_small[1000:], batch_size=400, verbose=0
    )
    return {
        "train loss": loss,
        "test loss": test_loss,
        "gap": test_loss - loss,
        "train accuracy": 100 * right,
        "test accuracy": 100 * test_right,
    }


def passes(model, images, n=30):
    """Class probabilities by ``n`` thinned networks, dropout left on: (n, images, 10)."""
    return np.stack([ops.softmax(model(images, training=True)) for _ in range(n)])


def ensemble(model, images, labels):
    """One thinned network, the mean of 30, and one pass of the whole network (%)."""
    thinned = passes(model, images)
    mean, whole = thinned.mean(axis=0), ops.convert_to_numpy(ops.softmax(model(images)))
    return {
        "one thinned network": 100 * np.mean(thinned.argmax(axis=-1) == labels),
        "mean of 30 thinned networks": 100 * np.mean(mean.argmax(axis=-1) == labels),
        "the whole network, once": 100 * np.mean(whole.argmax(axis=-1) == labels),
        "agreement": 100 * np.mean(mean.argmax(axis=-1) == whole.argmax(axis=-1)),
    }


# %% [markdown] slideshow={"slide_type": "subslide"}
# Five starts without dropout, the same five with it. Keras's dropout doubles the units that stay
# on, so that the whole network needs no scaling afterwards.

# %% slideshow={"slide_type": "fragment"}
plain_net, thin_net = little_alexnet(), little_alexnet(rate=0.5)
plain = experiments.repeat(lambda seed: fit_few(plain_net), range(5), label="no dropout")
dropped = experiments.repeat(
    lambda seed: fit_few(thin_net) | ensemble(thin_net, x_small[1000:], y_small[1000:]),
    range(5),
    label="dropout",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Left: the gap between test and training loss, which is what overfitting means. Right: is the
# average of many thinned networks better than one of them, and does one pass of the whole network
# give the same for a thirtieth of the work?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
gap = {
    "without dropout": intervals.mean(plain["gap"]),
    "with dropout": intervals.mean(dropped["gap"]),
}
views = ("one thinned network", "mean of 30 thinned networks", "the whole network, once")
ensembles = {name: intervals.mean(dropped[name]) for name in views}
for name, runs in (("without", plain), ("with", dropped)):
    print(f"{name:>7} dropout: test accuracy {intervals.mean(runs['test accuracy']):.1f} %")
print(f"whole network and ensemble agree on {intervals.mean(dropped['agreement']):.1f} %")
figure, axes = plt.subplots(1, 2, figsize=(10, 3.2))
plotting.plot_estimates(gap, ax=axes[0])
plotting.plot_estimates(ensembles, spec=".1f", ax=axes[1])
axes[0].set(xlabel="test loss − training loss")
axes[1].set(xlabel="test accuracy [%]")
figure.suptitle("What dropout does, and what its thinned networks do together", x=0.01, ha="left")
plotting.show(
    f"Left, the gap between the losses: smaller {min(gap, key=lambda name: gap[name].mean)}. Right, "
    f"test accuracy with 95 % intervals: {intervals.listed(ensembles, '.1f', ' %')}."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
narrower = intervals.mean(plain["gap"] - dropped["gap"])
together = intervals.mean(dropped[views[1]] - dropped[views[0]])
agreement = intervals.mean(dropped["agreement"])
claims.verdict(
    3,
    f"dropout takes {narrower:.2f} off test loss − training loss on 100 digits; 30 thinned nets "
    f"together read {together:.1f} points more than one, and the whole net agrees with them on "
    f"{agreement:.1f} % (5 seeds)",
    narrower_gap=narrower.low > 0,
    better_together=together.low > 0,
    agrees=agreement.mean > 95,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 04: label-preserving augmentation reduces overfitting
#
# AlexNet never saw the same picture twice: each was cropped and mirrored anew. Whether that helps
# depends on a condition that is easily forgotten: the label must still be true. A mirrored cat is a
# cat. What is a 6 turned upside down?


# %% slideshow={"slide_type": "subslide"}
def shifts():
    """Moved by up to one whole pixel: still the same digit."""
    return [layers.RandomTranslation(0.15, 0.15, fill_mode="constant", interpolation="nearest")]


def flips():
    """Mirrored both ways: a 2 may become an S, a 6 a 9."""
    return [layers.RandomFlip("horizontal_and_vertical")]


AUGMENTATIONS = {"shifts": shifts, "flips": flips}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at the rows: which digits could you still name without their titles? (Only whole pixels:
# between pixels, an 8×8 image is blurred, the test images are not, and the gain is gone. An
# augmentation should make images like those to come.)

# %% slideshow={"slide_type": "fragment"}
chosen = x_small[[2, 6, 9, 4, 7]]
figure, axes = plt.subplots(2, 5, figsize=(8, 3.8))
for row, (name, changed) in zip(axes, AUGMENTATIONS.items(), strict=True):
    images = chosen
    for layer in changed():
        images = layer(images, training=True)
    for ax, image, label in zip(row, np.asarray(images)[..., 0], (2, 6, 9, 4, 7), strict=True):
        plotting.plot_image(image, title=f"{label}, {name}", ax=ax)
figure.suptitle("A label must survive the change", x=0.01, ha="left")
plotting.show(
    "Five digits of eight by eight pixels in two rows. Shifted by a pixel, above, they keep their "
    "form; mirrored, below, some look like another sign, a 2 like an S."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The network of claim 03 again, without dropout, on 100 digits, with five starts each. Keras's
# augmentation layers are active in training only.

# %% slideshow={"slide_type": "fragment"}
augmented = {"none": plain}
for name, augment in AUGMENTATIONS.items():
    model = little_alexnet(augmentation=augment())
    augmented[name] = experiments.repeat(
        lambda seed, model=model: fit_few(model), range(5), label=name
    )

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
for ax, key, label, spec in (
    (axes[0], "gap", "test loss − training loss", ".2f"),
    (axes[1], "test accuracy", "test accuracy [%]", ".1f"),
):
    estimates = {name: intervals.mean(runs[key]) for name, runs in augmented.items()}
    plotting.plot_estimates(estimates, spec=spec, ax=ax).set(xlabel=label)
figure.suptitle("Does augmentation help, and does it matter which?", x=0.01, ha="left")
plotting.show(
    "Left, the gap between test and training loss, right, test accuracy, without augmentation, with "
    f"shifts and with flips. Accuracy with 95 % intervals: {intervals.listed(estimates, '.1f', ' %')}."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
narrowed = intervals.mean(plain["gap"] - augmented["shifts"]["gap"])
lost = intervals.mean(plain["test accuracy"] - augmented["flips"]["test accuracy"])
claims.verdict(
    4,
    f"on 100 digits small shifts take {narrowed:.2f} off test loss − training loss; flips, which "
    f"change what a digit means, take {lost:.1f} points off test accuracy (5 seeds)",
    shifts_narrow_gap=narrowed.low > 0,
    flips_harm=lost.low > 0,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## VGG: one module, stacked (2014)
#
# AlexNet's kernels are 11, 5 and 3 pixels wide, its layers all different. Simonyan & Zisserman
# (2014) asked what depth alone can do, and made everything else the same: the only module is a
# 3×3 convolution with ReLU. Halve the map, double the channels, repeat.

# %% slideshow={"slide_type": "subslide"}
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(depth, shape=(224, 224, 3), dense=4096, classes=1000, initializer="he_normal"):
    """VGG with 11, 13, 16 or 19 layers with weights: the paper's columns A, B, D and E."""
    options = {"activation": "relu", "kernel_initializer": initializer}
    model = keras.Sequential([layers.Input(shape, name="input")], name=f"VGG-{depth}")
    for block, repeats in enumerate(CONVOLUTIONS[depth], start=1):
        filters = 64 * min(2 ** (block - 1), 8)
        for i in range(1, repeats + 1):
            name = f"block{block}_conv{i}"
            model.add(layers.Conv2D(filters, 3, padding="same", name=name, **options))
        model.add(layers.MaxPooling2D(2, name=f"block{block}_pool"))
    model.add(layers.Flatten(name="fc6_flatten"))
    model.add(layers.Dense(dense, name="fc6", **options))
    model.add(layers.Dense(dense, name="fc7", **options))
    model.add(layers.Dense(classes, kernel_initializer=initializer, name="fc8"))
    return model


with networks.shapes_only():
    vggs = {depth: vgg(depth) for depth in CONVOLUTIONS}
costs.table(vggs[16])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Halving the map quarters the work of a convolution, doubling its channels quadruples it: from
# block to block a module costs the same, 1.85 G multiply-adds. (The first module of a block has
# half as many input channels and costs half; in block 5 the channels no longer double.)

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(vggs[16])
plotting.show(
    "VGG-16 drawn block by block: blocks of two or three convolutions, each ending in a pooling that "
    "halves the map, with more and more channels; then three long dense vectors."
)

share_of_fc6 = vggs[16].get_layer("fc6").count_params() / costs.total(vggs[16]).parameters
plotting.plot_costs(
    vggs[16], title=f"{share_of_fc6:.0%} of VGG-16's parameters are in one dense layer, fc6"
)
plotting.show(
    "Two bar charts of VGG-16's blocks, parameters on the left and multiply-adds on the right. "
    f"The dense layer fc6 has {share_of_fc6:.0%} of the parameters; the blocks of convolutions do "
    "nearly all the work."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Four depths, one module. The parameters hardly change, since the dense layers hold most of them;
# the work almost triples.

# %% slideshow={"slide_type": "fragment"}
PUBLISHED = {11: 132_863_336, 13: 133_047_848, 16: 138_357_544, 19: 143_667_240}
sizes = {depth: costs.total(net) for depth, net in vggs.items()}
assert {depth: size.parameters for depth, size in sizes.items()} == PUBLISHED
Table(
    header=["network", "convolutions in blocks 1 to 5", "parameters", "multiply-adds [G]"],
    rows=[
        [
            f"VGG-{depth}",
            ", ".join(map(str, CONVOLUTIONS[depth])),
            size.parameters,
            size.multiply_adds / 1e9,
        ]
        for depth, size in sizes.items()
    ],
    formats=["", ">", ",", ".2f"],
)

# %% [markdown] slideshow={"slide_type": "skip"}
# These are the networks of the paper (table 1, columns A, B, D, E), layer by layer; its table 2
# says 133, 133, 138 and 144 million parameters. Only dropout, which has no parameters, is left out.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 05: stacked 3×3 convolutions replace large ones
#
# *The same receptive field, fewer parameters.* Which input pixels can one output pixel see? Ask the
# gradient: where the output does not depend on a pixel, the derivative is zero. We take five random
# networks for each stack and look at the derivative of the central output.


# %% slideshow={"slide_type": "fragment"}
def stack(kernels, channels=64):
    """Convolutions of the given sizes, one after the other."""
    model = keras.Sequential([layers.Input((11, 11, channels))])
    for kernel in kernels:
        model.add(layers.Conv2D(channels, kernel, padding="same", activation="relu"))
    return model


def seen(kernels):
    """How strongly the central output depends on each input pixel: (11, 11)."""
    model = stack(kernels)
    image = tf.random.normal((1, 11, 11, 64))
    with tf.GradientTape() as tape:
        tape.watch(image)
        centre = tf.reduce_sum(model(image)[0, 5, 5])
    return np.abs(tape.gradient(centre, image)[0]).sum(axis=-1)


STACKS = {"one 5×5": (5,), "two 3×3": (3, 3), "one 7×7": (7,), "three 3×3": (3, 3, 3)}
maps = {
    name: experiments.repeat(lambda seed, kernels=kernels: seen(kernels), range(5))
    for name, kernels in STACKS.items()
}

# %% [markdown] slideshow={"slide_type": "subslide"}
# White is zero: not seen. Compare the outlines in pairs, then the corners: what is different there?

# %% slideshow={"slide_type": "fragment"}
field = {name: int((m.max(axis=1) > 0).sum(axis=1).max()) for name, m in maps.items()}
cost = {name: costs.total(stack(kernels)) for name, kernels in STACKS.items()}

figure, axes = plt.subplots(1, 4, figsize=(10, 3.2))
for ax, (name, values) in zip(axes, maps.items(), strict=True):
    mean = values.mean(axis=0)
    ax.imshow(mean / mean.max(), cmap="Blues")
    ax.set_title(f"{name} sees {field[name]}×{field[name]}", fontsize=11)
    ax.set_xlabel(f"{cost[name].parameters:,} parameters", fontsize=11)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
figure.suptitle("What one output sees of its input, and what that costs", x=0.01, ha="left")
sights = (f"{name}: {field[name]}×{field[name]} pixels" for name in maps)
plotting.show(
    "Four maps, darker where the central output depends more on an input pixel. Seen are, "
    f"{'; '.join(sights)}. Single kernels see evenly, stacks fade towards the corners."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A stack sees its corners only along one path, its centre along many: the field is as wide, but not
# evenly used (Luo et al. 2016 call the part that matters the *effective* receptive field).


# %% slideshow={"slide_type": "fragment"}
def saving(small, large, quantity):
    return getattr(cost[small], quantity) / getattr(cost[large], quantity)


same_field = field["two 3×3"] == field["one 5×5"] and field["three 3×3"] == field["one 7×7"]
ratios = {
    pair: (saving(*pair, "parameters"), saving(*pair, "multiply_adds"))
    for pair in (("two 3×3", "one 5×5"), ("three 3×3", "one 7×7"))
}
two, three = map(max, ratios.values())
claims.verdict(
    5,
    f"two 3×3 see {field['two 3×3']}×{field['two 3×3']} pixels for {two:.2f} times the parameters "
    f"and multiply-adds of one 5×5, three see {field['three 3×3']}×{field['three 3×3']} for "
    f"{three:.2f} times those of one 7×7",
    same_field=same_field,
    cheaper=max(two, three) < 1,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 06: very deep plain nets need stage-wise training, or a better initialization
#
# Simonyan & Zisserman drew their weights from N(0, 0.01²). VGG-11 trained so, deeper ones did not:
# they were started from the layers of a trained VGG-11. Why would depth matter? Follow a photograph
# through the thirteen convolutions of an untrained, full-width VGG-16, for three ways to draw the
# weights.

# %% slideshow={"slide_type": "fragment"}
image = data.chelsea()[:96, 100:196] / 255.0
image = ((image - image.mean()) / image.std())[None]
STARTS = {  # standard deviation of the weights of a layer with that many inputs and outputs
    "N(0, 0.01²)": lambda n_in, n_out: 0.01,
    "Glorot & Bengio (2010)": lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,
    "He et al. (2015)": lambda n_in, n_out: (2 / n_in) ** 0.5,
}


def spreads(model, deviation):
    """Standard deviation of the outputs of each convolution; the image's is 1."""
    convolutions = [layer for layer in model.layers if "conv" in layer.name]
    for layer in convolutions:
        *_, channels_in, channels_out = layer.kernel.shape
        wanted = deviation(9 * channels_in, 9 * channels_out)
        layer.kernel.assign(layer.kernel * (wanted / ops.std(layer.kernel)))
    outputs = [layer.output for layer in convolutions]
    return np.array([np.std(out) for out in keras.Model(model.inputs[0], outputs)(image)])


def each_start(seed):
    model = vgg(16, image.shape[1:], dense=1, classes=1)
    return {name: spreads(model, deviation) for name, deviation in STARTS.items()}


spread = experiments.repeat(each_start)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=1"]
ax = plotting.plot_curves(range(1, 14), spread)
ax.set(
    yscale="log",
    xlabel="convolution",
    ylabel="spread of its outputs (image: 1)",
    title="How much of the photograph's spread arrives in each layer?",
)
powers = {name: np.log10(values[:, -1]).mean() for name, values in spread.items()}
plotting.show(
    "Spread of the outputs after each convolution on a logarithmic axis, a line for each start. In "
    "the last, it is ten to the power of "
    + "; ".join(f"{power:.0f} with {name}" for name, power in powers.items())
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each layer multiplies the spread by a factor. He et al. (2015) choose it to be 1 for ReLU. Glorot
# & Bengio's is 0.71 where input and output channels are equal; that of N(0, 0.01²) is 0.48 in a
# layer of 512 channels and less in narrower ones. Thirteen such factors are multiplied, and the
# gradient shrinks on its way back in the same way.
#
# Does that keep a network from learning? We train VGG's plan in small: 16 channels everywhere, on
# digits of 8×8 pixels. The paper had 370,000 steps to get moving, we have a few hundred, so the
# "small" start shrinks the spread only to 0.62 a layer.


# %% slideshow={"slide_type": "subslide"}
def small_vgg(depth):
    """The plan of VGG with 16 channels, one pooling, and weights drawn as He et al. do."""
    options = {"activation": "relu", "kernel_initializer": "he_normal"}
    model = keras.Sequential([layers.Input((8, 8, 1))])
    for block, repeats in enumerate(CONVOLUTIONS[depth], start=1):
        for i in range(1, repeats + 1):
            name = f"block{block}_conv{i}"
            model.add(layers.Conv2D(16, 3, padding="same", name=name, **options))
        if block == 1:
            model.add(layers.MaxPooling2D(2, name="block1_pool"))
    model.add(layers.Flatten(name="fc6_flatten"))
    model.add(layers.Dense(64, name="fc6", **options))
    model.add(layers.Dense(64, name="fc7", **options))
    model.add(layers.Dense(10, name="fc8", kernel_initializer="he_normal"))
    # Clipped, because one unlucky step can kill the few units of so narrow a net for good.
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9, clipnorm=1), CROSS_ENTROPY)
    return model


def start(model, factor):
    """Draw new weights; each layer multiplies the spread by ``factor``."""
    training.restart(model)
    model.set_weights([factor * weights for weights in model.get_weights()])


def train(model, epochs):
    """The training loss after each epoch of 20 steps."""
    fit = training.fit(model, x_scaled[:500], y_small[:500], epochs=epochs, batch_size=25)
    return fit["loss"]


small = {depth: small_vgg(depth) for depth in (11, 13, 16)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Sixteen layers from scratch, from the small start and from He's. And stage by stage: train 11
# layers from the small start, hand their weights to the layers of the same name in 13, train a
# little, then to 16. (The paper handed over the first four convolutions and the dense layers.)

# %% slideshow={"slide_type": "fragment"}
EPOCHS, STAGE = 12, 3


def from_scratch(factor, epochs):
    start(small[16], factor)
    return train(small[16], epochs)


def stage_by_stage():
    start(small[11], 0.62)
    losses = train(small[11], EPOCHS)
    for shallow, deep in ((11, 13), (13, 16)):
        start(small[deep], 0.62)
        for layer in small[shallow].layers:
            small[deep].get_layer(layer.name).set_weights(layer.get_weights())
        losses = np.append(losses, train(small[deep], STAGE))
    return losses


losses = {
    "small start": experiments.repeat(lambda seed: from_scratch(0.62, EPOCHS + 2 * STAGE)),
    "small start, by stages": experiments.repeat(lambda seed: stage_by_stage()),
    "He's start": experiments.repeat(lambda seed: from_scratch(1.0, EPOCHS)),
}

# %% [markdown] slideshow={"slide_type": "subslide"}
# The dotted line is the loss of guessing (ln 10). Which curves leave it, and when?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.5"]
ax = plt.figure(figsize=(10, 4.5)).add_subplot()
for name, curve in losses.items():
    plotting.plot_curves(range(1, curve.shape[1] + 1), {name: curve}, ax=ax)
ax.axhline(np.log(10), color=COLOURS["grey"], linestyle=":")
for epoch, text in ((EPOCHS, " 13 layers"), (EPOCHS + STAGE, " 16 layers")):
    ax.axvline(epoch + 0.5, color=COLOURS["vermilion"], lw=1, linestyle="--")
    ax.text(epoch + 0.5, 0.05, text, color=COLOURS["vermilion"], fontsize=11)
ax.set(
    xlabel="epoch",
    ylabel="training loss",
    xticks=range(0, 19, 3),
    ylim=(0, 2.45),
    title="Which start lets 16 layers learn?",
)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plotting.show(
    f"Training loss by epoch; guessing has {np.log(10):.1f}. At the end, mean of the seeds: "
    + "; ".join(f"{name} {curve[:, -1].mean():.1f}" for name, curve in losses.items())
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.3"]
left = {name: intervals.mean(np.log10(values[:, -1])) for name, values in spread.items()}
final = {name: curve[:, -1] / np.log(10) for name, curve in losses.items()}  # guessing: 1
ends = ", ".join(f"{name} {intervals.mean(loss):.2f}" for name, loss in final.items())
claims.verdict(
    6,
    f"13 convolutions change a photograph's spread by {left['N(0, 0.01²)']:.1f} powers of ten with "
    f"N(0, 0.01²), by {left['He et al. (2015)']:.1f} with He's start; 16 layers end at these parts "
    f"of guessing's loss: {ends} (3 seeds)",
    small_start_stalls=final["small start"].min() > 0.9,
    stages_learn=final["small start, by stages"].max() < 0.75,
    he_start_learns=final["He's start"].max() < 0.75,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A convolutional network is convolution, pooling and dense layers. Convolutions do the work;
#   until 2014 dense layers held the parameters.
# - A large kernel can be had as a stack of small ones, for fewer parameters and less work.
# - What a network is started from, how its layers bend and what it may see of its images decide
#   whether it learns, and how much it overfits. Each of these can be measured in a minute.
# - A claim from the past need not hold for the networks of today, even if it was true when it was
#   made: look at how the comparison was set up.
#
# **To try**
#
# 1. Give LeNet-5 max pooling and ReLU in place of average pooling and tanh. Does it read better?
# 2. Replace VGG-16's dense layers by global average pooling and one dense layer of 1000. How many
#    parameters are left? (Lesson 04 does this to AlexNet's successors.)
# 3. Train on 1,000 digits instead of 100 in claims 03 and 04. What becomes of the gaps, and why?
# 4. Start the 16-layer network of claim 06 from factors of 0.5 to 1.5. Where does learning begin,
#    and where does it end?
#
# Next: `04_googlenet_resnet_densenet`.
