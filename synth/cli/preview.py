"""``thfm-synth preview``: a gallery served or written, or contact sheets."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from pathlib import Path

from synth.conventions import ThfmError
from synth.terminal.errors import FAULTS, complain
from synth.terminal.progress import bar

_SPACE = "#space=1"  # what makes the page of a clip begin in 3D


def write(url: str, out: Path, clips: int | None, models: Path | None, in_space: bool) -> int:
    """Write a gallery that works from disk; returns the exit code."""
    from synth.gallery import write_gallery

    with bar("drawing") as advance:
        page, shown, faults = write_gallery(url, out, models, clips, advance)
    for fault in faults:
        complain(f"left out: {fault}")
    print(f"Open {page}{_SPACE if in_space else ''} in a browser: {shown} clip{'' if shown == 1 else 's'}.")
    return FAULTS if faults else 0


def serve(url: str, clips: int | None, models: Path | None, port: int, opens: bool, in_space: bool) -> None:
    """Serve a gallery until Ctrl-C."""
    from synth.gallery import serve_gallery

    def ready(address: str) -> None:
        address += _SPACE if in_space else ""
        print(f"The gallery of {url} is at {address} (Ctrl-C ends it)", flush=True)
        if opens:
            webbrowser.open(address)

    with suppress(KeyboardInterrupt):
        serve_gallery(url, models, clips, port, ready)


def sheets(url: str, out: Path | None, clips: int | None, models: Path | None) -> None:
    """Write contact sheets and a video a clip."""
    from synth.preview import write_preview

    if out is None:
        if "://" in url:
            raise ThfmError(f"{url} is not on this machine: name a folder for its pictures with --out.")
        out = Path(f"{url.rstrip('/')}-sheets")
    with bar("drawing") as advance:
        written = write_preview(
            url, out, clips, lambda key, done, total: advance(f"clip {key}", done, total), model_folder=models
        )
    page, overview, *others = written
    print(f"Look at {page} (in a browser) or {overview}; {len(others)} more files lie beside them.")
