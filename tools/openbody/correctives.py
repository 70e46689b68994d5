"""Pose correctives: what SMPL-X's linear pose blend shapes must add for linear skinning to follow the reference.

smplx adds ``posedirs @ vec(R_j - I)`` over the 54 joints to the rest vertices before linear blend skinning. Ridge least
squares over random poses finds, vertex by vertex, the 3 x 9 blocks of the joints that bend or twist the skin there.
"""

from __future__ import annotations

import numpy as np

from openbody.poses import random_pose
from openbody.skeleton import JOINTS, SIDES, descends, index, joint_weights, mirror_bones
from openbody.skinning import CARRIERS, ReferenceSkinning, bone_rotations, forward_kinematics, linear_blend
from openbody.tpose import tpose_transforms

POSES = 450
RIDGE = 3e-4
TOUCH = 2e-3  # least skin weight that counts as being moved
TINY = 1e-4  # metres: directions shorter than this are dropped
FEATURES = 9


def supports(weights: np.ndarray) -> np.ndarray:
    """(V, 55) bool: the joints whose rotation bends or twists the skin at a vertex; weights (V, 61)."""
    out = np.zeros((len(weights), len(JOINTS)), bool)
    for j in range(1, len(JOINTS)):
        moved = weights[:, descends(j)[CARRIERS]].sum(1)
        out[:, j] = (moved > TOUCH) & (moved < 1.0 - TOUCH)
    for side in ("left", "right"):
        for joint, bone in (("shoulder", "shoulder"), ("elbow", "elbow"), ("wrist", "forearm"), ("hip", "hip")):
            out[:, index(f"{side}_{joint}")] |= weights[:, index(f"{side}_{bone}")] > TOUCH
        out[:, index(f"{side}_eye")] = False
    return out


class Reference:
    """Reference skinning of one shape, posed relative to its T-pose.

    Lowered arms are skinned from MakeHuman's own rest pose, which an artist shaped with the arms down; raised arms
    from the T-pose, whose armpits are already open. At the T-pose the two agree.
    """

    def __init__(self, skin: ReferenceSkinning, rest: np.ndarray, regressor: np.ndarray, fingertips: np.ndarray):
        """rest (V, 3) in MakeHuman's rest pose; regressor (55, V) and fingertips (10, V) for that pose."""
        self._skin, self._rest = skin, rest
        self._turn, self._shift, self.joints = tpose_transforms(regressor @ rest, fingertips @ rest)
        self._tpose = skin(rest, self._turn, self._shift)
        self._left = np.clip(0.5 + self._tpose[:, 0] / 0.1, 0.0, 1.0)

    def __call__(self, local: np.ndarray) -> np.ndarray:
        """(V, 3) for local rotations (55, 3, 3)."""
        turned = bone_rotations(local, self.joints)
        _, posed = forward_kinematics(self.joints, local)
        shift = posed[CARRIERS] - np.einsum("bij,bj->bi", turned, self.joints[CARRIERS])
        lowered = self._skin(self._rest, turned @ self._turn, np.einsum("bij,bj->bi", turned, self._shift) + shift)
        raised = self._skin(self._tpose, turned, shift)
        left, right = (_raised(local[index(f"{side}_shoulder")], x) for side, _, _, x in SIDES)
        share = (self._left * left + (1.0 - self._left) * right)[:, None]
        return lowered + share * (raised - lowered)


def _raised(shoulder: np.ndarray, x: float) -> float:
    """0 for an arm that hangs, 1 for one well above the horizontal, by a smooth step."""
    height = np.clip((shoulder @ (x, 0.0, 0.0))[1] / 0.7 + 0.5, 0.0, 1.0)
    return float(height**2 * (3.0 - 2.0 * height))


def pose_features(local: np.ndarray) -> np.ndarray:
    """(55, 9): vec(R - I) of every joint, the pelvis included."""
    return (local - np.eye(3)).reshape(len(local), FEATURES)


def _solve(features: np.ndarray, turn: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Best (K, 3) directions d of one vertex, turn[s] @ (features[s] @ d) ~ residual[s].

    Shapes: features (S, K), turn (S, 3, 3), residual (S, 3), all float32.
    """
    k = features.shape[1]
    design = np.einsum("sk,sab->sakb", features, turn).reshape(-1, 3 * k)
    gram = (design.T @ design).astype(np.float64)
    gram[np.diag_indices_from(gram)] += RIDGE * len(features)
    return np.linalg.solve(gram, design.T @ residual.reshape(-1)).reshape(k, 3)


def fit(
    reference: Reference, tpose: np.ndarray, weights: np.ndarray, mirror: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Pose correctives of one shape.

    Args:
        reference: what to follow. tpose: (V, 3) the shape. weights: (V, 61) bone weights.
        mirror: (V,) the vertex of the other side; only the left half is fitted, the right half mirrors it.

    Returns:
        (V, 3, 486) float64, metres.
    """
    support, skin = supports(weights), joint_weights(weights)
    touched = np.flatnonzero(support.any(1) & (tpose[:, 0] >= tpose[mirror, 0]))
    turn = np.empty((POSES, len(touched), 3, 3), np.float32)
    residual = np.empty((POSES, len(touched), 3), np.float32)
    features = np.empty((POSES, len(JOINTS), FEATURES), np.float32)
    for s in range(POSES):
        local = random_pose(rng)
        turned, posed = forward_kinematics(reference.joints, local)
        shift = posed - np.einsum("bij,bj->bi", turned, reference.joints)
        turn[s] = (skin[touched] @ turned.reshape(-1, 9)).reshape(-1, 3, 3)
        residual[s] = reference(local)[touched] - linear_blend(tpose[touched], skin[touched], turned, shift)
        features[s] = pose_features(local)
    left = np.zeros((len(tpose), 3, len(JOINTS), FEATURES))
    for row, vertex in enumerate(touched):
        joints = np.flatnonzero(support[vertex])
        chosen = features[:, joints].reshape(POSES, -1)
        found = _solve(chosen, turn[:, row], residual[:, row])
        left[vertex][:, joints] = found.T.reshape(3, len(joints), FEATURES)
    image = mirrored(left, mirror)
    other = mirror[touched]
    both = left.copy()
    both[other] = image[other]
    middle = touched[other == touched]
    both[middle] = 0.5 * (left[middle] + image[middle])
    both[np.abs(both) < TINY] = 0.0
    return both[:, :, 1:].reshape(len(tpose), 3, -1)


def mirrored(table: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The mirror image of correctives (V, 3, 55, 9)."""
    flip = np.array([-1.0, 1.0, 1.0])
    image = table[mirror][:, :, mirror_bones()[: len(JOINTS)]]
    return image * flip[None, :, None, None] * np.outer(flip, flip).reshape(FEATURES)
