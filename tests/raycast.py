"""What a camera sees of triangle meshes, by embree's ray casts: a second opinion that shares no code with Blender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector


@dataclass(frozen=True)
class Hits:
    """Per pixel (H, W): ``mesh`` and ``face`` index (-1 for nothing), ``weights`` (H, W, 3) of the face's corners, and
    planar ``depth`` in metres (inf for nothing)."""

    mesh: np.ndarray
    face: np.ndarray
    weights: np.ndarray
    depth: np.ndarray


def rays_of(width: int, height: int, intrinsics: np.ndarray, world_to_camera: np.ndarray):
    """Origin (3,) and directions (H, W, 3) in the world of the rays through the pixels' centres, with unit camera z."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    camera = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(intrinsics).T
    rotation, shift = world_to_camera[:3, :3], world_to_camera[:3, 3]
    return -rotation.T @ shift, camera @ rotation


def weights_and_depth(corners: np.ndarray, origin: np.ndarray, directions: np.ndarray):
    """Where rays (N, 3) meet the planes of triangles (N, 3, 3): corner weights (N, 3) and ray length (N,), float64."""
    edges = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], -directions], 2)
    v, w, length = np.linalg.solve(edges, (origin - corners[:, 0])[..., None])[..., 0].T
    return np.stack([1 - v - w, v, w], 1), length


def cast(
    meshes: list[tuple[np.ndarray, np.ndarray]],
    width: int,
    height: int,
    intrinsics: np.ndarray,
    world_to_camera: np.ndarray,
    solid: Mapping[int, Callable[[np.ndarray, np.ndarray], np.ndarray]] | None = None,
) -> Hits:
    """The first hit of every pixel's ray: see ``cast_rays``."""
    return cast_rays(meshes, *rays_of(width, height, intrinsics, world_to_camera), solid)


def cast_rays(
    meshes: list[tuple[np.ndarray, np.ndarray]],
    origin: np.ndarray,
    directions: np.ndarray,
    solid: Mapping[int, Callable[[np.ndarray, np.ndarray], np.ndarray]] | None = None,
) -> Hits:
    """The first hits of rays (H, W, 3) from ``origin`` (3,) on meshes of (vertices (V, 3), faces (F, 3)).

    ``solid[mesh](faces, weights)`` tells for hits (N,) on a mesh with holes whether the surface is there; where it is
    not, the ray goes on.
    """
    shape = directions.shape[:2]
    directions = directions.reshape(-1, 3)
    count = len(directions)
    best = Hits(np.full(count, -1), np.full(count, -1), np.full((count, 3), np.nan), np.full(count, np.inf))
    for number, (vertices, faces) in enumerate(meshes):
        mesh = trimesh.Trimesh(vertices, faces, process=False, validate=False)
        several = number in (solid or {})
        face, ray = RayMeshIntersector(mesh).intersects_id(
            np.tile(origin, (count, 1)), directions, multiple_hits=several, max_hits=60
        )
        if len(face) == 0:
            continue
        weights, depth = weights_and_depth(np.asarray(vertices, np.float64)[faces[face]], origin, directions[ray])
        if several:
            there = solid[number](face, weights)
            face, ray, weights, depth = face[there], ray[there], weights[there], depth[there]
        order = np.lexsort((-depth, ray))  # the nearest hit of a ray comes last, and is the one that stays
        nearest = np.full(count, -1)
        nearest[ray[order]] = order
        rays = np.flatnonzero(nearest >= 0)
        at = nearest[rays]
        closer = depth[at] < best.depth[rays]
        rays, at = rays[closer], at[closer]
        best.mesh[rays], best.face[rays] = number, face[at]
        best.weights[rays], best.depth[rays] = weights[at], depth[at]
    return Hits(
        best.mesh.reshape(shape), best.face.reshape(shape), best.weights.reshape(*shape, 3), best.depth.reshape(shape)
    )
