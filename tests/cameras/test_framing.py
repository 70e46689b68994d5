"""What a framing asks to see of the open body."""

import numpy as np
import pytest

from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.bodies.person import canonical_points
from synth.cameras import framed_vertices
from synth.conventions import JOINT_PART, Part

ARMS = {Part.LEFT_HAND, Part.RIGHT_HAND, Part.LEFT_FOREARM, Part.RIGHT_FOREARM}
LEGS = {Part.LEFT_SHIN, Part.RIGHT_SHIN, Part.LEFT_FOOT, Part.RIGHT_FOOT}
HEAD = {Part.HEAD}


@pytest.fixture(scope="module")
def body():
    """Canonical points, faces, and the part of each used vertex by its strongest joint; -1 for unused ones."""
    model = load_body(assets_folder() / "bodies", "neutral")
    with np.load(assets_folder() / "bodies" / "smplx" / "SMPLX_NEUTRAL.npz", allow_pickle=False) as file:
        strongest = file["weights"][:, : len(JOINT_PART)].argmax(1)
    part = np.full(len(strongest), -1)
    used = np.unique(model.faces)
    part[used] = np.array(JOINT_PART)[strongest[used]]
    return canonical_points(model, model), model.faces, part


@pytest.mark.parametrize(
    ("band", "there", "missing"),
    [
        ((0.0, 1.0), ARMS | LEGS | HEAD, set()),
        ((0.35, 1.0), ARMS | HEAD, LEGS),
        ((0.55, 1.0), HEAD | {Part.CHEST}, LEGS | ARMS),
        ((0.77, 1.0), HEAD | {Part.NECK}, LEGS | ARMS | {Part.ABDOMEN, Part.HIPS}),
        ((0.0, 0.45), LEGS, ARMS | HEAD | {Part.CHEST}),
        ((0.4, 0.85), ARMS | {Part.CHEST}, LEGS),
    ],
)
def test_bands_hold_the_parts_that_they_should(body, band, there, missing):
    canonical, faces, part = body
    framed = framed_vertices(canonical, faces, band)
    share = {p: framed[part == p].mean() for p in Part if (part == p).any()}
    assert all(share[p] > 0.9 for p in there & HEAD | there & (ARMS | LEGS)), share
    assert all(share[p] > 0.3 for p in there), share
    assert all(share[p] == 0 for p in missing), share


def test_shoulders_belong_to_head_and_shoulders(body):
    canonical, faces, _ = body
    framed = framed_vertices(canonical, faces, (0.77, 1.0))
    wide = np.ptp(canonical[framed][:, 0]) * 2.2
    assert 0.35 < wide < 0.55
