"""The gallery served on this machine: rows appear as they are made, pages of clips when they are asked for."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from synth.conventions import ThfmError
from synth.gallery.site import Site

log = logging.getLogger(__name__)

_LOOK_EVERY = 3.0  # seconds between looks at a data set that is being made


def cache_folder(url: str) -> Path:
    """Where the gallery of a data set is kept between visits."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = url if "://" in url else str(Path(url).resolve())
    name = place.rstrip("/").rsplit("/", 1)[-1].removesuffix(".tar")
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    return home / "thfm" / "gallery" / f"{safe}-{hashlib.sha256(place.encode()).hexdigest()[:10]}"


class _Stopped(Exception):
    """The gallery is closed: a part that is half done will be made anew."""


class Gallery:
    """A site that is filled in the background. One thread makes all pictures: OpenGL wants to stay where it began."""

    def __init__(self, site: Site):
        self.site = site
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="gallery")
        self._clips: dict[str, Future] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._looked = time.monotonic()
        self._filling = False
        self._fill_more()

    def close(self) -> None:
        """Stop after the clip at work."""
        self._stop.set()
        self._worker.submit(self.site.__exit__)
        self._worker.shutdown(wait=True)

    def before(self, path: str) -> None:
        """See to it that a file of the site is there before it is sent, if it can be."""
        names = unquote(path).strip("/").split("/")
        if names[:2] == ["data", "index.js"]:
            self._look_again()
        elif len(names) == 4 and names[:2] == ["data", "clips"]:
            there = (self.site.root / "/".join(names)).is_file()
            if not (there and self.site.clip_is_ready(names[2])):
                self._opened(names[2])

    def _look_again(self) -> None:
        if not self.site.listing.finished and time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            self._fill_more()

    def _fill_more(self) -> None:
        with self._lock:
            if not self._filling:
                self._filling = True
                self.site.write_index(busy=True)
                self._worker.submit(self._fill)

    def _fill(self) -> None:
        if not self.site.listing.finished:
            with suppress(ThfmError):  # a shard may be moved at this moment: the next look will find it
                self.site.look()
        self._next()

    def _next(self) -> None:
        """Add one part and come back for the next: pages of clips that are asked for meanwhile go before it."""
        left = [p for p in self.site.parts() if not self.site.is_ready(p) and p.name not in self.site.faults]
        if self._stop.is_set() or not left:
            self._filling = False
            self.site.write_index()
            return
        with suppress(_Stopped):
            self.site.add(left[0], self._go_on)
            self.site.write_index(busy=len(left) > 1)
            self._worker.submit(self._next)

    def _go_on(self, key: str, done: int) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _opened(self, key: str) -> None:
        part = next((p for p in self.site.parts() if key in self.site.keys_of(p)), None)
        if part is None:
            return
        with self._lock:
            job = self._clips.get(key)
            if job is None or job.done():
                job = self._clips[key] = self._worker.submit(self._open, part, key)
        job.result()

    def _open(self, part, key: str) -> None:
        if not self.site.clip_is_ready(key):
            words = self.site.open_clip(part, key)
            if words:
                log.warning("%s", words)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args, gallery: Gallery, **kwargs):
        self._gallery = gallery
        super().__init__(*args, directory=str(gallery.site.root), **kwargs)

    def do_GET(self) -> None:
        self._gallery.before(urlsplit(self.path).path)
        with suppress(BrokenPipeError, ConnectionResetError):  # the reader went on
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve_gallery(
    url: str, models: Path | None = None, limit: int | None = None, port: int = 0,
    ready: Callable[[str], None] = lambda address: None,
) -> None:  # fmt: skip
    """Serve the gallery of a data set to this machine until interrupted.

    Args:
        port: 0 takes a free one. ready: called with the address once it answers.

    Raises:
        ThfmError: there is no data set, or the port is taken.
    """
    gallery = Gallery(Site(url, cache_folder(url), models, limit))
    try:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, gallery=gallery))
        except OSError as error:
            raise ThfmError(f"port {port} cannot be served on ({error.strerror}): choose another --port.") from None
        with server:
            ready(f"http://127.0.0.1:{server.server_port}/")
            server.serve_forever()
    finally:
        gallery.close()
