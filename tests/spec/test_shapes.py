"""Statures and weights of drawn people, measured by smplx and trimesh on the bodies themselves."""

from functools import cache

import numpy as np
import pytest
import smplx
import torch
import trimesh
from smplx.lbs import blend_shapes

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.config import PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip

DENSITY = 985.0
SHORT = VideoConfig(frames=8)


@cache
def catalogue():
    return load_library(BodiesConfig()).catalogue


@cache
def body(gender: str):
    folder = BodiesConfig().models
    model = smplx.create(str(folder), "smplx", gender=gender, ext="npz", num_betas=10, num_expression_coeffs=10)
    with np.load(folder / "smplx" / f"SMPLX_{gender.upper()}.npz") as source:
        return model, source["f"][source["face_group"] == 0]


def measured(person) -> tuple[float, float]:
    """Stature and BMI of the T-pose."""
    model, skin = body(person.gender)
    vertices = (model.v_template + blend_shapes(torch.tensor([person.betas]), model.shapedirs))[0].numpy()
    mesh = trimesh.Trimesh(vertices, skin, process=False)
    assert mesh.is_watertight
    height = np.ptp(vertices[np.unique(skin), 1])
    return float(height), float(mesh.volume * DENSITY / height**2)


def drawn(config: PeopleConfig, count: int) -> list:
    spec = SpecConfig(video=SHORT, people=config)
    return [sample_clip(spec, catalogue(), 5, k).people[0] for k in range(count)]


@pytest.mark.parametrize("gender", ["female", "male"])
def test_adults_of_every_height_and_weight_are_drawn(gender):
    config = PeopleConfig(genders=(gender,))
    low, high = config.female_height_m if gender == "female" else config.male_height_m
    found = np.array([measured(p) for p in drawn(config, 80)])
    heights, bmi = found.T
    assert heights.min() > low - 0.002 and heights.max() < high + 0.002
    assert bmi.min() > config.bmi[0] - 0.05 and bmi.max() < config.bmi[1] + 0.05
    for values, ends in ((heights, (low, high)), (np.log(bmi), np.log(config.bmi))):
        share = np.histogram(values, 5, ends)[0] / len(values)
        assert share.min() > 0.06 and share.max() < 0.38


def test_a_wished_height_and_weight_are_met_and_people_still_differ():
    wish = PeopleConfig(genders=("neutral",), female_height_m=(1.7, 1.7), male_height_m=(1.7, 1.7), bmi=(30, 30))
    people = drawn(wish, 12)
    np.testing.assert_allclose([measured(p) for p in people], [(1.7, 30)] * 12, atol=0.02)
    assert np.std([p.betas for p in people], axis=0).max() > 0.3


def test_a_person_whom_the_model_cannot_show_comes_close():
    form = catalogue().shapes["male"]
    betas = form.betas_for(np.zeros(10), 2.8, 25.0)
    assert np.abs(betas).max() <= 6 and form.measure(betas)[0] > 2.1


def test_a_gender_without_a_model_is_named():
    lacking = catalogue().model_copy(update={"shapes": {}})
    with pytest.raises(ThfmError, match="no female body model"):
        sample_clip(SpecConfig(video=SHORT, people=PeopleConfig(genders=("female",))), lacking, 0, 0)
