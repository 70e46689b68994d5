"""Dyed hair shows the colour that captions tell, however dark the texture is that it is painted with."""

import numpy as np
import pytest

from synth.blender.render import render_clip
from synth.caption.colours import hair_word
from synth.config import load_config
from synth.conventions import Semantic
from synth.labels import compute_labels
from synth.make import clip_geometry, clip_spec, library_of
from synth.spec.model import ItemSpec
from tests.conftest import ROOT

BLOND = (0.55, 0.36, 0.17)
ONE_FACE = [
    "spec.people={count: 1, genders: [female], hat: 0, glasses: 0}", "spec.scene.kinds=[studio]",
    "spec.light.times=[day]",
    "spec.camera.moves=[static]", "spec.camera.framings=[head_and_shoulders]", "spec.camera.depth_of_field=0",
    "spec.camera.fill=[0.8,0.9]", "spec.camera.focal_mm=[50,50]", "spec.light.exposure=[0,0]", "spec.light.lamp=0",
    "spec.light.sun=0", "spec.video={frames: 1, width: 64, height: 64}", "render.samples=4", "render.threads=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """(style, tint) -> median linear RGB of the pixels that show hair of one woman in one light."""
    config = load_config(ROOT / "configs/synth/quickstart.yaml", ONE_FACE)
    spec, log = clip_spec(config, 2), tmp_path_factory.mktemp("log") / "blender.log"

    def colour(style: str, tint: tuple[float, float, float] | None) -> np.ndarray:
        person = spec.people[0].model_copy(update={"hair": ItemSpec(name=style, tint=tint)})
        dyed = spec.model_copy(update={"people": (person,)})
        geometry = clip_geometry(dyed, config, log)
        passes = render_clip(geometry, dyed, config.render, library_of(config.bodies).hdri(spec.light.hdri), log)
        hair = compute_labels(geometry, passes)["semantics"] == Semantic.HAIR
        assert hair.sum() > 100, style
        return np.median((passes.rgb[hair] / 255.0) ** 2.2, axis=0)

    return colour


def test_black_curls_dyed_blond_are_as_blond_as_light_hair(seen):
    light, dark = seen("bob02", BLOND), seen("afro01", BLOND)
    assert 0.4 < dark.mean() / light.mean() < 2.5
    assert hair_word(dark) != "black"
    assert dark[0] > 1.3 * dark[2]  # blond, not grey


def test_undyed_hair_keeps_the_colour_of_its_texture(seen):
    assert seen("afro01", None).mean() < 0.25 * seen("afro01", BLOND).mean()
