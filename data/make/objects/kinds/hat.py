"""Hats. In the hat's own frame x points to the front, z up; the head is an ellipse."""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Matrix

from blender import geometry as geo
from blender import solids
from blender.nodes import Graph, rgb, shade
from stage import materials as mat

HEAD = (0.098, 0.080)  # semi-axes in metres, front-back and side
FULL = 2 * np.pi


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one hat, upright, its opening at z = 0."""
    family = FAMILIES[instance % len(FAMILIES)]
    hat = family(rng)
    hat.name = "hat"
    if family in PEAKS:
        hat["heading"] = PEAKS[family]
    return [hat]


def pose(
    instance: int, objects: list[bpy.types.Object], rng: np.random.Generator
) -> list[bpy.types.Object]:
    """Lay the hat down, or put it on a stand or dummy head."""
    hat = objects[0]
    family = FAMILIES[instance % len(FAMILIES)]
    choice = rng.random()
    knitted = family in (_bobble_hat, _beanie)
    if choice < (0.35 if knitted else 0.16) and family not in (_santa_hat, _flat_cap):
        on_head = knitted or family is _baseball_cap or rng.random() < 0.5
        prop = (_dummy_head if on_head else _stand)(rng, hat)
        return [hat, prop]
    if (knitted and choice < 0.75) or family is _santa_hat:  # folded flat, as it lies in a shop
        geo.deform(hat, lambda p: p * [1, 0.36, 1])
        geo.place(hat, (0, 0, 0), (90, 0, 90))
        geo.apply_transform(hat)
        hat["heading"], hat["lowest"] = 110.0, 48.0  # not into the opening, and from above
        return [geo.rest_on_ground(hat)]
    return [_level(hat)]


def _level(hat: bpy.types.Object) -> bpy.types.Object:
    """Tip the hat until front and back, left and right stand on the ground."""
    for axis, along in (("Y", 0), ("X", 1), ("Y", 0)):
        low, high = -0.5, 0.5  # radians
        points = geo.world_vertices(hat)
        for _ in range(20):
            angle = (low + high) / 2
            turned = points @ np.array(Matrix.Rotation(angle, 3, axis)).T
            ahead = turned[:, along] > 0
            # A positive turn lowers the front (x > 0), but lifts the side (y > 0).
            gap = turned[ahead, 2].min() - turned[~ahead, 2].min()
            if (gap > 0) == (axis == "Y"):
                low = angle
            else:
                high = angle
        geo.move_all([hat], Matrix.Rotation(angle, 4, axis))
    return geo.rest_on_ground(hat)


# --- props ----------------------------------------------------------------------------------


def _stand(rng, hat: bpy.types.Object) -> bpy.types.Object:
    """Turned wooden hat stand that carries the hat from inside."""
    top = geo.highest(hat)
    lift = rng.uniform(0.1, 0.3)
    geo.place(hat, (0, 0, lift), (0, rng.normal(0, 4), 0))
    h = lift + top - 0.03
    profile = [(0, 0), (0.07, 0), (0.07, 0.012), (0.03, 0.02), (0.012, 0.03), (0.012, h - 0.06),
               (0.04, h - 0.04), (0.035, h - 0.015), (0, h)]  # fmt: skip
    stand = geo.lathe(profile, 40, "stand")
    geo.dress(stand, mat.wood(rng) if rng.random() < 0.6 else mat.brushed_steel(rng))
    stand["prop"] = True
    return stand


def _dummy_head(rng, hat: bpy.types.Object) -> bpy.types.Object:
    """Featureless shop dummy: egg head, neck, shoulders' stub."""
    profile = [(0.085, 0), (0.06, 0.02), (0.052, 0.06), (0.052, 0.1), (0.062, 0.12), (0.075, 0.15),
               (0.082, 0.2), (0.08, 0.25), (0.065, 0.295), (0.03, 0.318), (0, 0.322)]  # fmt: skip
    head = geo.lathe(geo.smooth_profile(profile, 60), 56, "head")

    def shape(p: np.ndarray) -> np.ndarray:
        x, y, z = p.T
        face = np.exp(-(((z - 0.17) / 0.06) ** 2))
        jaw = 0.014 * np.exp(-(((z - 0.135) / 0.03) ** 2)) * (x > 0)
        nose = 0.018 * np.exp(-(((z - 0.18) / 0.018) ** 2) - (y / 0.011) ** 2) * (x > 0)
        return np.stack([0.93 * x * (1 + 0.13 * face) + jaw + nose, 0.9 * y, z], 1)

    geo.deform(head, shape)
    tone = ("#e8e4dc", "#cfc6b8", "#3a3836", "#b99a76")[rng.integers(4)]
    geo.dress(head, mat.plastic(rng, tone, gloss=rng.uniform(0.1, 0.7)))
    top = geo.highest(hat)
    lift = max(0.222, 0.337 - top)
    geo.place(hat, (0.005, 0, lift), (0, rng.normal(-4, 3), 0))
    head["prop"] = True
    return head


# --- parts ----------------------------------------------------------------------------------


def _step(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _outward(u: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 2) that point away from the head's outline at angle u."""
    normal = np.stack([np.cos(u) / HEAD[0], np.sin(u) / HEAD[1]], -1)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def _along(curve: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
    """Radius and height on a curve (n, 2), of which v from 0 to 1 is the way."""
    index = v * (len(curve) - 1)
    return [np.interp(index, np.arange(len(curve)), column) for column in curve.T]


def _crown(
    height: float,
    profile: list[tuple[float, float]],
    *,
    dent: float = 0.0,
    pinch: float = 0.0,
    slope: float = 0.0,
    head: tuple[float, float] = HEAD,
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Crown as a function of angle u and v, which is 0 at the middle of the top, 1 at the rim.

    `profile` holds (radius, height) as fractions of the head and `height`; `dent` (metres) is a
    crease along the top, `pinch` squeezes the front, `slope` lowers the front.
    """
    curve = np.array(geo.smooth_profile(profile, 200))

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        r, z = _along(curve, np.clip(v, 0, 1))
        z = z * height
        x, y = head[0] * r * np.cos(u), head[1] * r * np.sin(u)
        high = _step((z / height - 0.35) / 0.6)
        front = _step((x / head[0] + 0.15) / 1.0)
        y = y * (1 - pinch * front * high)
        x = x * (1 - 0.12 * pinch * high)
        crease = np.exp(-((y / (0.34 * head[1])) ** 2)) * (1 - _step((r - 0.55) / 0.4))
        z = z * (1 - slope * high * x / head[0]) - dent * crease * high
        return np.stack([x, y, z], -1)

    return point


def _shaped_hat(
    crown: Callable,
    width: Callable[[np.ndarray], np.ndarray],
    curl: Callable[[np.ndarray], np.ndarray],
    *,
    droop: Callable[[np.ndarray], np.ndarray] = lambda u: 0 * u,
    thickness: float = 0.0025,
    name: str = "hat",
) -> bpy.types.Object:
    """Crown and brim in one shell. `width` of the brim (metres), `curl` and `droop` by angle.

    The brim leaves the crown level, lowered by `droop` (slope), and bends upwards through the
    angle `curl` (radians).
    """
    u = np.linspace(0, FULL, 128, endpoint=False)
    v = np.r_[np.linspace(0, 1, 70), np.linspace(1.015, 2, 34)]

    def point(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        p = crown(a, b)
        t = np.clip(b - 1, 0, 1)
        w, k = width(a), curl(a)
        k = np.where(np.abs(k) < 1e-3, 1e-3, k)
        out = w * np.sin(k * t) / k
        up = w * (1 - np.cos(k * t)) / k + droop(a) * w * t
        normal = _outward(a)
        fillet = 0.004 * np.exp(-(((b - 1) / 0.03) ** 2))
        p[..., :2] += normal * (out + fillet)[..., None]
        p[..., 2] += up
        return p

    return geo.thicken(geo.surface(point, u, v, name, closed_u=True), thickness)


def _band(crown: Callable, low: float, high: float, material, out: float = 0.0018):
    """Ribbon round the foot of the crown between heights `low` and `high` (metres)."""
    test = np.linspace(0.3, 1, 400)
    z = crown(np.full(400, np.pi / 2), test)[..., 2]
    v = np.interp([high, low], z[::-1], test[::-1])
    u = np.linspace(0, FULL, 128, endpoint=False)

    def point(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        p = crown(a, b)
        normal = _outward(a)
        p[..., :2] += normal * (out + 0.0012)
        return p

    band = geo.surface(point, u, np.linspace(v[0], v[1], 10), "band", closed_u=True)
    geo.thicken(band, 0.0012)
    geo.dress(band, material)
    return band


def _flat_bow(width: float, material, side: float = 1.0) -> bpy.types.Object:
    """Pressed bow on the side of the band, at +y or -y."""
    parts = [
        geo.bevelled_box((0.05, 0.004, width * 0.95), 0.0018),
        geo.place(geo.bevelled_box((0.012, 0.006, width), 0.002), (0, 0.001, 0)),
    ]
    bow = geo.join(parts)
    geo.dress(bow, material)
    geo.place(bow, (-0.005, side * (HEAD[1] + 0.0035), width / 2 + 0.002))
    geo.apply_transform(bow)
    return bow


def _tied_bow(material, size: float) -> bpy.types.Object:
    """Loose ribbon bow with tails, standing off the crown at +y."""
    parts = []
    for sign in (-1, 1):
        a = np.linspace(0, FULL, 40)
        out = (1 - np.cos(a)) / 2
        loop = np.stack([sign * size * out, 0.006 + 0.012 * np.sin(a) ** 2,
                         0.35 * size * np.sin(a) * (0.4 + 0.6 * out)], 1)  # fmt: skip
        ribbon = solids.rectangle(0.0006, 0.009)
        parts.append(geo.sweep(loop, ribbon, up=(0, 1, 0)))
        t = np.linspace(0, 1, 24)
        tail = np.stack([sign * size * (0.1 + 0.8 * t), 0.006 + 0.02 * t,
                         -size * 0.5 * t + 0.006 * np.sin(6 * t)], 1)  # fmt: skip
        parts.append(geo.sweep(tail, ribbon, up=(0, 1, 0)))
    parts.append(geo.place(geo.sphere(0.008, segments=16), (0, 0.01, 0)))
    bow = geo.join(parts)
    geo.dress(bow, material)
    return bow


def _tuft(rng, radius: float, length: float, count: int, material, stretch=(1, 1, 1)):
    """Furry ball: thin strands standing on a small core."""
    direction = rng.normal(0, 1, (count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    stretch = np.asarray(stretch)
    root = direction * radius * 0.6 * stretch
    lean = direction + rng.normal(0, 0.25, (count, 3))
    tip = root + lean * (length * rng.uniform(0.6, 1.1, (count, 1)))
    side = np.cross(direction, rng.normal(0, 1, (count, 3)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    side *= radius * 0.016
    middle = (root + tip) / 2 + rng.normal(0, 0.04 * radius, (count, 3))
    thin = side / 3
    strips = [root - side, root + side, middle - side, middle + side, tip - thin, tip + thin]
    vertices = np.stack(strips, 1).reshape(-1, 3)
    base = np.arange(count)[:, None] * 6
    faces = np.concatenate([base + np.array([0, 1, 3, 2]), base + np.array([2, 3, 5, 4])])
    tuft = geo.mesh_object(vertices, faces, "tuft", weld=0, smooth=180)
    core = geo.deform(geo.sphere(radius * 0.75, segments=24), lambda p: p * stretch)
    ball = geo.join([tuft, core])
    geo.dress(ball, material)
    return ball


def _felt_colour(rng) -> tuple:
    tones = ("#2a2826", "#3b2f28", "#5b4636", "#7d6148", "#8f8678", "#4a4c50", "#6a2a2a", "#2f3b4f",
             "#a58a66", "#3f4a3a", "#c5b79d", "#1d1d1f")  # fmt: skip
    return tuple(rgb(tones[rng.integers(len(tones))]))


# --- families -------------------------------------------------------------------------------


def _fedora(rng) -> bpy.types.Object:
    height = rng.uniform(0.105, 0.125)
    crown = _crown(
        height,
        [(0, 1), (0.45, 1.0), (0.7, 0.985), (0.84, 0.93), (0.9, 0.75), (0.95, 0.4), (1, 0)],
        dent=rng.uniform(0.022, 0.034), pinch=rng.uniform(0.3, 0.45), slope=rng.uniform(0.03, 0.1),
    )  # fmt: skip
    brim, back = rng.uniform(0.055, 0.075), rng.uniform(0.6, 1.1)

    def curl(u: np.ndarray) -> np.ndarray:
        return 0.35 * np.abs(np.sin(u)) + back * _step(-np.cos(u)) - 0.25 * _step(np.cos(u))

    hat = _shaped_hat(crown, lambda u: brim + 0 * u, curl, droop=lambda u: -0.1 + 0 * u)
    colour = _felt_colour(rng)
    geo.dress(hat, mat.felt(rng, colour, wear=rng.uniform(0, 0.6)))
    dark = sum(colour) < 1.0
    ribbon = mat.satin(rng, mat.muted_colour(rng) if dark else shade(colour, 0.25))
    width = rng.uniform(0.025, 0.04)
    side = rng.choice([-1, 1])
    return geo.join([hat, _band(crown, 0.003, width, ribbon), _flat_bow(width, ribbon, side)])


def _panama(rng) -> bpy.types.Object:
    height = rng.uniform(0.105, 0.12)
    crown = _crown(
        height,
        [(0, 1), (0.45, 1.0), (0.7, 0.985), (0.85, 0.93), (0.91, 0.75), (0.95, 0.4), (1, 0)],
        dent=rng.uniform(0.018, 0.03), pinch=rng.uniform(0.25, 0.4), slope=0.05,
    )  # fmt: skip
    brim = rng.uniform(0.06, 0.075)

    def curl(u: np.ndarray) -> np.ndarray:
        return 0.3 * np.abs(np.sin(u)) + 0.6 * _step(-np.cos(u)) - 0.2 * _step(np.cos(u))

    hat = _shaped_hat(crown, lambda u: brim + 0 * u, curl, droop=lambda u: -0.08 + 0 * u)
    tone = ("#e9dfc6", "#e2d2ab", "#f0ebdd", "#cdb78b")[rng.integers(4)]
    geo.dress(hat, mat.straw(rng, tone, strands=600, wear=rng.uniform(0, 0.4)))
    ribbon = mat.satin(rng, ("#18181a", "#3a2a1f", "#1f2a44", "#5a1f22")[rng.integers(4)])
    width = rng.uniform(0.03, 0.042)
    return geo.join([hat, _band(crown, 0.003, width, ribbon), _flat_bow(width, ribbon)])


def _cowboy_hat(rng) -> bpy.types.Object:
    height = rng.uniform(0.12, 0.145)
    crown = _crown(
        height,
        [(0, 1), (0.45, 1.0), (0.72, 0.99), (0.83, 0.94), (0.88, 0.75), (0.94, 0.4), (1, 0)],
        dent=rng.uniform(0.028, 0.042), pinch=rng.uniform(0.3, 0.42), slope=-0.02,
    )  # fmt: skip
    brim = rng.uniform(0.085, 0.105)
    roll = rng.uniform(1.15, 1.7)

    def curl(u: np.ndarray) -> np.ndarray:
        return roll * np.abs(np.sin(u)) ** 2 - 0.35 * np.abs(np.cos(u)) ** 3

    hat = _shaped_hat(
        crown, lambda u: brim * (1 + 0.08 * np.cos(u) ** 2), curl,
        droop=lambda u: -0.12 * np.cos(u) ** 2,
    )  # fmt: skip
    if rng.random() < 0.3:
        geo.dress(hat, mat.straw(rng, "#d5bd8a", strands=450))
    else:
        tones = ("#8a6a45", "#5a3b25", "#c8b08a", "#1f1d1c", "#d9d0bf", "#75563a")
        geo.dress(hat, mat.felt(rng, tones[rng.integers(6)], wear=rng.uniform(0.1, 0.7)))
    strap = mat.leather(rng, ("#3d2415", "#1d1714", "#6a4124")[rng.integers(3)])
    parts = [hat, _band(crown, 0.004, rng.uniform(0.014, 0.024), strap, 0.0025)]
    buckle = geo.bevelled_box((0.02, 0.004, 0.022), 0.0015)
    geo.dress(buckle, mat.brushed_steel(rng))
    geo.place(buckle, (0.01, HEAD[1] + 0.005, 0.013))
    return geo.join([*parts, buckle])


def _bowler(rng) -> bpy.types.Object:
    height = rng.uniform(0.112, 0.125)
    crown = _crown(
        height, [(0, 1), (0.4, 0.955), (0.7, 0.82), (0.9, 0.58), (0.985, 0.3), (1, 0.12), (1, 0)]
    )
    brim = rng.uniform(0.042, 0.052)
    roll = rng.uniform(1.3, 1.9)

    def curl(u: np.ndarray) -> np.ndarray:
        return 0.5 + roll * np.abs(np.sin(u)) ** 2

    hat = _shaped_hat(
        crown, lambda u: brim * (1 - 0.08 * np.abs(np.sin(u))), curl,
        droop=lambda u: -0.3 * np.cos(u) ** 2, thickness=0.003,
    )  # fmt: skip
    tones = ("#1a1a1b", "#1f1c1a", "#3b2a20", "#55504a", "#232a38")
    colour = tones[rng.integers(len(tones))]
    geo.dress(hat, mat.felt(rng, colour, wear=rng.uniform(0, 0.4)))
    ribbon = mat.satin(rng, shade(colour, rng.choice([0.5, 1.5])))
    width = rng.uniform(0.03, 0.04)
    return geo.join([hat, _band(crown, 0.003, width, ribbon), _flat_bow(width, ribbon)])


def _top_hat(rng) -> bpy.types.Object:
    height = rng.uniform(0.14, 0.175)
    waist = rng.uniform(0.93, 0.98)
    crown = _crown(
        height,
        [(0, 1), (0.5, 1.0), (0.9, 1.0), (0.985, 0.99), (1.0, 0.97), (waist, 0.5), (0.98, 0.15),
         (1.0, 0)],
    )  # fmt: skip
    brim = rng.uniform(0.05, 0.06)
    roll = rng.uniform(1.0, 1.5)

    def curl(u: np.ndarray) -> np.ndarray:
        return 0.15 + roll * np.abs(np.sin(u)) ** 2

    hat = _shaped_hat(crown, lambda u: brim + 0 * u, curl, droop=lambda u: -0.22 * np.cos(u) ** 2,
                      thickness=0.003)  # fmt: skip
    tones = ("#141415", "#141415", "#1c1a19", "#6c6a66", "#3a2520", "#27303f")
    colour = tones[rng.integers(len(tones))]
    geo.dress(hat, mat.felt(rng, colour, wear=rng.uniform(0, 0.3)))
    tint = shade(colour, 0.5) if rng.random() < 0.5 else mat.muted_colour(rng)
    return geo.join([hat, _band(crown, 0.003, rng.uniform(0.03, 0.055), mat.satin(rng, tint))])


def _straw_hat(rng) -> bpy.types.Object:
    height = rng.uniform(0.09, 0.115)
    boater = rng.random() < 0.3
    round_top = [(0, 1), (0.4, 0.97), (0.75, 0.85), (0.93, 0.6), (0.98, 0.3), (1, 0)]
    flat_top = [(0, 1), (0.5, 1), (0.93, 1), (0.99, 0.97), (1, 0.85), (1, 0.4), (1, 0)]
    crown = _crown(height * (0.85 if boater else 1), flat_top if boater else round_top)
    brim = rng.uniform(0.055, 0.07) if boater else rng.uniform(0.1, 0.14)
    wave = 0 if boater else rng.uniform(0.1, 0.35)
    waves, phase = rng.integers(2, 5), rng.uniform(0, 6)

    def curl(u: np.ndarray) -> np.ndarray:
        return wave * np.sin(waves * u + phase)

    fall = 0 if boater else -0.16
    hat = _shaped_hat(crown, lambda u: brim + 0 * u, curl, droop=lambda u: fall + 0 * u,
                      thickness=0.003)  # fmt: skip
    tone = ("#d2b274", "#c9a566", "#dfc895", "#b98f55", "#e4d5ae")[rng.integers(5)]
    strands = rng.uniform(200, 320)
    geo.dress(hat, mat.straw(rng, tone, strands=strands, wear=rng.uniform(0, 0.5)))
    colours = ("#1f2a44", "#8b2428", "#18181a", "#f0ece0", "#35587a", "#3f5b3a", "#a9747c")
    ribbon = mat.satin(rng, colours[rng.integers(7)])
    width = rng.uniform(0.022, 0.042)
    parts = [hat, _band(crown, 0.003, width, ribbon)]
    if boater or rng.random() < 0.3:
        parts.append(_flat_bow(width, ribbon))
    else:
        bow = geo.place(_tied_bow(ribbon, rng.uniform(0.04, 0.06)), (0, HEAD[1] + 0.003, width / 2))
        parts.append(bow)
    return geo.join(parts)


def _bucket_hat(rng) -> bpy.types.Object:
    height = rng.uniform(0.085, 0.1)
    crown = _crown(
        height, [(0, 1), (0.4, 1.0), (0.76, 0.985), (0.82, 0.95), (0.86, 0.8), (0.94, 0.4), (1, 0)]
    )
    brim, slope = rng.uniform(0.055, 0.07), rng.uniform(0.55, 0.85)
    waves, phase = rng.integers(2, 4), rng.uniform(0, 6)

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        p = crown(u, v)
        t = np.clip(v - 1, 0, 1)
        normal = _outward(u)
        stitch = 0.0006 * np.sin(np.clip(t, 0, 1) * 9 * 2 * np.pi) * (t > 0)
        p[..., :2] += normal * (brim * t)[..., None]
        p[..., 2] += -slope * brim * t + stitch
        p[..., 2] += 0.012 * t**2 * np.sin(waves * u + phase)
        return p

    u = np.linspace(0, FULL, 144, endpoint=False)
    v = np.r_[np.linspace(0, 1, 60), np.linspace(1.01, 2, 110)]
    hat = geo.thicken(geo.surface(point, u, v, "hat", closed_u=True), 0.002)
    colour = mat.muted_colour(rng)
    cloth = mat.cotton(rng, colour, wear=rng.uniform(0, 0.6))
    geo.dress(hat, cloth)
    seam = mat.cotton(rng, shade(colour, 0.6))
    rings = []
    for at in (0.66, 1.0):
        ring = geo.tube(point(u, np.full_like(u, at)) * [1.004, 1.004, 1] + [0, 0, 0.0005], 0.0016,
                        closed=True)  # fmt: skip
        geo.dress(ring, seam)
        rings.append(ring)
    eyelets = []
    for side in (-1, 1):
        for dx in (-0.014, 0.014):
            a = side * np.pi / 2 + dx / HEAD[0]
            where = crown(np.array([a]), np.array([0.86]))[0]
            eyelet = geo.lathe([(0.002, 0), (0.0045, 0), (0.0045, 0.0015), (0.002, 0.0015)], 16)
            geo.dress(eyelet, mat.brass(rng))
            geo.place(eyelet, np.add(where, [0, side * 0.0015, 0]), (-side * 80, 0, 0))
            eyelets.append(eyelet)
    amount = rng.uniform(0.002, 0.005)
    hat = geo.join([hat, *rings, *eyelets])
    return _crumple(hat, rng, amount)


def _crumple(obj: bpy.types.Object, rng, amount: float) -> bpy.types.Object:
    """Push the mesh about softly, as cloth that has been used."""
    waves = rng.normal(0, 35, (6, 3))
    phase = rng.uniform(0, FULL, 6)
    push = rng.normal(0, 1, (6, 3)) * amount / 2

    bends = (waves, phase, push)

    def move(p: np.ndarray) -> np.ndarray:
        shifts = (np.sin(p @ w + f)[:, None] * d for w, f, d in zip(*bends, strict=True))
        return p + sum(shifts)

    return geo.deform(obj, move)


def _cap_dome(height: float) -> Callable:
    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        a = v * np.pi / 2
        r = np.sin(a) ** 0.86
        z = height * np.cos(a) ** 0.82
        x, y = HEAD[0] * r * np.cos(u), HEAD[1] * r * np.sin(u)
        # The front panels stand up straighter than the back.
        z = z * (1 + 0.1 * np.cos(u) * r)
        return np.stack([x, y, z], -1)

    return point


def _visor(
    length: float, bend: float, tilt: float, thickness: float, spread: float = 1.25
) -> bpy.types.Object:
    """Curved peak in front of the head."""
    s, t = np.linspace(-1, 1, 60), np.linspace(-0.04, 1, 16)

    def point(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        angle = a * spread
        reach = length * np.maximum(1 - np.abs(a) ** 2.6, 0) ** 0.55
        x = HEAD[0] * np.cos(angle) + reach * b
        y = HEAD[1] * np.sin(angle) * (1 + 0.05 * b)
        z = -bend * (np.abs(y) / HEAD[1]) ** 2 * (0.25 + 0.75 * b) - tilt * reach * b + 0.002
        return np.stack([x, y, z + bend * 0.25 * (np.abs(y) / HEAD[1]) ** 2], -1)

    return geo.thicken(geo.surface(point, s, t, "visor"), thickness)


def _baseball_cap(rng) -> bpy.types.Object:
    height = rng.uniform(0.115, 0.135)
    dome = _cap_dome(height)
    u, v = np.linspace(0, FULL, 144, endpoint=False), np.linspace(0, 1, 60)
    shell = geo.surface(dome, u, v, "cap", closed_u=True)
    colour = mat.muted_colour(rng) if rng.random() < 0.6 else mat.bright_colour(rng)
    second = colour if rng.random() < 0.55 else mat.muted_colour(rng)
    front = colour if rng.random() < 0.7 else rgb("#e8e6e0")
    wear = rng.uniform(0, 0.6)
    cloth, visor_cloth = mat.cotton(rng, colour, wear=wear), mat.cotton(rng, second, wear=wear)
    front_cloth = cloth if front is colour else mat.cotton(rng, front, wear=wear)
    geo.dress(shell, cloth)
    geo.dress(shell, front_cloth)
    for face in shell.data.polygons:
        if abs(math.atan2(face.center.y / HEAD[1], face.center.x / HEAD[0])) < np.pi / 3:
            face.material_index = 1
    # The opening at the back, which leaves the strap.
    geo.delete_faces(
        shell, lambda p: p.x < 0 and p.z > 0.018 and p.y**2 + (p.z - 0.018) ** 2 < 0.032**2
    )
    geo.thicken(shell, 0.002, -1)
    seam_cloth = mat.cotton(rng, shade(colour, 0.72))
    parts = [shell]
    for k in range(6):
        angle = k * np.pi / 3
        line = dome(np.full(40, angle), np.linspace(0.02, 1 if k != 3 else 0.62, 40))
        seam = geo.tube(line * [1.003, 1.003, 1.003], 0.0011)
        geo.dress(seam, seam_cloth)
        parts.append(seam)
        where = dome(np.array([angle + np.pi / 6]), np.array([0.5]))[0]
        hole = geo.sphere(0.0028, segments=12)
        geo.dress(hole, seam_cloth)
        parts.append(geo.place(hole, where))
    button = geo.deform(geo.sphere(0.0075, segments=20), lambda p: p * [1, 1, 0.5])
    geo.dress(button, visor_cloth)
    parts.append(geo.place(button, (0, 0, height + 0.001)))
    length, bend, tilt = rng.uniform((0.065, 0.005, 0.05), (0.078, 0.028, 0.3))
    visor = _visor(length, bend, tilt, 0.003)
    geo.dress(visor, visor_cloth)
    parts.append(visor)
    if rng.random() < 0.75:
        parts.append(_badge(dome, rng, front))
    return geo.join(parts)


def _badge(dome: Callable, rng, ground) -> bpy.types.Object:
    """Letter or patch on the front panels."""
    v = np.linspace(0.2, 1, 200)
    z = dome(np.zeros(200), v)[:, 2]
    light = sum(ground) > 1.6
    colour = ("#1f2a44", "#8b2428", "#202022")[rng.integers(3)] if light else "#e9e4d8"
    if rng.random() < 0.65:
        curve = bpy.data.curves.new("letter", "FONT")
        curve.body = "ABCDEGHKMNPRSTW"[rng.integers(15)]
        curve.size, curve.align_x, curve.align_y = 0.06, "CENTER", "CENTER"
        curve.extrude, curve.offset = 0.001, 0.0012
        text = geo.new_object("letter", curve)
        mesh = geo.evaluated_mesh(text)
        points = [vertex.co for vertex in mesh.vertices]
        faces = [face.vertices for face in mesh.polygons]
        badge = geo.mesh_object(points, faces, "badge", weld=0, smooth=60)
        bpy.data.objects.remove(text)
    else:
        badge = geo.bevelled_box((rng.uniform(0.05, 0.07), rng.uniform(0.03, 0.045), 0.002), 0.0008)
        geo.modify(badge, "SUBSURF", subdivision_type="SIMPLE", levels=4)

    def wrap(p: np.ndarray) -> np.ndarray:
        height = 0.055 + p[:, 1]
        at = np.interp(height, z[::-1], v[::-1])
        q = dome(p[:, 0] / HEAD[1], at)
        out = q * [1, 1.2, 0.5]
        return q + out / np.linalg.norm(out, axis=1, keepdims=True) * (p[:, 2] + 0.0012)[:, None]

    return geo.dress(geo.deform(badge, wrap), mat.cotton(rng, colour))


def _tweed(rng) -> bpy.types.Material:
    """Checked or herringbone wool."""
    ground = ("#6b6255", "#4a4640", "#7a6a54", "#565d57", "#3d4148", "#8a8172")[rng.integers(6)]
    g = Graph("tweed")
    v = g.coordinates((0, 0, rng.uniform(-0.3, 0.3)))
    x, y = g.axes(v)
    saw = g.math("FRACT", g.math("DIVIDE", y, 0.012))
    zig = g.math("ABSOLUTE", g.math("SUBTRACT", saw, 0.5))
    slanted = g.math("ADD", x, g.math("MULTIPLY", zig, 0.009))
    bone = g.math("FRACT", g.math("DIVIDE", slanted, 0.003))
    base = g.mix(g.remap(bone, 0.3, 0.7), shade(ground, 0.78), shade(ground, 1.1))
    if rng.random() < 0.8:
        tint = mat.muted_colour(rng)
        for axis in (x, y):
            line = g.lines(axis, 0.032, 0.09)
            base = g.mix(g.math("MULTIPLY", line, 0.6), base, tint)
    base = g.mix(g.remap(g.noise(v, 900, 3), 0.35, 0.7, 0, 0.6), base, shade(ground, 0.6))
    normal = g.bump(g.noise(v, 900, 5, 0.7), 0.5, 0.0012)
    return mat.fabric(g, base, normal, sheen=0.3)


def _flat_cap(rng) -> bpy.types.Object:
    height = rng.uniform(0.07, 0.082)
    over = rng.uniform(1.1, 1.18)
    curve = np.array(geo.smooth_profile(
        [(0, 1), (0.5, 0.985), (0.85, 0.86), (1.03, 0.6), (over, 0.36), (1.06, 0.14), (1.0, 0)], 120
    ))  # fmt: skip

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        r, z = _along(curve, v)
        x, y = HEAD[0] * r * np.cos(u), HEAD[1] * r * np.sin(u)
        lift = _step(z / 0.6)
        # The top is drawn forward over the peak and slopes down towards it.
        x = x + 0.045 * lift * _step((np.cos(u) * r + 1) / 2)
        z = z * height * (1 - 0.42 * np.clip(x / HEAD[0], -0.6, 1.5))
        return np.stack([x, y, z], -1)

    u, v = np.linspace(0, FULL, 128, endpoint=False), np.linspace(0, 1, 70)
    body = geo.thicken(geo.surface(point, u, v, "cap", closed_u=True), 0.002, -1)
    cloth = _tweed(rng)
    geo.dress(body, cloth)
    visor = _visor(rng.uniform(0.064, 0.074), rng.uniform(0.012, 0.02), 0.25, 0.005, spread=1.15)
    geo.dress(visor, cloth)
    parts = [body, visor]
    for side in (-1, 1):
        t = np.linspace(0, 1, 50)
        line = point(side * np.interp(t, [0, 1], [0.55, 2.4]), 0.38 + 0.05 * np.sin(np.pi * t))
        seam = geo.tube(np.add(line, [0, 0, 0.0006]), 0.0012)
        geo.dress(seam, cloth)
        parts.append(seam)
    button = geo.deform(geo.sphere(0.008, segments=20), lambda p: p * [1, 1, 0.5])
    geo.dress(button, cloth)
    top = point(np.array([0.0]), np.array([0.0]))[0]
    parts.append(geo.place(button, np.add(top, [0, 0, 0.001])))
    return geo.join(parts)


def _knit(rng, *, tall: float, colours: list, bands: int) -> bpy.types.Object:
    """Knitted cap: stitches in the mesh, ribbed turned-up cuff, stripes by rows."""
    columns = int(rng.integers(44, 64))
    row = rng.uniform(0.0055, 0.0075)
    rows = int(1.35 * tall / row)
    slouch = rng.uniform(0, 0.25)

    def dome(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        a = np.clip(v, 0, 1) * np.pi / 2
        r, z = np.sin(a) ** 0.8, tall * np.cos(a) ** 0.9
        out = np.stack([np.cos(u) * r * HEAD[0], np.sin(u) * r * HEAD[1]], -1)
        c = u / FULL * columns
        vee = np.abs(np.mod(c, 1) - 0.5)
        stitch = np.abs(np.sin(np.pi * (v * rows + vee)))
        rib = np.abs(np.sin(np.pi * c))
        fade = np.clip(r * 2.5, 0, 1)
        swell = 1 + (0.0022 * fade * (0.6 * stitch + rib)) / HEAD[1]
        p = np.concatenate([out * swell[..., None], z[..., None]], -1)
        p[..., 0] -= slouch * 0.08 * (z / tall) ** 2
        p[..., 2] -= slouch * 0.03 * (z / tall) ** 2
        return p

    u = np.linspace(0, FULL, columns * 5, endpoint=False)
    v = np.linspace(0, 1, rows * 5)
    body = geo.surface(dome, u, v, "knit", closed_u=True)
    for colour in colours:
        geo.dress(body, mat.wool(rng, colour))
    if len(colours) > 1:
        for face in body.data.polygons:
            at = face.index % (rows * 5 - 1) / (rows * 5 - 1)
            face.material_index = int(at * bands) % len(colours)
    fold = rng.uniform(0.05, 0.07)

    def cuff(a: np.ndarray, t: np.ndarray) -> np.ndarray:
        angle = t * FULL
        rib = 0.0022 * np.abs(np.sin(a * columns / 2 + 0.3))
        out = 0.004 + (0.0055 + rib) * np.cos(angle)
        z = fold / 2 + (fold / 2) * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.45
        z = z + 0.0006 * np.sin(z / row * FULL)
        return np.stack([(HEAD[0] + out) * np.cos(a), (HEAD[1] + out) * np.sin(a), z - 0.004], -1)

    ring = geo.surface(
        cuff, np.linspace(0, FULL, columns * 5, endpoint=False), np.linspace(0, 1, 72), "cuff",
        closed_u=True,
    )  # fmt: skip
    geo.dress(ring, mat.wool(rng, colours[0]))
    return geo.join([body, ring])


def _wool_colours(rng, n: int) -> list:
    return [
        mat.muted_colour(rng) if rng.random() < 0.6 else tuple(rgb(mat.bright_colour(rng)))
        for _ in range(n)
    ]


def _bobble_hat(rng) -> bpy.types.Object:
    tall = rng.uniform(0.15, 0.175)
    colours = _wool_colours(rng, int(rng.choice([1, 2, 3])))
    hat = _knit(rng, tall=tall, colours=colours, bands=int(rng.integers(5, 12)))
    tint = colours[-1] if rng.random() < 0.5 else rgb("#ece8de")
    ball = _tuft(rng, 0.034, 0.022, 5000, mat.wool(rng, tint))
    top = geo.world_vertices(hat)
    top = top[top[:, 2].argmax()]
    return geo.join([hat, geo.place(ball, np.add(top, [0, 0, 0.022]))])


def _beanie(rng) -> bpy.types.Object:
    colours = _wool_colours(rng, 1 if rng.random() < 0.6 else 2)
    hat = _knit(rng, tall=rng.uniform(0.14, 0.18), colours=colours, bands=int(rng.integers(4, 8)))
    if rng.random() < 0.5:
        label = geo.bevelled_box((0.003, 0.035, 0.025), 0.0008)
        geo.dress(label, mat.leather(rng, "#8a5c35"))
        hat = geo.join([hat, geo.place(label, (HEAD[0] + 0.0115, 0, 0.028))])
    return hat


def _santa_hat(rng) -> bpy.types.Object:
    t = np.linspace(0, 1, 60)
    lean = rng.uniform(0.7, 1.5)
    a = lean * t**2
    step = rng.uniform(0.29, 0.35) / 60
    path = np.stack([np.cumsum(np.sin(a)) * step, 0 * t, np.cumsum(np.cos(a)) * step], 1)
    radius = 0.088 * (1 - t) ** 1.15 + 0.01
    body = geo.sweep(path, solids.circle(1.0, 64), "santa", scale=radius, up=(0, 1, 0))
    colour = ("#a8161b", "#8f1418", "#b3261f", "#b3261f", "#1f5b34")[rng.integers(5)]
    _crumple(body, rng, 0.005)
    geo.deform(body, lambda p: p * [1.05, 0.93, 1])
    geo.shade_smooth(body, 90)
    geo.dress(body, mat.felt(rng, colour, wear=0.1))
    white = mat.wool(rng, "#efece6")
    trim = [geo.place(_tuft(rng, 0.036, 0.016, 4500, white), path[-1] + [0.012, 0, -0.012])]
    for angle in np.arange(30) * FULL / 30:
        puff = _tuft(rng, 0.021, 0.01, 320, white, stretch=(1, 1, 1.25))
        trim.append(geo.place(puff, (0.104 * np.cos(angle), 0.09 * np.sin(angle), 0.018)))
    return geo.join([body, *trim])


FAMILIES = (
    _baseball_cap,
    _fedora,
    _bobble_hat,
    _straw_hat,
    _top_hat,
    _cowboy_hat,
    _bucket_hat,
    _flat_cap,
    _bowler,
    _santa_hat,
    _panama,
    _beanie,
)
PEAKS = {_baseball_cap: 115.0, _flat_cap: 60.0}  # largest turn in degrees: the peak must show
