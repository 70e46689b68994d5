"""The garments that are sewn: each is a few cuts of the helper tights and a skirt around the legs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import ConvexHull, cKDTree

from synth.bodies.layers import border
from synth.conventions import JOINT_NAMES
from tools.sewing.shells import Shell, cut, sewn_on, smoothed, subdivided, widened
from tools.wardrobe_rise import RISE

TIGHTS = (15328, 18002)  # vertices of base.obj's helpers: a suit from neck to toes, a skirt to the ankles
SKIRT = (18002, 18722)
ROUND = 3.0  # how sharp the corners of a neckline are
YOKE = 0.07  # metres round the neck within which a top comes to lie on the body
TAIL = 0.03  # metres of a bodice beneath the skirt that is sewn on it
WAIST = 0.155  # metres, height of the waist on base.obj; its crotch is at -0.02, its ankles are at -0.75


@dataclass(frozen=True)
class Dummy:
    """The base mesh as a dummy: ``vertices`` (19158, 3), triangles of its helpers, skin ``weights`` (19158, 55)
    and ``joints`` (55, 3)."""

    vertices: np.ndarray
    tights: np.ndarray
    skirt: np.ndarray
    weights: np.ndarray
    joints: np.ndarray

    def joint(self, name: str) -> np.ndarray:
        return self.joints[JOINT_NAMES.index(name)]

    def suit(self) -> Shell:
        """The helper tights, finer, with three values a vertex: weight of arms, place along the arm (1 is the elbow,
        2 the wrist), weight of legs."""
        used, index = np.unique(self.tights, return_inverse=True)
        v, w = self.vertices[used], self.weights[used]
        arm, along = np.zeros(len(v)), np.zeros(len(v))
        for side in ("left", "right"):
            shoulder, elbow, wrist = (self.joint(f"{side}_{n}") for n in ("shoulder", "elbow", "wrist"))
            mine = v[:, 0] * shoulder[0] > 0
            names = [f"{side}_{n}" for n in ("shoulder", "elbow", "wrist")]
            share = w[:, [JOINT_NAMES.index(n) for n in names]].sum(1)
            upper = (v - shoulder) @ (elbow - shoulder) / np.sum((elbow - shoulder) ** 2)
            fore = (v - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
            place = np.where(upper < 1, upper, 1 + np.maximum(fore, 0))
            arm, along = np.where(mine, share, arm), np.where(mine, place, along)
        legs = [JOINT_NAMES.index(f"{s}_{n}") for s in ("left", "right") for n in ("hip", "knee", "ankle", "foot")]
        values = np.stack([arm, along, w[:, legs].sum(1)], 1)
        suit = Shell(v, index.reshape(-1, 3), values, np.zeros(len(v)))
        return subdivided(suit)


def bodice(dummy: Dummy, sleeve: float, hem: float, room: float, neck: float = 0.0, loose: float = 0.0) -> Shell:
    """A top. ``sleeve``: 0 none, 1 elbow, 2 wrist; ``hem``: height of its lower edge; ``room``: metres off the helper;
    ``neck``: metres by which the neckline is lowered; ``loose``: how freely hem and sleeves hang."""
    suit = dummy.suit()
    suit = cut(suit, suit.vertices[:, 1] - hem)
    across, depth = (
        suit.vertices[:, 0] / (0.08 + 0.6 * neck),
        (suit.vertices[:, 2] - 0.02 - 0.5 * neck) / (0.075 + neck),
    )
    behind = np.clip((0.06 - suit.vertices[:, 2]) / 0.06, 0, 1)
    below = (0.5 - neck + (0.055 + 0.5 * neck) * behind - suit.vertices[:, 1]) / 0.05
    suit = cut(suit, np.logaddexp(ROUND * (np.hypot(across, depth) - 1), ROUND * below) / ROUND)
    arm, along = suit.values[:, 0], suit.values[:, 1]
    # without sleeves, the edge runs over the shoulder
    suit = cut(suit, np.where(arm > 0.25, max(sleeve, 0.12) - along, 1.0))
    arm, along = suit.values[:, 0], suit.values[:, 1]
    rim = border(suit.faces)
    neckline = rim[(suit.vertices[rim, 1] > 0.4) & (arm[rim] < 0.12)]
    away = np.clip(cKDTree(suit.vertices[neckline]).query(suit.vertices)[0] / YOKE, 0, 1)
    relaxed = smoothed(suit, round(600 * room), (0.2 + 0.8 * away) * (1.0 if room > 0.012 else 0.5))
    low = np.clip((0.42 - suit.vertices[:, 1]) / 0.25, 0, 1) * (arm < 0.3)
    if loose > 0:  # its weight draws the hem in
        low *= 1 - 0.6 * np.clip((0.12 - suit.vertices[:, 1]) / 0.1, 0, 1)
    sleeves = np.clip(along, 0, 2) * (arm > 0.3) * 0.35
    wide = widened(relaxed, room * (0.45 + 0.55 * np.maximum(low, sleeves)) * away)  # it lies on the shoulders
    free = loose * np.maximum(np.clip((0.25 - wide.vertices[:, 1]) / 0.2, 0, 1) * (arm < 0.3), 0.0)
    return Shell(wide.vertices, wide.faces, wide.values, free)


def legs(dummy: Dummy, hem: float, room: float, flare: float, loose: float) -> Shell:
    """Trousers or shorts from the waist to height ``hem``; ``flare``: metres by which the legs widen to the hem."""
    suit = dummy.suit()
    suit = cut(suit, np.where(suit.values[:, 0] > 0.25, -1.0, RISE - suit.vertices[:, 1]))
    suit = cut(suit, suit.vertices[:, 1] - hem)
    relaxed = smoothed(suit, round(500 * room))
    down = np.clip((0.02 - suit.vertices[:, 1]) / (0.02 - hem), 0, 1)
    seat = np.clip((RISE - 0.01 - suit.vertices[:, 1]) / 0.1, 0, 1)
    wide = widened(relaxed, 0.003 + room * seat + flare * down)
    return Shell(wide.vertices, wide.faces, wide.values, loose * np.clip(down * 1.6 - 0.25, 0, 1))


def skirt(
    dummy: Dummy, hem: float, flare: float, pleats: int = 0, waves: int = 7, top: float = WAIST, snug: float = 0.005,
    room: float = 0.006, opening: float = 0.0, around: int = 88,
) -> Shell:  # fmt: skip
    """A skirt from ``top`` to ``hem``; ``flare``: share by which its radius grows from hips to the ankles' height;
    ``snug``, ``room``: metres off the helper at the top and below; ``opening``: radians left open in
    front, as of a coat."""
    points = dummy.vertices[SKIRT[0] : SKIRT[1]]
    rows = max(int((top - hem) / 0.024), 6)
    closed = opening == 0
    turn = np.linspace(opening / 2, 2 * np.pi - opening / 2, around, endpoint=not closed)
    heights = np.linspace(top, hem, rows + 1)
    radii, middles = np.zeros((rows + 1, around)), np.zeros((rows + 1, 2))
    for r, y in enumerate(heights):
        near = points[np.abs(points[:, 1] - min(y, 0.15)) < 0.035][:, [0, 2]]
        middles[r] = (near.max(0) + near.min(0)) / 2
        radii[r] = _hull_radius(near - middles[r], turn)
    below = np.maximum(0.06 - heights, 0.0)[:, None]
    radii = np.where(below > 0, np.maximum.accumulate(radii * (1 + flare * below / 0.8), axis=0), radii)
    radii, middles = gaussian_filter1d(radii, 2.0, axis=0, mode="nearest"), gaussian_filter1d(middles, 2.0, axis=0)
    radii += snug + (room - snug) * np.clip((top - heights) / 0.12, 0, 1)[:, None]
    if pleats:
        fold = 2 * np.abs((turn * pleats / np.pi) % 2 - 1) - 0.6
        radii += 0.011 * np.clip((top - heights) / 0.12, 0, 1)[:, None] * fold
    else:
        # hoops stay as long as they are cut: what flares falls into waves
        deep = 0.004 + 0.03 * flare
        radii += deep * np.clip(below / 0.35, 0, 1) * np.cos(waves * turn + 0.6)
    out = radii[..., None] * np.stack([np.sin(turn), np.cos(turn)], -1) + middles[:, None]
    grid = np.stack([out[..., 0], np.repeat(heights[:, None], around, 1), out[..., 1]], -1)
    index = np.arange((rows + 1) * around).reshape(rows + 1, around)
    left, right = (index, np.roll(index, -1, 1)) if closed else (index[:, :-1], index[:, 1:])
    a, b, c, d = left[:-1], right[:-1], left[1:], right[1:]
    faces = np.concatenate([np.stack(x, -1).reshape(-1, 3) for x in ((a, c, b), (b, c, d))])
    vertices = grid.reshape(-1, 3)
    free = np.clip((0.03 - vertices[:, 1]) / 0.12, 0, 1)
    values = np.tile([0.0, 0.0, -1.0], (len(vertices), 1))  # of no limb: it hangs on the helper skirt
    return Shell(vertices, faces, values, free)


def _hull_radius(points: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Distance of the convex hull of ``points`` (n, 2) from the origin, in directions ``turn`` from +z towards +x."""
    hull = points[ConvexHull(points).vertices]
    sides = zip(hull, np.roll(hull, -1, 0), strict=True)
    dense = np.concatenate([a + np.linspace(0, 1, 20)[:, None] * (b - a) for a, b in sides])
    angle = np.arctan2(dense[:, 0], dense[:, 1]) % (2 * np.pi)
    order = np.argsort(angle)
    return np.interp(turn, angle[order], np.linalg.norm(dense, axis=1)[order], period=2 * np.pi)


@dataclass(frozen=True)
class Pattern:
    """A garment: its shell on the dummy, and the facts of its catalogue entry."""

    sew: Callable[[Dummy], Shell]
    semantic: str
    style: str
    layer: int
    look: str = "casual"


PATTERNS: dict[str, Pattern] = {
    "skirt_flared": Pattern(lambda d: skirt(d, -0.36, 0.9), "skirt", "female", 4),
    "skirt_circle": Pattern(lambda d: skirt(d, -0.2, 1.6, waves=9), "skirt", "female", 4),
    "skirt_long": Pattern(lambda d: skirt(d, -0.7, 0.55, waves=6), "skirt", "female", 4),
    "skirt_pleated": Pattern(lambda d: skirt(d, -0.3, 0.6, pleats=22, around=132), "skirt", "female", 4, "elegant"),
    "dress_flared": Pattern(
        lambda d: sewn_on(bodice(d, 0.0, WAIST - TAIL, 0.004, neck=0.05), skirt(d, -0.36, 1.0, snug=0.009, room=0.011)),
        "dress", "female", 3,
    ),
    "dress_maxi": Pattern(
        lambda d: sewn_on(
            bodice(d, 0.35, WAIST - TAIL, 0.005, neck=0.03), skirt(d, -0.7, 0.6, waves=6, snug=0.01, room=0.012)
        ),
        "dress", "female", 3,
    ),
    "dress_long_sleeved": Pattern(
        lambda d: sewn_on(
            bodice(d, 1.9, WAIST - TAIL, 0.008, neck=0.01), skirt(d, -0.45, 0.7, snug=0.013, room=0.016)
        ),
        "dress", "female", 3, "elegant",
    ),
    "sweater": Pattern(lambda d: bodice(d, 1.93, 0.03, 0.02, loose=0.3), "upper_garment", "any", 3),
    "tee_oversized": Pattern(lambda d: bodice(d, 0.75, 0.015, 0.022, neck=0.01, loose=0.45), "upper_garment", "any", 3),
    "tunic": Pattern(
        lambda d: sewn_on(
            bodice(d, 1.6, 0.06 - TAIL, 0.014), skirt(d, -0.22, 0.35, waves=5, top=0.06, snug=0.011, room=0.02)
        ),
        "upper_garment", "any", 3,
    ),
    "trousers_wide": Pattern(lambda d: legs(d, -0.69, 0.012, 0.05, 0.8), "lower_garment", "any", 2),
    "trousers_loose": Pattern(lambda d: legs(d, -0.7, 0.014, 0.015, 0.5), "lower_garment", "any", 2),
    "shorts_loose": Pattern(lambda d: legs(d, -0.3, 0.012, 0.025, 0.5), "lower_garment", "any", 2),
    "coat_long": Pattern(
        lambda d: sewn_on(
            bodice(d, 1.95, 0.08 - TAIL, 0.024),
            skirt(d, -0.5, 0.35, waves=4, top=0.08, snug=0.022, room=0.034, opening=0.12),
        ),
        "jacket", "any", 4,
    ),
}  # fmt: skip
