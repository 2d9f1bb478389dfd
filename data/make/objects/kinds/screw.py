"""Screws: wood, machine, lag, drywall, thumb and eye screws, and bolts.

Threads are real helical ridges and drive recesses are cut out of the head, because these two
are what a stranger (and a network trained on photographs) recognises a screw by. Pitches are
coarser than a standard's, so that a thread is still resolved in a 224-pixel image.

A screw is modelled along z, its tip down; ``settle`` then finds the pose in which it rests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

from blender import geometry as geo
from blender.nodes import Graph, shade
from blender.settling import Ground, settle, surface_points
from blender.solids import (
    SEGMENTS,
    Solid,
    grid_quads,
    merge,
    moved,
    polygon_radius,
    prism,
    rectangle,
    revolve,
    ring,
    tube,
)
from stage import materials as mat

Rows = list[tuple[float, float | np.ndarray]]

WOOD_THREAD = ((0.0, 0.0), (0.42, 0.0), (0.66, 0.92), (0.70, 1.0), (0.74, 0.92), (0.98, 0.02))
MACHINE_THREAD = ((0.0, 0.0), (0.14, 0.0), (0.46, 0.95), (0.52, 1.0), (0.62, 1.0), (0.68, 0.95))


def thread(
    top: float,
    tip: float,
    pitch: float,
    core: Callable[[np.ndarray], np.ndarray],
    crest: Callable[[np.ndarray], np.ndarray],
    profile: Sequence[tuple[float, float]] = WOOD_THREAD,
) -> Solid:
    """Shank with a helical ridge between two heights.

    The mesh rows follow the helix, so that each edge of the ridge is one edge loop of the mesh.

    Parameters
    ----------
    core, crest : radius of the root and of the crest as functions of the height above the tip.
    profile : (place in the pitch 0–1, ridge height 0–1) along one turn.
    """
    angle = 2 * np.pi * np.arange(SEGMENTS + 1) / SEGMENTS
    turns = math.ceil((top - tip) / pitch) + 3
    place = np.array([t + p for t in range(-1, turns) for p, _ in profile])
    height = np.array([h for _ in range(-1, turns) for _, h in profile])
    z = top - (place[:, None] + angle[None, :] / (2 * np.pi) - 1) * pitch
    beyond = z <= tip
    z = np.clip(z, tip, top)
    fade = np.clip((top - z) / (0.9 * pitch), 0, 1)
    ridge = np.where(beyond, 0, height[:, None]) * fade
    above = z - tip
    radius = core(above) + np.maximum(crest(above) - core(above), 0) * ridge
    verts = np.stack([radius * np.cos(angle), radius * np.sin(angle), z], -1).reshape(-1, 3)
    quads = grid_quads(len(place), SEGMENTS + 1)
    faces = [tuple(q) for q in quads[np.ptp(verts[quads, 2], axis=1) > 1e-9]]
    # A disc closes a blunt end.
    r = core(np.zeros(SEGMENTS))
    end = np.stack([r * np.cos(angle[:-1]), r * np.sin(angle[:-1]), np.full(SEGMENTS, tip)], 1)
    faces.append(tuple(range(len(verts), len(verts) + SEGMENTS))[::-1])
    return np.concatenate([verts, end]), faces


def pointed_thread(
    top: float,
    length: float,
    radius: float,
    pitch: float,
    *,
    depth: float = 0.36,
    taper: float = 2.2,
) -> Solid:
    """Wood thread from `top` down to a sharp point; `radius` is that of the crest."""
    reach = taper * 2 * radius
    root = radius * (1 - depth)

    def core(above: np.ndarray) -> np.ndarray:
        return root * np.clip(above / reach, 0.015, 1) ** 0.85

    def crest(above: np.ndarray) -> np.ndarray:
        return core(above) + radius * depth * np.clip(above / (0.55 * reach), 0, 1) ** 0.7

    return thread(top, top - length, pitch, core, crest, WOOD_THREAD)


def blunt_thread(
    top: float, length: float, radius: float, pitch: float, depth: float = 0.27
) -> Solid:
    """Machine thread from `top` down to a chamfered end."""
    root = radius * (1 - depth)

    def core(above: np.ndarray) -> np.ndarray:
        return np.minimum(root, root * 0.9 + above * 0.8)

    def crest(above: np.ndarray) -> np.ndarray:
        return np.clip(root * 0.9 + above * 0.9, root * 0.9, radius)

    return thread(top, top - length, pitch, core, crest, MACHINE_THREAD)


# --- drives ---------------------------------------------------------------------------------


def _cross(reach: float, half_width: float) -> np.ndarray:
    a, w = reach, half_width
    inner = w * 1.55
    quarter = np.array([[a, -w], [a, w], [inner, w], [w * 1.28, w * 1.28], [w, inner]])
    turn = [
        np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        for t in np.pi / 2 * np.arange(4)
    ]
    return np.concatenate([quarter @ t.T for t in turn])


def drive_cutters(kind: str, radius: float, top: float, depth: float) -> list[Solid]:
    """Solids to cut out of a head of this radius whose top is at height `top`."""
    over = top + 0.3 * depth
    if kind == "slot":
        w, a = 0.125 * radius, 1.2 * radius
        return [prism(np.array(rectangle(a, w)), over, top - depth)]
    if kind in ("phillips", "pozidriv"):
        cross = prism(_cross(0.66 * radius, 0.135 * radius), over, top - depth, 0.42)
        if kind == "phillips":
            return [cross]
        ticks = prism(_cross(0.52 * radius, 0.04 * radius), over, top - 0.25 * depth, 0.9)
        return [cross, moved(ticks, Matrix.Rotation(math.pi / 4, 4, "Z"))]
    if kind == "hexagon":
        t = np.pi / 3 * np.arange(6)
        return [prism(0.62 * radius * np.stack([np.cos(t), np.sin(t)], 1), over, top - depth)]
    if kind == "torx":
        t = 2 * np.pi * np.arange(60) / 60
        r = 0.58 * radius * (0.85 + 0.15 * np.cos(6 * t))
        return [prism(r[:, None] * np.stack([np.cos(t), np.sin(t)], 1), over, top - depth, 0.9)]
    raise ValueError(f"unknown drive {kind!r}")


# --- heads: each returns the solid, its top, and the height below which the shank begins ------


def flat_head(radius: float, neck: float, drive: str, *, bugle: bool = False) -> Solid:
    """Countersunk head, its rim at z = 0, ending in a neck of the given radius."""
    rim = 0.09 * radius
    drop = radius - neck
    rows = [(0.0, radius * 0.9), (-0.012 * radius, radius * 0.97), (-0.05 * radius, radius),
            (-rim, radius * 0.99)]  # fmt: skip
    steps = np.linspace(0, 1, 7)[1:]
    curve = steps**0.55 if bugle else steps
    rows += [(-rim - drop * 1.15 * s, radius - drop * c) for s, c in zip(steps, curve, strict=True)]
    rows.append((-rim - drop * 1.15 - 0.5 * radius, neck))
    return geo.subtract(revolve(rows), *drive_cutters(drive, radius, 0.0, 0.62 * radius))


def dome_head(radius: float, height: float, drive: str, *, pan: float = 0.0) -> Solid:
    """Round, button or pan head sitting on z = 0; `pan` 0–1 flattens the top."""
    rows: list[tuple[float, float]] = []
    power = 2 + 3 * pan
    for a in np.linspace(0, np.pi / 2, 14):
        c, s = math.cos(a), math.sin(a)
        rows.append((0.12 * height + 0.88 * height * c ** (2 / power), radius * s ** (2 / power)))
    rows[0] = (rows[0][0], 0.0)
    rows += [(0.03 * height, radius), (0.0, radius * 0.97)]
    depth = height * (0.55 if drive == "slot" else 0.72)
    return geo.subtract(
        revolve(rows),
        *drive_cutters(drive, radius * (1 if drive == "slot" else 0.92), height, depth),
    )


def _chamfer(inscribed: float, drop: float, steps: int) -> Rows:
    """Rows (depth below the end, radius) of a hexagon with its corners turned off at the end."""
    hexagon = polygon_radius(6, inscribed, 72)
    return [
        (step * drop * inscribed, np.minimum(hexagon, inscribed * (0.96 + step * 0.2)))
        for step in np.linspace(0, 1, steps)
    ]


def hex_head(inscribed: float, height: float) -> Solid:
    """Hexagon head sitting on z = 0, chamfered at its top."""
    rows: Rows = [(height * 0.97, 0.0), (height * 0.97, inscribed * 0.8), (height, inscribed * 0.9)]
    rows += [(height - z, r) for z, r in _chamfer(inscribed, 0.17, 7)]
    rows += [(0.06 * height, polygon_radius(6, inscribed, 72)), (0.03 * height, inscribed * 0.97),
             (0.0, inscribed * 0.95)]  # fmt: skip
    return revolve(rows, 72)


def hex_flange_head(inscribed: float, height: float) -> Solid:
    """Hexagon head with a wide pressed flange."""
    flange = inscribed * 1.55
    rows = [(0.3, 0.0), (0.3, inscribed), (0.14, flange * 0.96), (0.1, flange), (0.0, flange),
            (0.0, 0.0)]  # fmt: skip
    rim = revolve([(share * height, r) for share, r in rows], 72)
    lift = Matrix.Translation((0, 0, 0.15 * height))
    return merge(moved(hex_head(inscribed, height * 0.85), lift), rim)


def socket_head(radius: float, height: float) -> Solid:
    """Cylinder head with a knurled flank and a hexagon socket."""
    n = 96
    knurl = 1 + 0.02 * np.cos(32 * 2 * np.pi * np.arange(n) / n)
    shares = [(1.0, 0.88), (0.98, 0.93), (0.9, 0.985), (0.86, knurl), (0.12, knurl), (0.08, 0.98),
              (0.0, 0.96)]  # fmt: skip
    rows = [(height * z, radius * r) for z, r in shares]
    return geo.subtract(revolve(rows, n), *drive_cutters("hexagon", radius, height, 0.6 * height))


def washer(inner: float, outer: float, thickness: float) -> Solid:
    """Flat washer just below z = 0."""
    b = 0.15 * thickness
    rows = [(thickness, inner), (thickness, outer - b), (thickness - b, outer), (b, outer),
            (0, outer - b), (0, inner)]  # fmt: skip
    return moved(ring(rows), Matrix.Translation((0, 0, -thickness - 0.0001)))


def hex_nut(inner: float, inscribed: float, height: float) -> Solid:
    """Hexagon nut lying on z = 0."""
    corners = _chamfer(inscribed, 0.15, 6)
    rows: Rows = [(height * 0.9, inner * 0.98), (height, inner * 1.15), (height, inscribed * 0.9)]
    rows += [(height - z, r) for z, r in corners] + corners[::-1]
    rows += [(0.0, inscribed * 0.9), (0.0, inner * 1.15), (height * 0.1, inner * 0.98)]
    return ring(rows, 72)


# --- families -------------------------------------------------------------------------------

# How screws lie, likelier ones more than once.
HEAPED = ("single", "pair", "heap", "heap", "wood", "on_head")
PAIRED = ("single", "pair", "pair", "heap", "heap", "on_head")


@dataclass
class Screw:
    """One screw: solid along z with its tip at the bottom, its finishes and how it may lie."""

    solid: Solid
    finishes: tuple[str, ...]
    length: float
    head_radius: float
    poses: tuple[str, ...]


def shank(
    radius: float,
    smooth: float,
    *,
    top: float = 0.0005,
    share: float = 0.97,
    drop: float = 0.3,
    end: float = 0.75,
) -> Solid:
    """Smooth part from `top` to -`smooth`, drawn in to where the thread begins.

    Radius, drop and end of the taper are shares of the thread's `radius`.
    """
    wide = radius * share
    return revolve([(top, wide), (-smooth, wide), (-smooth - radius * drop, radius * end)])


def bolt(
    rng: np.random.Generator,
    radius: float,
    length: float,
    smooth: float,
    turns: tuple[float, float],
    *,
    share: float = 0.97,
    depth: float = 0.29,
) -> list[Solid]:
    """Machine thread of so many turns below a shank, which may have no length."""
    parts = [shank(radius, smooth, share=share)] if smooth else []
    pitch = length / rng.uniform(*turns)
    return [*parts, blunt_thread(0.0002 - smooth, length - smooth, radius, pitch, depth)]


def wood_countersunk(rng: np.random.Generator) -> Screw:
    length = rng.uniform(0.030, 0.055)
    radius = length * rng.uniform(0.062, 0.085)
    head = radius * rng.uniform(1.85, 2.1)
    drive = str(rng.choice(["phillips", "pozidriv", "slot"], p=[0.5, 0.3, 0.2]))
    smooth = rng.uniform(0.12, 0.36) * length
    neck = radius * 0.74
    plain = revolve([(-0.6 * head, neck), (-smooth - 2 * radius, neck)])
    start = max(smooth, 1.2 * head)
    body = pointed_thread(-start, length - start, radius, length / rng.uniform(12, 15))
    finishes = ("zinc", "yellow_zinc", "yellow_zinc", "rust", "steel")
    return Screw(merge(flat_head(head, neck, drive), plain, body), finishes, length, head, HEAPED)


def drywall(rng: np.random.Generator) -> Screw:
    length = rng.uniform(0.032, 0.055)
    radius = length * rng.uniform(0.062, 0.076)
    head = radius * rng.uniform(2.0, 2.25)
    pitch = length / rng.uniform(11, 13)
    body = pointed_thread(-head, length - head, radius, pitch, depth=0.42, taper=2.6)
    solid = merge(flat_head(head, radius * 0.6, "phillips", bugle=True), body)
    return Screw(solid, ("phosphate", "phosphate", "zinc"), length, head, HEAPED)


def deck_torx(rng: np.random.Generator) -> Screw:
    length = rng.uniform(0.040, 0.065)
    radius = length * rng.uniform(0.062, 0.076)
    head = radius * rng.uniform(1.9, 2.1)
    smooth = rng.uniform(0.3, 0.4) * length
    neck = radius * 0.72
    plain = revolve([(-0.6 * head, neck), (-smooth - 2 * radius, neck)])
    body = pointed_thread(-smooth, length - smooth, radius, length / rng.uniform(12, 14), depth=0.4)
    solid = merge(flat_head(head, neck, "torx"), plain, body)
    return Screw(solid, ("yellow_zinc", "brass", "green_coat", "stainless"), length, head, HEAPED)


def brass_round_slotted(rng: np.random.Generator) -> Screw:
    length = rng.uniform(0.025, 0.04)
    radius = length * rng.uniform(0.075, 0.095)
    head = radius * rng.uniform(1.75, 2.0)
    smooth = rng.uniform(0.2, 0.35) * length
    plain = shank(radius, smooth, top=0.001, share=0.95, drop=0.4, end=0.6)
    pitch = length / rng.uniform(11, 14)
    body = pointed_thread(-smooth + radius * 0.2, length - smooth, radius * 0.97, pitch)
    solid = merge(dome_head(head, head * 0.78, "slot"), plain, body)
    poses = ("single", "pair", "heap", "wood")
    return Screw(solid, ("brass", "old_brass", "rust"), length, head, poses)


def hex_bolt(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.004, 0.006)
    length = radius * rng.uniform(7, 11)
    head = radius * 1.68
    height = radius * rng.uniform(1.2, 1.4)
    smooth = rng.choice([0.0, 0.3, 0.45]) * length
    parts = [hex_head(head, height)]
    parts += bolt(rng, radius, length, smooth, (12, 15), share=0.96, depth=0.27)
    if rng.random() < 0.6:
        parts.append(washer(radius * 1.1, radius * 2.1, radius * 0.34))
    if rng.random() < 0.5:
        depth = height * 1.15
        place = -length * rng.uniform(0.6, 0.9)
        nut = moved(hex_nut(radius * 0.97, head, depth), Matrix.Rotation(rng.uniform(0, 1), 4, "Z"))
        parts.append(moved(nut, Matrix.Translation((0, 0, place))))
    finishes = ("zinc", "stainless", "black_oxide", "rust", "galvanised", "yellow_zinc")
    return Screw(merge(*parts), finishes, length, head, ("single", "pair", "pair", "on_head"))


def machine_slotted(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.0025, 0.004)
    length = radius * rng.uniform(7, 10)
    head = radius * rng.uniform(1.8, 2.0)
    body = blunt_thread(0.0003, length, radius, length / rng.uniform(12, 15), 0.29)
    drive = str(rng.choice(["slot", "slot", "phillips"]))
    solid = merge(dome_head(head, radius * 1.3, drive, pan=rng.uniform(0.3, 1)), body)
    return Screw(solid, ("stainless", "brass", "zinc", "steel"), length, head, PAIRED)


def button_torx(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.003, 0.005)
    length = radius * rng.uniform(6, 9)
    head = radius * rng.uniform(1.8, 2.0)
    body = blunt_thread(0.0003, length, radius, length / rng.uniform(11, 14), 0.29)
    drive = str(rng.choice(["torx", "hexagon"]))
    solid = merge(dome_head(head, radius * 1.15, drive, pan=0.15), body)
    return Screw(solid, ("stainless", "black_oxide", "zinc"), length, head, PAIRED)


def socket_cap(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.003, 0.005)
    length = radius * rng.uniform(7, 10)
    head = radius * 1.55
    smooth = rng.choice([0.0, 0.3]) * length
    solid = merge(socket_head(head, radius * 2), *bolt(rng, radius, length, smooth, (12, 14)))
    return Screw(solid, ("black_oxide", "black_oxide", "stainless"), length, head, PAIRED)


def lag(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.0035, 0.005)
    length = radius * rng.uniform(11, 14)
    head = radius * 1.75
    smooth = rng.uniform(0.25, 0.4) * length
    start, pitch = -smooth + 0.3 * radius, length / rng.uniform(12, 15)
    body = pointed_thread(start, length - smooth, radius, pitch, depth=0.34, taper=1.5)
    parts = [hex_head(head, radius * 1.35), shank(radius, smooth, drop=0.5, end=0.6), body]
    if rng.random() < 0.5:
        parts.append(washer(radius, radius * 2.3, radius * 0.3))
    finishes = ("galvanised", "rust", "zinc", "yellow_zinc")
    return Screw(merge(*parts), finishes, length, head, ("single", "pair", "pair", "wood"))


def self_tapping_flange(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.0027, 0.0035)
    length = radius * rng.uniform(9, 13)
    head = radius * 1.5
    pitch = length / rng.uniform(12, 15)
    body = pointed_thread(0.0003, length, radius, pitch, depth=0.34, taper=1.4)
    solid = merge(hex_flange_head(head, radius * 1.7), body)
    return Screw(solid, ("zinc", "zinc", "stainless", "phosphate"), length, head * 1.5, HEAPED)


def eye(rng: np.random.Generator) -> Screw:
    bar = rng.uniform(0.0016, 0.0024)
    loop = bar * rng.uniform(3.4, 4.2)
    length = bar * rng.uniform(13, 17)
    hook = rng.random() < 0.35
    end = 1.35 * np.pi if hook else 1.86 * np.pi
    t = np.linspace(0, end, 48) - np.pi / 2
    ring = np.stack([loop * np.cos(t), 0 * t, loop * (1 + np.sin(t)) + bar * 1.2], 1)
    stem = np.stack([np.zeros(6), np.zeros(6), np.linspace(-0.35 * length, bar * 0.4, 6)], 1)
    pitch = length / rng.uniform(11, 12)
    body = pointed_thread(-0.3 * length, 0.7 * length, bar * 1.12, pitch)
    solid = merge(tube(np.concatenate([stem, ring]), bar), body)
    finishes = ("zinc", "brass", "galvanised", "rust")
    return Screw(solid, finishes, length + 2 * loop, loop, ("single", "pair", "pair", "wood"))


def _wings(radius: float) -> list[Solid]:
    """Collar and two wings of a thumb screw."""
    rows = [(2.6, 0.0), (2.6, 0.9), (2.3, 1.2), (0.2, 1.6), (0.0, 1.5)]
    head = [revolve([(radius * z, radius * r) for z, r in rows])]
    for side in (-1, 1):
        a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        outline = np.stack([radius * 1.75 * np.cos(a), radius * 1.3 * np.sin(a)], 1)
        wing = prism(outline, 0.42 * radius, -0.42 * radius)
        lift = Matrix.Translation((side * radius * 2.5, 0, radius * 2.5))
        lean = Matrix.Rotation(-side * 0.75, 4, "Y") @ Matrix.Rotation(math.pi / 2, 4, "X")
        head.append(moved(wing, lift @ lean))
    return head


def _knob(radius: float, width: float, n: int = 144) -> Solid:
    """Slotted, knurled head of a thumb screw."""
    knurl = width * (1 + 0.025 * np.cos(36 * 2 * np.pi * np.arange(n) / n)) * 0.97
    rows = [(3.1, 0.0), (3.1, width * 0.9), (2.95, knurl), (1.6, knurl), (1.45, width * 0.9),
            (1.4, radius * 1.6), (0.0, radius * 1.6)]  # fmt: skip
    cutters = drive_cutters("slot", width, radius * 3.1, radius * 0.6)
    return geo.subtract(revolve([(radius * z, r) for z, r in rows], n), *cutters)


def thumb(rng: np.random.Generator) -> Screw:
    radius = rng.uniform(0.003, 0.004)
    length = radius * rng.uniform(7, 9)
    body = blunt_thread(0.0003, length, radius, length / rng.uniform(11, 13), 0.29)
    winged = rng.random() < 0.75
    width = radius * (4 if winged else 2.1)
    head = _wings(radius) if winged else [_knob(radius, width)]
    finishes = ("brass", "zinc", "stainless", "old_brass")
    return Screw(merge(*head, body), finishes, length, width, ("single", "pair"))


# --- finishes -------------------------------------------------------------------------------

# colour of the bare metal, its roughness, colour of the dirt in its hollows
METALS: dict[str, tuple[tuple[float, float, float], float, str]] = {
    "zinc": ((0.78, 0.79, 0.81), 0.24, "#3a3733"),
    "steel": ((0.66, 0.65, 0.64), 0.32, "#2f2a26"),
    "stainless": ((0.78, 0.77, 0.75), 0.25, "#34322f"),
    "galvanised": ((0.62, 0.64, 0.66), 0.50, "#3c3a37"),
    "yellow_zinc": ((0.77, 0.69, 0.51), 0.26, "#3f301d"),
    "brass": ((0.77, 0.65, 0.42), 0.24, "#37290f"),
    "old_brass": ((0.55, 0.45, 0.30), 0.42, "#2a2013"),
    "black_oxide": ((0.19, 0.19, 0.20), 0.36, "#0d0c0c"),
    "phosphate": ((0.21, 0.21, 0.22), 0.46, "#0c0c0c"),
    "green_coat": ((0.33, 0.36, 0.27), 0.42, "#14140f"),
    "rust": ((0.42, 0.38, 0.35), 0.45, "#1f140d"),
}


def metal(rng: np.random.Generator, finish: str, size: float) -> bpy.types.Material:
    """Small turned metal part: soft edges, dark hollows, scratches and, by finish, rust.

    Parameters
    ----------
    size : length of the part in metres, to which the texture is scaled.
    """
    colour, roughness, dirt = METALS[finish]
    g = Graph(finish)
    v = g.coordinates(shift=rng.uniform(-10, 10, 3))
    drift = g.remap(g.noise(v, 9 / size, 4, 0.6), 0.3, 0.7)
    base = g.mix(drift, shade(colour, 0.88), shade(colour, 1.08))
    if finish == "yellow_zinc":  # the passivation's faint rainbow
        base = g.mix(g.remap(g.noise(v, 6 / size, 2), 0.52, 0.68, 0, 0.5), base, "#a9907a")
    if finish == "galvanised":
        cells = g.add("TexVoronoi", {"Vector": v, "Scale": 28 / size}, out="Color")
        base = g.mix(0.14, base, cells, "MULTIPLY")
    patina = g.remap(g.noise(v, 16 / size, 7, 0.7), 0.56, 0.74, 0, rng.uniform(0.1, 0.6))
    base = g.mix(patina, base, shade(colour, 0.6))
    hollow = g.add("AmbientOcclusion", {"Distance": 0.045 * size}, out="AO", samples=6)
    base = g.mix(g.remap(hollow, 0.2, 0.8, 0.85, 0), base, dirt)
    rust: object = 0.0
    amount = 0.45 if finish == "rust" else rng.choice([0.0, 0.0, 0.25])
    if finish in ("rust", "zinc", "steel", "galvanised", "black_oxide") and amount:
        rust = g.remap(g.noise(v, 14 / size, 9, 0.72), 0.74 - 0.4 * amount, 0.82 - 0.36 * amount)
        base = g.mix(rust, base, g.mix(g.noise(v, 60 / size, 4), "#4a2817", "#96592f"))
    fine = g.noise(v, 90 / size, 5, 0.65)
    rough = g.math("ADD", roughness, g.math("MULTIPLY", g.math("SUBTRACT", fine, 0.5), 0.3))
    rough = g.math("ADD", rough, g.math("MULTIPLY", rust, 0.4), clamp=True)
    round_edge = g.add("Bevel", {"Radius": 0.006 * size}, samples=4)
    normal = g.bump(fine, 0.35, 0.0015 * size, round_edge)
    shine = 0.6 if finish in ("phosphate", "green_coat") else 1.0
    metallic = g.math("SUBTRACT", shine, rust, clamp=True)
    return g.finish(
        g.principled(base_color=base, metallic=metallic, roughness=rough, normal=normal)
    )


# --- scenes ---------------------------------------------------------------------------------


def _lying(
    screws: Sequence[bpy.types.Object], rng: np.random.Generator, arrangement: str, kind: Screw
) -> None:
    ground = Ground(2.2 * kind.length)
    start = rng.uniform(0, 2 * np.pi)
    for k, obj in enumerate(screws):
        points = surface_points(obj)
        rolls = rng.choice(12, 3, replace=False) * np.pi / 6
        if arrangement == "pair":
            yaw = start + k * rng.choice([rng.uniform(0.15, 0.5), np.pi + rng.uniform(-0.4, 0.4)])
            xy = k * 2.2 * kind.head_radius * np.array([-math.sin(start), math.cos(start)])
            places = [(yaw, xy)]
        elif k:
            places = [
                (rng.uniform(0, 2 * np.pi), rng.normal(0, 0.3 * kind.length, 2)) for _ in range(4)
            ]
        else:
            places = [(start, np.zeros(2))]
        poses = [settle(points, ground, rolls, yaw, xy) for yaw, xy in places]
        clouds = [points @ np.array(m)[:3, :3].T + np.array(m)[:3, 3] for m in poses]
        lowest = int(np.argmin([cloud[:, 2].max() for cloud in clouds]))
        obj.matrix_world = poses[lowest]
        ground.add(clouds[lowest])


def _driven(
    screws: Sequence[bpy.types.Object], rng: np.random.Generator, size: float, tip: float
) -> bpy.types.Object:
    """Drive the screws part way into a block of wood and return the block."""
    extent = size * np.array([rng.uniform(1.3, 1.9), rng.uniform(0.8, 1.1), rng.uniform(0.45, 0.6)])
    block = geo.bevelled_box(extent, 0.02 * size, "block")
    geo.dress(block, mat.wood(rng, varnish=0.1, wear=0.3))
    yaw = rng.uniform(0, 2 * np.pi)
    block.matrix_world = Matrix.Rotation(yaw, 4, "Z") @ Matrix.Translation((0, 0, extent[2] / 2))
    row = np.linspace(-0.27, 0.27, len(screws)) if len(screws) > 1 else np.array([0.0])
    for obj, place in zip(screws, row, strict=True):
        depth = rng.uniform(0.16, 0.28) * size
        spot = Matrix.Translation(
            (place * extent[0], rng.uniform(-0.18, 0.18) * extent[1], extent[2] - tip - depth)
        )
        lean = Matrix.Rotation(rng.uniform(0, 0.14), 4, Vector((*rng.normal(0, 1, 2), 0)))
        spin = Matrix.Rotation(rng.uniform(0, 2 * np.pi), 4, "Z")
        obj.matrix_world = Matrix.Rotation(yaw, 4, "Z") @ spot @ lean @ spin
    block["prop"] = True
    return block


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one instance: one or several equal screws, resting on z = 0 near the origin."""
    screw = FAMILIES[instance % len(FAMILIES)](rng)
    finish = str(rng.choice(screw.finishes))
    arrangement = str(rng.choice(screw.poses))
    count = {
        "single": 1,
        "pair": 2,
        "heap": int(rng.integers(3, 6)),
        "wood": int(rng.integers(1, 4)),
        "on_head": 1,
    }[arrangement]
    if arrangement == "on_head" and rng.random() < 0.6:
        count = 2
    material = metal(rng, finish, screw.length)
    first = geo.mesh_object(*screw.solid, "screw", material, smooth=32)
    screws = [first, *(geo.copy_of(first) for _ in range(count - 1))]
    z = screw.solid[0][:, 2]
    if arrangement == "wood":
        return [*screws, _driven(screws, rng, screw.length, float(z.min()))]
    if arrangement == "on_head":
        flip = Matrix.Rotation(math.pi, 4, "X")
        spin = Matrix.Rotation(rng.uniform(0, 2 * np.pi), 4, "Z")
        first.matrix_world = Matrix.Translation((0, 0, float(z.max()))) @ flip @ spin
        ground = Ground(2.2 * screw.length)
        for other in screws[1:]:
            side = rng.uniform(0, 2 * np.pi)
            xy = (screw.head_radius * 2.4) * np.array([math.cos(side), math.sin(side)])
            yaw = side + rng.choice([-1, 1]) * rng.uniform(1.2, 1.9)
            other.matrix_world = settle(surface_points(other), ground, [0, np.pi / 6], yaw, xy)
        return screws
    _lying(screws, rng, arrangement, screw)
    return screws


FAMILIES = (
    wood_countersunk,
    hex_bolt,
    drywall,
    machine_slotted,
    deck_torx,
    socket_cap,
    lag,
    eye,
    self_tapping_flange,
    thumb,
    brass_round_slotted,
    button_torx,
)
