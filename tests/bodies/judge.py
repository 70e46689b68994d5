"""A judge of motions that shares no code with what makes them: all from vertices and joints of the smplx library.

World metres, z up; a "sole" is the skin below the ankles; angles in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import smplx
import torch
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation
from smplx.joint_names import JOINT_NAMES

TREE = list(JOINT_NAMES[:55])
FIELDS = (
    "global_orient", "body_pose", "transl", "left_hand_pose", "right_hand_pose", "jaw_pose", "leye_pose", "reye_pose",
    "expression",
)  # fmt: skip


@dataclass
class Seen:
    """vertices (T,V,3), joints (T,J,3) and what is fixed: faces (F,3), weights (V,55), used vertex indices."""

    fps: float
    vertices: np.ndarray
    joints: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    motion: object

    def at(self, name: str) -> np.ndarray:
        return self.joints[:, TREE.index(name)]

    def local(self, name: str) -> Rotation:
        pose = np.concatenate([self.motion.global_orient, self.motion.body_pose], axis=1).reshape(-1, 22, 3)
        return Rotation.from_rotvec(pose[:, TREE.index(name)])


def load(gender: str = "neutral"):
    """The open body, as anyone loads it."""
    return smplx.create(
        "assets/bodies", model_type="smplx", gender=gender, ext="npz", num_betas=10, num_expression_coeffs=10,
        use_pca=False, flat_hand_mean=True,
    )  # fmt: skip


def see(model, motion, betas=(0.0,) * 10) -> Seen:
    values = {f: torch.tensor(getattr(motion, f), dtype=torch.float32) for f in FIELDS}
    with torch.no_grad():
        out = model(betas=torch.tensor(betas, dtype=torch.float32).expand(len(motion.transl), -1), **values)
    return Seen(
        motion.fps, out.vertices.numpy().astype(float), out.joints.numpy().astype(float),
        model.faces.astype(np.int64), model.lbs_weights.numpy(), motion,
    )  # fmt: skip


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def anatomy(seen: Seen) -> dict[str, tuple[float, float, float, float]]:
    """name -> (least, most, allowed least, allowed most) of joint angles, degrees.

    Limits: American Academy of Orthopaedic Surgeons' ranges of motion of healthy adults, with a margin of some degrees.
    """
    found: dict[str, tuple[float, float, float, float]] = {}

    def note(name: str, values: np.ndarray, low: float, high: float) -> None:
        found[name] = (float(values.min()), float(values.max()), low, high)

    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle, ball = (seen.at(f"{side}_{n}") for n in ("hip", "knee", "ankle", "foot"))
        shoulder, elbow, wrist = (seen.at(f"{side}_{n}") for n in ("shoulder", "elbow", "wrist"))
        # bends of hinges, signed by the axis they must bend about
        knee_turn, elbow_turn = seen.local(f"{side}_knee"), seen.local(f"{side}_elbow")
        note(f"{side} knee bends", np.sign(knee_turn.as_rotvec()[:, 0]) * _angle(knee - hip, ankle - knee), -4, 155)
        fore = knee_turn.as_matrix()
        note(f"{side} knee bends sideways", np.degrees(np.arcsin(np.clip(fore[:, 0, 1], -1, 1))), -12, 12)
        hinge = elbow_turn.apply([sign, 0, 0])
        note(f"{side} elbow bends", np.degrees(np.arctan2(hinge[:, 2], sign * hinge[:, 0])), -6, 155)
        note(f"{side} elbow bends sideways", np.degrees(np.arcsin(np.clip(hinge[:, 1], -1, 1))), -12, 12)
        note(f"{side} foot to shin", _angle(knee - ankle, ball - ankle), 62, 172)
        note(
            f"{side} wrist bends",
            _angle(wrist * 0 + [sign, 0, 0], seen.local(f"{side}_wrist").apply([sign, 0, 0])),
            0,
            80,
        )
        forearm = np.degrees(elbow_turn.as_rotvec()[:, 0]) + np.degrees(seen.local(f"{side}_wrist").as_rotvec()[:, 0])
        note(f"{side} forearm turns", forearm, -100, 120)
        thigh = seen.local(f"{side}_hip").apply([0, -1, 0])
        note(f"{side} thigh ahead", np.degrees(np.arctan2(thigh[:, 2], -thigh[:, 1])), -40, 135)
        note(f"{side} thigh outwards", np.degrees(np.arcsin(np.clip(sign * thigh[:, 0], -1, 1))), -35, 55)
        upper = (seen.local(f"{side}_collar") * seen.local(f"{side}_shoulder")).apply([sign, 0, 0])
        note(f"{side} arm behind", np.degrees(np.arcsin(np.clip(-upper[:, 2], -1, 1))), -95, 62)
        note(f"{side} arm across", np.append(-sign * upper[:, 0], 0.0), -1.1, 0.8)
        note(f"{side} collar", np.degrees(seen.local(f"{side}_collar").magnitude()), 0, 45)
    spine = (seen.local("spine1") * seen.local("spine2") * seen.local("spine3")).as_euler("YZX", degrees=True)
    note("trunk twists", spine[:, 0], -50, 50)
    note("trunk leans", spine[:, 1], -42, 42)
    note("trunk bends", spine[:, 2], -32, 88)
    neck = (seen.local("neck") * seen.local("head")).as_euler("YZX", degrees=True)
    note("head turns", neck[:, 0], -82, 82)
    note("head leans", neck[:, 1], -48, 48)
    note("head nods", neck[:, 2], -68, 60)
    return found


def soles(seen: Seen) -> dict[str, np.ndarray]:
    used = np.unique(seen.faces)
    return {
        side: used[seen.weights[used][:, [TREE.index(f"{side}_ankle"), TREE.index(f"{side}_foot")]].sum(1) > 0.7]
        for side in ("left", "right")
    }


def slides(seen: Seen, height: float = 0.004) -> list[float]:
    """Metres that each contact slides, summed over its frames: how far the stiller quarter of what touches moves.

    A contact is five frames or more in which a foot's skin is lower than ``height``; its first and last frames, in
    which the foot still lands or already leaves, are not counted.
    """
    found = []
    for points in soles(seen).values():
        track = seen.vertices[:, points]
        down = track[..., 2] < height
        touching = down.sum(axis=1) >= 8
        edges = np.flatnonzero(np.diff(np.concatenate([[0], touching, [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            worst = 0.0
            for k in range(begin + 1, end - 2):
                both = down[k] & down[k + 1]
                if both.sum() >= 5:
                    step = np.linalg.norm((track[k + 1] - track[k])[both][:, :2], axis=1)
                    worst += float(np.quantile(step, 0.25))
            if end - begin >= 5:
                found.append(worst)
    return found


def lowest(seen: Seen) -> np.ndarray:
    """(T,) height of the lowest skin point."""
    return seen.vertices[:, np.unique(seen.faces), 2].min(axis=1)


def centre_of_mass(seen: Seen) -> np.ndarray:
    """(T,3) centroid of the volume that the skin encloses."""
    a, b, c = (seen.vertices[:, seen.faces[:, k]] for k in range(3))
    origin = seen.vertices.mean(axis=1, keepdims=True)
    volume = np.einsum("tfc,tfc->tf", a - origin, np.cross(b - origin, c - origin))
    return (((a + b + c + origin) / 4) * volume[..., None]).sum(1) / volume.sum(1)[:, None]


def outside_support(seen: Seen, height: float = 0.025) -> np.ndarray:
    """(T,) metres by which the centre of mass lies beyond the hull of all skin near the floor; below 0 inside."""
    used, centre = np.unique(seen.faces), centre_of_mass(seen)
    out = np.full(len(centre), np.nan)
    for k, points in enumerate(seen.vertices[:, used]):
        base = points[points[:, 2] < points[:, 2].min() + height][:, :2]
        hull = ConvexHull(base)
        out[k] = (hull.equations[:, :2] @ centre[k, :2] + hull.equations[:, 2]).max()
    return out


def inside_itself(seen: Seen, frames: np.ndarray) -> np.ndarray:
    """(n, m) share of winding beyond one at points on the axes of forearms, hands, shins and feet.

    A point inside the skin has winding number 1; inside a limb that is inside another part it has 2.
    """
    bones = [
        (f"{s}_{a}", f"{s}_{b}")
        for s in ("left", "right")
        for a, b in (("elbow", "wrist"), ("wrist", "middle1"), ("knee", "ankle"), ("ankle", "foot"))
    ]
    winding = []
    for k in frames:
        points = np.concatenate([
            seen.joints[k, TREE.index(a)] + np.linspace(0.45, 0.9, 2)[:, None]
            * (seen.joints[k, TREE.index(b)] - seen.joints[k, TREE.index(a)]) for a, b in bones
        ])  # fmt: skip
        corners = seen.vertices[k][seen.faces]
        row = []
        for point in points:
            a, b, c = (corners[:, i] - point for i in range(3))
            la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
            top = np.einsum("fc,fc->f", a, np.cross(b, c))
            low = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
            row.append(2 * np.arctan2(top, low).sum() / (4 * np.pi))
        winding.append(np.array(row) - 1.0)
    return np.array(winding)


def root_acceleration(seen: Seen) -> float:
    """Most of the pelvis' acceleration, m/s2, over windows of a tenth of a second."""
    step = max(1, round(0.1 * seen.fps))
    place = seen.at("pelvis")
    return (
        float(np.linalg.norm(place[2 * step :] - 2 * place[step:-step] + place[: -2 * step], axis=1).max())
        * (seen.fps / step) ** 2
    )


def turning(seen: Seen) -> float:
    """The fastest turn of any body joint between two frames, degrees a second."""
    names = TREE[1:22]
    return max(np.degrees((seen.local(n)[:-1].inv() * seen.local(n)[1:]).magnitude()).max() for n in names) * seen.fps
