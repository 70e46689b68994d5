"""Does skin poke through clothes? Measured by rays on the people of a config, without Blender.

    python -m tools.check_clothes configs/synth/default.yaml --clips 40

Around every person stand four cameras. A pixel fails where skin is seen with the outside of a garment less than 5 cm
behind it (but for an arm that lies on trunk or legs), or where one looks inside a garment or the body because the skin
is left out and nothing covers the hole. Told per garment: failing pixels over pixels that show it or fail by it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import trimesh

from synth.bodies.clip import build_clip
from synth.config import load_config
from synth.conventions import Part, Semantic
from synth.geometry import Mesh
from synth.make import clip_spec, library_of

SIDE = 160  # pixels
DEEP = 0.05  # metres
STEP = 1e-4
_WORN = ("UPPER_GARMENT", "JACKET", "LOWER_GARMENT", "SKIRT", "DRESS", "SUIT_ONE_PIECE", "SHOES", "SOCKS", "TIE")
_CLOTH = [int(Semantic[name]) for name in _WORN]
_ARMS = [int(p) for p in Part if p.name.endswith(("ARM", "HAND"))]


def poke_through(meshes: list[Mesh], sample: int, views: int = 4) -> dict[str, tuple[int, int]]:
    """Per garment of one person: failing pixels, and pixels that show it, over all views at a time sample."""
    body = next(m for m in meshes if m.name == "body")
    cloth = [m for m in meshes if np.isin(m.semantic, _CLOTH).all()]
    if not cloth:
        return {}
    faces, owner, hidden, part, count = [], [], [], [], 0
    for k, mesh in enumerate((body, *cloth)):
        use = np.ones(len(mesh.faces), bool) if k == 0 else mesh.shown
        faces.append(mesh.faces[use] + count)
        owner.append(np.full(use.sum(), k))
        hidden.append(~mesh.shown[use])
        part.append(mesh.part[use])
        count += mesh.positions.shape[1]
    vertices = np.concatenate([m.positions[min(sample, len(m.positions) - 1)] for m in (body, *cloth)])
    faces, owner, hidden, part = (np.concatenate(x) for x in (faces, owner, hidden, part))
    everything = trimesh.Trimesh(vertices, faces, process=False)
    rendered = trimesh.Trimesh(vertices, faces[~hidden], process=False)
    seen_owner = owner[~hidden]
    found = {mesh.name: np.zeros(2, int) for mesh in cloth}
    low, high = vertices.min(0), vertices.max(0)
    middle, reach = (low + high) / 2, np.linalg.norm(high - low) / 2
    grid = np.stack(np.meshgrid(*[(np.arange(SIDE) + 0.5) / SIDE * 2 - 1] * 2), -1).reshape(-1, 2) * reach
    for turn in np.arange(views) * 2 * np.pi / views:
        ahead = np.array([np.cos(turn), np.sin(turn), -0.15])
        ahead /= np.linalg.norm(ahead)
        right = np.array([-np.sin(turn), np.cos(turn), 0.0])
        start = middle - 2 * reach * ahead + grid[:, :1] * right + grid[:, 1:] * np.cross(right, ahead)
        rays = np.broadcast_to(ahead, start.shape)
        first, spot = _first(rendered, start, rays)
        full, _ = _first(everything, start, rays)
        hit = first >= 0
        outside = hit & (rendered.face_normals[first] @ ahead < 0)
        for k, mesh in enumerate(cloth, 1):
            found[mesh.name][1] += (hit & (seen_owner[first] == k)).sum()
        skin = np.flatnonzero(outside & (seen_owner[first] == 0))
        below, deeper = _first(everything, spot[skin] + STEP * ahead, rays[skin])
        near = (below >= 0) & (np.linalg.norm(deeper - spot[skin], axis=1) < DEEP)
        pokes = near & (owner[below] > 0) & (everything.face_normals[below] @ ahead < 0)
        # an arm pressed into the waist is no hole in the shirt
        pokes &= ~(np.isin(part[~hidden][first[skin]], _ARMS) & ~np.isin(part[below], _ARMS))
        _count(found, cloth, owner[below[pokes]])
        # where skin is left out, a garment's outside is to be seen, or past it
        holes = np.flatnonzero(hit & (full >= 0) & hidden[full] & ~(outside & (seen_owner[first] > 0)))
        if len(holes):
            centres = [trimesh.Trimesh(vertices, faces[owner == k], process=False) for k in range(1, len(cloth) + 1)]
            at = everything.triangles_center[full[holes]]
            away = np.stack([trimesh.proximity.ProximityQuery(c).vertex(at)[0] for c in centres])
            _count(found, cloth, away.argmin(0) + 1)
    return {name: (int(bad), int(shown + bad)) for name, (bad, shown) in found.items()}


def _first(mesh: trimesh.Trimesh, start: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First faces (N,), -1 for none, and where they are met (N, 3)."""
    face, spot = np.full(len(start), -1), np.full((len(start), 3), np.inf)
    if len(start):
        at, ray, index = mesh.ray.intersects_location(start, rays, multiple_hits=False)
        face[ray], spot[ray] = index, at
    return face, spot


def _count(found: dict[str, np.ndarray], cloth: list[Mesh], owners: np.ndarray) -> None:
    for k, mesh in enumerate(cloth, 1):
        found[mesh.name][0] += (owners == k).sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    config = load_config(args.config, [f"clips={args.clips}", f"seed={args.seed}"])
    library, total = library_of(config.bodies), defaultdict(lambda: np.zeros(2, int))
    for index in range(args.clips):
        spec = clip_spec(config, index)
        meshes = build_clip(spec, config.bodies, library).meshes
        for person in range(1, len(spec.people) + 1):
            mine = [m for m in meshes if m.person == person]
            for sample in sorted({1, spec.frames // 2, spec.frames}):
                for name, numbers in poke_through(mine, sample).items():
                    total[name] += numbers
                    if numbers[0] > 0.02 * numbers[1]:
                        print(f"clip {index} sample {sample}: {name} {numbers[0]} of {numbers[1]}", flush=True)
    for name, (bad, shown) in sorted(total.items(), key=lambda x: -x[1][0]):
        print(f"{name:22} {bad:6} of {shown:7} pixels  {100 * bad / max(shown, 1):6.2f} %")
    if not total:
        sys.exit("nobody is dressed: set spec.people.clothes=true.")
    bad, shown = np.sum(list(total.values()), axis=0)
    print(f"{'all':22} {bad:6} of {shown:7} pixels  {100 * bad / shown:6.2f} %")


if __name__ == "__main__":
    main()
