"""Faces, groups and vertex order of the baked body: which MakeHuman vertex stands at which number, and why."""

from __future__ import annotations

import numpy as np

from openbody.skeleton import FINGER_NUMBER, FINGERS, cube_rows
from openbody.sources import VERTICES, Sources

FACE_GROUPS = {
    "body": ("body",),
    "left_eye": ("helper-l-eye",),
    "right_eye": ("helper-r-eye",),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
}
BODY_VERTICES = 13380

# The vertices that the smplx library picks by number as extra joints (its vertex_ids["smplx"]).
PICKED = {
    **{"nose": 9120, "reye": 9929, "leye": 9448, "rear": 616, "lear": 6},
    **{"lthumb": 5361, "lindex": 4933, "lmiddle": 5058, "lring": 5169, "lpinky": 5286},
    **{"rthumb": 8079, "rindex": 7669, "rmiddle": 7794, "rring": 7905, "rpinky": 8022},
    **{"LBigToe": 5770, "LSmallToe": 5780, "LHeel": 8846, "RBigToe": 8463, "RSmallToe": 8474, "RHeel": 8635},
}


def triangles(sources: Sources) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, 3) vertex ids of base.obj, (F, 3) uv ids, (F,) uint8 group numbers in the order of FACE_GROUPS."""
    corners, uvs, group = [], [], []
    for number, members in enumerate(FACE_GROUPS.values()):
        for member in members:
            for ids, uv in sources.base.polygons[member]:
                for k in range(1, len(ids) - 1):
                    corners.append((ids[0], ids[k], ids[k + 1]))
                    uvs.append((uv[0], uv[k], uv[k + 1]))
                    group.append(number)
    return np.array(corners), np.array(uvs), np.array(group, np.uint8)


def _heavy(sources: Sources, bone: str) -> np.ndarray:
    rows = sources.bone_weights[bone]
    ids = rows[rows[:, 1] > 0.5, 0].astype(int)
    return ids[ids < BODY_VERTICES]


def ear_vertices(sources: Sources, side: str = "l") -> np.ndarray:
    """Vertices of one ear: those that its size targets move by at least a quarter of the most."""
    strength = np.zeros(VERTICES)
    for path in sources.listing(f"mpfb2/targets/ears/{side}-ear-scale"):
        strength = np.maximum(strength, np.linalg.norm(sources.target(path), axis=1))
    ids = np.flatnonzero(strength > 0.25 * strength.max())
    return ids[ids < BODY_VERTICES]


def picked_vertices(sources: Sources) -> dict[str, int]:
    """Name in PICKED -> base.obj vertex on that spot, chosen on the base mesh; the right side mirrors the left."""
    v, cubes = sources.base.vertices, cube_rows(sources)
    best = lambda ids, score: int(ids[np.argmax(score(v[ids]))])  # noqa: E731
    skin = v[:BODY_VERTICES]
    middle = np.flatnonzero((np.abs(skin[:, 0]) < 1e-6) & (skin[:, 1] > skin[:, 1].max() - 0.2))
    eye, ear = sources.base.groups["helper-l-eye"], ear_vertices(sources)
    ear = ear[v[ear, 0] > np.median(v[ear, 0])]
    left = {
        "eye": best(eye, lambda p: p[:, 2] - np.linalg.norm(p[:, :2] - v[eye, :2].mean(0), axis=1)),
        "ear": best(ear, lambda p: -np.linalg.norm(p[:, 1:] - v[ear, 1:].mean(0), axis=1)),
        "BigToe": best(_heavy(sources, "toe1-2.L"), lambda p: p[:, 2]),
        "SmallToe": best(_heavy(sources, "toe5-3.L"), lambda p: p[:, 2] + 0.3 * p[:, 0]),
        "Heel": best(_heavy(sources, "foot.L"), lambda p: -p[:, 2] - 0.6 * p[:, 1]),
    }
    for finger in FINGERS:
        stem = f"l-finger-{FINGER_NUMBER[finger]}"
        along = (cubes[f"{stem}-4"] - cubes[f"{stem}-3"]) @ v
        left[finger] = best(_heavy(sources, f"finger{FINGER_NUMBER[finger]}-3.L"), lambda p, a=along: p @ a)
    out = {"nose": best(middle, lambda p: p[:, 2])}
    for name, vertex in left.items():
        marks = ("L", "R") if name[0].isupper() else ("l", "r")
        out |= {marks[0] + name: vertex, marks[1] + name: int(sources.mirror[vertex])}
    return out


def vertex_order(sources: Sources) -> np.ndarray:
    """(V,) int32: base.obj vertex -> our vertex; a permutation that swaps the picked vertices into their places."""
    place = np.arange(VERTICES, dtype=np.int32)
    holder = np.arange(VERTICES)
    spots = picked_vertices(sources)
    for name, number in PICKED.items():
        here, there = spots[name], int(holder[number])
        was = int(place[here])
        place[here], place[there] = number, was
        holder[number], holder[was] = here, there
    return place
