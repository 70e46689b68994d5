"""Patterns are as large everywhere on a garment, whoever wears it: lengths of edges, in space and laid flat."""

import numpy as np
import pytest

from synth.bodies import wardrobe
from synth.bodies.config import BodiesConfig
from synth.bodies.laying import lay_flat
from synth.bodies.model import load_body
from synth.bodies.registration import base_map
from synth.make import library_of

CONFIG = BodiesConfig()
GARMENTS = sorted(n for n, e in wardrobe.load_catalogue()["items"].items() if e["kind"] == "garments")
STRETCHED = 1.4  # and 1 over it


def _edges(faces: np.ndarray) -> np.ndarray:
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def stretched(rest: np.ndarray, faces: np.ndarray, flat: np.ndarray, face_uv: np.ndarray) -> tuple[float, float]:
    """Share of the length of all edges that is too long or short on the plane, and all lengths there by those here."""
    (a, b), (u, v) = _edges(faces).T, _edges(face_uv).T
    length = np.linalg.norm(rest[a] - rest[b], axis=1)
    ratio = np.linalg.norm(flat[u] - flat[v], axis=1) / np.maximum(length, 1e-9)
    far = (ratio > STRETCHED) | (ratio < 1 / STRETCHED)
    return float(length[far].sum() / length.sum()), float((ratio * length).sum() / length.sum())


@pytest.fixture(scope="module", params=[("female", 1.6, 18.0), ("male", 1.75, 40.0), ("female", 1.65, 42.0)])
def body(request):
    gender, height, bmi = request.param
    model = load_body(CONFIG.models, gender)
    betas = library_of(CONFIG).catalogue.shapes[gender].betas_for(np.zeros(10), height, bmi)
    still = {"betas": betas.astype(np.float32), "expression": np.zeros((1, 10), np.float32)}
    sizes = {"global_orient": 3, "body_pose": 63, "transl": 3, "left_hand_pose": 45, "right_hand_pose": 45,
             "jaw_pose": 3, "leye_pose": 3, "reye_pose": 3}  # fmt: skip
    still |= {name: np.zeros((1, size), np.float32) for name, size in sizes.items()}
    return model.pose(still).rest, base_map(model, CONFIG.open_models)


def test_cloth_of_every_garment_lies_nearly_unstretched_on_thin_and_heavy_people(body):
    rest, base = body
    before = {}
    for name in GARMENTS:
        item = wardrobe.load_item(name)
        worn = wardrobe.fit(item, rest, base)
        flat = lay_flat(worn, item.faces, item.uv, item.face_uv)
        assert flat.shape == item.uv.shape and flat.dtype == np.float32 and np.isfinite(flat).all()
        share, size = stretched(worn, item.faces, flat, item.face_uv)
        assert share < 0.06, name
        assert 0.95 < size < 1.05, name  # metres
        _, size = stretched(worn, item.faces, item.uv, item.face_uv)
        before[name], _ = stretched(worn, item.faces, item.uv / size, item.face_uv)
    assert max(before.values()) > 0.2  # what the pictures' own coordinates would do


def tube(rows: int = 12, columns: int = 24, radius: float = 0.2, height: float = 0.6):
    """A round tube open along one line, with coordinates that squeeze it more and more upwards."""
    turn, up = np.meshgrid(np.linspace(0, 2 * np.pi, columns + 1), np.linspace(0, 1, rows + 1))
    points = np.stack([radius * np.cos(turn), height * up, -radius * np.sin(turn)], -1).reshape(-1, 3)
    k = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, -1)
    a, b, c, d = (x.ravel() for x in (k[:-1, :-1], k[:-1, 1:], k[1:, :-1], k[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    uv = np.stack([turn / 9, up**3], -1).reshape(-1, 2)
    return points, faces, uv


def test_a_tube_is_rolled_out_to_the_millimetre():
    points, faces, uv = tube()
    for start in (uv, uv * (-1, 1)):  # pieces may lie on their face
        flat = lay_flat(points, faces, start, faces).reshape(13, 25, 2)
        chord = 2 * 0.2 * np.sin(np.pi / 24)
        np.testing.assert_allclose(np.diff(flat[..., 1], axis=0), 0.05, atol=1e-3)
        np.testing.assert_allclose(np.diff(flat[..., 0], axis=1), np.sign(start[1, 0]) * chord, atol=1e-3)
        np.testing.assert_allclose(np.diff(flat[..., 1], axis=1), 0, atol=1e-3)  # it is not turned


def test_triangles_without_area_do_no_harm():
    points, faces, uv = tube()
    faces = np.concatenate([faces, [[3, 3, 4], [7, 8, 7]]])
    assert np.isfinite(lay_flat(points, faces, uv, faces)).all()
