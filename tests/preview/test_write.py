import hashlib
import logging
import re
import shutil
import sys
from html.parser import HTMLParser
from urllib.parse import unquote

import av
import numpy as np
import pytest
from PIL import Image

from synth import shards
from synth.conventions import ThfmError
from synth.preview import write_preview
from synth.preview.movie import grid_columns
from synth.preview.palette import PARTS, PEOPLE
from synth.preview.panels import frames_of, panels_of, resized
from synth.preview.sheet import tile, tile_size
from synth.preview.write import choose_clips, sample_frames

PANELS = 12


def test_all_files_are_written_and_named(preview, data_set):
    out, files, _ = preview
    names = [f.relative_to(out).as_posix() for f in files]
    clips = [f"clips/{key}.{end}" for key in ("pair", "narrow", "other") for end in ("png", "mp4", "jpg")]
    assert names == ["index.html", "overview.png", *clips]
    assert {f.relative_to(out).as_posix() for f in out.rglob("*") if f.is_file()} == set(names)


def test_progress_counts_all_frames_of_all_clips(preview):
    calls = preview[2]
    assert [c[1] for c in calls] == sorted(c[1] for c in calls) and calls[0][1] == 0
    assert {c[2] for c in calls} == {10} and calls[-1] == ("other", 10, 10)


def test_a_contact_sheet_shows_every_modality_and_no_blank_panel(preview, clips):
    sheet = _codes(Image.open(preview[0] / "clips/pair.png").convert("RGB"))
    width, height = tile_size(128, 128, 68_000)
    assert (width, height) == (256, 256)
    assert sheet.shape[1] > 4 * width and sheet.shape[0] > 6 * height
    legends = [int(c[1:], 16) for c in (*PEOPLE[:2], *PARTS.values())]
    assert np.isin(legends, sheet).all()
    samples = [next(frames_of(clips["pair"], i, i + 1)) for i in sample_frames(6)]
    panels = panels_of(clips["pair"], samples)
    assert len(panels) == PANELS - 1  # without the bodies, which need a renderer
    for panel in panels:
        drawn = tile(panel, samples[0], (256, 256))
        assert np.asarray(drawn).std(axis=(0, 1)).max() > 4, panel.name
        at = _places(sheet, _codes(drawn))
        assert len(at) == 1, (panel.name, at)


def _codes(image: Image.Image) -> np.ndarray:
    """(h, w) int32: 0xrrggbb of each pixel."""
    return np.asarray(image).astype(np.int32) @ np.array([65536, 256, 1], np.int32)


def _places(sheet: np.ndarray, drawn: np.ndarray) -> list[tuple[int, int]]:
    """Where ``drawn`` stands in ``sheet``: some pixels of its most varied row pick candidates to compare whole."""
    height, width = drawn.shape
    y = int((np.diff(drawn, axis=1) != 0).sum(1).argmax())
    likely = np.ones((sheet.shape[0] - height + 1, sheet.shape[1] - width + 1), bool)
    for x in range(0, width, 15):
        part = sheet[y : y + likely.shape[0], x : x + likely.shape[1]]
        likely &= part == drawn[y, x]
    return [(i, k) for i, k in np.argwhere(likely).tolist() if (sheet[i : i + height, k : k + width] == drawn).all()]


def test_the_movie_plays_in_browsers(preview):
    for key, frames, size in (("pair", 6, (128, 128)), ("narrow", 2, (40, 72))):
        with av.open(str(preview[0] / f"clips/{key}.mp4")) as movie:
            stream = movie.streams.video[0]
            assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
            assert stream.average_rate == 12.5
            pictures = [f.to_ndarray(format="rgb24") for f in movie.decode(stream)]
        assert len(pictures) == frames
        width, height = tile_size(*size, 60_000)
        columns = grid_columns(PANELS, (width, height))
        rows = -(-PANELS // columns)
        expected = np.array([rows * (height + 30) + 6, columns * (width + 6) + 6])
        assert pictures[0].shape[:2] == tuple(expected + expected % 2)
    data = (preview[0] / "clips/pair.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # so that it starts before it is loaded whole


def test_the_movie_shows_the_colour_of_its_frames(preview, pair):
    with av.open(str(preview[0] / "clips/pair.mp4")) as movie:
        pictures = [f.to_ndarray(format="rgb24") for f in movie.decode(video=0)]
    width, height = tile_size(128, 128, 60_000)
    for t in (0, 5):
        shown = pictures[t][30 : 30 + height, 6 : 6 + width].astype(float)
        assert np.abs(shown - resized(pair["rgb"][t], (width, height), smooth=True)).mean() < 4
    assert np.abs(pictures[0].astype(float) - pictures[5]).mean() > 1


def test_movies_show_their_middle_frame_before_they_play(preview):
    """Without it they are black boxes, and their first frame has no flow backward."""
    with av.open(str(preview[0] / "clips/pair.mp4")) as movie:
        middle = list(movie.decode(video=0))[3].to_ndarray(format="rgb24")
    still = np.asarray(Image.open(preview[0] / "clips/pair.jpg"))
    assert still.shape == middle.shape and np.abs(still.astype(float) - middle).mean() < 4
    html = (preview[0] / "index.html").read_text(encoding="utf-8")
    assert 'poster="clips/pair.jpg"' in html


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("href", "src", "poster")]

    def handle_data(self, data):
        self.text += data


def test_the_page_links_to_all_files_and_needs_no_net(preview):
    out, files, _ = preview
    html = (out / "index.html").read_text(encoding="utf-8")
    parser = _Links()
    parser.feed(html)
    assert {(out / unquote(link)).resolve() for link in parser.links} == {f.resolve() for f in files[1:]}
    assert "two women <step> on the spot – “bare”" in parser.text and "<step>" not in html
    assert "128 x 128 px · 12.5 fps · 6 frames · 0.48 s · 2 people" in parser.text
    assert "prefers-color-scheme: dark" in html and not re.search(r"https?://", html)


def test_the_overview_has_a_row_a_clip(preview):
    overview = Image.open(preview[0] / "overview.png")
    assert overview.width == 1600 and 3 * 150 < overview.height < 3 * 320


def test_equal_data_gives_equal_files(preview, data_set, tmp_path):
    write_preview(data_set, tmp_path, clips=["narrow"])
    for name in ("clips/narrow.png", "clips/narrow.mp4"):
        digests = {hashlib.sha256((folder / name).read_bytes()).hexdigest() for folder in (preview[0], tmp_path)}
        assert len(digests) == 1, name


def test_labels_alone_are_shown_over_their_relief(pair, tmp_path):
    labels = {name: value for name, value in pair.items() if name != "rgb"}
    shards.write_shard(tmp_path / "set", "shard-000000", [("bare", shards.encode_clip("bare", 12.5, labels, {}))])
    shards.build_manifest(tmp_path / "set", {})
    (clip,) = shards.read_clips(tmp_path / "set")
    samples = [next(frames_of(clip, 2, 3))]
    panels = panels_of(clip, samples)
    assert [p.name for p in panels][:2] == ["keypoints", "instances"] and len(panels) == PANELS - 2
    drawn = panels[0].draw(samples[0], (128, 128)).astype(int)
    facing = np.nan_to_num(samples[0]["normals"][..., 2]).clip(0, 1)
    grey = (drawn.max(-1) - drawn.min(-1) < 2) & (samples[0]["instances"] > 0)
    assert np.corrcoef(drawn[..., 0][grey], facing[grey])[0, 1] > 0.9  # off the skeleton, people are seen in relief
    page, overview, *_ = write_preview(tmp_path / "set", tmp_path / "out")
    assert Image.open(overview).width == 1600 and "bare" in page.read_text()


def test_clips_are_chosen_by_number_or_key(data_set, tmp_path):
    assert [c.key for c in choose_clips(data_set, 2)] == ["pair", "narrow"]
    assert [c.key for c in choose_clips(data_set, 99)] == ["pair", "narrow", "other"]
    assert [c.key for c in choose_clips(data_set, ["other", "pair"])] == ["pair", "other"]
    files = write_preview(data_set, tmp_path, clips=["other"])
    assert [f.stem for f in files[2:]] == ["other"] * 3


def test_errors_name_the_remedy(data_set, tmp_path):
    with pytest.raises(ThfmError, match="holds no clip lost; its 3 clips are pair, narrow, other"):
        write_preview(data_set, tmp_path, clips=["pair", "lost"])
    with pytest.raises(ThfmError, match="manifest.json"):
        write_preview(tmp_path / "nowhere", tmp_path)
    with pytest.raises(ThfmError, match="one at least"):
        write_preview(data_set, tmp_path, clips=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(ThfmError, match="name another folder"):
        write_preview(data_set, tmp_path / "file", clips=1)
    empty = tmp_path / "empty"
    shards.write_shard(empty, "shard-000000", [])
    shards.build_manifest(empty, {})
    with pytest.raises(ThfmError, match="holds no clip: generate some first"):
        write_preview(empty, tmp_path)


def test_a_damaged_field_stops_with_its_name(data_set, tmp_path):
    root = tmp_path / "set"
    shutil.copytree(data_set, root)
    tar = root / "shard-000001.tar"
    data = bytearray(tar.read_bytes())
    at = data.index(b"other.depth.mkv") + 1024
    data[at : at + 16] = bytes(16)
    tar.write_bytes(bytes(data))
    with pytest.raises(ThfmError, match="clip other: field depth"):
        write_preview(root, tmp_path / "out", clips=["other"])


def test_without_a_renderer_everything_else_is_shown(data_set, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with caplog.at_level(logging.WARNING):
        write_preview(data_set, tmp_path, clips=["narrow"])
    assert "libegl1" in caplog.text and "libegl1" in (tmp_path / "index.html").read_text()
    assert Image.open(tmp_path / "clips/narrow.png").height > 500


def test_a_clip_of_few_fields_is_shown_as_far_as_it_goes(pair, tmp_path):
    few = {name: pair[name] for name in ("depth", "matte")}
    shards.write_shard(tmp_path / "set", "shard-000000", [("few", shards.encode_clip("few", 24, few, {}))])
    write_preview(tmp_path / "set" / "shard-000000.tar", tmp_path / "out")
    assert "the clip holds no smplx" in (tmp_path / "out/index.html").read_text()
    with av.open(str(tmp_path / "out/clips/few.mp4")) as movie:
        assert len(list(movie.decode(video=0))) == 6


def test_frames_without_any_value_say_so(clips):
    samples = [next(frames_of(clips["pair"], 5, 6))]
    flow = next(p for p in panels_of(clips["pair"], samples) if p.name == "flow_forward")
    assert flow.draw(samples[0], (64, 64)) is None
    drawn = np.asarray(tile(flow, samples[0], (256, 256)))
    assert drawn.std() > 1  # words on an even ground


@pytest.mark.parametrize(("count", "expected"), [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (81, [10, 30, 50, 70])])
def test_sample_frames_are_spread(count, expected):
    assert sample_frames(count) == expected
