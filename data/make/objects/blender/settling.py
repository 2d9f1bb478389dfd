"""Letting things settle: what lies there as a height map, and the pose in which a thing rests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix, Vector

from blender.geometry import local_vertices


class Ground:
    """Height map of what already lies there, for letting the next thing down onto it."""

    def __init__(self, size: float, cells: int = 260) -> None:
        self.cell = 2 * size / cells
        self.height = np.zeros((cells, cells))

    def _index(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        index = np.clip(xy / self.cell + len(self.height) / 2, 1, len(self.height) - 2).astype(int)
        return index[:, 0], index[:, 1]

    def under(self, points: np.ndarray) -> np.ndarray:
        """Height of the ground under each point ``(n, 3)``."""
        return self.height[self._index(points[:, :2])]

    def add(self, points: np.ndarray) -> None:
        """Heap up the points."""
        i, j = self._index(points[:, :2])
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                np.maximum.at(self.height, (i + di, j + dj), points[:, 2])


def surface_points(obj: bpy.types.Object, count: int = 9000) -> np.ndarray:
    """Points (n, 3) spread evenly over an object, and its vertices, in its own coordinates."""
    mesh = obj.data
    mesh.calc_loop_triangles()
    tri = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", tri)
    verts = local_vertices(obj).astype(float)
    corners = verts[tri.reshape(-1, 3)]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    rng = np.random.default_rng(0)
    pick = rng.choice(len(area), count, p=area / area.sum())
    a, b = rng.random((2, count, 1))
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    c = corners[pick]
    return np.concatenate([c[:, 0] + a * (c[:, 1] - c[:, 0]) + b * (c[:, 2] - c[:, 0]), verts])


def settle(
    points: np.ndarray, ground: Ground, rolls: Sequence[float], yaw: float, xy: np.ndarray
) -> Matrix:
    """Resting pose of a long thing: of all rolls and tilts, the lowest centre of gravity.

    Parameters
    ----------
    points : (n, 3), spread over the thing, which is modelled along z.
    rolls : radians about its own axis, among which to choose.
    yaw : direction of its upper end on the ground, radians from x.
    xy : where its middle goes, metres.
    """
    middle = Vector(points.mean(0))

    def pose(roll: float, tilt: float, cloud: np.ndarray) -> tuple[float, Matrix]:
        turn = (
            Matrix.Translation((*xy, 0))
            @ Matrix.Rotation(yaw, 4, "Z")
            @ Matrix.Rotation(math.pi / 2 + tilt, 4, "Y")
            @ Matrix.Rotation(roll, 4, "Z")
            @ Matrix.Translation((0, 0, -middle.z))
        )
        m = np.array(turn)
        placed = cloud @ m[:3, :3].T + m[:3, 3]
        lift = float((ground.under(placed) - placed[:, 2]).max())
        return lift + (turn @ middle).z, Matrix.Translation((0, 0, lift)) @ turn

    coarse = [(r, t) for r in rolls for t in np.radians(np.arange(-40, 41, 4.0))]
    roll, tilt = min(coarse, key=lambda rt: pose(*rt, points[::7])[0])
    fine = [pose(roll, tilt + d, points) for d in np.radians(np.arange(-4, 4.1, 0.5))]
    return min(fine, key=lambda p: p[0])[1]
