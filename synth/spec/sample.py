"""(config, catalogue, seed, index) -> ``ClipSpec``. Pure: the same four give the same clip on any machine."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from synth.conventions import ThfmError
from synth.spec.camera.sample import sample_camera
from synth.spec.catalogue import Catalogue
from synth.spec.config import GroundConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.group.cast import alike, draw_motions
from synth.spec.group.sample import Group, draw_count, draw_group
from synth.spec.light import sample_light
from synth.spec.model import ClipSpec, GroundSpec, ItemSpec, MotionSpec, PersonSpec
from synth.spec.props.sample import hands_are_free, sample_props
from synth.spec.scenes.sample import sample_scene
from synth.spec.seeds import generator
from synth.spec.shapes import BETAS
from synth.spec.tones import skin_tones
from synth.spec.wear import draw_cloth, draw_outfit, draw_simulated, dressed_by_bedlam

# Linear RGB. Irises: browns, hazel, greens, blues, grey. Hair: black to blond, red, grey.
_IRISES = (
    (0.07, 0.03, 0.012),
    (0.13, 0.06, 0.02),
    (0.16, 0.11, 0.04),
    (0.1, 0.13, 0.06),
    (0.12, 0.2, 0.3),
    (0.2, 0.24, 0.26),
)
_HAIRS = (
    (0.06, 0.05, 0.05),
    (0.2, 0.13, 0.09),
    (0.4, 0.26, 0.16),
    (0.55, 0.36, 0.17),
    (0.3, 0.11, 0.045),
    (0.36, 0.35, 0.335),
)

_BROWS = 0.5  # brows are darker than hair


def clip_key(index: int) -> str:
    """The stable id of clip ``index``."""
    return f"{index:08d}"


def _between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(rng.uniform(*bounds))


def _pick(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def _rounded(values) -> tuple[float, ...]:
    """Four decimals: specs stay readable, and JSON gives back exactly what was rendered."""
    return tuple(round(float(v), 4) for v in values)


# Linear RGB of real floors: concretes, asphalt, woods, tiles, sand, terracotta, earth, moss and slate.
_FLOORS = (
    (0.32, 0.31, 0.29), (0.18, 0.18, 0.18), (0.05, 0.05, 0.055), (0.25, 0.13, 0.06), (0.12, 0.055, 0.025),
    (0.42, 0.27, 0.14), (0.5, 0.48, 0.44), (0.42, 0.33, 0.22), (0.34, 0.13, 0.07), (0.14, 0.09, 0.055),
    (0.09, 0.13, 0.045), (0.09, 0.11, 0.13),
)  # fmt: skip


def _betas(rng: np.random.Generator, config: PeopleConfig, catalogue: Catalogue, gender: str, style: str) -> np.ndarray:
    """(10,) betas of a body of drawn stature and BMI that is otherwise as it happens."""
    if gender not in catalogue.shapes:
        raise ThfmError(f"there is no {gender} body model: install it, or leave {gender} out of spec.people.genders.")
    height = _between(rng, config.female_height_m if style == "female" else config.male_height_m)
    bmi = math.exp(_between(rng, tuple(math.log(b) for b in config.bmi)))
    start = np.clip(rng.normal(0.0, config.shape_spread, BETAS), -2.5, 2.5)
    return catalogue.shapes[gender].betas_for(start, height, bmi)


def _person(rng: np.random.Generator, config: PeopleConfig, catalogue: Catalogue, motion: MotionSpec) -> PersonSpec:
    gender = _pick(rng, config.genders)
    style = gender if gender != "neutral" else _pick(rng, ("female", "male"))
    fitting = [i for i in catalogue.items if i.style in (style, "any")]
    skins = [s for s in catalogue.skins if s.style == style and (not config.skins or s.name in config.skins)]
    if not skins:
        wanted = f" named in spec.people.skins ({', '.join(config.skins)})" if config.skins else ""
        raise ThfmError(f"no skin{wanted} is painted for {style} bodies: name one of them, or restore assets/skins.")
    tone, warm = _between(rng, (0.82, 1.0)), _between(rng, (0.95, 1.0))
    betas = _betas(rng, config, catalogue, gender, style)
    # Components are facial actions, from none to full at 2; a negative one would push lips and lids into each other.
    expression = np.clip(np.abs(rng.normal(0.0, config.expression_spread, 10)), 0.0, 1.5)
    worn = draw_outfit(rng, config, fitting) if config.clothes else []
    shade = _pick(rng, _HAIRS)
    hair_colour = _rounded(min(1.0, c * _between(rng, (0.8, 1.25))) for c in shade)

    def on_head(kind: str) -> ItemSpec | None:
        options = [i for i in fitting if i.kind == kind]
        if kind == "hair" and any(w.kind == "hats" for w in worn):
            options = [i for i in options if i.under_hat]
        if kind == "hair" and any(w.on_back for w in worn):
            options = [i for i in options if not i.on_back]
        if not config.hair or not options:
            return None
        item = _pick(rng, options)
        tint = hair_colour if kind == "hair" else _rounded(_BROWS * c for c in hair_colour)
        return ItemSpec(name=item.name, tint=tint if item.tintable else None)

    skin, skin_tint = _pick(rng, skins), _rounded((tone, tone * warm, tone * warm * warm))
    tones = skin_tones(skin.base_colour, skin_tint)
    return PersonSpec(
        gender=gender,
        betas=_rounded(betas),
        expression=_rounded(expression),
        skin=skin.name,
        skin_tint=skin_tint,
        eye_colour=_rounded(c * _between(rng, (0.8, 1.2)) for c in _pick(rng, _IRISES)),
        clothes=tuple(draw_cloth(rng, config, item, tones) for item in worn),
        hair=on_head("hair"),
        brows=on_head("brows"),
        lashes=on_head("lashes"),
        motion=motion,
    )


_REDRAWS = 12  # small wardrobes may leave no other choice


def _people(
    rng: Callable[[str], np.random.Generator], config: SpecConfig, catalogue: Catalogue, seconds: float, group: Group
) -> tuple[PersonSpec, ...]:
    """Everybody in a clip, no two of whom look the same if the wardrobe allows."""
    garments = {i.name for i in catalogue.items if i.kind == "garments"}
    people: list[PersonSpec] = []
    motions = draw_motions(rng, config, catalogue, seconds, group)
    for k, (slot, motion) in enumerate(zip(group.slots, motions, strict=True)):
        draws = rng(f"person {k}")
        garment = draw_simulated(rng(f"simulated {k}"), config.people, catalogue.simulated, motion)
        people_like = config.people
        if garment is not None:
            people_like = people_like.model_copy(update={"genders": (garment[0].gender,)})
        for _ in range(_REDRAWS):
            person = _person(draws, people_like, catalogue, motion)
            person = dressed_by_bedlam(rng(f"overlay {k}"), config.people, catalogue, person, garment)
            if not any(alike(person, other, garments) for other in people):
                break
        where = {"position": slot.position, "yaw": slot.heading, "framed": slot.framed}
        people.append(person.model_copy(update=where))
    return tuple(people)


def _ground(rng: np.random.Generator, config: GroundConfig) -> GroundSpec:
    a = _rounded(c * _between(rng, (0.85, 1.15)) for c in _pick(rng, _FLOORS))
    shift = _between(rng, (0.6, 1.5))
    return GroundSpec(
        pattern=_pick(rng, config.patterns),
        a=a,
        b=tuple(round(min(0.9, c * shift + 0.01), 4) for c in a),
        scale=round(math.exp(_between(rng, (math.log(0.3), math.log(1.5)))), 4),
        rotation=round(_between(rng, (0.0, math.pi)), 4),
        offset=(round(rng.uniform(), 4), round(rng.uniform(), 4)),
        bump=round(_between(rng, (0.05, 0.5)), 4),
        roughness=round(_between(rng, (0.35, 0.95)), 4),
    )


# Both sides of a square are multiples of this: video codecs and backbones work in such blocks.
_BLOCK = 16


def _size(rng: np.random.Generator, video: VideoConfig) -> tuple[int, int]:
    """Width and height of a clip."""
    shape = _pick(rng, video.shapes)
    if shape == "square":
        side = max(round(math.sqrt(video.width * video.height) / _BLOCK), 2) * _BLOCK
        return side, side
    return (video.height, video.width) if shape == "turned" else (video.width, video.height)


def sample_clip(config: SpecConfig, catalogue: Catalogue, seed: int, index: int, attempt: int = 0) -> ClipSpec:
    """Draw clip ``index`` of the data set ``seed``; ``attempt`` draws another one after a rejection.

    Raises:
        ThfmError: the config asks for what the catalogue does not hold.
    """

    def rng(purpose: str) -> np.random.Generator:
        return generator(seed, index, attempt, purpose)

    video = config.video
    # One frame before and one after the clip are part of it too: motion blur and flow look at them.
    seconds = (video.frames + 1) / video.fps
    width, height = _size(rng("shape"), video)
    scene = sample_scene(rng("scene"), config.scene, catalogue)
    camera = sample_camera(
        rng("camera"), config.camera, video.frames, video.fps, (width, height), catalogue.camera_paths
    )
    # Drawn anew, a clip holds as many people: else crowds, which are rejected more often, would become rare.
    count = draw_count(generator(seed, index, 0, "count"), config.people.count)
    group = draw_group(rng("group"), config.group, count, camera.azimuth)
    people = _people(rng, config, catalogue, seconds, group)
    return ClipSpec(
        key=clip_key(index),
        seed=seed,
        index=index,
        attempt=attempt,
        frames=video.frames,
        fps=video.fps,
        width=width,
        height=height,
        body_model=catalogue.body_model,
        people=people,
        formation=group.formation,
        light=sample_light(rng("light"), config.light, catalogue, scene),
        ground=_ground(rng("ground"), config.ground),
        scene=scene,
        camera=camera,
        props=sample_props(
            rng("props"), config.props, catalogue, [hands_are_free(p.motion, catalogue) for p in people], camera.band
        ),
    )
