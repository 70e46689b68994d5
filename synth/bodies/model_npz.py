"""Files of body models as their sites hand them out, and what of them is safe to read.

The licensed SMPL-X npz holds, beside plain arrays, pickled tables (``joint2num``, ``part2num``). smplx would unpickle
all that it finds, and a pickle can run anything; nothing of ours needs the tables, so it is given a copy without them.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from synth.bodies.npy import array_header
from synth.conventions import ThfmError


def model_id(path: Path) -> str:
    """What labels call a model by: its file's name and the first 16 hex digits of the file's sha256."""
    return f"{path.name}:{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def found(path: Path) -> Path:
    """``path`` itself if it is there.

    Raises:
        ThfmError: it is not, or lies there only as a pickle.
    """
    if path.is_file():
        return path
    if path.with_suffix(".pkl").is_file():
        raise ThfmError(
            f"{path.with_suffix('.pkl')} is a pickle, which could run anything and is never opened here: download the "
            f"npz from the same page and put it there as {path.name}."
        )
    raise ThfmError(
        f"body model {path} is missing: point bodies.model_folder at a folder that holds smplx/{path.name}."
    )


def pickled_members(path: Path) -> list[str]:
    """Names of an npz's members that only pickle could read; their headers are looked at, nothing more."""
    names = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                if array_header(member)[1].hasobject:
                    names.append(name)
    return names


@contextlib.contextmanager
def plain(path: Path) -> Iterator[Path]:
    """A file of the same name in a folder of the same name, with plain arrays alone; the original if it is like that.

    Raises:
        OSError, ValueError, zipfile.BadZipFile: it is no npz.
    """
    unsafe = set(pickled_members(path))
    if not unsafe:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="thfm-model-") as folder:
        copy = Path(folder, path.parent.name, path.name)
        copy.parent.mkdir()
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as target:
            for name in source.namelist():
                if name not in unsafe:
                    target.writestr(name, source.read(name))
        yield copy
