"""What kind of thing each field of an answer is: how two answers are mixed and how one changes its size."""

from __future__ import annotations

from typing import Literal

import numpy as np

from train.inference.fit import Fit

Kind = Literal["depth", "direction", "value", "class", "place", "pixels", "numbers"]

KINDS: dict[str, Kind] = {
    "depth": "depth",
    "normals": "direction",
    "matte": "value",
    "parts": "class",
    "semantics": "class",
    "surface": "place",
    "keypoints2d": "pixels",
    "joints3d": "numbers",
}
_SAME_PLACE = 0.1  # of the unit cube: points that are farther apart are of different limbs and have no mean


def kind_of(field: str, array: np.ndarray, sparse: bool) -> Kind:
    """The kind of a field that a task answers with; of one that is not known here, by its looks."""
    if field in KINDS:
        return KINDS[field]
    return "numbers" if sparse else "class" if array.dtype.kind in "iub" else "value"


def mix(kind: Kind, old: np.ndarray, new: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Maps (T, h, w, ...) of two answers about the same frames as one.

    Args:
        kind: not class, which takes colours to mix (``mix_classes``).
        share: (T,) in [0, 1], how much of ``new``.
    """
    share = share.reshape(-1, *[1] * (old.ndim - 1)).astype(np.float32)
    if kind == "place":
        both = np.isfinite(old[..., 0]) & np.isfinite(new[..., 0])
        with np.errstate(invalid="ignore"):
            both &= np.square(old - new).sum(-1) < _SAME_PLACE**2
        return np.where(both[..., None], old + share * (new - old), np.where(share > 0.5, new, old))
    mixed = old + share * (new - old)
    return unit(mixed) if kind == "direction" else mixed


def mix_classes(old: np.ndarray, new: np.ndarray, mixed: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Classes (T, h, w) of two answers, and of their mixed colours, as one: each pixel turns from the old to the new
    class when its colour does, the doubtful early, the certain late, and never passes through a third class."""
    new_wins = (share > 0.5).reshape(-1, 1, 1)
    return np.where((mixed == old) | (mixed == new), mixed, np.where(new_wins, new, old))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1; without direction they look at the viewer."""
    length = np.sqrt(np.einsum("...c,...c->...", vectors, vectors))
    none = length < 1e-6
    whole = vectors / np.maximum(length, 1e-6)[..., None]
    if none.any():
        whole[none] = (0, 0, 1)
    return whole


def to_source(kind: Kind, field: np.ndarray, fit: Fit) -> np.ndarray:
    """One frame of a field, (h, w, ...) or people first, from the model's picture to the source's."""
    if kind in ("class", "place"):
        return fit.nearest(field)
    if kind == "pixels":
        return fit.points(field)
    if kind == "numbers":
        return field
    resized = fit.smooth(field)
    return unit(resized) if kind == "direction" else resized
