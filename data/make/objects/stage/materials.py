"""Materials for the rendered image set.

Textures use the object's own coordinates in metres, so bake scale into the mesh
(`geometry.apply_transform`) before rendering. Every function returns a new material; colours
are sRGB triples 0..1 or "#rrggbb". `wear` runs from 0 (new) to 1 (worn, dirty, scratched).
"""

from __future__ import annotations

import numpy as np

from blender.nodes import Colour, Graph, rgb, shade

MUTED = (
    "#2b2b2e", "#3d4148", "#1f2a44", "#26364f", "#4a5a6a", "#6d7a80", "#8a8d8f", "#b9b4a8",
    "#d8d2c4", "#e9e4d8", "#f1efe9", "#a08a6a", "#7a5c3e", "#5a3f2b", "#8c6b4f", "#c2a67d",
    "#6b2f2a", "#8b2e2b", "#a8433a", "#b5651d", "#c58b2a", "#3f5b3a", "#55633f", "#6f7d52",
    "#2f5d50", "#2d6f7e", "#35587a", "#4d4a6b", "#70506b", "#a9747c",
)  # fmt: skip
SATURATED = (
    "#c0271f", "#d4541c", "#e0a11b", "#3d8b37", "#15803f", "#1558a8", "#1d3f91", "#6a2c86",
    "#b52a63", "#0f7f8c", "#f0c419", "#202022", "#f4f4f2",
)  # fmt: skip


def muted_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw a realistic everyday colour, slightly jittered."""
    return tuple(np.clip(rgb(MUTED[rng.integers(len(MUTED))]) + rng.normal(0, 0.02, 3), 0, 1))


def bright_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw a saturated product colour, slightly jittered."""
    c = rgb(SATURATED[rng.integers(len(SATURATED))])
    return tuple(np.clip(c + rng.normal(0, 0.02, 3), 0, 1))


def _shift(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-10, 10, 3)


def _textured(name: str, rng: np.random.Generator):
    """A new graph, and coordinates for its texture."""
    g = Graph(name)
    return g, g.coordinates(shift=_shift(rng))


def _dirt(g: Graph, vector, wear: float, scale: float):
    """Blotches 0..wear, more of them in the hollows of the mesh."""
    blotch = g.remap(g.noise(vector, scale, 6, 0.65), 0.62 - 0.2 * wear, 0.85)
    hollow = g.remap(g.add("NewGeometry", out="Pointiness"), 0.5, 0.44)
    return g.math("MULTIPLY", g.math("MAXIMUM", blotch, hollow), wear, clamp=True)


def scratches(g: Graph, rng, wear: float, scale: float):
    """Thin lines in a few directions, 0..1."""
    total = None
    for _ in range(3):
        angle = rng.uniform(0, np.pi, 3)
        v = g.coordinates(angle, (1, 0.03, 1), _shift(rng))
        line = g.noise(v, scale, 2, 0.5)
        thin = g.remap(g.math("ABSOLUTE", g.math("SUBTRACT", line, 0.5)), 0.006 * wear, 0.0)
        total = thin if total is None else g.math("MAXIMUM", total, thin)
    return total


def blotchy(g: Graph, colour, vector, scale: float, amount: float):
    """Let a colour drift between darker and lighter by `amount`."""
    f = g.remap(g.noise(vector, scale, 5, 0.6), 0.3, 0.7)
    return g.mix(f, shade(colour, 1 - amount), shade(colour, 1 + amount))


# --- hard surfaces -------------------------------------------------------------------------


def plastic(rng, colour: Colour, *, gloss: float = 0.6, wear: float = 0.2):
    """Moulded plastic; gloss 0 (matt, grained) to 1 (polished)."""
    g, v = _textured("plastic", rng)
    base = blotchy(g, colour, v, 30, 0.03)
    base = g.mix(_dirt(g, v, 0.5 * wear, 60), base, shade(colour, 0.5))
    scratch = scratches(g, rng, wear, 120)
    rough = g.math("ADD", 0.55 - 0.42 * gloss, g.math("MULTIPLY", scratch, 0.25))
    grain = g.noise(v, 2500, 2)
    normal = g.bump(grain, 0.5 * (1 - gloss), 0.0002)
    normal = g.bump(scratch, -0.3 * wear, 0.0001, normal)
    return g.finish(g.principled(base_color=base, roughness=rough, normal=normal, ior=1.46))


def rubber(rng, colour: Colour = "#1c1c1d", *, wear: float = 0.3):
    """Dull rubber."""
    g, v = _textured("rubber", rng)
    base = g.mix(_dirt(g, v, wear, 50), blotchy(g, colour, v, 40, 0.06), "#8a857c")
    normal = g.bump(g.noise(v, 1800, 3), 0.4, 0.0003)
    return g.finish(g.principled(base_color=base, roughness=0.75, normal=normal))


def painted_metal(rng, colour: Colour, *, gloss: float = 0.6, wear: float = 0.3):
    """Lacquered metal that is chipped to bare steel on edges and scratches."""
    g, v = _textured("painted metal", rng)
    edge = g.remap(g.add("NewGeometry", out="Pointiness"), 0.53, 0.6)
    edge = g.math("MULTIPLY", edge, g.remap(g.noise(v, 150, 4, 0.7), 0.62 - 0.25 * wear, 0.66))
    bare = g.math("MAXIMUM", edge, g.math("MULTIPLY", scratches(g, rng, wear, 90), wear))
    base = g.mix(_dirt(g, v, 0.5 * wear, 50), blotchy(g, colour, v, 20, 0.04), "#2c2824")
    base = g.mix(bare, base, "#8d8b88")
    rough = g.math("ADD", 0.5 - 0.3 * gloss, g.math("MULTIPLY", g.noise(v, 40), 0.15))
    normal = g.bump(bare, -0.3, 0.0002)
    return g.finish(g.principled(base_color=base, metallic=bare, roughness=rough, normal=normal))


def _bare_metal(name, rng, colour, roughness, wear, brushed, tarnish):
    g, v = _textured(name, rng)
    base = blotchy(g, colour, v, 60, 0.06)
    spots = g.remap(g.noise(v, 140, 4, 0.7), 0.6 - 0.15 * wear, 0.75)
    base = g.mix(g.math("MULTIPLY", spots, wear * 0.7), base, tarnish)
    # Brushing runs round the local z axis for turned parts: noise stretched across z.
    fine = g.noise(g.coordinates(scale=(0.04, 0.04, 1), shift=_shift(rng)), 3000, 3)
    scratch = scratches(g, rng, wear, 150)
    rough = g.math("ADD", roughness, g.math("MULTIPLY", g.math("SUBTRACT", fine, 0.5), 0.25))
    rough = g.math("ADD", rough, g.math("MULTIPLY", scratch, 0.2))
    rough = g.math("ADD", rough, g.math("MULTIPLY", spots, 0.25 * wear), clamp=True)
    normal = g.bump(fine, 0.25 * brushed, 0.0001)
    normal = g.bump(scratch, -0.3 * wear, 0.0001, normal)
    return g.finish(g.principled(base_color=base, metallic=1.0, roughness=rough, normal=normal))


def brushed_steel(rng, *, wear: float = 0.3, roughness: float = 0.3):
    """Stainless or zinc-plated steel."""
    tone = rng.uniform(0.62, 0.78)
    colour = (tone, tone, tone * rng.uniform(0.97, 1.03))
    return _bare_metal("steel", rng, colour, roughness, wear, 1.0, "#5c4a3c")


def chrome(rng, *, wear: float = 0.1):
    """Bright polished plating."""
    return _bare_metal("chrome", rng, (0.84, 0.84, 0.85), 0.08, wear, 0.0, "#6d6a66")


def brass(rng, *, wear: float = 0.3, roughness: float = 0.28):
    """Brass, or yellow-zinc plating."""
    return _bare_metal("brass", rng, (0.83, 0.68, 0.36), roughness, wear, 0.6, "#4f3d1f")


def copper(rng, *, wear: float = 0.3, roughness: float = 0.3):
    """Copper or bronze."""
    return _bare_metal("copper", rng, (0.78, 0.47, 0.35), roughness, wear, 0.6, "#3d2a20")


def rusty_iron(rng, *, wear: float = 0.7):
    """Dark iron with patches of rust."""
    g, v = _textured("iron", rng)
    rust = g.remap(g.noise(v, 120, 4, 0.7), 0.62 - 0.3 * wear, 0.68 - 0.1 * wear)
    tint = g.mix(g.noise(v, 400, 4), "#5a2f18", "#8d5a33")
    base = g.mix(rust, "#4d4b4a", tint)
    normal = g.bump(g.noise(v, 900, 4, 0.7), 0.5, 0.0003)
    return g.finish(
        g.principled(
            base_color=base,
            metallic=g.math("SUBTRACT", 1.0, rust),
            roughness=g.remap(rust, 0, 1, 0.4, 0.9),
            normal=normal,
        )
    )


def anodised(rng, colour: Colour = "#141416", *, wear: float = 0.2):
    """Anodised aluminium: satin, dark, bare on worn edges."""
    g, v = _textured("anodised", rng)
    edge = g.remap(g.add("NewGeometry", out="Pointiness"), 0.54, 0.62)
    worn = g.math("MULTIPLY", edge, g.remap(g.noise(v, 200, 4, 0.7), 0.65 - 0.3 * wear, 0.72))
    base = g.mix(worn, blotchy(g, colour, v, 30, 0.08), "#9a9a9c")
    normal = g.bump(g.noise(v, 4000, 2), 0.15, 0.0001)
    return g.finish(
        g.principled(
            base_color=base,
            metallic=0.75,
            roughness=g.math("ADD", 0.36, g.math("MULTIPLY", g.noise(v, 80), 0.12)),
            normal=normal,
        )
    )


def glass(rng, colour: Colour = "#f4f8f8", *, roughness: float = 0.0):
    """Clear or tinted glass."""
    g = Graph("glass")
    return g.finish(
        g.principled(base_color=colour, roughness=roughness, transmission_weight=1.0, ior=1.45)
    )


def emission(colour: Colour = "#fff3dc", strength: float = 20.0):
    """A surface that shines."""
    g = Graph("emission")
    return g.finish(g.add("Emission", {"Color": colour, "Strength": strength}))


def ceramic(rng, colour: Colour, *, wear: float = 0.1):
    """Glazed earthenware."""
    g, v = _textured("ceramic", rng)
    base = blotchy(g, colour, v, 25, 0.04)
    base = g.mix(_dirt(g, v, 0.4 * wear, 80), base, shade(colour, 0.6))
    return g.finish(
        g.principled(base_color=base, roughness=0.25, coat_weight=0.5, coat_roughness=0.06)
    )


# --- wood, paper ---------------------------------------------------------------------------


def _grain(g: Graph, v):
    """Year rings along x as 0..1, and the fine pores."""
    warped = g.add(
        "TexWave",
        {"Vector": v, "Scale": 9, "Distortion": 9, "Detail": 3, "Detail Scale": 1.2},
        out="Factor",
        bands_direction="Y",
        wave_profile="SIN",
    )
    fibre = g.noise(v, 260, 4, 0.6)
    return warped, fibre


def wood(rng, colour: Colour | None = None, *, varnish: float = 0.4, wear: float = 0.3):
    """Solid wood, grain along the local x axis."""
    tones = ("#c49a6c", "#b58453", "#8a5a35", "#5e3b22", "#d9b98c", "#a9713f", "#e3cba3", "#74503a")
    colour = tones[rng.integers(len(tones))] if colour is None else colour
    g = Graph("wood")
    v = g.coordinates(scale=(0.07, 1, 1), shift=_shift(rng))
    rings, fibre = _grain(g, v)
    base = g.mix(g.math("MULTIPLY", rings, 0.55), shade(colour, 1.08), shade(colour, 0.72))
    base = g.mix(g.remap(fibre, 0.5, 0.75, 0, 0.5), base, shade(colour, 0.55))
    flat = g.coordinates(shift=_shift(rng))
    base = g.mix(_dirt(g, flat, 0.6 * wear, 25), base, shade(colour, 0.4))
    rough = g.remap(fibre, 0.3, 0.7, 0.62 - 0.3 * varnish, 0.75 - 0.35 * varnish)
    normal = g.bump(fibre, 0.35, 0.0004)
    return g.finish(
        g.principled(
            base_color=base,
            roughness=rough,
            normal=normal,
            coat_weight=0.35 * varnish,
            coat_roughness=0.15,
        )
    )


def paper(rng, colour: Colour = "#f2efe8", *, gloss: float = 0.1, wear: float = 0.2):
    """Paper or coated card."""
    g, v = _textured("paper", rng)
    base = blotchy(g, colour, v, 20, 0.015)
    base = g.mix(_dirt(g, v, 0.35 * wear, 35), base, "#b39b74")
    normal = g.bump(g.noise(v, 1500, 4), 0.15, 0.0003)
    return g.finish(g.principled(base_color=base, roughness=0.85 - 0.5 * gloss, normal=normal))


def cardboard(rng, colour: Colour = "#b08d62", *, wear: float = 0.3):
    """Brown board with flecks."""
    g, v = _textured("cardboard", rng)
    fleck = g.remap(g.noise(v, 500, 4, 0.7), 0.55, 0.75)
    base = g.mix(fleck, blotchy(g, colour, v, 12, 0.05), shade(colour, 0.75))
    base = g.mix(_dirt(g, v, 0.5 * wear, 20), base, shade(colour, 0.55))
    normal = g.bump(g.noise(g.coordinates(scale=(0.1, 1, 1)), 250, 2), 0.25, 0.0005)
    return g.finish(g.principled(base_color=base, roughness=0.85, normal=normal))


# --- soft things ---------------------------------------------------------------------------


def felt(rng, colour: Colour, *, wear: float = 0.3):
    """Pressed wool or fur felt: no gloss, soft edge light, faint mottling."""
    g, v = _textured("felt", rng)
    base = blotchy(g, colour, v, 14, 0.07)
    base = g.mix(g.remap(g.noise(v, 900, 3), 0.35, 0.65), base, shade(colour, 0.82))
    base = g.mix(_dirt(g, v, 0.35 * wear, 18), base, "#8f836f")
    normal = g.bump(g.noise(v, 700, 4, 0.7), 0.35, 0.0012)
    return g.finish(
        g.principled(
            base_color=base,
            roughness=0.95,
            specular_ior_level=0.15,
            sheen_weight=0.1,
            sheen_roughness=0.5,
            sheen_tint=shade(colour, 1.1),
            normal=normal,
        )
    )


def fabric(g: Graph, base, normal, sheen: float = 0.15):
    """Finish a cloth: dull, with a soft light on its edges."""
    return g.finish(
        g.principled(
            base_color=base,
            roughness=0.9,
            specular_ior_level=0.2,
            sheen_weight=sheen,
            sheen_roughness=0.5,
            normal=normal,
        )
    )


def cotton(rng, colour: Colour, *, wear: float = 0.3, threads: float = 1400.0):
    """Woven twill or canvas; `threads` per metre."""
    g, v = _textured("cotton", rng)
    base = blotchy(g, colour, v, 18, 0.05)
    base = g.mix(g.remap(g.noise(v, 300, 4, 0.7), 0.4, 0.8, 0, 0.4), base, shade(colour, 0.8))
    base = g.mix(_dirt(g, v, 0.4 * wear, 16), base, shade(colour, 0.65))
    twill = g.coordinates((0, 0, 0.8), shift=_shift(rng))
    wave = {"Vector": twill, "Scale": threads / 20, "Distortion": 1}
    weave = g.add("TexWave", wave, out="Factor")
    normal = g.bump(g.noise(v, 40, 4), 0.25, 0.004)
    normal = g.bump(weave, 0.3, 0.0004, normal)
    return fabric(g, base, normal)


def wool(rng, colour: Colour):
    """Fuzzy knitting yarn (the knit itself is better modelled in the mesh)."""
    g, v = _textured("wool", rng)
    base = blotchy(g, colour, v, 60, 0.1)
    base = g.mix(g.remap(g.noise(v, 1200, 4, 0.7), 0.35, 0.65), base, shade(colour, 0.7))
    normal = g.bump(g.noise(v, 900, 4, 0.75), 0.6, 0.0015)
    return fabric(g, base, normal)


def straw(rng, colour: Colour = "#d2b274", *, wear: float = 0.3, strands: float = 330.0):
    """Plaited straw laid in rings round z: light and dark strands with a checked weave."""
    g = Graph("straw")
    position = g.add("TexCoord", out="Object")
    x, y, z = (g.add("SeparateXYZ", {0: position}, out=i) for i in range(3))
    angle = g.math("ARCTAN2", y, x)
    radius = g.math("SQRT", g.math("ADD", g.math("MULTIPLY", x, x), g.math("MULTIPLY", y, y)))
    along = g.math("MULTIPLY", angle, 0.11 * strands)
    across = g.math("MULTIPLY", g.math("SUBTRACT", radius, z), strands)
    cell = g.add("CombineXYZ", {0: along, 1: across})
    checker = g.add("TexChecker", {"Vector": cell, "Scale": 1.0}, out="Factor")
    ridge = g.math("MULTIPLY", g.math("SINE", g.math("MULTIPLY", across, np.pi)),
                   g.math("SINE", g.math("MULTIPLY", along, np.pi)))  # fmt: skip
    tint = g.noise(cell, 0.9, 3, 0.6)
    base = g.mix(g.remap(tint, 0.3, 0.7), shade(colour, 0.72), shade(colour, 1.15))
    base = g.mix(g.math("MULTIPLY", checker, 0.3), base, shade(colour, 0.6))
    base = g.mix(_dirt(g, position, 0.4 * wear, 14), base, shade(colour, 0.5))
    height = g.math("ADD", g.math("ABSOLUTE", ridge), g.math("MULTIPLY", checker, 0.5))
    normal = g.bump(height, 0.6, 0.0012)
    return g.finish(
        g.principled(base_color=base, roughness=0.6, specular_ior_level=0.35, normal=normal)
    )


def satin(rng, colour: Colour):
    """Ribbon: grosgrain ribs across, soft gloss."""
    g, v = _textured("satin", rng)
    ribs = g.add("TexWave", {"Vector": v, "Scale": 160, "Distortion": 0.5}, out="Factor",
                 bands_direction="Z")  # fmt: skip
    base = g.mix(ribs, shade(colour, 0.85), shade(colour, 1.05))
    normal = g.bump(ribs, 0.2, 0.0003)
    return g.finish(g.principled(base_color=base, roughness=0.45, sheen_weight=0.3, normal=normal))


def leather(rng, colour: Colour = "#5a3a24", *, wear: float = 0.4):
    """Grained leather."""
    g, v = _textured("leather", rng)
    cells = g.add("TexVoronoi", {"Vector": v, "Scale": 700}, out="Distance")
    base = g.mix(g.remap(cells, 0, 0.7), shade(colour, 1.1), shade(colour, 0.7))
    base = g.mix(_dirt(g, v, 0.5 * wear, 18), base, shade(colour, 1.4))
    normal = g.bump(cells, -0.4, 0.0006)
    return g.finish(g.principled(base_color=base, roughness=0.5, normal=normal))
