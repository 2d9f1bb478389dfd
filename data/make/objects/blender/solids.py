"""Solids as plain arrays: turned, swept, put together.

A solid is a pair of vertices ``(n, 3)`` in metres and faces (tuples of vertex indices); it becomes
an object only at the end. Unlike `geometry.lathe`, `revolve` takes a radius for each angle, which
gives hexagons, knurls and flutes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from mathutils import Matrix

Solid = tuple[np.ndarray, list[Sequence[int]]]

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


def polygon_radius(sides: int, inscribed: float, segments: int = SEGMENTS) -> np.ndarray:
    """Radius of a regular polygon at each segment's angle."""
    angle = 2 * np.pi * np.arange(segments) / segments
    sector = 2 * np.pi / sides
    return inscribed / np.cos((angle + sector / 2) % sector - sector / 2)


def ring(rows: Sequence[tuple[float, float | np.ndarray]], segments: int = SEGMENTS) -> Solid:
    """Closed ring swept by a closed profile."""
    return sleeve([*rows, rows[0]], segments)


def sleeve(rows: Sequence[tuple[float, float | np.ndarray]], segments: int = 2 * SEGMENTS) -> Solid:
    """Turned part that is open at both ends."""
    verts, faces = revolve(rows, segments)
    return verts, faces[:-2]


def sweep(
    path: Sequence | np.ndarray,
    outline: Sequence | np.ndarray,
    *,
    closed: bool = False,
    scale: float | Sequence[float] = 1.0,
    up: Sequence[float] | None = None,
) -> Solid:
    """Sweep a closed outline (side, up) along a path (n, 3).

    `scale`, a number or one for each point, shrinks the outline along the way. `up` fixes the
    outline's second axis; without it the frame is carried along the path without twist.
    """
    path, outline = np.asarray(path, float), np.asarray(outline, float)
    n, k = len(path), len(outline)
    tangent = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    before = np.asarray((0.0, 0.0, 1.0) if up is None else up, float)
    if up is None and abs(before @ tangent[0]) > 0.95:
        before = np.array([1.0, 0.0, 0.0])
    rings = []
    for point, t, factor in zip(path, tangent, np.broadcast_to(scale, n), strict=True):
        reference = before if up is None else np.asarray(up, float)
        second = reference - (reference @ t) * t
        second /= np.linalg.norm(second) + 1e-12
        before, side = second, np.cross(second, t)
        rings.append(point + factor * (outline[:, :1] * side + outline[:, 1:] * second))
    here, there = np.arange(k), np.roll(np.arange(k), -1)
    faces = []
    for i in range(n if closed else n - 1):
        j = (i + 1) % n
        faces += np.stack([i * k + here, i * k + there, j * k + there, j * k + here], 1).tolist()
    if not closed:
        faces += [range(k)[::-1], range((n - 1) * k, n * k)]
    return np.concatenate(rings), faces


def tube(path: np.ndarray, radius: float, sides: int = 20) -> Solid:
    """Round bar along a path ``(n, 3)`` in the xz plane, closed at its ends."""
    return sweep(path, circle(radius, sides), up=(0, 1, 0))


def circle(radius: float, n: int = 32) -> np.ndarray:
    """Points ``(n, 2)`` of a circle, anticlockwise."""
    a = np.arange(n) * 2 * np.pi / n
    return radius * np.stack([np.cos(a), np.sin(a)], 1)


def rectangle(w: float, h: float) -> list[tuple[float, float]]:
    """Outline of a rectangle of half width w and half height h."""
    return [(-w, -h), (w, -h), (w, h), (-w, h)]


def rounded_rectangle(w: float, h: float, r: float, steps: int = 8) -> list[tuple[float, float]]:
    """Outline of a rectangle of half width w and half height h, corner radius r."""
    points = []
    for x, y, start in ((w - r, h - r, 0), (r - w, h - r, 90), (r - w, r - h, 180),
                        (w - r, r - h, 270)):  # fmt: skip
        for a in np.radians(np.linspace(start, start + 90, steps)):
            points.append((x + r * math.cos(a), y + r * math.sin(a)))
    return points


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Flat points (n, 2) turned anticlockwise by an angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def grid_quads(rows: int, columns: int, *, closed: bool = False) -> np.ndarray:
    """Faces (m, 4) over a grid of vertices; where `closed`, the last row joins the first."""
    i, j = np.mgrid[: rows if closed else rows - 1, : columns - 1].reshape(2, -1)
    here, there = i * columns + j, (i + 1) % rows * columns + j
    return np.stack([here, there, there + 1, here + 1], 1)


def slab(outline: Sequence | np.ndarray, thickness: float) -> Solid:
    """Plate over any flat outline (n, 2), centred on z = 0; its second face is the top."""
    n = len(outline)
    top = np.column_stack([outline, np.full(n, thickness / 2)])
    i, j = np.arange(n), np.roll(np.arange(n), -1)
    sides = np.stack([i, j, n + j, n + i], 1)
    # The picture depends, in its last bits, on the corner at which a face begins.
    return np.concatenate([top * [1, 1, -1], top]), [-i % n, n + i, *sides]
