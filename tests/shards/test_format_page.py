"""docs/format.md is true: its table is the schema's, and its snippet reads a shard without our code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from synth import shards
from synth.shards import FIELDS
from synth.shards.quantise import QUANTISERS
from synth.shards.schema import markdown_table

PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text()


def test_table_is_that_of_the_schema():
    assert markdown_table() in PAGE
    for field in FIELDS.values():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{field.member}` |"))
        assert f"| {field.codec} |" in row and f"| {field.error} |" in row


def test_every_codec_is_explained():
    section = PAGE.split("## Codecs")[1].split("##")[0]
    for name, quantiser in QUANTISERS.items():
        pixels = "gray" if quantiser.code is np.uint8 else "gray16le"
        assert f"| {name} | {pixels}, {quantiser.planes} |" in section
    assert {f.codec for f in FIELDS.values()} == {*QUANTISERS, "h264", "npy", "npz"}


def test_snippet_reads_what_the_toolkit_reads(data_set, monkeypatch):
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    assert "synth" not in code and "pickle" not in code
    monkeypatch.chdir(data_set)
    found: dict = {}
    exec(compile(code, "docs/format.md", "exec"), found)  # leaves the last clip of the first shard
    clip = list(shards.read_clips(data_set / "shard-000000.tar"))[-1]
    assert found["sample"]["__key__"] == clip.key == "000001"
    for name in ("rgb", "parts"):
        np.testing.assert_array_equal(found[name], getattr(clip, name))
    for name, ours in (("flow", "flow_forward"), *((n, n) for n in ("depth", "matte", "surface", "normals"))):
        np.testing.assert_allclose(found[name], getattr(clip, ours), rtol=1e-6, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(found["joints3d"], clip.joints3d)
    np.testing.assert_array_equal(found["smplx"]["2.betas"], clip.smplx[1]["betas"])
    assert found["head"]["meta"] == clip.meta
