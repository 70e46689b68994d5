"""Loose cloth: it hangs by gravity, keeps its lengths, lags behind, comes to rest, and stays off what is beneath."""

import numpy as np
import trimesh

from synth.bodies.cloth import MARGIN, Collider, drape

FPS = 24.0


def strip(rows: int = 20, columns: int = 8, size: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat sheet in the plane x = 0 that hangs from its top row: vertices, faces, loose."""
    y, z = np.meshgrid(np.arange(columns) * size, -np.arange(rows) * size)
    vertices = np.stack([0 * y, y, z + 1.5], -1).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(f, -1).reshape(-1, 3) for f in ((a, c, b), (b, c, d))])
    return vertices, faces, np.repeat((np.arange(rows) > 0).astype(float), columns)


def ball(centres: np.ndarray, radius: float) -> Collider:
    mesh = trimesh.creation.icosphere(3, radius)
    positions = (mesh.vertices[None] + centres[:, None]).astype(np.float32)
    return Collider(positions, np.asarray(mesh.faces), np.arange(len(mesh.vertices)))


def far(samples: int) -> Collider:
    return ball(np.full((samples, 3), 9.0), 0.1)


def stretch(rest: np.ndarray, faces: np.ndarray, now: np.ndarray) -> np.ndarray:
    edges = trimesh.Trimesh(rest, faces, process=False).edges_unique
    return np.linalg.norm(np.diff(now[edges], axis=1), axis=2) / np.linalg.norm(np.diff(rest[edges], axis=1), axis=2)


def test_a_sheet_held_out_flat_falls_and_keeps_its_lengths():
    rest, faces, loose = strip()
    turned = rest[:, [2, 1, 0]] + (0.0, 0.0, 1.5)  # lies flat in the air, held along one edge
    still = np.repeat(turned[None], 30, 0).astype(np.float32)
    hung = drape(rest, faces, loose, still, [far(30)], FPS)
    bottom = hung[-1][-8:]
    top = hung[-1][:8]
    drop = top[:, 2].mean() - bottom[:, 2].mean()
    assert 0.9 * 0.38 < drop < 1.06 * 0.38
    np.testing.assert_array_equal(hung[:, loose == 0], still[:, loose == 0])
    assert np.quantile(np.abs(stretch(rest, faces, hung[-1]) - 1)[0], 0.95) < 0.08
    assert np.abs(hung[-1] - hung[-2]).max() < 0.01, "it comes to rest"


def test_cloth_lags_behind_who_moves_and_is_deterministic():
    rest, faces, loose = strip()
    samples = np.arange(40)
    x = np.where(samples < 10, 0.0, np.minimum((samples - 10) * 0.06, 0.6))  # stands, goes, stands
    moved = (rest[None] + np.stack([x, 0 * x, 0 * x], 1)[:, None]).astype(np.float32)
    out = drape(rest, faces, loose, moved, [far(40)], FPS)
    behind = x - out[:, -8:, 0].mean(1)
    assert abs(behind[9]) < 0.02
    assert behind[12:18].max() > 0.08, "the hem starts later"
    assert behind[20:].min() < -0.02, "and swings past when the body stops"
    np.testing.assert_array_equal(out, drape(rest, faces, loose, moved, [far(40)], FPS))


def test_cloth_stays_off_what_moves_into_it():
    rest, faces, loose = strip(rows=30, columns=16)
    still = np.repeat(rest[None], 30, 0).astype(np.float32)
    path = np.stack([np.linspace(-0.3, 0.02, 30), np.full(30, 0.15), np.full(30, 1.1)], 1)
    out = drape(rest, faces, loose, still, [ball(path, 0.1)], FPS)
    for t in (15, 22, 29):
        away = np.linalg.norm(out[t] - path[t], axis=1)
        assert away.min() > 0.1 + MARGIN - 0.005
    assert out[-1, :, 0].max() > 0.06, "the ball carries it along"


def test_what_is_not_loose_is_left_alone():
    rest, faces, _ = strip()
    moved = np.repeat(rest[None], 3, 0).astype(np.float32)
    assert drape(rest, faces, np.zeros(len(rest)), moved, [], FPS) is moved
