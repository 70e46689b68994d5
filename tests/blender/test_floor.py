"""Floor pictures: they repeat without a seam, differ, and show the pattern that they are named after."""

import numpy as np
import pytest

from synth.blender.floor import PIXELS, floor_pictures, side_metres
from synth.spec.model import GroundSpec

PATTERNS = ("plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble")


def ground(pattern: str, **changes) -> GroundSpec:
    base = {"a": (0.1, 0.1, 0.1), "b": (0.6, 0.5, 0.4), "scale": 0.5, "rotation": 0.0, "offset": (0.0, 0.0)}
    return GroundSpec(pattern=pattern, bump=0.3, roughness=0.5, **{**base, **changes})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pictures_repeat_without_a_seam(pattern):
    colour, normal = floor_pictures(ground(pattern))
    assert colour.shape == normal.shape == (PIXELS, PIXELS, 3)
    assert colour.min() >= 0 and colour.max() <= 1
    assert np.allclose(np.linalg.norm(2 * normal - 1, axis=-1), 1, atol=1e-5) and (normal[..., 2] > 0.5).all()
    for axis in (0, 1):
        steps = np.abs(np.diff(colour, axis=axis)).mean((1 - axis, 2))  # mean change between neighbouring lines
        seam = np.abs(np.take(colour, 0, axis) - np.take(colour, -1, axis)).mean()
        assert seam <= steps.max() * 1.05


def test_same_spec_same_picture_other_spec_other_picture():
    one, again, other = (floor_pictures(ground("tiles", scale=s))[0] for s in (0.5, 0.5, 0.7))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_checker_alternates_at_its_scale():
    spec = ground("checker")
    cells = round(side_metres(spec) / spec.scale)
    assert side_metres(spec) == pytest.approx(cells * 0.5) and cells % 2 == 0
    size = PIXELS // cells
    colour = floor_pictures(spec)[0].mean(-1)
    bright = colour[: size * cells, : size * cells].reshape(cells, size, cells, size).mean((1, 3))
    even = np.indices(bright.shape).sum(0) % 2 == 0
    assert bright[even].max() < bright[~even].min()
