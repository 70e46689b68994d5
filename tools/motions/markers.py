"""Marker trajectories (C3D, 53 markers) -> joint centres as a ``SkeletonClip`` of positions.

Gaps are filled from the markers of the same body segment (rigid fit to the segment's usual shape) and, for the rest,
along time. Hip centres follow Bell's regression from the pelvis markers; other joints lie midway between the markers
at their two sides.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from synth.bodies.motion_io import SkeletonClip, make_clip
from synth.bodies.rotations import about, apply, frame, unit

_SEGMENTS = (
    ("ARIEL", "LFHD", "LBHD", "RFHD", "RBHD"),
    ("C7", "T10", "CLAV", "STRN", "LFSH", "LBSH", "RFSH", "RBSH"),
    ("LFWT", "LMWT", "LBWT", "RFWT", "RMWT", "RBWT"),
    ("LUPA", "LELB", "LIEL", "LFSH", "LBSH"),
    ("LOWR", "LIWR", "LWRE", "LELB", "LIEL"),
    ("LIHAND", "LOHAND", "LOWR", "LIWR"),
    ("LHIP", "LKNE", "LKNI", "LFWT", "LMWT"),
    ("LSHN", "LKNE", "LKNI", "LANK"),
    ("LANK", "LHEL", "LMT5", "LMT1", "LTOE"),
    ("RUPA", "RELB", "RIEL", "RFSH", "RBSH"),
    ("ROWR", "RIWR", "RWRE", "RELB", "RIEL"),
    ("RIHAND", "ROHAND", "ROWR", "RIWR"),
    ("RHIP", "RKNE", "RKNI", "RFWT", "RMWT"),
    ("RSHN", "RKNE", "RKNI", "RANK"),
    ("RANK", "RHEL", "RMT5", "RMT1", "RTOE"),
)
_SMOOTHING_HZ = 10.0


def read_marker_clip(path: Path) -> SkeletonClip:
    """Read a C3D file of the marker set above; y up, millimetres."""
    import c3d  # pip install c3d==0.6.0; only this tool needs it

    with open(path, "rb") as handle:
        reader = c3d.Reader(handle)
        labels = [label.strip().split(":")[-1] for label in reader.point_labels]
        frames = [points for _, points, _ in reader.read_frames()]
        rate = float(reader.point_rate)
    data = np.stack(frames)[..., :5].astype(np.float64)
    places = np.where((data[..., 3:4] < 0) | (data[..., :3] == 0).all(-1, keepdims=True), np.nan, data[..., :3])
    markers = {label: places[:, i] / 1000.0 for i, label in enumerate(labels)}
    _fill(markers)
    sos = butter(2, _SMOOTHING_HZ, fs=rate, output="sos")
    markers = {name: sosfiltfilt(sos, track, axis=0) for name, track in markers.items() if not np.isnan(track).any()}
    joints, parents, positions = _joints(markers)
    return make_clip(
        name=path.stem,
        source=path.name,
        fps=rate,
        joints=joints,
        parents=parents,
        positions=positions,
        up="y",
        metres_per_unit=1.0,
    )


def _fill(markers: dict[str, np.ndarray]) -> None:
    for _ in range(2):
        for whole in _SEGMENTS:
            segment = [m for m in whole if not np.isnan(markers[m]).all()]
            tracks = np.stack([markers[m] for m in segment], axis=1)
            seen = ~np.isnan(tracks[..., 0])
            usual = _usual_shape(tracks[seen.all(axis=1)])
            if usual is None:
                continue
            for t in np.flatnonzero(~seen.all(axis=1) & (seen.sum(axis=1) >= 3)):
                turn, shift = _rigid(usual[seen[t]], tracks[t, seen[t]])
                tracks[t, ~seen[t]] = usual[~seen[t]] @ turn.T + shift
            for i, name in enumerate(segment):
                markers[name] = tracks[:, i]
    for name, track in markers.items():
        seen = ~np.isnan(track[:, 0])
        frames = np.arange(len(track))
        if not seen.any():
            continue
        markers[name] = np.stack([np.interp(frames, frames[seen], track[seen, k]) for k in range(3)], axis=1)


def _usual_shape(tracks: np.ndarray) -> np.ndarray | None:
    """The mean shape (markers, 3) of a segment over the frames in which all of it is seen."""
    if len(tracks) < 10:
        return None
    shape = tracks[len(tracks) // 2]
    for _ in range(3):
        fits = [_rigid(points, shape) for points in tracks]
        shape = np.mean([p @ turn.T + shift for p, (turn, shift) in zip(tracks, fits, strict=True)], axis=0)
    return shape


def _rigid(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and shift that best take points ``start`` (n,3) to ``end`` (Kabsch)."""
    a, b = start - start.mean(0), end - end.mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
    turn = vt.T @ flip @ u.T
    return turn, end.mean(0) - turn @ start.mean(0)


def _joints(m: dict[str, np.ndarray]) -> tuple[list[str], list[int], np.ndarray]:
    joints: dict[str, tuple[str | None, np.ndarray]] = {}
    front, back = (m["LFWT"] + m["RFWT"]) / 2, (m["LBWT"] + m["RBWT"]) / 2
    left = unit(m["LFWT"] - m["RFWT"])
    up = unit(np.cross(front - back, left))
    ahead = np.cross(left, up)
    width = np.median(np.linalg.norm(m["LFWT"] - m["RFWT"], axis=1))
    middle = front - 0.19 * width * ahead - 0.30 * width * up  # Bell et al. 1990: share of the pelvis' width
    joints["pelvis"] = (None, middle + 0.08 * up)
    joints["spine"] = ("pelvis", middle + 0.16 * up)
    joints["chest"] = ("spine", (m["T10"] + m["STRN"]) / 2)
    joints["neck"] = ("chest", m["C7"] + 0.07 * unit(m["STRN"] - m["T10"]))
    _head(joints, m)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        name = {"L": "left", "R": "right"}[side]
        joints[f"{name}_shoulder"] = ("chest", (m[side + "FSH"] + m[side + "BSH"]) / 2)
        joints[f"{name}_elbow"] = (f"{name}_shoulder", (m[side + "ELB"] + m[side + "IEL"]) / 2)
        joints[f"{name}_wrist"] = (f"{name}_elbow", (m[side + "OWR"] + m[side + "IWR"]) / 2)
        joints[f"{name}_hip"] = ("pelvis", middle + sign * 0.36 * width * left)
        joints[f"{name}_knee"] = (f"{name}_hip", (m[side + "KNE"] + m[side + "KNI"]) / 2)
        ball = (m[side + "MT1"] + m[side + "MT5"]) / 2
        heel = m[side + "HEL"]
        # the ankle marker sits on the outer side; the joint lies inwards, over the line heel to ball
        along = unit(ball - heel)
        shin = joints[f"{name}_knee"][1] - heel
        sideways = unit(np.cross(along, shin))
        ankle = m[side + "ANK"]
        ankle = ankle - ((ankle - heel) * sideways).sum(1, keepdims=True) * sideways * 0.8
        joints[f"{name}_ankle"] = (f"{name}_knee", ankle)
        joints[f"{name}_toe"] = (f"{name}_ankle", ball)
        joints[f"{name}_heel"] = (f"{name}_ankle", heel)
    names = list(joints)
    parents = [-1 if parent is None else names.index(parent) for parent, _ in joints.values()]
    return names, parents, np.stack([place for _, place in joints.values()], axis=1)


def _head(joints: dict, m: dict[str, np.ndarray]) -> None:
    front, back = (m["LFHD"] + m["RFHD"]) / 2, (m["LBHD"] + m["RBHD"]) / 2
    left, right = (m["LFHD"] + m["LBHD"]) / 2, (m["RFHD"] + m["RBHD"]) / 2
    sideways = unit(left - right)
    # The band of markers is not level on the head: on average people look straight ahead.
    tilt = np.median(np.arcsin(unit(front - back)[:, 1]))
    ahead = apply(about(sideways, np.full(len(sideways), tilt)), front - back)
    axes = frame(sideways, np.cross(ahead, sideways))
    centre = (front + back) / 2
    joints["head"] = ("neck", centre - 0.11 * axes[..., 1] - 0.02 * axes[..., 2])
    joints["head_front"] = ("head", centre + 0.1 * axes[..., 2])
    joints["head_back"] = ("head", centre - 0.1 * axes[..., 2])
    joints["left_head_side"] = ("head", centre + 0.08 * axes[..., 0])
    joints["right_head_side"] = ("head", centre - 0.08 * axes[..., 0])
