"""From label maps to integer codes and back, one frame at a time; code 0 means NaN wherever NaN is allowed.

Encoding uses only operations that IEEE 754 fixes to the last bit (no log, exp or trigonometry), so the same arrays give
the same codes on every processor.

A map of C channels becomes one (C*H, W) image, its channels stacked from top to bottom: measured on renders, one grey
plane of stacked channels is smaller and faster to decode in FFV1 than a three-plane picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth.conventions import ThfmError

Params = dict[str, float]

DEPTH_RATIO = 1.00018  # neighbouring codes differ by 1.8e-4, so rounding costs 9e-5
DEPTH_CODES = 65535
NORMAL_SCALE = 2047
SURFACE_SCALE = 4094
FLOW_SCALE = 16
FLOW_ZERO = 32768


@dataclass(frozen=True)
class Quantiser:
    """How one kind of map is coded.

    Attributes:
        channels: C of the map; 0 for maps without a channel axis.
        code: dtype of the codes, uint8 or uint16.
        plan: (T,H,W[,C]) -> parameters that hold for the whole clip.
        encode: one frame (H,W[,C]) and parameters -> (max(C', 1)*H, W) codes, with C' = ``planes``.
        decoder: parameters -> function from codes (planes, H, W) and an output frame (H,W[,C]) to fill.
        planes: grey planes stacked in a frame.
    """

    channels: int
    planes: int
    code: type
    plan: Callable[[np.ndarray], Params]
    encode: Callable[[np.ndarray, Params], np.ndarray]
    decoder: Callable[[Params], Callable[[np.ndarray, np.ndarray], None]]


def _stack(planes: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(planes, axis=0).astype(dtype)


# depth -------------------------------------------------------------------------------------------------------------
def _plan_depth(depth: np.ndarray) -> Params:
    near, far = np.inf, 0.0
    for frame in depth:
        hit = frame[np.isfinite(frame)]
        if hit.size:
            near, far = min(near, float(hit.min())), max(far, float(hit.max()))
    if far == 0.0 and near == np.inf:
        return {"near": 1.0, "ratio": DEPTH_RATIO}
    if near <= 0:
        raise ThfmError(f"depth must be above 0 m, got {near:g}; pixels that hit nothing are NaN")
    if math.log(far / near) >= math.log(DEPTH_RATIO) * (DEPTH_CODES - 2):
        raise ThfmError(f"depth spans {near:g} m to {far:g} m, too far for 16 bits; pixels that hit nothing are NaN")
    return {"near": near, "ratio": DEPTH_RATIO}


def _powers(ratio: float) -> np.ndarray:
    """(65535,) float64: ratio**0, ratio**1, ... by repeated multiplication, which rounds alike everywhere."""
    steps = np.full(DEPTH_CODES, ratio)
    steps[0] = 1.0
    return np.cumprod(steps)


def _encode_depth(frame: np.ndarray, params: Params) -> np.ndarray:
    near, ratio = params["near"], params["ratio"]
    hit = np.isfinite(frame)
    depth = np.where(hit, frame, near).astype(np.float64)
    # The logarithm only guesses; the comparison with the exact boundary between two codes decides.
    guess = np.rint(np.log(depth / near) / math.log(ratio)).astype(np.int64)
    edges = near * math.sqrt(ratio) * _powers(ratio)
    guess += depth >= edges[guess]
    guess -= (guess > 0) & (depth < edges[np.maximum(guess - 1, 0)])
    return np.where(hit, guess + 1, 0).astype(np.uint16)


def _depth_decoder(params: Params):
    table = np.empty(DEPTH_CODES + 1, np.float32)
    table[0] = np.nan
    table[1:] = params["near"] * _powers(params["ratio"])
    return lambda codes, out: np.take(table, codes[0], out=out, mode="clip")


# normals -----------------------------------------------------------------------------------------------------------
def _encode_normals(frame: np.ndarray, params: Params) -> np.ndarray:
    valid = np.isfinite(frame).all(-1)
    x, y, z = (np.where(valid, frame[..., i], float(i == 2)).astype(np.float64) for i in range(3))
    length = np.sqrt(x * x + y * y + z * z)
    if (np.abs(length - 1) > 0.01).any():
        raise ThfmError("normals must have unit length; pixels that hit nothing are NaN")
    size = np.abs(x) + np.abs(y) + np.abs(z)
    x, y = x / size, y / size
    back = z < 0
    folded = np.copysign(1 - np.abs(y), x), np.copysign(1 - np.abs(x), y)
    scale = params["scale"]
    planes = [np.where(back, f, p) for f, p in zip(folded, (x, y), strict=True)]
    return _stack([np.where(valid, np.rint(p * scale) + scale + 1, 0) for p in planes], np.uint16)


def _normals_decoder(params: Params):
    scale = np.float32(params["scale"])

    def decode(codes: np.ndarray, out: np.ndarray) -> None:
        n = np.empty((3, *codes.shape[1:]), np.float32)
        np.subtract(codes, scale + 1, out=n[:2])
        n[:2] /= scale
        np.subtract(1, np.abs(n[0]) + np.abs(n[1]), out=n[2])
        n[:2] -= np.copysign(np.maximum(-n[2], 0), n[:2])
        length = np.einsum("chw,chw->hw", n, n)
        np.sqrt(length, out=length)
        length[codes[0] == 0] = np.nan
        n /= length
        for i in range(3):
            out[..., i] = n[i]

    return decode


# matte, surface, flow, exact ---------------------------------------------------------------------------------------
def _encode_matte(frame: np.ndarray, params: Params) -> np.ndarray:
    if not ((frame >= -1e-3) & (frame <= 1.001)).all():
        raise ThfmError("matte must lie between 0 and 1 and hold no NaN")
    return np.rint(np.clip(frame, 0, 1) * np.float32(params["scale"])).astype(np.uint8)


def _matte_decoder(params: Params):
    return lambda codes, out: np.divide(codes[0], np.float32(params["scale"]), out=out)


def _linear_decoder(zero: np.float32, scale: np.float32):
    """Codes -> (code - zero) / scale, by a table of all codes."""
    table = (np.arange(65536, dtype=np.float32) - zero) / scale
    table[0] = np.nan

    def decode(codes: np.ndarray, out: np.ndarray) -> None:
        for i, plane in enumerate(codes):
            out[..., i] = table[plane]

    return decode


def _encode_surface(frame: np.ndarray, params: Params) -> np.ndarray:
    valid = np.isfinite(frame).all(-1)
    points = np.where(valid[..., None], frame, 0)
    if not ((points >= -1e-3) & (points <= 1.001)).all():
        raise ThfmError("surface must lie in the unit cube; pixels off people are NaN")
    points = np.clip(points, 0, 1).astype(np.float64)
    return _stack([np.where(valid, np.rint(points[..., i] * params["scale"]) + 1, 0) for i in range(3)], np.uint16)


def _surface_decoder(params: Params):
    return _linear_decoder(np.float32(1), np.float32(params["scale"]))


def _encode_flow(frame: np.ndarray, params: Params) -> np.ndarray:
    reach = (FLOW_ZERO - 1) / params["scale"]
    with np.errstate(invalid="ignore"):
        valid = (np.abs(frame) <= reach).all(-1)
    steps = [np.rint(np.where(valid, frame[..., i], 0) * np.float32(params["scale"])) for i in range(2)]
    return _stack([np.where(valid, s + params["zero"], 0) for s in steps], np.uint16)


def _flow_decoder(params: Params):
    return _linear_decoder(np.float32(params["zero"]), np.float32(params["scale"]))


def _exact_decoder(params: Params):
    return lambda codes, out: np.copyto(out, codes[0])


QUANTISERS: dict[str, Quantiser] = {
    "depth": Quantiser(0, 1, np.uint16, _plan_depth, _encode_depth, _depth_decoder),
    "normals": Quantiser(3, 2, np.uint16, lambda a: {"scale": NORMAL_SCALE}, _encode_normals, _normals_decoder),
    "matte": Quantiser(0, 1, np.uint8, lambda a: {"scale": 255}, _encode_matte, _matte_decoder),
    "surface": Quantiser(3, 3, np.uint16, lambda a: {"scale": SURFACE_SCALE}, _encode_surface, _surface_decoder),
    "flow": Quantiser(2, 2, np.uint16, lambda a: {"scale": FLOW_SCALE, "zero": FLOW_ZERO}, _encode_flow, _flow_decoder),
    "exact8": Quantiser(0, 1, np.uint8, lambda a: {}, lambda frame, params: frame, _exact_decoder),
}
