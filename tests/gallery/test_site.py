"""What is written and kept; data sets that are remote, damaged or still being made."""

from __future__ import annotations

import shutil
import time
import warnings
from pathlib import Path

import fsspec
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synth import shards
from synth.conventions import ThfmError
from synth.gallery import Site, write_gallery
from synth.gallery.rows import row_of
from tests.conftest import run_synth
from tests.gallery.conftest import meta, serving
from tests.preview.conftest import make_arrays


def _times(folder: Path) -> dict[str, int]:
    kept = ("parts/*/*/*", "clips/*/*")
    return {str(f): f.stat().st_mtime_ns for pattern in kept for f in (folder / "data").glob(pattern)}


def test_what_is_there_is_kept_and_what_changed_is_made_anew(data_set: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    write_gallery(copy, tmp_path / "site")
    before = _times(tmp_path / "site")
    assert len(before) > 30
    write_gallery(copy, tmp_path / "site")
    assert _times(tmp_path / "site") == before
    two = next(c for c in shards.read_clips(copy) if c.key == "two")
    arrays = {name: getattr(two, name) for name in two.fields()}
    shards.write_shard(
        copy, "shard-000001", [("three", shards.encode_clip("three", 25, arrays, meta(2, "pan", "new")))]
    )
    shards.build_manifest(copy, {})
    write_gallery(copy, tmp_path / "site")
    after = _times(tmp_path / "site")
    assert {f for f in before if before[f] != after[f]} == {f for f in before if "/three/" in f}
    assert '"caption":"new"' in (tmp_path / "site/data/parts/shard-000001.js").read_text()


def test_no_more_clips_than_asked_for(data_set: Path, tmp_path: Path) -> None:
    assert write_gallery(data_set, tmp_path, limit=1)[1] == 1
    assert [f.name for f in (tmp_path / "data/clips").iterdir()] == ["one"]
    assert write_gallery(data_set, tmp_path)[1] == 3


def test_who_is_behind_the_camera_is_passed_over_in_silence(clips, tmp_path: Path) -> None:
    two = clips["two"]
    arrays = {name: getattr(two, name) for name in two.fields()}
    arrays["keypoints2d"] = arrays["keypoints2d"].copy()
    arrays["keypoints2d"][:, 0] = np.nan
    shards.write_shard(tmp_path, "shard-000000", [("two", shards.encode_clip("two", 25, arrays, meta(2, "pan", "")))])
    clip = next(iter(shards.read_clips(tmp_path / "shard-000000.tar")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert row_of(clip, "shard-000000")["height"] > 0


def test_a_remote_data_set_is_read(data_set: Path, tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{data_set}/", "/gallery-remote/", recursive=True)
    page, shown, faults = write_gallery("memory://gallery-remote", tmp_path)
    assert shown == 3 and not faults and page.is_file()


def test_labels_alone_and_bare_tars_are_shown(data_set: Path, tmp_path: Path, tab: Page) -> None:
    two = next(c for c in shards.read_clips(data_set) if c.key == "two")
    arrays = {name: getattr(two, name) for name in two.fields() if name not in ("rgb", "instances")}
    shards.write_shard(tmp_path / "bare", "shard-000000", [("two", shards.encode_clip("two", 25, arrays, {}))])
    page, shown, faults = write_gallery(tmp_path / "bare/shard-000000.tar", tmp_path / "site")
    assert shown == 1 and not faults
    tab.goto(f"{page.as_uri()}#clip=two")
    tab.locator(".player[data-frame]").wait_for()
    expect(tab.locator("#tile-depth")).to_be_visible()
    expect(tab.locator("#tile-rgb")).to_have_count(0)


def test_damage_is_told_on_the_page_and_the_rest_is_shown(data_set: Path, tmp_path: Path, tab: Page) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    tar = copy / "shard-000001.tar"
    tar.write_bytes(tar.read_bytes()[:3000])
    done = run_synth("preview", copy, "--out", tmp_path / "site")
    assert done.returncode == 1 and "shard-000001.tar is truncated" in done.stderr and "2 clips" in done.stdout
    tab.goto((tmp_path / "site/index.html").as_uri())
    expect(tab.get_by_role("alert")).to_contain_text("shard-000001.tar is truncated or damaged")
    expect(tab.locator(".card")).to_have_count(2)


def test_clips_that_a_shard_no_longer_shows_are_named(data_set: Path, tmp_path: Path, tab: Page) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    with Site(str(copy), tmp_path / "other") as site:
        end = max(first + size for first, size in site.parts()[0].index["one"].values())
    data = (copy / "shard-000000.tar").read_bytes()
    (copy / "shard-000000.tar").write_bytes(data[: -(-end // 512) * 512] + bytes(len(data)))  # a tar ends with zeros
    page, shown, faults = write_gallery(copy, tmp_path / "site")
    assert shown == 2 and len(faults) == 1 and "shard-000000.tar lacks clip two" in faults[0]
    tab.goto(page.as_uri())
    expect(tab.get_by_role("alert")).to_contain_text("shard-000000.tar lacks clip two")


def test_a_damaged_record_of_a_shard_is_told(data_set: Path, tmp_path: Path, tab: Page) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    record = copy / "shard-000001.json"
    record.write_bytes(record.read_bytes()[:300])
    page, shown, faults = write_gallery(copy, tmp_path / "site")
    assert shown == 3 and len(faults) == 1 and "shard-000001.json is no valid JSON" in faults[0]
    tab.goto(f"{page.as_uri()}#t.verdict=rejected")
    expect(tab.get_by_role("alert")).to_contain_text("shard-000001.json")
    expect(tab.locator(".card")).to_have_count(2)  # the manifest knows of the draw, too


def test_nothing_but_damage_is_an_error_not_an_empty_page(data_set: Path, tmp_path: Path, tab: Page) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    for tar in copy.glob("*.tar"):
        tar.write_bytes(b"no tar" * 200)
    page, shown, faults = write_gallery(copy, tmp_path / "site")
    assert shown == 0 and len(faults) == 2
    tab.goto(page.as_uri())
    expect(tab.get_by_role("alert")).to_contain_text("damaged")
    expect(tab.get_by_text("No clip of this data set can be shown.")).to_be_visible()


def test_a_damaged_clip_says_so_on_its_page(data_set: Path, tmp_path: Path, tab: Page) -> None:
    copy = Path(shutil.copytree(data_set, tmp_path / "women"))
    with Site(str(copy), tmp_path / "site") as site:
        place = site.parts()[0].index["one"]["normals.mkv"]
    data = bytearray((copy / "shard-000000.tar").read_bytes())
    data[place[0] : place[0] + place[1]] = bytes(place[1])
    (copy / "shard-000000.tar").write_bytes(data)
    page, shown, faults = write_gallery(copy, tmp_path / "site")
    assert shown == 3 and len(faults) == 1 and "clip one: field normals cannot be decoded" in faults[0]
    assert write_gallery(copy, tmp_path / "site")[2] == faults, "once is not enough"
    tab.goto(f"{page.as_uri()}#clip=one")
    expect(tab.get_by_role("alert").filter(has_text="cannot be shown")).to_contain_text("normals cannot be decoded")
    shutil.copy(data_set / "shard-000000.tar", copy)
    assert write_gallery(copy, tmp_path / "site")[2] == [], "mended"
    tab.goto("about:blank")
    tab.goto(f"{page.as_uri()}#clip=one")
    tab.locator(".player[data-frame]").wait_for()


def test_a_site_without_its_data_says_so(data_set: Path, tmp_path: Path, tab: Page) -> None:
    page, *_ = write_gallery(data_set, tmp_path, limit=1)
    shutil.rmtree(tmp_path / "data")
    tab.goto(page.as_uri())
    expect(tab.get_by_role("alert")).to_contain_text("data/index.js is missing")


def test_a_page_whose_server_has_gone_says_so(data_set: Path, tmp_path: Path, tab: Page) -> None:
    with serving(data_set, tmp_path) as address:
        tab.goto(address)
        expect(tab.locator(".card")).to_have_count(3, timeout=90_000)
        tab.wait_for_load_state("networkidle")
    tab.locator(".card").first.click()
    expect(tab.get_by_role("alert").filter(has_text="cannot be shown")).to_contain_text("thfm-synth preview has ended")


def test_ctrl_c_does_not_wait_for_a_long_shard(clips, tmp_path: Path) -> None:
    arrays = {name: getattr(clips["two"], name) for name in ("rgb", "depth", "intrinsics")}
    arrays["rgb"] = arrays["rgb"].repeat(8, 1).repeat(8, 2)
    arrays["depth"] = arrays["depth"].repeat(8, 1).repeat(8, 2)
    members = shards.encode_clip("x", 25, arrays, {})
    shards.write_shard(tmp_path / "long", "shard-000000", [(f"{i:08d}", members) for i in range(200)])
    shards.build_manifest(tmp_path / "long", {})
    with serving(tmp_path / "long", tmp_path / "cache"):
        films = tmp_path / "cache"
        while len(list(films.rglob("film.mp4"))) < 2:
            time.sleep(0.05)
        asked = time.monotonic()
    assert time.monotonic() - asked < 3 and len(list(films.rglob("film.mp4"))) < 100


def test_no_data_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="manifest"):
        write_gallery(tmp_path, tmp_path / "site")


def test_a_data_set_that_is_being_made_grows_on_the_page(tmp_path: Path, tab: Page) -> None:
    root, arrays = tmp_path / "growing", make_arrays(2, 48, 32, (0.0,))
    members = {k: shards.encode_clip(k, 12.5, arrays, meta(1, "pan", f"clip {k}")) for k in ("00000000", "00000001")}
    (root / ".staging").mkdir(parents=True)
    (root / ".staging" / "run.json").write_text('{"config": {"seed": 1}}')  # a run that has just begun
    with serving(root, tmp_path / "cache") as address:
        tab.goto(address)
        expect(tab.locator("#main")).to_contain_text("No clip is finished yet")
        shards.stage_clip(root, "00000000", members["00000000"])
        expect(tab.locator(".card")).to_have_count(1, timeout=90_000)
        expect(tab.locator("#count")).to_have_text("1 clip, still being made")
        shards.stage_clip(root, "00000001", members["00000001"])
        expect(tab.locator(".card")).to_have_count(2, timeout=90_000)
        shards.assemble_shard(root, "shard-000000", ["00000000", "00000001"])
        shards.build_manifest(root, {})
        expect(tab.locator("#count")).to_have_text("2 clips", timeout=90_000)
        expect(tab.locator(".card")).to_have_count(2)
        tab.locator(".card").first.click()
        tab.locator(".player[data-frame]").wait_for()
