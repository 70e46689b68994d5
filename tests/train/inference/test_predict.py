"""Files of answers: what they hold, and what becomes of many videos, good and bad."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenEXR
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from synth.conventions import COCO17, PART_NAMES, ThfmError
from tests.conftest import ROOT, environment
from tests.train.inference.saved import OPTIONS, moving, save_tiny, spoil, write_video
from train.cli import app
from train.inference import Predictor
from train.inference.predict import named_folders, predict
from train.inference.side_by_side import panel_layout
from train.inference.video_io import open_source, read
from train.inference.write import Formats
from train.tasks import TASKS, DenseTask

TIMES = [Fraction(n, 1000) for n in (0, 40, 80, 120, 600, 640, 680, 720, 760, 800, 840)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """11 frames of 51 x 37, the fifth long in coming."""
    return write_video(tmp_path_factory.mktemp("video") / "walk.mkv", moving(11, 37, 51), TIMES)


@pytest.fixture(scope="module")
def seen(video: Path) -> np.ndarray:
    return np.stack([picture.rgb for picture in read(open_source(video))])


@pytest.fixture(scope="module")
def truth(predictor: Predictor, seen: np.ndarray) -> dict:
    return predictor(seen)


@pytest.fixture(scope="module")
def out(predictor: Predictor, folder: Path, video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "new"
    (outcome,) = predict(predictor, folder, [str(video)], out)
    assert outcome == (str(video), out / "walk", 11, True, outcome.message)
    return out / "walk"


def test_a_folder_holds_what_users_expect_and_nothing_else(out: Path) -> None:
    pictures = ("depth", "normals", "parts", "semantics", "dense_pose")
    arrays = ("normals", "matte", "parts", "semantics", "dense_pose", "keypoints2d", "keypoints3d")
    expected = {f"{name}/{t:06d}.png" for name in pictures for t in range(11)}
    expected |= {f"{name}.npz" for name in arrays} | {"matte.mov", "keypoints2d.json", "keypoints3d.json"}
    expected |= {"side-by-side.mp4", "times.csv", "predict.json"}
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == expected
    assert [path.name for path in out.parent.iterdir()] == ["walk"]


def test_arrays_are_what_the_predictor_says(out: Path, truth: dict) -> None:
    for name, fields in truth.items():
        if name == "depth":
            continue
        with np.load(out / f"{name}.npz") as stored:
            for field, value in fields.items():
                assert stored[field].shape == value.shape
                precision = 6e-4 if stored[field].dtype == np.float16 else 0
                np.testing.assert_allclose(stored[field].astype(float), value, rtol=precision, atol=precision)
    assert np.load(out / "parts.npz")["names"].tolist() == list(PART_NAMES)
    assert np.load(out / "keypoints2d.npz")["names"].tolist() == list(COCO17)


def test_depth_png_is_linear(out: Path, truth: dict) -> None:
    levels = json.loads((out / "predict.json").read_text())["conventions"]["depth_png_levels_per_median"]
    for t, depth in enumerate(truth["depth"]["depth"]):
        image = Image.open(out / f"depth/{t:06d}.png")
        assert image.mode == "I;16"
        np.testing.assert_allclose(np.asarray(image) / levels, np.minimum(depth, 65535 / levels), atol=0.51 / levels)


def test_normals_png_are_colours_of_directions(out: Path, truth: dict) -> None:
    normals = np.asarray(Image.open(out / "normals/000003.png")) / 127.5 - 1
    assert np.abs(normals - truth["normals"]["normals"][3]).max() < 1.05 / 255


def test_class_pictures_show_a_palette_and_hold_classes(out: Path, truth: dict, predictor: Predictor) -> None:
    for name in ("parts", "semantics"):
        image, classes = Image.open(out / f"{name}/000010.png"), truth[name][name][10]
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), classes)
        palette = np.round(predictor.tasks[name].palette * 255)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), palette[classes])


def test_dense_pose_pictures_are_black_off_people(out: Path, truth: dict) -> None:
    picture, places = np.asarray(Image.open(out / "dense_pose/000000.png")), truth["dense_pose"]["surface"][0]
    people = np.isfinite(places[..., 0])
    assert people.any() and not people.all() and not picture[~people].any()
    assert np.abs(picture[people] / 255 - places[people]).max() < 0.51 / 255


def test_the_matte_is_a_film_with_alpha_at_the_videos_own_times(out: Path, truth: dict, seen: np.ndarray) -> None:
    with av.open(str(out / "matte.mov")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.profile) == ("prores", "4444")
        frames = list(film.decode(stream))
    np.testing.assert_allclose([f.time for f in frames], [float(t) for t in TIMES], atol=1e-4)
    pictures = np.stack([f.to_ndarray(format="rgba") for f in frames]).astype(int)
    assert np.abs(pictures[..., 3] / 255 - truth["matte"]["matte"]).max() < 1.6 / 255
    assert np.abs(pictures[..., :3] - seen).mean() < 2  # straight alpha: the colours of the video, everywhere


def test_keypoints_are_coco(out: Path, truth: dict) -> None:
    coco, points = json.loads((out / "keypoints2d.json").read_text()), truth["keypoints2d"]["keypoints2d"]
    (person,) = coco["categories"]
    assert person["keypoints"] == list(COCO17)
    bones = {(COCO17[a - 1], COCO17[b - 1]) for a, b in person["skeleton"]}
    assert ("left_shoulder", "left_elbow") in bones or ("left_elbow", "left_shoulder") in bones
    assert [(i["id"], i["width"], i["height"]) for i in coco["images"]] == [(t, 51, 37) for t in range(11)]
    np.testing.assert_allclose([i["time"] for i in coco["images"]], [float(t) for t in TIMES], atol=1e-6)
    assert len(coco["annotations"]) == 22 and len({a["id"] for a in coco["annotations"]}) == 22
    for found in coco["annotations"]:
        expected = points[found["track_id"], found["image_id"]]
        rows = np.array(found["keypoints"]).reshape(17, 3)
        inside = (expected >= 0).all(-1) & (expected <= (51, 37)).all(-1)
        np.testing.assert_array_equal(rows[:, 2], 2 * inside)
        np.testing.assert_allclose(rows[inside, :2], expected[inside], atol=0.0051)
        assert not rows[~inside].any() and found["num_keypoints"] == inside.sum() and found["category_id"] == 1
        if inside.any():
            low, high = expected[inside].min(0), expected[inside].max(0)
            np.testing.assert_allclose(found["bbox"], [*low, *(high - low)], atol=0.0051)
    solid = json.loads((out / "keypoints3d.json").read_text())
    assert len(solid["categories"][0]["keypoints"]) == 22
    for found in solid["annotations"]:
        expected = truth["keypoints3d"]["joints3d"][found["track_id"], found["image_id"]]
        np.testing.assert_allclose(np.array(found["keypoints3d"]).reshape(22, 3), expected, atol=6e-6)


def test_one_film_shows_all_in_step(out: Path, seen: np.ndarray) -> None:
    with av.open(str(out / "side-by-side.mp4")) as film:
        stream = film.streams.video[0]
        frames = list(film.decode(stream))
    assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
    np.testing.assert_allclose([f.time for f in frames], [float(t) for t in TIMES], atol=1e-4)
    columns, (height, width) = panel_layout(1 + len(OPTIONS), (37, 51))
    shown = frames[4].to_ndarray(format="rgb24")[26 : 26 + height, 4 : 4 + width]
    expected = Image.fromarray(seen[4]).resize((width, height), Image.Resampling.BILINEAR)
    assert np.abs(shown.astype(int) - np.asarray(expected)).mean() < 6
    assert columns * (width + 4) + 4 in (frames[0].width, frames[0].width - 1)
    rows = (out / "times.csv").read_text().splitlines()
    assert rows[0] == "frame,seconds" and rows[5] == "4,0.600000" and len(rows) == 12


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize("size", [(480, 832), (1920, 1080), (64, 96), (2160, 3840)])
def test_panels_fit_a_screen(count: int, size: tuple[int, int]) -> None:
    columns, (height, width) = panel_layout(count, size)
    rows = -(-count // columns)
    assert columns * (width + 4) <= 1924 and rows * (height + 26) <= 1084
    assert width / height == pytest.approx(size[1] / size[0], rel=0.02)
    assert height <= max(size[0], 240 * size[0] / min(size))


def test_other_formats(predictor: Predictor, folder: Path, video: Path, truth: dict, tmp_path: Path) -> None:
    tasks = ["depth", "matte", "parts", "keypoints2d"]
    formats = Formats(depth="exr", matte="png", arrays=False)
    list(predict(predictor, folder, [str(video)], tmp_path / "a", tasks, formats))
    found = tmp_path / "a" / "walk"
    assert {path.name for path in found.glob("*.npz")} == {"keypoints2d.npz"}
    depth = OpenEXR.File(str(found / "depth/000007.exr")).channels()["Z"].pixels
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth, truth["depth"]["depth"][7])
    cut_out = np.asarray(Image.open(found / "matte/000007.png"))
    assert np.abs(cut_out[..., 3] / 255 - truth["matte"]["matte"][7]).max() < 0.51 / 255
    list(predict(predictor, folder, [str(video)], tmp_path / "b", ["depth"], Formats(depth="npz")))
    with np.load(tmp_path / "b/walk/depth.npz") as stored:
        np.testing.assert_array_equal(stored["depth"], truth["depth"]["depth"])


class Albedo(DenseTask):
    """A task that nobody here has heard of: a colour and a mask."""

    name, default_prompt, fields, headline = "albedo", "Input: RGB. Output: Albedo.", ("albedo", "lit"), ("mse", False)

    def encode(self, labels):
        return {"target": labels["albedo"], "valid": labels["lit"]}

    def decode(self, answer):
        return {"albedo": np.clip(answer, 0, 1), "lit": answer.mean(-1) > 0.5}

    def measure(self, prediction, labels):
        return {}

    def summarise(self, total):
        return {}

    def metrics(self):
        return {}

    def protocol(self):
        return ""


def test_a_new_task_is_written_without_a_word_about_it(
    video: Path, seen: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "albedo", Albedo)
    folder = save_tiny(tmp_path / "model", {"albedo": {}})
    predictor = Predictor.from_pretrained(folder, device="cpu")
    (outcome,) = predict(predictor, folder, [str(video)], tmp_path / "out")
    assert not outcome.message
    truth = predictor(seen)["albedo"]
    assert truth["albedo"].shape == (11, 37, 51, 3) and truth["lit"].dtype == bool
    for field, value in truth.items():
        with np.load(outcome.folder / f"albedo-{field}.npz") as stored:
            np.testing.assert_array_equal(stored[field], value)
    picture = np.asarray(Image.open(outcome.folder / "albedo/000005.png"))
    np.testing.assert_array_equal(picture, np.round(truth["albedo"][5] * 255))


def test_the_film_alone(predictor: Predictor, folder: Path, video: Path, tmp_path: Path) -> None:
    (outcome,) = predict(predictor, folder, [str(video)], tmp_path, None, Formats(film_only=True))
    assert {path.name for path in outcome.folder.iterdir()} == {"side-by-side.mp4", "times.csv", "predict.json"}


def test_a_picture_gets_pictures(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    Image.fromarray(moving(1, 30, 50)[0]).save(tmp_path / "photo.png")
    (outcome,) = predict(predictor, folder, [str(tmp_path / "photo.png")], tmp_path / "out")
    assert outcome.frames == 1 and not outcome.message
    names = {str(path.relative_to(outcome.folder)) for path in outcome.folder.rglob("*") if path.is_file()}
    assert {"side-by-side.png", "matte/000000.png", "depth/000000.png", "keypoints2d.json"} <= names
    assert not any(name.endswith((".mp4", ".mov")) for name in names)


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_what_is_finished_is_not_done_again(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    video, other = (write_video(tmp_path / f"{n}.mp4", moving(5, 24, 32, seed)) for n, seed in (("a", 0), ("b", 1)))
    out = tmp_path / "out"

    def run(*tasks: str, model: Path = folder, videos=(video, other)) -> list[bool]:
        return [o.new for o in predict(predictor, model, [str(v) for v in videos], out, list(tasks))]

    assert run("matte", videos=[video]) == [True]
    before = stamps(out)
    assert run("matte") == [False, True]
    assert {k: v for k, v in stamps(out).items() if k in before} == before
    assert run("matte", "depth") == [True, True] and (out / "a/depth").is_dir()
    assert run("matte") == [True, True] and not (out / "a/depth").exists()  # nothing of another request remains
    write_video(video, moving(7, 24, 32, 2))
    assert run("matte") == [True, False]
    assert json.loads((out / "a/predict.json").read_text())["frames"] == 7
    another = save_tiny(tmp_path / "another", seed=1)
    assert run("matte", model=another) == [True, True]
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]


def test_one_bad_video_does_not_stop_the_others(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    good = write_video(tmp_path / "good.mp4", moving(5, 24, 32))
    bad = spoil(write_video(tmp_path / "bad.mp4", moving(60, 48, 64), pixels="yuv420p"))
    videos = [str(bad), str(tmp_path / "none.mp4"), str(good)]
    broken, missing, fine = predict(predictor, folder, videos, tmp_path / "out", ["matte"])
    assert broken.frames is None and "bad.mp4 cannot be read beyond frame" in broken.message
    assert missing.frames is None and "none.mp4 does not exist" in missing.message
    assert fine.frames == 5
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good"]


def test_a_film_that_was_cut_off_is_answered_and_said_so(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", moving(60, 48, 64), codec="mjpeg", pixels="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (outcome,) = predict(predictor, folder, [str(path)], tmp_path / "out", ["matte"])
    assert outcome.message == f"{outcome.frames} of 60 announced frames could be read; it may be cut off"
    path = write_video(tmp_path / "b.mkv", moving(60, 48, 64))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (outcome,) = predict(predictor, folder, [str(path)], tmp_path / "out", ["matte"])
    end = [float(picture.time) for picture in read(open_source(path))][-1] + 1 / 25
    assert 0.5 < end < 2
    assert outcome.message == f"{end:.1f} of 2.4 announced seconds could be read; it may be cut off"


def test_an_interrupted_video_leaves_nothing_and_finished_ones_stay(
    predictor: Predictor, folder: Path, tmp_path: Path
) -> None:
    videos = [str(write_video(tmp_path / f"{n}.mp4", moving(20, 24, 32))) for n in "ab"]

    def interrupt(video: str, done: int, total: int | None) -> None:
        if video == videos[1] and done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(predict(predictor, folder, videos, tmp_path / "out", ["matte"], progress=interrupt))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    (tmp_path / "out" / ".b.part").mkdir()  # as a killed process leaves it
    assert [o.new for o in predict(predictor, folder, videos, tmp_path / "out", ["matte"])] == [False, True]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b"]


def test_what_others_wrote_is_never_replaced(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "walk.mp4", moving(5, 24, 32))
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "mine.txt").write_text("mine")
    (outcome,) = predict(predictor, folder, [str(video)], tmp_path, ["matte"])
    assert "was not written by predict: name another --out" in outcome.message
    assert (tmp_path / "walk" / "mine.txt").read_text() == "mine"
    (tmp_path / "elsewhere").mkdir()
    twin = write_video(tmp_path / "elsewhere" / "walk.mp4", moving(5, 24, 32, seed=1))
    list(predict(predictor, folder, [str(video)], tmp_path / "out", ["matte"]))
    (outcome,) = predict(predictor, folder, [str(twin)], tmp_path / "out", ["matte"])
    assert outcome.frames is None and f"holds answers about {video}" in outcome.message


def test_names_of_folders(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert list(named_folders(["x/a.mp4", "b.v2.mov", "x/a.mp4"], out).values()) == [out / "a", out / "b.v2"]
    assert list(named_folders(["a.mp4", "a.mov"], out).values()) == [out / "a_mp4", out / "a_mov"]
    assert list(named_folders(["a.mp4", "./a.mp4"], out)) == ["a.mp4"]
    with pytest.raises(ThfmError, match="x/a.mp4 and y/a.mp4 would both be"):
        named_folders(["x/a.mp4", "y/a.mp4"], out)


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)], env={"COLUMNS": "400"})


def test_the_command(folder: Path, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "notes.mp4").write_text("no film")
    arguments = [folder.parent, video, tmp_path / "notes.mp4", "--tasks", "depth, keypoints2d", "--out", out]
    first = command(*arguments, "--depth", "npz", "--device", "cpu")
    assert first.exit_code == 1
    assert f"{video}: 11 frames, {out}/walk" in first.stdout
    (line,) = first.stderr.strip().splitlines()
    assert line.startswith("error: ") and "notes.mp4 cannot be read at its start" in line
    assert {path.name for path in (out / "walk").iterdir()} == {
        "depth.npz", "keypoints2d.json", "keypoints2d.npz", "side-by-side.mp4", "times.csv", "predict.json",
    }  # fmt: skip
    again = command(folder.parent, video, "--tasks", "depth,keypoints2d", "--out", out, "--depth", "npz")
    assert again.exit_code == 0 and "11 frames, finished before" in again.stdout and not again.stderr
    for wrong, message in (
        (["--tasks", "deep"], "knows no task 'deep'"),
        (["--tasks", ","], "no task is named; the model knows depth, normals"),
        (["--depth", "tiff"], "--depth tiff: write png or exr or npz"),
        (["--size", "big"], "--size big: write height x width"),
        (["--dtype", "int8"], "'int8' is no dtype"),
    ):
        failed = command(folder.parent, video, "--out", out, *wrong)
        assert failed.exit_code == 1 and failed.stderr.startswith("error: ") and message in failed.stderr


def test_a_time_of_day_in_the_name_of_a_folder(
    predictor: Predictor, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands before a colon is a protocol to FFmpeg."""
    monkeypatch.chdir(tmp_path)
    video = write_video(tmp_path / "12:30 walk.mp4", moving(3, 24, 32))
    (outcome,) = predict(predictor, folder, [video.name], Path("10:15"), ["matte"])
    assert outcome.frames == 3 and {"matte.mov", "side-by-side.mp4"} <= {p.name for p in outcome.folder.iterdir()}


def test_impossible_rates_are_usage_errors(folder: Path, tmp_path: Path) -> None:
    for rate in ("inf", "nan", "0"):
        found = command(folder, tmp_path, "--out", tmp_path / "out", "--fps", rate)
        assert found.exit_code == 2 and "--fps" in found.stderr


def test_a_folder_that_may_not_be_read_does_not_stop_the_others(
    predictor: Predictor, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, secret = write_video(tmp_path / "good.mp4", moving(3, 24, 32)), tmp_path / "secret"
    secret.mkdir()
    listed = Path.iterdir

    def refuse(path: Path):
        """What the system does to all but the superuser, who may be running this."""
        if path == secret:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    refused, fine = predict(predictor, folder, [str(secret), str(good)], tmp_path / "out", ["matte"])
    assert refused.frames is None and refused.message.startswith(f"{secret} cannot be read (Permission denied): ")
    assert fine.frames == 3


def test_names_that_are_no_text(folder: Path, tmp_path: Path) -> None:
    """File systems take any bytes for a name; standard output does not."""
    name = os.fsdecode(b"caf\xe9.mp4")
    video = write_video(tmp_path / "a.mp4", moving(2, 24, 32)).rename(tmp_path / name)
    program = "from train.cli import main; main()"
    arguments = ["predict", folder, video, "--tasks", "depth", "--device", "cpu", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "2 frames" in done.stdout and (tmp_path / "out" / os.fsdecode(b"caf\xe9") / "depth").is_dir()


def test_a_full_disk_is_named_and_finished_work_is_kept(folder: Path, tmp_path: Path) -> None:
    """No file may grow beyond a limit, which is what a full disk looks like to a writer."""
    small, large = (write_video(tmp_path / f"{n}.mp4", moving(t, 96, 96)) for n, t in (("small", 2), ("large", 40)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        found = command(folder, small, large, "--tasks", "normals", "--device", "cpu", "--out", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.exit_code == 1
    (line,) = found.stderr.strip().splitlines()
    assert "large cannot be written (File too large): make room" in line
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small"]
