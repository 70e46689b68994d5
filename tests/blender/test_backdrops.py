"""Backdrops of the user's: pictures and videos fill the view behind people, step with time, and are named if broken."""

import av
import numpy as np
import pytest
from PIL import Image

from synth.blender.config import RenderConfig
from synth.blender.render import render_clip, save_blend
from synth.blender.videos import video_frames
from synth.bodies.catalogue import bpy_hdris, load_library
from synth.bodies.config import BodiesConfig
from synth.cli.assets import print_assets
from synth.conventions import Semantic, ThfmError
from synth.labels import compute_labels
from synth.spec.scenes.model import BackdropScene
from tests.scenery.sets import HEIGHT, WIDTH, person, placed
from tests.scenes import cast_passes

CONFIG = RenderConfig(samples=4, denoise=False, motion_blur=False, view_transform="Standard")
SHADES = [(220, 30, 30), (30, 200, 30), (30, 30, 220), (220, 220, 30)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """halves.png, green left and blue right; shades.mp4, a colour a frame at 24 frames a second."""
    place = tmp_path_factory.mktemp("backdrops")
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, :80, 1] = picture[:, 80:, 2] = 220
    Image.fromarray(picture).save(place / "halves.png")
    with av.open(str(place / "shades.mp4"), "w") as video:
        stream = video.add_stream("h264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in SHADES:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade, np.uint8), format="rgb24")
            for packet in stream.encode(frame):
                video.mux(packet)
        for packet in stream.encode():
            video.mux(packet)
    return place


def _shot(folder, name: str, tmp_path, **scene):
    assets = load_library(BodiesConfig(backdrop_folders=(folder,))).scenes
    spec, _, clip = placed(BackdropScene(name=name, metres=1.5, **scene), person(), assets)
    passes = render_clip(clip, spec, CONFIG, bpy_hdris()["studio"], tmp_path / "log")
    return clip, passes, compute_labels(clip, passes)


def test_a_picture_fills_the_view_on_a_wall_and_a_floor_that_labels_know(folder, tmp_path):
    clip, passes, labels = _shot(folder, "halves", tmp_path)
    truth = compute_labels(clip, cast_passes(clip, WIDTH, HEIGHT))
    assert np.isfinite(labels["depth"]).all()
    assert (labels["semantics"] == truth["semantics"]).mean() > 0.99
    assert {Semantic.WALL, Semantic.GROUND} <= set(np.unique(labels["semantics"]))
    near = np.abs(labels["depth"] - truth["depth"]) < 1e-3 * truth["depth"]
    assert near.mean() > 0.99
    for kind in (Semantic.WALL, Semantic.GROUND):
        there = labels["semantics"] == kind
        left, right = there.copy(), there.copy()
        left[..., WIDTH // 2 - 6 :] = right[..., : WIDTH // 2 + 6] = False
        green, blue = passes.rgb[left].astype(int), passes.rgb[right].astype(int)
        assert (green[:, 1] > green[:, 2] + 20).mean() > 0.9 and (blue[:, 2] > blue[:, 1] + 20).mean() > 0.9
    _, mirrored, _ = _shot(folder, "halves", tmp_path, mirrored=True)
    wall = labels["semantics"] == Semantic.WALL
    wall[..., WIDTH // 2 - 6 :] = False
    assert (mirrored.rgb[wall][:, 2] > mirrored.rgb[wall][:, 1]).mean() > 0.9


def test_a_video_goes_on_from_frame_to_frame(folder, tmp_path):
    _, passes, labels = _shot(folder, "shades", tmp_path, start=1 / 24)
    for t, shade in enumerate(SHADES[1:3]):
        wall = passes.rgb[t][labels["semantics"][t] == Semantic.WALL].mean(0)
        assert wall.argmax() == np.argmax(shade), t


def test_a_saved_scene_keeps_the_frames_of_its_video(folder, tmp_path):
    assets = load_library(BodiesConfig(backdrop_folders=(folder,))).scenes
    spec, _, clip = placed(BackdropScene(name="shades", metres=1.5), person(), assets)
    save_blend(clip, spec, CONFIG, bpy_hdris()["studio"], tmp_path / "clip.blend", tmp_path / "log")
    assert len(list((tmp_path / "clip_cache").glob("video-*/*.jpg"))) == spec.frames


def test_frames_are_those_that_a_player_shows(folder):
    times = np.array([0.0, 0.04, 0.05, 0.1, 4 / 24, 5.5 / 24])
    frames = video_frames(folder / "shades.mp4", times)
    wanted = [0, 0, 1, 2, 0, 1]
    for frame, shade in zip(frames, wanted, strict=True):
        assert np.abs(frame.mean((0, 1)) - SHADES[shade]).max() < 25


def test_broken_and_missing_backdrops_are_named(folder, tmp_path):
    for name in ("broken.png", "broken.mp4"):
        (tmp_path / name).write_text("no picture")
        with pytest.raises(ThfmError, match=rf"{name} cannot be read"):
            load_library(BodiesConfig(backdrop_folders=(tmp_path / name,)))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ThfmError, match="holds no backdrop"):
        load_library(BodiesConfig(backdrop_folders=(empty,)))
    with pytest.raises(ThfmError, match="no backdrop called 'beach'"):
        placed(BackdropScene(name="beach", metres=1.0), person())


def test_hdris_of_a_folder_take_the_place_of_those_of_bpy(folder, tmp_path, capsys):
    (tmp_path / "mine.exr").write_bytes(bpy_hdris()["city"].read_bytes())
    library = load_library(BodiesConfig(hdri_folders=(tmp_path,)))
    assert library.catalogue.hdris == ("mine",) and library.hdri("mine") == tmp_path / "mine.exr"
    with pytest.raises(ThfmError, match="holds no HDRI"):
        load_library(BodiesConfig(hdri_folders=(tmp_path / "nowhere",)))
    print_assets([f"bodies.hdri_folders=[{tmp_path}]", f"bodies.backdrop_folders=[{folder}]"])
    told = {tuple(line.split()[:2]): line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "as you obtained it" in told["hdri", "mine"] and "as you obtained it" in told["backdrop", "halves"]
    assert "MIT" in told["texture", "parquet"] and "CC0" in told["texture", "gravel"]
