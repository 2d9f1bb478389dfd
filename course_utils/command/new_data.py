"""``course new-data``: make an image set for lessons 08 to 10 of one's own photographs."""

import csv
import errno
import io
import math
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_utils import data, guards, manifest
from course_utils.caching import save_folder
from course_utils.command.terminal import CommandError, cannot_write
from course_utils.data import CLASSES_FILE, IMAGE_SIZE, Split
from course_utils.images import read_image, resize
from course_utils.progress import progress
from course_utils.segmentation import rough_mask
from course_utils.tables import Table

SMALLEST = 112  # pixels of the shorter side; half of what the networks take
# Training images: lesson 08 divides those of a class into five parts; batches are to be filled.
LEAST_OF_A_CLASS, LEAST = 5, 15
UNEVEN = 2  # times as many photographs in the largest class as in the smallest
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# The last number or single letter of a name, with what separates it: _2, -b, (3).
_LAST = re.compile(r"[ _\-.(]+(?:\d+|[A-Za-z])\)?$")
BY_FOLDER = "the folder inside the folder of its class"
BY_NAME = (
    "its file's name without the last number or letter (mug_07_2.jpg and mug_07_b.jpg: mug_07)"
)
ALONE = "itself: nothing in names or folders tells which photographs show one object"
OFF = "itself (--groups off)"
AS_GIVEN = "itself, with training and test images as the files have them"
COLUMNS = ("file", "mask", "split", "class", "instance", "environment", "camera", "seed", "source")
HELP = (
    "Make an image set for lessons 08 to 10 of photographs: one folder for each class, or the four "
    ".npy files of the lecture (other classes are named in classes.txt beside them, one a line). "
    "Broken and too small files are left out and named, nearly equal ones kept on one side. "
    "Photographs of one object belong to one group, which is trained on or tested, never both: the "
    "group is the folder inside the class's folder, where there is one; else the file's name "
    "without its last number or letter. Exit code: 0 when the set was written, else 1; 130 when "
    "interrupted."
)


@dataclass(frozen=True)
class Photograph:
    """One image of the set.

    Attributes
    ----------
    source : str
        Its file, or its place in an array.
    label : int
    group : str
        What shows one object.
    image : ndarray of uint8, shape (224, 224, 3)
    split : str
        "train", "test", or empty where that is not decided yet.
    """

    source: str
    label: int
    group: str
    image: np.ndarray
    split: str = ""


@dataclass(frozen=True)
class Found:
    """What an instructor's folder holds.

    Attributes
    ----------
    class_names : tuple of str
    photographs : list of Photograph
    rule : str
        What makes a group, in words.
    notes : list of str
        What was left out and why.
    """

    class_names: tuple[str, ...]
    photographs: list[Photograph]
    rule: str
    notes: list[str]


def add_parser(commands) -> None:
    """Add the command to those of ``course``."""
    parser = commands.add_parser(
        "new-data",
        help="make an image set for lessons 08 to 10 of your own photographs",
        description=HELP,
        epilog="example: course new-data ~/tools --output ~/tools_for_class",
    )
    parser.add_argument("folder", type=Path, help="a folder for each class, or four .npy files")
    parser.add_argument(
        "--output", type=Path, required=True, help="folder of the image set; must not exist"
    )
    parser.add_argument(
        "--groups",
        choices=("auto", "off"),
        default="auto",
        help="off: take every photograph for one of another object (default: auto)",
    )
    parser.add_argument(
        "--test",
        type=float,
        metavar="SHARE",
        help="share of each class to test on, above 0 and below 1 (default: 0.5, or less where too "
        "few would be left to train on)",
    )
    parser.set_defaults(
        call=lambda o: run(o.folder, o.output, by_group=o.groups == "auto", test_share=o.test)
    )


def run(folder: Path, output: Path, *, by_group: bool, test_share: float | None) -> int:
    """Read photographs, split them, write the image set, and print what it holds; returns 0.

    Parameters
    ----------
    folder : path
        Holds a folder for each class, or the lecture's four .npy files.
    output : path
        Must not exist, or be empty.
    by_group : bool
        Whether names and folders tell groups.
    test_share : float or None
        Of each class's photographs, above 0 and below 1; groups stay whole. By default half, or
        fewer where not enough would be left to train on.

    Raises
    ------
    CommandError, FileNotFoundError, PermissionError, ValueError
        If there is nothing to make a set of, or it cannot be written; nothing is left of it then.
    """
    if test_share is not None and not 0 < test_share < 1:
        raise CommandError(f"--test {test_share:g}: give a share above 0 and below 1, such as 0.5.")
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise CommandError(f"{output} exists already. Choose another --output, or delete it.")
    if any(folder.glob("*.npy")):
        found = _drop_from_training(_read_arrays(folder))
    else:
        found = _join_duplicates(_read_folder(folder, by_group))
        found = replace(found, photographs=_split(found, test_share))
    _check(found)
    text = _describe(found)
    _write(found, text, output)
    print(text)
    print(f"\nWritten to {output}. To run the lessons on it unchanged:")
    print(f"  {data.IN_USE}={output.absolute()} course run 08 09 10")
    print("In a notebook, by one line before the images are loaded:")
    print(f"  data.use({str(output.absolute())!r})")
    return 0


def _read_folder(folder: Path, by_group: bool) -> Found:
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder at {folder.absolute()}. Check the spelling.")
    names = tuple(path.name for path in data.entries(folder, folder).get("nested folders", []))
    if len(names) < 2:
        raise CommandError(
            f"{folder} holds {len(names) or 'no'} folder{'' if len(names) == 1 else 's'} of "
            "photographs. At least two are needed, one for each class."
        )
    manifest.check_class_names(names, folder)
    files, notes = [], []
    for label, name in enumerate(names):
        taken, skipped = _files(folder / name, folder)
        files += [(label, path, path.relative_to(folder / name)) for path in taken]
        notes += [f"{path.relative_to(folder)}: left out, {why}." for path, why in skipped]
    photographs = []
    for label, path, inside in progress(files, "reading photographs"):
        source = path.relative_to(folder).as_posix()
        try:
            image = read_image(path)
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in NO_ROOM:  # for what reading keeps for a moment
                raise cannot_write(tempfile.gettempdir(), error) from error
            notes.append(f"{source}: left out, it cannot be read. {error}")
            continue
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST:
            notes.append(
                f"{source}: left out, {width}×{height} pixels; at least {SMALLEST} are needed."
            )
            continue
        if min(height, width) < min(IMAGE_SIZE):
            notes.append(f"{source}: kept, but {width}×{height} pixels are enlarged.")
        group = inside.parts[0] if len(inside.parts) > 1 else ""
        photographs.append(Photograph(source, label, group, resize(image, IMAGE_SIZE)))
    photographs, rule = _grouped(photographs, by_group)
    return Found(names, photographs, rule, notes)


def _files(folder: Path, root: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Images in a folder and in those inside it, and what is none, with the reason."""
    taken, skipped = [], []
    for kind, paths in data.entries(folder, root).items():
        if kind == "images":
            taken += paths
        elif kind == "nested folders":
            for path in paths:
                more = _files(path, root)
                taken += more[0]
                skipped += more[1]
        elif kind != "hidden":
            skipped += [(path, f"it is one of the {kind}") for path in paths]
    return sorted(taken), skipped


def _grouped(photographs: list[Photograph], by_group: bool) -> tuple[list[Photograph], str]:
    """Give each photograph its group, and say by which rule."""
    alone = [replace(photo, group=photo.source) for photo in photographs]
    if not by_group:
        return alone, OFF
    if any(photo.group for photo in photographs):
        return [
            replace(photo, group=f"{photo.label}/{photo.group or photo.source}")
            for photo in photographs
        ], BY_FOLDER
    named = [
        replace(photo, group=f"{photo.label}/{_LAST.sub('', Path(photo.source).stem)}")
        for photo in photographs
    ]
    groups_of = defaultdict(Counter)
    for photo in named:
        groups_of[photo.label][photo.group] += 1
    numbered = all(len(groups) == 1 for groups in groups_of.values())  # IMG_0001, IMG_0002, …
    each_alone = all(max(groups.values()) == 1 for groups in groups_of.values())
    return (alone, ALONE) if numbered or each_alone else (named, BY_NAME)


def _join_duplicates(found: Found) -> Found:
    """Put nearly equal photographs into one group; leave them out where their classes differ."""
    photographs = found.photographs
    notes, left_out, joined = list(found.notes), set(), {}

    def group_of(name: str) -> str:
        while name in joined:
            name = joined[name]
        return name

    for i, j in _duplicates(photographs, photographs):
        if i >= j:
            continue
        one, other = photographs[i], photographs[j]
        both = f"{one.source} and {other.source} are nearly the same photograph"
        if one.label != other.label:
            left_out |= {i, j}
            notes.append(f"{both}, in two classes: both left out.")
        elif group_of(one.group) != group_of(other.group):
            joined[group_of(other.group)] = group_of(one.group)
            notes.append(f"{both}: kept on one side.")
    kept = [
        replace(photo, group=group_of(photo.group))
        for i, photo in enumerate(photographs)
        if i not in left_out
    ]
    return replace(found, photographs=kept, notes=notes)


def _duplicates(first: Sequence[Photograph], second: Sequence[Photograph]):
    if not first or not second:
        return []
    return guards.near_duplicates(
        *(np.stack([photo.image for photo in side]) for side in (first, second))
    )


def _split(found: Found, test_share: float | None) -> list[Photograph]:
    """Draw whole groups for the test, class by class, always the same ones."""
    random = np.random.default_rng(0)
    photographs = []
    for label, name in enumerate(found.class_names):
        own = [photo for photo in found.photographs if photo.label == label]
        sizes = Counter(photo.group for photo in own)
        if len(sizes) < 2:
            how = "no photograph is left" if not own else f"all {len(own)} are of one group"
            raise CommandError(
                f"Class {name}: {how}, and two groups are needed, one for training and one for "
                f"the test. A photograph's group is {found.rule}. Add photographs of another "
                "object, or give --groups off."
            )
        order = [list(sizes)[i] for i in random.permutation(len(sizes))]
        tested, count = {order[0]}, sizes[order[0]]
        most = len(own) - (_least(found) if test_share is None else 0)
        share = 0.5 if test_share is None else test_share
        for group in order[1:-1]:  # the last is for training
            if count + sizes[group] / 2 <= share * len(own) and count + sizes[group] <= most:
                tested.add(group)
                count += sizes[group]
        photographs += [
            replace(photo, split="test" if photo.group in tested else "train") for photo in own
        ]
    return photographs


def _least(found: Found) -> int:
    """How many training images of each class the lessons need."""
    return max(LEAST_OF_A_CLASS, math.ceil(LEAST / len(found.class_names)))


def _read_arrays(folder: Path) -> Found:
    """The lecture's four files, with the split that they have."""
    names = folder / CLASSES_FILE
    class_names = manifest.read_classes(names) if names.is_file() else data.classes_in_use()
    sets: tuple[Split, Split] = data.load_npy(folder)
    photographs, notes = [], []
    for split, (images, labels) in zip(("train", "test"), sets, strict=True):
        height, width = images.shape[1:3]
        if min(height, width) < min(IMAGE_SIZE):
            notes.append(f"{split}: {width}×{height} pixels are enlarged.")
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            source = f"{split} {i}"
            image = resize(image, IMAGE_SIZE)
            photographs.append(Photograph(source, int(label), source, image, split))
    return Found(class_names, photographs, AS_GIVEN, notes)


def _drop_from_training(found: Found) -> Found:
    """Leave out of the training images what is nearly a test image."""
    train, test = (
        [photo for photo in found.photographs if photo.split == split]
        for split in ("train", "test")
    )
    twin = dict(_duplicates(train, test))
    notes = [
        f"{train[i].source}: left out, since {test[j].source} is nearly the same photograph."
        for i, j in twin.items()
    ]
    kept = [photo for i, photo in enumerate(train) if i not in twin]
    return replace(found, photographs=kept + test, notes=found.notes + notes)


def _check(found: Found) -> None:
    for label, name in enumerate(found.class_names):
        for split in ("train", "test"):
            if not any(p.label == label and p.split == split for p in found.photographs):
                raise CommandError(
                    f"Class {name} has no {split} image. Add some, or name other classes in "
                    f"{CLASSES_FILE}, one a line."
                )


def _describe(found: Found) -> str:
    rows = []
    for label, name in enumerate(found.class_names):
        own = [photo for photo in found.photographs if photo.label == label]
        sides = Counter(photo.split for photo in own)
        groups = len({photo.group for photo in own})
        rows.append((name, len(own), groups, sides["train"], sides["test"]))
    totals = ("together", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    table = Table(
        ("class", "photographs", "groups", "training", "test"),
        [*rows, totals],
        ("", ",", ",", ",", ","),
        total=True,
    )
    lines = [repr(table), "", f"A photograph's group is {found.rule}. Groups stay on one side."]
    largest, smallest = (pick(rows, key=lambda row: row[1]) for pick in (max, min))
    if largest[1] > UNEVEN * smallest[1]:
        lines.append(
            f"The classes are uneven: {largest[1]} of {largest[0]}, {smallest[1]} of "
            f"{smallest[0]}. Always answering {largest[0]} is right too often; add of the others."
        )
    few = [f"{row[3]} of {row[0]}" for row in rows if row[3] < _least(found)]
    if few:
        lines.append(
            f"The lessons want {_least(found)} training images of each class; here are "
            f"{', '.join(few)}. Add photographs, or leave fewer to the test, as with --test 0.3."
        )
    lines.append("Masks are what GrabCut takes for the object, starting from the middle: rough.")
    return "\n".join([*lines, *found.notes])


def _write(found: Found, text: str, output: Path) -> None:
    """Write the whole set, or nothing."""

    def write(folder: Path) -> None:
        rows = _write_images(found, folder)
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        # Names of files need not be UTF-8.
        encoding = {"encoding": "utf-8", "errors": "backslashreplace"}
        (folder / "manifest.csv").write_text(table.getvalue(), **encoding)
        names = "\n".join(found.class_names) + "\n"
        (folder / CLASSES_FILE).write_text(names, encoding="utf-8")
        readme = f"Made by `course new-data`.\n\n```\n{text}\n```\n"
        (folder / "README.md").write_text(readme, **encoding)

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        save_folder(output, write)
    except OSError as error:
        raise cannot_write(output, error, "Nothing is left of it.") from error


def _write_images(found: Found, folder: Path) -> list[dict[str, str]]:
    from PIL import Image

    # A test set shows an object's views one after another.
    ordered = sorted(found.photographs, key=lambda p: (p.split != "train", p.label, p.group))
    instances: dict[str, str] = {}
    counts: Counter = Counter()
    rows = []
    for photo in progress(ordered, "finding the objects, writing"):
        name = found.class_names[photo.label]
        if photo.group not in instances:
            instances[photo.group] = f"{name}_{counts[name]:02}"
            counts[name] += 1
        stem = f"{photo.split}/{name}/{name}_{photo.split}_{counts[name, photo.split]:02}"
        counts[name, photo.split] += 1
        files = {"file": f"images/{stem}.jpg", "mask": f"masks/{stem}.png"}
        for file in files.values():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo.image).save(folder / files["file"], quality=95, subsampling=0)
        Image.fromarray(255 * rough_mask(photo.image)).save(folder / files["mask"])
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | files
            | {
                "split": photo.split,
                "class": name,
                "instance": instances[photo.group],
                "source": photo.source,
            }
        )
    return rows
