"""What is said of a damaged list of classes or of images, to the letter."""

import re

import pytest

from course_utils import manifest

HEADER = "file,mask,split,class,instance,camera"
COLUMNS = "file, mask, split, class, instance"
ROWS = ("a.png,m/a.png,train,Mug,Mug_1,0", "b.png,m/b.png,test,Mug,Mug_2,0")
REMEDY = (
    "Get it back with 'git checkout -- data/objects', or make the images again: "
    "data/objects/README.md says how; your own with 'course new-data'."
)
NAME = (
    " cannot name a class. Rename it: no slash, line break or other character that cannot be seen, "
    "no dot at its beginning and no blank at its ends."
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "set" / "list"


def write(path, *lines, encoding="utf-8"):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def said(path, message):
    return f"^{re.escape(f'{path}{message}')}$"


def test_classes_are_read_as_any_editor_saves_them(path):
    for encoding in ("utf-8", "utf-8-sig"):
        write(path, " 모자 ", "", "a mug.\r", "Mug", encoding=encoding)
        assert manifest.read_classes(path) == ("모자", "a mug.", "Mug")


def test_classes_in_another_encoding_are_refused(path):
    write(path, "Mütze", "Hut", encoding="latin-1")
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))} is no text in UTF-8 .+ such.$"):
        manifest.read_classes(path)


@pytest.mark.parametrize(
    "name",
    [
        *(" a", "a ", ".a", "a/b", "a\\b", "a\nb", "a\x00", "a\x1f", "a\x7f", "a\x85b"),
        *("a\u2028b", "a\u2029b", "\ud800", "a\udfff"),
    ],
)
def test_a_class_that_cannot_name_a_folder_is_refused(path, name):
    manifest.check_class_names(["a.b", "a b", "a\u2027~\xa0b", "모자"], path)
    with pytest.raises(ValueError, match=said(path, f": {name!r}{NAME}")):
        manifest.check_class_names(["Mug", name], path)


def test_rows_are_read_by_their_columns(path):
    rows = manifest.read_rows(write(path, HEADER, *ROWS))
    assert [row["mask"] for row in rows] == ["m/a.png", "m/b.png"]
    assert rows[1] == dict(zip(HEADER.split(","), ROWS[1].split(","), strict=True))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER,), f" is damaged: it must list train and test images. {REMEDY}"),
        ((HEADER, ROWS[0]), f" is damaged: it must list train and test images. {REMEDY}"),
        (
            (HEADER, *ROWS, ROWS[0].replace("train", "Test")),
            f" is damaged: it must list train and test images. {REMEDY}",
        ),
        (
            (HEADER, *ROWS, "a,b,test,Mug"),
            f" is damaged: line 4 lacks one of {COLUMNS}. {REMEDY}",
        ),
        (
            (HEADER, f"{ROWS[0]},more", ROWS[1]),
            f" is damaged: line 2 lacks one of {COLUMNS}. {REMEDY}",
        ),
        (
            (HEADER, ROWS[0], ROWS[1].replace("Mug_2", "")),
            f" is damaged: line 3 lacks one of {COLUMNS}. {REMEDY}",
        ),
        (
            (HEADER, ROWS[0], ROWS[1].replace("b.png,", "../b.png,", 1)),
            f": '../b.png' lies outside of the image set. {REMEDY}",
        ),
        (
            (HEADER, ROWS[0], ROWS[1].replace("b.png,", "b\0.png,", 1)),
            f": 'b\\x00.png' lies outside of the image set. {REMEDY}",
        ),
        (
            (HEADER, ROWS[0], ROWS[1].replace("m/b.png", "/b.png")),
            f": '/b.png' lies outside of the image set. {REMEDY}",
        ),
    ],
)
def test_a_damaged_list_is_refused(path, lines, message):
    with pytest.raises(ValueError, match=said(write(path, *lines), message)):
        manifest.read_rows(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"file,split\nM\xfctze,train", "'utf-8' codec can't decode byte 0xfc in position 12: .+"),
        (b"file,split\n" + 200_000 * b"a" + b",train", r"field larger than field limit \(131072\)"),
    ],
)
def test_what_is_no_list_is_refused(path, content, why):
    write(path).write_bytes(content)
    beginning, end = (re.escape(text) for text in (f"{path} is damaged (", f"). {REMEDY}"))
    with pytest.raises(ValueError, match=f"^{beginning}{why}{end}$"):
        manifest.read_rows(path)


def test_a_missing_list_is_told_with_its_remedy(path):
    with pytest.raises(FileNotFoundError, match=said(path, f" is missing. {REMEDY}")):
        manifest.read_rows(path)
