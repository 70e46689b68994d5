"""A folder that is there wholly or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synth.conventions import ThfmError


@contextmanager
def new_folder(out: Path, need: int) -> Iterator[Path]:
    """A folder under another name that becomes ``out`` when the block ends well, and goes away when it does not."""
    if out.exists():
        raise ThfmError(f"{out} is there already: name another folder, or delete it.")
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        free = shutil.disk_usage(part).free
        if free < need:
            raise ThfmError(
                f"{out} needs about {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free there: choose another."
            )
        yield part
        os.replace(part, out)
    except OSError as error:
        raise ThfmError(f"{out} cannot be written ({error.strerror or error}): make room, or name another.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
