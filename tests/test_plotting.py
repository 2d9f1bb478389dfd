"""Every figure is drawn by the same rules, and shown with the words that stand for it."""

import base64
import functools
import html
import inspect
import io
import re
import sys
import warnings
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, JpegImagePlugin
from skimage import data

from course_utils import costs, plotting, pretrained, published
from course_utils.experiments import Search
from course_utils.intervals import Estimate
from course_utils.paths import notebooks_dir
from course_utils.plotting import style as style_module
from course_utils.plotting.style import HIGH, SMALL, WIDE

matplotlib.use("agg")

FUNCTIONS = sorted(name for name in plotting.__all__ if name.startswith("plot_"))
AX = "ax : Axes, optional\n    Where to draw; a new figure if not given.\n"
ALT = "A line that rises from nothing, and \"<>&' in the words."


def network():
    from keras import Input, Model, layers

    x = inputs = Input((32, 32, 3), name="input")
    for i in range(8):
        x = layers.Add(name=f"block{i}_add")([x, layers.Conv2D(3, 1, name=f"block{i}_conv")(x)])
    return Model(inputs, layers.Dense(10, name="dense")(layers.Flatten(name="dense_flat")(x)))


def block():
    from keras import Input, Model, layers

    inputs = Input((8, 8, 4), name="input")
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    return Model(inputs, layers.Add(name="add")([inputs, layers.ReLU(name="relu")(x)]))


def u_net(merge="Concatenate"):
    from keras import Input, Model, layers

    x = inputs = Input((16, 16, 1), name="input")
    fine = {}
    for level in (1, 2):
        fine[level] = x = layers.Conv2D(level, 3, padding="same", name=f"down{level}_conv")(x)
        x = layers.MaxPooling2D(2, name=f"down{level}_pool")(x)
    x = layers.Conv2D(1024, 3, padding="same", name="bottom_conv")(x)
    for level in (2, 1):
        x = layers.Conv2DTranspose(level, 2, 2, name=f"up{level}_enlarge")(x)
        x = getattr(layers, merge)(name=f"up{level}_merge")([fine[level], x])
    return Model(inputs, layers.Conv2D(1, 1, name="score_conv")(x), name="Small")


IMAGES = np.zeros((10, 64, 64, 3), "uint8")
MASKS = np.eye(64, dtype="uint8")[None].repeat(10, axis=0)
LABELS = np.arange(10) % 5
NAMES = ("Hat", "Cube", "Card", "Torch", "Screw")
ESTIMATES = {"a": Estimate(0.5, 0.4, 0.6, 3), "b": Estimate(0.7, 0.4, 0.8, 3)}
GUESSES = [SimpleNamespace(label="combination_lock", probability=p) for p in (1.0, 0.3, 0.0)]
# A call of each function on something like what the lessons draw.
EXAMPLES = {
    "plot_architecture": lambda **ax: plotting.plot_architecture(network(), **ax),
    "plot_challenge": functools.partial(
        plotting.plot_challenge, published.CHALLENGE, published.HUMAN_TOP5_ERROR
    ),
    "plot_confusion_matrix": functools.partial(
        plotting.plot_confusion_matrix, LABELS, LABELS[::-1], NAMES
    ),
    "plot_costs": lambda: plotting.plot_costs(
        [costs.Cost(f"block{i}", "Conv2D", (8, 8, 3), 10**i, 0, 10**i) for i in range(1, 9)]
    ),
    "plot_curves": functools.partial(plotting.plot_curves, [1, 2], {"a": np.ones((3, 2))}),
    "plot_search": functools.partial(
        plotting.plot_search, {"a": Search([0.1, 0.3, 1], np.array([[2, 1, np.inf], [2, 1, 3]]))}
    ),
    "plot_estimates": functools.partial(plotting.plot_estimates, ESTIMATES),
    "plot_estimates_along": functools.partial(
        plotting.plot_estimates_along, [1, 2], {"line": list(ESTIMATES.values())}
    ),
    "plot_graph": lambda **ax: plotting.plot_graph(block(), **ax),
    "plot_heat": lambda: plotting.plot_heat(IMAGES, 1.0 * MASKS, ["a"] * 10, masks=MASKS),
    "plot_history": lambda: plotting.plot_history(published.NETS, title="A"),
    "plot_image": functools.partial(plotting.plot_image, IMAGES[0]),
    "plot_images": lambda: plotting.plot_images(IMAGES, ["a"] * 10, title="A"),
    "plot_maps": lambda: plotting.plot_maps([np.eye(3), np.ones((20, 20))], ["a", "b"], title="A"),
    "plot_masks": lambda: plotting.plot_masks(
        IMAGES[:8], MASKS[:8], dict.fromkeys("abc", MASKS[:8]), title="A"
    ),
    "plot_model_catalogue": functools.partial(
        plotting.plot_model_catalogue, pretrained.catalogue()
    ),
    "plot_patches": lambda: plotting.plot_patches(
        dict.fromkeys(("a: each", "b: each", "c: each"), [list(IMAGES[:6])] * 5), title="A"
    ),
    "plot_predictions": lambda: plotting.plot_predictions(
        IMAGES, LABELS, np.eye(5)[LABELS[::-1]], NAMES, title="A"
    ),
    "plot_probabilities": functools.partial(
        plotting.plot_probabilities, ["tabby", "lynx"], [0.9, 0.1]
    ),
    "plot_samples": lambda: plotting.plot_samples(
        IMAGES.repeat(3, axis=0), LABELS.repeat(3), NAMES, per_class=6, title="A"
    ),
    "plot_top_predictions": lambda: plotting.plot_top_predictions(
        IMAGES[:6], [GUESSES + GUESSES[:2]] * 6, title="A"
    ),
    "plot_u": lambda **ax: plotting.plot_u(u_net(), **ax),
}
each_function = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context():
        plotting.set_style()
        yield
    plt.close("all")


@each_function
def test_signature_and_docstring_follow_one_form(name):
    function = getattr(plotting, name)
    signature, text = inspect.signature(function), inspect.getdoc(function) + "\n"
    assert signature.return_annotation in (Axes, Figure)
    assert f"\nReturns\n-------\n{signature.return_annotation.__name__}\n" in text
    is_one_plot = signature.return_annotation is Axes
    assert ("ax" in signature.parameters) == is_one_plot
    if is_one_plot:
        ax = signature.parameters["ax"]
        assert (ax.kind, ax.default, ax.annotation) == (ax.KEYWORD_ONLY, None, Axes | None)
        assert AX in text


@each_function
def test_figure_fits_a_page_and_its_text_is_read_from_the_last_row(name):
    drawn = EXAMPLES[name]()
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    figure.draw_without_rendering()
    assert isinstance(drawn, inspect.signature(getattr(plotting, name)).return_annotation)
    width, height = figure.get_tightbbox().size
    assert width <= WIDE and height <= HIGH
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= SMALL if texts else name == "plot_image"


@each_function
def test_handed_axes_are_drawn_on(name):
    if inspect.signature(getattr(plotting, name)).return_annotation is Axes:
        _, axes = plt.subplots(1, 2)
        assert EXAMPLES[name](ax=axes[0]) is axes[0]
        assert plt.get_fignums() == [1] and not axes[1].has_data()


def test_methods_are_called_in_the_lessons_what_their_colours_know_them_by():
    lessons = "".join(
        path.read_text(encoding="utf-8") for path in notebooks_dir().glob("source/*.py")
    )
    assert [method for method in plotting.METHOD_COLOURS if method not in lessons] == []


def boxes(texts):
    return [text.get_window_extent() for text in texts]


def test_names_in_the_catalogue_hide_neither_each_other_nor_a_point():
    ax = EXAMPLES["plot_model_catalogue"]()
    ax.figure.draw_without_rendering()
    names = boxes(ax.texts)
    points = [ax.transData.transform(line.get_xydata()[0]) for line in ax.lines]
    assert len(names) == len(points) == len(pretrained.catalogue())
    for i, name in enumerate(names):
        assert not name.count_overlaps(names[:i] + names[i + 1 :]), ax.texts[i].get_text()
        assert not any(name.contains(*point) for point in points), ax.texts[i].get_text()


@pytest.mark.parametrize("name", ["plot_architecture", "plot_history", "plot_costs", "plot_u"])
def test_labels_do_not_overlap(name):
    drawn = EXAMPLES[name]()
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    figure.draw_without_rendering()
    texts = [text for ax in figure.axes for text in ax.texts if text.get_text()]
    for i, text in enumerate(texts):
        assert not text.get_window_extent().count_overlaps(boxes(texts[:i])), text.get_text()


def test_u_says_sides_maps_and_what_merges_them():
    texts = [text.get_text() for text in plotting.plot_u(u_net("Add")).texts if text.get_text()]
    boxes = ["16×16\n1 maps", "8×8\n2 maps", "4×4\n1024 maps", "8×8\n2 maps", "16×16\n1 maps"]
    assert texts == [*boxes, "+", "+"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (block, r"connections are input to add\. .* plot_architecture"),
        (network, "connections are none"),
    ],
)
def test_u_of_a_net_that_is_none_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot_u(model())


@pytest.mark.parametrize("alt", ["", "   ", "A line."])
def test_figure_without_words_is_refused(alt):
    plt.plot([0, 1])
    with pytest.raises(ValueError, match="what is drawn"):
        plotting.show(alt)


def test_no_figure_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="No figure is open"):
        plotting.show(ALT)


def test_outside_a_notebook_matplotlib_shows_it(monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    figure, _ = plt.subplots()
    plotting.show(ALT)
    assert shown == [figure] and not plt.get_fignums()


def shown_in_a_notebook(monkeypatch, figure=None):
    """What a notebook stores: the kind of picture, the picture, width and alternative text."""
    displayed = []
    module = sys.modules["course_utils.plotting.show"]
    monkeypatch.setattr(module, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(module, "display", lambda data, raw: displayed.append(data))
    plotting.show(ALT, figure)
    (bundle,) = displayed
    assert set(bundle) == {"text/html", "text/plain"} and bundle["text/plain"] == ALT
    kind, encoded, alt, width = re.fullmatch(
        r'<img src="data:image/(\w+);base64,([^"]+)" alt="([^"<>]+)" width="(\d+)" style="[^"]+">',
        bundle["text/html"],
    ).groups()
    assert html.unescape(alt) == ALT
    return kind, Image.open(io.BytesIO(base64.b64decode(encoded))), int(width)


def pixels(figure):
    """The figure as it is before it is stored."""
    exact = io.BytesIO()
    figure.savefig(exact, dpi=1.5 * figure.dpi, bbox_inches="tight", pad_inches=0.04)
    return np.asarray(Image.open(exact).convert("RGB"), float)


def test_drawing_is_stored_without_loss_and_sharp(monkeypatch):
    plt.rcParams["figure.constrained_layout.use"] = False  # it moves a little at each drawing
    figure, ax = plt.subplots(figsize=(4, 3))
    ax.imshow(np.arange(4096).reshape(64, 64), cmap="viridis")
    kind, picture, width = shown_in_a_notebook(monkeypatch)
    assert kind == "png" and not plt.get_fignums()
    assert np.array_equal(np.asarray(picture.convert("RGB")), pixels(figure))
    assert width == round(picture.width / 1.5) and abs(width - 300) < 50


def test_photograph_keeps_its_colours(monkeypatch):
    plt.rcParams["figure.constrained_layout.use"] = False
    figure, ax = plt.subplots(figsize=(5, 5))
    ax.imshow(data.astronaut())
    kind, picture, _ = shown_in_a_notebook(monkeypatch)
    assert kind == "jpeg" and JpegImagePlugin.get_sampling(picture) == 0
    assert len(picture.getcolors(picture.width * picture.height)) > 10_000, "posterised"
    assert np.abs(np.asarray(picture, float) - pixels(figure)).mean() < 3


@pytest.mark.parametrize(("size", "kind"), [(400, "jpeg"), (3, "png")])
def test_noise_is_stored_as_jpeg_and_large_pixels_without_loss(monkeypatch, size, kind):
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), "uint8")
    plotting.plot_images(noise, list("abcd"), columns=4)
    assert shown_in_a_notebook(monkeypatch)[0] == kind


def test_the_figure_that_is_handed_over_is_shown_and_closed(monkeypatch):
    first, _ = plt.subplots(figsize=(3, 2))
    plt.subplots(figsize=(6, 2))
    _, _, width = shown_in_a_notebook(monkeypatch, first)
    assert abs(width - 300) < 20 and plt.get_fignums() == [2]


def test_a_warning_of_the_drawing_is_passed_on(monkeypatch):
    figure, _ = plt.subplots()
    save = figure.savefig

    def warn_and_save(*args, **options):
        warnings.warn("odd", stacklevel=1)
        save(*args, **options)

    monkeypatch.setattr(figure, "savefig", warn_and_save)
    with pytest.warns(UserWarning, match="^odd$"):
        shown_in_a_notebook(monkeypatch, figure)


def test_few_numbers_are_written_into_their_squares_and_many_are_not():
    few, many = np.array([[0.04, -2.0], [-0.04, 1.25]]), np.ones((20, 20))
    figure = plotting.plot_maps([few, many, few], ["a", "b", "c"], columns=4)
    texts = [[(text.get_text(), text.get_color()) for text in ax.texts] for ax in figure.axes[:3]]
    assert texts[0] == [("0", "black"), ("-2", "white"), ("0", "black"), ("1.2", "white")]
    assert texts[1] == [] and texts[2] == texts[0]
    assert figure.axes[0].images[0].get_clim() == (-2, 2)
    assert not any(ax.texts for ax in plotting.plot_maps([few], ["a"], columns=5).axes)


def test_room_that_is_left_over_stays_empty():
    figure = plotting.plot_top_predictions(IMAGES[:5], [GUESSES] * 5)
    assert [ax.axison for ax in figure.axes[-2:]] == [False, False]


def test_masks_alone_have_two_rows_and_no_legend():
    figure = plotting.plot_masks(IMAGES[:3], MASKS[:3])
    assert len(figure.axes) == 6 and not figure.legends


NAMES_AS_BROUGHT = ("$5 and $6", "_other_", "a_b^c", r"\$x$", "모자")


def drawn_texts(drawn):
    """What is drawn, as matplotlib's renderer gets it, and whether as a formula."""
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no font may have Hangul here
        figure.draw_without_rendering()
    return [text._preprocess_math(text.get_text()) for text in figure.findobj(Text)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda names: plotting.plot_images(IMAGES[:5], names),
        lambda names: plotting.plot_samples(IMAGES, LABELS, names),
        lambda names: plotting.plot_probabilities(names, [0.2] * 5),
        lambda names: plotting.plot_confusion_matrix(LABELS, LABELS, names),
        lambda names: plotting.plot_curves([1, 2], {name: np.ones((3, 2)) for name in names}),
        lambda names: plotting.plot_estimates(dict.fromkeys(names, ESTIMATES["a"])),
        lambda names: plotting.plot_estimates_along(
            [1, 2], {name: list(ESTIMATES.values()) for name in names}
        ),
        lambda names: plotting.plot_masks(IMAGES[:4], MASKS[:4], dict.fromkeys(names, MASKS[:4])),
        lambda names: plotting.plot_patches({name: [list(IMAGES[:2])] for name in names}),
    ],
)
def test_names_are_drawn_as_they_are_written(draw):
    drawn = drawn_texts(draw(NAMES_AS_BROUGHT))
    texts = [text.strip() for text, is_formula in drawn if not is_formula]
    assert not set(NAMES_AS_BROUGHT) - set(texts)


def test_categories_stand_side_by_side_and_no_line_joins_them():
    row = list(ESTIMATES.values())
    of_numbers = plotting.plot_estimates_along([1, 2], {"a": row, "b": row})
    of_names = plotting.plot_estimates_along(["hats", "cubes"], {"a": row, "b": row})
    joined, (a, b) = (
        [container.lines[0] for container in ax.containers] for ax in (of_numbers, of_names)
    )
    assert [line.get_linestyle() for line in joined] == ["-", "-"]
    assert (a.get_linestyle(), b.get_linestyle()) == ("None", "None")
    assert (a.get_xdata() < b.get_xdata()).all()
    assert [tick.get_text() for tick in of_names.get_xticklabels()] == ["hats", "cubes"]


def test_powers_on_a_logarithmic_axis_are_still_formulas():
    _, ax = plt.subplots()
    ax.set(xscale="log", xlim=(1, 1e6))
    assert any(is_formula for text, is_formula in drawn_texts(ax) if text)


SIGN = "\u2a74"  # of STIX, which comes with matplotlib


def test_signs_that_one_font_lacks_come_from_another(monkeypatch):
    stix, dejavu = (font_manager.findfont(name) for name in ("STIXGeneral", "DejaVu Sans"))
    assert ord(SIGN) in font_manager.get_font(stix).get_charmap()
    assert ord(SIGN) not in font_manager.get_font(dejavu).get_charmap()
    monkeypatch.setattr(style_module, "FALLBACK_FONTS", ("no such font", "STIXGeneral"))
    plotting.set_style()
    figure, ax = plt.subplots()
    ax.set_xlabel(SIGN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


def test_of_signs_that_no_font_has_one_warning_tells(monkeypatch):
    monkeypatch.setattr(style_module, "FALLBACK_FONTS", ())
    plotting.set_style()
    _, ax = plt.subplots()
    ax.set_title("모자 모")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shown_in_a_notebook(monkeypatch)
    (warning,) = caught
    assert "No font here has 모 자" in str(warning.message)
    assert warning.filename == __file__


def test_history_of_few_nets_has_no_labels_between_the_powers_of_ten():
    figure = plotting.plot_history([net for net in published.NETS if net.year == 2014])
    figure.canvas.draw()
    for ax in figure.axes[:3]:
        assert not any(label.get_text() for label in ax.xaxis.get_ticklabels(minor=True))


def test_a_search_is_ticked_where_something_was_tried():
    losses = np.array([[3.0, 1.0, np.inf]])
    searches = {"a": Search([0.1, 0.3, 1], losses), "b": Search([0.01, 0.03, 0.1], losses)}
    ax = plotting.plot_search(searches)
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["0.01", "0.03", "0.1", "0.3", "1"]
    assert np.isnan(ax.lines[0].get_ydata()[-1]), "what blew up is not drawn"
