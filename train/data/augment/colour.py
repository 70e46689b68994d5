"""Augmentation of colour alone, as a cheap camera and its codec would change it."""

from __future__ import annotations

import numpy as np

from train.data.augment import camera, compression, optics
from train.data.augment.config import AugmentConfig


def colour(rgb: np.ndarray, rng: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """Change the colours of a clip; nothing moves, labels stay true.

    Parameters are drawn once a clip, so that a still scene stays still but for noise and codecs. The order is that of a
    camera: blurs, light, sensor, processing, resolution, compression.

    Args:
        rgb: (T, H, W, 3) uint8 sRGB; not changed.
        rng: the sample's own generator; the same generator gives the same result.

    Returns:
        (T, H, W, 3) uint8; ``rgb`` itself when nothing was drawn.
    """
    if rng.random() >= config.colour:
        return rgb
    height, width = rgb.shape[1:3]

    def drawn(part):
        return part if rng.random() < part.chance else None

    steps: list[camera.Step] = []
    if chosen := drawn(config.gaussian):
        steps.append(optics.gaussian(rng, chosen, height))
    if chosen := drawn(config.motion):
        steps.append(optics.motion(rng, chosen, height))
    if chosen := drawn(config.spectrum):
        steps.append(optics.spectrum(rng, chosen, height, width))
    tone, noise = drawn(config.tone), drawn(config.noise)
    if tone or noise:
        steps.append(camera.sensor(rng, tone, noise))
    if chosen := drawn(config.saturation):
        steps.append(camera.saturation(rng, chosen))
    if chosen := drawn(config.resample):
        steps.append(optics.resample(rng, chosen, height, width))
    if chosen := drawn(config.jpeg):
        steps.append(compression.jpeg(rng, chosen))
    if steps:
        out = np.empty_like(rgb)
        for t, frame in enumerate(rgb):
            for step in steps:
                frame = step(np.ascontiguousarray(frame))
            out[t] = frame
        rgb = out
    if chosen := drawn(config.video):
        rgb = compression.h264(rgb, rng, chosen)
    return rgb
