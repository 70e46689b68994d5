"""What is measured of a clip's labels: cameras, distances, sizes in the picture, joint angles, visibility."""

from __future__ import annotations

import numpy as np

from synth.conventions import JOINT_NAMES, Visibility
from synth.shards import Clip
from synth.stats.tally import Grid, Histogram

FIELDS = ("intrinsics", "world_to_camera", "joints3d", "keypoints2d", "visibility", "smplx")
STATES = ("visible", "hidden by own body", "hidden by others", "out of frame")
_SENSOR = 36.0  # mm, the long side
_BODY = 22  # joints of the body proper, pelvis to wrists
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_HANDS = [i for i, n in enumerate(JOINT_NAMES[:55]) if any(f in n for f in _FINGERS)]
_FACE = [JOINT_NAMES.index(n) for n in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
# Of which joints a region consists, in heat maps and in shares of visibility.
REGIONS = {
    "body": list(range(_BODY)),
    "face": _FACE,
    "wrists": [JOINT_NAMES.index(f"{s}_wrist") for s in ("left", "right")],
    "ankles": [JOINT_NAMES.index(f"{s}_ankle") for s in ("left", "right")],
}
SEEN = {
    "face": _FACE, "head, neck": [JOINT_NAMES.index(n) for n in ("head", "neck")],
    **{f"{n}s": [JOINT_NAMES.index(f"{s}_{n}") for s in ("left", "right")]
       for n in ("shoulder", "elbow", "wrist")},
    "fingers": _HANDS,
    **{f"{n}s": [JOINT_NAMES.index(f"{s}_{n}") for s in ("left", "right")] for n in ("hip", "knee", "ankle")},
}  # fmt: skip
SEEN["feet"] = [JOINT_NAMES.index(f"{s}_foot") for s in ("left", "right")]
ANGLES = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "neck", "spine1")


def histograms() -> dict[str, Histogram]:
    """The empty histograms that ``measure`` fills, and those of bodies."""
    made = {
        "stature": Histogram("stature", "m", 1.3, 2.2),
        "bmi": Histogram("body-mass index", "kg/m²", 12, 52),
        "distance": Histogram("distance of people", "m", 0.3, 60, log=True),
        "focal_mm": Histogram("focal length, on a full frame", "mm", 10, 250, log=True),
        "size": Histogram("size of people: their joints' height in the picture", "of its height", 0, 4),
        "elevation": Histogram("elevation of the camera over people", "°", -60, 90),
        "facing": Histogram("how people are turned: 0 faces the camera, 180 turns the back", "°", 0, 180),
        "travel": Histogram("speed of the camera", "m/s", 0.02, 20, log=True),
        "turn": Histogram("turning of the camera", "°/s", 0.2, 200, log=True),
        "zoom": Histogram("change of the focal length", "%/s", 0.5, 200, log=True),
        "walk": Histogram("speed of people: their pelvis", "m/s", 0.02, 10, log=True),
        "joints_visible": Histogram(
            "joints of the body that are visible, by person and frame",
            f"of {_BODY}",
            -0.5,
            _BODY + 0.5,
            counts=np.zeros(_BODY + 1),
        ),
        "darkest": Histogram("darkest frame of a clip: mean luminance", "of white", 0, 1),
        "brightest": Histogram("brightest frame of a clip: mean luminance", "of white", 0, 1),
        "person_share": Histogram("share of the picture that the least person covers", "%", 0.1, 100, log=True),
    }
    made |= {f"beta{k}": Histogram(f"beta {k}", "", -5, 5) for k in range(10)}
    return made | {f"angle_{name}": Histogram(name.rstrip("1"), "°", 0, 160) for name in ANGLES}


def measure(clip: Clip, into: dict[str, Histogram], grids: dict[str, Grid], seen: dict[str, np.ndarray]) -> None:
    """Take in one clip. ``seen`` counts per region of ``SEEN`` the joints in each of ``STATES``, (4,) each."""
    held = set(clip.fields())
    if {"intrinsics", "world_to_camera"} <= held:
        _cameras(clip, into)
    if "joints3d" in held:
        _people(clip, into)
    if {"keypoints2d", "visibility"} <= held and clip.num_people:
        _picture(clip, into, grids, seen)
    if "smplx" in held:
        for person in clip.smplx:
            _pose(person, into)
    measures = (clip.meta.get("qa") or {}).get("measures") or {}
    for name, into_name, scale in (("too_dark", "darkest", 1), ("too_bright", "brightest", 1),
                                   ("person_pixels", "person_share", 100)):  # fmt: skip
        if measures.get(name) is not None:
            into[into_name].add(scale * measures[name])


def _cameras(clip: Clip, into: dict[str, Histogram]) -> None:
    k, pose = clip.intrinsics, clip.world_to_camera
    focal = k[:, 0, 0]
    if clip.width and clip.height:
        into["focal_mm"].add(focal * _SENSOR / max(clip.width, clip.height))
    if len(pose) > 1:
        eye = -np.einsum("tji,tj->ti", pose[:, :3, :3], pose[:, :3, 3])
        into["travel"].add(np.linalg.norm(np.diff(eye, axis=0), axis=1) * clip.fps)
        relative = np.einsum("tij,tkj->tik", pose[1:, :3, :3], pose[:-1, :3, :3])
        cosine = np.clip((np.trace(relative, axis1=1, axis2=2) - 1) / 2, -1, 1)
        into["turn"].add(np.degrees(np.arccos(cosine)) * clip.fps)
        into["zoom"].add(100 * np.abs(np.diff(np.log(focal))) * clip.fps)


def _people(clip: Clip, into: dict[str, Histogram]) -> None:
    joints = clip.joints3d.astype(np.float64)
    pelvis = joints[:, :, 0]
    into["distance"].add(pelvis[..., 2])
    if "world_to_camera" not in clip.fields():
        return
    turn, shift = clip.world_to_camera[:, :3, :3], clip.world_to_camera[:, :3, 3]
    world = np.einsum("tji,ptkj->ptki", turn, joints[:, :, :_BODY] - shift[:, None])
    eye = -np.einsum("tji,tj->ti", turn, shift)
    away = eye - world[:, :, 0]
    flat = np.linalg.norm(away[..., :2], axis=-1)
    into["elevation"].add(np.degrees(np.arctan2(away[..., 2], flat)))
    hips = world[:, :, JOINT_NAMES.index("left_hip")] - world[:, :, JOINT_NAMES.index("right_hip")]
    ahead = np.stack([hips[..., 1], -hips[..., 0]], -1)  # up crossed by nobody: left is +x when facing -y
    cosine = (ahead * away[..., :2]).sum(-1) / np.maximum(np.linalg.norm(ahead, axis=-1) * flat, 1e-9)
    into["facing"].add(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    if world.shape[1] > 1:
        into["walk"].add(np.linalg.norm(np.diff(world[:, :, 0, :2], axis=1), axis=-1) * clip.fps)


def _picture(clip: Clip, into: dict[str, Histogram], grids: dict[str, Grid], seen: dict[str, np.ndarray]) -> None:
    flags = clip.visibility
    inside = (flags & Visibility.IN_FRAME) > 0
    own, other = (flags & Visibility.SELF_OCCLUDED) > 0, (flags & Visibility.OTHER_OCCLUDED) > 0
    state = np.where(~inside, 3, np.where(other, 2, np.where(own, 1, 0)))
    into["joints_visible"].add((state[:, :, :_BODY] == 0).sum(-1))
    for name, joints in SEEN.items():
        seen[name] += np.bincount(state[:, :, joints].ravel(), minlength=len(STATES))
    if not (clip.width and clip.height):
        return
    points = clip.keypoints2d / (clip.width, clip.height)
    into["size"].add(np.ptp(points[:, :, :_BODY, 1], axis=-1))
    for name, joints in REGIONS.items():
        grids[name].add(points[:, :, joints][inside[:, :, joints]])


def _pose(person: dict, into: dict[str, Histogram]) -> None:
    for k, beta in enumerate(np.asarray(person["betas"]).ravel()[:10]):
        into[f"beta{k}"].add(beta)
    angles = np.degrees(np.linalg.norm(np.asarray(person["body_pose"]).reshape(-1, _BODY - 1, 3), axis=-1))
    for name in ANGLES:
        joints = [i for i, n in enumerate(JOINT_NAMES[1:_BODY]) if n in (name, f"left_{name}", f"right_{name}")]
        into[f"angle_{name}"].add(angles[:, joints])
