"""A world that can be rendered exactly from any camera, and mirrored: turning ellipsoids over a plane, in closed form.

Each ellipsoid is a person: its own axes are those of the canonical body (its left is +x), its parts and joints have
sides. Labels and colours are evaluated at the centre of each pixel, by formulas that share nothing with the code under
test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from synth.conventions import JOINT_NAMES, Part, Semantic, Visibility
from train.data import Sample

RADII = np.array([0.35, 0.6, 0.3])
MIRROR = np.diag([-1.0, 1.0, 1.0])
SIDES = (
    (Part.LEFT_THIGH, Part.RIGHT_THIGH),
    (Part.LEFT_FOREARM, Part.RIGHT_FOREARM),
    (Part.LEFT_UPPER_ARM, Part.RIGHT_UPPER_ARM),
)


@dataclass(frozen=True)
class World:
    """Per frame t: rotations (P, T, 3, 3) and centres (P, T, 3) of people with radii (3,); cameras; joints (J, 3) on
    the canonical body. ``handed`` is -1 for the mirrored world, where colours sit on mirrored places."""

    rotations: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    joints: np.ndarray
    intrinsics: np.ndarray
    world_to_camera: np.ndarray
    handed: float = 1.0

    def mirrored(self, intrinsics: np.ndarray) -> World:
        """The world seen in a mirror at x = 0: people who swap their sides, seen by a mirrored camera."""
        flat = np.diag([-1.0, 1, 1, 1])
        return replace(
            self,
            rotations=MIRROR @ self.rotations @ MIRROR,
            centres=self.centres @ MIRROR,
            intrinsics=intrinsics,
            world_to_camera=flat @ self.world_to_camera @ flat,
            handed=-self.handed,
        )


def make_world(seed: int, frames: int = 3, height: int = 60, width: int = 90) -> World:
    rng = np.random.default_rng(seed)
    joints = np.zeros((len(JOINT_NAMES), 3))
    for index, name in enumerate(JOINT_NAMES):
        side = name.removeprefix("left_").removeprefix("right_")
        place = np.random.default_rng([seed, *side.encode()]).uniform([0.1, -1, -1], [1, 1, 1])
        place *= RADII / np.linalg.norm(place)  # on the skin
        joints[index] = place * (1 if name.startswith("left_") else -1 if name.startswith("right_") else 0, 1, 1)
    start = Rotation.from_euler("xz", np.stack([[np.pi / 2] * 2, rng.uniform(-1, 1, 2)], 1))
    turns = [(Rotation.from_rotvec([0, 0.05 * t, 0.12 * t]) * start).as_matrix() for t in range(frames)]
    time = np.arange(frames)[None, :, None]
    centres = np.array([[[-0.45, 0.1, 0.7]], [[0.5, 0.6, 0.8]]]) + 0.03 * time * rng.normal(size=(2, 1, 3))
    poses, intrinsics = np.tile(np.eye(4), (frames, 1, 1)), np.zeros((frames, 3, 3))
    for t in range(frames):
        # Camera axes (rows, in the world): x right, y down, z forward; in front of the people, tilted and turned.
        look = Rotation.from_euler("xyz", rng.normal(0, 0.02, 3)).as_matrix() @ [
            [1, 0, 0],
            [0, -0.2, -0.98],
            [0, 0.98, -0.2],
        ]
        look = Rotation.align_vectors([[0, 0, 1], [0, 1, 0]], [look[2], look[1]])[0].as_matrix()
        poses[t, :3, :3], poses[t, :3, 3] = look, -look @ np.array([0.1 + 0.05 * t, -3.0, 1.3])
        focal = 1.05 * width * (1 + 0.01 * t)
        intrinsics[t] = [[focal, 0, width / 2 + 1.7], [0, focal * 1.02, height / 2 - 2.3], [0, 0, 1]]
    return World(np.stack(turns, 1), centres, RADII, joints, intrinsics, poses)


def _hits(world: World, t: int, pixels: np.ndarray):
    """What the rays through ``pixels`` (N, 2) meet: planar depth (N,), world point (N, 3), person (N,), -1 nothing."""
    rays = np.concatenate([pixels, np.ones((len(pixels), 1))], 1) @ np.linalg.inv(world.intrinsics[t]).T
    turn, shift = world.world_to_camera[t][:3, :3], world.world_to_camera[t][:3, 3]
    origin, rays = -turn.T @ shift, rays @ turn  # unit camera z: ray length is planar depth
    depth = np.full(len(pixels), np.inf)
    thing = np.full(len(pixels), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = -origin[2] / rays[:, 2]
        lies = (ground > 0) & (ground < 30)
        depth[lies], thing[lies] = ground[lies], 0
        for person in range(len(world.centres)):
            inward = world.rotations[person, t].T
            o, d = inward @ (origin - world.centres[person, t]) / world.radii, rays @ inward.T / world.radii
            a, b, c = (d * d).sum(1), d @ o, o @ o - 1
            near = (-b - np.sqrt(b * b - a * c)) / a
            first = (near > 0) & (near < depth)
            depth[first], thing[first] = near[first], person + 1
    return depth, origin + rays * depth[:, None], thing


def project(world: World, t: int, points: np.ndarray) -> np.ndarray:
    camera = points @ world.world_to_camera[t][:3, :3].T + world.world_to_camera[t][:3, 3]
    image = camera @ world.intrinsics[t].T
    return image[..., :2] / image[..., 2:]


def colours(world: World, t: int, pixels: np.ndarray) -> np.ndarray:
    """(N, 3) float: smooth in the point that is seen and fixed to it."""
    depth, points, thing = _hits(world, t, pixels)
    out = np.full((len(pixels), 3), 30.0)
    for person in range(len(world.centres) + 1):
        here = thing == person
        own = points[here]
        if person:
            own = 3 * (own - world.centres[person - 1, t]) @ world.rotations[person - 1, t]
        own = own * (world.handed, 1, 1)
        out[here] = 120 + 50 * np.sin(own * (3.1, 2.3, 2.7) + person) + 40 * np.cos(own[:, [1, 2, 0]] * 2.9)
    return out


def labels_at(world: World, t: int, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Dense labels (N, ...) of frame ``t`` at image points ``pixels`` (N, 2)."""
    depth, points, thing = _hits(world, t, pixels)
    turn = world.world_to_camera[t][:3, :3]
    count = len(pixels)
    normals, surface = np.full((2, count, 3), np.nan)
    parts, semantics = np.zeros((2, count), np.uint8)
    normals[thing == 0] = turn @ [0, 0, 1]
    semantics[thing == 0] = Semantic.GROUND
    moved = {step: points.copy() for step in (1, -1)}
    frames = len(world.intrinsics)
    for person in range(1, len(world.centres) + 1):
        here = thing == person
        rotation, centre = world.rotations[person - 1], world.centres[person - 1]
        own = (points[here] - centre[t]) @ rotation[t]
        outward = own / world.radii**2
        normals[here] = outward / np.linalg.norm(outward, axis=1, keepdims=True) @ rotation[t].T @ turn.T
        surface[here] = own / 2.2 + 0.5 + np.array([0, 0.45 / 2.2, 0])  # the axes and units that docs/format.md names
        band = np.digitize(own[:, 1], [-0.2, 0.2])
        sides = np.array(SIDES, np.uint8)[band]
        parts[here] = np.where(own[:, 0] > 0, sides[:, 0], sides[:, 1])
        semantics[here] = Semantic.SKIN
        for step in (1, -1):
            if 0 <= t + step < frames:
                moved[step][here] = own @ rotation[t + step].T + centre[t + step]
    flow = {}
    for step, name in ((1, "flow_forward"), (-1, "flow_backward")):
        flow[name] = np.full((count, 2), np.nan)
        if 0 <= t + step < frames:
            flow[name][thing >= 0] = project(world, t + step, moved[step][thing >= 0]) - pixels[thing >= 0]
    return {
        "depth": np.where(np.isfinite(depth), depth, np.nan), "normals": normals * (1, -1, -1),
        "matte": (thing > 0).astype(float), "instances": np.maximum(thing, 0).astype(np.uint8), "parts": parts,
        "semantics": semantics, "surface": surface, **flow,
    }  # fmt: skip


def centres_of(height: int, width: int) -> np.ndarray:
    """(H * W, 2) image points of the pixels' centres."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    return np.stack([columns.ravel(), rows.ravel()], 1)


def sparse(world: World, height: int, width: int) -> dict[str, np.ndarray]:
    """Joints, keypoints and flags: self_occluded on the far side of the own ellipsoid, other_occluded for odd joints
    of the second person, whose neighbour of the other side is not."""
    frames, people = len(world.intrinsics), len(world.centres)
    joints3d = np.zeros((people, frames, len(JOINT_NAMES), 3))
    keypoints = np.zeros((people, frames, len(JOINT_NAMES), 2))
    flags = np.zeros((people, frames, len(JOINT_NAMES)), np.uint8)
    left = np.array([name.startswith("left_") for name in JOINT_NAMES])
    for person in range(people):
        for t in range(frames):
            points = world.joints @ world.rotations[person, t].T + world.centres[person, t]
            pose = world.world_to_camera[t]
            joints3d[person, t] = points @ pose[:3, :3].T + pose[:3, 3]
            keypoints[person, t] = project(world, t, points)
            inside = ((keypoints[person, t] > 0) & (keypoints[person, t] < (width, height))).all(1)
            far = joints3d[person, t, :, 2] > (pose[:3, :3] @ world.centres[person, t] + pose[:3, 3])[2]
            # The left of person 2 is behind something; in the mirrored world that is the right.
            other = (person == 1) & (
                left if world.handed > 0 else np.array([n.startswith("right_") for n in JOINT_NAMES])
            )
            flags[person, t] = inside * (
                Visibility.IN_FRAME + far * Visibility.SELF_OCCLUDED + other * Visibility.OTHER_OCCLUDED
            )
    return {
        "joints3d": joints3d.astype(np.float32), "keypoints2d": keypoints.astype(np.float32), "visibility": flags,
        "intrinsics": world.intrinsics, "world_to_camera": world.world_to_camera,
    }  # fmt: skip


def render(world: World, height: int = 60, width: int = 90) -> Sample:
    """The clip that the world's own cameras see."""
    pixels, frames = centres_of(height, width), len(world.intrinsics)
    maps = [labels_at(world, t, pixels) for t in range(frames)]
    labels = {}
    for name in maps[0]:
        stack = np.stack([m[name] for m in maps])
        stack = stack.astype(np.float32) if stack.dtype == np.float64 else stack
        labels[name] = stack.reshape(frames, height, width, *stack.shape[2:])
    rgb = np.stack([colours(world, t, pixels) for t in range(frames)]).reshape(frames, height, width, 3)
    labels |= sparse(world, height, width)
    return Sample("clip", "world", "", "", 24.0, np.rint(np.clip(rgb, 0, 255)).astype(np.uint8), labels)
