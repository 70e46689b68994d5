"""EMDB (Kaufmann et al., ICCV 2023): 3D poses of people outdoors, from body-worn sensors and a hand-held camera.

Layout: ``dataset.md`` of github.com/eth-ait/emdb: ``P<n>/<sequence>/images/00000.jpg`` and
``P<n>/<sequence>/P<n>_<sequence>_data.pkl`` with ``smpl``, ``camera.extrinsics`` (world to camera), ``gender``,
``good_frames_mask`` and the flag ``emdb1``.

Subset and protocol: the sequences whose ``emdb1`` is set; frames outside of ``good_frames_mask`` are shown and not
counted. Truth is the 24 joints of SMPL, from the user's own SMPL files, in camera axes. Joints that the model does
not answer (the hands, for a model of 22 joints) are not compared. Pieces of 128 frames at 30 a second; pictures are
made smaller to 1280 pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Companion, Published, Request
from train.benchmarks.body import Skeleton, load_skeleton
from train.benchmarks.files import check_there, read_rgb
from train.benchmarks.joints import LARGEST, SMPL24, joint_labels, to_camera
from train.benchmarks.pose_row import COLUMNS, FIELDS
from train.benchmarks.safe_pickle import load_plain
from train.benchmarks.sequence import sequence_cases
from train.inference.cases import Case

_PIECE, _FPS = 128, 30.0
_GENDERS = ("female", "male", "neutral")
BODIES = Companion("the folder with SMPL's model files, SMPL_{NEUTRAL,FEMALE,MALE}.npz or .pkl", True)


def _cases(request: Request) -> list[Case]:
    skeletons: dict[str, Skeleton] = {}

    def skeleton(gender: str) -> Skeleton:
        if gender not in skeletons:
            skeletons[gender] = load_skeleton(request.companions["bodies"], "SMPL", gender)
        return skeletons[gender]

    cases: list[Case] = []
    for path in sorted(request.folder.glob("P*/*/*_data.pkl")):
        data = load_plain(path)
        try:
            if data["emdb1"]:
                cases += _sequence(path, data, skeleton, request.frames or _PIECE)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ThfmError(f"{path} is not as EMDB describes it ({error!r}): fetch it again.") from None
    return cases


def _sequence(path: Path, data: dict, skeleton: Callable[[str], Skeleton], piece: int) -> list[Case]:
    count, smpl, gender = int(data["n_frames"]), data["smpl"], data["gender"]
    if gender not in _GENDERS:
        raise ValueError(f"gender {gender!r}")
    images = [path.parent / "images" / f"{k:05d}.jpg" for k in range(count)]
    check_there(images[:1])
    pose = np.concatenate([smpl["poses_root"], smpl["poses_body"]], 1).reshape(count, 24, 3)
    betas, shift = _numbers(smpl["betas"], 10), _numbers(smpl["trans"], count, 3)
    world = _numbers(data["camera"]["extrinsics"], count, 4, 4)
    good = np.asarray(data["good_frames_mask"], bool).reshape(count)

    def labels(part: slice) -> dict[str, np.ndarray]:
        joints = skeleton(gender).joints(betas, pose[part], shift[part])
        return joint_labels(to_camera(joints, world[part])[None], SMPL24, good[None, part])

    return sequence_cases(
        data["name"], count, piece, _FPS, FIELDS, lambda part: read_rgb(images[part], LARGEST), labels
    )


def _numbers(value: Any, *shape: int) -> np.ndarray:
    return np.asarray(value, np.float64).reshape(shape)


BENCHMARK = Benchmark(
    name="emdb",
    title="EMDB-1, 3D pose",
    layout="P0 to P9 with <sequence>/images and <sequence>/P<n>_<sequence>_data.pkl",
    protocol="EMDB-1, good frames, SMPL's joints as far as the model answers them, whole frames without a person's box",
    tasks={"keypoints3d": {"in_frame_only": False, "rank_by": "box"}},
    columns=COLUMNS,
    published=(Published("THFM", (35.2, None), "arXiv 2603.25892", "24 joints"),),
    cases=_cases,
    companions={"bodies": BODIES},
)
