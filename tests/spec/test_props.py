"""Draws of props: deterministic, as many and of the kinds and roles that the config asks for."""

from collections import Counter

import pytest
from pydantic import ValidationError

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ThfmError
from synth.spec.config import SpecConfig, VideoConfig
from synth.spec.props.config import PropsConfig
from synth.spec.props.sample import sample_props
from synth.spec.sample import sample_clip
from synth.spec.seeds import generator


@pytest.fixture(scope="module")
def catalogue():
    return load_library(BodiesConfig()).catalogue


def _draws(config: PropsConfig, catalogue, people: int = 2, count: int = 300):
    return [sample_props(generator(k, "props"), config, catalogue, (True,) * people) for k in range(count)]


def test_counts_and_roles_are_those_of_the_config(catalogue):
    drawn = _draws(PropsConfig(count=(1, 3), in_front=0.5, held=0.3), catalogue)
    assert {len(d) for d in drawn} == {1, 2, 3}
    roles = Counter(p.role for d in drawn for p in d)
    total = sum(roles.values())
    for role, share in (("front", 0.5), ("held", 0.3), ("beside", 0.2)):
        assert roles[role] / total == pytest.approx(share, abs=0.07)


def test_what_is_drawn_suits_its_role(catalogue):
    entries = {p.name: p for p in catalogue.props}
    for drawn in _draws(PropsConfig(count=(0, 6), held=0.6), catalogue):
        hands = [(p.person, p.hand) for p in drawn if p.role == "held"]
        assert len(set(hands)) == len(hands)
        for prop in drawn:
            assert entries[prop.name].held == (prop.role == "held") == (prop.hand is not None)
            assert prop.role != "front" or entries[prop.name].size[2] >= 0.4


def test_kinds_are_respected(catalogue):
    entries = {p.name: p for p in catalogue.props}
    drawn = [p for d in _draws(PropsConfig(count=(3, 3), kinds=("chair", "bag")), catalogue) for p in d]
    assert {entries[p.name].kind for p in drawn} == {"chair", "bag"}
    only = [p for d in _draws(PropsConfig(count=(3, 3), kinds=("chair",)), catalogue) for p in d]
    assert len(only) == 900 and {p.role for p in only} == {"front", "beside"}


def test_props_leave_the_rest_of_a_clip_alone(catalogue):
    video = VideoConfig(frames=8, width=96, height=64)
    none = sample_clip(SpecConfig(video=video, props=PropsConfig(count=(0, 0))), catalogue, 0, 4)
    some = sample_clip(SpecConfig(video=video, props=PropsConfig(count=(2, 2))), catalogue, 0, 4)
    assert not none.props and len(some.props) == 2
    assert some.model_copy(update={"props": ()}) == none
    assert some == sample_clip(SpecConfig(video=video, props=PropsConfig(count=(2, 2))), catalogue, 0, 4)


def test_what_is_not_there_is_named(catalogue):
    with pytest.raises(ThfmError, match="unicorn"):
        sample_props(generator(0), PropsConfig(kinds=("unicorn",)), catalogue, (True,))
    with pytest.raises(ThfmError, match="count"):
        sample_props(generator(0), PropsConfig(), catalogue.model_copy(update={"props": ()}), (True,))


@pytest.mark.parametrize(
    "wrong", [{"count": (3, 1)}, {"in_front": 0.7, "held": 0.7}, {"hides": (0.2, 0.9)}, {"hides": (0.4, 0.2)}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        PropsConfig(**wrong)
