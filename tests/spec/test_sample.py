"""Clip specs: deterministic, independent of each other, and within the config's ranges."""

import json
import math
import random

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.config import CameraConfig, GroundConfig, LightConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.model import ClipSpec
from synth.spec.sample import sample_clip
from synth.spec.seeds import derive_seed, generator


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


SHORT = SpecConfig(video=VideoConfig(frames=16, width=96, height=64))


def test_same_seed_and_index_give_the_same_clip_in_any_order(catalogue):
    forward = [sample_clip(SHORT, catalogue, 3, k) for k in range(12)]
    backward = [sample_clip(SHORT, catalogue, 3, k) for k in reversed(range(12))]
    assert forward == backward[::-1]


def test_no_global_randomness(catalogue, monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("global random state used")

    for module, names in ((np.random, ("rand", "randn", "random", "uniform", "normal", "choice", "seed")),
                          (random, ("random", "uniform", "choice", "seed"))):  # fmt: skip
        for name in names:
            monkeypatch.setattr(module, name, forbidden)
    sample_clip(SHORT, catalogue, 0, 0)


def test_other_seed_index_or_attempt_give_another_clip(catalogue):
    base = sample_clip(SHORT, catalogue, 0, 0).model_dump(exclude={"seed", "index", "attempt", "key"})
    for other in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        assert sample_clip(SHORT, catalogue, *other).model_dump(exclude={"seed", "index", "attempt", "key"}) != base


def test_clips_drawn_anew_hold_as_many_people(catalogue):
    """Crowds are rejected more often than single people: another number would make them rare."""
    some = SHORT.model_copy(update={"people": PeopleConfig(count=(1, 8))})
    counts = [[len(sample_clip(some, catalogue, 1, k, attempt).people) for attempt in range(3)] for k in range(8)]
    assert all(len(set(of_one)) == 1 for of_one in counts) and len({of_one[0] for of_one in counts}) > 2


def test_spec_survives_json(catalogue):
    spec = sample_clip(SHORT, catalogue, 0, 5)
    assert ClipSpec.model_validate(json.loads(spec.model_dump_json())) == spec


def test_changing_one_room_leaves_the_others_alone(catalogue):
    other = SHORT.model_copy(update={"camera": CameraConfig(moves=("static",), focal_mm=(100, 100))})
    a, b = sample_clip(SHORT, catalogue, 0, 2), sample_clip(other, catalogue, 0, 2)
    assert (a.people, a.light, a.ground) == (b.people, b.light, b.ground)
    assert b.camera.move == "static" and b.camera.focal_mm == pytest.approx(100)


def test_ranges_are_kept_and_used(catalogue):
    specs = [sample_clip(SHORT, catalogue, 7, k) for k in range(300)]
    camera = SHORT.camera
    focal = [s.camera.focal_mm for s in specs]
    assert camera.focal_mm[0] <= min(focal) < 14 and 170 < max(focal) <= camera.focal_mm[1]
    elevation = np.degrees([s.camera.elevation for s in specs])
    assert (
        elevation.min() >= camera.elevation_degrees[0] - 0.01 and elevation.max() <= camera.elevation_degrees[1] + 0.01
    )
    assert {s.camera.move for s in specs} == set(camera.moves)
    assert {s.ground.pattern for s in specs} == set(SHORT.ground.patterns)
    assert {s.light.hdri for s in specs} == set(catalogue.hdris)
    assert {s.people[0].gender for s in specs} == {"female", "male"}
    assert {s.people[0].motion.mirrored for s in specs} == {True, False}
    assert len({s.people[0].skin for s in specs}) == len(catalogue.skins)
    assert len({c.name for s in specs for c in s.people[0].clothes}) >= 20
    assert all(-math.pi <= s.people[0].yaw <= math.pi for s in specs)


def test_outfits_make_sense(catalogue):
    items = {i.name: i for i in catalogue.items}
    for k in range(200):
        person = sample_clip(SHORT, catalogue, 11, k).people[0]
        worn = [items[c.name] for c in person.clothes]
        assert all(i.style in (person.gender, "any") for i in worn)
        assert [i.kind for i in worn].count("shoes") == 1
        garments = [i for i in worn if i.kind == "garments"]
        assert len(garments) == 2 or garments[0].semantic in ("dress", "suit_one_piece")
        if any(i.kind == "hats" for i in worn) and person.hair:
            assert items[person.hair.name].under_hat
        if person.hair and items[person.hair.name].on_back:
            assert not any(i.on_back for i in worn)
        assert all(c.tint is None for c in person.clothes if not items[c.name].tintable)


def test_bare_people_have_neither_clothes_nor_hair(catalogue):
    config = SHORT.model_copy(update={"people": PeopleConfig(clothes=False, hair=False)})
    person = sample_clip(config, catalogue, 0, 0).people[0]
    assert not person.clothes and person.hair is person.brows is person.lashes is None


def test_skins_can_be_chosen(catalogue):
    names = ("old_asian_female", "young_african_male")
    config = SHORT.model_copy(update={"people": PeopleConfig(skins=names)})
    assert {sample_clip(config, catalogue, 3, k).people[0].skin for k in range(40)} == set(names)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (SpecConfig(video=VideoConfig(frames=100000)), "s long"),
        (SpecConfig(motions=("moonwalk",)), "moonwalk"),
        (SpecConfig(people=PeopleConfig(skins=("green",))), "green"),
    ],
)
def test_impossible_wishes_name_the_remedy(catalogue, config, message):
    with pytest.raises(ThfmError, match=message):
        sample_clip(config, catalogue, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CameraConfig(focal_mm=(50, 20)),
        lambda: VideoConfig(width=97),
        lambda: VideoConfig(frames=0),
        lambda: LightConfig(sun=1.5),
        lambda: GroundConfig(patterns=("lava",)),
        lambda: PeopleConfig(genders=()),
        lambda: PeopleConfig(bmi=(0, 25)),
        lambda: PeopleConfig(female_height_m=(-1, 1.7)),
        lambda: PeopleConfig(hats=1),
    ],
)
def test_impossible_values_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_seeds_depend_on_every_name_its_type_and_order():
    seeds = {derive_seed(*n) for n in [(0, 1), (1, 0), (0, "1"), ("0", 1), (0, 1, ""), (1,), (0, 11), (0, 1, 1)]}
    assert len(seeds) == 8
    assert generator(1, 2, "x").integers(1 << 60) == generator(1, 2, "x").integers(1 << 60)


def test_neighbouring_people_look_different(catalogue):
    """Shape, skin, hair and cloth of people one after the other: no two agree in dress."""
    people = [sample_clip(SHORT, catalogue, 13, k).people[0] for k in range(150)]
    dressed = [tuple(c.model_dump_json() for c in p.clothes if not c.name.startswith(("fedora",))) for p in people]
    assert len(set(dressed)) > 0.97 * len(people)
    assert all(a != b for a, b in zip(dressed, dressed[1:], strict=False))
    woven = [c.fabric.weave for p in people for c in p.clothes if c.fabric]
    assert len(set(woven)) >= 9 and 0.15 < len(woven) / sum(len(p.clothes) for p in people) < 0.45
    shares = (SHORT.model_copy(update={"people": PeopleConfig(**k)}) for k in ({"tint": 0}, {"tint": 1, "pattern": 0}))
    plain, dyed = ([c for k in range(20) for c in sample_clip(s, catalogue, 13, k).people[0].clothes] for s in shares)
    assert not any(c.tint or c.fabric for c in plain)
    assert any(c.tint for c in dyed) and not any(c.fabric for c in dyed)
