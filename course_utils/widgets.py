"""Menus in a notebook, where choosing is the point; beside each stands the plain way in code.

They work with ipywidgets 8 (JupyterLab) and 7.7 (Colab). Of a menu a notebook stores no more than
the sentence that its ``repr`` gives.
"""

import base64
import functools
import html
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image

from course_utils import pretrained
from course_utils.images import read_image
from course_utils.models.classes import Prediction

HEIGHT = 240  # pixels of the photograph shown
BAR = 200  # pixels of a bar of 100 %


class ModelMenu(ipywidgets.VBox):
    """Choose a model and a photograph, or upload one, and see the five best guesses.

    Parameters
    ----------
    models : sequence of str
        As ``pretrained.available()`` returns them.
    photographs : mapping of str to path
        As ``photographs.at_hand()`` returns them.

    Attributes
    ----------
    model, photograph : ipywidgets.Dropdown
    upload : ipywidgets.FileUpload
    answer : ipywidgets.HTML
        The photograph beside the bars, or what is wrong with it.
    """

    def __init__(self, models: Sequence[str], photographs: Mapping[str, str | Path]) -> None:
        self._images: dict[str, np.ndarray | str | Path] = dict(photographs)
        self._load = functools.cache(pretrained.load)
        self.model = ipywidgets.Dropdown(options=list(models), description="Model")
        self.photograph = ipywidgets.Dropdown(options=list(photographs), description="Photograph")
        self.upload = ipywidgets.FileUpload(accept="image/*", description="Upload your own")
        self.upload.layout.width = "auto"
        self.answer = ipywidgets.HTML()
        menus = ipywidgets.HBox([self.model, self.photograph, self.upload])
        menus.layout.flex_flow = "row wrap"
        super().__init__([menus, self.answer])
        self.model.observe(self._ask, names="value")
        self.photograph.observe(self._ask, names="value")
        self.upload.observe(self._take, names="value")
        self._ask()

    def __repr__(self) -> str:
        return "Run this cell to choose a model and a photograph from menus, or to upload your own."

    def _take(self, change) -> None:
        """Put an uploaded photograph among the others, and ask about it."""
        if not change["new"]:
            return
        name, content = uploaded_file(change["new"])
        try:
            self._images[f"{name} (yours)"] = image_from_bytes(name, content)
        except ValueError as error:
            self._say(str(error))
            return
        self.photograph.options = list(self._images)
        self.photograph.value = f"{name} (yours)"

    def _ask(self, _=None) -> None:
        name = self.photograph.value
        self._say(f"{self.model.value} looks at {name} …")
        try:
            image = self._images[name]
            if not isinstance(image, np.ndarray):
                image = read_image(image)
            (guesses,) = self._load(self.model.value).predict_top([image])
        except (OSError, ValueError, RuntimeError) as error:
            self._say(str(error))
            return
        self.answer.value = markup(image, guesses, f"{self.model.value} on {name}")

    def _say(self, text: str) -> None:
        self.answer.value = f'<p role="status">{html.escape(text)}</p>'


def uploaded_file(value) -> tuple[str, bytes]:
    """Name and content of the last file of a ``FileUpload``.

    Parameters
    ----------
    value : tuple of dict, or dict
        The widget's ``value`` in ipywidgets 8, or in 7, where the names are the keys.
    """
    if isinstance(value, dict):
        name, file = next(reversed(value.items()))
    else:
        file = value[-1]
        name = file["name"]
    return name, bytes(file["content"])


def image_from_bytes(name: str, content: bytes) -> np.ndarray:
    """Decode an uploaded image.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    ValueError
        As :func:`course_utils.images.read_image`; the message gives the name alone, since the
        file lies nowhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "upload")  # the name may be anything
        path.write_bytes(content)
        try:
            return read_image(path)
        except ValueError as error:
            told = str(error).replace(str(path), Path(name).name or "It")
            raise ValueError(f"{told} Or upload another file.") from error


def markup(image: np.ndarray, guesses: Sequence[Prediction], title: str) -> str:
    """The photograph beside its guesses as bars, in HTML that follows the page's colours.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        RGB.
    guesses : sequence of Prediction
    title : str
    """
    rows = "".join(
        f'<tr><td style="text-align: right; padding: 0 0.6em">{html.escape(guess.label)}</td>'
        f'<td style="width: {BAR}px"><div style="background: {"#0072B2" if i == 0 else "#888"}; '
        f'height: 1em; width: {max(1, round(BAR * guess.probability))}px"></div></td>'
        f'<td style="text-align: right">{guess.probability:.0%}</td></tr>'
        for i, guess in enumerate(guesses)
    )
    return (
        '<div style="display: flex; flex-wrap: wrap; gap: 1em; align-items: center">'
        f'<img alt="the photograph" height="{HEIGHT}" src="{_data_url(image)}" '
        'style="max-width: 100%; object-fit: contain">'
        f'<table style="font-size: 110%"><caption>{html.escape(title)}</caption>{rows}</table>'
        "</div>"
    )


def _data_url(image: np.ndarray) -> str:
    picture = Image.fromarray(image)
    picture.thumbnail((3 * HEIGHT, 2 * HEIGHT))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
