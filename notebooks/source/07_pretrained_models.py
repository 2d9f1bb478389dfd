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
# # 07 · Pretrained models
#
# **What does an ImageNet network say of a photograph?**
#
# 50 minutes to teach, about one to run on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/07_pretrained_models.ipynb)
#
# - **What you do:** load networks with their ImageNet weights and ask them about photographs, yours
#   too.
# - **What you learn:** to choose a model; logits and probabilities; and three ways to feed a model
#   wrongly that raise no error: colours in the wrong order, distorted shapes, wrong preprocessing.
# - **What you need:** lessons 01 to 05, where these networks are built.

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
# ## Which models are there?
#
# A *pretrained* model comes with the weights that it learned from ImageNet (Deng et al. 2009).
# `keras.applications` offers many: VGG16 and VGG19, ResNet, GoogLeNet's successors (Inception),
# DenseNet, MobileNet, NASNet. Three more come with the course and need no network: EfficientNet-Lite0,
# 1 and 2, made for telephones (after Tan & Le 2019; see the bibliography).
#
# *Top-1 accuracy* is the share of ImageNet's 50,000 validation images whose first answer is right
# (top-5: one of the first five; Russakovsky et al. 2015). Do more parameters buy more of it? (Each model
# has its own image size; so part of the height is pixels, not parameters.)

# %% slideshow={"slide_type": "subslide"}
from course_utils import plotting, pretrained

catalogue = pretrained.catalogue()
plotting.plot_model_catalogue(catalogue, title="Is a larger model a better one?")
ends = max(catalogue, key=lambda m: m.parameters), max(catalogue, key=lambda m: m.top1)
plotting.show(
    "Published top-1 accuracy of the models against their parameters. "
    + " and ".join(f"{m.name}: {m.parameters / 1e6:.0f} million, {m.top1:.1%}" for m in ends)
    + " are the largest and the most accurate."
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Load one
#
# In Keras each family is a module. It holds the network, the preprocessing that belongs to it, and a
# function that names the classes. The course's own module has the same three, so all that follows
# works with each of these lines.

# %% slideshow={"slide_type": "fragment"}
import keras

from course_utils.models import efficientnet_lite

# model_type = keras.applications.densenet
# model_type = keras.applications.inception_resnet_v2
# model_type = keras.applications.inception_v3
# model_type = keras.applications.mobilenet
# model_type = keras.applications.mobilenet_v2
# model_type = keras.applications.nasnet
# model_type = keras.applications.resnet50
# model_type = keras.applications.vgg16
# model_type = keras.applications.vgg19
model_type = efficientnet_lite  # comes with the course; the others are downloaded

# For another module, the class of its name: MobileNet(), ResNet50(), InceptionV3().
model = model_type.EfficientNetLite0()
model.summary(layer_range=(model.layers[-5].name, model.layers[-1].name))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The table shows the last layers and the parameters of all; `model.summary()` lists every layer. What
# comes out at the end? One number for each of ImageNet's 1,000 classes. (The weights are ImageNet's
# unless you say otherwise: Keras's own models fetch the file once, the course's is there.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Read a photograph
#
# In Colab your own photographs may lie in Google Drive. It is shown as a folder once you allow it;
# set `USE_DRIVE = True` if you want that.

# %% slideshow={"slide_type": "fragment"}
USE_DRIVE = False

if USE_DRIVE and "google.colab" in sys.modules:
    from google.colab import drive

    drive.mount("/content/drive")
    print("Your files are in /content/drive/MyDrive.")
else:
    print("In Colab, USE_DRIVE = True mounts your Google Drive at /content/drive.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Without Drive: take one that is at hand, or the path of a file of yours (in JupyterLab, drag it into
# the file browser first). In Colab `"upload"` and `"webcam"` work, too. What is odd about the
# picture below?

# %% slideshow={"slide_type": "fragment"}
import cv2
import matplotlib.pyplot as plt

from course_utils import photographs

PHOTO = "chelsea"  # or "coffee", "rocket", …, a path; in Colab also "upload", "webcam"

img = cv2.imread(str(photographs.get(PHOTO)))
print(img.shape)
plt.figure(figsize=(6, 4))
plt.imshow(img)
plt.axis("off")
plotting.show(f"The photograph {PHOTO} as cv2.imread reads it: its reds are blue, its blues red.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The network takes images of one size only, and a *batch* of them: an axis in front counts the
# images, here one.

# %% slideshow={"slide_type": "fragment"}
side = model.input_shape[1]
resized_img = cv2.resize(img, (side, side)).reshape(1, side, side, 3)
print(resized_img.shape)
plt.figure(figsize=(4, 4))
plt.imshow(resized_img[0])
plt.axis("off")
plotting.show(f"The same photograph, {side}×{side} pixels: its sides are equal now.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask
#
# `preprocess_input` scales the pixels as the network's training did, `predict` gives the 1,000
# probabilities, `decode_predictions` names the largest.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
input_img = model_type.preprocess_input(resized_img)
pred = model.predict(input_img, verbose=0)
label = model_type.decode_predictions(pred)[0]
for _, name, probability in label:
    print(f"{name} ({probability:.2%})")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The lecture's model is MobileNet (Howard et al. 2017); the same lines work with Keras's own module. Its
# weights, 16 MB, are downloaded once. Without a network, and in the stored run, the cell below says that
# it has no weights; with one it names the cat.


# %% slideshow={"slide_type": "fragment"}
def ask(module, network, path):
    """The lines above in one: read, resize, preprocess, predict, name."""
    size = network.input_shape[1]
    batch = cv2.resize(cv2.imread(str(path)), (size, size)).reshape(1, size, size, 3)
    probabilities = network.predict(module.preprocess_input(batch), verbose=0)
    for _, name, probability in module.decode_predictions(probabilities)[0]:
        print(f"{name} ({probability:.2%})")


try:
    pretrained.fetch_for_keras("MobileNet")
except pretrained.WeightsUnavailableError:
    print("MobileNet is not on this machine, and cannot be downloaded now.")
else:
    mobilenet = keras.applications.mobilenet
    ask(mobilenet, mobilenet.MobileNet(), photographs.get("chelsea"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Logits and softmax
#
# As in lesson 01, the last layer computes a weighted sum for each class, its *logit*: any number, large
# where much speaks for the class. The *softmax* makes probabilities of them.
# `classifier_activation=None` leaves it out.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.1"]
import numpy as np

before_softmax = model_type.EfficientNetLite0(classifier_activation=None)  # the name as above
logits = before_softmax.predict(input_img, verbose=0)[0]
print(f"{len(logits):,} logits from {logits.min():.1f} to {logits.max():.1f}; 3 of them:")
for i in np.argsort(-logits)[:3]:
    name = pretrained.class_names()[i][1]
    print(f"{name}: logit {logits[i]:.1f}, probability {pred[0, i]:.2f}")
print(f"all probabilities sum to {pred.sum():.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: softmax
#
# The probability of a class is the exponential of its logit, divided by the sum of the exponentials of
# all logits: pᵢ = exp(zᵢ) / Σⱼ exp(zⱼ). One line.


# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
from course_utils.check import pretrained_models as check


def softmax(z):
    return ...  # your line


check.softmax(softmax)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# def softmax(z):
#     return np.exp(z) / np.exp(z).sum()
#
#
# check.softmax(softmax)
# ```
#
# The sum runs over all classes, so the probabilities sum to one, whatever the picture shows. (For
# large logits one subtracts the largest first, lest the exponential overflow; the result is the
# same.)
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three faults that raise no error
#
# The lecture's lines work, and two of them are wrong. The first is the odd picture above: OpenCV
# stores blue first (BGR), everybody else red (RGB), the network's training too. The numbers are a
# picture either way. And where a path is wrong `imread` gives `None`, so that the error comes later,
# somewhere else. `images.read_image` gives RGB, and names the file that it cannot read.

# %% slideshow={"slide_type": "fragment"}
from course_utils import images

photo = images.read_image(photographs.get("chelsea"))
as_read = cv2.imread(str(photographs.get("chelsea")))
as_rgb = cv2.cvtColor(as_read, cv2.COLOR_BGR2RGB)
print("largest difference to cvtColor:", np.abs(photo.astype(int) - as_rgb).max())
try:
    images.read_image("chelsea.jpeg")
except FileNotFoundError as error:
    print(str(error).split(". ")[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# The second: `cv2.resize` to a square *stretches*, which changes the proportions. One can also *pad*
# with borders, or *crop* the ends. Which would you choose for this rocket?
#
# **From here on** everything uses the model named in `MODEL`. Change it and run the cells below again.
# `pretrained.load` gives a model together with its image size and its preprocessing.

# %% slideshow={"slide_type": "fragment"}
MODEL = "EfficientNetLite0"  # or "EfficientNetLite2"; with a network also "MobileNet", "VGG16", …

classifier = pretrained.load(MODEL)
rocket = images.read_image(photographs.get("rocket"))
METHODS = ("stretch", "pad", "crop")
squares = [images.resize(rocket, classifier.input_size, method=method) for method in METHODS]
plotting.plot_images(
    [rocket, *squares],
    [f"original {rocket.shape[1]}×{rocket.shape[0]}", *METHODS],
    columns=4,
    title="One photograph, made square in three ways",
)
plotting.show(
    "A rocket on its launch pad four times: the wide original; stretched to a square, which makes "
    "all of it narrower; padded with black above and below; cropped to its middle."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The third: each family has its own *preprocessing*. Inception, MobileNet and EfficientNet-Lite want
# pixels from −1 to 1; VGG and ResNet want ImageNet's mean subtracted, in BGR order; DenseNet wants
# mean and deviation of each colour. It is part of the model as its weights are.
#
# We prepare thirteen photographs in seven ways: the right one, one that should not matter (mirrored), and
# five wrong ones. Before you look: which mistake costs most, and which may cost nothing?

# %% slideshow={"slide_type": "fragment"}
at_hand = {name: images.read_image(path) for name, path in photographs.at_hand().items()}
preprocess = pretrained.preprocess_for(MODEL)


def square(method):
    return np.stack(
        [images.resize(p, classifier.input_size, method=method) for p in at_hand.values()]
    )


cropped = square("crop")
VERSIONS = {
    "right": preprocess(cropped),
    "mirrored (a control)": preprocess(cropped[:, :, ::-1]),
    "stretched": preprocess(square("stretch")),
    "BGR for RGB": preprocess(cropped[..., ::-1]),
    "pixels 0 to 1": cropped.astype("float32") / 255,
    "pixels 0 to 255": cropped.astype("float32"),
    "preprocessed twice": preprocess(preprocess(cropped)),
}
answers = {name: classifier.model.predict(x, verbose=0) for name, x in VERSIONS.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# The first answers to four of them. Nothing raised an error. In which rows would you notice?

# %% slideshow={"slide_type": "fragment"}
from course_utils.tables import Table

SIX = list(at_hand)[:6]
class_names = [name for _, name in pretrained.class_names()]
Table(
    header=["first answer", *SIX[:4]],
    rows=[[name, *(class_names[i] for i in p.argmax(axis=1)[:4])] for name, p in answers.items()],
    formats=[""] * 5,
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In numbers: take the class that the rightly fed model names, and see how much of its probability is
# left. *Any* change to an image tends to lower the probability of the class that won. So each mistake is
# compared with a harmless change, the mirrored photograph. A mistake that destroys the answer is found
# soon. One that costs a few points looks harmless and stays in the code for years.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.03"]
from course_utils import intervals

first = answers["right"].argmax(axis=1)
left = {name: p[np.arange(len(first)), first] for name, p in answers.items()}
control = left["mirrored (a control)"]
lost = {
    name: intervals.bootstrap(np.mean, 100 * (control - left[name])) for name in list(VERSIONS)[2:]
}
ax = plotting.plot_estimates(lost, colours=dict.fromkeys(lost, "C0"), spec=".0f")
ax.axvline(0, color="grey")
ax.set(
    xlabel=f"points lost against mirroring: mean of {len(first)} photographs, 95 % interval",
    title=f"What does each mistake cost {MODEL}?",
)
plotting.show(f"Probability lost by mistake: {intervals.listed(lost, '.0f', ' points')}.")

# %% slideshow={"slide_type": "fragment"}
costly = [name for name, points in lost.items() if points.low > 0]
print("cost more than mirroring:", ", ".join(costly) or "none")
print("not told apart from it:", ", ".join(name for name in lost if name not in costly) or "none")

# %% [markdown] slideshow={"slide_type": "fragment"}
# "Not told apart" does not mean harmless: with thirteen photographs only large losses show, and with so few
# an interval is itself rough: where one ends near zero, do not lean on it. Right costs nothing, so do it
# right: RGB, proportions kept, the model's own preprocessing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask rightly
#
# `classifier.predict_top` does the three things: it takes photographs as they are, crops them, and
# preprocesses. Where is the model sure, and is it right there? What does it do with a subject that is
# none of its classes? (ImageNet has no class *person*, for instance.)
#
# Compare the cat with your first answer, in *Ask*. If a faulty input made the model surer there: one
# photograph cannot tell which way is right. That is why thirteen were asked.

# %% slideshow={"slide_type": "subslide"} tags=["tolerance=0.02"]
six = [at_hand[name] for name in SIX]
top = classifier.predict_top(six, k=5)
plotting.plot_top_predictions(six, top, title=f"Five best guesses of {classifier.name}")
plotting.show(
    "Each photograph beside bars of its five most probable classes. First answers: "
    + ", ".join(f"{n}: {g[0].label} {g[0].probability:.0%}" for n, g in zip(SIX, top, strict=True))
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Choose: accuracy, cost, answer
#
# Those that are ready on this machine, each at its own image size. *Multiply-adds* are counted as in
# lesson 01, for one image, of convolutions and dense layers (the authors' own tables differ by some per
# cent); beside them the time that one image takes here (the shortest of twenty). What would you take
# for a telephone, what for a server?

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
import time

from course_utils import costs, guards

ready = {name: pretrained.load(name) for name in pretrained.available()}
rows = []
for name, candidate in ready.items():
    image, spans = np.zeros((1, *candidate.model.input_shape[1:]), "float32"), []
    for _ in range(20):
        start = time.perf_counter()
        candidate.model.predict_on_batch(image)
        spans.append((start, time.perf_counter()))
    guards.check_timings(spans)  # none begins before the last one ended
    fastest = 1000 * np.diff(spans).min()
    info, work = candidate.info, costs.total(candidate.model).multiply_adds
    millions = work / 1e6, info.parameters / 1e6
    rows.append([name, 100 * info.top1, info.input_size, *millions, fastest])
Table(
    ["model", "top-1, published [%]", "pixels", "multiply-adds [M]", "parameters [M]", "here [ms]"],
    rows,
    ["", ".1f", "d", ",.0f", ".1f", ".0f"],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And what they say, side by side. Where do they differ, and which would you believe there?

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
said = {name: [g[0] for g in c.predict_top(six, k=1)] for name, c in ready.items()}
Table(
    ["photograph", *said],
    [
        (name, *(f"{guesses[i].label} {guesses[i].probability:.0%}" for guesses in said.values()))
        for i, name in enumerate(SIX)
    ],
    [""] * (1 + len(said)),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: twice the size
#
# Change and predict: EfficientNet-Lite0 can be built for images of 448×448 in place of 224×224 pixels. By
# what factors do its multiply-adds and its parameters grow? Write both; then look:
# `costs.total(efficientnet_lite.EfficientNetLite0(weights=None, input_shape=(448, 448, 3)))`.

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
times_multiply_adds = ...
times_parameters = ...

check.at_twice_the_size(times_multiply_adds, times_parameters)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# times_multiply_adds = 4
# times_parameters = 1
#
# check.at_twice_the_size(times_multiply_adds, times_parameters)
# ```
#
# Each kernel is laid on twice as many rows of twice as many places. It is the same kernel: weights are
# shared.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your own photographs
#
# Choose from the menus, or upload a photograph. If a file is not an image, a message below the menus says
# so.

# %% slideshow={"slide_type": "fragment"}
from course_utils import widgets

widgets.ModelMenu(pretrained.available(), photographs.at_hand())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The plain way, with `MODEL` from above and the name or path of a photograph:

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.02"]
mine = images.read_image(photographs.get("motorcycle"))
for guess in pretrained.load(MODEL).predict_top([mine])[0]:
    print(f"{guess.label} {guess.probability:.0%}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise: fool it
#
# Open: change at most a quarter of the photograph's pixels so that you still see a cat, but the model's
# first answer is another class. Can you do it with fewer? And what does that say of how the model sees?

# %% slideshow={"slide_type": "fragment"} tags=["exercise"]
altered = ...  # begin with photo.copy()

check.another_answer(altered, photo, classifier)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["solution"]
# <details><summary>Solution</summary>
#
# ```python
# altered = photo.copy()
# altered[::8] = 0
# altered[:, ::8] = 0
#
# check.another_answer(altered, photo, classifier)
# ```
#
# A cat behind a thin black grid. A person looks through it. One reading is that such a network goes by
# texture more than by shape (Geirhos et al. 2018). Try a square of as many pixels over the face: does it
# change more, or less? (Look: `plotting.plot_image(altered)`.)
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 11: training on ImageNet from scratch takes days or weeks
#
# Is it worth borrowing weights? Take VGG-16 as Simonyan & Zisserman (2014) trained it: 74 epochs
# (section 3.1) of 1.28 million images, on four Titan Black cards in two to three weeks (section 3.3).
# First a *derivation*. Going forward is counted from the model. Going backward costs twice that: once
# for the gradients of the activations, once for those of the weights. The maker gives 5.1 TFLOPS a
# card, half of it in multiply-adds. A peak is a lower bound: no training reaches it. The rule: over a day,
# on their cards at full speed and on this machine. Guess first: how many days at full speed, hours or
# weeks?

# %% slideshow={"slide_type": "fragment"}
IMAGES, EPOCHS, DAY = 1_281_167, 74, 24 * 60 * 60

base = keras.applications.VGG16(
    include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
)
convolutions = costs.total(base).multiply_adds
dense = 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000  # its three dense layers
training = 3 * (convolutions + dense) * IMAGES * EPOCHS
peak = training / (4 * 5.1e12 / 2) / DAY
print(f"one image forward: {(convolutions + dense) / 1e9:.1f} billion multiply-adds")
print(f"the whole training: {training / 1e18:.1f} × 10¹⁸")
print(f"on the four cards at their peak: {peak:.1f} days")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then the *measurement*: how fast does this machine train it? Five steps, forward and backward, of
# the convolutions alone. (A graphics card gets more images a step, to be busy. The interval is of these
# five steps only.)

# %% slideshow={"slide_type": "fragment"}
import tensorflow as tf

n_images = 32 if tf.config.list_physical_devices("GPU") else 2
pixels = np.random.default_rng(0).random((n_images, 224, 224, 3), dtype="float32")
targets = np.zeros((n_images, 512), "float32")
base.compile(optimizer="sgd", loss="mse")
base.train_on_batch(pixels, targets)  # compiles

spans = []
for _ in range(5):
    start = time.perf_counter()
    base.train_on_batch(pixels, targets)
    spans.append((start, time.perf_counter()))
guards.check_timings(spans)
days = intervals.mean(IMAGES * EPOCHS * np.diff(spans)[:, 0] / n_images / DAY)
finding = f"VGG-16: {peak:.0f} days at the four cards' peak (reported: 14 to 21), "
finding += f"{days:,.0f} on this machine (5 steps of its convolutions)"

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
from course_utils import claims

claims.verdict(
    11, finding, cards_take_days=peak > 1, bound_holds=peak < 14, machine_takes_days=days.low > 1
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# With 256 newer cards Goyal et al. (2017) trained ResNet-50 in an hour: days or weeks are the price
# for those who have a few cards, not a law. Weights that are trained load in a second.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A pretrained model is two things: weights, and the exact way its inputs were prepared.
# - `cv2.imread` returns BGR. Convert once, where you read.
# - Keep proportions: crop, do not stretch. Use the model's own input size.
# - Wrong preprocessing raises no error.
# - Softmax shares out one among the classes it knows, whatever the picture shows.
# - Weights that took weeks to train load in a second.
#
# Next: [08 · Transfer learning](08_transfer_learning.ipynb). Can it learn five new things from 65 examples?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["quiz"]
# **Question 1.** A network was trained on RGB images and gets one in BGR. What happens?
#
# <details><summary>A. It raises an error about the channels.</summary>
#
# Wrong. The shape is the same, three channels of numbers from 0 to 255; nothing can be noticed.
#
# </details>
#
# <details><summary>B. It answers, often something else, and raises no error.</summary>
#
# Right. A picture with exchanged colours is still a picture, of bluish things.
#
# </details>
#
# <details><summary>C. It answers as before: networks look at shapes only.</summary>
#
# Wrong. The first kernels are tuned to colours too, and some classes differ in little else.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 2.** You take VGG16's weights and scale pixels to −1 … 1, as MobileNet does. Is that fine?
#
# <details><summary>A. Yes, if all pictures are scaled alike.</summary>
#
# Wrong. They are alike among themselves, but unlike those that its weights were fitted to.
#
# </details>
#
# <details><summary>B. Yes, batch normalization repairs it.</summary>
#
# Wrong. VGG16 has none; and with it the remembered mean and variance would be those of training.
#
# </details>
#
# <details><summary>C. No, the preprocessing belongs to the weights.</summary>
#
# Right. A pretrained model is both: the numbers, and the exact way its inputs were prepared.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 3.** The model says "espresso" with 94 %. What do you know?
#
# <details><summary>A. Of the 1,000 classes, this one gets 94 % of the softmax.</summary>
#
# Right. The shares sum to one over these classes, whatever the picture shows.
#
# </details>
#
# <details><summary>B. In 94 of 100 such cases it is an espresso.</summary>
#
# Wrong. That would be a *calibrated* model, which has to be measured (lesson 09).
#
# </details>
#
# <details><summary>C. The picture is 94 % espresso and 6 % something else.</summary>
#
# Wrong. Softmax shares out belief among classes, not the area of the picture.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 4.** Lite2 has a top-1 accuracy of 77.6 %, Lite0 of 75.1 %. Your photograph gets two
# different answers. Which is right?
#
# <details><summary>A. Lite2's, since it is more accurate.</summary>
#
# Wrong. It is so on average over 50,000 images; on many single ones Lite0 alone is right.
#
# </details>
#
# <details><summary>B. The one with the higher probability.</summary>
#
# Wrong. Two networks need not be equally bold: a surer answer of one may be right less often.
#
# </details>
#
# <details><summary>C. That cannot be told from these numbers.</summary>
#
# Right. An accuracy speaks of many images; one image takes its own look.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"} tags=["quiz"]
# **Question 5.** Forward, VGG-16 takes 15.5 billion multiply-adds for an image. What does a step of
# training take for it?
#
# <details><summary>A. About as much: the error is one more number.</summary>
#
# Wrong. The error has to be carried back through every layer.
#
# </details>
#
# <details><summary>B. About three times as much.</summary>
#
# Right. Once forward; backward once for the activations' gradients and once for the weights'.
#
# </details>
#
# <details><summary>C. As many times as there are parameters.</summary>
#
# Wrong. Backpropagation gives all derivatives in one pass back; that is its whole point.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bibliography
#
# - Deng, Dong, Socher, Li, Li & Fei-Fei (2009), "ImageNet: a large-scale hierarchical image
#   database", CVPR.
# - Geirhos et al. (2018), "ImageNet-trained CNNs are biased towards texture; increasing shape bias improves
#   accuracy and robustness", arXiv:1811.12231.
# - Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour",
#   arXiv:1706.02677.
# - Howard et al. (2017), "MobileNets: efficient convolutional neural networks for mobile vision
#   applications", arXiv:1704.04861.
# - Russakovsky et al. (2015), "ImageNet large scale visual recognition challenge", arXiv:1409.0575.
# - Simonyan & Zisserman (2014), "Very deep convolutional networks for large-scale image recognition",
#   arXiv:1409.1556.
# - Tan & Le (2019), "EfficientNet: rethinking model scaling for convolutional neural networks",
#   arXiv:1905.11946; the Lite variants: github.com/tensorflow/tpu, models/official/efficientnet/lite.
#
# Accuracies: keras.io/api/applications, and for EfficientNet-Lite its authors' table. Photographs:
# scikit-image, matplotlib, and `data/photographs`.
