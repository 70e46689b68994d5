"""Nobody wears cloth that looks like their own skin."""

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.spec.catalogue import ItemEntry
from synth.spec.config import PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip
from synth.spec.tones import cielab, like_skin, skin_tones
from synth.spec.wear import draw_cloth

SHORT = SpecConfig(video=VideoConfig(frames=16, width=96, height=64))
BEIGE, NAVY, SKIN = (0.47, 0.35, 0.2), (0.012, 0.022, 0.07), (0.62, 0.36, 0.24)


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


def test_cielab_is_that_of_the_literature():
    """Primaries and a grey under D65, as tabulated."""
    colours = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.18, 0.18, 0.18], [0.001, 0.001, 0.001]])
    wanted = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [100, 0, 0], [49.50, 0, 0],
              [0.9033, 0, 0]]  # fmt: skip
    np.testing.assert_allclose(cielab(colours), wanted, atol=0.05)


def test_cloth_like_skin_is_told_from_other_cloth():
    assert like_skin(BEIGE, (SKIN,)) and not like_skin(NAVY, (SKIN,))
    assert not like_skin(BEIGE, ()) and like_skin(BEIGE, (NAVY, SKIN))
    dark = tuple(0.6 * c for c in SKIN)  # in shadow it is as close
    assert like_skin(dark, (SKIN,))
    assert len(skin_tones(None, (1, 1, 1))) > 2 and skin_tones(SKIN, (0.5, 1, 1)) == ((0.31, 0.36, 0.24),)


def test_garments_are_told_apart_from_the_skin_of_who_wears_them(catalogue):
    items, skins = ({e.name: e for e in entries} for entries in (catalogue.items, catalogue.skins))
    plain = 0
    for k in range(150):
        for person in sample_clip(SHORT, catalogue, 5, k).people:
            tones = skin_tones(skins[person.skin].base_colour, person.skin_tint)
            for cloth in person.clothes:
                item = items[cloth.name]
                ground = cloth.fabric.colours[0] if cloth.fabric else cloth.tint or item.base_colour
                assert item.kind != "garments" or not like_skin(ground, tones), (k, cloth)
                assert not item.blank or cloth.fabric
                plain += item.kind == "garments" and not cloth.fabric
    assert plain > 30


def test_the_config_has_the_last_word():
    """Undyed cloth stays undyed, whatever it looks like."""
    sweater = ItemEntry(name="sweater", kind="garments", semantic="upper_garment", tintable=True, blank=True,
                        base_colour=SKIN)  # fmt: skip
    rng = np.random.default_rng(0)
    undyed = draw_cloth(rng, PeopleConfig(tint=0), sweater, (SKIN,))
    assert undyed.tint is None and undyed.fabric is None
    assert draw_cloth(rng, PeopleConfig(tint=1, pattern=0), sweater, (SKIN,)).tint is not None
    assert {draw_cloth(rng, PeopleConfig(weaves=("ribs",)), sweater, (SKIN,)).fabric.weave for _ in range(20)} == {
        "ribs"
    }
