"""Augmentation of colour: nothing when off, the same for the same seed, still where the scene is still, in place."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from train.data.augment import AugmentConfig, camera, colour

PARTS = ("gaussian", "motion", "spectrum", "tone", "noise", "saturation", "resample", "jpeg", "video")
NONE = {name: {"chance": 0} for name in PARTS} | {"colour": 1}


def only(*names: str, **settings) -> AugmentConfig:
    return AugmentConfig.model_validate(NONE | {n: {"chance": 1, **settings} for n in names})


def clip(frames: int = 3, height: int = 50, width: int = 70, still: bool = False) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    out = np.empty((frames, height, width, 3), np.uint8)
    for t in range(frames):
        x = columns + (0 if still else 3 * t)
        out[t] = np.stack(
            [120 + 60 * np.sin(x / 6), 110 + 70 * np.cos(rows / 5), 100 + 40 * np.sin((x + rows) / 9)], -1
        )
    return out


def average(config: AugmentConfig, rgb: np.ndarray, seeds: int = 20) -> np.ndarray:
    return np.mean([colour(rgb, np.random.default_rng(s), config).astype(float) for s in range(seeds)], 0)


def test_off_is_identity():
    rgb = clip()
    assert colour(rgb, np.random.default_rng(0), AugmentConfig.off()) is rgb
    assert np.array_equal(colour(rgb, np.random.default_rng(0), AugmentConfig.model_validate(NONE)), rgb)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("size", [(50, 70), (33, 47), (16, 16)])
def test_each_part_changes_the_clip_the_same_way_for_the_same_seed(part, size):
    rgb = clip(2, *size)
    rgb.flags.writeable = False
    first, again, other = (colour(rgb, np.random.default_rng(s), only(part)) for s in (1, 1, 2))
    assert first.shape == rgb.shape and first.dtype == np.uint8 and first.flags.writeable
    assert np.array_equal(first, again)
    if part not in ("gaussian", "motion"):  # a share of a tiny picture's height may be no pixel
        assert not np.array_equal(first, rgb) and not np.array_equal(first, other)
    assert np.abs(first.astype(float) - rgb).mean() < 70


@pytest.mark.parametrize("part", [p for p in PARTS if p not in ("noise", "video")])
def test_a_still_scene_stays_still(part):
    done = colour(clip(still=True), np.random.default_rng(3), only(part))
    assert (done == done[:1]).all()


def test_noise_and_codec_alone_flicker():
    rgb = clip(4, still=True)
    noisy = colour(rgb, np.random.default_rng(3), only("noise"))
    assert (noisy[0] != noisy[1]).mean() > 0.2
    coded = colour(rgb, np.random.default_rng(3), only("video"))
    assert np.abs(coded[0].astype(float) - coded[1]).mean() < 4


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_video_gives_every_frame_back_in_order(frames):
    rgb = clip(frames, 47, 65)
    done = colour(rgb, np.random.default_rng(0), only("video", crf=(18, 18)))
    error = [np.abs(done[t].astype(float) - rgb[t]).mean() for t in range(frames)]
    assert max(error) < 6  # a frame early or late differs by more than 20
    assert abs(done.astype(float).mean() - rgb.mean()) < 1


@pytest.mark.parametrize("part", ["gaussian", "motion", "resample", "jpeg", "video", "noise", "spectrum"])
def test_nothing_moves(part):
    """A blob's centre of mass stays where the labels say it is, averaged over seeds."""
    rows, columns = np.mgrid[:64, :96] + 0.5
    blob = 30 + 200 * np.exp(-((columns - 41.3) ** 2 + (rows - 30.2) ** 2) / 50)
    rgb = np.repeat(np.rint(blob)[None, ..., None], 3, -1).astype(np.uint8)
    done = average(only(part), rgb)[0]
    weights = np.clip(done - 60, 0, None)
    for axis, values in enumerate((columns, rows)):
        middle = (weights * values[..., None]).sum((0, 1)) / weights.sum((0, 1))
        assert np.abs(middle - (41.3, 30.2)[axis]).max() < 0.25


def test_blurs_are_what_they_say():
    flat = np.full((1, 20, 30, 3), 200, np.uint8)
    for part in ("gaussian", "motion", "resample"):
        assert np.abs(colour(flat, np.random.default_rng(0), only(part)).astype(int) - 200).max() <= 1
    line = np.zeros((1, 101, 101, 3), np.uint8)
    line[0, :, 50] = 255
    for picture, axis in ((line, 1), (line.swapaxes(1, 2), 0)):  # blurred across the line, at its middle
        done = colour(picture, np.random.default_rng(0), only("gaussian", sigma=(0.02, 0.02)))[0, ..., 0].astype(float)
        profile = done[50] if axis else done[:, 50]
        away = np.arange(101) - 50
        assert profile.sum() == pytest.approx(255, rel=0.02)
        assert np.sqrt((profile * away**2).sum() / profile.sum()) == pytest.approx(2.02, rel=0.04)
    point = np.zeros((1, 101, 101, 3), np.uint8)
    point[0, 50, 50] = 255
    for seed in range(5):  # a line of about 8 pixels
        trace = colour(point, np.random.default_rng(seed), only("motion", length=(0.08, 0.08)))[0, ..., 0]
        rows, columns = np.nonzero(trace)
        assert (rows.mean(), columns.mean()) == (50, 50)
        assert 6 <= np.hypot(np.ptp(rows), np.ptp(columns)) <= 10 and len(rows) <= 10


def test_noise_has_the_stated_variance_in_linear_light():
    shot, read = 4e-4, 2e-3
    config = only("noise", shot=(shot, shot), read=(read, read))
    for level in (60, 128, 200):
        rgb = np.full((2, 64, 64, 3), level, np.uint8)
        light = camera.to_linear(colour(rgb, np.random.default_rng(0), config) / 255)
        given = camera.to_linear(np.array(level / 255))
        step = 1 / (12 * 255**2) * (2.4 * given ** (1.4 / 2.4) / 1.055) ** 2  # rounding to 8 bit, in linear light
        assert light.var() == pytest.approx(shot * given + read**2 + step, rel=0.1)
        assert light.mean() == pytest.approx(given, rel=0.02)


def test_exposure_is_a_factor_of_light():
    rgb = clip(1)
    settings = {"exposure": (-1, -1), "white_balance": (0, 0), "gamma": (1, 1), "contrast": (1, 1)}
    done = colour(rgb, np.random.default_rng(0), only("tone", **settings))
    light, given = camera.to_linear(done / 255), camera.to_linear(rgb / 255)
    assert np.abs(light / given - 0.5)[given > 0.05].max() < 0.03


def test_saturation_keeps_grey_and_luma():
    grey = np.repeat(np.arange(0, 256, 4, dtype=np.uint8), 3).reshape(1, 8, 8, 3)
    config = only("saturation", saturation=(0.5, 0.5), hue=(20, 20))
    assert np.abs(colour(grey, np.random.default_rng(0), config).astype(int) - grey).max() <= 1
    rgb = clip(1)
    luma = [x @ np.array([0.299, 0.587, 0.114]) for x in (rgb, colour(rgb, np.random.default_rng(0), config))]
    assert np.abs(luma[0] - luma[1]).max() < 1.5
    flat = colour(rgb, np.random.default_rng(0), only("saturation", saturation=(0, 0), hue=(0, 0)))
    assert np.ptp(flat.astype(int), axis=-1).max() <= 1


def test_spectrum_changes_low_amplitudes_and_keeps_phases():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64] / [[[48]], [[64]]] * 2 * np.pi
    waves = [a * np.sin(k * y + m * x + a) for a, k, m in ((25, 1, 0), (20, 0, 2), (15, 2, 1), (20, 1, -3), (9, 3, 3))]
    rgb = np.clip(rng.normal(128, 8, (1, 48, 64, 3)) + np.sum(waves, 0)[..., None], 0, 255).astype(np.uint8)
    done = colour(rgb, rng, only("spectrum", frequencies=3, strength=(0.4, 0.4)))
    before, after = (np.fft.fft2(x[0].astype(float), axes=(0, 1)) for x in (rgb, done))
    rounding = 4 * np.sqrt(rgb[0, ..., 0].size / 12)
    rows, columns = np.abs(np.fft.fftfreq(48, 1 / 48)), np.abs(np.fft.fftfreq(64, 1 / 64))
    low = (rows[:, None] <= 3) & (columns <= 3)
    assert np.abs(after - before)[~low].max() < rounding
    assert np.abs(after - before)[0, 0].max() < rounding
    strong = low & (np.abs(before).min(-1) > 8 * rounding)
    strong[0, 0] = False
    assert strong.sum() > 3
    ratio = (after / before)[strong]
    assert np.abs(np.angle(ratio)).max() < 0.2 and np.abs(np.log(np.abs(ratio))).max() > 0.2


def test_shipped_settings_leave_some_clips_and_change_most():
    rgb, config = clip(1, 32, 32), AugmentConfig()
    changed = [not np.array_equal(colour(rgb, np.random.default_rng(s), config), rgb) for s in range(100)]
    assert 0.6 < np.mean(changed) < 0.97


def test_config_refuses_nonsense():
    noise, quality = {"shot": [1e-3, 1e-5]}, {"quality": [90, 30]}
    for wrong in ({"flip": 2}, {"noise": noise}, {"blur": {}}, {"crop": {"stretch": 0.5}}, {"jpeg": quality}):
        with pytest.raises(ValidationError):
            AugmentConfig.model_validate(wrong)
    assert AugmentConfig.model_validate(AugmentConfig().model_dump(mode="json")) == AugmentConfig()
