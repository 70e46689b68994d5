"""What a sensor and its processing do to single pixels: exposure, white balance, noise, contrast, gamma, saturation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.special import ndtri

from train.data.augment.config import NoiseConfig, SaturationConfig, ToneConfig

Step = Callable[[np.ndarray], np.ndarray]
"""One frame (H, W, 3) uint8 -> the same shape and dtype."""

_QUANTILES = ndtri((np.arange(256) + 0.5) / 256)
_QUANTILES /= _QUANTILES.std()
# Luma and chroma of BT.601, whose chroma plane is turned for hue and scaled for saturation.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB values in [0, 1] -> linear light."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light, clipped to [0, 1] -> sRGB values."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def sensor(rng: np.random.Generator, tone: ToneConfig | None, noise: NoiseConfig | None) -> Step:
    """Exposure, white balance, noise, contrast and gamma in one table look-up a value.

    The table has a column for each of 256 equally likely sizes of the noise, so that a random byte picks a Gaussian
    number, and noise costs no more than drawing the bytes.
    """
    gain, gamma, contrast = np.ones(3), 1.0, 1.0
    if tone is not None:
        green, red, blue = (
            rng.uniform(*tone.exposure),
            rng.uniform(*tone.white_balance),
            rng.uniform(*tone.white_balance),
        )
        gain = 2.0 ** np.array([green + red, green, green + blue])
        gamma = np.exp(rng.uniform(*np.log(tone.gamma)))
        contrast = np.exp(rng.uniform(*np.log(tone.contrast)))
    light = gain[:, None] * to_linear(np.arange(256) / 255)

    def encoded(linear: np.ndarray) -> np.ndarray:
        value = np.clip(0.5 + contrast * (to_srgb(linear) - 0.5), 0, 1) ** gamma
        return np.rint(255 * value).astype(np.uint8)

    if noise is None:
        curve = encoded(light).ravel().tolist()
        return lambda frame: np.asarray(Image.fromarray(frame).point(curve))

    shot, read = (np.exp(rng.uniform(*np.log(limits))) for limits in (noise.shot, noise.read))
    table = encoded(light[..., None] + np.sqrt(shot * light + read**2)[..., None] * _QUANTILES).ravel()

    def noisy(frame: np.ndarray) -> np.ndarray:
        index = frame.reshape(len(frame), -1).astype(np.int32)
        index <<= 8
        index += np.tile(np.arange(3, dtype=np.int32) << 16, frame.shape[1])
        index += np.frombuffer(rng.bytes(frame.size), np.uint8).reshape(index.shape)
        return table.take(index, mode="clip").reshape(frame.shape)

    return noisy


def saturation(rng: np.random.Generator, config: SaturationConfig) -> Step:
    """Chroma scaled and turned; grey stays grey and luma stays."""
    factor, turn = rng.uniform(*config.saturation), np.deg2rad(rng.uniform(*config.hue))
    chroma = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.eye(3)
    middle[1:, 1:] = chroma
    matrix = np.linalg.solve(_TO_YIQ, middle @ _TO_YIQ)
    rows = np.concatenate([matrix, np.zeros((3, 1))], 1).ravel().tolist()
    return lambda frame: np.asarray(Image.fromarray(frame).convert("RGB", rows))
