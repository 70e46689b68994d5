"""Shape and expression spaces: PCA over T-posed people, and blends of the ARKit-like face units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openbody.layout import BODY_VERTICES
from openbody.sources import Sources

SHAPES = 10
UNIT = 0.5  # share of a full face unit per unit of expression: coefficients of about 2 are a full action


@dataclass(frozen=True)
class Expression:
    """``parts``: face unit -> share, both sides for names that end in ``*``. ``range``: sensible coefficients."""

    name: str
    parts: dict[str, float]
    range: tuple[float, float]


EXPRESSIONS = (
    Expression("mouth_open", {"jawOpen": 1.0}, (0.0, 2.0)),
    Expression("smile", {"mouthSmile*": 1.0, "cheekSquint*": 0.6}, (0.0, 2.0)),
    Expression("brow_up", {"browInnerUp": 1.0, "browOuterUp*": 1.0}, (-0.5, 2.0)),
    Expression("brow_down", {"browDown*": 1.0}, (-0.5, 2.0)),
    Expression("blink", {"eyeBlink*": 1.0}, (-0.4, 2.0)),
    Expression("pucker", {"mouthPucker": 1.0}, (-0.5, 2.0)),
    Expression("frown", {"mouthFrown*": 1.0}, (-0.5, 2.0)),
    Expression("sneer", {"noseSneer*": 1.0, "mouthUpperUp*": 0.5}, (0.0, 2.0)),
    Expression("cheek_puff", {"cheekPuff": 1.0}, (-0.5, 2.0)),
    Expression("mouth_aside", {"mouthLeft": 1.0, "mouthRight": -1.0}, (-1.5, 1.5)),
)


def expression_directions(sources: Sources) -> np.ndarray:
    """(V, 3, 10) metres per unit. The head does not turn between MakeHuman's rest pose and the T-pose."""
    columns = []
    for expression in EXPRESSIONS:
        total = 0.0
        for unit, share in expression.parts.items():
            sides = ("Left", "Right") if unit.endswith("*") else ("",)
            for side in sides:
                path = f"faceunits01/targets/faceunits/{unit.removesuffix('*')}{side}.target"
                total = total + share * sources.target(path)
        columns.append(UNIT * total)
    return np.stack(columns, -1)


def shape_space(bodies: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal shapes of T-posed people.

    Args:
        bodies: (n, V, 3). area: (BODY_VERTICES,) surface per vertex: the metric of the analysis is the skin's own.

    Returns:
        mean (V, 3); directions (V, 3, 10) in metres per standard deviation, the first component growing with stature
        and the others with the body's surface; distance (n, BODY_VERTICES) that ten components leave, metres.
    """
    n = len(bodies)
    mean = bodies.mean(0)
    centred = (bodies - mean).reshape(n, -1)
    skin = centred.reshape(n, -1, 3)[:, :BODY_VERTICES] * np.sqrt(area / area.sum())[None, :, None]
    gram = skin.reshape(n, -1) @ skin.reshape(n, -1).T
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    scores = vectors[:, ::-1][:, :SHAPES] * np.sqrt(n)
    stature = np.ptp(bodies[:, :BODY_VERTICES, 1], axis=1)
    girth = np.abs(bodies[:, :BODY_VERTICES, 2] - bodies[:, :BODY_VERTICES, 2].mean(1, keepdims=True)).mean(1)
    for k in range(SHAPES):
        grows = np.corrcoef(scores[:, k], stature if k == 0 else girth)[0, 1]
        scores[:, k] *= 1.0 if grows >= 0 else -1.0
    directions = (centred.T @ scores / n).reshape(-1, 3, SHAPES)
    rest = (centred - scores @ directions.reshape(-1, SHAPES).T).reshape(n, -1, 3)
    return mean, directions, np.linalg.norm(rest[:, :BODY_VERTICES], axis=-1)
