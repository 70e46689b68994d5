"""Headers of arrays in npz files: what an array is, without reading it."""

from __future__ import annotations

from typing import IO

import numpy as np


def array_header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of an array, out of the start of an open ``.npy`` member. Raises ValueError if it is none."""
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member)
    return shape, dtype
