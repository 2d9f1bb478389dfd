"""Mesh helpers for the rendered image set. All lengths are metres."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector


def mesh_object(
    vertices: Sequence | np.ndarray,
    faces: Sequence[Sequence[int]],
    name: str,
    *,
    smooth: bool = True,
) -> bpy.types.Object:
    """Make an object from vertices (n, 3) in metres and faces (tuples of vertex indices)."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(map(float, v)) for v in vertices], [], [tuple(f) for f in faces])
    mesh.validate()
    bm = bmesh.new()
    bm.from_mesh(mesh)
    bmesh.ops.remove_doubles(bm, verts=bm.verts, dist=1e-7)
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    bm.to_mesh(mesh)
    bm.free()
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    if smooth:
        shade_smooth(obj)
    return obj


def shade_smooth(obj: bpy.types.Object, angle: float = 40.0) -> bpy.types.Object:
    """Shade smooth, but keep edges sharper than `angle` degrees sharp."""
    mesh = obj.data
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=np.radians(angle))
    return obj


def surface(
    point: Callable[[np.ndarray, np.ndarray], np.ndarray],
    u: np.ndarray,
    v: np.ndarray,
    name: str,
    *,
    closed_u: bool = False,
) -> bpy.types.Object:
    """Make a grid surface.

    Parameters
    ----------
    point : callable
        Takes `u` and `v` as (len(u), len(v)) arrays, returns (len(u), len(v), 3) metres.
    u, v : ndarray, 1-D
        Parameter values. With `closed_u` the last row joins the first (do not repeat it).
    """
    uu, vv = np.meshgrid(u, v, indexing="ij")
    vertices = np.asarray(point(uu, vv)).reshape(-1, 3)
    rows, columns = len(u), len(v)
    faces = []
    for i in range(rows if closed_u else rows - 1):
        k = (i + 1) % rows
        for j in range(columns - 1):
            faces.append(
                (i * columns + j, k * columns + j, k * columns + j + 1, i * columns + j + 1)
            )
    return mesh_object(vertices, faces, name)


def lathe(
    profile: Sequence[tuple[float, float]], segments: int = 64, name: str = "lathe"
) -> bpy.types.Object:
    """Revolve a list of (radius, z) points about the z axis; a radius of 0 closes the end."""
    profile = np.asarray(profile, float)
    angle = np.arange(segments) * 2 * np.pi / segments
    index = np.arange(len(profile))

    def point(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, z = profile[v.astype(int), 0], profile[v.astype(int), 1]
        return np.stack([radius * np.cos(u), radius * np.sin(u), z], axis=-1)

    return surface(point, angle, index, name, closed_u=True)


def smooth_profile(points: Sequence[tuple[float, float]], n: int = 60) -> list[tuple]:
    """Interpolate 2-D points by a Catmull-Rom spline, `n` points in all."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, len(p) - 3 - 1e-9, n)
    i = t.astype(int)
    f = (t - i)[:, None]
    p0, p1, p2, p3 = p[i], p[i + 1], p[i + 2], p[i + 3]
    q = 0.5 * (
        2 * p1
        + (p2 - p0) * f
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * f**2
        + (3 * p1 - p0 - 3 * p2 + p3) * f**3
    )
    return [tuple(row) for row in q]


def bevelled_box(
    size: float | Sequence[float], bevel: float, name: str = "box", segments: int = 4
) -> bpy.types.Object:
    """Make a box with rounded edges, centred on the origin; `size` is one edge or three."""
    size = np.broadcast_to(np.asarray(size, float), (3,))
    bm = bmesh.new()
    bmesh.ops.create_cube(bm, size=1.0, matrix=Matrix.Diagonal((*map(float, size), 1.0)))
    if bevel > 0:
        bmesh.ops.bevel(
            bm,
            geom=bm.edges[:],
            offset=float(min(bevel, size.min() * 0.499)),
            segments=segments,
            profile=0.5,
            affect="EDGES",
        )
    return _from_bmesh(bm, name)


def cylinder(
    radius: float, depth: float, name: str = "cylinder", *, bevel: float = 0.0, segments: int = 48
) -> bpy.types.Object:
    """Make a closed cylinder along z centred on the origin, its rims rounded by `bevel`."""
    h = depth / 2
    arc = np.linspace(0, np.pi / 2, 5)
    top = [(radius - bevel + bevel * np.cos(a), h - bevel + bevel * np.sin(a)) for a in arc]
    if bevel <= 0:
        top = [(radius, h)]
    bottom = [(r, -z) for r, z in reversed(top)]
    return lathe([(0, -h), *bottom, *top, (0, h)], segments, name)


def sphere(radius: float, name: str = "sphere", segments: int = 48) -> bpy.types.Object:
    """Make a sphere centred on the origin."""
    a = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    return lathe(list(zip(radius * np.cos(a), radius * np.sin(a), strict=True)), segments, name)


def prism(outline: Sequence[tuple[float, float]], depth: float, name: str, bevel: float = 0.0):
    """Extrude a flat closed outline (x, y) by `depth` along z, centred on z = 0."""
    bm = bmesh.new()
    verts = [bm.verts.new((float(x), float(y), -depth / 2)) for x, y in outline]
    face = bm.faces.new(verts)
    out = bmesh.ops.extrude_face_region(bm, geom=[face])
    moved = [v for v in out["geom"] if isinstance(v, bmesh.types.BMVert)]
    bmesh.ops.translate(bm, verts=moved, vec=(0, 0, depth))
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    if bevel > 0:
        rims = [e for e in bm.edges if abs(e.verts[0].co.z - e.verts[1].co.z) < 1e-9]
        bmesh.ops.bevel(bm, geom=rims, offset=bevel, segments=3, profile=0.5, affect="EDGES")
    return _from_bmesh(bm, name)


def sweep(
    path: Sequence | np.ndarray,
    outline: Sequence[tuple[float, float]],
    name: str = "sweep",
    *,
    closed: bool = False,
    scale: Sequence[float] | None = None,
    up: Sequence[float] | None = None,
) -> bpy.types.Object:
    """Sweep a closed outline (side, up) along a path (n, 3).

    `scale` (n,) shrinks the outline along the way. `up` fixes the outline's second axis;
    without it the frame is carried along the path without twist.
    """
    path = np.asarray(path, float)
    outline = np.asarray(outline, float)
    n = len(path)
    tangent = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    start = np.asarray(up if up is not None else (0.0, 0.0, 1.0), float)
    if abs(start @ tangent[0]) > 0.95 and up is None:
        start = np.array([1.0, 0.0, 0.0])
    frames = []
    for t in tangent:
        reference = np.asarray(up, float) if up is not None else start
        second = reference - (reference @ t) * t
        second /= np.linalg.norm(second) + 1e-12
        start = second
        frames.append((np.cross(second, t), second))
    factor = np.ones(n) if scale is None else np.asarray(scale, float)
    vertices = np.concatenate(
        [
            path[i] + factor[i] * (outline[:, :1] * side + outline[:, 1:] * second)
            for i, (side, second) in enumerate(frames)
        ]
    )
    k = len(outline)
    faces = []
    for i in range(n if closed else n - 1):
        j = (i + 1) % n
        for a in range(k):
            b = (a + 1) % k
            faces.append((i * k + a, i * k + b, j * k + b, j * k + a))
    if not closed:
        faces += [tuple(range(k))[::-1], tuple(range((n - 1) * k, n * k))]
    return mesh_object(vertices, faces, name)


def tube(path: Sequence | np.ndarray, radius: float, name: str = "tube", *, closed=False):
    """Sweep a circle along a path (n, 3)."""
    return sweep(path, circle(radius, 10), name, closed=closed)


def circle(radius: float, n: int = 32) -> list[tuple[float, float]]:
    """Points (x, y) of a circle, anticlockwise."""
    a = np.arange(n) * 2 * np.pi / n
    return list(zip(radius * np.cos(a), radius * np.sin(a), strict=True))


def helix(
    radius: float | Callable[[np.ndarray], np.ndarray],
    pitch: float,
    z0: float,
    z1: float,
    per_turn: int = 32,
) -> np.ndarray:
    """Points (n, 3) of a helix about z from z0 to z1; `radius` may be a function of z."""
    n = max(4, int(abs(z1 - z0) / pitch * per_turn))
    z = np.linspace(z0, z1, n)
    a = (z - z0) / pitch * 2 * np.pi
    r = radius(z) if callable(radius) else np.full(n, radius)
    return np.stack([r * np.cos(a), r * np.sin(a), z], axis=1)


def join(objects: Iterable[bpy.types.Object], name: str | None = None) -> bpy.types.Object:
    """Join objects into the first one (modifiers applied, materials kept); return it."""
    objects = list(objects)
    for obj in objects:
        apply_modifiers(obj)
    bpy.context.view_layer.update()
    first = objects[0]
    with bpy.context.temp_override(
        active_object=first,
        object=first,
        selected_objects=objects,
        selected_editable_objects=objects,
    ):
        bpy.ops.object.join()
    if name:
        first.name = name
    return first


def apply_modifiers(obj: bpy.types.Object) -> bpy.types.Object:
    """Replace the mesh by its evaluated mesh and drop the modifiers."""
    if obj.modifiers:
        bpy.context.view_layer.update()
        evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = bpy.data.meshes.new_from_object(evaluated)
        obj.modifiers.clear()
        obj.data = mesh
    return obj


def apply_transform(obj: bpy.types.Object) -> bpy.types.Object:
    """Bake the object's own location, rotation and scale into the mesh."""
    bpy.context.view_layer.update()
    obj.data.transform(obj.matrix_world)
    obj.matrix_world = Matrix.Identity(4)
    return obj


def boolean(obj: bpy.types.Object, cutter: bpy.types.Object, operation: str = "DIFFERENCE"):
    """Apply a boolean ("DIFFERENCE", "UNION", "INTERSECT") and delete the cutter."""
    modifier = obj.modifiers.new("boolean", "BOOLEAN")
    modifier.object = cutter
    modifier.operation = operation
    modifier.solver = "EXACT"
    apply_modifiers(obj)
    bpy.data.objects.remove(cutter, do_unlink=True)
    return shade_smooth(obj)


def bevel(obj: bpy.types.Object, width: float, segments: int = 3, angle: float = 35.0):
    """Round the edges sharper than `angle` degrees."""
    modifier = obj.modifiers.new("bevel", "BEVEL")
    modifier.width = width
    modifier.segments = segments
    modifier.limit_method = "ANGLE"
    modifier.angle_limit = np.radians(angle)
    return shade_smooth(apply_modifiers(obj))


def subdivide(obj: bpy.types.Object, levels: int = 1) -> bpy.types.Object:
    """Catmull-Clark subdivision."""
    modifier = obj.modifiers.new("subdivision", "SUBSURF")
    modifier.levels = modifier.render_levels = levels
    apply_modifiers(obj)
    return shade_smooth(obj, 60)


def thicken(obj: bpy.types.Object, thickness: float, offset: float = 0.0) -> bpy.types.Object:
    """Give a sheet a thickness; offset -1 grows inwards, 1 outwards."""
    modifier = obj.modifiers.new("solid", "SOLIDIFY")
    modifier.thickness = thickness
    modifier.offset = offset
    apply_modifiers(obj)
    return shade_smooth(obj, 60)


def deform(obj: bpy.types.Object, move: Callable[[np.ndarray], np.ndarray]) -> bpy.types.Object:
    """Move the mesh's vertices: `move` takes and returns (n, 3) local coordinates."""
    n = len(obj.data.vertices)
    flat = np.empty(3 * n, np.float32)
    obj.data.vertices.foreach_get("co", flat)
    moved = np.asarray(move(flat.reshape(n, 3).astype(float)), np.float32)
    obj.data.vertices.foreach_set("co", moved.ravel())
    obj.data.update()
    return obj


def place(obj: bpy.types.Object, location=(0, 0, 0), rotation=(0, 0, 0)) -> bpy.types.Object:
    """Set location (metres) and XYZ rotation (degrees)."""
    obj.location = Vector(map(float, location))
    obj.rotation_euler = tuple(float(np.radians(a)) for a in rotation)
    bpy.context.view_layer.update()
    return obj


def copy_of(obj: bpy.types.Object) -> bpy.types.Object:
    """Make a linked copy (shares the mesh)."""
    twin = obj.copy()
    bpy.context.scene.collection.objects.link(twin)
    return twin


def world_vertices(objects: bpy.types.Object | Iterable[bpy.types.Object]) -> np.ndarray:
    """All vertices of one or more mesh objects in world coordinates, (n, 3) metres."""
    if isinstance(objects, bpy.types.Object):
        objects = [objects]
    bpy.context.view_layer.update()
    parts = []
    for obj in objects:
        n = len(obj.data.vertices)
        flat = np.empty(3 * n, np.float32)
        obj.data.vertices.foreach_get("co", flat)
        matrix = np.array(obj.matrix_world)
        parts.append(flat.reshape(n, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(parts)


def rest_on_ground(obj: bpy.types.Object, height: float = 0.0) -> bpy.types.Object:
    """Shift the object along z so that its lowest point is at `height`."""
    obj.location.z += height - float(world_vertices(obj)[:, 2].min())
    bpy.context.view_layer.update()
    return obj


def move_all(objects: Iterable[bpy.types.Object], matrix: Matrix) -> None:
    """Transform several objects together in world space."""
    bpy.context.view_layer.update()
    for obj in objects:
        obj.matrix_world = matrix @ obj.matrix_world
    bpy.context.view_layer.update()


def _from_bmesh(bm: bmesh.types.BMesh, name: str) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    bm.to_mesh(mesh)
    bm.free()
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    return shade_smooth(obj)
