"""``PropSpec``s, people and cameras -> the props' meshes. What finds no room is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synth.conventions import ThfmError
from synth.geometry import Cameras, Mesh
from synth.props.held import hold
from synth.props.hiding import View
from synth.props.obstacles import Box, cell_reach, swept_cells
from synth.props.shape import PropAsset, PropShape, read_shape
from synth.props.standing import stand
from synth.spec.props.model import PropSpec

_ORDER = {"held": 0, "front": 1, "beside": 2}  # what moves first: the rest keeps out of its way


def place_props(
    props: Sequence[PropSpec],
    assets: Mapping[str, PropAsset],
    people: Sequence[Mesh],
    joints: np.ndarray,
    cameras: Cameras,
    size: tuple[int, int],
    obstacles: Sequence[Box] = (),
) -> tuple[list[Mesh], list[dict]]:
    """Find a place for every prop that has one.

    Props touch neither people nor each other at any time sample. Those in front hide the share of their person that
    their spec asks for, and all of them together never hide or fill more than it allows.

    Args:
        people: all meshes of all people. joints: (P, T+2, J, 3) in the world.
        size: width and height of the picture in pixels.
        obstacles: walls and furniture, which props keep off too.

    Returns:
        meshes, and for each what it is: name, role, person (index), hand, and the share of that person that all props
        placed so far hide on average.

    Raises:
        ThfmError: a prop is unknown or its files are broken.
    """
    if not props:
        return [], []
    for spec in props:
        if spec.name not in assets:
            raise ThfmError(f"there is no prop called {spec.name!r}: was the clip made with other assets?")
        if spec.person >= len(joints):
            raise ThfmError(f"prop {spec.name!r} belongs to person {spec.person}, of {len(joints)}: name another.")
    moving = list(people)
    view = View.of([[m for m in people if m.person == p + 1] for p in range(len(joints))], cameras, *size)
    boxes = list(obstacles)
    meshes: list[Mesh] = []
    facts: list[dict] = []
    cells: np.ndarray | None = None
    for number, spec in sorted(enumerate(props), key=lambda p: (_ORDER[p[1].role], p[0])):
        shape = read_shape(assets[spec.name])
        if spec.role == "held":
            found = _held(shape, spec, joints, moving, view)
        else:
            cells = swept_cells(moving) if cells is None else cells
            found = stand(shape, spec, joints[spec.person, :, 0], cells, cell_reach(moving), boxes, view)
            if found is not None:
                boxes.append(found[0])
                found = found[1:]
        if found is None:
            continue
        positions, view = found
        mesh = shape.mesh(f"prop{number}.{spec.name}", positions)
        meshes.append(mesh)
        if spec.role == "held":
            moving.append(mesh)
        facts.append({"name": spec.name, "role": spec.role, "person": spec.person, "hand": spec.hand,
                      "hidden": round(float(view.mean_hidden()[spec.person]), 4)})  # fmt: skip
    return meshes, facts


def held_by(props: Sequence[PropSpec], assets: Mapping[str, PropAsset], person: int) -> dict[str, PropShape]:
    """What the hands (left, right) of a person (index) are to hold."""
    mine = [p for p in props if p.role == "held" and p.person == person and p.name in assets]
    shapes = {p.hand or "right": read_shape(assets[p.name]) for p in mine}
    return {hand: shape for hand, shape in shapes.items() if shape.grip is not None}


def _held(
    shape: PropShape, spec: PropSpec, joints: np.ndarray, moving: list[Mesh], view: View
) -> tuple[np.ndarray, View] | None:
    if shape.grip is None:
        raise ThfmError(f"prop {spec.name!r} cannot be held: give it another role.")
    positions = hold(shape, joints[spec.person], spec.hand or "right", spec.person + 1, moving)
    if positions is None or positions[..., 2].min() < 0.0:
        return None
    view = view.with_prop(positions, shape.faces)
    return (positions, view) if view.fits(spec.hides_most, spec.hides_head, spec.fills_most) else None


__all__ = ["PropAsset", "held_by", "place_props"]
