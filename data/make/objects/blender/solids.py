"""Solids as plain arrays (turned, swept, cut out of each other), and letting them settle.

A solid is a pair of vertices ``(n, 3)`` in metres and faces (tuples of vertex indices); it becomes
an object only at the end. Unlike `geo.lathe`, `revolve` takes a radius for each angle, which
gives hexagons, knurls and flutes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix, Vector

from blender import geometry as geo

Solid = tuple[np.ndarray, list[tuple[int, ...]]]

SEGMENTS = 48


def revolve(rows: Sequence[tuple[float, float | np.ndarray]], segments: int = SEGMENTS) -> Solid:
    """Closed solid of revolution.

    Parameters
    ----------
    rows : (z, radius) from the top down; a radius is a number or one value for each segment.
    """
    angle = 2 * np.pi * np.arange(segments) / segments
    verts: list[np.ndarray] = []
    rings: list[np.ndarray] = []
    count = 0
    for z, radius in rows:
        if np.ndim(radius) == 0 and radius == 0:
            ring = np.array([[0.0, 0.0, z]])
        else:
            r = np.broadcast_to(radius, segments)
            ring = np.stack([r * np.cos(angle), r * np.sin(angle), np.full(segments, z)], 1)
        rings.append(np.arange(count, count + len(ring)))
        verts.append(ring)
        count += len(ring)
    faces: list[tuple[int, ...]] = []
    for top, bottom in itertools.pairwise(rings):
        for i in range(segments):
            j = (i + 1) % segments
            if len(top) == 1 and len(bottom) == 1:
                continue
            if len(top) == 1:
                faces.append((top[0], bottom[i], bottom[j]))
            elif len(bottom) == 1:
                faces.append((top[i], bottom[0], top[j]))
            else:
                faces.append((top[i], bottom[i], bottom[j], top[j]))
    if len(rings[0]) > 1:
        faces.append(tuple(rings[0]))
    if len(rings[-1]) > 1:
        faces.append(tuple(rings[-1][::-1]))
    return np.concatenate(verts), faces


def prism(outline: np.ndarray, top: float, bottom: float, taper: float = 1.0) -> Solid:
    """Prism over a star-shaped outline ``(n, 2)``, its lower end scaled by `taper`."""
    n = len(outline)
    upper = np.column_stack([outline, np.full(n, top)])
    lower = np.column_stack([outline * taper, np.full(n, bottom)])
    verts = np.concatenate([upper, lower, [[0, 0, top], [0, 0, bottom]]])
    faces: list[tuple[int, ...]] = []
    for i in range(n):
        j = (i + 1) % n
        faces += [(i, n + i, n + j, j), (2 * n, i, j), (2 * n + 1, n + j, n + i)]
    return verts, faces


def merge(*solids: Solid) -> Solid:
    """Put solids side by side into one (they may overlap)."""
    verts, faces, base = [], [], 0
    for v, f in solids:
        verts.append(v)
        faces += [tuple(i + base for i in face) for face in f]
        base += len(v)
    return np.concatenate(verts), faces


def moved(solid: Solid, matrix: Matrix) -> Solid:
    """The solid under a rigid transformation."""
    m = np.array(matrix)
    return solid[0] @ m[:3, :3].T + m[:3, 3], solid[1]


def subtract(solid: Solid, *cutters: Solid) -> Solid:
    """The solid minus the cutters."""
    body = geo.mesh_object(*solid, "body")
    for cutter in cutters:
        geo.boolean(body, geo.mesh_object(*cutter, "cutter"))
    verts = geo.world_vertices(body)
    faces = [tuple(p.vertices) for p in body.data.polygons]
    bpy.data.objects.remove(body)
    return verts, faces


def polygon_radius(sides: int, inscribed: float, segments: int = SEGMENTS) -> np.ndarray:
    """Radius of a regular polygon at each segment's angle."""
    angle = 2 * np.pi * np.arange(segments) / segments
    sector = 2 * np.pi / sides
    return inscribed / np.cos((angle + sector / 2) % sector - sector / 2)


def ring(rows: Sequence[tuple[float, float | np.ndarray]], segments: int = SEGMENTS) -> Solid:
    """Closed ring swept by a closed profile."""
    verts, faces = revolve([*rows, rows[0]], segments)
    return verts, faces[:-2]


def tube(path: np.ndarray, radius: float | np.ndarray, sides: int = 20) -> Solid:
    """Round bar along a path ``(n, 3)`` in the xz plane, closed at its ends."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.array([0.0, 1.0, 0.0])
    normal = np.cross(side, tangent)
    t = 2 * np.pi * np.arange(sides) / sides
    r = np.broadcast_to(radius, len(path))[:, None, None]
    ring = np.cos(t)[None, :, None] * normal[:, None] + np.sin(t)[None, :, None] * side
    verts = (path[:, None] + r * ring).reshape(-1, 3)
    faces = [
        (
            i * sides + k,
            i * sides + (k + 1) % sides,
            (i + 1) * sides + (k + 1) % sides,
            (i + 1) * sides + k,
        )
        for i in range(len(path) - 1)
        for k in range(sides)
    ]
    last = (len(path) - 1) * sides
    return verts, [*faces, tuple(range(sides))[::-1], tuple(range(last, last + sides))]


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


def surface_points(mesh: bpy.types.Mesh, count: int = 9000) -> np.ndarray:
    """Points spread evenly over a mesh, and its vertices."""
    mesh.calc_loop_triangles()
    tri = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", tri)
    verts = np.empty(len(mesh.vertices) * 3)
    mesh.vertices.foreach_get("co", verts)
    verts = verts.reshape(-1, 3)
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
