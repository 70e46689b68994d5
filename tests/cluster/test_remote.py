"""Runs whose storage or machines are elsewhere, and fail: an S3 server behind a cut line, a Ray node that vanishes."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import fsspec
import pytest
from rich.console import Console

from synth.cluster import connection, run, worker
from synth.cluster.engine import generate
from synth.config import load_config
from synth.conventions import ThfmError
from synth.shards import storage
from tests.cluster.runs import FAULTS, contents, finished, rendered_frames, report, started, wait_for
from tests.conftest import ROOT, TINY
from tests.s3 import Line, s3_server

KEYS = [f"{i:08d}" for i in range(3)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[dict[str, str], Line]]:
    with s3_server() as (environment, line):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
        yield environment, line


def test_a_data_set_on_s3_outlasts_an_outage(tiny_dataset: Path, s3: tuple) -> None:
    environment, line = s3

    def watch() -> None:  # the line is cut as soon as the first clip is there, and mended after a while
        while f"{KEYS[0]}.tar" not in storage.names("s3://bucket/set/.staging"):
            time.sleep(0.2)
        line.cut()
        time.sleep(15)
        line.mend()

    cut = threading.Thread(target=watch, daemon=True)
    cut.start()
    faults = {"THFM_TEST_FAULTS": f"crash:{KEYS[2]}"}
    options = ("cluster.workers=1", "cluster.retries=0")
    code, said = finished("s3://bucket/set", *options, environment=environment | FAULTS | faults)
    cut.join(60)
    assert code == 3 and line.refused, said
    log = f"s3://bucket/set/logs/{KEYS[2]}.log"
    assert log in said and b"SIGSEGV" in storage.read_bytes(log), "the log of a crash is where the error says"
    assert json.loads(storage.read_bytes("s3://bucket/set/shard-000000.json"))["keys"] == KEYS[:2]

    code, said = finished("s3://bucket/set", environment=environment)
    assert code == 0, said
    there = {name: storage.read_bytes(f"s3://bucket/set/{name}") for name in storage.names("s3://bucket/set")}
    assert there == contents(tiny_dataset)
    assert storage.names("s3://bucket/set/.staging") == []
    log = storage.read_bytes(f"s3://bucket/set/logs/{KEYS[0]}.log").decode(errors="replace")
    assert log.count("colour.exr") == rendered_frames(tiny_dataset, KEYS[0]), "rendered once"


def test_a_log_outlasts_an_outage(s3: tuple) -> None:
    _, line = s3
    threading.Timer(3, line.mend).start()
    with worker.log_folder("s3://bucket/set", 0, 60) as logs:
        (logs / f"{KEYS[0]}.log").write_text("said")
        line.cut()
    assert line.refused and storage.read_bytes(f"s3://bucket/set/logs/{KEYS[0]}.log") == b"said"


def test_a_server_that_is_away_is_an_error_of_one_line(s3: tuple) -> None:
    environment, line = s3
    line.cut()
    code, said = finished("s3://bucket/set", environment=environment)
    assert code == 1 and "s3://bucket/set cannot be reached" in said and said.count("\n") == 1, said


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A Ray cluster of separate raylets: a head without CPUs. Nodes are added by the test."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", FAULTS["PYTHONPATH"])
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_metrics_report_interval_ms", "1000")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    small = {"object_store_memory": 80 * 2**20}
    head = {"num_cpus": 0, "include_dashboard": False, "metrics_export_port": port, **small}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.small, cluster.metrics = small, f"http://127.0.0.1:{port}/metrics"
    yield cluster
    cluster.shutdown()


def test_a_lost_node_costs_no_clip(tiny_dataset: Path, tmp_path: Path, cluster, monkeypatch) -> None:
    out, journal = tmp_path / "set", tmp_path / "journal"
    monkeypatch.setenv("THFM_TEST_FAULTS", "slow:3")
    monkeypatch.setenv("THFM_TEST_JOURNAL", str(journal))
    nodes = [cluster.add_node(num_cpus=1, **cluster.small) for _ in range(2)]
    with started(out, f"cluster.address={cluster.address}", "cluster.retries=0") as run:
        wait_for(lambda: rendered_frames(out, KEYS[0]) and rendered_frames(out, KEYS[1]), run)
        cluster.remove_node(nodes[1], allow_graceful=False)
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    assert contents(out) == contents(tiny_dataset)
    again = report(out)["tried_again"]
    assert {a["reason"] for a in again} == {"its machine was lost"}
    begun = [line.split()[1] for line in journal.read_text().splitlines() if line.split()[2] == "colour"]
    twice = [key for key, count in Counter(begun).items() if count > 1]
    assert set(begun) == set(KEYS) and len(begun) == 4, "what was lost is made again, and nothing else"
    # The clip at work there, and perhaps the one whose draw waited there.
    assert set(twice) <= {a["key"] for a in again} <= {*twice, KEYS[2]}


def test_machines_with_and_without_a_gpu_work_side_by_side(tiny_dataset: Path, tmp_path: Path, cluster) -> None:
    """One claims a GPU, which Blender does not find: it renders with what it has, as clips may with this setting."""
    out = tmp_path / "set"
    cluster.add_node(num_cpus=1, num_gpus=1, **cluster.small)
    without = cluster.add_node(num_cpus=1, **cluster.small)
    options = ("cluster.gpus_per_worker=0.5", "render.device=auto", "cluster.machines_without_gpu=true")
    faults = FAULTS | {"THFM_TEST_FAULTS": "slow:3"}
    with started(out, f"cluster.address={cluster.address}", *options, environment=faults) as run:
        wait_for(lambda: rendered_frames(out, KEYS[0]) and rendered_frames(out, KEYS[1]), run)  # a core each: at once
        cluster.remove_node(without, allow_graceful=False)
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    reasons = [again["reason"] for again in report(out)["tried_again"]]
    assert reasons and set(reasons) == {"its machine was lost"}  # of the clip at work there, and of one that waited
    shards = {name: data for name, data in contents(out).items() if name.endswith(".tar")}
    assert shards == {name: data for name, data in contents(tiny_dataset).items() if name.endswith(".tar")}


def test_a_gpu_need_not_wait_for_the_geometry_of_its_next_clip(
    tiny_dataset: Path, tmp_path: Path, cluster, monkeypatch
) -> None:
    """One clip at a time is rendered, meanwhile the other core draws the next."""
    out, journal = tmp_path / "set", tmp_path / "journal"
    monkeypatch.setenv("THFM_TEST_FAULTS", "slow:8")
    monkeypatch.setenv("THFM_TEST_JOURNAL", str(journal))
    cluster.add_node(num_cpus=2, num_gpus=1, **cluster.small)
    options = (f"cluster.address={cluster.address}", "cluster.gpus_per_worker=1", "render.device=auto")
    code, said = finished(out, *options)
    assert code == 0, said
    at = {(key, what): float(time) for _, key, what, time in map(str.split, journal.read_text().splitlines())}
    order = sorted(KEYS, key=lambda key: at[key, "colour"])
    for one, following in zip(order, order[1:], strict=False):
        assert at[following, "drawn"] < at[one, "coloured"] < at[following, "colour"]
        assert at[following, "colour"] - at[one, "coloured"] < 10, "labels, on a machine that may be busy"
    assert sum(report(out)["ahead_seconds"]) > 1
    shards = {name: data for name, data in contents(out).items() if name.endswith(".tar")}
    assert shards == {name: data for name, data in contents(tiny_dataset).items() if name.endswith(".tar")}


def test_a_head_that_is_away_is_an_error_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_HEAD", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        begun = time.monotonic()
        with pytest.raises(ThfmError, match=f"{port} cannot be joined .*refused"):
            generate(load_config(TINY, [f"cluster.address={address}"]), str(tmp_path))
        assert time.monotonic() - begun < 20


def test_a_run_waits_for_machines_that_are_still_to_come(tiny_dataset: Path, tmp_path: Path, cluster) -> None:
    out = tmp_path / "set"
    with started(out, environment={"RAY_ADDRESS": cluster.address}) as run:
        wait_for(lambda: "waits for machines" in out.with_suffix(".log").read_text(), run)
        cluster.add_node(num_cpus=os.cpu_count(), **cluster.small)
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    assert contents(out) == contents(tiny_dataset)


def test_machines_with_other_assets_make_nothing(tmp_path: Path, cluster, monkeypatch) -> None:
    other = tmp_path / "assets"
    shutil.copytree(ROOT / "assets", other, copy_function=os.symlink)
    (other / "README.md").unlink()
    (other / "README.md").write_text("of another version")
    monkeypatch.setenv("THFM_ASSETS", str(other))
    cluster.add_node(num_cpus=1, **cluster.small)
    monkeypatch.delenv("THFM_ASSETS")
    options = ("clips=1", f"cluster.address={cluster.address}")
    code, said = finished(tmp_path / "refused", *options)
    assert code == 3 and "holds other assets than the driver" in said and not list(tmp_path.glob("refused/*.tar")), said

    # The right ones, told to the workers by Ray; meanwhile Prometheus is told how far the run is.
    told = f"cluster.runtime_env={{env_vars: {{THFM_ASSETS: {ROOT / 'assets'}, THFM_TEST_FAULTS: 'slow:8'}}}}"
    out = tmp_path / "taken"
    with started(out, *options, told, environment={"RAY_metrics_report_interval_ms": "1000"}) as run:
        wait_for(lambda: f'data_set="{out}"' in _scraped(cluster.metrics), run)
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    assert len(list(out.glob("*.tar"))) == 1


def test_workers_that_never_come_up_are_told_of(tmp_path: Path, cluster, monkeypatch) -> None:
    monkeypatch.setattr(run, "_SILENT", 3.0)
    monkeypatch.setenv("THFM_TEST_FAULTS", "mute:workers")
    cluster.add_node(num_cpus=1, **cluster.small)
    monkeypatch.delenv("THFM_TEST_FAULTS")
    console = Console(file=io.StringIO(), width=400)

    def stop() -> None:
        while "No clip has begun for 3 s" not in console.file.getvalue():
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    summary = generate(load_config(TINY, [f"cluster.address={cluster.address}"]), str(tmp_path / "set"), console)
    assert summary.interrupted and summary.clips == 0
    logs = Path(console.file.getvalue().partition("then ")[2].partition("/worker-")[0])
    assert logs.is_dir() and console.file.getvalue().count("No clip has begun") == 1


def _scraped(url: str) -> str:
    """Lines of our metrics."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return "\n".join(line for line in answer.read().decode().splitlines() if line.startswith("ray_thfm_clips"))
    return ""
