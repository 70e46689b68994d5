"""The body baker: its files carry no trace of when they were written, and its errors name the file at fault."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def tools_on_the_path(monkeypatch):
    for folder in (ROOT, ROOT / "tools"):
        monkeypatch.syspath_prepend(str(folder))


def test_the_file_is_what_the_baker_writes_byte_for_byte(tmp_path):
    from openbody.assemble import write_npz

    baked, again = ROOT / "assets" / "bodies" / "smplx" / "SMPLX_FEMALE.npz", tmp_path / "again.npz"
    with np.load(baked, allow_pickle=False) as file:
        write_npz(again, {name: file[name] for name in file.files})
    assert again.read_bytes() == baked.read_bytes()


def test_a_broken_wheel_is_named(tmp_path, monkeypatch, capsys):
    import bake_body
    from openbody.sources import WHEEL

    (tmp_path / WHEEL).write_bytes(b"not a zip")
    monkeypatch.setattr(sys, "argv", ["bake_body.py", "--sources", str(tmp_path), "--out", str(tmp_path / "out")])
    assert bake_body.main() == 1
    assert WHEEL in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_centres_of_rotation_keep_a_bent_tube_round():
    """Two bones in one straight tube, bent by 120 degrees: the reference holds the radius, linear skinning does not."""
    from openbody.skinning import ReferenceSkinning, centres_operator, linear_blend
    from scipy.spatial.transform import Rotation

    around, along = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.linspace(-1, 1, 41), indexing="ij")
    tube = np.stack([along, 0.2 * np.cos(around), 0.2 * np.sin(around)], -1).reshape(-1, 3)
    number = np.arange(24 * 41).reshape(24, 41)
    a, b = number[:, :-1], np.roll(number, -1, 0)[:, :-1]
    triangles = np.concatenate(
        [np.stack([a, a + 1, b], -1).reshape(-1, 3), np.stack([b, a + 1, b + 1], -1).reshape(-1, 3)]
    )
    second = np.clip(tube[:, 0] / 0.6 + 0.5, 0, 1)
    weights = np.stack([1 - second, second], 1)
    turn = np.stack([np.eye(3), Rotation.from_rotvec([0, 0, np.radians(120)]).as_matrix()])
    middle = number[:, 20]
    skin = ReferenceSkinning(weights, centres_operator(tube, triangles, weights))
    spread = lambda v: np.ptp(v[middle] - v[middle].mean(0), axis=0)  # noqa: E731
    width = lambda v: np.linalg.norm(spread(v)[:2])  # noqa: E731
    assert width(skin(tube, turn, np.zeros((2, 3)))) > 0.97 * width(tube)
    assert width(linear_blend(tube, weights, turn, np.zeros((2, 3)))) < 0.6 * width(tube)
