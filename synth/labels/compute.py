"""The dense labels of a clip, looked up through the visibility buffer, and the sparse ones, projected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from synth.geometry import Cameras, ClipGeometry, LabelPasses
from synth.labels.keypoints import keypoint_visibility
from synth.labels.scene import LabelScene, vertex_normals
from synth.lens import project, rays
from synth.rolling import Moving, Shutter, at_times

# OpenCV camera axes -> x right, y up, z towards the viewer.
_VIEWER = np.array([1.0, -1.0, -1.0])


class _Samples(dict):
    """Arrays of time samples, each made when it is first asked for."""

    def __init__(self, make: Callable[[int], np.ndarray]):
        super().__init__()
        self.make = make

    def __missing__(self, sample: int) -> np.ndarray:
        return self.setdefault(sample, self.make(sample))

    def forget(self, before: int) -> None:
        """Drop the samples before one."""
        for sample in [s for s in self if s < before]:
            del self[sample]


class _Hits:
    """What pixels see: points of faces, by the vertices ``index`` (N, 3) of these and weights of the first two."""

    def __init__(self, first_two: np.ndarray, index: np.ndarray):
        first_two = first_two.astype(np.float64)
        self.weights = np.concatenate([first_two, 1.0 - first_two.sum(1, keepdims=True)], 1)
        self.index = index

    def blend(self, values: np.ndarray) -> np.ndarray:
        """Values (V, 3) of vertices at the points, (N, 3)."""
        return np.einsum("nk,nkc->nc", self.weights, values[self.index])

    def points(self, samples: _Samples, sample: int) -> Moving:
        return lambda step: self.blend(samples[sample + step])

    def crosses(self, samples: _Samples, sample: int) -> Moving:
        """Vectors (N, 3) square to the faces, from vertices."""

        def cross(step: int) -> np.ndarray:
            corners = samples[sample + step][self.index]
            return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])

        return cross


def _exposed_joints(joints: np.ndarray, shutters: list, projections: list) -> np.ndarray:
    """World joints (T+2, J, 3) of a person in camera axes, each when its row is read, (T, J, 3)."""

    def at(sample: int) -> Moving:
        return lambda step: joints[sample + step].astype(np.float64)

    return np.stack([shutters[s].exposed_points(at(s), projections[s]) for s in range(1, len(shutters))])


def _pixel_centres(height: int, width: int) -> np.ndarray:
    """(H, W, 2) float64."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([columns, rows], -1)


def _far_flow(cameras: Cameras, now: Shutter, then: Shutter, k: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Flow (N, 2) of points at infinity seen at ``pixels`` (N, 2): the camera's rotation and zoom alone move them.

    ``k`` (2, 3, 3) are the intrinsics now and then.
    """
    times = now.times(pixels[:, 1])
    seen = now.turned(rays(pixels, k[0], cameras.distortion), times, back=True)
    project_then = partial(project, intrinsics=k[1], distortion=cameras.distortion)
    turned = then.exposed(lambda moments: then.turned(seen, moments), project_then, len(pixels))
    return project_then(turned) - pixels


def compute_labels(geometry: ClipGeometry, passes: LabelPasses) -> dict[str, np.ndarray]:
    """Every label of a clip as the shard format names, shapes and types them (all but rgb, matte, fps, key, meta).

    Dense labels are those of the surface point that the centre of the pixel sees, at the moment when a rolling shutter
    reads its row; joints are where they are when their row is read, in the axes of the camera then. Normals are
    interpolated vertex normals, turned to the side that is seen. Flow of the sky is that of points at infinity; flow is
    NaN where the other frame lies outside the clip or the point is behind the camera.
    """
    scene = LabelScene.of(geometry.meshes)
    cameras = geometry.cameras
    frames, height, width = passes.face.shape
    pixels = _pixel_centres(height, width)

    def blank(*tail: int) -> np.ndarray:
        return np.full((frames, height, width, *tail), np.nan, np.float32)

    out = {
        "depth": blank(),
        "normals": blank(3),
        "surface": blank(3),
        "flow_forward": blank(2),
        "flow_backward": blank(2),
        "instances": np.zeros((frames, height, width), np.uint8),
        "parts": np.zeros((frames, height, width), np.uint8),
        "semantics": np.zeros((frames, height, width), np.uint8),
    }
    vertices, smooth = _Samples(scene.vertices), _Samples(lambda s: vertex_normals(vertices[s], scene.faces))
    shutters = [None, *(cameras.at(s, height) for s in range(1, frames + 1))]
    projections = [partial(project, intrinsics=k, distortion=cameras.distortion) for k in cameras.intrinsics]
    for t in range(frames):
        hit = passes.face[t] >= 0
        face = passes.face[t][hit]
        hits = _Hits(passes.barycentric[t][hit], scene.faces[face])

        out["instances"][t][hit] = scene.person[face]
        out["parts"][t][hit] = scene.part[face]
        out["semantics"][t][hit] = scene.semantic[face]
        out["surface"][t][hit] = hits.blend(scene.canonical)

        shutter = shutters[t + 1]
        times = shutter.times(pixels[..., 1][hit])
        seen = shutter.to_camera(hits.points(vertices, t + 1), times)
        out["depth"][t][hit] = seen[:, 2]

        normal = shutter.turned(at_times(hits.points(smooth, t + 1), times), times)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
        flat = shutter.turned(at_times(hits.crosses(vertices, t + 1), times), times)
        behind = np.einsum("nc,nc->n", flat, seen) > 0
        out["normals"][t][hit] = np.where(behind[:, None], -normal, normal) * _VIEWER

        for name, step in (("flow_forward", 1), ("flow_backward", -1)):
            if not 0 <= t + step < frames:
                continue
            then, project_then = shutters[t + 1 + step], projections[t + 1 + step]
            out[name][t][hit] = (
                project_then(then.exposed_points(hits.points(vertices, t + 1 + step), project_then)) - pixels[hit]
            )
            k = cameras.intrinsics[[t + 1, t + 1 + step]]
            out[name][t][~hit] = _far_flow(cameras, shutter, then, k, pixels[~hit])
        vertices.forget(t)
        smooth.forget(t + 1)

    inside = slice(1, frames + 1)
    in_camera = np.stack([_exposed_joints(joints, shutters, projections) for joints in geometry.joints])
    keypoints = np.stack([np.stack([projections[t + 1](j) for t, j in enumerate(p)]) for p in in_camera])
    out["intrinsics"] = cameras.intrinsics[inside].copy()
    out["world_to_camera"] = cameras.world_to_camera[inside].copy()
    out["distortion"] = np.tile(cameras.distortion, (frames, 1))
    out["readout"] = np.stack([shutter.readout for shutter in shutters[1:]])
    out["joints3d"], out["keypoints2d"] = in_camera.astype(np.float32), keypoints.astype(np.float32)
    dense = (out[name] for name in ("depth", "instances", "surface"))
    out["visibility"] = keypoint_visibility(
        in_camera, keypoints, geometry.joint_canonical, geometry.joint_reach, *dense
    )
    return out
