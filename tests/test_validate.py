"""``validate`` accepts what the pipeline makes and names each thing that is wrong, one line a fault."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth import shards
from synth.bodies.config import assets_folder
from synth.labels import compute_labels
from synth.qa import QaConfig
from synth.validate import validate
from tests.scenes import camera_path, cast_passes, people, posed

W, H, FRAMES = 128, 96, 4
KEYS = ("00000000", "00000001")
META = {"qa": {"passed": True, "measures": {}}}


def _arrays(side: float, k1: float) -> dict:
    """A person who lifts the arms in front of a moving camera with a lens."""
    samples = [
        {"left_shoulder": (0, 0, 0.15 * s - 1.2), "right_shoulder": (0, 0, 1.2 - 0.1 * s), "neck": (0, 0.05 * s, 0)}
        for s in range(FRAMES + 2)
    ]
    eyes = [(side + 0.03 * s, -2.9, 1.3) for s in range(FRAMES + 2)]
    cameras = camera_path(eyes, [(0, 0, 0.9)] * (FRAMES + 2), W, H, 32)
    geometry = people(posed(samples), cameras=replace(cameras, distortion=np.array([k1, 0, 0, 0, 0])))
    passes = cast_passes(geometry, W, H)
    made = {"rgb": passes.rgb, "matte": passes.matte, "smplx": list(geometry.smplx)}
    return compute_labels(geometry, passes) | made


@pytest.fixture(scope="module")
def arrays() -> dict[str, dict]:
    return {key: _arrays(*how) for key, how in zip(KEYS, ((-0.8, 0.0), (0.6, -0.15)), strict=True)}


def _write(root: Path, arrays: dict[str, dict], meta: dict = META) -> Path:
    for key, fields in arrays.items():
        shards.stage_clip(root, key, shards.encode_clip(key, 24.0, fields, meta))
    shards.assemble_shard(root, "shard-000000", list(arrays))
    shards.build_manifest(root, {"qa": QaConfig().model_dump(mode="json")})
    return root


@pytest.fixture(scope="module")
def sound(arrays, tmp_path_factory) -> Path:
    return _write(tmp_path_factory.mktemp("sound") / "set", arrays)


@pytest.fixture
def damaged(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "set"))


def _changed(arrays: dict[str, dict], root: Path, meta: dict = META, **fields) -> list[str]:
    """The faults of a data set of one clip with other fields, written anew, so that all checksums are right."""
    return list(validate(_write(root, {KEYS[0]: arrays[KEYS[0]] | fields}, meta)))


def test_a_sound_data_set_has_no_fault(sound):
    seen = []
    assert list(validate(sound, progress=seen.append)) == []
    assert seen == [1, 2]
    assert list(validate(sound / "shard-000000.tar")) == []


def test_a_flipped_bit(damaged):
    path = damaged / "shard-000000.tar"
    data = bytearray(path.read_bytes())
    data[data.index(b"depth.mkv") + 5000] ^= 4
    path.write_bytes(data)
    lines = list(validate(damaged))
    assert any("sha256" in line for line in lines)
    assert any("depth" in line and KEYS[0] in line for line in lines)
    assert all("\n" not in line and str(damaged) in line for line in lines)


def test_a_missing_member(arrays, tmp_path):
    fields = {k: v for k, v in arrays[KEYS[0]].items() if k != "normals"}
    (line,) = validate(_write(tmp_path / "set", {KEYS[0]: fields}))
    assert "normals" in line and KEYS[0] in line


def test_labels_alone_are_sound_where_no_colour_was_wanted(arrays, tmp_path):
    fields = {k: v for k, v in arrays[KEYS[0]].items() if k != "rgb"}
    meant = META | {"render": {"colour": False}}
    assert list(validate(_write(tmp_path / "meant", {KEYS[0]: fields}, meant))) == []
    (line,) = validate(_write(tmp_path / "lost", {KEYS[0]: fields}))
    assert "without rgb" in line and KEYS[0] in line


def test_a_truncated_tar(damaged):
    path = damaged / "shard-000000.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    lines = list(validate(damaged))
    assert any("truncated" in line for line in lines)
    assert any(KEYS[1] in line and "not in the shard" in line for line in lines)


def test_no_data_set_at_all(tmp_path):
    (line,) = validate(tmp_path / "nowhere")
    assert "manifest.json" in line


def test_a_camera_that_stands_elsewhere(arrays, tmp_path):
    poses = arrays[KEYS[0]]["world_to_camera"].copy()
    poses[2, 0, 3] += 0.02
    lines = _changed(arrays, tmp_path / "set", world_to_camera=poses)
    assert any("joints3d lies 0.02 m" in line and "frame 2" in line for line in lines)
    assert any("static_flow" in line for line in lines)


def test_a_camera_with_another_focal_length(arrays, tmp_path):
    k = arrays[KEYS[0]]["intrinsics"].copy()
    k[:, [0, 1], [0, 1]] *= 1.03
    lines = _changed(arrays, tmp_path / "set", intrinsics=k)
    assert any("keypoints:" in line for line in lines)
    assert any("skin_on_body:" in line for line in lines)


def test_a_lens_that_was_not_there(arrays, tmp_path):
    lens = np.tile([-0.15, 0, 0, 0, 0], (FRAMES, 1))
    lines = _changed(arrays, tmp_path / "set", distortion=lens)
    for check in ("keypoints:", "static_flow_forward:"):
        assert any(check in line for line in lines)


def test_older_data_sets_have_no_lens(arrays, tmp_path):
    older = {KEYS[0]: {name: array for name, array in arrays[KEYS[0]].items() if name != "distortion"}}
    assert list(validate(_write(tmp_path / "set", older))) == []


@pytest.mark.parametrize("name", ["betas", "body_pose", "global_orient", "transl", "left_hand_pose", "expression"])
def test_a_body_that_is_another(arrays, tmp_path, name):
    (person,) = arrays[KEYS[0]]["smplx"]
    other = person | {name: person[name] + np.float32(0.3)}
    lines = _changed(arrays, tmp_path / "set", smplx=[other])
    assert any("person 1: joints3d lies" in line for line in lines)


def test_depth_of_another_scale(arrays, tmp_path):
    lines = _changed(arrays, tmp_path / "set", depth=arrays[KEYS[0]]["depth"] * np.float32(1.01))
    assert any("skin_on_body" in line for line in lines)


def test_a_clip_that_never_passed(arrays, tmp_path):
    (line,) = _changed(arrays, tmp_path / "set", meta={"qa": {"passed": False}})
    assert "passed" in line and KEYS[0] in line


def test_a_body_model_that_is_not_here(arrays, tmp_path, sound, monkeypatch):
    (person,) = arrays[KEYS[0]]["smplx"]
    stranger = person | {"body_model": np.array("SMPLX_FEMALE.npz:0123456789abcdef")}
    (line,) = _changed(arrays, tmp_path / "set", smplx=[stranger])
    assert "0123456789abcdef" in line and "name the folder" in line
    # With the open bodies gone, a folder given by the user is found; without it the line says so.
    bodies = assets_folder() / "bodies"
    monkeypatch.setenv("THFM_ASSETS", str(tmp_path / "no assets"))
    assert all("no model of this gender" in line for line in validate(sound))
    assert list(validate(sound, models=[bodies])) == []


def test_limits_come_from_the_manifest_unless_given(damaged):
    path = damaged / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["config"]["qa"]["person_share"] = 0.9
    path.write_text(json.dumps(manifest))
    assert list(validate(damaged, config=QaConfig())) == []
    lines = list(validate(damaged))
    assert len(lines) == 2 and all("person_pixels" in line for line in lines)


def test_the_command_exits_with_one_on_faults(damaged):
    (damaged / "shard-000000.tar").unlink()
    command = [sys.executable, "-m", "synth.cli", "validate", str(damaged)]
    failed = subprocess.run(command, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "shard-000000.tar" in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
