"""Lenses: rays through them are cast by embree at undistorted pixels, and nothing but distortion reaches the labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter, laplace, map_coordinates

from synth.blender import runtime
from synth.blender import scene as scenes
from synth.blender.config import RenderConfig
from synth.blender.render import render_clip
from synth.bodies.catalogue import bpy_hdris
from synth.conventions import ThfmError
from synth.geometry import ClipGeometry, Passes
from synth.labels import LabelScene, compute_labels
from synth.lens import undistorted
from tests.opencv import project_points, radial_rays
from tests.raycast import cast_rays
from tests.scenes import ARMS_DOWN, camera_path, people, posed, spec_of

W, H, FRAMES = 96, 72, 1
FAST = RenderConfig(samples=16, denoise=False, motion_blur=False, threads=1)
LENSES = {"barrel": np.array([-0.14, 0.03, 0, 0, 0]), "pincushion": np.array([0.1, -0.01, 0, 0, 0])}


def _geometry(**changes) -> ClipGeometry:
    """A person who turns and walks before a camera that travels."""
    # Limbs apart: through a slit thinner than a pixel the matte sees what labels of the pixel's centre do not.
    still = {"left_shoulder": (0, 0, -1.0), "right_shoulder": (0, 0, 1.0), "left_hip": (0, 0, 0.12),
             "right_hip": (0, 0, -0.12)}  # fmt: skip
    samples = [{**still, "pelvis": (0, 0, 0.1 * s), "transl": (0.12 * s, 0, 0)} for s in range(FRAMES + 2)]
    eyes = [(0.5 + 0.1 * s, -1.9, 1.3) for s in range(FRAMES + 2)]
    cameras = camera_path(eyes, [(0.3, 0, 0.9)] * (FRAMES + 2), W, H, 24)
    return people(posed(samples), cameras=replace(cameras, **changes))


def _render(geometry: ClipGeometry, log: Path, config: RenderConfig = FAST) -> Passes:
    return render_clip(geometry, spec_of(geometry, W, H), config, bpy_hdris()["courtyard"], log)


def _smooth(picture: np.ndarray) -> np.ndarray:
    """Without the noise of few samples."""
    return gaussian_filter(picture.astype(float), (1.5, 1.5, 0))


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Passes:
    return _render(_geometry(), tmp_path_factory.mktemp("plain") / "log")


@pytest.fixture(scope="module", params=list(LENSES))
def bent(request, tmp_path_factory) -> tuple[ClipGeometry, Passes]:
    geometry = _geometry(distortion=LENSES[request.param])
    return geometry, _render(geometry, tmp_path_factory.mktemp("bent") / "log")


def test_every_pixel_shows_what_its_undistorted_ray_meets(bent):
    geometry, passes = bent
    scene, cameras = LabelScene.of(geometry.meshes), geometry.cameras
    k, pose = cameras.intrinsics[1], cameras.world_to_camera[1]
    grid = np.stack(np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5), -1).reshape(-1, 2)
    camera = radial_rays(grid, k, cameras.distortion).reshape(H, W, 3)
    eye = -pose[:3, :3].T @ pose[:3, 3]
    hits = cast_rays([(scene.vertices(1), scene.faces)], eye, camera @ pose[:3, :3])
    assert (hits.face == passes.face[0]).mean() > 0.995
    person = (passes.face[0] >= 0) & (scene.person[passes.face[0]] > 0)
    assert 0.05 < person.mean() < 0.5
    same = (hits.face == passes.face[0]) & (hits.face >= 0)
    np.testing.assert_allclose(hits.weights[same & person][:, :2], passes.barycentric[0][same & person], atol=2e-3)


def test_labels_are_those_of_the_pixels_centres_by_opencvs_model(bent):
    geometry, passes = bent
    scene, cameras = LabelScene.of(geometry.meshes), geometry.cameras
    row, column = np.nonzero(passes.face[0] >= 0)
    face, first_two = passes.face[0][row, column], passes.barycentric[0][row, column].astype(float)
    weights = np.concatenate([first_two, 1 - first_two.sum(1, keepdims=True)], 1)
    points = np.einsum("nk,nkc->nc", weights, scene.vertices(1)[scene.faces[face]])
    pose = cameras.world_to_camera[1]
    seen = project_points(points @ pose[:3, :3].T + pose[:3, 3], cameras.intrinsics[1], cameras.distortion)
    off = np.abs(seen - np.stack([column + 0.5, row + 0.5], -1)).max(1)
    body = scene.person[face] > 0
    assert off[body].max() < 2e-3
    assert off[~body].max() < 0.02  # the floor's triangles are 160 m wide, and float32


def test_keypoints_and_the_record_are_of_opencvs_model(bent):
    geometry, passes = bent
    labels = compute_labels(geometry, passes)
    np.testing.assert_array_equal(labels["distortion"], [geometry.cameras.distortion])
    seen = project_points(labels["joints3d"][0, 0].astype(float), labels["intrinsics"][0], labels["distortion"][0])
    inside = (labels["visibility"][0, 0] & 1) > 0
    assert inside.sum() > 60
    np.testing.assert_allclose(labels["keypoints2d"][0, 0][inside], seen[inside], atol=1e-3)


def test_colour_and_matte_are_bent_like_the_labels(bent, plain):
    geometry, passes = bent
    scene = LabelScene.of(geometry.meshes)
    person = (passes.face[0] >= 0) & (scene.person[passes.face[0]] > 0)
    matte, around = passes.matte[0], np.ones((5, 5))
    assert np.quantile(matte[binary_erosion(person, around)], 0.02) > 0.99  # but for gaps between arm and body
    assert matte[~binary_dilation(person, around)].max() < 0.05
    assert ((matte > 0.5) == person).mean() > 0.985
    # The plain picture, bent here, is the lens's picture; left as it is, it is another.
    k = geometry.cameras.intrinsics[1]
    grid = np.stack(np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5), -1)
    source = undistorted((grid - k[:2, 2]) / k[0, 0], geometry.cameras.distortion) * k[0, 0] + k[:2, 2] - 0.5
    at = np.moveaxis(source, -1, 0)[::-1]
    channels = np.moveaxis(plain.rgb[0].astype(float), -1, 0)
    bent_here = np.stack([map_coordinates(c, at, order=1, mode="nearest") for c in channels], -1)
    known = binary_erosion(((source >= 0) & (source <= (W - 1, H - 1))).all(-1), np.ones((7, 7)))

    def apart(picture):
        return np.abs(_smooth(picture) - _smooth(passes.rgb[0]))[known].mean()

    assert apart(bent_here) < 0.7 * apart(plain.rgb[0])


def test_depth_of_field_blurs_colour_and_leaves_labels_alone(plain, tmp_path):
    focus = np.full(FRAMES + 2, 1.9)
    config = FAST.model_copy(update={"samples": 32})
    shallow = _render(_geometry(focus=focus, f_stop=0.1), tmp_path / "shallow.log", config)
    for name in ("face", "barycentric", "depth"):
        np.testing.assert_array_equal(getattr(shallow, name), getattr(plain, name))
    far = binary_erosion(plain.face[0] < 0, np.ones((9, 9)))
    assert far.mean() > 0.05
    detail = [laplace(_smooth(p.rgb[0]).mean(-1))[far].std() for p in (plain, shallow)]
    assert detail[1] < 0.6 * detail[0]


def test_focus_goes_through_the_lens(plain, tmp_path):
    """With the depth of field of a lens that hardly bends, the picture is that without the lens."""
    focus = np.full(FRAMES + 2, 1.9)
    config = FAST.model_copy(update={"samples": 32})
    one = _render(_geometry(focus=focus, f_stop=0.2), tmp_path / "one.log", config)
    lens = _render(
        _geometry(focus=focus, f_stop=0.2, distortion=np.array([1e-6, 0, 0, 0, 0])), tmp_path / "lens.log", config
    )
    np.testing.assert_array_equal(one.face, lens.face)
    same, sharp = (np.abs(_smooth(one.rgb[0]) - _smooth(p.rgb[0])).mean() for p in (lens, plain))
    assert same < 0.5 * sharp
    assert np.abs(one.matte - lens.matte).mean() < 0.02


def test_no_ray_of_a_wide_aperture_misses_the_lens(tmp_path):
    """From the rim of f/0.5 at 200 mm, 40 cm wide, to the corners of the picture in focus."""
    import bpy

    cameras = camera_path([(0, -9, 1.3)] * 3, [(0, 0, 0.9)] * 3, W, H, 200)
    cameras = replace(cameras, focus=np.full(3, 9.0), f_stop=0.5, distortion=LENSES["barrel"] * (0.02, 0, 0, 0, 0))
    geometry = people(posed([ARMS_DOWN] * 3), cameras=cameras)
    runtime.start(1)
    scenes.build(geometry, spec_of(geometry, W, H), FAST, bpy_hdris()["courtyard"], tmp_path)
    pane = np.array([v.co for v in bpy.data.objects["lens"].data.vertices])
    turn = np.linspace(0, 2 * np.pi, 40)
    rim = 0.2 * np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1)
    far = np.array([[x * W / 2, y * H / 2, 0] for x in (-1, 1) for y in (-1, 1)]) * 9.0 / cameras.intrinsics[0, 0, 0]
    far[:, 2] = -9.0
    there = rim[:, None] + (far - rim[:, None]) * (pane[0, 2] / -9.0)
    edges = np.roll(pane, -1, 0) - pane
    away = there[..., None, :] - pane
    assert (edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0] > 0).all()


def test_a_longer_shutter_blurs_more_and_labels_stay(plain, tmp_path):
    config = FAST.model_copy(update={"motion_blur": True})
    soft = []
    for shutter in (0.1, 1.0):
        passes = _render(_geometry(shutter=shutter), tmp_path / f"{shutter}.log", config)
        np.testing.assert_array_equal(passes.face, plain.face)
        np.testing.assert_array_equal(passes.barycentric, plain.barycentric)
        soft.append(((passes.matte > 0.05) & (passes.matte < 0.95)).mean())
    assert soft[1] > 1.3 * soft[0]


@pytest.mark.parametrize(("lens", "words"), [((-0.6, 0, 0, 0, 0), "folds"), ((-0.1, 0, 0.01, 0, 0), "tangential")])
def test_lenses_that_cannot_be_rendered_are_refused(lens, words, tmp_path):
    with pytest.raises(ThfmError, match=words):
        _render(_geometry(distortion=np.array(lens, float)), tmp_path / "log")
    assert _render(_geometry(), tmp_path / "next").matte.any(), "the next clip of the process has nothing to do with it"


def test_eevee_refuses_a_lens(tmp_path):
    with pytest.raises(ThfmError, match="spec.camera.distorted=0"):
        _render(_geometry(distortion=LENSES["barrel"]), tmp_path / "log", FAST.model_copy(update={"engine": "eevee"}))
