"""Show a figure together with the words that stand for it."""

import base64
import html
import io
import warnings

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image

SHORTEST = 8  # characters
_SHARPNESS = 1.5  # stored pixels for each pixel of the page: no steps when projected
# JPEG keeps its colours at full resolution. ("optimize" would fail on noisy photographs: Pillow
# sets too little memory aside.)
_FORMATS = {"png": {"optimize": True}, "jpeg": {"quality": 80, "subsampling": 0}}


def show(alt: str, figure: Figure | None = None) -> None:
    """Show a figure with its alternative text, and close it.

    JupyterLab, nbconvert and myst-nb read no alternative text from a picture's metadata, but
    from an ``<img>`` in HTML they do. The same words are stored as plain text, which is what is
    compared when a lesson runs again. Outside a notebook matplotlib opens its window.

    Parameters
    ----------
    alt : str
        What is drawn, and what is to be seen in it: one or two sentences.
    figure : Figure, optional
        The current one, drawn last, if not given.

    Raises
    ------
    ValueError
        If the text is missing or too short to say anything, or if no figure is open.
    """
    if len(alt.strip()) < SHORTEST:
        raise ValueError(f"alt={alt!r} says too little: write what is drawn and what it shows.")
    if figure is None:
        if not plt.get_fignums():
            raise ValueError("No figure is open: draw one first. Each is shown once.")
        figure = plt.gcf()
    if hasattr(get_ipython(), "kernel"):
        display({"text/html": _img(figure, alt), "text/plain": alt}, raw=True)
    else:
        plt.show()
    plt.close(figure)


def _img(figure: Figure, alt: str) -> str:
    """Without loss; as JPEG where the figure shows photographs and that is smaller."""
    is_photograph = any(image.get_array().ndim == 3 for image in figure.findobj(AxesImage))
    kinds = [kind for kind in _FORMATS if kind == "png" or is_photograph]
    with warnings.catch_warnings(record=True) as caught:
        stored = {kind: _stored(figure, kind) for kind in kinds}
    _warn_again(caught)
    kind = min(stored, key=lambda kind: len(stored[kind]))
    width = round(Image.open(io.BytesIO(stored[kind])).width / _SHARPNESS)
    data = base64.b64encode(stored[kind]).decode()
    return (
        f'<img src="data:image/{kind};base64,{data}" alt="{html.escape(alt)}" '
        f'width="{width}" style="max-width: 100%">'
    )


def _stored(figure: Figure, kind: str) -> bytes:
    picture = io.BytesIO()
    figure.savefig(
        picture,
        format=kind,
        dpi=_SHARPNESS * figure.dpi,
        bbox_inches="tight",
        pad_inches=0.04,
        pil_kwargs=_FORMATS[kind],
    )
    return picture.getvalue()


def _warn_again(caught: list[warnings.WarningMessage]) -> None:
    """Of all signs that no font has, warn once, and of what else there was as it was."""
    missing = [w for w in caught if str(w.message).startswith("Glyph ")]
    for w in caught:
        if w not in missing:
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    if missing:
        signs = dict.fromkeys(chr(int(str(w.message).split()[1])) for w in missing)
        warnings.warn(
            f"No font here has {' '.join(signs)}: they are drawn as boxes. Install one, such as "
            "Noto Sans CJK (on Debian and Colab: apt-get install fonts-noto-cjk), and restart.",
            stacklevel=4,
        )
