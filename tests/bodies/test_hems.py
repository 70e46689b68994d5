"""Hems of loose cloth run smoothly, stay off what is beneath, and keep the pleats that are cut into them."""

import numpy as np

from synth.bodies.hems import evened


def sheet(rows: int = 12, columns: int = 30, size: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A pleated sheet that hangs from its top row: vertices, faces, loose."""
    x, z = np.meshgrid(np.arange(columns) * size, -np.arange(rows) * size)
    vertices = np.stack([x, 0.01 * (np.arange(columns) % 2) + 0 * x, z], -1).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(f, -1).reshape(-1, 3) for f in ((a, c, b), (b, c, d))])
    return vertices, faces, np.repeat((np.arange(rows) > 0).astype(float), columns)


def roughness(line: np.ndarray) -> float:
    """Deviation of heights from the mean of both neighbours, metres."""
    return float(np.std(line[1:-1] - (line[2:] + line[:-2]) / 2))


def test_a_jagged_hem_is_drawn_straight():
    rest, faces, loose = sheet()
    hung = rest + np.random.default_rng(0).normal(0, 0.005, rest.shape) * (loose > 0)[:, None] * (0, 0, 1)
    out = evened(rest[None].astype(np.float32), hung[None].astype(np.float32), faces, loose)[0]
    assert roughness(out[-30:, 2]) < 0.4 * roughness(hung[-30:, 2])
    np.testing.assert_allclose(out[:30], rest[:30], atol=1e-6)
    assert abs(out[-30:, 2].mean() - hung[-30:, 2].mean()) < 0.003, "it is as long as before"


def test_pleats_stay_and_what_swings_swings():
    rest, faces, loose = sheet()
    swung = rest + np.array([0.0, 0.1, 0.0]) * np.clip(-rest[:, 2:], 0, 1)
    out = evened(rest[None].astype(np.float32), swung[None].astype(np.float32), faces, loose)[0]
    np.testing.assert_allclose(out, swung, atol=2e-3)
    assert out.dtype == np.float32


def test_cloth_is_no_nearer_to_what_is_beneath():
    """Where a body pushes a flat sheet out unevenly, the sheet does not sink back."""
    rest, faces, loose = sheet()
    rest[:, 1] = 0
    hung = rest.copy()
    hung[:, 1] = -0.02 * np.cos(rest[:, 0] * 12) * (loose > 0)
    out = evened(rest[None].astype(np.float32), hung[None].astype(np.float32), faces, loose)[0]
    assert np.abs(out - hung)[:, 1].max() < 0.005
