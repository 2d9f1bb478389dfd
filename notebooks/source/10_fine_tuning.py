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
# 50 minutes to teach, four to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/10_fine_tuning.ipynb)
#
# - **What you do:** train VGG16's last block on 65 images, after its head and together with it; put a
#   head on a smaller network, and train the same network from random weights.
# - **What you learn:** to unfreeze layers so that they really train, to choose a learning rate that
#   does not destroy what was learned before, and to leave batch normalization in peace.
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

(x_train, y_train), (x_test, y_test) = data.load_objects()
objects_train, objects_test = data.load_objects_instances()
guards.check_disjoint(x_train, x_test)

one_of_each = [np.flatnonzero(y_train == label)[0] for label in range(5)]
plotting.plot_images(
    x_train[one_of_each], data.CLASS_NAMES, columns=5, title="One training image of each class"
)
plotting.show("Five rendered objects, a row: " + ", ".join(data.CLASS_NAMES) + ".")
print(f"{len(set(objects_train))} training images of as many objects;", end=" ")
print(f"{len(y_test)} test images of {len(set(objects_test))} others")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## VGG16, cut before its last block
#
# VGG16 has five blocks of convolutions. The first four are to stay as they are, so each image needs to
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


def maps_of(images):
    prepare = keras.applications.vgg16.preprocess_input
    return transfer.extract_features(below, images, prepare, batch_size=4).astype("float16")


maps_train, maps_test = maps_of(x_train), maps_of(x_test)
print("training:", maps_train.shape, " test:", maps_test.shape)
print(f"parameters frozen: {below.count_params():,} of {vgg16.count_params():,}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the small model. It is made of VGG16's *own* layers, not of copies: what they learn, VGG16 has
# learned. `to_pooled` ends where the head begins; its output is what lesson 08 called the features.
# The head's five outputs are *logits*, numbers that become probabilities by the softmax.

# %% slideshow={"slide_type": "fragment"}
BLOCK5 = ["block5_conv1", "block5_conv2", "block5_conv3"]

maps = keras.Input((14, 14, 512), name="maps")
x = maps
for name in [*BLOCK5, "block5_pool"]:
    x = vgg16.get_layer(name)(x)
pooled = layers.GlobalAveragePooling2D(name="average")(x)
logits = layers.Dense(5, kernel_initializer="zeros", name="head")(pooled)

tail = keras.Model(maps, logits, name="block5_and_head")
to_pooled = keras.Model(maps, pooled)
FROM_IMAGENET = tail.get_weights()


def answers(model, inputs):
    """What a model answers, ten inputs at a time, which takes less memory than predict."""
    parts = [model.predict_on_batch(inputs[i : i + 10]) for i in range(0, len(inputs), 10)]
    return np.concatenate(parts)


pooled_train, pooled_test = answers(to_pooled, maps_train), answers(to_pooled, maps_test)
tail.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## First the head alone
#
# Four of the 13 training images of each class are set aside for *validation*: they decide on steps and
# rates, so that the test images need not. Each training image shows another object, so no object is
# on both sides. `split` draws them; each *seed* gives another division.
#
# A head that fits its few images perfectly has a loss near zero, and then there is nothing left for
# the layers below to learn. *Label smoothing* (Szegedy et al. 2016) asks for less: 92 % for the true
# class, 2 % for each of the others. It wants labels in the lecture's first form, *one-hot*.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.06"]
def split(seed):
    """Indices of nine training images of each class, and of the other four."""
    generator = np.random.default_rng(seed)
    classes = [generator.permutation(np.flatnonzero(y_train == label)) for label in range(5)]
    return [np.concatenate([c[part] for c in classes]) for part in (slice(9), slice(9, 13))]


one_hot = keras.utils.to_categorical(y_train, 5)
LOSS = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)

first_head = keras.Sequential([keras.Input((512,)), layers.Dense(5, kernel_initializer="zeros")])
first_head.compile(keras.optimizers.Adam(1e-3), LOSS, metrics=["accuracy"])
fitted, held_out = split(0)
history = first_head.fit(
    pooled_train[fitted],
    one_hot[fitted],
    validation_data=(pooled_train[held_out], one_hot[held_out]),
    batch_size=len(fitted),
    epochs=40,
    verbose=0,
).history
for epoch in (1, 10, 20, 40):
    print(f"epoch {epoch}: validation loss {history['val_loss'][epoch - 1]:.2f},", end=" ")
    print(f"accuracy {history['val_accuracy'][epoch - 1]:.0%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 1: `trainable` is set, and then?
#
# Here is how fine-tuning is often written: train with frozen layers, set `trainable = True`, train on.
# What moved in the second training?

# %% slideshow={"slide_type": "fragment"}
few = slice(0, 65, 8)  # nine images: enough to see what moves
in_block5 = [tail.get_layer(name) for name in BLOCK5]
tail.set_weights(FROM_IMAGENET)

for layer in in_block5:
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
# The head alone. `compile` takes over what is trainable, and we did not call it again: no error, no
# warning, and a notebook that says *fine-tuning*. With `compile` the block moves too.

# %% slideshow={"slide_type": "fragment"}
tail.compile(keras.optimizers.SGD(0.01), LOSS)
before = guards.snapshot(tail)
tail.fit(maps_train[few], one_hot[few], verbose=0)
guards.check_moved(before, tail, [*BLOCK5, "head"])
print("moved:", ", ".join([*BLOCK5, "head"]))

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how far can a weight go?
#
# The *learning rate* sets the length of a step: whatever the gradient, Adam moves a weight by about
# the rate, hardly more (Kingma & Ba 2015). So how far can a weight go in a whole training? (Only whole
# batches are used.) One line. Compare what you get for the rates below with the weights of block 5,
# whose standard deviation is 0.009.


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
# The number of steps times the length of one. Sixteen steps at 10⁻⁵ move a weight by about 0.00016 at
# most, a fiftieth of its usual size.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Rate and steps: what validation chooses
#
# Each training below gets the learning rate and the number of steps that have the least validation
# loss, averaged over splits. `at_edge` says so where the best lies at the edge of what was tried,
# since a wider grid might hold a better one. The head comes first. `training.fit` does what `model.fit`
# does, each epoch as one compiled loop of whole batches; `restart` takes weights and optimizer back to
# the beginning without compiling anew.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=10"]
import functools
import itertools

from course_utils import training

HEAD_RATES, HEAD_STEPS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2), range(10, 101, 10)


@functools.cache
def linear_head(width):
    """A compiled head for features of this width, one for all trainings."""
    head = keras.Sequential([keras.Input((width,)), layers.Dense(5, kernel_initializer="zeros")])
    head.compile(keras.optimizers.Adam(), LOSS)
    return head


def heads(features, targets, rate, looks):
    """A head from zero, after each of these numbers of steps on all of the features."""
    head = linear_head(features.shape[1])
    training.restart(head, learning_rate=rate)
    for before, steps in itertools.pairwise([0, *looks]):
        training.fit(head, features, targets, epochs=steps - before, batch_size=len(targets))
        yield head


def train_head(features, targets, rate, steps):
    return next(heads(features, targets, rate, [steps])).get_weights()


def chosen(losses, steps):
    """Rate and number of steps with the least loss, the mean over splits: {rate: (split, step)}."""
    means = {rate: np.mean(loss, axis=0) for rate, loss in losses.items()}
    rate = min(means, key=lambda rate: means[rate].min())
    return rate, steps[means[rate].argmin()]


def at_edge(value, tried):
    return " (the edge of what was tried)" if value in (tried[0], tried[-1]) else ""


def tune_head(features):
    losses = {rate: [] for rate in HEAD_RATES}
    for rate, (seen, others) in itertools.product(HEAD_RATES, (split(0), split(1))):
        tried = heads(features[seen], one_hot[seen], rate, HEAD_STEPS)
        outputs = [head.predict_on_batch(features[others]) for head in tried]
        losses[rate].append([float(LOSS(one_hot[others], output)) for output in outputs])
    return chosen(losses, HEAD_STEPS)


head_rate, head_steps = tune_head(pooled_train)
print(f"VGG16's head: rate {head_rate:g}{at_edge(head_rate, HEAD_RATES)},", end=" ")
print(f"{head_steps} steps{at_edge(head_steps, HEAD_STEPS)}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 2: a learning rate that destroys
#
# Pretrained weights are good already; steps must be small. How small? Two ways are tried. *Last block*
# trains the head first, as above, then block 5 and the head together. *Both at once* begins with a
# random head, as many notebooks do; its losses differ more, and one split is enough.
#
# A batch has five images, so an epoch of 45 has nine steps. With batches so small good weights jump to
# and fro; `use_ema` keeps a moving average of them (Polyak & Juditsky 1992), which takes their place
# after every eight steps. A random head has far to go, and goes without. Which rate would you take for
# each way, and how many steps?


# %% slideshow={"slide_type": "fragment"}
STEPS = range(0, 41, 8)  # when the validation images are asked


def begin(way, images, seed):
    """Block 5 as it was, and a head: random, or trained as validation chose."""
    training.restart(tail)
    tail.set_weights(FROM_IMAGENET)
    if way == "both at once":
        head = [keras.initializers.GlorotUniform(seed)((512, 5)), np.zeros(5)]
    else:
        head = train_head(pooled_train[images], one_hot[images], head_rate, head_steps)
    tail.get_layer("head").set_weights(head)


def train_on(images, rate, steps):
    tail.optimizer.learning_rate = rate
    arrays = maps_train[images], one_hot[images]
    for _ in range(0, steps, STEPS.step):
        training.fit(tail, *arrays, epochs=1, batch_size=5, steps_per_epoch=STEPS.step)


def validate(way, rate, seed):
    """Validation loss before block 5 is trained, and after every eight steps."""
    seen, others = split(seed)
    begin(way, seen, seed)
    losses = []
    for steps in STEPS:
        train_on(seen, rate, min(steps, STEPS.step))
        losses.append(float(LOSS(one_hot[others], answers(tail, maps_train[others]))))
    return np.array(losses)


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.1"]
import matplotlib.pyplot as plt

from course_utils import experiments

RATES = (3e-5, 1e-4, 3e-4)
SPLITS = {"last block": (0, 1), "both at once": (0,)}


def compile_for(way):
    tail.compile(keras.optimizers.Adam(use_ema=way == "last block", ema_momentum=0.9), LOSS)
    runtime.free_memory()  # gives back the memory of what was compiled before


validated, settings, least = {}, {}, []
fig, axes = plt.subplots(1, 2, figsize=(10, 4))
for ax, way in zip(axes, SPLITS, strict=True):
    compile_for(way)
    validated[way] = {
        rate: experiments.repeat(
            functools.partial(validate, way, rate), SPLITS[way], label=f"{way}, {rate:g}"
        )
        for rate in RATES
    }
    settings[way] = chosen(validated[way], STEPS)
    least.append(f"{way} {min(x.mean(axis=0).min() for x in validated[way].values()):.2f}")
    plotting.plot_curves(STEPS, {f"{rate:g}": loss for rate, loss in validated[way].items()}, ax=ax)
    ax.legend(title="learning rate")
    ax.set(xlabel="steps", title=f"Which rate for {way}?")
axes[0].set_ylabel("validation loss (band: two splits)")
axes[1].set_ylim(0.8, 2.4)  # the random heads begin far above
plotting.show(f"Validation loss by step for three learning rates. The least: {', '.join(least)}.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 14, first half: does block 5 add to the head?
#
# > We will train the output layer from scratch, while the parameters of all remaining layers are fine
# > tuned based on the parameters of the source model.
#
# With what validation chose, block 5 and head are trained on all 65 images. (Where it chose 0 steps it
# advises against, and the way ends with the head alone.) Then come the test images, and seven
# photographs that come with the course.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=16"]
from course_utils.paths import data_dir

photographs, y_photographs, _ = data.load_folder(data_dir() / "photographs")
maps_photographs = maps_of(photographs)
for way, (rate, steps) in settings.items():
    print(f"{way}: rate {rate:g}{at_edge(rate, RATES)}, {steps} steps{at_edge(steps, STEPS)}")


def is_right(model, inputs, labels):
    return answers(model, inputs).argmax(axis=1) == labels


def train_vgg(way, seed):
    """Train block 5 and head; which test images and photographs are right then."""
    everything = np.arange(len(y_train))
    begin(way, everything, seed)
    rate, steps = settings.get(way, (0, 0))
    if steps > 0:
        before = guards.snapshot(tail)
        train_on(everything, rate, steps)
        guards.check_moved(before, tail, [*BLOCK5, "head"])
    return {
        "test": is_right(tail, maps_test, y_test),
        "photographs": is_right(tail, maps_photographs, y_photographs),
    }


# %% [markdown] slideshow={"slide_type": "subslide"}
# The head alone starts from zero and sees all images at once: no seed changes it. Block 5 sees them in
# another order for each of three seeds, whose mean we take; *both at once* is tried with one. The 200
# test images show each object twice, so the intervals are drawn from the 100 *objects*, and ways are
# compared image by image. Is the difference above zero?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.06"]
from course_utils import intervals

SEEDS = {"head only": (0,), "both at once": (0,), "last block": (0, 1, 2)}
vgg_right = {}
for way, seeds in SEEDS.items():
    compile_for(way)
    vgg_right[way] = experiments.repeat(functools.partial(train_vgg, way), seeds, label=way)
vgg_share = {way: 100 * right["test"].mean(axis=0) for way, right in vgg_right.items()}
vgg_scores = {
    way: intervals.bootstrap(np.mean, share, clusters=objects_test)
    for way, share in vgg_share.items()
}
block5_adds = intervals.bootstrap(
    np.mean, vgg_share["last block"] - vgg_share["head only"], clusters=objects_test
)
ax = plotting.plot_estimates(vgg_scores, spec=".1f")
ax.set(
    xlabel="test images right [%] and 95 % interval",
    title=f"Head, then block 5, against the head alone: {block5_adds:+.1f} points",
)
plotting.show(
    f"VGG16's test accuracy in three ways: {intervals.listed(vgg_scores, '.1f', ' %')}. Block 5 "
    f"trained after the head, against the head alone: {block5_adds:+.1f} points."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Back into one VGG16
#
# The small model was made of VGG16's own layers, so VGG16 *is* fine-tuned now. With the preprocessing
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
asked = [0, 60, 120, 180]
guards.check_joined(fine_tuned, x_test[asked].astype("float32"), tail, maps_test[asked])
whole, small = (
    keras.ops.softmax(model.predict(inputs, verbose=0)).numpy().max(axis=1)
    for model, inputs in ((fine_tuned, x_test[asked].astype("float32")), (tail, maps_test[asked]))
)
Table(
    ("test image", "shows", "sure: the whole VGG16", "block 5 and head"),
    [(i, data.CLASS_NAMES[y_test[i]], *sure) for i, *sure in zip(asked, whole, small, strict=True)],
    ("d", "", ".3f", ".3f"),
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fine-tuning can distort
#
# Kumar et al. (2022) compared fine-tuning with training the head alone on ten data sets whose test
# images differ from the training images. On new images of the *same* kind, fine-tuning was 2 points
# better on average; on images of the *other* kind it was 7 worse. Their explanation: while a random
# head is learned, the features are bent to fit it. Their remedy, *LP-FT*: first the head (a *linear
# probe*), then fine-tuning, as in our "last block".
#
# Our training images are rendered; the seven photographs are of another kind. Do you see it here?


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=15"]
def against_head(way, images, clusters):
    difference = vgg_right[way][images].mean(axis=0) - vgg_right["head only"][images].mean(axis=0)
    return f"{intervals.bootstrap(np.mean, 100 * difference, clusters=clusters):+.0f}"


Table(
    ("trained", "on 200 test images", "on 7 photographs"),
    [
        (way, against_head(way, "test", objects_test), against_head(way, "photographs", None))
        for way in ("both at once", "last block")
    ],
    ("", ">", ">"),
    caption="Points over the head alone [95 % interval]",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each way had the rate and the steps that validation chose for it. But seven photographs of two
# classes are an example, no test: look at the width of the intervals. Try what you trained on the kind
# of images that you mean to use it for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Or another base, or more pixels?
#
# Fine-tuning is one way to be better; a better base is another. EfficientNet-Lite0 is a lighter
# EfficientNet-B0 (Tan & Le 2019). Kornblith et al. (2019) found that networks which are better on
# ImageNet make better frozen features too (correlation 0.99 over 16 networks), if they were trained
# without tricks such as label smoothing, which hurt the features. On ImageNet VGG16 is right on 71.3 %
# by Keras's list, Lite0 on 75.1 % by its authors'. Which is better here, and what do pixels change?
# Each head has the rate and the steps that validation chooses for it.


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
    head = layers.Dense(5, kernel_initializer="zeros", name="head")
    return keras.Model(images, head(base(scaled, **call)), name="lite0"), base, head


def shrink(images, pixels):
    return np.stack([resize(image, pixels) for image in images])


_, any_size, _ = build(None)


def lite0_features(pixels):
    prepare = efficientnet_lite.preprocess_input
    return [
        transfer.extract_features(any_size, shrink(x, pixels), prepare) for x in (x_train, x_test)
    ]


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.015"]
features = {f"Lite0, {pixels} pixels": lite0_features(pixels) for pixels in (64, 96, 160, 224)}
features["VGG16, 224 pixels"] = [pooled_train, pooled_test]
tuned, frozen = {}, {}
for name, (of_train, of_test) in features.items():
    tuned[name] = tune_head(of_train)
    weights, bias = train_head(of_train, one_hot, *tuned[name])
    frozen[name] = (of_test @ weights + bias).argmax(axis=1) == y_test
frozen_scores = {
    name: intervals.bootstrap(np.mean, 100 * right, clusters=objects_test)
    for name, right in frozen.items()
}
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
# the next batch while one is trained on. The price: each epoch sees other pixels, so no features can
# be stored, and *every* epoch passes the frozen base. Does it pay? The head gets the rate that was
# chosen for stored features, and 12 epochs.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
import tensorflow as tf

runtime.free_memory()
PIXELS = 64
small_train, small_test = shrink(x_train, PIXELS), shrink(x_test, PIXELS)
augmentation = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.05),
        layers.RandomTranslation(0.08, 0.08),
        layers.RandomZoom(0.15),
    ]
)


def augmented(batch, targets):
    return augmentation(tf.cast(batch, tf.float32), training=True), targets


pipeline = tf.data.Dataset.from_tensor_slices((small_train, one_hot)).shuffle(65, seed=0)
pipeline = pipeline.batch(13).map(augmented).prefetch(1)
ten_images = next(iter(pipeline))[0][:10].numpy().clip(0, 255).astype("uint8")
plotting.plot_images(ten_images, columns=5, title="Ten images of one batch")
plotting.show("Ten training images, turned, moved, mirrored or closer than they were.")

lite0, lite0_base, lite0_head = build(PIXELS, training=False)
BASE_FROM_IMAGENET = lite0_base.get_weights()
lite0_base.trainable = False
lite0.compile(keras.optimizers.Adam(tuned[f"Lite0, {PIXELS} pixels"][0]), LOSS)
lite0.fit(pipeline, epochs=12, shuffle=False, verbose=0)  # the pipeline shuffles
plain = frozen[f"Lite0, {PIXELS} pixels"]
gain = 100.0 * is_right(lite0, small_test, y_test) - 100.0 * plain
print(f"without: {100 * plain.mean():.1f} %; with augmentation", end=" ")
print(f"{intervals.bootstrap(np.mean, gain, clusters=objects_test):+.1f} points")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 3: layers that move at learning rate zero
#
# VGG16 is old. Newer networks, Lite0 among them, have *batch normalization* (Ioffe & Szegedy 2015,
# lesson 05). In *training* it scales each channel by mean and variance of the *batch*, and moves its
# stored averages towards them. In *inference* it uses the averages. A batch of our images is a poor
# sample of ImageNet: the layers above get other inputs than they were trained for.
#
# Keras's advice was to call the base with `training=False`, which we did above. Does that hold it still
# when it is thawed? Try it with learning rate zero, so that no weight can move.

# %% slideshow={"slide_type": "fragment"}
lite0_base.trainable = True
lite0.compile(keras.optimizers.SGD(0.0), LOSS, run_eagerly=True)  # one step: not worth compiling

NORMS = [x.name for x in lite0_base.layers if isinstance(x, layers.BatchNormalization)]
lite0_base.set_weights(BASE_FROM_IMAGENET)
before = guards.snapshot(lite0_base)
lite0.fit(small_train[few], one_hot[few], verbose=0)
guards.check_moved(before, lite0_base, NORMS)  # every batch normalization moved, and nothing else
print("layers of batch normalization that moved:", len(NORMS))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The averages of every batch normalization drift, although nothing was to be learned: in Keras 3
# `fit` overrides the `training=False`
# ([keras issue 20285](https://github.com/keras-team/keras/issues/20285)). The cure: leave these
# layers frozen, whatever else is trained. A frozen one uses its averages.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What does the drift cost?
#
# At learning rate zero nothing but the averages changes, so a training step is a pass through the base
# in training mode. After 120 of them, with 13 images each, the same head sits on a base that has the
# same weights and other averages. What does that do to its answers? (Where weights learn too, they can
# make up for a part of it.)


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
@tf.function
def pass_in_training_mode(images):
    lite0_base(lite0.get_layer("scaling")(images), training=True)


def drift(seed):
    """Which test images are right after 120 steps at learning rate zero."""
    lite0_base.set_weights(BASE_FROM_IMAGENET)
    of_train = features[f"Lite0, {PIXELS} pixels"][0]
    lite0_head.set_weights(train_head(of_train, one_hot, *tuned[f"Lite0, {PIXELS} pixels"]))
    generator = np.random.default_rng(seed)
    for _ in range(24):
        for batch in generator.permutation(65).reshape(5, 13):
            pass_in_training_mode(tf.constant(small_train[batch], tf.float32))
    return is_right(lite0, small_test, y_test)


drifted = experiments.repeat(drift, (0, 1), label="averages").mean(axis=0)
for name, share, unit in (
    ("averages kept", plain, "%"),
    ("averages of 120 steps in training", drifted, "%"),
    ("difference", drifted - plain, "points"),
):
    print(f"{name}: {intervals.bootstrap(np.mean, 100 * share, clusters=objects_test):.1f} {unit}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how fast do the averages go?
#
# Change and predict. Each training step keeps the share `momentum` of a stored average (0.99 is
# Keras's default) and takes the rest from the batch. How much of ImageNet's averages is left after the
# 120 steps above, in per cent? And with momentum 0.9?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
per_cent_left = {0.99: ..., 0.9: ...}

check.averages_left(per_cent_left)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# per_cent_left = {momentum: 100 * momentum**120 for momentum in (0.99, 0.9)}
#
# check.averages_left(per_cent_left)
# ```
#
# Each step multiplies what is left by the momentum. That is why a training from scratch, which has
# some hundred steps and wants its *own* averages, needs the smaller one: next.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From scratch: the control
#
# The same network, pixels, images and loss, but random weights. It gets what it needs: its own learning
# rate, batch normalization that learns (momentum 0.9), and as many steps as it likes: it ends when no
# more validation images came right for 60 of them (400 steps at most), and goes back to its best
# weights. We count images here, and the loss breaks ties: a network from scratch is often right and
# far too sure where it is wrong, and by its loss alone would end too early. Like the head on ImageNet's
# weights it learns from nine images of each class; four decide.


# %% slideshow={"slide_type": "fragment"}
SCRATCH_RATES = (1e-3, 3e-3, 1e-2, 3e-2)
MOST, PATIENCE, LOOK = 400, 60, 20  # steps

runtime.free_memory()
scratch, scratch_base, _ = build(PIXELS)
for name in NORMS:
    scratch_base.get_layer(name).momentum = 0.9
scratch.compile(keras.optimizers.Adam(), LOSS)


def from_scratch(rate, seed):
    """Most validation images right, the last step, and which test images are right then."""
    seen, others = split(seed)
    training.restart(scratch, learning_rate=rate)
    best, at, weights, steps = (-1, 0.0), 0, None, 0
    while steps < MOST and steps - at < PATIENCE:
        training.fit(
            scratch, small_train[seen], one_hot[seen], epochs=1, batch_size=9, steps_per_epoch=LOOK
        )
        steps += LOOK
        outputs = answers(scratch, small_train[others])
        right = int((outputs.argmax(axis=1) == y_train[others]).sum())
        score = right, -float(LOSS(one_hot[others], outputs))
        if score > best:
            best, at, weights = score, steps, scratch.get_weights()
    scratch.set_weights(weights)
    return {"best": best[0], "steps": steps, "right": is_right(scratch, small_test, y_test)}


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
by_rate = {
    rate: experiments.repeat(functools.partial(from_scratch, rate), (0,), label=f"{rate:g}")
    for rate in SCRATCH_RATES
}
scratch_rate = max(SCRATCH_RATES, key=lambda rate: by_rate[rate]["best"][0])
Table(
    ("rate", "validation images right", "ended"),
    [
        (f"{rate:g}", run["best"][0], "by itself" if run["steps"][0] < MOST else "at the limit")
        for rate, run in by_rate.items()
    ],
    (">", "d", ""),
    caption=f"From scratch, one split; chosen: {scratch_rate:g}{at_edge(scratch_rate, SCRATCH_RATES)}. "
    "Of 20 images guessing has four right.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Claim 14, second half: the head against training from scratch
#
# Two more splits at the chosen rate, and the head on the same images of all three.


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
def head_on_lite0(seed):
    seen = split(seed)[0]
    of_train, of_test = features[f"Lite0, {PIXELS} pixels"]
    weights, bias = train_head(of_train[seen], one_hot[seen], *tuned[f"Lite0, {PIXELS} pixels"])
    return (of_test @ weights + bias).argmax(axis=1) == y_test


more = experiments.repeat(functools.partial(from_scratch, scratch_rate), (1, 2), label="scratch")
from_random = {key: np.concatenate([by_rate[scratch_rate][key], more[key]]) for key in more}
lite0_share = {
    "head only": 100 * experiments.repeat(head_on_lite0, label="heads").mean(axis=0),
    "from scratch": 100 * from_random["right"].mean(axis=0),
}
lite0_scores = {
    way: intervals.bootstrap(np.mean, share, clusters=objects_test)
    for way, share in lite0_share.items()
}
head_gains = intervals.bootstrap(
    np.mean, lite0_share["head only"] - lite0_share["from scratch"], clusters=objects_test
)
ax = plotting.plot_estimates(lite0_scores, spec=".1f")
ax.set(xlim=(0, 100), xlabel="test images right [%], mean of three splits and 95 % interval")
ax.set_title(f"A head on ImageNet's weights, against random weights: {head_gains.mean:+.0f} points")
plotting.show(
    f"Test images that Lite0 tells right at {PIXELS} pixels: {intervals.listed(lite0_scores, '.1f', ' %')}."
)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.06"]
from course_utils import claims

claims.verdict(
    14,
    f"VGG16's block 5, trained after the head, against the head alone: {block5_adds:+.1f} points; a "
    f"head on Lite0 at {PIXELS} pixels against the same network from scratch: {head_gains:+.0f} points "
    "(100 objects)",
    fine_tuning_adds=claims.above(block5_adds),
    beats_scratch=claims.above(head_gains),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The control says something about small sets only. From scratch *one* network had 45 images, where
# ImageNet has over a million; He et al. (2019) found that with enough images and patience a network
# from random weights catches up, on a task as large as COCO.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise: a rate for each depth
#
# Open: more than one answer is right. In place of freezing some layers, all can learn, each block at a
# rate of its own. What the first blocks know (edges, colours) is of use for any image; what the last
# ones know less so. Give each part of VGG16 a rate.

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
# Howard & Ruder (2018) divide by 2.6 from layer to layer, for texts. Any falling series is right here;
# which is best, validation images would say.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - With few images a head on frozen features comes first. Fine-tune after it, and from it, and keep
#   the result only if images held out say so; more images, or other ones than ImageNet's, speak for it.
# - After a change of `trainable`, compile again, and check that what should move moved.
# - Fine-tune at a rate far below that of a new layer; let validation images choose rate and steps.
# - Keep batch normalization frozen; `training=False` alone does not do it.
# - A better base or more pixels may do more than fine-tuning: try them first, they cost less.
# - The same network from random weights is the control that shows what pretraining gave.
#
# ## Five questions

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
# **Question 1.** You set `base.trainable = True` after `compile`, and call `fit`. What is trained?
#
# <details><summary>A. All layers.</summary>
#
# Wrong. They would be after another `compile`; see trap 1.
#
# </details>
#
# <details><summary>B. What was trainable when `compile` was called.</summary>
#
# Right. `compile` takes the list over; a later change waits for the next one.
#
# </details>
#
# <details><summary>C. Nothing; Keras raises an error.</summary>
#
# Wrong. There is neither an error nor a warning, which makes it a trap.
#
# </details>

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
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

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
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

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
# **Question 4.** In an experiment the largest of five learning rates was the best. What now?
#
# <details><summary>A. Take it.</summary>
#
# Wrong. A still larger one may be better: the edge of a grid says so little.
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

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
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
# - D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. 2015. arXiv:1412.6980.
# - S. Kornblith, J. Shlens, Q. V. Le: Do Better ImageNet Models Transfer Better? 2019.
#   arXiv:1805.08974.
# - A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang: Fine-Tuning can Distort Pretrained Features and
#   Underperform Out-of-Distribution. 2022. arXiv:2202.10054.
# - B. T. Polyak, A. B. Juditsky: Acceleration of Stochastic Approximation by Averaging. 1992. SIAM
#   Journal on Control and Optimization 30 (4), 838–855.
# - K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. 2015.
#   arXiv:1409.1556.
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception Architecture for
#   Computer Vision. 2016. arXiv:1512.00567.
# - M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. 2019.
#   arXiv:1905.11946.
