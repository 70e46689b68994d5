"""Plain writers of motion files for tests, with their own arithmetic: no code of the readers is used."""

from __future__ import annotations

import numpy as np


def axis_matrix(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis.lower()]


def zxy_degrees(m: np.ndarray) -> np.ndarray:
    """Angles (z, x, y) with m = Z(z) X(x) Y(y)."""
    x = np.arcsin(np.clip(m[..., 2, 1], -1, 1))
    z = np.arctan2(-m[..., 0, 1], m[..., 1, 1])
    y = np.arctan2(-m[..., 2, 0], m[..., 2, 2])
    return np.degrees(np.stack([z, x, y], axis=-1))


def write_bvh(path, names, parents, offsets, values, fps, order="ZXY", root_order="XYZ"):
    """``values`` (T, 3 + 3 J): root position, then the angles of each joint in hierarchy (depth-first) order."""
    children = {i: [j for j, p in enumerate(parents) if p == i] for i in range(-1, len(names))}
    visited = []

    def lines(joint, indent):
        visited.append(joint)
        pad = "\t" * indent
        yield f"{pad}{'ROOT' if parents[joint] < 0 else 'JOINT'} {names[joint]}"
        yield f"{pad}{{"
        yield f"{pad}\tOFFSET {' '.join(f'{v:.8f}' for v in offsets[joint])}"
        turns = " ".join(f"{a}rotation" for a in order)
        if parents[joint] < 0:
            yield f"{pad}\tCHANNELS 6 {' '.join(f'{a}position' for a in root_order)} {turns}"
        else:
            yield f"{pad}\tCHANNELS 3 {turns}"
        for child in children[joint]:
            yield from lines(child, indent + 1)
        if not children[joint]:
            yield f"{pad}\tEnd Site"
            yield f"{pad}\t{{"
            yield f"{pad}\t\tOFFSET 0 0 0"
            yield f"{pad}\t}}"
        yield f"{pad}}}"

    text = ["HIERARCHY", *lines(children[-1][0], 0), "MOTION", f"Frames: {len(values)}", f"Frame Time: {1 / fps:.7f}"]
    position = values[:, :3][:, ["XYZ".index(a) for a in root_order]]
    angles = values[:, 3:].reshape(len(values), len(names), 3)[:, visited]
    rows = np.concatenate([position, angles.reshape(len(values), -1)], axis=1)
    text += [" ".join(f"{v:.6f}" for v in row) for row in rows]
    path.write_text("\n".join(text) + "\n")


# A plain stick person, y up, facing +z, T-pose, in metres: name, parent, offset
STICK = [
    ("Hips", None, (0, 0, 0)),
    ("LeftUpLeg", "Hips", (0.1, -0.05, 0)),
    ("LeftLeg", "LeftUpLeg", (0, -0.42, 0)),
    ("LeftFoot", "LeftLeg", (0, -0.41, 0)),
    ("LeftToeBase", "LeftFoot", (0, -0.06, 0.14)),
    ("RightUpLeg", "Hips", (-0.1, -0.05, 0)),
    ("RightLeg", "RightUpLeg", (0, -0.42, 0)),
    ("RightFoot", "RightLeg", (0, -0.41, 0)),
    ("RightToeBase", "RightFoot", (0, -0.06, 0.14)),
    ("Spine", "Hips", (0, 0.12, 0)),
    ("Spine1", "Spine", (0, 0.2, 0)),
    ("LeftShoulder", "Spine1", (0.04, 0.14, 0)),
    ("LeftArm", "LeftShoulder", (0.13, 0, 0)),
    ("LeftForeArm", "LeftArm", (0.28, 0, 0)),
    ("LeftHand", "LeftForeArm", (0.25, 0, 0)),
    ("RightShoulder", "Spine1", (-0.04, 0.14, 0)),
    ("RightArm", "RightShoulder", (-0.13, 0, 0)),
    ("RightForeArm", "RightArm", (-0.28, 0, 0)),
    ("RightHand", "RightForeArm", (-0.25, 0, 0)),
    ("Neck", "Spine1", (0, 0.2, 0)),
    ("Head", "Neck", (0, 0.1, 0.02)),
]


def stick_person(scale=1.0):
    names = [n for n, _, _ in STICK]
    parents = [-1 if p is None else names.index(p) for _, p, _ in STICK]
    return names, parents, np.array([o for _, _, o in STICK]) * scale
