"""Scenes and light as they are drawn: every kind, within ranges, the same again, and impossible wishes told."""

import json

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.config import LightConfig, SceneConfig, SpecConfig, VideoConfig
from synth.spec.light import blackbody
from synth.spec.model import ClipSpec
from synth.spec.sample import sample_clip
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


SHORT = SpecConfig(video=VideoConfig(frames=8, width=96, height=64))


def test_all_kinds_are_drawn_as_often_as_the_list_says(catalogue):
    specs = [sample_clip(SHORT, catalogue, 5, k) for k in range(400)]
    kinds = [s.scene.kind for s in specs]
    wanted = SHORT.scene.kinds
    for kind in set(wanted):
        assert kinds.count(kind) / 400 == pytest.approx(wanted.count(kind) / len(wanted), abs=0.07)
    rooms = [s.scene for s in specs if s.scene.kind == "room"]
    assert len({r.walls.pattern for r in rooms}) >= 6 and len({r.floor.pattern for r in rooms}) >= 6
    assert 0.15 < np.mean([r.walls.photo is not None for r in rooms]) < 0.65
    for s in specs[:40]:
        assert ClipSpec.model_validate(json.loads(s.model_dump_json())) == s


def test_night_falls_where_lamps_burn_and_the_moon_is_faint(catalogue):
    config = SHORT.model_copy(update={"light": LightConfig(times=("night",), sun=1.0)})
    specs = [sample_clip(config, catalogue, 6, k) for k in range(120)]
    for s in specs:
        dark = s.scene.kind in ("room", "street", "nature")
        assert (s.light.time == "night") == dark
        if dark:
            assert s.light.sun.strength < 0.1 and s.light.hdri in ("night", "sunset")
            assert s.scene.kind != "nature" or s.light.lamps


def test_light_keeps_its_ranges(catalogue):
    light = LightConfig(rotation_degrees=(10, 20), strength=(2, 3), sun=1.0, sun_elevation_degrees=(30, 40), lamp=1.0,
                        lamp_kelvin=(3000, 3100), times=("day",), hdris=("forest",))  # fmt: skip
    config = SHORT.model_copy(update={"light": light, "scene": SceneConfig(kinds=("plain",))})
    for k in range(20):
        drawn = sample_clip(config, catalogue, 1, k).light
        assert 10 <= np.degrees(drawn.rotation) <= 20.01 and 2 <= drawn.strength <= 3 and drawn.hdri == "forest"
        assert 30 <= np.degrees(drawn.sun.elevation) <= 40.01
        assert len(drawn.lamps) == 1 and 3000 <= drawn.lamps[0].kelvin <= 3100


@pytest.mark.parametrize(("kind", "key"), [("backdrop", "backdrop_folders"), ("file", "scene_folders")])
def test_kinds_without_files_name_the_folder_to_give(catalogue, kind, key):
    config = SHORT.model_copy(update={"scene": SceneConfig(kinds=(kind,))})
    with pytest.raises(ThfmError, match=key):
        sample_clip(config, catalogue, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: SceneConfig(kinds=("moon",)),
        lambda: SceneConfig(kinds=()),
        lambda: SceneConfig(windows=(3, 1)),
        lambda: SceneConfig(space=(-1.0, 2.0)),
        lambda: SceneConfig(photographs=2.0),
        lambda: LightConfig(times=("noon",)),
        lambda: LightConfig(lamp_kelvin=(7000, 3000)),
    ],
)
def test_impossible_values_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_black_bodies_turn_from_red_to_blue():
    """Charity's table of black bodies (CIE 1931, sRGB), within two hundredths of linear light."""
    charity = {2700: (255, 169, 87), 4000: (255, 209, 163), 6500: (255, 249, 253), 9000: (214, 225, 255)}
    for kelvin, srgb in charity.items():
        linear = (np.array(srgb) / 255) ** 2.2
        assert np.abs(np.array(blackbody(kelvin)) - linear).max() < 0.05, kelvin


@pytest.mark.parametrize("name", ["tiny", "learn", "learn-heldout"])
def test_small_configs_keep_the_plain_floor(name):
    from synth.config import load_config

    config = load_config(ROOT / "configs" / "synth" / f"{name}.yaml")
    assert config.spec.scene.kinds == ("plain",) and config.spec.light.lamp == 0
