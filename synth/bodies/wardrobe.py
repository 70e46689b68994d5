"""The wardrobe, from clothes to lashes: the catalogue, and how an item sits on and moves with any body.

An item hangs on base.obj: every garment vertex is a weighted sum of three base vertices (its reference point) plus an
offset. ``anchor`` tells where the reference points lay on the body that the item was modelled on. Fitting therefore
turns and scales each offset by the similarity that takes the neighbouring anchors to the new body's reference points,
so that sleeves follow from the modelling pose (arms down) into the T-pose and a larger body gets a larger garment.

Skin weights and pose correctives of a garment vertex are the same weighted sums of the body's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from synth.bodies.basemap import BaseMap
from synth.bodies.surface import averaging
from synth.conventions import JOINT_NAMES, NUM_TREE_JOINTS, SEMANTIC_NAMES, ThfmError

NUM_BASE_VERTICES = 19158
ASSETS = Path(__file__).resolve().parents[2] / "assets"
SCALE_LIMITS = (0.75, 1.4)  # of an offset; beyond, the neighbourhood is degenerate rather than the body unusual
# Rounds of averaging the skin weights over the item's own mesh: cloth bends more gently than the skin beneath it.
SMOOTHING = {"garments": 12, "shoes": 2, "hats": 0, "glasses": 0, "bags": 4, "hair": 8, "brows": 0, "lashes": 0}
EVENING = 12  # rounds of averaging where a loose item's references pass from one part of base.obj to another
GLOBAL_SHARE = 0.05  # weight of the whole item's rotation in every local one: decides where neighbours are collinear
_KEYS = {
    "ref": (np.int32, 3),
    "ref_weights": (np.float32, 3),
    "offsets": (np.float32, 3),
    "anchor": (np.float32, 3),
    "faces": (np.int32, 3),
    "uv": (np.float32, 2),
    "face_uv": (np.int32, 3),
    "hidden_base": (np.int32, None),
    "face_semantic": (np.uint8, None),
}


@dataclass(frozen=True, eq=False)
class Item:
    """One thing to wear. Geometry in metres, y up, +z forward; indices of base.obj (19,158 vertices).

    Attributes:
        name, kind: kind is garments, shoes, hats, glasses, bags, hair, brows or lashes.
        entry: the catalogue's entry: style, layer, look, licence, textures, goes_with, under_hat, tintable ...
        folder: assets/wardrobe, to which the texture paths of ``entry`` are relative.
        ref (V, 3) int32, ref_weights (V, 3) float32: the reference point, rows of weights sum to 1.
        offsets, anchor (V, 3) float32: see the module's docstring.
        faces (F, 3) int32; uv (n, 2) float32; face_uv (F, 3) int32.
        hidden_base (k,) int32: base vertices of the skin beneath the item.
        loose (V,) float32 in [0, 1]: how freely each vertex hangs; all 0: the item goes with the body.
        semantic (F,) uint8: ``conventions.Semantic`` of every face.
        rigid (V,) bool: of bags, what goes with the joint ``entry["bone"]`` and keeps its form.
    """

    name: str
    kind: str
    entry: dict
    folder: Path
    ref: np.ndarray
    ref_weights: np.ndarray
    offsets: np.ndarray
    anchor: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    hidden_base: np.ndarray
    loose: np.ndarray
    semantic: np.ndarray
    rigid: np.ndarray

    @property
    def layer(self) -> int:
        """Order from the skin outwards."""
        return self.entry["layer"]

    def texture(self, role: str = "diffuse", variant: int = 0) -> Path | None:
        """Path of the diffuse (one of several ``variant``) or the normal map; None when the item has none."""
        found = self.entry["textures"][role]
        if isinstance(found, list):
            found = found[variant % len(found)] if found else None
        return None if found is None else self.folder / found


@lru_cache(maxsize=8)
def load_catalogue(assets: Path = ASSETS) -> dict:
    """``{"items": {name: entry}, "skins": {name: entry}}`` of assets/wardrobe/catalogue.json.

    Raises ThfmError when the catalogue is missing or no JSON of this form.
    """
    path = Path(assets) / "wardrobe" / "catalogue.json"
    try:
        raw = json.loads(path.read_text())
        return {kind: {entry["name"]: entry for entry in raw[kind]} for kind in ("items", "skins")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ThfmError(f"cannot read the wardrobe's catalogue {path} ({error}); restore or re-bake it") from error


@lru_cache(maxsize=256)
def load_item(name: str, assets: Path = ASSETS) -> Item:
    """Read one item of the catalogue; the same object is returned for the same name (treat it as read-only).

    Raises ThfmError for an unknown name or a missing or corrupt file; the message names the item.
    """
    items = load_catalogue(assets)["items"]
    if name not in items:
        raise ThfmError(f"the wardrobe has no item {name!r}; it has {', '.join(sorted(items))}")
    entry, folder = items[name], Path(assets) / "wardrobe"
    path = folder / entry["file"]
    try:
        with np.load(path, allow_pickle=False) as z:
            arrays = {key: z[key].astype(dtype) for key, (dtype, _) in _KEYS.items()}
            loose = z["loose"].astype(np.float32) / 255 if "loose" in z.files else np.zeros(len(arrays["ref"]))
            arrays["loose"] = loose.astype(np.float32)
            arrays["rigid"] = z["rigid"].astype(bool) if "rigid" in z.files else np.zeros(len(arrays["ref"]), bool)
        _check(arrays)
        ids = np.array([SEMANTIC_NAMES.index(s) for s in entry["semantics"]], np.uint8)
        semantic = ids[arrays.pop("face_semantic")]
    except Exception as error:  # zip, zlib, numpy and index errors alike mean one thing to the user
        raise ThfmError(f"wardrobe item {name!r}: {path} is missing or corrupt ({error}); re-bake it") from error
    return Item(name=name, kind=entry["kind"], entry=entry, folder=folder, semantic=semantic, **arrays)


def _check(a: dict[str, np.ndarray]) -> None:
    for key, (_, width) in _KEYS.items():
        if a[key].ndim != (1 if width is None else 2) or (width is not None and a[key].shape[1] != width):
            raise ValueError(f"{key} has shape {a[key].shape}")
        if a[key].dtype.kind == "f" and not np.isfinite(a[key]).all():
            raise ValueError(f"{key} is not finite")
    n = len(a["ref"])
    if not n == len(a["ref_weights"]) == len(a["offsets"]) == len(a["anchor"]) == len(a["loose"]) == len(a["rigid"]):
        raise ValueError("its per-vertex arrays differ in length")
    if not len(a["faces"]) == len(a["face_uv"]) == len(a["face_semantic"]):
        raise ValueError("its per-face arrays differ in length")
    if a["faces"].max() >= n or a["face_uv"].max() >= len(a["uv"]):
        raise ValueError("a face points outside its vertices")


def _references(item: Item, weights: np.ndarray) -> sp.csr_matrix:
    """(Vg, 19158) sparse: sums base.obj's values over the references of every vertex, with these weights (Vg, 3)."""
    index = np.repeat(np.arange(len(item.ref)), 3)
    return sp.csr_matrix((weights.ravel(), (index, item.ref.ravel())), shape=(len(item.ref), NUM_BASE_VERTICES))


def rows(item: Item, base: BaseMap) -> sp.csr_matrix:
    """(Vg, V) sparse matrix: ``rows @ body_values`` interpolates any per-vertex value at the reference points."""
    return _references(item, item.ref_weights) @ base.matrix


def fit(item: Item, vertices: np.ndarray, base: BaseMap) -> np.ndarray:
    """Rest vertices (Vg, 3) float64 of the item on a body in T-pose, before anything is pushed out of the skin.

    Args:
        vertices: (V, 3) shaped body at rest, metres, y up, +z forward.
        base: where base.obj lies on the body.
    """
    points = _references(item, item.ref_weights) @ base.positions(vertices)
    if item.loose.any():
        points = item.anchor + _evened(item, points - item.anchor)
    rotation, scale = frames(item.anchor.astype(np.float64), points, item.entry["stiffness"])
    return points + scale[:, None] * np.einsum("vij,vj->vi", rotation, item.offsets)


def _evened(item: Item, moves: np.ndarray) -> np.ndarray:
    """Displacements (V, 3) averaged over neighbours where the item hangs, and less and less above."""
    mean = averaging(item.faces, len(moves))
    share = (item.loose > 0).astype(float)
    for _ in range(EVENING // 2):
        share = np.maximum(share, 0.8 * (mean @ share))
    for _ in range(EVENING):
        moves = moves + 0.5 * share[:, None] * (mean @ moves - moves)
    return moves


def frames(source: np.ndarray, target: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Per point the rotation (V, 3, 3) and scale (V,) that best take its neighbours in ``source`` to ``target``."""
    whole = _kabsch(source[None], target[None], np.zeros((3, 3)))
    if neighbours <= 0 or neighbours >= len(source):
        return tuple(np.broadcast_to(x[0], (len(source), *x.shape[1:])) for x in whole)
    near = _neighbours(source.shape, source.tobytes(), neighbours)
    return _kabsch(source[near], target[near], GLOBAL_SHARE * whole[0][0])


@lru_cache(maxsize=128)  # how an item was made never changes, and the query takes longer than all the rest
def _neighbours(shape: tuple[int, int], points: bytes, count: int) -> np.ndarray:
    """(V, count) int32 nearest neighbours of float64 points (V, 3), given as their bytes."""
    source = np.frombuffer(points).reshape(shape)
    return cKDTree(source).query(source, count)[1].astype(np.int32)


def _kabsch(a: np.ndarray, b: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (N, 3, 3) and scale (N,) of N point sets a -> b, each (N, K, 3), with a prior on the rotation."""
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    size_a, size_b = ((x * x).sum((1, 2)) + 1e-12 for x in (a, b))
    u, _, vt = np.linalg.svd(np.einsum("nki,nkj->nij", b, a) / np.sqrt(size_a * size_b)[:, None, None] + prior)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return u @ vt, np.clip(np.sqrt(size_b / size_a), *SCALE_LIMITS)


def skin_weights(item: Item, body_weights: np.ndarray, base: BaseMap) -> np.ndarray:
    """(Vg, 55) float32 skin weights that sum to 1, from the body's (V, 55).

    Reference weights may be negative (the point lies outside its triangle); they then do not count. Hair never
    follows the arms: what hangs on the shoulders follows the chest.
    """
    out = _references(item, np.maximum(item.ref_weights, 0)) @ (base.matrix @ np.asarray(body_weights))
    if item.kind in ("hair", "hats", "glasses"):
        names = JOINT_NAMES[:NUM_TREE_JOINTS]
        kept = [names.index(n) for n in ("head", "neck", "spine3")] if item.kind == "hair" else [names.index("head")]
        skull = [names.index(n) for n in ("jaw", "left_eye_smplhf", "right_eye_smplhf")]
        out[:, names.index("head")] += out[:, skull].sum(1)
        out[:, skull] = 0
        other = np.setdiff1d(np.arange(NUM_TREE_JOINTS), kept)
        out[:, kept[-1]] += out[:, other].sum(1)
        out[:, other] = 0
    out /= out.sum(1, keepdims=True)
    mean = averaging(item.faces, len(out))
    for _ in range(SMOOTHING[item.kind]):
        out = 0.5 * out + 0.5 * (mean @ out)
    if item.rigid.any():
        out[item.rigid] = np.arange(NUM_TREE_JOINTS) == JOINT_NAMES.index(item.entry["bone"])
    return out.astype(np.float32)


def pose_garment(
    rest: np.ndarray,
    weights: np.ndarray,
    transforms: np.ndarray,
    correctives: np.ndarray | None = None,
    transl: np.ndarray | None = None,
) -> np.ndarray:
    """Linear blend skinning of a fitted item, the very sum that smplx does for the body.

    Args:
        rest: (Vg, 3) fitted rest vertices.
        weights: (Vg, 55) from ``skin_weights``.
        transforms: (T, 55, 4, 4) joint transforms relative to the rest pose (``A`` of smplx.lbs).
        correctives: (T, Vg, 3) pose offsets: ``rows @`` the body's, or None.
        transl: (T, 3) added at the end, or None.

    Returns: (T, Vg, 3) float32.
    """
    out = np.empty((len(transforms), len(rest), 3), np.float32)
    for t, a in enumerate(np.asarray(transforms)):
        blended = (weights @ a[:, :3, :].reshape(NUM_TREE_JOINTS, 12)).reshape(-1, 3, 4)
        v = rest if correctives is None else rest + correctives[t]
        out[t] = np.einsum("vij,vj->vi", blended[:, :, :3], v) + blended[:, :, 3]
        if transl is not None:
            out[t] += transl[t]
    return out


def hidden_faces(items: list[Item], faces: np.ndarray, base: BaseMap) -> np.ndarray:
    """(F,) bool: body faces that the items cover for good (all three corners lie beneath one of them or another)."""
    covered = np.zeros(NUM_BASE_VERTICES + 1, bool)  # the last one is -1: no base vertex
    for item in items:
        covered[item.hidden_base] = True
    return covered[base.nearest][np.asarray(faces)].all(1)
