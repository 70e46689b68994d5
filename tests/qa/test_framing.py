"""How much of the picture people have to cover, alone and in a crowd."""

import numpy as np
import pytest

from synth.qa.body import check_framing
from synth.qa.clip import BodyTrack
from synth.qa.config import QaConfig
from tests.scenes import camera_path

WIDTH, HEIGHT, FRAMES = 100, 100, 2


def covered(people: int, pixels: int, framed: bool = True) -> bool:
    """Whether the check passes where each of some people covers so many of 10,000 pixels."""
    camera = camera_path([(0, -5, 1)] * FRAMES, [(0, 0, 1)] * FRAMES, WIDTH, HEIGHT)
    instances = np.zeros((FRAMES, HEIGHT, WIDTH), np.uint8)
    for k in range(people):
        instances[:, 10 * k, :pixels] = k + 1
    fields = {
        "instances": instances, "depth": np.ones(instances.shape), "intrinsics": camera.intrinsics,
        "world_to_camera": camera.world_to_camera, "distortion": np.zeros((FRAMES, 5)),
        "readout": np.zeros((FRAMES, 2)),
    }  # fmt: skip
    vertices = np.tile([[0.0, 0, 1], [0.1, 0, 1], [0, 0, 1.1]], (FRAMES, 1, 1)).astype(np.float32)
    first = BodyTrack(vertices, np.array([[0, 1, 2]]))
    rest = BodyTrack(vertices, np.array([[0, 1, 2]]), framed=None if framed else np.zeros(3, bool))
    measures = check_framing(fields, [first] + [rest] * (people - 1), QaConfig(person_share=0.004))
    (measure,) = [m for m in measures if m.name == "person_pixels"]
    return measure.passed


@pytest.mark.parametrize(("people", "least"), [(1, 40), (4, 20), (8, 15)])
def test_people_of_a_crowd_may_be_smaller(people, least):
    assert covered(people, least)
    assert not covered(people, least - 1)


def test_bystanders_do_not_make_a_crowd():
    assert not covered(4, 20, framed=False)
    assert covered(4, 40, framed=False)
