"""Draws that were turned down: their rows, and the pictures that their records hold as files of the site."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from synth.gallery.files import write_file
from synth.gallery.rows import rejected_row


def rejected_rows(records: Iterable[Mapping[str, Any]], root: Path) -> list[dict[str, Any]]:
    """Rows of records, whose pictures are written to ``<root>/data/rejected``; those of older data sets have none."""
    return [rejected_row(record, _stills(record, root)) for record in records if "key" in record]


def _stills(record: Mapping[str, Any], root: Path) -> dict[str, str]:
    out = {}
    for frame, text in (record.get("pictures") or {}).items():
        try:
            picture = base64.b64decode(text, validate=True)
        except (TypeError, ValueError):  # a damaged record: the draw is listed all the same
            continue
        # Named after its bytes: another picture is another file.
        name = f"data/rejected/{hashlib.sha256(picture).hexdigest()[:16]}.webp"
        if not (root / name).is_file():
            write_file(root / name, picture)
        out[str(frame)] = name
    return out
