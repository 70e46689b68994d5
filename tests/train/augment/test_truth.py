"""Each label of a cut sample is what the cut sample's own camera sees of the world, or of its mirror image.

The world is rendered once by its cameras and cut; then it is evaluated anew, in closed form, through the intrinsics and
poses that the cut sample carries.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.conventions import JOINT_NAMES, PART_NAMES, Visibility, mirrored_name
from tests.opencv import project_points
from tests.train.augment.world import MIRROR, World, centres_of, colours, labels_at, make_world, render, sparse
from train.data import Sample
from train.data.augment import AugmentConfig, centre_fit, fit
from train.data.augment.fields import move
from train.data.augment.window import Window

SIZES = [(60, 90), (40, 56), (31, 93), (100, 64), (140, 200)]
CASES = [(seed, SIZES[seed % len(SIZES)], flip) for seed in range(10) for flip in (0, 1)]
EXACT = ("depth", "normals", "instances", "parts", "semantics", "surface", "flow_forward", "flow_backward")


def cut(seed: int, size: tuple[int, int], flip: float) -> tuple[World, Sample, Sample]:
    """The world as the cut sample's cameras see it, the source and the cut sample."""
    world = make_world(seed)
    source = render(world)
    rng = np.random.default_rng(seed)
    config = AugmentConfig.model_validate({"flip": flip, "crop": {"scale": (0.5, 1.0), "stretch": 1.2}})
    done = fit(source, *size, rng, config)
    if flip:
        return world.mirrored(done.labels["intrinsics"]), source, done
    return replace(world, intrinsics=done.labels["intrinsics"]), source, done


def places(world: World, seen: World, t: int, size: tuple[int, int]):
    """Image points in the cut picture of the source pixels nearest to its centres, and (N,) whether that is no tie.

    A rotation about the camera's centre and a change of K move image points by K' R K^-1, whatever the depth.
    """
    turn = MIRROR if seen.handed < 0 else np.eye(3)
    there = seen.intrinsics[t] @ turn @ np.linalg.inv(world.intrinsics[t])
    centres = np.concatenate([centres_of(*size), np.ones((size[0] * size[1], 1))], 1)
    back = centres @ np.linalg.inv(there).T
    back = back[:, :2] / back[:, 2:]
    clear = (np.abs(back - np.rint(back)) > 1e-6).all(1)
    nearest = np.concatenate([np.floor(back) + 0.5, np.ones((len(back), 1))], 1) @ there.T
    nearest = nearest[:, :2] / nearest[:, 2:]
    assert np.abs(nearest[clear] - centres[clear, :2]).max() <= 0.5 * np.abs(there[:2, :2]).max() + 1e-9
    return nearest, clear


@pytest.mark.parametrize("seed, size, flip", CASES)
def test_maps_are_what_the_new_camera_sees(seed, size, flip):
    seen, _, done = cut(seed, size, flip)
    for t in range(3):
        points, clear = places(make_world(seed), seen, t, size)
        truth = labels_at(seen, t, points)
        for name in EXACT:
            got = done.labels[name][t].reshape(-1, *done.labels[name].shape[3:])
            assert got.dtype == (np.uint8 if name in ("instances", "parts", "semantics") else np.float32)
            wrong = ~np.isclose(got, truth[name], rtol=2e-5, atol=2e-4, equal_nan=True)
            assert wrong[clear].mean() < 1e-3, name  # a silhouette may pass exactly through a pixel's centre


@pytest.mark.parametrize("seed, size, flip", CASES)
def test_people_are_what_the_new_camera_sees(seed, size, flip):
    seen, _, done = cut(seed, size, flip)
    truth = sparse(seen, *size)
    for name in ("joints3d", "keypoints2d"):
        assert done.labels[name].dtype == np.float32
        assert np.abs(done.labels[name] - truth[name]).max() < 1e-3, name
    image = np.einsum("tij,ptkj->ptki", done.labels["intrinsics"], done.labels["joints3d"].astype(np.float64))
    assert np.abs(image[..., :2] / image[..., 2:] - done.labels["keypoints2d"]).max() < 1e-3
    before = render(make_world(seed)).labels["visibility"]
    if flip:
        before = before[:, :, mirror_order()]
    was_inside = before & Visibility.IN_FRAME > 0  # what the source did not show cannot be told to be seen
    assert np.array_equal(done.labels["visibility"], np.where(was_inside, truth["visibility"], 0))
    assert np.allclose(done.labels["world_to_camera"], seen.world_to_camera, atol=1e-12)
    assert np.allclose(np.linalg.det(done.labels["world_to_camera"]), 1)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_lens_bends_in_the_cut_picture_as_it_did_in_the_source(mirrored):
    window = Window(source=(60, 80), target=(40, 50), left=10, top=5, width=60, height=50, mirrored=mirrored)
    lens, k = np.array([-0.1, 0.02, 0.003, -0.004, 0.001]), np.array([[70.0, 0, 41], [0, 70, 29], [0, 0, 1]])
    points = np.random.default_rng(0).uniform((-0.5, -0.4, 1), (0.5, 0.4, 1.5), (40, 3))
    before = project_points(points, k, lens)
    expected = (np.concatenate([before, np.ones((40, 1))], 1) @ window.matrix.T)[:, :2]
    moved = move({"intrinsics": k[None], "distortion": lens[None]}, window)
    seen = points * (-1, 1, 1) if mirrored else points
    assert np.allclose(project_points(seen, moved["intrinsics"][0], moved["distortion"][0]), expected, atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
def test_rows_of_a_cut_picture_are_read_when_they_were_in_the_source(mirrored):
    window = Window(source=(60, 80), target=(40, 50), left=10, top=5, width=60, height=50, mirrored=mirrored)
    readout = np.array([[-0.2, 0.4], [0.0, 0.0]])
    moved = move({"readout": readout}, window)["readout"]
    rows = np.arange(41)
    source = rows / 40 * 50 + 5
    for before, after in zip(readout, moved, strict=True):
        then = before[0] + source / 60 * (before[1] - before[0])
        assert np.allclose(after[0] + rows / 40 * (after[1] - after[0]), then, atol=1e-12)


def mirror_order() -> list[int]:
    return [JOINT_NAMES.index(mirrored_name(name)) for name in JOINT_NAMES]


def test_mirrored_ground_still_lies_at_zero():
    """Depth, intrinsics and poses together give world points: the floor is at z = 0 whatever was cut or mirrored."""
    for seed, size, flip in CASES[:6]:
        _, _, done = cut(seed, size, flip)
        floor = done.labels["semantics"][1].ravel() == 18
        points = np.concatenate([centres_of(*size), np.ones((size[0] * size[1], 1))], 1)
        camera = points @ np.linalg.inv(done.labels["intrinsics"][1]).T * done.labels["depth"][1].reshape(-1, 1)
        pose = done.labels["world_to_camera"][1]
        height = ((camera - pose[:3, 3]) @ pose[:3, :3])[floor, 2]
        assert np.abs(np.median(height)) < 0.02 and floor.any()


@pytest.mark.parametrize("flip", (0, 1))
def test_parts_at_projected_joints_have_the_joints_side(flip):
    checked = 0
    for seed in range(6):
        _, _, done = cut(seed, (60, 90), flip)
        for person in range(2):
            column, row = np.floor(done.labels["keypoints2d"][person, 1]).astype(int).T
            for joint in np.flatnonzero(done.labels["visibility"][person, 1] & Visibility.IN_FRAME):
                at = (1, row[joint], column[joint])
                side = JOINT_NAMES[joint].split("_")[0]
                seen = abs(done.labels["depth"][at] - done.labels["joints3d"][person, 1, joint, 2]) < 0.05
                clear = abs(done.labels["surface"][at][0] - 0.5) > 0.03  # half a pixel from the other side at least
                if side in ("left", "right") and done.labels["instances"][at] == person + 1 and seen and clear:
                    checked += 1
                    assert PART_NAMES[done.labels["parts"][at]].startswith(side)
    assert checked > 50


def shift(picture: np.ndarray, world: World, t: int, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """By how many target pixels the colours lie beside the world, least squares over smooth places; rms error."""
    centres, step = centres_of(*size), 0.25
    truth = colours(world, t, centres)
    slopes = [(colours(world, t, centres + d) - colours(world, t, centres - d)) / (2 * step) for d in step * np.eye(2)]
    around = [labels_at(world, t, centres + d) for d in 4 * np.array([[-1, 0], [1, 0], [0, -1], [0, 1], [0, 0]])]
    same = np.all([a["instances"] == around[-1]["instances"] for a in around], 0)
    smooth = same & np.all([a["depth"] < 3.6 for a in around], 0)
    inside = ((centres > 4) & (centres < np.array(size[::-1]) - 4)).all(1)
    use = smooth & inside
    assert use.sum() > 100
    matrix = np.stack([s[use].ravel() for s in slopes], 1)
    error = picture.reshape(-1, 3)[use].astype(float) - truth[use]
    answer, *_ = np.linalg.lstsq(matrix, error.ravel(), rcond=None)
    return answer, float(np.sqrt(((error.ravel() - matrix @ answer) ** 2).mean()))


@pytest.mark.parametrize("seed, size, flip", CASES)
def test_colour_stays_on_the_labels(seed, size, flip):
    seen, _, done = cut(seed, size, flip)
    beside, error = shift(done.rgb[1], seen, 1, size)
    enlarged = seen.intrinsics[1, [0, 1], [0, 1]] / make_world(seed).intrinsics[1, [0, 1], [0, 1]]
    assert (np.abs(beside) < 0.05 * np.maximum(1, enlarged)).all(), beside  # half a pixel is the usual mistake
    assert error < 1.5


def test_the_shift_is_measured():
    seen, _, done = cut(0, (60, 90), 0)
    beside, _ = shift(np.roll(done.rgb[1], 1, axis=1), seen, 1, (60, 90))
    assert np.allclose(beside, (-1, 0), atol=0.2)


@pytest.mark.parametrize("seed, size, flip", CASES[:10])
def test_matte_is_the_covered_area(seed, size, flip):
    seen, _, done = cut(seed, size, flip)
    parts = 5
    fine = centres_of(size[0] * parts, size[1] * parts) / parts
    truth = labels_at(seen, 1, fine)["matte"].reshape(size[0], parts, size[1], parts).mean((1, 3))
    matte = done.labels["matte"][1]
    assert matte.dtype == np.float32 and matte.min() >= 0 and matte.max() <= 1
    assert abs(matte.sum() / truth.sum() - 1) < 0.03
    middle = [(m[..., None] * centres_of(*size).reshape(*size, 2)).sum((0, 1)) / m.sum() for m in (matte, truth)]
    assert np.abs(middle[0] - middle[1]).max() < 0.15 * max(1, size[1] / 90)
    assert np.abs(matte - truth).mean() < 0.02


def test_centre_fit_by_thirds_and_whole_pixels_is_exact():
    """Where target centres are source centres, nothing is left to sampling: labels equal the new camera's own."""
    world = make_world(3)
    source = render(world)
    for size in ((20, 30), (60, 30), (20, 10)):
        done = centre_fit(source, *size)
        truth = render(replace(world, intrinsics=done.labels["intrinsics"]), *size)
        for name in EXACT:
            same = np.isclose(done.labels[name], truth.labels[name], rtol=1e-5, atol=1e-4, equal_nan=True)
            assert same.mean() > 0.999, (name, size)


def test_mirrored_twice_is_the_source():
    source = render(make_world(1))
    config = AugmentConfig.model_validate({"flip": 1, "crop": {"chance": 0}})
    once = fit(source, 60, 90, np.random.default_rng(0), config)
    twice = fit(once, 60, 90, np.random.default_rng(0), config)
    assert np.array_equal(twice.rgb, source.rgb) and not np.array_equal(once.rgb, source.rgb)
    for name, value in source.labels.items():
        assert np.allclose(twice.labels[name], value, atol=1e-5, equal_nan=True), name
