"""Cloth over cloth: how an outer layer goes with an inner one, and which faces of the inner one nobody sees.

Where two garments lie on each other they carry the same skin weights, or each pose would push one through the other.
What lies deep under an outer layer is left out, or drawn in at those moments at which it does.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from synth.bodies.surface import Attachment, Surface, averaging, in_limbs, open_edges
from synth.geometry import used_vertices

if TYPE_CHECKING:
    from synth.bodies.dressing import Fitted

LAYER_MARGIN = 0.003  # metres between two layers of cloth
THINNEST = 0.0015  # metres between skin and an inner layer that an outer one presses down
DEEPEST = 0.05  # a point farther inside than this belongs to another part of the surface
BESIDE = 0.005  # metres beside cloth beyond which it does not cover a point
BURIED = 0.02  # inner cloth this far from the outer layer's border is never seen again
STEEPEST = 2.0  # metres past the border that are seen under cloth for each metre that it hangs away
LAPPED = 0.04  # metres to another piece of a garment within which its edge may be covered by that
REACH = 0.05  # how far above inner cloth an outer layer may be and still hide it
LOOSE_REACH = 0.12  # the same where the outer layer hangs free
PEEP = 0.04  # metres by which an inner garment may stick out of an outer one and is still left out
TOGETHER = (0.02, 0.05)  # metres between layers up to which they move as one, and from which each for itself
SPREAD = 8  # rounds of averaging in which an outer layer comes to move for itself
TUCKED = 0.012  # metres to which inner cloth is drawn in where it is hidden, and over how many more from the border
RAMP = 0.02
# Along the border inner cloth goes below the outer layer, by so much for each metre inside it, up to PRESSED metres,
# and rises above it by no more than so much for each metre outside, up to NEAR_RIM metres: else its faces cut the edge.
BELOW_RIM, INSIDE, PRESSED, OUTSIDE, NEAR_RIM = 0.002, 0.5, 0.008, 0.2, 0.05
STICKING = (0.01, 0.02)  # metres above it up to which inner cloth is there by mistake, and from which on not


class Cover:
    """An outer layer, asked what it covers."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray):
        self.surface = Surface(vertices, faces, weights)
        self.edge = rim(self.surface.vertices, faces)

    def moved(self, vertices: np.ndarray) -> Cover:
        """The same layer with its vertices (V, 3) elsewhere."""
        out = copy.copy(self)
        out.surface = self.surface.moved(vertices)
        return out

    def over(self, points: np.ndarray, at: Attachment) -> tuple[np.ndarray, ...]:
        """Of points (N, 3) and the places of the layer nearest to them: heights (N,) over it, its normals (N, 3),
        metres (N,) from it."""
        height, normal, miss = self.surface.above(points, at)
        return height, normal, np.hypot(height, miss)

    def clear(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres from points (N, 3) to the layer's border."""
        if not len(self.edge):
            return np.full(len(points), np.inf)
        return cKDTree(self.surface.vertices[self.edge]).query(points)[0]

    def outside(self, at: Attachment) -> np.ndarray:
        """(N,) bool, whether the nearest places are on the layer's border."""
        on_edge = np.zeros(len(self.surface.vertices), bool)
        on_edge[self.edge] = True
        return (on_edge[self.surface.faces[at.face]] | (at.bary < 1e-6)).all(1) & (at.bary < 1e-6).any(1)

    def depth(self, points: np.ndarray, height: np.ndarray, away: np.ndarray, reach: float, peep: float) -> np.ndarray:
        """(N,) metres past what is seen from the layer's border; 0 or less where points are not under the layer at
        ``height`` and ``away`` from it, or stick out by more than ``peep``."""
        out = np.zeros(len(points))
        under = np.flatnonzero((height < peep) & (away < reach))
        out[under] = self.clear(points[under]) - BURIED - STEEPEST * away[under]
        return out


def together(rest: np.ndarray, faces: np.ndarray, weights: np.ndarray, inner: Fitted, surface: Surface) -> np.ndarray:
    """(Vg, 55) skin weights of an outer garment, those of ``inner`` where it lies on it.

    Args:
        rest, faces, weights: of the outer garment.
        surface: the inner one at rest.
    """
    height, _, miss = surface.signed(rest, weights)
    low, high = TOGETHER
    share = np.where(miss < BESIDE, np.clip((high - np.abs(height)) / (high - low), 0.0, 1.0), 0.0)
    if not share.any():
        return weights
    mean = averaging(faces, len(rest))
    for _ in range(SPREAD):
        share = np.maximum(share, 0.8 * (mean @ share))
    at = surface.nearest(rest, weights)
    below = np.einsum("vk,vkj->vj", at.bary, inner.weights[inner.item.faces[at.face]])
    for _ in range(SPREAD):  # folds beneath are not to be seen
        below = 0.5 * below + 0.5 * (mean @ below)
    return ((1 - share)[:, None] * weights + share[:, None] * below).astype(np.float32)


def give_way(inner: Fitted, outer: Sequence[Fitted], skin: Surface) -> np.ndarray:
    """Rest vertices of ``inner``, those that stick out of an outer layer moved below it, as far as the skin allows."""
    rest = inner.rest
    for fitted in outer:
        cover = Cover(fitted.rest, fitted.item.faces, fitted.weights)
        height, normal, away = cover.over(rest, cover.surface.nearest(rest, inner.weights))
        beside = np.sqrt(np.maximum(away**2 - height**2, 0.0))
        over = (beside < BESIDE) | (cover.clear(rest) > away + BURIED)
        out = over & (height > -LAYER_MARGIN) & (height < DEEPEST)
        above = skin.signed(rest, inner.weights)[0]
        down = np.where(out, np.minimum(height + LAYER_MARGIN, np.maximum(above - THINNEST, 0.0)), 0.0)
        rest = rest - down[:, None] * normal
    return rest


def border(faces: np.ndarray) -> np.ndarray:
    """(n,) vertices of a mesh's open border."""
    return np.unique(open_edges(faces))


def rim(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(n,) vertices of a garment's open border, but for those in the midst of another piece of it: a bodice's lower
    edge within its skirt shows nothing."""
    edge = border(faces)
    piece = connected_components(averaging(faces, len(vertices)), directed=False)[1]
    if not len(edge) or (piece[faces[:, 0]] == piece[edge[0]]).all():
        return edge
    inner = np.setdiff1d(faces, edge)
    to_inner, to_edge = np.full(len(edge), np.inf), np.full(len(edge), np.inf)
    for number in np.unique(piece[edge]):
        others = piece[edge] != number
        within, along = inner[piece[inner] == number], edge[~others]
        to_inner[others] = np.minimum(to_inner[others], _away(vertices[within], vertices[edge[others]]))
        to_edge[others] = np.minimum(to_edge[others], _away(vertices[along], vertices[edge[others]]))
    return edge[(to_inner > LAPPED) | (to_edge < to_inner)]


def _away(points: np.ndarray, of: np.ndarray) -> np.ndarray:
    """(m,) metres from ``of`` (m, 3) to the nearest of ``points`` (n, 3)."""
    return cKDTree(points).query(of)[0] if len(points) else np.full(len(of), np.inf)


def pressed(height: np.ndarray, beside: np.ndarray, clear: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(N,) metres by which inner cloth at ``height`` (N,) over an outer layer is pressed down along its border:
    ``clear`` (N,) of that within it, or, where it is ``outside`` (N,), ``beside`` (N,) it."""
    limit = np.where(outside, OUTSIDE * beside, -np.minimum(INSIDE * clear, PRESSED)) - BELOW_RIM
    low, high = STICKING
    share = np.clip((high - height) / (high - low), 0.0, 1.0) * (beside < NEAR_RIM)
    return share * np.maximum(height - limit, 0.0)


def _peep(inner: Fitted) -> float:
    return PEEP if inner.item.kind == "garments" else 0.0


def buried(inner: Fitted, outer: Sequence[Fitted]) -> np.ndarray:
    """(F,) bool: faces of ``inner`` whose corners a layer hides that always goes with the body."""
    under = np.zeros(len(inner.rest), bool)
    for fitted in outer:
        item = fitted.item
        held = ~(item.loose[item.faces] > 0).any(1)
        if held.any():
            cover = Cover(fitted.rest, item.faces[held], fitted.weights)
            height, _, away = cover.over(inner.rest, cover.surface.nearest(inner.rest, inner.weights))
            under |= cover.depth(inner.rest, height, away, REACH, _peep(inner)) > 0
    return under[inner.item.faces].all(1)


def tucked(
    inner: Fitted, moving: np.ndarray, outer: Sequence[tuple[Fitted, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """An inner layer that is drawn in wherever an outer one hides it at that moment, so that it does not peep out.

    The skin beneath is not rendered: cloth may sink into it.

    Args:
        moving: (S, Vg, 3) where ``inner`` is over the clip.
        outer: layers over it and where they are.

    Returns: (S, Vg, 3) float32, and (F,) bool: faces that are hidden at all times.
    """
    always = np.full(len(inner.rest), bool(outer))
    left = used_vertices(inner.item.faces[inner.shown])
    out = np.array(moving, np.float32)
    covers = [Cover(positions[0], f.item.faces, f.weights) for f, positions in outer]
    limbs = in_limbs(inner.weights[left])
    guesses = np.zeros((len(outer), len(left)), int)
    for s in range(len(moving)):
        points = moving[s][left].astype(np.float64)
        hidden = np.zeros(len(left), bool)
        for cover, guess, (_, positions) in zip(covers, guesses, outer, strict=True):
            here = cover.moved(positions[s])
            near, at = here.surface.nearest_within(LOOSE_REACH, points, limbs, guess)
            if not len(near):
                continue
            height, normal, away = here.over(points[near], at)
            deep = here.depth(points[near], height, away, LOOSE_REACH, _peep(inner))
            down = np.clip(deep / RAMP, 0.0, 1.0) * np.maximum(height + TUCKED, 0.0)
            if inner.item.kind == "garments":
                beside = np.sqrt(np.maximum(away**2 - height**2, 0.0))
                down = np.maximum(down, pressed(height, beside, here.clear(points[near]), here.outside(at)))
            points[near] -= down[:, None] * normal
            hidden[near] |= deep > 0
        out[s, left] = points
        always[left] &= hidden
    return out, always[inner.item.faces].all(1)
