"""Lamps by the light that they give, not by their power."""

from __future__ import annotations

import numpy as np

from synth.geometry import Lamp
from synth.scenes.stage import Limits
from synth.spec.light import blackbody
from synth.spec.model import LampSpec

SKY = 0.75 * np.pi  # W/m2 on the ground under an environment of strength 1


def shining(
    kind: str, position: np.ndarray, target: np.ndarray, size: tuple[float, float], light: float, kelvin: float,
) -> Lamp:  # fmt: skip
    """A lamp that gives ``light`` times a clear sky's at ``target`` (3,), which an area lamp faces."""
    way = np.asarray(target, np.float64) - position
    distance = max(float(np.linalg.norm(way)), 0.3)
    # An area of power P shines P / pi d^2 straight ahead, a point P / 4 pi^2 d^2 all round.
    power = light * SKY * np.pi * distance**2 * (4.0 * np.pi if kind == "point" else 1.0)
    return Lamp(kind, np.asarray(position, np.float64), way / distance, size, power, blackbody(kelvin))


def free_lamp(spec: LampSpec, middle: np.ndarray, limits: Limits) -> Lamp:
    """The lamp of a spec beside people about ``middle`` (3,), kept within limits."""
    flat = spec.distance * np.cos(spec.elevation)
    offset = [flat * np.cos(spec.azimuth), flat * np.sin(spec.azimuth), spec.distance * np.sin(spec.elevation)]
    position = limits.keep(middle + offset)
    return shining(spec.kind, position, middle, (spec.size, spec.size), spec.strength, spec.kelvin)
