"""Torches (flashlights): tubes with a lamp head, lanterns, angle-heads and headlamps.

What makes a torch is its head: lens, reflector and bulb. Every family shows it, lit or not, and
the pose turns it towards the camera, which `scene` puts on the side of negative y.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from blender import geometry as geo
from blender.nodes import Graph, linear
from blender.settling import Ground, settle
from blender.solids import (
    Solid,
    merge,
    moved,
    polygon_radius,
    prism,
    rectangle,
    revolve,
    ring,
    sleeve,
    tube,
)
from stage import materials as mat

# Degrees by which the beam misses the camera: a tube seen end-on is only a disc, a slim one seen
# from the side only a stick.
ASIDE = {
    "headlamp": (8, 48),
    "lantern": (8, 48),
    "angle_head": (8, 48),
    "penlight": (22, 50),
    "police": (32, 64),
}
# Seen steeply from above a torch hides its lens.
ELEVATION = (10.0, 58.0)

Rows = list[tuple[float, float | np.ndarray]]
SIDES = 96


@dataclass
class Torch:
    """Parts of one torch; where `along_z`, it shines along z and is still to be laid down."""

    parts: list[bpy.types.Object]
    along_z: bool = True
    poses: tuple[str, ...] = ("lying",) * 5 + ("tail",)


# --- parts ----------------------------------------------------------------------------------


def make(
    solid: Solid, name: str, material: bpy.types.Material, angle: float = 32
) -> bpy.types.Object:
    """Object of one material, smooth but for edges sharper than `angle` degrees."""
    return geo.mesh_object(*solid, name, material, smooth=angle)


def hollow(rows: Rows, sides: int = SIDES) -> Solid:
    """Turned part that stays open at its first row (the mouth of a lamp head)."""
    verts, faces = revolve(rows, sides)
    return verts, [f for f in faces if len(f) < sides or 0 not in f]


def knurled(top: float, bottom: float, radius: float, cells: int, depth: float) -> Rows:
    """Rows of a diamond-knurled grip."""
    cell = 2 * np.pi * radius / cells
    turn = cells * np.arange(SIDES) / SIDES
    rows: Rows = []
    for z in np.arange(top, bottom, -cell / 4):
        a = np.abs((turn + z / cell) % 1 * 2 - 1)
        b = np.abs((turn - z / cell) % 1 * 2 - 1)
        rows.append((z, radius - depth + 2 * depth * np.minimum(a, b)))
    return rows


def ribbed(top: float, bottom: float, radius: float, count: int, depth: float) -> Rows:
    """Rows of a barrel with grooves around it."""
    rows: Rows = []
    for place in np.linspace(top, bottom, count + 1)[:-1]:
        step = (top - bottom) / count
        rows += [
            (place, radius),
            (place - 0.55 * step, radius),
            (place - 0.65 * step, radius - depth),
            (place - 0.9 * step, radius - depth),
        ]
    return [*rows, (bottom, radius)]


def fluted(radius: float, count: int, depth: float) -> np.ndarray:
    """Radii of a barrel with lengthwise flutes."""
    return radius - depth * (0.5 - 0.5 * np.cos(count * 2 * np.pi * np.arange(SIDES) / SIDES)) ** 2


def lens_glass(lit: bool, warm: str) -> bpy.types.Material:
    """Thin clear window: reflects, does not refract (nothing to see, and much noise saved)."""
    g = Graph("lens")
    # Schlick's formula; the Fresnel node would reflect totally from behind.
    facing = g.add("LayerWeight", {"Blend": 0.5}, out="Facing")
    fresnel = g.math("MULTIPLY_ADD", g.math("POWER", facing, 5), 0.9, 0.05)
    clear = g.add("BsdfTransparent", {"Color": (0.97, 0.98, 0.98, 1)})
    gloss = g.add("BsdfGlossy", {"Color": (1, 1, 1, 1), "Roughness": 0.03})
    shader = g.add("MixShader", {0: fresnel, 1: clear, 2: gloss})
    if lit:
        haze = g.add("Emission", {"Color": warm, "Strength": 0.08})
        shader = g.add("AddShader", {0: shader, 1: haze})
    return g.finish(shader)


def mirror(rng: np.random.Generator, lit: bool, warm: str, radius: float) -> bpy.types.Material:
    """Reflector: vapour-deposited mirror, in places orange-peeled; glowing where lit."""
    g = Graph("reflector")
    v = g.coordinates(shift=rng.uniform(-10, 10, 3))
    peel = g.noise(v, 14 / radius, 2)
    normal = g.bump(peel, rng.choice([0.05, 0.5]), 0.03 * radius)
    shader = g.principled(
        base_color="#e6e6e4", metallic=1.0, roughness=rng.uniform(0.05, 0.16), normal=normal
    )
    if lit:
        position = g.add("TexCoord", out="Object")
        off_axis = g.add("VectorMath", {0: position, 1: (1, 1, 0)}, operation="MULTIPLY")
        r = g.add("VectorMath", {0: off_axis}, out="Value", operation="LENGTH")
        inward = g.math("POWER", g.remap(r, 0.1 * radius, 1.02 * radius, 1, 0), 2.5)
        glow = g.math("MULTIPLY_ADD", inward, rng.uniform(5, 10), rng.uniform(0.15, 0.45))
        light = g.add("Emission", {"Color": warm, "Strength": glow})
        shader = g.add("AddShader", {0: shader, 1: light})
    return g.finish(shader)


def lamp(
    rng: np.random.Generator,
    front: float,
    radius: float,
    depth: float,
    lit: bool,
    source: str = "led",
    beam: float = 1.0,
) -> list[bpy.types.Object]:
    """Reflector, bulb or LED, lens and (where lit) the beam of a head shining along z.

    Parameters
    ----------
    front : height of the lens; `radius`, `depth` : of the reflector, metres.
    source : "led", "bulb" or "leds" (a ring of small ones).
    """
    warm = str(rng.choice(["#ffe2b0", "#ffd08a"] if source == "bulb" else ["#f4f8ff", "#fff2dc"]))
    place = Matrix.Translation((0, 0, front))
    t = np.linspace(1, 0.16, 41)
    # Many reflectors are stepped or faceted rather than smooth.
    steps = rng.choice([0.0, 0.012]) * np.where(np.arange(41) % 5 == 0, -1, 0.25)
    facets = 1 - rng.choice([0.0, 0.025]) * (np.arange(48) % 4 == 0)
    cup = sleeve(
        [(-0.03 * radius - depth * (1 - s**2), radius * (s + step) * facets)
         for s, step in zip(t, steps, strict=True)], 48)  # fmt: skip
    parts = [make(cup, "reflector", mirror(rng, lit, warm, radius), 60)]
    pane = revolve([(0.01 * radius, radius * 0.99), (-0.01 * radius, radius)], 48)
    parts.append(make(pane, "lens", lens_glass(lit, warm)))
    floor = -0.03 * radius - depth * (1 - 0.16**2)
    shine = mat.emission(warm, 14) if lit else None
    if source == "bulb":
        ball = [
            (floor + 0.45 * depth + 0.19 * radius * math.cos(a), 0.19 * radius * math.sin(a))
            for a in np.linspace(0.01, 2.6, 12)
        ]
        base = [(floor + 0.3 * depth, 0.15 * radius), (floor, 0.17 * radius)]
        parts.append(make(revolve(ball, 24), "bulb", shine or mat.glass(rng)))
        parts.append(make(revolve(base, 24), "bulb base", mat.brass(rng)))
    else:
        spots = [(0.0, 0.0)]
        if source == "leds":
            spots += [(0.34 * math.cos(a), 0.34 * math.sin(a)) for a in np.arange(6) * np.pi / 3]
            disc = revolve([(floor + 0.16 * depth, 0.62 * radius), (floor, 0.62 * radius)], 48)
            parts.append(make(disc, "board", mat.plastic(rng, "#e8e6df", gloss=0.3)))
            floor += 0.16 * depth
        size = (0.2 if source == "led" else 0.13) * radius
        chip = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size * 0.8
        for x, y in spots:
            shift = Matrix.Translation((x * radius, y * radius, 0))
            yellow = shine or mat.plastic(rng, "#d8b32a", gloss=0.7)
            die = moved(prism(chip, floor + 0.04 * radius, floor), shift)
            parts.append(make(die, "led", yellow))
            if not lit:
                dome = [
                    (floor + size * math.cos(a), size * math.sin(a)) for a in (0.1, 0.5, 1, 1.5)
                ]
                parts.append(make(moved(revolve(dome, 24), shift), "dome", lens_glass(False, warm)))
        if source == "led":
            star = revolve([(floor + 0.01 * radius, 0.36 * radius), (floor, 0.36 * radius)], 32)
            parts.append(make(star, "board", mat.plastic(rng, "#dcdcd8", gloss=0.4)))
    for part in parts:
        part.matrix_world = place
    if lit:
        light = bpy.data.lights.new("beam", "SPOT")
        light.energy = beam * rng.uniform(0.6, 1.6) * (radius / 0.02) ** 2
        light.color = linear(warm)[:3]
        light.spot_size, light.spot_blend = math.radians(rng.uniform(45, 80)), 0.5
        light.shadow_soft_size = 0.5 * radius
        spot = geo.new_object("beam", light)
        spot.parent = parts[0]
        spot.matrix_local = Matrix.Translation((0, 0, 0.05 * radius)) @ Matrix.Rotation(
            math.pi, 4, "X"
        )
    return parts


def side_button(
    rng: np.random.Generator, z: float, surface: float, size: float, colour: str
) -> list[bpy.types.Object]:
    """Round rubber button in a metal ring on the side at angle 0 (towards x)."""
    turn = Matrix.Translation((surface, 0, z)) @ Matrix.Rotation(math.pi / 2, 4, "Y")
    collar = revolve([(0.25 * size, 0.92 * size), (0.25 * size, 1.1 * size),
                      (-0.6 * size, 1.25 * size)], 32)  # fmt: skip
    dome = [(0.55 * size * math.cos(a) + 0.1 * size, 0.85 * size * math.sin(a))
            for a in np.linspace(0.02, 1.57, 8)]  # fmt: skip
    return [
        make(moved(collar, turn), "collar", mat.brushed_steel(rng)),
        make(moved(revolve(dome, 32), turn), "button", mat.rubber(rng, colour)),
    ]


def slide_switch(
    rng: np.random.Generator, z: float, surface: float, size: float, colour: str
) -> list[bpy.types.Object]:
    """Slide switch: a ribbed slider on a raised track, on the side towards x."""
    track = geo.bevelled_box((0.5 * size, 0.95 * size, 2.6 * size), 0.2 * size, "track")
    geo.dress(track, mat.plastic(rng, "#1b1b1c", gloss=0.3))
    track.location = (surface - 0.05 * size, 0, z)
    slider = geo.bevelled_box((0.45 * size, 0.7 * size, 1.1 * size), 0.1 * size, "slider")
    geo.dress(slider, mat.plastic(rng, colour, gloss=0.5))
    slider.location = (surface + 0.3 * size, 0, z + 0.45 * size)
    return [track, slider]


def loop(rng: np.random.Generator, z: float, size: float, droop: float) -> bpy.types.Object:
    """Cord loop of a lanyard hanging from the tail."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    away = (1 - np.cos(t)) / 2
    path = np.stack([-droop * away, 0.3 * size * np.sin(t), z - 0.85 * size * away], 1)
    obj = geo.tube(path, 0.0012, "lanyard", closed=True)
    geo.dress(obj, mat.cotton(rng, str(rng.choice(["#1b1b1b", "#5c2f2a", "#394a37"]))))
    return obj


def clip(rng: np.random.Generator, top: float, bottom: float, surface: float) -> bpy.types.Object:
    """Steel pocket clip along the side away from x."""
    lift = 0.0035
    path = [(-surface, 0, top), (-surface - lift, 0, top - 0.004),
            (-surface - lift, 0, bottom + 0.012), (-surface - 0.0006, 0, bottom + 0.006),
            (-surface - lift, 0, bottom)]  # fmt: skip
    obj = geo.sweep(path, rectangle(0.003, 0.0004), "clip", up=(1.0, 0.0, 0.05))
    geo.dress(obj, mat.brushed_steel(rng, wear=0.4))
    return obj


# --- families -------------------------------------------------------------------------------


def _lit(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def mouth(front: float, radius: float, bezel: float) -> Rows:
    """Rows of a rounded bezel around a lens of this radius."""
    outer = radius + bezel
    return [
        (front - 0.3 * radius, radius * 0.98),
        (front, radius),
        (front + 0.35 * bezel, radius + 0.1 * bezel),
        (front + 0.6 * bezel, radius + 0.4 * bezel),
        (front + 0.5 * bezel, outer - 0.15 * bezel),
        (front + 0.1 * bezel, outer),
    ]


def tail_cap(end: float, radius: float) -> Rows:
    """Rows of a rounded tail cap from its groove to the end."""
    return [
        (end + 0.95 * radius, radius),
        (end + 0.9 * radius, radius * 0.92),
        (end + 0.82 * radius, radius * 0.92),
        (end + 0.78 * radius, radius),
        (end + 0.18 * radius, radius),
        (end + 0.05 * radius, radius * 0.93),
        (end, radius * 0.8),
    ]


def classic_metal(rng: np.random.Generator) -> Torch:
    """Aluminium tube with a wider head, a knurled grip and a button on its side."""
    body = rng.uniform(0.0125, 0.016)
    head = body * rng.uniform(1.55, 1.8)
    length = body * rng.uniform(9.5, 12)
    lit = _lit(rng)
    colour = str(rng.choice(["#17171a", "#3a3d42", "#7a1d1f", "#1d3563", "#77797c", "#2f3d34"]))
    metal = mat.anodised(rng, colour, wear=rng.uniform(0.1, 0.7))
    neck = -1.9 * head
    shell = hollow(
        [*mouth(0, head, 0.1 * head), (-0.42 * head, head * 1.1), (-0.45 * head, head * 1.04),
         (-0.52 * head, head * 1.04), (-0.55 * head, head * 1.09), (-0.85 * head, head * 1.07),
         (-1.5 * head, body * 1.12), (neck, body * 1.08), (neck - 0.003, body),
         (neck - 1.9 * body, body), (neck - 2.0 * body, body * 1.02),
         *knurled(neck - 2.05 * body, -length + 1.3 * body, body, 24, 0.035 * body),
         *tail_cap(-length, body)])  # fmt: skip
    parts = [make(shell, "body", metal)]
    parts += side_button(rng, neck - 1.0 * body, body, 0.42 * body, "#141414")
    parts += lamp(rng, -0.05 * head, head, 1.1 * head, lit, str(rng.choice(["bulb", "led"])))
    if rng.random() < 0.3:
        parts.append(loop(rng, -length, 0.07, 0.4 * body))
    return Torch(parts)


def police(rng: np.random.Generator) -> Torch:
    """Long heavy torch of several D cells."""
    body = rng.uniform(0.0185, 0.021)
    head = body * rng.uniform(1.35, 1.5)
    length = body * rng.uniform(10.5, 13)
    lit = _lit(rng)
    metal = mat.anodised(rng, str(rng.choice(["#131315", "#1b1c20", "#2c2d31"])), wear=0.6)
    neck = -1.9 * head
    shell = hollow(
        [*mouth(0, head, 0.12 * head), (-0.5 * head, head * 1.12), (-0.54 * head, head * 1.02),
         (-0.62 * head, head * 1.02), (-0.66 * head, head * 1.1), (-1.1 * head, head * 1.06),
         (-1.6 * head, body * 1.1), (neck, body * 1.06), (neck - 0.004, body),
         (neck - 2.2 * body, body), (neck - 2.3 * body, body * 1.03),
         *knurled(neck - 2.35 * body, -length + 2.2 * body, body, 24, 0.03 * body),
         (-length + 2.1 * body, body), *tail_cap(-length, body * 1.04)])  # fmt: skip
    parts = [make(shell, "body", metal)]
    parts += side_button(rng, neck - 1.1 * body, body, 0.4 * body, "#101010")
    parts += lamp(rng, -0.05 * head, head, 1.2 * head, lit, str(rng.choice(["bulb", "led"])))
    return Torch(parts)


def household(rng: np.random.Generator) -> Torch:
    """Plastic torch with a big cone head, a ribbed barrel and a slide switch."""
    body = rng.uniform(0.016, 0.02)
    head = body * rng.uniform(1.9, 2.3)
    length = body * rng.uniform(8, 9.5)
    lit = _lit(rng)
    colour = str(rng.choice(["#a3211c", "#1e4f94", "#1d1d1f", "#c99a1d", "#4b5a3c", "#8f9396"]))
    plastic = mat.plastic(rng, colour, gloss=rng.uniform(0.3, 0.8), wear=0.5)
    trim = mat.plastic(rng, str(rng.choice(["#19191a", "#c9c9c6", "#2e2f33"])), gloss=0.5)
    ring = sleeve([*mouth(0, head, 0.12 * head), (-0.22 * head, head * 1.13),
                   (-0.4 * head, head * 1.13), (-0.42 * head, head * 1.0)])  # fmt: skip
    grip = np.where(np.arange(SIDES) % 12 < 6, head * 1.13, head * 1.16)
    ring = merge(
        ring,
        sleeve(
            [(-0.2 * head, head), (-0.2 * head, grip), (-0.38 * head, grip), (-0.38 * head, head)]
        ),
    )
    cone = hollow(
        [(-0.3 * head, head * 1.03), (-0.75 * head, head * 0.94), (-1.35 * head, body * 1.22),
         (-1.5 * head, body * 1.08), (-1.6 * head, body), (-1.6 * head - 2.4 * body, body),
         *ribbed(-1.6 * head - 2.5 * body, -length + 1.2 * body, body, 8, 0.07 * body),
         *tail_cap(-length, body * 1.03)], SIDES)  # fmt: skip
    parts = [make(ring, "bezel", trim), make(cone, "body", plastic)]
    switch = str(rng.choice(["#b0261f", "#d9d9d5", "#1a1a1a", "#c9a227"]))
    parts += slide_switch(rng, -1.6 * head - 1.2 * body, body, 0.62 * body, switch)
    source = str(rng.choice(["bulb", "leds", "led"]))
    parts += lamp(rng, -0.04 * head, head, 0.95 * head, lit, source)
    if rng.random() < 0.5:
        parts.append(loop(rng, -length, 0.08, 0.4 * body))
    return Torch(parts)


def chrome_vintage(rng: np.random.Generator) -> Torch:
    """Old chromed torch: fluted barrel, flared head, slide switch."""
    body = rng.uniform(0.016, 0.019)
    head = body * rng.uniform(1.5, 1.8)
    length = body * rng.uniform(9, 10.5)
    lit = bool(rng.random() < 0.35)
    chrome = mat.chrome(rng, wear=rng.uniform(0.3, 0.8))
    ribs = fluted(body, 16, 0.09 * body)
    shell = hollow(
        [*mouth(0, head, 0.13 * head), (-0.25 * head, head * 1.13), (-0.3 * head, head * 1.03),
         (-0.7 * head, head * 1.0), (-1.35 * head, body * 1.08), (-1.55 * head, body * 1.05),
         (-1.58 * head, body * 1.12), (-1.75 * head, body * 1.12),
         (-1.78 * head, body)])  # fmt: skip
    grip_top, grip_end = -1.78 * head, -length + 1.1 * body
    barrel = hollow([(grip_top, body), (grip_top - 0.004, ribs), (grip_end, ribs),
                      (grip_end - 0.002, body * 1.05),
                     *tail_cap(-length, body * 1.05)])  # fmt: skip
    dark = rng.random() < 0.4
    grip = mat.painted_metal(rng, str(rng.choice(["#1a1a1c", "#6d1d1b", "#20344f"])), wear=0.6)
    parts = [make(shell, "head", chrome), make(barrel, "barrel", grip if dark else chrome)]
    parts += slide_switch(rng, -1.78 * head - 2.2 * body, body, 0.5 * body, "#a3231d")
    parts += lamp(rng, -0.03 * head, head, 0.9 * head, lit, "bulb")
    return Torch(parts)


def compact(rng: np.random.Generator) -> Torch:
    """Pocket torch with a crenellated bezel, a clip and a tail switch."""
    body = rng.uniform(0.0115, 0.013)
    head = body * rng.uniform(1.0, 1.3)
    length = body * rng.uniform(7.5, 10)
    lit = _lit(rng)
    colour = str(rng.choice(["#151517", "#2b2e33", "#4a4335", "#233040", "#3c4238"]))
    metal = mat.anodised(rng, colour, wear=rng.uniform(0.2, 0.8))
    teeth = np.where(np.arange(SIDES) % 16 < 8, 0.0, 1.0)
    outer = head * 1.12
    throat = sleeve(
        [*mouth(0, head, 0.12 * head)[:3], (0.02 * head, outer * 0.98), (-0.05 * head, outer),
         (-0.5 * head, outer)])  # fmt: skip
    crown_rows: Rows = [(0.22 * head, head * 1.02), (0.22 * head, outer), (-0.1 * head, outer),
                        (-0.1 * head, head * 1.02)]  # fmt: skip
    crown = _crenellated(crown_rows, teeth)
    hexagon = polygon_radius(6, body * 1.08, SIDES)
    shell = hollow(
        [(-0.4 * head, outer), (-1.0 * head, outer), (-1.05 * head, outer * 0.9),
         (-1.15 * head, outer * 0.9), (-1.2 * head, outer), (-1.3 * head, outer),
         (-1.35 * head, outer * 0.9), (-1.45 * head, outer * 0.9), (-1.5 * head, outer),
         (-1.7 * head, outer * 0.98), (-2.0 * head, body), (-2.05 * head, body * 0.93),
         (-2.2 * head, body * 0.93), (-2.25 * head, np.minimum(hexagon, body * 1.16)),
         (-2.7 * head, np.minimum(hexagon, body * 1.16)), (-2.75 * head, body),
         *knurled(-2.8 * head, -length + 1.6 * body, body, 20, 0.045 * body),
         (-length + 1.5 * body, body * 0.92), (-length + 1.3 * body, body * 0.92),
         (-length + 1.25 * body, body * 1.03), (-length + 0.1 * body, body * 1.03),
         (-length, body * 0.95), (-length, body * 0.6)], SIDES)  # fmt: skip
    steel = mat.brushed_steel(rng, wear=0.5)
    parts = [make(throat, "mouth", metal), make(shell, "body", metal)]
    parts.append(make(crown, "bezel", steel if rng.random() < 0.6 else metal))
    cap = [(-length + 0.001, body * 0.6), (-length - 0.12 * body, body * 0.5),
           (-length - 0.16 * body, body * 0.2)]  # fmt: skip
    parts.append(make(revolve(cap, 32), "switch", mat.rubber(rng, "#161616")))
    parts.append(clip(rng, -length + 1.1 * body, -length + 5 * body, body * 1.03))
    parts += side_button(rng, -1.85 * head, outer * 0.95, 0.3 * body, "#2a2a2a")
    parts += lamp(rng, -0.06 * head, head, 1.0 * head, lit, "led", 0.7)
    return Torch(parts)


def _crenellated(rows: Rows, teeth: np.ndarray) -> Solid:
    """Ring whose top edge is cut into teeth (`teeth` 0 or 1 for each segment)."""
    n = len(teeth)
    verts, faces = ring(rows, n)
    drop = 0.75 * (rows[0][0] - rows[2][0]) * (1 - teeth)
    for row in (0, 1, 4):
        verts[row * n : (row + 1) * n, 2] -= drop
    return verts, faces


def finned(rng: np.random.Generator) -> Torch:
    """Strong tactical torch: big head with cooling fins."""
    body = rng.uniform(0.014, 0.017)
    head = body * rng.uniform(1.6, 2.0)
    length = body * rng.uniform(8.5, 10.5)
    lit = _lit(rng)
    metal = mat.anodised(rng, str(rng.choice(["#141416", "#26282c", "#3b3a34"])), wear=0.5)
    bright = mat.brushed_steel(rng, wear=0.4)
    fins: Rows = []
    for k in range(5):
        z = -1.45 * head - k * 0.16 * head
        r = head * (1.05 - 0.07 * k)
        fins += [
            (z, r),
            (z - 0.08 * head, r),
            (z - 0.085 * head, r * 0.82),
            (z - 0.155 * head, r * 0.82),
        ]
    scallop = head * 1.1 - 0.06 * head * (np.cos(12 * 2 * np.pi * np.arange(SIDES) / SIDES) > 0.3)
    neck = fins[-1][0] - 0.05 * head
    shell = hollow(
        [(-0.3 * head, head), (-0.05 * head, head), (-0.05 * head, head * 1.08),
         (-0.1 * head, head * 1.1), (-0.4 * head, head * 1.1), (-0.44 * head, scallop),
         (-0.95 * head, scallop), (-1.0 * head, head * 1.1), (-1.1 * head, head * 1.08),
         (-1.4 * head, head * 1.04), *fins, (neck, body), (neck - 0.3 * body, body * 1.0),
         *knurled(neck - 0.35 * body, -length + 1.4 * body, body, 22, 0.04 * body),
         *tail_cap(-length, body * 1.05)])  # fmt: skip
    bezel = sleeve([*mouth(-0.02 * head, head, 0.09 * head), (-0.1 * head, head * 1.09)])
    parts = [make(shell, "body", metal), make(bezel, "bezel", bright)]
    parts += side_button(rng, neck - 0.9 * body, body, 0.4 * body, "#1a1a1a")
    source = str(rng.choice(["led", "leds"]))
    parts += lamp(rng, -0.04 * head, head, 1.0 * head, lit, source)
    return Torch(parts)


def penlight(rng: np.random.Generator) -> Torch:
    """Slim torch with a shirt-pocket clip."""
    body = rng.uniform(0.0065, 0.0075)
    head = body * rng.uniform(1.25, 1.5)
    length = body * rng.uniform(11.5, 14)
    lit = bool(rng.random() < 0.65)
    colour = str(rng.choice(["#1c1c1f", "#8a8d91", "#2b4a7d", "#7d1f22"]))
    metal = mat.anodised(rng, colour, wear=0.3) if rng.random() < 0.7 else mat.chrome(rng)
    shell = hollow(
        [*mouth(0, head, 0.16 * head), (-1.0 * head, head * 1.18), (-1.05 * head, body * 0.95),
         (-1.3 * head, body * 0.95), (-1.35 * head, body * 1.1),
         *knurled(-1.4 * head, -3.7 * head, body * 1.1, 16, 0.05 * body),
         (-3.75 * head, body), (-length + 2.2 * body, body), (-length + 2.15 * body, body * 0.92),
         (-length + 2.0 * body, body * 0.92), (-length + 1.95 * body, body * 1.02),
         (-length + 0.2 * body, body * 1.02), (-length, body * 0.85), (-length, body * 0.55),
         (-length - 0.5 * body, body * 0.5), (-length - 0.6 * body, body * 0.35)])  # fmt: skip
    parts = [make(shell, "body", metal)]
    if rng.random() < 0.7:
        steel = mat.brushed_steel(rng, wear=0.3)
        band = sleeve([(-0.3 * head, head * 1.16), (-0.34 * head, head * 1.22),
                       (-0.7 * head, head * 1.22), (-0.74 * head, head * 1.16)])  # fmt: skip
        parts.append(make(band, "band", steel))
    parts.append(clip(rng, -length + 1.6 * body, -length + 7 * body, body * 1.02))
    parts += lamp(rng, -0.05 * head, head, 0.9 * head, lit, "led", 0.5)
    return Torch(parts, poses=("lying",))


def industrial(rng: np.random.Generator) -> Torch:
    """Rubberised work torch, yellow (or orange) and black."""
    body = rng.uniform(0.018, 0.021)
    head = body * rng.uniform(1.5, 1.8)
    length = body * rng.uniform(8.5, 10)
    lit = _lit(rng)
    colour = str(rng.choice(["#d6a414", "#cf8a12", "#c6541b", "#d9b92c"]))
    shell_mat = mat.plastic(rng, colour, gloss=0.35, wear=0.7)
    black = mat.rubber(rng, "#1a1a1b", wear=0.4)
    lugs = np.where(np.arange(SIDES) % 16 < 9, head * 1.22, head * 1.14)
    bumper = sleeve(
        [(-0.3 * head, head), (0.02 * head, head), (0.14 * head, head * 1.04),
         (0.16 * head, head * 1.12), (0.1 * head, lugs), (-0.4 * head, lugs),
         (-0.46 * head, head * 1.1), (-0.5 * head, head * 1.0)])  # fmt: skip
    barrel = hollow(
        [(-0.4 * head, head * 1.08), (-0.8 * head, head * 1.04), (-1.35 * head, body * 1.15),
         (-1.6 * head, body), (-length + 0.8 * body, body),
         (-length + 0.7 * body, body)])  # fmt: skip
    grip_top = -1.75 * head - 1.9 * body
    grip = revolve(
        [(grip_top + 0.002, body),
         *ribbed(grip_top, -length + 1.2 * body, body * 1.1, 7, 0.09 * body),
         (-length + 1.1 * body, body)], SIDES)  # fmt: skip
    tail = revolve([(-length + 0.8 * body, body * 0.98), (-length + 0.75 * body, body * 1.14),
                    (-length + 0.1 * body, body * 1.14), (-length, body)], SIDES)  # fmt: skip
    parts = [make(bumper, "bumper", black), make(barrel, "barrel", shell_mat),
             make(grip, "grip", black), make(tail, "tail", black)]  # fmt: skip
    parts += side_button(rng, -1.75 * head - 0.9 * body, body, 0.45 * body, "#151515")
    source = str(rng.choice(["bulb", "led", "leds"]))
    parts += lamp(rng, -0.06 * head, head, 0.95 * head, lit, source)
    return Torch(parts)


TO_X = Matrix.Rotation(math.pi / 2, 4, "Y")


def lantern(rng: np.random.Generator) -> Torch:
    """Hand lamp on a square battery, with a handle on top and a wide reflector."""
    width = rng.uniform(0.066, 0.08)
    head = width * rng.uniform(0.56, 0.68)
    long = width * rng.uniform(1.2, 1.6)
    tall = width * rng.uniform(0.95, 1.15)
    lit = _lit(rng)
    colour = str(rng.choice(["#a9241d", "#1c1c1e", "#d0a018", "#2a5a8f", "#5e6b3f"]))
    plastic = mat.plastic(rng, colour, gloss=0.5, wear=0.6)
    dark = mat.plastic(rng, "#1a1a1b", gloss=0.3, wear=0.4)
    box = geo.bevelled_box((long, width, tall), 0.09 * width, "case")
    geo.dress(box, plastic)
    box.location = (-long / 2 - 0.8 * head, 0, tall / 2)
    axis = max(head * 1.16, tall * 0.55)
    bowl = hollow([(-0.15 * head, head * 1.04), (-0.5 * head, head * 0.9),
                    (-0.75 * head, head * 0.7), (-0.95 * head, head * 0.66)])  # fmt: skip
    notch = np.where(np.arange(SIDES) % 8 < 4, head * 1.13, head * 1.09)
    bezel = sleeve([*mouth(0, head, 0.12 * head), (-0.06 * head, notch), (-0.22 * head, notch),
                    (-0.24 * head, head)])  # fmt: skip
    front = [make(bowl, "bowl", plastic), make(bezel, "bezel", dark)]
    front += lamp(
        rng, -0.04 * head, head, 0.75 * head, lit, str(rng.choice(["bulb", "bulb", "leds"]))
    )
    geo.move_all(front, Matrix.Translation((0, 0, axis)) @ TO_X)
    rise = rng.uniform(0.42, 0.55) * width
    path = geo.smooth_profile(
        [(-0.93 * long, -0.03 * tall), (-0.92 * long, 0.75 * rise), (-0.7 * long, rise),
         (-0.25 * long, rise), (-0.03 * long, 0.8 * rise), (0.02 * long, -0.03 * tall)],
        36)  # fmt: skip
    path3 = np.array([(x - 0.85 * head, 0.0, z + tall) for x, z in path])
    handle = tube(path3, 0.115 * width)
    handle = (handle[0] * np.array([1, 1.25, 1]), handle[1])
    parts = [box, *front, make(handle, "handle", dark if rng.random() < 0.7 else plastic, 60)]
    switch = geo.bevelled_box((0.2 * width, 0.14 * width, 0.1 * width), 0.03 * width, "switch")
    geo.dress(switch, mat.plastic(rng, str(rng.choice(["#b3241c", "#d8d8d4"])), gloss=0.5))
    switch.location = (-0.85 * head - 0.2 * long, 0, tall + rise + 0.12 * width)
    label = geo.bevelled_box((0.62 * long, width * 1.006, 0.42 * tall), 0.0, "label")
    geo.dress(label, mat.paper(rng, str(rng.choice(["#d9d5c9", "#c9b13c", "#222226"])), gloss=0.6))
    label.location = (-0.85 * head - 0.55 * long, 0, 0.48 * tall)
    return Torch([*parts, switch, label], along_z=False)


def angle_head(rng: np.random.Generator) -> Torch:
    """Right-angle torch that stands upright and shines sideways."""
    body = rng.uniform(0.017, 0.02)
    head = body * rng.uniform(1.15, 1.35)
    tall = body * rng.uniform(6.5, 8.5)
    lit = _lit(rng)
    colour = str(rng.choice(["#4c5138", "#5b5440", "#1d1e20", "#c7981c", "#9c3a1c"]))
    plastic = mat.plastic(rng, colour, gloss=0.25, wear=0.7)
    dark = mat.plastic(rng, "#161617", gloss=0.3, wear=0.4)
    column = revolve(
        [(tall + 0.9 * body, body * 0.3), (tall + 0.8 * body, body * 0.7),
         (tall + 0.5 * body, body * 0.95),
         (tall - 0.6 * body, body), (tall - 1.6 * body, body),
         *ribbed(tall - 1.7 * body, 1.3 * body, body, 6, 0.06 * body), *tail_cap(0, body * 1.06)],
        SIDES)  # fmt: skip
    neck = hollow([(-0.2 * head, head * 1.02), (-0.5 * head, head * 1.0), (-0.9 * head, body * 0.9),
                    (-1.7 * head, body * 0.85)])  # fmt: skip
    notch = np.where(np.arange(SIDES) % 8 < 4, head * 1.16, head * 1.11)
    bezel = sleeve([*mouth(0, head, 0.14 * head), (-0.06 * head, notch), (-0.35 * head, notch),
                    (-0.38 * head, head)])  # fmt: skip
    front = [make(neck, "neck", plastic), make(bezel, "bezel", dark)]
    front += lamp(rng, -0.05 * head, head, 0.8 * head, lit, str(rng.choice(["bulb", "led"])))
    geo.move_all(front, Matrix.Translation((body + 0.9 * head, 0, tall - 0.1 * body)) @ TO_X)
    strip = [(-body, 0, tall - 0.8 * body), (-body * 1.35, 0, tall - body),
             (-body * 1.35, 0, 2 * body), (-body * 1.05, 0, 1.6 * body)]  # fmt: skip
    bar = geo.sweep(strip, rectangle(0.28 * body, 0.0007), "clip", up=(1, 0, 0.05))
    geo.dress(bar, mat.brushed_steel(rng, wear=0.5))
    parts = [make(column, "column", plastic), *front, bar]
    switch = slide_switch(rng, 0, 0, 0.5 * body, "#b52a1d" if rng.random() < 0.5 else "#1b1b1b")
    side = Matrix.Rotation(float(rng.choice([-1, 1])) * 1.1, 4, "Z")
    parts += geo.move_all(switch, side @ Matrix.Translation((body, 0, tall - 1.2 * body)))
    lying = rng.random() < 0.3
    torch = Torch(parts, along_z=False)
    if lying:
        geo.move_all(parts, Matrix.Rotation(float(rng.choice([-1, 1])) * math.pi / 2, 4, "X"))
    return torch


def headlamp(rng: np.random.Generator) -> Torch:
    """Lamp on an elastic head strap, the strap lying as a loop behind it."""
    wide, deep, tall = (
        rng.uniform(0.062, 0.074),
        rng.uniform(0.03, 0.038),
        rng.uniform(0.045, 0.052),
    )
    lit = _lit(rng)
    colour = str(rng.choice(["#1b1b1d", "#45484d", "#8e2a1f", "#2b4a6f", "#b8791c", "#6f7478"]))
    plastic = mat.plastic(rng, colour, gloss=0.45, wear=0.4)
    dark = mat.plastic(rng, "#19191a", gloss=0.3, wear=0.3)
    trim = mat.plastic(rng, "#b9bab8", gloss=0.7) if rng.random() < 0.6 else dark
    parts = _strap(rng)
    centre = 0.003 + tall / 2
    plate = geo.bevelled_box((0.004, wide * 0.8, tall * 0.85), 0.0018, "plate")
    geo.dress(plate, dark)
    plate.location = (0.002, 0, centre)
    case = geo.bevelled_box((deep, wide, tall), 0.012, "case", 6)
    geo.dress(case, plastic)
    case.location = (0.006 + deep / 2, 0, centre)
    head = tall * rng.uniform(0.37, 0.42)
    depth = 0.5 * head
    rim = sleeve(
        [(-depth, head), (0.0, head), (0.002, head * 1.04), (0.0022, head * 1.14),
         (-0.001, head * 1.2), (-depth, head * 1.22), (-depth - 0.004, head * 1.24)])  # fmt: skip
    front = [make(rim, "bezel", trim)]
    source = str(rng.choice(["led", "leds"]))
    front += lamp(rng, -0.0005, head, 0.9 * depth, lit, source)
    geo.move_all(front, Matrix.Translation((0.006 + deep + depth + 0.001, 0, centre)) @ TO_X)
    button = geo.bevelled_box((0.013, 0.018, 0.005), 0.002, "button")
    geo.dress(button, mat.rubber(rng, str(rng.choice(["#a32a1e", "#232323", "#c58b1a"]))))
    button.location = (0.006 + deep / 2, 0, centre + tall / 2 + 0.001)
    hinge = Matrix.Translation((0, 0, centre))
    nod = hinge @ Matrix.Rotation(rng.uniform(-0.3, 0.05), 4, "Y") @ hinge.inverted()
    geo.move_all([case, *front, button], nod)
    return Torch([*parts, plate, case, *front, button], along_z=False)


def _strap(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Elastic strap with a stripe, often with a second one over the crown."""
    band = rng.uniform(0.024, 0.029)
    long, broad = rng.uniform(0.042, 0.056), rng.uniform(0.046, 0.058)
    t = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    phase = rng.uniform(0, 2 * np.pi, 3)
    wobble = 1 + 0.04 * np.sin(3 * t + phase[0]) + 0.04 * np.sin(2 * t + phase[1])
    height = band / 2 + 0.003 * (1 + np.sin(2 * t + phase[2]))
    loop_path = np.stack(
        [long * (np.cos(t) * wobble - wobble[0]), broad * np.sin(t) * wobble, height], 1
    )
    fabric = mat.cotton(
        rng, str(rng.choice(["#232326", "#3c4046", "#5c2420", "#2b3c57", "#74777a"]))
    )
    accent = mat.cotton(rng, str(rng.choice(["#b9b9b4", "#a8331f", "#c8a21f", "#141414"])))

    def ribbon(path: np.ndarray, width: float, thick: float, material, **options):
        obj = geo.sweep(path, rectangle(thick / 2, width / 2), "strap", **options)
        geo.dress(obj, material)
        return obj

    parts = [ribbon(loop_path, band, 0.0018, fabric, closed=True, up=(0, 0, 1)),
             ribbon(loop_path, band / 3.5, 0.0026, accent, closed=True, up=(0, 0, 1))]  # fmt: skip
    if rng.random() < 0.6:
        s = np.linspace(0, np.pi, 40)
        arch = rng.uniform(0.03, 0.05) * np.sin(s)
        over = np.stack([long * (np.cos(s) - 1), 0 * s, 0.8 * band + arch], 1)
        parts.append(ribbon(over, band * 0.8, 0.0018, fabric, up=(0, 1, 0)))
    return parts


FAMILIES = (
    classic_metal,
    household,
    lantern,
    compact,
    headlamp,
    industrial,
    police,
    angle_head,
    chrome_vintage,
    penlight,
    finned,
)


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one instance, resting on z = 0 near the origin and shining towards negative y."""
    torch = FAMILIES[instance % len(FAMILIES)](rng)
    if not torch.along_z:
        matrix = Matrix.Rotation(-math.pi / 2, 4, "Z")
    elif rng.choice(torch.poses) == "tail":
        torch.parts = [part for part in torch.parts if not part.name.startswith("lanyard")]
        matrix = Matrix.Rotation(rng.uniform(-2.6, -0.6), 4, "Z")  # switch in front
    else:
        points = geo.world_vertices(*torch.parts)
        switch_up = math.pi + rng.uniform(-0.9, 0.9)
        matrix = settle(points, Ground(0.5), [switch_up], -math.pi / 2, np.zeros(2))
    geo.move_all(torch.parts, matrix)
    points = geo.world_vertices(*torch.parts)
    centre = (points[:, :2].min(0) + points[:, :2].max(0)) / 2
    shift = Matrix.Translation((-centre[0], -centre[1], -points[:, 2].min()))
    geo.move_all(torch.parts, shift)
    return torch.parts


def pose(
    instance: int, objects: list[bpy.types.Object], rng: np.random.Generator
) -> list[bpy.types.Object]:
    """Turn the lens to the camera's side, where it is seen obliquely.

    The driver then turns everything by a heading it draws next from `rng`. For a torch that would
    hide the lens in half of the images, so that turn is looked up and taken back here.
    """
    degrees = ASIDE.get(FAMILIES[instance % len(FAMILIES)].__name__, (42, 76))
    aside = rng.choice([-1, 1]) * math.radians(rng.uniform(*degrees))
    heading = copy.deepcopy(rng).uniform(0, 2 * np.pi)
    geo.move_all(objects, Matrix.Rotation(float(aside - heading), 4, "Z"))
    return objects
