"""Labels are added to a data set whose colour is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from synth.shards import FIELDS, build_manifest, finished_shards, read_manifest, write_shard
from synth.shards.schema import META
from synth.shards.tars import read_tar
from tests.cluster.runs import contents
from tests.conftest import run_synth

LACKING = ("depth", "normals", "flow_forward", "keypoints2d", "smplx")


Members = dict[str, bytes]


def clips_of(out: Path) -> dict[str, Members]:
    found = {}
    for record in finished_shards(out):
        with open(out / record["name"], "rb") as file:
            found |= dict(read_tar(file, record["name"]))
    return found


def rewritten(old: Path, out: Path, changed: Callable[[dict[str, Members]], dict[str, Members]]) -> Path:
    """A copy of a data set with other clips in its shards."""
    manifest, clips = read_manifest(old), changed(clips_of(old))
    for record in finished_shards(old):
        name = record["name"].removesuffix(".tar")
        write_shard(out, name, [(key, clips[key]) for key in record["keys"]], record["rejected"])
    build_manifest(out, manifest["config"], manifest["about"])
    return out


def poorer(clips: dict[str, Members]) -> dict[str, Members]:
    """As a version without some labels would have made them."""
    for members in clips.values():
        header = json.loads(members[META])
        for name in LACKING:
            del header["storage"][name], members[FIELDS[name].member]
        members[META] = json.dumps(header).encode()
    return clips


def swapped(clips: dict[str, Members]) -> dict[str, Members]:
    """The first two have each other's pictures."""
    first, second = (clips[key] for key in sorted(clips)[:2])
    headers = [json.loads(members[META]) for members in (first, second)]
    for name in ("rgb", "matte"):
        member = FIELDS[name].member
        first[member], second[member] = second[member], first[member]
        one, other = (header["storage"] for header in headers)
        one[name], other[name] = other[name], one[name]
    first[META], second[META] = (json.dumps(header).encode() for header in headers)
    return clips


def without_measures(members: Members) -> tuple[dict, Members]:
    """A clip but for what was measured of its colour, which storage has changed a little since."""
    header = json.loads(members[META])
    return header | {"meta": header["meta"] | {"qa": None}}, {n: d for n, d in members.items() if n != META}


def test_labels_are_added_without_rendering_colour(tiny_dataset: Path, tmp_path: Path) -> None:
    old, out = rewritten(tiny_dataset, tmp_path / "poorer", poorer), tmp_path / "richer"
    assert "depth" not in read_manifest(old)["fields"]
    done = run_synth("relabel", old, "--out", out)
    assert done.returncode == 0, done.stderr
    made, whole = clips_of(out), clips_of(tiny_dataset)
    assert list(made) == list(whole)
    for key in whole:  # as if they had been made at once
        assert without_measures(made[key]) == without_measures(whole[key])
    logs = [log.read_text(errors="replace") for log in (out / "logs").glob("*.log")]
    assert len(logs) == 3 and all("label.exr" in log and "colour.exr" not in log for log in logs)


def test_labels_that_do_not_fit_the_colour_are_no_labels(tiny_dataset: Path, tmp_path: Path) -> None:
    old, out = rewritten(tiny_dataset, tmp_path / "swapped", swapped), tmp_path / "out"
    done = run_synth("relabel", old, "--out", out)
    assert done.returncode == 3 and "2 clips failed" in done.stderr and "matte_overlap" in done.stderr
    assert read_manifest(out)["clips"] == 1


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
