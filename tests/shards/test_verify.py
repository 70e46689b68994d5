"""Every kind of damage gives a line that names shard, clip and field; a sound data set gives none."""

from __future__ import annotations

import json
import tarfile

import numpy as np
import pytest

from synth import shards
from synth.conventions import PART_NAMES
from synth.shards import tars
from synth.shards.verify import verify_members


def lines(url) -> list[str]:
    return [str(fault) for fault in shards.verify(url)]


def rewrite(root, change) -> None:
    """Rewrite the first shard with ``change(key, members) -> members`` and put its new checksum into the manifest."""
    path = root / "shard-000000.tar"
    with open(path, "rb") as file:
        clips = [(key, change(key, dict(members))) for key, members in tars.read_tar(file, path)]
    record = shards.write_shard(root, "shard-000000", clips)
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["shards"][0]["sha256"] = record["sha256"]
    (root / "manifest.json").write_text(json.dumps(manifest))


def test_sound_data_set_has_no_fault(data_set):
    assert lines(data_set) == lines(str(data_set)) == lines(data_set / "shard-000000.tar") == []


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_flipped_bit(data_set, part):
    path = data_set / "shard-000001.tar"
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        member = tar.getmembers()[int(part * 16) + 1]
    data[member.offset_data + member.size // 2] ^= 4
    path.write_bytes(data)
    found = lines(data_set)
    assert found[0] == f"{path}: sha256 differs from the manifest"
    key, name, _ = member.name.split(".")
    assert len(found) == 2 and found[1].startswith(f"{path}: {key}: {name}: cannot be decoded")


def test_missing_member(data_set):
    rewrite(data_set, lambda key, members: {n: d for n, d in members.items() if n != "matte.mkv"})
    assert lines(data_set) == [f"{data_set}/shard-000000.tar: {key}: matte: is missing" for key in ("000000", "000001")]


def test_truncated_tar(data_set):
    path = data_set / "shard-000000.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    found = lines(data_set)
    assert any("sha256 differs" in line for line in found)
    assert any("shard-000000.tar" in line and "truncated or damaged at 000001." in line for line in found)
    assert any("000001: is in the manifest, not in the shard" in line for line in found)
    assert not any("000002" in line for line in found)


def test_missing_and_stray_shards(data_set):
    (data_set / "shard-000001.tar").rename(data_set / "shard-000007.tar")
    found = lines(data_set)
    assert f"{data_set}/shard-000007.tar: is not in the manifest" in found
    assert any("shard-000001.tar" in line and "does not exist" in line for line in found)
    (data_set / "manifest.json").unlink()
    assert len(lines(data_set)) == 1 and "no manifest.json" in lines(data_set)[0]


def test_wrong_contents_behind_right_checksums(members, clip_arrays):
    def faults(**changed) -> list[str]:
        own = shards.encode_clip("000000", 24.0, clip_arrays | changed, {})
        return [str(f) for f in verify_members("s.tar", "000000", own, list(shards.FIELDS))]

    assert faults() == []
    limit = len(PART_NAMES) - 1
    assert faults(parts=np.full_like(clip_arrays["parts"], 200)) == [
        f"s.tar: 000000: parts: holds the value 200, above {limit}"
    ]
    assert faults(instances=clip_arrays["instances"] + 1) == ["s.tar: 000000: instances: holds the value 3, above 2"]
    camera = clip_arrays["intrinsics"].copy()
    camera[0, 0, 0] = np.nan
    assert faults(intrinsics=camera) == ["s.tar: 000000: intrinsics: holds NaN or infinity"]
    points = clip_arrays["keypoints2d"].copy()
    points[0, 0, 0] = np.nan  # a joint behind the camera
    assert faults(keypoints2d=points) == []
    points[0, 0, 0] = np.inf
    assert faults(keypoints2d=points) == ["s.tar: 000000: keypoints2d: holds infinity"]
    assert faults(smplx=[clip_arrays["smplx"][0], {}]) == ["s.tar: 000000: smplx: person 2 has no arrays"]


def test_wrong_shape_or_dtype_of_a_stored_array(members, clip_arrays):
    shorter = shards.encode_clip("000000", 24.0, {"joints3d": clip_arrays["joints3d"][:, :3]}, {})
    header = json.loads(members["meta.json"])
    header["storage"]["joints3d"] = json.loads(shorter["meta.json"])["storage"]["joints3d"]
    mixed = members | {"joints3d.npy": shorter["joints3d.npy"], "meta.json": json.dumps(header).encode()}
    found = [str(f) for f in verify_members("s.tar", "000000", mixed, list(shards.FIELDS))]
    assert found == ["s.tar: 000000: joints3d: shape is (2, 3, 144, 3), not (2, 5, 144, 3)"]
    found = [str(f) for f in verify_members("s.tar", "000009", members | {"x.pickle": b""}, list(shards.FIELDS))]
    assert found == [
        "s.tar: 000009: x.pickle: is no member of the format",
        "s.tar: 000009: meta: says that it belongs to clip 000000",
    ]
