"""Features of many images as Parquet, part by part, so that any number of workers can write them.

While parts are missing they lie in a folder that is named like the result, with ``.part`` at its
end. When the last is there the folder gets its own name, so what bears that name is whole.
"""

import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.caching import UNFINISHED, save_whole
from course_utils.command.terminal import CommandError

PART = 1024  # images; what a killed worker loses at most
INSTALL = 'pip install -c constraints.txt -e ".[features]"'
_KEY = b"course features"  # in the metadata of a part


@dataclass(frozen=True)
class Settings:
    """What features depend on; parts that were made with others do not belong together.

    Attributes
    ----------
    model : str
    weights : str
        SHA-256 of their file.
    pixels : int
        Height and width of the images that the model was given.
    images : int
        How many files there were.
    listing : str
        SHA-256 of their names and sizes.
    """

    model: str
    weights: str
    pixels: int
    images: int
    listing: str

    @property
    def parts(self) -> int:
        """How many parts there are to be."""
        return -(-self.images // PART)


@dataclass(frozen=True)
class Part:
    """The features of one part.

    Attributes
    ----------
    files : list of str
        Names relative to the folder, with ``/``.
    features : ndarray of float32, shape (len(files), d)
    left_out : dict of str to str
        Names of files that are not among them, and why.
    """

    files: list[str]
    features: np.ndarray
    left_out: Mapping[str, str]


def files_of(number: int, files: Sequence[str]) -> Sequence[str]:
    """The files of a part, which do not depend on how many workers there are."""
    return files[number * PART : (number + 1) * PART]


def require_pyarrow() -> None:
    """Raise a `CommandError` with the remedy where pyarrow is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise CommandError(
            f"course features writes Parquet by pyarrow, which is missing: {INSTALL}"
        )


class Parts:
    """The parts of one result, here or still to come.

    Parameters
    ----------
    out : path
        What the result is called.
    settings : Settings

    Raises
    ------
    CommandError
        If something else is there, or parts of other settings.
    """

    def __init__(self, out: Path, settings: Settings) -> None:
        self.out, self.settings = out, settings
        self._waiting = out.with_name(f"{out.name}.part")
        if out.exists():
            if not out.is_dir():
                raise CommandError(f"{out} is a file of something else. Choose another --out.")
            if not any(out.iterdir()):
                out.rmdir()
        self.missing()  # tells other settings

    @property
    def folder(self) -> Path:
        """Where the parts are now."""
        return self.out if self.out.exists() else self._waiting

    def path(self, number: int) -> Path:
        """The file of a part."""
        return self.folder / f"part-{number:06}.parquet"

    def missing(self) -> list[int]:
        """Numbers of the parts that are not there, or cut off.

        Raises
        ------
        CommandError
            If a part was made with other settings.
        """
        folder = self.folder
        ours = {self.path(number).name: number for number in range(self.settings.parts)}
        absent = set(ours.values())
        for path in sorted(folder.iterdir()) if folder.exists() else []:
            settings = _settings_of(path)
            if settings is None:
                if folder == self.out and path.name not in ours and not path.match(UNFINISHED):
                    raise CommandError(
                        f"{self.out} holds {path.name}, which is no part of features. Choose "
                        "another --out."
                    )
            elif settings != asdict(self.settings):
                raise CommandError(self._differs(settings))
            else:
                absent.discard(ours.get(path.name))
        if self.folder != folder:  # another worker was done meanwhile
            return self.missing()
        return sorted(absent)

    def _differs(self, settings: Mapping) -> str:
        now = asdict(self.settings)
        changed = [
            f"{name} {str(settings.get(name))[:24]}, now {str(value)[:24]}"
            for name, value in now.items()
            if settings.get(name) != value
        ]
        return (
            f"{self.folder} was begun with other settings ({'; '.join(changed)}), and all parts "
            f"must have the same. Give the same again, choose another --out, or delete the folder."
        )

    def read(self, number: int, files: Sequence[str]) -> Part | None:
        """A part that is there and whole: of these files, every byte checked; else None."""
        import pyarrow
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.path(number), page_checksum_verification=True) as file:
                table = file.read()
            about = json.loads(table.schema.metadata[_KEY])
            width = table.schema.field("features").type.list_size
            features = table["features"].combine_chunks().flatten().to_numpy().reshape(-1, width)
            part = Part(table["file"].to_pylist(), features, about["left_out"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pyarrow.ArrowException):
            return None
        whole = sorted([*part.files, *part.left_out]) == sorted(files)
        return part if whole and about["settings"] == asdict(self.settings) else None

    def write(self, number: int, part: Part) -> None:
        """Put a part in its place, whole or not at all.

        Raises
        ------
        CommandError
            If it cannot be written.
        """
        from pyarrow import parquet

        path = self.path(number)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_whole(
                path,
                lambda file: parquet.write_table(
                    self._table(part),
                    file,
                    use_dictionary=["class", "model"],
                    write_page_checksum=True,
                ),
            )
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error}). Make room, or see to the folder, and give "
                "the same command again: the parts before are kept."
            ) from error

    def _table(self, part: Part):
        import pyarrow

        width = part.features.shape[1]
        columns = {
            "file": pyarrow.array(part.files, pyarrow.string()),
            "class": pyarrow.array(
                [name.rpartition("/")[0] for name in part.files], pyarrow.string()
            ),
            "features": pyarrow.FixedSizeListArray.from_arrays(
                pyarrow.array(part.features.ravel(), pyarrow.float32()), width
            ),
            "model": pyarrow.array([self.settings.model] * len(part.files), pyarrow.string()),
        }
        about = {"settings": asdict(self.settings), "left_out": dict(part.left_out)}
        return pyarrow.table(columns).replace_schema_metadata({_KEY: json.dumps(about)})

    def rows(self) -> int:
        """How many images the parts that are there hold."""
        from pyarrow import parquet

        return sum(parquet.read_metadata(path).num_rows for path in self.folder.glob("part-*"))

    def finish(self) -> list[int]:
        """Give the result its name if every part is there.

        Returns
        -------
        list of int
            The parts that are still missing: none, if the result has its name now.
        """
        missing = self.missing()
        if missing:
            return missing
        for forgotten in self.folder.glob(UNFINISHED):
            forgotten.unlink(missing_ok=True)
        if self.folder == self._waiting:
            try:
                os.rename(self._waiting, self.out)
            except FileNotFoundError:
                if not self.out.exists():  # else another worker was quicker
                    raise
        return []


def _settings_of(path: Path) -> dict | None:
    """Settings that a part was made with; None of what is no part, or cut off."""
    import pyarrow
    from pyarrow import parquet

    if not path.name.startswith("part-"):
        return None
    try:
        return json.loads(parquet.read_schema(path).metadata[_KEY])["settings"]
    except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException):
        return None
