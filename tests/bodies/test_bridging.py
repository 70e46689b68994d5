"""Cloth spans hollows of the trunk, and is left alone elsewhere."""

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from synth.bodies import wardrobe
from synth.bodies.bridging import bridged
from synth.bodies.config import BodiesConfig
from synth.bodies.model import load_body
from synth.bodies.registration import base_map
from synth.bodies.surface import LIMBS, vertex_normals
from synth.make import library_of

CONFIG = BodiesConfig()


def fitted(name: str, gender: str, bmi: float) -> tuple[wardrobe.Item, np.ndarray, np.ndarray]:
    """An item, its vertices on a body in T-pose and its skin weights."""
    model = load_body(CONFIG.models, gender)
    betas = library_of(CONFIG).catalogue.shapes[gender].betas_for(np.zeros(10), 1.7, bmi)
    rest = model.template + model.model.shapedirs.numpy()[:, :, :10] @ betas
    item, base = wardrobe.load_item(name), base_map(model, CONFIG.open_models)
    return item, wardrobe.fit(item, rest, base), wardrobe.skin_weights(item, model.weights, base)


def hollow(points: np.ndarray, trunk: np.ndarray) -> float:
    """Metres by which a garment's slices through the trunk lie inside their own convex outline, at the deepest."""
    deepest = []
    for height in np.arange(points[trunk, 1].min() + 0.02, points[trunk, 1].max() - 0.25, 0.02):
        ring = points[trunk & (np.abs(points[:, 1] - height) < 0.008)][:, [0, 2]]
        if len(ring) > 12:
            sides = ConvexHull(ring).equations
            deepest.append((-(ring @ sides[:, :2].T + sides[:, 2]).max(1)).max())
    return max(deepest)


def test_the_back_and_seat_of_a_heavy_body_are_spanned():
    item, rest, weights = fitted("sweater", "female", 40)
    trunk = (weights @ LIMBS)[:, 0] > 0.95
    out = bridged(rest, item.faces, weights)
    assert hollow(rest, trunk) > 0.02
    assert hollow(out, trunk) < 0.4 * hollow(rest, trunk)


def test_arms_and_hems_stay_where_they_are():
    item, rest, weights = fitted("sweater", "male", 24)
    out = bridged(rest, item.faces, weights)
    moved = np.linalg.norm(out - rest, axis=1)
    limbs = weights @ LIMBS
    assert moved[limbs[:, [4, 5]].sum(1) > 0.5].max() == 0
    assert moved.max() < 0.07
    hem = rest[:, 1] < rest[:, 1].min() + 0.02
    assert np.abs((out - rest)[hem, 1]).mean() < 0.004


def test_both_sides_of_a_lapel_move_as_one():
    item, rest, weights = fitted("coat_winter", "female", 40)
    cut = item.anchor.astype(np.float64) + item.offsets
    out = bridged(rest, item.faces, weights, cut)
    normals = vertex_normals(cut, item.faces)
    one, other = cKDTree(cut).query_pairs(0.006, output_type="ndarray").T
    sides = np.einsum("nc,nc->n", normals[one], normals[other]) < -0.8
    assert sides.sum() > 100
    apart = np.linalg.norm((out - rest)[one] - (out - rest)[other], axis=1)[sides]
    assert np.linalg.norm(out - rest, axis=1).max() > 0.02
    assert np.quantile(apart, 0.9) < 0.005


def test_what_is_round_is_left_alone():
    turn, height = np.meshgrid(np.arange(48) * np.pi / 24, np.linspace(0, 0.5, 26))
    points = np.stack([0.16 * np.sin(turn), height, 0.12 * np.cos(turn)], -1).reshape(-1, 3)
    index = np.arange(48 * 26).reshape(26, 48)
    a, b, c, d = index[:-1], np.roll(index, -1, 1)[:-1], index[1:], np.roll(index, -1, 1)[1:]
    faces = np.concatenate([np.stack(f, -1).reshape(-1, 3) for f in ((a, b, c), (b, d, c))])
    weights = np.zeros((len(points), 55))
    weights[:, 0] = 1
    assert np.linalg.norm(bridged(points, faces, weights) - points, axis=1).max() < 0.003
