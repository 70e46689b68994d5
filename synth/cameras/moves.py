"""Every move of the camera as a function of one distance: where it stands and looks at each time sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth.cameras.optics import FULL_FRAME_MM, Rig, angles, direction, level_rotations
from synth.cameras.replay import CapturedPath
from synth.cameras.shake import walked
from synth.spec.camera.model import CameraSpec

LOWEST = 0.15  # metres over the floor


@dataclass(frozen=True)
class Stage:
    """What moves are made around.

    Attributes:
        times: (S,) seconds from the clip's middle; progress: (S,) from -1/2 to 1/2.
        whole: (S, 3), S times the middle of all places of the framed people; anchor: (S, 3), their smoothed middle.
        centre: (S, 3), what cameras on wheels move around: the anchor if they show a part of the body, else the whole.
        tracked: (S, 3), the watched body part.
        half: (2,) half the frame's width and height in shares of the focal length at 36 mm on the long side.
        path: the captured path at the clip's times.
    """

    times: np.ndarray
    progress: np.ndarray
    whole: np.ndarray
    anchor: np.ndarray
    centre: np.ndarray
    tracked: np.ndarray | None
    half: np.ndarray
    path: CapturedPath | None = None

    def tangents(self, focal_mm: float) -> np.ndarray:
        """(2,) tangents of half the fields of view."""
        return self.half * FULL_FRAME_MM / focal_mm


def _offset(
    spec: CameraSpec,
    middle: np.ndarray,
    distance: float,
    turn: np.ndarray | float = 0.0,
    rise: np.ndarray | float = 0.0,
) -> np.ndarray:
    """(S, 3) unit vectors from ``middle`` (S, 3) to a camera so far away, which does not sink into the floor."""
    floor = np.arcsin(np.clip((LOWEST - middle[:, 2]) / distance, -1.0, 1.0))
    elevation = np.maximum(np.clip(spec.elevation + rise, -1.4, 1.4), floor)
    return direction(spec.azimuth + turn, elevation)


def _focal(spec: CameraSpec, stage: Stage, ratio: float = 1.0) -> np.ndarray:
    return spec.focal_mm * ratio**stage.progress


def _static(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    return Rig.watching(stage.whole + distance * _offset(spec, stage.whole, distance), stage.whole, _focal(spec, stage))


def _pan(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """It turns about the vertical with the people, and past them."""
    level = _static(spec, stage, distance)
    azimuth, _ = angles(stage.anchor - level.eye)
    turn = 2 * np.arctan(stage.tangents(spec.focal_mm)[0]) * spec.sweep * stage.progress
    return Rig(level.eye, azimuth + turn, level.elevation, level.held, level.focal_mm)


def _tilt(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """It turns up or down with the people, and past them."""
    level = _static(spec, stage, distance)
    _, elevation = angles(stage.anchor - level.eye)
    turn = 2 * np.arctan(stage.tangents(spec.focal_mm)[1]) * spec.sweep * stage.progress
    return Rig(level.eye, level.azimuth, elevation + turn, level.held, level.focal_mm)


def _dolly(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """It moves along its view, which stays what it is; close on people, it rides with them."""
    away = distance * spec.ratio**stage.progress
    eye = stage.centre + away[:, None] * _offset(spec, stage.centre, away.max())
    return Rig.watching(eye, stage.centre, _focal(spec, stage))


def _truck(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """It moves across its view, which stays what it is; close on people, it rides with them."""
    offset = _offset(spec, stage.centre, distance)
    along = 2 * distance * stage.tangents(spec.focal_mm)[0] * spec.sweep * stage.progress
    past = stage.centre + along[:, None] * level_rotations(-offset)[:, 0]
    return Rig.watching(past + distance * offset, past, _focal(spec, stage))


def _follow(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    return Rig.watching(
        stage.anchor + distance * _offset(spec, stage.anchor, distance), stage.anchor, _focal(spec, stage)
    )


def _track(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    eye = stage.whole + distance * _offset(spec, stage.whole, distance)
    return Rig.watching(eye, stage.tracked, _focal(spec, stage))


def _orbit(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    eye = stage.whole + distance * _offset(spec, stage.whole, distance, turn=spec.orbit * stage.progress)
    return Rig.watching(eye, stage.anchor, _focal(spec, stage))


def _crane(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    eye = stage.whole + distance * _offset(spec, stage.whole, distance, rise=spec.rise * stage.progress)
    return Rig.watching(eye, stage.anchor, _focal(spec, stage))


def _zoom(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    eye = stage.whole + distance * _offset(spec, stage.whole, distance)
    return Rig.watching(eye, stage.anchor, _focal(spec, stage, spec.ratio))


def _dolly_zoom(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    level = _dolly(spec, stage, distance)
    return Rig(level.eye, level.azimuth, level.elevation, level.held, _focal(spec, stage, spec.ratio))


def _egocentric(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """Eyes at their own height, which come nearer or go away, step by step, and rest on the people."""
    flat = direction(spec.azimuth, 0.0)
    eye = stage.whole + (distance * spec.ratio**stage.progress)[:, None] * flat
    eye[:, 2] = spec.eye_height
    if spec.gait is not None:
        up, right = walked(spec.gait, stage.times)
        eye = eye + up[:, None] * (0, 0, 1) + right[:, None] * np.array([-flat[1], flat[0], 0.0])
    return Rig.watching(eye, stage.anchor, _focal(spec, stage))


def _replay(spec: CameraSpec, stage: Stage, distance: float) -> Rig:
    """The captured path, turned about the vertical and moved so that on average it looks at the people.

    Its metres, its hand and its own elevation are kept; only a path that would sink into the floor is lifted.
    """
    path = stage.path
    forward = path.rotation[:, 2].mean(0)
    azimuth, elevation = (float(x[0]) for x in angles(forward[None]))
    turn = spec.azimuth + np.pi - azimuth
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    held = path.rotation @ level_rotations(direction(azimuth, elevation)[None])[0].T
    eye = stage.whole - distance * direction(spec.azimuth + np.pi, elevation) + (path.eye - path.eye.mean(0)) @ about.T
    rise = max(0.0, LOWEST - eye[:, 2].min())
    eye = eye + (0, 0, rise)
    same = np.ones(len(eye))
    aim = elevation - np.arctan2(rise, distance)
    focal = spec.focal_mm * (same if path.focal is None else path.focal / path.focal.mean())
    return Rig(eye, same * (spec.azimuth + np.pi), same * aim, held, focal)


MOVES: dict[str, Callable[[CameraSpec, Stage, float], Rig]] = {
    "static": _static,
    "pan": _pan,
    "tilt": _tilt,
    "dolly": _dolly,
    "truck": _truck,
    "follow": _follow,
    "track": _track,
    "orbit": _orbit,
    "crane": _crane,
    "zoom": _zoom,
    "dolly_zoom": _dolly_zoom,
    "egocentric": _egocentric,
    "replay": _replay,
}
