"""Stands for Google Drive in Colab: an empty one."""

import pathlib


def mount(mountpoint: str) -> None:
    """Show the drive under a folder, which Colab makes."""
    pathlib.Path(mountpoint, "MyDrive").mkdir(parents=True, exist_ok=True)
