"""What sewn garments are made of: texture coordinates in metres, and pictures of plain cloth and of its wrinkles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tools.sewing.patterns import Dummy
from tools.sewing.shells import Shell

WIDTH = 0.5  # metres of cloth that the pictures show
SIDE = 256


def coordinates(shell: Shell, dummy: Dummy) -> np.ndarray:
    """(F, 3, 2) texture coordinates of face corners: around and along torso, arms or legs, each its own piece."""
    corners = shell.vertices[shell.faces]
    middle = corners.mean(1)
    arms = shell.values[shell.faces, 0].mean(1) > 0.4
    legs = (shell.values[shell.faces, 2].mean(1) > 0.6) & (middle[:, 1] < 0.0)
    uv = np.zeros((*shell.faces.shape, 2))
    pieces = [(~arms & ~legs, np.array([0, 0.2, 0.02]), np.array([0, -0.2, 0.02]), 0.16)]
    for side, sign in (("left", 1), ("right", -1)):
        at = [dummy.joint(f"{side}_{n}") for n in ("shoulder", "wrist", "hip", "ankle")]
        pieces += [(arms & (sign * middle[:, 0] > 0), at[0], at[1], 0.055)]
        pieces += [(legs & (sign * middle[:, 0] > 0), at[2], at[3], 0.08)]
    for mine, start, end, radius in pieces:
        along = (end - start) / np.linalg.norm(end - start)
        front = np.array([0, 0, 1.0]) - along[2] * along
        front /= np.linalg.norm(front)
        away = corners[mine] - start
        turn = np.arctan2(away @ np.cross(along, front), away @ front)
        turn[np.ptp(turn, axis=1) > np.pi] %= 2 * np.pi  # the seam runs behind
        uv[mine] = np.stack([turn * radius, -(away @ along)], -1) / WIDTH
    return uv


def _noise(rng: np.random.Generator, across: float, along: float) -> np.ndarray:
    f = np.fft.fftfreq(SIDE, 1 / SIDE)
    band = np.exp(-0.5 * ((f[None] / across) ** 2 + (f[:, None] / along) ** 2))
    band[0, 0] = 0
    out = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) * band).real
    return out / out.std()


def write_pictures(folder: Path) -> tuple[str, str]:
    """Write ``cloth_diffuse.jpg`` and ``cloth_normal.jpg``, which repeat without a seam; their names."""
    rng = np.random.default_rng(0)
    weave = 0.78 + 0.012 * _noise(rng, 60, 60) + 0.012 * _noise(rng, 4, 4)
    height = 0.0028 * _noise(rng, 4.0, 1.2) + 0.0005 * _noise(rng, 12, 8)  # metres: cloth folds along its fall
    step = WIDTH / SIDE
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / (2 * step)
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / (2 * step)
    normal = np.stack([-dx, dy, np.ones_like(dx)], -1)  # picture rows run down, texture v up
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"cloth_diffuse.jpg": np.repeat(weave[..., None], 3, -1), "cloth_normal.jpg": normal * 0.5 + 0.5}
    for name, picture in pictures.items():
        Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(folder / name, quality=88)
    return tuple(pictures)
