"""npz files read and written slice by slice: a member may be larger than memory. Nothing is unpickled.

Numbers are torch tensors. numpy has no bfloat16: such arrays are of two opaque bytes there, ``|V2`` or ``<V2``.
"""

from __future__ import annotations

import ast
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

import numpy as np
import torch
from torch import Tensor

from synth.conventions import ThfmError

DTYPES = {"<V2": torch.bfloat16, "|V2": torch.bfloat16, "<f2": torch.float16, "<f4": torch.float32}
_RAW = {torch.bfloat16: np.int16, torch.float16: np.float16, torch.float32: np.float32}
_LONGEST_HEADER = 10_000  # numpy's own limit
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, SyntaxError, KeyError, TypeError, struct.error, OSError,
    NotImplementedError, RecursionError, MemoryError,
)  # fmt: skip


class Header(NamedTuple):
    """Of a member: shape, numpy's name of the dtype, and whether the first axis runs fastest."""

    shape: tuple[int, ...]
    descr: str
    fortran: bool

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * DTYPES[self.descr].itemsize


class NpzReader:
    """A context; ``headers`` is {name of a member without .npy: header}.

    Raises:
        ThfmError: no such file, no npz, or a member whose header or dtype is not that of floating numbers.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise ThfmError(f"{path} is not there: name a checkpoint.") from None
        except _BROKEN as error:
            raise ThfmError(f"{path} is no whole npz file ({_line(error)}): fetch it again.") from None
        try:
            self.headers: dict[str, Header] = {}
            for info in self._zip.infolist():
                name = info.filename.removesuffix(".npy")
                if name in self.headers:
                    raise ThfmError(f"{path} holds {name} twice: fetch it again.")
                self.headers[name] = self._header(info, name)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> NpzReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _header(self, info: zipfile.ZipInfo, name: str) -> Header:
        try:
            with self._zip.open(info) as file:
                header = _read_header(file)
                size = info.file_size - file.tell()
        except _BROKEN as error:
            raise ThfmError(f"{self.path}: {name} is damaged ({_line(error)}): fetch the file again.") from None
        if "O" in header.descr:
            raise ThfmError(f"{self.path}: {name} holds pickled objects, which are never loaded.")
        if header.descr not in DTYPES:
            known = "float32, float16 or bfloat16"
            raise ThfmError(f"{self.path}: {name} is of dtype {header.descr}: only {known} can be weights.")
        if size != header.nbytes:
            raise ThfmError(f"{self.path}: {name} holds {size} bytes, its header says {header.nbytes}: fetch it again.")
        return header

    def slices(self, name: str, count: int) -> Iterator[Tensor]:
        """The member in ``count`` equal slices of its first axis, each (shape[0] / count, ...); a slice at a time is in
        memory, unless the member is stored with its first axis fastest.

        Raises:
            ThfmError: the member is damaged.
        """
        shape, descr, fortran = self.headers[name]
        dtype = DTYPES[descr]
        part = (shape[0] // count, *shape[1:]) if shape else ()
        try:
            with self._zip.open(f"{name}.npy") as file:
                _read_header(file)
                if fortran:
                    whole = _tensor(_exactly(file, math.prod(shape) * dtype.itemsize), shape[::-1], dtype)
                    yield from whole.permute(*reversed(range(len(shape)))).split(part[0] if part else 1)
                else:
                    for _ in range(count):
                        yield _tensor(_exactly(file, math.prod(part) * dtype.itemsize), part, dtype)
                if file.read(1):
                    raise ValueError("more bytes than its shape has")
        except _BROKEN as error:
            raise ThfmError(f"{self.path}: {name} is damaged ({_line(error)}): fetch the file again.") from None


class NpzWriter:
    """A context that writes what ``numpy.savez`` would, member after member."""

    def __init__(self, path: Path):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)

    def __enter__(self) -> NpzWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._zip.close()

    def write(self, name: str, descr: str, shape: tuple[int, ...], slices: Iterable[Tensor]) -> None:
        """A member out of consecutive slices of its first axis, cast to the dtype that ``descr`` names."""
        dtype = DTYPES[descr]
        with self._zip.open(f"{name}.npy", "w", force_zip64=True) as file:
            head = {"descr": descr, "fortran_order": False, "shape": tuple(shape)}
            np.lib.format.write_array_header_1_0(file, head)
            left = math.prod(shape)
            for part in slices:
                file.write(raw_bytes(part.to(dtype)))
                left -= part.numel()
            if left:
                raise ValueError(f"{name}: {left} numbers are missing from {shape}")


def raw_bytes(tensor: Tensor) -> memoryview:
    """A tensor's numbers, the last axis fastest, as bytes of this machine."""
    flat = tensor.detach().contiguous().reshape(-1)
    flat = flat.view(torch.int16) if flat.dtype == torch.bfloat16 else flat
    return memoryview(flat.numpy()).cast("B") if flat.numel() else memoryview(b"")


def _read_header(file: IO[bytes]) -> Header:
    """The header at the start of a npy file. By hand, since numpy forgets whether it said ``|V2`` or ``<V2``."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the npy format")
    length = "<H" if version == (1, 0) else "<I"
    (size,) = struct.unpack(length, _exactly(file, struct.calcsize(length)))
    if size > _LONGEST_HEADER:
        raise ValueError(f"a header of {size} bytes")
    said = ast.literal_eval(_exactly(file, size).decode("latin1"))
    shape, descr, fortran = said["shape"], said["descr"], said["fortran_order"]
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"a shape of {shape}")
    return Header(shape, descr if isinstance(descr, str) else "a structure", bool(fortran))


def _exactly(file: IO[bytes], size: int) -> bytearray:
    """The next ``size`` bytes; ``read`` of a zip member may give fewer."""
    buffer = bytearray(size)
    view, done = memoryview(buffer), 0
    while done < size:
        got = file.readinto(view[done : done + (1 << 24)])
        if not got:
            raise EOFError(f"ends after {done} of {size} bytes")
        done += got
    return buffer


def _tensor(buffer: bytearray, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    array = torch.from_numpy(np.frombuffer(buffer, _RAW[dtype]).reshape(shape))
    return array.view(torch.bfloat16) if dtype == torch.bfloat16 else array


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
