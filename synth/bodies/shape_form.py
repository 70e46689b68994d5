"""Measures a body model's file: how stature and volume follow from its betas."""

from __future__ import annotations

import functools
import pickle
import zipfile
from pathlib import Path

import numpy as np

from synth.bodies.model import model_file
from synth.conventions import ThfmError
from synth.spec.shapes import BETAS, ShapeForm

_TRIES = 256  # random shapes that find the vertices which can be the highest or the lowest
_SPREAD = 3.0  # standard deviation of their betas


def shape_forms(folder: Path) -> dict[str, ShapeForm]:
    """The forms of the genders that a model folder holds.

    Raises:
        ThfmError: a file is no SMPL-X npz.
    """
    files = {gender: model_file(folder, gender) for gender in ("female", "male", "neutral")}
    return {gender: shape_form(file) for gender, file in files.items() if file.is_file()}


@functools.lru_cache(maxsize=8)
def shape_form(path: Path) -> ShapeForm:
    """The form of an SMPL-X npz, by the skin proper where the file marks it."""
    try:
        points, faces = _read(path)
    except (OSError, KeyError, ValueError, IndexError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise ThfmError(f"body model {path} is no SMPL-X npz ({error}): download it again.") from error
    heights = points[:, 1]
    tries = np.random.default_rng(0).normal(0, _SPREAD, (BETAS, _TRIES))
    shapes = heights @ np.concatenate([np.ones((1, _TRIES)), tries])
    top, bottom = np.unique(shapes.argmax(0)), np.unique(shapes.argmin(0))
    return ShapeForm(top=heights[top], bottom=heights[bottom], volume=_volume(points, faces))


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3, 11) mean and shape directions of the skin's vertices, around their middle, and the skin's faces (F, 3)."""
    with np.load(path, allow_pickle=False) as source:
        faces = source["f"].astype(np.int64)
        if "face_group" in source.files:
            faces = faces[source["face_group"] == 0]
        used, faces = np.unique(faces, return_inverse=True)
        faces = faces.reshape(-1, 3)
        template = source["v_template"][used].astype(np.float64)
        directions = source["shapedirs"][used, :, :BETAS].astype(np.float64)
    template = template - template.mean(0)  # a mesh with small holes encloses least ambiguously around its middle
    return np.concatenate([template[:, :, None], directions], 2), faces


def _volume(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(n, n, n) symmetric cubic form of the volume that a mesh of ``points`` (V, 3, n) encloses."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    n = points.shape[2]
    form = np.zeros((n, n, n))
    for axis in range(3):
        y, z = (axis + 1) % 3, (axis + 2) % 3
        for k in range(n):
            across = b[:, y] * c[:, z, k, None] - b[:, z] * c[:, y, k, None]
            form[:, :, k] += a[:, axis].T @ across / 6
    return (
        sum(form.transpose(order) for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))) / 6
    )
