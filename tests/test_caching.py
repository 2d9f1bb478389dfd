"""What a kept result depends on: each change must be noticed, and nothing else."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from course_utils import experiments, paths
from course_utils.caching import content_hash

RATE = 0.1
IMAGES = np.zeros((2, 2), np.uint8)


def scaled(x):
    return x * RATE


@functools.cache
def prepared():
    return scaled(IMAGES)


def trial(seed):
    return [prepared() for _ in range(seed)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE", 0.2),
        ("IMAGES", np.ones((2, 2), np.uint8)),
        ("scaled", lambda x: x + RATE),
        ("prepared", lambda: None),
    ],
)
def test_a_change_anywhere_below_the_function_is_noticed(monkeypatch, name, value):
    before = content_hash(trial)
    monkeypatch.setitem(globals(), name, value)
    assert content_hash(trial) != before


def test_running_a_function_does_not_change_its_hash():
    before = content_hash(trial)
    for _ in range(100):  # long enough for the interpreter to specialise its instructions
        trial(3)
    assert content_hash(trial) == before


def test_the_hash_is_the_same_in_another_process():
    code = (
        "from course_utils.caching import content_hash as h\n"
        "import numpy as np\n"
        "N = {'a': (1, 2.5), 'b': np.arange(3)}\n"
        "def f(x): return N, x in {'p', 'q', 'r'}, np.sort\n"
        "print(h(f, 'text'))"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code]) for _ in range(3)]
    assert len(set(runs)) == 1


def test_equal_text_and_number_differ():
    assert len({content_hash(x) for x in (1, "1", 1.0, [1], (1,), True)}) == 6


def test_what_cannot_be_told_is_refused():
    model = object()
    with pytest.raises(TypeError, match="Build it inside"):
        content_hash(lambda: model)


@pytest.mark.parametrize("result", [lambda seed: seed / 2, lambda seed: {"x": [seed, 1.0]}])
def test_kept_trials_run_once(monkeypatch, tmp_path, result):
    monkeypatch.setattr(experiments, "cache_dir", lambda: tmp_path)
    runs = []
    monkeypatch.setattr(experiments, "_run", _counting(experiments._run, runs))

    first = experiments.repeat(result, (3, 4), keep=True)
    second = experiments.repeat(result, (3, 4), keep=True)
    np.testing.assert_equal(first, experiments.repeat(result, (3, 4)))
    np.testing.assert_equal(second, first)
    assert len(runs) == 2  # once kept, once without keeping


def test_a_failed_run_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(experiments, "cache_dir", lambda: tmp_path)
    with pytest.raises(ZeroDivisionError):
        experiments.repeat(lambda seed: 1 / 0, keep=True)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_stands_in_the_course():
    assert paths.cache_dir().parent == paths.ROOT


def _counting(function, calls):
    def counted(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return counted
