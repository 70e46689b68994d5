"""Name -> benchmark, found by looking at the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark


def _found() -> dict[str, Benchmark]:
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if module != "registry":
            one = getattr(importlib.import_module(f"train.benchmarks.{module}"), "BENCHMARK", None)
            if one is not None:
                found[one.name] = one
    return found


BENCHMARKS: dict[str, Benchmark] = _found()


def benchmark(name: str) -> Benchmark:
    """Raises ThfmError for an unknown name."""
    if name not in BENCHMARKS:
        raise ThfmError(f"{name!r} is no benchmark; the benchmarks are {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]
