"""Files by URL through fsspec: whole or not at all, and errors that say what to do."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from synth.conventions import ThfmError

_TEMPORARY = ".tmp-"
# A file of these appears when it is closed, whole or not at all; to rename it would be to copy it.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"}


def locate(url: object) -> tuple[AbstractFileSystem, str]:
    """URL or local path -> (file system, path in it)."""
    try:
        return url_to_fs(str(url))
    except (ValueError, ImportError) as error:
        raise ThfmError(f"{url} cannot be opened ({error}): give a local path or an fsspec URL like s3://.") from None


def join(root: object, name: str) -> str:
    """URL of ``name`` under ``root``."""
    return f"{str(root).rstrip('/')}/{name}"


@contextmanager
def opened(url: object) -> Iterator[BinaryIO]:
    """A file to read; a ThfmError if it cannot be opened."""
    fs, path = locate(url)
    try:
        file = fs.open(path, "rb")
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise ThfmError(f"{url} {reason}: check the path.") from error
    with file:
        yield file


def read_bytes(url: object) -> bytes:
    """The whole of a small file."""
    with opened(url) as file:
        return file.read()


@contextmanager
def written(url: object) -> Iterator[BinaryIO]:
    """A file to write that appears under its name only once it is complete and on disk.

    Whatever goes wrong, nothing is left under the final name; the temporary file is removed. A full disk raises
    ThfmError with the remedy.
    """
    fs, path = locate(url)
    local = isinstance(fs, LocalFileSystem)
    try:
        if is_object_store(fs):
            with _uploaded(fs, path) as file:
                yield file
        else:
            with _renamed(fs, path, local) as file:
                yield file
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ThfmError(
                f"{url} cannot be written, the disk is full: free some space or choose another place, then run the "
                "same command again; finished clips are kept."
            ) from error
        raise


def is_object_store(fs: AbstractFileSystem) -> bool:
    """Whether a file appears there only when it is closed, and folders are but names."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return bool(_OBJECT_STORES & set(protocols))


@contextmanager
def _uploaded(fs: AbstractFileSystem, path: str) -> Iterator[BinaryIO]:
    """An object, in parts where it is large; parts of one that comes to nothing are dropped."""
    file = fs.open(path, "wb")
    try:
        yield file
    except BaseException:
        with suppress(Exception):
            file.discard()
        file.closed = True  # or its end would upload what there is
        raise
    file.close()


@contextmanager
def _renamed(fs: AbstractFileSystem, path: str, local: bool) -> Iterator[BinaryIO]:
    """A file beside its place, moved there when it is complete."""
    temporary = f"{path}{_TEMPORARY}{uuid.uuid4().hex[:12]}"
    try:
        fs.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") if local else fs.open(temporary, "wb") as file:
            yield file
            if local:
                file.flush()
                os.fsync(file.fileno())
        if local:
            os.replace(temporary, path)
            _sync_folder(os.path.dirname(path))
        else:
            fs.mv(temporary, path)
    except BaseException:
        with suppress(Exception):
            fs.rm_file(temporary)
        raise


def exists(url: object) -> bool:
    """Whether a file is there."""
    fs, path = locate(url)
    fs.invalidate_cache(os.path.dirname(path))
    return fs.exists(path)


def write_bytes(url: object, data: bytes) -> None:
    """Write a small file whole or not at all."""
    with written(url) as file:
        file.write(data)


def _sync_folder(folder: str) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder
        descriptor = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def names(url: object) -> list[str]:
    """Sorted names of the finished files in a folder; empty if there is no such folder."""
    return [n for n in _all_names(url) if _TEMPORARY not in n]


def remove(url: object) -> None:
    """Remove a file if it is there."""
    fs, path = locate(url)
    with suppress(FileNotFoundError):
        fs.rm_file(path)


def remove_empty_folder(url: object) -> None:
    """Remove a folder if nothing is in it; object stores have no folders to remove."""
    fs, path = locate(url)
    with suppress(OSError):
        fs.rmdir(path)


def remove_leftovers(url: object) -> list[str]:
    """Remove what killed writers left in a folder; return its names. Only for times when nobody writes there."""
    left = [n for n in _all_names(url) if _TEMPORARY in n]
    for name in left:
        remove(join(url, name))
    return left


def _all_names(url: object) -> list[str]:
    fs, path = locate(url)
    fs.invalidate_cache(path)
    try:
        entries = fs.ls(path, detail=True)
    except FileNotFoundError:
        return []
    return sorted(os.path.basename(e["name"]) for e in entries if e["type"] == "file")


class HashedWriter:
    """Passes writes on to ``file`` and knows their number of bytes and sha256."""

    def __init__(self, file: BinaryIO):
        self._file, self._hash, self.bytes = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.bytes += len(data)
        self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return self.bytes

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def sha256_of(file: BinaryIO) -> str:
    """Digest of the rest of an open file."""
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
