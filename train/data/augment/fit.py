"""Cutting samples to the size of their bucket: at random for training, at the centre for validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from PIL import Image

from synth.conventions import ThfmError, Visibility
from train.data.augment.config import AugmentConfig, CropConfig
from train.data.augment.fields import move
from train.data.augment.window import Window, centred, largest
from train.data.sample import Sample

_CANDIDATES = 24
_LOOKS = 8  # frames that are looked at to find people


def fit(sample: Sample, height: int, width: int, rng: np.random.Generator, config: AugmentConfig) -> Sample:
    """Crop at random, perhaps mirror, resize: colour and all labels alike.

    One window serves all frames. Labels stay true: see ``fields.move`` for what becomes of each.

    Args:
        sample: any size; arrays are not changed.
        height, width: size of the result, pixels.
        rng: the sample's own generator; the same generator gives the same window.

    Raises:
        ThfmError: a label that augmentation does not know.
    """
    source = sample.rgb.shape[1:3]
    at_random, mirrored = rng.random(2) < (config.crop.chance, config.flip)
    window = centred(source, (height, width), bool(mirrored))
    if at_random:
        window = replace(
            random_window(source, (height, width), rng, config.crop, sample.labels), mirrored=bool(mirrored)
        )
    return _through(sample, window)


def centre_fit(sample: Sample, height: int, width: int) -> Sample:
    """The largest part of the target's aspect at the centre, resized to ``height`` x ``width``: no chance involved."""
    return _through(sample, centred(sample.rgb.shape[1:3], (height, width)))


def _through(sample: Sample, window: Window) -> Sample:
    rgb = window.smooth(sample.rgb, Image.Resampling.BICUBIC)
    return replace(sample, rgb=rgb, labels=move(sample.labels, window))


def random_window(
    source: tuple[int, int],
    target: tuple[int, int],
    rng: np.random.Generator,
    config: CropConfig,
    labels: Mapping[str, np.ndarray],
) -> Window:
    """A window of random size, aspect and place.

    To keep people in view, several are drawn about points of theirs, and the first that shows enough of them is taken;
    if none does, the one that shows most.
    """
    keep = rng.random() < config.keep_people
    stretch = np.exp(rng.uniform(-1, 1, _CANDIDATES) * np.log(config.stretch))
    scale = np.exp(rng.uniform(*np.log(config.scale), _CANDIDATES))
    place, points = rng.random((_CANDIDATES, 2)), rng.random(_CANDIDATES)
    sizes = np.array([largest(source, target, s) for s in stretch]) * np.minimum(scale, 1.0)[:, None]
    least, most = np.zeros_like(sizes), np.array(source[::-1]) - sizes
    people = people_map(labels, source) if keep else None
    if people is not None:  # only places that show a point of theirs
        total = people.ravel().cumsum(dtype=np.float64)
        row, column = np.divmod(np.searchsorted(total, points * total[-1], side="right"), source[1])
        point = np.stack([column, row], 1) + 0.5
        least, most = np.maximum(least, point - sizes), np.minimum(most, point)
    corners = least + place * (most - least)
    pick = 0
    if people is not None:
        shown = np.array([_share(people, corner, size) for corner, size in zip(corners, sizes, strict=True)])
        enough = shown >= config.keep_share
        pick = int(np.argmax(enough) if enough.any() else np.argmax(shown))
    return Window(source, target, *corners[pick].tolist(), *sizes[pick].tolist())


def people_map(labels: Mapping[str, np.ndarray], size: tuple[int, int]) -> np.ndarray | None:
    """(H, W) float32: how much of the time each pixel shows people; None when no label tells or nobody is there."""
    for name in ("instances", "parts", "matte", "surface"):
        if name in labels:
            some = labels[name][:: max(1, len(labels[name]) // _LOOKS)]
            shown = np.isfinite(some[..., 0]) if name == "surface" else some > 0
            found = shown.mean(0, dtype=np.float32)
            return found if found.any() else None
    if "keypoints2d" in labels:
        points = labels["keypoints2d"].reshape(-1, 2)
        inside = np.isfinite(points).all(-1) & (points >= 0).all(-1) & (points < size[::-1]).all(-1)
        if "visibility" in labels:
            inside &= labels["visibility"].ravel() & Visibility.IN_FRAME > 0
        column, row = points[inside].astype(int).T
        found = np.zeros(size, np.float32)
        np.add.at(found, (row, column), 1)
        return found if found.any() else None
    return None


def _share(people: np.ndarray, corner: np.ndarray, size: np.ndarray) -> float:
    (left, top), (right, bottom) = np.rint(corner).astype(int), np.rint(corner + size).astype(int)
    return float(people[top:bottom, left:right].sum() / people.sum())


def companions(fields: Iterable[str]) -> tuple[str, ...]:
    """``fields`` and those that cutting them needs besides, each once: visibility follows its keypoints."""
    names = dict.fromkeys(fields)
    return tuple(names | {"keypoints2d": None} if "visibility" in names else names)


def strided(sample: Sample, step: int) -> Sample:
    """Every ``step``-th frame from the first on. Optical flow reaches to the next frame of the clip, which is not that
    of the strided clip: with a step over 1 it is dropped.

    Raises:
        ThfmError: a step under 1.
    """
    if step < 1:
        raise ThfmError(f"a time stride of {step} is impossible: use 1 or more.")
    if step == 1:
        return sample
    frames = len(sample.rgb)
    labels = {}
    for name, value in sample.labels.items():
        if name == "smplx":
            labels[name] = [
                {k: v[::step] if np.ndim(v) > 1 and len(v) == frames else v for k, v in person.items()}
                for person in value
            ]
        elif name in ("joints3d", "keypoints2d", "visibility"):
            labels[name] = value[:, ::step]
        elif name == "readout":
            labels[name] = value[::step] / step  # its unit is the time of a frame
        elif not name.startswith("flow_"):
            labels[name] = value[::step]
    return replace(sample, rgb=sample.rgb[::step], fps=sample.fps / step, labels=labels)
