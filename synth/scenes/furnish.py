"""CC0 furniture and things where they find room: along walls, by the wayside, round about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from synth.conventions import ThfmError
from synth.geometry import Mesh
from synth.props.obstacles import Box
from synth.props.shape import PropAsset, read_shape
from synth.scenes.stage import Stage

_TRIES = 25


def furnish(
    names: Iterable[str],
    assets: Mapping[str, PropAsset],
    stage: Stage,
    boxes: Sequence[Box],
    candidate: Callable[[np.ndarray], tuple[np.ndarray, float]],
) -> tuple[list[Mesh], list[Box], list[str]]:
    """Find a place for every prop that has one.

    Args:
        boxes: what stands already.
        candidate: size (3,) -> centre (2,) and heading of a place to try; a prop at rest faces -y.

    Returns:
        meshes, boxes and names of what was placed.
    """
    meshes, placed, found = [], [], []
    for name in names:
        if name not in assets:
            raise ThfmError(f"there is no prop called {name!r}: was the clip made with other assets?")
        shape = read_shape(assets[name])
        for _ in range(_TRIES):
            centre, yaw = candidate(shape.size)
            box = Box(np.asarray(centre), shape.size[:2] / 2, float(shape.size[2]), yaw)
            if stage.clear(box, [*boxes, *placed]):
                middle = (shape.positions[:, :2].min(0) + shape.positions[:, :2].max(0)) / 2
                flat = (shape.positions[:, :2] - middle) @ box.axes + box.centre
                positions = np.concatenate([flat, shape.positions[:, 2:]], 1)
                meshes.append(shape.mesh(f"scene{len(meshes)}.{name}", positions[None]))
                placed.append(box)
                found.append(name)
                break
    return meshes, placed, found
