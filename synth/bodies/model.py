"""SMPL-X body models, loaded by the smplx library, and the pieces of its skinning that garments need."""

from __future__ import annotations

import contextlib
import functools
import io
import pickle
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synth.bodies.kinematics import Rig
from synth.bodies.model_npz import found, model_id, plain
from synth.conventions import JOINT_NAMES, JOINT_PART, NUM_TREE_JOINTS, ThfmError

POSE_FIELDS = ("global_orient", "body_pose", "left_hand_pose", "right_hand_pose", "jaw_pose", "leye_pose", "reye_pose")
_MOST_BETAS = 16
_CHUNK = 24  # frames a forward pass: bounds memory


@dataclass(frozen=True)
class PosedBody:
    """A body over S time samples, world axes, metres.

    Attributes:
        vertices: (S, V, 3) float32. joints: (S, 144, 3) float32 in the order of ``conventions.JOINT_NAMES``.
        rest: (V, 3) float32, shaped vertices in the T-pose (SMPL-X axes, pelvis not moved to the origin) with the
            expression of the first sample.
        rest_joints: (55, 3) float32.
        transforms: (S, 55, 4, 4) float32, smplx's bone transforms from the rest pose; ``transl`` comes on top.
        pose_feature: (S, 486) float32, what pose correctives multiply. transl: (S, 3) float32.
        expression: (S, 10) float32 against that of the first sample, which ``rest`` wears.
    """

    vertices: np.ndarray
    joints: np.ndarray
    rest: np.ndarray
    rest_joints: np.ndarray
    transforms: np.ndarray
    pose_feature: np.ndarray
    transl: np.ndarray
    expression: np.ndarray

    def raised(self, height: float) -> PosedBody:
        """The same body, ``height`` metres higher in the world."""
        up = np.array([0.0, 0.0, height], np.float32)
        return replace(self, vertices=self.vertices + up, joints=self.joints + up, transl=self.transl + up)


class BodyModel:
    """One gender of an SMPL-X model on disk (the licensed one or the open one of this project).

    Attributes:
        faces (F, 3) int32; weights (V, 55) float32; template (V, 3) float32; parents (55,) int;
        num_betas: coefficients of shape that it takes, 10 or, of files with 300, 16 as AMASS and BEDLAM have them;
        texture_layout: whose texture coordinates ``vt`` and ``ft`` are, "base.obj" (the open bodies' and their skins')
        or "smplx"; None without any.
        part (F,) uint8; extras: the further arrays of the file (uv coordinates, face groups, base mesh indices).
        id: file name and the first 16 hex digits of the file's sha256.
    """

    def __init__(self, path: Path, gender: str):
        import smplx

        self.gender, self.path = gender, found(path)
        self.id = model_id(path)
        try:
            with plain(path) as file, contextlib.redirect_stdout(io.StringIO()):
                self.model = smplx.create(
                    str(file.parent.parent), model_type="smplx", gender=gender, ext="npz", use_pca=False,
                    flat_hand_mean=True, use_face_contour=True, num_betas=_MOST_BETAS, num_expression_coeffs=10,
                    batch_size=1,
                )  # fmt: skip
            with np.load(path, allow_pickle=False) as source:
                self.extras = {
                    k: source[k]
                    for k in ("vt", "ft", "face_group", "face_group_names", "base_to_vertex", "expression_names")
                    if k in source.files
                }
        except (
            OSError,
            KeyError,
            ValueError,
            AttributeError,
            AssertionError,
            EOFError,
            zipfile.BadZipFile,
            pickle.UnpicklingError,
        ) as error:
            raise ThfmError(f"body model {path} is no SMPL-X npz ({error}): download it again.") from error
        self.num_betas = self.model.shapedirs.shape[-1]
        textured = {"vt", "ft"} <= self.extras.keys()
        self.texture_layout = ("base.obj" if "base_to_vertex" in self.extras else "smplx") if textured else None
        self.faces = np.ascontiguousarray(self.model.faces.astype(np.int32))
        self.weights = self.model.lbs_weights.numpy()
        self.template = self.model.v_template.numpy()
        self.parents = self.model.parents.numpy()
        self.part = face_parts(self.faces, self.weights)

    def pose(self, params: dict[str, np.ndarray]) -> PosedBody:
        """Pose the body.

        Args:
            params: the pose fields (S, 3k) axis-angle, ``transl`` (S, 3), ``betas`` of which those that are left out
                are 0, ``expression`` (10,) or (S, 10).
        """
        import torch
        from smplx.lbs import batch_rigid_transform, batch_rodrigues, blend_shapes, vertices2joints

        samples = len(params["transl"])
        vertices, joints, transforms, features = [], [], [], []
        betas = torch.tensor(self.all_betas(params["betas"]))[None]
        wanted = np.asarray(params["expression"], np.float32)
        expression = torch.tensor(np.broadcast_to(wanted, (samples, wanted.shape[-1])).copy())
        with torch.no_grad():
            directions = torch.cat([self.model.shapedirs, self.model.expr_dirs], -1)
            rest = self.model.v_template[None] + blend_shapes(torch.cat([betas, expression[:1]], 1), directions)
            rest_joints = vertices2joints(self.model.J_regressor, rest)
            # an expression may move joints too, if only by a hair: linear, so two products do for all samples
            moved = torch.einsum("jv,vck->jck", self.model.J_regressor, self.model.expr_dirs)
            sample_joints = rest_joints + torch.einsum("jck,sk->sjc", moved, expression - expression[:1])
            for start in range(0, samples, _CHUNK):
                part = {k: torch.tensor(np.asarray(params[k][start : start + _CHUNK], np.float32)) for k in POSE_FIELDS}
                size = len(part["global_orient"])
                transl = torch.tensor(np.asarray(params["transl"][start : start + _CHUNK], np.float32))
                posed = self.model(
                    **part, transl=transl, betas=betas.expand(size, -1),
                    expression=expression[start : start + size], return_full_pose=True,
                )  # fmt: skip
                rotations = batch_rodrigues(posed.full_pose.reshape(-1, 3)).view(size, -1, 3, 3)
                _, bones = batch_rigid_transform(rotations, sample_joints[start : start + size], self.model.parents)
                vertices.append(posed.vertices.numpy())
                joints.append(posed.joints.numpy())
                transforms.append(bones.numpy())
                features.append((rotations[:, 1:] - torch.eye(3)).reshape(size, -1).numpy())
        return PosedBody(
            vertices=np.concatenate(vertices),
            joints=np.concatenate(joints)[:, : len(JOINT_NAMES)],
            rest=rest[0].numpy(),
            rest_joints=rest_joints[0].numpy(),
            transforms=np.concatenate(transforms),
            pose_feature=np.concatenate(features),
            transl=np.asarray(params["transl"], np.float32),
            expression=(expression - expression[:1]).numpy(),
        )

    def all_betas(self, betas: np.ndarray) -> np.ndarray:
        """(num_betas,) float32: ``betas``, and 0 for those left out. Raises ThfmError if there are too many."""
        betas = np.asarray(betas, np.float32).ravel()
        if len(betas) > self.num_betas:
            raise ThfmError(f"{len(betas)} betas are too many for {self.path}: it has {self.num_betas}.")
        return np.pad(betas, (0, self.num_betas - len(betas)))

    def rest_joints(self, betas: np.ndarray) -> np.ndarray:
        """(55, 3) float32 joints of the T-pose for ``betas``, SMPL-X axes, metres."""
        import torch
        from smplx.lbs import blend_shapes, vertices2joints

        with torch.no_grad():
            shape = torch.tensor(self.all_betas(betas))[None]
            rest = self.model.v_template[None] + blend_shapes(shape, self.model.shapedirs)
            return vertices2joints(self.model.J_regressor, rest)[0].numpy()

    @functools.cached_property
    def rig(self) -> Rig:
        """The model reduced to what fits motions to shapes."""
        return Rig.from_smplx(self.model)

    @functools.cached_property
    def expression_directions(self) -> np.ndarray:
        """(V, 3, 10) float32, what each expression coefficient adds to the vertices."""
        return self.model.expr_dirs.numpy()

    @functools.cached_property
    def posedirs(self) -> np.ndarray:
        """(486, V, 3) float32, the pose correctives of every vertex."""
        return self.model.posedirs.numpy().reshape(-1, len(self.template), 3)


def face_parts(faces: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """``conventions.Part`` of each face, (F,) uint8: the part whose joints move its three vertices most."""
    parts = np.array(JOINT_PART)
    moved = np.stack([weights[:, :NUM_TREE_JOINTS][:, parts == p].sum(1) for p in range(parts.max() + 1)], 1)
    return moved[faces].sum(1).argmax(1).astype(np.uint8)


def model_file(folder: Path, gender: str) -> Path:
    """Where smplx looks for a gender's file."""
    return Path(folder) / "smplx" / f"SMPLX_{gender.upper()}.npz"


@functools.lru_cache(maxsize=8)
def load_body(folder: Path, gender: str) -> BodyModel:
    """The body model ``folder/smplx/SMPLX_<GENDER>.npz``, loaded once per process."""
    return BodyModel(model_file(folder, gender), gender)
