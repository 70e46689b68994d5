"""Props of the shipped assets around simple people: boxes that stand, walk and wave."""

from __future__ import annotations

import numpy as np
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.geometry import Cameras, Mesh
from tests.scenes import camera_path

LIBRARY = load_library(BodiesConfig())
WIDTH, HEIGHT = 128, 96


def still_camera(samples: int, eye=(0.0, -5.0, 1.3), target=(0.0, 0.0, 0.9)) -> Cameras:
    return camera_path([eye] * samples, [target] * samples, WIDTH, HEIGHT, focal_mm=40.0)


def surface_of(mesh: Mesh, sample: int) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.positions[min(sample, len(mesh.positions) - 1)], mesh.faces, process=False)


def cut(a: trimesh.Trimesh, b: trimesh.Trimesh) -> bool:
    """Whether the surfaces of two meshes cut each other: an edge of one passes through a face of the other."""
    for one, other in ((a, b), (b, a)):
        ends = one.vertices[one.edges_unique]
        low, high = other.bounds
        ends = ends[((ends.max(1) >= low) & (ends.min(1) <= high)).all(1)]
        if not len(ends):
            continue
        along = ends[:, 1] - ends[:, 0]
        length = np.linalg.norm(along, axis=1)
        ends, along, length = ends[length > 1e-7], along[length > 1e-7], length[length > 1e-7]
        place, ray, _ = RayMeshIntersector(other).intersects_location(
            ends[:, 0], along / length[:, None], multiple_hits=False
        )
        if (np.linalg.norm(place - ends[ray, 0], axis=1) < length[ray]).any():
            return True
    return False
