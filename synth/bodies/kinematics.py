"""Forward kinematics and skinning of a SMPL-X body in numpy, for the few points that decide about floor contact.

The smplx library stays the judge of where vertices are; this is the same arithmetic on about a tenth of the vertices
(the hulls of the body parts), fast enough to fit a motion to a person.
"""

from __future__ import annotations

import contextlib
import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from synth.bodies.motion import Motion
from synth.conventions import JOINT_NAMES, PARENTS, ThfmError

JOINT = {name: i for i, name in enumerate(JOINT_NAMES[: len(PARENTS)])}
NUM_JOINTS = len(PARENTS)
_ASSETS = Path(__file__).resolve().parents[2] / "assets"


@dataclass(frozen=True, eq=False)
class BodyGeometry:
    """A shaped SMPL-X body at rest, reduced to what kinematics needs. Canonical axes (y up), metres, float64.

    rest_joints (55,3); points (N,3): hull vertices of all body parts; weights (N,55): their skinning weights;
    correctives (486,N*3): their pose blend shapes; part (N,): the joint that moves a point most.
    """

    rest_joints: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    correctives: np.ndarray
    part: np.ndarray

    @property
    def leg_length(self) -> float:
        """Thigh plus shin, the mean of both sides, metres."""
        j = self.rest_joints
        return float(np.mean([_bone(j, s + "hip", s + "knee") + _bone(j, s + "knee", s + "ankle") for s in _SIDES]))


_SIDES = ("left_", "right_")


def _bone(joints: np.ndarray, start: str, end: str) -> float:
    return float(np.linalg.norm(joints[JOINT[end]] - joints[JOINT[start]]))


@dataclass(frozen=True, eq=False)
class Rig:
    """A SMPL-X model reduced to its hull points, from which ``geometry(betas)`` makes bodies of any shape quickly."""

    template: np.ndarray
    shapedirs: np.ndarray
    joints_template: np.ndarray
    joints_shapedirs: np.ndarray
    weights: np.ndarray
    correctives: np.ndarray

    @classmethod
    def from_smplx(cls, model) -> Rig:
        """Reduce a model that ``smplx.create(..., model_type="smplx")`` made."""

        def numpy(tensor) -> np.ndarray:
            return tensor.detach().cpu().numpy().astype(np.float64)

        template, shapedirs = numpy(model.v_template), numpy(model.shapedirs)
        weights, regressor = numpy(model.lbs_weights), numpy(model.J_regressor)
        chosen = _hull_vertices(template, weights, np.unique(model.faces.astype(np.int64)))
        posedirs = model.posedirs.detach().cpu().numpy().reshape(-1, len(template), 3)[:, chosen]
        return cls(
            template=template[chosen],
            shapedirs=shapedirs[chosen],
            joints_template=regressor @ template,
            joints_shapedirs=np.einsum("jv,vck->jck", regressor, shapedirs),
            weights=weights[chosen],
            correctives=posedirs.reshape(len(posedirs), -1).astype(np.float64),
        )

    def geometry(self, betas: np.ndarray | None = None) -> BodyGeometry:
        """The body of shape ``betas`` (up to as many as the model has; none means the mean shape)."""
        betas = np.zeros(0) if betas is None else np.asarray(betas, dtype=np.float64).reshape(-1)
        count = len(betas)
        if count > self.shapedirs.shape[2]:
            raise ThfmError(f"{count} betas given, but the body model has only {self.shapedirs.shape[2]}")
        return BodyGeometry(
            rest_joints=self.joints_template + self.joints_shapedirs[:, :, :count] @ betas,
            points=self.template + self.shapedirs[:, :, :count] @ betas,
            weights=self.weights,
            correctives=self.correctives,
            part=self.weights.argmax(axis=1),
        )


def _hull_vertices(template: np.ndarray, weights: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Indices of the vertices on the convex hull of each body part, plus all of the feet."""
    part = weights.argmax(axis=1)
    feet = [JOINT[side + name] for side in _SIDES for name in ("ankle", "foot")]
    chosen = []
    for joint in range(NUM_JOINTS):
        members = used[part[used] == joint]
        if joint in feet:
            low = template[members, 1] < np.quantile(template[members, 1], 0.4)
            chosen.append(members[low])
        if len(members) > 8:
            members = members[ConvexHull(template[members], qhull_options="QJ").vertices]
        chosen.append(members)
    return np.unique(np.concatenate(chosen))


@functools.lru_cache(maxsize=8)
def load_rig(folder: str | Path | None = None, gender: str = "neutral") -> Rig:
    """The rig of the model under ``folder`` (the parent of ``smplx/``); by default of the embedded open body."""
    import smplx

    folder = Path(folder) if folder is not None else _ASSETS / "bodies"
    if not (folder / "smplx" / f"SMPLX_{gender.upper()}.npz").is_file():
        raise ThfmError(f"no body model {folder}/smplx/SMPLX_{gender.upper()}.npz; name the folder that holds smplx/")
    with contextlib.redirect_stdout(io.StringIO()):  # smplx warns of ten betas
        model = smplx.create(str(folder), model_type="smplx", gender=gender, ext="npz", num_betas=10, use_pca=False)
    return Rig.from_smplx(model)


def default_body() -> BodyGeometry:
    """The neutral open body in its mean shape: the body that baked motions are made for."""
    return load_rig().geometry()


def world_rotations(pose: np.ndarray) -> np.ndarray:
    """(T,55,3) local axis-angle -> (T,55,3,3) rotations from canonical to world axes."""
    local = Rotation.from_rotvec(np.asarray(pose).reshape(-1, 3)).as_matrix().reshape(-1, NUM_JOINTS, 3, 3)
    world = local.copy()
    for joint in range(1, NUM_JOINTS):
        world[:, joint] = world[:, PARENTS[joint]] @ local[:, joint]
    return world


def local_pose(world: np.ndarray) -> np.ndarray:
    """(T,55,3,3) world rotations -> (T,55,3) local axis-angle."""
    local = world.copy()
    for joint in range(1, NUM_JOINTS):
        local[:, joint] = world[:, PARENTS[joint]].transpose(0, 2, 1) @ world[:, joint]
    return Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(-1, NUM_JOINTS, 3)


def joint_positions(body: BodyGeometry, world: np.ndarray, pelvis: np.ndarray) -> np.ndarray:
    """World joints (T,55,3), metres, of world rotations (T,55,3,3) and the pelvis' place (T,3)."""
    rest = body.rest_joints
    joints = np.empty((len(world), NUM_JOINTS, 3))
    joints[:, 0] = pelvis
    for joint in range(1, NUM_JOINTS):
        parent = PARENTS[joint]
        joints[:, joint] = joints[:, parent] + world[:, parent] @ (rest[joint] - rest[parent])
    return joints


def skin_points(
    body: BodyGeometry, world: np.ndarray, joints: np.ndarray, chosen: np.ndarray | slice = slice(None)
) -> np.ndarray:
    """World positions (T,n,3) of the chosen hull points, skinned as smplx does, pose correctives included."""
    local = world[:, 1:].copy()
    for joint in range(1, NUM_JOINTS):
        local[:, joint - 1] = world[:, PARENTS[joint]].transpose(0, 2, 1) @ world[:, joint]
    feature = (local - np.eye(3)).reshape(len(world), -1)
    dirs = body.correctives.reshape(len(body.correctives), -1, 3)[:, chosen]
    count = dirs.shape[1]
    rest = body.points[chosen] + (feature @ dirs.reshape(len(dirs), -1)).reshape(len(world), count, 3)
    offset = joints - (world @ body.rest_joints[:, :, None])[..., 0]
    weights = body.weights[chosen]
    turn = (weights @ world.reshape(len(world), NUM_JOINTS, 9)).reshape(len(world), count, 3, 3)
    return (turn @ rest[..., None])[..., 0] + weights @ offset


def motion_joints(motion: Motion, body: BodyGeometry) -> np.ndarray:
    """World joints (T,55,3) of a motion worn by a body, metres: what smplx returns as its first 55 joints."""
    return joint_positions(body, world_rotations(motion.full_pose()), motion.transl + body.rest_joints[0])


def motion_points(motion: Motion, body: BodyGeometry) -> np.ndarray:
    """World positions (T,N,3) of the body's hull points over a motion, metres."""
    world = world_rotations(motion.full_pose())
    return skin_points(body, world, joint_positions(body, world, motion.transl + body.rest_joints[0]))
