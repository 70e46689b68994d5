"""Arrays whose length nobody knows yet, written frame by frame into an ordinary npz."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_CHUNK = 2**20  # bytes copied at a time


class ArrayFile:
    """``np.load(path)[name]`` is an array of all frames that were added; memory holds one.

    Frames lie raw in a file beside ``path`` until ``close`` packs them.

    Args:
        path: ends in .npz.
        name: of the array.
        axis: where the axis of time goes: 0, or 1 after people.
        extras: small arrays to store beside it.
        squeeze: worth compressing; depth and normals are not, they have noise in every digit.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        axis: int = 0,
        extras: Mapping[str, np.ndarray] | None = None,
        squeeze: bool = True,
    ):
        self.path, self.name, self.axis, self.extras = path, name, axis, dict(extras or {})
        self._how = zipfile.ZIP_DEFLATED if squeeze else zipfile.ZIP_STORED
        self._raw = path.with_suffix(".raw")
        self._file = open(self._raw, "wb")  # noqa: SIM115
        self._shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float32)
        self._count = 0

    def add(self, frame: np.ndarray) -> None:
        """One frame; all have one shape and dtype."""
        self._shape, self._dtype = frame.shape, frame.dtype
        self._file.write(np.ascontiguousarray(frame).data)
        self._count += 1

    def close(self) -> None:
        """Pack, and remove the raw file."""
        self._file.close()
        shape = (*self._shape[: self.axis], self._count, *self._shape[self.axis :])
        with zipfile.ZipFile(self.path, "w", self._how, compresslevel=1) as packed:
            with packed.open(f"{self.name}.npy", "w", force_zip64=True) as member:
                header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for part in self._in_order():
                    member.write(part.tobytes())
            for name, value in self.extras.items():
                with packed.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)
        self._raw.unlink()

    def abandon(self) -> None:
        """Close the file and leave it."""
        self._file.close()

    def _in_order(self):
        """The bytes of the file as chunks of whole frames; with people first, those of each person in turn."""
        frame = int(np.prod(self._shape)) * self._dtype.itemsize
        step = max(1, _CHUNK // max(1, frame))
        people = range(self._shape[0]) if self.axis else (None,)
        for person in people:
            with open(self._raw, "rb") as file:
                for start in range(0, self._count, step):
                    part = np.frombuffer(file.read(min(step, self._count - start) * frame), self._dtype)
                    part = part.reshape(-1, *self._shape)
                    yield part if person is None else part[:, person]
