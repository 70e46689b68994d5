"""The shape and looks of a prop as the files of assets/furniture hold them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh

from synth.conventions import Part, Semantic, ThfmError
from synth.geometry import Material, Mesh


@dataclass(frozen=True, eq=False)
class PropAsset:
    """A prop's entry of catalogue.json and the folder of its files; equal to itself alone, so that a cache holds it."""

    folder: Path
    entry: Mapping


@dataclass(frozen=True, eq=False)
class PropShape:
    """A prop at rest: it stands on z = 0 over the origin and faces -y, in metres.

    Attributes:
        positions: (V, 3) float64; faces, face_uv: (F, 3) int32; uv: (n, 2) float32; material: (F,) uint8.
        grip: style (hang, fist or palm) and point (3,) of the hand; None for what stands.
    """

    positions: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    material: np.ndarray
    materials: tuple[Material, ...]
    grip: tuple[str, np.ndarray] | None

    @property
    def size(self) -> np.ndarray:
        return np.ptp(self.positions, axis=0)

    def mesh(self, name: str, positions: np.ndarray) -> Mesh:
        """The prop as a mesh of the scene, with vertices at ``positions`` (T+2 or 1, V, 3)."""
        count = len(self.faces)
        return Mesh(
            name=name,
            person=0,
            faces=self.faces,
            positions=positions.astype(np.float32),
            uv=self.uv,
            face_uv=self.face_uv,
            part=np.full(count, Part.NONE, np.uint8),
            semantic=np.full(count, Semantic.PROP, np.uint8),
            canonical=np.full((len(self.positions), 3), np.nan, np.float32),
            shown=np.ones(count, bool),
            materials=self.materials,
            material_index=self.material,
        )


@functools.lru_cache(maxsize=32)
def read_shape(asset: PropAsset) -> PropShape:
    """Read a prop, once; raises ThfmError naming the file when it is missing or broken."""
    folder, entry = asset.folder, asset.entry
    path = folder / entry["file"]
    try:
        with np.load(path, allow_pickle=False) as data:
            low, high = data["low"], data["high"]
            positions = data["positions"] / 65535.0 * (high - low) + low
            faces, face_uv = data["faces"].astype(np.int32), data["face_uv"].astype(np.int32)
            uv, material = data["uv"], data["material"]
    except Exception as error:  # damaged archives raise anything
        raise ThfmError(f"prop {path} cannot be read ({error}): restore it from the repository.") from error
    looks = tuple(
        Material(
            "plain", diffuse=folder / m["texture"] if m["texture"] else None,
            tint=None if m["texture"] else tuple(m["colour"]), roughness=m["roughness"],
        )
        for m in entry["materials"]
    )  # fmt: skip
    grip = entry.get("grip")
    held = (grip["style"], low + np.array(grip["point"]) * (high - low)) if grip else None
    return PropShape(positions, faces, uv, face_uv, material, looks, held)


@functools.lru_cache(maxsize=64)
def surface_points(shape: PropShape, edge: float) -> np.ndarray:
    """(N, 3) float64 points of the surface: no point of it is farther than about ``edge`` / 2 from one of them."""
    points, faces = trimesh.remesh.subdivide_to_size(shape.positions, shape.faces, max_edge=edge, max_iter=20)
    return np.concatenate([np.unique(np.round(points, 5), axis=0), points[faces].mean(1)])
