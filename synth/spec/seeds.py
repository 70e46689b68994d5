"""Randomness from names: every use of chance in a clip has its own generator, whatever else the clip does."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(*names: int | str) -> int:
    """A 64-bit seed that depends on every name and on their order."""
    text = "\x1f".join(f"{type(n).__name__}:{n}" for n in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(*names: int | str) -> np.random.Generator:
    """A fresh generator for (dataset seed, clip index, purpose, ...)."""
    return np.random.Generator(np.random.PCG64(derive_seed(*names)))
