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
# # 01 · LeNet
#
# **What is a convolution, and why do digits need it?**
#
# 45 minutes to teach, about one to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/01_lenet.ipynb)
#
# - **What you do:** slide a kernel over a digit by hand, build LeNet-5, train it, and look inside.
# - **What you learn:** kernel, stride, padding, feature map, weight sharing, pooling; and when a
#   convolution is worth having.
# - **What you need:** a dense network trained once before (layers, loss, epochs).

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
# ## What are these networks for?
#
# A *convolutional neural network*, CNN or ConvNet for short, learns to see from examples. The idea
# is old: Hubel & Wiesel (1962) found cells in the cat's visual cortex that answer to an edge in one
# small part of the picture; Fukushima's neocognitron (1980) stacked such cells in layers; LeCun and
# colleagues (1989) trained them by backpropagation.
#
# What made them famous is *ImageNet*: photographs of thousands of kinds of things, collected from
# the web and labelled by people (Deng et al. 2009). Its challenge gave 1.2 million of them, of 1,000
# classes, for training. A network may name five classes for a photograph. The *top-5 error* is the share
# of photographs whose true class is not among the five.
#
# Which of these years would you call a revolution?

# %% slideshow={"slide_type": "subslide"}
from course_utils import plotting, published

first, *_, last = published.CHALLENGE
ax = plotting.plot_challenge(published.CHALLENGE, published.HUMAN_TOP5_ERROR)
ax.set_title("The winners of ImageNet's challenge (blue: with convolutions)")
plotting.show(
    f"Top-5 error of the winners by year, from {first.top5_error:g} % in {first.year} to "
    f"{last.top5_error:g} % in {last.year}. The steepest step is the first with convolutions, from "
    f"{published.CHALLENGE[1].top5_error:g} to {published.CHALLENGE[2].top5_error:g} % in 2012."
)

# %% [markdown] slideshow={"slide_type": "skip"}
# AlexNet is the subject of lesson 02, GoogLeNet of 04, ResNet of 05. VGG (lesson 03) came second in
# 2014. The winners of 2012 and 2013 also trained on images beyond the challenge's; without them they had
# 16.4 and 11.7 %. Sources: Russakovsky et al. (2015) and the papers. "A person" is one trained
# annotator on 1,500 test images.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A digit is numbers
#
# We begin much smaller, where it all began: with handwritten digits. scikit-learn brings 1,797 of
# them, of 8×8 pixels. We enlarge each to 20×20 and put it into the middle of 32×32 pixels, the size
# that LeNet was made for.

# %% slideshow={"slide_type": "fragment"}
import cv2
import numpy as np
from sklearn.datasets import load_digits

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS.reshape(-1, 8, 8).astype("float32") / 16  # from 0 to 1


def on_canvas(digits, shifts):
    """Digits (n, 8, 8) enlarged to 20×20 and moved (down, right) from the middle: (n, 32, 32, 1)."""
    images = np.zeros((len(digits), 32, 32, 1), "float32")
    for image, digit, (down, right) in zip(images, digits, shifts, strict=True):
        image[6 + down : 26 + down, 6 + right : 26 + right, 0] = cv2.resize(digit, (20, 20))
    return images


centred = on_canvas(DIGITS, np.zeros((len(DIGITS), 2), int))
print(centred.shape, f"from {centred.min():.0f} to {centred.max():.0f}")
plotting.plot_images(
    centred[:10, ..., 0],
    titles=list(map(str, LABELS)),
    columns=10,
    title="The ten digits, as LeNet-5 is to see them",
)
plotting.show(
    "Handwritten digits in a row, white on black, blurred by being enlarged: "
    + ", ".join(map(str, LABELS[:10]))
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A convolution by hand
#
# Take a small square of numbers, the *kernel*. Lay it on the top left corner of the picture,
# multiply each number by the pixel under it, add up the nine products, write the sum down. Move one
# pixel on; at the end of a row, one down. The sums are the *feature map*.
#
# This kernel has −1 on its left and 1 on its right. Before you look: where will the sums be large,
# where negative, where zero? In the figure red is positive, blue negative, white zero.


# %% slideshow={"slide_type": "fragment"}
def convolve(image, kernel):
    """Sums of products of a kernel with each place of an image (height, width)."""
    size = len(kernel)
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    feature_map = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            patch = image[row : row + size, column : column + size]
            feature_map[row, column] = (patch * kernel).sum()
    return feature_map


upright = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
zero = DIGITS[0]
plotting.plot_maps(
    [zero, upright, convolve(zero, upright)],
    ["the digit 0: 8×8", "the kernel: 3×3", "the feature map: 6×6"],
    columns=3,
    title="Where does the picture grow brighter from left to right?",
)
plotting.show(
    "A digit of 8×8 numbers, a kernel of 3×3 and the feature map of 6×6: positive on the left edges "
    "of the strokes, negative on their right edges, near zero where nothing changes."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Keras has the same as a layer. Give it this kernel: is the result the same?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
import keras
from keras import layers

runtime.one_thread()  # small layers lose time when they are shared among cores
by_keras = layers.Conv2D(filters=1, kernel_size=3, use_bias=False)
by_keras.build((None, 8, 8, 1))
by_keras.set_weights([upright.reshape(3, 3, 1, 1)])

there = np.asarray(by_keras(zero.reshape(1, 8, 8, 1)))[0, ..., 0]
print(f"largest difference: {np.abs(there - convolve(zero, upright)).max():.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (Mathematics turns the kernel round before it multiplies, and calls what we did a
# *cross-correlation*. For a kernel that is learned it makes no difference; every framework leaves the
# turn out.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Other kernels look for other things. Which of these finds the slanted stroke of the 7?

# %% slideshow={"slide_type": "fragment"}
KERNELS = {
    "upright edge": upright,
    "level edge": upright.T,
    "rising stroke": np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]]),
    "spot": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}
small_seven = DIGITS[7]
maps = {name: convolve(small_seven, kernel) for name, kernel in KERNELS.items()}
plotting.plot_maps(
    [small_seven, *maps.values()],
    ["the digit 7", *maps],
    columns=5,
    title="One digit, four kernels",
)
plotting.show(
    "A seven and its four feature maps. The edge kernels answer along strokes in their own direction, "
    "with opposite signs at the two sides; the stroke kernel along the slanted line."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: a kernel of your own
#
# Write nine numbers that answer to a stroke going *up to the right*, one pixel wide, more than
# twice as strongly as to a level, an upright or a falling one. (The kernel above is one of many.)

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import lenet as check

my_kernel = ...  # three rows of three numbers

check.diagonal_kernel(my_kernel)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# my_kernel = [[-1, 0, 1], [0, 1, 0], [1, 0, -1]]
#
# check.diagonal_kernel(my_kernel)
# ```
#
# All of a rising stroke falls on the ones; of any other stroke one pixel does, and a falling one also
# meets both negative numbers.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Stride and padding
#
# Two more numbers say how a kernel moves. The *stride* is the number of pixels from one position to
# the next. *Padding* adds zeros around the picture, so that the kernel can also be laid over its
# border: with one pixel at each end a 3×3 kernel gives a map as large as the picture
# (`padding="same"` in Keras; `"valid"` is none).
#
# ### Exercise: how many positions?
#
# A 5×5 kernel moves over 32×32 pixels one pixel at a time, and gives 28×28 numbers. How many
# positions along one side are there for any size, kernel, stride and padding (at *each* end)? One
# line.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
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
# ## One kernel for all places
#
# The same nine numbers serve everywhere: that is *weight sharing*. What does it save? Count the
# *parameters*, the numbers that are learned. One layer turns 32×32 pixels into six maps of 28×28, with
# kernels of 5×5. The other is a dense layer with as many outputs. (Each kernel also has a *bias*, one
# number that is added to all its sums.)

# %% slideshow={"slide_type": "fragment"}
shared, apart = layers.Conv2D(filters=6, kernel_size=5), layers.Dense(units=28 * 28 * 6)
shared.build((None, 32, 32, 1))
apart.build((None, 32 * 32))
print(f"convolution: {shared.count_params():>9,} parameters")
print(f"dense layer: {apart.count_params():>9,} parameters")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And it gives more than it saves. Move the digit by three pixels: what happens to its map?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.001"]
seven = centred[7, ..., 0]
moved = np.roll(seven, (3, 3), axis=(0, 1))  # its border is empty, so nothing is lost
map_of_moved, moved_map = (
    convolve(moved, upright),
    np.roll(convolve(seven, upright), (3, 3), (0, 1)),
)
print(f"largest difference: {np.abs(map_of_moved - moved_map).max():.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The map moves along, and nothing else changes: the convolution is *equivariant* to shifts. What it
# has learned to see in one place it sees in all. A dense layer has to learn each place by itself.
# (Pooling with stride 2, which comes next, keeps it for even shifts only.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## LeNet-5: convolution, pooling, dense (1998)
#
# LeCun et al. (1998) read handwritten digits with three kinds of layers. A convolution looks for
# the same small pattern everywhere. *Pooling* takes the mean of each 2×2 numbers: it keeps what was found
# and forgets exactly where. *Dense* layers decide. Each *unit* of these layers passes its sum through a
# curved function, its *activation*: here tanh. The ten outputs are *logits*, numbers that become probabilities by the softmax.


# %% slideshow={"slide_type": "fragment"}
from course_utils import costs


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
# *Multiply-adds* are the multiplications, each with its addition, for one image (twice as many are
# FLOPs). Which layer works most, and which has the most parameters? The picture shows why: the maps
# shrink while the channels grow, and a kernel is as deep as the map it looks at.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(lenet)
plotting.show(
    "LeNet-5 drawn layer by layer: convolution and pooling take turns, the maps shrink while their "
    "channels grow, and the last convolution, a dense layer and the output are plain vectors."
)

# %% [markdown] slideshow={"slide_type": "skip"}
# **Is this the paper's network?** Nearly. The paper speaks of 60,000 parameters (section II.B); the
# usual, *fully connected* variant above has more. Three layers make the difference:
#
# | layer | paper | here |
# | :-- | --: | --: |
# | C3 | each map sees 3, 4 or 6 of the 6 maps before it: 1,516 | all see all: 2,416 |
# | S2, S4 | a trainable scale and bias for each map, then a sigmoid: 12 + 32 | none: 0 |
# | output | distances to 10 fixed patterns: 0 | dense: 850 |
#
# The paper left connections out of C3 to save work, and so that its maps become different from each
# other. It also scaled its tanh; we do not.

# %% slideshow={"slide_type": "fragment"}
total = costs.total(lenet).parameters
print(f"here: {total:,}; as in the paper: {total - 2416 + 1516 + 12 + 32 - 850:,}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: smaller kernels
#
# Change and predict: how many parameters would C3 have with kernels of 3×3 in place of 5×5? (It makes
# 16 maps of 6.) Write the number first; then, to see it counted, change C3 in `lenet5` and run that cell
# again. Afterwards put the 5 back.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
parameters_of_c3 = ...

check.convolution_parameters(parameters_of_c3)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# parameters_of_c3 = 16 * (3 * 3 * 6 + 1)
#
# check.convolution_parameters(parameters_of_c3)
# ```
#
# A kernel is as deep as the six maps it looks at, and has one bias. (With the smaller kernel the maps
# would stay larger, so that C5 would no longer see its whole input, and would need more work.)
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Train it
#
# In Keras's words: `compile` says what is to be made small (the *cross-entropy*: minus the logarithm
# of the probability given to the true digit) and how; `fit` shows the images; `evaluate` asks about
# images it has not seen. The first 1,000 digits are for training, the other 797, mostly by other
# writers, for testing. A net *reads* a digit when its answer is the true one; the share that it reads is
# its *accuracy*.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
from course_utils import intervals

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
unseen = slice(1000, None)

keras.utils.set_random_seed(0)  # the same weights and order, however often the cell is run
lenet = lenet5()
lenet.compile(keras.optimizers.Adam(3e-3), CROSS_ENTROPY, metrics=["accuracy"])
lenet.fit(centred[:1000], LABELS[:1000], batch_size=50, epochs=10, verbose=0)
_, accuracy = lenet.evaluate(centred[unseen], LABELS[unseen], verbose=0)
read = intervals.proportion(round(accuracy * len(LABELS[unseen])), len(LABELS[unseen]))
print(f"LeNet-5 reads {read:.1%} of {read.n} unseen digits")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## What has it learned?
#
# The six kernels of C1 began as random numbers. Above: the kernels after training. Below: what each
# makes of the seven. Which of the kernels is positive on one side and negative on the other? What does its
# map show along the strokes?

# %% slideshow={"slide_type": "fragment"}
learned = np.moveaxis(lenet.get_layer("C1").get_weights()[0][:, :, 0], -1, 0)
to_c1 = keras.Model(lenet.inputs, lenet.get_layer("C1").output)
answered = np.moveaxis(to_c1.predict(centred[7:8], verbose=0)[0], -1, 0)
plotting.plot_maps(
    [*learned, *answered],
    [f"kernel {i + 1}" for i in range(6)] + [f"map {i + 1}" for i in range(6)],
    columns=6,
    title="C1: its kernels, and what they find in a seven",
)
plotting.show(
    "Six learned kernels of 5×5 numbers above the six maps they make of a seven: most kernels are "
    "positive on one side and negative on the other, and their maps light up along edges."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 01: these parts suffice for digits
#
# Does reading them take a convolution? On digits that all lie in the middle, try a reader that has none:
# the *nearest neighbour* gives each digit the label of the most similar training image. Guess how many it
# reads.
#
# The rule: LeNet-5 must read over 90 % of unseen digits, and, where digits are moved at random, more than
# each of three rivals, with the whole interval.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.002"]
from sklearn.neighbors import KNeighborsClassifier

flat = centred.reshape(len(centred), -1)
similar = KNeighborsClassifier(1).fit(flat[:1000], LABELS[:1000])
print(f"centred digits, nearest neighbour: {similar.score(flat[unseen], LABELS[unseen]):.1%}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Compare that with LeNet-5 above. If a reader without convolutions comes near it, reading these digits
# proves little. Convolutions should help where what is looked for may lie *anywhere*. So we move each digit
# by up to six pixels, and let three rivals learn from the same images:
#
# - a dense net with as many parameters as LeNet-5, one hidden layer of 59 units;
# - *logistic regression*, the output layer alone;
# - the nearest neighbour, which has nothing to choose, and so no use for validation images. (Given to it
#   as further examples they would help it: try it.)


# %% slideshow={"slide_type": "fragment"}
def moved_at_random(chosen, times, seed):
    """Each chosen digit, moved at random so many times: images and labels."""
    digits, labels = DIGITS[chosen].repeat(times, axis=0), LABELS[chosen].repeat(times)
    shifts = np.random.default_rng(seed).integers(-6, 7, (len(digits), 2))
    return on_canvas(digits, shifts), labels


x_train, y_train = moved_at_random(slice(0, 800), times=2, seed=0)
x_val, y_val = moved_at_random(slice(800, 1000), times=2, seed=1)
x_test, y_test = moved_at_random(unseen, times=1, seed=2)
plotting.plot_images(
    x_train[:10, ..., 0],
    titles=list(map(str, y_train)),
    columns=10,
    title="Each digit twice, somewhere else each time",
)
plotting.show(
    f"Ten of the {len(x_train)} training images: digits that lie anywhere in their square."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each net is trained until its accuracy on 400 further images has not risen for five epochs. These images
# are for *validation*; they show other digits. The net then gets back the weights of its best epoch
# (Keras's `EarlyStopping`). We try several learning rates and keep the one with the best validation
# accuracy. If that is the smallest or the largest one, we try a further one. The test images decide
# nothing. (`training.fit` does what `model.fit` does, several times as fast for small nets.)


# %% slideshow={"slide_type": "fragment"}
from course_utils import experiments, training

NETS = {
    "LeNet-5": lenet5(),
    "dense net": keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Flatten(),
            layers.Dense(59, activation="tanh"),
            layers.Dense(10),
        ]
    ),
    "logistic regression": keras.Sequential(
        [layers.Input((32, 32, 1)), layers.Flatten(), layers.Dense(10)]
    ),
}


def train(net, rate):
    """Train from a new start; keep the weights of the best epoch, return its error [%]."""
    training.restart(net, learning_rate=rate)
    until_best = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=5, restore_best_weights=True
    )
    training.fit(
        net,
        x_train,
        y_train,
        epochs=1000,  # far more than it takes
        batch_size=50,
        validation_data=(x_val, y_val),
        callbacks=[until_best],
    )
    return 100 * (1 - until_best.best)


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.03"]
found = {}
for name, net in NETS.items():
    net.compile(keras.optimizers.Adam(), CROSS_ENTROPY, metrics=["accuracy"])
    found[name] = experiments.search(  # net=net: this net, not the last one of the loop
        lambda rate, net=net: train(net, rate), (3e-4, 1e-3, 3e-3), label=name
    )
ax = plotting.plot_search(found)
ax.set(ylabel="validation error [%]", title="Which learning rate suits each net?")
own_rates = ", ".join(f"{name} {search.best:g}" for name, search in found.items())
plotting.show(f"Validation error by learning rate. The best: {own_rates}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the test images, once. Each net from three new starts.


# %% slideshow={"slide_type": "fragment"}
def trial(net, rate):
    train(net, rate)
    return net.predict(x_test, batch_size=len(x_test), verbose=0).argmax(axis=1) == y_test


right = {  # of each test image, the share of starts that read it
    name: experiments.repeat(
        lambda _, net=net, rate=found[name].best: trial(net, rate), range(3), label=name
    ).mean(axis=0)
    for name, net in NETS.items()
}
neighbour = KNeighborsClassifier(1).fit(x_train.reshape(len(x_train), -1), y_train)
right["nearest neighbour"] = 1.0 * (neighbour.predict(x_test.reshape(len(x_test), -1)) == y_test)

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
scores = {name: intervals.bootstrap(np.mean, 100 * share) for name, share in right.items()}
ax = plotting.plot_estimates(scores, spec=".1f")
ax.set(
    xlim=(0, 100),
    xlabel="digits read [%], mean of three starts and 95 % interval of the test images",
    title="Who reads digits that lie anywhere?",
)
plotting.show(f"Moved digits read, with 95 % intervals: {intervals.listed(scores, '.1f', ' %')}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Who is ahead on the same images, and by how much? The interval is a *bootstrap*: the difference for
# 2,000 test sets drawn from ours with replacement. It tells how much depends on the choice of digits. It
# takes them as independent, though each hand wrote many, and it keeps the same three starts; so the true
# uncertainty is somewhat larger. The same holds for the intervals of lessons 03 to 05.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
ahead = {
    name: intervals.bootstrap(np.mean, 100 * (right["LeNet-5"] - right[name]))
    for name in ("dense net", "logistic regression", "nearest neighbour")
}
for name, points in ahead.items():
    print(f"LeNet-5 less {name}: {points:.0f} points")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Which rival comes nearest, and why? The nearest neighbour keeps all its training images and compares pixel
# by pixel. What would happen to it, and to LeNet-5, if digits moved over a larger square?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 01, second half: the parts of modern networks
#
# Take a network of 2022, ConvNeXt-T (Liu et al. 2022), and sort its layers by kind. Which are
# LeNet's, and what has come in between? (Keras writes its 1×1 convolutions as dense layers.)


# %% slideshow={"slide_type": "fragment"}
from course_utils import networks
from course_utils.tables import Table

with networks.shapes_only():
    convnext = keras.applications.ConvNeXtTiny(weights=None)

KINDS = {
    "convolution": "Conv2D",
    "pooling": "Pooling2D",
    "dense": "Dense",
    "normalization": "LayerNormalization",
}
counted = {
    kind: [[cost for cost in costs.count(net) if word in cost.kind] for net in (lenet, convnext)]
    for kind, word in KINDS.items()
}
Table(
    ["part", "LeNet-5: layers", "parameters", "ConvNeXt-T: layers", "parameters"],
    [
        (kind, *(f(part) for part in pair for f in (len, lambda c: sum(x.parameters for x in c))))
        for kind, pair in counted.items()
    ],
    ["", "d", ",d", "d", ",d"],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The names have stayed longer than their roles. LeNet's pooling halves a map; ConvNeXt's takes the
# mean of each whole map, and strides do the halving. Its shortcuts (lesson 05) are sums, not layers.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
from course_utils import claims

beats_dense, beats_logistic, beats_nearest = map(claims.above, ahead.values())
claims.verdict(
    1,
    f"LeNet-5 reads {read:.1%} of unseen digits; of digits moved at random {scores['LeNet-5']:.0f} %; "
    f"less its rivals: {intervals.listed(ahead, '.0f', ' points')} (3 starts, 797 digits); ConvNeXt-T "
    "has convolutions, pooling and dense layers",
    same_parts=all(in_convnext for _, in_convnext in list(counted.values())[:3]),
    reads_digits=claims.above(read, 0.9),
    beats_dense=beats_dense,
    beats_logistic=beats_logistic,
    beats_nearest=beats_nearest,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A convolution slides one small kernel over all places; its sums are a feature map. Size, kernel,
#   stride and padding give the map's size.
# - Shared weights are few, and what they have learned to see in one place they see in all.
# - A network learns its kernels; those of the first layer can be looked at.
# - LeNet-5 is convolution, pooling, dense. A fair test of it is one where a simpler method has the
#   same data and its own best settings, and the test images decide nothing.
#
# Next: [02 · AlexNet](02_alexnet.ipynb), the same a thousand times larger.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["quiz"]
# **Question 1.** A 3×3 kernel moves over 10×10 pixels with stride 2 and no padding. How large is the
# map?
#
# <details><summary>A. 5×5</summary>
#
# Wrong. That takes one pixel of padding: (10 + 2 − 3) // 2 + 1 = 5.
#
# </details>
#
# <details><summary>B. 4×4</summary>
#
# Right. (10 − 3) // 2 + 1 = 4; the last column of pixels is never looked at.
#
# </details>
#
# <details><summary>C. 8×8</summary>
#
# Wrong. That is stride 1, where the kernel fits 10 − 3 + 1 times.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** A convolution with 16 kernels of 5×5 takes in 6 maps. How many weights has it, without
# the biases?
#
# <details><summary>A. 16 · 5 · 5 = 400</summary>
#
# Wrong. A kernel reaches through all the maps it takes in, here six.
#
# </details>
#
# <details><summary>B. 6 · 5 · 5 = 150</summary>
#
# Wrong. These are the weights of one kernel, and there are sixteen.
#
# </details>
#
# <details><summary>C. 16 · 6 · 5 · 5 = 2,400</summary>
#
# Right. Each of 16 kernels has 6·5·5 weights; with 16 biases that is C3.
#
# </details>
#
# <details><summary>D. It depends on the size of the picture.</summary>
#
# Wrong. The same weights serve all places, so only the map grows with the picture.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** You move the digit in the picture by three pixels. What happens to a convolution's
# feature map?
#
# <details><summary>A. It moves by three pixels.</summary>
#
# Right. The same kernel meets the same pixels, three places further: this is equivariance.
#
# </details>
#
# <details><summary>B. It stays as it is.</summary>
#
# Wrong. That would be invariance. Pooling gives a little of it, a convolution does not.
#
# </details>
#
# <details><summary>C. It becomes another map, as if of another digit.</summary>
#
# Wrong. That is what may happen in a dense layer, whose weights differ from place to place.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** Suppose LeNet-5 reads 95 of 100 digits that lie in the middle, and the nearest neighbour
# reads 96. What does that say of convolutions?
#
# <details><summary>A. That reading digits takes convolutions.</summary>
#
# Wrong. For that, methods without convolutions would have to read fewer, and this one reads more.
#
# </details>
#
# <details><summary>B. That they suffice for this; not that they are needed.</summary>
#
# Right. Whether they are needed is shown by rivals on the same images, and here by moving the digits.
#
# </details>
#
# <details><summary>C. Nothing, since 95 is not 100.</summary>
#
# Wrong. Guessing reads 10 of 100, so 95 says that it has learned to read.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** Why was the learning rate chosen on validation images, not on the test images?
#
# <details><summary>A. Because there are more of them.</summary>
#
# Wrong. There are fewer here; it is their role that matters, not their number.
#
# </details>
#
# <details><summary>B. Because test images are harder.</summary>
#
# Wrong. Both are drawn in the same way; only the digits differ.
#
# </details>
#
# <details><summary>C. Because what was chosen on the test images looks better on them than it is.</summary>
#
# Right. The best of several is partly luck on these images; on new ones that luck is gone.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - Deng, J., Dong, W., Socher, R., Li, L.-J., Li, K., & Fei-Fei, L. (2009). ImageNet: a large-scale
#   hierarchical image database. CVPR.
# - Dumoulin, V., & Visin, F. (2016). A guide to convolution arithmetic for deep learning.
#   arXiv:1603.07285.
# - Fukushima, K. (1980). Neocognitron: a self-organizing neural network model for a mechanism of
#   pattern recognition unaffected by shift in position. Biological Cybernetics 36.
# - Hubel, D. H., & Wiesel, T. N. (1962). Receptive fields, binocular interaction and functional
#   architecture in the cat's visual cortex. Journal of Physiology 160.
# - LeCun, Y., Boser, B., Denker, J. S., Henderson, D., Howard, R. E., Hubbard, W., & Jackel, L. D.
#   (1989). Backpropagation applied to handwritten zip code recognition. Neural Computation 1.
# - LeCun, Y., Bottou, L., Bengio, Y., & Haffner, P. (1998). Gradient-based learning applied to document
#   recognition. Proceedings of the IEEE 86.
# - Liu, Z., Mao, H., Wu, C.-Y., Feichtenhofer, C., Darrell, T., & Xie, S. (2022). A ConvNet for the
#   2020s. CVPR. arXiv:2201.03545.
# - Russakovsky, O., Deng, J., Su, H., et al. (2015). ImageNet large scale visual recognition challenge.
#   IJCV 115. arXiv:1409.0575.
