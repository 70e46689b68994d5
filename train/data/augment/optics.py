"""What lenses, motion and resampling do to a frame: blurs, low frequencies, lost resolution. Labels stay in place:
every kernel is centred."""

from __future__ import annotations

import numpy as np
from PIL import Image

from train.data.augment.camera import Step
from train.data.augment.config import GaussianConfig, MotionConfig, ResampleConfig, SpectrumConfig

_STRIP = 32


def gaussian(rng: np.random.Generator, config: GaussianConfig, height: int) -> Step:
    """Gaussian blur by its two factors; edges are repeated."""
    sigma = rng.uniform(*config.sigma) * height
    reach = int(np.ceil(3 * sigma))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    half = (taps / taps.sum())[reach:].astype(np.float32)

    def along(values: np.ndarray, step: int, count: int) -> np.ndarray:
        # Weighted sums of ``count`` rows that lie ``step`` rows apart; both sides of the kernel share a product.
        middle = step * reach
        total = values[middle : middle + count] * half[0]
        for k in range(1, reach + 1):
            pair = values[middle - k * step :][:count] + values[middle + k * step :][:count]
            pair *= half[k]
            total += pair
        return total

    def blurred(frame: np.ndarray) -> np.ndarray:
        rows, columns = frame.shape[:2]
        padded = np.pad(frame, ((reach, reach), (reach, reach), (0, 0)), mode="edge").reshape(rows + 2 * reach, -1)
        out = np.empty((rows, columns * 3), np.uint8)
        for start in range(0, rows, _STRIP):  # strips stay in the processor's cache
            strip = padded[start : start + _STRIP + 2 * reach].astype(np.float32)
            down = along(strip, 1, len(strip) - 2 * reach)
            across = along(down.T, 3, columns * 3).T
            across += 0.5
            out[start : start + len(across)] = across
        return out.reshape(frame.shape)

    return blurred


def motion(rng: np.random.Generator, config: MotionConfig, height: int) -> Step:
    """The mean of the frame along a straight trace centred on each pixel; edges are repeated."""
    length, turn = rng.uniform(*config.length) * height, rng.uniform(0, np.pi)
    reach = round((length - 1) / 2)
    steps = np.arange(-reach, reach + 1)
    across, down = np.rint(np.outer([np.cos(turn), np.sin(turn)], steps)).astype(int)
    taps = np.unique(np.stack([down, across], 1), axis=0)
    pad = int(np.abs(taps).max())

    def blurred(frame: np.ndarray) -> np.ndarray:
        padded = np.pad(frame, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
        rows, columns = frame.shape[:2]
        total = np.full(frame.shape, len(taps) // 2, np.uint16)
        for y, x in pad + taps:
            total += padded[y : y + rows, x : x + columns]
        return (total // np.uint16(len(taps))).astype(np.uint8)

    return blurred


def _waves(size: int, highest: int) -> np.ndarray:
    """(size, 1 + 2 highest) float32: the orthonormal real Fourier basis 1, cos, sin, cos 2, sin 2, ..."""
    angle = 2 * np.pi * np.outer(np.arange(size) + 0.5, np.arange(1, highest + 1)) / size
    waves = np.sqrt(2.0) * np.stack([np.cos(angle), np.sin(angle)], -1).reshape(size, -1)
    return (np.concatenate([np.ones((size, 1)), waves], 1) / np.sqrt(size)).astype(np.float32)


def spectrum(rng: np.random.Generator, config: SpectrumConfig, height: int, width: int) -> Step:
    """Scale the amplitudes of all but the zeroth of the lowest frequencies; phases stay.

    Only the low frequencies are computed, by products with a few waves. A frequency's scale is the same in all frames
    and for all phases: this is one linear filter, which does not flicker.
    """
    highest = min(config.frequencies, (min(height, width) - 1) // 2)
    strength = rng.uniform(*config.strength)
    # Half of the variance is shared by the channels: light; the other half is not: palette.
    shared, own = rng.normal(size=(highest + 1, highest + 1, 1)), rng.normal(size=(highest + 1, highest + 1, 3))
    change = np.exp(strength * (shared + own) / np.sqrt(2)) - 1
    change[0, 0] = 0
    order = (np.arange(1 + 2 * highest) + 1) // 2
    change = change[order[:, None], order].astype(np.float32)
    down, across = _waves(height, highest), _waves(width, highest)

    def filtered(frame: np.ndarray) -> np.ndarray:
        picture = frame.astype(np.float32)
        rows = (down.T @ picture.reshape(height, -1)).reshape(-1, width, 3)
        changed = np.einsum("kwc,wl->klc", rows, across, optimize=True) * change
        added = np.einsum("klc,wl->kwc", changed, across, optimize=True).reshape(-1, width * 3)
        picture += (down @ added).reshape(picture.shape)
        return np.rint(np.clip(picture, 0, 255, out=picture), out=picture).astype(np.uint8)

    return filtered


def resample(rng: np.random.Generator, config: ResampleConfig, height: int, width: int) -> Step:
    """Downscale by area or triangle, enlarge by a cubic or a triangle."""
    factor = np.exp(rng.uniform(*np.log(config.factor)))
    filters = Image.Resampling
    down = (filters.BOX, filters.BILINEAR)[rng.integers(2)]
    up = (filters.BILINEAR, filters.BICUBIC)[rng.integers(2)]
    small = max(1, round(width / factor)), max(1, round(height / factor))
    return lambda frame: np.asarray(Image.fromarray(frame).resize(small, down).resize((width, height), up))
