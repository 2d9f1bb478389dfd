"""What a kept result depends on: each change of what is listed must be noticed."""

import io
import os
import pickle
import re
import subprocess
import sys
import textwrap
import tracemalloc
import warnings

import numpy as np
import pytest

from course_utils import caching, paths
from course_utils.caching import content_hash


def model(units=2, seed=0, activation=None):
    import keras

    keras.utils.set_random_seed(seed)
    layer = keras.layers.Dense(units, activation=activation)
    return keras.Sequential([keras.Input((3,)), layer])


def run(code: str, **environment) -> list[str]:
    """Lines that a script prints in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT), **environment}
    return subprocess.check_output(command, text=True, env=environment).splitlines()


def test_equal_things_have_one_hash_and_others_another():
    ones = np.ones((2, 2), np.uint8)
    others = [1, "1", 1.0, True, None, [1], (1,), [[1]], ones, ones > 0, 2 * ones, ones.ravel()]
    others += [model(), model(units=3), model(seed=1), model(activation="relu")]
    hashes = [content_hash(item) for item in others]
    assert len(set(hashes)) == len(others)
    assert content_hash(*others) == content_hash(*others)
    assert content_hash(model()) == content_hash(model())
    assert content_hash([ones, ones]) == content_hash([ones, ones.copy()])


@pytest.mark.slow
def test_the_hash_is_the_same_in_every_process(capsys):
    """In this one and in another."""
    code = """
        import keras, numpy as np
        from course_utils.caching import content_hash
        keras.utils.set_random_seed(0)
        net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        print(content_hash((1, 2.5), [np.arange(3), "x"], net))
    """
    exec(textwrap.dedent(code), {})
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    assert run(code, PYTHONHASHSEED=seed) == capsys.readouterr().out.splitlines()


def test_the_course_itself_is_part_of_every_hash(tmp_path, monkeypatch):
    module = tmp_path / "course_utils" / "module.py"
    module.parent.mkdir()
    monkeypatch.setattr(caching, "ROOT", tmp_path)
    found = []
    for text in ("x = 1", "x = 2"):
        module.write_text(text)
        caching._course.cache_clear()
        found.append(content_hash(1))
    caching._course.cache_clear()
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (object(), "object"),
        (iter([]), "list_iterator"),
        (len, "builtin_function_or_method"),
        (np.array([object()]), "ndarray"),
        ((1, [np.random.default_rng()]), "Generator"),
        ({"a": 1}, "dict"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(thing, kind):
    message = (
        f"Cannot hash an object of type '{kind}' by its content. List what it is made of (numbers, "
        "text, arrays, Keras models) in its place."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        content_hash([thing])


def test_a_model_of_a_class_of_its_own_is_refused():
    import keras

    class Own(keras.Model):
        pass

    with pytest.raises(TypeError, match="neither functional nor sequential"):
        content_hash(Own(name="own"))


def test_hashing_copies_no_image_set():
    images = np.zeros((50, 224, 224, 3), np.uint8)
    for listed in (images, list(images[:, ::2])):
        content_hash(images[:1])
        tracemalloc.start()
        content_hash(listed)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 0.1 * images.nbytes


ARRAY = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
KEY = "0" * 40


def test_a_failed_computation_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        caching.kept("features", KEY, lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def entry(folder):
    """The file of an entry that holds ARRAY."""
    caching.kept("features", KEY, lambda: ARRAY)
    (path,) = folder.iterdir()
    return path


def saved(save, *arguments, **arrays):
    file = io.BytesIO()
    save(file, *arguments, **arrays)
    return file.getvalue()


OBJECTS = np.array([{}, []], dtype=object)
ZEROS = np.zeros((2, 2))
DAMAGES = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "last byte missing": lambda data: data[:-1],
    "first bytes missing": lambda data: data[10:],
    "zeros": lambda data: bytes(len(data)),
    "zeros at the end": lambda data: data[:300] + bytes(len(data) - 300),
    "a number's bit": lambda data: flipped(data, data.index(ARRAY.tobytes()) + 77),
    "a shape's bit": lambda data: flipped(data, data.index(b"(3, 40)") + 1),
    "a name's bit": lambda data: flipped(data, data.index(b"array.npy")),
    "text": lambda data: b"<!DOCTYPE html><title>Log in</title>",
    "another npy": lambda data: saved(np.save, ZEROS),
    "another npz": lambda data: saved(np.savez, array=ZEROS),
    "another entry": lambda data: saved(np.savez, array=ZEROS, key="1" * 40),
    "objects": lambda data: saved(np.savez, array=OBJECTS, key=KEY),
    "pickle": lambda data: pickle.dumps(ARRAY),
}


def flipped(data, position):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_computed_again_and_overwritten(entry, damage):
    entry.write_bytes(damage(entry.read_bytes()))
    with pytest.warns(
        RuntimeWarning, match=f"{re.escape(str(entry))} cannot be read and is"
    ) as told:
        np.testing.assert_array_equal(caching.kept("features", KEY, lambda: ARRAY), ARRAY)
    np.testing.assert_array_equal(caching.kept("features", KEY, lambda: 1 / 0), ARRAY)
    assert "unsafely" not in str(told[0].message), "NumPy's advice to unpickle"


@pytest.mark.slow
def test_every_flipped_bit_is_noticed_or_harmless(entry):
    data = entry.read_bytes()
    noticed = 0
    for position in range(len(data)):
        entry.write_bytes(flipped(data, position))
        with warnings.catch_warnings(record=True) as caught:
            np.testing.assert_array_equal(caching.kept("features", KEY, lambda: ARRAY), ARRAY)
        noticed += bool(caught)
    assert noticed > ARRAY.nbytes


def test_a_folder_in_the_place_of_an_entry_stops_nothing(entry):
    entry.unlink()
    entry.mkdir()
    with pytest.warns(RuntimeWarning) as caught:
        np.testing.assert_array_equal(caching.kept("features", KEY, lambda: ARRAY), ARRAY)
    assert ["cannot be read" in str(caught[0].message), len(caught)] == [True, 2]
    assert list(entry.parent.iterdir()) == [entry]


def test_an_entry_of_somebody_else_stops_nothing(entry, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(entry))

    monkeypatch.setattr(caching, "_read", refuse)
    with pytest.warns(RuntimeWarning, match="cannot be read .*Permission denied"):
        assert caching.kept("features", KEY, lambda: ARRAY) is ARRAY


def test_a_full_disk_gives_a_warning_and_the_result(folder, monkeypatch):
    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.warns(RuntimeWarning, match="No space left.*COURSE_CACHE"):
        assert caching.kept("features", KEY, lambda: ARRAY) is ARRAY
    assert list(folder.iterdir()) == []


def test_a_cache_that_is_no_folder_gives_a_warning_and_the_result(folder, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", __file__)
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        assert caching.kept("features", KEY, lambda: ARRAY) is ARRAY


def test_objects_are_returned_and_never_pickled(folder):
    assert caching.kept("trials", KEY, lambda: OBJECTS) is OBJECTS
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_others_may_read_what_is_kept(folder):
    before = os.umask(0o022)
    try:
        caching.kept("features", KEY, lambda: ARRAY)
    finally:
        os.umask(before)
    (entry,) = folder.iterdir()
    assert entry.stat().st_mode & 0o777 == 0o644


def test_forgotten_parts_go_after_a_day(folder):
    old, new, other = (
        folder / "tmpab12_xyz.part",
        folder / "tmp0000ffff.part.npz",
        folder / "a.part",
    )
    for path in (old, new, other):
        path.write_bytes(b"half")
    of_an_update = folder / "tmp00ab_cde.part"
    of_an_update.mkdir()
    (of_an_update / "features.npz").write_bytes(b"whole")
    for path in (old, other, of_an_update):
        os.utime(path, times=(0, 0))
    caching.save_whole(folder / "x", lambda file: file.write(b"x"))
    assert set(folder.iterdir()) == {new, other, folder / "x"}


@pytest.mark.slow
def test_processes_may_share_an_entry(folder):
    code = """
        import numpy as np
        from course_utils.caching import kept
        def compute():
            return np.arange(10**5)
        for i in range(200):
            assert (kept("features", str(i // 20), compute) == compute()).all()
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(list(folder.iterdir())) == 10


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Folder with the course in it; no setting of the user's."""
    for name in ("COURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setattr(paths, "ROOT", tmp_path / "course")
    (tmp_path / "course" / "data" / "weights").mkdir(parents=True)
    return tmp_path / "course"


def test_the_cache_stands_in_the_clone(installed):
    assert paths.cache_dir() == installed / ".cache"


def test_the_user_names_the_cache(installed, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", "~/elsewhere")
    assert paths.cache_dir() == installed.parent / "home" / "elsewhere"


@pytest.mark.parametrize("readonly", ["course", ".cache"])
def test_beside_a_clone_that_cannot_be_written_the_user_has_a_cache(
    installed, monkeypatch, readonly
):
    if readonly == ".cache":
        (installed / ".cache").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != readonly)
    assert paths.cache_dir() == installed.parent / "home" / ".cache" / "cnn-course"
    monkeypatch.setenv("XDG_CACHE_HOME", str(installed.parent / "xdg"))
    assert paths.cache_dir() == installed.parent / "xdg" / "cnn-course"


def test_an_installation_without_the_clone_keeps_nothing_among_the_packages(installed):
    (installed / "data" / "weights").rmdir()  # the folder "data" is some other package's
    assert paths.cache_dir().is_relative_to(installed.parent / "home")
    with pytest.raises(FileNotFoundError, match="works from a clone of the course"):
        paths.data_dir()
