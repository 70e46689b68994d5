"""``Motion``: SMPL-X pose parameters over time in the z-up world, and what one does with them.

A motion says how a body moves, not who moves: shape is given elsewhere, and ``synth.bodies.grounding.adapt_to_shape``
fits a motion to a shape.
"""

from __future__ import annotations

import dataclasses
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline, interp1d
from scipy.spatial.transform import Rotation

from synth.conventions import ThfmError

# field -> number of values per frame
ROTATION_FIELDS = {
    "global_orient": 3,
    "body_pose": 63,
    "left_hand_pose": 45,
    "right_hand_pose": 45,
    "jaw_pose": 3,
    "leye_pose": 3,
    "reye_pose": 3,
}
FIELDS = {**ROTATION_FIELDS, "transl": 3, "expression": 10}

# The 21 body joints after the pelvis in SMPL-X order; entry i is the joint that i becomes in a mirror.
_BODY_SWAP = np.array([2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20]) - 1
_FORMAT = "thfm-motion-1"


@dataclass(frozen=True, eq=False)
class Motion:
    """SMPL-X parameters of T frames at a constant frame rate.

    Rotations are axis-angle in radians, float64, T rows: global_orient (T,3), body_pose (T,63), left_hand_pose and
    right_hand_pose (T,45; full axis-angle relative to the flat hand), jaw_pose, leye_pose, reye_pose (T,3).
    transl (T,3) is in metres; expression (T,10) holds the model's coefficients. ``global_orient`` and ``transl`` are
    those of the z-up world, so ``smplx(global_orient=..., transl=..., ...)`` gives world vertices. Arrays left out are
    zero. Raises ThfmError for wrong shapes, non-finite values, no frames, or a frame rate that is not positive.
    """

    fps: float
    global_orient: np.ndarray
    body_pose: np.ndarray
    transl: np.ndarray
    left_hand_pose: np.ndarray | None = None
    right_hand_pose: np.ndarray | None = None
    jaw_pose: np.ndarray | None = None
    leye_pose: np.ndarray | None = None
    reye_pose: np.ndarray | None = None
    expression: np.ndarray | None = None
    name: str = "motion"
    source: str = ""

    def __post_init__(self) -> None:
        fps = float(self.fps)
        if not np.isfinite(fps) or fps <= 0:
            raise ThfmError(f"motion '{self.name}' has frame rate {self.fps}; it must be a positive number")
        object.__setattr__(self, "fps", fps)
        frames = np.shape(self.global_orient)[:1]
        if not frames or frames[0] == 0:
            raise ThfmError(f"motion '{self.name}' has no frames; check the source or the chosen segment")
        for field, width in FIELDS.items():
            value = getattr(self, field)
            value = np.zeros((frames[0], width)) if value is None else np.array(value, dtype=np.float64)
            if value.shape != (frames[0], width):
                raise ThfmError(f"motion '{self.name}': {field} has shape {value.shape}, expected {(frames[0], width)}")
            if not np.isfinite(value).all():
                bad = int(np.flatnonzero(~np.isfinite(value).all(axis=1))[0])
                raise ThfmError(
                    f"motion '{self.name}': {field} is not finite at frame {bad}; repair or cut the source there"
                )
            object.__setattr__(self, field, value)

    def __len__(self) -> int:
        return len(self.transl)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (len(self) - 1) / self.fps

    def replace(self, **changes) -> Motion:
        """A copy with some fields exchanged (validated again)."""
        return dataclasses.replace(self, **changes)

    def full_pose(self) -> np.ndarray:
        """(T,55,3) float64 axis-angle of all joints in SMPL-X order."""
        parts = (
            self.global_orient,
            self.body_pose,
            self.jaw_pose,
            self.leye_pose,
            self.reye_pose,
            self.left_hand_pose,
            self.right_hand_pose,
        )
        return np.concatenate(parts, axis=1).reshape(len(self), 55, 3)

    def with_full_pose(self, pose: np.ndarray, transl: np.ndarray | None = None) -> Motion:
        """The motion with all rotations taken from ``pose`` (T,55,3) axis-angle, and ``transl`` (T,3) if given."""
        changes = pose_fields(pose)
        if transl is not None:
            changes["transl"] = transl
        return self.replace(**changes)


def pose_fields(pose: np.ndarray) -> dict[str, np.ndarray]:
    """Split (T,55,3) axis-angle in SMPL-X joint order into Motion's rotation fields."""
    flat = np.asarray(pose, dtype=np.float64).reshape(len(pose), 165)
    return {
        "global_orient": flat[:, :3],
        "body_pose": flat[:, 3:66],
        "jaw_pose": flat[:, 66:69],
        "leye_pose": flat[:, 69:72],
        "reye_pose": flat[:, 72:75],
        "left_hand_pose": flat[:, 75:120],
        "right_hand_pose": flat[:, 120:165],
    }


def resample(motion: Motion, fps: float) -> Motion:
    """The motion at another frame rate: new frame k shows time k / fps exactly, for all k within the source.

    Rotations are interpolated along the shortest arc (slerp), translation by a cubic spline through the samples,
    expression linearly. A frame whose time falls on a source frame is that source frame, bit for bit.
    """
    if not np.isfinite(fps) or fps <= 0:
        raise ThfmError(f"cannot resample motion '{motion.name}' to {fps} frames per second; give a positive number")
    if fps == motion.fps:
        return motion
    count = int(np.floor(motion.duration * fps + 1e-6)) + 1
    position = np.minimum(np.arange(count) * (motion.fps / fps), len(motion) - 1)
    nearest = np.round(position)
    position = np.where(np.abs(position - nearest) < 1e-6, nearest, position)
    low = position.astype(np.int64)
    fraction = position - low
    high = np.minimum(low + 1, len(motion) - 1)

    pose = motion.full_pose()
    between = fraction > 0
    new_pose = pose[low]
    if between.any():
        start = Rotation.from_rotvec(pose[low[between]].reshape(-1, 3))
        end = Rotation.from_rotvec(pose[high[between]].reshape(-1, 3))
        step = (start.inv() * end).as_rotvec() * np.repeat(fraction[between], 55)[:, None]
        new_pose[between] = (start * Rotation.from_rotvec(step)).as_rotvec().reshape(-1, 55, 3)

    frames = np.arange(len(motion))
    transl, expression = motion.transl[low], motion.expression[low]
    if between.any():
        curve = (CubicSpline if len(motion) > 2 else interp1d)(frames, motion.transl, axis=0)
        transl[between] = curve(position[between])
        expression[between] = interp1d(frames, motion.expression, axis=0)(position[between])
    return motion.replace(fps=fps, transl=transl, expression=expression, **pose_fields(new_pose))


def subclip(motion: Motion, start: int, stop: int) -> Motion:
    """Frames start <= t < stop. Raises ThfmError if that range is empty or not inside the motion."""
    if not 0 <= start < stop <= len(motion):
        raise ThfmError(f"frames [{start}, {stop}) are not inside motion '{motion.name}' of {len(motion)} frames")
    return motion.replace(**{field: getattr(motion, field)[start:stop] for field in FIELDS})


def slice_seconds(motion: Motion, start: float, end: float) -> Motion:
    """The frames whose time lies in [start, end] seconds, ends included. Raises ThfmError as ``subclip`` does."""
    first = int(np.ceil(start * motion.fps - 1e-6))
    last = int(np.floor(end * motion.fps + 1e-6))
    if first < 0 or last < first or last >= len(motion):
        raise ThfmError(
            f"segment [{start}, {end}] s is not inside motion '{motion.name}', which lasts {motion.duration:.3f} s"
        )
    return subclip(motion, first, last + 1)


def mirror(motion: Motion) -> Motion:
    """The motion seen in the mirror plane x = 0 of the world: left and right exchange roles, hands included.

    Exact for a body that is itself symmetric in x. Expression coefficients have no general mirror and are kept.
    """
    flip = np.array([1.0, -1.0, -1.0])  # a mirror in x turns the axis-angle (a, b, c) into (a, -b, -c)

    def flipped(rotations: np.ndarray) -> np.ndarray:
        return (rotations.reshape(len(motion), -1, 3) * flip).reshape(len(motion), -1)

    body = motion.body_pose.reshape(len(motion), 21, 3)[:, _BODY_SWAP]
    return motion.replace(
        global_orient=flipped(motion.global_orient),
        body_pose=flipped(body),
        left_hand_pose=flipped(motion.right_hand_pose),
        right_hand_pose=flipped(motion.left_hand_pose),
        jaw_pose=flipped(motion.jaw_pose),
        leye_pose=flipped(motion.reye_pose),
        reye_pose=flipped(motion.leye_pose),
        transl=motion.transl * np.array([-1.0, 1.0, 1.0]),
    )


def save_motion(path: str | Path, motion: Motion, quantum: float | None = None) -> None:
    """Write a motion as a compressed npz without pickle, under the field names of ``Motion``.

    With ``quantum`` (at least 1e-4 rad and m) values are stored as integer multiples of it: a third of the size.
    """
    arrays: dict[str, np.ndarray] = {
        "format": np.array(_FORMAT),
        "fps": np.array(motion.fps),
        "name": np.array(motion.name),
        "source": np.array(motion.source),
    }
    if quantum is not None:
        if quantum < 1e-4:
            raise ThfmError(f"quantum {quantum} is too small to store angles in 16 bits; use 1e-4 or more")
        arrays["quantum"] = np.array(quantum)
    for field in FIELDS:
        value = getattr(motion, field)
        if not value.any():
            continue  # absent means zero
        if quantum is None:
            arrays[field] = value
        else:
            dtype = np.int16 if field in ROTATION_FIELDS else np.int32
            values = _principal(value) if field in ROTATION_FIELDS else value
            arrays[field] = np.round(values / quantum).astype(dtype)
    np.savez_compressed(path, **arrays)


def _principal(rotations: np.ndarray) -> np.ndarray:
    """The same rotations with angles of at most pi, which is what fits 16 bits."""
    return Rotation.from_rotvec(rotations.reshape(-1, 3)).as_rotvec().reshape(rotations.shape)


def load_motion(path: str | Path) -> Motion:
    """Read what ``save_motion`` wrote. Raises ThfmError for a missing, broken or foreign file."""
    arrays = read_npz(path)
    if str(arrays.get("format", "")) != _FORMAT:
        raise ThfmError(f"{path} is not a saved motion of this toolkit; read other formats with read_motion")
    missing = [key for key in ("fps", "name", "source") if key not in arrays]
    if missing:
        raise ThfmError(f"{path} lacks the arrays {', '.join(missing)}; write it again with save_motion")
    quantum = float(arrays["quantum"]) if "quantum" in arrays else 1.0
    values = {field: arrays[field] * quantum for field in FIELDS if field in arrays}
    frames = max((len(value) for value in values.values()), default=0)
    for field in ("global_orient", "body_pose", "transl"):
        values.setdefault(field, np.zeros((frames, FIELDS[field])))
    return Motion(fps=float(arrays["fps"]), name=str(arrays["name"]), source=str(arrays["source"]), **values)


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """All plain arrays of an npz; object arrays (which would need pickle) are skipped. Raises ThfmError."""
    path = Path(path)
    if not path.is_file():
        raise ThfmError(f"{path} does not exist; check the path")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ThfmError(f"{path} holds a single array, not an npz; give the npz file")
            arrays = {}
            for key in archive.files:
                try:
                    arrays[key] = archive[key]
                except ValueError as error:
                    if "allow_pickle" not in str(error):
                        raise
            return arrays
    except ThfmError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ThfmError(f"{path} cannot be read as npz ({error}); copy or download it again") from error
    except Exception as error:  # zlib.error and friends have no common base
        raise ThfmError(f"{path} is damaged ({error}); copy or download it again") from error
