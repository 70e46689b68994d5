"""One person of a clip: motion, shape and looks -> the body's mesh and the ``smplx`` label."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.model import POSE_FIELDS, BodyModel, PosedBody
from synth.bodies.motion import Motion
from synth.bodies.movement import person_motion, scenery_of
from synth.bodies.rotations import single
from synth.bodies.scenery import Scenery
from synth.bodies.simulated import SimulatedFiles, own_motion, painted_semantics
from synth.bodies.synth_motion.face import EXPRESSIONS
from synth.conventions import (
    CANONICAL_CENTRE,
    CANONICAL_EXTENT,
    JOINT_NAMES,
    MIRROR_JOINTS,
    NUM_TREE_JOINTS,
    Semantic,
)
from synth.geometry import Material, Mesh
from synth.spec.model import PersonSpec

_EYES = (23, 24)  # joints
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")  # the names of their tips


def placement(
    motion: Motion, pelvis_rest: np.ndarray, yaw: float, position: tuple[float, float]
) -> tuple[Rotation, np.ndarray]:
    """Turn and shift (3,) of the world about z that put the pelvis of the middle frame over ``position`` (x, y)."""
    turn = Rotation.from_euler("z", yaw)
    middle = turn.apply(motion.transl[len(motion) // 2] + pelvis_rest)
    return turn, np.array([position[0] - middle[0], position[1] - middle[1], 0.0])


def heading(motion: Motion) -> float:
    """Where the pelvis of the middle frame faces, radians about z; where its upper end points, of somebody who lies."""
    axes = Rotation.from_rotvec(motion.global_orient[len(motion) // 2]).as_matrix()
    forward = axes[:2, 2] if np.linalg.norm(axes[:2, 2]) > 0.5 else axes[:2, 1]
    return float(np.arctan2(forward[1], forward[0]))


def place(motion: Motion, pelvis_rest: np.ndarray, yaw: float, position: tuple[float, float]) -> Motion:
    """Turn a motion about z and put the pelvis of its middle frame over ``position`` (x, y).

    The root turns about the pelvis: transl' = R (transl + J0) - J0 + t.
    """
    turn, shift = placement(motion, pelvis_rest, yaw, position)
    transl = turn.apply(motion.transl + pelvis_rest) - pelvis_rest + shift
    orient = (turn * Rotation.from_rotvec(motion.global_orient)).as_rotvec()
    return motion.replace(global_orient=orient, transl=transl)


@dataclass(frozen=True, eq=False)
class Staged:
    """How a person moves through the world.

    Attributes:
        params: smplx's inputs over T + 2 time samples: float32 poses and transl, betas (10,), expression (T + 2, 10).
        scenery: what the motion needs around it, in the world, if it needs anything.
        turn, shift: what took the motion from where it was captured to its place, about the origin; (3,) metres.
    """

    params: dict[str, np.ndarray]
    scenery: Scenery | None
    turn: Rotation
    shift: np.ndarray


def person_params(
    model: BodyModel,
    spec: PersonSpec,
    files: Mapping[str, Path],
    garment: SimulatedFiles | None,
    frames: int,
    fps: float,
) -> Staged:
    """What a person does over the samples of a clip; ``garment`` is what they wear that was simulated for their motion.

    Raises:
        ThfmError: a motion is not there, or ends before the clip.
    """
    betas = np.array(spec.betas, np.float32)
    body, scenery = model.rig.geometry(betas), None
    if garment is None:
        motion = person_motion(spec.motion, files, body, frames + 2, fps)
        scenery = scenery_of(spec.motion, body)
    else:
        motion = own_motion(spec, garment, model, frames + 2, fps)
    where = (model.rest_joints(betas)[0], spec.yaw - heading(motion), spec.position)
    turn, shift = placement(motion, *where)
    if scenery is not None:
        scenery = scenery.moved(turn, shift)
    motion = place(motion, *where)
    params = {name: single(getattr(motion, name)) for name in (*POSE_FIELDS, "transl")}
    held = np.tile(np.array(spec.expression, np.float32), (len(motion), 1))
    if tuple(map(str, model.extras.get("expression_names", ()))) == EXPRESSIONS:
        held = single(np.clip(held + motion.expression, 0.0, 2.0))
    return Staged({**params, "betas": betas, "expression": held}, scenery, turn, shift)


def smplx_label(model: BodyModel, params: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The ``smplx`` label of one person: the parameters of the T frames of the clip, gender and body-model id.

    ``betas`` (10,) alone does not move.
    """
    moving = {name: params[name][1:-1] for name in (*POSE_FIELDS, "transl")}
    named = {"gender": np.array(model.gender), "body_model": np.array(model.id)}
    return {**moving, "betas": params["betas"], "expression": params["expression"][1:-1], **named}


def _unit_cube(points: np.ndarray) -> np.ndarray:
    return ((points - np.array(CANONICAL_CENTRE)) / CANONICAL_EXTENT + 0.5).astype(np.float32)


def canonical_is_shared(neutral: BodyModel, model: BodyModel) -> bool:
    """Whether a body's vertices are those of the neutral body, so that dense pose can speak of the latter."""
    return neutral.template.shape == model.template.shape


def canonical_points(neutral: BodyModel, model: BodyModel) -> np.ndarray:
    """(V, 3) float32 dense-pose points of a body's vertices: the neutral mean T-pose in the unit cube."""
    return _unit_cube(neutral.template if canonical_is_shared(neutral, model) else model.template)


@functools.lru_cache(maxsize=8)
def joint_sites(model: BodyModel) -> tuple[np.ndarray, np.ndarray]:
    """Where the joints lie in dense pose, and how far from each its own surface reaches.

    A joint inside the body is surrounded by skin at many distances: near across a limb, far along it. Its reach is the
    distance within which lies the skin in 85 % of directions. Points on the surface reach 4 cm, finger tips 2 cm.

    Returns:
        (J, 3) and (J,) float32, mean T-pose in the unit cube.
    """
    import torch
    from scipy.spatial import cKDTree

    with torch.no_grad():
        rest = model.model()  # smplx's defaults: mean shape, zero pose
    vertices, joints = rest.vertices[0].numpy(), rest.joints[0, : len(JOINT_NAMES)].numpy()
    look, _ = _look_groups(model)
    skin = vertices[np.unique(model.faces[look == 0])]
    count = np.arange(200) + 0.5  # a Fibonacci sphere: directions spread evenly
    tilt, turn = np.arccos(1 - 2 * count / len(count)), np.pi * (1 + 5**0.5) * count
    directions = cKDTree(np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], 1))
    reach = np.full(len(joints), 0.04)
    reach[[i for i, name in enumerate(JOINT_NAMES) if name.split("_")[-1] in _FINGERS]] = 0.02
    for j in range(NUM_TREE_JOINTS):
        away = skin - joints[j]
        distance = np.linalg.norm(away, axis=1)
        first = np.full(len(count), np.inf)
        np.minimum.at(first, directions.query(away / np.maximum(distance, 1e-9)[:, None])[1], distance)
        reach[j] = np.quantile(first[np.isfinite(first)], 0.85) + 0.01
    reach = (reach + reach[list(MIRROR_JOINTS)]) / 2
    return _unit_cube(joints), (reach / CANONICAL_EXTENT).astype(np.float32)


def _look_groups(model: BodyModel) -> tuple[np.ndarray, np.ndarray]:
    """Per face: index of its look (skin, eye, mouth) and its ``Semantic``."""
    faces, weights = model.faces, model.weights
    look = np.zeros(len(faces), np.uint8)
    if "face_group" in model.extras:
        names = [str(n) for n in model.extras["face_group_names"]]
        kinds = {"left_eye": 1, "right_eye": 1, "teeth": 2, "tongue": 3}
        look = np.array([kinds.get(n, 0) for n in names], np.uint8)[model.extras["face_group"]]
    else:
        look[weights[:, _EYES].sum(1)[faces].mean(1) > 0.5] = 1
    semantic = np.array([Semantic.SKIN, Semantic.EYES, Semantic.MOUTH, Semantic.MOUTH], np.uint8)[look]
    return look, semantic


def eye_directions(model: BodyModel, posed: PosedBody) -> np.ndarray:
    """(V, 3) float32: rest-pose direction from the nearer eye's centre, z along the gaze."""
    centres = posed.rest_joints[list(_EYES)]
    side = np.where(posed.rest[:, 0] > posed.rest_joints[15, 0], 0, 1)
    away = posed.rest - centres[side]
    return (away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def body_mesh(
    model: BodyModel,
    posed: PosedBody,
    canonical: np.ndarray,
    spec: PersonSpec,
    person: int,
    skin: Path | None,
    shown: np.ndarray,
    overlay: Path | None = None,
) -> Mesh:
    """The mesh of the bare body.

    Args:
        skin: texture in the model's own layout; None paints a plain tone.
        shown: (F,), False for skin that clothes cover.
        overlay: clothes painted over the skin, in its layout.
    """
    look, semantic = _look_groups(model)
    faces = model.faces
    if skin is not None:
        uv, face_uv, texture, tint = model.extras["vt"], model.extras["ft"].astype(np.int32), skin, spec.skin_tint
    else:
        uv, face_uv = np.zeros((1, 2), np.float32), np.zeros_like(faces)
        texture, tint = None, tuple(c * s for c, s in zip((0.45, 0.27, 0.19), spec.skin_tint or (1, 1, 1), strict=True))
    if overlay is not None:
        semantic = painted_semantics(overlay, uv, face_uv, model.part, semantic)
    return Mesh(
        name="body",
        person=person,
        faces=faces,
        positions=posed.vertices,
        uv=uv,
        face_uv=face_uv,
        part=model.part,
        semantic=semantic,
        canonical=canonical,
        shown=shown,
        materials=(
            Material(
                "skin",
                diffuse=texture,
                tint=tint,
                roughness=0.5,
                settings={} if overlay is None else {"overlay": str(overlay)},
            ),
            Material("eye", tint=spec.eye_colour),
            Material("plain", tint=(0.75, 0.68, 0.58), roughness=0.3),
            Material("plain", tint=(0.45, 0.12, 0.12), roughness=0.35),
        ),
        material_index=look,
        attributes={"eye_direction": eye_directions(model, posed)},
    )
