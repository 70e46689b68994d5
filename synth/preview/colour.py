"""Label maps to pictures, one frame at a time: (H, W[, C]) arrays to (H, W, 3) uint8. NaN becomes ``NO_VALUE``."""

from __future__ import annotations

import functools

import numpy as np

from synth.preview.palette import NO_VALUE, ramp, rgb

_RAMP = ramp()
SURFACE_STRETCH = np.array([1.0, 1.0, 4.0], np.float32)


def _filled(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Values in [0, 1], (H, W, 3), as 8 bits, with ``NO_VALUE`` where ``valid`` (H, W) is False."""
    scaled = np.where(valid[..., None], values, 0).astype(np.float32) * 255
    out = np.clip(scaled + np.float32(0.5), 0, 255).astype(np.uint8)
    out[~valid] = rgb(NO_VALUE)
    return out


def label_picture(labels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Integer labels through a table (256, 3) of ``palette``."""
    return colours[labels]


def matte_picture(matte: np.ndarray) -> np.ndarray:
    """Coverage in [0, 1] as grey."""
    return _filled(np.repeat(matte[..., None], 3, -1), np.isfinite(matte))


def normal_picture(normals: np.ndarray) -> np.ndarray:
    """Unit normals as (n + 1) / 2: red is right, green is up, blue is towards the viewer."""
    return _filled((normals + 1) / 2, np.isfinite(normals).all(-1))


def relief_picture(normals: np.ndarray) -> np.ndarray:
    """Unit normals as grey, light where they face the viewer."""
    return _filled(np.repeat(0.12 + 0.75 * normals[..., 2:].clip(0, 1), 3, -1), np.isfinite(normals).all(-1))


def surface_picture(surface: np.ndarray) -> np.ndarray:
    """Points of the unit cube as RGB, stretched about its middle: people are flat and fill little of it."""
    return _filled((surface - 0.5) * SURFACE_STRETCH + 0.5, np.isfinite(surface).all(-1))


def depth_range(depth: np.ndarray, people: np.ndarray | None = None) -> tuple[float, float]:
    """(near, far) in metres that ``depth_picture`` spreads its colours over.

    Far is where the farthest 2 % begin, but no more than twice as far as the people: a floor that runs to the horizon
    would squeeze their relief into a single colour.

    Args:
        depth: any number of frames; people: True where a person is, of the same shape.
    """
    hit = depth[np.isfinite(depth)]
    if not hit.size:
        return 1.0, 2.0
    near, far = (float(d) for d in np.percentile(hit, (0, 98)))
    if people is not None and (theirs := depth[people & np.isfinite(depth)]).size:
        far = min(far, 2 * float(theirs.max()))
    return near, max(far, near * 1.01)


def depth_picture(depth: np.ndarray, near: float, far: float) -> np.ndarray:
    """Depth in metres on the ramp, linear in 1 / depth between ``near`` (light) and ``far`` (dark)."""
    valid = np.isfinite(depth) & (depth > 0)
    share = (1 / near - 1 / np.where(valid, depth, near)) / (1 / near - 1 / far)
    out = _RAMP[(np.clip(share, 0, 1) * 255).round().astype(np.uint8)]
    out[~valid] = rgb(NO_VALUE)
    return out


@functools.cache
def flow_wheel() -> np.ndarray:
    """(55, 3) in [0, 1]: the colour wheel of the Middlebury flow benchmark (Baker et al., IJCV 2011)."""
    # Runs between neighbouring primaries: red, yellow, green, cyan, blue, magenta and back to red.
    lengths = (15, 6, 4, 11, 13, 6)
    corners = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]], float)
    runs = [a + (b - a) * np.arange(n)[:, None] / n for a, b, n in zip(corners, corners[1:], lengths, strict=False)]
    return np.concatenate(runs)


@functools.cache
def _hues() -> np.ndarray:
    """(1025, 3) float32: the wheel at even angles from -pi to pi; closed, so that no seam shows at the left."""
    wheel = np.concatenate([flow_wheel(), flow_wheel()[:1]])
    at = np.linspace(0, len(wheel) - 1, 1025)
    return np.stack([np.interp(at, np.arange(len(wheel)), c) for c in wheel.T], 1).astype(np.float32)


def flow_reach(flow: np.ndarray) -> float:
    """The length in pixels that gets the full colour of the wheel: the longest one, at least half a pixel."""
    length = np.linalg.norm(flow, axis=-1)
    return max(float(length[np.isfinite(length)].max(initial=0.0)), 0.5)


def flow_picture(flow: np.ndarray, reach: float) -> np.ndarray:
    """Flow in pixels on the Middlebury wheel: hue is direction, white is rest, vectors over ``reach`` are darkened."""
    valid = np.isfinite(flow).all(-1)
    u, v = (np.where(valid, flow[..., i], 0).astype(np.float32) / np.float32(reach) for i in range(2))
    length = np.hypot(u, v)[..., None]
    turn = (np.arctan2(-v, -u) / np.float32(np.pi) + 1) / 2
    hues = _hues()
    hue = hues[np.rint(turn * (len(hues) - 1)).astype(np.int32)]
    return _filled(np.where(length <= 1.001, 1 - length * (1 - hue), hue * np.float32(0.75)), valid)
