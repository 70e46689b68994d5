"""Folders of motions, as AMASS has them: what is in them, scanned once."""

import json

import numpy as np
import pytest

from synth.bodies import motion_index
from synth.bodies.actions import action_of, read_table
from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.bodies.kinematics import default_body
from synth.bodies.motion import FIELDS, Motion
from synth.bodies.motion_index import index_folder
from synth.bodies.movement import person_motion
from synth.conventions import ThfmError
from synth.spec.config import MotionConfig, SpecConfig, VideoConfig
from synth.spec.model import MotionSpec
from synth.spec.sample import sample_clip


def amass(path, frames, fps=120.0, key="mocap_framerate", width=156):
    """A file as AMASS writes it: somebody in the rest pose whose pelvis moves a little."""
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = np.zeros((frames, width))
    poses[:, 0] = np.pi / 2
    poses[:, 3] = 0.1 * np.sin(np.arange(frames) / fps)
    np.savez(
        path, poses=poses, trans=np.tile([0.0, 0.0, 0.95], (frames, 1)), betas=np.zeros(16), gender="male",
        dmpls=np.zeros((frames, 8)), **{key: np.array(fps)},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """AMASS' layout in small: subset/subject/motion, SMPL-H and SMPL-X files, and the shapes that lie beside them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "amass"
    amass(root / "CMU" / "01" / "01_01_poses.npz", 601)
    amass(root / "KIT" / "3" / "walking_slow08_poses.npz", 1201, 100.0)
    amass(root / "KIT" / "3" / "WalkInClockwiseCircle_stageii.npz", 361, 120.0, "mocap_frame_rate", 165)
    amass(root / "DanceDB" / "Sophie" / "Sophie_Salsa_C3D_poses.npz", 2401)
    amass(root / "EyesJapanDataset" / "kudo" / "jump-04-gallop_poses.npz", 240)
    np.savez(root / "CMU" / "01" / "shape.npz", betas=np.zeros(16), gender="male")
    np.savez(root / "KIT" / "3" / "neutral_stagei.npz", betas=np.zeros(16))
    (root / "KIT" / "3" / "broken_poses.npz").write_bytes(b"PK\x03\x04 not a zip")
    return root


def sound(folder):
    return {m.name: m for m in index_folder(folder) if not m.fault}


def test_names_lengths_and_actions(folder):
    found, faults = sound(folder), [m.fault for m in index_folder(folder) if m.fault]
    assert set(found) == {
        "CMU/01/01_01_poses", "KIT/3/walking_slow08_poses", "KIT/3/WalkInClockwiseCircle_stageii",
        "DanceDB/Sophie/Sophie_Salsa_C3D_poses", "EyesJapanDataset/kudo/jump-04-gallop_poses",
    }  # fmt: skip
    assert found["CMU/01/01_01_poses"].seconds == pytest.approx(5.0)
    assert found["KIT/3/walking_slow08_poses"].seconds == pytest.approx(12.0)
    assert found["KIT/3/WalkInClockwiseCircle_stageii"].seconds == pytest.approx(3.0)
    assert len(faults) == 1 and "broken_poses.npz" in faults[0]
    library = load_library(BodiesConfig(motion_folders=(folder,), synthesised=False))
    assert library.motion_files.keys() == found.keys() and library.left_out == tuple(faults)
    assert {m.name.split("/")[0]: m.action for m in library.catalogue.motions} == {
        "CMU": "other", "KIT": "walk", "DanceDB": "dance", "EyesJapanDataset": "jump",
    }  # fmt: skip


def test_a_folder_is_scanned_once_and_changes_are_noticed(folder, monkeypatch):
    first = index_folder(folder)
    opened = []
    original = motion_index.seconds_of
    monkeypatch.setattr(motion_index, "seconds_of", lambda path: opened.append(path.name) or original(path))
    assert index_folder(folder) == first and opened == []
    amass(folder / "CMU" / "01" / "01_01_poses.npz", 1201)
    amass(folder / "CMU" / "02" / "02_03_poses.npz", 121)
    (folder / "DanceDB" / "Sophie" / "Sophie_Salsa_C3D_poses.npz").unlink()
    again = sound(folder)
    assert sorted(opened) == ["01_01_poses.npz", "02_03_poses.npz"]
    assert again["CMU/01/01_01_poses"].seconds == pytest.approx(10.0)
    assert "DanceDB/Sophie/Sophie_Salsa_C3D_poses" not in again and len(again) == 5
    opened.clear()
    for cache in (folder.parent / "cache" / "thfm" / "motions").glob("*.json"):
        cache.write_text(json.dumps({"format": "of another time"}))
    assert sound(folder) == again and len(opened) == 6


def test_a_home_that_cannot_be_written_costs_another_scan_and_nothing_else(folder, monkeypatch):
    (folder.parent / "full").write_text("a file where the cache wants a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "full"))
    assert len(sound(folder)) == 5


def test_what_is_damaged_or_no_file_is_left_out(folder):
    whole = (folder / "CMU" / "01" / "01_01_poses.npz").read_bytes()
    place = folder / "KIT" / "4"
    (place / "folder.npz").mkdir(parents=True)
    (place / "nowhere.npz").symlink_to(place / "gone")
    amass(place / "packed.npz", 50)
    with np.load(place / "packed.npz") as arrays:
        np.savez_compressed(place / "packed.npz", **arrays)
    packed = bytearray((place / "packed.npz").read_bytes())
    start = packed.find(b"poses.npy") + len(b"poses.npy") + 20
    packed[start : start + 40] = bytes(range(40))  # no longer what zlib can unpack
    (place / "packed.npz").write_bytes(packed)
    (place / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(
        place / "rates.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)), mocap_framerate=np.array([30.0, 60.0])
    )
    faults = {m.name: m.fault for m in index_folder(folder) if m.fault}
    assert set(faults) == {"KIT/3/broken_poses", "KIT/4/packed", "KIT/4/cut", "KIT/4/rates"}
    assert all(f"{name}.npz" in fault for name, fault in faults.items())


def test_two_files_of_one_name_are_refused(folder):
    amass(folder / "SFU" / "01" / "01_01_poses.npz", 240)
    with pytest.raises(ThfmError, match="CMU/01/01_01_poses.npz and .*SFU/01/01_01_poses.npz are both called"):
        load_library(BodiesConfig(motion_folders=(folder / "CMU", folder / "SFU"), synthesised=False))
    together = load_library(BodiesConfig(motion_folders=(folder,), synthesised=False))
    assert {"CMU/01/01_01_poses", "SFU/01/01_01_poses"} <= together.motion_files.keys()


def test_lengths_are_those_of_the_motion_when_it_is_read(folder):
    from synth.bodies.motion_io import read_motion

    for entry in sound(folder).values():
        assert entry.seconds == pytest.approx(read_motion(folder / entry.file).duration, abs=1e-3)


def test_clips_are_sampled_in_balance_and_made(folder):
    library = load_library(BodiesConfig(motion_folders=(folder,), synthesised=False))
    config = SpecConfig(video=VideoConfig(frames=24, width=64, height=64), motion=MotionConfig(splice=0.0))
    names = [sample_clip(config, library.catalogue, 5, k).people[0].motion.name for k in range(400)]
    shares = {action: sum(n.startswith(action) for n in names) / 400 for action in ("CMU", "KIT", "DanceDB", "Eyes")}
    assert 0.2 < shares["KIT"] < 0.45  # 15 s of 42
    assert 0.25 < shares["DanceDB"] < 0.55  # 20 s
    assert shares["CMU"] > 0.06 and shares["Eyes"] > 0.01
    spec = MotionSpec(name="KIT/3/walking_slow08_poses", start=1.0)
    motion = person_motion(spec, library.motion_files, default_body(), 26, 24.0)
    assert isinstance(motion, Motion) and len(motion) == 26
    assert all(np.isfinite(getattr(motion, field)).all() for field in FIELDS)


def test_a_table_says_what_motions_show(folder, tmp_path):
    table = tmp_path / "babel.csv"
    table.write_text(
        "file,action,start,end\n"
        "CMU/01/01_01_poses.npz,climb,0,2.5\nCMU/01/01_01_poses.npz,swing,2.5,9\nKIT/3/walking_slow08_poses,limp,,\n"
    )
    config = BodiesConfig(motion_folders=(folder,), motion_actions=table, synthesised=False)
    entries = load_library(config).catalogue.motions
    parts = {(m.name, m.action): m.segments for m in entries}
    assert parts["CMU/01/01_01_poses", "climb"] == ((0.0, 2.5),)
    assert parts["CMU/01/01_01_poses", "swing"] == ((2.5, 5.0),)
    assert parts["KIT/3/walking_slow08_poses", "limp"] == ((0.0, 12.0),)
    assert load_library(config).tags("CMU/01/01_01_poses", 4.0) == ("swing",)
    table.write_text("file,action,start,end\nCMU/01/01_01_poses.npz,,0,1\n")
    table.write_bytes("\ufefffile,action\r\nKIT/3/walking_slow08_poses.NPZ,limp\r\n".encode())  # as spreadsheets do
    assert read_table(table) == {"KIT/3/walking_slow08_poses": [("limp", None, None)]}
    table.write_text("file,action\n01_01_poses,climb\n")
    with pytest.raises(ThfmError, match="names no motion"):
        load_library(config)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,action,start,end\na,,0,1\n", "line 2"),
        ("file,action,start,end\na,walk,3,1\n", "line 2.*end must come after start"),
        ("file,action,start,end\na,walk,-3,\n", "line 2.*below 0"),
        ("file,action,start,end\na,walk,nan,4\n", "line 2"),
        ("file,action\nTänzer,dance\n".encode("latin-1"), "UTF-8"),
        (None, "motion_actions"),
    ],
)
def test_a_table_that_makes_no_sense_is_named(tmp_path, content, message):
    table = tmp_path / "babel.csv"
    if content is not None:
        table.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ThfmError, match=message):
        read_table(table)


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("KIT/317/turn_left05_poses", "turn"),
        ("BMLrub/rub001/0005_normal_jog1_poses", "run"),
        ("ACCAD/Male2General/A8- Crouch to Lie_poses", "crawl"),
        ("MPI_HDM05/bk/HDM_bk_03-05_01_120_poses", "other"),
        ("CMU/86/86_01_walk_jump_punch_poses", "fight"),
        ("SFU/0005/0005_Jogging001_poses", "run"),
        ("GRAB/s1/cup_drink_1_stageii", "reach"),
        ("walks/01/take_3", "walk"),
        ("TotalCapture/s1/rom3_poses", "exercise"),
        ("idle", "stand"),
    ],
)
def test_words_tell_the_action(path, action):
    assert action_of(path) == action
