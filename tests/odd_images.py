"""Two thousand odd and damaged image files, always the same ones, and what each shows."""

import functools
import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms

AS_PILLOW_HAS_IT = np.zeros((0, 0, 3))  # no more can be said of a damaged file

# Red grows to the right, green downwards, and blue falls: no turn and no swap leaves it as it is.
_y, _x = np.mgrid[:40, :56]
PICTURE = np.dstack([_x * 4 + 20, _y * 6 + 10, 250 - 2 * _x - 3 * _y]).astype(np.uint8)
FEW = PICTURE // 64 * 64  # in 27 colours
GREY = PICTURE[..., 0]
DEEP = np.linspace(0, 65535, 40 * 56).round().astype(np.uint16).reshape(40, 56)


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes
    ----------
    kind, name : str
    make : bytes or callable
        Its content, or what puts it at a path.
    shows : ndarray of uint8, shape (height, width, 3), or None
        What must be read; None if it must be refused.
    atol : int
        By how much a lossy format may miss it.
    or_refused : bool
        Whether an error is as good.
    """

    kind: str
    name: str
    make: bytes | Callable[[Path], None]
    shows: np.ndarray | None = None
    atol: int = 0
    or_refused: bool = False


def rgb(values: np.ndarray) -> np.ndarray:
    return np.dstack([values] * 3) if values.ndim == 2 else values[..., :3]


def saved(kind: str, image=PICTURE, **options) -> bytes:
    file = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def stacked(kind: str, **options) -> bytes:
    """Three frames, of which the first is FEW."""
    others = [Image.fromarray(255 - FEW), Image.fromarray(FEW[::-1])]
    return saved(kind, FEW, save_all=True, append_images=others, **options)


def tiff(values: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


# Name: suffix, bytes, what they show, by how much they may miss it.
FORMATS = {
    "JPEG": ("jpg", saved("JPEG", quality=98, subsampling=0), PICTURE, 5),
    "progressive": ("jpeg", saved("JPEG", quality=98, subsampling=0, progressive=True), PICTURE, 5),
    "restarts": ("jfif", saved("JPEG", quality=95, restart_marker_rows=1), PICTURE, 9),
    "PNG": ("png", saved("PNG"), PICTURE, 0),
    "palette": ("PNG", saved("PNG", Image.fromarray(FEW).quantize(32)), FEW, 0),
    "GIF": ("gif", saved("GIF", Image.fromarray(FEW).quantize(32)), FEW, 0),
    "lossless WebP": ("webp", saved("WEBP", lossless=True), PICTURE, 0),
    "WebP": ("WebP", saved("WEBP", quality=98), PICTURE, 9),
    "TIFF": ("tif", saved("TIFF"), PICTURE, 0),
    "LZW": ("tiff", saved("TIFF", compression="tiff_lzw"), PICTURE, 0),
    "deflate": ("TIF", saved("TIFF", compression="tiff_adobe_deflate"), PICTURE, 0),
    "BMP": ("bmp", saved("BMP"), PICTURE, 0),
    "PPM": ("ppm", saved("PPM"), PICTURE, 0),
    "TGA": ("tga", saved("TGA", compression="tga_rle"), PICTURE, 0),
    "PCX": ("pcx", saved("PCX"), PICTURE, 0),
    "SGI": ("sgi", saved("SGI"), PICTURE, 0),
    "ICO": ("ico", saved("ICO", sizes=[(56, 40)]), PICTURE, 0),
    "JPEG 2000": ("jp2", saved("JPEG2000"), PICTURE, 0),
}


# What is whole


def intact():
    for name, (suffix, data, shows, atol) in FORMATS.items():
        for other in {suffix, *(kind[0] for kind in FORMATS.values()), "txt", ""}:
            kind = "intact" if other == suffix else "wrong name"
            yield Case(kind, f"{name}.{other}".rstrip("."), data, shows, atol)


TURNS = {  # how to see upright what a camera stored, by the number in EXIF
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


def turned():
    for number in (*TURNS, 0, 9, 65535):
        exif = Image.Exif()
        exif[0x0112] = number
        turn = TURNS.get(number, TURNS[1])
        for mode, values in (("RGB", PICTURE), ("L", GREY)):
            for suffix, kind, options, atol in (
                ("jpg", "JPEG", {"quality": 98, "subsampling": 0}, 5),
                ("png", "PNG", {}, 0),
                ("tif", "TIFF", {}, 0),
                ("webp", "WEBP", {"lossless": True}, 0),
            ):
                data = saved(kind, values, exif=exif, **options)
                yield Case("EXIF", f"{mode} {number}.{suffix}", data, turn(rgb(values)), atol)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(samples: np.ndarray, depth: int, kind: int, *chunks: bytes, interlaced=False) -> bytes:
    """A PNG of any depth, by its specification; samples (height, width, channels)."""
    height, width, _ = samples.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
        passes += [(0, 1, 2, 2), (1, 0, 2, 1)]
    rows = []
    for top, left, down, right in passes:
        for row in samples[top::down, left::right]:
            bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
            rows.append(b"\0" + np.packbits(bits.astype(np.uint8)).tobytes())
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    body = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + b"".join([chunk(b"IHDR", header), *chunks, body, IEND])


IEND = chunk(b"IEND", b"")


def deep_and_shallow():
    palette = np.random.default_rng(0).integers(0, 256, (256, 3))
    for interlaced in (False, True):
        for depth in (1, 2, 4, 8, 16):
            white = 2**depth - 1
            grey = (DEEP // 2 ** (16 - depth)).astype(int)[..., None]
            colour = np.rint(PICTURE / 255 * white).astype(int)
            alpha = grey[::-1]
            odd = "interlaced " * interlaced + f"{depth} bits"
            kinds = {"grey": (0, grey)}
            if depth >= 8:
                kinds |= {
                    "RGB": (2, colour),
                    "LA": (4, np.dstack([grey, alpha])),
                    "RGBA": (6, np.dstack([colour, alpha])),
                }
            for name, (number, samples) in kinds.items():
                shows = rgb(samples[..., 0] if samples.shape[2] < 3 else samples)
                shows = np.rint(shows * (255 / white)).astype(np.uint8)
                data = png(samples, depth, number, interlaced=interlaced)
                yield Case("depth", f"{name} {odd}.png", data, shows, int(depth == 16))
            if depth <= 8:
                table = chunk(b"PLTE", palette[: white + 1].astype(np.uint8).tobytes())
                for clear in ([], [chunk(b"tRNS", bytes([0, 99]))]):
                    name = f"palette {odd}{' transparent' * bool(clear)}.png"
                    data = png(grey, depth, 3, table, *clear, interlaced=interlaced)
                    yield Case("depth", name, data, palette[grey[..., 0]].astype(np.uint8))


def tiffs():
    colour = PICTURE.astype(np.uint16) * 257 + 1  # no multiple, so that clipping shows
    colour[0, 0] = 65535
    rounded = np.rint(colour / 257).astype(np.uint8)
    deep = np.rint(DEEP / 257).astype(np.uint8)
    for order in "<>":
        for way in ({}, {"compression": "zlib"}, {"tile": (16, 16)}, {"bigtiff": True}):
            options = {"byteorder": order, **way}
            odd = " ".join(map(str, [order, *way.items()]))
            for name, values, shows in (
                ("RGB 8", PICTURE, PICTURE),
                ("RGB 16", colour, rounded),
                ("grey 8", GREY, rgb(GREY)),
                ("grey 16", DEEP, rgb(deep)),
                ("float to 1", (DEEP / 65535).astype(np.float32), rgb(deep)),
                ("float to 255", (DEEP / 257).astype(np.float32), rgb(deep)),
                ("int32", DEEP.astype(np.int32), rgb(deep)),
            ):
                space = "rgb" if values.ndim == 3 else "minisblack"
                data = tiff(values, photometric=space, **options)
                atol = 1 if values is colour else 0
                # Tiles, floats and integers in some orders are beyond Pillow.
                yield Case("TIFF", f"{name} {odd}.tif", data, shows, atol, or_refused=True)
    planes = np.moveaxis(PICTURE, 2, 0)
    data = tiff(planes, photometric="rgb", planarconfig="separate")
    yield Case("TIFF", "planes.tif", data, PICTURE)
    data = tiff(255 - GREY, photometric="miniswhite")
    yield Case("TIFF", "0 is white.tif", data, rgb(GREY))
    for name, values in (
        ("float RGB", PICTURE / np.float32(255)),
        ("double", DEEP / 65535),
        ("complex", DEEP.astype(complex)),
        ("nan", np.full((4, 4), np.nan, np.float32)),
        ("inf", np.array([[0, 1, np.inf]], np.float32)),
        ("below black", np.array([[-300, 0, 255]], np.int32)),
    ):
        space = "rgb" if values.ndim == 3 else "minisblack"
        yield Case("TIFF", f"{name}.tif", tiff(values, photometric=space))


def printed():
    """CMYK, of which ink is the rest to white."""
    ink = np.dstack([255 - PICTURE, np.full_like(GREY, 60)])
    shows = np.rint((255.0 - ink[..., :3]) * (255 - 60) / 255).astype(np.uint8)
    image = Image.frombytes("CMYK", (56, 40), ink.tobytes())
    yield Case("CMYK", "cmyk.jpg", saved("JPEG", image, quality=98), shows, 9)
    yield Case("CMYK", "cmyk.tif", saved("TIFF", image), shows, 1)
    yield Case("CMYK", "lzw.tif", saved("TIFF", image, compression="tiff_lzw"), shows, 1)
    turned = Image.Exif()
    turned[0x0112] = 8
    yield Case(
        "CMYK", "turned.jpg", saved("JPEG", image, quality=98, exif=turned), np.rot90(shows), 9
    )


def animated():
    yield Case("animated", "moving.gif", stacked("GIF"), FEW)
    yield Case("animated", "moving.png", stacked("PNG"), FEW)
    yield Case("animated", "moving.webp", stacked("WEBP", lossless=True), FEW)
    yield Case("animated", "pages.tif", stacked("TIFF"), FEW)
    yield Case("animated", "several.jpg", stacked("MPO", quality=98), FEW, 60)


def profiled():
    """With a profile in which red and green have changed places; and with none that is one."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    mine = srgb.replace(b"rXYZ", b"tmp1", 1).replace(b"gXYZ", b"rXYZ", 1)
    mine = mine.replace(b"tmp1", b"gXYZ", 1).replace(b"s\0R\0G\0B", b"m\0i\0n\0e")
    ways = {"png": ("PNG", {}), "tif": ("TIFF", {}), "webp": ("WEBP", {"lossless": True})}
    ways["jpg"] = ("JPEG", {"quality": 98, "subsampling": 0})
    for suffix, (kind, options) in ways.items():
        atol = 9 if suffix == "jpg" else 2
        data = saved(kind, icc_profile=mine, **options)
        yield Case("profile", f"mine.{suffix}", data, PICTURE[..., [1, 0, 2]], atol)
        data = saved(kind, icc_profile=srgb[:200], **options)
        yield Case("profile", f"damaged.{suffix}", data, PICTURE, atol)


NAMES = [
    "사진 한 장", "写真", "صورة", "🐈‍⬛", "e\u0301te\u0301", "two\nlines", "tab\there",
    "  blanks  ",
    "100% 'quoted' \"twice\" `x` $HOME {x} {} %s", "-rf", "a\\b", "..png", "dots...", "#1 [x] *?",
    "right\u202eto left", "bell\a", "\udcff\udcfe", "n" * 250, "가" * 83, "CON", "a.png.jpg.exe",
]  # fmt: skip


def named():
    for name in NAMES:
        end = "" if len(os.fsencode(name)) > 245 else ".png"
        yield Case("odd name", name + end, saved("PNG"), PICTURE)
        yield Case("odd name", f"{name[1:]}{end}", saved("PNG")[:60])


# What is damaged


def reference(data: bytes) -> np.ndarray | None:
    """What Pillow has of a file, made RGB and turned by formulas; None where it refuses it."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            values = np.asarray(image)
            number = image.getexif().get(0x0112, 1)
    except Exception:
        return None
    if image.mode == "P":
        table = np.zeros((256, 3), np.uint8)
        own = np.reshape(image.getpalette("RGB"), (-1, 3))
        table[: len(own)] = own
        values = table[values]
    elif image.mode == "CMYK":
        values = np.rint((255.0 - values[..., :3]) * (255.0 - values[..., 3:]) / 255)
    elif image.mode == "1":
        values = 255 * values.astype(np.uint8)
    elif image.mode in ("LA", "La"):
        values = values[..., 0]
    elif image.mode == "I;16":
        values = np.rint(values / 257)
    elif image.mode not in ("RGB", "RGBA", "L"):
        values = np.asarray(image.convert("RGB"))
    return TURNS.get(number, TURNS[1])(rgb(values.astype(np.uint8)))


def cut(rng, data):
    return data[: rng.integers(1, len(data))]


def flip(rng, data):
    at = rng.integers(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.integers(8)]) + data[at + 1 :]


def flip_in_header(rng, data):
    return flip(rng, data[:200]) + data[200:]


def replace(rng, data):
    at = rng.integers(len(data))
    return data[:at] + rng.bytes(4) + data[at + 4 :]


def blank(rng, data):
    at = rng.integers(len(data))
    return data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :]


def lose(rng, data):
    at = rng.integers(len(data))
    return data[:at] + data[at + rng.integers(1, 64) :]


def double(rng, data):
    at = rng.integers(len(data))
    return data[: at + 64] + data[at:]


def append(rng, data):
    return data + rng.bytes(rng.integers(1, 300))


DAMAGES = {
    cut: 30,
    flip: 25,
    flip_in_header: 12,
    replace: 8,
    blank: 8,
    lose: 8,
    double: 4,
    append: 4,
}


def damaged():
    rng = np.random.default_rng(0)
    for name, (suffix, data, *_) in FORMATS.items():
        whole = reference(data)
        for damage, count in DAMAGES.items():
            for i in range(count):
                hurt = damage(rng, data)
                kind = damage.__name__.replace("_", " ")
                # What is cut off shows the same or nothing; of a PNG its sums tell.
                same = damage in (cut, append) or suffix.lower() == "png"
                shows = whole if same else AS_PILLOW_HAS_IT
                yield Case(kind, f"{name} {kind} {i}.{suffix}", hurt, shows, or_refused=True)


def no_images():
    rng = np.random.default_rng(1)
    yield Case("no image", "empty.png", b"")
    yield Case("no image", "zeros.jpg", bytes(5000))
    yield Case("no image", "page.png", b"<!DOCTYPE html><html><body>Sign in</body></html>")
    yield Case("no image", "lfs.png", b"version https://git-lfs.github.com/spec/v1\nsize 9\n")
    yield Case("no image", "phone.heic", b"\0\0\0\x18ftypheic" + bytes(99))
    for i in range(60):
        yield Case("no image", f"noise {i}.jpg", rng.bytes(rng.integers(1, 3000)))


# What wants more than there is


def bomb(width: int, height: int, depth=8, kind=2, *chunks) -> bytes:
    """A PNG of black pixels, all there."""
    channels = {0: 1, 2: 3, 3: 1}[kind]
    packer = zlib.compressobj(1)
    row = bytes(1 + width * channels * depth // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join([header, *chunks, chunk(b"IDAT", body), IEND])


def claiming(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + saved("PNG")[33:]


def sparse(path: Path, begins: bytes, size: int) -> None:
    path.write_bytes(begins)
    os.truncate(path, size)


def too_large():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = chunk(b"eXIf", exif.tobytes()[6:])
    # All but too large: what they take is measured.
    yield Case("bomb", "turned.png", bomb(10_500, 10_500, 8, 2, turned), np.zeros((11, 11, 3)))
    yield Case("bomb", "deep.png", bomb(8000, 8000, 16, 0), np.zeros((8, 8, 3)))
    for size in (
        (13_000, 13_000),
        (30_000, 30_000),
        (2**31 - 1, 2**31 - 1),
        (2**31 - 1, 1),
        (0, 9),
    ):
        yield Case("bomb", f"claims {size[0]} {size[1]}.png", claiming(*size))
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 * 10**6), 1))
    yield Case("bomb", "text.png", saved("PNG")[:33] + text + saved("PNG")[33:])
    jpeg, webp, jp2 = (FORMATS[kind][1] for kind in ("JPEG", "lossless WebP", "JPEG 2000"))
    at = jpeg.index(b"\xff\xc0") + 5
    yield Case("bomb", "claims.jpg", jpeg[:at] + b"\xff\xdc\xff\xdc" + jpeg[at + 4 :])
    yield Case("bomb", "claims.gif", FORMATS["GIF"][1][:6] + b"\xff" * 4 + FORMATS["GIF"][1][10:])
    at = webp.index(b"VP8L") + 9
    yield Case("bomb", "claims.webp", webp[:at] + b"\xff\xff\xff\x0f" + webp[at + 4 :])
    at = jp2.index(b"ihdr") + 4
    large = struct.pack(">II", 9000, 9000)
    siz = jp2.index(b"\xff\x51") + 6
    jp2 = jp2[:at] + large + jp2[at + 8 : siz] + large + jp2[siz + 8 :]
    yield Case("bomb", "claims.jp2", jp2)
    tif = tiff(PICTURE, photometric="rgb", byteorder="<")
    for tag, size in ((256, 56), (257, 40)):
        entry = struct.pack("<HHI", tag, 4, 1)
        tif = tif.replace(entry + struct.pack("<I", size), entry + struct.pack("<I", 60_000))
    yield Case("bomb", "claims.tif", tif)
    bmp = bytearray(FORMATS["BMP"][1])
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    yield Case("bomb", "claims.bmp", bytes(bmp))
    yield Case("bomb", "claims.ppm", b"P6\n90000 90000\n255\n" + bytes(99))
    for name, begins in (
        ("jpg", jpeg),
        ("png", saved("PNG")),
        ("tif", b"II*\0"),
        ("dat", jpeg[:20]),
    ):
        yield Case(
            "bomb", f"sparse.{name}", functools.partial(sparse, begins=begins, size=5 * 10**9)
        )


# What is no file


def listen(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def link(path: Path, to: str) -> None:
    path.symlink_to(to)


def no_files():
    yield Case("no file", "folder.png", Path.mkdir)
    yield Case("no file", "pipe.png", os.mkfifo)
    yield Case("no file", "socket.png", listen)
    yield Case("no file", "endless.png", functools.partial(link, to="/dev/zero"))
    yield Case("no file", "dangling.png", functools.partial(link, to="nowhere.png"))
    yield Case("no file", "loop.png", functools.partial(link, to="loop.png"))
    yield Case("no file", "round a.png", functools.partial(link, to="round b.png"))
    yield Case("no file", "round b.png", functools.partial(link, to="round a.png"))
    yield Case("no file", "to folder.png", functools.partial(link, to="folder.png"))
    yield Case("no file", "to pipe.png", functools.partial(link, to="pipe.png"))
    yield Case("no file", "through.png/a.png", functools.partial(through))
    yield Case("link", "beside.png", functools.partial(link, to="PNG.png"), PICTURE)
    yield Case("link", "outside.png", functools.partial(link, to="../../outside.png"), PICTURE)
    yield Case("link", "chain.png", functools.partial(link, to="beside.png"), PICTURE)
    if os.geteuid():
        yield Case("no file", "forbidden.png", forbid)


def through(path: Path) -> None:
    """A file in the place of a folder."""
    path.parent.write_bytes(saved("PNG"))


def forbid(path: Path) -> None:
    path.write_bytes(saved("PNG"))
    path.chmod(0)


PARTS = (intact, turned, deep_and_shallow, tiffs, printed, animated, profiled, named)
PARTS += (damaged, no_images, too_large, no_files)
