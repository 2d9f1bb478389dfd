"""Printed surfaces: images drawn by script, brought onto a material by the mesh's UV map."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from PIL import ImageFont


def font(size: float, weight: int) -> ImageFont.FreeTypeFont:
    """Blender's interface font; its capitals are 0.727 of `size` (pixels) high."""
    path = Path(bpy.utils.system_resource("DATAFILES")) / "fonts" / "Inter.woff2"
    face = ImageFont.truetype(str(path), round(size))
    face.set_variation_by_axes([20, weight])
    return face


def image(pixels: np.ndarray, name: str) -> bpy.types.Image:
    """Turn pixels, uint8 (h, w, 3 or 4), first row on top, into a Blender image."""
    height, width, channels = pixels.shape
    picture = bpy.data.images.new(name, width, height, alpha=channels == 4)
    picture.alpha_mode = "CHANNEL_PACKED"
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :channels] = pixels[::-1].astype(np.float32) / 255
    picture.pixels.foreach_set(rgba.ravel())
    picture.update()
    picture.pack()
    return picture


def overprint(
    material: bpy.types.Material,
    pixels: np.ndarray,
    *,
    relief: float = 0.0,
    opaque: bool = False,
    roughness: float | None = None,
) -> bpy.types.Material:
    """Print an RGBA image over a material's colour, where its alpha says so.

    Parameters
    ----------
    material : bpy.types.Material
        With one Principled shader. It is changed and returned.
    pixels : uint8 array, shape (h, w, 4)
    relief : float
        Height of the print in metres; negative is sunk.
    opaque : bool
        Let no light through the print (on a translucent material).
    roughness : float, optional
        Of the print, where it differs from the material's.
    """
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(n for n in nodes if n.type == "BSDF_PRINCIPLED")
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image(pixels, "print")
    alpha = texture.outputs["Alpha"]

    def blend(name: str, kind: str, slots: tuple[int, int, int], value: object) -> None:
        socket = shader.inputs[name]
        mix = nodes.new("ShaderNodeMix")
        mix.data_type = kind
        if socket.is_linked:
            links.new(socket.links[0].from_socket, mix.inputs[slots[0]])
        else:
            mix.inputs[slots[0]].default_value = socket.default_value
        if isinstance(value, bpy.types.NodeSocket):
            links.new(value, mix.inputs[slots[1]])
        else:
            mix.inputs[slots[1]].default_value = value
        links.new(alpha, mix.inputs[0])
        links.new(mix.outputs[slots[2]], socket)

    blend("Base Color", "RGBA", (6, 7, 2), texture.outputs["Color"])
    if opaque:
        blend("Transmission Weight", "FLOAT", (2, 3, 0), 0.0)
    if roughness is not None:
        blend("Roughness", "FLOAT", (2, 3, 0), roughness)
    if relief:
        bump = nodes.new("ShaderNodeBump")
        bump.inputs["Distance"].default_value = relief
        links.new(alpha, bump.inputs["Height"])
        normal = shader.inputs["Normal"]
        if normal.is_linked:
            links.new(normal.links[0].from_socket, bump.inputs["Normal"])
        links.new(bump.outputs[0], normal)
    return material
