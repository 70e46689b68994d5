"""Dense pose in DensePose's charts: 24 parts with u and v each, as DensePose-COCO and its detectors have them.

The charts are not ours to give. Whoever holds them hands over ``UV_Processed.mat`` (in ``DensePoseData/UV_data`` of the
DensePose release) and the template of the SMPL model that its vertex numbers belong to. Our ``surface`` label is a
point of the neutral T-pose; the charts' triangles are laid on that pose, and each point takes part, u and v from the
triangle that is nearest. ``vocabularies.DENSEPOSE`` says which of our body parts each of the 24 is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from scipy.spatial import cKDTree

from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, ThfmError

NUM_PARTS = 24
_NEAR = 8  # triangles whose middles are nearest, of which one holds the point
_CHUNK = 16384  # points at once: each takes some kilobytes
_KEYS = ("All_Faces", "All_FaceIndices", "All_U_norm", "All_V_norm", "All_vertices")


@dataclass(frozen=True)
class Charts:
    """DensePose's triangles on the neutral T-pose.

    Attributes:
        corners: (F, 3, 3) float64, in the unit cube of the ``surface`` label.
        part: (F,) uint8, 1 to 24. uv: (F, 3, 2) float32, of the corners, in [0, 1].
    """

    corners: np.ndarray
    part: np.ndarray
    uv: np.ndarray

    def translate(self, surface: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ``surface`` label (..., 3) in DensePose's terms: parts (...) uint8, 0 where nobody is, and (..., 2)
        float32 of u and v, 0 there."""
        here = np.isfinite(surface).all(-1)
        parts = np.zeros(here.shape, np.uint8)
        uv = np.zeros((*here.shape, 2), np.float32)
        points, middles = surface[here], cKDTree(self.corners.mean(1))
        found = np.zeros(len(points), np.uint8), np.zeros((len(points), 2), np.float32)
        for start in range(0, len(points), _CHUNK):
            some = slice(start, start + _CHUNK)
            face, weights = self._nearest(np.asarray(points[some], np.float64), middles)
            found[0][some], found[1][some] = self.part[face], np.einsum("nk,nkc->nc", weights, self.uv[face])
        parts[here], uv[here] = found
        return parts, uv

    def _nearest(self, points: np.ndarray, middles: cKDTree) -> tuple[np.ndarray, np.ndarray]:
        """The triangle nearest to each point (N,), and barycentric weights (N, 3) of the nearest place in it."""
        near = middles.query(points, min(_NEAR, len(self.corners)))[1].reshape(len(points), -1)
        corners = self.corners[near]
        weights = _closest(points[:, None], corners)
        away = np.linalg.norm(np.einsum("nmk,nmkc->nmc", weights, corners) - points[:, None], axis=-1)
        best = away.argmin(1)
        rows = np.arange(len(points))
        return near[rows, best], weights[rows, best]


def _closest(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric weights (..., 3) of the place in triangles (..., 3, 3) that is nearest to points (..., 3)."""
    a, b, c = (corners[..., k, :] for k in range(3))
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = ((x * y).sum(-1) for x, y in ((ab, ab), (ab, ac), (ac, ac)))
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    inside = np.stack([1 - v - w, v, w], -1)
    # outside of the triangle, the nearest place lies on one of its edges
    edges = []
    for k, (start, end) in enumerate(((a, b), (b, c), (c, a))):
        along = end - start
        t = np.clip(((points - start) * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-30), 0, 1)
        weights = np.zeros((*t.shape, 3))
        weights[..., k], weights[..., (k + 1) % 3] = 1 - t, t
        edges.append(weights)
    on_edge = np.stack(edges, -2)
    away = np.linalg.norm(np.einsum("...ek,...kc->...ec", on_edge, corners) - points[..., None, :], axis=-1)
    nearest = np.take_along_axis(on_edge, away.argmin(-1)[..., None, None], -2)[..., 0, :]
    return np.where((inside >= 0).all(-1, keepdims=True), inside, nearest)


def load_charts(file: str | Path, template: np.ndarray, neutral: np.ndarray) -> Charts:
    """Read ``UV_Processed.mat`` and lay its triangles on the neutral T-pose.

    Args:
        template: (6890, 3) vertices of the SMPL model in T-pose (``v_template``), metres, y up.
        neutral: (V, 3) vertices of the skin of the neutral SMPL-X body in T-pose, metres, y up; the template is moved
            and scaled to their extent, and each of its vertices then laid on the nearest of them.

    Raises:
        ThfmError: the file is missing, no such file, or does not fit the template.
    """
    path = Path(file)
    try:
        held = loadmat(str(path), variable_names=_KEYS)  # MATLAB's own format: nothing in it is run
        faces = np.asarray(held["All_Faces"], np.int64) - 1
        part = np.asarray(held["All_FaceIndices"]).ravel().astype(np.uint8)
        uv = np.stack([np.asarray(held[k], np.float32).ravel() for k in ("All_U_norm", "All_V_norm")], -1)
        vertices = np.asarray(held["All_vertices"]).ravel().astype(np.int64) - 1
    except OSError as error:
        why = error.strerror or error
        raise ThfmError(f"{path} cannot be read ({why}): give DensePose's UV_Processed.mat.") from None
    except (KeyError, ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise ThfmError(f"{path} is no UV_Processed.mat of DensePose ({error}): download it again.") from None
    template = np.asarray(template, np.float64)
    sound = (
        faces.ndim == 2 and faces.shape[1] == 3 and len(part) == len(faces) and len(uv) == len(vertices)
        and faces.min() >= 0 and faces.max() < len(vertices) and part.min() >= 1 and part.max() <= NUM_PARTS
    )  # fmt: skip
    if not sound or not vertices.min() >= 0 or vertices.max() >= len(template):
        raise ThfmError(
            f"{path} does not fit a template of {len(template)} vertices: it numbers those of SMPL, which are 6890."
        )
    scale = np.ptp(neutral[:, 1]) / np.ptp(template[:, 1])
    moved = (template - template.min(0)) * scale
    moved += neutral.min(0) + (np.ptp(neutral, axis=0) - np.ptp(moved, axis=0)) / 2
    on_body = neutral[cKDTree(neutral).query(moved)[1]]
    cube = (on_body - np.array(CANONICAL_CENTRE)) / CANONICAL_EXTENT + 0.5
    return Charts(cube[vertices][faces], part, uv[faces])
