"""Draws random adults from MakeHuman's macro targets, multilinear blends over gender, age, build and ancestry."""

from __future__ import annotations

from itertools import product

import numpy as np

from openbody.sources import VERTICES, Sources

# Anchors of each axis with their positions; "child" and younger are left out because only adults are drawn.
AXES: dict[str, dict[str, float]] = {
    "gender": {"male": 0.0, "female": 1.0},
    "age": {"young": 0.0, "old": 1.0},
    "muscle": {"minmuscle": 0.0, "averagemuscle": 0.5, "maxmuscle": 1.0},
    "weight": {"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0},
    "height": {"minheight": -1.0, "": 0.0, "maxheight": 1.0},
    "proportions": {"idealproportions": -1.0, "": 0.0, "uncommonproportions": 1.0},
    "cupsize": {"mincup": 0.0, "averagecup": 0.5, "maxcup": 1.0},
    "firmness": {"minfirmness": 0.0, "averagefirmness": 0.5, "maxfirmness": 1.0},
}
ANCESTRIES = ("african", "asian", "caucasian")
BUILD = ("gender", "age", "muscle", "weight")


def _files(sources: Sources) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """(path, ((axis, anchor), ...)) of every adult macro target; its weight is the product of its anchors'."""
    macro = "mpfb2/targets/macrodetails/"
    found = []
    for build in product(*(AXES[axis] for axis in BUILD)):
        gender, age, muscle, weight = build
        key = tuple(zip(BUILD, build, strict=True))
        stem = f"{gender}-{age}-{muscle}-{weight}"
        found.append((f"{macro}universal-{stem}.target.gz", key))
        for folder in ("height", "proportions"):
            found += [(f"{macro}{folder}/{stem}-{a}.target.gz", (*key, (folder, a))) for a in AXES[folder] if a]
        if gender == "female":
            for cup, firm in product(AXES["cupsize"], AXES["firmness"]):
                path = f"mpfb2/targets/breast/{stem}-{cup}-{firm}.target.gz"
                found.append((path, (*key, ("cupsize", cup), ("firmness", firm))))
    for ancestry, gender, age in product(ANCESTRIES, AXES["gender"], AXES["age"]):
        key = (("ancestry", ancestry), ("gender", gender), ("age", age))
        found.append((f"{macro}{ancestry}-{gender}-{age}.target.gz", key))
    return [(path, key) for path, key in found if sources.has(path)]


def anchor_weights(axis: str, value: float) -> dict[str, float]:
    """Weights of ``axis``'s anchors at ``value``: linear between the two neighbouring ones, and on beyond the last."""
    names, places = list(AXES[axis]), list(AXES[axis].values())
    k = int(np.clip(np.searchsorted(places, value) - 1, 0, len(places) - 2))
    share = (value - places[k]) / (places[k + 1] - places[k])
    return {n: {k: 1.0 - share, k + 1: share}.get(i, 0.0) for i, n in enumerate(names)}


def draw_adult(rng: np.random.Generator, gender: str) -> dict[str, float]:
    """Macro parameters of a random adult; ``gender`` is male, female or neutral (either, with people in between).

    Weights spread evenly, and beyond MakeHuman's heaviest, so that ten shape components hold BMI 17 to 42; who is
    heavy by fat is drawn with little muscle, as the targets want it.
    """
    sex = {"male": 0.0, "female": 1.0, "neutral": float(rng.integers(2))}[gender]
    ancestry = rng.dirichlet(np.full(3, 0.8))
    weight = rng.uniform(0.0, 1.15 + 0.25 * sex)
    muscle = np.clip(rng.normal(0.5, 0.2), 0.05, 1.0) * np.clip(1.6 - weight, 0.1, 1.0)
    return {
        "gender": abs(sex - min(abs(rng.normal(0.0, 0.06)), 0.3)),
        "age": rng.beta(1.0, 2.2) * 0.8,
        "muscle": muscle,
        "weight": weight,
        "height": np.clip(rng.normal(0.04, 0.11), -0.45, 0.55),
        "proportions": np.clip(rng.normal(-0.25, 0.4), -1.0, 1.0),
        "cupsize": np.clip(rng.normal(0.45, 0.2), 0.0, 1.0),
        "firmness": np.clip(rng.normal(0.55, 0.15), 0.0, 1.0),
        **dict(zip(ANCESTRIES, ancestry, strict=True)),
    }


class MacroBodies:
    """Shapes of adults as linear blends of the macro targets of ``sources``."""

    def __init__(self, sources: Sources):
        files = _files(sources)
        self._keys = [key for _, key in files]
        self._offsets = np.stack([sources.target(path).reshape(-1) for path, _ in files])
        self._base = sources.base.vertices.astype(np.float32)

    def shapes(self, adults: list[dict[str, float]]) -> np.ndarray:
        """(len(adults), V, 3) float32, metres, in MakeHuman's own rest pose."""
        coefficients = np.zeros((len(adults), len(self._keys)), np.float32)
        for row, adult in enumerate(adults):
            weights = {axis: anchor_weights(axis, adult[axis]) for axis in AXES}
            weights["ancestry"] = {name: adult[name] for name in ANCESTRIES}
            coefficients[row] = [np.prod([weights[axis][a] for axis, a in key]) for key in self._keys]
        return self._base + (coefficients @ self._offsets).reshape(len(adults), VERTICES, 3)
