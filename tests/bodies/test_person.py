"""A person of a clip: placed in the world, dressed, standing on the soles."""

import subprocess
import sys

import numpy as np
import pytest
import smplx
import torch

from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from synth.bodies.model import POSE_FIELDS, load_body
from synth.bodies.motion import Motion
from synth.bodies.movement import captured
from synth.bodies.person import place
from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, Part, ThfmError
from synth.spec.config import PeopleConfig, SpecConfig, VideoConfig
from synth.spec.model import MotionPart
from synth.spec.motions import draw_motion
from synth.spec.sample import sample_clip
from tests.conftest import ROOT, environment

CONFIG = BodiesConfig()


@pytest.fixture(scope="module")
def library():
    return load_library(CONFIG)


def standing(library, **people):
    config = SpecConfig(
        video=VideoConfig(frames=4, width=64, height=64), people=PeopleConfig(count=1, **people), motions=("idle",)
    )
    return sample_clip(config, library.catalogue, 3, 0)


@pytest.fixture(scope="module")
def dressed(library):
    spec = standing(library)
    return spec, build_clip(spec, CONFIG, library)


def test_placing_turns_the_whole_body_about_the_vertical_through_its_pelvis():
    model = load_body(CONFIG.models, "neutral")
    rng = np.random.default_rng(0)
    motion = Motion(
        fps=24.0,
        global_orient=rng.normal(0, 1, (3, 3)),
        body_pose=rng.normal(0, 0.2, (3, 63)),
        transl=rng.normal(0, 1, (3, 3)),
    )
    placed = place(motion, model.rest_joints(np.zeros(10))[0], 0.7, (2.0, -1.0))

    def vertices(m):
        fields = {k: getattr(m, k) for k in (*POSE_FIELDS, "transl")}
        return model.pose({**fields, "betas": np.zeros(10), "expression": np.zeros(10)})

    before, after = vertices(motion), vertices(placed)
    c, s = np.cos(0.7), np.sin(0.7)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    moved = before.vertices @ turn.T
    shift = (after.vertices - moved).reshape(-1, 3)
    assert np.ptp(shift, axis=0).max() < 1e-5 and abs(shift[:, 2]).max() < 1e-5
    assert after.joints[1, 0, :2] == pytest.approx((2.0, -1.0), abs=1e-5)


def test_label_reproduces_the_mesh_through_the_smplx_library_alone(dressed):
    spec, geometry = dressed
    label, body = geometry.smplx[0], geometry.meshes[0]
    gender = str(label["gender"])
    model = smplx.create(
        str(CONFIG.models), "smplx", gender=gender, ext="npz", use_pca=False, flat_hand_mean=True,
        num_betas=10, num_expression_coeffs=10, batch_size=spec.frames, use_face_contour=True,
    )  # fmt: skip
    arrays = {k: torch.tensor(label[k]) for k in (*POSE_FIELDS, "transl", "expression")}
    shape = {"betas": torch.tensor(label["betas"])[None].expand(spec.frames, -1)}
    with torch.no_grad():
        out = model(**arrays, **shape)
    assert np.abs(out.vertices.numpy() - body.positions[1:-1]).max() < 1e-5
    assert np.abs(out.joints.numpy() - geometry.joints[0, 1:-1]).max() < 1e-5


def test_dressed_people_stand_on_their_soles(dressed):
    _, geometry = dressed
    lowest = {m.name: m.positions[:, np.unique(m.faces), 2].min() for m in geometry.meshes if m.person}
    assert -0.015 < min(lowest.values()) < 0.02
    shoes = [m for m in geometry.meshes if m.person and (m.part >= Part.LEFT_FOOT).mean() > 0.8]
    assert [m.name for m in shoes] == [min(lowest, key=lowest.get)]


def test_bare_people_stand_on_their_feet(library):
    geometry = build_clip(standing(library, clothes=False, hair=False), CONFIG, library)
    body = geometry.meshes[0]
    assert body.shown.all() and len([m for m in geometry.meshes if m.person]) == 1
    assert -0.015 < body.positions[:, np.unique(body.faces), 2].min() < 0.02


def test_every_person_surface_has_a_part_and_a_canonical_point_in_the_cube(dressed):
    _, geometry = dressed
    for mesh in geometry.meshes:
        if not mesh.person:
            continue
        used = mesh.canonical[np.unique(mesh.faces)]
        assert mesh.part.min() >= Part.HEAD and used.min() >= 0 and used.max() <= 1
    neutral = load_body(CONFIG.models, "neutral")
    body = geometry.meshes[0]
    assert np.allclose((body.canonical - 0.5) * CANONICAL_EXTENT + CANONICAL_CENTRE, neutral.template, atol=1e-6)


def test_hair_belongs_to_the_head(dressed):
    spec, geometry = dressed
    hair = next(m for m in geometry.meshes if m.name == spec.people[0].hair.name)
    assert np.isin(hair.part, (Part.HEAD, Part.NECK)).mean() > 0.95


def test_a_motion_that_ends_too_early_is_named(library):
    with pytest.raises(ThfmError, match="stand_ready"):
        captured(MotionPart(name="stand_ready", start=0.0), library.motion_files, 100000, 24.0)


@pytest.mark.parametrize("frames", [1, 24, 41, 56])
def test_every_captured_motion_that_is_drawn_lasts_as_long_as_its_clip(library, frames):
    """Draws use up short motions to their very end, wherever between two source frames they begin."""
    config = SpecConfig.model_validate({"video": {"frames": frames}, "motion": {"splice": 0.0, "synthesised": 0.0}})
    tight = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        part = draw_motion(rng, library.catalogue, config, (frames + 1) / 24.0)
        motion = captured(part, library.motion_files, frames + 2, 24.0)
        assert len(motion) == frames + 2
        (entry,) = [m for m in library.catalogue.motions if m.name == part.name]
        tight += any(0 <= end - part.start - part.speed * (frames + 1) / 24.0 < 1 / 60 for _, end in entry.segments)
    assert tight > 0 or frames == 1


DIGEST = """
import hashlib
from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from tests.bodies.test_person import CONFIG, standing
library = load_library(CONFIG)
(label,) = build_clip(standing(library), CONFIG, library).smplx
print({name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in label.items()})
"""


def test_other_kernels_of_the_linear_algebra_make_the_same_parameters():
    """Their last bits differ, on one processor by its state of affairs too; what is stored must not."""
    said = []
    for kernels in ("Haswell", "Prescott"):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DIGEST], env=environment() | {"OPENBLAS_CORETYPE": kernels},
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        said.append(run.stdout)
    assert said[0] == said[1] and "right_hand_pose" in said[0]
