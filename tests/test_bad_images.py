"""Two thousand odd and damaged files: each is read as what it shows, or refused with a remedy.

A process of its own reads them, each under a limit of time, so that what hangs or crashes is named
and stops nothing else; its peak of memory is told.
"""

import faulthandler
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from odd_images import AS_PILLOW_HAS_IT, PARTS, PICTURE, Case, reference, saved
from PIL import Image

from course_utils import data, images, photographs, pretrained, widgets
from course_utils.command import new_data
from course_utils.command.main import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="pipes, odd names and links without rights"),
]
SECONDS = 20  # for one file
MEMORY = 10**9  # bytes
LARGE = 10**7  # values; of a larger image every thousandth row and column is compared
SMALL = 24  # pixels, for ways that read a folder as a whole
REMEDY = r"[Cc]opy|[Dd]ownload|[Ss]ave|Make|Check|Get|Change|[Rr]emove|Name|load_folder reads"


# In a process of its own


def read_each(folder: Path, wanted: list) -> dict:
    """Read the files that are named, and tell of each; what was read goes to ``results.npz``."""
    import resource

    arrays, told = {}, {}
    for name, refer in wanted:
        path = begin(folder / name)
        try:
            image = images.read_image(path)
        except Exception as error:
            told[name] = [type(error).__name__, str(error)]
            continue
        arrays[str(len(arrays))] = image[::1000, ::1000] if image.size > LARGE else image
        told[name] = len(arrays) - 1
        if refer:
            as_pillow = reference(path.read_bytes())
            same = as_pillow is not None and image.shape == as_pillow.shape
            if not same or np.abs(image.astype(int) - as_pillow).max() > 1:
                told[name] = ["Other", "pixels than Pillow's"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.savez(folder.parent.parent / "results.npz", **arrays)
    return {"files": told, "peak": peak if sys.platform == "darwin" else peak * 1024}


def read_folders(folder: Path, good: list) -> dict:
    """List the folder; load a folder of what can be read; take all for new data; upload each."""
    root = folder.parent
    kinds = {k: [p.name for p in v] for k, v in data.entries(begin(folder), root).items()}
    usable = root.parent / "good" / "Hat"
    usable.mkdir(parents=True)
    for name in good:
        os.link(folder / name, usable / name)
    loaded, labels, _ = data.load_folder(begin(usable).parent, SMALL)
    np.savez(root.parent / "loaded.npz", images=loaded, labels=labels)
    new_data.SMALLEST = 1
    new_data.IMAGE_SIZE = (SMALL, SMALL)
    (root / "Cube").mkdir()
    found = new_data._read_folder(begin(root), by_group=True)
    uploads = {}
    for name in (kinds["images"] + kinds["no images"])[::4]:
        path = begin(folder / name)
        if path.stat().st_size < 10**6:
            try:
                uploads[name] = widgets.image_from_bytes(name, path.read_bytes()).shape
            except ValueError as error:
                uploads[name] = str(error)
    return {
        "kinds": kinds,
        "sources": [photo.source for photo in found.photographs],
        "notes": found.notes,
        "uploads": uploads,
    }


def begin(path: Path) -> Path:
    """Note what is read next, and stop this process where it hangs."""
    print(json.dumps(path.name), flush=True)
    faulthandler.dump_traceback_later(SECONDS if path.is_file() else 5 * SECONDS, exit=True)
    return path


def in_process(task, folder: Path, names: list) -> dict:
    command = [sys.executable, __file__, task.__name__, str(folder)]
    done = subprocess.run(command, input=json.dumps(names), capture_output=True, text=True)
    begun = done.stdout.splitlines()
    assert done.returncode == 0, f"{begun[-1:]} hangs, or stops Python: {done.stderr[-3000:]}"
    return json.loads((folder.parent.parent / f"{task.__name__}.json").read_text())


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    found = [case for part in PARTS for case in part()]
    assert len(found) >= 2000 and len({case.name for case in found}) == len(found)
    return found


@pytest.fixture(scope="module")
def folder(cases, tmp_path_factory) -> Path:
    """A class's folder with all the files."""
    folder = tmp_path_factory.mktemp("bad") / "photos" / "Hat"
    folder.mkdir(parents=True)
    (folder.parent.parent / "outside.png").write_bytes(saved("PNG"))
    for case in cases:
        path = folder / case.name
        path.write_bytes(case.make) if isinstance(case.make, bytes) else case.make(path)
    return folder


@pytest.fixture(scope="module")
def results(cases, folder) -> dict:
    """What `read_each` tells, with the arrays that were read."""
    names = [(case.name, case.shows is AS_PILLOW_HAS_IT) for case in cases]
    told = in_process(read_each, folder, names)
    with np.load(folder.parent.parent / "results.npz") as arrays:
        for name, result in told["files"].items():
            if isinstance(result, int):
                told["files"][name] = arrays[str(result)]
    return told


@pytest.fixture(scope="module")
def good(results, folder) -> list[str]:
    """Names of small files that can be read, in the order of a folder."""
    return sorted(
        name
        for name, result in results["files"].items()
        if isinstance(result, np.ndarray)
        and not (folder / name).is_symlink()
        and not name.startswith(".")
        and (folder / name).stat().st_size < 10**5
        and Path(name).suffix.lower() not in ("", ".txt")
    )


@pytest.fixture(scope="module")
def folders(good, folder) -> dict:
    return in_process(read_folders, folder, good)


# One file after another


def test_each_is_read_right_or_refused_with_a_remedy(cases, folder, results):
    read, wrong = 0, []
    for case in cases:
        result = results["files"][case.name]
        if isinstance(result, np.ndarray):
            read += 1
            found = faults(result, case)
        else:
            found = faults_of_error(*result, case, str(folder / case.name))
        if found := list(found):
            wrong.append(f"{case.kind}: {case.name!r} {', '.join(found)}")
    print(f"{len(cases)} files: {read} read right, {len(cases) - read} refused with a remedy")
    assert not wrong, f"{len(wrong)} of {len(cases)} files:\n" + "\n".join(wrong[:60])


def faults(image: np.ndarray, case: Case):
    """What is wrong with pixels that were read."""
    if case.shows is None:
        yield f"is read, as {image.shape}"
    elif case.shows is AS_PILLOW_HAS_IT:
        pass  # was compared where it was read
    elif image.dtype != np.uint8 or image.shape != case.shows.shape:
        yield f"is {image.dtype} {image.shape}, not uint8 {case.shows.shape}"
    elif (off := np.abs(image.astype(int) - case.shows).max()) > case.atol:
        yield f"is off by {off}"


def faults_of_error(kind: str, text: str, case: Case, path: str):
    """What is wrong with an error."""
    if case.shows is not None and not case.or_refused:
        yield f"is refused: {text}"
    if kind not in ("ValueError", "FileNotFoundError", "IsADirectoryError", "PermissionError"):
        yield f"raises {kind}: {text}"
    if path not in text:
        yield f"is not named: {text}"
    if not re.search(REMEDY, text.replace(path, "")):
        yield f"has no remedy: {text}"


def test_memory_stays_below_a_gigabyte(results):
    print(f"{results['peak'] / 1e6:,.0f} MB at most for {len(results['files'])} files")
    assert results["peak"] < MEMORY


# A folder of them


def test_a_folder_is_listed_by_what_can_be_read(cases, folders, good):
    kinds = folders["kinds"]
    listed = {name: kind for kind, names in kinds.items() for name in names}
    assert set(good) <= set(kinds["images"])
    assert listed["outside.png"] == "links that leave the folder"
    wanted = {"folder.png": "nested folders", "to folder.png": "nested folders"}
    wanted |= dict.fromkeys(("pipe.png", "socket.png", "to pipe.png"), "pipes or devices")
    wanted |= dict.fromkeys(("loop.png", "round a.png", "dangling.png"), "links to nothing")
    assert {name: listed[name] for name in wanted} == wanted
    print({kind: len(names) for kind, names in kinds.items()})


def test_load_folder_gives_the_same_pixels(folder, folders, good, results):
    with np.load(folder.parent.parent / "loaded.npz") as stored:
        loaded, labels = stored["images"], stored["labels"]
    assert loaded.shape == (len(good), SMALL, SMALL, 3) and not labels.any()
    for name, image in zip(good, loaded, strict=True):
        np.testing.assert_array_equal(
            image, images.resize(results["files"][name], SMALL), err_msg=repr(name)
        )
    print(f"{len(good)} images")


def test_new_data_takes_what_can_be_read_and_names_the_rest(folders):
    taken = [source.removeprefix("Hat/") for source in folders["sources"]]
    assert len(set(taken)) == len(taken)
    named = [note for note in folders["notes"] if "left out" in note]
    for kind, names in folders["kinds"].items():
        if kind in ("hidden", "nested folders"):
            continue
        for name in set(names) - set(taken):
            notes = [note for note in named if note.startswith(f"Hat/{name}: left out, ")]
            assert len(notes) == 1, (name, notes)
    print(f"{len(taken)} taken, {len(named)} left out and named")


def test_an_upload_is_read_or_named_alone(folders):
    for name, told in folders["uploads"].items():
        if isinstance(told, str):
            assert name in told and re.search(REMEDY, told) and "/upload" not in told, (name, told)
    print(f"{len(folders['uploads'])} uploads")


# Other ways in, for one of each kind


@pytest.fixture(scope="module")
def refused(cases, results) -> list[Case]:
    """One file of each kind that is refused, with the names that are oddest."""
    found = {}
    for case in cases:
        if not isinstance(results["files"][case.name], np.ndarray) and isinstance(case.make, bytes):
            found.setdefault(case.name if case.kind == "odd name" else case.kind, case)
    return list(found.values())


def test_a_dataset_names_the_file_that_it_cannot_read(refused, tmp_path):
    import tensorflow as tf

    count = 0
    for i, case in enumerate(refused):
        path = write(tmp_path / str(i) / "Hat" / case.name, case.make)
        if not data.is_image(path) or case.name.startswith("."):
            continue
        count += 1
        dataset = data.folder_dataset(tmp_path / str(i), SMALL)
        with pytest.raises(tf.errors.InvalidArgumentError, match=REMEDY) as caught:
            list(dataset)
        shown = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
        assert shown in caught.value.message
    print(f"{count} files")
    assert count > 25


def test_a_photograph_of_ones_own_is_named(refused, tmp_path):
    for case in refused:
        path = write(tmp_path / case.name, case.make)
        assert photographs.get(path) == photographs.get(str(path)) == path
        with pytest.raises(ValueError, match=REMEDY) as caught:
            images.read_image(photographs.get(path))
        assert str(path) in str(caught.value)


def test_a_path_in_the_place_of_an_image_is_told(tmp_path):
    model = pretrained.Classifier(pretrained.find("EfficientNetLite0"), None, "bundled")
    path = write(tmp_path / "사진.png", saved("PNG"))
    for given in (path, str(path), [path], [PICTURE, str(path)]):
        with pytest.raises(TypeError, match=r"the path '.*사진\.png'.*images\.read_image"):
            model.preprocess(given)


def test_a_set_of_odd_names_is_written_and_read_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(new_data, "rough_mask", lambda image: image[..., 0] // 255)
    monkeypatch.setenv(data.IN_USE, "")
    random = np.random.default_rng(0)
    names = ("\udcff\udcfe {}.png", "two\nlines {}.png", "사진 {}.png", '100% "a", {}.png')
    for label in ("모자", "🎩 hats, etc"):
        for number in range(2):
            for name in names:
                tiles = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                image = Image.fromarray(tiles).resize((224, 224), Image.Resampling.NEAREST)
                content = saved("PNG", image)
                write(tmp_path / "photos" / label / name.format(chr(97 + number)), content)
    write(tmp_path / "photos" / "모자" / "bad \udcff.png", b"")
    options = ["--groups", "off", "--output", str(tmp_path / "made")]
    assert main(["new-data", str(tmp_path / "photos"), *options]) == 0
    assert "bad \\udcff.png: left out" in capsys.readouterr().out
    data.use(tmp_path / "made")
    (train, _), (test, _) = data.load_objects()
    assert len(train) + len(test) == 2 * 2 * len(names)
    assert len({row["source"] for row in data.read_manifest()}) == 2 * 2 * len(names)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of Pillow, about metadata
    task, place = globals()[sys.argv[1]], Path(sys.argv[2])
    result = task(place, json.load(sys.stdin))
    faulthandler.cancel_dump_traceback_later()
    (place.parent.parent / f"{task.__name__}.json").write_text(json.dumps(result))
