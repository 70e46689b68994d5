"""No skin shows below the waist between a top and what is worn below it, on heavy bodies and of people who bend."""

from dataclasses import replace

import numpy as np
import pytest

from synth.bodies import wardrobe
from synth.bodies.model import load_body
from synth.bodies.registration import base_map
from synth.conventions import JOINT_NAMES
from tests.bodies.wearers import CONFIG, dressed
from tools.check_waist import bare_waist

ITEMS = wardrobe.load_catalogue()["items"]


@pytest.mark.parametrize(
    ("bmi", "motion", "clothes"),
    [
        (38, "synth:lift", ("shorts_loose", "blouse_sleeveless")),
        (38, "synth:boxing", ("tennis_skirt", "tube_top")),
        (30, "synth:stretch", ("jeans_women", "halter_top")),
        (20, "synth:walk", ("leggings", "crop_top_blue")),
    ],
)
def test_a_short_top_bares_nothing_below_the_waist(bmi, motion, clothes):
    _, low, seen = bare_waist(dressed("female", bmi, motion, *clothes, height=1.65, frames=1), 1)
    assert seen > 10_000
    assert low < 0.002 * seen


def test_the_measure_finds_a_bare_seat():
    figure = dressed("female", 30, "synth:walk", "leggings", "tube_top", height=1.65, frames=1)
    body, leggings, top = figure.meshes
    low_cut = replace(leggings, shown=leggings.shown & (leggings.positions[1][leggings.faces, 2].mean(1) < 0.85))
    bared = replace(figure, meshes=(replace(body, shown=np.ones(len(body.faces), bool)), low_cut, top))
    _, low, seen = bare_waist(bared, 1)
    assert low > 0.01 * seen


@pytest.mark.parametrize("gender", ["female", "male"])
def test_what_is_worn_below_reaches_the_waist(gender):
    model = load_body(CONFIG.models, gender)
    base = base_map(model, CONFIG.open_models)
    rest = model.template.astype(np.float64)
    joints = model.rest_joints(np.zeros(10))[:, 1]
    pelvis, waist = joints[0], joints[JOINT_NAMES.index("spine1")]
    for name, entry in ITEMS.items():
        # skirts of an outer layer are worn over tops
        if (
            entry["semantic"] in ("lower_garment", "skirt")
            and entry["layer"] == 2
            and entry["style"] in (gender, "any")
        ):
            top = wardrobe.fit(wardrobe.load_item(name), rest, base)[:, 1].max()
            assert top > pelvis + 0.75 * (waist - pelvis), name
