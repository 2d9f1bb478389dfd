"""The image set is hard enough to teach something, and not harder."""

import importlib.util

import pytest

from course_utils.data import load_objects
from course_utils.paths import data_dir

pytestmark = pytest.mark.slow


def load_script():
    path = data_dir() / "make" / "objects" / "probe_objects.py"
    spec = importlib.util.spec_from_file_location("probe_objects", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def accuracies():
    return load_script().probe(*load_objects())


def test_random_features_do_not_solve_it(accuracies):
    assert accuracies["random VGG16"].mean <= 0.45


def test_handcrafted_features_do_not_solve_it(accuracies):
    assert accuracies["HOG + linear SVM"].mean <= 0.75


def test_imagenet_features_solve_it(accuracies):
    assert accuracies["ImageNet VGG16"].mean >= 0.95
