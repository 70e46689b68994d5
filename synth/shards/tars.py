"""Tar files of clips: deterministic to write, strict to read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import BinaryIO

from synth.conventions import ThfmError

Members = dict[str, bytes]  # member name without the key -> bytes


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
    key, members, name = None, {}, "its beginning"
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()
                name = info.name
                of, _, suffix = name.partition(".")
                if of != key:
                    if key is not None:
                        yield key, members
                    key, members = of, {}
                if wanted is None or suffix in wanted:
                    members[suffix] = tar.extractfile(info).read()
            # tarfile takes a cut or broken header for the end; the true end is two blocks of zeros.
            file.seek(tar.offset)
            if file.read(1024) != bytes(1024):
                raise tarfile.ReadError("no end-of-archive mark")
    except (tarfile.TarError, OSError, EOFError, AttributeError, ValueError) as error:
        if isinstance(error, ThfmError):
            raise
        raise ThfmError(
            f"{where} is truncated or damaged at {name} ({error}): fetch or generate the shard again."
        ) from None
    if key is not None:
        yield key, members
