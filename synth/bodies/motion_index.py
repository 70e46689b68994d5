"""An index of a folder of motions: how long each is and what it shows. Scanned once, then kept in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from synth.bodies.actions import action_of
from synth.bodies.motion_io import read_motion
from synth.bodies.motion_io.smplx_files import RATE_KEYS
from synth.conventions import ThfmError

SUFFIXES = (".npz", ".bvh", ".amc")
# What lies beside motions in AMASS' folders and holds none.
_NO_MOTION = ("shape.npz", "neutral_stagei.npz", "female_stagei.npz", "male_stagei.npz")
_FORMAT = 1


@dataclass(frozen=True)
class Indexed:
    """One motion: its path in the folder without suffix, its file there, seconds and action; ``stamp`` tells whether
    the file is still the same."""

    name: str
    file: str
    seconds: float
    action: str
    stamp: tuple[int, int]


def cache_folder() -> Path:
    """``$THFM_CACHE``, or ``~/.cache/thfm``."""
    return Path(os.environ.get("THFM_CACHE") or Path.home() / ".cache" / "thfm")


def index_folder(folder: Path, tell: Callable[[str], None] = lambda line: None) -> list[Indexed]:
    """All motions under a folder, by name. Files that hold none, or are damaged, are left out; ``tell`` hears of them.

    Only files that are new or have changed since the last time are opened, and of npz files only the headers are read.
    """
    folder = folder.resolve()
    cache = cache_folder() / "motions" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}.json"
    known = _remembered(cache)
    found, changed = [], False
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.name not in _NO_MOTION):
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        file = path.relative_to(folder).as_posix()
        entry = known.get(file)
        if entry is None or entry.stamp != stamp:
            changed = True
            try:
                seconds = seconds_of(path)
            except ThfmError as error:
                tell(f"left out: {error}")
                seconds = 0.0
            name = path.relative_to(folder).with_suffix("").as_posix()
            entry = Indexed(name, file, round(seconds, 4), action_of(f"{folder.name}/{name}"), stamp)
        found.append(entry)
    if changed or len(found) != len(known):
        cache.parent.mkdir(parents=True, exist_ok=True)
        rows = {"format": _FORMAT, "folder": str(folder), "motions": [asdict(e) for e in found]}
        partial = cache.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps(rows))
        partial.replace(cache)
    return [e for e in found if e.seconds > 0]


def _remembered(cache: Path) -> dict[str, Indexed]:
    try:
        rows = json.loads(cache.read_text())
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
    if path.suffix.lower() != ".npz":
        return read_motion(path).duration
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(n).stem: n for n in archive.namelist() if n.endswith(".npy")}
            rate = next((names[k] for k in RATE_KEYS if k in names), None)
            frames = next(
                (names[k] for k in ("poses", "body_pose", "pose_body", "trans", "transl") if k in names), None
            )
            if rate is None or frames is None:
                return read_motion(path).duration
            with archive.open(rate) as source:
                fps = float(np.lib.format.read_array(source, allow_pickle=False))
            with archive.open(frames) as source:
                version = np.lib.format.read_magic(source)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape = read(source)[0]
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ThfmError(f"{path} cannot be read as npz ({error}); copy or download it again") from error
    if not shape or shape[0] < 2 or not np.isfinite(fps) or fps <= 0:
        raise ThfmError(f"{path} holds no moving pose; leave it out")
    return (shape[0] - 1) / fps
