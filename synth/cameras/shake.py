"""How a hand moves the camera that it holds, and how walking moves a head.

Sway and tremor: the spectrum of a hand-held camera falls with frequency beyond about half a hertz, and carries the
small hump of physiological tremor around 9 Hz (Stiles 1976; Elble and Koller 1990).
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from synth.spec.camera.model import GaitSpec, ShakeSpec
from synth.spec.seeds import generator

_BANDS = np.geomspace(0.15, 14.0, 49)  # hertz
_CORNER, _SLOPE = 0.5, 3.0
_TREMOR_AT, _TREMOR_WIDTH, _TREMOR = 9.0, 1.5, 1.5e-3


def spectrum(frequency: np.ndarray) -> np.ndarray:
    """Power per hertz of a shake at frequencies (N,) in hertz, up to a factor."""
    sway = 1.0 / (1.0 + (frequency / _CORNER) ** _SLOPE)
    return sway + _TREMOR * np.exp(-(((frequency - _TREMOR_AT) / _TREMOR_WIDTH) ** 2))


def _signals(seed: int, times: np.ndarray) -> np.ndarray:
    """(6, S) independent signals of that spectrum and unit power, at ``times`` (S,) in seconds."""
    rng = generator("shake", seed)
    width = np.diff(_BANDS)
    frequency = _BANDS[:-1] + width * rng.random((6, len(width)))  # off the grid: it never repeats
    power = spectrum(frequency) * width
    size = np.sqrt(2 * power / power.sum(1, keepdims=True))
    phase = rng.uniform(0, 2 * np.pi, frequency.shape)
    return (size[..., None] * np.sin(2 * np.pi * frequency[..., None] * times + phase[..., None])).sum(1)


def shaken(spec: ShakeSpec, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (S, 3, 3) in camera axes and shifts (S, 3) in world metres, both without their mean over the clip."""
    signals = _signals(spec.seed, times).T
    signals = signals - signals.mean(0) if len(times) > 1 else np.zeros_like(signals)
    turns = Rotation.from_rotvec(np.radians(spec.degrees) * signals[:, :3]).as_matrix()
    return turns, spec.metres * signals[:, 3:]


def walked(spec: GaitSpec, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How a walking head moves beside its straight path: upwards (S,) and to its right (S,), metres.

    It rises once a step and leans over the standing leg, so from side to side once in two steps.
    """
    steps = spec.steps_per_second * times + spec.phase
    return spec.lift * np.sin(2 * np.pi * steps), 0.8 * spec.lift * np.sin(np.pi * steps)
