"""An index of a folder of motions: how long each is. Scanned once, then kept in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from synth.bodies.motion_io import read_motion
from synth.bodies.motion_io.smplx_files import RATE_KEYS
from synth.bodies.npy import array_header
from synth.conventions import ThfmError

SUFFIXES = (".npz", ".bvh", ".amc")
# What lies beside motions in AMASS' folders and holds none.
_NO_MOTION = ("shape.npz", "neutral_stagei.npz", "female_stagei.npz", "male_stagei.npz")
_POSE_KEYS = ("poses", "body_pose", "pose_body", "trans", "transl")
_FORMAT = 3


@dataclass(frozen=True)
class Indexed:
    """One file: its path in the folder without suffix and with it, seconds of its motion, or the fault for which it is
    left out; ``stamp`` tells whether the file is still the same."""

    name: str
    file: str
    seconds: float
    fault: str
    stamp: tuple[int, int]


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/thfm``, or ``~/.cache/thfm``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "thfm"


def index_folder(folder: Path) -> list[Indexed]:
    """All files of motions under a folder, by path; those that hold none, or are damaged, have a fault and 0 seconds.

    Only files that are new or have changed since the last time are opened, and of npz files only the headers are read.
    """
    folder = folder.resolve()
    cache = cache_folder() / "motions" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}.json"
    known = _remembered(cache)
    found, changed = [], False
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.name not in _NO_MOTION):
        if not path.is_file():  # a folder of such a name, or a link to nothing
            continue
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        file = path.relative_to(folder).as_posix()
        entry = known.get(file)
        if entry is None or entry.stamp != stamp:
            changed = True
            seconds, fault = 0.0, ""
            try:
                seconds = seconds_of(path)
            except ThfmError as error:
                fault = str(error)
            name = path.relative_to(folder).with_suffix("").as_posix()
            entry = Indexed(name, file, round(seconds, 4), fault, stamp)
        found.append(entry)
    if changed or len(found) != len(known):
        _remember(cache, folder, found)
    return found


def _remember(cache: Path, folder: Path, found: list[Indexed]) -> None:
    rows = {"format": _FORMAT, "folder": str(folder), "motions": [asdict(e) for e in found]}
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps(rows), "utf-8")
        partial.replace(cache)
    except OSError:
        return  # a read-only or full home costs another scan, nothing else


def _remembered(cache: Path) -> dict[str, Indexed]:
    try:
        rows = json.loads(cache.read_text("utf-8"))
        if rows["format"] != _FORMAT:
            return {}
        return {r["file"]: Indexed(**{**r, "stamp": tuple(r["stamp"])}) for r in rows["motions"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # no cache, or one of another version: it is made anew


def seconds_of(path: Path) -> float:
    """Seconds from the first frame of a motion file to the last.

    Raises:
        ThfmError: the file is no motion.
    """
    header = _npz_header(path) if path.suffix.lower() == ".npz" else None
    if header is None:
        motion = read_motion(path)
        header = len(motion), motion.fps
    frames, fps = header
    if frames < 2 or not np.isfinite(fps) or fps <= 0:
        raise ThfmError(f"{path} holds no moving pose; leave it out")
    return (frames - 1) / fps


def _npz_header(path: Path) -> tuple[int, float] | None:
    """Frames and their rate as an npz file's headers tell them; None where they do not."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(n).stem: n for n in archive.namelist() if n.endswith(".npy")}
            rate, poses = (next((names[k] for k in keys if k in names), None) for keys in (RATE_KEYS, _POSE_KEYS))
            if rate is None or poses is None:
                return None
            with archive.open(rate) as source:
                fps = float(np.lib.format.read_array(source, allow_pickle=False))
            with archive.open(poses) as source:
                shape, _ = array_header(source)
            return (shape[0] if shape else 0), fps
    except Exception as error:  # damaged archives raise anything
        raise ThfmError(f"{path} cannot be read as npz ({error}); copy or download it again") from error
