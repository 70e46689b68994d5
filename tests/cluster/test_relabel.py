"""Labels are added to a data set whose colour is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from synth.shards import FIELDS, build_manifest, finished_shards, read_manifest, write_shard
from synth.shards.schema import META
from synth.shards.tars import read_tar
from tests.cluster.runs import contents
from tests.conftest import run_synth

LACKING = ("depth", "normals", "flow_forward", "keypoints2d", "smplx")


@pytest.fixture
def poorer(tiny_dataset: Path, tmp_path: Path) -> Path:
    """The data set as a version without some labels would have made it."""
    out = Path(shutil.copytree(tiny_dataset, tmp_path / "poorer"))
    manifest = read_manifest(out)
    for record in finished_shards(out):
        with open(out / record["name"], "rb") as file:
            clips = [(key, _without(members)) for key, members in read_tar(file, record["name"])]
        write_shard(out, record["name"].removesuffix(".tar"), clips, record["rejected"])
    build_manifest(out, manifest["config"], manifest["about"])
    return out


def _without(members: dict[str, bytes]) -> dict[str, bytes]:
    header = json.loads(members[META])
    for name in LACKING:
        del header["storage"][name], members[FIELDS[name].member]
    return {**members, META: json.dumps(header).encode()}


def test_labels_are_added_without_rendering_colour(tiny_dataset: Path, poorer: Path, tmp_path: Path) -> None:
    assert "depth" not in read_manifest(poorer)["fields"]
    out = tmp_path / "richer"
    done = run_synth("relabel", poorer, "--out", out)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(tiny_dataset), "as if it had been made at once"
    logs = [log.read_text(errors="replace") for log in (out / "logs").glob("*.log")]
    assert len(logs) == 3 and all("label.exr" in log and "colour.exr" not in log for log in logs)


def test_rejected_clips_stay_rejected(tmp_path: Path) -> None:
    from tests.cluster.runs import arguments

    old, new = tmp_path / "old", tmp_path / "new"
    bare = ("spec.people.clothes=false", "spec.people.hair=false", "clips=1", "qa.attempts=1", "qa.person_share=1")
    assert run_synth(*arguments(old, *bare)).returncode == 0
    done = run_synth("relabel", old, "--out", new)
    assert done.returncode == 0 and "1 rejected" in done.stdout, done.stderr
    assert contents(new) == contents(old)


def test_a_data_set_is_not_relabelled_onto_itself(tiny_dataset: Path) -> None:
    done = run_synth("relabel", tiny_dataset, "--out", f"{tiny_dataset}/")
    assert done.returncode == 1 and "name another place" in done.stderr


def test_another_seed_is_no_relabelling(tiny_dataset: Path, tmp_path: Path) -> None:
    done = run_synth("relabel", tiny_dataset, "--out", tmp_path / "out", "seed=5")
    assert (
        done.returncode == 1 and "seed=5 would change what is seen" in done.stderr and not (tmp_path / "out").exists()
    )
