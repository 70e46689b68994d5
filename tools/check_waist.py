"""Does skin show between a top and what is worn below it? Measured by rays on the people of a config, without Blender.

    python -m tools.check_waist configs/synth/default.yaml --people 40

From behind and from in front, level and from above, a pixel is bare where it shows skin of the trunk from the crotch up
to a hand above the waist, and low where that skin lies below the navel: the cleft of the buttocks is there. Told per
pair of garments and over all, as shares of the pixels that show those people.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import trimesh

from synth.bodies.figure import Figure
from synth.conventions import JOINT_NAMES
from synth.geometry import Mesh
from tools.dressed_people import arguments, dressed_people, first_hits

SIDE = 200  # pixels
UP = (-0.1, -0.7)  # radians upwards of the views
CROTCH, NAVEL, HAND = 0.04, 0.06, 0.08  # metres: below the hips' joints, below the waist's, above it
TOPS, BOTTOMS = ("upper_garment", "jacket"), ("lower_garment", "skirt")
_HIP_WAIST = [JOINT_NAMES.index("left_hip"), JOINT_NAMES.index("spine1")]
_TRUNK = [JOINT_NAMES.index(n) for n in ("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3")]


def pair_of(meshes: list[Mesh], items: dict[str, dict]) -> tuple[str, str] | None:
    """Names of the top and of what is worn below it; None for people in one piece or bare ones."""
    names = [m.name for m in meshes if items.get(m.name, {}).get("kind") == "garments"]
    tops = [n for n in names if items[n]["semantic"] in TOPS]
    bottoms = [n for n in names if items[n]["semantic"] in BOTTOMS]
    return (tops[0], bottoms[0]) if tops and bottoms else None


def bare_waist(figure: Figure, sample: int) -> tuple[int, int, int]:
    """Of one person at a time sample, in pixels over all views: bare skin about the waist, such that is low, all."""
    model, body = figure.model, figure.meshes[0]
    hip, waist = model.rest_joints(np.asarray(figure.params["betas"]))[_HIP_WAIST, 1]
    height = model.pose(figure.params).rest[body.faces, 1].mean(1)
    trunk = model.weights[:, _TRUNK].sum(1)[body.faces].mean(1) > 0.7
    bare = trunk & (height > hip - CROTCH) & (height < waist + HAND)
    at = [m.positions[min(sample, len(m.positions) - 1)].astype(np.float64) for m in figure.meshes]
    starts = np.cumsum([0, *map(len, at)])
    faces = np.concatenate([(m.faces + s)[m.shown] for m, s in zip(figure.meshes, starts, strict=False)])
    others = np.zeros(len(faces) - int(body.shown.sum()), bool)
    bare, below = (np.concatenate([x[body.shown], others]) for x in (bare, bare & (height < waist - NAVEL)))
    mesh = trimesh.Trimesh(np.concatenate(at), faces, process=False)
    used = mesh.vertices[np.unique(faces)]
    middle, reach = (used.min(0) + used.max(0)) / 2, np.linalg.norm(np.ptp(used, axis=0)) / 2
    hips = figure.joints[min(sample, len(figure.joints) - 1)][
        [JOINT_NAMES.index(f"{s}_hip") for s in ("left", "right")]
    ]
    side = (hips[0] - hips[1])[:2] / np.linalg.norm((hips[0] - hips[1])[:2])
    grid = np.stack(np.meshgrid(*[(np.arange(SIDE) + 0.5) / SIDE * 2 - 1] * 2), -1).reshape(-1, 2) * reach
    found = np.zeros(3, int)
    for forward in ((-side[1], side[0]), (side[1], -side[0])):
        for up in UP:
            ahead = np.array([*(np.cos(up) * np.array(forward)), np.sin(up)])
            right = np.array([forward[1], -forward[0], 0.0])
            start = middle - 2 * reach * ahead + grid[:, :1] * right + grid[:, 1:] * np.cross(right, ahead)
            face, _ = first_hits(mesh, start, np.broadcast_to(ahead, start.shape))
            face = face[face >= 0]
            found += (bare[face].sum(), below[face].sum(), len(face))
    return tuple(int(n) for n in found)


def main() -> None:
    args = arguments(__doc__, "people who wear a top and something below it", 1)
    everybody, items = dressed_people(args)
    pairs: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(3, int))
    people: list[np.ndarray] = []
    while len(people) < args.people:
        who, spec, figure = next(everybody)
        pair = pair_of(list(figure.meshes), items)
        if pair is None:
            continue
        found = np.array(bare_waist(figure, (spec.frames + 1) // 2))
        pairs[pair] += found
        people.append(found)
        if found[0] > 0.005 * found[2]:
            bare, low = 100 * found[:2] / found[2]
            print(f"{who}, {' over '.join(pair)}: bare {bare:.1f} %, low {low:.1f} %", flush=True)
    for pair, found in sorted(pairs.items(), key=lambda x: -x[1][0]):
        if found[0]:
            print(f"{pair[0]:20} {pair[1]:20} {100 * found[0] / found[2]:6.2f} % {100 * found[1] / found[2]:6.2f} %")
    bare, low, seen = np.sum(people, axis=0)
    many = sum(f[0] > 0.005 * f[2] for f in people)
    some = sum(f[1] > 0.002 * f[2] for f in people)
    print(f"{len(people)} people: {100 * bare / seen:.3f} % bare, {100 * low / seen:.3f} % low; "
          f"{many} with more than 0.5 % bare, {some} with more than 0.2 % low")  # fmt: skip


if __name__ == "__main__":
    main()
