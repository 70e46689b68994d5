"""BEDLAM's npz, one row a person and frame, as its data loader reads them, and ``images/``.

Rows of ``annotations.npz``: ``imgname``, ``center`` and ``scale`` (of the person's box, in units of 200 pixels),
``pose_cam`` and ``pose_world`` (165 axis-angle numbers, pelvis first), ``shape``, ``expression``, ``trans_cam``,
``trans_world``, ``cam_int`` (3, 3), ``cam_ext`` (4, 4), ``gtkps`` (144, 3: x, y, 1 if in the picture), ``gender``,
``sub``. Vertices before the camera are those of ``pose_cam`` + ``trans_cam`` + ``cam_ext[:3, 3]``.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from synth.conventions import Visibility
from synth.export.pictures import write_png
from synth.export.run import CannotExport, Options, frames_in, needs
from synth.preview.overlay import OverlayUnavailable, body_of
from synth.shards import Clip

_POSE = (  # in the order of smplx
    "global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose", "left_hand_pose", "right_hand_pose",
)  # fmt: skip
_PADDING = 1.2  # BEDLAM's boxes are so much larger than the people


class Exporter:
    """Clips of distorting lenses or rolling shutters are left out: the format knows pinholes."""

    def __init__(self, out: Path, options: Options):
        self.out, self.models = out, options.models
        self.rows: dict[str, list[Any]] = defaultdict(list)

    def add(self, clip: Clip) -> None:
        """All frames and people of a clip."""
        needs(clip, "rgb", "smplx", "intrinsics", "world_to_camera", "keypoints2d", "visibility")
        for name, does in (("distortion", "lens distorts"), ("readout", "shutter rolls")):
            if name in clip.fields() and getattr(clip, name).any():
                raise CannotExport(f"its {does}, which BEDLAM's format cannot tell.")
        try:
            pelvises = [_pelvis(person, self.models) for person in clip.smplx]
        except OverlayUnavailable as error:
            raise CannotExport(str(error)) from None
        for number, rgb in frames_in(clip, "rgb"):
            write_png(self.out / "images" / clip.key / f"{number:06d}.png", rgb)
            for k, (person, pelvis) in enumerate(zip(clip.smplx, pelvises, strict=True)):
                self._row(clip, k, person, pelvis, number)

    def _row(self, clip: Clip, k: int, person: dict[str, Any], pelvis: np.ndarray, frame: int) -> None:
        points = clip.keypoints2d[k, frame].astype(np.float64)
        inside = (clip.visibility[k, frame] & Visibility.IN_FRAME) > 0
        there = points[np.isfinite(points).all(-1)]
        if not inside.any() or not len(there):
            return
        camera = clip.world_to_camera[frame]
        turn = camera[:3, :3]
        pose = np.concatenate([np.asarray(person[n][frame], np.float64).ravel() for n in _POSE])
        before = pose.copy()
        before[:3] = (Rotation.from_matrix(turn) * Rotation.from_rotvec(pose[:3])).as_rotvec()
        transl = np.asarray(person["transl"][frame], np.float64)
        low, high = there.min(0), there.max(0)
        row = {
            "imgname": f"{clip.key}/{frame:06d}.png",
            "center": (low + high) / 2,
            "scale": (high - low).max() * _PADDING / 200,
            "pose_cam": before,
            "pose_world": pose,
            "shape": np.asarray(person["betas"], np.float64).ravel(),
            "expression": np.asarray(person["expression"][frame], np.float64),
            # the root turns about the pelvis, not about the origin
            "trans_cam": turn @ (transl + pelvis) - pelvis,
            "trans_world": transl,
            "cam_int": clip.intrinsics[frame],
            "cam_ext": camera,
            "gtkps": np.concatenate([np.nan_to_num(points), inside[:, None]], 1),
            "gender": str(person["gender"]),
            "sub": f"{clip.key}_{k + 1}",
        }
        for name, value in row.items():
            self.rows[name].append(value)

    def finish(self) -> None:
        """The npz, with text as text: nothing in it is pickled."""
        np.savez_compressed(self.out / "annotations.npz", **{name: np.array(rows) for name, rows in self.rows.items()})


def _pelvis(person: dict[str, Any], models: Path | None) -> np.ndarray:
    """Where the pelvis of a person rests, metres."""
    return np.asarray(body_of(person, models).rest_joints(np.asarray(person["betas"])), np.float64).reshape(-1, 3)[0]
