"""What their authors made on other bodies, carried to the base mesh."""

from __future__ import annotations

import numpy as np

from synth.bodies.sheets import sewn, with_cloth
from synth.bodies.surface import averaging
from synth.bodies.wardrobe import frames
from tools.wardrobe_items import STIFFNESS

CARRYING = 0.19  # metres over which is evened what takes cloth from its author's body to the base mesh


def points_of(base: np.ndarray, item: dict) -> np.ndarray:
    """(n, 3) vertices of an item on the base mesh."""
    return (base[item["ref"]] * item["ref_weights"][:, :, None]).sum(1) + item["offsets"]


def carried(base: np.ndarray, item: dict) -> np.ndarray:
    """(n, 3) vertices of an item on the base mesh, as smooth as their author made them on another body.

    An author's references jump between the legs and from helper to helper, so what takes one body to the other is
    evened out over the cloth: the legs and their cleft are not to be seen in a skirt. Belts and buttons go with
    the cloth that they lie on.
    """
    anchor = item["anchor"].astype(np.float64)
    moves = (base[item["ref"]] * item["ref_weights"][:, :, None]).sum(1) - anchor
    made, faces = anchor + item["offsets"], item["faces"]
    mean, seams = averaging(faces, len(anchor)), sewn(made, faces)
    sides = np.linalg.norm(made[faces] - made[np.roll(faces, 1, axis=1)], axis=2)
    rounds = int((CARRYING / sides.mean()) ** 2)

    def evened(values: np.ndarray) -> np.ndarray:
        for _ in range(rounds):
            values = seams @ (0.5 * values + 0.5 * (mean @ values))
        return values

    moves = evened(moves)
    turn, scale = frames(made, made + moves, STIFFNESS["garments"])
    turned = scale[:, None] * np.einsum("vij,vj->vi", turn, item["offsets"]) - item["offsets"]
    return made + with_cloth(made, faces, moves + evened(turned))
