"""The one distance at which a move shows what its framing asks for, and the cameras there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from synth.cameras.focus import focused
from synth.cameras.framing import NEAREST, Subject, spans
from synth.cameras.moves import LOWEST, MOVES, Stage
from synth.cameras.optics import Rig, rolled
from synth.cameras.replay import CapturedPath
from synth.cameras.shake import shaken
from synth.conventions import ClipRejected
from synth.geometry import Cameras
from synth.spec.camera.model import CameraSpec

_FARTHEST = 200.0  # metres
_HALVINGS = 28  # of the range of distances: to one part in 10 million
_EDGE = 0.98  # share of the half frame in which aimed people stay


def _smoothed(path: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    return gaussian_filter1d(path, seconds * fps, axis=0, mode="nearest") if len(path) > 1 else path


def _stage(spec: CameraSpec, subject: Subject, size: tuple[int, int], fps: float, path: CapturedPath | None) -> Stage:
    points = subject.points[:, subject.framed]
    samples = len(points)
    middle = (points.min(1) + points.max(1)) / 2
    whole = (points.min((0, 1)) + points.max((0, 1))) / 2
    times = (np.arange(samples) - (samples - 1) / 2) / fps
    whole, anchor = np.broadcast_to(whole, (samples, 3)), _smoothed(middle, 0.35, fps)
    captured = None
    if spec.replay is not None and path is not None:
        captured = path.at(spec.replay.start + times - times[0])
    return Stage(
        times=times,
        progress=times / max(times[-1] - times[0], 1e-9),
        whole=whole,
        anchor=anchor,
        centre=whole if spec.framing == "full_body" else anchor,
        tracked=None if subject.tracked is None else _smoothed(subject.tracked, 0.15, fps),
        half=np.array(size) / max(size) / 2,
        path=captured,
    )


def solve(
    spec: CameraSpec, subject: Subject, width: int, height: int, fps: float, path: CapturedPath | None = None
) -> Cameras:
    """The path of a camera that sees the framed points of ``subject`` at all times.

    The distance is the smallest at which they span at most ``spec.fill`` of the frame, shake included.

    Args:
        path: the captured path of a replay, whole.

    Raises:
        ClipRejected: no distance up to 200 m shows everything.
    """
    stage = _stage(spec, subject, (width, height), fps, path)
    distortion = np.array([spec.lens.k1, spec.lens.k2, 0.0, 0.0, 0.0])

    def rig(distance: float) -> Rig:
        return _held(MOVES[spec.move](spec, stage, distance), spec, stage.times)

    def extent(distance: float) -> float:
        return spans(rig(distance), subject, width, height, distortion).max()

    low, high = NEAREST, _FARTHEST
    if extent(high) > spec.fill:
        remedy = "a shorter stretch of the path" if spec.move == "replay" else "a shorter focal length"
        raise ClipRejected([f"camera: none up to {_FARTHEST:g} m away sees the whole movement: use {remedy}."])
    for _ in range(_HALVINGS):
        distance = (low * high) ** 0.5
        low, high = (distance, high) if extent(distance) > spec.fill else (low, distance)
    aimed = _aimed(rig(high), spec.aim, subject, width, height, distortion)
    focus, f_stop = (None, None) if spec.lens.f_stop is None else focused(aimed, subject, spec.lens.f_stop)
    return Cameras(
        aimed.intrinsics(width, height), aimed.world_to_camera(), distortion, focus, f_stop, spec.lens.shutter,
        spec.lens.readout,
    )  # fmt: skip


def _held(rig: Rig, spec: CameraSpec, times: np.ndarray) -> Rig:
    held, eye = rolled(spec.roll) @ rig.held, rig.eye
    if spec.shake is not None:
        turns, shifts = shaken(spec.shake, times)
        held, eye = turns @ held, eye + shifts
        eye[:, 2] = np.maximum(eye[:, 2], LOWEST)
    return replace(rig, held=held, eye=eye)


def _aimed(
    rig: Rig, aim: tuple[float, float], subject: Subject, width: int, height: int, distortion: np.ndarray
) -> Rig:
    """Turn the cameras by small constant angles that move people off centre, as far as they stay in frame."""
    free = np.clip(0.97 - spans(rig, subject, width, height, distortion), 0.0, 1.0)
    tangents = (np.array([width, height]) / 2 / rig.intrinsics(width, height)[:, 0, 0].min()) * free * np.array(aim)
    for scale in (1.0, 0.5, 0.25):
        right, down = np.arctan(scale * tangents)
        elevation = np.clip(rig.elevation - down, -1.5, 1.5)
        turned = replace(rig, azimuth=rig.azimuth - right / np.cos(rig.elevation), elevation=elevation)
        if spans(turned, subject, width, height, distortion).max() < _EDGE:
            return turned
    return rig
