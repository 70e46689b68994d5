"""What a clip holds: the one table from which encoder, decoder, verifier and docs/format.md all derive.

Shape symbols: T frames, H x W pixels, P people, J joints (``conventions.JOINT_NAMES``); a number stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synth.conventions import JOINT_NAMES, SCHEMA_VERSION, ThfmError

META = "meta.json"
KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Field:
    """One field of a clip.

    Attributes:
        name: attribute of ``Clip`` and, with ``extension``, the tar member ``<key>.<name>.<extension>``.
        shape: axes as symbols; empty for ``smplx``, whose arrays vary by body model.
        dtype: numpy dtype of the decoded array.
        codec: name in ``codecs.CODECS``.
        extension: file extension of the member.
        units: units and axes in a few words.
        error: worst error after storage, in words; ``bound`` is the same as a number where there is one.
        about: meaning, for the documentation.
    """

    name: str
    shape: tuple[str | int, ...]
    dtype: str
    codec: str
    extension: str
    units: str
    error: str
    bound: float
    about: str

    @property
    def member(self) -> str:
        """Name of the tar member without the key: ``depth.mkv``."""
        return f"{self.name}.{self.extension}"

    @property
    def frame_axis(self) -> int | None:
        """The axis that counts frames; None for a field without one."""
        return self.shape.index("T") if "T" in self.shape else None


_THW = ("T", "H", "W")
FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field(
            "rgb", (*_THW, 3), "uint8", "h264", "mp4", "sRGB", "visually lossless", np.inf,
            "the colour image",
        ),
        Field(
            "depth", _THW, "float32", "depth", "mkv", "metres", "1e-4 relative", 1e-4,
            "planar z; NaN where nothing was hit",
        ),
        Field(
            "normals", (*_THW, 3), "float32", "normals", "mkv", "unit length", "0.1 degree", 0.1,
            "camera space, x right, y up, z towards the viewer; NaN where nothing was hit",
        ),
        Field(
            "matte", _THW, "float32", "matte", "mkv", "0 to 1", "1/255", 1 / 255,
            "soft coverage by people, with hair, clothes and blur",
        ),
        Field(
            "instances", _THW, "uint8", "exact8", "mkv", "person number", "exact", 0.0,
            "0 none, k = person k",
        ),
        Field(
            "parts", _THW, "uint8", "exact8", "mkv", "`Part`", "exact", 0.0,
            "body part of the visible person surface (under clothes: the part beneath), 0 none",
        ),
        Field(
            "semantics", _THW, "uint8", "exact8", "mkv", "`Semantic`", "exact", 0.0,
            "skin, hair, garment classes, shoes, props, ground, walls, background",
        ),
        Field(
            "surface", (*_THW, 3), "float32", "surface", "mkv", "unit cube", "1/4096", 1 / 4096,
            "canonical rest-pose point of the visible person surface; NaN off people",
        ),
        Field(
            "flow_forward", (*_THW, 2), "float32", "flow", "mkv", "pixels, u right, v down", "1/32 px", 1 / 32,
            "motion to frame t+1; NaN where undefined",
        ),
        Field(
            "flow_backward", (*_THW, 2), "float32", "flow", "mkv", "pixels, u right, v down", "1/32 px", 1 / 32,
            "motion to frame t-1; NaN where undefined",
        ),
        Field(
            "intrinsics", ("T", 3, 3), "float64", "npy", "npy", "pixels", "exact", 0.0,
            "camera matrix K; pixel centre = index + 0.5",
        ),
        Field(
            "distortion", ("T", 5), "float64", "npy", "npy", "", "exact", 0.0,
            "k1, k2, p1, p2, k3 of the lens as OpenCV has them; colour and all labels are distorted alike",
        ),
        Field(
            "readout", ("T", 2), "float64", "npy", "npy", "frames", "exact", 0.0,
            "when a rolling shutter reads the top and the bottom edge, from the frame's instant; zeros: at once",
        ),
        Field(
            "world_to_camera", ("T", 4, 4), "float64", "npy", "npy", "metres", "exact", 0.0,
            "OpenCV camera axes: x right, y down, z forward",
        ),
        Field(
            "joints3d", ("P", "T", "J", 3), "float32", "npy", "npy", "metres, camera space", "exact", 0.0,
            "SMPL-X joints",
        ),
        Field(
            "keypoints2d", ("P", "T", "J", 2), "float32", "npy", "npy", "pixels", "exact", 0.0,
            "projection of joints3d; NaN behind the camera",
        ),
        Field(
            "visibility", ("P", "T", "J"), "uint8", "npy", "npy", "`Visibility` bits", "exact", 0.0,
            "1 in_frame, 2 self_occluded, 4 other_occluded",
        ),
        Field(
            "smplx", (), "per array", "npz", "npz", "radians, metres", "exact", 0.0,
            "arrays `k.<name>` of person k: betas, gender, body-model id; per frame expression, poses, transl (world)",
        ),
    )
}  # fmt: skip


def check_key(key: str) -> str:
    """``key`` itself if it can name tar members; webdataset cuts a member's name at its first dot."""
    if not KEY_PATTERN.fullmatch(key):
        raise ThfmError(f"Clip key {key!r} cannot name files: use only letters, digits, '-' and '_'.")
    return key


def check_schema(version: object, where: str) -> None:
    """Refuse data of another major schema version."""
    major = str(version).split(".")[0]
    if major != SCHEMA_VERSION.split(".")[0]:
        raise ThfmError(
            f"{where} has schema version {version}, this toolkit reads {SCHEMA_VERSION}: use the release that wrote it."
        )


def shape_fault(field: Field, shape: tuple[int, ...], dtype: object, sizes: dict[str, int]) -> str | None:
    """What is wrong with an array of ``shape`` and ``dtype`` as ``field``, or None.

    ``sizes`` maps symbols to sizes; a symbol met for the first time is added to it, so that all fields of a clip must
    agree.
    """
    if np.dtype(field.dtype) != dtype:
        return f"dtype is {dtype}, not {field.dtype}"
    sizes.setdefault("J", len(JOINT_NAMES))
    wanted = tuple(a if isinstance(a, int) else sizes.get(a, a) for a in field.shape)
    fits = len(wanted) == len(shape) and all(isinstance(w, str) or w == s for w, s in zip(wanted, shape, strict=True))
    if not fits:
        return f"shape is {tuple(shape)}, not ({', '.join(map(str, wanted))})"
    sizes.update({a: s for a, s in zip(field.shape, shape, strict=True) if isinstance(a, str)})
    return None


def check_arrays(arrays: Mapping[str, np.ndarray], where: str) -> dict[str, int]:
    """Check names, dtypes and shapes of a clip's arrays; return the sizes of T, H, W, P, J that they agree on."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        if name not in FIELDS:
            raise ThfmError(f"{where}: {name!r} is no field of a clip; the fields are {', '.join(FIELDS)}.")
        if name == "smplx":
            continue
        fault = shape_fault(FIELDS[name], np.shape(array), np.asarray(array).dtype, sizes)
        if fault:
            raise ThfmError(f"{where}: field {name}: {fault}.")
    if "smplx" in arrays and sizes.setdefault("P", len(arrays["smplx"])) != len(arrays["smplx"]):
        raise ThfmError(f"{where}: smplx describes {len(arrays['smplx'])} people, other fields {sizes['P']}.")
    if "T" not in sizes:
        raise ThfmError(f"{where}: no field has frames; a clip needs at least one of rgb, labels or camera.")
    empty = [a for a in "THW" if sizes.get(a) == 0]
    if empty:
        raise ThfmError(f"{where}: the clip is empty along {', '.join(empty)}.")
    return sizes


def markdown_table() -> str:
    """The table of docs/format.md."""
    rows = ["| member | shape, dtype | codec | units | worst error | meaning |", "| --- " * 6 + "|"]
    for f in FIELDS.values():
        shape = f"({','.join(map(str, f.shape))}) {f.dtype}" if f.shape else "dict of arrays"
        rows.append(f"| `{f.member}` | {shape} | {f.codec} | {f.units} | {f.error} | {f.about} |")
    return "\n".join(rows)
