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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from synth.conventions import JOINT_NAMES, NUM_BODY_JOINTS, ThfmError
from train.benchmarks.base import Benchmark, Companion, Published, Request
from train.benchmarks.body import Skeleton, load_skeleton
from train.benchmarks.files import folders, pictures, read_rgb
from train.benchmarks.joints import LARGEST, joint_labels, to_camera
from train.benchmarks.pose_row import COLUMNS, FIELDS
from train.benchmarks.safe_pickle import load_plain
from train.benchmarks.sequence import sequence_cases
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
        bodies = {
            frame.name: sorted(frame.glob("*.pkl"))
            for frame in folders(request.folder / "bodies" / _SPLIT / sequence.name)
        }
        for camera in folders(sequence):
            cases += _camera(request.folder, camera, bodies, skeleton, request.frames or _PIECE)
    return cases


def _camera(
    folder: Path, camera: Path, bodies: Mapping[str, Sequence[Path]], skeleton: Callable[[int], Skeleton], piece: int
) -> list[Case]:
    images = {p.stem.split("_")[0]: p for p in pictures(camera)}
    frames = [frame for frame in images if frame in bodies]
    sequence = camera.parent.name
    if images and not frames:
        raise ThfmError(f"{folder / 'bodies' / _SPLIT / sequence} holds no body of {camera.name}: unpack them too.")
    if not frames:
        return []
    view = read_view(folder / "scan_calibration" / sequence.split("_")[0] / "calibration" / _calibration(camera))
    subjects = sorted({path.stem for frame in frames for path in bodies[frame] if path.stem.isdigit()})

    def labels(part: slice) -> dict[str, np.ndarray]:
        chosen = frames[part]
        joints = np.full((len(subjects), len(chosen), NUM_BODY_JOINTS, 3), np.nan)
        for t, frame in enumerate(chosen):
            for path in bodies[frame]:
                if path.stem in subjects:
                    joints[subjects.index(path.stem), t] = _joints(path, skeleton(int(path.stem)))
        return joint_labels(to_camera(joints, view), JOINT_NAMES[:NUM_BODY_JOINTS])

    def rgb(part: slice) -> np.ndarray:
        return read_rgb([images[frame] for frame in frames[part]], LARGEST)

    return sequence_cases(f"{sequence}-{camera.name}", len(frames), piece, _FPS, FIELDS, rgb, labels)


def _calibration(camera: Path) -> str:
    number = camera.name.removeprefix("cam_")
    if not number.isdigit():
        raise ThfmError(f"{camera} is no folder of a camera: RICH names them cam_00, cam_01 and so on.")
    return f"{int(number):03d}.xml"


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
    columns=COLUMNS,
    published=(Published("THFM", (34.7, None), "arXiv 2603.25892", "24 joints by SMPL's regressor"),),
    cases=_cases,
    companions={"bodies": Companion("the folder with SMPL-X's model files, SMPLX_{FEMALE,MALE}.npz", True)},
)
