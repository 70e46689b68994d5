"""Skin textures of people's own, in the texture layout of SMPL-X: the body textures of BEDLAM, by Meshcapade."""

from __future__ import annotations

import re
from pathlib import Path

from synth.conventions import ThfmError
from synth.spec.catalogue import SkinEntry

LAYOUT = "smplx"  # of ``BodyModel.texture_layout``
_SUFFIXES = (".png", ".jpg", ".jpeg", ".tga", ".tif", ".tiff")
_NAME = re.compile(r"skin_([fm])_[a-z]+_\d+_ALB")  # skin_f_asian_07_ALB: albedo of the seventh Asian woman


def skins_below(folder: Path) -> list[tuple[SkinEntry, Path]]:
    """All albedo textures below a folder, by name; previews and other maps are left out.

    Raises:
        ThfmError: there are none.
    """
    found = {}
    for file in sorted(folder.rglob("skin_*")):
        match = _NAME.fullmatch(file.stem)
        if match and file.suffix.lower() in _SUFFIXES and file.parent.name != "previews":
            style = {"f": "female", "m": "male"}[match[1]]
            found[file.stem] = (SkinEntry(name=file.stem, style=style), file)
    if not found:
        raise ThfmError(
            f"{folder} holds no skin: bodies.skin_folders wants textures such as skin_f_asian_01_ALB.png, as BEDLAM's "
            "bedlam_body_textures_meshcapade.zip has them."
        )
    return [found[name] for name in sorted(found)]
