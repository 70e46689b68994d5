"""The check without truth: exact views agree to a thousandth of a pixel, noise comes out as statistics say it must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.conventions import COCO17, ThfmError
from tests.train.inference.saved import moving, save_tiny, write_video
from tools.multiview_check import View, check, compare, read_views, triangulate
from train.inference import Predictor


def ring(count: int = 4) -> list[View]:
    """Cameras around the origin, four metres away, that look at it; z is up."""
    views = []
    for k in range(count):
        angle = 2 * np.pi * k / count + 0.3
        place = np.array([4 * np.cos(angle), 4 * np.sin(angle), 1.5])
        forward = -place / np.linalg.norm(place)
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(forward, right), forward])
        intrinsics = np.array([[900.0 + k, 0, 500], [0, 910, 480 + k], [0, 0, 1]])
        bend = np.array([-0.05, 0.14, 6e-4, 7e-4])
        views.append(View(f"cam{k + 1:02d}", intrinsics, np.column_stack([turn, -turn @ place]), bend))
    return views


def write_calibration(path: Path, views: list[View], left: float = 0.0) -> None:
    """As Qualisys stores cameras: 64ths of a pixel, millimetres, axes in rows, y up and looking along -z."""
    cameras = []
    for view in views:
        axes = np.diag([1.0, -1.0, -1.0]) @ view.world_to_camera[:, :3]
        place = -1000 * view.world_to_camera[:, :3].T @ view.world_to_camera[:, 3]
        turn = " ".join(f'r{i + 1}{j + 1}="{axes[i, j]!r}"' for i in range(3) for j in range(3))
        k, d = view.intrinsics, view.distortion
        cameras.append(
            f'<camera serial="{view.name}"><fov_video left="{left}" top="0" right="1000" bottom="1000"/>'
            f'<transform {turn} x="{place[0]!r}" y="{place[1]!r}" z="{place[2]!r}"/>'
            f'<intrinsic focalLengthU="{64 * k[0, 0]!r}" focalLengthV="{64 * k[1, 1]!r}" '
            f'centerPointU="{64 * (k[0, 2] + left)!r}" centerPointV="{64 * k[1, 2]!r}" radialDistortion1="{d[0]!r}" '
            f'radialDistortion2="{d[1]!r}" tangentalDistortion1="{d[2]!r}" tangentalDistortion2="{d[3]!r}"/></camera>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<?xml version='1.0'?><calibration><cameras>{''.join(cameras)}</cameras></calibration>")


def body(frames: int) -> np.ndarray:
    """(T, 17, 3) of a stiff body that turns and walks."""
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 0.3, (17, 3)) * [1, 1, 2]
    turns = Rotation.from_rotvec(np.linspace(0, 1, frames)[:, None] * [0, 0, 1.0]).as_matrix()
    return np.einsum("tij,kj->tki", turns, shape) + np.linspace(0, 0.5, frames)[:, None, None] * [1, 0, 0]


def test_exact_views_agree_and_give_the_points_back() -> None:
    views, points = ring(), body(6)
    pixels = np.stack([view.project(points) for view in views])
    np.testing.assert_allclose(triangulate(views, pixels.reshape(4, -1, 2)), points.reshape(-1, 3), atol=1e-6)
    found = compare(views, pixels, COCO17)
    assert found["reprojection_px"] < 1e-3 and found["bone_change"] < 1e-5
    nose, ankles = points[:, 0], points[:, [15, 16]].mean(1)
    assert found["height_m"] == pytest.approx(np.linalg.norm(nose - ankles, axis=-1)[0], abs=1e-4)


@pytest.mark.parametrize("count", [2, 4])
def test_noise_leaves_what_least_squares_leaves(count: int) -> None:
    """Of 2 V numbers with noise sigma 3 are fitted, so the squares that are left sum up to (2 V - 3) sigma^2."""
    views, sigma = ring(5)[:count], 2.0
    points = np.random.default_rng(1).normal(0, 0.5, (4000, 3))
    pixels = np.stack([view.project(points) for view in views])
    pixels += np.random.default_rng(2).normal(0, sigma, pixels.shape)
    found = triangulate(views, pixels)
    left = sum(np.square(view.project(found) - p).sum() for view, p in zip(views, pixels, strict=True)) / len(points)
    assert left == pytest.approx((2 * count - 3) * sigma**2, rel=0.06)


def test_answers_far_beyond_the_picture_stay_numbers() -> None:
    views = ring(3)
    pixels = np.random.default_rng(3).normal(0, 3e4, (3, 4, 17, 2))
    assert all(np.isfinite(value) for value in compare(views, pixels, COCO17).values())
    inside = np.random.default_rng(4).uniform(0, 1000, (50, 2))
    np.testing.assert_allclose(views[0]._pixels(views[0]._bent(views[0].rays(inside))), inside, atol=1e-3)


def test_a_view_that_contradicts_is_seen() -> None:
    views, points = ring(), body(5)
    pixels = np.stack([view.project(points) for view in views])
    mirrored = pixels.copy()
    mirrored[0] = pixels[0][:, [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]]  # left for right
    found = compare(views, mirrored, COCO17)
    assert found["reprojection_px"] > 10 and found["reprojection_px/nose"] < 1e-3


def test_a_calibration_is_read_as_it_was_meant(tmp_path: Path) -> None:
    views = ring()
    write_calibration(tmp_path / "Calib.qca.txt", views, left=12.0)
    for mine, view in zip(read_views(tmp_path / "Calib.qca.txt"), views, strict=True):
        assert mine.name == view.name
        points = body(3)
        np.testing.assert_allclose(mine.project(points), view.project(points), atol=1e-6)
    (tmp_path / "bad.qca.txt").write_text("<calibration><cameras><camera/></cameras></calibration>")
    with pytest.raises(ThfmError, match=r"bad.qca.txt is no Qualisys calibration"):
        read_views(tmp_path / "bad.qca.txt")


def test_a_folder_from_videos_to_numbers(tmp_path: Path) -> None:
    views, folder = ring(3), tmp_path / "demo"
    write_calibration(folder / "calibration" / "Calib.qca.txt", views)
    (folder / "videos").mkdir()
    for k, view in enumerate(views):
        write_video(folder / "videos" / f"{view.name}.mp4", moving(12 + k, 48, 64, seed=k))
    predictor = Predictor.from_pretrained(save_tiny(tmp_path / "run" / "final"), device="cpu")
    found = check(folder, predictor)
    assert found["reprojection_px"] > 0 and {f"reprojection_px/{name}" for name in COCO17} <= found.keys()
    assert check(folder, predictor, frames=9).keys() == found.keys()
    (folder / "videos" / "cam02.mp4").unlink()
    with pytest.raises(ThfmError, match="cam02.mp4 does not exist"):
        check(folder, predictor)
    with pytest.raises(ThfmError, match=r"no calibration/\*.qca.txt|holds no calibration"):
        check(tmp_path, predictor)
