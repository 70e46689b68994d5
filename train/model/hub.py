"""Where pretrained files lie: a folder, or the local copy of a hub repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import snapshot_download

from synth.conventions import ThfmError


def local_folder(source: str, parts: Sequence[str]) -> Path:
    """A folder on this machine that holds the named subfolders, downloaded if need and network be.

    Args:
        source: folder in diffusers' layout, or hub id.
        parts: subfolders that are needed; others are not downloaded.

    Raises:
        ThfmError: nothing there, or a part is missing.
    """
    folder = Path(source).expanduser()
    if not folder.is_dir():
        try:
            folder = Path(
                snapshot_download(source, allow_patterns=[f"{p}/*" for p in parts], ignore_patterns=["*.bin"])
            )
        except (OSError, ValueError) as error:  # no network, no such repository, no access; or no hub id at all
            reason = " ".join(str(error).split())[:160]
            raise ThfmError(
                f"{source} is no folder here and could not be had from the hub ({type(error).__name__}: {reason}): "
                f"run `hf download {source}` where there is network, set HF_HOME to where it lies, or name a folder."
            ) from None
    for part in parts:
        if not (folder / part).is_dir():
            raise ThfmError(
                f"{source} has no folder {part}/: name one in the layout of diffusers, such as a Wan pipeline."
            )
    return folder
