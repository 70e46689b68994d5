"""Dress one body: fit every item, push it out of the skin and out of what is worn beneath, drop what nobody sees."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from synth.bodies import wardrobe
from synth.bodies.basemap import BaseMap
from synth.bodies.bridging import bridged
from synth.bodies.hanging import around_legs, evened_weights, from_the_hips, lap
from synth.bodies.layers import DEEPEST, LAYER_MARGIN, buried, give_way, together
from synth.bodies.sheets import as_one, in_sheets, pieces, sewn, with_cloth
from synth.bodies.straps import Straps, bind
from synth.bodies.surface import LIMBS, Attachment, Surface, attach_to_body, averaging
from synth.bodies.wardrobe import Item
from synth.conventions import ThfmError

SKIN_MARGIN = 0.0035  # metres between skin and cloth
LIMB_RADIUS = 0.07
THICK = 0.015  # metres within which cloth lies on other cloth of the same item
STEEP = 0.6  # cosine of the angle to the body's normal within which it does
TURNED_IN = 0.2  # cosine between the normals of cloth and of the skin beneath, from which on it faces outwards
EVENING = 8  # rounds of averaging how cloth sewn here goes with the body


@dataclass(frozen=True, eq=False)
class RestBody:
    """A shaped body in T-pose.

    vertices (V, 3) metres, y up, +z forward; faces (F, 3) CCW; weights (V, 55); base: where base.obj lies
    on it; skin (F,) bool marks the faces of the skin proper (no eyes, teeth, tongue).
    """

    vertices: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    base: BaseMap
    skin: np.ndarray


@dataclass(frozen=True, eq=False)
class Fitted:
    """An item on a body, at rest.

    Attributes:
        item: what it is.
        rest: (Vg, 3) float64 vertices on the body in T-pose.
        weights: (Vg, 55) float32 skin weights.
        rows: (Vg, V) sparse; ``rows @`` the body's pose offsets gives the item's.
        shown: (F,) bool, False for faces that an outer layer buries.
        on_body: nearest skin of every vertex; face_on_body (F,) int32: nearest skin face of every face.
        guard: keeps the moving item off skin that is still seen; None for all but garments.
        straps: of a bag, what they lie on: the body, then the garments from the skin outwards.
    """

    item: Item
    rest: np.ndarray
    weights: np.ndarray
    rows: sp.csr_matrix
    shown: np.ndarray
    on_body: Attachment
    face_on_body: np.ndarray
    guard: Guard | None = None
    straps: Straps | None = None

    def pose(
        self, transforms: np.ndarray, pose_offsets: np.ndarray | None = None, transl: np.ndarray | None = None
    ) -> np.ndarray:
        """(T, Vg, 3) float32 vertices for joint transforms (T, 55, 4, 4) and body pose offsets (T, V, 3)."""
        correctives = None if pose_offsets is None else np.stack([self.rows @ p for p in pose_offsets])
        out = wardrobe.pose_garment(self.rest, self.weights, transforms, correctives)
        if self.guard is not None:
            out = np.stack([self.guard.push(v, transforms[t], pose_offsets, t) for t, v in enumerate(out)])
        return out if transl is None else out + np.asarray(transl, np.float32)[:, None]


@dataclass(frozen=True, eq=False)
class Guard:
    """Keeps moving vertices above the skin that they lie on at rest, where that skin is seen.

    ``vertices`` (n,) of the item; ``points``, ``normals`` (n, 3) and ``weights`` (n, 55) of the skin beneath them at
    rest; ``rows`` (n, V) interpolates the body's pose offsets there; ``height`` (n,) metres is the least distance;
    ``smooth`` (Vg, Vg) averages over neighbours; ``over`` and ``under`` (m,) are vertices that lie on each other.
    """

    vertices: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    rows: sp.csr_matrix
    height: np.ndarray
    smooth: sp.csr_matrix
    over: np.ndarray
    under: np.ndarray

    def push(self, vertices: np.ndarray, transforms: np.ndarray, pose_offsets: np.ndarray | None, t: int) -> np.ndarray:
        """(Vg, 3) float32: the item's vertices of frame ``t``, those too close to the skin pushed out."""
        skin = (self.weights @ transforms[:, :3, :].reshape(len(transforms), 12)).reshape(-1, 3, 4)
        points = self.points if pose_offsets is None else self.points + self.rows @ pose_offsets[t]
        points = np.einsum("vij,vj->vi", skin[:, :, :3], points) + skin[:, :, 3]
        normals = np.einsum("vij,vj->vi", skin[:, :, :3], self.normals)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        need, direction = np.zeros(len(vertices)), np.zeros((len(vertices), 3))
        need[self.vertices] = np.clip(self.height - ((vertices[self.vertices] - points) * normals).sum(1), 0, DEEPEST)
        direction[self.vertices] = normals
        np.maximum.at(need, self.over, need[self.under])
        lift = np.maximum(need, 0.7 * (self.smooth @ need))
        return (vertices + lift[:, None] * direction).astype(np.float32)


def _guard(
    rest: np.ndarray, item: Item, body: RestBody, skin: Surface, at: Attachment, hidden: np.ndarray, beneath: int
) -> Guard:
    """``hidden`` (F,) bool: body faces that are not rendered; nothing is to be kept off them. ``beneath``: layers of
    cloth under this one, which are kept off the skin as well."""
    seen = np.zeros(len(body.vertices), bool)
    seen[body.faces[~hidden]] = True
    use = np.flatnonzero(seen[body.faces[at.face]].any(1))
    normals, corners = skin.normals_at(at)[use], body.faces[at.face[use]]
    height = ((rest[use] - at.points[use]) * normals).sum(1)
    index = np.repeat(np.arange(len(use)), 3)
    shape = (len(use), len(body.vertices))
    matrix = sp.csr_matrix((at.bary[use].ravel(), (index, corners.ravel())), shape=shape)
    smooth = averaging(item.faces, len(rest))
    height = np.minimum(height, _margin(rest, item.faces)[use] + beneath * LAYER_MARGIN)
    on = _stacked(rest, skin.normals_at(at))
    return Guard(use, at.points[use], normals, matrix @ body.weights, matrix, height, smooth, *on)


def _margin(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(n,) metres between skin and cloth: flat faces over a round limb sink in by the sagitta of their edges."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    mean = np.bincount(edges.ravel(), np.repeat(length, 2), len(points)) / np.maximum(
        np.bincount(edges.ravel(), minlength=len(points)), 1
    )
    return SKIN_MARGIN + mean**2 / (8 * LIMB_RADIUS)


def dress(items: list[Item], body: RestBody) -> list[Fitted]:
    """Fit items on a body, from the skin outwards; the order of the result is that of ``items``.

    Raises ThfmError when two of the items are of one kind that can be worn once only.
    """
    _check_outfit(items)
    skin = Surface(body.vertices, body.faces, body.weights, body.skin)
    hidden = wardrobe.hidden_faces(items, body.faces, body.base)
    head = body.skin & ((body.weights @ LIMBS)[body.faces, 1].mean(1) > 0.5)
    scalp = Surface(body.vertices, body.faces, body.weights, head)
    done: dict[str, Fitted] = {}
    cloth: list[tuple[Fitted, Surface]] = []
    for item in sorted(items, key=lambda i: i.layer):
        rest = wardrobe.fit(item, body.vertices, body.base)
        weights, rows, seam = wardrobe.skin_weights(item, body.weights, body.base), wardrobe.rows(item, body.base), None
        if item.kind in ("garments", "shoes"):
            if item.kind == "garments":
                rest, weights, made, one, seam = _joined(item, rest, weights)
                rows = one @ rows
                # what is sewn here is of one layer, which the cleft of the base mesh folds
                rest = bridged(rest, item.faces, weights, None if item.entry.get("blank") else made)
            rest = _push(rest, item.faces, weights, skin, _margin(rest, item.faces), item.kind == "garments")
        elif item.kind == "hair":  # strands may touch the head, not enter the shoulders
            below = (weights @ LIMBS)[:, 1] < 0.9
            rest = np.where(below[:, None], _push(rest, item.faces, weights, skin, SKIN_MARGIN), rest)
        if item.kind in ("garments", "hair"):
            beneath = [surface for inner, surface in cloth if inner.item.layer < item.layer]
            outwards = skin.normals_at(skin.nearest(rest, weights)) if beneath else None
            for surface in beneath:
                rest = _push(rest, item.faces, weights, surface, LAYER_MARGIN, item.kind == "garments", outwards)
        if seam is not None:  # bodice and skirt were pushed apart, or on each other
            rest = rest + seam @ (rest - made)
        on = scalp if item.kind in ("hair", "hats", "glasses", "brows", "lashes") else skin
        attachment, on_faces = attach_to_body(rest, weights, item.faces, on)
        for inner, surface in cloth if item.kind == "garments" else ():
            if inner.item.kind == "garments" and inner.item.layer < item.layer:
                weights = together(rest, item.faces, weights, inner, surface)
        beneath = sum(inner.item.layer < item.layer for inner, _ in cloth if inner.item.kind == "garments")
        guard = _guard(rest, item, body, skin, attachment, hidden, beneath) if item.kind == "garments" else None
        fitted = Fitted(item, rest, weights, rows, np.ones(len(item.faces), bool), attachment, on_faces, guard)
        done[item.name] = fitted
        if item.kind in ("garments", "shoes"):
            cloth.append((fitted, Surface(rest, item.faces, weights)))
    for k, (inner, _) in enumerate(cloth):
        rest = give_way(inner, [f for f, _ in cloth if f.item.layer > inner.item.layer], skin)
        done[inner.item.name] = replace(inner, rest=rest)
        cloth[k] = (done[inner.item.name], Surface(rest, inner.item.faces, inner.weights))
    for name, fitted in done.items():
        if fitted.item.kind == "bags":
            done[name] = _strapped(fitted, skin, [s for f, s in cloth if f.item.kind == "garments"])
        elif fitted.item.kind in ("garments", "shoes"):
            outer = [f for f, _ in cloth if f.item.layer > fitted.item.layer]
            done[name] = replace(fitted, shown=~buried(fitted, outer))
        elif fitted.item.kind == "hair":
            hats = [f for f in done.values() if f.item.kind == "hats"]
            done[name] = replace(fitted, shown=~_under_hat(fitted, hats))
    return [done[item.name] for item in items]


def _joined(
    item: Item, rest: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, sp.csr_matrix, sp.csr_matrix | None]:
    """Fitted vertices and skin weights of a garment whose layers and pieces belong together; how it was made; the
    mean over what moves as one; and how its skirt laps its bodice, if it has both."""
    made = item.anchor.astype(np.float64) + item.offsets
    turns = wardrobe.frames(made, rest, item.entry["stiffness"])
    one, seam = as_one(made, item.faces), None
    # what is sewn here hangs on the nearest triangles, from which to which it may jump
    rest = in_sheets(made, rest, item.faces, turns, one, EVENING if item.entry.get("blank") else 0)
    weights = one @ (sewn(made, item.faces) @ weights)
    if around_legs(item):
        rest = from_the_hips(made, rest, weights)
        weights = evened_weights(weights, item.loose, averaging(item.faces, len(made)))
        if item.entry.get("blank"):
            seam = lap(made, item.faces)
            weights, one = weights + seam @ weights, one + seam @ one
            rest = rest + seam @ (rest - made)
    weights = with_cloth(made, item.faces, weights)
    return rest, weights.astype(np.float32), made, one, seam


def _check_outfit(items: list[Item]) -> None:
    for kind in ("shoes", "hats", "glasses", "bags", "hair", "brows", "lashes"):
        names = [i.name for i in items if i.kind == kind]
        if len(names) > 1:
            raise ThfmError(f"an outfit holds one item of {kind}, not {', '.join(names)}")
    names = [i.name for i in items]
    if len(set(names)) < len(names):
        raise ThfmError(f"an outfit holds the same item twice: {', '.join(names)}")


def _push(
    points: np.ndarray,
    faces: np.ndarray,
    weights: np.ndarray,
    surface: Surface,
    margin: float | np.ndarray,
    layered: bool = False,
    outwards: np.ndarray | None = None,
) -> np.ndarray:
    """Move points that lie under (or closer than ``margin`` to) a surface out along its normals, without creases.

    Where the points are ``layered``, what lies on a point that is moved comes along: the outside of a collar, a belt.
    ``outwards`` (n, 3), if known, leads off the body: a surface that is turned in, as in a waistband, does not push.
    """
    smooth = averaging(faces, len(points))
    small = pieces(points, faces)[1] if layered else None
    over = None
    for _ in range(2):
        height, normal, miss = surface.signed(points, weights)
        if layered and over is None:
            over, under = _stacked(points, normal)
        inside = (height < margin) & (height > -DEEPEST) & (miss < 0.5 * np.abs(height) + margin)
        free = miss < 0.05
        if outwards is not None:
            free &= np.einsum("nc,nc->n", normal, outwards) > TURNED_IN
        need = np.where(inside & free, margin - height, 0.0)
        if layered:
            np.maximum.at(need, over, need[under])
        # neighbours come along, so that one pushed vertex makes no spike
        lift = np.maximum(need, 0.7 * (smooth @ need))
        if layered:
            lift = np.maximum(need, with_cloth(points, faces, lift[:, None], small)[:, 0])
        points = points + (lift * free)[:, None] * normal
    return points


def _stacked(points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of points (n, 3) of which the one lies over the other, along the normals (n, 3) of what is beneath: their
    indices (m,) and (m,)."""
    pairs = cKDTree(points).query_pairs(THICK, output_type="ndarray")
    over, under = np.concatenate([pairs, pairs[:, ::-1]]).T
    apart = points[over] - points[under]
    height = np.einsum("nc,nc->n", apart, normals[under])
    keep = height > STEEP * np.linalg.norm(apart, axis=1)
    return over[keep], under[keep]


def _strapped(bag: Fitted, skin: Surface, cloth: list[Surface]) -> Fitted:
    """The bag with its straps laid on what is worn; ``cloth`` is in order of layers."""
    ends = np.flatnonzero(~bag.item.rigid)
    straps = bind(ends, bag.rest[ends], bag.weights[ends], skin, cloth)
    rest = bag.rest.copy()
    rest[ends] = straps.laid([(s.vertices, s.faces) for s in (skin, *cloth)])
    return replace(bag, rest=rest, straps=straps)


def _under_hat(hair: Fitted, hats: list[Fitted]) -> np.ndarray:
    """(F,) bool: hair faces inside a hat's crown or sticking through it, seen from the middle of the hat's rim."""
    hidden = np.zeros(len(hair.rest), bool)
    for hat in hats:
        low = np.quantile(hat.rest[:, 1], 0.25)
        centre = np.array([*hat.rest[:, :1].mean(0), low, hat.rest[:, 2].mean()])
        towards = hair.rest - centre
        length = np.linalg.norm(towards, axis=1, keepdims=True)
        spread = cKDTree((hat.rest - centre) / np.linalg.norm(hat.rest - centre, axis=1, keepdims=True))
        hidden |= (spread.query(towards / np.maximum(length, 1e-9))[0] < 0.2) & (hair.rest[:, 1] > low)
    return hidden[hair.item.faces].all(1)
