"""Hats."""

from __future__ import annotations

import bpy
import geometry as geo
import materials as mat
import numpy as np

FAMILIES: tuple[str, ...] = ("fedora",)


def build(instance: int, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Build one hat (placeholder)."""
    profile = [(0, 0.11), (0.05, 0.115), (0.075, 0.1), (0.085, 0.05), (0.09, 0.0), (0.15, 0.004)]
    hat = geo.thicken(geo.lathe(geo.smooth_profile(profile, 60), 64, "hat"), 0.003)
    hat.data.materials.append(mat.felt(rng, mat.muted_colour(rng)))
    return [geo.rest_on_ground(hat)]
