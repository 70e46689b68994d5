"""RICH (Huang et al., CVPR 2022): people in contact with scenes, seen by calibrated cameras.

Layout: README and ``smplx2images.py`` of github.com/paulchhuang/rich_toolkit:
``bodies/test/<sequence>/<frame>/<subject>.pkl`` with SMPL-X parameters,
``images/test/<sequence>/cam_<CC>/<frame>_<CC>.<ext>`` and ``scan_calibration/<scene>/calibration/<CCC>.xml`` with
``CameraMatrix`` (3 x 4, world to camera), for sequences ``<scene>_<subject>_<action>``. ``resource/gender.json`` of
that toolkit says who is female; its table is repeated here.

Subset and protocol: the test split, every camera whose pictures are there, people whose parameters a frame has, the
most prominent one counted. Truth is the first 22 joints of SMPL-X, from the user's own SMPL-X files, in camera axes.
Published numbers are of 24 joints that SMPL's regressor takes from a converted mesh. Pieces of 128 frames; pictures
are made smaller to 1280 pixels.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from synth.conventions import JOINT_NAMES, NUM_BODY_JOINTS, ThfmError
from train.benchmarks.base import Benchmark, Column, Companion, Published, Request
from train.benchmarks.body import Skeleton, load_skeleton
from train.benchmarks.files import PICTURES, folders, piece_key, pieces, read_rgb
from train.benchmarks.joints import LARGEST, joint_labels, to_camera
from train.benchmarks.safe_pickle import load_plain
from train.inference.cases import Case

_PIECE, _FPS, _SPLIT = 128, 30.0, "test"
_FEMALE = frozenset({9, 10, 12, 13, 16, 17, 18, 19, 21})  # of subjects 0 to 21
_PARAMETERS = ("betas", "global_orient", "body_pose", "transl")


def _cases(request: Request) -> list[Case]:
    skeletons: dict[str, Skeleton] = {}

    def skeleton(subject: int) -> Skeleton:
        gender = "female" if subject in _FEMALE else "male"
        if gender not in skeletons:
            skeletons[gender] = load_skeleton(request.companions["bodies"], "SMPLX", gender)
        return skeletons[gender]

    cases = []
    for sequence in folders(request.folder / "images" / _SPLIT):
        bodies = request.folder / "bodies" / _SPLIT / sequence.name
        for camera in folders(sequence):
            found = _camera(request.folder, camera, bodies, skeleton, request.frames or _PIECE)
            cases += found
    return cases


def _camera(folder: Path, camera: Path, bodies: Path, skeleton: Callable[[int], Skeleton], piece: int) -> list[Case]:
    number = camera.name.removeprefix("cam_")
    images = {p.stem.split("_")[0]: p for p in sorted(camera.iterdir()) if p.suffix.lower() in PICTURES}
    known = {frame.name for frame in folders(bodies)}
    frames = [frame for frame in images if frame in known]
    if not frames:
        return []
    scene = bodies.name.split("_")[0]
    view = read_view(folder / "scan_calibration" / scene / "calibration" / f"{int(number):03d}.xml")
    subjects = sorted({p.stem for frame in frames for p in (bodies / frame).glob("*.pkl")})

    def labels(part: slice, names) -> dict[str, np.ndarray]:
        chosen = frames[part]
        joints = np.full((len(subjects), len(chosen), NUM_BODY_JOINTS, 3), np.nan)
        for s, subject in enumerate(subjects):
            for t, frame in enumerate(chosen):
                path = bodies / frame / f"{subject}.pkl"
                if path.is_file():
                    joints[s, t] = _joints(path, skeleton(int(subject)))
        found = joint_labels(to_camera(joints, view), JOINT_NAMES[:NUM_BODY_JOINTS])
        return {name: found[name] for name in names}

    return [
        Case(
            piece_key(f"{bodies.name}-{camera.name}", part, len(frames)),
            ("joints3d", "visibility"),
            _FPS,
            partial(read_rgb, [images[frame] for frame in frames[part]], LARGEST),
            partial(labels, part),
        )
        for part in pieces(len(frames), piece)
    ]


def _joints(path: Path, skeleton: Skeleton) -> np.ndarray:
    data = load_plain(path)
    try:
        betas, orient, body, shift = (np.asarray(data[name], np.float64).ravel() for name in _PARAMETERS)
        pose = np.concatenate([orient, body]).reshape(1, NUM_BODY_JOINTS, 3)
        return skeleton.joints(betas, pose, shift[None])[0, :NUM_BODY_JOINTS]
    except (KeyError, TypeError, ValueError) as error:
        raise ThfmError(f"{path} does not hold SMPL-X parameters as RICH describes them ({error!r}).") from None


def read_view(path: Path) -> np.ndarray:
    """(4, 4) world to camera of a calibration file. Raises ThfmError if it cannot be read."""
    try:
        text = ElementTree.parse(path).find("./CameraMatrix/data").text
        matrix = np.array(text.split(), np.float64).reshape(3, 4)
    except (OSError, ElementTree.ParseError, AttributeError, ValueError) as error:
        raise ThfmError(f"{path} is no calibration that can be read ({error}): unpack scan_calibration.") from None
    return np.concatenate([matrix, [[0, 0, 0, 1]]])


BENCHMARK = Benchmark(
    name="rich",
    title="RICH, 3D pose",
    layout="images/test/<sequence>/cam_XX, bodies/test/<sequence> and scan_calibration/<scene>",
    protocol="test split, every camera that is there, SMPL-X's own 22 body joints, whole frames without a person's box",
    tasks={"keypoints3d": {"in_frame_only": False, "rank_by": "box"}},
    columns=(Column("keypoints3d", "pa_mpjpe", "PA-MPJPE mm ↓"), Column("keypoints3d", "mpjpe", "MPJPE mm ↓")),
    published=(Published("THFM", (34.7, None), "arXiv 2603.25892", "24 joints by SMPL's regressor"),),
    cases=_cases,
    companions={"bodies": Companion("the folder with SMPL-X's model files, SMPLX_{FEMALE,MALE}.npz", True)},
)
