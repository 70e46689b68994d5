"""Does an inner garment show through an outer one? Measured by rays on the people of a config, without Blender.

    python -m tools.check_layers configs/synth/default.yaml --people 40 --frames 25

From nine sides, above and below among them, a pixel fails where one sees the outside of an inner garment with the
outside of an outer one less than 6 cm behind it (but for its hem, and for a thigh before the belly), or a hole: where
skin or cloth is left out and no outside of cloth covers it. Told per pair of garments as worn, and over all, as shares
of the pixels that show cloth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from synth.bodies.layers import border
from synth.conventions import PART_NAMES
from synth.geometry import Mesh
from tools.dressed_people import arguments, dressed_people, first_hits

SIDE = 200  # pixels
DEEP = 0.06  # metres
HEM = 0.025  # metres from the vertices of a hem: what comes out beneath it may well stand before it
_LIMB = np.array([next((k for k, n in enumerate(("ARM", "HAND", "THIGH", "SHIN", "FOOT"), 1) if n in name.upper()), 0)
                  for name in PART_NAMES])  # fmt: skip
VIEWS = ((-0.2, 4), (0.5, 3), (-0.9, 2))  # radians upwards of the view, and how many round the person


def clothes_of(meshes: list[Mesh], items: dict[str, dict]) -> list[tuple[int, Mesh]]:
    """Garments and shoes among a person's meshes, with their layers, inner to outer; ``items`` is the wardrobe."""
    worn = [(items[m.name]["layer"], m) for m in meshes if items.get(m.name, {}).get("kind") in ("garments", "shoes")]
    return sorted(worn, key=lambda pair: pair[0])


Crossed = dict[tuple[str, str], int]  # by names of inner and outer garment


def layers_crossed(body: Mesh, worn: list[tuple[int, Mesh]], sample: int) -> tuple[Crossed, int, int]:
    """Of one person at a time sample, in pixels over all views: what shows through per (inner, outer), holes, cloth."""
    at = [m.positions[min(sample, len(m.positions) - 1)].astype(np.float64) for m in (body, *(m for _, m in worn))]
    vertices = np.concatenate(at)
    starts = np.cumsum([0, *map(len, at)])
    meshes = (body, *(m for _, m in worn))
    faces = np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=False)])
    owner = np.concatenate([np.full(len(m.faces), k) for k, m in enumerate(meshes)])
    shown = np.concatenate([m.shown for m in meshes])
    layer = np.array([-1, *(rank for rank, _ in worn)])
    used = vertices[np.unique(faces)]
    middle, reach = (used.min(0) + used.max(0)) / 2, np.linalg.norm(np.ptp(used, axis=0)) / 2
    everything = trimesh.Trimesh(vertices, faces, process=False)
    rendered = trimesh.Trimesh(vertices, faces[shown], process=False)
    normal, owner_shown = rendered.face_normals, owner[shown]
    limb = _LIMB[np.concatenate([m.part for m in meshes])[shown]]
    hems = [cKDTree(p[m.faces[:1, 0] if m is body else border(m.faces)]) for p, m in zip(at, meshes, strict=True)]
    crossed: Crossed = defaultdict(int)
    holes = cloth = 0
    for start, ahead in _views(middle, reach):
        rays = np.broadcast_to(ahead, start.shape)
        first, depth = first_hits(rendered, start, rays)
        full, full_depth = first_hits(everything, start, rays)
        hit = first >= 0
        outside = hit & (normal[first] @ ahead < 0)
        on = np.where(hit, owner_shown[first], 0)
        cloth += int((outside & (on > 0)).sum())
        left_out = (full >= 0) & ~shown[full] & (full_depth < depth - 1e-4)
        covered = outside & (on > 0) & (depth < full_depth + DEEP)
        holes += int((left_out & ~covered).sum())
        for k in range(2, len(meshes)):
            inner = np.flatnonzero(outside & (on > 0) & (layer[on] < layer[k]))
            front = (owner_shown == k) & (normal @ ahead < 0)
            if len(inner) and front.any():
                outer = trimesh.Trimesh(vertices, faces[shown][front], process=False)
                face, below = first_hits(outer, start[inner], rays[inner])
                wrong = (below > depth[inner]) & (below - depth[inner] < DEEP)
                inner, face, below = inner[wrong], face[wrong], below[wrong, None]
                inside = hems[k].query(start[inner] + below * rays[inner])[0] > HEM
                same = limb[first[inner]] == limb[np.flatnonzero(front)[face]]
                through = inner[inside & same]
                for j in np.unique(on[through]):
                    crossed[meshes[j].name, meshes[k].name] += int((on[through] == j).sum())
    return dict(crossed), holes, cloth


def _views(middle: np.ndarray, reach: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Starts (N, 3) of parallel rays that cover a ball, and their direction (3,)."""
    grid = np.stack(np.meshgrid(*[(np.arange(SIDE) + 0.5) / SIDE * 2 - 1] * 2), -1).reshape(-1, 2) * reach
    for up, count in VIEWS:
        for turn in (np.arange(count) + 0.3 * count) * 2 * np.pi / count:
            ahead = np.array([np.cos(turn) * np.cos(up), np.sin(turn) * np.cos(up), np.sin(up)])
            right = np.array([-np.sin(turn), np.cos(turn), 0.0])
            yield middle - 2 * reach * ahead + grid[:, :1] * right + grid[:, 1:] * np.cross(right, ahead), ahead


def main() -> None:
    args = arguments(__doc__, "people who wear two garments or more", 25)
    everybody, items = dressed_people(args)
    total: Crossed = defaultdict(int)
    holes = cloth = people = faulty = 0
    while people < args.people:
        who, spec, figure = next(everybody)
        worn = clothes_of(list(figure.meshes), items)
        if sum(items[m.name]["kind"] == "garments" for _, m in worn) < 2:
            continue
        people += 1
        mine = np.zeros(3, int)
        for sample in sorted({1, (spec.frames + 1) // 2, spec.frames}):
            crossed, open_, seen = layers_crossed(figure.meshes[0], worn, sample)
            mine += (sum(crossed.values()), open_, seen)
            for pair, count in crossed.items():
                total[pair] += count
        holes, cloth, faulty = holes + mine[1], cloth + mine[2], faulty + (mine[0] > 0.002 * mine[2])
        if mine[0] + mine[1] > 0.002 * mine[2]:
            names = " under ".join(m.name for _, m in worn)
            print(f"{who}, {names}: through {mine[0]}, holes {mine[1]} of {mine[2]}", flush=True)
    for (inner, outer), count in sorted(total.items(), key=lambda x: -x[1]):
        print(f"{inner:22} through {outer:22} {count:6}")
    through = sum(total.values())
    print(f"{people} people, {cloth} pixels of cloth: {through} ({100 * through / cloth:.3f} %) show a garment through "
          f"another, {holes} ({100 * holes / cloth:.3f} %) a hole; {faulty} people with more than 0.2 %")  # fmt: skip


if __name__ == "__main__":
    main()
