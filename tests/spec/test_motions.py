"""Motions of clip specs: balanced by action and length, recorded so that they can be made again."""

from collections import Counter

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.catalogue import MotionEntry
from synth.spec.config import MotionConfig, SpecConfig, VideoConfig
from synth.spec.motions import draw_motion
from synth.spec.sample import sample_clip

VIDEO = VideoConfig(frames=24, width=96, height=64)


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


def made_of(catalogue, **actions):
    """A catalogue whose captured motions are ``action=[seconds, ...]``."""
    motions = [
        MotionEntry(name=f"{action}_{k}", segments=((0.0, float(seconds)),), action=action)
        for action, lengths in actions.items()
        for k, seconds in enumerate(lengths)
    ]
    return catalogue.model_copy(update={"motions": tuple(sorted(motions, key=lambda m: m.name))})


def drawn(catalogue, config, count, seconds=2.0):
    return [draw_motion(np.random.default_rng(k), catalogue, config, seconds) for k in range(count)]


def test_a_clip_names_its_motion_and_what_makes_it_again(catalogue):
    kinds = {m.name: m for m in catalogue.motions}
    config = SpecConfig(video=VIDEO, motion=MotionConfig(splice=0.0))
    seen = Counter()
    for k in range(150):
        motion = sample_clip(config, catalogue, 2, k).people[0].motion
        entry = kinds[motion.name]
        seen[entry.synthesised] += 1
        length = (VIDEO.frames + 1) / VIDEO.fps * (1.0 if entry.synthesised else motion.speed)
        assert any(a - 1e-3 <= motion.start and motion.start + length <= b + 1e-3 for a, b in entry.segments)
        assert set(motion.parameters) == set(entry.parameters)
        for name, value in motion.parameters.items():
            assert entry.parameters[name][0] <= value <= entry.parameters[name][1]
        assert (motion.seed > 0) == entry.synthesised
        assert motion.face_seed is not None and (entry.synthesised or 0.9 <= motion.speed <= 1.12)
    assert 0.4 < seen[True] / 150 < 0.8


def test_every_kind_and_every_action_comes_up(catalogue):
    config = SpecConfig(motion=MotionConfig(splice=0.0))
    motions = drawn(catalogue, config, 1500)
    assert {m.name for m in motions} >= {m.name for m in catalogue.motions if m.synthesised}
    actions = {m.name: m.action for m in catalogue.motions}
    shares = Counter(actions[m.name] for m in motions)
    assert min(shares[a] for a in set(actions.values())) > 1500 * 0.01
    assert max(shares.values()) < 1500 * 0.25


def test_a_rare_action_is_not_drowned_by_a_common_one(catalogue):
    library = made_of(catalogue, walk=[60] * 50, dance=[40, 50], jump=[3])
    config = SpecConfig(motion=MotionConfig(splice=0.0))
    counts = Counter(m.name.split("_")[0] for m in drawn(library, config, 900))
    assert counts["dance"] > 0.5 * counts["walk"]  # by amount alone it would be 3 %
    assert 10 < counts["jump"] < 0.3 * counts["dance"]  # but three seconds are not shown over and over


def test_within_an_action_length_counts_up_to_a_minute(catalogue):
    library = made_of(catalogue, walk=[5, 30, 3600])
    config = SpecConfig(motion=MotionConfig(splice=0.0))
    counts = Counter(m.name for m in drawn(library, config, 900))
    assert counts["walk_1"] == pytest.approx(900 * 30 / 95, rel=0.2)
    assert counts["walk_2"] == pytest.approx(900 * 60 / 95, rel=0.15)


def test_spliced_motions_fill_the_clip(catalogue):
    config = SpecConfig(motion=MotionConfig(splice=1.0))
    spans = {m.name: m for m in catalogue.motions}
    motions = drawn(catalogue, config, 200, seconds=4.0)
    assert all(len(m.then) == 1 for m in motions)
    for motion in motions:
        (after,) = motion.then
        for part, length in ((motion, after.at + after.blend), (after, 4.0 - after.at)):
            entry = spans[part.name]
            need = length * (1.0 if entry.synthesised else part.speed)
            assert any(a <= part.start + 1e-3 and part.start + need <= b + 1e-3 for a, b in entry.segments)
    short = [m for m in catalogue.motions if not m.synthesised and m.seconds < 3.0]
    assert {m.name for m in motions} & {m.name for m in short}  # too short for the clip alone


def test_names_and_actions_narrow_the_choice(catalogue):
    named = drawn(catalogue, SpecConfig(motions=("synth:dance", "forward_jumps")), 40)
    assert {m.name for m in named} == {"synth:dance", "forward_jumps"}
    dances = drawn(catalogue, SpecConfig(motion=MotionConfig(actions=("dance",))), 10)
    assert {m.name for m in dances} == {"synth:dance"}
    with pytest.raises(ThfmError, match="lecture"):
        drawn(catalogue, SpecConfig(motion=MotionConfig(actions=("lecture",))), 1)


@pytest.mark.parametrize("speed", [(0.0, 1.0), (-1.0, 1.0), (1.0, float("inf"))])
def test_impossible_speeds_are_refused(speed):
    with pytest.raises(ValueError, match="speed"):
        MotionConfig(speed=speed)


def test_only_captured_or_only_synthesised(catalogue):
    made = {m.name for m in catalogue.motions if m.synthesised}
    for share in (0.0, 1.0):
        config = SpecConfig(motion=MotionConfig(synthesised=share, splice=0.0))
        assert all((m.name in made) == bool(share) for m in drawn(catalogue, config, 60))
    without = load_library(BodiesConfig(synthesised=False)).catalogue
    assert not any(m.synthesised for m in without.motions)
