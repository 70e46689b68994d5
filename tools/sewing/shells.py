"""Open meshes to sew garments of, and the few things done to them: cut along a line, widen, smooth, join."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from synth.bodies.boxtree import closest_on_triangles
from synth.bodies.surface import averaging, vertex_normals

SEAM = 0.003  # metres between a bodice and the skirt that is sewn on it
EASED = 0.1  # metres over which the skirt comes to hang as it was cut


@dataclass(frozen=True)
class Shell:
    """``vertices`` (n, 3) metres; ``faces`` (F, 3), counter-clockwise from outside; ``values`` (n, k) anything per
    vertex that cuts interpolate; ``loose`` (n,) in [0, 1]: 0 goes with the body, 1 hangs free."""

    vertices: np.ndarray
    faces: np.ndarray
    values: np.ndarray
    loose: np.ndarray

    def with_vertices(self, vertices: np.ndarray) -> Shell:
        return Shell(vertices, self.faces, self.values, self.loose)


def cut(shell: Shell, keep: np.ndarray) -> Shell:
    """The part where ``keep`` (n,) is positive, with a clean edge where it crosses zero."""
    points = np.concatenate([shell.vertices, shell.values, shell.loose[:, None], keep[:, None]], 1)
    extra: dict[tuple[int, int], int] = {}
    rows, faces = list(points), []

    def between(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in extra:
            share = keep[a] / (keep[a] - keep[b])
            extra[key] = len(rows)
            rows.append(points[a] + share * (points[b] - points[a]))
        return extra[key]

    for face in shell.faces:
        inside = [i for i in range(3) if keep[face[i]] > 0]
        if len(inside) == 3:
            faces.append(tuple(face))
        elif len(inside) == 1:
            a, b, c = (int(face[(inside[0] + k) % 3]) for k in range(3))
            faces.append((a, between(a, b), between(a, c)))
        elif len(inside) == 2:
            out = 3 - sum(inside)
            a, b, c = (int(face[(out + k) % 3]) for k in range(3))  # a is outside
            ab, ac = between(a, b), between(a, c)
            faces += [(ab, b, c), (ab, c, ac)]
    used, index = np.unique(np.array(faces), return_inverse=True)
    table = np.array(rows)[used]
    return Shell(table[:, :3], index.reshape(-1, 3), table[:, 3:-2], table[:, -2])


def subdivided(shell: Shell) -> Shell:
    """Every triangle in four; the new points are the middles of edges."""
    f = shell.faces
    edges = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    unique, index = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = index.reshape(3, -1) + len(shell.vertices)
    a, b, c = f.T
    faces = np.concatenate([np.stack(x, 1) for x in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])

    def middled(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x, x[unique].mean(1)])

    return Shell(middled(shell.vertices), faces, middled(shell.values), middled(shell.loose))


def smoothed(shell: Shell, rounds: int, share: np.ndarray | float = 1.0) -> Shell:
    """Vertices averaged with their neighbours; ``share`` (n,) of the way, borders only along themselves."""
    f, v = shell.faces, shell.vertices
    edges = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    rim = unique[count == 1]
    mean = averaging(f, len(v)).tolil()
    border = np.unique(rim)
    near: dict[int, list[int]] = {int(i): [] for i in border}
    for a, b in rim:
        near[int(a)].append(int(b))
        near[int(b)].append(int(a))
    for i, js in near.items():
        mean[i] = 0
        mean[i, js] = 1 / len(js)
    mean = mean.tocsr()
    share = np.broadcast_to(share, len(v))[:, None]
    for _ in range(rounds):
        v = v + 0.5 * share * (mean @ v - v)
    return shell.with_vertices(v)


def widened(shell: Shell, by: np.ndarray | float) -> Shell:
    """Moved out along smooth normals by metres (n,)."""
    normals = vertex_normals(shell.vertices, shell.faces)
    mean = averaging(shell.faces, len(normals))
    for _ in range(4):
        normals = 0.5 * normals + 0.5 * (mean @ normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return shell.with_vertices(shell.vertices + np.broadcast_to(by, len(normals))[:, None] * normals)


def sewn_on(bodice: Shell, skirt: Shell) -> Shell:
    """A skirt with its upper edge on a bodice, as one shell; what of the bodice is below that lies within the skirt."""
    top = skirt.vertices[:, 1].max()
    edge = np.flatnonzero(skirt.vertices[:, 1] > top - 1e-6)
    on, normal = _nearest(bodice, skirt.vertices[edge])
    away, nearest = cKDTree(skirt.vertices[edge]).query(skirt.vertices)
    share = np.clip(1 - away / EASED, 0, 1)[:, None] ** 2
    outer = skirt.with_vertices(skirt.vertices + share * (on + SEAM * normal - skirt.vertices[edge])[nearest])
    tail = np.flatnonzero(bodice.vertices[:, 1] < top)
    on, normal = _nearest(outer, bodice.vertices[tail])
    inner = bodice.vertices.copy()
    inner[tail] -= np.maximum(((inner[tail] - on) * normal).sum(1) + SEAM, 0.0)[:, None] * normal
    return _beside(bodice.with_vertices(inner), outer)


def _nearest(shell: Shell, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest places (n, 3) on a shell, and its unit normals there (n, 3)."""
    at = hung_on(points, shell.vertices, shell.faces)
    normal = (vertex_normals(shell.vertices, shell.faces)[at["ref"]] * at["ref_weights"][..., None]).sum(1)
    return at["anchor"].astype(np.float64), normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _beside(*shells: Shell) -> Shell:
    """Several shells as one, side by side."""
    starts = np.cumsum([0] + [len(s.vertices) for s in shells])
    return Shell(
        np.concatenate([s.vertices for s in shells]),
        np.concatenate([s.faces + start for s, start in zip(shells, starts, strict=False)]),
        np.concatenate([s.values for s in shells]),
        np.concatenate([s.loose for s in shells]),
    )


def hung_on(points: np.ndarray, base: np.ndarray, triangles: np.ndarray) -> dict[str, np.ndarray]:
    """An item's reference arrays: ``points`` (n, 3) on the nearest of ``triangles`` (F, 3) of ``base`` (V, 3)."""
    centres = cKDTree(base[triangles].mean(1))
    near = centres.query(points, 12)[1]
    corners = triangles[near.ravel()]
    bary = closest_on_triangles(np.repeat(points, near.shape[1], 0), base[corners])
    spots = (base[corners] * bary[:, :, None]).sum(1).reshape(*near.shape, 3)
    pick = (np.arange(len(points)), np.linalg.norm(spots - points[:, None], axis=2).argmin(1))
    anchor = spots[pick]
    return {
        "ref": triangles[near[pick]].astype(np.int32),
        "ref_weights": bary.reshape(*near.shape, 3)[pick].astype(np.float32),
        "offsets": (points - anchor).astype(np.float32),
        "anchor": anchor.astype(np.float32),
    }
