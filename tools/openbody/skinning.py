"""The reference skinning that the baked body imitates: rotations blended as quaternions about optimised centres.

Linear blend skinning averages matrices, so bent joints lose volume and twisted ones close like sweet wrappers. Here a
vertex turns by the blended quaternion about its own centre of rotation, the centroid of all surface that is skinned
alike (Le and Hodgins, "Real-time skeletal skinning with optimized centers of rotation", SIGGRAPH 2016). Twist bones
spread a limb's rotation about its own axis along the limb, as MakeHuman's rig intends.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial.transform import Rotation

from openbody.skeleton import BONES, JOINTS, PARENTS, SIDES, index

SIMILARITY_WIDTH = 0.1  # of skin weights, sigma in the paper
PRUNE = 1e-3


def forward_kinematics(joints: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations (55, 3, 3) and posed joints (55, 3) from rest joints (55, 3) and local rotations (55, 3, 3)."""
    turned = np.empty_like(local)
    posed = np.empty_like(joints)
    for j, parent in enumerate(PARENTS):
        if parent < 0:
            turned[j], posed[j] = local[j], joints[j]
        else:
            turned[j] = turned[parent] @ local[j]
            posed[j] = posed[parent] + turned[parent] @ (joints[j] - joints[parent])
    return turned, posed


def twist(rotation: np.ndarray, axis: np.ndarray, share: float) -> np.ndarray:
    """``share`` of the part of ``rotation`` (3, 3) that turns about the unit ``axis``, as a matrix."""
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    angle = 2.0 * np.arctan2(np.dot((x, y, z), axis), w)
    angle = (angle + np.pi) % (2.0 * np.pi) - np.pi
    return Rotation.from_rotvec(share * angle * axis).as_matrix()


def bone_rotations(local: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Global rotations (61, 3, 3) of joints and twist bones for local rotations (55, 3, 3) relative to the T-pose.

    The upper arm and thigh take half of their twist near the root and all of it further down; the forearm takes half
    of the elbow's twist near the elbow and, further down, all of it and half of the wrist's.
    """
    turned, _ = forward_kinematics(joints, local)
    out = np.concatenate([turned, np.empty((len(BONES) - len(JOINTS), 3, 3))])
    limbs = (("shoulder", "elbow", "upperarm"), ("elbow", "wrist", "forearm"), ("hip", "knee", "thigh"))
    for side, _, _, _ in SIDES:
        for joint, child, bone in limbs:
            j, c = index(f"{side}_{joint}"), index(f"{side}_{child}")
            axis = joints[c] - joints[j]
            axis = axis / np.linalg.norm(axis)
            out[index(f"{side}_{bone}")] = turned[j]
            if bone == "forearm":
                out[index(f"{side}_{bone}")] = turned[j] @ twist(local[c], axis, 0.5)
            out[j] = turned[j] @ twist(local[j], axis, 0.5).T
    return out


def carrier(bone: int) -> int:
    """The joint about which a bone turns."""
    if bone < len(JOINTS):
        return bone
    side, part = BONES[bone].split("_")
    return index(f"{side}_{ {'upperarm': 'shoulder', 'forearm': 'elbow', 'thigh': 'hip'}[part] }")


CARRIERS = np.array([carrier(b) for b in range(len(BONES))])


def triangle_area(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def centres_operator(vertices: np.ndarray, triangles: np.ndarray, weights: np.ndarray) -> sparse.csr_matrix:
    """(V, V) sparse rows of averaging shares: ``operator @ vertices`` are the centres of rotation of every vertex.

    Args:
        vertices: (V, 3) any typical shape; fixes the triangle areas.
        triangles: (F, 3) of the skin.
        weights: (V, B) skin weights.
    """
    n = len(vertices)
    patch = weights[triangles].mean(1)
    area = triangle_area(vertices, triangles)
    total = sparse.csr_matrix((n, len(triangles)))
    used = [b for b in range(weights.shape[1]) if weights[:, b].any()]
    for i, j in enumerate(used):
        for k in used[i + 1 :]:
            v = np.flatnonzero((weights[:, j] > 0) & (weights[:, k] > 0))
            t = np.flatnonzero((patch[:, j] > 0) & (patch[:, k] > 0))
            if not len(v) or not len(t):
                continue
            wj, wk = (weights[v][:, (b,)].astype(np.float32) for b in (j, k))
            pj, pk = (patch[t, b].astype(np.float32)[None] for b in (j, k))
            block = wj * wk * (pj * pk * area[t].astype(np.float32))
            block *= np.exp(-((wj * pk - wk * pj) ** 2) / SIMILARITY_WIDTH**2)
            block[block < PRUNE * block.max(1, keepdims=True)] = 0.0
            local = sparse.coo_matrix(block)
            total = total + sparse.csr_matrix((local.data, (v[local.row], t[local.col])), shape=total.shape)
    mass = np.asarray(total.sum(1)).ravel()
    share = sparse.diags(1.0 / np.where(mass > 1e-12, mass, 1.0)) @ total
    rows = np.repeat(np.arange(len(triangles)), 3)
    spread = sparse.csr_matrix((np.full(len(rows), 1 / 3), (rows, triangles.ravel())), shape=(len(triangles), n))
    return (share @ spread + sparse.diags((mass <= 1e-12).astype(float))).tocsr()


class ReferenceSkinning:
    """Skinning of ``weights`` (V, B) with the centres of rotation given by ``centres`` (V, V)."""

    def __init__(self, weights: np.ndarray, centres: sparse.csr_matrix):
        table = sparse.csr_matrix(weights)
        self._row = np.repeat(np.arange(weights.shape[0]), np.diff(table.indptr))
        self._bone, self._weight = table.indices, table.data
        self._main = weights.argmax(1)[self._row]
        self._table, self._centres = table, centres

    def __call__(self, vertices: np.ndarray, rotations: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Moves ``vertices`` (V, 3) by bone transforms x -> rotations[b] @ x + shifts[b], (B, 3, 3) and (B, 3)."""
        quats = Rotation.from_matrix(rotations).as_quat()
        sign = np.where((quats[self._bone] * quats[self._main]).sum(1) < 0, -1.0, 1.0)
        signed = sparse.csr_matrix((sign * self._weight, self._bone, self._table.indptr), shape=self._table.shape)
        turn = Rotation.from_quat(signed @ quats)
        centre = self._centres @ vertices
        moved = np.einsum("vij,vj->vi", (self._table @ rotations.reshape(-1, 9)).reshape(-1, 3, 3), centre)
        return turn.apply(vertices - centre) + moved + self._table @ shifts


def linear_blend(vertices: np.ndarray, weights: np.ndarray, rotations: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Plain linear blend skinning, arguments as above."""
    matrices = (weights @ rotations.reshape(-1, 9)).reshape(-1, 3, 3)
    return np.einsum("vij,vj->vi", matrices, vertices) + weights @ shifts
