"""Colours, and graphs of shader nodes."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

Colour = str | Sequence[float]


def linear(colour: Colour) -> tuple[float, float, float, float]:
    """Convert sRGB ("#rrggbb" or triple 0..1) to the linear RGBA Blender wants."""
    c = np.clip(rgb(colour), 0, 1)
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return (float(c[0]), float(c[1]), float(c[2]), 1.0)


def rgb(colour: Colour) -> np.ndarray:
    """Give an sRGB triple 0..1 as an array."""
    if isinstance(colour, str):
        colour = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.asarray(colour[:3], float)


def shade(colour: Colour, factor: float) -> tuple[float, float, float]:
    """Darken (factor < 1) or lighten (> 1) an sRGB colour."""
    c = rgb(colour)
    c = c * factor if factor <= 1 else 1 - (1 - c) / factor
    return tuple(np.clip(c, 0, 1))


class Nodes:
    """A small builder for the nodes of a material or world: sockets link, plain values are set.

    Colours are sRGB, or linear where they have four numbers.
    """

    def __init__(self, owner: bpy.types.Material | bpy.types.World) -> None:
        if owner.node_tree is None:
            owner.use_nodes = True
        self.nodes, self.links = owner.node_tree.nodes, owner.node_tree.links

    def add(self, kind: str, inputs: dict | None = None, out: str | int = 0, **settings):
        """Add "ShaderNode" + kind; return its output socket `out`."""
        node = self.nodes.new("ShaderNode" + kind)
        for key, value in settings.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            self.set(node.inputs[key], value)
        return node.outputs[out]

    def set(self, socket, value) -> None:
        """Link a socket or set its default value."""
        if isinstance(value, bpy.types.NodeSocket):
            self.links.new(value, socket)
        elif socket.type == "RGBA":
            socket.default_value = value if len(value) == 4 else linear(value)
        elif socket.type == "VECTOR":
            socket.default_value = tuple(float(x) for x in np.broadcast_to(value, 3))
        else:
            socket.default_value = float(value)

    def math(self, operation: str, a, b=0.0, c=0.0, clamp: bool = False):
        """Scalar arithmetic."""
        return self.add("Math", {0: a, 1: b, 2: c}, operation=operation, use_clamp=clamp)

    def mix(self, factor, a, b, blend: str = "MIX"):
        """Mix two colours (sRGB values or sockets)."""
        inputs = {0: factor, 6: a, 7: b}
        return self.add("Mix", inputs, out=2, data_type="RGBA", blend_type=blend)

    def remap(self, value, low: float, high: float, to_low: float = 0.0, to_high: float = 1.0):
        """Map [low, high] linearly to [to_low, to_high], clamped."""
        return self.add("MapRange", {0: value, 1: low, 2: high, 3: to_low, 4: to_high}, clamp=True)

    def coordinates(self, rotation=(0, 0, 0), scale=(1, 1, 1), shift=(0, 0, 0)):
        """Object coordinates (metres), rotated (radians), shifted and scaled."""
        base = self.add("TexCoord", out="Object")
        return self.add(
            "Mapping", {"Vector": base, "Rotation": rotation, "Scale": scale, "Location": shift}
        )

    def noise(self, vector, scale: float, detail: float = 4.0, roughness: float = 0.55, **more):
        """Fractal noise, 0..1 around 0.5; `scale` in features per metre."""
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Roughness": roughness}
        return self.add("TexNoise", inputs | more, out="Factor")

    def bump(self, height, strength: float, distance: float, normal=None):
        """Bump map; `distance` is the height in metres of a step from 0 to 1."""
        inputs = {"Height": height, "Strength": strength, "Distance": distance}
        if normal is not None:
            inputs["Normal"] = normal
        return self.add("Bump", inputs)

    def principled(self, **inputs):
        """Add a Principled BSDF from keywords such as base_color, coat_weight."""
        names = (k.replace("_", " ").title().replace("Ior", "IOR") for k in inputs)
        return self.add("BsdfPrincipled", dict(zip(names, inputs.values(), strict=True)))

    def axes(self, vector, count: int = 2) -> list:
        """The first coordinates of a vector, x first."""
        return [self.add("SeparateXYZ", {0: vector}, out=i) for i in range(count)]

    def lines(self, value, step: float, width: float):
        """1 in the first part, `width` (a share), of each `step` of a value, else 0."""
        return self.math("LESS_THAN", self.math("FRACT", self.math("DIVIDE", value, step)), width)


class Graph(Nodes):
    """The nodes of a new material."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        super().__init__(self.material)
        self.nodes.clear()
        self.output = self.nodes.new("ShaderNodeOutputMaterial")

    def finish(self, shader) -> bpy.types.Material:
        """Connect the surface shader and return the material."""
        self.links.new(shader, self.output.inputs["Surface"])
        return self.material
