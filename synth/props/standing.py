"""Props that stand on the floor: in front of people, where they hide a wanted share of them, or beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.geometry import Cameras
from synth.props.hiding import View
from synth.props.obstacles import Box
from synth.props.shape import PropShape
from synth.spec.props.model import PropSpec

_TRIES = 150
_LOOKS = 48  # free places of which the picture is looked at
_GAP = 0.05  # metres between props
_CAMERA_GAP = 0.4
_NEAREST = 0.1  # metres along the view


def _box(shape: PropShape, centre: np.ndarray, yaw: float) -> Box:
    size = shape.size
    return Box(centre, size[:2] / 2, float(size[2]), yaw)


def _put(points: np.ndarray, box: Box) -> np.ndarray:
    return np.concatenate([points[:, :2] @ box.axes + box.centre, points[:, 2:]], 1)


def _eyes(cameras: Cameras) -> np.ndarray:
    rotation = cameras.world_to_camera[:, :3, :3]
    return -np.einsum("sji,sj->si", rotation, cameras.world_to_camera[:, :3, 3])


def _candidate(rng: np.random.Generator, role: str, shape: PropShape, person: np.ndarray, eye: np.ndarray) -> Box:
    """A place near a person (2,), before or beside him as the camera at ``eye`` (2,) sees it."""
    yaw = float(rng.uniform(-np.pi, np.pi))
    reach = float(np.linalg.norm(shape.size[:2]) / 2)
    ahead = eye - person
    distance = float(np.linalg.norm(ahead))
    ahead = ahead / max(distance, 1e-9)
    across = np.array([-ahead[1], ahead[0]])
    if role == "front":
        towards = rng.uniform(0.25 + 0.5 * reach, max(0.3 + 0.5 * reach, 0.8 * distance))
        centre = person + towards * ahead + rng.normal(0.0, 0.3 + 0.5 * reach) * across
    else:
        angle = rng.uniform(-np.pi, np.pi)
        away = 0.3 + reach + rng.exponential(0.5)
        centre = person + away * (np.cos(angle) * ahead + np.sin(angle) * across)
    return _box(shape, centre, yaw)


def stand(
    shape: PropShape,
    spec: PropSpec,
    person: np.ndarray,
    cells: np.ndarray,
    reach: float,
    boxes: Sequence[Box],
    view: View,
) -> tuple[Box, np.ndarray, View] | None:
    """Find a place for a prop.

    Args:
        person: (S, 3) where the person's pelvis is over time.
        cells, reach: what moving things visit, and how much farther they may extend (see ``obstacles``).
        boxes: what stands already.

    Returns:
        its box, vertices (1, V, 3) and the view with it in place; None when no place was found.
    """
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    eyes = _eyes(view.cameras)
    looked = 0
    for _ in range(_TRIES):
        moment = int(rng.integers(len(person)))
        box = _candidate(rng, spec.role, shape, person[moment, :2].astype(np.float64), eyes[moment, :2])
        if box.distance(eyes).min() < _CAMERA_GAP or not all(box.apart(other, _GAP) for other in boxes):
            continue
        if len(cells) and box.distance(cells).min() < reach:
            continue
        if not _before_cameras(box, view) or (spec.role == "beside" and not _in_sight(box, view)):
            continue
        placed = _put(shape.positions, box)[None]
        new = view.with_prop(placed, shape.faces)
        added = new.mean_hidden() - view.mean_hidden()
        mine = added[spec.person] if spec.role == "front" else added.max()
        asked = spec.hides[0] <= mine <= spec.hides[1]
        if asked and new.fits(spec.hides_most, spec.hides_head, spec.fills_most):
            return box, placed, new
        looked += 1
        if looked == _LOOKS:
            break
    return None


def _before_cameras(box: Box, view: View) -> bool:
    """Whether the whole box lies before all cameras: nothing can be said of what reaches behind one."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (0, 1)], float)
    corners = np.column_stack([(signs[:, :2] * box.half) @ box.axes + box.centre, signs[:, 2] * box.height])
    pose = view.cameras.world_to_camera
    depth = np.einsum("sj,nj->sn", pose[:, 2, :3], corners) + pose[:, None, 2, 3]
    return bool(depth.min() > _NEAREST)


def _in_sight(box: Box, view: View) -> bool:
    """Whether the middle of a box is in the picture at the middle of the clip."""
    sample = view.samples[len(view.samples) // 2]
    pose, k = view.cameras.world_to_camera[sample], view.cameras.intrinsics[sample]
    camera = pose[:3, :3] @ np.array([*box.centre, box.height / 2]) + pose[:3, 3]
    if camera[2] < 0.1:
        return False
    cell = (k @ camera)[:2] / camera[2] * view.scale
    return bool((cell >= 0).all() and (cell < view.shape[::-1]).all())
