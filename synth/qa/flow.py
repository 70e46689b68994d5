"""Optical flow against depth, cameras and itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synth.conventions import Semantic
from synth.qa.clip import Optics, StorageError, Taps, pixel_grid, share, stride
from synth.qa.config import QaConfig
from synth.qa.verdict import Measure

_PIXELS = 6000  # looked at per frame
_STATIC = (Semantic.GROUND, Semantic.WALL)
_SAME_SKIN = 0.02  # dense-pose distance below which two pixels show the same spot


def _static_error(fields: Mapping, t: int, then: int, name: str, storage: StorageError) -> np.ndarray:
    """(N,) by how many pixels the flow of things that stand still misses the camera's motion, storage forgiven."""
    height, width = fields["depth"].shape[1:]
    rows, columns = pixel_grid(height, width, stride(height * width, _PIXELS))
    semantics, depth = fields["semantics"][t, rows, columns], fields["depth"][t, rows, columns]
    far = semantics == Semantic.BACKGROUND
    static = np.isin(semantics, _STATIC) & np.isfinite(depth)
    keep = far | static
    rows, columns, far = rows[keep], columns[keep], far[keep]
    here, other = Optics.of(fields, t), Optics.of(fields, then)
    times = here.shutter.times(rows + 0.5)
    points = here.backproject(rows, columns, np.where(far, 1.0, depth[keep]))
    ways, places = here.shutter.turned(points, times, back=True), here.shutter.to_world(points, times)

    def see(moments: np.ndarray) -> np.ndarray:
        near = other.shutter.to_camera(lambda step: places, moments)
        return np.where(far[:, None], other.shutter.turned(ways, moments), near)

    seen = other.shutter.exposed(see, other.project, len(rows))
    image = other.project(seen)
    turned = other.shutter.turned(ways, other.shutter.times(image[:, 1]))
    expected = image - np.stack([columns + 0.5, rows + 0.5], -1)
    given = fields[name][t, rows, columns].astype(np.float64)
    # Depth matters to flow through parallax alone.
    parallax = np.linalg.norm(image - other.project(turned), axis=1)
    error = np.linalg.norm(given - expected, axis=1) - 1.5 * storage.flow - 2 * storage.depth * parallax
    # Points behind the other camera have no flow, and must not pretend to.
    none = ~np.isfinite(expected).all(1) & ~np.isfinite(given).all(1)
    return np.where(none, 0.0, np.nan_to_num(error, nan=np.inf))


def check_static_flow(fields: Mapping, config: QaConfig, storage: StorageError) -> list[Measure]:
    """Ground, walls and sky flow as depth and the camera's motion say, forwards and backwards."""
    frames = len(fields["depth"])
    out = []
    for name, step, says in (("flow_forward", 1, "forward"), ("flow_backward", -1, "backward")):
        values = np.full(frames, np.nan)
        for t in range(frames):
            if 0 <= t + step < frames and Optics.of(fields, t).known and Optics.of(fields, t + step).known:
                values[t] = share(_static_error(fields, t, t + step, name, storage) > config.flow_pixels)
        says = f"static pixels whose {says} flow is not the camera's motion are"
        out.append(Measure(f"static_{name}", says, values, config.flow_share, unit="%"))
    return out


def check_return(fields: Mapping, config: QaConfig, storage: StorageError) -> list[Measure]:
    """Carried along its forward flow, a person's pixel shows the same spot, and the backward flow brings it back.

    Spots that hide behind something in the next frame are told by their dense pose and instance and left out, unless
    most of them are.
    """
    frames, height, width = fields["depth"].shape
    back, lost = np.full((2, frames), np.nan)
    for t in range(frames - 1):
        rows, columns = np.nonzero(fields["instances"][t])
        step = max(1, -(-len(rows) // _PIXELS))
        rows, columns = rows[::step], columns[::step]
        forward = fields["flow_forward"][t, rows, columns].astype(np.float64)
        taps = Taps.at(np.stack([columns + 0.5, rows + 0.5], -1) + forward, height, width)
        spot = taps.read(fields["surface"][t + 1])
        apart = np.linalg.norm(spot - fields["surface"][t, rows, columns][:, None], axis=2)
        person = taps.read(fields["instances"][t + 1]) == fields["instances"][t, rows, columns][:, None]
        same = (person & (apart < _SAME_SKIN)).all(1) & taps.inside
        any_same = (person & (apart < 2 * _SAME_SKIN)).any(1)
        missed = np.linalg.norm(taps.blend(taps.read(fields["flow_backward"][t + 1])) + forward, axis=1)
        back[t] = share(~(missed[same] <= config.return_pixels + 3 * storage.flow))
        lost[t] = share(~any_same[taps.inside])
    return [
        Measure("flow_return", "people's pixels that backward flow does not bring back are",
                back, config.return_share, unit="%", where="seen"),
        Measure("flow_lost", "people's pixels whose forward flow ends on another spot are", lost, 0.5, unit="%",
                where="seen"),
    ]  # fmt: skip


def check_colour_flow(fields: Mapping, config: QaConfig) -> list[Measure]:
    """Flow explains how the colours move: carried along it, they fit the next picture better than left in place."""
    frames, height, width = fields["depth"].shape
    values = np.full(frames, np.nan)
    rows, columns = pixel_grid(height, width, stride(height * width, 4 * _PIXELS))
    for t in range(frames - 1):
        flow = fields["flow_forward"][t, rows, columns].astype(np.float64)
        with np.errstate(invalid="ignore"):
            moving = np.linalg.norm(flow, axis=1) > 2.0  # less is lost in the renderer's noise
        here = np.stack([columns + 0.5, rows + 0.5], -1)[moving]
        taps = Taps.at(here + flow[moving], height, width)
        if taps.inside.sum() < 100:
            continue
        now = fields["rgb"][t, rows, columns][moving].astype(np.float64)
        carried = np.abs(taps.blend(taps.read(fields["rgb"][t + 1])) - now)[taps.inside].sum()
        left = np.abs(fields["rgb"][t + 1, rows, columns][moving] - now)[taps.inside].sum()
        values[t] = carried / max(left, 1e-9)
    return [
        Measure("colour_flow", "colour differences that remain when flow is followed, against when it is not, are",
                values, config.colour_flow, mean=True)
    ]  # fmt: skip
