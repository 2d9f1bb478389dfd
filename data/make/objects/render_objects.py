"""Render the image set data/objects: photographs, masks and manifest.

Needs Blender's Python module (`bpy`), numpy and pillow. Finished images are kept, so an
interrupted run goes on where it stopped.

    python data/make/objects/render_objects.py
    python data/make/objects/render_objects.py --only Hat --split train --count 5 --out /tmp/try
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
from mathutils import Matrix

from blender import geometry as geo
from kinds import card, cube, hat, screw, torch
from stage import scene

DATA = Path(__file__).resolve().parents[2]
CLASSES = {"Hat": hat, "Cube": cube, "Card": card, "Torch": torch, "Screw": screw}
TRAIN_INSTANCES, TEST_INSTANCES, TEST_VIEWS = 13, 20, 2
# Images whose first view turned out unclear: (split, class, number) -> view seed.
SEED_OVERRIDES: dict[tuple[str, str, int], int] = {
    ("train", "Hat", 11): 1,
    ("test", "Cube", 14): 2,
    ("test", "Cube", 17): 3,
    ("test", "Cube", 19): 4,
    ("test", "Cube", 31): 5,
    ("train", "Card", 12): 6,
    ("test", "Card", 38): 7,
    ("train", "Torch", 8): 8,
    ("test", "Torch", 12): 9,
    ("test", "Torch", 19): 10,
    ("test", "Torch", 36): 15,
    ("test", "Torch", 37): 16,
    ("train", "Screw", 6): 11,
    ("train", "Screw", 7): 12,
    ("train", "Screw", 9): 13,
    ("test", "Screw", 2): 14,
}
FIELDS = ("file", "mask", "split", "class", "instance", "environment", "camera", "seed")


@dataclass(frozen=True)
class Job:
    """One image of the set."""

    split: str
    label: str
    number: int
    instance: int

    @property
    def seed(self) -> int:
        """Seed of the view: environment, light, clutter, camera and pose."""
        key = (self.split, self.label, self.number)
        return SEED_OVERRIDES.get(key, zlib.crc32("/".join(map(str, key)).encode()))

    @property
    def name(self) -> str:
        """File name without folder and suffix."""
        return f"{self.label}_{self.split}_{self.number:02d}"

    @property
    def image(self) -> str:
        """Path of the photograph within the set."""
        return f"images/{self.split}/{self.name}.jpg"

    @property
    def mask(self) -> str:
        """Path of the mask within the set."""
        return f"masks/{self.split}/{self.name}.png"


def all_jobs() -> list[Job]:
    """List the whole set; training and test share no instance."""
    jobs = []
    for label in CLASSES:
        jobs += [Job("train", label, i, i) for i in range(TRAIN_INSTANCES)]
        jobs += [
            Job("test", label, i, TRAIN_INSTANCES + i // TEST_VIEWS)
            for i in range(TEST_INSTANCES * TEST_VIEWS)
        ]
    return jobs


def instance_rng(label: str, instance: int) -> np.random.Generator:
    """Generator for an instance's shape and material: the same in every view."""
    return np.random.default_rng([zlib.crc32(label.encode()), instance])


def build_object(
    module: ModuleType, job: Job, rng: np.random.Generator
) -> tuple[list[bpy.types.Object], list[bpy.types.Object]]:
    """Build an instance in a pose of its own; return (object, props such as a stand)."""
    objects = module.build(job.instance, instance_rng(job.label, job.instance))
    if hasattr(module, "pose"):
        objects = module.pose(job.instance, objects, rng)
    # An object whose front (+x) must show says so: "heading" is the largest turn in degrees.
    angle = rng.uniform(0, 2 * np.pi)
    if "heading" in objects[0]:
        angle = np.radians(objects[0]["heading"]) * (angle / np.pi - 1) - np.pi / 2
    geo.move_all(objects, Matrix.Rotation(angle, 4, "Z"))
    targets = [obj for obj in objects if not obj.get("prop")]
    points = geo.world_vertices(*targets)
    centre = (points.min(0) + points.max(0)) / 2
    geo.move_all(objects, Matrix.Translation((-centre[0], -centre[1], 0)))
    return targets, [obj for obj in objects if obj.get("prop")]


def render_job(job: Job, out: Path, samples: int, threads: int, size: int) -> dict:
    """Render one image and its mask; return its row of the manifest."""
    scene.reset()
    module = CLASSES[job.label]
    rng = np.random.default_rng([job.seed, 1])
    targets, props = build_object(module, job, rng)
    points = geo.world_vertices(*targets, *props)
    radius = float(np.linalg.norm(points[:, :2], axis=1).max())
    stage = scene.build_stage(rng, radius, targets + props)
    scene.add_clutter(rng, radius, stage)
    low, high = getattr(module, "ELEVATION", (10.0, 85.0))
    low = max(low, targets[0].get("lowest", low))
    camera = scene.place_camera(rng, targets, stage, (low, high))
    scene.render(
        out / job.image, out / job.mask, targets, rng,
        size=size, samples=samples, key=stage.key, threads=threads,
    )  # fmt: skip
    return {
        "file": job.image, "mask": job.mask, "split": job.split, "class": job.label,
        "instance": f"{job.label}_{job.instance:02d}", "environment": stage.describe(),
        "camera": camera, "seed": job.seed,
    }  # fmt: skip


def read_rows(out: Path) -> dict[str, dict]:
    """Read what is known of finished images, by file: the manifest, and newer notes.

    While rendering, each image has a note of its own, so that several processes can share the work.
    """
    rows = {}
    if (out / "manifest.csv").exists():
        with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
            rows = {row["file"]: row for row in csv.DictReader(file)}
    notes = (json.loads(path.read_text()) for path in (out / ".rows").glob("*.json"))
    return rows | {row["file"]: row for row in notes}


def write_manifest(rows: dict[str, dict], out: Path) -> None:
    """Write manifest.csv in the order of the set."""
    path = out / "manifest.csv"
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[job.image] for job in all_jobs() if job.image in rows)
    part.replace(path)


def progress(done: int, total: int, started: float, name: str) -> None:
    """Draw a progress bar on the terminal."""
    bar = "#" * int(30 * done / total)
    each = (time.monotonic() - started) / max(done, 1)
    left = each * (total - done) / 60
    sys.stderr.write(f"\r[{bar:<30}] {done}/{total} {each:.1f} s each, {left:.0f} min left {name} ")
    sys.stderr.flush()


def quiet() -> int:
    """Send Blender's own chatter on stdout to nowhere; return the old stdout."""
    sys.stdout.flush()
    old = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return old


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=list(CLASSES), help="only this class")
    parser.add_argument("--split", choices=["train", "test"])
    parser.add_argument("--count", type=int, help="first N images of each class and split")
    parser.add_argument("--number", type=int, action="append", help="only images of this number")
    parser.add_argument("--out", type=Path, default=DATA / "objects")
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--size", type=int, default=224, help="pixels")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--share", default="0/1", help="k/n: every n-th image from the k-th")
    parser.add_argument("--force", action="store_true", help="render again what is there")
    args = parser.parse_args()

    jobs = [
        job
        for job in all_jobs()
        if (not args.only or job.label in args.only)
        and args.split in (None, job.split)
        and (args.count is None or job.number < args.count)
        and (args.number is None or job.number in args.number)
    ]
    share, shares = map(int, args.share.split("/"))
    jobs = jobs[share::shares]
    notes = args.out / ".rows"
    notes.mkdir(parents=True, exist_ok=True)
    known = read_rows(args.out)
    quiet()
    started = time.monotonic()
    for done, job in enumerate(jobs):
        progress(done, len(jobs), started, job.name)
        same = job.image in known and int(known[job.image]["seed"]) == job.seed
        if same and (args.out / job.image).exists() and not args.force:
            continue
        row = render_job(job, args.out, args.samples, args.threads, args.size)
        (notes / f"{job.name}.json").write_text(json.dumps(row))
    write_manifest(read_rows(args.out), args.out)
    if shares == 1:  # no other process is at work
        shutil.rmtree(notes)
    progress(len(jobs), len(jobs), started, "")
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
