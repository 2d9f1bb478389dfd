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
# # 10 · Fine-tuning
#
# **Is it worth training the pretrained layers too, and would training from scratch do as well?**
#
# About two minutes on 2 cores, six at the first run ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/10_fine_tuning.ipynb)
#
# - **What you do:** train a new head, then the last block, then all layers of a pretrained network,
#   and the same network from random weights, on 1 to 13 images of each class.
# - **What you learn:** to unfreeze layers so that they really train, to leave batch normalization
#   in peace, and to choose a learning rate that does not destroy what was learned before.
# - **What you need:** lesson 08 (a new head on frozen features).

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
import time

import keras
import numpy as np
from keras import layers

from course_utils import (
    claims,
    costs,
    experiments,
    guards,
    intervals,
    networks,
    plotting,
    pretrained,
    training,
    transfer,
)
from course_utils.data import CLASS_NAMES, load_objects
from course_utils.images import resize
from course_utils.models.efficientnet_lite import EfficientNetLite0, preprocess_input
from course_utils.tables import Table

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A network that a laptop can train
#
# The lecture ends with a sentence: "or initialize all weights from the pretrained model, then train
# them with target data". In lesson 08 the images passed through VGG16 once. Training its layers
# takes three times that (forward, and backward twice: for the weights and for what lies below), in
# every epoch. What would that cost, and what does a smaller network on smaller images cost?

# %% slideshow={"slide_type": "fragment"}
SIZE = 96  # pixels

with networks.shapes_only():
    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    lite0 = EfficientNetLite0(include_top=False, input_shape=(SIZE, SIZE, 3))
per_image = {"VGG16, 224 pixels": vgg16, "EfficientNet-Lite0, 96 pixels": lite0}
rows = [
    (name, total.parameters, total.multiply_adds / 1e6, 3 * 65 * total.multiply_adds / 1e9)
    for name, total in ((name, costs.total(model)) for name, model in per_image.items())
]
Table(
    ("base", "parameters", "M multiply-adds an image", "G an epoch of 65 images, trained"),
    rows,
    ("", ",", ",.0f", ",.0f"),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# So we take EfficientNet-Lite0, a lighter version of EfficientNet-B0 (Tan & Le 2019), which comes
# with the course. It has something that VGG16 has not, and that makes fine-tuning go wrong: batch
# normalization.

# %% slideshow={"slide_type": "subslide"}
(x_train, y_train), (x_test, y_test) = load_objects()
guards.check_disjoint(x_train, x_test)


def shrink(images):
    return np.stack([resize(image, SIZE) for image in images])


x_train, x_test = shrink(x_train), shrink(x_test)
guards.check_images(x_train)
guards.check_labels(y_train, x_train, CLASS_NAMES)
print("training:", x_train.shape, x_train.dtype, " test:", x_test.shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Augmentation
#
# 65 images can be shown in many ways that do not change what is on them: turned a little, moved,
# mirrored, closer, brighter. Keras has a layer for each. They act in training only.


# %% slideshow={"slide_type": "fragment"}
def augmentation():
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.05),
            layers.RandomTranslation(0.08, 0.08),
            layers.RandomZoom(0.15),
            layers.RandomBrightness(0.15),
        ],
        name="augmentation",
    )


pictures = [20, 33, 46]
augment = augmentation()
rows = [x_train[pictures]] + [
    np.asarray(augment(x_train[pictures].astype("float32"), training=True)) for _ in range(4)
]
shown = np.stack(rows, axis=1).reshape(-1, SIZE, SIZE, 3).clip(0, 255).astype("uint8")
plotting.plot_images(
    shown,
    (["as it is"] + ["augmented"] * 4) * 3,
    columns=5,
    title="Other pixels, the same object: each epoch sees new versions",
)
plotting.show(
    "Three training images, a row each, as they are and in four augmented versions: mirrored, turned, "
    "moved, closer or further, brighter or darker."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One model for all four ways
#
# Augmentation, scaling, base, head. The scaling is that of this network, (x − 127) / 128, as a
# layer, so that nobody can forget it.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
def build():
    base = EfficientNetLite0(
        include_top=False,
        weights=pretrained.weights_for("EfficientNetLite0", include_top=False),
        input_shape=(SIZE, SIZE, 3),
        pooling="avg",
    )
    images = keras.Input((SIZE, SIZE, 3), name="images")
    x = augmentation()(images)
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scaling")(x)
    head = layers.Dense(len(CLASS_NAMES), kernel_initializer="zeros", name="head")
    return keras.Model(images, head(base(x)), name="objects"), base, head


model, base, head = build()
scaled = model.get_layer("scaling")(x_test[:1].astype("float32"))
apart = np.abs(scaled - preprocess_input(x_test[:1])).max()
print(f"scaled by the layer and by the network's own function: at most {apart:.3f} apart")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Way 1: the head alone
#
# As in lesson 08: features once (so of the images as they are, without augmentation), then one
# dense layer, started from zero. The head goes back onto the base. Its outputs are *logits*, the
# numbers before the softmax.


# %% slideshow={"slide_type": "fragment"}
def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@functools.cache
def head_on(width):
    """A compiled head for features of this width; compiled once for all trials."""
    head = keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(len(CLASS_NAMES), kernel_initializer="zeros", name="dense"),
        ]
    )
    head.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss())
    return head


def train_head(features, labels):
    """Weights of a head trained on features from the start."""
    head = head_on(features.shape[1])
    training.restart(head)
    before = guards.snapshot(head)
    training.fit(head, features, labels, epochs=60, batch_size=len(labels))
    guards.check_moved(before, head, ["dense"])
    return head.get_weights()


def check_head(model, chosen):
    """The head trained last is on the model: both give the same answers for these images."""
    images, features = x_train[chosen].astype("float32"), features_train[chosen]
    guards.check_joined(model, images, head_on(features.shape[1]), features)


def accuracy(model, images, labels):
    """Share of the images that a model gets right."""
    logits = model.predict(images.astype("float32"), batch_size=50, verbose=0)
    return float((logits.argmax(axis=1) == labels).mean())


features_train = transfer.extract_features(base, x_train, preprocess_input)
head.set_weights(train_head(features_train, y_train))
check_head(model, range(4))
right = round(accuracy(model, x_test, y_test) * len(y_test))

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
print(f"head only: {intervals.proportion(right, len(y_test)):.1%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 1: `trainable` is set, and then?
#
# Fine-tuning begins where the head is trained. Here is how it is often written: train with a frozen
# base, set `base.trainable = True`, train on. What moved in the second training?

# %% slideshow={"slide_type": "fragment"}
few = slice(0, 65, 8)  # nine images: enough to see what moves
weighted = [name for name, layer in networks.leaf_layers(model) if layer.weights]

base.trainable = False
model.compile(optimizer=keras.optimizers.SGD(0.01), loss=loss())
before = guards.snapshot(model)
model.fit(x_train[few].astype("float32"), y_train[few], verbose=0)
guards.check_moved(before, model, ["head"])  # as it should be

base.trainable = True
before = guards.snapshot(model)
model.fit(x_train[few].astype("float32"), y_train[few], verbose=0)
try:
    guards.check_moved(before, model, weighted)
except guards.GuardError as error:
    print(str(error).partition(";")[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The head alone. `compile` takes over what is trainable, and we did not call it again: no error, no
# warning, and a notebook that says *fine-tuning*. With `compile` every layer moves.

# %% slideshow={"slide_type": "fragment"}
model.compile(optimizer=keras.optimizers.SGD(0.01), loss=loss())
before = guards.snapshot(model)
model.fit(x_train[few].astype("float32"), y_train[few], verbose=0)

guards.check_moved(before, model, weighted)
print("layers that moved:", len(weighted))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 2: layers that move at learning rate zero
#
# In training, batch normalization (Ioffe & Szegedy 2015) uses mean and variance of the *batch*, and
# moves its stored averages towards them. Ten of our pictures are a poor sample of ImageNet: the
# layers above get other inputs than they were trained for. A frozen layer uses the stored averages.
#
# Keras's advice was to call the base with `training=False`. Does that hold it still? Try it with
# learning rate zero, so that no weight can move.

# %% slideshow={"slide_type": "fragment"}
inputs = keras.Input((SIZE, SIZE, 3))
scaled = model.get_layer("scaling")(inputs)
advised = keras.Model(inputs, head(base(scaled, training=False)))
advised.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss())

start = base.get_weights()
before = guards.snapshot(base)
advised.fit(x_train[few].astype("float32"), y_train[few], verbose=0)

norms = [layer.name for layer in base.layers if isinstance(layer, layers.BatchNormalization)]
guards.check_moved(before, base, norms)  # every batch normalization moved, and nothing else
base.set_weights(start)
print("layers of batch normalization that moved:", len(norms))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The averages of every batch normalization drift, although nothing was to be learned: in Keras 3
# `fit` overrides the `training=False`
# ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)). The cure: leave these
# layers frozen, whatever else is trained.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What each way trains
#
# From scratch there are no averages to protect: all layers train, and the averages must follow
# faster than Keras's default (momentum 0.99), since a training here has 40 steps, not 100,000.


# %% slideshow={"slide_type": "fragment"}
def trained_layers(base, way):
    """Names within the model of the layers that a way trains."""
    begin = {
        "head only": (),
        "last block": ("block7", "top"),
        "all layers": "",
        "from scratch": "",
    }[way]
    frozen = () if way == "from scratch" else layers.BatchNormalization
    return [
        f"{base.name}/{layer.name}"
        for layer in base.layers
        if layer.weights and layer.name.startswith(begin) and not isinstance(layer, frozen)
    ] + ["head"]


def unfreeze(base, way):
    names = trained_layers(base, way)
    for layer in base.layers:
        layer.trainable = f"{base.name}/{layer.name}" in names
        if way == "from scratch" and isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9


for way in ("head only", "last block", "all layers", "from scratch"):
    unfreeze(base, way)
    guards.check_trainable(model, trained_layers(base, way))
    print(f"{way:<13}{costs.total(model).trainable:>10,} weights are trained")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One trial
#
# `n` images a class, drawn by the seed; a head on frozen features; then the rest. `training.fit`
# does what `model.fit` does, each epoch as one compiled loop of whole batches. The guard at the end
# is the one from trap 1.


# %% slideshow={"slide_type": "fragment"}
@functools.cache
def prepare(way):
    """A compiled model with the right layers unfrozen; compiled once for all trials."""
    model, base, head = build()
    unfreeze(base, way)
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss())
    return model, base, head, model.get_weights()


def choose(n, seed):
    """Indices of n training images of each class."""
    generator = np.random.default_rng(seed)
    by_class = [np.flatnonzero(y_train == label) for label in range(len(CLASS_NAMES))]
    return np.concatenate([generator.permutation(images)[:n] for images in by_class])


def fine_tune(way, chosen, learning_rate, steps):
    """Train one way on the chosen images; returns the model."""
    model, base, head, start = prepare(way)
    training.restart(model, learning_rate=learning_rate)
    if way != "from scratch":
        model.set_weights(start)
        head.set_weights(train_head(features_train[chosen], y_train[chosen]))
        check_head(model, chosen[:4])
    if steps == 0:
        return model
    batch_size = min(10, len(chosen))
    before = guards.snapshot(model)
    training.fit(
        model,
        x_train[chosen].astype("float32"),
        y_train[chosen],
        epochs=-(-steps // (len(chosen) // batch_size)),
        batch_size=batch_size,
    )
    guards.check_moved(before, model, trained_layers(base, way))
    return model


def parts():
    """What a trial depends on, as it is now: results are kept under a hash of it."""
    functions = [augmentation, build, unfreeze, trained_layers, prepare, choose, fine_tune]
    functions += [loss, head_on, train_head, check_head, accuracy]
    return [*functions, SIZE, x_train, y_train, features_train]


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 3: a learning rate that destroys the base
#
# Pretrained weights are good already; steps must be small. How small? We train on 8 images of each
# class and look at the other 5: the test set is not asked. How far can you go to the right before
# it hurts, if all layers learn? If only the last block does?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.15"]
RATES = (1e-5, 1e-4, 1e-3, 1e-2)


def validate(seed):
    chosen = choose(8, seed)
    others = np.setdiff1d(np.arange(len(y_train)), chosen)

    def right(way, rate):
        model = fine_tune(way, chosen, rate, steps=12)
        return accuracy(model, x_train[others], y_train[others])

    return {way: [right(way, rate) for rate in RATES] for way in ("last block", "all layers")}


by_rate = experiments.repeat(validate, label="learning rates", keep=(RATES, parts()))
ax = plotting.plot_curves(RATES, {way: 100 * right for way, right in by_rate.items()})
ax.axhline(20, color="0.5", ls="--")
ax.set(
    xscale="log",
    ylim=(0, 102),
    xlabel="learning rate (Adam)",
    ylabel="right of 25 images held out (%)",
    title="At which learning rate is ImageNet forgotten?",
)
ends = (f"{way} {r[:, 0].mean():.0%} and {r[:, -1].mean():.0%}" for way, r in by_rate.items())
plotting.show(
    "Images held out that are right, against the learning rate, with bands over the seeds. At the "
    f"smallest and at the largest rate: {', '.join(ends)}; guessing has {1 / len(CLASS_NAMES):.0%}."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
for way, right in by_rate.items():
    slow, fast = right[:, 0].mean(), right[:, -1].mean()
    print(f"{way}: {slow:.0%} right at learning rate 10⁻⁵, {fast:.0%} at 10⁻²")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 14: head, then fine-tuning, or from scratch?
#
# > A new head on a frozen base, then fine-tuning, beats training from scratch on a small set.
#
# Four ways, 1, 3, 5 and 13 images of each class, 3 seeds. With fewer than 13 images the seed also
# draws which ones. The fine-tuned ways have rates from the flat part of the curves above, smaller
# where all layers learn; from scratch has Adam's usual one, 10⁻³, and more steps, though not as many
# as it could use (exercise 3). The results are kept on disk under a hash of what `keep` lists:
# change one of these functions, numbers or images, and it runs anew.

# %% slideshow={"slide_type": "fragment"}
PER_CLASS = (1, 3, 5, 13)
SETTINGS = {  # learning rate, least number of steps after the head
    "head only": (0.0, 0),
    "last block": (1e-4, 16),
    "all layers": (1e-5, 16),
    "from scratch": (1e-3, 40),
}


def by_size(way, seed):
    right = []
    for n in PER_CLASS:
        start = time.perf_counter()
        model = fine_tune(way, choose(n, seed), *SETTINGS[way])
        seconds = time.perf_counter() - start
        right.append(accuracy(model, x_test, y_test))
    return {"accuracy": np.array(right), "seconds": seconds}


depends_on = (PER_CLASS, SETTINGS, x_test, y_test, parts())
prepare.cache_clear()  # models built before a change must not be taken for new ones
results = {}
for way in ("head only", "last block", "all layers"):
    trial = functools.partial(by_size, way)
    results[way] = experiments.repeat(trial, label=way, keep=depends_on)

# %% slideshow={"slide_type": "fragment"}
prepare.cache_clear()
trial = functools.partial(by_size, "from scratch")
results["from scratch"] = experiments.repeat(trial, label="from scratch", keep=depends_on)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What to look at: the distance between the lowest curve and the others, and whether the others can
# be told apart. Bands reach from the worst to the best seed.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
ax = plotting.plot_curves(
    PER_CLASS, {way: 100 * result["accuracy"] for way, result in results.items()}
)
ax.axhline(20, color="0.5", ls="--")
ax.text(PER_CLASS[-1], 15, "guessing", ha="right", va="center", color="0.4")
ax.set(
    xticks=PER_CLASS,
    ylim=(0, 102),
    xlabel="training images of each class",
    ylabel="test accuracy (%)",
    title="How good does each way become, from how many images?",
)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
ends = (f"{way} {r['accuracy'][:, -1].mean():.0%}" for way, r in results.items())
plotting.show(
    "Test accuracy against the number of training images of each class, with bands over the seeds. "
    f"With {PER_CLASS[-1]} images: {', '.join(ends)}."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
Table(
    ("way", *(f"{n} a class" for n in PER_CLASS)),
    [
        (way, *(f"{intervals.mean(column):.0%}" for column in result["accuracy"].T))
        for way, result in results.items()
    ],
    ("", *([">"] * len(PER_CLASS))),
    caption="Test accuracy, mean over 3 seeds [95 % interval of the seeds]",
)

# %% slideshow={"slide_type": "skip"} tags=["nbval-ignore-output"]
for way, result in results.items():
    print(f"{way}: {result['seconds'].mean():.1f} s to train with {PER_CLASS[-1]} a class")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the last column of accuracies with care. With all 13 images nothing is left to draw, so the
# three heads are one; and 200 test images alone leave about ±5 points.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
accuracies = {way: result["accuracy"] for way, result in results.items()}


def gains(way, over):
    """Points gained by a way over another, an estimate for each number of images."""
    return [intervals.mean(c) for c in 100 * (accuracies[way] - accuracies[over]).T]


from_imagenet = [way for way in accuracies if way != "from scratch"]
least = min(gain.low for way in from_imagenet for gain in gains(way, "from scratch"))
over_head = {way: gains(way, "head only")[-1] for way in ("last block", "all layers")}
steps = {way: steps for way, (_, steps) in SETTINGS.items()}
claims.verdict(
    14,
    f"with {', '.join(map(str, PER_CLASS))} images a class each way from ImageNet gains at least "
    f"{least:.0f} points over training from scratch ({steps['from scratch']} steps; lower ends of "
    f"intervals); with {PER_CLASS[-1]} the last block gains {over_head['last block']:.1f} points "
    f"over the head alone, all layers {over_head['all layers']:.1f} points ({steps['all layers']} "
    "steps; EfficientNet-Lite0, 200 test images, 3 seeds)",
    beats_scratch=least > 0,
    fine_tuning_adds=any(gain.low > 2 for gain in over_head.values()),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Why does fine-tuning add so little? It had few steps, and a step of Adam is about as long as the
# learning rate: the layers stay close to where they were. Longer steps destroy (trap 3), and more of
# them have only the same few images to learn from, which the head separates already. Where would it
# pay? With more images, or where they are further from ImageNet (microscopy, satellites).
#
# Even then, take care: Kumar et al. (2022) found that fine-tuning gains on images of the kind it was
# trained on, and loses on images of another kind, because it distorts the features. Train the head
# first, measure, then decide.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - With few images, a head on frozen features is the first thing to try, and hard to beat.
# - After a change of `trainable`, compile again, and check that what should move moved.
# - Keep batch normalization frozen when you fine-tune; `training=False` alone does not do it.
# - Fine-tune with a learning rate far below that of a new layer.
# - The same network from random weights is the control that shows what pretraining gave.
#
# ## Try
#
# 1. Take `augmentation()` out of `build`. Which of the four ways suffers?
# 2. Let `trained_layers` include batch normalization for "all layers". What does it cost with one
#    image of each class, and with 13?
# 3. Give "from scratch" 400 steps, and leave only 13 in `PER_CLASS` (about four minutes). Does
#    patience bring it to the others, or does it take more images?
