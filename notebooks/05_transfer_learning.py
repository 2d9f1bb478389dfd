# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,-all
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 05 · Transfer learning
#
# **Can a network that was trained on other pictures learn five new things from 65 examples?**
#
# About one minute on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/05_transfer_learning.ipynb)
#
# - **What you do:** take VGG16 as it was trained on ImageNet, remove its last layers, and train a
#   new classifier for *Hat, Cube, Card, Torch, Screw* on what remains.
# - **What you learn:** to freeze a network and check that it is frozen, to compute features once,
#   and to report accuracy with its uncertainty.
# - **What you need:** lesson 04 (pretrained models, preprocessing).

# %% slideshow={"slide_type": "skip"}
# In Colab this fetches the course; elsewhere it is installed already and nothing is fetched.
import sys

if "google.colab" in sys.modules:
    # !test -d course || git clone --quiet --depth 1 https://github.com/course-owner/cnn-transfer-learning-course.git course
    sys.path.insert(0, "course")

from course_utils import runtime

runtime.setup(seed=0)

# %% slideshow={"slide_type": "skip"}
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras.applications.vgg16 import VGG16, preprocess_input

from course_utils import experiments, guards, plotting, pretrained, transfer
from course_utils.data import CLASS_NAMES, load_objects

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
# Three things can be wrong here without any error message: labels that belong to other images,
# images that stand in both sets, images that someone has already preprocessed. Each check is one
# line, and silent when all is well.

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
plt.show()

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
    x_test[examples], top, title="1000 classes, but not the ones we ask for"
)
plt.show()

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
print(f"of these trainable:   {sum(w.size for w in base.trainable_weights):>12,}")

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
# seeds and look at all of them. The test set only watches: no choice is made by it.
#
# What to look at: the training images are learned. Are the test images?

# %% slideshow={"slide_type": "fragment"}
random_start = experiments.repeat(
    lambda seed: train_head(features_train, features_test)[1], label="training heads"
)
plotting.plot_learning_curve(
    random_start, title="Started at random, the head learns its training images by heart"
)
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why? The head has 512 weights for each class, and 65 images to learn them from. Training changes
# the weights only along the features of these images. In all other directions the random start
# stays as it was, and adds noise to the answer for every new image.
#
# The cure is one word: start from zero. A hidden layer must not start so, since all its units would
# stay equal. A softmax layer on fixed features may; it then is logistic regression.

# %% slideshow={"slide_type": "fragment"}
heads = []


def trial(seed):
    head, history = train_head(features_train, features_test, start="zeros")
    heads.append(head)
    return history


zero_start = experiments.repeat(trial, label="training heads")
plotting.plot_learning_curve(
    zero_start, title="Started from zero, what it learns holds for new objects"
)
plt.show()

# %% slideshow={"slide_type": "fragment"}
gain = experiments.summarise(
    100 * (zero_start["val_accuracy"][:, -1] - random_start["val_accuracy"][:, -1])
)
print("starting from zero gains more than 10 points of test accuracy:", gain.low > 10)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How good is it?
#
# 200 test images are a sample. Had we rendered 200 others, the accuracy would differ by a few
# points. Wilson's 95 % interval (Wilson 1927) says by how many. Of the three heads we keep the
# first: choosing the best one by its test accuracy would be choosing on the test set.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
for seed, head in zip(experiments.SEEDS, heads, strict=True):
    correct = int((head.predict(features_test, verbose=0).argmax(axis=1) == y_test).sum())
    print(f"seed {seed}: accuracy {experiments.proportion(correct, len(y_test)):.1%}")

# %% slideshow={"slide_type": "fragment"}
head = heads[0]
probabilities = head.predict(features_test, verbose=0)
y_pred = probabilities.argmax(axis=1)
accuracy = experiments.proportion(int((y_pred == y_test).sum()), len(y_test))

print("better than guessing (20 %):", accuracy.low > 0.2)
print("better than 80 %:           ", accuracy.low > 0.8)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which classes are mixed up? Rows are the truth, columns the answer; every row sums to 40.

# %% slideshow={"slide_type": "fragment"}
_, ax = plt.subplots(figsize=(6, 5.2))
plotting.plot_confusion_matrix(
    y_test, y_pred, CLASS_NAMES, title="Nearly all test images lie on the diagonal", ax=ax
)
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at what it got wrong. Would you have been right? If all the mistakes share something (a
# cluttered table, an odd angle), you know which pictures to add to the training set.

# %% slideshow={"slide_type": "fragment"}
wrong = np.flatnonzero(y_pred != y_test)[:10]
shown = wrong if len(wrong) else np.argsort(probabilities.max(axis=1))[:10]
plotting.plot_predictions(
    x_test[shown], y_test[shown], probabilities[shown], CLASS_NAMES,
    title="Its mistakes" if len(wrong) else "No mistakes; these were its least certain answers",
)
plt.show()

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

# %% slideshow={"slide_type": "fragment"}
together = classifier.predict(x_test[:8].astype("float32"), verbose=0)

guards.check_trainable(classifier, ["head/dense"])
print("largest difference below 0.001:", np.abs(together - probabilities[:8]).max() < 1e-3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One picture, one answer.

# %% slideshow={"slide_type": "fragment"}
picture = x_test[[0]]
answer = classifier.predict(picture.astype("float32"), verbose=0)[0]

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=(1, 2))
plotting.plot_image(picture[0], f"truth: {CLASS_NAMES[y_test[0]]}", ax=left)
order = answer.argsort()[::-1]
plotting.plot_probabilities([CLASS_NAMES[i] for i in order], answer[order], ax=right)
right.set(xlabel="probability", title=f"It says: {CLASS_NAMES[order[0]]}")
plt.show()

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
    print(f"fc2 features: accuracy {experiments.proportion(correct, len(y_test)):.1%}")
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
# - Check what is trainable, preprocess with the function that belongs to the network, and never
#   quote an accuracy without its interval.
#
# ## Try
#
# 1. Train on three images of each class in place of 13. How wide does the spread over seeds become?
# 2. Leave `preprocess_input` out (pass `lambda batch: batch`). Does anything warn you? What does it
#    cost?
# 3. Put your own photographs into folders named like the classes and read them with
#    `course_utils.data.load_folder`. Does a head that was trained on rendered pictures know them?
