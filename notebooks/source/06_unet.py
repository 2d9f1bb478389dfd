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
# **How does a network label every pixel?**
#
# 45 minutes to teach, about one to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/06_unet.ipynb)
#
# - **What you do:** enlarge a map by hand, build FCN-8 and U-Net, and cut objects out of photographs
#   with four ways up: three that join what crosses over differently, one to which nothing crosses.
# - **What you learn:** transposed convolution, skip connections across a net, how to judge a mask.
# - **What you need:** lessons [03](03_vgg.ipynb) (VGG) and [05](05_resnet_densenet.ipynb) (sum,
#   concatenation, batch normalization).

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
# ## One answer for each pixel
#
# *Semantic segmentation* asks of every pixel what it belongs to: tumour or tissue, object or background. The
# deep layers of a classifier know *what* is in the image, on a few large cells: *global* information.
# The early layers know *where* edges run, and not what they belong to: *local* information.
#
# So a segmentation net goes down as a classifier does, the *downsampling path*, and up again to the
# size of the image, the *upsampling path*. *Skip connections*, which bypass at least one layer, bring
# local information to the global information while upsampling. (Lesson 05 called the two *context* and
# *spatial information*.) How does a map get larger?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A transposed convolution by hand
#
# A convolution of stride 2 halves a map. A *transposed convolution* goes the other way: each number
# of the small map is multiplied by the whole kernel, and the products are laid down two pixels apart.
# Where they overlap, they add up. (The name: written as matrices, one is the transpose of the other.)


# %% slideshow={"slide_type": "fragment"}
import numpy as np

from course_utils import plotting


def enlarge_by_hand(small, kernel, stride):
    """Stamp the kernel, times each number of a map, ``stride`` pixels apart."""
    rows, columns = stride * (np.array(small.shape) - 1) + len(kernel)
    large = np.zeros((rows, columns))
    for row in range(small.shape[0]):
        for column in range(small.shape[1]):
            top, left = stride * row, stride * column
            large[top : top + len(kernel), left : left + len(kernel)] += small[row, column] * kernel
    return large


small = np.array([[1.0, 2.0], [0.0, 3.0]])
stamp = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])
large = enlarge_by_hand(small, stamp, stride=2)
plotting.plot_maps(
    [small, stamp, large],
    ["the small map: 2×2", "the kernel: 3×3", "enlarged: 5×5"],
    columns=3,
    title="Which number of the small map is in each number of the large one?",
)
plotting.show(
    "A map of 2×2 numbers, a kernel of 3×3 and the enlarged map of 5×5, in which the kernel stands "
    "at four places, times 1, 2, 0 and 3; where two meet, they are added."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Keras has the same as a layer. Its weights are *learned*; those above would interpolate.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
import keras
from keras import Input, Model, layers

runtime.one_thread()  # layers as small as ours lose time when they are shared among cores

by_keras = layers.Conv2DTranspose(filters=1, kernel_size=3, strides=2, use_bias=False)
by_keras.build((None, 2, 2, 1))
by_keras.set_weights([stamp.reshape(3, 3, 1, 1)])
there = np.asarray(by_keras(small.reshape(1, 2, 2, 1)))[0, ..., 0]
print(f"largest difference: {np.abs(there - large).max():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: join a coarse and a fine map
#
# A segmentation net has to join a small, deep map with a large, early one. Given two Keras tensors,
# `coarse` of shape (n, s, s, c) and `fine` of shape (n, 2s, 2s, d), return one of shape
# (n, 2s, 2s, c + d): enlarge `coarse` in any way, then concatenate. (Open: there is more than one right
# answer.)


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import unet as check


def join(coarse, fine):
    return ...  # your lines


check.two_skips(join)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def join(coarse, fine):
#     larger = layers.Conv2DTranspose(coarse.shape[-1], kernel_size=2, strides=2)(coarse)
#     return layers.Concatenate()([fine, larger])
#
#
# check.two_skips(join)
# ```
#
# Concatenation needs equal height and width, and adds up the channels.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## FCN-8: the Fully Convolutional Network (2014)
#
# Long, Shelhamer and Darrell turn VGG-16's dense layers into convolutions: fc6 becomes a 7×7
# convolution, so the net takes images of any size and gives a coarse map of class scores. That map is
# doubled in size twice; each time the *scores* of a finer map are added. A last step enlarges it
# eightfold at once: hence the 8. In the paper the enlarging kernels start as bilinear interpolation; so do
# those that we train further down. (Here FCN-8 is only counted.)

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
from course_utils import costs, networks

with networks.shapes_only():  # to count and draw; to train it, build it outside of this
    fcn = fcn8()
assert costs.total(fcn).parameters == 134_489_759  # the paper's Table 1: 134 M
costs.table(fcn, caption="FCN-8")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The whole way up, `up4`, `up3` and `up`, has 0.1 % of the parameters: on each level just as many
# channels as classes, 21. FCN-8 decides on the coarse map and then only refines. (The paper's net pads
# the image by 100 pixels and crops the result; we pad inside the convolutions. Parameters are the same.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## U-Net (2015)
#
# Ronneberger, Fischer and Brox build upon the Fully Convolutional Network and modify it for better
# segmentation in *medical imaging*, where few images have been labelled and cells that touch must be
# told apart. Compared to FCN-8, two main differences:
#
# - U-Net is *symmetric*: a way up as wide as the way down;
# - its skip connections between the two *concatenate* instead of summing.
#
# Because of its symmetry, the network has a large number of feature maps in the upsampling path, which
# allows to transfer information. (The paper argues the other way round: many maps, so that context gets
# through to the fine levels, and symmetry as a consequence.)


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


# %% [markdown] slideshow={"slide_type": "subslide"}
# Its convolutions are *valid*: each loses a pixel on every side, so what crosses over is cropped.

# %% slideshow={"slide_type": "fragment"}
with networks.shapes_only():
    net = unet()
costs.table(net, caption="U-Net")

# %% [markdown] slideshow={"slide_type": "skip"}
# **Is it the published net?** The paper says 23 convolutional layers and gives no count of
# parameters; ours has 31,030,658 with its two classes and grey input. The 31,031,685 often quoted
# is that of a Keras version for one class: it replaces the last 1×1 convolution to two classes by a
# 3×3 one to two channels and a 1×1 to one.

# %% slideshow={"slide_type": "skip"}
convolutions = [cost for cost in costs.count(net) if cost.multiply_adds]
found = costs.total(net).parameters
assert (len(convolutions), found) == (23, 31_030_658)
two_classes, one_class = 64 * 2 + 2, (9 * 64 * 2 + 2) + (2 * 1 + 1)
assert found - two_classes + one_class == 31_031_685
print(f"U-Net: {len(convolutions)} convolutional layers, {found:,} parameters")
print(f"with the last layers of the Keras version: {found - two_classes + one_class:,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Why it is called U-Net
#
# It owes its name to its symmetric shape. Drawn from the model: down on the left, up on the right, skip
# connections across. How many feature maps has each level on its way up, and how many had FCN-8?
# (On the way down the figure gives each level's map before its pooling; the table above says what it
# hands on.)

# %% slideshow={"slide_type": "fragment"}
ax = plotting.plot_u(net)
ax.set_title("U-Net: down (blue), up (green), across (orange)")
plotting.show(
    "U-Net drawn as a U. Four blocks go down while maps shrink and their number doubles from 64 to "
    "512, the lowest has 1024, four go up with as many maps as those on the left; an arrow joins each "
    "pair."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: what concatenation costs
#
# Change and predict: at the top, 64 maps cross over and meet 64 that came up. How many parameters has
# the 3×3 convolution to 64 maps that follows? What would it have after a sum?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
parameters_after_concat = ...

check.concatenated_parameters(parameters_after_concat)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# parameters_after_concat = 64 * (3 * 3 * (64 + 64) + 1)
#
# check.concatenated_parameters(parameters_after_concat)
# ```
#
# After a sum there are 64 channels, and about half as many parameters: `64 * (3 * 3 * 64 + 1)`.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Objects to cut out
#
# The course's rendered objects come with a mask each: 65 images to train on, 200 to test, shrunk to
# 64×64 pixels. A quarter of the training objects, with all their images, is kept for *validation*. The
# other images are also mirrored, together with their masks: what happens to an image must happen to its
# mask.

# %% slideshow={"slide_type": "fragment"}
from course_utils import guards, segmentation
from course_utils.data import load_objects, load_objects_instances, load_objects_masks

SIZE = 64

(x_train, _), (x_test, _) = load_objects()
guards.check_disjoint(x_train, x_test)
m_train, m_test = load_objects_masks()
o_train, o_test = load_objects_instances()
x_train, m_train = segmentation.resize_pair(x_train, m_train, SIZE)
x_test, m_test = segmentation.resize_pair(x_test, m_test, SIZE)

kept = np.isin(o_train, np.unique(o_train)[::4])  # by object
x_val, m_val = x_train[kept], m_train[kept]
x_fit = np.concatenate([x_train[~kept], x_train[~kept][:, :, ::-1]])
m_fit = np.concatenate([m_train[~kept], m_train[~kept][:, :, ::-1]])

some = slice(3, 51, 6)
plotting.plot_masks(x_fit[some], m_fit[some], title="Training images, and the masks to learn")
plotting.show("Training images in a row, below each its mask: the object white, all else black.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: how good is a mask?
#
# Accuracy would flatter: most pixels are background. *Intersection over union* (IoU) divides the pixels
# that prediction and truth share by those that either has: 1 is perfect, 0 disjoint. One line.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
def my_iou(predicted, truth):
    return ...  # both are arrays of True and False


check.iou(my_iou)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def my_iou(predicted, truth):
#     return (predicted & truth).sum() / (predicted | truth).sum()
#
#
# check.iou(my_iou)
# ```
#
# Pixels that both call background count nowhere.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The way down is borrowed
#
# 65 images are few for a network that starts from nothing. FCN-8 took VGG-16, trained on ImageNet, as
# its way down, and so do we. Here it stays as it is: its maps are computed once, and only the way up
# is trained. Lesson [08](08_transfer_learning.ipynb) explains why that works. Two maps cross over to the
# coarsest, as in FCN-8 (in U-Net four, up to full size). Ours are taken before their pooling, so the last
# step enlarges fourfold, not eightfold. Each map is divided by its mean over the training images.

# %% slideshow={"slide_type": "fragment"}
from keras.applications import vgg16

from course_utils import pretrained

CROSSING = ("block5_conv3", "block4_conv3", "block3_conv3")  # coarse to fine
vgg = vgg16.VGG16(
    include_top=False,
    weights=pretrained.weights_for("VGG16", include_top=False),
    input_shape=(SIZE, SIZE, 3),
)
way_down = Model(vgg.input, [vgg.get_layer(name).output for name in CROSSING])


def maps(images):
    """Ten images at a time, to save memory."""
    batches = np.split(images, range(10, len(images), 10))
    found = [way_down(vgg16.preprocess_input(batch.astype("float32"))) for batch in batches]
    return [keras.ops.concatenate(level) for level in zip(*found, strict=True)]


raw_fit, raw_val, raw_test = maps(x_fit), maps(x_val), maps(x_test)
means = [keras.ops.mean(level) for level in raw_fit]
down_fit, down_val, down_test = (
    [level / mean for level, mean in zip(levels, means, strict=True)]
    for levels in (raw_fit, raw_val, raw_test)
)
for name, level, mean in zip(CROSSING, down_fit, means, strict=True):
    print(f"{name}: {' × '.join(map(str, level.shape[1:]))}, divided by {mean:.1f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 10: is concatenation better than a sum, and than nothing?
#
# U-Net changes two things at once. So four ways up, with as many parameters (within 1 %) and the same
# maps to join: *concat* and *sum* differ in how feature maps are joined; *FCN-8* sums class scores, and
# has its parameters below; to *none* nothing crosses. The rule: concatenation must have the higher IoU
# against each of the three, with the whole interval of the difference.


# %% slideshow={"slide_type": "fragment"}
def conv(x, filters, kernel=3):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def to_image(x):
    return layers.UpSampling2D(SIZE // x.shape[1], interpolation="bilinear")(x)


def wide_up(join):
    """``join``: "concat", "sum" or "none". Output: a logit for each pixel."""
    coarse, *fine = inputs = [Input(level.shape[1:]) for level in down_fit]
    x = conv(coarse, 48, kernel=1)
    for local, c in zip(fine, (24, 12), strict=True):
        x = layers.Conv2DTranspose(c, 2, 2)(x)
        if join == "concat":
            x = conv(layers.Concatenate()([conv(local, c, kernel=1), x]), c)
        elif join == "sum":
            x = layers.Add()([conv(local, c, kernel=1), x])
            x = conv(x, 3 * c // 2)  # 1.5 times the filters: as many parameters as concat
        else:
            x = conv(x, 3 * c // 2 + local.shape[-1] // 18)  # wider, for the 1×1 that it lacks
        x = conv(x, c)
    inputs = [coarse] if join == "none" else inputs
    return Model(inputs, to_image(layers.Conv2D(1, 1)(x)), name=join)


def scores_up():
    """FCN-8's way up: the scores of three depths, summed, those of fine maps zero at first."""
    ramp = np.array([0.25, 0.75, 0.75, 0.25])  # bilinear interpolation, as in the paper
    bilinear = keras.initializers.Constant(np.outer(ramp, ramp).reshape(4, 4, 1, 1))
    coarse, *fine = inputs = [Input(level.shape[1:]) for level in down_fit]
    x = layers.Conv2D(1, 1)(conv(conv(conv(coarse, 47, kernel=1), 47), 47))
    for local in fine:
        x = layers.Conv2DTranspose(
            1, 4, 2, padding="same", use_bias=False, kernel_initializer=bilinear
        )(x)
        x = layers.Add()([x, layers.Conv2D(1, 1, kernel_initializer="zeros")(local)])
    return Model(inputs, to_image(x), name="FCN-8")


NETS = {join: wide_up(join) for join in ("concat", "sum", "none")} | {"FCN-8": scores_up()}
sizes = {name: costs.total(up).trainable for name, up in NETS.items()}
assert max(sizes.values()) < 1.01 * min(sizes.values())
print(", ".join(f"{name}: {size:,}" for name, size in sizes.items()), "parameters to train")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each is trained until its validation loss has not fallen for five epochs, and gets the weights of its
# best epoch back (*early stopping*, as in lesson 01). Each takes the learning rate with the least
# validation loss; `experiments.search` goes on while the best lies at the edge of those tried. Test
# images have no say in that. (In the end the masks are judged by IoU, not by this loss. To try: stop by
# the IoU of the validation images. Does the order stay?)


# %% slideshow={"slide_type": "fragment"}
from course_utils import experiments, training

PATIENCE, LIMIT = 5, 150  # epochs


def train(up, rate):
    """Train from a new start, keep the best weights; return the least validation loss."""
    training.restart(up, learning_rate=rate)
    n = len(up.inputs)  # the net without skips takes the coarse map alone
    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    losses = training.fit(
        up,
        down_fit[:n],
        m_fit[..., None],
        epochs=LIMIT,
        batch_size=16,
        validation_data=(down_val[:n], m_val[..., None]),
        callbacks=[stop],
    )["val_loss"]
    if len(losses) == LIMIT:
        raise RuntimeError(f"{up.name} still learns after {LIMIT} epochs: raise LIMIT.")
    return losses.min()


# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
FIRST_TRIED = {
    "concat": (3e-3, 1e-2, 3e-2),
    "sum": (3e-3, 1e-2, 3e-2),
    "none": (1e-3, 3e-3, 1e-2),
    "FCN-8": (3e-5, 1e-4, 3e-4),
}
own_rate = {}
for name, up in NETS.items():
    up.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(from_logits=True))
    found = experiments.search(lambda rate, up=up: train(up, rate), FIRST_TRIED[name])
    own_rate[name] = found.best
    print(f"{name:>6}: validation loss {found.least:.3f} at a rate of {found.best:g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the test images, once, with five new starts each. What do you expect of the net without skips:
# does it miss the object, or its outline?


# %% slideshow={"slide_type": "subslide"}
def masks_after_training(name):
    """Where one trained net sees an object in the test images."""
    up = NETS[name]
    train(up, own_rate[name])
    return up.predict_on_batch(down_test[: len(up.inputs)])[..., 0] > 0


predicted = {
    name: experiments.repeat(lambda seed, n=name: masks_after_training(n), range(1, 6), label=name)
    for name in NETS
}

shown = slice(12, None, 25)
plotting.plot_masks(
    x_test[shown],
    m_test[shown],
    {name: runs[0][shown] for name, runs in predicted.items()},
    title="New objects, their masks, and what each net makes of them",
)
plotting.show(
    "Test images in a row; below, their masks and those of the four nets, with missed parts of the "
    "object vermilion and false alarms light blue."
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the row *none*: which objects are found, and which are lost? The map that it starts from has
# 4×4 places, so a screw is narrower than one of them.

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.06"]
from course_utils import intervals

iou = {  # of each test image, the mean of five starts
    name: np.mean([segmentation.iou(masks, m_test) for masks in runs], axis=0)
    for name, runs in predicted.items()
}
scores = {name: intervals.bootstrap(np.mean, v, clusters=o_test) for name, v in iou.items()}
ax = plotting.plot_estimates(scores, spec=".2f")
ax.set(
    xlabel="IoU, mean of five starts and 95 % interval of the test objects",
    title="Does it matter how the maps are joined?",
)
plotting.show(f"IoU of the test images with 95 % intervals: {intervals.listed(scores)}.")

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
ahead = {
    name: intervals.bootstrap(np.mean, iou["concat"] - iou[name], clusters=o_test)
    for name in ("sum", "FCN-8", "none")
}
for name, difference in ahead.items():
    of_starts = intervals.mean(
        [
            (segmentation.iou(a, m_test) - segmentation.iou(b, m_test)).mean()
            for a, b in zip(predicted["concat"], predicted[name], strict=True)
        ]
    )
    print(
        f"concat − {name}: {difference:.3f} over the test objects, {of_starts:.3f} over the starts"
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each difference has two intervals: one says how much depends on the choice of test objects, the other on
# the start. Is it above 0 in both? And does it matter? Take two ways for equal if the whole interval lies
# within ±0.02.
#
# What may a concatenation do that a sum cannot? A convolution of two stacked maps has a kernel of its own
# for each, and adds the results. After a sum both maps share one kernel. So the concatenation can do all
# that the sum can, and more; but a 1×1 convolution before the sum gives back part of the choice. A sum of
# *scores* is narrower: each depth must have decided already.

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
from course_utils import claims

claims.verdict(
    10,
    f"concatenation − {intervals.listed(ahead)} (frozen VGG-16 way down, 64 px, 5 starts)",
    beats_sum=claims.above(ahead["sum"]),
    beats_fcn8=claims.above(ahead["FCN-8"]),
    beats_none=claims.above(ahead["none"]),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# These are U-Net's and FCN-8's ways of *joining* maps, not the published nets: the way down is frozen, the
# images are small, the ways up are narrow.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A segmentation net goes down to know *what* and up again to say *where*; transposed convolutions
#   enlarge.
# - Skip connections bring local information to the global. FCN-8 sums scores, U-Net concatenates
#   feature maps, of which its symmetric way up has many.
# - Compare nets of the same size, or the larger may win for being larger.
# - Judge masks by intersection over union, not by accuracy.
#
# Next: [07 · Pretrained models](07_pretrained_models.ipynb). What does an ImageNet network say of a
# photograph?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["quiz"]
# **Question 1.** What does a transposed convolution do?
#
# <details><summary>A. It inverts a convolution: what was lost comes back.</summary>
#
# Wrong. It restores the size, not the values; its weights are learned.
#
# </details>
#
# <details><summary>B. It lays its kernel, times each number, on a larger map.</summary>
#
# Right. The products stand `stride` apart and add up where they overlap.
#
# </details>
#
# <details><summary>C. It turns the image on its side.</summary>
#
# Wrong. What is transposed is the matrix that a convolution can be written as.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** Why do skip connections cross the net?
#
# <details><summary>A. They bring local information to the global.</summary>
#
# Right. Where edges run is known on the fine maps only, what they belong to on the coarse ones.
#
# </details>
#
# <details><summary>B. They save parameters.</summary>
#
# Wrong. What crosses over makes the next convolution see more channels, which costs some.
#
# </details>
#
# <details><summary>C. They carry the labels.</summary>
#
# Wrong. Labels are used by the loss alone, never inside the network.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** A map of 64 channels crosses over to one of 64. How many come out?
#
# <details><summary>A. 64 in both FCN-8 and U-Net.</summary>
#
# Wrong. A sum leaves 64, but a concatenation adds the channels up.
#
# </details>
#
# <details><summary>B. 128 in both.</summary>
#
# Wrong. Only a concatenation adds the channels up; a sum leaves them as many.
#
# </details>
#
# <details><summary>C. 64 after a sum, 128 after a concatenation.</summary>
#
# Right. That is why we gave the summing net more filters elsewhere.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** Objects cover a tenth of each image. A net calls everything background. What are its
# accuracy and its IoU?
#
# <details><summary>A. 0.9 and 0.9.</summary>
#
# Wrong. Prediction and object share no pixel, so the intersection is empty.
#
# </details>
#
# <details><summary>B. 0.9 and 0.</summary>
#
# Right. Nine pixels of ten are called rightly, and none of the object is found.
#
# </details>
#
# <details><summary>C. 0.1 and 0.</summary>
#
# Wrong. The background, nine pixels of ten, is called rightly.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** What does U-Net's symmetry bring, in the words of the lecture?
#
# <details><summary>A. Many feature maps on the way up, which transfer information.</summary>
#
# Right. FCN-8 has as many as classes there, U-Net as many as on its way down.
#
# </details>
#
# <details><summary>B. The same weights on both sides.</summary>
#
# Wrong. The shapes mirror each other; each layer learns its own weights.
#
# </details>
#
# <details><summary>C. Invariance to mirrored images.</summary>
#
# Wrong. Symmetric is the drawing of the net, not what it computes.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - J. Long, E. Shelhamer, T. Darrell (2014). Fully Convolutional Networks for Semantic Segmentation.
#   arXiv:1411.4038 (CVPR 2015).
# - O. Ronneberger, P. Fischer, T. Brox (2015). U-Net: Convolutional Networks for Biomedical Image
#   Segmentation. arXiv:1505.04597.
# - V. Dumoulin, F. Visin (2016). A guide to convolution arithmetic for deep learning. arXiv:1603.07285.
# - K. Simonyan, A. Zisserman (2014). Very Deep Convolutional Networks for Large-Scale Image Recognition.
#   arXiv:1409.1556.
