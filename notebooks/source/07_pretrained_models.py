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
# **What does a network that knows ImageNet say about a photograph, and what must you do to the
# photograph first?**
#
# About one minute on 2 cores ·
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/course-owner/cnn-transfer-learning-course/blob/main/notebooks/07_pretrained_models.ipynb)
#
# - **What you do:** load a network with its ImageNet weights and have it name what is in six
#   photographs.
# - **What you learn:** to choose a model, and three ways to feed it wrongly that raise no error:
#   colours in the wrong order, distorted shapes, wrong preprocessing.
# - **What you need:** lessons 01 and 02, where these networks are built.

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
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
from keras.applications import VGG16

from course_utils import claims, costs, experiments, intervals, networks, plotting, pretrained
from course_utils.data import sample_photographs
from course_utils.images import read_image, resize
from course_utils.tables import Table

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which models are there?
#
# Training on ImageNet is expensive, and its results are free: `keras.applications` holds the
# weights of many published networks. The course's catalogue lists those of the lecture and one
# more, EfficientNet-Lite0, which is small enough to come with the course.
#
# *Top-1* is the share of ImageNet's 50,000 validation images whose first answer is right, as
# published on keras.io and, for EfficientNet-Lite0, by its authors.

# %% slideshow={"slide_type": "fragment"}
catalogue = sorted(pretrained.catalogue(), key=lambda info: info.top1)
Table(
    header=["model", "year", "input (pixels)", "parameters (millions)", "top-1 (%)"],
    rows=[[m.name, m.year, m.input_size, m.parameters / 1e6, 100 * m.top1] for m in catalogue],
    formats=["", "d", "d", ".1f", ".1f"],
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# More parameters, more accuracy? Look at the lower right corner first, then along the upper left
# edge: those models give the most accuracy for their size.

# %% slideshow={"slide_type": "fragment"}
plotting.plot_model_catalogue(catalogue, title="Is a larger model a better one?")
largest, most_accurate = max(catalogue, key=lambda info: info.parameters), catalogue[-1]
plotting.show(
    "ImageNet accuracy of the models against their parameters. "
    + " and ".join(
        f"{info.name} has {info.parameters / 1e6:.0f} million and {100 * info.top1:.1f} %"
        for info in (largest, most_accurate)
    )
    + ": the largest and the most accurate."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which of them can be used right now, without a network? Those whose weights come with the course,
# and those that Keras has downloaded before.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
ready = pretrained.available()
others = [model.name for model in catalogue if model.name not in ready]
print("ready now:", ", ".join(ready))
print(textwrap.fill("with a network also: " + ", ".join(others), width=90))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Choose one
#
# Change the name and run the rest again: everything below follows, the input size and the
# preprocessing too.

# %% slideshow={"slide_type": "fragment"}
MODEL = "EfficientNetLite0"  # or "MobileNet", "VGG16", "ResNet50", "InceptionV3", "DenseNet121", …

classifier = pretrained.load(MODEL)
print(f"{classifier.name}: images of {classifier.input_size}×{classifier.input_size} pixels,")
print(f"{classifier.info.parameters:,} parameters, weights: {classifier.weights_source}")
print(classifier.info.paper)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Its summary, block by block, with the shape that leaves each block. Look at the two ends: what goes
# in, what comes out? (`classifier.summary()` lists every single layer.)

# %% slideshow={"slide_type": "fragment"}
print("in: ", classifier.model.input_shape)
print("out:", classifier.model.output_shape)
costs.table(classifier.model, caption=classifier.name)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Read a photograph
#
# OpenCV reads almost any image file. What is wrong with this one?

# %% slideshow={"slide_type": "fragment"}
photographs = sample_photographs()
as_read = cv2.imread(str(photographs["chelsea"]))
print(as_read.shape, as_read.dtype)

as_rgb = cv2.cvtColor(as_read, cv2.COLOR_BGR2RGB)
plotting.plot_images(
    [as_read, as_rgb],
    ["cv2.imread (BGR)", "after cv2.cvtColor (RGB)"],
    title="OpenCV stores blue first; everybody else, red",
)
plotting.show("A cat's face twice: bluish as OpenCV reads it, in natural colours after conversion.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# No error, no warning: the numbers are a picture either way. And if the path is wrong, `imread`
# returns `None` and the error comes later, somewhere else. `course_utils.images.read_image` does
# both things once and for all: it returns RGB, and it names the file that it cannot read.

# %% slideshow={"slide_type": "fragment"}
try:
    read_image("chelsea.jpeg")
except FileNotFoundError as error:
    print(str(error).split(". ")[0])

photo = read_image(photographs["chelsea"])
print("the same as above:", np.array_equal(photo, as_rgb))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Make it square
#
# The model wants a square. Three ways to get one: *stretch* changes the proportions, *pad* adds
# borders, *crop* cuts off the ends. Which would you choose for this rocket?

# %% slideshow={"slide_type": "fragment"}
rocket = read_image(photographs["rocket"])
methods = ("stretch", "pad", "crop")
squares = [resize(rocket, classifier.input_size, method=method) for method in methods]

plotting.plot_images(
    [rocket, *squares],
    [f"original {rocket.shape[1]}×{rocket.shape[0]}", *methods],
    columns=4,
    title="One photograph, made square in three ways",
)
plotting.show(
    "A rocket on its launch pad four times: the wide original; stretched to a square, which makes "
    "all of it narrower; padded with black above and below; cropped to its middle."
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# How much does the answer depend on it? The same photograph, made square in three ways.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.01"]
for method, top in zip(methods, classifier.predict_top(squares, k=2), strict=True):
    answers = ", ".join(f"{p.label} {p.probability:.0%}" for p in top)
    print(f"{method:>8}: {answers}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Preprocess
#
# A network expects numbers like those it was trained on. Each family has its own habit: pixels from
# −1 to 1 (Inception, MobileNet, EfficientNet-Lite), ImageNet's mean subtracted in BGR order (VGG,
# ResNet), or mean and standard deviation of each colour (DenseNet). `classifier.preprocess` crops,
# then calls the function that belongs to the model.

# %% slideshow={"slide_type": "fragment"}
inputs = classifier.preprocess(photo[None])
print("photograph:", photo.shape, photo.dtype, "from", photo.min(), "to", photo.max())
print("model input:", inputs.shape, inputs.dtype, f"from {inputs.min():.2f} to {inputs.max():.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What if you get it wrong?** Six photographs that come with matplotlib and scikit-image, prepared
# rightly and in five wrong ways. Nothing raises an error; only the first row is what the network was
# made for. Which mistake costs most?

# %% slideshow={"slide_type": "fragment"}
photos = {name: read_image(path) for name, path in photographs.items()}
preprocess = pretrained.preprocess_for(MODEL)
side = classifier.input_size
cropped = np.stack([resize(photo, side) for photo in photos.values()])
stretched = np.stack([resize(photo, side, method="stretch") for photo in photos.values()])

versions = {
    "right": preprocess(cropped),
    "stretched": preprocess(stretched),
    "BGR for RGB": preprocess(cropped[..., ::-1]),
    "pixels 0 to 1": cropped.astype("float32") / 255,
    "pixels 0 to 255": cropped.astype("float32"),
    "preprocessed twice": preprocess(preprocess(cropped)),
}
answers = {name: classifier.model.predict(x, verbose=0) for name, x in versions.items()}

names = [label for _, label in pretrained.class_names()]
Table(
    header=["first answer", *photos],
    rows=[[name, *(names[i] for i in p.argmax(axis=1))] for name, p in answers.items()],
    formats=[""] * (1 + len(photos)),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Take the class that the rightly fed model names, and see what probability is left for it, on
# average over the six. A mistake that destroys the answer is found soon. One that costs a few points
# looks harmless and stays in the code for years. Stretching costs nothing on average here: it helps
# the cat and harms the rocket.

# %% slideshow={"slide_type": "fragment"} tags=["tolerance=0.05"]
first = answers["right"].argmax(axis=1)
left = [p[np.arange(len(first)), first].mean() for p in answers.values()]

ax = plotting.plot_probabilities(list(answers), left)
ax.set(
    xlabel="mean probability of the class named when fed rightly",
    title="How much of the answer is left after each mistake?",
)
plotting.show(
    "Bars of the mean probability that is left for the class named when fed rightly: "
    + ", ".join(f"{name} {p:.0%}" for name, p in zip(answers, left, strict=True))
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask it
#
# The model gives a probability to each of 1000 classes; we show the five largest. Where is it sure
# and right? What does it do with a picture whose subject is none of its classes?

# %% slideshow={"slide_type": "fragment"}
top = classifier.predict_top(list(photos.values()), k=5)

plotting.plot_top_predictions(
    list(photos.values()), top, title=f"Five best guesses of {classifier.name}"
)
plotting.show(
    "Each photograph beside bars of its five most probable classes. First answers: "
    + ", ".join(f"{name} {guesses[0].label}" for name, guesses in zip(photos, top, strict=True))
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The probabilities of the 1000 classes sum to one, whatever the picture shows. ImageNet has no class
# *person*, so a portrait becomes the clothes it wears.

# %% slideshow={"slide_type": "fragment"}
for name, predictions in zip(photos, top, strict=True):
    print(f"{name:>12}: {predictions[0].label}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One photograph, every model
#
# The same cat through each model that is ready on this machine, each with its own input size and
# preprocessing. With a network, load one more in the cell above (`pretrained.load("MobileNet")`
# fetches 16 MB) and it joins the list.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
for name in pretrained.available():
    model = pretrained.load(name)
    ((best, second),) = model.predict_top([photo], k=2)
    print(
        f"{name:>20} {model.input_size:>4} px   {best.label} {best.probability:.0%}, "
        f"{second.label} {second.probability:.0%}"
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# And a model that is neither here nor within reach? The error comes at once and says what to do.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
try:
    pretrained.load("NASNetLarge", weights="bundled")
except pretrained.WeightsUnavailableError as error:
    print(textwrap.fill(str(error).replace(str(Path.home()), "~"), width=90))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Claim 11: training on ImageNet from scratch takes days or weeks
#
# Is it worth borrowing weights? Take VGG-16 as its authors trained it (Simonyan & Zisserman 2014):
# 1.28 million images, 74 epochs, on four graphics cards. First the work, in multiply-adds. Going
# forward once is counted from the model; going backward costs about twice as much again, one pass
# for the gradients of the activations and one for those of the weights.

# %% slideshow={"slide_type": "fragment"}
IMAGES, EPOCHS = 1_281_167, 74  # Russakovsky et al. 2015; Simonyan & Zisserman 2014, section 3.1

with networks.shapes_only():
    forward = costs.total(VGG16(weights=None)).multiply_adds
work = 3 * forward * IMAGES * EPOCHS
print(f"one image forward: {forward / 1e9:.1f} billion multiply-adds")
print(f"the whole training: {work / 1e18:.1f} × 10¹⁸ multiply-adds")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then the speed. Here: the time VGG-16's convolutions take for eight images, five times. For the
# authors' four Titan Black cards: NVIDIA gives 5.1 TFLOPS each, half of it in multiply-adds, and
# nobody reaches more than a part of that. The authors themselves report two to three weeks.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
base = VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))  # speed needs no weights
base_work = costs.total(base).multiply_adds
batch = np.zeros((8, 224, 224, 3), "float32")
base.predict(batch, verbose=0)  # compiles


def multiply_adds_per_second(_):
    start = time.perf_counter()
    base.predict(batch, verbose=0)
    return len(batch) * base_work / (time.perf_counter() - start)


speeds = experiments.repeat(multiply_adds_per_second, range(5), label="timing VGG16")
days = {
    "here": intervals.mean(work / speeds / 86_400),
    "on four Titan Black, at their peak": work / (4 * 5.1e12 / 2) / 86_400,
}
for place, value in days.items():
    print(f"days of training {place}: {value:,.0f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Weeks* was true in 2014 for those who had the cards. With 256 newer ones, ResNet-50 was trained in
# an hour (Goyal et al. 2017), for the price of 256 cards. On the machine in front of you the answer
# is in the line above. Borrowing is worth it.

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
cards, here = days["on four Titan Black, at their peak"], days["here"]
claims.verdict(
    11,
    f"VGG-16's 74 epochs are {work / 1e18:.1f} × 10¹⁸ multiply-adds: {cards:.0f} days on the "
    f"authors' four cards at their peak (they report 14 to 21), {here:,.0f} on this machine "
    "(5 timings)",
    cards_take_days=cards > 1,
    machine_takes_days=here.low > 1,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you learned
#
# - A pretrained model is two things: weights, and the exact way its inputs were prepared.
# - `cv2.imread` returns BGR. Convert once, where you read.
# - Keep proportions: crop, do not stretch. Use the model's own input size.
# - Wrong preprocessing raises no error. It costs the answer.
# - Weights that took weeks to train load in a second.
#
# ## Try
#
# 1. Set `MODEL` to another name that is ready, and run all cells. Which of the five mistakes does
#    that model forgive?
# 2. Read a photograph of your own with `read_image` and ask the model. Then turn it upside down
#    (`photo[::-1]`) and ask again.
# 3. Crop the astronaut so that only the helmet is left. Does the first answer change?
