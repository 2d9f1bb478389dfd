"""Colours count wherever they are; a probe finds what is there, and nothing where nothing is."""

import numpy as np
import pytest

from course_utils import probes
from course_utils.guards import GuardError

RNG = np.random.default_rng(0)


def test_colour_histogram_counts_pixels_wherever_they_are():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:2] = 255, 0, 0  # a quarter pure red, the rest black
    shuffled = RNG.permutation(image.reshape(-1, 3)).reshape(8, 8, 3)
    histograms = probes.colour_histogram(np.stack([image, shuffled, 255 - image]))
    assert histograms.shape == (3, 128)
    np.testing.assert_allclose(histograms.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(histograms[0], histograms[1])
    assert sorted(histograms[0])[-2:] == [0.25, 0.75]
    # Red and its complement share no bin.
    assert not (histograms[0] * histograms[2]).any()


def test_colour_histogram_refuses_preprocessed_images():
    with pytest.raises(GuardError, match="uint8"):
        probes.colour_histogram(np.zeros((1, 8, 8, 3), np.float32))


def striped(width, seed):
    """Stripes of a width, with noise, as an image."""
    stripes = 100 + 60 * np.sign(np.sin(np.pi * np.indices((96, 96)).sum(axis=0) / width))
    noise = np.random.default_rng(seed).normal(0, 15, (96, 96))
    return np.repeat((stripes + noise).clip(0, 255).astype("uint8")[..., None], 3, axis=-1)


def test_fisher_vectors_tell_textures_apart():
    widths = np.arange(16) % 2
    train = np.stack([striped(4 + 8 * width, i) for i, width in enumerate(widths)])
    test = np.stack([striped(4 + 8 * width, 100 + i) for i, width in enumerate(widths)])
    vectors = probes.fisher_vectors(train, test, modes=4)
    assert [v.shape for v in vectors] == [(16, 129 * 4)] * 2
    np.testing.assert_allclose(np.linalg.norm(vectors[1], axis=1), 1, rtol=1e-6)
    assert probes.correct((vectors[0], widths), (vectors[1], widths)).all()


def test_fisher_vectors_know_the_training_images_only():
    train = np.stack([striped(4 + i, i) for i in range(6)])
    alone, with_others = (
        probes.fisher_vectors(train, test, modes=2)
        for test in (train[:1], np.stack([train[0], striped(30, 9)]))
    )
    np.testing.assert_array_equal(alone[0], with_others[0])
    np.testing.assert_array_equal(alone[1], with_others[1][:1])


def test_image_without_a_point_has_a_fisher_vector_of_zeros():
    train = np.stack([striped(4 + i, i) for i in range(6)] + [np.full((96, 96, 3), 90, np.uint8)])
    of_train, of_test = probes.fisher_vectors(train, train[-1:], modes=2)
    assert not of_train[-1].any() and not of_test.any() and of_train[0].any()


def test_fisher_vectors_refuse_preprocessed_images():
    with pytest.raises(GuardError, match="uint8"):
        probes.fisher_vectors(np.zeros((2, 96, 96, 3), np.float32), np.zeros((1, 96, 96, 3)))


def classes(n, *, distance):
    """Features whose class means lie apart in the first two of 40 columns."""
    labels = np.arange(n) % 3
    features = RNG.normal(size=(n, 40)).astype(np.float32)
    features[:, :2] += distance * np.array([[0, 0], [1, 0], [0, 1]])[labels]
    return features, labels


def test_a_probe_gets_separable_classes_right_and_noise_by_chance():
    assert probes.correct(classes(60, distance=30), classes(90, distance=30)).all()
    chance = probes.correct(classes(60, distance=0), classes(600, distance=0))
    assert chance.shape == (600,)
    assert 0.2 < chance.mean() < 0.47


def test_a_probe_finds_small_features_beside_a_large_one():
    train, test = classes(60, distance=5), classes(300, distance=5)
    for features, _ in (train, test):
        features[:, :-1] *= 1e-4
    assert probes.correct(train, test).mean() > 0.9


@pytest.mark.parametrize("per_class", [2, 3, 4])
def test_a_few_images_a_class_are_enough(per_class):
    train, test = classes(3 * per_class, distance=100), classes(90, distance=100)
    assert probes.correct(train, test).mean() > 0.5  # by chance a third


@pytest.mark.filterwarnings("error")
def test_a_small_class_is_in_every_fold():
    features, labels = classes(40, distance=30)
    kept = np.r_[np.flatnonzero(labels != 1), np.flatnonzero(labels == 1)[:2]]
    assert probes.correct((features[kept], labels[kept]), classes(90, distance=30)).all()


def test_a_single_object_of_a_class_is_refused():
    with pytest.raises(ValueError, match="Class 0 has a single training object"):
        probes.correct(classes(3, distance=30), classes(9, distance=30))
    train, shown = classes(9, distance=30), np.array([0, 1, 2, 0, 3, 4, 0, 5, 6])
    with pytest.raises(ValueError, match="Class 0 has a single training object"):
        probes.correct(train, train, objects=shown)


def test_views_of_an_object_are_never_on_both_sides(monkeypatch):
    """Else a head is tuned to know a picture again."""
    from sklearn.model_selection import StratifiedGroupKFold

    train, seen = classes(24, distance=30), []
    shown = train[1] + 3 * (np.arange(24) // 6)  # four objects of each class, twice each
    whole = StratifiedGroupKFold.split

    def split(self, *given, **named):
        seen.extend(whole(self, *given, **named))
        return iter(seen)

    monkeypatch.setattr(StratifiedGroupKFold, "split", split)
    assert probes.correct(train, classes(90, distance=30), objects=shown).all()
    assert len(seen) == 4
    for learned, asked in seen:
        assert not {*shown[learned]} & {*shown[asked]}
        assert {*train[1][learned]} == {*train[1][asked]} == {0, 1, 2}
