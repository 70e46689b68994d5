"""A real body, seen by ray casts, cut and mirrored: the generator's own quality checks still pass."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import MIRROR_PARTS
from synth.labels import compute_labels
from synth.qa import BodyTrack, QaConfig, check_clip
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed
from train.data import Sample
from train.data.augment import AugmentConfig, fit

H, W = 240, 288
# Labels are taken at the nearest source pixel: by up to half of one, flow and dense pose belong to a neighbour.
LIMITS = QaConfig(flow_pixels=0.25, keypoint_pixels=0.001, in_frame=0.3)


@pytest.fixture(scope="module")
def clip() -> tuple[Sample, list[BodyTrack]]:
    """Two people, one arm raised (so that sides differ), a camera that moves."""
    steps = range(4)
    # Limbs apart: between thighs that touch, a neighbouring pixel is far away on the body.
    apart = {"left_hip": (0, 0, 0.12), "right_hip": (0, 0, -0.12)}
    waving = [{**apart, "left_shoulder": (0, 0, 0.3 + 0.03 * s), "right_shoulder": (0, 0, 1.0)} for s in steps]
    walking = [{**apart, **ARMS_DOWN, "transl": (0.7 + 0.02 * s, 0.4, 0), "pelvis": (0, 0, 0.4)} for s in steps]
    cameras = camera_path([(0.3 + 0.02 * s, -3.4, 1.3) for s in steps], [(0.3, 0, 0.95)] * 4, W, H, focal_mm=38)
    geometry = people(posed(waving), posed(walking), cameras=cameras)
    passes = cast_passes(geometry, W, H)
    labels = compute_labels(geometry, passes) | {"matte": passes.matte, "smplx": list(geometry.smplx)}
    bodies = [BodyTrack(m.positions[1:-1], m.faces, m.canonical) for m in geometry.meshes[:2]]
    return Sample("clip", "cast", "", "", 24.0, passes.rgb, labels), bodies


def faults(sample: Sample, bodies: list[BodyTrack], smplx: list) -> set[str]:
    verdict = check_clip({"fps": sample.fps, "rgb": sample.rgb, **sample.labels, "smplx": smplx}, bodies, LIMITS)
    return set(verdict.reasons)


def mirrored(body: BodyTrack) -> BodyTrack:
    flip = np.array([-1, 1, 1], np.float32)
    return BodyTrack(body.vertices * flip, body.faces[:, ::-1], body.canonical * flip + np.array([1, 0, 0], np.float32))


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("seed, size", [(0, (240, 288)), (1, (192, 256)), (2, (256, 224)), (3, (160, 288))])
def test_quality_checks_pass_after_a_cut(clip, seed, size, flip):
    source, bodies = clip
    config = AugmentConfig.model_validate({"flip": flip, "crop": {"scale": (0.75, 1.0), "keep_people": 1}})
    done = fit(source, *size, np.random.default_rng(seed), config)
    given = [mirrored(b) for b in bodies] if flip else bodies
    assert faults(done, given, source.labels["smplx"]) == set()


def test_the_checks_notice_what_a_mirror_may_forget(clip):
    """Each label left unmirrored is found: so passing means something."""
    source, bodies = clip
    config = AugmentConfig.model_validate({"flip": 1, "crop": {"chance": 0}})
    done = fit(source, H, W, np.random.default_rng(0), config)
    given = [mirrored(b) for b in bodies]
    for name in ("parts", "surface", "normals", "flow_forward", "joints3d", "world_to_camera", "intrinsics"):
        wrong = done.labels[name]
        kept = source.labels[name] if name in ("joints3d", "world_to_camera") else wrong
        if name == "parts":
            kept = np.array(MIRROR_PARTS, np.uint8)[wrong]
        elif name == "surface":
            kept = wrong * np.float32([-1, 1, 1]) + np.float32([1, 0, 0])
        elif name in ("normals", "flow_forward"):
            kept = wrong * np.float32([-1, 1, 1][: wrong.shape[-1]])
        elif name == "intrinsics":
            kept = wrong + [[0, 0, 1.0], [0, 0, 0], [0, 0, 0]]
        bad = Sample(done.key, "", "", "", 24.0, done.rgb, {**done.labels, name: kept})
        assert faults(bad, given, source.labels["smplx"]), name
