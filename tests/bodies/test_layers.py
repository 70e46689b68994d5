"""Inner garments stay under outer ones, whatever the body and the motion; judged by rays from all sides."""

from dataclasses import replace

import numpy as np
import pytest

from synth.bodies import wardrobe
from synth.bodies.layers import border, rim
from synth.geometry import Mesh
from tests.bodies.wearers import dressed
from tools.check_layers import clothes_of, layers_crossed

FRAMES = 7
ITEMS = wardrobe.load_catalogue()["items"]


def crossed(meshes: tuple[Mesh, ...], sample: int) -> np.ndarray:
    """(3,) pixels: of inner garments where outer ones should be seen, of holes, of all cloth."""
    through, holes, cloth = layers_crossed(meshes[0], clothes_of(list(meshes), ITEMS), sample)
    return np.array([sum(through.values()), holes, cloth])


@pytest.mark.parametrize(
    ("gender", "bmi", "motion", "clothes"),
    [
        ("female", 32, "synth:boxing", ("jeans_tight", "sweater")),
        ("female", 30, "synth:lift", ("jeans_women", "coat_winter")),
        ("female", 40, "synth:reach", ("trousers_loose", "tunic_floral")),
        ("male", 38, "synth:lift", ("jeans_straight", "longsleeve_blue")),
        ("female", 38, "synth:lift", ("shorts_loose", "blouse_sleeveless")),  # its knot is a closed mesh
        ("female", 24, "synth:lift", ("sweater", "skirt_pleated")),  # its faces cut the edge of the skirt
    ],
)
def test_what_is_worn_beneath_does_not_come_through(gender, bmi, motion, clothes):
    meshes = dressed(gender, bmi, motion, *clothes).meshes
    through, holes, cloth = crossed(meshes, 1) + crossed(meshes, FRAMES)
    assert cloth > 50_000
    assert through <= 0.0003 * cloth
    assert holes <= 0.01 * cloth


def test_the_measure_finds_what_comes_through():
    meshes = dressed("female", 32, "synth:boxing", "jeans_tight", "sweater").meshes
    body, jeans, sweater = meshes
    middle = sweater.positions.mean(1, keepdims=True)
    narrow = middle + (sweater.positions - middle) * np.array([0.9, 0.9, 1.0], np.float32)
    everything = replace(jeans, shown=np.ones(len(jeans.faces), bool))
    through, _, cloth = crossed((body, everything, replace(sweater, positions=narrow)), 1)
    assert through > 0.005 * cloth
    _, holes, _ = crossed((body, replace(jeans, shown=np.zeros(len(jeans.faces), bool)), sweater), 1)
    assert holes > 0.05 * cloth


def test_inner_cloth_that_is_seen_is_left_where_it_is():
    """Below the hem, jeans are the same under a sweater as alone."""
    under = dressed("female", 32, "synth:boxing", "jeans_tight", "sweater").meshes[1]
    alone = dressed("female", 32, "synth:boxing", "jeans_tight").meshes[1]
    low = alone.positions[1][:, 2] < 0.5
    assert low.sum() > 500
    assert np.abs(under.positions - alone.positions)[:, low].max() < 1e-5
    assert under.shown.sum() < alone.shown.sum()


@pytest.mark.parametrize("name", ["tunic", "coat_long", "dress_flared"])
def test_an_edge_within_a_garment_is_none_of_its_borders(name):
    item = wardrobe.load_item(name)
    made = item.anchor.astype(np.float64) + item.offsets
    edge, seen = border(item.faces), rim(made, item.faces)
    sleeves = np.abs(made[:, 0]) > 0.3
    waist = (made[:, 1] > 0.0) & (made[:, 1] < 0.2) & ~sleeves & (np.abs(made[:, 0]) > 0.08)  # no coat's front
    assert waist[edge].sum() > 60, "they are of two pieces"
    assert waist[seen].sum() < 0.1 * waist[edge].sum()
    low, high = made[edge, 1].min() + 0.01, made[edge, 1].max() - 0.01
    assert np.isin(edge[(made[edge, 1] < low) | (made[edge, 1] > high)], seen).all()
