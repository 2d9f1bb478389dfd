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
# **Should the pretrained layers be trained too?**
#
# 50 minutes to teach, three to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/10_fine_tuning.ipynb)
#
# - **What you do:** train VGG16's last block on 45 images, once after its head and once together with a
#   random one; put a head on a smaller network, and train the same network from random weights.
# - **What you learn:** to unfreeze layers so that they really train, to choose a learning rate that
#   does not destroy what was learned before, and to leave batch normalization in peace.
# - **What you need:** lesson 08 (a new head on frozen features).

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
# ## Two sentences of the lecture
#
# The lecture names two ways to use a pretrained network. The *output layer* (the *head*) is trained
# from scratch, "while the parameters of all remaining layers are fine tuned"; or: "initialize all
# weights from pre-trained model, then train them with target data".
#
# In lesson 08 those layers were *frozen*: only the head learned. *Fine-tuning* goes on with the
# training of the layers below it, in small steps. With 65 images, 13 of each class, is that wise?

# %% slideshow={"slide_type": "fragment"}
import numpy as np

from course_utils import data, guards, plotting

(x_train, y_train), (views, labels) = data.load_objects()
objects_train, objects = data.load_objects_instances()
guards.check_split(  # labels, names and objects agree, and no object is on both sides
    (x_train, y_train), (views, labels), data.CLASS_NAMES, (objects_train, objects)
)
first = np.sort(np.unique(objects, return_index=True)[1])  # one view of each, as in lesson 09
x_test, y_test = views[first], labels[first]
del views, labels

CLASSES = len(data.CLASS_NAMES)
one_of_each = [np.flatnonzero(y_train == label)[0] for label in range(CLASSES)]
plotting.plot_images(
    x_train[one_of_each], data.CLASS_NAMES, columns=5, title="One training image of each class"
)
plotting.show("One training image of each class, in a row: " + ", ".join(data.CLASS_NAMES) + ".")
print(f"{len(y_train)} training images, {len(y_test)} test images of other objects")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## VGG16, cut before its last block
#
# VGG16 (Simonyan & Zisserman 2014) has five blocks of convolutions. The first four are to stay as they are, so each image needs to
# pass through them only once, and block 5 with the head can be trained as a small model on what
# comes out. That makes it cheap enough for a laptop. The maps are kept in half precision (*float16*,
# three digits), which takes half the memory.

# %% slideshow={"slide_type": "fragment"}
import keras
from keras import layers

from course_utils import pretrained, transfer

vgg16 = keras.applications.VGG16(
    include_top=False,
    weights=pretrained.weights_for("VGG16", include_top=False),
    input_shape=(224, 224, 3),
)
below = keras.Model(vgg16.inputs, vgg16.get_layer("block4_pool").output, name="blocks_1_to_4")
BLOCK5 = ["block5_conv1", "block5_conv2", "block5_conv3"]
FROM_IMAGENET = [vgg16.get_layer(name).get_weights() for name in BLOCK5]


def maps_of(images):
    prepare = keras.applications.vgg16.preprocess_input
    return transfer.extract_features(below, images, prepare, batch_size=2).astype("float16")


photographs, y_photographs, _ = data.load_folder(data.photographs_dir())
maps_train, maps_test, maps_photographs = map(maps_of, (x_train, x_test, photographs))
print("training:", maps_train.shape, " test:", maps_test.shape)
print(f"parameters frozen: {below.count_params():,} of {vgg16.count_params():,}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the small model. It is made of VGG16's *own* layers, not of copies: what they learn, VGG16 has
# learned. `to_pooled` ends where the head begins; its output is what lesson 08 called the features.
# The head's five outputs are *logits*, numbers that become probabilities by the softmax.

# %% slideshow={"slide_type": "fragment"}
maps = keras.Input((14, 14, 512), name="maps")
x = maps
for name in [*BLOCK5, "block5_pool"]:
    x = vgg16.get_layer(name)(x)
pooled = layers.GlobalAveragePooling2D(name="average")(x)
small = keras.initializers.RandomNormal(stddev=0.01)  # Keras's start is too large here: lesson 08
logits = layers.Dense(CLASSES, kernel_initializer=small, name="head")(pooled)

tail = keras.Model(maps, logits, name="block5_and_head")
to_pooled = keras.Model(maps, pooled)
in_block5 = [tail.get_layer(name) for name in BLOCK5]
for layer, weights in zip(in_block5, FROM_IMAGENET, strict=True):
    layer.set_weights(weights)  # as it is at first; not so where this cell is run again
    layer.trainable = True


def answers(model, inputs):
    """What a model answers, five inputs at a time, which takes less memory than predict."""
    parts = [inputs[i : i + 5] for i in range(0, len(inputs), 5)]
    # [: len(part)], since on several machines each answers the whole part.
    return np.concatenate([model.predict_on_batch(part)[: len(part)] for part in parts])


pooled_train, pooled_test, pooled_photographs = (
    answers(to_pooled, inputs) for inputs in (maps_train, maps_test, maps_photographs)
)
tail.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## First the head alone
#
# Four of the 13 training images of each class are set aside for *validation*: they decide on steps and
# rates, so that the test images need not. `split` draws objects, not images: no object is on both
# sides, however often it is shown. Each *seed* gives another division.
#
# *Label smoothing* (Szegedy et al. 2016) asks for 92 % for the true class and 2 % for each of the others.
# With plain labels the loss of a head that fits its images falls towards zero for ever, and its weights
# grow; with smoothed ones finite weights reach the least loss, so that "trained to its end" means
# something. The labels must be in the lecture's first form, *one-hot*.
#
# How near does the training loss come to its least value? Where it is reached the gradient is zero, for
# the layers below too: keep that in mind when block 5 is trained.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.06"]
def split(seed):
    """Indices of images of nine in thirteen training objects of each class, and of the others."""
    generator, seen, others = np.random.default_rng(seed), [], []
    for label in range(CLASSES):
        drawn = generator.permutation(list(dict.fromkeys(objects_train[y_train == label])))
        images = [np.flatnonzero(objects_train == name) for name in drawn]
        enough = max(1, len(drawn) * 9 // 13)
        seen += images[:enough]
        others += images[enough:]
    return np.concatenate(seen), np.concatenate(others)


one_hot = keras.utils.to_categorical(y_train, CLASSES)
LOSS = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)

first_head = keras.Sequential(
    [keras.Input((512,)), layers.Dense(CLASSES, kernel_initializer="zeros")]
)
first_head.compile(keras.optimizers.Adam(3e-3), LOSS, metrics=["accuracy"])
trained_on, asked = split(0)
history = first_head.fit(
    pooled_train[trained_on],
    one_hot[trained_on],
    validation_data=(pooled_train[asked], one_hot[asked]),
    batch_size=len(trained_on),
    epochs=50,
    verbose=0,
).history
for epoch in (1, 5, 10, 20, 50):
    print(f"epoch {epoch}: training loss {history['loss'][epoch - 1]:.2f},", end=" ")
    print(f"validation loss {history['val_loss'][epoch - 1]:.2f},", end=" ")
    print(f"accuracy {history['val_accuracy'][epoch - 1]:.0%}")
smoothed = 0.9 * np.eye(CLASSES)[0] + 0.1 / CLASSES  # a label of the first class
print(f"the least that smoothed labels allow: {-smoothed @ np.log(smoothed):.2f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 1: `trainable` is set, and then?
#
# Here is how fine-tuning is often written: train with frozen layers, set `trainable = True`, train on.
# What moved in the second training?

# %% slideshow={"slide_type": "fragment"}
few = slice(None, None, 8)  # nine images: enough to see what moves

for layer, weights in zip(in_block5, FROM_IMAGENET, strict=True):
    layer.set_weights(weights)
    layer.trainable = False
tail.compile(keras.optimizers.SGD(0.01), LOSS)
tail.fit(maps_train[few], one_hot[few], verbose=0)

for layer in in_block5:
    layer.trainable = True
before = guards.snapshot(tail)
tail.fit(maps_train[few], one_hot[few], verbose=0)
try:
    guards.check_moved(before, tail, [*BLOCK5, "head"])
except guards.GuardError as error:
    print(str(error).partition(";")[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The head alone. The first `fit` after `compile` fixes which layers are trained, and we did not call
# `compile` again: no error, no warning, and a notebook that says *fine-tuning*. With `compile` the block
# moves too.

# %% slideshow={"slide_type": "fragment"}
tail.compile(keras.optimizers.SGD(0.01), LOSS)
before = guards.snapshot(tail)
tail.fit(maps_train[few], one_hot[few], verbose=0)
guards.check_moved(before, tail, [*BLOCK5, "head"])
print("moved:", ", ".join([*BLOCK5, "head"]))
del before  # a copy of all weights

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how far can a weight go?
#
# The *learning rate* sets the length of a step: whatever the gradient, Adam moves a weight by about
# the rate, hardly more (Kingma & Ba 2014). So how far can a weight go in a whole training? (Only whole
# batches are used.) One line. Compare with the weights of block 5, whose standard deviation is 0.009. The
# next sections train on 45 images in batches of five, at rates from 10⁻⁵ to 3·10⁻⁴, for a few epochs.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import fine_tuning as check


def reach(rate, images, batch_size, epochs):
    return ...  # your line


check.reach(reach)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def reach(rate, images, batch_size, epochs):
#     return rate * (images // batch_size) * epochs
#
#
# check.reach(reach)
# ```
#
# The number of steps times the length of one. Two epochs of 45 images in batches of five at 3·10⁻⁵ move a
# weight by about 0.0005 at most, 6 % of its usual size.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How long does a head need?
#
# On frozen features the loss of a head is a *convex* function of its weights: it has one valley. With
# label smoothing finite weights reach the bottom. A training that goes on for long enough comes down to
# it, though not in every step: Adam's first steps overshoot, and the loss may rise for a while. (With
# more features than images many weights lie at the bottom. Which of them is found depends on the start,
# here zero, and on the optimizer.) From here on a head has 100 steps, each on all of its
# images. Would it be wiser to stop early? Validation images of five splits answer.
#
# `training.fit` does what `model.fit` does, each epoch as one compiled loop, and `restart` takes a model
# back to its beginning.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.06"]
import functools

from course_utils import training


@functools.cache
def linear_head(width):
    """A compiled head for features of this width, one for all trainings."""
    head = keras.Sequential(
        [keras.Input((width,)), layers.Dense(CLASSES, kernel_initializer="zeros")]
    )
    head.compile(keras.optimizers.Adam(3e-3), LOSS, metrics=["accuracy"])
    return head


def train_head(features, targets, steps=100, **stopping):
    """Weights and bias of a head that begins at zero, and what its training tells."""
    head = linear_head(features.shape[1])
    training.restart(head)
    told = training.fit(head, features, targets, epochs=steps, batch_size=len(targets), **stopping)
    return head.get_weights(), told


def with_validation(arrays, seed):
    """Images and targets to train on, and the pair that is held out."""
    seen, others = split(seed)
    return arrays[seen], one_hot[seen], (arrays[others], one_hot[others])


def head_by_step(seed):
    seen, targets, held_out = with_validation(pooled_train, seed)
    return train_head(seen, targets, 200, validation_data=held_out)[1]


by_step = [head_by_step(seed) for seed in range(5)]
for steps in (5, 10, 20, 50, 100, 200):
    loss, right = (
        np.mean([of[k][steps - 1] for of in by_step]) for k in ("val_loss", "val_accuracy")
    )
    print(f"{steps} steps: validation loss {loss:.2f}, accuracy {right:.0%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 2: a learning rate that destroys
#
# Pretrained weights are good already; steps must be small. How small? Two ways are tried. *Last block*
# trains the head first, to its end, then block 5 and the head together. *Both at once* begins with a
# random head, as many notebooks do.
#
# An epoch of 45 images has nine steps of five. After each one the validation images are asked; Keras's
# `EarlyStopping` ends a training when their loss had no new low for two epochs, and takes back the
# weights of the best. Which rate would you take for each way?


# %% slideshow={"slide_type": "fragment"}
MOST = 15  # epochs; EarlyStopping ends far sooner


def share_right(logits, labels):
    return 100.0 * (logits.argmax(axis=1) == labels)


@functools.cache
def fine_tune(way, rate, seed):
    """Train block 5 and head: validation losses by epoch, and what the best epoch gets right."""
    training.restart(tail, learning_rate=rate)  # a random head
    for layer, weights in zip(in_block5, FROM_IMAGENET, strict=True):
        layer.set_weights(weights)
    seen, targets, held_out = with_validation(maps_train, seed)
    if way == "last block":
        tail.get_layer("head").set_weights(train_head(pooled_train[split(seed)[0]], targets)[0])
        head = linear_head(pooled_train.shape[1])
        guards.check_joined(tail, maps_train[::13], head, pooled_train[::13])
    before = guards.snapshot(tail)
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    losses = training.fit(
        tail, seen, targets, epochs=MOST, batch_size=5, validation_data=held_out, callbacks=[stop]
    )["val_loss"]
    guards.check_moved(before, tail, [*BLOCK5, "head"])
    return {
        "losses": losses,
        "test": share_right(answers(tail, maps_test), y_test),
        "photographs": share_right(answers(tail, maps_photographs), y_photographs),
    }


# %% [markdown] slideshow={"slide_type": "subslide"}
# Block 5 and head are compiled once for all trainings. `experiments.search` tries three rates on one
# split; where the first or the last of them is best, it tries the next one too, so that the best lies
# between two that are worse. Twenty images choose, so a small lead is luck. (The dashed line: the head
# alone. Does block 5 get below it?)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.15"]
import matplotlib.pyplot as plt

from course_utils import experiments

tail.compile(keras.optimizers.Adam(), LOSS)
runtime.free_memory()  # gives back the memory of what was compiled before
TRIED = {"both at once": (1e-4, 3e-4, 1e-3), "last block": (1e-5, 3e-5, 1e-4)}
found = {
    way: experiments.search(
        lambda rate, way=way: fine_tune(way, rate, 0)["losses"].min(), rates, (0,), label=way
    )
    for way, rates in TRIED.items()
}
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for ax, (way, search) in zip(axes, found.items(), strict=True):
    for rate in search.values:
        losses = fine_tune(way, rate, 0)["losses"]
        ax.plot(range(1, len(losses) + 1), losses, marker="o", label=f"{rate:g}")
    ax.axhline(by_step[0]["val_loss"][99], color="gray", linestyle="--", label="head alone")
    ax.legend(title="learning rate")
    ax.set(xlabel="epochs", title=f"Which rate for {way}?", xticks=range(1, 10), ylim=(0.4, 2.4))
axes[0].set_ylabel("validation loss")
plotting.show(
    f"Validation loss by epoch for each learning rate of {type(tail.optimizer).__name__}; "
    f"{by_step[0]['val_loss'][99]:.2f} for the head alone. The least: "
    + ", ".join(f"{way} {search.least:.2f}" for way, search in found.items())
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 14, first half: does block 5 add to the head?
#
# > We will train the output layer from scratch, while the parameters of all remaining layers are fine
# > tuned based on the parameters of the source model.
#
# The lecture means all layers. We train block 5 and the head, half of the parameters: passing all images
# through all of VGG16, forward and back, would take far longer on 2 cores. So the verdict is about
# block 5. The rule: the whole interval of the difference above 0, in this half of the claim and in the
# second.
#
# *Last block* is trained on three splits, each time from the head that it is compared with. We also ask
# a head that was stopped early, where its validation loss was least; and *both at once*, on one split.
# Then come the test images, and seven photographs that come with the course.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=4"]
def head_alone(seed, stop_early=False):
    """The head of a split, at its end or where validation loss is least: what it gets right."""
    seen, targets, held_out = with_validation(pooled_train, seed)
    early = keras.callbacks.EarlyStopping(patience=30, restore_best_weights=True)
    stopping = {"validation_data": held_out, "callbacks": [early]} if stop_early else {}
    (kernel, bias), _ = train_head(seen, targets, **stopping)
    return {
        "test": share_right(pooled_test @ kernel + bias, y_test),
        "photographs": share_right(pooled_photographs @ kernel + bias, y_photographs),
    }


SEEDS = {"both at once": (0,), "last block": (0, 1, 2)}
vgg_right = {
    "head, stopped early": experiments.repeat(functools.partial(head_alone, stop_early=True)),
    "head only": experiments.repeat(head_alone),
}
for way, search in found.items():
    trial = functools.partial(fine_tune, way, search.best)
    vgg_right[way] = experiments.repeat(trial, SEEDS[way], label=way)
    epochs = [int(losses.argmin()) + 1 for losses in vgg_right[way]["losses"]]
    power = np.log10(search.best)
    print(f"{way}: rate ten to the power of {power:.1f}, best after {epochs} epochs")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each test object is asked about once (its first view, as in lesson 09), and ways are compared image by
# image, split by split. Is the difference above zero?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
from course_utils import intervals

vgg_share = {way: right["test"].mean(axis=0) for way, right in vgg_right.items()}
vgg_scores = {way: intervals.bootstrap(np.mean, share) for way, share in vgg_share.items()}
block5_adds = intervals.bootstrap(np.mean, vgg_share["last block"] - vgg_share["head only"])
ax = plotting.plot_estimates(vgg_scores, spec=".1f")
ax.set(
    xlabel="test images right [%], mean of three splits (both at once: one)",
    title=f"Head, then block 5, against the head alone: {block5_adds:+.1f} points",
)
plotting.show(
    f"VGG16's test accuracy in four ways: {intervals.listed(vgg_scores, '.1f', ' %')}. Block 5 "
    f"trained after the head, against the head alone: {block5_adds:+.1f} points."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Back into one VGG16
#
# The small model was made of VGG16's own layers, so VGG16 *is* fine-tuned now, as the last training left
# it (*last block*, third split). With the preprocessing
# inside (VGG16 wants blue, green, red, minus their means over ImageNet) it is one model that takes
# images as they are. Does it answer as block 5 and head do on the stored maps?
#
# In Keras alone the training would be: `vgg16.trainable = True`, then `layer.trainable = False` for each
# layer before block 5, `compile`, `fit`. It trains the same layers, but passes all images through the
# frozen blocks in every epoch.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.15"]
from course_utils.tables import Table

images = keras.Input((224, 224, 3), name="images")
x = layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68])(images[..., ::-1])
x = layers.GlobalAveragePooling2D()(vgg16(x))
fine_tuned = keras.Model(images, tail.get_layer("head")(x), name="fine_tuned_vgg16")

tail.compile(keras.optimizers.SGD(), LOSS)  # all is trained: Adam's averages take memory
runtime.free_memory()
shown = np.linspace(0, len(y_test) - 1, 4).astype(int).tolist()
guards.check_joined(fine_tuned, x_test[shown].astype("float32"), tail, maps_test[shown])
whole, small = (
    keras.ops.softmax(model.predict(inputs, batch_size=1, verbose=0)).numpy().max(axis=1).tolist()
    for model, inputs in ((fine_tuned, x_test[shown].astype("float32")), (tail, maps_test[shown]))
)
Table(
    ("test image", "shows", "probability of its answer: whole VGG16", "block 5 and head"),
    [(i, data.CLASS_NAMES[y_test[i]], *sure) for i, *sure in zip(shown, whole, small, strict=True)],
    ("d", "", ".3f", ".3f"),
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fine-tuning can distort
#
# Kumar et al. (2022) compared fine-tuning with training the head alone on ten data sets whose test
# images differ from the training images. On new images of the *same* kind, fine-tuning was 2 points
# better on average; on images of the *other* kind it was 7 worse. Their explanation: while a random
# head is learned, the features are bent to fit it. Their remedy, *LP-FT*: first the head (a *linear
# probe*), then fine-tuning, as in our "last block". On their sets it beat plain fine-tuning on both kinds
# of images, by 1 and by 10 points. They warn where the pretrained features are good and the new images
# differ much.
#
# Our training images are rendered; the seven photographs are of another kind. Do you see it here?


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=15"]
def against_head(way, images):
    right = vgg_right[way][images]
    difference = (right - vgg_right["head only"][images][: len(right)]).mean(axis=0)
    return f"{intervals.bootstrap(np.mean, difference):+.0f}"


Table(
    ("trained", f"on {len(y_test)} test images", f"on {len(y_photographs)} photographs"),
    [
        (way, against_head(way, "test"), against_head(way, "photographs"))
        for way in ("both at once", "last block")
    ],
    ("", ">", ">"),
    caption="Points over the head alone [95 % interval]",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each way had the rate and the steps that validation chose for it. Careful: *both at once* differs from the
# head alone in two things. Block 5 moves, and the head, which begins at random, learns at the small rate
# of block 5. A gap may come from either; only *last block* changes one thing. And seven photographs of
# two classes are an example, no test: look at the width of the intervals. Try what you trained on the
# kind of images that you mean to use it for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Or another base, or more pixels?
#
# Fine-tuning is one way to be better; a better base is another. EfficientNet-Lite0 is a lighter
# EfficientNet-B0 (Tan & Le 2019). Kornblith et al. (2019) found that networks which are better on
# ImageNet make better frozen features too (correlation 0.99 over 16 networks), if they were trained on
# ImageNet without tricks such as dropout or label smoothing, which hurt the features. (That is about the
# base; we smooth only a head's labels.) On ImageNet VGG16 is right on 71.3 %
# by Keras's list, Lite0 on 75.1 % by its authors'. Which is better here, and what do pixels change?
# Each head has 100 steps on all 65 images. (Above it had 45: compare within a figure, not between two.)


# %% slideshow={"slide_type": "fragment"}
from course_utils.images import resize
from course_utils.models import efficientnet_lite


def build(pixels, **call):
    """EfficientNet-Lite0 with its scaling inside and a new head: model, base, head.

    Without a number of pixels it takes images of any size.
    """
    base = efficientnet_lite.EfficientNetLite0(
        include_top=False,
        weights=pretrained.weights_for("EfficientNetLite0", include_top=False),
        input_shape=(pixels, pixels, 3),
        pooling="avg",
    )
    images = keras.Input((pixels, pixels, 3), name="images")
    scaled = layers.Rescaling(1 / 128, offset=-127 / 128, name="scaling")(images)
    head = layers.Dense(CLASSES, kernel_initializer="zeros", name="head")
    return keras.Model(images, head(base(scaled, **call)), name="lite0"), base, head


def shrink(images, pixels):
    return np.stack([resize(image, pixels) for image in images])


_, any_size, _ = build(None)


def lite0_features(pixels):
    prepare = efficientnet_lite.preprocess_input
    return [
        transfer.extract_features(any_size, shrink(x, pixels), prepare, batch_size=4)
        for x in (x_train, x_test)
    ]


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.015"]
features = {f"Lite0, {pixels} pixels": lite0_features(pixels) for pixels in (64, 96, 160, 224)}
runtime.free_memory()
features["VGG16, 224 pixels"] = [pooled_train, pooled_test]
frozen = {}
for name, (of_train, of_test) in features.items():
    (kernel, bias), _ = train_head(of_train, one_hot)
    frozen[name] = share_right(of_test @ kernel + bias, y_test)
frozen_scores = {name: intervals.bootstrap(np.mean, share) for name, share in frozen.items()}
ax = plotting.plot_estimates(frozen_scores, spec=".1f")
ax.set(
    xlabel="test images right [%] and 95 % interval",
    title="A new head on a frozen base: what do pixels and base change?",
)
plotting.show(
    f"Test images right with heads on frozen bases: {intervals.listed(frozen_scores, '.1f', ' %')}."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Augmentation, before a frozen base
#
# 65 images can be shown in many ways that do not change what is on them: mirrored, turned a little,
# moved, closer. Keras has a layer for each. Here they stand in a `tf.data` pipeline, which prepares
# the next batch while one is used. The price: every new picture passes the frozen base once more.
#
# From here on Lite0 sees 64×64 pixels, so that the same network can also be trained from random weights
# in reasonable time on 2 cores. The figure above says what that costs: look at differences, not at
# accuracies. At another size they may differ too.
#
# Does augmentation pay? A head has the same 100 steps on twelve pictures of each image, and is compared
# with the one trained on the images themselves.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
import tensorflow as tf

PIXELS = 64
small_train, small_test = shrink(x_train, PIXELS), shrink(x_test, PIXELS)
keras.utils.set_random_seed(0)
augmentation = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05),
        layers.RandomTranslation(0.08, 0.08),
        layers.RandomZoom(0.15),
    ]
)


def augmented(batch, targets):
    changed = augmentation(tf.cast(batch, tf.float32), training=True)
    return tf.cast(tf.clip_by_value(changed, 0, 255), tf.uint8), targets


pipeline = tf.data.Dataset.from_tensor_slices((small_train, one_hot)).shuffle(len(x_train), seed=0)
pipeline = pipeline.batch(13).map(augmented).repeat(12).prefetch(1)
pictures, pictured = map(np.concatenate, zip(*pipeline.as_numpy_iterator(), strict=True))
plotting.plot_images(pictures[:10], columns=5, title="Ten of the pictures")
plotting.show("Ten training images, turned, moved, mirrored or closer than they were.")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
of_pictures = transfer.extract_features(any_size, pictures, efficientnet_lite.preprocess_input)
of_train, of_test = features[f"Lite0, {PIXELS} pixels"]
(kernel, bias), _ = train_head(of_train, one_hot)
plain = share_right(of_test @ kernel + bias, y_test)
guards.check_repeated(frozen[f"Lite0, {PIXELS} pixels"], plain)  # test images are not augmented
(kernel, bias), _ = train_head(of_pictures, pictured)
gain = share_right(of_test @ kernel + bias, y_test) - plain
print(f"without: {plain.mean():.1f} %; with augmentation", end=" ")
print(f"{intervals.bootstrap(np.mean, gain):+.1f} points")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 3: layers that move at learning rate zero
#
# Newer networks than VGG16, such as Lite0, have *batch normalization* (Ioffe & Szegedy 2015,
# lesson 05). In *training* it scales each channel by mean and variance of the *batch*, and moves its
# stored averages towards them. In *inference* it uses the averages. A batch of our images is a poor
# sample of ImageNet: the layers above get other inputs than they were trained for.
#
# Keras's advice is to call the base with `training=False`. Does that hold it still, thawed, at a learning
# rate of zero?


# %% slideshow={"slide_type": "fragment"}
def norms_that_move():
    """The layers that move in one step at learning rate zero: all batch normalizations, no other."""
    thawed, base, _ = build(PIXELS, training=False)
    thawed.compile(
        keras.optimizers.SGD(0.0), LOSS, run_eagerly=True
    )  # one step: not worth compiling
    norms = [x.name for x in base.layers if isinstance(x, layers.BatchNormalization)]
    before = guards.snapshot(base)
    thawed.fit(small_train[few], one_hot[few], verbose=0)
    guards.check_moved(before, base, norms)
    return norms


NORMS = norms_that_move()
print("layers of batch normalization that moved:", len(NORMS))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The averages of every batch normalization drift, although nothing was to be learned: in Keras 3
# `fit` overrides the `training=False`
# ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)). The cure: leave these
# layers frozen, whatever else is trained. A frozen one uses its averages.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What does the drift cost?
#
# At learning rate zero nothing but the averages changes. Each training step keeps the share *momentum*
# of a stored average and takes the rest from the batch. The network came with 0.99, Keras's default; we
# set 0.9, as a training from scratch of some hundred steps needs it. (It is PyTorch's default, which
# counts the other share and calls it 0.1.) At 0.99 the drift takes longer: see the exercise. After 60 steps
# with nine images each, the same head sits on a base that has the same weights and other averages. What
# does that do to its answers? (Where weights learn too, they can make up for a part of it.)


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
lite0, lite0_base, lite0_head = build(PIXELS)
for name in NORMS:
    lite0_base.get_layer(name).momentum = 0.9
runtime.free_memory()
lite0.compile(keras.optimizers.Adam(), LOSS)


def drift(seed):
    """Which test images are right after 60 steps at learning rate zero."""
    training.restart(lite0, learning_rate=0.0)
    lite0_base.set_weights(any_size.get_weights())  # ImageNet's
    lite0_head.set_weights(train_head(of_train, one_hot)[0])
    head = linear_head(of_train.shape[1])
    guards.check_joined(lite0, small_train[::13], head, of_train[::13])  # scaled, and put back
    training.fit(lite0, small_train, one_hot, epochs=1, steps_per_epoch=60, batch_size=9)
    return share_right(answers(lite0, small_test), y_test)


drifted = experiments.repeat(drift, (0,), label="averages").mean(axis=0)
for name, share, unit in (
    ("averages kept", plain, "%"),
    ("averages of 60 steps in training", drifted, "%"),
    ("difference", drifted - plain, "points"),
):
    print(f"{name}: {intervals.bootstrap(np.mean, share):.1f} {unit}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how fast do the averages go?
#
# Change and predict. How much of ImageNet's averages is left after the 60 steps above, in per cent? And
# with momentum 0.99, which is Keras's default?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
per_cent_left = {0.99: ..., 0.9: ...}

check.averages_left(per_cent_left)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# per_cent_left = {momentum: 100 * momentum**60 for momentum in (0.99, 0.9)}
#
# check.averages_left(per_cent_left)
# ```
#
# Each step multiplies what is left by the momentum. The larger one only takes longer; and a training
# from scratch, which has some hundred steps and wants its *own* averages, needs the smaller: next.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From scratch: the control
#
# The same network, pixels, images and loss, but random weights. It gets what it needs: its own learning
# rate, batch normalization that learns, and 160 steps (set beforehand: on twenty validation images a best
# step would be luck). Is that enough? See whether it knows its own training images by then. Like the
# head on ImageNet's weights it learns from nine images of each class; four choose the rate. Twenty
# images give a rough number, so we take the mean of the last four looks, one every 20 steps. Which curves
# leave the 20 % of guessing? Are they flat at the end? If not, more steps might change the choice and the size of the gap.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=4"]
LOOKS = range(20, 161, 20)  # steps


@functools.cache
def from_scratch(rate, seed):
    """Validation images right every 20 steps; at the end those of training and test."""
    training.restart(lite0, learning_rate=rate)
    seen, targets, (others, wanted) = with_validation(small_train, seed)
    right = []
    for _ in LOOKS:
        training.fit(lite0, seen, targets, epochs=1, batch_size=9, steps_per_epoch=LOOKS.step)
        right.append(share_right(answers(lite0, others), wanted.argmax(axis=1)).mean())
    of_training = share_right(answers(lite0, seen), targets.argmax(axis=1))
    of_test = share_right(answers(lite0, small_test), y_test)
    return {"validation": np.array(right), "training": of_training, "test": of_test}


def error(rate):
    return 100 - from_scratch(rate, 0)["validation"][-4:].mean()


scratch_search = experiments.search(error, (3e-4, 1e-3, 3e-3), (0,), label="from scratch")
_, ax = plt.subplots(figsize=(8, 4))
for rate in scratch_search.values:
    ax.plot(LOOKS, from_scratch(rate, 0)["validation"], "o-", label=f"{rate:g}")
ax.legend(title="learning rate")
ax.set(xlabel="steps", ylabel="validation images right [%]", title="From scratch, one split")
plotting.show(
    "Validation images right by step from random weights, a line for each learning rate. Mean of the "
    f"last four looks with the best, {scratch_search.best:.4f}: {100 - scratch_search.least:.0f} %."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Claim 14, second half: the head against training from scratch
#
# Two more splits at the chosen rate, and the head on the same images of all three.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
def head_on_lite0(seed):
    (kernel, bias), _ = train_head(*with_validation(of_train, seed)[:2])
    return share_right(of_test @ kernel + bias, y_test)


from_random = experiments.repeat(
    functools.partial(from_scratch, scratch_search.best), label="from scratch"
)
lite0_share = {
    "head only": experiments.repeat(head_on_lite0, label="heads").mean(axis=0),
    "from scratch": from_random["test"].mean(axis=0),
}
lite0_scores = {way: intervals.bootstrap(np.mean, share) for way, share in lite0_share.items()}
head_gains = intervals.bootstrap(np.mean, lite0_share["head only"] - lite0_share["from scratch"])
ax = plotting.plot_estimates(lite0_scores, spec=".1f")
ax.set(xlim=(0, 100), xlabel="test images right [%], mean of three splits and 95 % interval")
ax.set_title(f"A head on ImageNet's weights, against random weights: {head_gains.mean:+.0f} points")
print(f"from scratch: {from_random['training'].mean():.0f} % of its own training images right")
plotting.show(
    f"Test images that Lite0 tells right at {PIXELS} pixels: {intervals.listed(lite0_scores, '.1f', ' %')}."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.06"]
from course_utils import claims

claims.verdict(
    14,
    f"VGG16's block 5, trained after the head, against the head alone: {block5_adds:+.1f} points; a "
    f"head on Lite0 at {PIXELS} pixels against the same network from scratch: {head_gains:+.0f} points "
    f"({len(y_test)} objects)",
    fine_tuning_adds=claims.above(block5_adds),
    beats_scratch=claims.above(head_gains),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where the interval of block 5 holds both signs, the two are not told apart. More test objects would narrow
# it. It says nothing of other training images: there were three splits, which overlap. And a head that
# was trained to its end leaves block 5 a gradient near zero on the images that it knows; Adam still makes
# steps of about the rate, since it divides by the gradient's size. More training images, or images less
# like ImageNet's, might give block 5 more to learn.
#
# The control says something about small sets only. From scratch *one* architecture was tried, on 45 images
# of 64 pixels without augmentation, where ImageNet has over a million; He et al. (2019) found that with enough images and patience a network
# from random weights catches up, on a task as large as COCO.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise: a rate for each depth
#
# Open: more than one answer is right. In place of freezing some layers, all can learn, each block at a
# rate of its own. What the first blocks know (edges, colours) is of use for any image; what the last
# ones know is of less use elsewhere. Give each part of VGG16 a rate.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
my_rates = ...  # {"block1": …, "block2": …, …, "block5": …, "head": …}

check.rates_by_depth(my_rates)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# parts = ["head", "block5", "block4", "block3", "block2", "block1"]
# my_rates = {part: 1e-4 / 2.6**depth for depth, part in enumerate(parts)}
#
# check.rates_by_depth(my_rates)
# ```
#
# Howard & Ruder (2018) divide by 2.6 from layer to layer, for texts. Keras's optimizers have one rate for
# all layers; a rate for each part takes an optimizer for each. Any falling series is right here;
# which is best, validation images would say.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - With few images a head on frozen features comes first. Fine-tune after it, beginning with its weights,
#   and keep
#   the result only if images held out say so; more images, or other ones than ImageNet's, speak for it.
# - After a change of `trainable`, compile again, and check that what should move moved.
# - Fine-tune at a rate far below that of a new layer; let validation images choose rate and steps.
# - Keep batch normalization frozen; `training=False` alone does not do it.
# - A better base or more pixels may do more than fine-tuning: try them first, they need no training below
#   the head.
# - The same network from random weights is the control that shows what pretraining gave.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
# **Question 1.** You train with a frozen base. Then you set `base.trainable = True` and call `fit` again,
# without `compile`. What is trained?
#
# <details><summary>A. All layers.</summary>
#
# Wrong. They would be after another `compile`; see trap 1.
#
# </details>
#
# <details><summary>B. The head alone, as before.</summary>
#
# Right. The first `fit` after `compile` fixes what is trained; a later change waits for the next
# `compile`.
#
# </details>
#
# <details><summary>C. Nothing; Keras raises an error.</summary>
#
# Wrong. There is neither an error nor a warning, which makes it a trap.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** Why is the head trained before the layers below it?
#
# <details><summary>A. Because Keras trains layers from the last to the first.</summary>
#
# Wrong. Each step moves all layers that are trained, at the same time.
#
# </details>
#
# <details><summary>B. To save memory.</summary>
#
# Wrong. Fine-tuning needs the same memory whether the head was trained before or not.
#
# </details>
#
# <details><summary>C. So that the features are not bent to fit a head that is still random.</summary>
#
# Right. The gradient that reaches the layers below passes through the head's weights.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** A base with batch normalization is trained at learning rate zero. What changes?
#
# <details><summary>A. The stored averages, and with them the answers.</summary>
#
# Right. They follow the batches, whatever the learning rate is, unless the layer is frozen.
#
# </details>
#
# <details><summary>B. Nothing: without a rate no step is made.</summary>
#
# Wrong. No weight moves by its gradient, but the averages are not moved by a gradient.
#
# </details>
#
# <details><summary>C. The scale and the shift of each channel.</summary>
#
# Wrong. These two are learned by gradient, so at learning rate zero they stay.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** In an experiment the largest of five learning rates was the best. What now?
#
# <details><summary>A. Take it.</summary>
#
# Wrong. A still larger one may be better: none was tried.
#
# </details>
#
# <details><summary>B. Ask the test images about larger ones.</summary>
#
# Wrong. What the test images have chosen they can no longer judge.
#
# </details>
#
# <details><summary>C. Add larger ones, and ask the validation images again.</summary>
#
# Right. The best should lie between two that are worse.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** Fine-tuning gains 2 points, with an interval from −1 to 5. What do you report?
#
# <details><summary>A. That fine-tuning helps.</summary>
#
# Wrong. A gain of zero, and even a loss, lie within the interval.
#
# </details>
#
# <details><summary>B. The difference with its interval: the two are not told apart.</summary>
#
# Right. More test objects would narrow the interval; a bolder sentence would not.
#
# </details>
#
# <details><summary>C. That fine-tuning makes no difference.</summary>
#
# Wrong. Five points are within the interval too: "not told apart" is not "equal".
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - K. He, R. Girshick, P. Dollár: Rethinking ImageNet Pre-training. 2019. arXiv:1811.08883.
# - J. Howard, S. Ruder: Universal Language Model Fine-tuning for Text Classification. 2018.
#   arXiv:1801.06146.
# - S. Ioffe, C. Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing Internal
#   Covariate Shift. 2015. arXiv:1502.03167.
# - D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. 2014. arXiv:1412.6980.
# - S. Kornblith, J. Shlens, Q. V. Le: Do Better ImageNet Models Transfer Better? 2019.
#   arXiv:1805.08974.
# - A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang: Fine-Tuning can Distort Pretrained Features and
#   Underperform Out-of-Distribution. 2022. arXiv:2202.10054.
# - K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. 2014.
#   arXiv:1409.1556.
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception Architecture for
#   Computer Vision. 2016. arXiv:1512.00567.
# - M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. 2019.
#   arXiv:1905.11946.
