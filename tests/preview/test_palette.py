import numpy as np
import pytest

from synth.conventions import Part, Semantic
from synth.preview import palette


def _oklab(colours: list[str]) -> np.ndarray:
    """sRGB -> OKLab (Ottosson 2020), in which equal distances look about equal."""
    c = np.array([palette.rgb(x) for x in colours]) / 255
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    cones = c @ np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    ).T  # fmt: skip
    return np.cbrt(cones) @ np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    ).T  # fmt: skip


@pytest.mark.parametrize("colours", [palette.PARTS, palette.SEMANTICS, dict(enumerate(palette.PEOPLE, 1))])
def test_colours_of_a_kind_are_far_apart_and_far_from_no_value(colours):
    lab = _oklab([*colours.values(), palette.NO_VALUE])
    distance = np.linalg.norm(lab[:, None] - lab, axis=-1) + 9 * np.eye(len(lab))
    assert distance.min() > 0.095


def test_every_label_has_a_colour():
    assert set(palette.PARTS) == set(Part) - {Part.NONE}
    assert set(palette.SEMANTICS) == set(Semantic) - {Semantic.BACKGROUND}
    for part, colour in palette.PARTS.items():
        assert tuple(palette.PART_TABLE[part]) == palette.rgb(colour)
    assert tuple(palette.SEMANTIC_TABLE[0]) == palette.rgb(palette.NO_VALUE)


def test_left_is_lighter_than_right_in_every_pair_of_parts():
    for part in Part:
        if part.name.startswith("LEFT_"):
            left, right = palette.PARTS[part], palette.PARTS[Part[part.name.replace("LEFT", "RIGHT")]]
            assert _oklab([left])[0, 0] > _oklab([right])[0, 0] + 0.1, part


def test_the_depth_ramp_darkens_steadily():
    ramp = palette.ramp()
    lightness = _oklab([f"#{r:02x}{g:02x}{b:02x}" for r, g, b in ramp])[:, 0]
    step = np.diff(lightness)
    assert ramp.shape == (256, 3) and step.max() < 0.003 and lightness[0] - lightness[-1] > 0.7
    assert lightness[:-16:16].min() > 0.1 and np.diff(lightness[::16]).max() < -0.02
