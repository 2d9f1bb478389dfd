"""What holds of every image, label, split and interval, tried on those that hypothesis finds."""

import itertools
from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from course_utils import arrays, guards, intervals
from course_utils.command import new_data
from course_utils.images import resize
from course_utils.paths import ROOT

set_hypothesis_home_dir(ROOT / ".pytest_cache" / "hypothesis")  # not a folder of its own
tried = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
sides = st.integers(1, 40)
METHODS = ("crop", "pad", "stretch")


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


# Resizing and cropping


@tried
@given(sides, sides, sides, sides, st.sampled_from(METHODS), st.integers(0, 9))
def test_a_resized_image_has_the_size_and_no_new_extremes(rows, columns, height, width, how, seed):
    image = noise(rows, columns, seed)
    before = image.copy()
    resized = resize(image, (height, width), method=how)
    assert resized.shape == (height, width, 3) and resized.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
    low = 0 if how == "pad" else image.min()
    assert low <= resized.min() and resized.max() <= image.max()


@tried
@given(sides, sides, st.sampled_from(METHODS))
def test_its_own_size_leaves_an_image_as_it_is(rows, columns, how):
    image = noise(rows, columns)
    np.testing.assert_array_equal(resize(image, (rows, columns), method=how), image)


@tried
@given(sides, sides, sides, sides, st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_stays_that_colour(rows, columns, height, width, colour):
    image = np.full((rows, columns, 3), colour, np.uint8)
    for how in ("crop", "stretch"):
        assert (resize(image, (height, width), method=how) == colour).all()
    padded = resize(image, (height, width), method="pad")
    assert ((padded == colour) | (padded == 0)).all()


@tried
@given(sides, sides, sides, sides, st.sampled_from(METHODS), st.permutations(range(3)))
def test_channels_are_resized_alike(rows, columns, height, width, how, order):
    image = noise(rows, columns)
    np.testing.assert_array_equal(
        resize(np.ascontiguousarray(image[..., order]), (height, width), method=how),
        resize(image, (height, width), method=how)[..., order],
    )


@tried
@given(sides, sides, sides, sides, st.sampled_from(METHODS))
def test_a_turned_image_is_resized_alike(rows, columns, height, width, how):
    """By a quarter; a half turn would move the odd pixel of a crop."""
    image = noise(rows, columns)
    turned = np.ascontiguousarray(image.swapaxes(0, 1))
    resized = resize(turned, (width, height), method=how).swapaxes(0, 1)
    straight = resize(image, (height, width), method=how)
    assert np.abs(resized.astype(int) - straight).max() <= 1


@tried
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_crop_takes_the_middle(height, width, more_rows, more_columns):
    """Of an image that is as large on one side, whole pixels are taken, as many at both ends."""
    rows, columns = (height + more_rows, width) if more_rows else (height, width + more_columns)
    image = noise(rows, columns)
    top, left = (rows - height) // 2, (columns - width) // 2
    np.testing.assert_array_equal(
        resize(image, (height, width)), image[top : top + height, left : left + width]
    )


@tried
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_pad_keeps_every_pixel_in_the_middle(rows, columns, more_rows, more_columns):
    height, width = (rows + more_rows, columns) if more_rows else (rows, columns + more_columns)
    image = noise(rows, columns)
    padded = resize(image, (height, width), method="pad").astype(int)
    top, left = (height - rows) // 2, (width - columns) // 2
    np.testing.assert_array_equal(padded[top : top + rows, left : left + columns], image)
    assert padded.sum() == image.sum(dtype=int)


# Labels


def read_labels(tmp_path, labels, classes):
    np.save(tmp_path / "labels.npy", labels)
    return arrays.read_labels(tmp_path / "labels.npy", classes)


@tried
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), min_size=1, max_size=30))
    ),
    st.sampled_from(("u1", "<i2", ">i4", "i8", "<f2", ">f4", "f8")),
)
def test_labels_come_back_in_every_type_and_one_hot(tmp_path, classes_and_labels, kind):
    classes, labels = classes_and_labels
    for stored in (np.array(labels, kind), np.eye(classes)[labels].astype(kind)):
        found = read_labels(tmp_path, stored, classes)
        assert found.dtype == np.int64 and found.tolist() == labels


@tried
@given(st.integers(2, 9), st.lists(st.floats(-3, 12, width=32), min_size=1, max_size=9))
def test_labels_are_whole_and_in_range_or_refused(tmp_path, classes, labels):
    good = all(label == int(label) and 0 <= label < classes for label in labels)
    try:
        found = read_labels(tmp_path, np.array(labels), classes).tolist()
    except ValueError as error:
        assert not good and "labels.npy" in str(error)
    else:
        assert good and found == labels


@tried
@given(st.integers(2, 6), st.lists(st.integers(0, 7), max_size=12), st.integers(0, 2))
def test_guarded_labels_fit_images_and_classes(classes, labels, missing):
    """`check_labels` passes what has a label for each image, and an image for each class."""
    names = [f"class {i}" for i in range(classes)]
    pictures = np.zeros((len(labels) + missing, 1, 1, 3), np.uint8)
    good = not missing and set(labels) == set(range(classes))
    try:
        guards.check_labels(np.array(labels, np.int64), pictures, names)
    except guards.GuardError:
        assert not good
    else:
        assert good


# Splits


@tried
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=12), min_size=2, max_size=4),
    st.floats(0.05, 0.95),
)
def test_a_split_keeps_groups_whole_and_loses_nothing(groups_of, share):
    photographs = [
        new_data.Photograph(f"{label}/{i}", label, f"{label}/{group}", np.zeros(0, np.uint8))
        for label, groups in enumerate(groups_of)
        for i, group in enumerate([*groups, 6, 7])
    ]
    names = tuple(f"class {i}" for i in range(len(groups_of)))
    found = new_data.Found(names, photographs, "", [])
    split = new_data._split(found, share)
    assert Counter(p.source for p in split) == Counter(p.source for p in photographs)
    assert {(p.source, p.label, p.group) for p in split} == {
        (p.source, p.label, p.group) for p in photographs
    }
    sides_of = {}
    for photo in split:
        sides_of.setdefault(photo.group, set()).add(photo.split)
    assert all(side in ({"train"}, {"test"}) for side in sides_of.values())
    for label in range(len(names)):
        assert {p.split for p in split if p.label == label} == {"train", "test"}
        own = [p for p in split if p.label == label]
        tested = sum(p.split == "test" for p in own)
        largest = max(Counter(p.group for p in own).values())
        # Never further from the share than a group, or than one group on each side forces.
        assert tested <= share * len(own) + largest
    assert new_data._split(found, share) == split


@tried
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=8),
    st.integers(0, 9),
)
def test_nearly_equal_photographs_get_one_group_or_are_left_out(labels_and_motifs, seed):
    motifs = noise(48, 48 * 6, seed).reshape(48, 6, 48, 3).swapaxes(0, 1)
    photographs = [
        new_data.Photograph(f"{i}", label, f"{i}", np.ascontiguousarray(motifs[motif]))
        for i, (label, motif) in enumerate(labels_and_motifs)
    ]
    kept = new_data._join_duplicates(new_data.Found((), photographs, "", [])).photographs
    motif_of = {f"{i}": motif for i, (_, motif) in enumerate(labels_and_motifs)}
    for one, other in itertools.combinations(kept, 2):
        same = motif_of[one.source] == motif_of[other.source]
        assert (one.group == other.group) == same
    labels_of = {}
    for label, motif in labels_and_motifs:
        labels_of.setdefault(motif, set()).add(label)
    assert {photo.source for photo in kept} == {
        source for source, motif in motif_of.items() if len(labels_of[motif]) == 1
    }


# Intervals

values = st.lists(
    st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6)), min_size=2, max_size=30
)


def inside(estimate) -> bool:
    slack = 1e-9 * (1 + abs(estimate.mean))
    return estimate.low - slack <= estimate.mean <= estimate.high + slack


@tried
@given(values, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_the_mean_moves_and_grows_with_its_values(numbers, shift, factor):
    estimate = intervals.mean(numbers)
    assert inside(estimate) and estimate.n == len(numbers)
    np.testing.assert_allclose(estimate.mean, np.mean(numbers), atol=1e-6)
    other = intervals.mean([factor * x + shift for x in numbers])
    for of, to in zip(
        (estimate.mean, estimate.low, estimate.high),
        (other.mean, other.low, other.high),
        strict=True,
    ):
        np.testing.assert_allclose(to, factor * of + shift, rtol=1e-6, atol=1e-2)
    turned = intervals.mean(numbers[::-1])
    np.testing.assert_allclose([turned.low, turned.high], [estimate.low, estimate.high], rtol=1e-6)


@tried
@given(values)
def test_more_of_the_same_makes_a_mean_surer(numbers):
    once, thrice = intervals.mean(numbers), intervals.mean(numbers * 3)
    assert thrice.high - thrice.low <= (once.high - once.low) * (1 + 1e-9)


@tried
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proportion_stays_within_0_and_1_and_mirrors(counts):
    correct, total = counts
    estimate, rest = (
        intervals.proportion(correct, total),
        intervals.proportion(total - correct, total),
    )
    assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1
    assert estimate.high > estimate.low and estimate.n == total
    np.testing.assert_allclose([1 - rest.high, 1 - rest.low], [estimate.low, estimate.high])
    # Wilson's own formula, 1927.
    z, p = 1.959963984540054, correct / total
    centre, half = p + z**2 / 2 / total, z * np.sqrt(p * (1 - p) / total + (z / 2 / total) ** 2)
    expected = (np.array([-half, half]) + centre) / (1 + z**2 / total)
    np.testing.assert_allclose([estimate.low, estimate.high], expected, atol=1e-12)


@settings(tried, max_examples=15)
@given(values, st.integers(1, 4), st.floats(-1e3, 1e3))
def test_a_bootstrap_is_paired_and_counts_clusters(numbers, views, shift):
    first = np.array(numbers)
    estimate = intervals.bootstrap(np.mean, first, resamples=100)
    assert first.min() - 1e-9 <= estimate.low <= estimate.high <= first.max() + 1e-9
    assert estimate.n == len(first)
    # A difference that is the same in every row has no spread, however the rows differ.
    paired = intervals.bootstrap(
        lambda a, b: float(np.mean(b - a)), first, first + shift, resamples=100
    )
    np.testing.assert_allclose([paired.low, paired.high], shift, atol=1e-6)
    # To show each object several times makes nothing surer.
    objects = np.repeat(np.arange(len(first)), views)
    clustered = intervals.bootstrap(
        np.mean, np.repeat(first, views), clusters=objects, resamples=100
    )
    assert clustered.n == len(first)
    np.testing.assert_allclose(
        [clustered.low, clustered.high], [estimate.low, estimate.high], rtol=1e-9, atol=1e-6
    )
