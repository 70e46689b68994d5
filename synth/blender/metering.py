"""Exposure as a camera meters it: from the light of one rendered frame, before it becomes a picture."""

from __future__ import annotations

import numpy as np

from synth.geometry import ClipGeometry

_KEY = 0.17  # scene-linear luminance of mid-grey
_BRIGHT = 1.6  # what the brightest twentieth of the picture may come to; beyond, view transforms lose colours
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_DARKEST = 1e-6


def people_mask(geometry: ClipGeometry, sample: int, height: int, width: int) -> np.ndarray:
    """(H, W) bool, pixels into which vertices of people project at a time sample, hidden ones too; no lens."""
    mask = np.zeros((height, width), bool)
    pose, k = geometry.cameras.world_to_camera[sample], geometry.cameras.intrinsics[sample]
    for mesh in geometry.meshes:
        if mesh.person:
            points = mesh.positions[min(sample, len(mesh.positions) - 1)] @ pose[:3, :3].T + pose[:3, 3]
            points = points[points[:, 2] > 0.01]
            column, row = np.floor((points @ k.T)[:, :2] / points[:, 2:]).T
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            mask[row[inside].astype(int), column[inside].astype(int)] = True
    return mask


def metered_stops(light: np.ndarray, people: np.ndarray) -> float:
    """Stops that bring a picture to the middle: half by all of it, half by its people, with highlights spared.

    Args:
        light: (H, W, 3) scene-linear RGB. people: (H, W) bool.
    """
    luminance = np.maximum(np.nan_to_num(light, posinf=0.0) @ _LUMINANCE, _DARKEST)
    log = np.log2(luminance)
    level = log.mean() if not people.any() else (log.mean() + log[people].mean()) / 2
    spared = np.log2(_BRIGHT) - np.log2(np.quantile(luminance, 0.95))
    return float(min(np.log2(_KEY) - level, max(spared, np.log2(_KEY) - level - 1.0)))
