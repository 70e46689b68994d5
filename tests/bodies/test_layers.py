"""Inner garments stay under outer ones, whatever the body and the motion; judged by rays from all sides."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from synth.bodies.config import BodiesConfig
from synth.bodies.figure import build_figure
from synth.geometry import Mesh
from synth.make import library_of
from synth.spec.model import ItemSpec, MotionSpec, PersonSpec
from tools.check_layers import clothes_of, layers_crossed

CONFIG = BodiesConfig()
FRAMES, FPS = 7, 12.0


@cache
def dressed(gender: str, bmi: float, motion: str, *clothes: str) -> tuple[Mesh, ...]:
    """The meshes of somebody who does something in certain clothes: the body, then what is worn."""
    library = library_of(CONFIG)
    betas = library.catalogue.shapes[gender].betas_for(np.zeros(10), 1.7, bmi)
    entry = next(m for m in library.catalogue.motions if m.name == motion)
    parameters = {name: float(np.mean(span)) for name, span in entry.parameters.items()}
    person = PersonSpec(
        gender=gender, betas=tuple(betas), expression=(0,) * 10, skin=f"young_caucasian_{gender}",
        eye_colour=(0.1, 0.2, 0.3), motion=MotionSpec(name=motion, start=1.0, parameters=parameters, seed=4),
        clothes=tuple(ItemSpec(name=name) for name in clothes),
    )  # fmt: skip
    return build_figure(person, 1, FRAMES, FPS, CONFIG, library).meshes


def crossed(meshes: tuple[Mesh, ...], sample: int) -> np.ndarray:
    """(3,) pixels: of inner garments where outer ones should be seen, of holes, of all cloth."""
    through, holes, cloth = layers_crossed(meshes[0], clothes_of(list(meshes), CONFIG.assets), sample)
    return np.array([sum(through.values()), holes, cloth])


@pytest.mark.parametrize(
    ("gender", "bmi", "motion", "clothes"),
    [
        ("female", 32, "synth:boxing", ("jeans_tight", "sweater")),
        ("female", 30, "synth:lift", ("jeans_women", "coat_winter")),
        ("female", 40, "synth:reach", ("trousers_loose", "tunic_floral")),
        ("male", 38, "synth:lift", ("jeans_straight", "longsleeve_blue")),
        ("female", 38, "synth:lift", ("shorts_loose", "blouse_sleeveless")),  # its knot is a closed mesh
    ],
)
def test_what_is_worn_beneath_does_not_come_through(gender, bmi, motion, clothes):
    meshes = dressed(gender, bmi, motion, *clothes)
    through, holes, cloth = crossed(meshes, 1) + crossed(meshes, FRAMES)
    assert cloth > 50_000
    assert through <= 0.0003 * cloth
    assert holes <= 0.01 * cloth


def test_the_measure_finds_what_comes_through():
    meshes = dressed("female", 32, "synth:boxing", "jeans_tight", "sweater")
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
    under = dressed("female", 32, "synth:boxing", "jeans_tight", "sweater")[1]
    alone = dressed("female", 32, "synth:boxing", "jeans_tight")[1]
    low = alone.positions[1][:, 2] < 0.5
    assert low.sum() > 500
    assert np.abs(under.positions - alone.positions)[:, low].max() < 1e-5
    assert under.shown.sum() < alone.shown.sum()
