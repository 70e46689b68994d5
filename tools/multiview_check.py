"""Does a model see the same body from every side? Its 2D keypoints in calibrated views of one scene, without any truth.

    pip download --no-deps pose2sim==0.10.49 && unzip -q pose2sim-*.whl 'Pose2Sim/Demo_SinglePerson/*'
    python tools/multiview_check.py Pose2Sim/Demo_SinglePerson --model runs/a

The folder holds ``calibration/*.qca.txt`` (Qualisys) and ``videos/<camera>.mp4``, as Pose2Sim has its demos. Each joint
of each frame is triangulated from all views and projected back; what is left says how far the views contradict each
other. A model that answers the same in every picture can agree with itself by chance, so bones are looked at too: how
much their length changes over time, and how tall the body would be. Numbers are of the most prominent person: name
scenes with one.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError

_UNIT = 64.0  # a Qualisys file counts 64ths of a pixel
_ROUNDS = 3
BONES = (
    ("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"), ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"), ("left_hip", "left_knee"), ("right_hip", "right_knee"), ("left_knee", "left_ankle"),
    ("right_knee", "right_ankle"), ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A camera: K (3, 3) in pixels, world to camera (3, 4) in metres, and distortion k1 k2 p1 p2 as OpenCV has it."""

    name: str
    intrinsics: np.ndarray
    world_to_camera: np.ndarray
    distortion: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the world -> pixels (..., 2)."""
        camera = points @ self.world_to_camera[:, :3].T + self.world_to_camera[:, 3]
        return self._pixels(self._bent(camera[..., :2] / camera[..., 2:]))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) -> x / z and y / z (..., 2) of the straight rays that they come from; far beyond the picture,
        where no ray leads to, as if the lens did not bend."""
        bent = (pixels - self.intrinsics[:2, 2]) / self.intrinsics[[0, 1], [0, 1]]
        straight = bent.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(20):
                straight = straight + bent - self._bent(straight)
            found = (np.abs(self._bent(straight) - bent) < 1e-6).all(-1, keepdims=True)
        return np.where(found, straight, bent)

    def _bent(self, rays: np.ndarray) -> np.ndarray:
        k1, k2, p1, p2 = self.distortion
        x, y = rays[..., 0], rays[..., 1]
        r = x * x + y * y
        bend = 1 + r * (k1 + r * k2)
        return np.stack(
            [x * bend + 2 * p1 * x * y + p2 * (r + 2 * x * x), y * bend + p1 * (r + 2 * y * y) + 2 * p2 * x * y], -1
        )

    def _pixels(self, rays: np.ndarray) -> np.ndarray:
        return rays * self.intrinsics[[0, 1], [0, 1]] + self.intrinsics[:2, 2]


def read_views(path: Path) -> list[View]:
    """The cameras of a Qualisys calibration file. Raises ThfmError if it cannot be read."""
    try:
        cameras = ElementTree.parse(path).getroot().findall("cameras/camera")
        views = [_view(camera) for camera in cameras]
    except (OSError, ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise ThfmError(f"{path} is no Qualisys calibration that can be read ({error}).") from None
    if len(views) < 2:
        raise ThfmError(f"{path} knows {len(views)} camera: two at least are needed.")
    return views


def _view(camera: ElementTree.Element) -> View:
    def numbers(tag: str, *names: str) -> list[float]:
        element = camera.find(tag)
        return [float(element.get(name)) for name in names]

    fu, fv, cu, cv = numbers("intrinsic", "focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
    left, top = numbers("fov_video", "left", "top")
    axes = np.array(numbers("transform", *(f"r{i}{j}" for i in (1, 2, 3) for j in (1, 2, 3)))).reshape(3, 3)
    place = np.array(numbers("transform", "x", "y", "z")) / 1000
    turned = np.diag([1.0, -1.0, -1.0]) @ axes  # theirs look along -z with y up
    bend = numbers(
        "intrinsic", "radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2"
    )
    return View(
        name=str(camera.get("serial")),
        intrinsics=np.array([[fu / _UNIT, 0, cu / _UNIT - left], [0, fv / _UNIT, cv / _UNIT - top], [0, 0, 1]]),
        world_to_camera=np.column_stack([turned, -turned @ place]),
        distortion=np.array(bend),
    )


def triangulate(views: Sequence[View], pixels: np.ndarray) -> np.ndarray:
    """Points (N, 3) from what V views see of them, (V, N, 2): least squares of the distance in the picture, nearly."""
    rays = np.stack([view.rays(p) for view, p in zip(views, pixels, strict=True)])
    matrices = np.stack([view.world_to_camera for view in views])
    focal = np.array([view.intrinsics[0, 0] for view in views])
    # x m3 - m1 and y m3 - m2 of each view, per point.
    rows = rays[..., None] * matrices[:, None, None, 2] - matrices[:, None, :2]  # V, N, 2, 4
    weight = np.repeat(focal[:, None], pixels.shape[1], 1)
    for _ in range(_ROUNDS):
        system = (rows * weight[..., None, None]).transpose(1, 0, 2, 3).reshape(pixels.shape[1], -1, 4)
        a, b = system[..., :3], -system[..., 3]
        points = np.linalg.solve(np.einsum("nki,nkj->nij", a, a), np.einsum("nki,nk->ni", a, b)[..., None])[..., 0]
        depth = np.einsum("vj,nj->vn", matrices[:, 2, :3], points) + matrices[:, 2, 3][:, None]
        weight = focal[:, None] / np.maximum(np.abs(depth), 1e-6)
    return points


def compare(views: Sequence[View], pixels: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """What views (V, T, J, 2) of the same joints, in pixels, say about each other.

    Returns:
        ``reprojection_px`` mean and ``..._median``; ``reprojection_px/<joint>``; ``bone_change``: standard deviation of
        a bone's length over time as a share of its mean, mean over bones; ``height_m``: median between nose and ankles.
    """
    count, joints = pixels.shape[1:3]
    points = triangulate(views, pixels.reshape(len(views), -1, 2))
    back = np.stack([view.project(points) for view in views]).reshape(pixels.shape)
    error = np.linalg.norm(back - pixels, axis=-1)  # V, T, J
    points = points.reshape(count, joints, 3)
    place = {name: j for j, name in enumerate(names)}
    found = {"reprojection_px": float(error.mean()), "reprojection_px_median": float(np.median(error))}
    changes = []
    for a, b in BONES:
        if a in place and b in place:
            length = np.linalg.norm(points[:, place[a]] - points[:, place[b]], axis=-1)
            changes.append(length.std() / length.mean())
    if changes:
        found["bone_change"] = float(np.mean(changes))
    if {"nose", "left_ankle", "right_ankle"} <= place.keys():
        ankles = (points[:, place["left_ankle"]] + points[:, place["right_ankle"]]) / 2
        found["height_m"] = float(np.median(np.linalg.norm(points[:, place["nose"]] - ankles, axis=-1)))
    by_joint = error.mean((0, 1))
    return found | {f"reprojection_px/{name}": float(by_joint[j]) for j, name in enumerate(names)}


def predicted(predictor, videos: Mapping[str, Path], frames: int | None) -> np.ndarray:
    """(V, T, J, 2) pixels of the most prominent person, T frames that all videos have."""
    from train.inference.video_io import open_source, read

    tracks = []
    for video in videos.values():
        pictures = (picture.rgb for picture in islice(read(open_source(video)), frames))
        answers = predictor.stream(pictures, ["keypoints2d"])
        tracks.append(np.stack([answer["keypoints2d"]["keypoints2d"][0] for answer in answers]))
    count = min(map(len, tracks))
    return np.stack([track[:count] for track in tracks]).astype(np.float64)


def check(folder: Path, predictor, frames: int | None = None) -> dict[str, float]:
    """The comparison of a folder's views. Raises ThfmError for a folder of another form."""
    calibrations = sorted((folder / "calibration").glob("*.qca.txt"))
    if not calibrations:
        raise ThfmError(f"{folder} holds no calibration/*.qca.txt: name a demo of Pose2Sim, or one of its form.")
    views = read_views(calibrations[0])
    videos = {view.name: folder / "videos" / f"{view.name}.mp4" for view in views}
    predictor.chosen(["keypoints2d"])
    return compare(views, predicted(predictor, videos, frames), predictor.tasks["keypoints2d"].joints)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with calibration/*.qca.txt and videos/<camera>.mp4")
    parser.add_argument("--model", type=Path, required=True, help="RUN, or RUN/final")
    parser.add_argument("--frames", type=int, help="so many from the beginning")
    parser.add_argument("--device")
    options = parser.parse_args()

    from train.inference import Predictor

    try:
        found = check(options.folder, Predictor.from_pretrained(options.model, device=options.device), options.frames)
    except ThfmError as error:
        sys.exit(f"error: {error}")
    for name, value in found.items():
        print(f"{name:34} {value:8.3f}")


if __name__ == "__main__":
    main()
