"""The dense labels of a clip, looked up through the visibility buffer, and the sparse ones, projected."""

from __future__ import annotations

import numpy as np

from synth.geometry import Cameras, ClipGeometry, Passes
from synth.labels.keypoints import keypoint_visibility, to_camera
from synth.labels.scene import LabelScene, vertex_normals
from synth.lens import project, rays

# OpenCV camera axes -> x right, y up, z towards the viewer.
_VIEWER = np.array([1.0, -1.0, -1.0])


def _pixel_centres(height: int, width: int) -> np.ndarray:
    """(H, W, 2) float64."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([columns, rows], -1)


def _far_flow(cameras: Cameras, now: int, then: int, pixels: np.ndarray) -> np.ndarray:
    """Flow (N, 2) of points at infinity seen at ``pixels`` (N, 2): the camera's rotation and zoom alone move them."""
    seen = rays(pixels, cameras.intrinsics[now], cameras.distortion)
    turn = cameras.world_to_camera[then][:3, :3] @ cameras.world_to_camera[now][:3, :3].T
    return project(seen @ turn.T, cameras.intrinsics[then], cameras.distortion) - pixels


def compute_labels(geometry: ClipGeometry, passes: Passes) -> dict[str, np.ndarray]:
    """Every label of a clip as the shard format names, shapes and types them (all but rgb, fps, key and meta).

    Dense labels are those of the surface point that the centre of the pixel sees. Normals are interpolated vertex
    normals, turned to the side that is seen. Flow of the sky is that of points at infinity; flow is NaN where the other
    frame lies outside the clip or the point is behind the camera.
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
        "matte": passes.matte.astype(np.float32),
    }
    vertices = [scene.vertices(s) for s in range(3)]
    for t in range(frames):
        hit = passes.face[t] >= 0
        face = passes.face[t][hit]
        first_two = passes.barycentric[t][hit].astype(np.float64)
        weights = np.concatenate([first_two, 1.0 - first_two.sum(1, keepdims=True)], 1)
        index = scene.faces[face]

        out["instances"][t][hit] = scene.person[face]
        out["parts"][t][hit] = scene.part[face]
        out["semantics"][t][hit] = scene.semantic[face]
        out["surface"][t][hit] = np.einsum("nk,nkc->nc", weights, scene.canonical[index])

        camera = to_camera(vertices[1], cameras.world_to_camera[t + 1])
        corners = camera[index]
        points = np.einsum("nk,nkc->nc", weights, corners)
        out["depth"][t][hit] = points[:, 2]

        smooth = vertex_normals(camera, scene.faces)[index]
        normal = np.einsum("nk,nkc->nc", weights, smooth)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
        flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        behind = np.einsum("nc,nc->n", flat, points) > 0
        out["normals"][t][hit] = np.where(behind[:, None], -normal, normal) * _VIEWER

        for name, step in (("flow_forward", 1), ("flow_backward", -1)):
            if not 0 <= t + step < frames:
                continue
            moved = np.einsum("nk,nkc->nc", weights, vertices[1 + step][index])
            moved = to_camera(moved, cameras.world_to_camera[t + 1 + step])
            out[name][t][hit] = project(moved, cameras.intrinsics[t + 1 + step], cameras.distortion) - pixels[hit]
            out[name][t][~hit] = _far_flow(cameras, t + 1, t + 1 + step, pixels[~hit])
        vertices = [*vertices[1:], scene.vertices(min(t + 3, frames + 1))]

    inside = slice(1, frames + 1)
    joints = geometry.joints[:, inside]
    pose, k = cameras.world_to_camera[inside], cameras.intrinsics[inside]
    in_camera = np.stack([np.stack([to_camera(j, m) for j, m in zip(p, pose, strict=True)]) for p in joints])
    keypoints = np.stack(
        [np.stack([project(j, m, cameras.distortion) for j, m in zip(p, k, strict=True)]) for p in in_camera]
    )
    out["intrinsics"], out["world_to_camera"] = k.copy(), pose.copy()
    out["distortion"] = np.tile(cameras.distortion, (frames, 1))
    out["joints3d"], out["keypoints2d"] = in_camera.astype(np.float32), keypoints.astype(np.float32)
    dense = (out[name] for name in ("depth", "instances", "surface"))
    out["visibility"] = keypoint_visibility(
        in_camera, keypoints, geometry.joint_canonical, geometry.joint_reach, *dense
    )
    return out
