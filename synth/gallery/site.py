"""The site of a gallery in a folder. What is there already and still true is kept: writing it again is quick."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from synth.conventions import ThfmError
from synth.gallery.clip_files import write_clip
from synth.gallery.files import write_file, write_script
from synth.gallery.films import write_film
from synth.gallery.parts import Listing, Part, clip_of, clips_of, listing
from synth.gallery.rejected import rejected_rows
from synth.gallery.rows import SMALL, row_of
from synth.gallery.vocabulary import vocabulary
from synth.preview.overlay import MeshRenderer, OverlayUnavailable

FORMAT = 3  # of the site's files; another one makes them anew
_DAMAGED = "damaged.txt"  # beside the page of a clip that says so
WEB = Path(__file__).parent / "web"
Progress = Callable[[str, int, int | None], None]

log = logging.getLogger(__name__)


class Site:
    """A gallery of the data set at ``url``, in folder ``root``.

    Attributes:
        listing: what the data set held when it was last looked at. faults: what could not be shown, one line each.

    Raises:
        ThfmError: there is no data set, or the folder cannot be written.
    """

    def __init__(self, url: str, root: str | Path, models: Path | None = None, limit: int | None = None):
        self.url, self.root, self.models, self.limit = str(url), Path(root), models, limit
        self.look()
        self.faults: dict[str, str] = {}
        self._stack = ExitStack()
        self._renderer: MeshRenderer | None | bool = False  # not tried yet
        try:
            (self.root / "data").mkdir(parents=True, exist_ok=True)
            for file in WEB.iterdir():
                name = file.name if file.suffix == ".html" else f"app/{file.name}"
                write_file(self.root / name, file.read_bytes())
        except OSError as error:
            raise ThfmError(f"{root} cannot hold the gallery ({error.strerror}): name another folder.") from error
        self._marks_file = self.root / "data" / "marks.json"
        self._marks: dict[str, str] = _json(self._marks_file)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look(self) -> None:
        """Look at the data set again: a run may have gone on."""
        self.listing: Listing = listing(self.url)
        self._rejected: list[dict[str, Any]] | None = None  # their rows, made when they are first asked for
        self._most: dict[str, int | None] = {}  # part -> how many of its clips are shown; None: all
        left = self.limit
        for part in self.listing.parts:
            if left is not None and left <= 0:
                break
            self._most[part.name] = None if left is None or 0 < len(part.index) <= left else left
            left = None if left is None else left - max(1, len(part.index))

    def parts(self) -> list[Part]:
        """The parts that the gallery shows."""
        return [p for p in self.listing.parts if p.name in self._most]

    def is_ready(self, part: Part) -> bool:
        """Whether a part is in the site as it is now."""
        return self._marks.get(part.name) == self._mark(part)

    def _mark(self, part: Part) -> str:
        most = self._most[part.name]
        return f"{FORMAT} {part.mark}" + (f" {most} clips" if most else "")

    def add(self, part: Part, progress: Callable[[str, int], None] = lambda key, done: None) -> list[dict[str, Any]]:
        """Stills, films and rows of one part; whatever of it is damaged becomes a fault.

        Args:
            progress: called with the key of the clip at work and how many are done.

        Returns:
            its rows.
        """
        rows: list[dict[str, Any]] = []
        self.faults.pop(part.name, None)
        shutil.rmtree(self.root / "data" / "parts" / part.name, ignore_errors=True)
        try:
            for clip in clips_of(part, (*SMALL, "rgb") if part.colour else (*SMALL, "normals")):
                progress(clip.key, len(rows))
                row = row_of(clip, part.name)
                write_film(clip, self.root / "data" / "parts" / part.name / clip.key)
                shutil.rmtree(self.root / "data" / "clips" / clip.key, ignore_errors=True)
                rows.append(row)
                if len(rows) == self._most[part.name]:
                    break
            else:
                lost = [key for key in part.keys if key not in {row["key"] for row in rows}]
                if lost:
                    raise ThfmError(f"{part.url} lacks clip {', '.join(lost[:5])}: fetch or generate the shard again.")
        except (ThfmError, OSError) as error:
            self.faults[part.name] = " ".join(str(error).split())
        write_script(self.root, f"parts/{part.name}", rows)
        write_file(self.root / "data" / "parts" / f"{part.name}.json", json.dumps([r["key"] for r in rows]).encode())
        if part.name not in self.faults:
            self._marks[part.name] = self._mark(part)
            write_file(self._marks_file, json.dumps(self._marks, indent=1).encode())
        return rows

    def write_index(self, busy: bool = False) -> None:
        """``data/index.js``: the parts that are ready, draws that were rejected, names, colours and faults."""
        shown = [p for p in self.parts() if self.is_ready(p) or p.name in self.faults]
        gone = set(self._marks) - {p.name for p in self.parts()}
        for name in gone:  # staged clips go into shards
            del self._marks[name]
            shutil.rmtree(self.root / "data" / "parts" / name, ignore_errors=True)
        if self._rejected is None:
            self._rejected = rejected_rows(self.listing.rejected, self.root)
        index = {
            "title": self.listing.title, "url": self.listing.url, "finished": self.listing.finished, "busy": busy,
            "parts": [p.name for p in shown], "left": len(self.parts()) - len(shown),
            "rejected": self._rejected,
            "config": bool(self.listing.config), "faults": self.all_faults(), "words": vocabulary(),
        }  # fmt: skip
        if self.listing.config:
            text = yaml.safe_dump(dict(self.listing.config) | {"clips": 1}, sort_keys=False)
            write_file(self.root / "data" / "config.yaml", text.encode())
        write_script(self.root, "index", index)

    def all_faults(self) -> list[str]:
        """What could not be shown, one line each."""
        return [*self.listing.faults, *self.faults.values()]

    def keys_of(self, part: Part) -> list[str]:
        """Keys of the clips of a part that is in the site."""
        return _json(self.root / "data" / "parts" / f"{part.name}.json") or []

    def clip_is_ready(self, key: str) -> bool:
        """Whether the page of a clip has all its files; what was damaged may have been mended since."""
        folder = self.root / "data" / "clips" / key
        return (folder / "clip.js").is_file() and not (folder / _DAMAGED).exists()

    def open_clip(self, part: Part, key: str) -> str | None:
        """Write what the page of a clip shows, or what is wrong with it, which is returned."""
        try:
            write_clip(clip_of(part, key), self.root, self._overlay(), self.models)
        except (ThfmError, OSError) as error:
            words = " ".join(str(error).split())
            write_file(self.root / "data" / "clips" / key / _DAMAGED, words.encode())
            write_script(self.root, f"clips/{key}/clip", {"error": words})
            return words
        (self.root / "data" / "clips" / key / _DAMAGED).unlink(missing_ok=True)
        return None

    def _overlay(self) -> MeshRenderer | None:
        if self._renderer is False:
            try:
                self._renderer = self._stack.enter_context(MeshRenderer())
            except OverlayUnavailable as error:
                log.warning("Recomputed bodies are not drawn: %s", error)
                self._renderer = None
        return self._renderer


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}


def write_gallery(
    url: str, out: str | Path, models: Path | None = None, limit: int | None = None, progress: Progress | None = None
) -> tuple[Path, int, list[str]]:
    """Write a whole gallery that works from disk; what is there already is kept.

    Args:
        url: root of a data set (also one still being made), shard or brace pattern; local or fsspec.
        out: folder on this machine. models: folder with smplx/SMPLX_*.npz for bodies other than the open ones.
        limit: the first so many clips; None takes all.
        progress: called with words, clips done, and how many there are (None while that is not known).

    Returns:
        the page, how many clips it shows, and what could not be shown.

    Raises:
        ThfmError: there is no data set, or the folder cannot be written.
    """
    say = progress or (lambda words, done, total: None)
    with Site(url, out, models, limit) as site:
        for part in site.parts():
            if not site.is_ready(part):
                site.add(part, lambda key, done: say(f"listing clip {key}", done, None))
        shown = [(part, key) for part in site.parts() for key in site.keys_of(part)]
        damaged = []
        for done, (part, key) in enumerate(shown):
            say(f"clip {key}", done, len(shown))
            if not site.clip_is_ready(key):
                damaged.append(site.open_clip(part, key))
        site.write_index()
        return site.root / "index.html", len(shown), [*site.all_faults(), *filter(None, damaged)]
