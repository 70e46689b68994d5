"""A small data set of bare people, its labels found by ray casts, so that pyrender is checked by another renderer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth import shards
from synth.labels import compute_labels
from synth.preview import write_preview
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed


def _walk(frames: int, x: float) -> dict[str, np.ndarray]:
    steps = np.linspace(-0.4, 0.4, frames + 2)
    samples = [
        ARMS_DOWN
        | {"transl": (x, 0.1 * a, 0), "left_hip": (a, 0, 0), "right_hip": (-a, 0, 0), "left_elbow": (0, -1 - a, 0)}
        for a in steps
    ]
    return posed(samples)


def make_arrays(frames: int, width: int, height: int, places: tuple[float, ...]) -> dict:
    """All fields of a clip of people who step on the spot at x = ``places`` before a camera that moves aside."""
    eyes = [(0.3 + 0.1 * s, -3.0, 1.3) for s in range(frames + 2)]
    cameras = camera_path(eyes, [(0.0, 0.0, 0.95)] * (frames + 2), width, height)
    # A principal point off the middle, so that nothing may take it for half the size.
    cameras.intrinsics[:, 0, 2] += 3.25
    cameras.intrinsics[:, 1, 2] -= 2.5
    cameras = replace(cameras, distortion=np.array([-0.15, 0.02, 0, 0, 0]))
    geometry = people(*(_walk(frames, x) for x in places), cameras=cameras)
    passes = cast_passes(geometry, width, height)
    labels = compute_labels(geometry, passes)
    return {"rgb": passes.rgb, "matte": passes.matte, **labels, "smplx": list(geometry.smplx)}


@pytest.fixture(scope="session")
def pair() -> dict:
    return make_arrays(6, 128, 128, (-0.5, 0.5))


@pytest.fixture(scope="session")
def data_set(tmp_path_factory, pair):
    """Root of a data set of three clips in two shards: ``pair``, ``narrow`` and ``other``."""
    root = tmp_path_factory.mktemp("preview") / "people"
    narrow = make_arrays(2, 40, 72, (0.0,))
    caption = "two women <step> on the spot – “bare”"
    made = [("pair", pair, {"caption": caption}), ("narrow", narrow, {"caption": "one woman"}), ("other", narrow, {})]
    members = [(key, shards.encode_clip(key, 12.5, arrays, meta)) for key, arrays, meta in made]
    shards.write_shard(root, "shard-000000", members[:2])
    shards.write_shard(root, "shard-000001", members[2:])
    shards.build_manifest(root, {})
    return root


@pytest.fixture(scope="session")
def clips(data_set) -> dict[str, shards.Clip]:
    return {clip.key: clip for clip in shards.read_clips(data_set)}


@pytest.fixture(scope="session")
def preview(data_set, tmp_path_factory):
    """(folder, files, calls of the progress callback) of the preview of the whole data set."""
    out, calls = tmp_path_factory.mktemp("out") / "pictures", []
    files = write_preview(data_set, out, progress=lambda *call: calls.append(call))
    return out, files, calls
