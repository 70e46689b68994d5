"""Loops over meshes that numpy has no words for, compiled by numba.

Without its fast arithmetic numba neither fuses nor reorders what is written, so results do not depend on the processor.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled(function: Callable) -> Callable:
    """``function`` as machine code, made at the first call and kept on disk where a folder can be written."""
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # numba finds no such folder
        return njit(function)
