"""Stage, light, camera and rendering for the image set.

The picture is composed along +y: walls and table edges stand behind the object at +y and the
camera looks roughly that way. The object's heading varies instead.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector
from PIL import Image

from blender import geometry as geo
from blender.nodes import Nodes, linear
from blender.solids import rectangle
from stage import materials as mat
from stage import surroundings as sur

SENSOR = 36.0  # mm
HDRIS = ("city", "courtyard", "forest", "interior", "studio", "sunrise", "sunset", "night")
HDRI_ODDS = np.array([0.15, 0.14, 0.16, 0.2, 0.11, 0.11, 0.11, 0.02])
# White of common lamps, sRGB.
LAMPS = {"window": "#f4f6ff", "warm lamp": "#ffcf94", "bulb": "#ffdfb8", "led": "#ffffff"}


@dataclass
class Stage:
    """What was built round the object."""

    setting: str
    hdri: str
    surface: str
    wall: str = ""
    lamp: str = ""
    key: float = 0.2
    clutter: list[bpy.types.Object] = field(default_factory=list)
    outdoors: bool = False

    def describe(self) -> str:
        """One line for the manifest."""
        parts = [self.setting, self.surface, self.wall, f"{self.hdri} light", self.lamp]
        return ", ".join(p for p in parts if p)


def reset() -> None:
    """Empty the file and set up Cycles."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.06
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "FAST"
    cycles.max_bounces = 7
    cycles.diffuse_bounces = 3
    cycles.glossy_bounces = 4
    cycles.transmission_bounces = 7
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 6.0
    cycles.blur_glossy = 0.5
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


# --- surroundings ---------------------------------------------------------------------------


def build_stage(
    rng: np.random.Generator,
    target_radius: float,
    targets: Sequence[bpy.types.Object],
) -> Stage:
    """Build environment, ground, wall and extra light for an object at the origin.

    Parameters
    ----------
    target_radius : float
        Radius in metres of the object seen from above.
    targets : sequence of objects
        The object itself, so that grass can be kept from growing through it.
    """
    setting = rng.choice(["table", "floor", "grass", "studio"], p=[0.5, 0.2, 0.08, 0.22])
    odds = HDRI_ODDS.copy()
    if setting == "studio":
        odds[HDRIS.index("studio")] += 0.2
    if setting == "grass":
        odds[[HDRIS.index("interior"), HDRIS.index("studio")]] = 0
    hdri = str(rng.choice(HDRIS, p=odds / odds.sum()))
    key = float(np.exp(rng.uniform(np.log(0.15), np.log(0.27))))
    stage = Stage(str(setting), hdri, "", key=key)
    _world(rng, hdri)
    {"table": _table, "floor": _floor, "grass": _lawn, "studio": _sweep}[setting](
        rng, stage, target_radius, targets
    )
    if rng.random() < (0.85 if hdri in ("night", "studio") else 0.5):
        stage.lamp = _lamp(rng, target_radius)
    return stage


def _world(rng: np.random.Generator, hdri: str) -> None:
    """Light the scene by an HDRI turned at random, its upper half normalised to radiance 1.

    Its cast is partly removed, as a phone's white balance does.
    """
    folder = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
    image = bpy.data.images.load(str(folder / f"{hdri}.exr"))
    pixels = _pixels(image)
    height, width, _ = pixels.shape
    upper = pixels[height // 2 :]
    weight = np.cos((np.arange(height // 2) + 0.5) / height * np.pi)[:, None, None]
    mean = (upper * weight).sum((0, 1)) / (weight.sum() * width)
    tint = mean / mean.mean()
    gain = tint ** -rng.uniform(0.6, 1.0) / mean.mean() * rng.normal(1, 0.025, 3)
    bpy.context.scene.world = bpy.data.worlds.new("world")
    g = Nodes(bpy.context.scene.world)
    g.nodes.clear()
    direction = g.add("TexCoord", out="Generated")
    turn = {"Vector": direction, "Rotation": (0, 0, rng.uniform(0, 2 * np.pi))}
    sky = g.add("TexEnvironment", {"Vector": g.add("Mapping", turn)}, image=image)
    light = g.add("VectorMath", {0: sky, 1: gain}, operation="MULTIPLY")
    output = g.nodes.new("ShaderNodeOutputWorld")
    g.set(output.inputs["Surface"], g.add("Background", {"Color": light}))


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """Linear RGB of an image, float32 (h, w, 3), the lowest row first."""
    width, height = image.size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, -1)[..., :3]


def _plane(width: float, depth: float, centre, name: str) -> bpy.types.Object:
    corners = [(x, y, 0) for x, y in rectangle(width / 2, depth / 2)]
    return geo.place(geo.mesh_object(corners, [range(4)], name), centre)


def _pick(rng: np.random.Generator, table: dict) -> str:
    return list(table)[rng.integers(len(table))]


def _table(rng, stage: Stage, radius: float, targets) -> None:
    stage.surface = _pick(rng, sur.TABLES)
    width, depth, thick = rng.uniform(1.1, 2.0), rng.uniform(0.6, 1.0), rng.uniform(0.018, 0.04)
    behind = rng.uniform(0.25, 0.6) * depth
    top = geo.bevelled_box((width, depth, thick), 0.003, "table")
    geo.place(top, (rng.uniform(-0.25, 0.25) * width, behind - depth / 2, -thick / 2))
    geo.dress(top, sur.TABLES[stage.surface](rng))
    ground = _plane(12, 12, (0, 0, -0.74), "floor")
    geo.dress(ground, sur.FLOORS[_pick(rng, sur.FLOORS)](rng))
    if rng.random() < 0.55:
        _wall(rng, stage, behind + (0.01 if rng.random() < 0.6 else rng.uniform(0.3, 2)), -0.74)


def _wall(rng, stage: Stage, y: float, z: float) -> None:
    stage.wall = _pick(rng, sur.WALLS) + " wall"
    corners = [(-4, 0, 0), (4, 0, 0), (4, 0, 2.6), (-4, 0, 2.6)]
    wall = geo.place(geo.mesh_object(corners, [range(4)], "wall"), (0, y, z))
    geo.dress(wall, sur.WALLS[stage.wall.removesuffix(" wall")](rng))


def _floor(rng, stage: Stage, radius: float, targets) -> None:
    stage.surface = _pick(rng, sur.FLOORS)
    stage.outdoors = stage.surface in ("paving", "soil", "concrete")
    ground = _plane(60, 60, (0, 0, 0), "ground")
    geo.dress(ground, sur.FLOORS[stage.surface](rng))
    if rng.random() < (0.2 if stage.outdoors else 0.6):
        _wall(rng, stage, radius * 1.3 + rng.uniform(0.05, 1.5), 0.0)


def _lawn(rng, stage: Stage, radius: float, targets) -> None:
    stage.surface, stage.setting, stage.outdoors = "", "grass", True
    ground = _plane(60, 60, (0, 0, -0.001), "ground")
    geo.dress(ground, sur.soil(rng, ("#4a4a26", "#55512c", "#3f4a22")[rng.integers(3)]))
    sur.grass(rng, radius, geo.world_vertices(*targets)[:, :2])


def _sweep(rng, stage: Stage, radius: float, targets) -> None:
    """A seamless paper sweep, mostly white or grey, as in a catalogue."""
    tones = ["white", "grey", "black", "coloured"]
    stage.surface = str(rng.choice(tones, p=[0.5, 0.22, 0.08, 0.2]))
    tone = {
        "white": (rng.uniform(0.9, 0.97),) * 3,
        "grey": (rng.uniform(0.45, 0.75),) * 3,
        "black": (rng.uniform(0.08, 0.2),) * 3,
        "coloured": mat.muted_colour(rng),
    }[stage.surface]
    if stage.surface == "white":
        stage.key = float(rng.uniform(0.42, 0.62))
    elif stage.surface == "black":
        stage.key = float(rng.uniform(0.06, 0.12))
    size = max(0.4, 5 * radius)
    bend = size * rng.uniform(0.4, 0.8)
    back = size * rng.uniform(0.5, 1.2)
    a = np.linspace(0, np.pi / 2, 16)
    y = np.r_[-4 * size, back + bend * np.sin(a), back + bend]
    z = np.r_[0, bend - bend * np.cos(a), 5 * size]
    half = 5 * size
    vertices = [(x, yy, zz) for yy, zz in zip(y, z, strict=True) for x in (-half, half)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(y) - 1)]
    sweep = geo.mesh_object(vertices, faces, "sweep")
    geo.dress(sweep, mat.paper(rng, tone, wear=0.0, gloss=rng.uniform(0, 0.5)))
    stage.surface += " sweep"


def _area_light(position, aim, side: float, irradiance: float, colour: str) -> None:
    """Square lamp; `irradiance` at `aim` in units where the sky's radiance is about 1."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.size = side
    distance = float(np.linalg.norm(np.subtract(position, aim)))
    light.energy = irradiance * math.pi * distance**2
    light.color = linear(colour)[:3]
    obj = geo.new_object("lamp", light)
    obj.location = position
    obj.rotation_euler = Vector(np.subtract(aim, position)).to_track_quat("-Z", "Y").to_euler()


def _lamp(rng: np.random.Generator, radius: float) -> str:
    name = str(rng.choice(list(LAMPS)))
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(20, 75))
    distance = rng.uniform(5, 14) * radius
    level = np.cos(elevation)
    direction = np.array([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)])
    size = {"window": 0.7, "warm lamp": 0.15, "bulb": 0.08, "led": 0.25}[name] * distance
    strength = np.exp(rng.uniform(np.log(1.0), np.log(9.0)))
    _area_light(direction * distance, (0, 0, 0), size, strength, LAMPS[name])
    return name


def add_clutter(rng: np.random.Generator, radius: float, stage: Stage) -> None:
    """Put 0 to 5 everyday things round the object."""
    if stage.setting == "studio" and rng.random() < 0.7:
        return
    fitting = [
        name
        for name, (_, r) in sur.CLUTTER.items()
        if 0.12 * radius < r < 4.5 * radius and (name in sur.OUTDOOR or not stage.outdoors)
    ]
    if not fitting:
        return
    taken = [(0.0, 0.0, radius)]
    for _ in range(int(rng.choice([0, 1, 2, 3, 4, 5], p=[0.2, 0.22, 0.22, 0.18, 0.1, 0.08]))):
        name = str(rng.choice(fitting))
        build, size = sur.CLUTTER[name]
        for _attempt in range(12):
            angle = rng.uniform(0, 2 * np.pi)
            reach = (radius + size) * rng.uniform(0.95, 1.3) + rng.uniform(0, 1.2) * radius
            x, y = reach * np.cos(angle), reach * np.sin(angle)
            if all(math.hypot(x - a, y - b) > 0.9 * (size + r) for a, b, r in taken):
                thing = build(rng)
                spin = Matrix.Rotation(rng.uniform(0, 2 * np.pi), 4, "Z")
                geo.move_all([thing], Matrix.Translation((x, y, 0)) @ spin)
                geo.rest_on_ground(thing)
                stage.clutter.append(thing)
                taken.append((x, y, size))
                break


# --- camera ---------------------------------------------------------------------------------


def place_camera(
    rng: np.random.Generator,
    targets: Sequence[bpy.types.Object],
    stage: Stage,
    elevation: tuple[float, float],
) -> str:
    """Aim a camera at the object; return lens, stop and direction as text.

    `elevation` limits the camera's height in degrees; flat things are never seen edge-on.
    """
    points = geo.world_vertices(*targets)
    low, high = points.min(0), points.max(0)
    centre = (low + high) / 2
    flat = (high - low)[2] / max((high - low)[:2].max(), 1e-6)
    style = rng.random()
    height = rng.uniform(18, 50) if style < 0.72 else rng.uniform(50, 68)
    if style > 0.9:
        height = rng.uniform(9, 18)
    if flat < 0.25:  # flat things are photographed from higher up
        height = 28 + 0.85 * height
    height = float(np.clip(height, *elevation))
    azimuth = float(np.clip(rng.normal(0, 30), -65, 65))
    lens = float(rng.choice([26, 28, 35, 50, 70, 85]))
    steep = rng.random() < 0.15
    roll = rng.normal(0, 14 if steep else 4)
    el, az = np.radians(height), np.radians(azimuth)
    direction = np.array([np.sin(az) * np.cos(el), -np.cos(az) * np.cos(el), np.sin(el)])
    turn = Vector(-direction).to_track_quat("-Z", "Y")
    turn = turn @ Quaternion((0, 0, 1), float(np.radians(roll)))
    fill = rng.uniform(0.54, 0.9)

    rotation = np.array(turn.to_matrix())
    local = (points - centre) @ rotation
    distance = _distance(local, lens, fill)
    frame = _project(local, lens, distance)
    box_low, box_high = frame.min(0), frame.max(0)
    slack = np.maximum(1 - (box_high - box_low), 0) / 2
    offset = rng.uniform(-0.75, 0.75, 2) * slack
    if rng.random() < 0.06:  # cut a little off one side
        axis = rng.integers(2)
        offset[axis] = rng.choice([-1, 1]) * (slack[axis] + 0.05 * (box_high - box_low)[axis])
    shift = (box_low + box_high) / 2 - offset

    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width = lens, SENSOR
    data.clip_start = 0.001
    data.shift_x, data.shift_y = float(shift[0]), float(shift[1])
    reach = max(float(local[:, 2].max()), 1e-4)
    focus = distance - 0.4 * reach
    stop = _f_stop(rng, lens, focus, reach)
    data.dof.use_dof = True
    data.dof.focus_distance = focus
    data.dof.aperture_fstop = stop
    camera = geo.new_object("camera", data)
    camera.location = centre + direction * distance
    camera.rotation_euler = turn.to_euler()
    bpy.context.scene.camera = camera

    if rng.random() < 0.07:
        where = np.array(camera.location) + np.array([0, 0, 0.08 * distance])
        _area_light(where, centre, 0.03 * distance, rng.uniform(3, 7), "#ffffff")
        stage.lamp = "flash"
    _clear_view(rng, stage, targets, np.array(camera.location), distance)
    return f"{lens:.0f} mm f/{stop:.1f} el {height:.0f}° az {azimuth:.0f}°"


def _project(local: np.ndarray, lens: float, distance: float) -> np.ndarray:
    """Image coordinates in frame widths, 0 at the centre."""
    return local[:, :2] / (distance - local[:, 2:3]) * lens / SENSOR


def _distance(local: np.ndarray, lens: float, fill: float) -> float:
    """Camera distance in metres at which the object spans `fill` of the frame."""
    low = float(local[:, 2].max()) * 1.05 + 1e-4
    high = 100.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        span = np.ptp(_project(local, lens, middle), axis=0).max()
        low, high = (middle, high) if span > fill else (low, middle)
    return high


def _f_stop(rng, lens: float, focus: float, reach: float) -> float:
    """F-number that blurs the object's far side by 0.1 to 0.7 % of the frame."""
    blur = np.exp(rng.uniform(np.log(0.0008), np.log(0.006)))
    f, depth = lens / 1000, 1.2 * reach
    stop = f * f * depth / (max(focus - f, 0.2 * focus) * (focus + depth) * blur * SENSOR / 1000)
    return float(np.clip(stop, 1.4, 90))


def _clear_view(rng, stage: Stage, targets, eye: np.ndarray, distance: float) -> None:
    """Remove clutter that hides more of the object than a little, or sits in the lens."""
    allowed = rng.uniform(0.05, 0.25) if rng.random() < 0.2 else 0.01
    for thing in list(stage.clutter):
        cloud = geo.world_vertices(thing)
        if np.linalg.norm(cloud - eye, axis=1).min() < 0.3 * distance:
            _remove(stage, thing)
    points = geo.world_vertices(*targets)
    points = points[rng.choice(len(points), min(250, len(points)), replace=False)]
    while stage.clutter:
        hidden: dict[str, int] = {}
        graph = bpy.context.evaluated_depsgraph_get()
        clutter = {t.name for t in stage.clutter}
        for p in points:
            ray = Vector(p - eye)
            hit, _, _, _, obj, _ = bpy.context.scene.ray_cast(
                graph, Vector(eye), ray.normalized(), distance=ray.length * 0.999
            )
            if hit and obj.name in clutter:
                hidden[obj.name] = hidden.get(obj.name, 0) + 1
        if sum(hidden.values()) <= allowed * len(points):
            return
        worst = max(hidden, key=hidden.get)
        _remove(stage, next(t for t in stage.clutter if t.name == worst))


def _remove(stage: Stage, thing: bpy.types.Object) -> None:
    stage.clutter.remove(thing)
    bpy.data.objects.remove(thing, do_unlink=True)
    bpy.context.view_layer.update()


# --- rendering --------------------------------------------------------------------------------


def render(
    path_jpg: Path,
    path_mask: Path,
    targets: Sequence[bpy.types.Object],
    rng: np.random.Generator,
    *,
    size: int,
    samples: int,
    key: float,
    threads: int,
) -> None:
    """Render photograph and mask.

    The exposure is set afterwards from the picture itself, as a camera does: `key` is the mean
    (log) luminance aimed at. A little sensor noise is added. Both files appear complete or not
    at all.
    """
    scene = bpy.context.scene
    settings = scene.render
    settings.resolution_x = settings.resolution_y = size
    settings.resolution_percentage = 100
    if threads:
        settings.threads_mode, settings.threads = "FIXED", threads
    scene.cycles.samples = samples
    scene.cycles.seed = int(rng.integers(2**31))
    with tempfile.TemporaryDirectory() as folder:
        raw = os.path.join(folder, "raw.exr")
        _render_to(raw, "OPEN_EXR", "32")
        photo = _sensor(_stretch(_develop(raw, folder, key)), rng)
        mask = _mask(folder, targets)
    _write(Image.fromarray(mask), path_mask, format="PNG", optimize=True)
    _write(Image.fromarray(photo), path_jpg, format="JPEG", quality=92)


def _write(image: Image.Image, path: Path, **options) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    image.save(part, **options)
    part.replace(path)


def _render_to(path: str, file_format: str, depth: str) -> None:
    settings = bpy.context.scene.render
    settings.image_settings.file_format = file_format
    settings.image_settings.color_mode = "RGB"
    settings.image_settings.color_depth = depth
    settings.filepath = path
    bpy.ops.render.render(write_still=True)


def _develop(raw: str, folder: str, key: float) -> np.ndarray:
    """Expose a linear picture and apply the view transform; (h, w, 3) uint8."""
    scene = bpy.context.scene
    image = bpy.data.images.load(raw)
    light = _pixels(image) @ np.array([0.2126, 0.7152, 0.0722])
    height, width = light.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    weight = np.exp(-(x**2 + y**2))
    mean = np.exp((np.log(np.maximum(light, 1e-4)) * weight).sum() / weight.sum())
    gain = min(key / mean, 3.5 / np.quantile(light, 0.97))
    scene.view_settings.exposure = float(np.log2(gain))
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_depth = "8"
    developed = os.path.join(folder, "developed.png")
    image.save_render(developed, scene=scene)
    with Image.open(developed) as picture:
        return np.asarray(picture.convert("RGB"))


def _stretch(photo: np.ndarray) -> np.ndarray:
    """Move black and white points part of the way to the ends, as a phone does."""
    light = photo @ np.array([0.299, 0.587, 0.114])
    low, high = np.quantile(light, [0.01, 0.995])
    black = 0.4 * low + 0.6 * min(low, 14.0)
    white = 0.4 * high + 0.6 * max(high, 238.0)
    gain = min((white - black) / max(high - low, 1.0), 1.4)
    return black + (photo - low) * gain


def _sensor(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the noise of a small sensor."""
    sigma = np.exp(rng.uniform(np.log(0.8), np.log(3.5)))
    shared = rng.normal(0, sigma, photo.shape[:2])[..., None]
    noise = shared + rng.normal(0, 0.4 * sigma, photo.shape)
    return np.clip(np.rint(photo + noise), 0, 255).astype(np.uint8)


def _mask(folder: str, targets: Sequence[bpy.types.Object]) -> np.ndarray:
    """Render the object white and everything else black; (h, w) uint8 of 0 and 1."""
    scene = bpy.context.scene
    white, black = mat.emission("#ffffff", 1.0), mat.emission("#000000", 0.0)
    names = {obj.name for obj in targets}
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            obj.data = obj.data if obj.data.users == 1 or obj.name not in names else obj.data.copy()
    for obj in bpy.data.objects:
        if obj.type == "MESH":
            obj.data.materials.clear()
            geo.dress(obj, white if obj.name in names else black)
    scene.world = None
    cycles = scene.cycles
    cycles.use_denoising = False
    cycles.use_adaptive_sampling = False
    cycles.samples = 8
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.view_settings.exposure = 0.0
    path = os.path.join(folder, "mask.png")
    _render_to(path, "PNG", "8")
    with Image.open(path) as picture:
        return (np.asarray(picture.convert("L")) > 127).astype(np.uint8)
