"""Suits cut into garments, the skin that each of them hides, and the colours of their textures."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import trimesh
from PIL import Image
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from tools.wardrobe_items import Rects, Whole
from tools.wardrobe_package import N_BODY

CLOSE_DEPTH = 0.008  # metres inside an opening that one can look where cloth lies on the skin
COVER_DISTANCE = 0.08  # metres along the skin's normal within which a garment counts as covering it


def island_centres(item: dict) -> np.ndarray:
    """(F, 2): for every face the centre of the bounding box of its UV island."""
    uv, fuv = item["uv"], item["face_uv"]
    edges = np.concatenate([fuv[:, [0, 1]], fuv[:, [1, 2]]])
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(uv),) * 2)
    n, label = connected_components(graph, directed=False)
    low, high = np.full((n, 2), np.inf), np.full((n, 2), -np.inf)
    np.minimum.at(low, label, uv)
    np.maximum.at(high, label, uv)
    return ((low + high) / 2)[label[fuv[:, 0]]]


def inside(points: np.ndarray, rects: Rects) -> np.ndarray:
    hit = np.zeros(len(points), bool)
    for u0, v0, u1, v1 in rects:
        hit |= ((points >= (u0, v0)) & (points <= (u1, v1))).all(1)
    return hit


def cut(item: dict, keep: np.ndarray) -> dict:
    """The item restricted to the faces ``keep`` (F,) bool, with unused vertices and UVs dropped."""
    used, faces = np.unique(item["faces"][keep], return_inverse=True)
    used_uv, face_uv = np.unique(item["face_uv"][keep], return_inverse=True)
    out = dict(item, faces=faces.reshape(-1, 3), face_uv=face_uv.reshape(-1, 3), uv=item["uv"][used_uv])
    for key in ("ref", "ref_weights", "offsets", "anchor"):
        out[key] = item[key][used]
    return out


def worn_part(whole: Whole, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(F,) bool: the ``faces`` (F, 3) of a mesh with vertices ``points`` (n, 3) that are this garment."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(points),) * 2)
    piece = connected_components(graph, directed=False)[1]
    size = np.bincount(piece)
    keep = np.ones(len(faces), bool)
    if whole.hem is not None:  # with the trimmings that reach below it
        low = points[:, 1] < whole.hem
        trimming = np.bincount(piece, low) > 0
        trimming[size.argmax()] = False
        keep = ~(low | trimming[piece])[faces].any(1)
    if whole.heights is not None:
        middle = np.bincount(piece, points[:, 1]) / size
        keep &= ((middle > whole.heights[0]) & (middle < whole.heights[1]))[piece[faces[:, 0]]]
    if whole.largest:
        keep &= piece[faces[:, 0]] == size.argmax()
    return keep


def covered(piece: dict, base: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, ...]:
    """For every skin vertex: does it lie beneath the piece (ray along its normal), its distance to the piece, how
    deep beneath: metres to the open border, 0 where one can look in at a slant (under a collar), and how far below."""
    vertices = (base[piece["ref"]] * piece["ref_weights"][:, :, None]).sum(1) + piece["offsets"]
    mesh = trimesh.Trimesh(vertices, piece["faces"], process=False)
    skin, normals = base[:N_BODY], normals[:N_BODY]
    origins = skin - 0.01 * normals
    hit, ray, _ = mesh.ray.intersects_location(origins, normals, multiple_hits=False)
    under = np.zeros(N_BODY, bool)
    gap = np.full(N_BODY, np.inf)
    gap[ray] = np.maximum(np.linalg.norm(hit - origins[ray], axis=1) - 0.01, 0.0)
    under[ray] = gap[ray] < COVER_DISTANCE - 0.01
    edges, count = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    depth = cKDTree(vertices[np.unique(edges[count == 1])]).query(skin)[0]
    side = np.cross(normals, np.where(np.abs(normals[:, :1]) > 0.9, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    across = np.cross(normals, side)
    for turn in np.arange(8) * np.pi / 4:
        slant = normals + np.cos(turn) * side + np.sin(turn) * across  # 45 degrees off the normal
        depth[~mesh.ray.intersects_any(origins, slant)] = 0
    return under, cKDTree(vertices).query(skin)[0], depth, gap


def share_hidden(pieces: list[dict], hidden: np.ndarray, base: np.ndarray, body_faces: np.ndarray) -> None:
    """Divide a suit's hidden skin among its garments: each hides what it covers; the rest goes to the nearest.

    Skin deep beneath a garment is hidden even where the suit's author left it.
    """
    body = trimesh.Trimesh(base, body_faces, process=False)
    given = np.isin(np.arange(N_BODY), hidden)
    results = [covered(p, base, body.vertex_normals) for p in pieces]
    nearest = np.argmin([distance for _, distance, _, _ in results], axis=0)
    orphan = given & ~np.any([under for under, _, _, _ in results], axis=0)
    for k, (piece, (under, _, depth, gap)) in enumerate(zip(pieces, results, strict=True)):
        # one looks less deep into what lies close
        deep = depth > np.minimum(piece["view_depth"], CLOSE_DEPTH + 2 * gap)
        mine = (under & (given | deep)) | (orphan & (nearest == k))
        piece["hidden_base"] = np.flatnonzero(mine).astype(np.int32)


def sample_texture(image: Image.Image, uv: np.ndarray) -> np.ndarray:
    """(n, 3) float sRGB in [0, 1] at UV coordinates."""
    pixels = np.asarray(image.convert("RGB"), np.float64) / 255
    rows = np.clip(((1 - uv[:, 1]) * pixels.shape[0]).astype(int), 0, pixels.shape[0] - 1)
    cols = np.clip((uv[:, 0] * pixels.shape[1]).astype(int), 0, pixels.shape[1] - 1)
    return pixels[rows, cols]


def majority(chosen: np.ndarray, among: np.ndarray, faces: np.ndarray, rounds: int = 3) -> np.ndarray:
    """(F,) bool: each face of ``among`` decides as most faces around its corners do (no speckles of stripes)."""
    use = faces[among]
    share = chosen[among].astype(float)
    count = np.maximum(np.bincount(use.ravel(), minlength=faces.max() + 1), 1)
    for _ in range(rounds):
        corner = np.bincount(use.ravel(), np.repeat(share, 3), len(count)) / count
        share = (corner[use].mean(1) > 0.5).astype(float)
    out = np.zeros(len(faces), bool)
    out[among] = share > 0.5
    return out


def mean_colour(image: Image.Image, uv: np.ndarray, face_uv: np.ndarray) -> list[float]:
    """Mean linear RGB of the opaque texture under the faces: what a renderer divides by to recolour the item."""
    centres = uv[face_uv].mean(1)
    srgb = sample_texture(image, centres)
    weight = np.ones(len(srgb))
    if image.mode == "RGBA":
        weight = sample_texture(image.getchannel("A"), centres)[:, 0] + 1e-3
    return [round(float(c), 4) for c in (_linear(srgb) * weight[:, None]).sum(0) / weight.sum()]


def picture_colour(image: Image.Image) -> list[float]:
    """Mean linear RGB of a whole picture."""
    srgb = np.asarray(image.convert("RGB"), np.float64).reshape(-1, 3) / 255
    return [round(float(c), 4) for c in _linear(srgb).mean(0)]


def _linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
