"""Whatever people hand in is read as upright frames at their times."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from synth.conventions import ThfmError
from tests.train.inference.saved import moving, spoil, write_video
from train.inference.video_io import open_source, read


def frames(path: Path, **options) -> np.ndarray:
    return np.stack([picture.rgb for picture in read(open_source(path, **options))])


FILES = [
    ("a.mp4", "libx264", "yuv444p", {"crf": "4"}),
    ("a.mkv", "ffv1", "bgr0", {}),
    ("a.webm", "libvpx-vp9", "yuv420p", {"crf": "10", "b": "0", "cpu-used": "8"}),
    ("a.avi", "mjpeg", "yuvj420p", {"qmin": "1", "qmax": "2"}),
    ("a.mov", "prores_ks", "yuv422p10le", {}),
    ("a.ts", "libx264", "yuv420p", {"crf": "4"}),
    ("a.mpg", "mpeg2video", "yuv420p", {"qmin": "1", "qmax": "2"}),
]


@pytest.mark.parametrize(("name", "codec", "pixels", "options"), FILES, ids=[file[0] for file in FILES])
@pytest.mark.parametrize("size", [(48, 64), (37, 51)])
def test_containers_codecs_and_odd_sizes(
    name: str, codec: str, pixels: str, options: dict, size: tuple[int, int], tmp_path: Path
) -> None:
    height, width = size
    if pixels == "yuv420p" and codec == "libx264":
        height, width = height + height % 2, width + width % 2  # x264 wants it
    video = moving(12, height, width)
    path = write_video(tmp_path / name, video, codec=codec, pixels=pixels, options=options)
    source = open_source(path)
    assert (source.kind, source.height, source.width, source.fps) == ("video", height, width, 25)
    found = frames(path)
    assert found.shape == video.shape and found.dtype == np.uint8
    assert np.abs(found.astype(int) - video).mean() < 4
    times = [picture.time for picture in read(source)]
    np.testing.assert_allclose([float(t) for t in times], np.arange(12) / 25, atol=0.002)


def test_colours_come_back_as_they_were_named(tmp_path: Path) -> None:
    """The colour matrix that the file names; BT.709 for unnamed HD, BT.601 for unnamed smaller video."""
    red, found = np.full((3, 720, 48, 3), (200, 30, 60), np.uint8), {}
    for matrix, tag, height in (("709", 1, 720), ("601", 6, 720), ("709", 2, 720), ("601", 2, 64)):
        path = tmp_path / f"{matrix}-{tag}.mp4"
        with av.open(str(path), "w") as output:
            stream = output.add_stream("libx264", rate=25)
            stream.height, stream.width, stream.pix_fmt, stream.options = height, 48, "yuv444p", {"crf": "1"}
            stream.codec_context.color_range, stream.codec_context.colorspace = 1, tag
            for picture in red[:, :height]:
                space = {"709": 1, "601": 5}[matrix]
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                output.mux(stream.encode(frame.reformat(format="yuv444p", dst_colorspace=space, dst_color_range=1)))
            output.mux(stream.encode(None))
        found[matrix, tag] = frames(path)[1, 30, 20].astype(int)
    for colour in found.values():
        assert np.abs(colour - (200, 30, 60)).max() <= 2


def turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """The mp4 with the display matrix (a, b, c, d) of ISO 14496-12: (x, y) is shown at (a x + c y, b x + d y)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    assert struct.unpack_from(">9i", data, at)[:5] == (one, 0, 0, 0, one)
    a, b, c, d = matrix
    struct.pack_into(">9i", data, at, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("matrix", [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)])
def test_telephones_that_are_held_upright(matrix: tuple[int, int, int, int], tmp_path: Path) -> None:
    stored = moving(3, 36, 60)
    stored[:, :8, :8] = (255, 0, 0)  # marks the corner at (0, 0)
    path = turned(write_video(tmp_path / "a.mp4", stored), matrix)
    found = frames(path)
    a, b, c, d = matrix
    y, x = np.mgrid[:36, :60]
    u, v = a * x + c * y, b * x + d * y
    u, v = u - u.min(), v - v.min()
    expected = np.zeros((3, v.max() + 1, u.max() + 1, 3), np.uint8)
    expected[:, v, u] = stored
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_frames_at_uneven_times(tmp_path: Path) -> None:
    times = [Fraction(n, 1000) for n in (0, 33, 40, 140, 640, 641, 900)]
    path = write_video(tmp_path / "a.mkv", moving(7, 32, 48), times)
    assert [round(float(p.time), 3) for p in read(open_source(path))] == [round(float(t), 3) for t in times]


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 60, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for picture in moving(3, 48, 60):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    assert open_source(path).pixel_aspect == pytest.approx(4 / 3)


def test_pictures_are_videos_of_one_frame(tmp_path: Path) -> None:
    picture = moving(1, 30, 50)[0]
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(picture).convert("L").save(tmp_path / "grey.webp", lossless=True)
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100).save(tmp_path / "deep.png")
    sideways = Image.fromarray(np.rot90(picture, 1))
    exif = sideways.getexif()
    exif[0x0112] = 6  # shown a quarter turn clockwise
    sideways.save(tmp_path / "phone.jpg", exif=exif, quality=95)
    source = open_source(tmp_path / "a.png")
    assert (source.kind, source.announced) == ("picture", 1)
    np.testing.assert_array_equal(frames(tmp_path / "a.png")[0], picture)
    assert frames(tmp_path / "grey.webp").shape == (1, 30, 50, 3)
    assert np.abs(frames(tmp_path / "phone.jpg")[0].astype(int) - picture).mean() < 3
    deep = frames(tmp_path / "deep.png")[0]
    np.testing.assert_allclose(deep[..., 0], np.arange(600).reshape(20, 30) * 100 / 257, atol=0.51)


def test_films_that_look_like_pictures(tmp_path: Path) -> None:
    pictures = [Image.fromarray(p) for p in moving(4, 24, 32)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    assert frames(tmp_path / "a.gif").shape == (4, 24, 32, 3)


def test_webp_that_moves_is_a_film_at_its_own_times(tmp_path: Path) -> None:
    video = moving(4, 24, 32)
    first, *others = [Image.fromarray(p) for p in video]
    first.save(tmp_path / "a.webp", save_all=True, append_images=others, duration=[40, 40, 500, 40], lossless=True)
    source = open_source(tmp_path / "a.webp")
    assert (source.kind, source.height, source.width, source.announced) == ("webp", 24, 32, 4)
    assert source.fps == Fraction(3000, 580)
    np.testing.assert_array_equal(frames(tmp_path / "a.webp"), video)
    assert [picture.time for picture in read(source)] == [Fraction(n, 1000) for n in (0, 40, 80, 580)]
    whole = (tmp_path / "a.webp").read_bytes()
    (tmp_path / "cut.webp").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ThfmError, match="cut.webp"):
        frames(tmp_path / "cut.webp")


def test_a_time_of_day_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "12:30 walk.mp4", moving(3, 24, 32))
    assert frames(Path("12:30 walk.mp4")).shape == (3, 24, 32, 3)


def test_folders_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    video = moving(12, 20, 30)
    for t, picture in enumerate(video):
        Image.fromarray(picture).save(tmp_path / f"frame{t}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._frame0.png").write_bytes(b"what a Mac leaves on foreign disks")
    (tmp_path / "more.png").mkdir()
    source = open_source(tmp_path, fps=10)
    assert (source.kind, source.announced, source.fps) == ("folder", 12, 10)
    np.testing.assert_array_equal(frames(tmp_path), video)
    assert [picture.time for picture in read(source)] == [Fraction(t, 10) for t in range(12)]
    Image.fromarray(video[0][:, :20]).save(tmp_path / "frame7.png")
    with pytest.raises(ThfmError, match=r"frame7.png is 20 x 20 pixels and the pictures before it are 30 x 20"):
        frames(tmp_path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="nothing.mp4 does not exist"):
        open_source(tmp_path / "nothing.mp4")
    with pytest.raises(ThfmError, match="holds no pictures"):
        open_source(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"no film at all" * 100)
    with pytest.raises(ThfmError, match="a.mp4 cannot be read at its start"):
        open_source(tmp_path / "a.mp4")
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 no picture")
    with pytest.raises(ThfmError, match="a.jpg is no readable picture"):
        open_source(tmp_path / "a.jpg")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "wall.png")
    with pytest.raises(ThfmError, match=r"wall.png is no readable picture .* exceeds limit"):
        open_source(tmp_path / "wall.png")
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(ThfmError, match="^[^ ]*float.tif holds floating numbers"):
        open_source(tmp_path / "float.tif")
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.rate = 8000
        output.mux(stream.encode(sound))
        output.mux(stream.encode(None))
    with pytest.raises(ThfmError, match="sound.wav holds no video stream"):
        open_source(path)


def covered(path: Path, video: np.ndarray | None = None) -> Path:
    """A file whose first pictures are those of its cover; sound follows, or a video."""
    with av.open(str(path), "w") as output:
        cover = output.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 50, 40, "rgb24"
        cover.disposition = Disposition.attached_pic
        if video is None:
            main = output.add_stream("aac", rate=8000)
            frames = [av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")]
            frames[0].rate = 8000
        else:
            main = output.add_stream("libx264", rate=25)
            main.height, main.width, main.pix_fmt = *video.shape[1:3], "yuv420p"
            frames = [av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in video]
        art = av.VideoFrame.from_ndarray(np.zeros((40, 50, 3), np.uint8), format="rgb24")
        for stream, pictures in ((cover, [art]), (main, frames)):
            for frame in (*pictures, None):
                output.mux(stream.encode(frame))
    return path


def test_the_cover_of_a_song_or_film_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="song.mp4 holds no video stream"):
        open_source(covered(tmp_path / "song.mp4"))
    path = covered(tmp_path / "film.mp4", moving(6, 64, 96))
    source = open_source(path)
    assert (source.height, source.width, source.announced) == (64, 96, 6)
    assert frames(path).shape == (6, 64, 96, 3)


def test_damage_within_a_film_is_named(tmp_path: Path) -> None:
    path = spoil(write_video(tmp_path / "a.mp4", moving(60, 48, 64), pixels="yuv420p"))
    with pytest.raises(ThfmError, match=r"a.mp4 cannot be read beyond frame \d+ \(Invalid data"):
        frames(path)


def test_a_film_that_was_cut_off_has_fewer_frames_than_it_announces(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", moving(60, 48, 64), codec="mjpeg", pixels="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 20 < len(frames(path)) < open_source(path).announced == 60
    path = write_video(tmp_path / "a.mkv", moving(60, 48, 64))  # it tells a length, but no number of frames
    assert open_source(path).announced == len(frames(path)) == 60
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 10 < len(frames(path)) < open_source(path).announced == 60
