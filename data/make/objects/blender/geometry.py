"""Objects of many shapes, all made by `mesh_object`, and what is done to them. In metres."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

from blender import solids
from blender.solids import Solid, grid_quads


def mesh_object(
    vertices: Sequence | np.ndarray,
    faces: Sequence[Sequence[int]] | np.ndarray,
    name: str,
    *materials: bpy.types.Material,
    weld: float = 1e-7,
    smooth: float | None = 40.0,
    slots: np.ndarray | None = None,
    uv: np.ndarray | None = None,
) -> bpy.types.Object:
    """Make an object and link it to the scene.

    Parameters
    ----------
    vertices : array_like of float, shape (n, 3)
        Metres.
    faces : sequence of m sequences of int
        The vertices of each face, anticlockwise as seen from outside.
    name : str
        A number is added where it is taken.
    *materials : bpy.types.Material
        The object's slots.
    weld : float
        Vertices closer than this (metres) become one, and all faces turn outwards; 0 takes the
        arrays as they are.
    smooth : float or None
        Angle in degrees up to which edges are shaded smooth; None for flat faces.
    slots : ndarray of int, shape (m,), optional
        The slot of each face; the first of all where None.
    uv : ndarray of float, shape (corners, 2), optional
        Place in the print, 0 to 1, of each corner of each face.

    Returns
    -------
    bpy.types.Object
        With a mesh of its own, at the origin.
    """
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices, float).tolist(), [], [tuple(face) for face in faces])
    if slots is not None:
        mesh.polygons.foreach_set("material_index", np.asarray(slots, np.int32))
    if uv is not None:
        mesh.uv_layers.new().data.foreach_set("uv", uv.astype(np.float32).ravel())
    if weld:
        mesh.validate()
        bm = bmesh.new()
        bm.from_mesh(mesh)
        bmesh.ops.remove_doubles(bm, verts=bm.verts, dist=weld)
        bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
        bm.to_mesh(mesh)
        bm.free()
    obj = dress(new_object(name, mesh), *materials)
    return obj if smooth is None else shade_smooth(obj, smooth)


def new_object(name: str, data: bpy.types.ID) -> bpy.types.Object:
    """Make an object of a mesh, light, camera or text and link it to the scene."""
    obj = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(obj)
    return obj


def dress(obj: bpy.types.Object, *materials: bpy.types.Material) -> bpy.types.Object:
    """Add materials to the object's slots; return the object."""
    for material in materials:
        obj.data.materials.append(material)
    return obj


def shade_smooth(obj: bpy.types.Object, angle: float = 40.0) -> bpy.types.Object:
    """Shade smooth, but keep edges sharper than `angle` degrees sharp."""
    obj.data.shade_smooth()
    obj.data.set_sharp_from_angle(angle=np.radians(angle))
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
    return mesh_object(vertices, grid_quads(len(u), len(v), closed=closed_u), name)


def lathe(
    profile: Sequence[tuple[float, float]], segments: int = 64, name: str = "lathe"
) -> bpy.types.Object:
    """Revolve a list of (radius, z) points about the z axis; a radius of 0 closes the end."""
    radius, z = np.asarray(profile, float).T
    u = np.arange(segments)[:, None] * 2 * np.pi / segments
    points = np.stack([radius * np.cos(u), radius * np.sin(u), z + 0 * u], axis=-1)
    return mesh_object(points.reshape(-1, 3), grid_quads(segments, len(z), closed=True), name)


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
    bm.verts.index_update()
    arrays = [v.co[:] for v in bm.verts], [[v.index for v in f.verts] for f in bm.faces]
    bm.free()
    return mesh_object(*arrays, name, weld=0)


def cylinder(radius: float, depth: float, bevel: float) -> bpy.types.Object:
    """Make a closed cylinder along z centred on the origin, its rims rounded by `bevel`."""
    h = depth / 2
    arc = np.linspace(0, np.pi / 2, 5)
    top = [(radius - bevel + bevel * np.cos(a), h - bevel + bevel * np.sin(a)) for a in arc]
    bottom = [(r, -z) for r, z in reversed(top)]
    return lathe([(0, -h), *bottom, *top, (0, h)], 48, "cylinder")


def sphere(radius: float, name: str = "sphere", segments: int = 48) -> bpy.types.Object:
    """Make a sphere centred on the origin."""
    a = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    return lathe(list(zip(radius * np.cos(a), radius * np.sin(a), strict=True)), segments, name)


def sweep(
    path: Sequence | np.ndarray, outline: Sequence | np.ndarray, name: str = "sweep", **options
) -> bpy.types.Object:
    """Sweep a closed outline along a path, as `solids.sweep` does with the same options."""
    return mesh_object(*solids.sweep(path, outline, **options), name)


def tube(path: Sequence | np.ndarray, radius: float, name: str = "tube", *, closed=False):
    """Sweep a circle along a path (n, 3)."""
    return sweep(path, solids.circle(radius, 10), name, closed=closed)


def join(objects: Sequence[bpy.types.Object]) -> bpy.types.Object:
    """Join objects into the first one, materials kept; return it."""
    bpy.context.view_layer.update()
    with bpy.context.temp_override(active_object=objects[0], selected_editable_objects=objects):
        bpy.ops.object.join()
    return objects[0]


def modify(obj: bpy.types.Object, kind: str, **settings) -> bpy.types.Object:
    """Apply a modifier of Blender's, such as "SOLIDIFY", to the mesh."""
    modifier = obj.modifiers.new(kind, kind)
    for key, value in settings.items():
        setattr(modifier, key, value)
    mesh = evaluated_mesh(obj)
    obj.modifiers.clear()
    obj.data = mesh
    return obj


def evaluated_mesh(obj: bpy.types.Object) -> bpy.types.Mesh:
    """What an object with its modifiers, or a text, looks like as a mesh."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(obj.evaluated_get(graph))


def delete_faces(obj: bpy.types.Object, gone: Callable[[Vector], bool]) -> None:
    """Delete the faces of whose middle `gone` says so."""
    bm = bmesh.new()
    bm.from_mesh(obj.data)
    faces = [face for face in bm.faces if gone(face.calc_center_median())]
    bmesh.ops.delete(bm, geom=faces, context="FACES")
    bm.to_mesh(obj.data)
    bm.free()


def apply_transform(obj: bpy.types.Object) -> bpy.types.Object:
    """Bake the object's own location, rotation and scale into the mesh."""
    bpy.context.view_layer.update()
    obj.data.transform(obj.matrix_world)
    obj.matrix_world = Matrix.Identity(4)
    return obj


def subtract(solid: Solid, *cutters: Solid) -> Solid:
    """The solid minus the cutters."""
    body = mesh_object(*solid, "body")
    for cutter in cutters:
        tool = mesh_object(*cutter, "cutter")
        modify(body, "BOOLEAN", object=tool, operation="DIFFERENCE", solver="EXACT")
        bpy.data.objects.remove(tool)
    rest = local_vertices(body), [tuple(p.vertices) for p in body.data.polygons]
    bpy.data.objects.remove(body)
    return rest


def thicken(obj: bpy.types.Object, thickness: float, offset: float = 0.0) -> bpy.types.Object:
    """Give a sheet a thickness; offset -1 grows inwards, 1 outwards."""
    return shade_smooth(modify(obj, "SOLIDIFY", thickness=thickness, offset=offset), 60)


def deform(obj: bpy.types.Object, move: Callable[[np.ndarray], np.ndarray]) -> bpy.types.Object:
    """Move the mesh's vertices: `move` takes and returns (n, 3) local coordinates."""
    moved = np.asarray(move(local_vertices(obj).astype(float)), np.float32)
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


def local_vertices(obj: bpy.types.Object) -> np.ndarray:
    """The mesh's vertices in the object's own coordinates, float32 (n, 3), metres."""
    flat = np.empty(3 * len(obj.data.vertices), np.float32)
    obj.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def world_vertices(*objects: bpy.types.Object) -> np.ndarray:
    """All vertices of one or more mesh objects in world coordinates, float32 (n, 3), metres."""
    bpy.context.view_layer.update()
    clouds = ((local_vertices(obj), np.array(obj.matrix_world)) for obj in objects)
    return np.concatenate([p @ matrix[:3, :3].T + matrix[:3, 3] for p, matrix in clouds])


def highest(*objects: bpy.types.Object) -> float:
    """Height of the highest vertex, metres."""
    return float(world_vertices(*objects)[:, 2].max())


def rest_on_ground(obj: bpy.types.Object, height: float = 0.0) -> bpy.types.Object:
    """Shift the object along z so that its lowest point is at `height`."""
    obj.location.z += height - float(world_vertices(obj)[:, 2].min())
    bpy.context.view_layer.update()
    return obj


def move_all(objects: Sequence[bpy.types.Object], matrix: Matrix) -> Sequence[bpy.types.Object]:
    """Transform several objects together in world space; return them."""
    bpy.context.view_layer.update()
    for obj in objects:
        obj.matrix_world = matrix @ obj.matrix_world
    bpy.context.view_layer.update()
    return objects
