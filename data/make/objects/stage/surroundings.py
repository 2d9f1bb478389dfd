"""Tables, floors, walls and everyday clutter that surround the photographed object."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from blender import geometry as geo
from blender import solids
from blender.nodes import Graph, rgb, shade
from stage import materials as mat

# --- surface materials: every texture has its true size in metres ---------------------------


def _bricks(g: Graph, vector, width, height, gap, smooth, *, offset: float = 0.5):
    """Bricks of random tones 0..1, and the joints between them as 1; lengths in metres."""
    inputs = {
        "Vector": vector, "Scale": 1.0, "Brick Width": width, "Row Height": height,
        "Mortar Size": gap, "Mortar Smooth": smooth,
        "Color1": (0, 0, 0, 1), "Color2": (1, 1, 1, 1), "Mortar": (0.5, 0.5, 0.5, 1),
    }  # fmt: skip
    return [g.add("TexBrick", inputs, out=out, offset=offset) for out in ("Color", "Factor")]


def wood_planks(rng, *, width: tuple[float, float] = (0.07, 0.16)):
    """Boards side by side, each with its own tone, with dark joints."""
    tones = ("#b98d5f", "#9a6b42", "#6b4529", "#4a3122", "#cfae82", "#8f7a63", "#a59581", "#5b4a3d")
    colour = tones[rng.integers(len(tones))]
    g = Graph("wood planks")
    turn = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.05)
    flat = g.coordinates((0, 0, turn), shift=(*rng.uniform(-3, 3, 2), 0))
    row, length, gap = rng.uniform(*width), rng.uniform(0.8, 1.6), rng.uniform(0.0008, 0.003)
    tone, joint = _bricks(g, flat, length, row, gap, 0.3, offset=0.37)
    offset = g.add("CombineXYZ", {0: g.math("MULTIPLY", tone, 7.3), 1: g.math("MULTIPLY", tone, 3)})
    moved = g.add("VectorMath", {0: flat, 1: offset}, operation="ADD")
    v = g.add("Mapping", {"Vector": moved, "Scale": (0.08, 1, 1)})
    ring = g.add(
        "TexWave",
        {"Vector": v, "Scale": 11, "Distortion": 10, "Detail": 3, "Detail Scale": 1.1},
        out="Factor", bands_direction="Y",
    )  # fmt: skip
    fibre = g.noise(v, 240, 4, 0.65)
    base = g.mix(tone, shade(colour, 0.82), shade(colour, 1.12))
    base = g.mix(g.math("MULTIPLY", ring, 0.5), base, shade(colour, 0.62))
    base = g.mix(g.remap(fibre, 0.5, 0.78, 0, 0.55), base, shade(colour, 0.45))
    stain = g.remap(g.noise(flat, 6, 4, 0.65), 0.55, 0.85, 0, rng.uniform(0, 0.5))
    base = g.mix(stain, base, shade(colour, 0.5))
    base = g.mix(g.math("MULTIPLY", joint, 0.85), base, shade(colour, 0.2))
    gloss = rng.uniform(0, 1)
    rough = g.remap(fibre, 0.3, 0.7, 0.5 - 0.25 * gloss, 0.75 - 0.3 * gloss)
    normal = g.bump(fibre, 0.4, 0.0006)
    normal = g.bump(joint, -0.8, 0.002, normal)
    return g.finish(g.principled(base_color=base, roughness=rough, normal=normal,
                                 coat_weight=0.25 * gloss, coat_roughness=0.2))  # fmt: skip


def wood_desk(rng):
    """One continuous veneered or glued board."""
    return mat.wood(rng, varnish=rng.uniform(0.1, 0.9), wear=rng.uniform(0.1, 0.6))


def laminate(rng):
    """White or grey office desk."""
    colour = ("#e6e5e1", "#d5d3cd", "#bfc0be", "#f0efec", "#8f908e")[rng.integers(5)]
    return mat.plastic(rng, colour, gloss=rng.uniform(0.2, 0.6), wear=0.3)


def stone(rng):
    """Speckled granite or veined marble worktop."""
    g = Graph("stone")
    v = g.coordinates(tuple(rng.uniform(0, 3, 3)), shift=tuple(rng.uniform(-5, 5, 3)))
    if rng.random() < 0.5:
        dark, light = (("#2e2c2b", "#8d8781"), ("#5a5450", "#c9c1b6"), ("#6d6a68", "#d8d5cf"))[
            rng.integers(3)
        ]
        grain = g.add("TexVoronoi", {"Vector": v, "Scale": 320}, out="Color")
        speck = g.add("SeparateColor", {0: grain}, out=0)
        speck = g.math("MULTIPLY", speck, g.remap(g.noise(v, 90, 4, 0.7), 0.3, 0.6))
        base = g.mix(speck, dark, light)
        base = g.mix(g.remap(g.noise(v, 500, 3), 0.62, 0.68), base, "#161515")
    else:
        ground, vein = (("#e8e5df", "#8d8a86"), ("#d8cdbb", "#9a8468"), ("#3a3f3b", "#a9b0a6"))[
            rng.integers(3)
        ]
        line = g.math("ABSOLUTE", g.math("SUBTRACT", g.noise(v, 5, 4, 0.6, Distortion=1.2), 0.5))
        base = g.mix(g.remap(line, 0.05, 0.0, 0, 0.7), ground, vein)
        base = g.mix(g.remap(g.noise(v, 9, 4), 0.4, 0.75, 0, 0.35), base, vein)
    return g.finish(g.principled(base_color=base, roughness=rng.uniform(0.12, 0.45)))


def cloth(rng):
    """Tablecloth or bed linen: plain, striped or gingham, with soft wrinkles."""
    g = Graph("cloth")
    turn = (0, 0, rng.uniform(0, np.pi))
    v = g.coordinates(turn, shift=(*rng.uniform(-3, 3, 2), 0))
    ground = mat.muted_colour(rng) if rng.random() < 0.6 else rgb("#e8e3d8")
    other = mat.muted_colour(rng)
    pattern = rng.choice(["plain", "plain", "stripes", "gingham"])
    base = mat.blotchy(g, ground, v, 5, 0.04)
    if pattern != "plain":
        x, y = g.axes(v)
        step = rng.uniform(0.012, 0.05)
        band = [
            g.math("GREATER_THAN", g.math("FRACT", g.math("DIVIDE", a, step * 2)), 0.5)
            for a in (x, y)
        ]
        if pattern == "gingham":
            fraction = g.math("MULTIPLY", g.math("ADD", band[0], band[1]), 0.5)
        else:
            fraction = g.math("MULTIPLY", band[0], rng.uniform(0.4, 1))
        base = g.mix(fraction, base, other)
    threads = rng.uniform(60, 140)
    weave = g.math(
        "MULTIPLY",
        g.add("TexWave", {"Vector": v, "Scale": threads, "Distortion": 0.6}, out="Factor"),
        g.add("TexWave", {"Vector": v, "Scale": threads, "Distortion": 0.6}, out="Factor",
              bands_direction="Y"),
    )  # fmt: skip
    base = g.mix(g.remap(weave, 0, 1, 0.22, 0), base, shade(ground, 0.5))
    fold = g.noise(v, rng.uniform(3, 9), 3, 0.5, Distortion=rng.uniform(0, 1.5))
    normal = g.bump(fold, rng.uniform(0.1, 0.8), 0.03)
    normal = g.bump(weave, 0.5, 0.0008, normal)
    return mat.fabric(g, base, normal)


def sheet_metal(rng):
    """Workbench or kitchen steel, brushed along x, scratched."""
    g = Graph("sheet metal")
    tone = rng.uniform(0.35, 0.7)
    v = g.coordinates((0, 0, rng.uniform(0, 3)), (0.02, 1, 1), (*rng.uniform(-3, 3, 2), 0))
    brush = g.noise(v, 900, 3)
    flat = g.coordinates(shift=(*rng.uniform(-3, 3, 2), 0))
    smear = g.remap(g.noise(flat, 9, 4, 0.65), 0.4, 0.75)
    base = g.mix(smear, (tone,) * 3, (tone * 0.85, tone * 0.82, tone * 0.78))
    scratch = mat.scratches(g, rng, 0.8, 40)
    base = g.mix(g.math("MULTIPLY", scratch, 0.6), base, (tone * 0.6,) * 3)
    rough = g.math("ADD", g.remap(brush, 0.3, 0.7, 0.3, 0.5), g.math("MULTIPLY", smear, 0.15))
    normal = g.bump(brush, 0.25, 0.0002)
    return g.finish(g.principled(base_color=base, metallic=1.0, roughness=rough, normal=normal))


def paper_sheet(rng):
    """A big sheet: white, kraft, or squared paper."""
    kind = rng.integers(3)
    if kind == 0:
        return mat.paper(rng, wear=0.2)
    if kind == 1:
        return mat.cardboard(rng)
    g = Graph("squared paper")
    v = g.coordinates((0, 0, rng.uniform(0, 3)))
    x, y = g.axes(v)
    lines = None
    for a in (x, y):
        line = g.lines(a, 0.005, 0.06)
        lines = line if lines is None else g.math("MAXIMUM", lines, line)
    base = g.mix(g.math("MULTIPLY", lines, 0.5), "#efeee8", "#8fa6bd")
    return g.finish(g.principled(base_color=base, roughness=0.85))


def cutting_mat(rng):
    """Green, blue or grey rubber mat with a 1 cm grid."""
    colour = ("#22584a", "#2b4a6f", "#3a3d40")[rng.integers(3)]
    g = Graph("cutting mat")
    v = g.coordinates((0, 0, rng.uniform(0, 3)))
    x, y = g.axes(v)
    lines = None
    for a, step, width in ((x, 0.01, 0.04), (y, 0.01, 0.04), (x, 0.05, 0.016), (y, 0.05, 0.016)):
        line = g.lines(a, step, width)
        line = g.math("MULTIPLY", line, 0.35 if step < 0.02 else 0.7)
        lines = line if lines is None else g.math("MAXIMUM", lines, line)
    base = mat.blotchy(g, colour, v, 20, 0.06)
    base = g.mix(lines, base, "#c9d0b8")
    cuts = mat.scratches(g, rng, 0.8, 45)
    base = g.mix(g.math("MULTIPLY", cuts, 0.4), base, shade(colour, 1.5))
    normal = g.bump(g.noise(v, 1800, 2), 0.4, 0.0003)
    return g.finish(g.principled(base_color=base, roughness=0.65, normal=normal))


def concrete(rng):
    """Cast concrete or asphalt with stains, pores and a crack."""
    tone = rng.choice([0.28, 0.45, 0.55, 0.62])
    colour = (tone, tone * 0.985, tone * 0.95)
    g = Graph("concrete")
    v = g.coordinates(shift=(*rng.uniform(-5, 5, 2), 0))
    stain = g.remap(g.noise(v, 4, 4, 0.65), 0.3, 0.7)
    base = g.mix(stain, shade(colour, 0.8), shade(colour, 1.15))
    grit = g.noise(v, 350, 4, 0.75)
    base = g.mix(g.remap(grit, 0.35, 0.7), base, shade(colour, 0.75))
    pore = g.remap(g.noise(v, 160, 2), 0.3, 0.26)
    base = g.mix(g.math("MULTIPLY", pore, 0.6), base, shade(colour, 0.4))
    crack = g.math("ABSOLUTE", g.math("SUBTRACT", g.noise(v, 2.2, 4, 0.6), 0.5))
    crack = g.remap(crack, 0.004, 0.001)
    base = g.mix(g.math("MULTIPLY", crack, 0.7), base, shade(colour, 0.3))
    normal = g.bump(grit, 0.5, 0.0015)
    normal = g.bump(g.math("MAXIMUM", crack, pore), -0.6, 0.002, normal)
    return g.finish(g.principled(base_color=base, roughness=0.88, normal=normal))


def carpet(rng):
    """Looped or cut pile, flecked."""
    colour = mat.muted_colour(rng)
    g = Graph("carpet")
    v = g.coordinates(shift=(*rng.uniform(-5, 5, 2), 0))
    tuft = g.add("TexVoronoi", {"Vector": v, "Scale": rng.uniform(180, 330)}, out="Distance")
    tint = g.add("TexVoronoi", {"Vector": v, "Scale": 260}, out="Color")
    fleck = g.add("SeparateColor", {0: tint}, out=0)
    base = g.mix(g.remap(fleck, 0.2, 0.9), shade(colour, 0.75), shade(colour, 1.2))
    base = g.mix(g.remap(tuft, 0.1, 0.7), base, shade(colour, 0.35))
    base = g.mix(g.remap(g.noise(v, 7, 4), 0.35, 0.7, 0, 0.3), base, shade(colour, 0.6))
    normal = g.bump(tuft, -0.9, 0.004)
    normal = g.bump(g.noise(v, 1200, 3), 0.4, 0.001, normal)
    return mat.fabric(g, base, normal, sheen=0.4)


def tiles(rng):
    """Square floor or wall tiles with grout."""
    colour = ("#d9d4c8", "#b8a68d", "#8b8f92", "#a65b3c", "#e9e7e2", "#54595d")[rng.integers(6)]
    side = rng.uniform(0.1, 0.33)
    g = Graph("tiles")
    v = g.coordinates((0, 0, rng.uniform(-0.6, 0.6)), shift=(*rng.uniform(-3, 3, 2), 0))
    tone, joint = _bricks(g, v, side, side, 0.003, 0.2, offset=0.0)
    base = g.mix(tone, shade(colour, 0.9), shade(colour, 1.08))
    base = g.mix(g.remap(g.noise(v, 25, 4, 0.7), 0.35, 0.75, 0, 0.4), base, shade(colour, 0.75))
    base = g.mix(joint, base, shade("#8b857a", rng.uniform(0.6, 1.2)))
    rough = g.math("ADD", rng.uniform(0.12, 0.45), g.math("MULTIPLY", joint, 0.5))
    normal = g.bump(joint, -0.8, 0.002)
    return g.finish(g.principled(base_color=base, roughness=rough, normal=normal))


def paving(rng):
    """Rough stone slabs or bricks laid in rows."""
    colour = ("#8c857a", "#6e6a66", "#9c5a42", "#a59a88")[rng.integers(4)]
    g = Graph("paving")
    flat = g.coordinates((0, 0, rng.uniform(0, 3)), shift=(*rng.uniform(-5, 5, 2), 0))
    wobble = g.noise(flat, 6, 3)
    drift = g.add("CombineXYZ", {0: g.math("MULTIPLY", wobble, 0.02)})
    v = g.add("VectorMath", {0: flat, 1: drift}, operation="ADD")
    tone, joint = _bricks(g, v, rng.uniform(0.18, 0.4), rng.uniform(0.08, 0.2), 0.006, 0.5)
    grit = g.noise(flat, 180, 4, 0.75)
    base = g.mix(tone, shade(colour, 0.75), shade(colour, 1.12))
    base = g.mix(g.remap(grit, 0.3, 0.75), base, shade(colour, 0.6))
    base = g.mix(joint, base, "#4c463d")
    normal = g.bump(grit, 0.6, 0.003)
    normal = g.bump(joint, -0.9, 0.006, normal)
    return g.finish(g.principled(base_color=base, roughness=0.9, normal=normal))


def soil(rng, colour: str | None = None):
    """Earth or sand with grit."""
    colour = colour or ("#5d4a36", "#77664f", "#b59d77", "#8a7a62")[rng.integers(4)]
    g = Graph("soil")
    v = g.coordinates(shift=(*rng.uniform(-5, 5, 2), 0))
    lump = g.noise(v, 30, 4, 0.7)
    grit = g.noise(v, 400, 4, 0.75)
    base = g.mix(g.remap(lump, 0.3, 0.7), shade(colour, 0.65), shade(colour, 1.15))
    base = g.mix(g.remap(grit, 0.5, 0.75), base, shade(colour, 1.35))
    normal = g.bump(lump, 0.5, 0.012)
    normal = g.bump(grit, 0.6, 0.0025, normal)
    return g.finish(g.principled(base_color=base, roughness=0.95, normal=normal))


def plaster(rng):
    """Painted wall."""
    colour = ("#e3ddd0", "#cfd3d0", "#b7c0c4", "#d9c7a8", "#a9b39c", "#8f9aa3", "#f0eee8",
              "#b98f78")[rng.integers(8)]  # fmt: skip
    g = Graph("plaster")
    v = g.coordinates(shift=tuple(rng.uniform(-3, 3, 3)))
    base = mat.blotchy(g, colour, v, 1.5, 0.05)
    normal = g.bump(g.noise(v, 120, 4, 0.6), 0.3, 0.001)
    return g.finish(g.principled(base_color=base, roughness=0.8, normal=normal))


def brick_wall(rng):
    """Brickwork; the wall stands in the x-z plane."""
    colour = ("#8f4f3a", "#a5664c", "#c9b9a4", "#6d3f31")[rng.integers(4)]
    g = Graph("brick wall")
    flat = g.add("Mapping", {"Vector": g.add("TexCoord", out="Object"),
                             "Rotation": (-np.pi / 2, 0, 0)})  # fmt: skip
    tone, joint = _bricks(g, flat, 0.22, 0.075, 0.006, 0.4)
    grit = g.noise(flat, 90, 4, 0.75)
    base = g.mix(tone, shade(colour, 0.7), shade(colour, 1.15))
    base = g.mix(g.remap(grit, 0.35, 0.75), base, shade(colour, 0.65))
    base = g.mix(joint, base, "#a39c90")
    normal = g.bump(joint, -0.9, 0.006, g.bump(grit, 0.6, 0.003))
    return g.finish(g.principled(base_color=base, roughness=0.9, normal=normal))


TABLES: dict[str, Callable] = {
    "wood planks": wood_planks,
    "wood desk": wood_desk,
    "white desk": laminate,
    "stone": stone,
    "cloth": cloth,
    "metal": sheet_metal,
    "paper": paper_sheet,
    "cutting mat": cutting_mat,
}
FLOORS: dict[str, Callable] = {
    "floorboards": wood_planks,
    "concrete": concrete,
    "carpet": carpet,
    "tiles": tiles,
    "paving": paving,
    "soil": soil,
}
WALLS: dict[str, Callable] = {
    "plaster": plaster,
    "brick": brick_wall,
    "panelling": wood_planks,
}


# --- grass ----------------------------------------------------------------------------------


def _blades(rng, roots: np.ndarray, height: float, material) -> bpy.types.Object:
    """Grass blades (n, 2) rooted in metres: bent, tapered strips."""
    n = len(roots)
    heading = rng.uniform(0, 2 * np.pi, n)
    tall = height * rng.uniform(0.45, 1.15, n)
    lean = tall * rng.uniform(0.1, 0.8, n)
    width = np.minimum(0.0028, height * 0.07) * rng.uniform(0.6, 1.2, n)
    along = np.stack([np.cos(heading), np.sin(heading), np.zeros(n)], 1)
    side = np.stack([-np.sin(heading), np.cos(heading), np.zeros(n)], 1)
    root = np.c_[roots, np.full(n, -0.002)]
    rows = []
    for t, w in ((0.0, 1.0), (0.5, 0.85), (0.85, 0.5), (1.0, 0.05)):
        centre = root + along * (lean * t**2)[:, None] + np.c_[np.zeros((n, 2)), tall * t]
        rows += [centre - side * (width * w / 2)[:, None], centre + side * (width * w / 2)[:, None]]
    vertices = np.stack(rows, 1).reshape(-1, 3)
    base = np.arange(n)[:, None] * 8
    quads = np.concatenate([base + np.array([k, k + 1, k + 3, k + 2]) for k in (0, 2, 4)])
    return geo.mesh_object(vertices, quads, "grass", material, weld=0, smooth=180)


def _grass_material(rng) -> bpy.types.Material:
    green = np.array(rgb(("#4f6b2a", "#5d7a33", "#6f7f3f", "#3f5f2a")[rng.integers(4)]))
    dry = rgb("#a39a5f")
    g = Graph("grass")
    v = g.coordinates()
    f = g.noise(v, 260, 3, 0.6)
    base = g.mix(g.remap(f, 0.3, 0.7), shade(green, 0.7), shade(green, 1.25))
    base = g.mix(g.remap(g.noise(v, 700, 1), 0.6, 0.66, 0, 0.8), base, dry)
    return g.finish(g.principled(base_color=base, roughness=0.5, subsurface_weight=0.1,
                                 subsurface_scale=0.005))  # fmt: skip


def grass(rng, radius: float, footprint: np.ndarray) -> None:
    """Grow a lawn round the origin, leaving out what lies under the object.

    Parameters
    ----------
    radius : float
        The object's radius in metres; small things get a short lawn.
    footprint : ndarray, shape (n, 2)
        The object's vertices seen from above.
    """
    height = float(np.clip(radius * rng.uniform(0.3, 0.55), 0.012, 0.07))
    material = _grass_material(rng)
    side = height * 9
    count = int(rng.uniform(900, 1500))
    near = rng.uniform(-1.5 * side, 1.5 * side, (9 * count, 2))
    near = near[~_inside_hull(near, footprint, 0.1 * height)]
    _blades(rng, near, height, material)
    patch = _blades(rng, rng.uniform(-side / 2, side / 2, (count, 2)), height, material)
    reach = 9
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            if max(abs(i), abs(j)) > 1:
                twin = geo.copy_of(patch)
                twin.location = (i * side, j * side, 0)
                twin.rotation_euler.z = float(rng.integers(4) * np.pi / 2)
    bpy.data.objects.remove(patch)


def _inside_hull(points: np.ndarray, cloud: np.ndarray, margin: float) -> np.ndarray:
    """Which points (m, 2) lie within the convex hull of a cloud (n, 2), grown by margin."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    normal = np.stack([np.cos(angles), np.sin(angles)], 1)
    support = (cloud @ normal.T).max(0) + margin
    return ((points @ normal.T) <= support).all(1)


# --- clutter: none of the five classes --------------------------------------------------------


def mug(rng):
    """Mug with a handle."""
    r, h = rng.uniform(0.036, 0.045), rng.uniform(0.08, 0.11)
    body = geo.lathe([(0, 0.004), (0, 0), (r - 0.004, 0), (r, 0.004), (r, h - 0.002),
                      (r - 0.0015, h), (r - 0.004, h - 0.002), (r - 0.005, 0.008), (0, 0.007)],
                     48, "mug")  # fmt: skip
    a = np.linspace(-1.3, 1.3, 24)
    path = np.stack([r - 0.004 + 0.032 * np.cos(a) - 0.006, 0 * a, h / 2 + 0.03 * np.sin(a)], 1)
    mug_ = geo.join([body, geo.tube(path, 0.005)])
    colour = mat.muted_colour(rng)
    geo.dress(mug_, mat.ceramic(rng, colour))
    return mug_


def pencil(rng):
    """Hexagonal pencil with a sharpened end."""
    n = rng.uniform(0.1, 0.17)
    paint = mat.plastic(rng, mat.bright_colour(rng), gloss=0.6)
    body = geo.mesh_object(*solids.slab(solids.circle(0.0038, 6), n), "pencil", paint)
    geo.place(body, (0, 0, 0), (0, 90, 0))
    cone = geo.lathe([(0.0037, 0), (0.0011, 0.016)], 12)
    geo.place(cone, (n / 2, 0, 0), (0, 90, 0))
    geo.dress(cone, mat.wood(rng, "#d9b27c"))
    lead = geo.place(geo.lathe([(0.0011, 0.016), (0, 0.021)], 12), (n / 2, 0, 0), (0, 90, 0))
    geo.dress(lead, mat.plastic(rng, "#303030"))
    return geo.join([body, cone, lead])


def pen(rng):
    """Ball pen with a clip."""
    r = 0.0045
    body = geo.lathe([(0, -0.07), (0.001, -0.069), (r, -0.05), (r, 0.06), (r * 0.8, 0.07),
                      (0, 0.07)], 20)  # fmt: skip
    clip = geo.place(geo.bevelled_box((0.002, 0.003, 0.04), 0.0008), (r + 0.002, 0, 0.045))
    geo.dress(body, mat.plastic(rng, mat.bright_colour(rng), gloss=0.8))
    geo.dress(clip, mat.brushed_steel(rng))
    return geo.place(geo.join([body, clip]), rotation=(0, 90, 0))


def book(rng):
    """Closed hardback: cover, spine and page block."""
    w, h, d = rng.uniform(0.11, 0.17), rng.uniform(0.17, 0.24), rng.uniform(0.012, 0.035)
    cover = mat.cotton(rng, mat.muted_colour(rng), wear=0.2)
    parts = [
        geo.place(geo.bevelled_box((w, h, 0.0025), 0.0008), (0, 0, d)),
        geo.place(geo.bevelled_box((w, h, 0.0025), 0.0008), (0, 0, 0)),
        geo.place(geo.bevelled_box((0.003, h, d + 0.002), 0.001), (-w / 2, 0, d / 2)),
    ]
    for part in parts:
        geo.dress(part, cover)
    pages = geo.place(geo.bevelled_box((w - 0.006, h - 0.008, d - 0.002), 0.0005), (0, 0, d / 2))
    geo.dress(pages, mat.paper(rng, "#e9e0c9"))
    return geo.join([*parts, pages])


def coins(rng):
    """A few coins."""
    parts = []
    for _ in range(rng.integers(2, 6)):
        r = rng.uniform(0.008, 0.013)
        coin = geo.cylinder(r, 0.002, 0.0004)
        geo.dress(coin, (mat.brass, mat.copper, mat.brushed_steel)[rng.integers(3)](rng))
        parts.append(geo.place(coin, (*rng.normal(0, 0.022, 2), 0.001 + 0.0021 * len(parts))))
    return geo.join(parts)


def leaf(rng):
    """A dry or green leaf, curled."""
    n = rng.uniform(0.04, 0.1)
    u, v = np.linspace(0, 1, 24), np.linspace(-1, 1, 9)
    curl = rng.uniform(0.05, 0.3)

    def point(a, b):
        half = 0.33 * n * np.sin(np.pi * np.clip(a, 0, 1) ** 0.8) ** 0.9
        return np.stack([n * (a - 0.5), half * b, n * curl * (b**2 * 0.5 + (a - 0.5) ** 2)], -1)

    obj = geo.surface(point, u, v, "leaf")
    colour = ("#7a4a22", "#a36a2b", "#8f7a3a", "#56702f", "#b0502a")[rng.integers(5)]
    g = Graph("leaf")
    w = g.coordinates()
    base = mat.blotchy(g, colour, w, 90, 0.2)
    geo.dress(obj, g.finish(g.principled(base_color=base, roughness=0.6)))
    return obj


def pebbles(rng):
    """A handful of round stones."""
    parts = []
    for _ in range(rng.integers(2, 7)):
        stone_ = geo.sphere(1.0, segments=20)
        size = rng.uniform(0.006, 0.022) * rng.uniform((1, 0.6, 0.4), (1, 0.9, 0.7))
        lump = rng.normal(0, 1, 3)
        geo.deform(
            stone_, lambda p, s=size, b=lump: p * (1 + 0.08 * np.sin(2 * p @ b))[:, None] * s
        )
        geo.dress(stone_, mat.ceramic(rng, shade("#8d877e", rng.uniform(0.5, 1.3))))
        geo.place(stone_, (*rng.normal(0, 0.03, 2), 0), (0, 0, rng.uniform(0, 360)))
        parts.append(geo.rest_on_ground(stone_))
    return geo.join(parts)


def plate(rng):
    """Dinner or side plate."""
    r = rng.uniform(0.08, 0.13)
    obj = geo.lathe([(0, 0.002), (0, 0), (r * 0.55, 0), (r * 0.6, 0.003), (r, 0.018), (r, 0.021),
                     (r * 0.62, 0.007), (r * 0.55, 0.004), (0, 0.004)], 64, "plate")  # fmt: skip
    geo.dress(obj, mat.ceramic(rng, shade("#eeeae2", rng.uniform(0.7, 1))))
    return obj


def bottle(rng):
    """Glass or plastic bottle."""
    r, h = rng.uniform(0.03, 0.04), rng.uniform(0.18, 0.28)
    profile = [(0, 0), (r, 0.002), (r, 0.6 * h), (r * 0.85, 0.7 * h), (0.014, 0.82 * h),
               (0.013, 0.97 * h), (0.015, 0.975 * h), (0.015, h), (0, h)]  # fmt: skip
    obj = geo.lathe(geo.smooth_profile(profile[1:-1], 50), 48, "bottle")
    colour = ("#2f5d3a", "#5b3a1c", "#b9c9c4", "#35587a")[rng.integers(4)]
    geo.dress(obj, mat.plastic(rng, colour, gloss=0.95, wear=0.05))
    return obj


def jar_lid(rng):
    """A jar with a lid."""
    r, h = rng.uniform(0.025, 0.04), rng.uniform(0.05, 0.09)
    body = geo.cylinder(r, h, 0.004)
    geo.place(body, (0, 0, h / 2))
    geo.dress(body, mat.ceramic(rng, mat.muted_colour(rng)))
    lid = geo.place(geo.cylinder(r * 0.93, 0.014, 0.002), (0, 0, h + 0.006))
    geo.dress(lid, mat.painted_metal(rng, mat.muted_colour(rng)))
    return geo.join([body, lid])


def cable(rng):
    """A loose cable."""
    t = np.linspace(0, 1, 90)
    k = rng.uniform(0.03, 0.08)
    a = t * rng.uniform(5, 11) + rng.uniform(0, 6)
    r = k * (0.6 + 0.5 * t + 0.15 * np.sin(7 * t))
    path = np.stack([r * np.cos(a) + 0.1 * t, r * np.sin(a), 0.0025 + 0.004 * t], 1)
    obj = geo.tube(path, 0.0022, "cable")
    geo.dress(obj, mat.rubber(rng, ("#1c1c1d", "#e3e1da", "#8b2e2b")[rng.integers(3)]))
    return obj


def fruit(rng):
    """An apple, orange or lemon."""
    r = rng.uniform(0.03, 0.04)
    a = np.linspace(-np.pi / 2, np.pi / 2, 26)
    dip = 1 - 0.25 * np.exp(-(((a - np.pi / 2) / 0.35) ** 2))
    body = geo.lathe(list(zip(r * np.cos(a), r * 0.92 * np.sin(a) * dip, strict=True)), 40, "fruit")
    colour = ("#a3262a", "#7f9a34", "#d9822b", "#dcc23f")[rng.integers(4)]
    g = Graph("fruit")
    base = mat.blotchy(g, colour, g.coordinates(shift=(1, 2, 3)), 60, 0.18)
    geo.dress(body, g.finish(g.principled(base_color=base, roughness=0.35)))
    stalk = geo.tube([(0, 0, r * 0.6), (0.001, 0, r * 0.85), (0.003, 0, r)], 0.001)
    geo.dress(stalk, mat.wood(rng, "#5e3b22"))
    return geo.join([body, stalk])


def tape_roll(rng):
    """A roll of adhesive tape lying flat."""
    r, h = rng.uniform(0.03, 0.05), rng.uniform(0.012, 0.03)
    obj = geo.lathe([(r * 0.6, 0), (r, 0), (r, h), (r * 0.6, h), (r * 0.6, 0)], 56, "tape")
    geo.dress(obj, mat.plastic(rng, mat.muted_colour(rng), gloss=0.7))
    return obj


def phone(rng):
    """A mobile phone, screen up."""
    body = geo.bevelled_box((0.072, 0.148, 0.008), 0.003)
    geo.dress(body, mat.anodised(rng))
    screen = geo.place(geo.bevelled_box((0.067, 0.142, 0.001), 0.0004), (0, 0, 0.004))
    geo.dress(screen, mat.plastic(rng, "#08090b", gloss=1, wear=0.05))
    return geo.join([body, screen])


def spoon(rng):
    """A teaspoon."""
    t = np.linspace(0, 1, 40)
    path = np.stack([0.15 * t, 0 * t, 0.006 + 0.008 * np.sin(np.pi * t)], 1)
    width = np.where(t < 0.7, 0.3 + 0.25 * (0.7 - t), 0.3)
    handle = geo.sweep(path, solids.rectangle(0.008, 0.001), "spoon", scale=width, up=(0, 0, 1))
    u, v = np.linspace(0, 2 * np.pi, 32, endpoint=False), np.linspace(0, 1, 8)

    def bowl(a, b):
        return np.stack([0.17 + 0.026 * b * np.cos(a), 0.017 * b * np.sin(a), 0.008 * b**2], -1)

    cup = geo.thicken(geo.surface(bowl, u, v, "bowl", closed_u=True), 0.001)
    obj = geo.join([handle, cup])
    geo.dress(obj, mat.chrome(rng))
    return obj


def paper_stack(rng):
    """Loose printed sheets, slightly fanned."""
    parts = []
    for i in range(rng.integers(1, 4)):
        sheet = geo.bevelled_box((0.21, 0.297, 0.0004), 0)
        g = Graph("print")
        v = g.coordinates()
        x, y = g.axes(v)
        row = g.lines(y, 0.006, 0.4)
        word = g.math("GREATER_THAN", g.noise(g.coordinates(scale=(260, 170, 1)), 1.0, 1), 0.45)
        inner = g.math("LESS_THAN", g.math("ABSOLUTE", x), 0.085)
        ink = g.math("MULTIPLY", g.math("MULTIPLY", row, word), inner)
        base = g.mix(g.math("MULTIPLY", ink, 0.75), "#eeece5", "#2b2b2d")
        geo.dress(sheet, g.finish(g.principled(base_color=base, roughness=0.8)))
        geo.place(sheet, (*rng.normal(0, 0.006, 2), 0.0003 + i * 0.0005), (0, 0, rng.normal(0, 6)))
        parts.append(sheet)
    return geo.join(parts)


CLUTTER: dict[str, tuple[Callable, float]] = {
    # name: (builder, radius in metres)
    "mug": (mug, 0.06), "pencil": (pencil, 0.08), "pen": (pen, 0.07), "book": (book, 0.13),
    "coins": (coins, 0.05), "leaf": (leaf, 0.05), "pebbles": (pebbles, 0.06),
    "plate": (plate, 0.11), "bottle": (bottle, 0.04), "jar": (jar_lid, 0.04),
    "cable": (cable, 0.13), "fruit": (fruit, 0.04), "tape": (tape_roll, 0.045),
    "phone": (phone, 0.08), "spoon": (spoon, 0.1), "papers": (paper_stack, 0.17),
}  # fmt: skip
OUTDOOR = ("leaf", "pebbles", "bottle", "fruit", "coins")
