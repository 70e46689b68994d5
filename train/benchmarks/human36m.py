"""Human3.6M (Ionescu et al., TPAMI 2014): actors in a studio with motion capture.

Layout: the official site's archives, unpacked into a folder a subject: ``S9/Videos/<action>.<camera>.mp4`` and
``S9/MyPoseFeatures/D3_Positions_mono/<action>.<camera>.cdf``, whose variable ``Pose`` holds 32 joints x 3 in
millimetres in that camera's axes; as read by github.com/facebookresearch/VideoPose3D (``data/prepare_data_h36m.py``)
and github.com/anibali/h36m-fetch.

Subset and protocol: subjects 9 and 11, the frontal camera 60457274, as "protocol 2" of HMR and SPIN has it, every
second frame of the 50 a second. Published methods regress 14 joints from a SMPL mesh by a matrix that is gated by
SMPL's licence; a model that answers with joints has no mesh. Its nearest joints are compared instead (``H36M14`` in
``joints.py``): 13 of them, for there is none at the top of the head. Definitions differ by some centimetres at hips
and neck. Poses are relative to the pelvis, which is not counted. ``Directions`` of S11 has a damaged video and is
left out, as everywhere.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Published, Request
from train.benchmarks.joints import H36M14, H36M_PELVIS, joint_labels
from train.benchmarks.pose_row import COLUMNS, FIELDS
from train.benchmarks.sequence import sequence_cases
from train.inference.cases import Case
from train.inference.video_io import open_source, read

_SUBJECTS, _CAMERA, _STEP, _PIECE = ("S9", "S11"), "60457274", 2, 128
_FPS = 50 / _STEP
_DAMAGED = {("S11", "Directions")}


def _cases(request: Request) -> list[Case]:
    cases = []
    for subject in _SUBJECTS:
        folder = request.folder / subject
        poses = sorted((folder / "MyPoseFeatures" / "D3_Positions_mono").glob(f"*.{_CAMERA}.cdf"))
        if not poses and (folder / "Videos").is_dir():
            raise ThfmError(f"{folder / 'MyPoseFeatures' / 'D3_Positions_mono'} holds no pose: unpack the poses too.")
        for pose in poses:
            action = pose.name.removesuffix(f".{_CAMERA}.cdf")
            if (subject, action) not in _DAMAGED:
                video = folder / "Videos" / f"{action}.{_CAMERA}.mp4"
                cases += _sequence(f"{subject}-{action.replace(' ', '_')}", video, pose, request.frames or _PIECE)
    return cases


def _sequence(name: str, video: Path, pose: Path, piece: int) -> list[Case]:
    if not video.is_file():
        raise ThfmError(f"{video} is missing: unpack the videos of the subject too.")
    joints = read_poses(pose)[::_STEP]

    def rgb(part: slice) -> np.ndarray:
        frames = []
        for t, picture in enumerate(read(open_source(str(video)))):
            place, rest = divmod(t, _STEP)
            if rest == 0 and part.start <= place < part.stop:
                frames.append(picture.rgb)
            if place >= part.stop:
                break
        if len(frames) != part.stop - part.start:
            raise ThfmError(f"{video} has fewer frames than {pose.name} has poses: fetch it again.")
        return np.stack(frames)

    def labels(part: slice) -> dict[str, np.ndarray]:
        chosen = [(H36M_PELVIS, "pelvis"), *H36M14]
        places = [place for place, _ in chosen]
        return joint_labels(joints[None, part][:, :, places], [ours for _, ours in chosen])

    return sequence_cases(name, len(joints), piece, _FPS, FIELDS, rgb, labels)


def read_poses(path: Path) -> np.ndarray:
    """(T, 32, 3) metres, camera axes. Raises ThfmError if the file cannot be read."""
    try:
        import cdflib
    except ModuleNotFoundError:
        raise ThfmError("Human3.6M's poses need cdflib: pip install 'thfm[benchmarks]' brings it.") from None
    try:
        pose = np.asarray(cdflib.CDF(str(path)).varget("Pose"), np.float64)
        return pose.reshape(-1, 32, 3) / 1000
    except Exception as error:  # cdflib raises anything
        raise ThfmError(f"{path} cannot be read ({error}): fetch it again.") from None


BENCHMARK = Benchmark(
    name="human36m",
    title="Human3.6M, 3D pose",
    layout="S9 and S11, each with Videos/*.mp4 and MyPoseFeatures/D3_Positions_mono/*.cdf",
    protocol="subjects 9 and 11, camera 60457274, 25 frames/s, joints nearest to H36M-14 without the top of the head",
    tasks={"keypoints3d": {"in_frame_only": True, "rank_by": "box", "count_root": False}},
    columns=COLUMNS,
    published=(Published("THFM", (27.7, None), "arXiv 2603.25892", "14 joints by SMPL's regressor"),),
    cases=_cases,
)
