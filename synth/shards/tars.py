"""Tar files of clips: deterministic to write, strict to read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import BinaryIO

from synth.conventions import ThfmError

Members = dict[str, bytes]  # member name without the key -> bytes
Places = dict[str, tuple[int, int]]  # the same -> (first byte in the tar, size)


def add_clip(tar: tarfile.TarFile, key: str, members: Mapping[str, bytes]) -> None:
    """Append a clip; its members follow one another, as webdataset expects."""
    for name, data in members.items():
        info = tarfile.TarInfo(f"{key}.{name}")  # its defaults: no time, owner 0, mode 644
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))


def write_tar(file: BinaryIO, clips: Iterable[tuple[str, Mapping[str, bytes]]]) -> None:
    """Write a whole tar of clips to an open file, holding one clip at a time."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for key, members in clips:
            add_clip(tar, key, members)
            tar.members.clear()


def read_tar(file: BinaryIO, where: object, wanted: Collection[str] | None = None) -> Iterator[tuple[str, Members]]:
    """Yield (key, members) clip by clip from a seekable file.

    Args:
        file: open at its beginning.
        where: name of the shard, for errors.
        wanted: member names without the key to read; others are skipped over. None reads all.

    Raises:
        ThfmError: the tar is truncated or damaged; names the shard and the last clip that was met. Clips before the
            damage have been yielded by then.
    """
    return _walk(file, where, wanted, lambda tar, info: tar.extractfile(info).read())


def scan_tar(file: BinaryIO, where: object) -> Iterator[tuple[str, Places]]:
    """Yield (key, places of the members) clip by clip, reading headers alone; errors as those of ``read_tar``."""
    return _walk(file, where, None, lambda tar, info: (info.offset_data, info.size))


def places_in_tar(members: Mapping[str, bytes], start: int) -> tuple[Places, int]:
    """Where ``write_tar`` puts the members of a clip that begins at byte ``start``, and where the next one begins."""
    places = {}
    for name, data in members.items():
        places[name] = (start + tarfile.BLOCKSIZE, len(data))
        start += tarfile.BLOCKSIZE * (1 + -(-len(data) // tarfile.BLOCKSIZE))
    return places, start


def split_name(name: str) -> tuple[str, str]:
    """Name of a tar member -> (key, member name without it), as webdataset cuts it: at the first dot of the file's
    name, folders being part of the key."""
    folder, slash, file = name.rpartition("/")
    stem, _, suffix = file.partition(".")
    return f"{folder}{slash}{stem}", suffix


def _walk(file: BinaryIO, where: object, wanted: Collection[str] | None, take: Callable) -> Iterator[tuple[str, dict]]:
    key, members, name = None, {}, "its beginning"
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()
                if info.isdir():
                    continue
                name = info.name
                of, suffix = split_name(name)
                if of != key:
                    if key is not None:
                        yield key, members
                    key, members = of, {}
                if wanted is None or suffix in wanted:
                    members[suffix] = take(tar, info)
            # tarfile takes a cut or broken header for the end; the true end is two blocks of zeros.
            file.seek(tar.offset)
            if file.read(1024) != bytes(1024):
                raise tarfile.ReadError("no end-of-archive mark")
    except (tarfile.TarError, OSError, EOFError, AttributeError, ValueError) as error:
        if isinstance(error, ThfmError):
            raise
        raise ThfmError(
            f"{where} is truncated or damaged at {name} ({error}): fetch or generate the shard again."
        ) from error
    if key is not None:
        yield key, members
