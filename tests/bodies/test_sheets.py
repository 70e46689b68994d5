"""Collars, belts and buttons keep their form on any body; skirts hang from the hips."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from synth.bodies import wardrobe
from synth.bodies.config import BodiesConfig
from synth.bodies.dressing import RestBody, dress
from synth.bodies.layers import border, rim
from synth.bodies.model import load_body
from synth.bodies.registration import base_map, skin_faces
from synth.bodies.sheets import as_one, in_sheets, pieces, sewn, with_cloth
from synth.bodies.surface import LIMBS, vertex_normals
from synth.make import library_of

CONFIG = BodiesConfig()


def body_at_rest(gender: str, bmi: float) -> RestBody:
    """A body of 1.7 m in T-pose."""
    model = load_body(CONFIG.models, gender)
    betas = library_of(CONFIG).catalogue.shapes[gender].betas_for(np.zeros(10), 1.7, bmi)
    rest = model.template + model.model.shapedirs.numpy()[:, :, :10] @ betas
    return RestBody(rest, model.faces, model.weights, base_map(model, CONFIG.open_models), skin_faces(model))


def worn(name: str, gender: str, bmi: float) -> tuple[wardrobe.Item, np.ndarray, np.ndarray]:
    """An item, how it was made, and how it sits on a body in T-pose."""
    item = wardrobe.load_item(name)
    (fitted,) = dress([item], body_at_rest(gender, bmi))
    return item, item.anchor.astype(float) + item.offsets, fitted.rest


def folded() -> tuple[np.ndarray, np.ndarray]:
    """A strip of cloth that is folded back 6 mm behind itself: vertices, faces."""
    along, across = np.meshgrid(np.arange(12) * 0.02, np.arange(21))
    y = np.where(across < 10, across, 20 - across) * 0.02
    points = np.stack([along, y, np.where(across < 10, 0.006, 0.0)], -1).reshape(-1, 3)
    index = np.arange(12 * 21).reshape(21, 12)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    return points, np.concatenate([np.stack(f, -1).reshape(-1, 3) for f in ((a, b, c), (b, d, c))])


def test_both_sides_of_doubled_cloth_are_put_together():
    points, faces = folded()
    mean = as_one(points, faces)
    noise = np.random.default_rng(0).normal(0, 0.004, points.shape)
    still = (np.broadcast_to(np.eye(3), (len(points), 3, 3)), np.ones(len(points)))
    out = in_sheets(points, points + noise, faces, still, mean)
    front, back = out[: 10 * 12].reshape(10, 12, 3), out[11 * 12 :].reshape(10, 12, 3)[::-1]
    apart = front[1:, :, 2] - back[:-1, :, 2]
    assert apart.min() > 0.002, "the front stays before the back"
    assert np.abs(apart - 0.006).max() < np.abs(noise[: 9 * 12, 2]).max()


def test_what_turns_as_a_whole_is_left_as_it_is():
    points, faces = folded()
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turned = 1.2 * points @ turn.T + 0.3
    frames = (np.broadcast_to(turn, (len(points), 3, 3)), np.full(len(points), 1.2))
    np.testing.assert_allclose(in_sheets(points, turned, faces, frames, as_one(points, faces), 5), turned, atol=1e-9)


def test_a_button_goes_with_its_cloth_and_keeps_its_form():
    points, faces = folded()
    cloth = np.arange(len(points))
    button = np.array([[0.1, 0.1, 0.008], [0.11, 0.1, 0.008], [0.1, 0.11, 0.008]])
    both, all_faces = np.concatenate([points, button]), np.concatenate([faces, [[0, 1, 2] + cloth[-1] + 1]])
    assert pieces(both, all_faces)[1].tolist() == [False] * len(points) + [True] * 3
    moves = np.concatenate([points * 0.5, np.full((3, 3), 9.0)])
    out = with_cloth(both, all_faces, moves)
    np.testing.assert_array_equal(out[cloth], moves[cloth])
    assert np.ptp(out[-3:], axis=0).max() < 0.001, "a button does not stretch"
    near = cKDTree(points).query(button)[1]
    assert np.abs(out[-3:] - moves[near]).max() < 0.01


def test_pieces_are_sewn_where_they_meet():
    points, faces = folded()
    other = points + (0.22, 0.0, 0.001)  # its first column lies on the last one of the strip
    both, all_faces = np.concatenate([points, other]), np.concatenate([faces, faces + len(points)])
    out = sewn(both, all_faces) @ np.repeat([0.0, 1.0], len(points))
    seam = np.arange(21) * 12
    np.testing.assert_allclose(out[seam + 11], 0.5)
    np.testing.assert_allclose(out[seam + len(points)], 0.5)
    assert set(np.round(np.delete(out, [*(seam + 11), *(seam + len(points))]), 9)) == {0.0, 1.0}


@pytest.mark.parametrize(("name", "gender"), [("blouse_sleeveless", "female"), ("suit_jacket", "male")])
def test_outsides_stay_outside(name, gender):
    """Vertices of doubled cloth still lie before those that they lay before when it was made."""
    item, made, rest = worn(name, gender, 24)
    normals, now = vertex_normals(made, item.faces), vertex_normals(rest, item.faces)
    one, other = cKDTree(made).query_pairs(0.008, output_type="ndarray").T
    apart = made[one] - made[other]
    facing = np.einsum("nc,nc->n", normals[one], normals[other]) < -0.8
    before = np.einsum("nc,nc->n", apart, normals[one]) > 0.9 * np.linalg.norm(apart, axis=1)
    one, other = one[facing & before], other[facing & before]
    assert len(one) > 20
    still = np.einsum("nc,nc->n", rest[one] - rest[other], now[one]) > 0
    assert still.mean() > 0.95


@pytest.mark.parametrize("name", ["blouse_sleeveless", "denim_shorts_dark", "denim_skirt"])
def test_trimmings_keep_their_form(name):
    item, made, rest = worn(name, "female", 24)
    small = pieces(made, item.faces)[1]
    edges = item.faces[small[item.faces[:, 0]]][:, :2]
    was, now = (np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1) for v in (made, rest))
    grown = now / np.maximum(was, 1e-4)
    assert np.quantile(grown, 0.95) / np.median(grown) < 1.6


@pytest.mark.parametrize("name", ["coat_winter", "dress_summer", "skirt_flared"])
def test_on_a_heavy_body_a_skirt_is_as_wide_below_as_it_was_made(name):
    """Its hem is to the hips as it was when it was made, or wider."""
    item, made, rest = worn(name, "female", 40)
    hips = (made[:, 1] > 0.0) & (made[:, 1] < 0.06) & (np.abs(made[:, 0]) < 0.25)
    hem = made[:, 1] < made[:, 1].min() + 0.05
    was, now = (np.ptp(v[hem, 0]) / np.ptp(v[hips, 0]) for v in (made, rest))
    assert now > 0.85 * was


@pytest.mark.parametrize("name", ["dress_summer", "dress_beach", "dress_lace", "miniskirt"])
def test_skirts_have_even_hems(name):
    """No leg of the base mesh is to be seen in a skirt's hem."""
    item = wardrobe.load_item(name)
    made = item.anchor.astype(float) + item.offsets
    edge = border(item.faces)
    hem = edge[made[edge, 1] < made[:, 1].min() + 0.08]
    turn = np.arctan2(made[hem, 0], made[hem, 2])
    height = made[hem[np.argsort(turn)], 1]
    apart = height - (np.roll(height, 2) + np.roll(height, -2)) / 2
    assert np.abs(apart).max() < 0.012
    assert np.isin(hem, np.flatnonzero(item.loose > 0)).all()


def test_limbs_do_not_widen_with_the_hips():
    item, _, rest = worn("coat_winter", "female", 40)
    model = load_body(CONFIG.models, "female")
    weights = wardrobe.skin_weights(item, model.weights, base_map(model, CONFIG.open_models))
    sleeve = (weights @ LIMBS)[:, [4, 5]].sum(1) > 0.9
    assert np.ptp(rest[sleeve, 1]) < 0.35, "sleeves of the T-pose lie along the arms"


@pytest.mark.parametrize(
    "name, gender, bmi",
    [("sweater", "male", 28), ("tunic", "female", 24), ("coat_long", "male", 22), ("dress_maxi", "female", 38)],
)
def test_necklines_lie_on_the_shoulders(name, gender, bmi):
    item, made, rest = worn(name, gender, bmi)
    rim, body = border(item.faces), body_at_rest(gender, bmi)
    neckline = rest[rim[(made[rim, 1] > 0.4) & (np.abs(made[rim, 0]) < 0.12)]]
    skin = body.vertices[np.unique(body.faces[body.skin])]
    assert cKDTree(skin).query(neckline)[0].max() < 0.018


def test_a_waistband_in_a_fold_makes_no_spikes_in_what_is_worn_over_it():
    body, top = body_at_rest("female", 44), wardrobe.load_item("sweater")
    alone = dress([top], body)[0].rest
    over = dress([wardrobe.load_item("denim_shorts"), top], body)[1].rest
    assert np.linalg.norm(over - alone, axis=1).max() < 0.03


def test_a_skirt_does_not_gape_where_it_is_sewn_to_its_bodice():
    item, made, rest = worn("coat_long", "female", 44)
    piece = pieces(made, item.faces)[0]
    edge = np.setdiff1d(border(item.faces), rim(made, item.faces))
    skirt = piece == piece[made[:, 1].argmin()]
    edge = edge[skirt[edge]]
    before, after = (cKDTree(v[~skirt]).query(v[edge])[0] for v in (made, rest))
    assert (after - before).max() < 0.015
