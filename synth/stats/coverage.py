"""Of the motions that there were to draw from: which a data set shows, and how its poses lie among theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError
from scipy.spatial.transform import Rotation

from synth.bodies.catalogue import Library, load_library
from synth.bodies.config import BodiesConfig
from synth.bodies.motion_io import read_motion
from synth.conventions import ThfmError

_FILES, _FRAMES = 200, 12  # of a library, that its poses are taken from


@dataclass(frozen=True)
class Action:
    """One action of the library: how many of its motions are used, of how many, how often; the names of the others."""

    name: str
    used: int
    there: int
    parts: int
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """A data set against the library that it was drawn from.

    Attributes:
        actions: those of the library, by name; names that a table calls two things count in both.
        unknown: motions of the data set that the library does not hold.
        poses: (n, 63) body poses of the library's captures, axis-angle.
    """

    actions: tuple[Action, ...]
    unknown: tuple[str, ...]
    poses: np.ndarray

    @property
    def used(self) -> int:
        return sum(a.used for a in self.actions)

    @property
    def there(self) -> int:
        return sum(a.there for a in self.actions)


def coverage_of(motions: Counter, bodies: Mapping[str, Any]) -> Coverage | None:
    """Compare counts of motions by name with the library of a ``bodies`` config; None if that is not on this machine
    or has nothing to do with the motions."""
    try:
        library = load_library(BodiesConfig.model_validate(bodies))
    except (ThfmError, ValidationError):
        return None
    groups: dict[str, set[str]] = {}
    for entry in library.catalogue.motions:
        groups.setdefault(entry.action, set()).add(entry.name)
    known = set().union(*groups.values())
    if motions and not known & set(motions):
        return None
    actions = [
        Action(
            action, len(names & set(motions)), len(names), sum(motions[n] for n in names),
            tuple(sorted(names - set(motions))),
        )
        for action, names in sorted(groups.items())
    ]  # fmt: skip
    return Coverage(tuple(actions), tuple(sorted(set(motions) - known)), _poses(library))


def _poses(library: Library) -> np.ndarray:
    files = [library.motion_files[n] for n in sorted(library.motion_files)]
    files = [f for f in files if f.suffix.lower() == ".npz"]  # other formats hold no poses until they are retargeted
    rows = [np.zeros((0, 63))]
    for file in files[:: max(1, -(-len(files) // _FILES))]:
        try:
            pose = read_motion(file).body_pose
        except ThfmError:
            continue
        rows.append(pose[np.linspace(0, len(pose) - 1, _FRAMES).astype(int)])
    return np.concatenate(rows)


def plane_of(poses: np.ndarray, library: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Poses (n, 63) and (m, 63) on the two main axes of their common variation, (n, 2) and (m, 2), and the share of
    the variation that these tell. Rotation matrices are compared, whose differences mean the same everywhere."""
    both = np.concatenate([poses, library])
    turned = Rotation.from_rotvec(both.reshape(-1, 3)).as_matrix().reshape(len(both), -1)
    turned -= turned.mean(0)
    _, size, axes = np.linalg.svd(turned, full_matrices=False)
    flat = turned @ axes[:2].T
    share = float((size[:2] ** 2).sum() / max((size**2).sum(), 1e-12))
    return flat[: len(poses)], flat[len(poses) :], share
