"""Reading motion files of other people's formats. ``read_motion`` is the way in."""

from __future__ import annotations

from pathlib import Path

from synth.bodies.kinematics import BodyGeometry, default_body
from synth.bodies.motion import Motion, load_motion, read_npz
from synth.bodies.motion_io.asf_amc import read_asf_amc
from synth.bodies.motion_io.bvh import read_bvh
from synth.bodies.motion_io.smplx_files import read_smplx_npz
from synth.bodies.retarget import retarget
from synth.bodies.skeleton import SkeletonClip, make_clip
from synth.conventions import ThfmError

__all__ = ["SkeletonClip", "make_clip", "read_asf_amc", "read_bvh", "read_motion", "read_skeleton", "read_smplx_npz"]


def read_skeleton(path: str | Path, **options) -> SkeletonClip:
    """Read a BVH or AMC file without retargeting it. ``options`` are those of ``read_bvh`` or ``read_asf_amc``."""
    path = Path(path)
    if not path.is_file():
        raise ThfmError(f"{path} does not exist; check the path")
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        return read_bvh(path, **options)
    if suffix == ".amc":
        return read_asf_amc(path, **options)
    raise ThfmError(f"{path}: '{suffix}' is not a known motion format; give .npz (SMPL-X, AMASS), .bvh or .amc")


def read_motion(path: str | Path, body: BodyGeometry | None = None, **options) -> Motion:
    """Read any supported motion file: SMPL-X npz, AMASS npz, a saved Motion, BVH, or AMC with its ASF.

    BVH and AMC are retargeted to ``body`` (the neutral open body by default) with feet on the floor; npz files keep
    their parameters. ``options`` go to the format's reader: ``read_smplx_npz``, ``read_bvh``, ``read_asf_amc``.
    Raises ThfmError naming the file and the remedy.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        arrays = read_npz(path)
        if "format" in arrays:
            return load_motion(path)
        if "global_ori" in arrays:  # as BEDLAM's have beside poses; their world is y up
            options = {"up": "y", "pelvis": default_body().rest_joints[0]} | options
        return read_smplx_npz(path, **options)
    if suffix == ".asf":
        raise ThfmError(f"{path} is only the skeleton; give the .amc file that lies beside it")
    return retarget(read_skeleton(path, **options), body if body is not None else default_body())
