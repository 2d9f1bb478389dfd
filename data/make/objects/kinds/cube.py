"""Cubes: puzzle cubes, dice, blocks, boxes, stone, metal, ice and sugar. Lengths are metres."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Matrix
from PIL import Image, ImageDraw

from blender import geometry as geo
from blender import prints
from blender.nodes import Colour, Graph, shade
from blender.solids import grid_quads, merge, rounded_rectangle, turned
from stage import materials as mat

ELEVATION = (20.0, 60.0)  # degrees; from higher up a cube is only a square

# Outward normal, then the face's own x and y as seen from outside with z up.
SIDES = np.array(
    [
        [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
        [(-1, 0, 0), (0, -1, 0), (0, 0, 1)],
        [(0, 1, 0), (-1, 0, 0), (0, 0, 1)],
        [(0, -1, 0), (1, 0, 0), (0, 0, 1)],
        [(0, 0, 1), (1, 0, 0), (0, 1, 0)],
        [(0, 0, -1), (1, 0, 0), (0, -1, 0)],
    ],
    float,
)


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one instance of the class, resting on z = 0 near the origin."""
    return FAMILIES[instance % len(FAMILIES)](rng)


# ------------------------------------------------------------------- rounded cubes


def _cube_arrays(
    flat: int, rounding: float, arc: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Six square grids wrapped round a cube of edge 2 with rounded edges.

    Parameters
    ----------
    flat : int
        Cells across the flat part of a face.
    rounding : float
        Radius of the edges as a fraction of half the cube's edge.
    arc : int
        Cells across the rounded part at each side.

    Returns
    -------
    vertices (n, 3), quads (m, 4), side of each quad (m,), face coordinates -1..1 (n, 2)
    """
    inner = 1 - rounding
    bend = inner + rounding * np.tan(np.linspace(0, np.pi / 4, arc + 1)[1:])
    t = np.concatenate([-bend[::-1], np.linspace(-inner, inner, flat + 1), bend])
    k = len(t)
    u, v = (a.ravel() for a in np.meshgrid(t, t, indexing="ij"))
    cells = grid_quads(k, k)
    vertices, quads = [], []
    for number, (normal, right, up) in enumerate(SIDES):
        p = normal + u[:, None] * right + v[:, None] * up
        core = np.clip(p, -inner, inner)
        out = p - core
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        vertices.append(core + rounding * out)
        quads.append(cells + number * k * k)
    side = np.repeat(np.arange(6), len(cells))
    return (
        np.concatenate(vertices),
        np.concatenate(quads),
        side,
        np.tile(np.stack([u, v], 1), (6, 1)),
    )


def _rounded_cube(
    edge: float,
    rounding: float,
    *,
    flat: int = 6,
    move: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> bpy.types.Object:
    """Cube whose faces carry the six tiles (3 x 2) of a print.

    `move` may displace the vertices: it takes points of the cube of edge 2 (n, 3), the side of
    each (n,) and the face coordinates (n, 2).
    """
    vertices, quads, side, face = _cube_arrays(flat, rounding)
    corner = quads.ravel()
    tile = np.repeat(side, 4)
    uv = (face[corner] * 0.998 + 1) / 2
    uv = (uv + np.stack([tile % 3, tile // 3], 1)) / [3, 2]
    if move is not None:
        per_side = len(vertices) // 6
        vertices = move(vertices, np.repeat(np.arange(6), per_side), face)
    vertices = vertices * edge / 2
    return geo.mesh_object(vertices, quads, "cube", weld=1e-5 * float(np.ptp(vertices)), uv=uv)


def _tiles(draw_face: Callable[[ImageDraw.ImageDraw, int, int], None], pixels: int) -> np.ndarray:
    """Draw a transparent print of six tiles; `draw_face` gets a canvas, its side and the face."""
    sheet = Image.new("RGBA", (3 * pixels, 2 * pixels), (0, 0, 0, 0))
    for number in range(6):
        tile = Image.new("RGBA", (2 * pixels, 2 * pixels), (0, 0, 0, 0))
        draw_face(ImageDraw.Draw(tile), 2 * pixels, number)
        tile = tile.resize((pixels, pixels), Image.Resampling.LANCZOS)
        sheet.paste(tile, (number % 3 * pixels, (1 - number // 3) * pixels))
    return _bleed(np.asarray(sheet).copy())


def _bleed(rgba: np.ndarray) -> np.ndarray:
    """Give clear pixels the mean printed colour, so that no dark rim shows at the edges."""
    weight = rgba[..., 3:].astype(float)
    mean = (rgba[..., :3] * weight).sum((0, 1)) / max(weight.sum(), 1)
    rgba[..., :3] = np.where(rgba[..., 3:] == 0, mean.astype(np.uint8), rgba[..., :3])
    return rgba


def _lumps(
    rng: np.random.Generator, frequency: float, waves: int = 24
) -> Callable[[np.ndarray], np.ndarray]:
    """Smooth random field over space, about -1..1, from a sum of plane waves."""
    k = rng.normal(0, frequency, (waves, 3))
    phase = rng.uniform(0, 2 * np.pi, waves)
    return lambda p: np.sin(p @ k.T + phase).sum(1) / math.sqrt(waves)


def _quarter_turns(obj: bpy.types.Object, rng: np.random.Generator) -> bpy.types.Object:
    """Let any face lie on top."""
    turns = rng.integers(0, 4, 3) * 90
    return geo.rest_on_ground(geo.place(obj, (0, 0, 0), turns))


def _turned(obj: bpy.types.Object, degrees: float) -> bpy.types.Object:
    """Turn about the world's vertical axis, keeping the pose."""
    geo.move_all([obj], Matrix.Rotation(math.radians(degrees), 4, "Z"))
    return obj


def _apart(rng: np.random.Generator, count: int, edge: float) -> list[np.ndarray]:
    """Places on the table for a few cubes near each other that do not touch."""
    places = [np.zeros(2)]
    while len(places) < count:
        anchor = places[rng.integers(len(places))]
        angle = rng.uniform(0, 2 * np.pi)
        step = rng.uniform(1.45, 1.75) * edge
        place = anchor + step * np.array([math.cos(angle), math.sin(angle)])
        if all(np.linalg.norm(place - other) > 1.44 * edge for other in places):
            places.append(place)
    return places


# ------------------------------------------------------------------------- puzzles

PUZZLE_COLOURS = ("#b5121b", "#ee6a12", "#0c8a43", "#1246a8", "#f0efea", "#f3cf16")
DULL_COLOURS = ("#9c2a25", "#d9702c", "#2f7a47", "#28508f", "#e4e0d4", "#dcbf3a")


def _scrambled(n: int, moves: int, rng: np.random.Generator) -> np.ndarray:
    """Stickers of an n x n x n puzzle after random turns: rows of position, normal, colour."""
    rows = []
    layers = np.arange(n) * 2 - (n - 1)
    for colour, (normal, right, up) in enumerate(SIDES):
        for a, b in itertools.product(layers, layers):
            rows.append([*(normal * (n - 1) + a * right + b * up), *normal, colour])
    rows = np.array(rows).round().astype(int)
    for _ in range(moves):
        axis, layer = rng.integers(3), layers[rng.integers(n)]
        a, b = (axis + 1) % 3, (axis + 2) % 3
        mine = rows[:, axis] == layer
        for offset in (0, 3):
            first, second = rows[mine, offset + a].copy(), rows[mine, offset + b].copy()
            rows[mine, offset + a], rows[mine, offset + b] = -second, first
    return rows


def _puzzle(
    rng: np.random.Generator, n: int, *, stickerless: bool, turn: float = 0.0
) -> list[bpy.types.Object]:
    """A puzzle cube; `turn` is the angle in degrees by which the top layer is turned."""
    edge = {2: 0.050, 3: 0.056, 4: 0.060}[n] * rng.uniform(0.95, 1.03)
    pitch = edge / n
    moves = 0 if rng.random() < 0.1 else int(rng.choice([3, 30, 40]))
    rows = _scrambled(n, moves, rng)
    palette = PUZZLE_COLOURS if rng.random() < 0.75 else DULL_COLOURS
    wear = rng.uniform(0.05, 0.5)
    gloss = rng.uniform(0.35, 0.85)
    colours = [mat.plastic(rng, c, gloss=gloss, wear=wear) for c in palette]
    body = "#dcd9d0" if not stickerless and rng.random() < 0.12 else "#141416"
    slots = [*colours, mat.plastic(rng, body, gloss=0.5, wear=wear)]
    bare = len(colours)

    rounding = rng.uniform(0.12, 0.2) if stickerless else rng.uniform(0.06, 0.12)
    vertices, quads, side, _ = _cube_arrays(2, rounding, 3)
    paint = {(*row[:3], *row[3:6]): row[6] for row in rows.tolist()}
    layers = np.arange(n) * 2 - (n - 1)
    parts, index = [], []  # solids, and the material of each of their faces
    for cubie in itertools.product(layers, repeat=3):
        if max(abs(np.array(cubie))) < n - 1:
            continue
        parts.append(((vertices * 0.492 + np.array(cubie) / 2) * pitch, quads))
        painted = [paint.get((*cubie, *SIDES[k, 0].astype(int)), bare) for k in range(6)]
        index.append(np.array(painted)[side] if stickerless else np.full(len(side), bare))
    if not stickerless:
        size = rng.uniform(0.82, 0.9) / 2
        plate, plate_quads = _sticker(size, rng.uniform(0.05, 0.16), 0.00025 / pitch)
        for row in rows:
            normal = row[3:6]
            k = int(np.flatnonzero((SIDES[:, 0] == normal).all(1))[0])
            flat = turned(plate[:, :2], rng.normal(0, 0.012)) + rng.normal(0, 0.006, 2)
            local = np.column_stack([flat, plate[:, 2]]) @ SIDES[k, [1, 2, 0]]
            parts.append(((local + row[:3] / 2 + normal * 0.491) * pitch, plate_quads))
            index.append(np.full(len(plate_quads), row[6]))
    if turn:
        for points, _ in parts:
            if points[:, 2].mean() > (n / 2 - 1) * pitch:
                points[:, :2] = turned(points[:, :2], math.radians(turn))
    index = np.concatenate(index)
    obj = geo.mesh_object(*merge(*parts), "puzzle", *slots, weld=0, slots=index)
    return [geo.rest_on_ground(obj)]


def _sticker(half: float, radius: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """A thin plate with rounded corners: top and rim, as quads."""
    ring = np.array(rounded_rectangle(half, half, radius, 5))
    n = len(ring)
    middle = ring * 0.0
    vertices = np.concatenate(
        [
            np.column_stack([ring, np.zeros(n)]),
            np.column_stack([ring * 0.985, np.full(n, height)]),
            np.column_stack([middle, np.full(n, height)]),
        ]
    )
    i = np.arange(n)
    j = (i + 1) % n
    rim = np.stack([i, j, n + j, n + i], 1)
    top = np.stack([n + i, n + j, 2 * n + j, 2 * n + i], 1)
    return vertices, np.concatenate([rim, top])


def _puzzle_3(rng: np.random.Generator) -> list[bpy.types.Object]:
    turn = rng.uniform(15, 45) if rng.random() < 0.15 else 0.0
    return _puzzle(rng, 3, stickerless=False, turn=turn)


def _puzzle_variant(rng: np.random.Generator) -> list[bpy.types.Object]:
    n = int(rng.choice([2, 3, 3, 4]))
    turn = rng.uniform(15, 50) if rng.random() < 0.5 else 0.0
    return _puzzle(rng, n, stickerless=n == 3 or rng.random() < 0.4, turn=turn)


# ---------------------------------------------------------------------------- dice

SPOTS = {
    1: [(0, 0)],
    2: [(-1, 1), (1, -1)],
    3: [(-1, 1), (0, 0), (1, -1)],
    4: [(-1, 1), (1, 1), (-1, -1), (1, -1)],
    5: [(-1, 1), (1, 1), (0, 0), (-1, -1), (1, -1)],
    6: [(-1, 1), (-1, 0), (-1, -1), (1, 1), (1, 0), (1, -1)],
}
NUMBERS = (1, 6, 2, 5, 3, 4)  # in the order of SIDES: opposite faces add up to seven


def _die(
    rng: np.random.Generator,
    material: bpy.types.Material,
    ink: tuple[int, int, int],
    *,
    edge: float,
    rounding: float,
    ball: float | None,
    opaque: bool = False,
    ace: tuple[int, int, int] | None = None,
) -> bpy.types.Object:
    """One die with dished, inked spots; `ball` cuts its corners by a sphere of that radius."""
    gap, radius = 0.48, rng.uniform(0.15, 0.185)

    def spots(number: int) -> list[tuple[float, float, float]]:
        value = NUMBERS[number]
        size = radius * (1.35 if value == 1 and ace else 1.0)
        return [(x * gap, y * gap, size) for x, y in SPOTS[value]]

    def draw_face(draw: ImageDraw.ImageDraw, pixels: int, number: int) -> None:
        colour = ace if ace and NUMBERS[number] == 1 else ink
        for x, y, r in spots(number):
            cx, cy, r = (x + 1) / 2 * pixels, (1 - y) / 2 * pixels, r / 2 * pixels
            draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=(*colour, 255))

    def dish(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        points = points.copy()
        if ball is not None:
            reach = np.linalg.norm(points, axis=1, keepdims=True)
            points *= np.minimum(1, ball / reach)
        for number in range(6):
            mine = np.flatnonzero(side == number)
            for x, y, r in spots(number):
                d2 = ((face[mine] - [x, y]) ** 2).sum(1) / r**2
                depth = 0.5 * r * np.maximum(0, 1 - d2)
                points[mine] -= depth[:, None] * SIDES[number, 0]
        return points

    obj = _rounded_cube(edge, rounding, flat=40, move=dish)
    prints.overprint(material, _tiles(draw_face, 160), opaque=opaque, roughness=0.35)
    return _quarter_turns(geo.dress(obj, material), rng)


def _dice_shape(rng: np.random.Generator) -> dict:
    if rng.random() < 0.4:  # cut from a rounded ball
        return {"rounding": rng.uniform(0.08, 0.14), "ball": rng.uniform(1.34, 1.45)}
    return {"rounding": rng.uniform(0.1, 0.28), "ball": None}


def _put(
    objects: list[bpy.types.Object], rng: np.random.Generator, edge: float
) -> list[bpy.types.Object]:
    """Spread objects over the table, each turned its own way."""
    for obj, place in zip(objects, _apart(rng, len(objects), edge), strict=True):
        _turned(obj, rng.uniform(0, 360))
        obj.location.x += float(place[0])
        obj.location.y += float(place[1])
    bpy.context.view_layer.update()
    return objects


def _white_die(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.014, 0.02)
    shape = _dice_shape(rng)
    tone = ("#efeadd", "#f3f2ee", "#e6dcc3")[rng.integers(3)]
    red_ace = (170, 20, 28) if rng.random() < 0.2 else None
    objects = []
    for _ in range(int(rng.choice([1, 1, 1, 2]))):
        material = mat.plastic(rng, tone, gloss=rng.uniform(0.6, 0.95), wear=rng.uniform(0.1, 0.5))
        objects.append(_die(rng, material, (22, 20, 20), edge=edge, ace=red_ace, **shape))
    return _put(objects, rng, edge)


def _see_through(g: Graph, shader: bpy.types.NodeSocket, tint: Colour) -> bpy.types.Material:
    """Let light pass straight through; otherwise, without caustics, glass casts black shadows."""
    clear = g.add("BsdfTransparent", {"Color": tint})
    light = [g.add("LightPath", out=f"Is {kind} Ray") for kind in ("Shadow", "Diffuse")]
    return g.finish(g.add("MixShader", {0: g.math("MAXIMUM", *light), 1: shader, 2: clear}))


def _tinted(colour: str) -> bpy.types.Material:
    g = Graph("translucent plastic")
    shader = g.principled(base_color=colour, roughness=0.06, transmission_weight=0.92, ior=1.47)
    return _see_through(g, shader, shade(colour, 1.6))


def _coloured_dice(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.015, 0.02)
    shape = _dice_shape(rng)
    kind = rng.choice(["clear", "clear", "black", "wood", "colour"])
    if kind == "clear" and rng.random() < 0.6:  # casino dice have sharp edges
        shape = {"rounding": 0.035, "ball": None}
    clear = ("#d01524", "#c81020", "#1766b8", "#0f8a4a", "#e0861a")[rng.integers(5)]
    colour = ("#a81c22", "#1d3f8f", "#1f6b3a", "#5b2a7a", "#d8a51c")[rng.integers(5)]
    objects = []
    for _ in range(int(rng.integers(1, 4))):
        ink, opaque = (245, 243, 236), False
        if kind == "clear":
            material, opaque = _tinted(clear), True
        elif kind == "black":
            material = mat.plastic(rng, "#161617", gloss=0.8, wear=0.3)
        elif kind == "wood":
            material = mat.wood(rng, "#c89b66", varnish=0.3, wear=0.4)
            ink = (40, 26, 18)
        else:
            material = mat.plastic(rng, colour, gloss=0.8, wear=0.3)
        objects.append(_die(rng, material, ink, edge=edge, opaque=opaque, **shape))
    return _put(objects, rng, edge)


# --------------------------------------------------------------------- wood blocks


def _worn_edges(rng: np.random.Generator, amount: float, frequency: float = 5.0):
    """Displacement that knocks off bits of the edges and corners of a cube of edge 2."""
    field = _lumps(rng, frequency)
    fine = _lumps(rng, 3 * frequency)

    def move(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        ordered = np.sort(np.abs(points), axis=1)
        edge = np.clip((ordered[:, 1] - 0.8) / 0.2, 0, 1) ** 2
        chip = np.maximum(0, 0.5 * field(points) + 0.3 * fine(points)) * edge
        return points * (1 - amount * (chip + 0.25 * edge))[:, None]

    return move


def _plain_block(
    rng: np.random.Generator, edge: float, material: bpy.types.Material
) -> bpy.types.Object:
    obj = _rounded_cube(edge, rng.uniform(0.03, 0.09), flat=20, move=_worn_edges(rng, 0.03))
    return _quarter_turns(geo.dress(obj, material), rng)


def _wood_block(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.03, 0.09)
    tone = ("#b98a55", "#c79a62", "#9c6b3f", "#d0a970", "#7d5230", "#b5773f")[rng.integers(6)]
    material = mat.wood(rng, tone, varnish=rng.uniform(0, 0.6), wear=rng.uniform(0.1, 0.7))
    return [_plain_block(rng, edge, material)]


TOY_INKS = (
    (176, 28, 32),
    (24, 78, 150),
    (28, 112, 62),
    (214, 148, 24),
    (92, 48, 120),
    (34, 32, 32),
)


def _letter_print(rng: np.random.Generator) -> np.ndarray:
    """Framed letters, one a face."""
    letters = rng.choice(list("ABCDEFGHJKLMNPRSTUVXYZ"), 6, replace=False)
    digits = rng.random() < 0.2
    inks = [TOY_INKS[i] for i in rng.integers(0, 6, 6)]
    border = rng.uniform(0.06, 0.1)
    filled = rng.random() < 0.3
    weight = int(rng.integers(600, 900))

    def draw_face(draw: ImageDraw.ImageDraw, pixels: int, number: int) -> None:
        colour = (*inks[number], 255)
        a, b = int(0.07 * pixels), int(0.93 * pixels)
        draw.rounded_rectangle(
            [a, a, b, b],
            int(0.05 * pixels),
            None if not filled else colour,
            colour,
            int(border * pixels),
        )
        letter = str(number + 1) if digits else str(letters[number])
        face = prints.font(0.66 * pixels, weight)
        draw.text(
            (pixels / 2, pixels / 2),
            letter,
            font=face,
            anchor="mm",
            fill=(236, 226, 206, 255) if filled else colour,
        )

    rgba = _tiles(draw_face, 200)
    noise = Image.fromarray(rng.integers(0, 256, (130, 195), dtype=np.uint8))
    noise = np.asarray(noise.resize(rgba.shape[1::-1], Image.Resampling.BICUBIC), float)
    worn = np.clip((noise - rng.uniform(-30, 45)) / 60, 0.35, 1)
    rgba[..., 3] = (rgba[..., 3] * worn).astype(np.uint8)
    return rgba


def _letter_cube(rng: np.random.Generator, edge: float) -> bpy.types.Object:
    tone = ("#d8b98a", "#cfae7c", "#e2c89c", "#c09a66")[rng.integers(4)]
    material = mat.wood(rng, tone, varnish=rng.uniform(0.1, 0.6), wear=rng.uniform(0.2, 0.6))
    prints.overprint(material, _letter_print(rng), relief=edge * 0.012)
    obj = _rounded_cube(edge, rng.uniform(0.06, 0.12), flat=16, move=_worn_edges(rng, 0.02))
    return geo.dress(obj, material)


def _letter_block(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.03, 0.045)
    objects = [geo.rest_on_ground(_letter_cube(rng, edge))]
    if rng.random() < 0.35:
        objects.append(_quarter_turns(_letter_cube(rng, edge), rng))
    if rng.random() < 0.7:
        _quarter_turns(objects[0], rng)
    return _put(objects, rng, edge)


def _stack(rng: np.random.Generator) -> list[bpy.types.Object]:
    """Three to six blocks: a tower, or a row with others on top."""
    edge = rng.uniform(0.028, 0.045)
    kind = rng.choice(["letters", "natural", "painted"])
    wear = rng.uniform(0.2, 0.6)
    paints = [
        mat.wood(rng, c, varnish=0.5, wear=wear)
        for c in ("#a8332c", "#2d5a96", "#37774a", "#d9a62c", "#cfae7c")
    ]
    natural = mat.wood(rng, varnish=0.2, wear=wear)

    def block() -> bpy.types.Object:
        if kind == "letters":
            return _quarter_turns(_letter_cube(rng, edge), rng)
        material = natural if kind == "natural" else paints[rng.integers(len(paints))]
        return _plain_block(rng, edge, material)

    if rng.random() < 0.4:
        places = [(0.0, 0.0, level) for level in range(int(rng.integers(2, 5)))]
    else:
        places = [(-0.53, 0, 0), (0.53, 0, 0), (rng.uniform(-0.2, 0.2), 0, 1)]
        if rng.random() < 0.5:
            places += [(rng.uniform(-0.3, 0.3), 1.12, 0)]
    objects = []
    for x, y, level in places:
        obj = block()
        # Blocks that stand side by side have no room to be turned far.
        _turned(obj, rng.normal(0, 13 if x == 0 or level else 2.0))
        obj.location.x += x * edge
        obj.location.y += y * edge + rng.normal(0, 0.03 * edge)
        obj.location.z += level * edge * 1.001
        objects.append(obj)
    bpy.context.view_layer.update()
    return objects


# --------------------------------------------------------------------------- boxes


def _ribbon(points: np.ndarray, width: np.ndarray, thickness: float) -> bpy.types.Object:
    """A strip along points (n, 3) in the x-z plane, as wide in y as `width` (n,) says."""
    left = points + np.stack([0 * width, width / 2, 0 * width], 1)
    right = points - np.stack([0 * width, width / 2, 0 * width], 1)
    n = len(points)
    i = np.arange(n - 1)
    quads = np.stack([i, i + 1, n + i + 1, n + i], 1)
    obj = geo.mesh_object(np.concatenate([left, right]), quads, "ribbon", weld=0)
    return geo.thicken(obj, thickness)


def _bow(
    rng: np.random.Generator, edge: float, width: float, material: bpy.types.Material
) -> list[bpy.types.Object]:
    """A bow of loops, two tails and a knot, lying on z = 0."""
    objects = []
    t = np.linspace(0, 1, 40)
    full = rng.random() < 0.4  # a rosette of many loops
    rows = [(8, 0.3, 12.0), (6, 0.25, 38.0), (3, 0.18, 62.0)] if full else [(2, 0.36, 14.0)]
    for count, reach, tilt in rows:
        for k in range(count):
            length = reach * edge * rng.uniform(0.92, 1.08)
            rise = math.radians(tilt + rng.normal(0, 3))
            x = length * np.sin(np.pi * t) ** 0.9
            z = 0.34 * length * np.sin(2 * np.pi * t) * np.sin(np.pi * t)
            spine = np.stack(
                [
                    x * math.cos(rise) - z * math.sin(rise),
                    0 * t,
                    x * math.sin(rise) + z * math.cos(rise),
                ],
                1,
            )
            spine[:, 2] = np.maximum(spine[:, 2], 0) + 0.02 * edge
            loop = _ribbon(spine, width * (0.45 + 0.55 * np.sin(np.pi * t) ** 0.7), 0.0004)
            turn = 360 * k / count + rng.normal(0, 5) + (20 if count == 6 else 0)
            geo.place(loop, (0, 0, 0), (0, 0, turn))
            objects.append(loop)
    if not full:
        for side in (-1, 1):
            length = edge * rng.uniform(0.4, 0.5)
            wave = 0.02 * edge * (1 + np.sin(t * 9 + rng.uniform(0, 6))) * t + 0.012 * edge
            spine = np.stack([length * t, 0 * t, wave], 1)
            tail = _ribbon(spine, width * (0.5 + 0.5 * np.minimum(1, 3 * t)), 0.0004)
            geo.place(tail, (0, 0, 0), (0, 0, 90 + side * rng.uniform(40, 65)))
            objects.append(tail)
        knot = _rounded_cube(width, 0.6, flat=2)
        geo.deform(knot, lambda p: p * [0.85, 1.0, 0.6] + [0, 0, 0.05 * edge])
        objects.append(knot)
    for obj in objects:
        geo.apply_transform(geo.dress(obj, material))
    return objects


def _wrapping(rng: np.random.Generator) -> np.ndarray | None:
    """Pattern of wrapping paper as a print, or None for plain paper."""
    kind = rng.choice(["plain", "dots", "stripes", "stars"])
    if kind == "plain":
        return None
    ink = (*((246, 242, 230), (196, 150, 60), (40, 40, 44))[rng.integers(3)], 255)
    count = int(rng.integers(5, 10))

    def draw_face(draw: ImageDraw.ImageDraw, pixels: int, number: int) -> None:
        step = pixels / count
        if kind == "stripes":
            for k in range(count):
                draw.rectangle([k * step, 0, (k + 0.45) * step, pixels], fill=ink)
            return
        for i, j in itertools.product(range(-1, count + 1), repeat=2):
            x, y = (i + 0.5 + 0.5 * (j % 2)) * step, (j + 0.5) * step
            if kind == "dots":
                r = 0.2 * step
                draw.ellipse([x - r, y - r, x + r, y + r], fill=ink)
            else:
                star = [
                    (x + step * s * math.sin(a), y - step * s * math.cos(a))
                    for a, s in zip(np.arange(10) * math.pi / 5, [0.32, 0.14] * 5, strict=True)
                ]
                draw.polygon(star, fill=ink)

    return _tiles(draw_face, 256)


def _gift_box(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.08, 0.2)
    papers = (
        "#8f1d22",
        "#17406b",
        "#1d5a3c",
        "#b99b6b",
        "#efece4",
        "#2a2a2e",
        "#b58a2c",
        "#6d7f8f",
    )
    ribbons = ("#c7a34a", "#f0ebdf", "#9a1a22", "#1b1b1e", "#2b5d3a", "#b8bcc2")
    first = int(rng.integers(len(papers)))
    second = int(
        rng.choice([k for k in range(6) if (first, k) not in ((0, 2), (5, 3), (4, 1), (2, 4))])
    )
    pattern = _wrapping(rng)

    def paper() -> bpy.types.Material:
        material = mat.paper(rng, papers[first], gloss=rng.uniform(0.2, 0.8), wear=0.15)
        return material if pattern is None else prints.overprint(material, pattern)

    dents = _lumps(rng, 3.0)

    def soft(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        return points * (1 + 0.004 * np.clip(dents(points), -2, 2))[:, None]

    box = geo.dress(_rounded_cube(edge, 0.02, flat=20, move=soft), paper())
    objects = [geo.rest_on_ground(box)]
    if rng.random() < 0.5:  # a lid of its own
        lid = geo.dress(_rounded_cube(edge * 1.03, 0.02, flat=6), paper())
        depth = rng.uniform(0.18, 0.3)
        geo.deform(lid, lambda p: np.column_stack([p[:, :2], p[:, 2] * depth]))
        geo.place(lid, (0, 0, edge * (1.012 - depth * 0.515)))
        objects.append(lid)
    reach = edge * (1.045 if len(objects) == 2 else 1.02)
    width = edge * rng.uniform(0.1, 0.17)
    satin = mat.satin(rng, ribbons[second])
    top = geo.highest(*objects)
    height = top + 0.0008
    for size in ((reach, width, height), (width, reach, height)):
        band = geo.bevelled_box(size, 0.0004, "band", 2)
        objects.append(geo.rest_on_ground(geo.dress(band, satin)))
    turn = Matrix.Rotation(rng.choice([0, math.pi / 4, math.pi / 2]), 4, "Z")
    bow = _bow(rng, edge, width, satin)
    geo.move_all(bow, Matrix.Translation((0, 0, height)) @ turn)
    return [*objects, *bow]


def _box_print(rng: np.random.Generator) -> np.ndarray:
    """Marks on the sides of a carton: arrows, a glass, a label; nothing on top."""
    ink = (52, 40, 32, 235)
    marks = rng.choice(["arrows", "glass", "label", "none"], 4, p=[0.3, 0.2, 0.3, 0.2])
    corner = rng.uniform(0.12, 0.3, 2)

    def draw_face(draw: ImageDraw.ImageDraw, pixels: int, number: int) -> None:
        if number >= 4:
            return
        x, y, s = (1 - corner[0] - 0.25) * pixels, corner[1] * pixels, 0.25 * pixels
        if marks[number] == "arrows":
            for dx in (0, 0.55 * s):
                draw.polygon(
                    [
                        (x + dx, y + 0.35 * s),
                        (x + dx + 0.2 * s, y),
                        (x + dx + 0.4 * s, y + 0.35 * s),
                    ],
                    fill=ink,
                )
                draw.rectangle(
                    [x + dx + 0.12 * s, y + 0.3 * s, x + dx + 0.28 * s, y + 0.8 * s], fill=ink
                )
            draw.rectangle([x, y + 0.9 * s, x + 0.95 * s, y + s], fill=ink)
        elif marks[number] == "glass":
            draw.polygon(
                [
                    (x + 0.2 * s, y),
                    (x + 0.8 * s, y),
                    (x + 0.7 * s, y + 0.5 * s),
                    (x + 0.3 * s, y + 0.5 * s),
                ],
                fill=ink,
            )
            draw.rectangle([x + 0.46 * s, y + 0.5 * s, x + 0.54 * s, y + 0.9 * s], fill=ink)
            draw.rectangle([x + 0.25 * s, y + 0.88 * s, x + 0.75 * s, y + 0.97 * s], fill=ink)
        elif marks[number] == "label":
            w, h = 0.42 * pixels, 0.3 * pixels
            x, y = 0.5 * pixels - w / 2, 0.55 * pixels - h / 2
            draw.rectangle([x, y, x + w, y + h], fill=(238, 236, 230, 255))
            for k in range(5):
                draw.rectangle(
                    [
                        x + 0.06 * w,
                        y + (0.08 + 0.08 * k) * h,
                        x + (0.35 + 0.1 * (k * 7 % 4)) * w,
                        y + (0.11 + 0.08 * k) * h,
                    ],
                    fill=(60, 60, 60, 255),
                )
            bars = np.cumsum(rng.uniform(0.004, 0.016, 44))
            for left, right in zip(bars[::2], bars[1::2], strict=True):
                draw.rectangle(
                    [
                        x + (0.06 + left * 1.8) * w,
                        y + 0.58 * h,
                        x + (0.06 + right * 1.8) * w,
                        y + 0.92 * h,
                    ],
                    fill=(20, 20, 20, 255),
                )

    return _tiles(draw_face, 224)


def _cardboard_box(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.15, 0.4)
    tone = ("#b08d62", "#a9835a", "#bd9a70", "#9b7850", "#e4e0d6")[rng.integers(5)]
    wear = rng.uniform(0.2, 0.7)
    board = mat.cardboard(rng, tone, wear=wear)
    prints.overprint(board, _box_print(rng))
    dents = _lumps(rng, 2.2)
    sides = rng.uniform(-0.012, 0.022)

    def bulge(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        out = sides * (1 - face[:, 0] ** 2) * (1 - face[:, 1] ** 2) + 0.006 * dents(points)
        return points + (out * (side < 4))[:, None] * SIDES[side, 0]

    box = geo.dress(_rounded_cube(edge, 0.02, flat=24, move=bulge), board)
    objects = [geo.rest_on_ground(box)]
    flap_board = mat.cardboard(rng, tone, wear=wear)
    thick = 0.004 * edge / 0.25
    taped = rng.random() < 0.75
    for s in (-1, 1):
        flap = geo.bevelled_box((edge * 0.992, edge * 0.494, thick), thick * 0.3, "flap", 2)
        geo.deform(flap, lambda p, s=s: p - np.array([0, s * edge * 0.247, 0]))
        lift = 0.0 if taped else s * rng.uniform(4, 26)
        geo.place(flap, (0, s * edge * 0.497, edge + thick * 0.4), (-lift, 0, 0))
        objects.append(geo.dress(flap, flap_board))
    if taped:
        colour = ("#a8763c", "#c9a878", "#d8cfbd")[rng.integers(3)]
        tape = mat.plastic(rng, colour, gloss=0.75, wear=0.4)
        width = edge * rng.uniform(0.12, 0.2)
        drop = edge * rng.uniform(0.15, 0.3)
        strip = geo.bevelled_box((edge * 1.004, width, 0.0006), 0.0, "tape")
        objects.append(geo.dress(geo.place(strip, (0, 0, edge + thick + 0.0003)), tape))
        for s in (-1, 1):
            end = geo.bevelled_box((0.0012 + 0.03 * edge, width, drop), 0.0, "tape")
            x = s * (edge / 2 - 0.012 * edge)
            objects.append(geo.dress(geo.place(end, (x, 0, edge + thick - drop / 2)), tape))
    for obj in objects:
        geo.apply_transform(obj)
    return objects


# -------------------------------------------------------------- stone, metal, others


def _stone_material(rng: np.random.Generator, kind: str, edge: float) -> bpy.types.Material:
    """Concrete, marble, granite, sandstone or brick red clay; grain scaled to the cube."""
    g = Graph(kind)
    v = g.coordinates(tuple(rng.uniform(0, 3, 3)), shift=tuple(rng.uniform(-5, 5, 3)))
    s = 1 / edge
    fine = g.noise(v, 45 * s, 6, 0.7)
    if kind == "marble":
        ground, vein = (("#ebe8e2", "#7e7b78"), ("#dccfba", "#8f765a"), ("#2f3733", "#c2cac2"))[
            rng.integers(3)
        ]
        line = g.math(
            "ABSOLUTE", g.math("SUBTRACT", g.noise(v, 1.3 * s, 8, 0.6, Distortion=1.4), 0.5)
        )
        base = g.mix(g.remap(line, 0.07, 0.0, 0, 0.8), ground, vein)
        base = g.mix(g.remap(g.noise(v, 2.2 * s, 5), 0.42, 0.75, 0, 0.35), base, vein)
        return g.finish(g.principled(base_color=base, roughness=rng.uniform(0.12, 0.35)))
    if kind == "granite":
        grain = g.add("TexVoronoi", {"Vector": v, "Scale": 38 * s}, out="Color")
        speck = g.add("SeparateColor", {0: grain}, out=0)
        dark, light = (("#3a3836", "#b9b4ad"), ("#6a4a40", "#c9a594"))[rng.integers(2)]
        base = g.mix(speck, dark, light)
        base = g.mix(g.remap(g.noise(v, 60 * s, 3), 0.62, 0.68), base, "#161515")
        normal = g.bump(fine, 0.15, 0.01 * edge)
        return g.finish(
            g.principled(base_color=base, roughness=rng.uniform(0.2, 0.6), normal=normal)
        )
    colour = {
        "concrete": (0.6, 0.59, 0.57),
        "sandstone": (0.76, 0.64, 0.46),
        "clay": (0.6, 0.31, 0.22),
    }[kind]
    colour = tuple(np.clip(np.array(colour) * rng.uniform(0.75, 1.15), 0, 1))
    stain = g.remap(g.noise(v, 1.6 * s, 8, 0.65), 0.3, 0.7)
    base = g.mix(stain, shade(colour, 0.78), shade(colour, 1.12))
    base = g.mix(g.remap(fine, 0.4, 0.75), base, shade(colour, 0.7))
    pore = g.remap(g.noise(v, 16 * s, 2), 0.31, 0.27)
    base = g.mix(g.math("MULTIPLY", pore, 0.7), base, shade(colour, 0.35))
    normal = g.bump(fine, 0.5, 0.02 * edge)
    normal = g.bump(pore, -0.8, 0.03 * edge, normal)
    return g.finish(g.principled(base_color=base, roughness=0.9, normal=normal))


def _stone(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.05, 0.15)
    kind = str(
        rng.choice(
            ["concrete", "marble", "granite", "sandstone", "clay"], p=[0.3, 0.25, 0.2, 0.15, 0.1]
        )
    )
    polished = kind in ("marble", "granite")
    chips = _worn_edges(rng, 0.02 if polished else 0.09, 7.0)
    obj = _rounded_cube(edge, 0.02 if polished else 0.035, flat=44, move=chips)
    return [_quarter_turns(geo.dress(obj, _stone_material(rng, kind, edge)), rng)]


def _metal(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.02, 0.07)
    wear = rng.uniform(0.1, 0.6)
    kind = rng.choice(["steel", "steel", "brass", "copper", "painted", "rusty", "dark"])
    make = {
        "steel": lambda: mat.brushed_steel(rng, wear=wear, roughness=rng.uniform(0.18, 0.4)),
        "brass": lambda: mat.brass(rng, wear=wear),
        "copper": lambda: mat.copper(rng, wear=wear),
        "painted": lambda: mat.painted_metal(rng, mat.bright_colour(rng), wear=wear + 0.2),
        "rusty": lambda: mat.rusty_iron(rng),
        "dark": lambda: mat.anodised(rng, "#2a2a2c", wear=wear),
    }[str(kind)]
    rounding = rng.uniform(0.02, 0.07)

    def cube() -> bpy.types.Object:
        return _quarter_turns(geo.dress(_rounded_cube(edge, rounding, flat=12), make()), rng)

    objects = [cube()]
    if rng.random() < 0.25:
        objects.append(cube())
    return _put(objects, rng, edge)


def _ice_cube(
    rng: np.random.Generator, edge: float, material: bpy.types.Material, bubble: bpy.types.Material
) -> list[bpy.types.Object]:
    lumps, ripples = _lumps(rng, 1.3), _lumps(rng, 6.0)
    hollow = rng.uniform(0.0, 0.07)

    def melt(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        dip = hollow * np.clip(1 - face[:, 0] ** 2, 0, 1) * np.clip(1 - face[:, 1] ** 2, 0, 1)
        return points * (1 + 0.03 * lumps(points) + 0.005 * ripples(points) - dip)[:, None]

    obj = geo.dress(_rounded_cube(edge, rng.uniform(0.14, 0.26), flat=24, move=melt), material)
    core = np.clip(rng.normal(0, 0.26, (160, 3)) * [1, 1, 0.7], -0.62, 0.62)
    radii = rng.uniform(0.01, 0.05, len(core)) * (1.3 - np.linalg.norm(core, axis=1))
    ball, quads, _, _ = _cube_arrays(1, 0.999, 1)
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    balls = [((c + r * ball) * edge / 2, quads) for c, r in zip(core, radii, strict=True)]
    bubbles = geo.mesh_object(*merge(*balls), "bubbles", bubble, weld=0)
    lift = -float(geo.world_vertices(obj)[:, 2].min())
    geo.move_all([obj, bubbles], Matrix.Translation((0, 0, lift)))
    return [obj, bubbles]


def _ice(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.025, 0.035)
    g = Graph("ice")
    v = g.coordinates(shift=tuple(rng.uniform(-1, 1, 3)))
    normal = g.bump(g.noise(v, 160, 3), 0.25, 0.0006)
    rough = g.remap(g.noise(v, 90, 4), 0.35, 0.7, 0.02, 0.28)
    shader = g.principled(
        base_color="#eef6f8", roughness=rough, transmission_weight=1.0, ior=1.31, normal=normal
    )
    ice = _see_through(g, shader, "#eaf2f4")
    g = Graph("bubbles")
    white = g.finish(g.principled(base_color="#f2f7f9", roughness=0.4, alpha=0.7))
    objects = []
    for place in _apart(rng, int(rng.integers(1, 4)), edge):
        pair = _ice_cube(rng, edge, ice, white)
        turn = Matrix.Rotation(rng.uniform(0, 2 * np.pi), 4, "Z")
        geo.move_all(pair, Matrix.Translation((*place, 0)) @ turn)
        objects += pair
    return objects


def _sugar_material(rng: np.random.Generator, brown: bool) -> bpy.types.Material:
    g = Graph("sugar")
    v = g.coordinates(shift=tuple(rng.uniform(-1, 1, 3)))
    grain = g.add("TexVoronoi", {"Vector": v, "Scale": 2400}, out="Color")
    tone = g.add("SeparateColor", {0: grain}, out=0)
    light, dark = ("#a98a66", "#7d5f42") if brown else ("#fbfaf7", "#dcd9d2")
    base = g.mix(tone, dark, light)
    cells = g.add("TexVoronoi", {"Vector": v, "Scale": 2400}, out="Distance")
    normal = g.bump(cells, -0.7, 0.0004)
    rough = g.remap(tone, 0, 1, 0.15, 0.7)
    return g.finish(g.principled(base_color=base, roughness=rough, normal=normal))


def _sugar(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.014, 0.018)
    material = _sugar_material(rng, bool(rng.random() < 0.3))

    def grainy(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        return points + 0.012 * np.stack([f(points) for f in fields], 1)

    objects = []
    for _ in range(int(rng.integers(1, 4))):
        fields = [_lumps(rng, 24, 40) for _ in range(3)]
        chips = _worn_edges(rng, 0.06, 9.0)
        obj = _rounded_cube(edge, 0.08, flat=44, move=lambda p, s, f: grainy(chips(p, s, f), s, f))  # noqa: B023
        objects.append(_quarter_turns(geo.dress(obj, material), rng))
    return _put(objects, rng, edge)


def _foam(rng: np.random.Generator) -> list[bpy.types.Object]:
    edge = rng.uniform(0.06, 0.12)
    colour = ("#d9b23c", "#3c3d40", "#c9c4b4", "#5c7f9a", "#b4574a")[rng.integers(5)]
    g = Graph("foam")
    v = g.coordinates(shift=tuple(rng.uniform(-1, 1, 3)))
    s = 1 / edge
    small = g.add("TexVoronoi", {"Vector": v, "Scale": 45 * s}, out="Distance")
    large = g.add("TexVoronoi", {"Vector": v, "Scale": 14 * s}, out="Distance")
    hole = g.math("MAXIMUM", g.remap(small, 0.32, 0.18), g.remap(large, 0.26, 0.2))
    base = g.mix(g.math("MULTIPLY", hole, 0.75), colour, shade(colour, 0.35))
    normal = g.bump(hole, -0.9, 0.02 * edge)
    material = g.finish(g.principled(base_color=base, roughness=0.95, normal=normal))
    lumps = _lumps(rng, 2.0)

    def soft(points: np.ndarray, side: np.ndarray, face: np.ndarray) -> np.ndarray:
        return points * (1 + 0.018 * lumps(points))[:, None]

    obj = _rounded_cube(edge, rng.uniform(0.04, 0.09), flat=24, move=soft)
    return [_quarter_turns(geo.dress(obj, material), rng)]


def _sugar_or_foam(rng: np.random.Generator) -> list[bpy.types.Object]:
    return _sugar(rng) if rng.random() < 0.6 else _foam(rng)


FAMILIES = (
    _puzzle_3,
    _white_die,
    _wood_block,
    _letter_block,
    _gift_box,
    _puzzle_variant,
    _cardboard_box,
    _stone,
    _coloured_dice,
    _ice,
    _stack,
    _metal,
    _sugar_or_foam,
)
