"""Global random states as plain data, so that a resumed run draws on where it stopped."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_everything(*words: int) -> None:
    """Seed Python, numpy and torch from a few numbers."""
    first, second = np.random.SeedSequence(words).generate_state(2, np.uint64)
    random.seed(int(first))
    np.random.seed(int(first) % 2**32)
    torch.manual_seed(int(second) % 2**63)


def random_state() -> dict:
    """JSON-able states of Python's, numpy's and torch's generators (and of the current GPU's)."""
    version, words, gauss = random.getstate()
    name, keys, place, has, cached = np.random.get_state()
    state = {
        "python": [version, list(words), gauss],
        "numpy": [name, keys.tolist(), place, has, cached],
        "torch": _text(torch.get_rng_state()),
    }
    if torch.cuda.is_available():
        state["cuda"] = _text(torch.cuda.get_rng_state())
    return state


def restore_random_state(state: dict) -> None:
    """Set what ``random_state`` read."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, place, has, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), place, has, cached))
    torch.set_rng_state(_bytes(state["torch"]))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(_bytes(state["cuda"]))


@contextmanager
def random_kept() -> Iterator[None]:
    """What the block draws from torch's CPU generator (a loader does, when it starts workers) is as if undrawn."""
    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)


def generator(*words: int) -> torch.Generator:
    """A CPU generator of its own for these numbers."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]) % 2**63)


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _bytes(text: str) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), np.uint8).copy())
