"""People who sit, sit on something: the stool is where the body is, whichever way it faces."""

import numpy as np
import pytest
import trimesh

from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from synth.bodies.model import load_body
from synth.bodies.scenery import stool
from synth.conventions import Part, Semantic
from synth.spec.config import MotionConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip
from synth.spec.tones import TONES, like_skin

CONFIG = BodiesConfig()


@pytest.fixture(scope="module")
def library():
    return load_library(CONFIG)


def build(library, motion, mirror, index=0):
    config = SpecConfig(
        video=VideoConfig(frames=2, width=64, height=64), people=PeopleConfig(count=1, clothes=False, hair=False),
        motions=(motion,), motion=MotionConfig(mirror=mirror, splice=0.0),
    )  # fmt: skip
    spec = sample_clip(config, library.catalogue, 3, index)
    return spec, build_clip(spec, CONFIG, library)


@pytest.mark.parametrize("mirror", [0.0, 1.0])
def test_the_bottom_is_on_the_stool(library, mirror):
    spec, geometry = build(library, "synth:seated", mirror)
    person = spec.people[0]
    assert person.motion.mirrored == bool(mirror) and abs(person.yaw) > 0.1
    (stool,) = [m for m in geometry.meshes if m.name.startswith("stool")]
    assert stool.person == 0 and set(stool.semantic) == {Semantic.PROP} and set(stool.part) == {Part.NONE}
    top = stool.positions[0, :, 2].max()
    assert top == pytest.approx(person.motion.parameters["seat"], abs=1e-5)
    body, model = geometry.meshes[0], load_body(CONFIG.models, person.gender)
    weighty = model.weights[:, [0, 1, 2]].sum(1) > 0.6  # pelvis and hips
    points = body.positions[1, np.intersect1d(np.flatnonzero(weighty), np.unique(body.faces))]
    low = points[points[:, 2] < points[:, 2].min() + 0.02]
    assert low[:, 2].mean() == pytest.approx(top, abs=0.05)
    middle = stool.positions[0, :, :2].mean(axis=0)
    assert np.linalg.norm(low[:, :2].mean(axis=0) - middle) < 0.12
    feet = body.positions[1, np.unique(body.faces)]
    assert np.linalg.norm(feet[feet[:, 2] < 0.02][:, :2] - middle, axis=1).min() > 0.1


def test_others_get_no_stool(library):
    _, geometry = build(library, "synth:idle", 0.0)
    assert not [m for m in geometry.meshes if m.name.startswith("stool")]


def test_a_stool_is_a_closed_solid_on_the_floor():
    made = stool(np.array([1.0, 2.0, 0.45]))
    solid = trimesh.Trimesh(made.points, made.faces, process=True)
    assert solid.is_watertight and solid.volume > 0.003  # outward normals
    np.testing.assert_allclose(solid.bounds[:, 2], [0.0, 0.45], atol=1e-6)
    np.testing.assert_allclose(solid.bounds.mean(axis=0)[:2], [1.0, 2.0], atol=1e-6)


def test_no_stool_is_like_skin():
    for seed in range(16):
        (material,) = stool(np.array([0.0, 0.0, 0.45])).mesh("stool", seed, 0.0).materials
        assert not like_skin(material.tint, TONES)
