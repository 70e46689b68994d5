"""Camera specs: every move and framing is drawn, with what it needs, within the config's ranges."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.camera.config import CameraConfig
from synth.spec.camera.model import CameraSpec
from synth.spec.camera.sample import sample_camera
from synth.spec.catalogue import PathEntry
from synth.spec.config import SpecConfig, VideoConfig
from synth.spec.sample import sample_clip

FRAMES, FPS = 48, 24.0
USED = {"pan": "sweep", "tilt": "sweep", "truck": "sweep", "dolly": "ratio", "egocentric": "ratio", "zoom": "ratio",
        "dolly_zoom": "ratio", "orbit": "orbit", "crane": "rise", "track": "track"}  # fmt: skip


@pytest.fixture(scope="module")
def drawn():
    return [sample_camera(np.random.default_rng(k), CameraConfig(), FRAMES, FPS) for k in range(1500)]


def test_everything_is_drawn_as_often_as_it_is_named(drawn):
    config = CameraConfig()
    for names, found in ((config.moves, [c.move for c in drawn]), (config.framings, [c.framing for c in drawn])):
        count = Counter(found)
        assert set(count) == set(names)
        for name in set(names):
            assert count[name] / len(drawn) == pytest.approx(names.count(name) / len(names), abs=0.03)
    assert {c.track for c in drawn if c.move == "track"} == set(config.tracked)
    by_choice = [c.shake is not None for c in drawn if c.move != "egocentric"]
    assert sum(by_choice) / len(by_choice) == pytest.approx(config.shake, abs=0.05)


def test_each_move_has_its_own_amount_and_no_other(drawn):
    neutral = {"sweep": 0.0, "ratio": 1.0, "orbit": 0.0, "rise": 0.0, "track": None}
    for camera in drawn:
        changed = {name for name, value in neutral.items() if getattr(camera, name) != value}
        assert changed == ({USED[camera.move]} if camera.move in USED else set()), camera
        assert (camera.gait is not None) == (camera.move == "egocentric")


def test_amounts_follow_the_rates(drawn):
    config, seconds = CameraConfig(), FRAMES / FPS
    low, high = config.focal_mm
    for c in drawn:
        assert abs(c.sweep) <= min(config.sweep_per_second[1] * seconds, 0.5 * c.fill) + 1e-4
        assert math.degrees(abs(c.orbit)) <= config.orbit_degrees_per_second[1] * seconds + 0.01
        rate = config.zoom_per_second if c.move == "zoom" else config.dolly_per_second
        assert abs(math.log(c.ratio)) <= math.log(rate[1]) * seconds + 1e-3
        if c.move in ("zoom", "dolly_zoom"):
            ends = (c.focal_mm * c.ratio**0.5, c.focal_mm / c.ratio**0.5)
            assert low - 0.01 <= min(ends) and max(ends) <= high + 0.1
        assert config.fill[0] <= c.fill <= config.fill[1]
        assert c.move != "egocentric" or c.focal_mm <= 28
    for both in ("sweep", "orbit", "rise"):
        assert {np.sign(getattr(c, both)) for c in drawn} == {-1, 0, 1}


def test_bands_are_those_of_the_framing(drawn):
    lowest = {"full_body": (0, 0), "three_quarter": (0.25, 0.45), "upper_body": (0.48, 0.66),
              "head_and_shoulders": (0.72, 0.8)}  # fmt: skip
    for c in drawn:
        low, high = c.band
        if c.framing == "truncated":
            assert low >= 0 and high <= 1 and 0.299 <= high - low <= 0.601
        else:
            assert lowest[c.framing][0] <= low <= lowest[c.framing][1] and high == 1


def test_a_tracked_part_is_in_the_framing(drawn):
    for c in drawn:
        if c.track == "head":
            assert c.band[1] > 0.9 or c.framing == "truncated"
        if c.track and c.track.endswith("ankle"):
            assert c.band[0] < 0.05


def test_lenses_are_drawn_in_their_ranges(drawn):
    config = CameraConfig()
    lenses = [c.lens for c in drawn]
    shutter = np.array([lens.shutter for lens in lenses]) * 360
    assert config.shutter_degrees[0] <= shutter.min() < 75 and 285 < shutter.max() <= config.shutter_degrees[1] + 0.1
    shallow = [lens.f_stop for lens in lenses if lens.f_stop is not None]
    assert len(shallow) / len(drawn) == pytest.approx(config.depth_of_field, abs=0.05)
    assert config.f_stop[0] <= min(shallow) < 1.6 and 9 < max(shallow) <= config.f_stop[1]
    bent = [c for c in drawn if c.lens.k1]
    assert len(bent) / len(drawn) == pytest.approx(config.distorted, abs=0.05)
    moved = []
    for c in bent:
        widest = c.focal_mm / max(c.ratio, 1 / c.ratio) ** 0.5 if "zoom" in c.move else c.focal_mm
        corner = np.hypot(832, 480) / 2 / (widest / 36 * 832)
        radius = np.linspace(0, 1.5 * corner, 3001)
        seen = radius * (1 + c.lens.k1 * radius**2 + c.lens.k2 * radius**4)
        inside = seen <= corner
        assert (np.diff(seen[: np.argmin(inside)]) > 0).all(), "the lens folds its picture"
        moved.append(corner / np.interp(corner, seen[: np.argmin(inside) + 1], radius[: np.argmin(inside) + 1]) - 1)
    assert config.distortion[0] - 1e-3 < min(moved) < -0.09 and 0.035 < max(moved) < config.distortion[1] + 1e-3


def test_rolling_shutters_are_drawn_for_cameras_that_do_not_zoom(drawn):
    config = CameraConfig()
    may = [c for c in drawn if "zoom" not in c.move]
    rolling = [c.lens.readout for c in may if c.lens.readout]
    assert len(rolling) / len(may) == pytest.approx(config.rolling_shutter, abs=0.05)
    assert config.readout[0] <= min(rolling) < 0.15 and 0.55 < max(rolling) <= config.readout[1]
    assert not any(c.lens.readout for c in drawn if "zoom" in c.move)
    always = CameraConfig(rolling_shutter=1.0, moves=("static",))
    for frames, rolls in ((1, False), (2, False), (3, True)):
        assert bool(sample_camera(np.random.default_rng(0), always, frames, FPS).lens.readout) == rolls


def test_specs_survive_json_and_older_ones_are_read(drawn):
    for c in drawn[:50]:
        assert CameraSpec.model_validate(json.loads(c.model_dump_json())) == c
    old = {"move": "orbit", "focal_mm": 35, "azimuth": 0.1, "elevation": 0.2, "fill": 0.8, "orbit": 1.0, "aim": [0, 0]}
    assert CameraSpec.model_validate(old).framing == "full_body"


def test_replay_takes_paths_that_are_long_enough():
    config = CameraConfig(moves=("replay",))
    paths = (PathEntry(name="long", seconds=9.0), PathEntry(name="short", seconds=1.0))
    starts = []
    for k in range(200):
        camera = sample_camera(np.random.default_rng(k), config, FRAMES, FPS, (96, 64), paths)
        assert camera.replay.path == "long" and camera.shake is None
        starts.append(camera.replay.start)
    assert 0 <= min(starts) < 0.5 and 6 < max(starts) <= 9.0 - (FRAMES + 1) / FPS
    for none in ((), paths[1:]):
        with pytest.raises(ThfmError, match="bodies.camera_paths"):
            sample_camera(np.random.default_rng(0), config, FRAMES, FPS, (96, 64), none)


def test_a_catalogue_lists_captured_paths(tmp_path):
    np.savez(tmp_path / "walk.npz", world_to_camera=np.tile(np.eye(4), (61, 1, 1)), fps=30.0)
    library = load_library(BodiesConfig(camera_paths=(tmp_path,)))
    assert library.catalogue.camera_paths == (PathEntry(name="walk", seconds=2.0),)
    assert library.path_files["walk"] == tmp_path / "walk.npz"
    with pytest.raises(ThfmError, match="holds no camera path"):
        load_library(BodiesConfig(camera_paths=(tmp_path / "empty",)))


def test_shapes_keep_the_area():
    catalogue = load_library(BodiesConfig()).catalogue
    video = VideoConfig(frames=8, width=832, height=480, shapes=("given", "turned", "square"))
    clips = [sample_clip(SpecConfig(video=video), catalogue, 0, k) for k in range(60)]
    sizes = Counter((c.width, c.height) for c in clips)
    assert set(sizes) == {(832, 480), (480, 832), (624, 624)} and min(sizes.values()) > 8
    assert abs(624 * 624 / (832 * 480) - 1) < 0.03


def test_very_long_clips_keep_their_bounds():
    """Twenty minutes at a frame in ten seconds: rates to the power of such times are more than a float can hold."""
    for k in range(40):
        camera = sample_camera(np.random.default_rng(k), CameraConfig(moves=("dolly", "zoom")), 200, 0.1)
        assert abs(math.log(camera.ratio)) <= math.log(3.0) + 1e-3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tracked": ("tail",)}, "no joint"),
        ({"zoom_per_second": (0.5, 2.0)}, "greater than or equal to 1"),
        ({"focal_mm": (0, 50)}, "greater than or equal to 1"),
        ({"f_stop": (0.0, 2.0)}, "greater than 0"),
        ({"shake_degrees": (0.0, 0.5)}, "greater than 0"),
        ({"fill": (0.5, 1.5)}, "less than or equal to 1"),
        ({"truncated": (0.5, 1.2)}, "less than or equal to 1"),
        ({"roll_degrees": (float("nan"), 3.0)}, "finite"),
        ({"framings": ("back",)}, "full_body"),
        ({"moves": ()}, "at least 1"),
        ({"distortion": (-0.5, 0.0)}, "-0.15"),
        ({"shutter_degrees": (0.0, 90.0)}, "greater than 0"),
    ],
)
def test_impossible_wishes_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        CameraConfig(**wrong)
