"""Bugs that are silent by nature, each planted in a copy of the lessons that it fits.

``planted_bugs.toml`` holds them. A plant edits the lesson's source, or what the course's functions
load, as data of one's own would. :func:`caught` runs the copy until something says so.
"""

import asyncio
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from course_utils.command import compare
from course_utils.command.lessons import find_lessons, from_source, source_of
from course_utils.command.run import CELL_TIMEOUT, ENVIRONMENT, ONE_THREAD
from course_utils.paths import ROOT

PAGE = ROOT / "docs" / "planted_bugs.md"
BEGIN, END = "<!-- planted bugs -->", "<!-- end of planted bugs -->"


class Plant(NamedTuple):
    """A bug in one lesson.

    Attributes
    ----------
    bug : str
        The kind.
    lesson : str
        Its number.
    where : str
        What is wrong in it, in a few words.
    by : {"guard", "check", "tolerance", "output"}
        What catches it: a guard of the course, another error, a number outside its tolerance, or
        an output that is compared to the letter.
    cell : int
        The code cell that does.
    said : str
        A part of the line that says so.
    old, new : str
        What stands once in the lesson's source, and what takes its place.
    images, masks : str
        Code that changes ``x_train, y_train, x_test, y_test`` as they are loaded, or the masks
        ``m_train, m_test``.
    quick : bool
        Whether it is caught within seconds.
    """

    bug: str
    lesson: str
    where: str
    by: str
    cell: int
    said: str
    old: str = ""
    new: str = ""
    images: str = ""
    masks: str = ""
    quick: bool = False

    @property
    def path(self) -> Path:
        """The lesson's notebook."""
        (path,) = find_lessons([self.lesson])
        return path

    def __str__(self) -> str:
        return f"{self.lesson}, {self.bug}: {self.where}"


def read_plants() -> list[Plant]:
    """All plants of ``planted_bugs.toml``, bug by bug."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    kinds = tomllib.loads(text)["bugs"]
    return [Plant(bug, **plant) for bug, plants in kinds.items() for plant in plants]


def notebook_of(plant: Plant, folder: Path):
    """The notebook of the lesson with the bug in it.

    Parameters
    ----------
    plant : Plant
    folder : path
        Where the copy of its source is written.
    """
    text = source_of(plant.path).read_text(encoding="utf-8")
    copy = folder / source_of(plant.path).name
    copy.write_text(text.replace(plant.old, plant.new) if plant.old else text, encoding="utf-8")
    return from_source(copy)


def caught(plant: Plant, folder: Path) -> str:
    """The first line that tells of the bug: an error, or a difference to the stored outputs.

    The lesson runs cell by cell, on one thread, and ends there. Empty if nothing tells.

    Parameters
    ----------
    plant : Plant
    folder : path
        Where the copy of its source is written.
    """
    stored = nbformat.read(plant.path, as_version=4)
    return asyncio.run(_caught(notebook_of(plant, folder), stored, plant))


async def _caught(notebook, stored, plant: Plant) -> str:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(plant.path.parent)}},
        extra_arguments=["--log-level=ERROR"],
        shutdown_kernel="immediate",
    )
    before = dict(compare.code_cells(stored))
    async with client.async_setup_kernel(env=os.environ | ENVIRONMENT | ONE_THREAD):
        for name, cell in compare.code_cells(notebook):
            try:
                await client.async_execute_cell(cell, notebook.cells.index(cell))
                if name == "cell 1":  # the set-up cell
                    await client.async_execute_cell(nbformat.v4.new_code_cell(loading(plant)), 0)
            except CellExecutionError as error:
                return f"{name}: {error.ename}: {(error.evalue.splitlines() or [''])[0]}"
            tags = cell.metadata.get("tags", [])
            found = compare.differences(before[name].outputs, cell.outputs, tags, name)
            if found:
                return found[0]
    return ""


_LOADING = """
from course_utils import data

def planted(load=data.{function}):
    import cv2
    import numpy as np

    {unpacked} = load()
    {change}
    return {unpacked}

data.{function} = planted
"""


def loading(plant: Plant) -> str:
    """Code that plants the bug into what the course loads."""
    sets, masks = "(x_train, y_train), (x_test, y_test)", "m_train, m_test"
    if plant.images:
        return _LOADING.format(function="load_objects", unpacked=sets, change=plant.images)
    if plant.masks:
        return _LOADING.format(function="load_objects_masks", unpacked=masks, change=plant.masks)
    return ""


def table(plants: Sequence[Plant]) -> str:
    """The plants as a Markdown table: bug, lesson, what is wrong, what catches it."""
    rows = [
        f"| {plant.bug} | {plant.lesson} | {plant.where} | {plant.by} | {plant.cell} |"
        for plant in plants
    ]
    header = [
        "| bug | lesson | planted in | caught by | in cell |",
        "| --- | --- | --- | --- | ---: |",
    ]
    return "\n".join([*header, *rows])


def page(text: str) -> str:
    """The page of the docs with its table as it should be."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(read_plants())}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":  # renew the table in the docs
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
