"""A data set of two clips of bare people: ``plain`` through a pinhole, ``bent`` through a distorting lens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth import shards
from synth.labels import compute_labels
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed

FRAMES, WIDTH, HEIGHT = 3, 96, 80


def _walk(x: float) -> dict[str, np.ndarray]:
    steps = np.linspace(-0.3, 0.3, FRAMES + 2)
    turned = {"pelvis": (0.1, 0.6, -0.05)}
    return posed([ARMS_DOWN | turned | {"transl": (x, 0.1 * a, 0), "left_hip": (a, 0, 0)} for a in steps])


def arrays(distortion: tuple[float, ...]) -> dict:
    """All fields of a clip of two people who overlap."""
    eyes = [(0.4 + 0.1 * s, -3.2, 1.4) for s in range(FRAMES + 2)]
    cameras = camera_path(eyes, [(0.0, 0.0, 0.95)] * (FRAMES + 2), WIDTH, HEIGHT)
    cameras = replace(cameras, distortion=np.array(distortion))
    geometry = people(_walk(-0.25), _walk(0.2), cameras=cameras)
    passes = cast_passes(geometry, WIDTH, HEIGHT)
    labels = compute_labels(geometry, passes)
    return {"rgb": passes.rgb, "matte": passes.matte, **labels, "smplx": list(geometry.smplx)}


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("export") / "people"
    made = {"plain": arrays((0.0,) * 5), "bent": arrays((-0.15, 0.02, 0, 0, 0))}
    members = [(k, shards.encode_clip(k, 12.5, a, {"caption": f"a {k} clip"})) for k, a in made.items()]
    shards.write_shard(root, "shard-000000", members)
    shards.build_manifest(root, {})
    return root


@pytest.fixture(scope="session")
def plain(data_set: Path) -> shards.Clip:
    return next(c for c in shards.read_clips(data_set) if c.key == "plain")
