"""Joints of SMPL and SMPL-X bodies from their parameters, out of the model files that their users hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from synth.conventions import ThfmError
from train.benchmarks.files import read_npz
from train.benchmarks.safe_pickle import array, load_plain

_FIELDS = ("v_template", "shapedirs", "J_regressor", "kintree_table")


@dataclass(frozen=True)
class Skeleton:
    """What joints need of a body model.

    Attributes:
        rest: (J, 3) joints of the mean shape, metres.
        shape: (J, 3, B) what each shape parameter adds.
        parents: (J,) parents before children; the first is the root.
    """

    rest: np.ndarray
    shape: np.ndarray
    parents: np.ndarray

    def joints(self, betas: np.ndarray, pose: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Joints in the space of ``shift``.

        Args:
            betas: (B',) or (T, B') shape, as many as there are, or fewer than the model has.
            pose: (T, K, 3) axis-angle of the first K joints, root first; the others are at rest.
            shift: (T, 3) metres.

        Returns:
            (T, J, 3) float64.
        """
        betas = np.atleast_2d(np.asarray(betas, np.float64))
        count = min(betas.shape[1], self.shape.shape[2])
        rest = self.rest + np.einsum("jcb,tb->tjc", self.shape[..., :count], betas[:, :count])
        rest = np.broadcast_to(rest, (len(pose), *self.rest.shape))
        turns = np.broadcast_to(np.eye(3), (len(pose), len(self.parents), 3, 3)).copy()
        given = pose.shape[1]
        turns[:, :given] = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(len(pose), given, 3, 3)
        whole, place = turns.copy(), rest.copy()
        for joint, parent in enumerate(self.parents[1:], 1):
            whole[:, joint] = whole[:, parent] @ turns[:, joint]
            bone = (rest[:, joint] - rest[:, parent])[..., None]
            place[:, joint] = place[:, parent] + (whole[:, parent] @ bone)[..., 0]
        return place + np.asarray(shift, np.float64)[:, None]


def load_skeleton(folder: Path, kind: str, gender: str) -> Skeleton:
    """The skeleton of ``SMPL_FEMALE.npz`` or ``SMPL_FEMALE.pkl`` (kind SMPL) and the like, in ``folder`` or in its
    folder named like the kind, as the smplx library has them. Also SMPL's names as downloaded, ``basicModel_f_...``.

    Raises:
        ThfmError: no such file, or one that is damaged.
    """
    stem = f"{kind}_{gender.upper()}"
    old = {"SMPL": f"basic[mM]odel_{gender[0].lower()}_*.pkl"}.get(kind)
    for where in (folder, folder / kind.lower()):
        for path in (where / f"{stem}.npz", where / f"{stem}.pkl", *(sorted(where.glob(old)) if old else ())):
            if path.is_file():
                return _skeleton(path)
    raise ThfmError(f"{folder} holds neither {stem}.npz nor {stem}.pkl: download {kind} from its authors.")


def _skeleton(path: Path) -> Skeleton:
    whole = read_npz(path, _FIELDS) if path.suffix == ".npz" else load_plain(path)
    try:
        data = {name: array(whole[name]) for name in _FIELDS}
        regressor = data["J_regressor"].astype(np.float64)
        rest = regressor @ data["v_template"].astype(np.float64)
        shape = np.einsum("jv,vcb->jcb", regressor, data["shapedirs"].astype(np.float64), optimize=True)
        parents = np.asarray(data["kintree_table"][0], np.int64)
        if len(parents) != len(rest) or (parents[1:] >= np.arange(1, len(rest))).any():
            raise ValueError("its tree does not fit its joints")
    except (KeyError, ValueError, TypeError, IndexError, ThfmError) as error:
        raise ThfmError(
            f"{path} is no body model that can be read ({error}): download it again from its authors."
        ) from None
    return Skeleton(rest, shape, parents)
