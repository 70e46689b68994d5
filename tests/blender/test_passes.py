"""What Blender returns: depth, visibility, matte and colour that fit each other, and failures that do not pass."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion

from synth.blender import render, runtime
from synth.blender import scene as scenes
from synth.blender.config import RenderConfig
from synth.blender.render import render_clip, to_label_scene, to_matte_scene
from synth.blender.runtime import captured_output, choose_device, failures
from synth.bodies.catalogue import bpy_hdris
from synth.conventions import ThfmError
from synth.geometry import ClipGeometry, Passes
from synth.labels import LabelScene, compute_labels
from synth.labels.keypoints import to_camera
from synth.lens import project
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed, spec_of

W, H, FRAMES = 120, 90, 2
FAST = RenderConfig(samples=1, denoise=False, motion_blur=False, threads=2)
SMOOTH = RenderConfig(samples=16, denoise=False, motion_blur=True, threads=2)


def _geometry() -> ClipGeometry:
    """A person who turns and lifts an arm before a camera that travels and zooms."""
    # Through a slit thinner than a pixel, as between thighs, the matte sees what labels of the pixel's centre do not.
    still = {**ARMS_DOWN, "left_hip": (0, 0, 0.12), "right_hip": (0, 0, -0.12)}
    samples = [{**still, "left_shoulder": (0, 0, 0.2 * s - 1.2), "pelvis": (0, 0, 0.1 * s)} for s in range(4)]
    eyes = [(0.5 + 0.15 * s, -2.8, 1.3) for s in range(4)]
    cameras = camera_path(eyes, [(0.05, 0, 0.85)] * 4, W, H, 30)
    zoom = cameras.intrinsics.copy()
    zoom[:, [0, 1], [0, 1]] *= np.array([1.0, 1.02, 1.04, 1.06])[:, None]
    zoom[:, 0, 2] += 2.0  # an off-centre principal point
    zoom[:, 1, 2] -= 1.5
    return people(posed(samples), cameras=replace(cameras, intrinsics=zoom))


@pytest.fixture(scope="module")
def geometry() -> ClipGeometry:
    return _geometry()


def _render(geometry: ClipGeometry, config: RenderConfig, log: Path) -> Passes:
    return render_clip(geometry, spec_of(geometry, W, H), config, bpy_hdris()["courtyard"], log)


@pytest.fixture(scope="module")
def fast(geometry, tmp_path_factory) -> Passes:
    return _render(geometry, FAST, tmp_path_factory.mktemp("log") / "fast.log")


@pytest.fixture(scope="module")
def smooth(geometry, tmp_path_factory) -> Passes:
    return _render(geometry, SMOOTH, tmp_path_factory.mktemp("log") / "smooth.log")


def test_the_depth_pass_is_the_depth_of_the_labels(geometry, fast):
    labels = compute_labels(geometry, fast)
    hit = np.isfinite(fast.depth)
    np.testing.assert_array_equal(hit, np.isfinite(labels["depth"]))
    assert 0.3 < hit.mean() < 1
    np.testing.assert_allclose(labels["depth"][hit], fast.depth[hit], rtol=2e-5)


def test_labels_are_made_by_the_cpu_whatever_makes_colour(geometry, tmp_path):
    import bpy

    with captured_output(tmp_path / "log"):
        runtime.start(1)
        scene, objects = scenes.build(geometry, spec_of(geometry, W, H), FAST, bpy_hdris()["courtyard"], tmp_path)
        scene.cycles.device = "GPU"
        to_label_scene(scene, objects, geometry)
        assert bpy.context.scene.cycles.device == "CPU"


def test_every_pixel_shows_what_a_ray_through_its_centre_meets(geometry, fast):
    casts = cast_passes(geometry, W, H)
    np.testing.assert_array_equal(np.isfinite(casts.depth), np.isfinite(fast.depth))
    assert (casts.face == fast.face).mean() > 0.995  # on an edge two faces are equally right
    same = (casts.face == fast.face) & (fast.face >= 0)
    np.testing.assert_allclose(casts.depth[same], fast.depth[same], rtol=1e-4)


def test_labels_are_those_of_the_pixels_centres(geometry, fast):
    """The surface point of a pixel, projected, is the pixel's centre."""
    scene, cameras = LabelScene.of(geometry.meshes), geometry.cameras
    for t in range(FRAMES):
        row, column = np.nonzero(fast.face[t] >= 0)
        face, first_two = fast.face[t][row, column], fast.barycentric[t][row, column].astype(float)
        weights = np.concatenate([first_two, 1 - first_two.sum(1, keepdims=True)], 1)
        points = np.einsum("nk,nkc->nc", weights, scene.vertices(t + 1)[scene.faces[face]])
        pixels = project(to_camera(points, cameras.world_to_camera[t + 1]), cameras.intrinsics[t + 1])
        off = pixels - np.stack([column + 0.5, row + 0.5], -1)
        body = scene.person[face] > 0
        assert np.abs(off[body]).max() < 1e-4
        assert np.abs(off[~body]).max() < 0.01  # the floor's triangles are 160 m wide, and float32


def test_labels_do_not_depend_on_how_colour_is_rendered(fast, smooth):
    np.testing.assert_array_equal(fast.face, smooth.face)
    np.testing.assert_array_equal(fast.barycentric, smooth.barycentric)
    assert (fast.rgb != smooth.rgb).any()


def test_two_runs_are_equal_to_the_bit(geometry, fast, tmp_path):
    again = _render(geometry, FAST.model_copy(update={"threads": 1}), tmp_path / "again.log")
    for name in ("rgb", "matte", "face", "barycentric", "depth"):
        np.testing.assert_array_equal(getattr(again, name), getattr(fast, name), err_msg=name)


def test_the_matte_is_soft_and_fits_the_instances(geometry, smooth):
    labels = compute_labels(geometry, smooth) | {"matte": smooth.matte}
    assert labels["matte"].dtype == np.float32 and labels["matte"].min() >= 0 and labels["matte"].max() <= 1
    soft = (labels["matte"] > 0.1) & (labels["matte"] < 0.9)
    assert soft.mean() > 0.002, "edges are soft"
    around = np.ones((9, 9))
    for t in range(FRAMES):
        person, matte = labels["instances"][t] > 0, labels["matte"][t]
        assert matte[binary_erosion(person, around)].min() > 0.99
        assert matte[~binary_dilation(person, around)].max() < 0.01
        overlap = ((matte > 0.5) & person).sum() / ((matte > 0.5) | person).sum()
        assert overlap > 0.93
        # The shutter opens around the instant of the labels: blur moves the matte's middle nowhere.
        rows, columns = np.mgrid[:H, :W]
        for axis in (rows, columns):
            assert abs(np.average(axis, weights=matte) - axis[person].mean()) < 0.3


def test_colour_is_a_picture(smooth):
    assert smooth.rgb.shape == (FRAMES, H, W, 3) and smooth.rgb.dtype == np.uint8
    assert 30 < smooth.rgb.mean() < 220 and smooth.rgb.std() > 10
    assert set(smooth.seconds) >= {"colour", "visibility"}


def test_a_missing_texture_fails_the_clip_and_is_named(geometry, tmp_path):
    gone = tmp_path / "gone.jpg"
    for broken in (gone, tmp_path / "broken.jpg"):
        if broken is not gone:
            broken.write_bytes(b"no picture at all")
        body = geometry.meshes[0]
        looks = (replace(body.materials[0], diffuse=broken), *body.materials[1:])
        spoiled = replace(geometry, meshes=(replace(body, materials=looks), *geometry.meshes[1:]))
        with pytest.raises(ThfmError, match=broken.name):
            _render(spoiled, FAST, tmp_path / "log.txt")


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_what_blender_only_prints_fails_the_clip(geometry, tmp_path, damage):
    """Without its point cache a body stays where it was; Blender prints a warning and renders that."""
    import bpy

    log = tmp_path / "deep" / "log.txt"
    spec = spec_of(geometry, W, H)
    with captured_output(log):
        scene, objects = scenes.build(geometry, spec, FAST, bpy_hdris()["courtyard"], tmp_path)
        scene.frame_set(1)
    (cache,) = tmp_path.glob("*.pc2")
    if damage == "gone":
        cache.unlink()
    else:
        os.truncate(cache, cache.stat().st_size // 2)
    with pytest.raises(ThfmError, match="modifier") as raised, captured_output(log):
        scene.frame_set(2)
        scene.render.resolution_percentage = 10
        scene.render.filepath = str(tmp_path / "out.png")
        runtime.save_as(scene, "PNG")
        assert bpy.ops.render.render(write_still=True) == {"FINISHED"}
    assert str(log) in str(raised.value)
    assert (tmp_path / "out.png").is_file(), "Blender itself saw no failure"


def test_output_of_c_code_is_caught_and_the_terminal_given_back(tmp_path, capfd):
    log = tmp_path / "log.txt"
    with captured_output(log):
        os.write(1, b"Fra:1 Mem:23M | Sample 1/1\n")
    os.write(1, b"to the terminal\n")
    assert log.read_text() == "Fra:1 Mem:23M | Sample 1/1\n"
    assert capfd.readouterr().out == "to the terminal\n"
    with pytest.raises(ThfmError, match="out of memory"), captured_output(log):
        os.write(2, b"System is out of memory\n")


def test_an_exception_passes_through_and_the_terminal_is_given_back(tmp_path, capfd):
    with pytest.raises(KeyError), captured_output(tmp_path / "log.txt"):
        raise KeyError("mine")
    os.write(1, b"back\n")
    assert capfd.readouterr().out == "back\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Fra:1 Mem:23M | Sample 1/1\nSaved: '/tmp/x.png'\n", []),
        ("Error: Cannot read '/a/b.png': No such file or directory", 1),
        ("ERROR (bke.image): image_load failed", 1),
        ("System is out of GPU and shared host memory\nout of memory", 1),
        ("OptiX error OPTIX_ERROR_INVALID_VALUE\nFailed to build", 2),
        ("Unable to load kernel\nUnable to load kernel", 1),
        ('WARN (bke.modifier): BKE_modifier_set_error: Object: "o", Modifier: "c", Vertex count mismatch', 1),
        ("TBBmalloc: skip allocation functions replacement: unknown prologue error", []),
        ("Color management: Error could not find role data role.", []),
        ("adaptive sampling error threshold 0.01", []),
        ("EGL Error (0x3009): EGL_BAD_MATCH: Arguments are inconsistent", []),
        ("EGL Error (0x3001): EGL_NOT_INITIALIZED", 1),
    ],
)
def test_which_lines_are_failures(text, found):
    assert len(failures(text)) == (found or 0)


def test_an_absent_device_is_an_error_that_names_it():
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    absent = "metal" if sys.platform != "darwin" else "cuda"
    with pytest.raises(ThfmError, match=f"{absent}.*render.device=cpu"):
        choose_device(bpy.context.scene, absent)
    choose_device(bpy.context.scene, "cpu")
    assert bpy.context.scene.cycles.device == "CPU"


def test_eevee_without_a_driver_is_an_error_not_the_end_of_the_process(monkeypatch):
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_FILENAMES", "/nowhere")
    code = "from synth.blender.runtime import eevee_name; eevee_name()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "set render.engine=cycles" in done.stderr


@pytest.mark.parametrize("filmed", [{}, {"f_stop": 1.4}, {"f_stop": 1.4, "lens": -0.1, "readout": 0.6}])
def test_two_scenes_show_what_one_would(geometry, tmp_path, filmed):
    """Colour, matte and labels out of one lit scene, in that order, as they once were made: the same to the bit."""
    still = replace(geometry.cameras, intrinsics=np.tile(geometry.cameras.intrinsics[:1], (FRAMES + 2, 1, 1)))
    lens, readout, f_stop = filmed.get("lens", 0.0), filmed.get("readout", 0.0), filmed.get("f_stop")
    focus = None if f_stop is None else np.full(FRAMES + 2, 1.0)
    cameras = replace(
        still, distortion=np.array([lens, 0, 0, 0, 0]), readout=readout, focus=focus, f_stop=f_stop
    )  # fmt: skip
    clip = replace(geometry, cameras=cameras)
    spec, config, hdri = spec_of(clip, W, H), SMOOTH.model_copy(update={"samples": 3}), bpy_hdris()["courtyard"]
    told = []
    passes = render_clip(clip, spec, config, hdri, tmp_path / "log", lambda *what: told.append(what))
    with captured_output(tmp_path / "log"):
        scene, objects = scenes.build(clip, spec, config, hdri, tmp_path)
        rgb, matte = render._coloured(scene, clip, spec, tmp_path, lambda *what: None)
        if lens:
            to_matte_scene(scene, objects, clip)
            matte = render._mattes(scene, spec, tmp_path, lambda *what: None)
        to_label_scene(scene, objects, clip)
        labels = [render._label_frame(scene, t + 1, tmp_path) for t in range(FRAMES)]
    np.testing.assert_array_equal(passes.rgb, rgb)
    np.testing.assert_array_equal(passes.matte, matte)
    for t, (face, corners, depth) in enumerate(labels):
        np.testing.assert_array_equal(passes.face[t], face)
        np.testing.assert_array_equal(passes.barycentric[t], corners)
        if not lens:
            np.testing.assert_array_equal(passes.depth[t], depth)
    assert told == [(n, t + 1) for n in ("labels", "colour", *(["matte"] if lens else [])) for t in range(FRAMES)]


def test_labels_alone_are_those_beside_colour(geometry, fast, smooth, tmp_path):
    alone = _render(geometry, SMOOTH.model_copy(update={"colour": False}), tmp_path / "alone.log")
    assert alone.rgb is None and "colour" not in alone.seconds
    for name in ("face", "barycentric", "depth"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(fast, name), err_msg=name)
    soft = (alone.matte > 0.1) & (alone.matte < 0.9)
    assert 0.002 < soft.mean() < 0.2
    assert np.abs(alone.matte - smooth.matte).mean() < 0.005  # both draw blur and edges, with other random numbers
