"""Pictures of cloth: they repeat without a seam, hold the colours of the spec, and no two are alike."""

import numpy as np
import pytest

from synth.blender.fabric import SIDE, fabric_tile
from synth.spec.catalogue import ItemEntry
from synth.spec.config import PeopleConfig
from synth.spec.fabrics import WEAVES, FabricSpec, draw_fabric
from synth.spec.wear import draw_cloth

COLOURS = ((0.1, 0.02, 0.02), (0.7, 0.7, 0.6), (0.02, 0.05, 0.3))


def tile(weave: str, seed: int = 1) -> np.ndarray:
    return fabric_tile(FabricSpec(weave=weave, colours=COLOURS, repeat=0.1, seed=seed))


@pytest.mark.parametrize("weave", WEAVES)
def test_a_tile_repeats_without_a_seam(weave):
    """Across the seam, pixels change no more than they do somewhere inside."""
    picture = tile(weave)
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.float32
    for axis in (0, 1):
        lines = np.moveaxis(picture, axis, 0)
        inside = np.abs(np.diff(lines, axis=0)).mean((1, 2))
        assert np.abs(lines[0] - lines[-1]).mean() <= inside.max() + 1e-6


@pytest.mark.parametrize("weave", WEAVES)
def test_the_colours_are_those_of_the_spec(weave):
    """Every pixel is a mixture of the three colours, but for the yarn's own light and dark."""
    picture = tile(weave).reshape(-1, 3).astype(float)
    low, high = np.min(COLOURS, 0), np.max(COLOURS, 0)
    assert (picture > 0.6 * low - 1e-3).all() and (picture < 1.4 * high + 1e-3).all()
    assert picture.std(0).max() > 0.01  # something is seen


@pytest.mark.parametrize("weave", ["plaid", "flowers", "blotches", "stripes"])
def test_seeds_draw_other_pictures_and_the_same_again(weave):
    np.testing.assert_array_equal(tile(weave), tile(weave))
    assert np.abs(tile(weave) - tile(weave, 2)).mean() > 0.01


def test_garments_take_what_suits_them():
    jeans = ItemEntry(name="jeans", kind="garments", semantic="lower_garment")
    rng = np.random.default_rng(0)
    assert {draw_fabric(rng, jeans, WEAVES).weave for _ in range(60)} == {"denim", "heather", "pinstripes"}
    assert draw_fabric(rng, jeans, ("flowers",)) is None


def test_shirts_with_lines_of_their_own_are_woven_anew():
    """Painted stripes stretch over a belly; a woven pattern is laid on the cloth as it is on this body."""
    shirt = ItemEntry(name="shirt", kind="garments", semantic="upper_garment", patterned=True, woven=("stripes",))
    rng = np.random.default_rng(0)
    drawn = [draw_cloth(rng, PeopleConfig(tint=0.2), shirt) for _ in range(20)]
    assert all(c.fabric is not None and c.fabric.weave == "stripes" for c in drawn)
    assert draw_cloth(rng, PeopleConfig(weaves=("dots",)), shirt).fabric is None
    assert draw_cloth(rng, PeopleConfig(pattern=0), shirt).fabric is None
