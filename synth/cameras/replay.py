"""Captured camera paths: read from files, and played again around other people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from synth.conventions import ThfmError

SUFFIXES = (".npz", ".tum", ".txt")
_Z_UP_OF_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_OPENCV_OF_OPENGL = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class CapturedPath:
    """Where a real camera was.

    Attributes:
        times: (N,) seconds, growing, from 0.
        eye: (N, 3) metres in a world whose z is up.
        rotation: (N, 3, 3) world -> camera, OpenCV axes.
        focal: (N,) focal length in any unit; None if it did not change.
    """

    times: np.ndarray
    eye: np.ndarray
    rotation: np.ndarray
    focal: np.ndarray | None = None

    @property
    def seconds(self) -> float:
        return float(self.times[-1])

    def at(self, times: np.ndarray) -> CapturedPath:
        """The path at other times (S,), linear in place and focal length, on great circles in rotation."""
        times = np.clip(times, 0.0, self.seconds)
        turned = Slerp(self.times, Rotation.from_matrix(self.rotation))(times).as_matrix()
        eye = np.stack([np.interp(times, self.times, self.eye[:, k]) for k in range(3)], 1)
        focal = None if self.focal is None else np.interp(times, self.times, self.focal)
        return CapturedPath(times, eye, turned, focal)


def read_path(path: Path) -> CapturedPath:
    """Read a captured path.

    ``.npz``: ``world_to_camera`` (N, 4, 4), metres, and ``fps`` or ``times`` (N,) in seconds; may also hold ``focal``
    (N,), ``up`` ("z", or "y" for a world whose y is up) and ``axes`` ("opencv", or "opengl" for cameras that look along
    -z). ``.tum`` and ``.txt``: a TUM trajectory, a line "time x y z qx qy qz qw" a pose, camera to world, z up.

    Raises:
        ThfmError: no such file, or it holds no path: two or more poses, rotations, focal lengths above 0.
    """
    try:
        found = _read_npz(path) if path.suffix == ".npz" else _read_tum(path)
    except OSError as error:
        raise ThfmError(f"camera path {path} cannot be read ({error.strerror or error}): name another.") from None
    except Exception as error:  # damaged archives raise anything
        raise ThfmError(
            f"camera path {path} cannot be read ({error}): docs/cameras.md tells what it must hold."
        ) from None
    if len(found.times) < 2 or not (np.diff(found.times) > 0).all() or not np.isfinite(found.eye).all():
        raise ThfmError(f"camera path {path} needs two or more poses at growing times: export it again.")
    upright = np.linalg.det(found.rotation) > 0  # no mirror
    if not upright.all() or not np.allclose(found.rotation @ found.rotation.swapaxes(1, 2), np.eye(3), atol=1e-3):
        raise ThfmError(f"camera path {path} holds matrices that are no rotations: export rigid poses.")
    if found.focal is not None and not (np.isfinite(found.focal) & (found.focal > 0)).all():
        raise ThfmError(
            f"camera path {path} holds a focal length that is not above 0: leave focal out, or export it again."
        )
    return found


def _read_npz(path: Path) -> CapturedPath:
    with np.load(path, allow_pickle=False) as file:
        pose = np.asarray(file["world_to_camera"], np.float64)
        count = len(pose)
        times = np.asarray(file["times"], np.float64) if "times" in file else np.arange(count) / float(file["fps"])
        up, axes = (str(file[name]) if name in file else usual for name, usual in (("up", "z"), ("axes", "opencv")))
        focal = np.asarray(file["focal"], np.float64).reshape(count) if "focal" in file else None
    if pose.shape != (count, 4, 4) or times.shape != (count,) or up not in "yz" or axes not in ("opencv", "opengl"):
        raise ValueError(f"world_to_camera {pose.shape}, times {times.shape}, up {up!r}, axes {axes!r}")
    rotation, eye = pose[:, :3, :3], -np.einsum("nji,nj->ni", pose[:, :3, :3], pose[:, :3, 3])
    if axes == "opengl":
        rotation = _OPENCV_OF_OPENGL @ rotation
    if up == "y":
        rotation, eye = rotation @ _Z_UP_OF_Y_UP.T, eye @ _Z_UP_OF_Y_UP.T
    return CapturedPath(times - times[0], eye, rotation, focal)


def _read_tum(path: Path) -> CapturedPath:
    rows = np.loadtxt(path, ndmin=2)
    if rows.shape[1] != 8:
        raise ValueError(f"{rows.shape[1]} numbers a line, not 8")
    rotation = Rotation.from_quat(rows[:, 4:]).inv().as_matrix()
    return CapturedPath(rows[:, 0] - rows[0, 0], rows[:, 1:4], rotation)
