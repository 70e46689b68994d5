"""A SMPL body of random numbers in the layout of its files, and the real library that says where its joints are."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

import numpy as np
import smplx
import torch
from scipy import sparse
from smplx.utils import Struct

_VERTICES = 6890  # the library picks some by number
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]


def random_smpl(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    regressor = np.zeros((24, _VERTICES))
    for joint in range(24):
        regressor[joint, rng.choice(_VERTICES, 8, replace=False)] = rng.dirichlet(np.ones(8))
    tree = np.array([PARENTS, range(24)])
    tree[0, 0] = 2**32 - 1  # as the files have it
    return {
        "v_template": rng.normal(size=(_VERTICES, 3)),
        "shapedirs": 0.1 * rng.normal(size=(_VERTICES, 3, 10)),
        "posedirs": 0.01 * rng.normal(size=(_VERTICES, 3, 207)),
        "J_regressor": regressor,
        "kintree_table": tree.astype(np.int64),
        "weights": rng.dirichlet(np.ones(24), _VERTICES),
        "f": rng.integers(0, _VERTICES, (50, 3)).astype(np.uint32),
    }


def write_smpl(folder: Path, gender: str, seed: int = 0, pickled: bool = False) -> dict[str, np.ndarray]:
    """A model's file, as npz or as the pickle of chumpy and scipy objects that is given out."""
    data = random_smpl(seed)
    folder.mkdir(parents=True, exist_ok=True)
    if not pickled:
        np.savez(folder / f"SMPL_{gender}.npz", **data)
        return data
    module = types.ModuleType("chumpy.ch")

    class Ch:
        def __init__(self, x):
            self.x = x

    Ch.__module__, Ch.__qualname__, module.Ch = "chumpy.ch", "Ch", Ch
    sys.modules |= {"chumpy": types.ModuleType("chumpy"), "chumpy.ch": module}
    try:
        stored = {**data, "shapedirs": Ch(data["shapedirs"]), "J_regressor": sparse.csc_matrix(data["J_regressor"])}
        (folder / f"SMPL_{gender}.pkl").write_bytes(pickle.dumps(stored, 2))
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]
    return data


def library_joints(data: dict, betas: np.ndarray, pose: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(T, 24, 3) by the smplx library; pose (T, 24, 3)."""
    body = smplx.SMPL("", data_struct=Struct(**data), batch_size=len(pose), dtype=torch.float64)
    flat = torch.from_numpy(pose.reshape(len(pose), -1))
    out = body(
        betas=torch.from_numpy(np.broadcast_to(betas, (len(pose), 10)).copy()),
        global_orient=flat[:, :3],
        body_pose=flat[:, 3:],
        transl=torch.from_numpy(shift),
    )
    return out.joints[:, :24].detach().numpy()
