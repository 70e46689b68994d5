"""A clip of a rolling shutter in space: each row of its depth lies where its own camera saw it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from synth import shards
from synth.gallery import write_gallery
from synth.geometry import ClipGeometry
from tests.moments import Moment
from tests.opencv import radial_rays
from tests.raycast import Hits
from tests.scenes import ARMS_DOWN, camera_path, people, posed

FRAMES, WIDTH, HEIGHT = 3, 96, 64
EDGES = (-0.4, 0.4)  # when the top and the bottom edge are read, frames
LENS = np.array([-0.12, 0.01, 0, 0, 0])


@dataclass(frozen=True)
class Truth:
    """Of the middle frame: ``points`` (H, W, 3) in the world, NaN for nothing, and what the rays hit."""

    geometry: ClipGeometry
    points: np.ndarray
    hits: list[Hits]


def _row(geometry: ClipGeometry, t: int, row: int, edges: tuple[float, float]) -> tuple[Hits, np.ndarray]:
    pixels = np.stack([np.arange(WIDTH) + 0.5, np.full(WIDTH, row + 0.5)], 1)
    rays = radial_rays(pixels, geometry.cameras.intrinsics[0], LENS)
    moment = Moment(geometry, t + 1 + edges[0] + (row + 0.5) / HEIGHT * (edges[1] - edges[0]))
    hits = moment.cast(rays)
    with np.errstate(invalid="ignore"):
        return hits, moment.eye + (rays * hits.depth[:, None]) @ moment.turn


def _clip(geometry: ClipGeometry, edges: tuple[float, float]) -> tuple[dict, Truth]:
    rows = [_row(geometry, 1, row, edges) for row in range(HEIGHT)]
    seen = np.stack([np.isfinite(hits.depth) for hits, _ in rows])
    depth = np.where(seen, np.stack([hits.depth for hits, _ in rows]), np.nan).astype(np.float32)
    truth = Truth(geometry, np.where(seen[..., None], np.stack([p for _, p in rows]), np.nan), [h for h, _ in rows])
    cameras = geometry.cameras
    arrays = {
        "depth": np.stack([depth] * FRAMES),  # of the others nothing is asked
        "rgb": np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.uint8),
        "intrinsics": cameras.intrinsics[1:-1],
        "world_to_camera": cameras.world_to_camera[1:-1],
        "distortion": np.tile(LENS, (FRAMES, 1)),
        "readout": np.tile(edges, (FRAMES, 1)),
        "smplx": list(geometry.smplx),
    }
    return arrays, truth


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Truth]]:
    """A site of two clips of one walk, ``rolling`` and ``still``: with and without the shutter; a lens bends both."""
    samples = FRAMES + 2
    steps = [ARMS_DOWN | {"transl": (0.25 * s - 0.5, 0.1 * s, 0), "pelvis": (0, 0, 0.2 * s)} for s in range(samples)]
    eyes = [(0.2 * s, -3.0 + 0.1 * s, 1.3) for s in range(samples)]
    targets = [(0.12 * s - 0.2, 0.0, 0.95 - 0.05 * s) for s in range(samples)]
    cameras = replace(camera_path(eyes, targets, WIDTH, HEIGHT), distortion=LENS)
    geometry = people(posed(steps), cameras=cameras)
    root, truths, members = tmp_path_factory.mktemp("rolling"), {}, []
    for key, edges in (("rolling", EDGES), ("still", (0.0, 0.0))):
        arrays, truths[key] = _clip(geometry, edges)
        members.append((key, shards.encode_clip(key, 12.5, arrays, {})))
    shards.write_shard(root / "people", "shard-000000", members)
    shards.build_manifest(root / "people", {})
    page, shown, faults = write_gallery(root / "people", root / "site")
    assert shown == 2 and not faults
    return page, truths


def _in_space(tab: Page, page: Path, key: str) -> tuple[np.ndarray, ...]:
    """Points (N, 3), their pixels (N,), the body's vertices (V, 3) and the frustum's lines (8, 2, 3) of frame 1."""
    tab.goto(f"{page.as_uri()}#clip={key}&frame=1&space=1")
    tab.locator(".space canvas").wait_for()
    cloud, pixels, body, frustum = tab.evaluate(
        """async (key) => { const about = await thfm.load(`clips/${key}/clip`), frames = thfm.framesOf(about);
        const cloud = thfm.cloudOf(about, await frames.codes("depth", 1), 1, 1);
        const body = thfm.verticesOf(about.bodies, await frames.bodies(1), 0);
        return [[...cloud.places], [...cloud.pixels], [...body], thfm.frustumOf(about, 1, 2)]; }""",
        key,
    )
    shape = (-1, 3)
    return np.reshape(cloud, shape), np.array(pixels), np.reshape(body, shape), np.reshape(frustum, (-1, 2, 3))


@pytest.mark.parametrize("key", ["still", "rolling"])
def test_points_lie_on_what_their_rows_saw(tab: Page, made: tuple[Path, dict[str, Truth]], key: str) -> None:
    page, truths = made
    truth = truths[key]
    cloud, pixels, _, _ = _in_space(tab, page, key)
    expected = truth.points.reshape(-1, 3)
    assert np.array_equal(pixels, np.flatnonzero(np.isfinite(expected).all(1)))
    away = np.linalg.norm(cloud - expected[pixels], axis=1)
    far = np.concatenate([h.depth for h in truth.hits])[pixels]
    assert (away < 1.5e-4 * far + 1e-4).all(), away.max()  # what storage does to depth
    if key == "rolling":
        at_once = np.concatenate([_row(truth.geometry, 1, row, (0.0, 0.0))[1] for row in range(HEIGHT)])[pixels]
        assert np.nanmedian(np.linalg.norm(cloud - at_once, axis=1)) > 0.02, "a slow clip would not see a wrong shutter"


@pytest.mark.parametrize("key", ["still", "rolling"])
def test_bodies_stand_where_the_points_do(tab: Page, made: tuple[Path, dict[str, Truth]], key: str) -> None:
    page, truths = made
    truth = truths[key]
    cloud, pixels, body, _ = _in_space(tab, page, key)
    mesh = truth.geometry.meshes[0]
    number, face = (np.concatenate([getattr(h, name) for h in truth.hits])[pixels] for name in ("mesh", "face"))
    weights = np.concatenate([h.weights for h in truth.hits])[pixels]
    skin = number == 0
    assert skin.sum() > 200
    there = np.einsum("nk,nkc->nc", weights[skin], body[mesh.faces[face[skin]]])
    away = np.linalg.norm(there - cloud[skin], axis=1)
    assert np.percentile(away, 99) < 0.003, np.percentile(away, 99)
    instant = np.einsum("nk,nkc->nc", weights[skin], mesh.positions[2][mesh.faces[face[skin]]])
    assert key == "still" or np.median(np.linalg.norm(instant - cloud[skin], axis=1)) > 0.02


@pytest.mark.parametrize("key", ["still", "rolling"])
def test_the_frustum_holds_the_points(tab: Page, made: tuple[Path, dict[str, Truth]], key: str) -> None:
    page, truths = made
    *_, frustum = _in_space(tab, page, key)
    edges = EDGES if key == "rolling" else (0.0, 0.0)
    corners = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]
    for (eye, corner), (x, y) in zip(frustum[::2], corners, strict=True):
        moment = Moment(truths[key].geometry, 2 + edges[0] + y / HEIGHT * (edges[1] - edges[0]))
        ray = radial_rays(np.array([[x, y]], float), truths[key].geometry.cameras.intrinsics[0], LENS)
        np.testing.assert_allclose(eye, moment.eye, atol=1e-6)
        np.testing.assert_allclose(corner, moment.eye + 2 * (ray @ moment.turn)[0], atol=1e-5)
