"""BEDLAM's clothes: garments simulated for one body in one motion (Alembic), and overlays painted for SMPL-X's skin.

A simulated garment fits nothing but the motion and the body that it was made for, so a person wears it exactly where
their motion is that motion, and then has the body of the motion's file. Nobody's clothes say what they are: what lies
on hips and legs counts as a lower garment, the rest as an upper one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from synth.bodies.model import BodyModel
from synth.bodies.motion import Motion, read_npz
from synth.bodies.motion_io import read_smplx_npz
from synth.bodies.surface import Surface
from synth.conventions import Part, Semantic, ThfmError
from synth.geometry import Material, Mesh
from synth.spec.catalogue import OverlayEntry, SimulatedEntry
from synth.spec.model import PersonSpec

WARM_UP = 100  # frames of an Alembic file before the motion begins, as BEDLAM's own tools skip them
_LOWER = (
    Part.HIPS,
    Part.LEFT_THIGH,
    Part.RIGHT_THIGH,
    Part.LEFT_SHIN,
    Part.RIGHT_SHIN,
    Part.LEFT_FOOT,
    Part.RIGHT_FOOT,
)
_TEXTURE = re.compile(r"texture_\d+_diffuse(_1001)?")
_OVERLAY = re.compile(r"(\w+?)_texture_\d+")
_PICTURES = (".png", ".jpg", ".jpeg", ".tga")
_SEXES = {"f": "female", "m": "male"}


@dataclass(frozen=True)
class SimulatedFiles:
    """Where the parts of a simulated garment lie: the Alembic file, the motion's npz, textures by name."""

    cloth: Path
    motion: Path
    textures: Mapping[str, Path]


@dataclass(frozen=True, eq=False)
class Cloth:
    """A simulated garment over S samples: positions (S, V, 3) metres, z up, in the world of its motion; faces and
    face_uv (F, 3), uv (n, 2)."""

    positions: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray


def simulated_below(
    folders: Iterable[Path], motions: Mapping[str, Path]
) -> tuple[list[tuple[SimulatedEntry, SimulatedFiles]], list[str]]:
    """Simulated garments whose motions are there, by name; and what is wrong with the others.

    Args:
        folders: BEDLAM's ``clothing_abc`` (SUBJECT/clothing_simulations/MOTION/MOTION.abc, with textures in
            SUBJECT/clothing_textures), or BEDLAM2's (SUBJECT/MOTION/MOTION.abc).
        motions: files by name: BEDLAM's end in SUBJECT/moving_body_para/MOTION/motion_seq, BEDLAM2's in SUBJECT_MOTION.

    Raises:
        ThfmError: a folder holds no Alembic file.
    """
    by_end = {}
    for name in motions:
        parts = name.split("/")
        key = f"{parts[-4]}/{parts[-2]}" if len(parts) > 3 and parts[-1] == "motion_seq" else parts[-1]
        by_end.setdefault(key, name)
    found, faults = {}, []
    for folder in folders:
        files = sorted(folder.rglob("*.abc"))
        if not files:
            raise ThfmError(
                f"{folder} holds no .abc: bodies.garment_folders wants BEDLAM's clothing_abc, such as "
                "rp_aaron_posed_002/clothing_simulations/1000/1000.abc."
            )
        for file in files:
            home = file.parent.parent
            home = home.parent if home.name == "clothing_simulations" else home
            motion = by_end.get(f"{home.name}/{file.stem}") or by_end.get(f"{home.name}_{file.stem}")
            name = f"{home.name}_{file.stem}"
            if motion is None:
                faults.append(f"{file}: no motion {home.name}/moving_body_para/{file.stem}/motion_seq.npz is there")
                continue
            try:
                gender, betas = _body_of(motions[motion])
            except ThfmError as error:
                faults.append(f"{file}: {error}")
                continue
            textures = {
                p.stem: p for p in sorted(home.rglob("*")) if _TEXTURE.fullmatch(p.stem) and p.suffix in _PICTURES
            }
            entry = SimulatedEntry(
                name=name, motion=motion, gender=gender, betas=betas, textures=tuple(sorted(textures))
            )
            found[name] = (entry, SimulatedFiles(file, motions[motion], textures))
    return [found[name] for name in sorted(found)], faults


def _body_of(path: Path) -> tuple[str, tuple[float, ...]]:
    arrays = read_npz(path)
    gender = str(arrays.get("gender", ""))
    if gender not in ("neutral", "female", "male") or "betas" not in arrays:
        raise ThfmError(f"{path} names no gender or no betas: it is no motion of BEDLAM's")
    return gender, tuple(round(float(b), 6) for b in np.asarray(arrays["betas"]).ravel())


def overlays_below(folders: Iterable[Path]) -> list[tuple[OverlayEntry, Path]]:
    """Clothing overlays by name: pictures such as rp_aaron_posed_002_texture_01.png, in SMPL-X's texture layout.

    Sexes are told by a gender.csv in the folder (columns Name, Gender), as bedlam_render has it; without it, both wear
    all.

    Raises:
        ThfmError: a folder holds no overlay.
    """
    found = {}
    for folder in folders:
        table = folder / "gender.csv"
        lines = table.read_text().splitlines() if table.is_file() else []
        sexes = dict(line.split(",")[:2] for line in lines if line.count(",") == 1)
        files = [p for p in sorted(folder.rglob("*")) if _OVERLAY.fullmatch(p.stem) and p.suffix.lower() in _PICTURES]
        if not files:
            raise ThfmError(
                f"{folder} holds no overlay: bodies.overlay_folders wants pictures such as "
                "rp_aaron_posed_002_texture_01.png, as BEDLAM's clothing overlays are called."
            )
        for file in files:
            style = _SEXES.get(sexes.get(_OVERLAY.fullmatch(file.stem)[1], "").strip(), "any")
            found[file.stem] = (OverlayEntry(name=file.stem, style=style), file)
    return [found[name] for name in sorted(found)]


def own_motion(person: PersonSpec, files: SimulatedFiles, model: BodyModel, frames: int, fps: float) -> Motion:
    """``frames`` frames of the motion that a garment was simulated for, exactly as its file has them, z up.

    Raises:
        ThfmError: the motion ends too early.
    """
    pelvis = model.rest_joints(np.array(person.betas, np.float32))[0].astype(np.float64)
    source = read_smplx_npz(files.motion, up="y", pelvis=pelvis)
    at = _frames(person, source.fps, frames, fps)
    if at[-1] > len(source) - 1:
        raise ThfmError(f"motion {files.motion} ends before the clip: {frames} frames are not there.")
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, len(source) - 1), (at - low)[:, None]
    pose = source.full_pose()
    start = Rotation.from_rotvec(pose[low].reshape(-1, 3))
    step = (start.inv() * Rotation.from_rotvec(pose[high].reshape(-1, 3))).as_rotvec() * np.repeat(share, 55, 0)
    between = (start * Rotation.from_rotvec(step)).as_rotvec().reshape(-1, 55, 3)
    transl = source.transl[low] + share * (source.transl[high] - source.transl[low])
    still = Motion(
        fps=fps, **{k: np.zeros((frames, n)) for k, n in (("global_orient", 3), ("body_pose", 63), ("transl", 3))}
    )
    return still.with_full_pose(between, transl)


def _frames(person: PersonSpec, rate: float, frames: int, fps: float) -> np.ndarray:
    """(frames,) where samples of a clip lie in the motion's file, counted in its frames."""
    return (person.motion.start + np.arange(frames) / fps * person.motion.speed) * rate


def placed(cloth: Cloth, turn: Rotation, shift: np.ndarray) -> Cloth:
    """The garment turned about the origin and moved, with the person in it."""
    positions = turn.apply(cloth.positions.reshape(-1, 3)).reshape(cloth.positions.shape) + shift
    return replace(cloth, positions=positions.astype(np.float32))


def cloth_frames(person: PersonSpec, files: SimulatedFiles, frames: int, fps: float) -> tuple[np.ndarray, float]:
    """(frames,) where samples of a clip lie in the Alembic file, counted in its frames from the first; their rate."""
    rate = read_smplx_npz(files.motion).fps
    return WARM_UP + _frames(person, rate, frames, fps), rate


def part_semantics(part: np.ndarray) -> np.ndarray:
    """(F,) uint8 what clothes over body parts (F,) count as."""
    return np.where(np.isin(part, _LOWER), Semantic.LOWER_GARMENT, Semantic.UPPER_GARMENT).astype(np.uint8)


def painted_semantics(
    overlay: Path, uv: np.ndarray, face_uv: np.ndarray, part: np.ndarray, bare: np.ndarray
) -> np.ndarray:
    """(F,) uint8: ``bare`` where the overlay lets the skin through in the middle of a face, else clothes."""
    with Image.open(overlay) as image:
        alpha = np.asarray(image.convert("RGBA").getchannel("A")) / 255
    u, v = uv[face_uv].mean(1).T
    rows = np.clip(((1 - v) * alpha.shape[0]).astype(int), 0, alpha.shape[0] - 1)
    columns = np.clip((u * alpha.shape[1]).astype(int), 0, alpha.shape[1] - 1)
    painted = (alpha[rows, columns] > 0.5) & (bare == Semantic.SKIN)
    return np.where(painted, part_semantics(part), bare).astype(np.uint8)


def cloth_mesh(person: PersonSpec, number: int, cloth: Cloth, texture: Path | None, body: Mesh) -> Mesh:
    """The mesh of a simulated garment.

    Args:
        cloth: positions already where the person is.
        body: the person's bare mesh.
    """
    skin = Surface(body.positions[0], body.faces, np.zeros((body.positions.shape[1], 55)))
    first, faces = cloth.positions[0].astype(np.float64), cloth.faces
    on = skin.nearest(first, np.zeros((len(first), 55)))
    part = body.part[skin.nearest(first[faces].mean(1), np.zeros((len(faces), 55))).face]
    normal = texture.with_name(texture.name.replace("diffuse", "normal")) if texture is not None else None
    return Mesh(
        name=f"simulated {person.simulated.name}", person=number, faces=faces, positions=cloth.positions,
        uv=cloth.uv, face_uv=cloth.face_uv, part=part, semantic=part_semantics(part),
        canonical=np.einsum("vk,vkc->vc", on.bary, body.canonical[body.faces[on.face]]).astype(np.float32),
        shown=np.ones(len(faces), bool), material_index=np.zeros(len(faces), np.uint8),
        materials=(
            Material("cloth", diffuse=texture, normal=normal if normal is not None and normal.is_file() else None,
                     tint=None if texture is not None else (0.35, 0.35, 0.36), roughness=0.85),
        ),
    )  # fmt: skip
