"""The scripts still make the pictures that are stored, in small.

Needs Blender's Python module in an environment of its own (data/objects/README.md), which has
neither the course nor its plug-ins for pytest:

    pytest --noconftest -o addopts= tests/test_render.py
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bpy", reason="Blender's Python module is not installed")

from PIL import Image

pytestmark = pytest.mark.slow

DATA = Path(__file__).resolve().parent.parent / "data"
CLASSES = ("Hat", "Cube", "Card", "Torch", "Screw")
SIZE = 32


@pytest.fixture(scope="module")
def render_first(tmp_path_factory):
    """Function that renders the first training image of a class: photograph and mask."""
    sys.path.insert(0, str(DATA / "make" / "objects"))
    try:
        import render_objects
    finally:
        sys.path.pop(0)

    def render(label: str) -> tuple[np.ndarray, np.ndarray]:
        folder = tmp_path_factory.mktemp(label)
        job = render_objects.Job("train", label, number=0, instance=0)
        render_objects.render_job(job, folder, samples=4, threads=1, size=SIZE)
        return tuple(np.asarray(Image.open(folder / file)) for file in (job.image, job.mask))

    return render


@pytest.fixture(scope="module")
def rendered(render_first):
    return {label: render_first(label) for label in CLASSES}


def stored(kind: str, label: str, suffix: str) -> np.ndarray:
    """The same image as it is stored, in the small size."""
    path = DATA / "objects" / kind / "train" / f"{label}_train_00.{suffix}"
    with Image.open(path) as image:
        bright = image.point(lambda v: 255 * v) if kind == "masks" else image
        return np.asarray(bright.resize((SIZE, SIZE), Image.Resampling.BOX))


@pytest.mark.parametrize("label", CLASSES)
def test_mask_is_that_of_the_stored_image(rendered, label):
    _, mask = rendered[label]
    assert mask.shape == (SIZE, SIZE)
    assert set(np.unique(mask)) == {0, 1}
    assert 0.05 < mask.mean() < 0.7
    mine, theirs = mask == 1, stored("masks", label, "png") > 127
    assert (mine & theirs).sum() > 0.75 * (mine | theirs).sum()


@pytest.mark.parametrize("label", CLASSES)
def test_photograph_looks_like_the_stored_one(rendered, label):
    photograph, _ = rendered[label]
    assert photograph.shape == (SIZE, SIZE, 3)
    assert photograph.std() > 10
    # Noise and exposure differ in small; 0.93 to 0.97 were measured.
    assert np.corrcoef(photograph.ravel(), stored("images", label, "jpg").ravel())[0, 1] > 0.9


def test_same_seed_gives_the_same_picture(rendered, render_first):
    for again, first in zip(render_first("Hat"), rendered["Hat"], strict=True):
        np.testing.assert_array_equal(again, first)


def test_classes_give_different_pictures(rendered):
    photographs = [photograph.astype(float) for photograph, _ in rendered.values()]
    for a, b in itertools.combinations(photographs, 2):
        assert np.abs(a - b).mean() > 20
