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
# # 08 · Transfer learning
#
# **Can a network that was trained on other pictures learn five new things from 65 examples?**
#
# About two minutes on 2 cores, six at the first run ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/08_transfer_learning.ipynb)
#
# - **What you do:** take VGG16 as it was trained on ImageNet, remove its last layers, and train a
#   new classifier for *Hat, Cube, Card, Torch, Screw* on what remains. Then ask whether it was
#   the pretraining, what the network looks at, and whether its confidence can be trusted.
# - **What you learn:** to freeze a network and check that it is frozen, to compute features once,
#   and to report accuracy with its uncertainty.
# - **What you need:** lesson 07 (pretrained models, preprocessing).

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
import functools

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras.applications.vgg16 import VGG16, preprocess_input

from course_utils import (
    calibration,
    claims,
    costs,
    experiments,
    guards,
    intervals,
    plotting,
    pretrained,
    probes,
    transfer,
    units,
)
from course_utils.data import (
    CLASS_NAMES,
    load_folder,
    load_objects,
    load_objects_masks,
    sample_photographs,
)
from course_utils.images import read_images, resize
from course_utils.paths import data_dir

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A very small data set
#
# ImageNet has 1.28 million training images of 1000 classes (Russakovsky et al. 2015). We have 65
# of five. How much is that, as an array?

# %% slideshow={"slide_type": "fragment"}
(x_train, y_train), (x_test, y_test) = load_objects()

print("training images:", x_train.shape, x_train.dtype)
print("training labels:", y_train.shape, y_train.dtype)
print("test images:    ", x_test.shape)
print("training images of each class:", np.bincount(y_train))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Labels come in two forms. *Integer labels* name the class by its index; *one-hot* labels have a 1
# at that index and 0 elsewhere. The loss must fit the form: `sparse_categorical_crossentropy` for
# integers, `categorical_crossentropy` for one-hot. We keep integers.

# %% slideshow={"slide_type": "fragment"}
one_hot = keras.utils.to_categorical(y_train, num_classes=len(CLASS_NAMES))
index = len(y_train) // 2

print("one-hot:", one_hot[index])
print("integer:", one_hot[index].argmax(), "=", CLASS_NAMES[y_train[index]])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three things can be wrong here without any error message: images without a label or with one that
# no class has, images that stand in both sets, images that someone has already preprocessed. Each
# check is one line, and silent when all is well.

# %% slideshow={"slide_type": "fragment"}
guards.check_images(x_train)
guards.check_labels(y_train, x_train, CLASS_NAMES)
guards.check_disjoint(x_train, x_test)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at the pictures before you train on them. They are rendered, not photographed, and no object
# of the training set appears in the test set. What varies within a class? What could a network
# mistake for what?

# %% slideshow={"slide_type": "fragment"}
plotting.plot_samples(
    x_train, y_train, CLASS_NAMES, per_class=6, title="Five classes, different objects each time"
)
plotting.show(
    f"Training images, a row for each class: {', '.join(CLASS_NAMES)}. Objects of one class differ "
    "in kind, colour, number and background."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does an ImageNet network say already?
#
# None of the five words is needed for a first try: a network with 1000 classes may know our
# objects under other names. Before you run the cell, guess which of the five it gets right.

# %% slideshow={"slide_type": "fragment"}
imagenet = pretrained.load("EfficientNetLite0")
examples = [np.flatnonzero(y_test == label)[4] for label in range(len(CLASS_NAMES))]
top = imagenet.predict_top(x_test[examples], k=3)

plotting.plot_top_predictions(
    x_test[examples], top, title="What a network with 1000 other classes says of our five"
)
first = (f"{name}: {guesses[0].label}" for name, guesses in zip(CLASS_NAMES, top, strict=True))
plotting.show(
    "A test image of each class beside bars of its most probable ImageNet classes. First answers: "
    + ", ".join(first)
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Its answers are often sensible, in its own vocabulary. It has no class for a playing card, and its
# *torch* is one that burns. The knowledge is there; the last layer speaks the wrong language.
# *Transfer learning* keeps the knowledge and replaces the last layer.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## VGG16, without its head
#
# Simonyan & Zisserman (2014): 13 convolutions in five blocks, then three dense layers for ImageNet's
# 1000 classes. `include_top=False` leaves the dense layers away, `pooling="avg"` averages each of the
# last 512 feature maps: a picture becomes 512 numbers.

# %% slideshow={"slide_type": "fragment"}
base = VGG16(
    include_top=False,
    weights=pretrained.weights_for("VGG16", include_top=False),
    input_shape=(224, 224, 3),
    pooling="avg",
)
base.summary()

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Freeze it.** `trainable = False` tells Keras to leave these weights alone. Public courses have
# shipped notebooks that trained what they had meant to freeze, so we check.

# %% slideshow={"slide_type": "fragment"}
base.trainable = False
guards.check_trainable(base, [])

print(f"weights in the base:  {base.count_params():>12,}")
print(f"of these trainable:   {costs.total(base).trainable:>12,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Features, computed once
#
# The obvious way is to put a new layer on the base and call `fit`. Then every epoch pushes every
# image through 13 frozen convolutions, and gets the same 512 numbers each time: ten epochs, ten
# times the work. So we compute them once.
#
# VGG16 was trained on images in BGR order with the mean colour subtracted. Its own
# `preprocess_input` does both; leave it out and nothing complains.

# %% slideshow={"slide_type": "fragment"}
features_train = transfer.extract_features(base, x_train, preprocess_input)
features_test = transfer.extract_features(base, x_test, preprocess_input)

print("an image:    ", x_train[0].shape, "=", f"{x_train[0].size:,} numbers")
print("its features:", features_train[0].shape)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A new head
#
# One dense layer with five outputs and a softmax is all that is trained. Settings as in the
# lecture: Adam, batches of 10, 10 epochs. (`metrics` must be a list: Keras 3 refuses
# `metrics="accuracy"`.) The line after `fit` checks that the training moved the head.


# %% slideshow={"slide_type": "fragment"}
def train_head(train, test, start="glorot_uniform"):
    """Train a new head on features; returns it with its learning curve."""
    head = keras.Sequential(
        [
            keras.Input(train.shape[1:]),
            keras.layers.Dense(
                len(CLASS_NAMES), activation="softmax", kernel_initializer=start, name="dense"
            ),
        ],
        name="head",
    )
    head.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    before = guards.snapshot(head)
    history = head.fit(
        train, y_train, batch_size=10, epochs=10, validation_data=(test, y_test), verbose=0
    )
    guards.check_moved(before, head, ["dense"])
    return head, history.history


head, _ = train_head(features_train, features_test)
head.summary()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Keras starts a dense layer from random weights, so one training is one draw. We train from three
# seeds and look at all of them.
#
# What to look at: the training images are learned. Are the test images?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
random_start = experiments.repeat(
    lambda seed: train_head(features_train, features_test)[1], label="training heads"
)


def in_words(history):
    """Last accuracies of a learning curve, for its alternative text."""
    seen, unseen = (history[key][:, -1].mean() for key in ("accuracy", "val_accuracy"))
    return f"in the last epoch {seen:.0%} of the training and {unseen:.0%} of the test images"


plotting.plot_learning_curve(random_start, title="A head that starts from random weights")
plotting.show(f"Accuracy by epoch, head started at random: right are {in_words(random_start)}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why? The head has 512 weights for each class, and 65 images to learn them from. Training changes
# the weights mostly along the features of these images. In the other directions much of the random
# start stays, and adds noise to the answer for every new image.
#
# The cure is one word: start from zero. A hidden layer must not start so, since all its units would
# stay equal. A softmax layer on fixed features may; it then is logistic regression. (This reason,
# and no test accuracy, is why we take it: a choice made on the test set would spoil the test.)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
heads = []


def trial(seed):
    head, history = train_head(features_train, features_test, start="zeros")
    heads.append(head)
    return history


zero_start = experiments.repeat(trial, label="training heads")
plotting.plot_learning_curve(zero_start, title="A head that starts from zero")
plotting.show(f"Accuracy by epoch, head started from zero: right are {in_words(zero_start)}.")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
gain = intervals.mean(
    100 * (zero_start["val_accuracy"][:, -1] - random_start["val_accuracy"][:, -1])
)
print(f"starting from zero gains {gain:.0f} points of test accuracy")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How good is it?
#
# 200 test images are a sample of all that we could have rendered. Wilson's 95 % interval (Wilson
# 1927) says where the accuracy on all of them may lie. It takes the images for independent; ours
# show 100 objects twice, so the truth is a little less certain. Of the three heads we keep the first:
# choosing the best one by its test accuracy would be choosing on the test set.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
for seed, head in zip(experiments.SEEDS, heads, strict=True):
    correct = int((head.predict(features_test, verbose=0).argmax(axis=1) == y_test).sum())
    print(f"seed {seed}: accuracy {intervals.proportion(correct, len(y_test)):.1%}")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
head = heads[0]
probabilities = head.predict(features_test, verbose=0)
y_pred = probabilities.argmax(axis=1)
accuracy = intervals.proportion(int((y_pred == y_test).sum()), len(y_test))

print(f"the first head: {accuracy:.1%}; guessing: 20 %")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which classes are mixed up? Rows are the truth, columns the answer; every row sums to 40.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
plotting.plot_confusion_matrix(
    y_test,
    y_pred,
    CLASS_NAMES,
    title=f"{accuracy.mean:.0%} of the test images lie on the diagonal",
)
plotting.show(
    "Table of true classes in rows and answers in columns, darker where more images lie. On the "
    f"diagonal, where the answer is right, lie {accuracy.mean:.0%}."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at what it got wrong. Would you have been right? If all the mistakes share something (a
# cluttered table, an odd angle), you know which pictures to add to the training set.

# %% slideshow={"slide_type": "fragment"}
wrong = np.flatnonzero(y_pred != y_test)[:10]
shown = wrong if len(wrong) else np.argsort(probabilities.max(axis=1))[:10]
plotting.plot_predictions(
    x_test[shown],
    y_test[shown],
    probabilities[shown],
    CLASS_NAMES,
    title="Its mistakes" if len(wrong) else "No mistakes; these were its least certain answers",
)
plotting.show(
    "Test images, each with the class that the head names, its probability and, where that is wrong, "
    "the true class."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it really the pretraining?
#
# What if the *architecture* did it, or the head alone? Two controls:
#
# - the same VGG16 with **random weights**: same architecture, nothing learned;
# - **handcrafted features** from before deep learning: histograms of oriented gradients (HOG, Dalal &
#   Triggs 2005), and of colours.
#
# All three get the same kind of head, logistic regression: a *probe*, which only measures what the
# features hold. Cross-validation on the training images chooses for each how the features are scaled
# and how strongly large weights are penalised, so that none is favoured. (So it may do better than
# the head above on the same features.) Guessing scores 20 %: what do you expect of random weights?

# %% [markdown] slideshow={"slide_type": "subslide"}
# One pass through each network serves this question and the next. Of every unit in every block we
# keep three numbers an image: its mean response, its strongest, and where that was.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
def random_vgg16(seed):
    keras.utils.set_random_seed(seed)
    return VGG16(include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg")


def responses(network):
    """Of all units to the training and to the test images."""
    return [units.unit_responses(network, x, preprocess_input) for x in (x_train, x_test)]


networks = {"ImageNet": responses(base)}
for seed in experiments.SEEDS:
    networks[f"random {seed}"] = responses(random_vgg16(seed))
random_networks = [name for name in networks if name.startswith("random")]

again = networks["ImageNet"][1]["block5"].mean
apart = np.abs(again - features_test).max()
print(f"means of block 5 and the features from above are at most {apart:.3f} apart")


# %% slideshow={"slide_type": "subslide"}
def probe(train, test):
    """Which test images does logistic regression on these features get right?"""
    return probes.correct((train, y_train), (test, y_test))


@functools.cache  # block 5 is asked for again below
def probe_block(network, block):
    train, test = networks[network]
    return probe(train[block].mean, test[block].mean)


def accuracy_of(runs):
    """Mean of the runs, with the interval of 200 test images."""
    return intervals.proportion(round(np.sum(runs) / len(runs)), len(y_test))


handcrafted = [
    np.hstack([probes.hog_features(x), probes.colour_histogram(x)]) for x in (x_train, x_test)
]
right = {
    "VGG16, ImageNet weights": [probe_block("ImageNet", "block5")],
    "HOG + colour histogram": [probe(*handcrafted)],
    "VGG16, random weights": [probe_block(name, "block5") for name in random_networks],
}
scores = {name: accuracy_of(runs) for name, runs in right.items()}

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
ax = plotting.plot_estimates(scores, spec=".0%")
ax.axvline(0.2, color=plotting.COLOURS["grey"], ls="--")
ax.set(
    xlim=(0, 1),
    xlabel="test accuracy (95 % interval; dashed: guessing)",
    title="Is it the weights, or would the architecture do?",
)
plotting.show(f"Test accuracy with 95 % intervals: {intervals.listed(scores, '.0%')}.")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
best, crafted, random = scores.values()
claims.verdict(
    13,
    f"right on new objects, with the same kind of head: ImageNet features {best:.0%}, "
    f"HOG + colour histogram {crafted:.0%}, the same network with random weights {random:.0%} "
    "(3 seeds; intervals of 200 test images)",
    beats_handcrafted=best.low > crafted.high,
    beats_random_weights=best.low > random.high,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What do the layers find?
#
# The lecture says: first edges, then textures, shapes and parts. Three ways to look. The first: the
# 64 kernels of the first convolution are 3×3 pixels in three colours, so they can be drawn as they
# are. (VGG16 takes BGR: the channels must be turned round.) Grey is zero.
#
# Which of them would answer to an edge, which to a colour?


# %% slideshow={"slide_type": "fragment"}
def as_pictures(kernels):
    """Kernels (3, 3, BGR, n) as n RGB images, each scaled to its own largest weight."""
    rgb = kernels[:, :, ::-1] / np.abs(kernels).max(axis=(0, 1, 2))
    return np.moveaxis(np.round(127.5 + 127.5 * rgb), -1, 0).astype("uint8")


kernels = base.get_layer("block1_conv1").kernel.numpy()
plotting.plot_images(
    as_pictures(kernels),
    columns=16,
    title=f"The {kernels.shape[-1]} kernels of the first convolution",
)
plotting.show(
    f"{kernels.shape[-1]} kernels as squares of 3×3 coloured pixels. Some are light on one side and "
    "dark on the other, in several directions; some have a spot; some are of one colour."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Kernels further up have 64 to 512 channels and cannot be drawn. The second way: show each unit all
# test images and keep what excites it most. A unit sees a part of the image, its *receptive field*;
# its size follows from the kernels and strides before it. We cut out that part around the strongest
# response, clipped at the image's borders, for the five units of each block that are choosiest.


# %% slideshow={"slide_type": "fragment"}
def most_selective(responses, count):
    """Units whose strongest response stands out most from their mean; the quieter half left out."""
    mean, strongest = responses.mean.mean(axis=0), responses.max.max(axis=0)
    active = mean > np.median(mean)
    return np.argsort(-np.where(active, strongest / np.maximum(mean, 1e-9), 0))[:count]


patches = {}
for block in ("block1", "block3", "block5"):
    found = networks["ImageNet"][1][block]
    label = f"{block}: each unit sees {found.field.size}×{found.field.size} pixels"
    patches[label] = [found.patches(x_test, unit, 6) for unit in most_selective(found, 5)]
plotting.plot_patches(patches, title="What excites a unit, in an early, a middle and a late block")
plotting.show(
    "Patches of test images that excite units most, a row for each unit. Early ones are light and "
    f"dark edges, middle ones patterns, late ones objects. {'; '.join(patches)}."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The third way gives a number. If later blocks find what classes are made of, a linear head on their
# averaged outputs should do better from block to block. And in a random network, where depth adds no
# knowledge?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
BLOCKS = list(networks["ImageNet"][0])

by_depth = {
    "ImageNet weights": [accuracy_of([probe_block("ImageNet", b)]) for b in BLOCKS],
    "random weights (3 seeds)": [
        accuracy_of([probe_block(name, b) for name in random_networks]) for b in BLOCKS
    ],
}
ax = plotting.plot_estimates_along(BLOCKS, by_depth)
ax.axhline(0.2, color=plotting.COLOURS["grey"], ls="--")
ax.set(
    ylim=(0, 1),
    ylabel="test accuracy (95 % interval)",
    title="How much does each block know of the five classes?",
)
ends = (f"with {name} {row[0].mean:.0%} and {row[-1].mean:.0%}" for name, row in by_depth.items())
plotting.show(
    f"Test accuracy of a probe after each block; after {BLOCKS[0]} and after {BLOCKS[-1]} it is "
    f"{', '.join(ends)}."
)


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
def growth(names):
    """Accuracy on block 5 less that on block 1, of the same images, mean over networks."""
    difference = [1.0 * probe_block(n, BLOCKS[-1]) - probe_block(n, BLOCKS[0]) for n in names]
    return intervals.bootstrap(np.mean, np.mean(difference, axis=0))


imagenet_gain, random_gain = growth(["ImageNet"]), growth(random_networks)
claims.verdict(
    12,
    f"from block 1 to block 5 the accuracy of a linear probe grows by {imagenet_gain:.0%} in the "
    f"ImageNet network, by {random_gain:.0%} in random ones (3 seeds; bootstrap intervals of 200 "
    "test images); edges, textures and parts are seen in the pictures, not measured",
    later_blocks_know_more=imagenet_gain.low > 0.5,
    by_training=imagenet_gain.low > random_gain.high + 0.3,
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the second interval. Where it leaves out zero, even random depth adds a little; what
# training adds is of another size.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does it look at?
#
# A right answer can have a wrong reason: the table, not the hat. *Grad-CAM* (Selvaraju et al. 2017)
# asks which places of the last feature maps raise the score of a class:
#
# 1. the gradient of the score with respect to each of the 512 maps, averaged over the map, is the
#    weight of the map;
# 2. the weighted sum of the maps, negative values cut off, is the heat map.

# %% slideshow={"slide_type": "fragment"}
last_maps = base.get_layer("block5_conv3").output  # 14×14 places, 512 maps
to_maps = keras.Model(base.inputs, last_maps)
maps_to_features = keras.Model(last_maps, base.output)
kernel, bias = head.get_weights()


def grad_cam(maps, classes):
    """Heat maps (n, 224, 224) of the evidence for one class in each image."""
    maps = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        scores_of_all = maps_to_features(maps) @ kernel + bias
        scores = tf.gather(scores_of_all, classes, batch_dims=1)  # of one class each
    weights = tf.reduce_mean(tape.gradient(scores, maps), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    return tf.image.resize(heat, (224, 224)).numpy()[..., 0]


# %% [markdown] slideshow={"slide_type": "subslide"}
# Ten test images of each class, and every mistake. The heat is for the class that the network
# answered. The white line is the outline of the object, which the network has never been told.

# %% slideshow={"slide_type": "fragment"}
_, masks_test = load_objects_masks()
is_right = y_pred == y_test
some = np.concatenate([np.flatnonzero(y_test == label)[::4] for label in range(len(CLASS_NAMES))])
looked_at = np.union1d(some, np.flatnonzero(~is_right))
maps = transfer.extract_features(to_maps, x_test[looked_at], preprocess_input)
heat = grad_cam(maps, y_pred[looked_at])

right_ones = np.flatnonzero(is_right[looked_at])[::10][:5]
wrong_ones = np.flatnonzero(~is_right[looked_at])[:5]
picked = np.concatenate([right_ones, wrong_ones])
titles = [
    f"{CLASS_NAMES[y_test[i]]}: right"
    if is_right[i]
    else f"{CLASS_NAMES[y_test[i]]}, it says {CLASS_NAMES[y_pred[i]]}"
    for i in looked_at[picked]
]
plotting.plot_heat(
    x_test[looked_at[picked]],
    heat[picked],
    titles,
    masks=masks_test[looked_at[picked]],
    title="Where the evidence for the answer lies",
)
plotting.show("Test images, bright where the evidence lies, right answers first; objects outlined.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Pictures can be picked. A number cannot: which share of the heat lies on the object? A map that is
# the same everywhere would have the share of the picture that the object covers. Heat maps of 14×14
# squares are coarse, so even a perfect one spills over the outline.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.15"]
masks = masks_test[looked_at]
on_object = (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))
covered = masks.mean(axis=(1, 2))
answered_right = is_right[looked_at]
shares = {
    "heat on the object, right answers": intervals.mean(on_object[answered_right]),
    "object's share of the picture": intervals.mean(covered),
}
if (~answered_right).sum() > 1:
    shares["heat on the object, wrong answers"] = intervals.mean(on_object[~answered_right])
ax = plotting.plot_estimates(shares, spec=".0%")
ax.set(
    xlim=(0, 1),
    xlabel="mean share (95 % interval)",
    title="Does the evidence lie on the object?",
)
plotting.show(f"Mean shares with 95 % intervals: {intervals.listed(shares, '.0%')}.")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
surplus = intervals.mean((on_object - covered)[answered_right])
print(f"heat on the object, less its share of the picture: {surplus:.0%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An honest split
#
# The lecture tested on about 16 images, and they were frames of the same videos as the training
# images. What does that do? We make such a set: each of our 65 training pictures is a frame, and a
# moment later the camera has moved by a few pixels and it is a little darker. Train on the first
# frames, test on the next.


# %% slideshow={"slide_type": "fragment"}
def next_frame(images):
    """The camera moved by up to 8 pixels and came a little closer, and 5 % of the light went."""
    moved = np.stack([resize(image[8:, 8:], 224) for image in images])
    return (0.95 * moved).astype("uint8")


x_next = next_frame(x_train)
guards.check_disjoint(x_train, x_next)  # no pair nearly equal: this guard cannot see the leak
plotting.plot_images(
    [x_train[5], x_next[5], x_train[45], x_next[45]],
    ["training", "test, leaking"] * 2,
    columns=4,
    title="Two frames of one video",
)
plotting.show(
    "Two training images, each beside its next frame: nearly the same picture, moved a little and "
    "slightly darker."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.1"]
random_name, seed = "VGG16, random weights", experiments.SEEDS[0]
frames = {  # each network, with its features of the first frames from above
    "VGG16, ImageNet weights": (base, features_train),
    random_name: (random_vgg16(seed), networks[f"random {seed}"][0]["block5"].mean),
}
honest = {
    "VGG16, ImageNet weights": scores["VGG16, ImageNet weights"],
    random_name: accuracy_of([probe_block(f"random {seed}", "block5")]),
}
leaking = {}
for name, (network, features) in frames.items():
    features_next = transfer.extract_features(network, x_next, preprocess_input)
    answers = probes.correct((features, y_train), (features_next, y_train))
    leaking[name] = intervals.proportion(int(answers.sum()), len(answers))

ax = plotting.plot_estimates_along(
    list(frames),
    {"next frames (leak)": list(leaking.values()), "new objects (honest)": list(honest.values())},
)
ax.axhline(0.2, color=plotting.COLOURS["grey"], ls="--")
ax.set(
    xlim=(-0.5, 1.5),
    ylim=(0, 1.05),
    ylabel="test accuracy (95 % interval)",
    title="How good do they look with the leak, and without?",
)
ax.legend(loc="lower left")
plotting.show(
    f"Test accuracy with 95 % intervals. Next frames: {intervals.listed(leaking, '.0%')}. New "
    f"objects: {intervals.listed(honest, '.0%')}."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
for name in frames:
    print(f"{name}: next frames {leaking[name]:.0%}, new objects {honest[name]:.0%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A leak does not make one method look good; it makes every method look good, because recognising
# *this* picture again takes no idea of what a hat is. So a split is made by object, by patient, by
# video, never by picture. Our training and test sets share no object.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Can you trust its confidence?
#
# The softmax gives a probability. Of all answers with 90 % confidence, are 90 % right? A
# *reliability diagram* sorts the answers by confidence and counts. The *expected calibration error*
# is the mean distance from the diagonal (Guo et al. 2017). Its interval is a *bootstrap*: the same
# number for 2000 test sets drawn from ours with replacement.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
confidence = probabilities.max(axis=1)
BINS = 5  # with 200 answers
error = intervals.bootstrap(
    functools.partial(calibration.expected_calibration_error, bins=BINS), confidence, is_right
)
plotting.plot_reliability(
    calibration.reliability(confidence, is_right, bins=BINS),
    title="On new objects it is right more often than it claims"
    if confidence.mean() < is_right.mean()
    else "On new objects it claims more than it holds",
)
plotting.show(
    "Share of right answers against confidence, with the diagonal where both agree. On average it is "
    f"{confidence.mean():.0%} sure and {is_right.mean():.0%} right."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
print(f"mean confidence {confidence.mean():.1%}, accuracy {is_right.mean():.1%}")
print(f"expected calibration error {error:.1%} (bootstrap)")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And a picture of none of the five? Guess what it says of a cat before you run the cell.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
none_of_five = {n: p for n, p in sample_photographs().items() if n != "grace_hopper"}
strangers = read_images(none_of_five.values(), 224)
said = head.predict(transfer.extract_features(base, strangers, preprocess_input), verbose=0)
plotting.plot_images(
    list(strangers),
    [f"{CLASS_NAMES[row.argmax()]}, {row.max():.0%} sure" for row in said],
    title="It has no word for 'none of these'",
)
plotting.show(
    f"Photographs of {', '.join(none_of_five)}: each is given one of the five class names, and the "
    f"surest answer is {said.max():.0%} sure."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
print(f"a photograph of none of the five, and {said.max():.0%} sure")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Five probabilities sum to one whatever the picture shows. Calibration on the test set says nothing
# about pictures of another kind. An application that meets such pictures needs a class for them, or
# a measure of how far a picture is from all training pictures.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your own photographs
#
# The head has never seen a photograph. Here are some, of hats and cubes. Put your own into folders
# named Hat, Cube, Card, Torch and Screw (not all are needed), change the path, and run the cell
# again. Let the object fill the middle: what is over is cut off to make a square.

# %% slideshow={"slide_type": "fragment"}
my_photographs = data_dir() / "photographs"  # or "/home/me/my_photos"

photographs, truth, names = load_folder(my_photographs)
if names != CLASS_NAMES:
    raise ValueError(f"Name the folders {', '.join(CLASS_NAMES)}; found {', '.join(names)}.")
answers = head.predict(transfer.extract_features(base, photographs, preprocess_input), verbose=0)
plotting.plot_predictions(
    photographs,
    truth,
    answers,
    CLASS_NAMES,
    title="Trained on rendered pictures, asked of photographs",
)
plotting.show(
    f"{len(truth)} photographs, each with the class that the head names and its probability; wrong "
    "ones in vermilion with the true class."
)

# %% slideshow={"slide_type": "fragment"}
known = int((answers.argmax(axis=1) == truth).sum())
print(f"right: {known} of {len(truth)}, {intervals.proportion(known, len(truth)):.0%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the interval: so few photographs say little about the next. The README in
# `data/photographs` describes a larger trial. Try many of your own, and note what the wrong ones
# share: are they small, out of focus, without colour?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One network again
#
# For use on a new picture, base and head become one model, with the preprocessing inside, so that
# nobody can forget it. Is it the same network as before?

# %% slideshow={"slide_type": "fragment"}
images = keras.Input((224, 224, 3), name="images")
outputs = head(base(preprocess_input(images)))
classifier = keras.Model(images, outputs, name="objects_classifier")
classifier.summary()

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
together = classifier.predict(x_test[:8].astype("float32"), verbose=0)

guards.check_trainable(classifier, ["head/dense"])
guards.check_joined(classifier, x_test[:8].astype("float32"), head, features_test[:8])
print(f"largest difference: {np.abs(together - probabilities[:8]).max():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# One picture, one answer.

# %% slideshow={"slide_type": "fragment"}
picture = x_test[[0]]
answer = classifier.predict(picture.astype("float32"), verbose=0)[0]

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=(1, 2))
plotting.plot_image(picture[0], title=f"truth: {CLASS_NAMES[y_test[0]]}", ax=left)
order = answer.argsort()[::-1]
plotting.plot_probabilities([CLASS_NAMES[i] for i in order], answer[order], ax=right)
right.set(xlabel="probability", title=f"It says: {CLASS_NAMES[order[0]]}")
plotting.show(
    f"A test image of class {CLASS_NAMES[y_test[0]]} beside bars of the five probabilities; the "
    f"largest is that of {CLASS_NAMES[order[0]]}."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The lecture's variant: features from fc2
#
# The lecture cut the network later, after its second dense layer (`fc2`, 4096 numbers), which
# needs the full VGG16: a download of 528 MB. Where that is on this machine, the cell trains the
# same head on it.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
if "VGG16" in pretrained.available(include_top=True):
    full = VGG16(weights=pretrained.weights_for("VGG16", include_top=True))
    fc2 = keras.Model(full.inputs, full.get_layer("fc2").output)
    fc2.trainable = False
    fc2_train = transfer.extract_features(fc2, x_train, preprocess_input)
    fc2_test = transfer.extract_features(fc2, x_test, preprocess_input)
    _, history = train_head(fc2_train, fc2_test, start="zeros")
    correct = round(history["val_accuracy"][-1] * len(y_test))
    print(f"fc2 features: accuracy {intervals.proportion(correct, len(y_test)):.1%}")
else:
    print("The full VGG16 is not on this machine. With a network, fetch it once (528 MB) with")
    print("pretrained.load('VGG16'), and run this cell again.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A pretrained network without its head is a *feature extractor*: 150,528 pixel values become 512
#   numbers that tell hats from screws, although no one trained them to.
# - Frozen means: same image, same features. Compute them once.
# - With few images, what the head starts from matters: zero, not random.
# - It is the pretraining: random weights and handcrafted features do far worse on new objects.
# - A test set that shares pictures with the training set, even shifted ones, measures memory.
# - A softmax is sure of something even where every answer is wrong.
# - Check what is trainable, preprocess with the function that belongs to the network, and never
#   quote an accuracy without its interval.
#
# ## Try
#
# 1. Train on three images of each class, drawn by the seed (`train_head` takes all labels: give it
#    those of your images as an argument). How wide does the spread over seeds become?
# 2. Leave `preprocess_input` out (pass `lambda batch: batch`). Does anything warn you? What does it
#    cost?
# 3. Draw Grad-CAM for a class that was not answered (`grad_cam` takes one class for each image). What
#    speaks for it?
# 4. The test set shows each object twice, one view after the other, in other surroundings. Call
#    `probes.correct` with features and labels of every first view, and of every second one. Is this
#    leak as bad as the next frame, for ImageNet features and for random ones?
