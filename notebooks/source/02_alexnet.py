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
# # 02 · AlexNet
#
# **What made a network of 60 million weights trainable?**
#
# 55 minutes to teach, about one to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/02_alexnet.ipynb)
#
# - **What you do:** build AlexNet, count it, and put its three additions to LeNet to the test: ReLU,
#   dropout, data augmentation.
# - **What you learn:** what each of them is, how to compare two nets fairly, and what overfitting
#   costs.
# - **What you need:** lesson 01 (convolution, pooling, parameters, validation).

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
# ## AlexNet: LeNet's plan, a thousand times the size (2012)
#
# Krizhevsky, Sutskever & Hinton (2012) won ImageNet's challenge with a LeNet-style backbone on
# 1.2 million photographs. Convolution, pooling, dense: the plan is that of 1998. What is new:
#
# - **ReLU** (Nair & Hinton 2010) in place of tanh;
# - **dropout** (Hinton et al. 2012) in the dense layers;
# - **data augmentation**: photographs cropped, mirrored and tinted anew each time.
#
# Below is a simplified version of it. Its pooling is max pooling, and *overlapping*: windows 3 wide
# move by 2, so neighbours share a row. That took 0.4 points off the top-1 error (the share of images
# whose first guess is wrong).


# %% slideshow={"slide_type": "subslide"}
import keras
from keras import layers

from course_utils import costs, networks, plotting

runtime.one_thread()  # the small nets below lose time when their layers are shared among cores


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

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same as a drawing. What shrinks on the way, and what grows?

# %% slideshow={"slide_type": "fragment"}
plotting.plot_architecture(alex)
plotting.show(
    "AlexNet drawn block by block: convolutions on ever smaller maps with ever more channels, "
    "pooled three times, then three long dense vectors."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Where would you save parameters, and where work? Compare the two sides of the bar chart.

# %% slideshow={"slide_type": "fragment"}
dense_layers = costs.total([block for block in costs.blocks(alex) if block.name.startswith("fc")])
of_parameters = dense_layers.parameters / costs.total(alex).parameters
of_work = dense_layers.multiply_adds / costs.total(alex).multiply_adds
plotting.plot_costs(alex, title="Where AlexNet keeps its parameters, and where it does its work")
plotting.show(
    "Two bar charts of AlexNet's blocks, parameters on the left and multiply-adds on the right. The "
    f"dense layers have {of_parameters:.0%} of the parameters and {of_work:.0%} of the work."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is this the paper's network?** The paper splits it into two *towers*, one for each graphics card
# of 3 GB. In layers 2, 4 and 5 each tower sees only its own half of the channels. That saves weights: the
# paper speaks of "60 million parameters". Besides:
#
# - the paper says 224×224 pixels, but 55×55 outputs need 227 (11 + 54 · 4);
# - after layers 1 and 2 the paper divides each response by those of neighbouring channels (*local
#   response normalization*). Simonyan & Zisserman (2014) found no gain from it, and it went out of
#   use.

# %% slideshow={"slide_type": "fragment"}
for name, net in {"one tower": alex, "two towers": two_towers}.items():
    print(f"{name:>10}: {costs.total(net).parameters:,} parameters")

# %% [markdown] slideshow={"slide_type": "fragment"}
# ### Exercise: without the last pooling
#
# Change and predict: if `block5_pool` were left out, how many parameters would `fc6` have? Write the
# number (or the product) first; then, to see it counted, leave the line out in the cell above.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import alexnet as check

parameters_of_fc6 = ...

check.dense_parameters(parameters_of_fc6)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# parameters_of_fc6 = (13 * 13 * 256 + 1) * 4096
#
# check.dense_parameters(parameters_of_fc6)
# ```
#
# Each of the 4,096 units has a weight for each number of the map, now of 13×13 places in place of
# 6×6, and a bias. One pooling layer without a parameter of its own saves 140 million.
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What did it see?** The 96 kernels of the first layer are 11×11 pixels in three colours, so they
# can be looked at (figure 3 of the paper). Nothing told them what to look for, and they became two
# kinds: stripes of many directions and widths, and blobs of colour. The kernels on one card were nearly
# all colourless, those on the other coloured. This happened in every run, whatever the initial weights.
#
# Can we see at work, in a minute, what made the network trainable? On a small scale: digits again.

# %% [markdown] slideshow={"slide_type": "skip"}
# **How was it trained?** By stochastic gradient descent with *momentum* 0.9 (each step keeps nine
# tenths of the last one), 128 images a step, *weight decay* 0.0005 (each step also pulls the weights
# towards zero), rate 0.01, divided by ten three times when the validation error stopped falling. Each
# photograph came about 90 times: five to six days on the two cards.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Digits that do not lie still
#
# scikit-learn's digits of 8×8 pixels, each moved by up to one pixel from the middle of 12×12. The
# first 800 are for training, the next 200 for *validation* (they choose the learning rate and when to
# stop), the last 797, mostly by other writers, for testing.


# %% slideshow={"slide_type": "fragment"}
import numpy as np
from sklearn.datasets import load_digits

DIGITS, LABELS = load_digits(return_X_y=True)
moves = np.random.default_rng(0).integers(-1, 2, (len(DIGITS), 2))
IMAGES = np.zeros((len(DIGITS), 12, 12, 1), "float32")  # from 0 to 1
for image, digit, (down, right) in zip(IMAGES, DIGITS, moves, strict=True):
    image[2 + down : 10 + down, 2 + right : 10 + right, 0] = digit.reshape(8, 8) / 16

VALIDATION, TEST = slice(800, 1000), slice(1000, None)
plotting.plot_images(
    IMAGES[:10, ..., 0],
    titles=list(map(str, LABELS)),
    columns=10,
    title="Ten of the 800 training digits",
)
plotting.show("Ten digits of few pixels in a row, white on black, not quite in the middle.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## ReLU, and its slope
#
# A unit adds up its inputs and bends the sum, *x*. LeNet's tanh bends it on both sides, *sigmoid*, its
# older cousin, too. Such a function is the unit's *activation*. Where it is flat, the unit *saturates*.
# The **re**ctified **l**inear **u**nit is
#
# > ReLU(*x*) = max(0, *x*)
#
# Training multiplies the gradient by the slope in every layer it passes. What happens to it in a
# saturated unit?

# %% slideshow={"slide_type": "fragment"}
import matplotlib.pyplot as plt

BENDS = {  # each with its slope
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "ReLU": (lambda x: np.maximum(0, x), lambda x: np.where(x > 0, 1.0, 0.0)),
}
sums = np.linspace(-4, 4, 401)
figure, (of_value, of_slope) = plt.subplots(1, 2, figsize=(10, 3.2))
for name, (bend, slope) in BENDS.items():
    of_value.plot(sums, bend(sums), label=name)
    of_slope.plot(sums, slope(sums), label=name)
of_value.set(ylim=(-1.2, 2.2), xlabel="sum of the inputs, x", title="What the unit says")
of_slope.set(ylim=(-0.1, 1.1), xlabel="sum of the inputs, x", title="Its slope")
of_value.legend()
plotting.show(
    "Left, three activations: sigmoid and tanh flatten out on both sides, ReLU is zero on the left "
    "and a straight line on the right. Right, their slopes: sigmoid's is a quarter at most, tanh's is "
    "one at zero and falls to zero on both sides, ReLU's is zero, then one."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 02: ReLU accelerates training
#
# The lecture calls it the **R**evo**LU**tion of deep learning. The paper's figure 1: on CIFAR-10
# (small photographs) a net of four layers reached 25 % training error *six times* sooner with ReLU
# than with tanh. Its caption adds that each net had the learning rate of its own that trained it
# fastest, and that the size of the effect depends on the network.
#
# So do we: four layers, each activation with the initialization made for it, and the best of several
# rates. We count the epochs until the training error falls to 5 %. (The error of an epoch is the mean over
# its batches, while the net still learns: it lags by about half an epoch, for all alike. With twenty steps
# an epoch two epochs are few; the ratio of two such small numbers is coarse.)
#
# The rule: sigmoid and tanh must need more epochs than ReLU, by ratios whose intervals lie above 1.


# %% slideshow={"slide_type": "subslide"}
from course_utils import experiments, training

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
LIMIT = 60  # epochs: a run that has not arrived by then counts as "at least"
x_train = DIGITS[:800].reshape(-1, 8, 8, 1)  # not moved: sigmoid would take very long
x_train = (x_train - x_train.mean()) / x_train.std()


def four_layers(activation):
    """Two convolutions, two dense layers, as in the paper's comparison."""
    start = "he_normal" if activation == "relu" else "glorot_normal"
    options = {"activation": activation, "kernel_initializer": start}
    net = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", **options),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, padding="same", **options),
            layers.Flatten(),
            layers.Dense(64, **options),
            layers.Dense(10),
        ]
    )
    net.compile(keras.optimizers.SGD(momentum=0.9), CROSS_ENTROPY, metrics=["accuracy"])
    return net


def epochs_to_5_percent(net, rate):
    """Epochs from a new start to 5 % training error, read between whole epochs."""
    training.restart(net, learning_rate=rate)
    fit = training.fit(net, x_train, LABELS[:800], epochs=LIMIT, batch_size=40, until=0.95)
    errors = 1 - np.array([0.1, *fit["accuracy"]])
    if errors[-1] > 0.05:
        return LIMIT
    return np.interp(-0.05, -errors[-2:], [len(errors) - 2, len(errors) - 1])


# %% [markdown] slideshow={"slide_type": "subslide"}
# First the rates. If the best one is the smallest or the largest, a further one is tried, so that each
# curve turns up at both ends. Then ten new starts, each activation at its lowest point. (`training.fit` does
# what `model.fit` does, several times as fast for small nets.)

# %% slideshow={"slide_type": "fragment"}
FIRST_TRIED = {
    "sigmoid": (0.03, 0.1, 0.3),
    "tanh": (0.03, 0.1, 0.3),
    "ReLU": (0.01, 0.03, 0.1),
}
bent = {name: four_layers(name.lower()) for name in FIRST_TRIED}
tried = {
    name: experiments.search(
        lambda rate, net=net: epochs_to_5_percent(net, rate),
        FIRST_TRIED[name],
        (100, 101),
        label=name,
    )
    for name, net in bent.items()
}

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.3"]
ax = plotting.plot_search(tried, ax=plt.figure(figsize=(8, 4)).add_subplot())
ax.set(
    yscale="log",
    ylabel="epochs to 5 % training error",
    title=f"Which rate suits each? (band: two starts; {LIMIT} means at least)",
)
ax.minorticks_off()
ax.set_yticks([2, 5, 10, 20, 60], [2, 5, 10, 20, 60])
plotting.show(
    "Epochs to 5 % training error by learning rate, a curve for each activation. The best rates: "
    + ", ".join(f"{name} {search.best:g}" for name, search in tried.items())
)

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=2"]
from course_utils import intervals

epochs = {
    name: experiments.repeat(
        lambda _, net=net, rate=tried[name].best: epochs_to_5_percent(net, rate),
        range(10),
        label=name,
    )
    for name, net in bent.items()
}
needed = {name: intervals.mean(values) for name, values in epochs.items()}
ax = plotting.plot_estimates(needed, spec=".1f")
ax.set(
    xlim=(0, None),
    xlabel="epochs to 5 % training error, mean and 95 % interval of ten starts",
    title="How soon does each activation learn, at its own best rate?",
)
plotting.show(f"Epochs to 5 % training error: {intervals.listed(needed, '.1f')}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# How steep are the units when training begins, on average? A layer multiplies the gradient by this slope
# and by its weights.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
from course_utils.tables import Table

SLOPES = {  # of the activation, from its output
    "sigmoid": lambda said: said * (1 - said),
    "tanh": lambda said: 1 - said**2,
    "ReLU": lambda said: said > 0,
}
keras.utils.set_random_seed(0)
mean_slopes = []
for name, net in bent.items():
    training.restart(net)
    hidden = [layer.output for layer in net.layers if hasattr(layer, "activation")][:3]
    outputs = keras.Model(net.inputs[0], hidden)(x_train[:200])
    mean_slopes.append((name, *(np.mean(SLOPES[name](np.asarray(said))) for said in outputs)))
Table(["mean slope", "layer 1", "layer 2", "layer 3"], mean_slopes, ["", ".2f", ".2f", ".2f"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Sigmoid's slope is a quarter at most, so it need not saturate to be slow: three layers of a quarter leave
# a sixty-fourth. ReLU's mean slope is the share of units that are on; He's start draws larger weights to
# make up for the others, so for ReLU the slopes alone do not say how much passes. Glorot's start is made
# for slopes near 1.

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=1.5"]
from course_utils import claims

ratio = {name: intervals.mean(epochs[name] / epochs["ReLU"]) for name in ("sigmoid", "tanh")}
claims.verdict(
    2,
    f"epochs to 5 % training error over those of ReLU: sigmoid {ratio['sigmoid']:.1f}, tanh "
    f"{ratio['tanh']:.1f} (10 starts; tanh in the paper, on CIFAR-10: 6)",
    sooner_than_sigmoid=claims.above(ratio["sigmoid"], 1),
    sooner_than_tanh=claims.above(ratio["tanh"], 1),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# If tanh is not behind here, that does not contradict the paper: our inputs have a spread of 1 and
# the start of Glorot & Bengio (2010) keeps tanh on its steep part, while the paper does not say how
# its tanh net was started, and photographs are harder than digits. What would decide it is the paper's
# own test, CIFAR-10 with several starts. And look at the curve of rates again: how close does each best
# rate lie to one at which little is learned? A finer row might change the order.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Dropout: half of the units, another half each time
#
# *Overfitting* is learning what is true of the training images only. Hinton et al. (2012) fight it by
# chance: each time an image is shown, each unit of a layer is switched off with probability *p* (AlexNet:
# one half). With a *mask* *m*, which has a 0 for each unit that is off and a 1 for each other, a
# layer's outputs *a* become
#
# > *a′* = *m* · *a* / (1 − *p*)
#
# So each image trains another, *thinned* network, and all share their weights. The division keeps the
# mean of *a′* at *a*, so that the whole network can be used afterwards as it is (*inverted* dropout; for
# the long account see Srivastava et al. 2014). The paper does not divide in training. It halves the
# outputs afterwards instead, which has the same effect for *p* = ½.

# %% slideshow={"slide_type": "fragment"}
rng = np.random.default_rng(3)
sizes, left = (4, 6, 6, 3), (False, True, True, False)  # units of a layer; dropped or not
figure, axes = plt.subplots(1, 3, figsize=(10, 3))
for ax, title in zip(
    axes, ("the whole network", "thinned for one image", "for the next"), strict=True
):
    masks = [
        rng.random(n) < 0.5 if dropped and ax is not axes[0] else np.ones(n, bool)
        for n, dropped in zip(sizes, left, strict=True)
    ]
    for layer, (mask, ahead) in enumerate(zip(masks, [*masks[1:], []], strict=True)):
        for unit, on in enumerate(mask):
            height = unit - len(mask) / 2
            ax.plot(layer, height, "o", ms=11, color="C0" if on else "0.8")
            for other in np.flatnonzero(ahead) if on else ():
                ends = height, other - len(ahead) / 2
                ax.plot((layer, layer + 1), ends, lw=0.6, color="0.4", zorder=0)
    ax.set_title(title, fontsize=12, fontweight="normal")
    ax.axis("off")
plotting.show(
    "Three drawings of a net with two hidden layers of six units: whole, and twice with another "
    "random half of the hidden units grey and without connections."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: dropout by hand
#
# The formula as one line: `a` are the outputs of a layer, `mask` has a 0 for each unit that is
# switched off and a 1 for each other, `p` is the probability of a 0.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
def dropped_out(a, mask, p):
    return ...  # your line


check.dropout(dropped_out)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def dropped_out(a, mask, p):
#     return mask * a / (1 - p)
#
#
# check.dropout(dropped_out)
# ```
#
# A share of 1 − p of the units stays on. Dividing by that share makes up for those that are off.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 03: dropout reduces overfitting; it is in-network ensembling
#
# Overfitting needs few images. We train a little AlexNet, with overlapping pooling and dropout after each
# dense layer, on 100 digits. We do so eight times, each time on another hundred. (Lesson 01 had 1,000
# digits to learn from: expect fewer right here.)
#
# The rule: with dropout more test digits are read; thirty thinned nets together read more than one; the
# whole net answers as they do on over 95 %. Each with its whole interval.


# %% slideshow={"slide_type": "subslide"}
def little_alexnet(drop=0.0, augmentation=(), noise_shape=None):
    """Two convolutions, two dense layers with dropout after each; augmentation comes first."""
    net = keras.Sequential(
        [
            layers.Input((12, 12, 1)),
            *augmentation,
            layers.Conv2D(12, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(3, 2),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(drop, noise_shape),
            layers.Dense(256, activation="relu"),
            layers.Dropout(drop, noise_shape),
            layers.Dense(10),
        ]
    )
    net.compile(keras.optimizers.Adam(), CROSS_ENTROPY)
    return net


# %% [markdown] slideshow={"slide_type": "subslide"}
# A fair comparison lets each net stop when *its own* validation loss has stopped falling. We look at the
# loss after every 40 steps, and stop after four looks in a row without a new low. Each net keeps its best
# weights (`EarlyStopping`, as in lesson 01), and has its own best rate. What counts is how many test digits it reads. (A narrow
# gap between training and test loss would prove little: a net that never learns has the narrowest.)


# %% slideshow={"slide_type": "fragment"}
def train(net, rate, part):
    """Train on the part-th hundred of digits; keep the best weights, return their validation loss."""
    training.restart(net, learning_rate=rate)
    few = np.tile(np.arange(100 * part, 100 * part + 100), 8)  # an epoch of 40 steps
    until_best = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    training.fit(
        net,
        IMAGES[few],
        LABELS[few],
        epochs=1000,  # far more than it takes
        batch_size=20,
        validation_data=(IMAGES[VALIDATION], LABELS[VALIDATION]),
        callbacks=[until_best],
    )
    return until_best.best


def own_rate(net, name):
    """The learning rate with the least validation loss, mean of two sets of digits."""
    found = experiments.search(
        lambda rate: np.mean([train(net, rate, part) for part in (0, 1)]), (3e-4, 1e-3, 3e-3)
    )
    print(f"{name}: validation loss {found.least:.2f} at a rate of {found.best:g}")
    return found.best


# %% [markdown] slideshow={"slide_type": "subslide"}
# The *ensemble*: a trained net with dropout is thinned 30 times, each time with *one* mask for all
# images (`noise_shape` says so to Keras), and the 30 networks' probabilities are averaged. Is the
# average better than one of them? And does the whole network, used once, answer alike? (The sets of
# digits differ much from each other: the verdicts compare set by set.)

# %% slideshow={"slide_type": "fragment"}
plain, dropping = little_alexnet(), little_alexnet(drop=0.5)
thinning = little_alexnet(drop=0.5, noise_shape=(1, 256))  # one mask for all images


def answers(net):
    return np.asarray(net(IMAGES[TEST])).argmax(axis=1)


def with_dropout(part, rate):
    """Share of test digits read, and how the thinned networks compare."""
    train(dropping, rate, part)
    training.restart(thinning)  # its masks begin anew
    thinning.set_weights(dropping.get_weights())
    flat = keras.Sequential(thinning.layers[:5])(IMAGES[TEST])  # before the first dropout
    head = keras.Sequential(thinning.layers[5:])
    each = np.stack([keras.ops.softmax(head(flat, training=True)) for _ in range(30)])
    together, whole = each.mean(axis=0).argmax(axis=1), answers(dropping)
    return {
        "one thinned network": 100 * np.mean(each.argmax(axis=2) == LABELS[TEST]),
        "mean of 30 thinned networks": 100 * np.mean(together == LABELS[TEST]),
        "with dropout": 100 * np.mean(whole == LABELS[TEST]),
        "agreement": 100 * np.mean(whole == together),
    }


def without(net, part, rate):
    train(net, rate, part)
    return 100 * np.mean(answers(net) == LABELS[TEST])


# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.2"]
plain_rate = own_rate(plain, "without dropout")
drop_rate = own_rate(dropping, "with dropout")
read_plain = experiments.repeat(lambda i: without(plain, i, plain_rate), range(8), label="without")
dropped = experiments.repeat(lambda i: with_dropout(i, drop_rate), range(8), label="dropout")
scores = {"without dropout": intervals.mean(read_plain)}
for name in ("with dropout", "one thinned network", "mean of 30 thinned networks"):
    scores[name] = intervals.mean(dropped[name])
ax = plotting.plot_estimates(scores, spec=".1f")
ax.set(
    xlabel="test digits read [%], mean and 95 % interval of eight training sets",
    title="What does dropout do? (the verdict compares set by set)",
)
plotting.show(f"Test digits read, with 95 % intervals: {intervals.listed(scores, '.1f', ' %')}.")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
gain = intervals.mean(dropped["with dropout"] - read_plain)  # set by set
joint = intervals.mean(dropped["mean of 30 thinned networks"] - dropped["one thinned network"])
agreement = intervals.mean(dropped["agreement"])
claims.verdict(
    3,
    f"dropout adds {gain:.1f} points of test accuracy (8 sets of 100 digits); 30 thinned nets "
    f"together read {joint:.1f} points more than one; the whole agrees with them on {agreement:.1f} %",
    raises_accuracy=claims.above(gain),
    better_together=claims.above(joint),
    stands_for_them=claims.above(agreement, 95),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One pass is exactly as good as all thinned networks together only where a single layer with softmax
# is thinned, and their probabilities are averaged geometrically (Hinton et al. 2012). In a deeper net
# it is an approximation: the rule asks how good.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Data augmentation: never the same picture twice
#
# AlexNet saw of each photograph of 256×256 pixels a random *crop* of 224×224, mirrored or not, and
# tinted: the colours of all pixels moved along the three main directions in which ImageNet's colours
# vary (their *principal components*; below, those of this one photograph), by a random amount each. That alone took over 1 point off the
# top-1 error. For the answer, ten crops were asked and averaged: corners and middle, and their mirror
# images. Would you give each of these the same label?

# %% slideshow={"slide_type": "subslide"}
import cv2
from skimage import data

photo = cv2.resize(data.chelsea()[:, 60:360], (256, 256), interpolation=cv2.INTER_AREA)
corners = {"top left": (0, 0), "top right": (0, 32), "bottom left": (32, 0)}
corners |= {"bottom right": (32, 32), "middle": (16, 16)}
crops = {name: photo[y : y + 224, x : x + 224] for name, (y, x) in corners.items()}
crops |= {f"{name}, mirrored": crop[:, ::-1] for name, crop in crops.items()}
variances, components = np.linalg.eigh(np.cov(photo.reshape(-1, 3).T / 255))
amounts = np.random.default_rng(1).normal(0, 15, (5, 3))  # the paper: 0.1, too little to be seen
for i, amount in enumerate(amounts, start=1):
    tint = 255 * components @ (amount * variances)
    crops[f"tinted {i}"] = np.clip(photo + tint, 0, 255).astype("uint8")
plotting.plot_images(list(crops.values()), list(crops), title="One photograph, fifteen times")
plotting.show(
    "A cat fifteen times: five crops from the corners and the middle, their five mirror images, and "
    "five versions with other brightness and colours."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 04: label-preserving augmentation reduces overfitting
#
# The condition is in the words: a *label-preserving transformation*. A mirrored cat is a cat. What is
# a 6 upside down? To test the condition too, we break it: one net sees its digits *shifted* by up to
# a pixel, another *flipped*, left and right, top and bottom, or both. In Keras augmentation is a
# layer, active in training only. The last row below is flipped both ways: which can you still name?
#
# The rule: with shifts more test digits are read, with flips fewer.

# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(0)
AUGMENTATIONS = {
    "shifts": layers.RandomTranslation(1 / 12, 1 / 12, "constant", interpolation="nearest"),
    "flips": layers.RandomFlip("horizontal_and_vertical"),
}
ten = IMAGES[:10]
rows = [ten, AUGMENTATIONS["shifts"](ten, training=True), ten[:, ::-1, ::-1]]
plotting.plot_images(
    [np.asarray(image)[..., 0] for row in rows for image in row],
    [f"{label}{how}" for how in ("", ", shifted", ", flipped") for label in LABELS[:10]],
    columns=10,
    title="A label must survive the change",
)
plotting.show(
    "Ten digits in three rows: as they are, shifted by up to a pixel, which leaves their form, and "
    "turned upside down, which makes a 9 of a 6, a 6 of a 9, and of a 4 or a 7 no digit at all."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The little AlexNet again, without dropout, trained as above.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.2"]
read = {"none": read_plain}
for name, augmentation in AUGMENTATIONS.items():
    net = little_alexnet(augmentation=[augmentation])
    rate = own_rate(net, name)
    read[name] = experiments.repeat(
        lambda i, net=net, rate=rate: without(net, i, rate), range(8), label=name
    )
by_change = {name: intervals.mean(shares) for name, shares in read.items()}
ax = plotting.plot_estimates(by_change, spec=".1f")
ax.set(
    xlabel="test digits read [%], mean and 95 % interval of eight training sets",
    title="Does augmentation help? (the verdict compares set by set)",
)
plotting.show(f"Test digits read, with 95 % intervals: {intervals.listed(by_change, '.1f', ' %')}.")

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.08"]
change = {name: intervals.mean(read[name] - read_plain) for name in AUGMENTATIONS}
harm = intervals.mean(read_plain - read["flips"])
claims.verdict(
    4,
    f"test accuracy changes by {change['shifts']:.1f} points with shifts, which keep a digit's label, "
    f"by {change['flips']:.1f} with flips, which change it (8 sets of 100 digits)",
    shifts_help=claims.above(change["shifts"]),
    flips_harm=claims.above(harm),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# An interval that holds both signs says that eight sets of digits, each by few hands, were too few to tell,
# not that there is no effect. The digits here were moved at random already, so shifts may add little. What
# would decide it: more sets, by more hands, or a test on digits that lie elsewhere.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: an augmentation of your own
#
# Write a function that changes digits but not their labels: thicker, fainter, noisy, partly hidden,
# slanted… Do not only shift them all in the same way. It takes images of shape (n, 12, 12, 1) with values
# from 0 to 1 and returns as many. The check asks two things: is nearly every image changed, and does a
# reader that was trained on plain digits still read 80 % of yours?


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
def my_augmentation(images):
    return ...


check.augmentation(my_augmentation)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# One of many: fainter ink and a little noise, other for each image.
#
# ```python
# def my_augmentation(images):
#     rng = np.random.default_rng()
#     ink = rng.uniform(0.7, 1, (len(images), 1, 1, 1))
#     return np.clip(ink * images + rng.normal(0, 0.05, images.shape), 0, 1)
#
#
# check.augmentation(my_augmentation)
# ```
#
# The label does not depend on how black the ink is, nor on the noise of the camera. Whether it helps
# is another question: it does where the images to come differ in the same way.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - AlexNet is LeNet's plan at a thousand times the size, with ReLU, dropout and augmentation.
# - ReLU's slope is 0 or 1: it does not saturate on the right. Whether that saves time is a question
#   for each net and each start, to be asked at each one's own best rate.
# - Dropout trains many thinned networks that share their weights; one pass of the whole approximates
#   their mean.
# - An augmentation says which changes do not matter. If that is not true, it teaches mistakes.
# - Overfitting is judged on images that were not trained on, with each net trained to its own end.
#
# Next: [03 · VGG](03_vgg.ipynb). Why 3×3, and what stops a deep plain net from learning?

# %% [markdown] slideshow={"slide_type": "skip"}
# **To try**
#
# 1. Start the tanh net from weights of deviation 1 (`keras.initializers.RandomNormal(stddev=1)`).
#    What do its slopes say, and how many epochs does it need?
# 2. Train the little AlexNet on 800 digits in place of 100. What is left of dropout's gain?
# 3. Use dropout and shifts together. Do their gains add up?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["quiz"]
# **Question 1.** Where does AlexNet keep most of its parameters, and where does it do most of its
# multiply-adds?
#
# <details><summary>A. Both in the convolutions.</summary>
#
# Wrong. The convolutions do most of the work, but share their few weights among all places.
#
# </details>
#
# <details><summary>B. Both in the dense layers.</summary>
#
# Wrong. A dense layer uses each weight once for an image, so many weights are still little work.
#
# </details>
#
# <details><summary>C. Parameters in the dense layers, work in the convolutions.</summary>
#
# Right. A kernel's weights are used again at each place of the map, a dense layer's once.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** Two activations are compared at one learning rate for both. What is wrong with that?
#
# <details><summary>A. Nothing: all else must be equal.</summary>
#
# Wrong. The same number does not mean the same to both: a rate that suits one may be far too small for
# the other.
#
# </details>
#
# <details><summary>B. The rate may decide, not the activation.</summary>
#
# Right. Krizhevsky et al. gave each net its own best rate, and so did we, chosen without the test set.
#
# </details>
#
# <details><summary>C. The rate should be the largest that does not diverge.</summary>
#
# Wrong. The largest stable rate is often not the fastest; it has to be tried.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** A unit with ReLU gets negative sums for every training image. What does it learn?
#
# <details><summary>A. Nothing: its slope is zero for all of them.</summary>
#
# Right. Its weights get no gradient. Such a unit is called dead; ReLU does not saturate on the right,
# but on the left it is flat.
#
# </details>
#
# <details><summary>B. As much as others: ReLU never saturates.</summary>
#
# Wrong. It does not saturate for positive sums; for negative ones its slope is zero.
#
# </details>
#
# <details><summary>C. It learns slowly, as tanh does where it is flat.</summary>
#
# Wrong. Where tanh is flat its slope is small but not zero; here it is exactly zero.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** After training with dropout at p = 0.5 the whole network is used. Why are the outputs
# not twice too large?
#
# <details><summary>A. The weights have been halved by weight decay.</summary>
#
# Wrong. Weight decay pulls weights towards zero, but knows nothing of dropout.
#
# </details>
#
# <details><summary>B. Half of the units are still off.</summary>
#
# Wrong. In `predict` and `evaluate` dropout does nothing: all units are on.
#
# </details>
#
# <details><summary>C. Softmax makes the sum 1 anyway.</summary>
#
# Wrong. Softmax does so for any logits, but logits twice as large give other, surer probabilities.
#
# </details>
#
# <details><summary>D. In training, those that stayed on were divided by 1 − p.</summary>
#
# Right. So the mean of what the next layer gets was the same with dropout as without it.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** A net is to tell road signs apart, some of which are arrows to the left or to the
# right. Which augmentation breaks a label?
#
# <details><summary>A. Crops from the corners.</summary>
#
# Wrong. The arrow still points the same way, as long as the sign stays in the picture.
#
# </details>
#
# <details><summary>B. Mirroring left and right.</summary>
#
# Right. An arrow to the left becomes one to the right, but keeps its old label.
#
# </details>
#
# <details><summary>C. Other brightness and a slight tint.</summary>
#
# Wrong. Signs are photographed at dusk and at noon; what they mean stays the same.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - Glorot, X. & Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural
#   networks. *AISTATS*, PMLR 9, 249–256.
# - Hinton, G. E., Srivastava, N., Krizhevsky, A., Sutskever, I. & Salakhutdinov, R. R. (2012).
#   Improving neural networks by preventing co-adaptation of feature detectors. arXiv:1207.0580.
# - Krizhevsky, A., Sutskever, I. & Hinton, G. E. (2012). ImageNet classification with deep
#   convolutional neural networks. *NIPS 25*, 1097–1105.
# - Nair, V. & Hinton, G. E. (2010). Rectified linear units improve restricted Boltzmann machines.
#   *ICML*, 807–814.
# - Simonyan, K. & Zisserman, A. (2014). Very deep convolutional networks for large-scale image
#   recognition. arXiv:1409.1556.
# - Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural networks from overfitting.
#   *Journal of Machine Learning Research* 15, 1929–1958.
