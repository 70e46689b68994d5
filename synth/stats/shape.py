"""Stature and body-mass index of the people of a data set, by their body models."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synth.bodies.config import assets_folder
from synth.bodies.model import model_file
from synth.bodies.model_npz import model_id
from synth.bodies.shape_form import shape_form
from synth.spec.shapes import BETAS

_known_id = functools.lru_cache(maxsize=32)(model_id)


def stature_and_bmi(label: Mapping[str, Any], models: tuple[Path, ...] = ()) -> tuple[float, float] | None:
    """Metres and kg/m2 of a person in T-pose without clothes, out of the first 10 betas of the ``smplx`` label; None if
    its body model is in none of the folders."""
    for folder in (*models, assets_folder() / "bodies"):
        file = model_file(folder, str(label["gender"]))
        if file.is_file() and _known_id(file) == str(label["body_model"]):
            betas = np.asarray(label["betas"], np.float64).ravel()[:BETAS]
            return shape_form(file).measure(np.pad(betas, (0, BETAS - len(betas))))
    return None
