"""Lays base.obj, the mesh that the wardrobe hangs on, on an SMPL-X body of whatever topology.

The open body carries base.obj itself. On another body, such as the licensed SMPL-X, base.obj's skin is laid on the
nearest skin once, in the T-pose, after the open body's shape has been fitted to it; clothes then follow that body.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from synth.bodies.basemap import BaseMap
from synth.bodies.model import BodyModel, load_body
from synth.bodies.surface import Surface
from synth.conventions import NUM_BODY_JOINTS, ThfmError

_EYES = (23, 24)  # joints
_STEPS = 8
_STRIDE = 5  # every n-th vertex takes part in the shape fit


def skin_faces(model: BodyModel) -> np.ndarray:
    """(F,) bool: the faces of a body that are neither eyes nor the inside of the mouth."""
    if "face_group" in model.extras:
        names = [str(n) for n in model.extras["face_group_names"]]
        return model.extras["face_group"] == names.index("body")
    return model.weights[:, _EYES].sum(1)[model.faces].mean(1) < 0.5


def _fitted(source: BodyModel, vertices: np.ndarray, target: Surface, joints: np.ndarray) -> np.ndarray:
    """(V, 3) rest vertices of ``source`` with the 10 betas and the shift that fit ``target`` best (Gauss-Newton)."""
    directions = source.model.shapedirs.numpy().astype(np.float64)
    regressor = source.model.J_regressor.numpy()[: len(joints)].astype(np.float64)
    template = source.template.astype(np.float64)
    joint_directions = np.einsum("jv,vcb->jcb", regressor, directions)
    betas, shift = np.zeros(directions.shape[2]), np.zeros(3)
    for _ in range(_STEPS):
        rest = template + directions @ betas + shift
        near = target.nearest(rest[vertices], source.weights[vertices]).points
        eye = np.tile(np.eye(3), (len(vertices), 1))
        rows = [np.concatenate([directions[vertices].reshape(-1, len(betas)), eye], 1)]
        goal = [(near - template[vertices]).ravel()]
        pull = 0.2 * len(vertices) / len(joints)  # joints count a fifth as much as the whole skin
        eye = np.tile(np.eye(3), (len(joints), 1))
        rows.append(pull**0.5 * np.concatenate([joint_directions.reshape(-1, len(betas)), eye], 1))
        goal.append(pull**0.5 * (joints - regressor @ template).ravel())
        damping = np.diag([1e-2] * len(betas) + [0.0] * 3)
        solution = np.linalg.lstsq(
            np.concatenate([*rows, damping]), np.concatenate([*goal, np.zeros(len(damping))]), None
        )
        betas, shift = np.clip(solution[0][:-3], -4, 4), solution[0][-3:]
    return template + directions @ betas + shift


def _laid_on(model: BodyModel, source: BodyModel) -> BaseMap:
    skin = skin_faces(model)
    target = Surface(model.template, model.faces, model.weights, skin)
    source_skin = np.unique(source.faces[skin_faces(source)])
    joints = (model.model.J_regressor.numpy() @ model.template)[:NUM_BODY_JOINTS].astype(np.float64)
    rest = _fitted(source, source_skin[::_STRIDE], target, joints)
    at = target.nearest(rest, source.weights)
    corners = model.faces[at.face]
    base = source.extras["base_to_vertex"]
    columns, bary = corners[base], at.bary[base]
    index = np.repeat(np.arange(len(base)), 3)
    matrix = sp.csr_matrix(
        (bary.ravel().astype(np.float64), (index, columns.ravel())), (len(base), len(model.template))
    )
    offsets = (rest - at.points)[base]
    offsets[np.isin(base, source_skin)] = 0.0
    on_skin = np.flatnonzero(np.isin(base, source_skin))
    placed = (matrix @ model.template.astype(np.float64))[on_skin]
    nearest = np.full(len(model.template), -1, np.int32)
    used = np.unique(model.faces[skin])
    nearest[used] = on_skin[cKDTree(placed).query(model.template[used])[1]]
    return BaseMap(matrix, offsets, nearest)


@functools.lru_cache(maxsize=8)
def base_map(model: BodyModel, open_models: Path) -> BaseMap:
    """The base map of a body; ``open_models`` is the folder of the open bodies, which carry base.obj.

    Raises:
        ThfmError: the open body is missing or carries no base.obj.
    """
    if "base_to_vertex" in model.extras:
        return BaseMap.own(model.extras["base_to_vertex"], len(model.template))
    source = load_body(open_models, model.gender)
    if "base_to_vertex" not in source.extras:
        raise ThfmError(f"{source.path} carries no base_to_vertex, so clothes cannot be fitted: restore assets/bodies.")
    return _laid_on(model, source)
