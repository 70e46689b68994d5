"""Stature and body-mass index of the people of a data set, by their body models."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.bodies.registration import skin_faces
from synth.conventions import ThfmError

_DENSITY = 985.0  # kg/m3 of a living body with air in its lungs


@functools.lru_cache(maxsize=8)
def _skin(folder: Path, gender: str) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """Id of the model, its skin's faces, and their vertices' mean and shape directions."""
    model = load_body(folder, gender)
    used, faces = np.unique(model.faces[skin_faces(model)], return_inverse=True)
    directions = model.model.shapedirs.numpy()[used].astype(np.float64)
    return model.id, faces.reshape(-1, 3), model.template[used].astype(np.float64), directions


def stature_and_bmi(label: Mapping[str, Any], models: tuple[Path, ...] = ()) -> tuple[float, float] | None:
    """Metres and kg/m2 of a person in T-pose without clothes, out of the ``smplx`` label; None if its body model is in
    none of the folders."""
    for folder in (*models, assets_folder() / "bodies"):
        try:
            name, faces, mean, directions = _skin(folder, str(label["gender"]))
        except ThfmError:
            continue
        if name != str(label["body_model"]):
            continue
        betas = np.asarray(label["betas"], np.float64)[: directions.shape[2]]
        points = mean + directions[..., : len(betas)] @ betas
        stature = float(np.ptp(points[:, 1]))
        a, b, c = (points[faces[:, k]] - points.mean(0) for k in range(3))
        volume = float(np.einsum("fc,fc->", a, np.cross(b, c))) / 6
        return stature, _DENSITY * volume / stature**2
    return None
