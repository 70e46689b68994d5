"""Which windows are drawn, what else is promised of cut samples, and time strides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.conventions import JOINT_NAMES, ThfmError
from synth.shards.schema import check_arrays
from tests.shards.arrays import random_clip
from tests.train.augment.world import make_world, render
from train.data import Sample
from train.data.augment import AugmentConfig, centre_fit, companions, fit, strided
from train.data.augment.config import CropConfig
from train.data.augment.fit import people_map, random_window
from train.data.augment.window import centred


def noise_sample(seed: int = 0, **sizes: int) -> Sample:
    clip = random_clip(seed, **sizes)
    return Sample("clip", "noise", "", "", 24.0, clip.pop("rgb"), clip)


def frozen(sample: Sample) -> Sample:
    for array in (sample.rgb, *(v for v in sample.labels.values() if isinstance(v, np.ndarray))):
        array.flags.writeable = False
    return sample


@pytest.mark.parametrize("size", [(50, 70), (48, 48), (17, 90), (120, 66)])
@pytest.mark.parametrize("flip", [0, 1])
def test_every_field_keeps_the_format(size, flip):
    """Read-only noise with NaN and infinity comes out complete, in the format's shapes and dtypes."""
    sample = frozen(noise_sample())
    done = fit(sample, *size, np.random.default_rng(0), AugmentConfig(flip=flip))
    sizes = check_arrays({"rgb": done.rgb, **done.labels}, "cut")
    assert (sizes["T"], sizes["H"], sizes["W"], sizes["P"]) == (5, *size, 2)
    assert set(sample.labels) - set(done.labels) == ({"smplx"} if flip else set())
    assert (done.key, done.fps, done.source) == (sample.key, sample.fps, sample.source)
    length = np.linalg.norm(done.labels["normals"], axis=-1)
    assert np.allclose(length[np.isfinite(length)], 1, atol=1e-4) and not np.isfinite(length).all()
    assert set(np.unique(done.labels["instances"])) <= {0, 1, 2}


def test_the_generator_decides_alone():
    sample, config = render(make_world(0)), AugmentConfig()
    first, again, other = (fit(sample, 40, 56, np.random.default_rng(s), config) for s in (1, 1, 2))
    assert np.array_equal(first.rgb, again.rgb) and not np.array_equal(first.rgb, other.rgb)
    for name, value in first.labels.items():
        assert np.array_equal(value, again.labels[name], equal_nan=value.dtype.kind == "f"), name


def test_same_size_centre_is_the_source():
    sample = noise_sample()
    done = centre_fit(sample, 50, 70)
    assert np.array_equal(done.rgb, sample.rgb)
    for name, value in sample.labels.items():
        if name not in ("smplx", "visibility"):
            assert np.allclose(done.labels[name], value, equal_nan=True), name


def test_off_is_the_centre_cut():
    sample = render(make_world(0))
    done, centre = fit(sample, 40, 40, np.random.default_rng(0), AugmentConfig.off()), centre_fit(sample, 40, 40)
    assert np.array_equal(done.rgb, centre.rgb)
    assert np.array_equal(done.labels["intrinsics"], centre.labels["intrinsics"])
    # the largest square at the middle of 60 x 90, by its corners
    back = np.linalg.inv(centre.labels["intrinsics"][0] @ np.linalg.inv(sample.labels["intrinsics"][0]))
    assert np.allclose(back @ [0, 0, 1], [15, 0, 1]) and np.allclose(back @ [40, 40, 1], [75, 60, 1])


def test_windows_stay_inside_and_keep_their_ranges():
    config = CropConfig(scale=(0.5, 0.9), stretch=1.25)
    rng = np.random.default_rng(0)
    for source, target in (((60, 90), (40, 40)), ((90, 60), (48, 83)), ((64, 64), (64, 64))):
        windows = [random_window(source, target, rng, config, {}) for _ in range(300)]
        aspects = np.array([w.width / w.height * target[0] / target[1] for w in windows])
        assert aspects.min() > 1 / 1.25 - 1e-9 and aspects.max() < 1.25 + 1e-9 and np.ptp(aspects) > 0.3
        assert min(w.left for w in windows) >= 0 and min(w.top for w in windows) >= 0
        assert max(w.left + w.width for w in windows) <= source[1] + 1e-9
        assert max(w.top + w.height for w in windows) <= source[0] + 1e-9
        sizes = np.array([w.width / centred(source, target).width for w in windows])
        assert sizes.min() > 0.5 / 1.25 and sizes.max() < 0.9 * 1.25 and np.ptp(sizes) > 0.25


@pytest.mark.parametrize("label", ["instances", "parts", "matte", "surface", "keypoints2d"])
def test_crops_keep_people_in_view(label):
    """A small person in a corner: with the label that tells of it, crops show it; without, they mostly miss it."""
    mask = np.zeros((4, 100, 160), np.uint8)
    mask[:, 70:95, 5:20] = 1
    points = np.full((1, 4, len(JOINT_NAMES), 2), np.nan, np.float32)
    points[..., :40, :] = np.random.default_rng(0).uniform((5, 70), (20, 95), (1, 4, 40, 2))
    labels = {
        "instances": mask, "parts": mask, "matte": mask.astype(np.float32),
        "surface": np.where(mask[..., None], 0.5, np.nan).astype(np.float32).repeat(3, -1), "keypoints2d": points,
    }  # fmt: skip

    def kept(labels: dict, keep_people: float) -> float:
        config, rng = CropConfig(scale=(0.4, 0.6), keep_people=keep_people), np.random.default_rng(0)
        windows = [random_window((100, 160), (64, 96), rng, config, labels) for _ in range(100)]
        shown = [
            mask[0, round(w.top) : round(w.top + w.height), round(w.left) : round(w.left + w.width)] for w in windows
        ]
        return float(np.mean([s.sum() >= 0.65 * mask[0].sum() for s in shown]))

    assert kept({label: labels[label]}, 1.0) > 0.9
    assert kept({label: labels[label]}, 0.0) < 0.5
    assert kept({}, 1.0) < 0.5


def test_a_person_too_large_for_the_crop_gets_the_crop_that_shows_most():
    mask = np.ones((1, 60, 90), np.uint8)
    config = CropConfig(scale=(0.3, 0.5), keep_share=1)
    window = random_window((60, 90), (60, 90), np.random.default_rng(0), config, {"instances": mask})
    assert 0.4 < window.width / 90 <= 0.55
    assert people_map({"instances": 0 * mask}, (60, 90)) is None


def test_joints_that_leave_lose_their_flags():
    sample = render(make_world(0))
    done = centre_fit(sample, 30, 30)
    inside = ((done.labels["keypoints2d"] >= 0) & (done.labels["keypoints2d"] < 30)).all(-1)
    assert not done.labels["visibility"][~inside].any()
    assert (sample.labels["visibility"] > 0).sum() > (done.labels["visibility"] > 0).sum() > 0


def test_stride_takes_frames_and_drops_flow():
    sample = noise_sample(frames=7)
    done = strided(sample, 3)
    assert done.fps == 8 and len(done.rgb) == 3 and not {"flow_forward", "flow_backward"} & set(done.labels)
    assert check_arrays({"rgb": done.rgb, **done.labels}, "strided")["T"] == 3
    assert np.array_equal(done.labels["depth"], sample.labels["depth"][[0, 3, 6]], equal_nan=True)
    assert np.array_equal(done.labels["joints3d"], sample.labels["joints3d"][:, [0, 3, 6]])
    assert done.labels["smplx"][1]["transl"].shape == (3, 3) and done.labels["smplx"][1]["betas"].shape == (10,)
    assert strided(sample, 1) is sample
    with pytest.raises(ThfmError, match="stride of 0"):
        strided(sample, 0)


def test_what_cannot_be_moved_is_named():
    sample = noise_sample()
    with pytest.raises(ThfmError, match="'mood'"):
        centre_fit(replace(sample, labels={"mood": sample.labels["depth"]}), 20, 20)
    with pytest.raises(ThfmError, match="keypoints2d"):
        centre_fit(replace(sample, labels={"visibility": sample.labels["visibility"]}), 20, 20)
    assert companions(["visibility", "depth"]) == ("visibility", "depth", "keypoints2d")
    assert companions(["depth"]) == ("depth",)
