"""Each adapter on a small folder of the true layout: what it finds, what a perfect and a known wrong answer score."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from synth.conventions import ThfmError
from tests.train.benchmarks.miniatures import MAKERS, make_emdb, make_hi4d, make_sintel, make_videomatte, picture
from tests.train.inference.saved import save_tiny
from train.benchmarks import BENCHMARKS, Request, benchmark
from train.benchmarks.files import read_alpha
from train.benchmarks.row import to_plain, to_table
from train.cli import app
from train.inference.evaluate import Judged, evaluate
from train.inference.report import report_of
from train.inference.results import Results
from train.tasks import build_tasks, with_extras

OPTIONS = {"keypoints3d": {"joints": "smplx55"}}  # hands too, for the 24 joints of SMPL


def judges(name: str) -> dict:
    return build_tasks({task: {**OPTIONS.get(task, {}), **o} for task, o in BENCHMARKS[name].tasks.items()})


def score(name: str, cases, folder: Path, wrong=lambda answers: answers) -> dict[str, float]:
    """The row of an answer that is the truth, or what ``wrong`` makes of it."""
    tasks, number = judges(name), iter(cases)

    def answer(video, names, *, fps=None):
        case = next(number)
        labels = with_extras(case.labels(case.fields), video, fps)
        found = {}
        for key in names:
            target = tasks[key].encode(labels)["target"]
            sparse = tasks[key].sparse
            found[key] = tasks[key].decode(target, *video.shape[1:3]) if sparse else tasks[key].decode(target)
        return wrong(found)

    judged = evaluate(answer, tasks, cases, Results(folder, {}))
    assert not judged.failed and not judged.unlabelled
    plain = to_plain(BENCHMARKS[name], report_of(judged, name, {}))
    return plain["row"]


@pytest.mark.parametrize("name", MAKERS)
def test_an_adapter_finds_the_clips_and_their_labels(name: str, tmp_path: Path) -> None:
    truth, companions = MAKERS[name](tmp_path / "data")
    cases = benchmark(name).open(Request(tmp_path / "data", companions))
    assert [case.key for case in cases] == list(truth)
    for case in cases:
        rgb, expected = case.rgb(), truth[case.key]
        for field, value in expected.items():
            assert field in case.fields
            found = case.labels([field])[field]
            assert found.shape == value.shape and found.dtype == np.float32
            known = np.isfinite(value)
            if name == "hi4d":  # a ball of triangles; its outline is the ball's to a pixel
                both = known & np.isfinite(found)
                assert both.sum() > 0.97 * known.sum() and known.sum() > 2000
                cosine = (found * np.where(known, value, 0)).sum(-1)[both[..., 0]]
                assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 0.6
                continue
            np.testing.assert_array_equal(np.isfinite(found), known)
            np.testing.assert_allclose(found[known], value[known], rtol=1e-5, atol=2e-5)
            if field != "joints3d":
                assert rgb.shape[:3] == value.shape[:3]
            else:
                assert len(rgb) == value.shape[1]
        assert rgb.dtype == np.uint8 and rgb.shape[-1] == 3 and rgb.std() > 5


@pytest.mark.parametrize("name", MAKERS)
def test_the_truth_as_answer_has_a_perfect_row(name: str, tmp_path: Path) -> None:
    _, companions = MAKERS[name](tmp_path / "data")
    cases = benchmark(name).open(Request(tmp_path / "data", companions))
    row = score(name, cases, tmp_path / "out")
    assert list(row) == [column.heading for column in BENCHMARKS[name].columns]
    for heading, value in row.items():
        assert value == pytest.approx(100, abs=1e-3) if "↑" in heading else value < 0.1, heading


def test_errors_of_known_size_are_what_the_rows_say(tmp_path: Path) -> None:
    def turned(answers):
        normals = answers["normals"]["normals"]
        rotation = Rotation.from_rotvec(np.radians(20) * np.array([0, 0, 1]))
        # The angle that a turn by 20 degrees about the view makes depends on the normal's slope.
        return {"normals": {"normals": rotation.apply(normals.reshape(-1, 3)).reshape(normals.shape)}}

    _, companions = make_hi4d(tmp_path / "hi4d")
    cases = benchmark("hi4d").open(Request(tmp_path / "hi4d", companions))
    n = cases[0].labels(["normals"])["normals"]
    slope = 1 - n[np.isfinite(n).all(-1)][:, 2] ** 2
    expected = np.degrees(np.arccos(1 - slope * (1 - np.cos(np.radians(20)))))
    row = score("hi4d", cases, tmp_path / "out1", turned)
    assert row["mean ° ↓"] == pytest.approx(expected.mean(), abs=0.02)

    def moved(answers):
        joints = answers["keypoints3d"]["joints3d"].copy()
        joints[:, :, 1] += [0.03, 0.04, 0]  # 50 mm, one joint of 24
        return {"keypoints3d": {"joints3d": joints}}

    _, companions = make_emdb(tmp_path / "emdb")
    cases = benchmark("emdb").open(Request(tmp_path / "emdb", companions))
    row = score("emdb", cases, tmp_path / "out2", moved)
    assert row["MPJPE mm ↓"] == pytest.approx(50 / 24, rel=1e-4) and 0 < row["PA-MPJPE mm ↓"] < 50

    def placed(answers):
        joints = answers["keypoints3d"]["joints3d"] + np.float32([0.2, 0.1, -0.3])  # as a whole, its pelvis too
        joints[:, :, 4] += [0.03, 0.04, 0]  # 50 mm, one joint of 13
        return {"keypoints3d": {"joints3d": joints}}

    MAKERS["human36m"](tmp_path / "human36m")
    row = score("human36m", benchmark("human36m").open(Request(tmp_path / "human36m")), tmp_path / "out4", placed)
    assert row["MPJPE mm ↓"] == pytest.approx(50 / 13, rel=1e-4) and 0 < row["PA-MPJPE mm ↓"] < 50

    def paler(answers):
        return {"matte": {"matte": np.clip(answers["matte"]["matte"] - 0.1, 0, 1)}}

    _, companions = make_videomatte(tmp_path / "videomatte")
    cases = benchmark("videomatte").open(Request(tmp_path / "videomatte", companions))
    alpha = np.concatenate([case.labels(["matte"])["matte"] for case in cases])
    row = score("videomatte", cases, tmp_path / "out3", paler)
    assert row["MAD ↓"] == pytest.approx(1000 * np.minimum(alpha, 0.1).mean(), rel=1e-4)


def test_rows_carry_the_numbers_of_the_literature() -> None:
    published = {name: [(p.method, p.values[0]) for p in b.published] for name, b in BENCHMARKS.items()}
    assert published["hi4d"][0] == ("THFM", 11.01) and ("Sapiens", 12.14) in published["hi4d"]
    assert published["emdb"] == [("THFM", 35.2)] and published["rich"] == [("THFM", 34.7)]
    assert published["human36m"] == [("THFM", 27.7)] and published["photomatte85"][0] == ("THFM", 9.0e-4)
    for one in BENCHMARKS.values():
        judges(one.name)  # options that tasks know
        for row in one.published:
            assert len(row.values) == len(one.columns) and row.source
        for column in one.columns:
            metric = build_tasks({column.task: {}})[column.task].metrics()[column.metric]
            assert ("↑" in column.heading) == metric.larger and ("↓" in column.heading) != metric.larger


def test_long_sequences_come_in_pieces_that_are_the_whole(tmp_path: Path) -> None:
    truth, companions = make_emdb(tmp_path)
    whole = truth["P0_09_outdoor_walk"]["joints3d"]
    cases = benchmark("emdb").open(Request(tmp_path, companions, frames=4))
    assert [case.key for case in cases] == ["P0_09_outdoor_walk-00000", "P0_09_outdoor_walk-00003"]
    found = np.concatenate([case.labels(["joints3d"])["joints3d"] for case in cases], 1)
    np.testing.assert_allclose(found, whole, atol=2e-5)
    assert [len(case.rgb()) for case in cases] == [3, 3]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="'flow' is no benchmark; the benchmarks are emdb, hi4d"):
        benchmark("flow")
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, one in BENCHMARKS.items():
        with pytest.raises(ThfmError, match="is no folder: name the one that holds"):
            one.open(Request(tmp_path / "gone"))
        companions = {key: empty for key in one.companions}
        if one.companions:
            with pytest.raises(ThfmError, match=rf"{name} needs --with {next(iter(one.companions))}=PATH"):
                one.open(Request(empty))
        with pytest.raises(ThfmError, match="holds nothing of|holds no pictures"):
            one.open(Request(empty, companions))
        with pytest.raises(ThfmError, match="takes nothing named 'other'"):
            one.open(Request(empty, {**companions, "other": empty}))
    make_sintel(tmp_path / "sintel")
    (tmp_path / "sintel" / "training" / "depth" / "alley_1" / "frame_0002.dpt").unlink()
    with pytest.raises(ThfmError, match=r"alley_1/frame_0002.dpt is missing"):
        benchmark("sintel").open(Request(tmp_path / "sintel"))


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("sintel", "training/depth/alley_1/frame_0002.dpt", b"PIEH" + bytes(40)),
        ("sintel", "training/final/alley_1/frame_0002.png", b"no picture"),
        ("kitti", "val/2011_09_26_drive_0002_sync/proj_depth/groundtruth/image_02/0000000005.png", b"\x89PNG"),
        ("hi4d", "pair28/dance28/frames/mesh-f00012.obj", b"v 1 2\nf 1 2 3\n"),
        ("rich", "bodies/test/ParkingLot2_016_jump/00017/016.pkl", b"cos\nsystem\n(S'true'\ntR."),
        ("human36m", "S9/Videos/Walking 1.60457274.mp4", b"no film"),
        ("photomatte85", "0000.png", b"no picture"),
        ("videomatte", "videomatte_motion/0000/pha/0001.png", b""),
    ],
)
def test_damaged_files_are_named_when_their_clip_is_read(name: str, file: str, content: bytes, tmp_path: Path) -> None:
    _, companions = MAKERS[name](tmp_path / "data")
    (tmp_path / "data" / file).write_bytes(content)
    cases = benchmark(name).open(Request(tmp_path / "data", companions))
    with pytest.raises(ThfmError, match=Path(file).name.replace(".", r"\.")):
        for case in cases:
            case.rgb(), case.labels(case.fields)


@pytest.mark.parametrize(
    ("name", "gone", "named"),
    [
        ("hi4d", "pair28/dance28/frames", "pair28/dance28/frames holds no scan"),
        ("rich", "bodies/test/ParkingLot2_016_jump", "bodies/test/ParkingLot2_016_jump holds no body"),
        ("human36m", "S9/MyPoseFeatures", "S9/MyPoseFeatures/D3_Positions_mono holds no pose"),
        ("kitti", "2011_09_26", "0000000005.png is missing"),
        ("scannet", "scene0707_00/depth", "depth/0.png is missing"),
    ],
)
def test_pictures_whose_labels_were_not_unpacked_are_not_passed_over(
    name: str, gone: str, named: str, tmp_path: Path
) -> None:
    _, companions = MAKERS[name](tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / gone)
    with pytest.raises(ThfmError, match=named):
        benchmark(name).open(Request(tmp_path / "data", companions))


def spoiled(path: Path) -> None:
    """The second half of a file is turned over, its length kept."""
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + bytes(255 - b for b in data[half:]))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("hi4d", "pair28/dance28/cameras/rgb_cameras.npz"),
        ("emdb", "P0/09_outdoor_walk/P0_09_outdoor_walk_data.pkl"),
        ("emdb", "../models/smpl/SMPL_MALE.pkl"),
        ("rich", "scan_calibration/ParkingLot2/calibration/003.xml"),
        ("human36m", "S9/MyPoseFeatures/D3_Positions_mono/Walking 1.60457274.cdf"),
        ("scannet", "scene0707_00/depth/3.png"),
        ("nyuv2", "official_splits/test/bathroom/sync_depth_00045.png"),
    ],
)
@pytest.mark.parametrize("how", ["cut", "empty", "spoiled"])
def test_damaged_files_of_every_kind_are_named(name: str, file: str, how: str, tmp_path: Path) -> None:
    _, companions = MAKERS[name](tmp_path / "data")
    path = tmp_path / "data" / file
    if how == "spoiled":
        spoiled(path)
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if how == "cut" else b"")
    with pytest.raises(ThfmError, match=Path(file).name.replace(".", r"\.")):
        for case in benchmark(name).open(Request(tmp_path / "data", companions)):
            case.rgb(), case.labels(case.fields)


@pytest.mark.parametrize(
    "change",
    [
        {"gender": "unknown"},
        {"gender": None},
        {"good_frames_mask": np.ones(4, bool)},
        {"camera": {"extrinsics": np.eye(4)}},
        {"smpl": {"trans": np.zeros((6, 2))}},
        {"smpl": {"betas": None}},
        {"smpl": {"poses_body": np.zeros((6, 63))}},
        {"n_frames": 9},
    ],
)
def test_poses_of_emdb_that_do_not_fit_are_named_before_anything_is_judged(change: dict, tmp_path: Path) -> None:
    _, companions = make_emdb(tmp_path / "data")
    path = tmp_path / "data" / "P0" / "09_outdoor_walk" / "P0_09_outdoor_walk_data.pkl"
    content = pickle.loads(path.read_bytes())
    for key, value in change.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ThfmError, match=r"P0_09_outdoor_walk_data\.pkl is not as EMDB describes it"):
        benchmark("emdb").open(Request(tmp_path / "data", companions))


def test_folders_without_frames_are_passed_over(tmp_path: Path) -> None:
    for name in ("sintel", "kitti", "scannet", "rich", "hi4d"):
        truth, companions = MAKERS[name](tmp_path / name)
        for place in (
            "training/final/empty", "scene0708_00/color",
            "val/2011_09_26_drive_0009_sync/proj_depth/groundtruth/image_02", "images/test/ParkingLot2_016_sit/cam_00",
            "pair32/sit32/images/4",
        ):  # fmt: skip
            (tmp_path / name / place).mkdir(parents=True)
        assert [case.key for case in benchmark(name).open(Request(tmp_path / name, companions))] == list(truth)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "P", "1", "I;16"])
def test_mattes_of_every_kind_of_picture_are_shares(mode: str, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 2, (6, 8)).astype(np.uint8) * 255
    if mode != "1":
        grey[:3] = np.random.default_rng(1).integers(0, 256, (3, 8))
    picture = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(77)
    if mode == "P":
        picture = Image.fromarray(255 - grey, "P")
        picture.putpalette(np.repeat(np.arange(255, -1, -1, np.uint8), 3).tobytes())
    picture.save(tmp_path / "a.png")
    np.testing.assert_allclose(read_alpha([tmp_path / "a.png"])[0], grey / 255, atol=1e-6)


def test_a_composite_is_the_foreground_over_the_background(tmp_path: Path) -> None:
    _, companions = MAKERS["photomatte85"](tmp_path / "data")
    background = picture(companions["backgrounds"] / "a.png", 5, 40, 56)  # the picture's own size
    case = benchmark("photomatte85").open(Request(tmp_path / "data", companions))[0]
    rgba = np.asarray(Image.open(tmp_path / "data" / "0000.png")).astype(float)
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(case.rgb()[0], alpha * rgba[..., :3] + (1 - alpha) * background, atol=0.51)


def test_the_command_prints_the_row_beside_the_published_ones(tmp_path: Path) -> None:
    run = save_tiny(tmp_path / "run" / "final").parent
    _, companions = make_emdb(tmp_path / "emdb")
    command = ["benchmark", "emdb", str(tmp_path / "emdb"), "--model", str(run)]
    bare = CliRunner().invoke(app, command)
    assert bare.exit_code == 1 and "--with bodies=PATH" in bare.stderr
    done = CliRunner().invoke(app, [*command, "--with", f"bodies={companions['bodies']}"])
    assert done.exit_code == 0, done.output
    assert "35.20" in done.output and "arXiv 2603.25892" in done.output and "protocol: EMDB-1" in done.output
    plain = json.loads((run / "benchmark" / "emdb" / "row.json").read_text())
    report = json.loads((run / "benchmark" / "emdb" / "report.json").read_text())
    value = report["tasks"]["keypoints3d"]["overall"]["pa_mpjpe"]["value"]
    assert plain["row"]["PA-MPJPE mm ↓"] == value > 0
    listed = CliRunner().invoke(app, ["benchmark"])
    assert listed.exit_code == 0 and all(name in listed.output for name in BENCHMARKS)


def test_names_in_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    out = Console(file=io.StringIO(), width=200)
    out.print(to_table(benchmark("sintel"), report_of(Judged({}), "t", {}), "runs/[/red]a[bold]"))
    assert "runs/[/red]a[bold]" in out.file.getvalue()


def test_a_model_without_the_task_is_told_so(tmp_path: Path) -> None:
    run = save_tiny(tmp_path / "run" / "final", {"depth": {}}).parent
    make_videomatte(tmp_path / "data")
    done = CliRunner().invoke(app, ["benchmark", "videomatte", str(tmp_path / "data"), "--model", str(run)])
    assert done.exit_code == 1 and "the model knows no task 'matte'" in done.stderr
