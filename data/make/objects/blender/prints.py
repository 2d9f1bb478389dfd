"""Printed surfaces: images drawn by script, brought onto a material by the mesh's UV map."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from PIL import ImageFont

from blender.nodes import Nodes


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
    g = Nodes(material)
    shader = next(node for node in g.nodes if node.type == "BSDF_PRINCIPLED")
    colour = g.add("TexImage", out="Color", image=image(pixels, "print"))
    alpha = colour.node.outputs["Alpha"]

    def before(name: str) -> object:
        socket = shader.inputs[name]
        return socket.links[0].from_socket if socket.is_linked else socket.default_value

    def blend(name: str, value: float) -> None:
        inputs = {0: alpha, 2: before(name), 3: value}
        g.set(shader.inputs[name], g.add("Mix", inputs, data_type="FLOAT"))

    g.set(shader.inputs["Base Color"], g.mix(alpha, before("Base Color"), colour))
    if opaque:
        blend("Transmission Weight", 0.0)
    if roughness is not None:
        blend("Roughness", roughness)
    if relief:
        normal = shader.inputs["Normal"]
        under = before("Normal") if normal.is_linked else None
        g.set(normal, g.bump(alpha, 1.0, relief, under))
    return material
