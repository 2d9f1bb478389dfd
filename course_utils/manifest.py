"""The two lists of an image set, read and checked: its images and its classes."""

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

COLUMNS = ("file", "mask", "split", "class", "instance")
# What would end a line of classes.txt or a folder's name, and halves of letters.
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff/\\]")


def read_classes(path: Path) -> tuple[str, ...]:
    """Names of classes from a text file, a line for each.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, it is no text, or it names fewer than two classes, one twice, or
        one that cannot name a folder.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{path.absolute()} is missing. An image set of your own is made by 'course new-data'; "
            "COURSE_DATA and data.use name its folder."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")  # as Windows' Notepad may save it
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 ({error}). Save it as such.") from error
    names = tuple(filter(None, map(str.strip, text.splitlines())))
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"{path} must name at least two classes, one a line, none twice.")
    check_class_names(names, path)
    return names


def check_class_names(names: Sequence[str], path: Path) -> None:
    """Each name can be that of a folder inside an image set, and a line of its list of classes.

    Raises
    ------
    ValueError
        Names the first that cannot, and where it stands: ``path``.
    """
    for name in names:
        if name != name.strip() or name.startswith(".") or _NOT_IN_NAMES.search(name):
            raise ValueError(
                f"{path}: {name!r} cannot name a class. Rename it: no slash, line break or other "
                "character that cannot be seen, no dot at its beginning and no blank at its ends."
            )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of the list of an image set's images.

    Parameters
    ----------
    path : path
        Of a CSV file that has `COLUMNS`, maybe among others.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is missing or damaged, or names files outside its folder.
    """
    remedy = (
        "Get it back with 'git checkout -- data/objects', or make the images again: "
        "data/objects/README.md says how; your own with 'course new-data'."
    )
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path.absolute()} is missing. {remedy}")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is damaged ({error}). {remedy}") from error
    if {row.get("split") for row in rows} != {"train", "test"}:
        raise ValueError(f"{path} is damaged: it must list train and test images. {remedy}")
    folder = path.parent.resolve()
    for line, row in enumerate(rows, 2):
        if None in row or any(not row.get(column) for column in COLUMNS):
            wanted = ", ".join(COLUMNS)
            raise ValueError(f"{path} is damaged: line {line} lacks one of {wanted}. {remedy}")
        for file in (row["file"], row["mask"]):
            if "\0" in file or not (folder / file).resolve().is_relative_to(folder):
                raise ValueError(f"{path}: {file!r} lies outside of the image set. {remedy}")
    return rows
