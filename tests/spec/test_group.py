"""How many people a clip holds, where they want to be, and that they can be told apart."""

from collections import Counter

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.settings import checked
from synth.spec.config import GroupConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.group.sample import TOGETHER, draw_count, draw_group
from synth.spec.sample import sample_clip

VIDEO = VideoConfig(frames=16, width=96, height=64)
CROWD = SpecConfig(video=VIDEO, people=PeopleConfig(count=(3, 8)))


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


@pytest.fixture(scope="module")
def crowds(catalogue):
    return [sample_clip(CROWD, catalogue, 5, k) for k in range(80)]


def group(formation: str, people: int, seed: int = 0, azimuth: float = 0.0, **config):
    config = {"bystanders": 0, "singled_out": 0, "turned_degrees": 0, **config}
    return draw_group(np.random.default_rng(seed), GroupConfig(formations=(formation,), **config), people, azimuth)


def places(drawn):
    return np.array([s.position for s in drawn.slots]), np.array([s.heading for s in drawn.slots])


@pytest.mark.parametrize(
    ("count", "expected"),
    [(3, {3: 1}), ((2, 4), {2: 1, 3: 1, 4: 1}), ({1: 3, 8: 1}, {1: 3, 8: 1}), ({"2": 1}, {2: 1})],
)
def test_counts_are_numbers_ranges_or_weights(count, expected):
    assert PeopleConfig(count=count).count == expected


@pytest.mark.parametrize(
    "count", [0, 9, (0, 2), (3, 9), (4, 2), {0: 1}, {1: 0}, {1: -1, 2: 2}, {}, "many", True, [1.5, 2], {1.5: 1}]
)
def test_impossible_counts_are_told_in_one_line(count):
    with pytest.raises(ThfmError) as raised:
        checked(SpecConfig, {"people": {"count": count}})
    assert str(raised.value).startswith("people.count: ") and "\n" not in str(raised.value)


def test_counts_come_up_as_often_as_they_weigh():
    rng = np.random.default_rng(0)
    drawn = Counter(draw_count(rng, {1: 6, 2: 3, 5: 1}) for _ in range(4000))
    assert [drawn[n] / 4000 for n in (1, 2, 5)] == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_the_default_mixes_one_person_mostly_with_several(catalogue):
    counts = Counter(len(sample_clip(SpecConfig(video=VIDEO), catalogue, 1, k).people) for k in range(300))
    assert 0.5 < counts[1] / 300 < 0.7 and max(counts) >= 6 and set(counts) <= set(range(1, 9))


def test_clips_hold_as_many_as_asked_for_doing_different_things(crowds):
    assert {len(s.people) for s in crowds} == set(range(3, 9))
    for spec in crowds:
        assert spec.people[0].framed
        names = Counter(p.motion.name for p in spec.people)
        if spec.formation != "walking":
            assert max(names.values()) == 1, names
    assert {s.formation for s in crowds} >= {"conversation", "side_by_side", "scattered", "walking", "queue"}


def test_people_of_one_clip_never_share_a_garment_in_one_colour(crowds, catalogue):
    garments = {i.name for i in catalogue.items if i.kind == "garments"}
    for spec in crowds:
        clothes = [c for p in spec.people for c in p.clothes if c.name in garments]
        worn = [(c.name, c.tint, c.fabric and (c.fabric.weave, c.fabric.colours)) for c in clothes]
        assert len(set(worn)) == len(worn)


def test_people_of_neighbouring_clips_wear_different_outfits(catalogue):
    specs = [sample_clip(SpecConfig(video=VIDEO), catalogue, 2, k) for k in range(150)]
    outfits = [[tuple(p.clothes) for p in s.people] for s in specs]
    assert all(a != b for one, other in zip(outfits, outfits[1:], strict=False) for a in one for b in other)


def test_talkers_face_the_middle_of_their_circle():
    for people in (2, 3, 4):
        at, heading = places(group("conversation", people))
        towards = at.mean(0) - at
        away = np.arctan2(towards[:, 1], towards[:, 0]) - heading
        assert np.abs((away + np.pi) % (2 * np.pi) - np.pi).max() < 0.5
    at, _ = places(group("conversation", 8))
    assert np.linalg.norm(at[:4].mean(0) - at[4:].mean(0)) > np.linalg.norm(at[:4] - at[:4].mean(0), axis=1).max()


@pytest.mark.parametrize("formation", ["conversation", "side_by_side", "scattered", "walking", "queue"])
def test_neighbours_are_as_far_apart_as_asked_for(formation):
    nearest = []
    for seed in range(20):
        at, _ = places(group(formation, 6, seed, apart=(1.0, 1.0)))
        gaps = np.linalg.norm(at[:, None] - at[None], axis=-1) + 1e9 * np.eye(6)
        nearest.append(gaps.min(1))
        assert np.abs(at.mean(0)).max() < 1e-3
    assert np.min(nearest) > 0.4 and 0.7 < np.median(nearest) < 1.6


def test_queues_and_walkers_face_one_way_and_queues_stand_in_a_line():
    for formation in ("walking", "queue", "side_by_side"):
        at, heading = places(group(formation, 5))
        assert np.ptp(heading) < 1e-6
        forward = np.array([np.cos(heading[0]), np.sin(heading[0])])
        along, across = np.ptp(at @ forward), np.ptp(at @ (-forward[1], forward[0]))
        if formation == "queue":
            assert along > 3 * across
        if formation == "side_by_side":
            assert across > 3 * along
    wide = [places(group("queue", 6, seed, turned_degrees=60))[1] for seed in range(20)]
    assert np.std([h - np.angle(np.exp(1j * h).mean()) for h in wide]) > 0.6


def test_those_who_walk_together_go_equally_fast_on_steps_of_their_own(crowds):
    walks = [s for s in crowds if s.formation == "walking"]
    for spec in walks:
        motions = [p.motion for p in spec.people[:2]]
        assert {m.name for m in motions} <= set(TOGETHER) and len({m.name for m in motions}) == 1
        speeds = [m.parameters["speed"] for m in motions]
        assert speeds[1] == pytest.approx(speeds[0], rel=0.02) and motions[0].seed != motions[1].seed
        assert motions[0].parameters.get("turn") == motions[1].parameters.get("turn")
    assert len(walks) > 3


def test_nobody_goes_faster_or_slower_than_their_motion_can(catalogue):
    """Who leads may be as fast as the motion goes; the others then keep to it."""
    walking = SpecConfig(
        video=VideoConfig(frames=16, width=96, height=64),
        people=PeopleConfig(count=8, clothes=False, hair=False),
        group=GroupConfig(formations=("walking",), bystanders=0),
    )
    ranges = {m.name: m.parameters for m in catalogue.motions}
    paces = []
    for k in range(60):
        for motion in (p.motion for p in sample_clip(walking, catalogue, 7, k).people):
            for name, value in motion.parameters.items():
                low, high = ranges[motion.name][name]
                assert low <= value <= high, (motion.name, name)
            if "speed" in motion.parameters:
                low, high = ranges[motion.name]["speed"]
                paces.append((motion.parameters["speed"] - low) / (high - low))
    assert len(paces) > 200 and max(paces) > 0.99 and min(paces) < 0.05


def test_bystanders_are_behind_the_others_and_not_framed():
    for seed in range(20):
        drawn = group("queue", 8, seed, azimuth=1.0, bystanders=0.5, bystander_metres=(3, 5))
        at, _ = places(drawn)
        depth = -(at @ (np.cos(1.0), np.sin(1.0)))
        framed = np.array([s.framed for s in drawn.slots])
        assert framed.sum() == drawn.members and framed[: drawn.members].all()
        if 1 < drawn.members < 8:
            distance = np.linalg.norm(at[~framed], axis=1)
            assert distance.min() >= 3 and np.median(depth[~framed]) > depth[framed].max()


def test_one_may_be_singled_out():
    drawn = [group("scattered", 4, seed, singled_out=1.0) for seed in range(5)]
    assert all([s.framed for s in g.slots] == [True, False, False, False] for g in drawn)


def test_motions_are_those_that_are_left(catalogue):
    config = SpecConfig(video=VIDEO, people=PeopleConfig(count=3), motions=("walk_brisk",))
    spec = sample_clip(config, catalogue, 0, 0)
    assert [p.motion.name for p in spec.people] == ["walk_brisk"] * 3


def test_props_go_to_everybody(catalogue):
    held = {p.person for k in range(60) for p in sample_clip(CROWD, catalogue, 9, k).props}
    assert held >= {0, 1, 2, 3, 4}
