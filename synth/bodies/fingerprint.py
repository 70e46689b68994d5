"""One digest of all files that clips are made of, so that two machines can tell that they have the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from synth.bodies.config import BodiesConfig

_PIECE = 256 * 1024  # bytes; of larger files, the beginning, the end and the size count


def fingerprint(config: BodiesConfig, more: Iterable[Path] = ()) -> str:
    """sha256, in hexadecimal, of names and contents of the files of a config; where their folders lie does not count.

    Args:
        more: files or folders beside those of the config.

    Raises:
        OSError: one is not there, or cannot be read.
    """
    single = (config.motion_actions,) if config.motion_actions else ()
    folders = (
        config.assets, config.models, *config.motions, *config.camera_paths, *config.skin_folders,
        *config.hdri_folders, *config.backdrop_folders, *config.scene_folders,
    )  # fmt: skip
    digest = hashlib.sha256()
    for place in (*folders, *single, *more):
        for name, path in _files(place):
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            with open(path, "rb") as file:
                digest.update(file.read(_PIECE))
                if path.stat().st_size > 2 * _PIECE:
                    file.seek(-_PIECE, 2)
                digest.update(file.read())
    return digest.hexdigest()


def _files(place: Path) -> list[tuple[str, Path]]:
    """(name in its folder, path) of the files of a folder, or of a file, sorted; hidden ones and caches left out."""
    if place.is_file():
        return [(place.name, place)]
    if not place.is_dir():
        raise FileNotFoundError(f"{place} is not there")
    found = ((p.relative_to(place).as_posix(), p) for p in place.rglob("*") if p.is_file())
    return sorted((n, p) for n, p in found if not any(part.startswith((".", "__pycache__")) for part in n.split("/")))
