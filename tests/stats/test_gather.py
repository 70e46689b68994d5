"""The numbers are those of the data set, whatever its size, and what is damaged is named."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from synth.bodies.model import load_body
from synth.bodies.registration import skin_faces
from synth.conventions import ThfmError
from synth.stats import gather
from synth.stats.shape import stature_and_bmi
from synth.stats.tally import Grid, Histogram, Reservoir
from tests.stats.sets import MODELS, clip, spec, write


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("stats") / "set"
    near = (clip(2.0, 1.0, knee=0.5), {"spec": spec(), "qa": {"measures": {"too_dark": 0.2, "too_bright": 0.6}}})
    far = (clip(8.0, 0.0, knee=1.5), {"spec": spec("synth:dance", scene={"kind": "street", "cars": [{"kind": "van"}],
                                                          "floor": {"pattern": "photo", "photo": "parquet"}}),
                                      "props": [{"name": "chair2", "role": "front"}]})  # fmt: skip
    third = (clip(8.0, 0.0), {"spec": spec("walk_slow", people=spec()["people"] * 2)})
    reasons = ["too_dark: the picture ...", "in_frame: of the ..."]
    rejected = [{"key": "00000003", "attempt": a, "reasons": reasons[: a + 1], "spec": spec()} for a in range(2)]
    write(root, [near, far, third], rejected=rejected)
    return root


def test_measures_are_those_of_the_labels(root):
    found = gather(str(root)).histograms
    expected = {
        "distance": (2.0, 8.0), "focal_mm": (50.0, 50.0), "travel": (0.0, 1.0), "turn": (0.0, 0.0),
        "zoom": (0.0, 0.0), "elevation": (0.0, 0.0), "size": (0.8, 0.8), "walk": (0.0, 0.0),
        "darkest": (0.2, 0.2), "brightest": (0.6, 0.6),
    }  # fmt: skip
    for name, ends in expected.items():
        assert (found[name].least, found[name].most) == pytest.approx(ends, abs=1e-3), name
    assert found["distance"].quantile(0.2) == pytest.approx(2.0, rel=0.03)
    # the camera goes 0.4 m aside, before a person 2 m away who faces where it began
    assert (found["facing"].least, found["facing"].most) == pytest.approx((0, np.degrees(np.arctan(0.2))), abs=0.01)
    assert found["angle_knee"].most == pytest.approx(np.degrees(1.5), abs=0.1)
    assert found["angle_knee"].quantile(0.4) == pytest.approx(0, abs=1)  # the other knee is straight


def test_visibility_has_four_states(root):
    stats = gather(str(root))
    total = sum(stats.seen.values())
    assert (total > 0).all() and stats.seen["face"].sum() == 3 * 5 * 5
    assert stats.histograms["joints_visible"].most == 6  # of the body's 22, every fourth
    counts = stats.grids["wrists"].counts
    assert counts[16, 48] == counts.sum() == 2 * 3 * 5  # what is hidden by the body is in the frame too


def test_choices_are_counted_those_of_other_versions_too(root):
    counts = gather(str(root)).traits
    assert counts["people"] == {"1": 2, "2": 1} and counts["gender"] == {"female": 4}
    assert counts["motion"] == {"walk_slow": 3, "synth:dance": 1} and counts["prop"] == {"chair2": 1}
    assert counts["scene"] == {"street": 1} and counts["scene.cars"] == {"van": 1}
    assert counts["scene.floor"] == {"parquet": 1} and counts["ground"] == {"tiles": 2}  # a street has its own


def test_rejections_are_counted_by_reason_and_by_choice(root):
    stats = gather(str(root))
    assert stats.rejected == {"too_dark": 2, "in_frame": 1} and stats.rates["framing"] == {"full_body": 2}


def test_coverage_is_measured_against_the_library(root):
    cover = gather(str(root)).coverage
    actions = {a.name: a for a in cover.actions}
    assert actions["walk"].used == 1 and actions["walk"].parts == 3 and "walk_slow" not in actions["walk"].unused
    assert actions["dance"].used == actions["dance"].there == 1
    assert cover.used == 2 < cover.there and len(cover.poses) > 100


def test_a_library_that_is_not_here_is_no_error(tmp_path):
    write(tmp_path / "set", [(clip(), {"spec": spec("somebody/else")})])
    assert gather(str(tmp_path / "set")).coverage is None


def test_stature_and_weight_are_those_of_the_mesh():
    import trimesh

    betas = (1.5, -0.5, 0, 0, 1, 0, 0, 0, 0, -1)
    stature, bmi = stature_and_bmi(clip(betas=betas)["smplx"][0])
    model = load_body(MODELS, "female")
    rest = model.template + model.model.shapedirs.numpy() @ np.array(betas, np.float32)
    mesh = trimesh.Trimesh(rest, model.faces[skin_faces(model)], process=False)
    mesh.remove_unreferenced_vertices()
    trimesh.repair.fill_holes(mesh)
    assert stature == pytest.approx(np.ptp(mesh.vertices[:, 1]), abs=1e-4)
    assert bmi == pytest.approx(985 * mesh.volume / stature**2, rel=0.02)
    assert stature_and_bmi(clip()["smplx"][0] | {"body_model": "SMPLX_FEMALE.npz:another"}) is None


def test_a_damaged_shard_is_named_and_the_others_count(root, tmp_path):
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    path = copy / "shard-000000.tar"
    path.write_bytes(path.read_bytes()[:6000])
    data = bytearray((copy / "shard-000001.tar").read_bytes())
    stats = gather(str(copy))
    assert len(stats.faults) == 1 and "shard-000000.tar is truncated" in stats.faults[0]
    assert stats.clips == 1
    data[data.index(b"smplx.npz") + 700] ^= 1
    (copy / "shard-000001.tar").write_bytes(data)
    stats = gather(str(copy))
    assert any("shard-000001.tar: clip 00000002: field smplx" in fault for fault in stats.faults)
    assert stats.traits.get("people", {}).get("2") is None  # nothing of it counts


def test_a_run_that_has_not_ended_and_shards_alone_will_do(root, tmp_path):
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    (copy / "manifest.json").unlink()
    stats = gather(str(copy))
    assert stats.clips == 3 and not stats.source.finished and stats.rejected["too_dark"] == 2
    assert gather(str(root / "shard-00000{0..1}.tar")).clips == 3
    with pytest.raises(ThfmError, match="manifest.json"):
        gather(str(tmp_path))


def test_remote_sets_are_streamed(root):
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in root.iterdir():
        memory.pipe_file(f"/stats/{file.name}", file.read_bytes())
    seen = []
    stats = gather("memory://stats", progress=lambda *call: seen.append(call))
    assert stats.as_dict() | {"url": ""} == gather(str(root)).as_dict() | {"url": ""}
    assert seen == [("shard-000000.tar", 1, 3), ("shard-000000.tar", 2, 3), ("shard-000001.tar", 3, 3)]


def test_memory_does_not_grow_with_the_set(tmp_path):
    one = (clip(), {"spec": spec()})
    for name, count in (("few", 20), ("many", 120)):
        write(tmp_path / name, [one] * count, per_shard=count)

    def peak(name: str) -> int:
        tracemalloc.start()
        gather(str(tmp_path / name))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak("few")  # what is kept of bodies and library
    assert peak("many") < 1.1 * peak("few") + 400_000  # poses that stand for all are 0.5 kB each, 1500 at most


def test_tallies():
    one = Histogram("", "", 1, 100, log=True)
    one.add(np.array([0.0, np.nan, 1.0, 10, 10, 1000]))
    assert (one.total, one.below, one.least, one.most) == (5, 1, 0, 1000) and one.counts[-1] == 1
    assert one.quantile(0.1) == 0 and one.quantile(0.5) == pytest.approx(10, rel=0.02)
    counts, edges = one.coarse(7)
    assert counts.sum() == 4 and len(edges) == len(counts) + 1 <= 8
    grid = Grid(4)
    grid.add(np.array([[0.1, 0.9], [1.0, 0.5], [-0.1, 0.5]]))
    assert grid.counts.sum() == grid.counts[3, 0] == 1
    fair = Reservoir(50)
    for k in range(5000):
        fair.add(np.array([k]))
    assert len(fair.rows) == 50 and 1500 < np.mean(fair.rows) < 3500
