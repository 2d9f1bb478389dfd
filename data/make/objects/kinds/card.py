"""Playing cards: single cards, fans, hands, decks, tents, boxed decks. All lengths are metres."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Matrix

from blender import geometry as geo
from blender import prints
from blender.nodes import Graph
from blender.solids import grid_quads, rectangle, rounded_rectangle, slab, turned
from kinds import card_faces as faces
from stage import materials as mat

ELEVATION = (30.0, 82.0)  # degrees; a card on a table is hard to read from lower down
THICKNESS = 0.0003
Card = tuple[str, str]  # rank and suit


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one instance of the class, resting on z = 0 near the origin."""
    return FAMILIES[instance % len(FAMILIES)](faces.random_deck(rng), rng)


# ------------------------------------------------------------------------ one card


def _print(pixels: np.ndarray, rng: np.random.Generator, wear: float) -> bpy.types.Material:
    """Coated card printed with an image; worn coating is duller."""
    g = Graph("card")
    base = g.add("TexImage", out="Color", image=prints.image(pixels, "card"))
    v = g.coordinates(shift=tuple(rng.uniform(-1, 1, 3)))
    rough = g.remap(g.noise(v, 60, 5), 0.3, 0.7, 0.26 + 0.2 * wear, 0.4 + 0.25 * wear)
    normal = g.bump(g.noise(v, 18, 2), 0.25, 0.0012)
    return g.finish(g.principled(base_color=base, roughness=rough, normal=normal, ior=1.45))


def _edge(deck: faces.Deck, tone: float) -> bpy.types.Material:
    g = Graph("card edge")
    colour = np.array(deck.paper) / 255 * tone * (1 - 0.22 * deck.wear * np.array([0.8, 1, 1.3]))
    return g.finish(g.principled(base_color=tuple(colour), roughness=0.8))


class Printer:
    """Makes cards of one deck; the back and the edge are shared."""

    def __init__(self, deck: faces.Deck, rng: np.random.Generator) -> None:
        self.deck, self.rng = deck, rng
        self.width, self.height = deck.width / 1000, deck.height / 1000
        self._back: bpy.types.Material | None = None
        self.edge = _edge(deck, 0.95)

    @property
    def back(self) -> bpy.types.Material:
        """Material of the back."""
        if self._back is None:
            pixels = faces.worn(faces.back(self.deck), self.deck.wear, self.rng)
            self._back = _print(pixels, self.rng, self.deck.wear)
        return self._back

    def face(self, card: Card) -> bpy.types.Material:
        """Material of a face; rank "joker" takes "red" or "black" for its suit."""
        if card[0] == "joker":
            pixels = faces.joker_face(self.deck, card[1] == "red")
        else:
            pixels = faces.face(self.deck, *card)
        return _print(faces.worn(pixels, self.deck.wear, self.rng), self.rng, self.deck.wear)

    def sheet(
        self, card: Card | None, *, arch: float = 0.0, across: bool = True
    ) -> bpy.types.Object:
        """A card lying flat, its face up, or its back when `card` is None.

        `arch` is the curvature in 1/m, positive with the middle down; `across` bends
        the short side.
        """
        top, bottom = (self.back, self.edge) if card is None else (self.face(card), self.back)
        obj = _sheet_object(self.width, self.height, [top, bottom, self.edge])
        if arch:
            geo.deform(obj, lambda p: curl(p, 0.0 if across else math.pi / 2, 1 / arch))
        return geo.rest_on_ground(obj)

    def relaxed(self, card: Card | None) -> bpy.types.Object:
        """A card with the slight bend that every used card has."""
        return self.sheet(
            card, arch=float(self.rng.normal(0, 1.6)), across=bool(self.rng.random() < 0.6)
        )


def _corner_columns(width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """x of each column of the card's grid and half its length, rounded at the corners."""
    r = faces.CORNER_RADIUS / 1000
    arc = np.radians(np.linspace(90, 0, 7))
    right = width / 2 - r + r * np.cos(arc)
    half = height / 2 - r + r * np.sin(arc)
    middle = np.linspace(-width / 2 + r, width / 2 - r, 18)[1:-1]
    x = np.concatenate([-right[::-1], middle, right])
    y = np.concatenate([half[::-1], np.full(len(middle), height / 2), half])
    return x, y


def _sheet_object(width: float, height: float, slots: list[bpy.types.Material]) -> bpy.types.Object:
    """A thin sheet with rounded corners: material 0 on top, 1 below, 2 on the rim."""
    x, half = _corner_columns(width, height)
    t = np.linspace(-1, 1, 25)
    n, m = len(x), len(t)
    xx = np.repeat(x[:, None], m, 1)
    yy = half[:, None] * t[None]
    top = np.stack([xx, yy, np.full_like(xx, THICKNESS / 2)], -1).reshape(-1, 3)
    vertices = np.concatenate([top, top * [1, 1, -1]])
    upper = grid_quads(n, m)
    lower = upper[:, ::-1] + n * m
    rim = np.concatenate(
        [
            np.arange(n) * m,
            (n - 1) * m + np.arange(1, m),
            np.arange(n - 2, -1, -1) * m + m - 1,
            np.arange(m - 2, 0, -1),
        ]
    )
    following = np.roll(rim, -1)
    side = np.stack([rim + n * m, following + n * m, following, rim], 1)
    quads = np.concatenate([upper, lower, side])
    index = np.repeat([0, 1, 2], [len(upper), len(lower), len(side)])
    corner = quads.ravel()
    uv = vertices[corner, :2] / [width, height] + 0.5
    below = np.repeat(index == 1, 4)
    uv[below, 0] = 1 - uv[below, 0]
    return geo.mesh_object(vertices, quads, "card", *slots, weld=0, slots=index, uv=uv)


def curl(points: np.ndarray, angle: float, radius: float, start: float | None = None) -> np.ndarray:
    """Bend flat points upwards round a cylinder, without stretching.

    Parameters
    ----------
    points : array, shape (n, 3)
    angle : float
        Direction of the bend in the plane, radians.
    radius : float
        Of the cylinder; negative bends downwards.
    start : float, optional
        Distance along the direction from which the sheet is bent; all of it when None.
    """
    c, s = math.cos(angle), math.sin(angle)
    along = points[:, 0] * c + points[:, 1] * s
    across = -points[:, 0] * s + points[:, 1] * c
    z = points[:, 2]
    origin = 0.0 if start is None else start
    phi = (along - origin) / radius
    bent = origin + (radius - z) * np.sin(phi)
    lifted = radius - (radius - z) * np.cos(phi)
    if start is not None:
        bent = np.where(along > start, bent, along)
        lifted = np.where(along > start, lifted, z)
    return np.stack([bent * c - across * s, bent * s + across * c, lifted], 1)


# ------------------------------------------------------------------------ choosing


def _draw(rng: np.random.Generator, count: int) -> list[Card]:
    """Different cards, at random."""
    numbers = rng.choice(52, count, replace=False)
    return [(faces.RANKS[n % 13], faces.SUITS[n // 13]) for n in numbers]


def _poker_hand(rng: np.random.Generator) -> list[Card]:
    suits = list(rng.permutation(faces.SUITS))
    kind = rng.integers(5)
    if kind == 0:
        return [(r, suits[0]) for r in ("10", "J", "Q", "K", "A")]
    if kind == 1:
        low = rng.integers(0, 8)
        return [(faces.RANKS[low + k], suits[0]) for k in range(5)]
    a, b = rng.choice(13, 2, replace=False)
    if kind == 2:
        return [(faces.RANKS[a], s) for s in suits[:3]] + [(faces.RANKS[b], s) for s in suits[1:3]]
    if kind == 3:
        return [(faces.RANKS[a], s) for s in suits] + [(faces.RANKS[b], suits[0])]
    return _draw(rng, int(rng.integers(2, 6)))


# ------------------------------------------------------------------------ families


def _number(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    ranks = ["A", *faces.RANKS[1:10]]
    card = (ranks[rng.integers(len(ranks))], faces.SUITS[rng.integers(4)])
    return [Printer(deck, rng).relaxed(card)]


def _court(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    card = (str(rng.choice(["J", "Q", "K"])), faces.SUITS[rng.integers(4)])
    return [Printer(deck, rng).relaxed(card)]


def _ace_of_spades(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    return [Printer(deck, rng).relaxed(("A", "spades"))]


def _joker(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    card = ("joker", "red" if rng.random() < 0.7 else "black")
    return [Printer(deck, rng).relaxed(card)]


def _back(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    printer = Printer(deck, rng)
    first = printer.relaxed(None)
    if rng.random() < 0.5:
        return [first]
    second = printer.relaxed(_draw(rng, 1)[0])
    geo.place(second, (0.03, 0.018, 0), (0, 0, rng.uniform(-35, 35)))
    geo.rest_on_ground(second)
    geo.place(first, (-0.022, -0.01, 0), (0, 0, rng.uniform(-20, 20)))
    _lay_on(first, second)
    return [first, second]


def _lay_on(upper: bpy.types.Object, lower: bpy.types.Object) -> None:
    """Put a card on top of another, clear of it even where they are bent."""
    geo.rest_on_ground(upper, geo.highest(lower) * 0.6 + THICKNESS)


def _fan(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    count = int(rng.integers(3, 8))
    printer = Printer(deck, rng)
    cards = _draw(rng, count)
    half = rng.uniform(7, 11) * (count - 1) / 2
    pivot = -printer.height * rng.uniform(0.45, 0.75)
    backs = rng.random() < 0.12
    objects = []
    for k, angle in enumerate(np.linspace(half, -half, count)):
        obj = printer.sheet(None if backs else cards[k])
        turn = math.radians(angle + rng.normal(0, 0.8))
        x, y = -math.sin(turn) * -pivot, pivot + math.cos(turn) * -pivot
        geo.place(obj, (x, y, (k + 0.5) * 1.5 * THICKNESS), (0, 0, math.degrees(turn)))
        objects.append(obj)
    return objects


def _hand(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    printer = Printer(deck, rng)
    cards = _poker_hand(rng)
    step = rng.uniform(0.3, 0.5) * printer.width if len(cards) > 2 else 0.75 * printer.width
    objects = []
    for k, card in enumerate(cards):
        x = (k - (len(cards) - 1) / 2) * step
        obj = printer.sheet(card)
        z = (k + 0.5) * 1.5 * THICKNESS
        geo.place(obj, (x, rng.normal(0, 0.0015), z), (0, 0, rng.normal(0, 2.0)))
        objects.append(obj)
    return objects


def _scattered(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    printer = Printer(deck, rng)
    cards = _draw(rng, int(rng.integers(4, 9)))
    objects = []
    for k, card in enumerate(cards):
        obj = printer.sheet(None if rng.random() < 0.25 and k < len(cards) - 1 else card)
        place = rng.uniform(-1, 1, 2) * [0.05, 0.042]
        geo.place(obj, (*place, (k + 0.5) * 1.4 * THICKNESS), (0, 0, rng.uniform(-70, 70)))
        objects.append(obj)
    return objects


def _bent(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    printer = Printer(deck, rng)
    obj = printer.sheet(_draw(rng, 1)[0])
    if rng.random() < 0.6:
        corner = rng.choice([-1, 1], 2) * [printer.width, printer.height]
        angle = math.atan2(corner[1], corner[0])
        radius, start = rng.uniform(0.028, 0.05), rng.uniform(0.004, 0.02)
        geo.deform(obj, lambda p: curl(p, angle, radius, start))
    else:
        angle = math.pi / 2 if rng.random() < 0.7 else 0.0
        radius = -rng.uniform(0.06, 0.11)
        geo.deform(obj, lambda p: curl(p, angle, radius))
    return [geo.rest_on_ground(obj)]


def _stack(printer: Printer, count: int, rng: np.random.Generator) -> bpy.types.Object:
    """A block of plain cards, each a little out of line, without the top card."""
    deck = printer.deck
    outline = (
        np.array(rounded_rectangle(deck.width / 2, deck.height / 2, faces.CORNER_RADIUS)) / 1000
    )
    n = len(outline)
    slope = rng.normal(0, 0.06, 2)
    vertices, polygons, tones = [], [], []
    for k in range(count):
        z = k * THICKNESS
        turn = math.radians(rng.normal(0, 0.35))
        shift = rng.normal(0, 0.00022, 2) + slope * z
        xy = turned(outline, turn) + shift
        base = len(vertices)
        for height in (z, z + 0.96 * THICKNESS):
            vertices += [(*p, height) for p in xy]
        polygons += [tuple(range(base + n - 1, base - 1, -1)), tuple(range(base + n, base + 2 * n))]
        polygons += [
            (base + i, base + (i + 1) % n, base + n + (i + 1) % n, base + n + i) for i in range(n)
        ]
        tones += [int(rng.integers(3))] * (n + 2)
    edges = [_edge(deck, tone) for tone in (0.96, 0.86, 0.72)]
    return geo.mesh_object(vertices, polygons, "stack", *edges, weld=0, smooth=None, slots=tones)


def _deck(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    printer = Printer(deck, rng)
    count = int(rng.integers(26, 54))
    stack = _stack(printer, count, rng)
    top = None if rng.random() < 0.4 else _draw(rng, 1)[0]
    card = printer.sheet(top)
    height = geo.highest(stack)
    geo.place(card, (*rng.normal(0, 0.0012, 2), height + THICKNESS), (0, 0, rng.normal(0, 3)))
    objects = [stack, card]
    if rng.random() < 0.45:
        loose = printer.relaxed(_draw(rng, 1)[0])
        side = rng.choice([-1, 1])
        geo.place(
            loose,
            (side * rng.uniform(0.05, 0.075), rng.uniform(-0.03, 0.03), 0),
            (0, 0, rng.uniform(-25, 25)),
        )
        if rng.random() < 0.5:  # leaning on the deck
            lean = math.asin(height * 0.9 / printer.width)
            geo.place(
                loose,
                (
                    side * (printer.width * 0.5 + math.cos(lean) * printer.width * 0.42),
                    rng.uniform(-0.01, 0.01),
                    0,
                ),
                (0, side * math.degrees(lean), 0),
            )
        objects.append(geo.rest_on_ground(loose))
    return objects


def _tent(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Two cards leaning on each other, or a small house of seven."""
    printer = Printer(deck, rng)
    upright = rng.random() < 0.7
    length = printer.height if upright else printer.width
    lean = math.radians(rng.uniform(62, 70))
    outward = rng.random() < 0.7  # faces outwards
    foot = length * math.cos(lean)
    rise = length * math.sin(lean)

    def pair(x: float, z: float) -> list[bpy.types.Object]:
        objects = []
        for side, card in zip((-1, 1), _draw(rng, 2), strict=True):
            obj = printer.sheet(card if outward or rng.random() < 0.3 else None)
            turn = Matrix.Identity(4) if upright else Matrix.Rotation(math.pi / 2, 4, "Z")
            stand = Matrix.Rotation(lean, 4, "X")
            face = Matrix.Rotation(side * math.pi / 2, 4, "Z")
            slide = Matrix.Translation((x + side * foot / 2, 0, z + rise / 2 + THICKNESS))
            obj.matrix_world = slide @ face @ stand @ turn
            objects.append(obj)
        return objects

    objects = pair(0, 0)
    if rng.random() < 0.4:
        objects = pair(-foot * 1.03, 0) + pair(foot * 1.03, 0)
        bridge = printer.sheet(_draw(rng, 1)[0])
        turn = 0 if not upright else 90
        geo.place(bridge, (0, 0, rise + 3 * THICKNESS), (0, 0, turn))
        objects += [bridge, *pair(0, rise + 4 * THICKNESS)]
    elif rng.random() < 0.35:
        lying = printer.relaxed(_draw(rng, 1)[0])
        geo.place(
            lying,
            (rng.uniform(0.06, 0.08), rng.uniform(-0.07, -0.05), 0),
            (0, 0, rng.uniform(-60, 60)),
        )
        objects.append(geo.rest_on_ground(lying))
    return objects


# ------------------------------------------------------------------------ the box


def _box_front(deck: faces.Deck, size: tuple[float, float]) -> np.ndarray:
    """Print of the tuck box: a framed spade and a title."""
    ink, paper = deck.back_colour, deck.paper
    p = faces.Painter(*size, ink)
    w, h = size[0] / 2, size[1] / 2
    for inset, width in ((3.0, 0.9), (4.6, 0.35)):
        points = rounded_rectangle(w - inset, h - inset, 2.0)
        p.line([*points, points[0]], paper, width)
    p.polygon([(-15, 0), (0, 25), (15, 0), (0, -25)], paper)
    p.suit("spades", 0, 0.5, 22, ink)
    p.text("PLAYING", 0, 30, 5.2, paper, weight=800, condensed=1.0)
    p.text("CARDS", 0, -30, 5.2, paper, weight=800, condensed=1.15)
    return p.finish()


def _panel(
    outline: list[tuple[float, float]],
    thickness: float,
    size: tuple[float, float],
    slots: list[bpy.types.Material],
) -> bpy.types.Object:
    """A flat panel in x, y with its print (material 0) on top, the rest material 1."""
    vertices, polygons = slab(outline, thickness)
    uv = np.float32(vertices)[np.concatenate(polygons), :2] / size + 0.5  # as Blender rounds them
    index = np.arange(len(polygons)) != 1
    return geo.mesh_object(vertices, polygons, "panel", *slots, slots=index, uv=uv)


def _boxed(deck: faces.Deck, rng: np.random.Generator) -> list[bpy.types.Object]:
    """A deck half out of its tuck box, the box lying on its back."""
    printer = Printer(deck, rng)
    w, h = printer.width + 0.003, printer.height + 0.003
    count = int(rng.integers(44, 54))
    d = 54 * THICKNESS + 0.0025
    board = 0.0005
    size = (deck.width + 3, deck.height + 3)
    front = _print(faces.worn(_box_front(deck, size), 0.6 * deck.wear + 0.1, rng), rng, deck.wear)
    plain = mat.paper(rng, np.array(deck.back_colour) / 255, gloss=0.6, wear=deck.wear)
    inside = mat.paper(rng, "#e6e2d8", gloss=0.1, wear=deck.wear)
    notch = [
        (0.011 * math.cos(a), h / 2 - 0.011 * math.sin(a)) for a in np.linspace(0, math.pi, 16)
    ]
    upper = [(-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), *notch, (-w / 2, h / 2)]
    top = _panel(upper, board, (w, h), [front, inside])
    geo.place(top, (0, 0, d))
    bottom = _panel(rectangle(w / 2, h / 2), board, (w, h), [inside, plain])
    geo.place(bottom, (0, 0, board / 2))
    objects = [top, bottom]
    for x in (-1, 1):
        wall = geo.bevelled_box((board, h, d), 0.0)
        geo.place(wall, (x * w / 2, 0, d / 2))
        geo.dress(wall, plain)
        objects.append(wall)
    end = geo.bevelled_box((w, board, d), 0.0)
    geo.place(end, (0, -h / 2, d / 2))
    geo.dress(end, plain)
    on_top = rng.random() < 0.4  # the side that the lid hangs on
    lift = math.radians(rng.uniform(100, 150)) if on_top else 0.0
    depth = d + 0.012
    flap = _panel(
        [(-w / 2, 0), (w / 2, 0), (w / 2 - 0.004, depth), (-w / 2 + 0.004, depth)],
        board,
        (w, h),
        [inside, plain],
    )
    hinge = Matrix.Translation((0, h / 2, d if on_top else board / 2))
    flap.matrix_world = hinge @ Matrix.Rotation(lift, 4, "X")
    objects += [end, flap]

    stack = _stack(printer, count, rng)
    face_up = rng.random() < 0.6
    card = printer.sheet(_draw(rng, 1)[0] if face_up else None)
    out = h * rng.uniform(0.45, 0.66)
    geo.place(stack, (0, out, 2 * board))
    level = geo.highest(stack)
    more = rng.uniform(0, 0.02)
    geo.place(card, (0, out + more, level + THICKNESS), (0, 0, 0))
    return [*objects, stack, card]


FAMILIES = (
    _number,
    _fan,
    _court,
    _deck,
    _tent,
    _back,
    _hand,
    _ace_of_spades,
    _boxed,
    _bent,
    _joker,
    _scattered,
)
