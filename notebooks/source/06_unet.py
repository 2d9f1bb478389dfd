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
# # 06 · U-Net
#
# **A classifier shrinks an image to one word. How does a network answer for every single pixel, and
# what do the skip connections across it bring?**
#
# About two minutes on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/06_unet.ipynb)
#
# - **What you do:** build FCN-8 and U-Net; train a small one to cut objects out of photographs,
#   with concatenated skips, with summed skips and with none.
# - **What you learn:** upsampling, skip connections from fine to coarse, how to judge a mask (IoU).
# - **What you need:** lessons 03 and 05 (VGG, sum and concatenation).

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
from keras.applications import vgg16

from course_utils import (
    claims,
    costs,
    experiments,
    guards,
    intervals,
    networks,
    plotting,
    pretrained,
    segmentation,
    training,
)
from course_utils.data import load_objects, load_objects_masks

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One answer for each pixel
#
# *Segmentation* asks of every pixel: object or background? The deep layers of a classifier know
# *what* is in the image, on a map of 7×7 cells. The early layers know *where* its edges run, and
# not what they belong to. Both are needed.
#
# So a segmentation net goes down as a classifier does and up again to the size of the image, and
# *skip connections* carry the early maps across. Two ways to join them: sum them (FCN-8) or
# concatenate them (U-Net).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## FCN-8 (2014)
#
# Long, Shelhamer and Darrell take VGG-16 and turn its dense layers into convolutions: fc6 becomes a
# 7×7 convolution, so the net takes images of any size and gives a coarse map of class scores. That
# map is doubled in size twice; each time the scores of a finer map are *added*. A last step
# enlarges it eightfold at once: hence the 8.
#
# A *transposed convolution* enlarges: each input pixel stamps its weighted kernel onto the output,
# `factor` pixels apart.

# %% slideshow={"slide_type": "subslide"}
VGG16 = {1: (2, 64), 2: (2, 128), 3: (3, 256), 4: (3, 512), 5: (3, 512)}  # convolutions, filters


def fcn8(classes=21):
    def enlarge(x, factor, name):
        return layers.Conv2DTranspose(
            classes, 2 * factor, factor, padding="same", use_bias=False, name=f"{name}_enlarge"
        )(x)

    x = inputs = Input((224, 224, 3), name="input")
    pooled = {}
    for block, (n, filters) in VGG16.items():
        for i in range(n):
            name = f"block{block}_conv{i + 1}"
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        pooled[block] = x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Conv2D(4096, 7, padding="same", activation="relu", name="fc6")(x)
    x = layers.Conv2D(4096, 1, activation="relu", name="fc7")(x)
    x = layers.Conv2D(classes, 1, name="score")(x)
    for block in (4, 3):
        local = layers.Conv2D(classes, 1, name=f"up{block}_score")(pooled[block])
        x = layers.Add(name=f"up{block}_sum")([enlarge(x, 2, f"up{block}"), local])
    return Model(inputs, enlarge(x, 8, "up"), name="FCN-8")


# %% slideshow={"slide_type": "subslide"}
with networks.shapes_only():  # to count and draw; to train it, build it outside of this
    fcn = fcn8()
assert costs.total(fcn).parameters == 134_489_759  # the paper's Table 1: 134 M
costs.table(fcn, caption="FCN-8")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The whole way up, `up4`, `up3` and `up`, has 0.1 % of the parameters: on each level just as many
# channels as classes, 21. FCN-8 decides below and refines a little. (The paper's net pads the image
# by 100 pixels and crops the result; we pad inside the convolutions. Parameters are the same.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## U-Net (2015)
#
# Ronneberger, Fischer and Brox change two things:
#
# - the way up is as wide as the way down: the net is *symmetric*, a U;
# - the skips *concatenate*: the next convolution sees both maps, and learns what to take from each.
#
# Convolutions are *valid*: without padding, each loses a pixel on every side, and what crosses over
# must be cropped to fit.


# %% slideshow={"slide_type": "subslide"}
def two_convolutions(x, filters, *, name):
    for i in (1, 2):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"{name}_conv{i}")(x)
    return x


def unet(classes=2):
    x = inputs = Input((572, 572, 1), name="input")
    fine = {}
    for level, filters in enumerate((64, 128, 256, 512), start=1):
        fine[level] = x = two_convolutions(x, filters, name=f"down{level}")
        x = layers.MaxPooling2D(2, name=f"down{level}_pool")(x)
    x = two_convolutions(x, 1024, name="bottom")
    for level in (4, 3, 2, 1):
        filters = fine[level].shape[-1]
        x = layers.Conv2DTranspose(filters, 2, 2, name=f"up{level}_enlarge")(x)
        margin = (fine[level].shape[1] - x.shape[1]) // 2
        local = layers.Cropping2D(margin, name=f"up{level}_crop")(fine[level])
        x = layers.Concatenate(name=f"up{level}_concat")([local, x])
        x = two_convolutions(x, filters, name=f"up{level}")
    return Model(inputs, layers.Conv2D(classes, 1, name="score")(x), name="U-Net")


# %% slideshow={"slide_type": "subslide"}
with networks.shapes_only():
    net = unet()
costs.table(net, caption="U-Net")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is it the published net?** The paper says 23 convolutional layers and gives no count of
# parameters; ours has 31,030,658 with its two classes and grey input. The 31,031,685 often quoted
# is that of a Keras version for one class: it replaces the last 1×1 convolution to two classes by a
# 3×3 one to two channels and a 1×1 to one.

# %% slideshow={"slide_type": "fragment"}
convolutions = [cost for cost in costs.count(net) if cost.multiply_adds]
found = costs.total(net).parameters
assert (len(convolutions), found) == (23, 31_030_658)
two_classes, one_class = 64 * 2 + 2, (9 * 64 * 2 + 2) + (2 * 1 + 1)
assert found - two_classes + one_class == 31_031_685
print(f"U-Net: {len(convolutions)} convolutional layers, {found:,} parameters")
print(f"with the last layers of the Keras version: {found - two_classes + one_class:,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Side by side
#
# Both drawn from the models. Compare the green boxes, the way up: how wide are they (the width
# shows the channels), how many convolutions has each, and what do the arrows do when they arrive?

# %% slideshow={"slide_type": "fragment"}
fig, axes = plt.subplots(2, 1, figsize=(10, 7))
for ax, model in zip(axes, (fcn, net), strict=True):
    plotting.plot_architecture(model, ax=ax)
fig.suptitle(
    "FCN-8 goes up in three narrow steps and sums; U-Net goes up as it came and concatenates",
    x=0.01,
    ha="left",
)
plotting.show(
    "FCN-8 above, U-Net below, block by block. FCN-8 goes down like VGG-16 and up in narrow boxes, "
    "with arrows from two blocks that are summed. U-Net is nearly symmetric: a wide box up for each "
    "box down, joined by arrows that concatenate."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A small U-Net of your own
#
# The course's rendered objects come with a mask each: 65 images to train on, 200 to test. Shrunk to
# 80×80 pixels, so that two cores can cope. One question: which pixels belong to the object?

# %% slideshow={"slide_type": "fragment"}
SIZE = 80

(x_train, _), (x_test, _) = load_objects()
m_train, m_test = load_objects_masks()
guards.check_images(x_train)
guards.check_disjoint(x_train, x_test)
x_train, m_train = segmentation.resize_pair(x_train, m_train, SIZE)
x_test, m_test = segmentation.resize_pair(x_test, m_test, SIZE)

some = slice(3, None, 8)
plotting.plot_masks(x_train[some], m_train[some], title="Training images, and the masks to learn")
plotting.show(
    "Training images in a row, and below each its mask: the object white, all else black."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Few images: augment. What happens to an image must happen to its mask. Keras's preprocessing
# layers move both, if they are handed over under these two names. Compare each column with the one
# above.

# %% slideshow={"slide_type": "fragment"}
augmentation = [
    layers.RandomFlip("horizontal"),
    layers.RandomRotation(0.1, fill_mode="reflect"),
    layers.RandomZoom((-0.3, 0.1), fill_mode="reflect"),
]


def augment(images, masks):
    pair = {"images": images.astype("float32"), "segmentation_masks": masks[..., None]}
    for layer in augmentation:
        pair = layer(pair, training=True)
    moved, masks = pair["images"].numpy(), pair["segmentation_masks"].numpy()[..., 0]
    return moved.round().astype("uint8"), masks.round().astype("uint8")


x_more, m_more = augment(x_train, m_train)
plotting.plot_masks(x_more[some], m_more[some], title="The same, augmented: the mask moves along")
plotting.show(
    "The same training images turned, mirrored or enlarged, and below each its mask, which has been "
    "changed in the same way."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The way down is borrowed
#
# 65 images are few for a network that starts from nothing. So we do what FCN-8 did and use VGG-16,
# trained on ImageNet, as the way down. It stays as it is: its maps are computed once, and only the
# way up is trained. Lesson 08 explains why that works.

# %% slideshow={"slide_type": "fragment"}
FINE = {4: "block4_conv3", 3: "block3_conv3", 2: "block2_conv2"}  # level: what crosses over
COARSE = "block5_conv3"

vgg = vgg16.VGG16(
    include_top=False,
    weights=pretrained.weights_for("VGG16", include_top=False),
    input_shape=(SIZE, SIZE, 3),
)
way_down = Model(vgg.input, [vgg.get_layer(name).output for name in (COARSE, *FINE.values())])


def maps(images):
    """Ten images at a time and in half precision, so that 2 GB of memory serve."""
    batches = []
    for start in range(0, len(images), 10):
        batch = vgg16.preprocess_input(images[start : start + 10].astype("float32"))
        batches.append([tf.cast(m, "float16") for m in way_down(batch)])
    return [tf.concat(parts, axis=0) for parts in zip(*batches, strict=True)]


down_train = maps(np.concatenate([x_train, x_more]))
masks = np.concatenate([m_train, m_more])[..., None]
down_test = maps(x_test)
for name, m in zip((COARSE, *FINE.values()), down_train, strict=True):
    print(f"{name}: {' × '.join(map(str, m.shape[1:]))}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three ways to join
#
# The way up three times: skips concatenated, summed, or cut. Concatenation doubles the channels
# that the next convolution sees, and its parameters with them. That alone might win. To be fair,
# the first convolution of the others gets more filters, so that all three have the same number of
# parameters.


# %% slideshow={"slide_type": "fragment"}
def conv(x, filters, kernel=3):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def way_up(join):
    """``join``: "concat", "sum" or "none". Output: probability of object for each pixel."""
    coarse, *fine = inputs = [Input(m.shape[1:]) for m in down_train]
    if join == "none":
        inputs = [coarse]
    x = conv(coarse, 64, kernel=1)
    for local, c in zip(fine, (32, 16, 8), strict=True):
        x = layers.Conv2DTranspose(c, 2, 2)(x)
        if join == "concat":
            x = layers.Concatenate()([conv(local, c, kernel=1), x])
            x = conv(x, c)
        elif join == "sum":
            x = layers.Add()([conv(local, c, kernel=1), x])
            x = conv(x, 3 * c // 2)  # 9·c·1.5c + 9·1.5c·c parameters, as 9·2c·c + 9·c·c
        else:
            x = conv(x, 3 * c // 2 + local.shape[-1] // 18)  # and those of the missing 1×1
        x = conv(x, c)
    x = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return Model(inputs, layers.UpSampling2D(2, interpolation="bilinear")(x), name=join)


nets = {join: way_up(join) for join in ("concat", "sum", "none")}
sizes = {join: costs.total(up).trainable for join, up in nets.items()}
assert max(sizes.values()) < 1.01 * min(sizes.values())
for join, size in sizes.items():
    print(f"{join:>6}: {size:,} parameters to train")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### How good is a mask?
#
# Accuracy would flatter: most pixels are background. *Intersection over union* (IoU) divides the
# pixels that prediction and truth share by those that either has: 1 is perfect, 0 disjoint. Calling
# every pixel object scores, on average:

# %% slideshow={"slide_type": "fragment"}
print(f"IoU of an all-object mask: {segmentation.iou(np.ones_like(m_test), m_test).mean():.2f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 10: is concatenation better than a sum, and a sum than nothing?
#
# Each net three times, from other weights. What do you expect of the net without skips: does it
# miss the object, or its outline?

# %% slideshow={"slide_type": "fragment"}
EPOCHS, BATCH = 4, 8

for up in nets.values():
    rate = keras.optimizers.schedules.CosineDecay(0.01, EPOCHS * len(masks) // BATCH)
    up.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy")


def dataset(up, down, *targets):
    """As many maps as the net has inputs: without skips the coarse one alone."""
    return tf.data.Dataset.from_tensor_slices((tuple(down[: len(up.inputs)]), *targets))


def train_three(seed):
    found = {}
    for join, up in nets.items():
        keras.utils.set_random_seed(seed)
        training.restart(up)
        pairs = dataset(up, down_train, masks).shuffle(len(masks)).batch(BATCH)
        up.fit(pairs, epochs=EPOCHS, shuffle=False, verbose=0)  # shuffled above
        tests = dataset(up, down_test).batch(BATCH)
        found[join] = up.predict(tests, verbose=0)[..., 0] > 0.5
    return found


predicted = experiments.repeat(train_three, label="concat, sum, none")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.15"]
iou = {
    join: np.array([segmentation.iou(masks, m_test).mean() for masks in runs])
    for join, runs in predicted.items()
}
outline = segmentation.near_outline(m_test, 3)
errors = {
    join: np.array([(masks != m_test)[outline].mean() for masks in runs])
    for join, runs in predicted.items()
}

said = []
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2))
for ax, values, label in (
    (axes[0], iou, "IoU of the object, mean of 200 test images"),
    (axes[1], errors, "wrong pixels within 3 pixels of the outline"),
):
    estimates = {join: intervals.mean(runs) for join, runs in values.items()}
    plotting.plot_estimates(estimates, spec=".2f", ax=ax)
    ax.set_xlabel(label)
    said.append(f"{label}: {intervals.listed(estimates)}")
fig.suptitle("Do skips make better masks, and does it matter how they join?", x=0.01, ha="left")
plotting.show(f"Means of the seeds with 95 % intervals. {'. '.join(said)}.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Why so little between concatenation and sum? A convolution of two maps stacked together is one
# convolution of each, added up. So concatenation can do what a sum does, and the 1×1 convolution
# before the sum lets that choose what to add. What counts is that the fine map arrives at all.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Eight test images, none of whose objects was in training. Compare the last row with the two above:
# where is its vermilion and its light blue?

# %% slideshow={"slide_type": "fragment"}
shown = slice(12, None, 25)
plotting.plot_masks(
    x_test[shown],
    m_test[shown],
    {join: runs[0][shown] for join, runs in predicted.items()},
    title="New objects, their masks, and what each net makes of them",
)
worst = min(iou, key=lambda join: iou[join].mean())
plotting.show(
    "Test images in a row; below, their masks and those of the three nets, with missed parts of the "
    f"object vermilion and false alarms light blue. The net with the least IoU is {worst}."
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
pairs = [("concat", "sum"), ("concat", "none"), ("sum", "none")]
ahead = {pair: intervals.mean(iou[pair[0]] - iou[pair[1]]) for pair in pairs}
differences = ", ".join(f"{one} − {other} {ahead[one, other]:.2f}" for one, other in pairs)
claims.verdict(
    10,
    f"difference in IoU: {differences} ({sizes['concat'] / 1000:.0f} k trained parameters each, "
    "200 test images, 3 seeds)",
    concat_beats_sum=ahead["concat", "sum"].low > 0,
    concat_beats_none=ahead["concat", "none"].low > 0,
    sum_beats_none=ahead["sum", "none"].low > 0,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A segmentation net goes down to know *what* and up again to say *where*. Transposed convolutions
#   enlarge.
# - Skip connections carry fine maps across. FCN-8 sums scores, U-Net concatenates features.
# - Compare nets of the same size, or the larger wins for being larger.
# - Judge masks by intersection over union, not by accuracy.
#
# ## Try
#
# 1. Keep only the skip of level 4, then only that of level 2 (`FINE`). Which one matters for the
#    outline?
# 2. Leave out the augmented images. What happens to the IoU?
# 3. Give the net without skips twice the filters. Does it catch up?
# 4. Set `SIZE = 160` and wait a little longer. The outline gets sharper; does the order of the
#    three change?
