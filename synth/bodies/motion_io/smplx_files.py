"""npz files that already hold SMPL-X, or AMASS' SMPL-H, pose parameters -> ``Motion``.

Hands: AMASS stores full hand rotations relative to the flat hand, for SMPL-H and SMPL-X alike, and so do BEDLAM and
most SMPL-X exports; those are read as they are. A file made with ``flat_hand_mean=False`` stores rotations to be added
to the model's mean hand: pass that mean as ``hand_mean``.

SMPL-H and SMPL-X share the names and the order of their 21 body joints and 30 finger joints, so SMPL-H poses are taken
over; the two bodies' pelvis heights differ by centimetres, which ``grounding.adapt_to_shape`` puts right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.motion import FIELDS, ROTATION_FIELDS, Motion, pose_fields, read_npz
from synth.conventions import ThfmError

RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate", "mocap_fps")
_TRANSL_KEYS = ("transl", "trans", "translation")
_ROTATION_ALIASES = {"root_orient": "global_orient", "pose_body": "body_pose", "pose_jaw": "jaw_pose"}


def read_smplx_npz(
    path: str | Path,
    fps: float | None = None,
    up: str = "z",
    pelvis: np.ndarray | None = None,
    hand_mean: tuple[np.ndarray, np.ndarray] | None = None,
) -> Motion:
    """Read a SMPL-X npz (separate fields or ``poses`` of 165) or an AMASS npz (``poses`` of 156 or 165).

    ``fps`` replaces or supplies the frame rate. ``up="y"`` says that the file's world is y up: it is turned z up, which
    needs ``pelvis`` (3,), the rest-pose pelvis joint of the body model that the file was made for, since the root turns
    about it. ``hand_mean`` is a pair of (45,) arrays added to the left and right hand poses (see above).
    Raises ThfmError naming the file and what it lacks.
    """
    path = Path(path)
    arrays = read_npz(path)
    rate = fps if fps is not None else next((float(arrays[k]) for k in RATE_KEYS if k in arrays), None)
    if rate is None:
        raise ThfmError(f"{path} says no frame rate ({', '.join(RATE_KEYS)}); pass fps")
    values = _poses(path, arrays)
    transl = next((arrays[k] for k in _TRANSL_KEYS if k in arrays), None)
    if transl is None:
        raise ThfmError(f"{path} has no translation ({', '.join(_TRANSL_KEYS)}); it is not a motion of a whole body")
    values["transl"] = transl
    if "expression" in arrays:
        values["expression"] = _fit_width(np.asarray(arrays["expression"]), FIELDS["expression"])
    if hand_mean is not None:
        for field, mean in zip(("left_hand_pose", "right_hand_pose"), hand_mean, strict=True):
            values[field] = values.get(field, np.zeros((len(transl), 45))) + np.asarray(mean).reshape(1, 45)
    if up == "y":
        values["global_orient"], values["transl"] = _turn_z_up(path, values, pelvis)
    elif up != "z":
        raise ThfmError(f"up axis '{up}' is unknown; give 'y' or 'z'")
    try:
        return Motion(fps=rate, name=path.stem, source=str(path), **values)
    except ThfmError as error:
        raise ThfmError(f"{path}: {error}") from error


def _poses(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "poses" in arrays:
        poses = np.asarray(arrays["poses"], dtype=np.float64)
        if poses.ndim != 2 or poses.shape[1] not in (156, 165):
            raise ThfmError(f"{path}: poses has shape {poses.shape}; expected (T,156) for SMPL-H or (T,165) for SMPL-X")
        if poses.shape[1] == 156:  # SMPL-H has no jaw and eyes
            poses = np.concatenate([poses[:, :66], np.zeros((len(poses), 9)), poses[:, 66:]], axis=1)
        return pose_fields(poses)
    values = {_ROTATION_ALIASES.get(key, key): np.asarray(value) for key, value in arrays.items()}
    found = {k: v.reshape(len(v), -1) for k, v in values.items() if k in ROTATION_FIELDS and v.ndim >= 1}
    missing = [k for k in ("global_orient", "body_pose") if k not in found]
    if missing:
        held = ", ".join(arrays) or "nothing"
        raise ThfmError(f"{path} has neither poses nor {' and '.join(missing)}; it holds {held}")
    for side in ("left", "right"):
        hand = found.get(f"{side}_hand_pose")
        if hand is not None and hand.shape[1] != 45:
            raise ThfmError(
                f"{path}: {side}_hand_pose has {hand.shape[1]} values a frame (hand PCA?); export it with use_pca=False"
            )
    found["body_pose"] = found["body_pose"][:, :63]
    return found


def _fit_width(values: np.ndarray, width: int) -> np.ndarray:
    if values.ndim != 2:
        return values
    return np.pad(values[:, :width], ((0, 0), (0, max(0, width - values.shape[1]))))


def _turn_z_up(path: Path, values: dict, pelvis: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if pelvis is None:
        raise ThfmError(f"{path}: turning a y-up file z-up needs the model's rest pelvis; pass pelvis")
    turn = Rotation.from_euler("x", 90, degrees=True)
    orient = (turn * Rotation.from_rotvec(values["global_orient"])).as_rotvec()
    return orient, turn.apply(values["transl"] + pelvis) - pelvis
