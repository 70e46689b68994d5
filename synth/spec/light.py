"""(config, catalogue, scene) -> ``LightSpec``."""

from __future__ import annotations

import math

import numpy as np

from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue
from synth.spec.config import LightConfig
from synth.spec.model import LampSpec, LightSpec, SunSpec
from synth.spec.scenes.model import SceneSpec

_DARK = ("street", "nature", "room", "file")  # where it can be night
_SHADED = {"studio": 0.35}  # share of an environment's light where it is not to outshine lamps
# Of the HDRIs that come with bpy: what may be seen by night, what is dark, and what is no sky.
_NIGHT_SKIES, _DARK_SKIES, _NO_SKIES = ("night", "sunset"), ("night",), ("interior", "studio")
_MOON_KELVIN = 9000.0
_NIGHT_STOPS = 0.8  # by which pictures of the night are darker


def _between(rng: np.random.Generator, bounds: tuple[float, float], digits: int = 4) -> float:
    return round(float(rng.uniform(*bounds)), digits)


def blackbody(kelvin: float) -> tuple[float, float, float]:
    """Linear sRGB of a black body, its largest channel 1; beyond 1,667 and 25,000 K it is that of the end.

    The locus is Kim et al.'s cubic approximation (2002) in CIE 1931 xy.
    """
    t = 1e3 / min(max(kelvin, 1667.0), 25000.0)
    if t > 0.25:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = np.clip(to_rgb @ xyz, 0.0, None)
    return tuple(round(float(c), 4) for c in rgb / rgb.max())


def _suits(hdri: str, scene: SceneSpec, night: bool) -> bool:
    """Whether an HDRI goes with a place and a time: it is seen over fences and through windows."""
    if scene.kind in ("plain", "studio", "backdrop"):
        return True
    if night:
        return hdri in _NIGHT_SKIES
    return hdri not in _DARK_SKIES and (scene.kind == "room" or hdri not in _NO_SKIES)


def _sun(rng: np.random.Generator, config: LightConfig, night: bool) -> SunSpec:
    kelvin = _between(rng, config.sun_kelvin)
    strength = _between(rng, config.sun_strength, 3)
    return SunSpec(
        strength=round(0.03 * strength, 5) if night else strength,
        elevation=round(math.radians(_between(rng, config.sun_elevation_degrees)), 4),
        azimuth=_between(rng, (-math.pi, math.pi)),
        softness_degrees=_between(rng, config.sun_softness_degrees, 3),
        colour=blackbody(_MOON_KELVIN if night else kelvin),
    )


def _lamp(rng: np.random.Generator, config: LightConfig, night: bool) -> LampSpec:
    kind = ("area", "point")[int(rng.integers(2))]
    return LampSpec(
        kind=kind,
        azimuth=_between(rng, (-math.pi, math.pi)),
        elevation=_between(rng, (0.3, 1.2)),
        distance=_between(rng, (1.5, 4.0), 3),
        size=_between(rng, (0.3, 1.5) if kind == "area" else (0.05, 0.3), 3),
        strength=round(_between(rng, config.lamp_strength) * (0.2 if night else 1.0), 4),
        kelvin=_between(rng, config.lamp_kelvin, 0),
    )


def sample_light(rng: np.random.Generator, config: LightConfig, catalogue: Catalogue, scene: SceneSpec) -> LightSpec:
    """Draw the light of a clip that plays in ``scene``.

    Raises:
        ThfmError: there is no HDRI.
    """
    names = config.hdris or catalogue.hdris
    if not names:
        raise ThfmError("there is no HDRI: install bpy, which brings eight, or name some in spec.light.hdris.")
    time = config.times[int(rng.integers(len(config.times)))]
    night = time == "night" and scene.kind in _DARK
    names = [n for n in names if _suits(n, scene, night)] or names
    hdri = names[int(rng.integers(len(names)))]
    # In a studio or under a backdrop, what stands before an HDRI takes most of its light.
    with_sun = rng.uniform() < config.sun and scene.kind not in ("studio", "backdrop")
    with_lamp = rng.uniform() < config.lamp or (night and scene.kind in ("nature", "file"))
    share = _SHADED.get(scene.kind, 1.0)
    return LightSpec(
        hdri=hdri,
        rotation=round(math.radians(_between(rng, config.rotation_degrees)), 4),
        exposure=round(_between(rng, config.exposure) - (_NIGHT_STOPS if night else 0.0), 4),
        strength=round(share * _between(rng, config.strength), 4),
        time="night" if night else "day",
        kelvin=_between(rng, config.lamp_kelvin, 0),
        sun=_sun(rng, config, night) if with_sun else None,
        lamps=(_lamp(rng, config, night),) if with_lamp else (),
    )
