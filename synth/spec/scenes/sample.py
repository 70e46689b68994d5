"""(config, catalogue, generator) -> ``SceneSpec``."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue
from synth.spec.scenes.config import SceneConfig
from synth.spec.scenes.model import (
    BackdropScene,
    FileScene,
    NatureScene,
    PlainScene,
    RoomScene,
    SceneSpec,
    StreetScene,
    StudioScene,
)
from synth.spec.scenes.surfaces import between, draw_surface, paint, pick, rounded

_INDOORS = ("armchair", "bed", "board", "chair", "cupboard", "lamp", "plant", "shelf", "sofa", "stool", "table")
_WAYSIDE = ("bench", "bin", "box", "plant", "vehicle")
_OUTDOORS = ("bench", "box", "lamp", "rock", "vehicle")
_OUT_OF_PLACE = {"indoors": ("lantern", "stone_lantern"), "outdoors": ("desklamp", "speaker3")}
_TRIMS = ((0.75, 0.74, 0.7), (0.8, 0.8, 0.8), (0.25, 0.13, 0.06), (0.08, 0.045, 0.025), (0.03, 0.03, 0.03))
_LEAVES = ((0.05, 0.12, 0.02), (0.08, 0.16, 0.03), (0.12, 0.17, 0.03), (0.25, 0.14, 0.02), (0.03, 0.07, 0.025))
_TALL = 0.25  # metres; lower things lie on tables


def _count(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))


def _things(rng: np.random.Generator, catalogue: Catalogue, kinds: tuple[str, ...], count: int) -> tuple[str, ...]:
    strange = _OUT_OF_PLACE["indoors" if kinds == _INDOORS else "outdoors"]
    fitting = [p for p in catalogue.props if p.kind in kinds and not p.held and p.size[2] >= _TALL]
    names = [p.name for p in fitting if p.name not in strange]
    return tuple(pick(rng, names) for _ in range(count)) if names else ()


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _room(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> RoomScene:
    def surface(use: str):
        return draw_surface(rng, use, catalogue.textures, config.photographs)

    return RoomScene(
        seed=_seed(rng),
        floor=surface("floor"),
        walls=surface("walls"),
        ceiling=surface("ceiling"),
        trim=pick(rng, _TRIMS),
        height=round(between(rng, config.room_height), 3),
        space=round(between(rng, config.space), 3),
        extra=rounded(rng.exponential(0.8, 4)),
        yaw=round(between(rng, (0.0, math.pi / 2)), 4),
        windows=_count(rng, config.windows),
        doors=_count(rng, (1, 2)),
        pictures=_count(rng, (0, 4)),
        furniture=_things(rng, catalogue, _INDOORS, _count(rng, config.furniture)),
        lamps=_count(rng, (1, 4)),
        lit=bool(rng.uniform() < config.lamps_on),
    )


def _street(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> StreetScene:
    def surface(use: str):
        return draw_surface(rng, use, catalogue.textures, config.photographs)

    low, high = sorted((_count(rng, config.storeys), _count(rng, config.storeys)))
    return StreetScene(
        seed=_seed(rng),
        pavement=surface("pavement"),
        asphalt=surface("road"),
        fronts=tuple(surface("front") for _ in range(4)),
        trim=pick(rng, _TRIMS),
        slant=round(math.radians(between(rng, config.slant_degrees)), 4),
        setback=round(between(rng, config.space), 3),
        road=round(between(rng, config.road), 3),
        storeys=(max(low, 1), max(high, 1)),
        posts=_count(rng, (0, 8)),
        trees=_count(rng, config.plants) // 2,
        things=_things(rng, catalogue, _WAYSIDE, _count(rng, (0, 5))),
    )


def _nature(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> NatureScene:
    ground = draw_surface(rng, "ground", catalogue.textures, config.photographs)
    plants = _count(rng, config.plants)
    trees = int(rng.integers(plants + 1))
    green = "grass" in (ground.pattern, ground.photo or "")
    return NatureScene(
        seed=_seed(rng),
        ground=ground,
        hills=round(between(rng, config.hills), 3),
        leaf=rounded(c * between(rng, (0.8, 1.25)) for c in pick(rng, _LEAVES)),
        border=pick(rng, ("none", "none", "fence", "wall")),
        wall=draw_surface(rng, "front", catalogue.textures, config.photographs),
        trees=trees,
        bushes=plants - trees,
        rocks=_count(rng, (0, 8)),
        tufts=_count(rng, (20, 60)) * 10 if green else 0,
        things=_things(rng, catalogue, _OUTDOORS, _count(rng, (0, 4))),
    )


def _studio(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> StudioScene:
    a = paint(rng, (0.04, 0.85), (0.0, 0.8)) if rng.uniform() < 0.6 else rounded((between(rng, (0.03, 0.85)),) * 3)
    shade = between(rng, (0.35, 1.4))
    return StudioScene(
        a=a,
        b=tuple(round(min(0.9, c * shift), 4) for c, shift in zip(a, shade * rng.uniform(0.85, 1.15, 3), strict=True)),
        grading=pick(rng, ("none", "height", "spot")),
        space=round(between(rng, config.space), 3),
        bend=round(between(rng, (0.4, 1.5)), 3),
        lamps=_count(rng, (1, 3)),
        seed=_seed(rng),
    )


def _backdrop(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> BackdropScene:
    if not catalogue.backdrops:
        raise ThfmError("there are no backdrops: name folders of yours in bodies.backdrop_folders.")
    entry = pick(rng, catalogue.backdrops)
    return BackdropScene(
        name=entry.name,
        metres=round(between(rng, config.backdrop_metres), 3),
        start=round(rng.uniform() * entry.seconds, 4),
        mirrored=bool(rng.uniform() < 0.5),
    )


def _file(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> FileScene:
    if not catalogue.scenes:
        raise ThfmError("there are no scene files: name folders of yours in bodies.scene_folders.")
    return FileScene(name=pick(rng, catalogue.scenes), seed=_seed(rng))


_DRAWS: dict[str, Callable[[np.random.Generator, SceneConfig, Catalogue], SceneSpec]] = {
    "plain": lambda rng, config, catalogue: PlainScene(),
    "room": _room,
    "street": _street,
    "nature": _nature,
    "studio": _studio,
    "backdrop": _backdrop,
    "file": _file,
}


def sample_scene(rng: np.random.Generator, config: SceneConfig, catalogue: Catalogue) -> SceneSpec:
    """Draw the place of a clip.

    Raises:
        ThfmError: the config asks for backdrops or scene files, and there are none.
    """
    return _DRAWS[pick(rng, config.kinds)](rng, config, catalogue)
