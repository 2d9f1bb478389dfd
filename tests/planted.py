"""Files that would run a program for who unpickles them, and what tells whether somebody did."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np

KEY = "0" * 40  # of a kept result
_N = 10


class Planted:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return open, (self.mark, "w")


def saved(array, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def archive(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as content:
        for name, body in members.items():
            content.writestr(name, body)
    return file.getvalue()


def objects(content) -> np.ndarray:
    array = np.empty(_N, object)
    array[:] = [content] * _N
    return array


def planted(mark: Path) -> dict[str, bytes]:
    """Files that would run a program for who unpickles them."""
    bad = Planted(mark)
    plain = pickle.dumps(bad)
    fields = np.zeros(_N, [("a", "u1", 3), ("b", object)])
    fields["b"] = objects(bad)
    return {
        "pickle": plain,
        "npy": saved(objects(bad), allow_pickle=True),
        "npy with fields": saved(fields, allow_pickle=True),
        "npz": archive(array=objects(bad), key=KEY),
        "npz's key": archive(array=np.zeros(_N), key=objects(bad)),
        "member": zipped({"array.npy": plain, "key.npy": saved(np.array(KEY))}),
        "torch": zipped({"archive/data.pkl": plain, "archive/version": b"3"}),
        "outside": zipped({"../../outside.npy": saved(np.zeros(_N)), "/tmp/outside.npy": plain}),
    }


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))
