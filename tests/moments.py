"""A clip at moments between its frames, by scipy's slerp and embree's ray casts: the truth for rolling shutters."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from synth.geometry import ClipGeometry
from tests.raycast import Hits, cast_rays


class Moment:
    """The clip at a time sample that may lie between two: meshes and camera, by scipy's slerp."""

    def __init__(self, geometry: ClipGeometry, sample: float):
        self.low = int(np.floor(sample))
        self.share = sample - self.low
        self.geometry = geometry
        pair = geometry.cameras.world_to_camera[self.low : self.low + 2]
        eyes = np.linalg.inv(pair)[:, :3, 3]
        self.turn = Slerp([0, 1], Rotation.from_matrix(pair[:, :3, :3]))([self.share]).as_matrix()[0]
        self.eye = (1 - self.share) * eyes[0] + self.share * eyes[1]

    def between(self, values: np.ndarray) -> np.ndarray:
        if len(values) == 1:
            return values[0].astype(float)
        return (1 - self.share) * values[self.low].astype(float) + self.share * values[self.low + 1]

    def cast(self, rays: np.ndarray) -> Hits:
        """Hits of camera-space rays (N, 3), as one row; ``face`` counts over all meshes."""
        meshes = [(self.between(m.positions), m.faces[m.shown]) for m in self.geometry.meshes]
        hits = cast_rays(meshes, self.eye, (rays @ self.turn)[None])
        first = np.cumsum([0] + [len(m.faces) for m in self.geometry.meshes])
        face = np.full(len(rays), -1)
        for number, mesh in enumerate(self.geometry.meshes):
            here = hits.mesh[0] == number
            face[here] = first[number] + np.flatnonzero(mesh.shown)[hits.face[0][here]]
        return Hits(hits.mesh[0], face, hits.weights[0], hits.depth[0])

    def camera(self, points: np.ndarray) -> np.ndarray:
        return (points - self.eye) @ self.turn.T
