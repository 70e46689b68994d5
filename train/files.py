"""What commands own on disk: files that are complete or as they were, and folders of which only our own is deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def replace_text(path: Path, text: str | Iterable[str]) -> None:
    """Write a file in UTF-8 that is complete or as it was; a long text can come in pieces."""
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.writelines([text] if isinstance(text, str) else text)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def remove(folder: Path, names: Iterable[str]) -> None:
    """Delete these files and folders of a folder, those that are there, and nothing else; of links only the link."""
    for name in names:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
