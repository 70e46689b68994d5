"""(config, clip's length, paths) -> ``CameraSpec``."""

from __future__ import annotations

import math

import numpy as np

from synth.conventions import ThfmError
from synth.lens import corner_distortion
from synth.spec.camera.config import CameraConfig
from synth.spec.camera.model import CameraSpec, Framing, GaitSpec, LensSpec, ReplaySpec, ShakeSpec
from synth.spec.catalogue import PathEntry

# Lowest height in sight, in shares of the standing body: knees 0.29, hips 0.52, spine 0.65, shoulders 0.81, chin 0.88.
_LOWEST: dict[Framing, tuple[float, float]] = {
    "full_body": (0.0, 0.0),
    "three_quarter": (0.26, 0.42),
    "upper_body": (0.5, 0.64),
    "head_and_shoulders": (0.74, 0.79),
}
_HEIGHTS = {"ankle": 0.04, "foot": 0.02, "knee": 0.29, "hip": 0.52, "pelvis": 0.57, "neck": 0.87, "head": 0.91}
_WIDEST_GAZE = 28.0  # mm: no head wears a telephoto lens
_GLOBAL_SHUTTER = ("zoom", "dolly_zoom", "replay")  # one camera matrix a frame cannot tell of rows that are zoomed
_FRAMES_TO_ROLL = 3  # frames with a neighbour on both sides can be checked
_MOST = {"orbit": math.tau, "rise": 0.9, "ratio": 3.0}  # however long the clip


def _between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(rng.uniform(*bounds))


def _log_between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return math.exp(_between(rng, (math.log(bounds[0]), math.log(bounds[1]))))


def _grown(rate: float, seconds: float, most: float) -> float:
    """``rate`` to the power of ``seconds``, at most ``most``; by logarithms, since powers of long clips overflow."""
    return math.exp(min(math.log(rate) * seconds, math.log(most)))


def _band(rng: np.random.Generator, framing: Framing, config: CameraConfig) -> tuple[float, float]:
    if framing != "truncated":
        return round(_between(rng, _LOWEST[framing]), 4), 1.0
    size = _between(rng, config.truncated)
    low = _between(rng, (0.0, 1.0 - size))
    return round(low, 4), round(low + size, 4)


def _in_band(joint: str, band: tuple[float, float]) -> bool:
    """Whether a framing shows what a tracking camera watches; hands and elbows go everywhere."""
    height = next((h for stem, h in _HEIGHTS.items() if stem in joint), None)
    return height is None or band[0] <= height <= band[1]


def _replay(rng: np.random.Generator, paths: tuple[PathEntry, ...], seconds: float) -> ReplaySpec:
    long_enough = [p for p in paths if p.seconds >= seconds]
    if not long_enough:
        raise ThfmError(
            f"no captured camera path is {seconds:.2f} s long: name longer ones in bodies.camera_paths, ask for fewer "
            "frames, or take replay out of spec.camera.moves."
        )
    path = long_enough[int(rng.integers(len(long_enough)))]
    return ReplaySpec(path=path.name, start=round(math.floor(1e4 * rng.uniform(0, path.seconds - seconds)) / 1e4, 4))


def _shake(rng: np.random.Generator, config: CameraConfig, focal_mm: float) -> ShakeSpec:
    degrees, metres = _log_between(rng, config.shake_degrees), _log_between(rng, config.shake_metres)
    steadiness = min(1.0, math.sqrt(35.0 / focal_mm))
    return ShakeSpec(degrees=round(degrees * steadiness, 5), metres=round(metres, 5), seed=int(rng.integers(2**31)))


def _lens(
    rng: np.random.Generator, config: CameraConfig, widest_mm: float, size: tuple[int, int], may_roll: bool
) -> LensSpec:
    shutter = _between(rng, config.shutter_degrees) / 360
    shallow, f_stop = rng.uniform() < config.depth_of_field, _log_between(rng, config.f_stop)
    bends, corner, second = rng.uniform() < config.distorted, _between(rng, config.distortion), rng.uniform(-0.3, 0.3)
    k1 = k2 = 0.0
    if bends:
        k1, k2 = corner_distortion(corner, second, widest_mm / 36.0 * max(size), *size)
    rolls, readout = rng.uniform() < config.rolling_shutter, _between(rng, config.readout)
    return LensSpec(
        shutter=round(shutter, 4), f_stop=round(f_stop, 3) if shallow else None, k1=round(k1, 6), k2=round(k2, 6),
        readout=round(readout, 4) if rolls and may_roll else 0.0,
    )  # fmt: skip


def sample_camera(
    rng: np.random.Generator,
    config: CameraConfig,
    frames: int,
    fps: float,
    size: tuple[int, int] = (832, 480),
    paths: tuple[PathEntry, ...] = (),
) -> CameraSpec:
    """Draw how a clip of ``frames`` frames of ``size`` (width, height) is filmed.

    Rates of the config are times the clip's length, up to a whole orbit, 50 degrees of a crane, a factor of three in
    distance or focal length, and a sweep of half of what people span.

    Raises:
        ThfmError: the draw is a replay, and no path of ``paths`` is long enough.
    """
    seconds = frames / fps
    move = config.moves[int(rng.integers(len(config.moves)))]
    framing = config.framings[int(rng.integers(len(config.framings)))]
    sign = 1.0 if rng.uniform() < 0.5 else -1.0
    focal, fill = _log_between(rng, config.focal_mm), _between(rng, config.fill)
    spec = {
        "move": move,
        "framing": framing,
        "band": _band(rng, framing, config),
        "azimuth": round(_between(rng, (-math.pi, math.pi)), 4),
        "elevation": round(math.radians(_between(rng, config.elevation_degrees)), 4),
        "roll": round(math.radians(_between(rng, config.roll_degrees)), 4),
        "fill": round(fill, 4),
        "aim": tuple(round(_between(rng, (-config.off_centre, config.off_centre)), 4) for _ in range(2)),
    }
    if move == "orbit":
        angle = math.radians(_between(rng, config.orbit_degrees_per_second)) * seconds
        spec["orbit"] = round(sign * min(angle, _MOST["orbit"]), 4)
    elif move == "crane":
        angle = math.radians(_between(rng, config.crane_degrees_per_second)) * seconds
        spec["rise"] = round(sign * min(angle, _MOST["rise"]), 4)
    elif move in ("pan", "tilt", "truck"):
        spec["sweep"] = round(sign * min(_between(rng, config.sweep_per_second) * seconds, 0.5 * fill), 4)
    elif move in ("dolly", "egocentric"):
        factor = _grown(_between(rng, config.dolly_per_second), seconds, _MOST["ratio"])
        spec["ratio"] = round(factor**sign, 4)
    elif move in ("zoom", "dolly_zoom"):
        low, high = config.focal_mm
        rate = _between(rng, config.zoom_per_second if move == "zoom" else config.dolly_per_second)
        factor = _grown(rate, seconds, min(_MOST["ratio"], high / low))
        focal = min(max(focal, low * factor**0.5), high / factor**0.5)  # both ends stay in the range
        spec["ratio"] = round(factor**sign, 4)
    elif move == "track":
        watched = [joint for joint in config.tracked if _in_band(joint, spec["band"])] or config.tracked
        spec["track"] = watched[int(rng.integers(len(watched)))]
    elif move == "replay":
        spec["replay"] = _replay(rng, paths, (frames + 1) / fps)
    if move == "egocentric":
        focal = min(focal, max(_WIDEST_GAZE, config.focal_mm[0]))
        spec["eye_height"] = round(_between(rng, config.eye_height), 4)
        spec["gait"] = GaitSpec(
            steps_per_second=round(_between(rng, (1.6, 2.1)), 4),
            lift=round(_between(rng, (0.01, 0.04)), 4),
            phase=round(_between(rng, (0.0, 2.0)), 4),
        )
    by_hand = rng.uniform() < config.shake
    if move == "egocentric" or (by_hand and move != "replay"):
        spec["shake"] = _shake(rng, config, focal)
    widest = focal / max(spec["ratio"], 1 / spec["ratio"]) ** 0.5 if move in ("zoom", "dolly_zoom") else focal
    may_roll = move not in _GLOBAL_SHUTTER and frames >= _FRAMES_TO_ROLL
    lens = _lens(rng, config, widest, size, may_roll)
    return CameraSpec(focal_mm=round(focal, 3), lens=lens, **spec)
