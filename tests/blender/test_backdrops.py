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
    assert _shades(folder / "shades.mp4", times) == [0, 0, 1, 2, 0, 1]


def _shades(path, times) -> list[int]:
    """Which of the shades a video shows at times."""
    frames = dict(video_frames(path, np.asarray(times)))
    found = [np.abs(frames[k].mean((0, 1)) - SHADES).max(1) for k in range(len(times))]
    assert all(away.min() < 25 for away in found)
    return [int(away.argmin()) for away in found]


def _film(path, frames: int, early: int = 0, size=(64, 48)):
    """A shade a frame, over and over, a key frame every 24; the first ``early`` frames are trimmed by an edit list."""
    options = {"avoid_negative_ts": "disabled"} if early else {}
    with av.open(str(path), "w", options=options) as video:
        stream = video.add_stream("h264", rate=24)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 24, 2
        for k in [*range(frames), None]:
            picture = None
            if k is not None:
                shade = np.full((size[1], size[0], 3), SHADES[k % len(SHADES)], np.uint8)
                picture = av.VideoFrame.from_ndarray(shade, format="rgb24")
            for packet in stream.encode(picture):
                step = round(1 / (24 * packet.time_base))
                packet.pts, packet.dts = packet.pts - early * step, packet.dts - early * step
                video.mux(packet)
    return path


def test_a_long_video_is_decoded_from_where_it_is_wanted(tmp_path, monkeypatch):
    film, decoded = _film(tmp_path / "film.mp4", 720), []

    class Counted:
        """A video that counts the frames that are decoded."""

        def __init__(self, video):
            self._video = video

        def __getattr__(self, name):
            return getattr(self._video, name)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self._video.close()

        def decode(self, stream):
            for frame in self._video.decode(stream):
                decoded.append(frame.pts)
                yield frame

    opened = av.open
    monkeypatch.setattr(av, "open", lambda *names: Counted(opened(*names)))
    frames = np.array([601, 602, 604, 720 + 3])  # the last is that of the next round
    assert _shades(film, (frames + 0.2) / 24) == [1, 2, 0, 3]
    assert len(decoded) < 60


def test_what_is_trimmed_off_a_video_is_not_shown(tmp_path):
    trimmed = _film(tmp_path / "trimmed.mp4", 60, early=6)
    with av.open(str(trimmed)) as video:
        stamps = [p.pts for p in video.demux(video.streams.video[0]) if p.pts is not None]
    assert min(stamps) < 0
    assert _shades(trimmed, (np.arange(5) + 0.2) / 24) == [2, 3, 0, 1, 2]


def test_videos_are_shrunk_and_turned_as_their_tags_say(tmp_path):
    path, plain = tmp_path / "phone.mp4", np.zeros((48, 64, 3), np.uint8)
    plain[:, :32] = SHADES[0]
    with av.open(str(path), "w") as video:
        stream = video.add_stream("h264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(plain, format="rgb24")), *stream.encode()]:
            video.mux(packet)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    turn = [0, 0x10000, 0, 0xFFFF0000, 0, 0, 48 << 16, 0, 0x40000000]  # a quarter to the right, as phones write
    data[matrix : matrix + 36] = np.array(turn, ">u4").tobytes()
    path.write_bytes(data)
    ((_, picture),) = video_frames(path, np.zeros(1))
    assert picture.shape == (64, 48, 3)
    assert picture[:24, :, 0].min() > 150 and picture[40:].max() < 60  # what was left is at the top
    ((_, small),) = video_frames(path, np.zeros(1), longest=32)
    assert small.shape == (32, 24, 3)


def test_photographs_stand_upright(folder, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    with Image.open(folder / "halves.png") as upright:
        Image.fromarray(np.rot90(np.asarray(upright.convert("RGB")))).save(tmp_path / "phone.jpg", exif=exif)
    _, passes, labels = _shot(tmp_path, "phone", tmp_path)
    wall = labels["semantics"] == Semantic.WALL
    left, right = wall.copy(), wall.copy()
    left[..., WIDTH // 2 - 6 :] = right[..., : WIDTH // 2 + 6] = False
    green, blue = passes.rgb[left].astype(int), passes.rgb[right].astype(int)
    assert (green[:, 1] > green[:, 2] + 20).mean() > 0.9 and (blue[:, 2] > blue[:, 1] + 20).mean() > 0.9


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
