"""Depth of field: blur against the thin lens drawn out, and apertures that keep people sharp."""

import numpy as np
import pytest

from synth.cameras import solve
from synth.cameras.focus import blur
from tests.cameras.crowd import pixels, spec, walker


def circle(focal, f_stop, focus, depth):
    """Diameter on the sensor of the cone of light from ``depth``, by the lens equation; metres."""
    sensor = 1 / (1 / focal - 1 / focus)
    image = 1 / (1 / focal - 1 / depth)
    return focal / f_stop * abs(image - sensor) / image


@pytest.mark.parametrize(("focal", "f_stop", "focus", "depth"), [(50, 1.4, 2.0, 3.0), (85, 2, 4, 3), (24, 8, 1.5, 30)])
def test_blur_is_that_of_a_thin_lens(focal, f_stop, focus, depth):
    found = blur(np.array(float(focal)), f_stop, np.array(focus), np.array(depth))
    assert found == pytest.approx(circle(focal / 1000, f_stop, focus, depth) / 0.036, rel=1e-6)


@pytest.mark.parametrize("move", ["static", "dolly", "zoom"])
@pytest.mark.parametrize("above", [0.0, 1.3])
def test_framed_people_stay_sharp(move, above):
    subject = walker(above=above, distance=0.8)
    cameras = solve(spec(move, lens={"f_stop": 1.4}, focal_mm=85), subject, 832, 480, 24.0)
    _, depth = pixels(cameras, subject.points[:, subject.framed])
    focal = cameras.intrinsics[:, 0, 0] / 832 * 0.036
    worst = max(
        circle(f, cameras.f_stop, s, z) / 0.036 for f, s, d in zip(focal, cameras.focus, depth, strict=True) for z in d
    )
    assert worst < 0.0061 and (cameras.f_stop == pytest.approx(1.4) or worst > 0.0059)
    assert ((cameras.focus > depth.min(1)) & (cameras.focus < depth.max(1))).all()


def test_no_aperture_no_blur():
    cameras = solve(spec("static"), walker(), 832, 480, 24.0)
    assert cameras.focus is None and cameras.f_stop is None


@pytest.mark.parametrize("k1", [-0.3, 0.15])
def test_framing_sees_through_the_lens(k1):
    subject = walker()
    cameras = solve(spec("static", lens={"k1": k1}), subject, 640, 480, 24.0)
    camera = np.einsum("sij,snj->sni", cameras.world_to_camera[:, :3, :3], subject.points)
    camera += cameras.world_to_camera[:, None, :3, 3]
    flat = camera[..., :2] / camera[..., 2:]
    bent = flat * (1 + k1 * (flat**2).sum(-1, keepdims=True)) * cameras.intrinsics[0, 0, 0]
    assert (np.abs(bent).max((0, 1)) / (320, 240)).max() == pytest.approx(0.8, abs=1e-3)
    assert (cameras.distortion == (k1, 0, 0, 0, 0)).all()
