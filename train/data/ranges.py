"""Parts of files, local or remote: read with patience, few requests, no file held open."""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fsspec.implementations.local import LocalFileSystem

from synth.conventions import ThfmError
from synth.shards.storage import locate

T = TypeVar("T")
Fetch = Callable[[int, int], bytes]
"""(first byte, byte after the last) -> the bytes, fewer at the end of the file."""

_BLOCK = 1 << 16  # holds a tar header, a meta.json and the next header
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds


def is_local(url: str) -> bool:
    """Whether reading costs no request."""
    return isinstance(locate(url)[0], LocalFileSystem)


def fetcher(url: str, retries: int = 0) -> Fetch:
    """A function that reads ranges of a file; it raises ThfmError when ``retries`` further tries do not help."""
    fs, path = locate(url)

    def local(start: int, stop: int) -> bytes:
        with open(path, "rb", buffering=0) as file:
            return os.pread(file.fileno(), stop - start, start)

    def remote(start: int, stop: int) -> bytes:
        data = fs.cat_file(path, start=start, end=stop)
        if len(data) > stop - start:
            raise ThfmError(f"{url} comes whole when a part is asked for: its server must support byte ranges.")
        return data

    read = local if isinstance(fs, LocalFileSystem) else remote
    return lambda start, stop: patiently(url, lambda: read(start, stop), retries)


def patiently(url: str, read: Callable[[], T], retries: int = 0) -> T:
    """What ``read`` gives, tried again at growing intervals while it fails. Raises ThfmError when it does not help."""
    for attempt in range(retries + 1):
        try:
            return read()
        except ThfmError:
            raise
        except FileNotFoundError:
            raise ThfmError(f"{url} does not exist: check the path.") from None
        except PermissionError as error:
            raise ThfmError(f"{url} may not be read ({error}): check the path and your rights.") from None
        except Exception as error:  # each file system raises its own
            if attempt == retries:
                tried = f"tried {retries + 1} times, " if retries else ""
                raise ThfmError(f"{url} cannot be read ({tried}{type(error).__name__}: {error}).") from None
            # Spread out, so that many readers do not come back at the same moment.
            time.sleep(min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1))
    raise AssertionError


class RangeFile(io.RawIOBase):
    """``size`` bytes behind a ``Fetch`` as a file to read and to seek in; the last block read is kept."""

    def __init__(self, fetch: Fetch, size: int):
        self._fetch, self._size, self._at = fetch, size, 0
        self._kept, self._first = b"", 0

    def part(self, start: int, size: int) -> RangeFile:
        """Some of the file as a file of its own."""
        return RangeFile(lambda a, b: self.bytes(start + a, start + b), min(size, self._size - start))

    def bytes(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop``, fewer at the end of the file."""
        stop = min(stop, self._size)
        if start >= stop:
            return b""
        if not self._first <= start < stop <= self._first + len(self._kept):
            self._first, self._kept = start, self._fetch(start, min(max(stop, start + _BLOCK), self._size))
        return self._kept[start - self._first : stop - self._first]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self.bytes(self._at, self._at + len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
