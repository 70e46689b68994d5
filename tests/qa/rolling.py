"""A clip computed by hand: a ball that rolls over a floor, seen by a moving camera, with every label in closed form."""

from __future__ import annotations

import numpy as np
import trimesh

from synth.cameras import intrinsics, look_at
from synth.conventions import Part, Semantic, Visibility
from synth.qa import BodyTrack

RADIUS, SPEED, FLOOR = 0.5, 0.05, 12.0
FRAMES, HEIGHT, WIDTH, FPS = 4, 72, 96, 4.0


def _turn(t: int) -> np.ndarray:
    """Rolling along +x turns the ball about +y."""
    a = SPEED * t / RADIUS
    return np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])


def _centre(t: int) -> np.ndarray:
    return np.array([SPEED * t, 0.0, RADIUS])


def _project(points: np.ndarray, pose: np.ndarray, k: np.ndarray) -> np.ndarray:
    camera = points @ pose[:3, :3].T + pose[:3, 3]
    return (camera @ k.T)[..., :2] / camera[..., 2:]


def rolling_ball() -> tuple[dict, list[BodyTrack]]:
    """The fields of the clip, as the shard format names them, and the ball as a body."""
    eye = np.stack([np.linspace(-0.2, 0.4, FRAMES), np.full(FRAMES, -3.0), np.linspace(1.2, 1.4, FRAMES)], 1)
    poses = look_at(eye, np.stack([_centre(t) for t in range(FRAMES)]))
    k = intrinsics(40.0, WIDTH, HEIGHT)
    grid = np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), -1)
    fields: dict = {n: [] for n in ("rgb", "depth", "normals", "matte", "instances", "parts", "semantics", "surface")}
    fields |= {"flow_forward": [], "flow_backward": []}
    for t in range(FRAMES):
        rotation, origin = poses[t, :3, :3], eye[t]
        rays = np.concatenate([grid, np.ones((*grid.shape[:2], 1))], -1) @ np.linalg.inv(k).T @ rotation  # z = 1
        towards = _centre(t) - origin
        a, b = (rays * rays).sum(-1), rays @ towards
        root = b * b - a * (towards @ towards - RADIUS**2)
        ball = root > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            floor_z = -origin[2] / rays[..., 2]
            z = np.where(ball, (b - np.sqrt(root)) / a, np.where(floor_z > 0, floor_z, np.nan))
            point = origin + rays * z[..., None]
            floor = ~ball & (np.abs(point[..., :2]).max(-1) < FLOOR)
        hit = ball | floor
        material = (point - _centre(t)) @ _turn(t)
        world_normal = np.where(ball[..., None], (point - _centre(t)) / RADIUS, (0.0, 0.0, 1.0))
        left = material[..., 0] > 0
        cloth = material[..., 1] < -0.4
        fields["depth"].append(np.where(hit, z, np.nan).astype(np.float32))
        fields["normals"].append(np.where(hit[..., None], world_normal @ rotation.T * (1, -1, -1), np.nan).astype("f4"))
        fields["instances"].append(ball.astype(np.uint8))
        fields["parts"].append((ball * np.where(left, Part.LEFT_HAND, Part.RIGHT_HAND)).astype(np.uint8))
        worn = np.where(cloth, Semantic.UPPER_GARMENT, Semantic.SKIN)
        ground = np.where(floor, Semantic.GROUND, Semantic.BACKGROUND)
        fields["semantics"].append(np.where(ball, worn, ground).astype(np.uint8))
        fields["surface"].append(np.where(ball[..., None], material * 0.8 + 0.5, np.nan).astype(np.float32))
        fields["matte"].append(ball.astype(np.float32))
        shade = np.where(ball, 40 + 150 * np.nan_to_num(material[..., 2] + 0.5), 90 + 30 * np.sin(9 * point[..., 0]))
        fields["rgb"].append(np.repeat(np.where(hit, shade, 180)[..., None], 3, 2).astype(np.uint8))
        for name, then in (("flow_forward", t + 1), ("flow_backward", t - 1)):
            flow = np.full((HEIGHT, WIDTH, 2), np.nan, np.float32)
            if 0 <= then < FRAMES:
                moved = np.where(ball[..., None], material @ _turn(then).T + _centre(then), point)
                far = rays @ poses[then, :3, :3].T
                image = np.where(hit[..., None], _project(moved, poses[then], k), (far @ k.T)[..., :2] / far[..., 2:])
                flow = (image - grid).astype(np.float32)
            fields[name].append(flow)
    fields = {name: np.stack(frames) for name, frames in fields.items()}

    mesh = trimesh.creation.icosphere(subdivisions=4, radius=RADIUS)
    rest = np.asarray(mesh.vertices)
    vertices = np.stack([rest @ _turn(t).T + _centre(t) for t in range(FRAMES)]).astype(np.float32)
    inner = rest[:144] * 0.8
    joints = np.stack([(inner @ _turn(t).T + _centre(t)) @ poses[t, :3, :3].T + poses[t, :3, 3] for t in range(FRAMES)])
    keypoints = (joints @ k.T)[..., :2] / joints[..., 2:]
    fields |= {
        "fps": FPS,
        "intrinsics": np.tile(k, (FRAMES, 1, 1)),
        "world_to_camera": poses,
        "joints3d": joints[None].astype(np.float32),
        "keypoints2d": keypoints[None].astype(np.float32),
        "visibility": np.full((1, FRAMES, 144), int(Visibility.IN_FRAME), np.uint8),
        "smplx": [{"transl": np.zeros((FRAMES, 3), np.float32), "betas": np.zeros(10, np.float32), "gender": "female"}],
    }
    body = BodyTrack(vertices, np.asarray(mesh.faces), (rest * 0.8 + 0.5).astype(np.float32))
    return fields, [body]
