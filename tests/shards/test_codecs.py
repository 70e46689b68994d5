"""Every field comes back within its stated error, whatever finite or non-finite values it holds."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys

import av
import numpy as np
import pytest

from synth import shards
from synth.conventions import ThfmError
from synth.shards import FIELDS, Clip
from synth.shards.quantise import QUANTISERS
from tests.shards.arrays import random_clip

SIZES = [(5, 50, 70, 2), (2, 33, 47, 1), (17, 16, 18, 1), (1, 2, 3, 0)]


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between vectors; exact near zero, where arccos is not."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(-1)))


def expected_valid(name: str, array: np.ndarray) -> np.ndarray:
    valid = np.isfinite(array)
    if name.startswith("flow"):
        valid &= np.abs(array) <= 2047.9375
    return valid if name in ("depth", "matte") else np.broadcast_to(valid.all(-1, keepdims=True), array.shape)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_error_of_every_field(size):
    arrays = random_clip(sum(size), *size)
    clip = Clip("k", shards.encode_clip("k", 24, arrays, {}))
    assert clip.fields() == list(FIELDS)
    for name, field in FIELDS.items():
        stored = getattr(clip, name)
        if name == "smplx":
            assert len(stored) == len(arrays["smplx"])
            for ours, theirs in zip(stored, arrays["smplx"], strict=True):
                assert ours.keys() == theirs.keys()
                assert all(np.array_equal(ours[k], theirs[k]) for k in ours)
                assert ours["transl"].dtype == np.float64 and ours["gender"] == "female"
            continue
        truth = arrays[name]
        assert stored.shape == truth.shape and stored.dtype == field.dtype == truth.dtype, name
        if field.bound == 0:
            np.testing.assert_array_equal(stored, truth, err_msg=name)
        elif name != "rgb":
            valid = expected_valid(name, truth)
            np.testing.assert_array_equal(np.isfinite(stored), valid, err_msg=name)
            if name == "normals":
                error = angle(stored, truth)[valid[..., 0]]
                assert np.allclose(np.linalg.norm(stored[valid[..., 0]], axis=-1), 1, atol=1e-6)
            else:
                error = np.abs(stored[valid].astype(np.float64) - truth[valid])
                error /= truth[valid] if name == "depth" else 1
            assert error.max() <= field.bound, (name, error.max())


def test_rgb_is_visually_lossless_and_unbiased():
    arrays = {"rgb": random_clip(3, 20, 96, 128)["rgb"]}
    stored = Clip("k", shards.encode_clip("k", 30, arrays, {})).rgb
    difference = stored.astype(float) - arrays["rgb"]
    assert 10 * np.log10(255**2 / np.mean(difference**2)) > 44
    assert np.abs(difference.mean((0, 1, 2))).max() < 0.5


def test_pure_colours_survive():
    """A wrong matrix, range or tag would be off by ten levels and more."""
    colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [200, 150, 120], [128, 128, 128]]
    rgb = np.broadcast_to(np.repeat(np.array(colours, np.uint8), 32, axis=0), (3, 32, 7 * 32, 3))
    members = shards.encode_clip("k", 30, {"rgb": rgb}, {})
    with av.open(io.BytesIO(members["rgb.mp4"])) as file:
        frame = next(file.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)  # BT.709, limited
    stored = Clip("k", members).rgb.astype(float)
    centres = stored.reshape(3, 32, 7, 32, 3)[:, 8:24, :, 8:24].mean((0, 1, 3))
    assert np.abs(centres - colours).max() <= 2.5


@pytest.mark.parametrize("near,far", [(1e-3, 100.0), (0.5, 0.5), (3.0, 3.0005), (0.01, 1200.0)])
def test_depth_error_over_its_range(near, far):
    depth = np.geomspace(near, far, 200_000).astype(np.float32).reshape(1, 400, 500)
    quantiser = QUANTISERS["depth"]
    params = quantiser.plan(depth)
    out = np.empty_like(depth[0])
    quantiser.decoder(params)(quantiser.encode(depth[0], params)[None], out)
    assert np.abs(out.astype(np.float64) / depth[0] - 1).max() <= 9.1e-5


def test_depth_on_the_edge_between_two_codes_is_decided_by_comparison():
    """So that a logarithm that rounds differently on another processor cannot change a bit."""
    near, ratio = 0.7, QUANTISERS["depth"].plan(np.ones((1, 1, 1)))["ratio"]
    edges = near * np.sqrt(ratio) * np.cumprod(np.r_[1.0, np.full(50_000, ratio)])
    for values, codes in ((edges, np.arange(50_001) + 2), (np.nextafter(edges, 0), np.arange(50_001) + 1)):
        found = QUANTISERS["depth"].encode(values[None], {"near": near, "ratio": ratio})
        np.testing.assert_array_equal(found[0], codes)


def test_order_of_dicts_does_not_matter():
    arrays = random_clip(0, 2, 16, 16)
    person = [dict(reversed(p.items())) for p in arrays["smplx"]]
    one = shards.encode_clip("k", 24, arrays, {"a": 1, "b": {"c": 2, "d": 3}})
    two = shards.encode_clip(
        "k", 24, dict(reversed((arrays | {"smplx": person}).items())), {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert list(one.items()) == list(two.items())


def test_normals_error_over_the_sphere():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(600, 1000, 3))
    normals[:200] *= [1, 1, 1e-3]  # the rim, where the octahedron folds
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals = normals.astype(np.float32)
    quantiser = QUANTISERS["normals"]
    codes = quantiser.encode(normals, params := quantiser.plan(normals))
    assert codes.max() < 4096
    out = np.empty_like(normals)
    quantiser.decoder(params)(codes.reshape(2, 600, 1000), out)
    assert angle(out, normals).max() <= 0.06


def test_one_wrong_value_is_named():
    good = random_clip(0, 2, 16, 16)
    cases = {
        "depth": [np.zeros_like(good["depth"]), good["depth"].astype(np.float64), np.where(good["depth"] > 1, 1e10, 1)],
        "normals": [good["normals"] * 2, good["normals"][..., :2]],
        "matte": [good["matte"] + 1, np.full_like(good["matte"], np.nan)],
        "surface": [good["surface"] * 3],
        "flow_forward": [good["flow_forward"][:1]],
        "visibility": [good["visibility"][:, :, :5]],
    }
    for name, wrong in cases.items():
        for array in wrong:
            array = array.astype(np.float32) if name == "depth" and array.max() > 1e9 else array
            with pytest.raises(ThfmError, match=f"000007.*{name}"):
                shards.encode_clip("000007", 24, good | {name: array}, {})
    with pytest.raises(ThfmError, match="no field"):
        shards.encode_clip("k", 24, good | {"normal": good["normals"]}, {})
    with pytest.raises(ThfmError, match="dtype object"):
        shards.encode_clip("k", 24, good | {"smplx": [{"betas": [None]}, {}]}, {})
    with pytest.raises(ThfmError, match="JSON"):
        shards.encode_clip("k", 24, good, {"loss": float("nan")})
    with pytest.raises(ThfmError, match="letters"):
        shards.encode_clip("a.b", 24, good, {})


DIGEST = """
import hashlib, json, sys
from synth import shards
from tests.shards.arrays import random_clip
members = shards.encode_clip("000000", 24.0, random_clip(), {"caption": "two people wave", "seed": 7})
print(json.dumps({k: hashlib.sha256(v).hexdigest() for k, v in members.items()}))
print([m for m in ("torch", "bpy", "ray", "smplx") if m in sys.modules])
"""


def test_another_process_writes_the_same_bytes(members):
    """Other time zone, hash seed, locale, thread settings and SIMD level; the modules that readers go without."""
    environment = os.environ | {
        "PYTHONHASHSEED": "123",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "7",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIGEST], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    digests, heavy = run.stdout.strip().splitlines()
    assert json.loads(digests) == {k: hashlib.sha256(v).hexdigest() for k, v in members.items()}
    assert heavy == "[]"
