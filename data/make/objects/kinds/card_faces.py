"""Draw the printed faces and backs of playing cards as images.

Everything is drawn from polygons, curves and the font that Blender carries; no
artwork is copied. Coordinates are millimetres from the centre of the card, x to the
right and y up, so that the drawing code does not depend on the resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from blender import prints
from blender.solids import rounded_rectangle

SUITS = ("spades", "hearts", "diamonds", "clubs")
RANKS = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")

PIXELS_PER_MM = 6
OVERSAMPLE = 2  # drawn this much larger, then reduced: Pillow's polygons have hard edges
CORNER_RADIUS = 3.2

Point = tuple[float, float]
Colour = tuple[int, int, int]

BLACK: Colour = (24, 24, 28)
RED: Colour = (196, 24, 38)
TWO_COLOURS = {"spades": BLACK, "clubs": BLACK, "hearts": RED, "diamonds": RED}
FOUR_COLOURS = {
    "spades": BLACK,
    "hearts": RED,
    "diamonds": (28, 78, 176),
    "clubs": (24, 116, 58),
}
INKS = {
    "red": (186, 26, 38),
    "yellow": (236, 182, 40),
    "blue": (32, 66, 140),
    "black": BLACK,
    "white": (250, 248, 242),
    "skin": (246, 216, 190),
}

# Column (-1, 0, 1) and row (1 = top, -1 = bottom) of each pip.
PIPS: dict[str, list[Point]] = {
    "2": [(0, 1), (0, -1)],
    "3": [(0, 1), (0, 0), (0, -1)],
    "4": [(-1, 1), (1, 1), (-1, -1), (1, -1)],
    "5": [(-1, 1), (1, 1), (0, 0), (-1, -1), (1, -1)],
    "6": [(-1, 1), (1, 1), (-1, 0), (1, 0), (-1, -1), (1, -1)],
}
PIPS["7"] = [*PIPS["6"], (0, 0.5)]
PIPS["8"] = [*PIPS["7"], (0, -0.5)]
_FOUR_ROWS = [(x, y) for x in (-1, 1) for y in (1, 1 / 3, -1 / 3, -1)]
PIPS["9"] = [*_FOUR_ROWS, (0, 0)]
PIPS["10"] = [*_FOUR_ROWS, (0, 2 / 3), (0, -2 / 3)]


@dataclass(frozen=True)
class Deck:
    """What all cards of one deck have in common."""

    width: float = 63.0  # mm
    height: float = 88.0
    jumbo: bool = False
    colours: dict[str, Colour] = field(default_factory=lambda: dict(TWO_COLOURS))
    font_weight: int = 600
    font_condensed: float = 0.8
    back: str = "rosette"
    back_colour: Colour = (160, 24, 34)
    paper: Colour = (250, 248, 243)
    wear: float = 0.3  # 0 = new, 1 = played with for years


def random_deck(rng: np.random.Generator) -> Deck:
    """Choose a deck: size, index style, inks, back and wear."""
    paper = np.array([250, 248, 243]) - rng.uniform(0, 1) ** 2 * np.array([5, 9, 24])
    back_colours = [(158, 22, 34), (28, 52, 128), (24, 26, 32), (18, 84, 60), (112, 26, 62)]
    return Deck(
        width=float(rng.choice([63.0, 63.0, 57.5])),
        jumbo=bool(rng.random() < 0.3),
        colours=dict(FOUR_COLOURS if rng.random() < 0.18 else TWO_COLOURS),
        font_weight=int(rng.integers(480, 760)),
        font_condensed=float(rng.uniform(0.68, 0.92)),
        back=str(rng.choice(BACKS)),
        back_colour=back_colours[rng.choice(5, p=[0.38, 0.34, 0.1, 0.1, 0.08])],
        paper=tuple(int(c) for c in paper),
        wear=float(0.75 * rng.beta(1.6, 2.6)),
    )


# --------------------------------------------------------------------------- shapes


def _bezier(p0: Point, p1: Point, p2: Point, p3: Point, n: int = 14) -> list[Point]:
    t = np.linspace(0, 1, n)[:, None]
    p0, p1, p2, p3 = (np.array(p, float) for p in (p0, p1, p2, p3))
    curve = (1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3
    return [tuple(p) for p in curve]


def _mirrored(right_half: list[Point]) -> list[Point]:
    """Close an outline that runs along the right side from top to bottom."""
    return right_half + [(-x, y) for x, y in reversed(right_half)]


def _disc(x: float, y: float, r: float, n: int = 40) -> list[Point]:
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return list(zip(x + r * np.cos(a), y + r * np.sin(a), strict=True))


def suit_outline(suit: str) -> list[list[Point]]:
    """Polygons that make up a suit sign, in a box of height 1 about the origin."""
    stem = _mirrored(
        [
            (0.0, 0.0),
            (0.035, 0.0),
            *_bezier((0.035, -0.2), (0.05, -0.36), (0.1, -0.46), (0.24, -0.5)),
        ]
    )
    if suit == "hearts":
        right = _bezier((0, 0.27), (0.08, 0.47), (0.24, 0.5), (0.31, 0.48))
        right += _bezier((0.31, 0.48), (0.46, 0.45), (0.5, 0.25), (0.4, 0.07))
        right += _bezier((0.4, 0.07), (0.3, -0.12), (0.1, -0.28), (0, -0.5))
        return [_mirrored(right)]
    if suit == "diamonds":
        right = _bezier((0, 0.5), (0.1, 0.3), (0.22, 0.14), (0.37, 0))
        right += _bezier((0.37, 0), (0.22, -0.14), (0.1, -0.3), (0, -0.5))
        return [_mirrored(right)]
    if suit == "spades":
        right = _bezier((0, 0.5), (0.09, 0.28), (0.28, 0.16), (0.38, -0.02))
        right += _bezier((0.38, -0.02), (0.47, -0.2), (0.38, -0.34), (0.24, -0.34))
        right += _bezier((0.24, -0.34), (0.12, -0.34), (0.05, -0.26), (0, -0.16))
        return [_mirrored(right), stem]
    if suit == "clubs":
        middle = [(-0.13, 0.14), (0.13, 0.14), (0.2, -0.2), (-0.2, -0.2)]
        return [
            _disc(0, 0.285, 0.215),
            _disc(-0.245, -0.085, 0.215),
            _disc(0.245, -0.085, 0.215),
            middle,
            stem,
        ]
    raise ValueError(f"unknown suit: {suit!r}")


# -------------------------------------------------------------------------- painter


class Painter:
    """Pillow canvas addressed in millimetres from the centre, y up."""

    def __init__(self, width: float, height: float, fill: Colour) -> None:
        self.scale = PIXELS_PER_MM * OVERSAMPLE
        self.width, self.height = width, height
        self.size = (round(width * self.scale), round(height * self.scale))
        self.image = Image.new("RGB", self.size, fill)
        self.draw = ImageDraw.Draw(self.image)

    def xy(self, points: list[Point]) -> list[Point]:
        cx, cy = self.size[0] / 2, self.size[1] / 2
        return [(cx + x * self.scale, cy - y * self.scale) for x, y in points]

    def polygon(self, points: list[Point], fill: Colour, line: float = 0.0) -> None:
        pixels = self.xy(points)
        self.draw.polygon(pixels, fill=fill)
        if line:
            self.draw.line([*pixels, pixels[0]], BLACK, round(line * self.scale), joint="curve")

    def line(self, points: list[Point], colour: Colour, width: float) -> None:
        self.draw.line(self.xy(points), colour, max(1, round(width * self.scale)), joint="curve")

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        fill: Colour | None,
        line: float = 0.0,
        colour: Colour = BLACK,
    ) -> None:
        (x0, y0), (x1, y1) = self.xy([(x - rx, y + ry), (x + rx, y - ry)])
        width = max(1, round(line * self.scale)) if line else 0
        self.draw.ellipse(
            [x0, y0, x1, y1], fill=fill, outline=colour if line else None, width=width
        )

    def clipped(self, points: list[Point], other: Painter) -> None:
        """Paste what another painter of the same size drew, inside a polygon only."""
        mask = Image.new("L", self.size, 0)
        ImageDraw.Draw(mask).polygon(self.xy(points), fill=255)
        self.image.paste(other.image, (0, 0), mask)

    def suit(
        self, suit: str, x: float, y: float, height: float, colour: Colour, flipped: bool = False
    ) -> None:
        sign = -1 if flipped else 1
        for polygon in suit_outline(suit):
            self.polygon(
                [(x + sign * height * px, y + sign * height * py) for px, py in polygon], colour
            )

    def text(
        self,
        text: str,
        x: float,
        y: float,
        height: float,
        colour: Colour,
        *,
        weight: int = 600,
        condensed: float = 1.0,
        angle: int = 0,
    ) -> None:
        """Text whose capitals are `height` mm high, centred at (x, y)."""
        font = prints.font(height * self.scale / 0.727, weight)
        left, top, right, bottom = font.getbbox(text)
        mask = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(mask).text((-left, -top), text, font=font, fill=255)
        mask = mask.resize((max(1, round(mask.width * condensed)), mask.height))
        mask = mask.rotate(angle, expand=True)
        ((px, py),) = self.xy([(x, y)])
        self.image.paste(colour, (round(px - mask.width / 2), round(py - mask.height / 2)), mask)

    def double_headed(self) -> None:
        """Make the lower half the upper half turned by 180 degrees."""
        half = self.image.crop((0, 0, self.size[0], self.size[1] // 2))
        self.image.paste(half.rotate(180), (0, self.size[1] - half.height))

    def finish(self) -> np.ndarray:
        """The reduced image, uint8 (h, w, 3)."""
        size = (self.size[0] // OVERSAMPLE, self.size[1] // OVERSAMPLE)
        return np.asarray(self.image.resize(size, Image.Resampling.LANCZOS))


# ---------------------------------------------------------------------------- faces


def _corner_index(p: Painter, deck: Deck, rank: str, suit: str, colour: Colour) -> None:
    """Rank over suit in the upper left corner; `double_headed` makes the other."""
    size = 13.5 if deck.jumbo else 8.6
    x = -p.width / 2 + (8.2 if deck.jumbo else 5.8)
    top = p.height / 2 - 4.0
    condensed = deck.font_condensed * (0.74 if rank == "10" else 1.0)
    p.text(rank, x, top - size / 2, size, colour, weight=deck.font_weight, condensed=condensed)
    pip = size * 0.82
    p.suit(suit, x, top - size - 1.3 - pip / 2, pip, colour)


def number_face(deck: Deck, rank: str, suit: str) -> np.ndarray:
    """Face of an ace or a number card."""
    p = Painter(deck.width, deck.height, deck.paper)
    colour = deck.colours[suit]
    _corner_index(p, deck, rank, suit, colour)
    p.double_headed()
    if rank == "A":
        _ace(p, deck, suit, colour)
        return p.finish()
    columns = deck.width * (0.17 if deck.jumbo else 0.205)
    rows = deck.height * 0.325
    size = 11.5 if deck.jumbo else 13.0
    if rank in ("9", "10"):
        size *= 0.93
    for x, y in PIPS[rank]:
        p.suit(suit, x * columns, y * rows, size, colour, flipped=y < 0)
    return p.finish()


def _ace(p: Painter, deck: Deck, suit: str, colour: Colour) -> None:
    if suit != "spades":
        p.suit(suit, 0, 0, 20 if not deck.jumbo else 24, colour)
        return
    p.suit(suit, 0, 1, 40, colour)
    for size, ink in ((31, deck.paper), (29, colour), (14, deck.paper), (12.5, colour)):
        p.suit(suit, 0, 1.4, size, ink)
    for angle in np.linspace(0.15, math.pi - 0.15, 9):
        x, y = 9.2 * math.cos(angle), -2.5 + 8.6 * math.sin(angle)
        p.ellipse(x, y, 0.75, 0.75, deck.paper)


def court_face(deck: Deck, rank: str, suit: str) -> np.ndarray:
    """Face of a jack, queen or king: a framed half figure, mirrored about the centre."""
    p = Painter(deck.width, deck.height, deck.paper)
    colour = deck.colours[suit]
    half_w = deck.width / 2 - (14.5 if deck.jumbo else 10.6)
    half_h = deck.height / 2 - 7.0
    figure = Painter(deck.width, deck.height, deck.paper)
    _half_figure(figure, rank, suit, half_w, half_h)
    figure.suit(suit, -half_w + 5.2, half_h - 6.2, 9.5, colour)
    figure.double_headed()
    frame = [(-half_w, -half_h), (half_w, -half_h), (half_w, half_h), (-half_w, half_h)]
    p.clipped(frame, figure)
    p.line([*frame, frame[0]], INKS["blue"] if colour != BLACK else BLACK, 0.45)
    _corner_index(p, deck, rank, suit, colour)
    p.double_headed()
    return p.finish()


def _checks(p: Painter, size: float, a: Colour, b: Colour) -> Painter:
    """A painter full of diamonds, for patterned cloth."""
    q = Painter(p.width, p.height, a)
    n = int(p.width / size)
    for i in range(-n, n + 1):
        for j in range(0, n + 1):
            x, y = (i + 0.5 * (j % 2)) * size, j * size
            q.polygon(
                [
                    (x - size * 0.4, y),
                    (x, y + size * 0.8),
                    (x + size * 0.4, y),
                    (x, y - size * 0.8),
                ],
                b,
            )
    return q


def _stripes(p: Painter, size: float, slope: float, colours: list[Colour]) -> Painter:
    """A painter full of slanted bands, for patterned cloth."""
    q = Painter(p.width, p.height, colours[0])
    n = int(p.width / size) + 12
    for i in range(-n, n):
        x = i * size
        dx = slope * 45
        q.polygon(
            [(x, 0), (x + size, 0), (x + size + dx, 45), (x + dx, 45)], colours[i % len(colours)]
        )
    return q


def _half_figure(p: Painter, rank: str, suit: str, w: float, h: float) -> None:
    """The upper half of a court card: robe, attribute, hair, face and headdress."""
    inks = INKS
    cloth = {
        "spades": ("blue", "red"),
        "hearts": ("red", "blue"),
        "diamonds": ("red", "yellow"),
        "clubs": ("blue", "yellow"),
    }[suit]
    main, second = inks[cloth[0]], inks[cloth[1]]
    yellow, white = inks["yellow"], inks["white"]
    side = 1 if suit in ("hearts", "clubs") else -1  # which hand holds the attribute
    if rank == "J":
        side = -side

    robe = [
        (-w, 0),
        (-w, 7),
        (-w * 0.75, 13),
        (-6, 15.5),
        (6, 15.5),
        (w * 0.75, 13),
        (w, 7),
        (w, 0),
    ]
    p.polygon(robe, main, 0.5)
    for s in (-1, 1):
        sleeve = [(s * w, -1), (s * w, 7), (s * w * 0.75, 13), (s * 10, 14.2), (s * 12.5, -1)]
        p.clipped(sleeve, _stripes(p, 1.7, 0.35 * s, [second, white, BLACK, yellow]))
        p.line(sleeve, BLACK, 0.5)
        band = [(s * 5.2, 15.2), (s * 8.6, 14.8), (s * 12.2, -1), (s * 8.0, -1)]
        p.polygon(band, yellow if second != yellow else white, 0.4)
        for t in np.linspace(0.08, 0.92, 6):
            p.ellipse(s * (6.9 + 3.2 * t), 14.8 - 15.5 * t, 0.8, 0.8, BLACK)
    panel = [(-5.2, 15), (5.2, 15), (7.8, -1), (-7.8, -1)]
    p.clipped(panel, _checks(p, 2.9, yellow, main))
    p.line([panel[3], panel[0]], BLACK, 0.5)
    p.line([panel[2], panel[1]], BLACK, 0.5)
    p.polygon([(-w, -1), (w, -1), (w, 1.0), (-w, 1.0)], white, 0.4)
    for x in np.arange(-w + 1.5, w, 2.6):
        p.polygon([(x - 0.8, 0), (x, 0.8), (x + 0.8, 0), (x, -0.8)], inks["red"])

    {"K": _king, "Q": _queen, "J": _jack}[rank](p, main, second, side, h)


def _face(p: Painter, look: int) -> None:
    """Face with brows, eyes, nose and mouth, turned a little to one side."""
    p.polygon([(-2.6, 17), (2.6, 17), (2.4, 12), (0, 10.5), (-2.4, 12)], INKS["skin"], 0.35)
    p.ellipse(0, 20.0, 5.0, 6.6, INKS["skin"], 0.45)
    for s in (-1, 1):
        x = s * 2.1 + look * 0.6
        p.line(
            _bezier((x - 1.4, 22.3), (x - 0.5, 23.2), (x + 0.5, 23.2), (x + 1.4, 22.4)), BLACK, 0.45
        )
        p.ellipse(x, 21.3, 1.15, 0.62, INKS["white"], 0.3)
        p.ellipse(x + look * 0.3, 21.3, 0.5, 0.56, BLACK)
    p.line([(look * 0.3, 21.6), (look * 1.3, 18.7), (look * 0.1, 18.3)], BLACK, 0.38)
    p.line(
        [(-1.5 + look * 0.5, 16.6), (look * 0.5, 16.3), (1.5 + look * 0.5, 16.6)], INKS["red"], 0.75
    )


def _curls(p: Painter, colour: Colour, x: float, top: float, bottom: float, r: float) -> None:
    for y in np.arange(top, bottom, -r * 1.15):
        for s in (-1, 1):
            p.ellipse(s * x, y, r, r, colour, 0.4)
            p.ellipse(s * (x + 0.1), y, r * 0.45, r * 0.45, None, 0.28)


def _crown(p: Painter, base: float, top: float, half: float, points: int, jewel: Colour) -> None:
    yellow = INKS["yellow"]
    outline: list[Point] = [(-half, base)]
    xs = np.linspace(-half * 1.25, half * 1.25, points)
    for i, x in enumerate(xs):
        outline.append((x, top))
        if i < points - 1:
            outline.append(((x + xs[i + 1]) / 2, base + (top - base) * 0.42))
    outline.append((half, base))
    p.polygon(outline, yellow, 0.5)
    for x in xs:
        p.ellipse(x, top + 0.2, 1.0, 1.0, jewel, 0.35)
    band = [
        (-half - 0.4, base - 0.9),
        (half + 0.4, base - 0.9),
        (half + 0.6, base + 1.5),
        (-half - 0.6, base + 1.5),
    ]
    p.polygon(band, INKS["red"] if jewel != INKS["red"] else INKS["blue"], 0.45)
    for x in np.linspace(-half * 0.8, half * 0.8, 4):
        p.ellipse(x, base + 0.3, 0.65, 0.65, INKS["white"])


def _hand(p: Painter, x: float, y: float) -> None:
    p.ellipse(x, y, 2.6, 2.1, INKS["skin"], 0.4)
    for dy in (-0.7, 0.1, 0.9):
        p.line([(x - 1.0, y + dy), (x + 1.6, y + dy)], BLACK, 0.25)
    p.polygon(
        [(x - 2.6, y - 1.6), (x + 2.6, y - 1.6), (x + 3.0, y - 3.6), (x - 3.0, y - 3.6)],
        INKS["white"],
        0.4,
    )


def _king(p: Painter, main: Colour, second: Colour, side: int, h: float) -> None:
    grey = (212, 208, 200)
    _curls(p, grey, 5.6, 23.5, 15.0, 1.9)
    _face(p, -side)
    beard = _bezier((-5.0, 18.8), (-5.6, 11.5), (-2.5, 9.2), (0, 8.0))
    beard += _bezier((0, 8.0), (2.5, 9.2), (5.6, 11.5), (5.0, 18.8))
    beard += [(2.4, 17.4), (0, 18.0), (-2.4, 17.4)]
    p.polygon(beard, grey, 0.45)
    for x in (-2.6, -1.2, 0.2, 1.6, 2.8):
        p.line(_bezier((x, 15.4), (x + 0.8, 13.5), (x - 0.8, 12), (x * 0.7, 10.2)), BLACK, 0.3)
    p.line([(-1.5, 16.4), (0, 16.1), (1.5, 16.4)], INKS["red"], 0.7)
    _crown(p, 25.4, h - 3.4, 5.6, 5, second if second != INKS["yellow"] else INKS["red"])
    x = side * 15.2
    blade = [(x - 1.2, 7), (x - 1.2, h - 6), (x, h - 1.2), (x + 1.2, h - 6), (x + 1.2, 7)]
    p.polygon(blade, (206, 218, 232), 0.45)
    p.line([(x, 9), (x, h - 5)], BLACK, 0.3)
    p.polygon(
        [(x - 4.2, 10.2), (x + 4.2, 10.2), (x + 4.2, 11.8), (x - 4.2, 11.8)], INKS["yellow"], 0.4
    )
    _hand(p, x, 7.6)


def _queen(p: Painter, main: Colour, second: Colour, side: int, h: float) -> None:
    hair = (238, 196, 70) if main == INKS["red"] else (70, 44, 30)
    locks = [
        *_bezier((0, 28.5), (9.5, 29), (8.0, 20), (9.2, 11.5)),
        (5.5, 12.5),
        (3.4, 17),
        (0, 24),
    ]
    p.polygon(_mirrored(locks), hair, 0.5)
    for s in (-1, 1):
        for dx in (0.0, 1.4):
            p.line(
                _bezier(
                    (s * (5 + dx), 24),
                    (s * (6.5 + dx), 20),
                    (s * (5 + dx), 16),
                    (s * (6.2 + dx), 12.6),
                ),
                BLACK,
                0.28,
            )
    _face(p, -side)
    p.polygon(
        _mirrored([*_bezier((0, 25.2), (2.5, 25.4), (4.6, 24), (5.0, 20)), (5.6, 26.5), (0, 28.4)]),
        hair,
        0.4,
    )
    for x in np.linspace(-4.2, 4.2, 7):
        p.ellipse(x, 12.6 - (1 - (x / 4.4) ** 2) * 1.8, 0.72, 0.72, INKS["white"], 0.3)
    _crown(p, 27.2, h - 2.8, 5.0, 5, INKS["red"])
    x = side * 14.6
    p.line(_bezier((x, 8), (x + 1, 12), (x - 1, 15), (x, 19)), (24, 96, 50), 0.9)
    for s in (-1, 1):
        p.polygon([(x, 13), (x + s * 3.2, 15.2), (x + s * 3.6, 13.0)], (24, 116, 58), 0.3)
    for a in np.arange(0, 2 * math.pi, 2 * math.pi / 6):
        p.ellipse(
            x + 2.1 * math.cos(a),
            21 + 2.1 * math.sin(a),
            1.45,
            1.45,
            INKS["red"] if main != INKS["red"] else INKS["white"],
            0.35,
        )
    p.ellipse(x, 21, 1.4, 1.4, INKS["yellow"], 0.35)
    _hand(p, x, 7.4)


def _jack(p: Painter, main: Colour, second: Colour, side: int, h: float) -> None:
    hair = (232, 180, 60) if main == INKS["blue"] else (92, 56, 34)
    bob = [*_bezier((0, 27.5), (8.6, 28), (8.2, 20), (8.0, 15.2)), (5.4, 14.4), (4.2, 18), (0, 24)]
    p.polygon(_mirrored(bob), hair, 0.5)
    _face(p, -side)
    p.polygon(
        _mirrored(
            [(0, 24.0), (1.2, 24.6), (2.4, 23.8), (3.6, 24.4), (4.9, 22.6), (5.2, 26), (0, 27)]
        ),
        hair,
        0.35,
    )
    cap = _bezier((-7.6, 26), (-10, 31), (-5, h - 1.8), (0, h - 3.0))
    cap += _bezier((0, h - 3.0), (6, h - 1.6), (10, 31), (7.6, 26))
    p.polygon(cap, main, 0.5)
    p.polygon([(-8.2, 25.2), (8.2, 25.2), (8.4, 28), (-8.4, 28)], INKS["yellow"], 0.45)
    for x in np.linspace(-6.5, 6.5, 6):
        p.polygon(
            [(x - 1, 26.6), (x, 27.7), (x + 1, 26.6), (x, 25.5)],
            second if second != INKS["yellow"] else INKS["red"],
        )
    feather = _bezier((side * 5, 29), (side * 10, h), (side * 15, h), (side * 16.5, 27))
    feather += _bezier((side * 16.5, 27), (side * 12.5, 31), (side * 9, 31), (side * 5, 28))
    p.polygon(feather, INKS["white"], 0.45)
    x = side * 15.4
    p.polygon([(x - 0.6, 0), (x + 0.6, 0), (x + 0.6, 25), (x - 0.6, 25)], INKS["yellow"], 0.35)
    axe = [
        (x - 0.6, 24),
        *_bezier(
            (x - side * 0.6, 24), (x - side * 4, 26), (x - side * 4.5, 17), (x - side * 0.6, 18.5)
        ),
    ]
    p.polygon(axe, (206, 218, 232), 0.4)
    _hand(p, x, 7.6)


def joker_face(deck: Deck, coloured: bool) -> np.ndarray:
    """A jester's head in cap and bells, with the word down both margins."""
    p = Painter(deck.width, deck.height, deck.paper)
    ink = RED if coloured else BLACK
    a = INKS["red"] if coloured else (60, 60, 66)
    b = INKS["blue"] if coloured else (168, 168, 172)
    c = INKS["yellow"] if coloured else INKS["white"]
    x0 = -deck.width / 2 + 5.6
    for i, letter in enumerate("JOKER"):
        p.text(letter, x0, deck.height / 2 - 7.5 - 7.6 * i, 5.6, ink, weight=700, condensed=0.9)
    p.double_headed()
    s = 1.28  # the figure below is drawn in a box of about 36 by 54 mm

    def at(points: list[Point]) -> list[Point]:
        return [(x * s, y * s - 20) for x, y in points]

    def dot(x: float, y: float, r: float, fill: Colour) -> None:
        p.ellipse(x * s, y * s - 20, r * s, r * s, fill, 0.4)

    collar = []
    for i in range(17):
        angle = math.pi * (1.0 + i / 16)
        r = 14.5 if i % 2 else 9.5
        collar.append((r * math.cos(angle), 12.5 + r * 0.8 * math.sin(angle)))
    p.polygon(at(collar), c, 0.5)
    for i in range(1, 17, 2):
        dot(collar[i][0], collar[i][1], 1.1, a)
    for side, fill in ((-1, a), (1, b)):
        horn = _bezier((0, 25), (side * 2, 40), (side * 17, 40), (side * 15.5, 22))
        horn += _bezier((side * 15.5, 22), (side * 11, 30), (side * 7, 28), (side * 6.4, 18))
        p.polygon(at(horn), fill, 0.55)
        dot(side * 15.6, 21, 1.9, c)
    middle = _bezier((-5.2, 26), (-5, 36), (-2, 42), (1, 44)) + _bezier(
        (1, 44), (5, 38), (6, 32), (5.2, 26)
    )
    p.polygon(at(middle), c, 0.55)
    dot(1, 44.5, 1.9, a)
    face = Painter(p.width, p.height, deck.paper)
    _face(face, 1)
    face.line(_bezier((-2.6, 17.6), (-1, 14.6), (1.6, 14.6), (3.4, 17.6)), INKS["red"], 1.0)
    oval = [(5.4 * math.cos(t), 20 + 6.9 * math.sin(t)) for t in np.linspace(0, 2 * np.pi, 40)]
    size = (round(face.size[0] * s), round(face.size[1] * s))
    big = face.image.resize(size)
    mask = Image.new("L", p.size, 0)
    ImageDraw.Draw(mask).polygon(p.xy(at(oval)), fill=255)
    ((px, py),) = p.xy([(0, -20)])
    layer = Image.new("RGB", p.size, deck.paper)
    layer.paste(big, (round(px - size[0] / 2), round(py - size[1] / 2)))
    p.image.paste(layer, (0, 0), mask)
    p.line([*at(oval), at(oval)[0]], BLACK, 0.5)
    brim = _bezier((-6.4, 23), (-3, 26.4), (3, 26.4), (6.4, 23)) + _bezier(
        (6.4, 26), (3, 29), (-3, 29), (-6.4, 26)
    )
    p.polygon(at(brim), b if coloured else BLACK, 0.5)
    return p.finish()


def face(deck: Deck, rank: str, suit: str) -> np.ndarray:
    """Face of any card of the deck, uint8 (h, w, 3)."""
    if rank in ("J", "Q", "K"):
        return court_face(deck, rank, suit)
    return number_face(deck, rank, suit)


# ---------------------------------------------------------------------------- backs

BACKS = ("rosette", "lattice", "scroll", "rings", "diamonds", "hatch")


def back(deck: Deck) -> np.ndarray:
    """The deck's back, the same after half a turn, uint8 (h, w, 3)."""
    white = deck.paper
    border = 0.0 if deck.back == "diamonds" else 4.2
    w, h = deck.width / 2 - border, deck.height / 2 - border
    p = Painter(deck.width, deck.height, white)
    q = Painter(deck.width, deck.height, deck.back_colour)
    {
        "rosette": _back_rosette,
        "lattice": _back_lattice,
        "scroll": _back_scroll,
        "rings": _back_rings,
        "diamonds": _back_diamonds,
        "hatch": _back_hatch,
    }[deck.back](q, w, h, white, deck.back_colour)
    q.double_headed()
    p.clipped(rounded_rectangle(w, h, 1.6 if border else 0.05), q)
    return p.finish()


def _loop(
    p: Painter,
    x: float,
    y: float,
    radius: float,
    depth: float,
    lobes: int,
    colour: Colour,
    width: float,
    phase: float = 0.0,
) -> None:
    t = np.linspace(0, 2 * np.pi, 40 * lobes)
    r = radius * (1 + depth * np.cos(lobes * t + phase))
    p.line(list(zip(x + r * np.cos(t), y + r * np.sin(t), strict=True)), colour, width)


def _frame_lines(
    p: Painter, w: float, h: float, colour: Colour, insets: list[tuple[float, float]]
) -> None:
    for inset, width in insets:
        points = rounded_rectangle(w - inset, h - inset, 1.2)
        p.line([*points, points[0]], colour, width)


def _back_rosette(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    for x in np.arange(-w, w + 1, 2.4):
        for y in np.arange(-h, h + 1, 2.4):
            p.ellipse(x, y, 0.45, 0.45, white)
    for cx, cy, r in ((0, 0, 13.5), (0, h * 0.62, 9.5), (0, -h * 0.62, 9.5)):
        p.ellipse(cx, cy, r * 1.18, r * 1.18, white)
        p.ellipse(cx, cy, r * 1.1, r * 1.1, ink)
        for k in range(4):
            _loop(p, cx, cy, r * (0.86 - 0.19 * k), 0.16, 12, white, 0.5, math.pi * (k % 2))
        p.ellipse(cx, cy, r * 0.16, r * 0.16, white)
    for sx in (-1, 1):
        for sy in (-1, 1):
            for r in (13, 11.4, 8.4, 5.4, 2.6):
                p.ellipse(sx * w, sy * h, r, r, ink if r in (11.4, 5.4) else white)
            p.ellipse(sx * w * 0.98, 0, 6.5, 9, ink, 0.8, white)
            p.ellipse(sx * w * 0.98, 0, 3.8, 6, white)
    _frame_lines(p, w, h, ink, [(0.5, 1.2)])
    _frame_lines(p, w, h, white, [(1.6, 0.5)])


def _back_lattice(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    step = 5.4
    for c in np.arange(-110, 110, step):
        p.line([(c - 60, -60), (c + 60, 60)], white, 0.8)
        p.line([(c - 60, 60), (c + 60, -60)], white, 0.8)
    for i in range(-16, 17):
        for j in range(-20, 21):
            if (i + j) % 2:
                x, y = i * step / 2, j * step / 2
                p.suit("diamonds", x, y, 2.6, white)
    p.ellipse(0, 0, 11, 15, ink, 1.0, white)
    p.ellipse(0, 0, 9.3, 13, None, 0.4, white)
    for s in (False, True):
        p.suit("spades", 0, -5.6 if s else 5.6, 9.5, white, flipped=s)
    _frame_lines(p, w, h, ink, [(1.2, 2.6)])
    _frame_lines(p, w, h, white, [(2.6, 0.6)])


def _spiral(
    p: Painter, x: float, y: float, size: float, turn: float, hand: int, colour: Colour
) -> None:
    t = np.linspace(0, 3.4 * np.pi, 60)
    r = size * np.exp(-0.24 * t)
    a = turn + hand * t
    points = list(zip(x + r * np.cos(a), y + r * np.sin(a), strict=True))
    p.line(points, colour, 0.9)
    p.ellipse(points[-1][0], points[-1][1], 0.8, 0.8, colour)


def _back_scroll(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    for y in (8, 21, 34):
        for s in (-1, 1):
            _spiral(p, s * w * 0.5, y, 9.0, math.pi * (0.5 - 0.5 * s), s, white)
            _spiral(p, s * w * 0.82, y - 6.2, 4.8, math.pi * (0.5 + 0.5 * s), -s, white)
            leaf = [(s * 1.2, y + 4), (s * 5, y + 7.2), (s * 9.6, y + 6.4), (s * 5.2, y + 4.2)]
            p.polygon(leaf, white)
        p.suit("diamonds", 0, y + 1.5, 8, white)
        p.suit("diamonds", 0, y + 1.5, 4.4, ink)
    p.line([(0, 0), (0, h)], white, 0.6)
    p.ellipse(0, 0, 8.2, 8.2, ink, 1.0, white)
    for k in range(8):
        a = k * math.pi / 4
        p.ellipse(4.2 * math.cos(a), 4.2 * math.sin(a), 1.5, 1.5, white)
    p.ellipse(0, 0, 1.8, 1.8, white)
    _frame_lines(p, w, h, ink, [(1.0, 2.4)])
    _frame_lines(p, w, h, white, [(1.2, 0.8), (2.6, 0.35)])


def _back_rings(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    step = 7.0
    for i in range(-7, 8):
        for j in range(-8, 9):
            p.ellipse(i * step / 1.0, j * step, step * 0.71, step * 0.71, None, 0.55, white)
            p.ellipse(i * step + step / 2, j * step + step / 2, 1.3, 1.3, white)
            p.ellipse(i * step, j * step, 0.9, 0.9, white)
    _frame_lines(p, w, h, ink, [(1.4, 3.2)])
    _frame_lines(p, w, h, white, [(1.2, 0.5), (2.9, 0.9)])


def _back_diamonds(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    """Full-bleed small diamonds, as casinos like them."""
    a, b = 3.15, 4.4
    for i in range(-22, 23):
        for j in range(-22, 23):
            x, y = (i + 0.5 * (j % 2)) * a, j * b / 2
            p.polygon(
                [(x - a * 0.3, y), (x, y + b * 0.3), (x + a * 0.3, y), (x, y - b * 0.3)], white
            )


def _back_hatch(p: Painter, w: float, h: float, white: Colour, ink: Colour) -> None:
    for k, c in enumerate(np.arange(-120, 120, 1.7)):
        width = 0.7 if k % 3 else 0.3
        p.line([(c - 60, -60), (c + 60, 60)], white, width)
    for c in np.arange(-120, 120, 1.7):
        p.line([(c - 60, 60), (c + 60, -60)], white, 0.25)
    p.polygon([(-15, 0), (0, 24), (15, 0), (0, -24)], white)
    p.polygon([(-13.6, 0), (0, 21.8), (13.6, 0), (0, -21.8)], ink)
    for k in range(3):
        _loop(p, 0, 0, 8.5 - 2.2 * k, 0.2, 8, white, 0.6, math.pi * (k % 2))
    _frame_lines(p, w, h, ink, [(1.0, 2.2)])
    _frame_lines(p, w, h, white, [(2.2, 0.7)])


# ----------------------------------------------------------------------------- wear


def _clouds(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise between 0 and 1."""
    noise = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return (
        np.asarray(Image.fromarray(noise).resize(shape[::-1], Image.Resampling.BICUBIC), np.float32)
        / 255
    )


def worn(image: np.ndarray, wear: float, rng: np.random.Generator) -> np.ndarray:
    """Soil the edges, add grime, scuffs and now and then a crease.

    Parameters
    ----------
    image : uint8 array, shape (h, w, 3)
    wear : float
        0 for a new card, 1 for one that has been played with for years.
    rng : numpy.random.Generator

    Returns
    -------
    uint8 array, shape (h, w, 3)
    """
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    edge = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) / PIXELS_PER_MM
    grime = _clouds((h, w), 9, rng)
    rough = _clouds((h, w), 60, rng)
    soil = wear * (0.42 * np.exp(-edge / (0.5 + 1.1 * grime)) + 0.09 * grime * grime + 0.05 * rough)
    tint = np.array([0.75, 0.95, 1.25], np.float32)
    out = image.astype(np.float32) / 255 * (1 - soil[..., None] * tint)

    marks = Image.new("L", (w, h), 0)
    draw = ImageDraw.Draw(marks)
    for _ in range(rng.poisson(16 * wear)):
        px, py, a = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(0, 2 * math.pi)
        length = rng.uniform(1.5, 11) * PIXELS_PER_MM
        draw.line(
            [px, py, px + length * math.cos(a), py + length * math.sin(a)],
            fill=int(rng.integers(40, 130)),
            width=1,
        )
    if rng.random() < 0.5 * wear:
        sx, sy = rng.choice([0, w]), rng.choice([0, h])
        d1, d2 = rng.uniform(8, 24, 2) * PIXELS_PER_MM
        draw.line([abs(sx - d1), sy, sx, abs(sy - d2)], fill=190, width=2)
    scuffs = np.asarray(marks, np.float32)[..., None] / 255
    dark = image.mean(axis=2, keepdims=True) < 140
    out = np.where(dark, out + scuffs * (0.9 - out) * 0.7, out * (1 - 0.35 * scuffs))
    return (np.clip(out, 0, 1) * 255).astype(np.uint8)
