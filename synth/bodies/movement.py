"""``MotionSpec`` -> the motion of one person's body: captured parts fitted to it, synthesised ones made for it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synth.bodies.grounding import adapt_to_shape
from synth.bodies.joining import join, retime, step_across
from synth.bodies.kinematics import BodyGeometry, default_body
from synth.bodies.motion import Motion, mirror, resample, slice_seconds, subclip
from synth.bodies.motion_io import read_motion
from synth.bodies.scenery import Scenery
from synth.bodies.synth_motion.face import face
from synth.bodies.synth_motion.kinds import KINDS, checked, synthesise
from synth.conventions import ThfmError
from synth.spec.model import MotionPart, MotionSpec

PREFIX = "synth:"  # of the names of kinds of synthesised motion


@functools.lru_cache(maxsize=16)
def _read(path: Path) -> Motion:
    return read_motion(path)


def person_motion(spec: MotionSpec, files: Mapping[str, Path], body: BodyGeometry, frames: int, fps: float) -> Motion:
    """``frames`` frames of what the spec says, for ``body``, feet on the floor z = 0, at the clip's rate.

    Args:
        files: where captured motions lie, by name.

    Raises:
        ThfmError: a motion is not there, or ends too early.
    """
    if not spec.then and spec.name.startswith(PREFIX):
        motion = _part(spec, files, body, frames, fps)
    else:
        reference = default_body()
        motion = None
        for k, part in enumerate((spec, *spec.then)):
            begin = 0 if k == 0 else round(part.at * fps)
            following = spec.then[k] if k < len(spec.then) else None
            end = frames if following is None else round(following.at * fps) + round(following.blend * fps) + 1
            # joined on the body that captures are made for, then fitted as a whole: contacts hold across the blend
            taken = _part(part, files, reference, end - begin, fps)
            if motion is None:
                motion = taken
            else:
                joined = join(motion, taken, part.blend)
                motion = step_across(joined, begin, len(motion) - 1, reference)
        motion = adapt_to_shape(subclip(motion, 0, frames), body)
    return _with_face(motion, spec.face_seed)


def scenery_of(spec: MotionSpec, body: BodyGeometry) -> Scenery | None:
    """What a motion needs around it, in the axes of ``person_motion``; None if nothing."""
    kind = spec.name[len(PREFIX) :]
    if spec.then or not spec.name.startswith(PREFIX) or KINDS[kind].scenery is None:
        return None
    needed = KINDS[kind].scenery(body, checked(kind, spec.parameters))
    return needed.mirrored() if spec.mirrored else needed


def _part(part: MotionPart, files: Mapping[str, Path], body: BodyGeometry, frames: int, fps: float) -> Motion:
    if part.name.startswith(PREFIX):
        motion = synthesise(part.name[len(PREFIX) :], part.parameters, part.seed, body, part.start, frames, fps)
    else:
        motion = captured(part, files, frames, fps)
    return mirror(motion) if part.mirrored else motion


def captured(part: MotionPart, files: Mapping[str, Path], frames: int, fps: float) -> Motion:
    """Frames of a captured motion, at its speed of the spec, for the body that it was retargeted to.

    Raises:
        ThfmError: there is no such motion, or it ends too early.
    """
    if part.name not in files:
        raise ThfmError(f"there is no motion called {part.name!r}: was the clip made with other assets?")
    path = files[part.name]
    source = _read(path)
    begin = np.floor(part.start * source.fps + 1e-6) / source.fps  # the next frame may be too late
    end = part.start + (frames - 1) / fps * part.speed + 2.0 / source.fps
    taken = slice_seconds(source, begin, max(begin, min(end, source.duration)))
    taken = resample(retime(taken, part.speed), fps)
    if len(taken) < frames:
        raise ThfmError(f"motion {path} ends before the clip: {frames} frames from {part.start:.2f} s are not there.")
    return subclip(taken, 0, frames)


def _with_face(motion: Motion, seed: int | None) -> Motion:
    """Blinks, gaze and mimicry for a motion that has none."""
    if seed is None or motion.expression.any() or motion.leye_pose.any() or motion.jaw_pose.any():
        return motion
    looks = face(np.random.default_rng(seed), np.arange(len(motion)) / motion.fps)
    still = np.zeros(len(motion))
    eyes = np.radians(np.stack([looks["eyes"][:, 1], looks["eyes"][:, 0], still], axis=1))
    jaw = np.radians(np.stack([looks["jaw"], still, still], axis=1))
    return motion.replace(leye_pose=eyes, reye_pose=eyes, jaw_pose=jaw, expression=looks["expression"])
