"""Captions: what is drawn is said, in plain English."""

from __future__ import annotations

import re

import numpy as np
import pytest

from synth.caption import caption
from synth.caption.colours import colour_word, hair_word
from synth.caption.people import clothes_words, deeds, hair_words, with_article
from synth.caption.things import noun
from synth.config import GenerateConfig
from synth.make import caption_of, clip_spec, library_of
from synth.spec.config import PeopleConfig, SceneConfig
from synth.spec.fabrics import FabricSpec
from synth.spec.model import ItemSpec
from synth.spec.props.config import PropsConfig
from synth.spec.sample import sample_clip
from synth.spec.scenes.model import PlainScene

CONFIG = GenerateConfig(clips=1, seed=3)
SPECS = [clip_spec(CONFIG, index) for index in range(200)]


def linear(srgb: str) -> np.ndarray:
    c = np.array([int(srgb[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    ("srgb", "word"),
    [
        ("000000", "black"), ("ffffff", "white"), ("808080", "grey"), ("ff0000", "red"), ("800000", "dark red"),
        ("008000", "green"), ("0000ff", "blue"), ("000080", "dark blue"), ("add8e6", "light blue"),
        ("ffa500", "orange"), ("ffff00", "yellow"), ("ffc0cb", "pink"), ("800080", "purple"), ("8b0000", "dark red"),
        ("8b4513", "brown"), ("f5f5dc", "white"), ("d2b48c", "beige"), ("40e0d0", "turquoise"), ("ff00ff", "magenta"),
    ],
)  # fmt: skip
def test_colours_have_the_names_that_people_give_them(srgb: str, word: str) -> None:
    assert colour_word(linear(srgb)) == word


def test_hair_has_its_own_words() -> None:
    assert [hair_word(linear(c)) for c in ("101010", "5c4030", "d0b070", "90482a")] == [
        "black",
        "brown",
        "blond",
        "red",
    ]
    entry = {"base_colour": (0.02, 0.02, 0.02)}
    assert hair_words(ItemSpec(name="short02"), entry) == "short black hair"
    assert hair_words(ItemSpec(name="bob01"), entry) == "a black bob"
    assert hair_words(ItemSpec(name="mohawk"), entry) == "black hair"


def test_cloth_is_named_by_its_colours_and_pattern() -> None:
    entry = {"base_colour": (0.5, 0.5, 0.5)}
    red, white = (0.6, 0.01, 0.01), (0.9, 0.9, 0.9)
    worn = {w: FabricSpec(weave=w, colours=(red, white, white), repeat=0.1, seed=0) for w in ("stripes", "ribs")}
    words = [clothes_words(ItemSpec(name="tee_white", fabric=f), entry) for f in worn.values()]
    assert words == ["a red and white striped T-shirt", "a red ribbed T-shirt"]
    shirt = ItemSpec(name="shirt_striped", fabric=worn["stripes"])
    assert clothes_words(shirt, entry) == "a red and white striped shirt"


def test_articles_and_verbs() -> None:
    assert [with_article(w) for w in ("orange T-shirt", "blue jeans", "hat")] == [
        "an orange T-shirt",
        "blue jeans",
        "a hat",
    ]
    assert deeds(["walk", "turn", "stand"]) == "walks, turns and stands"
    assert deeds(["stand", "idle", "synthesised"]) == "stands"
    assert deeds(["sits down and gets up"]) == "sits down and gets up"
    assert deeds(["some thing"]) == "some thing" and deeds(["zumba"]) == "moves" and deeds([]) == "moves"


def test_a_known_clip() -> None:
    spec = SPECS[0]
    person = spec.people[0].model_copy(
        update={
            "gender": "female", "skin": "s", "hair": ItemSpec(name="ponytail01", tint=(0.01, 0.01, 0.01)),
            "clothes": (
                ItemSpec(name="trainers_blue"), ItemSpec(name="tee_loose_blue", tint=(0.6, 0.01, 0.01)),
                ItemSpec(name="backpack", tint=(0.01, 0.1, 0.01)),
            ),
        }
    )  # fmt: skip
    motion = person.motion.model_copy(update={"name": "m", "then": ()})
    spec = spec.model_copy(
        update={
            "people": (person.model_copy(update={"motion": motion}),),
            "ground": spec.ground.model_copy(update={"pattern": "tiles"}),
            "light": spec.light.model_copy(update={"hdri": "sunset", "time": "day"}),
            "scene": PlainScene(),
            "camera": spec.camera.model_copy(
                update={
                    "move": "zoom", "framing": "upper_body", "focal_mm": 85.2, "ratio": 0.8, "elevation": 0.0,
                    "shake": None,
                }
            ),
        }
    )  # fmt: skip
    items = {
        "ponytail01": {"semantic": "hair", "base_colour": (0, 0, 0)},
        "trainers_blue": {"semantic": "shoes", "base_colour": (0, 0, 0)},
        "backpack": {"semantic": "accessory", "kind": "bags", "base_colour": (0, 0, 0)},
        "tee_loose_blue": {"semantic": "upper_garment", "base_colour": (0, 0, 1)},
    }
    said = caption(spec, items, {"s": "old"}, lambda name, start: ("walk",))
    assert said == (
        "An old woman with a black ponytail in a red loose T-shirt and blue trainers carrying a dark green backpack "
        "walks on tiles at sunset; an upper-body shot by a camera that zooms out with an 85 mm telephoto lens."
    )


def test_drawn_clips_are_told_apart_and_read_well() -> None:
    said = [caption_of(spec, CONFIG) for spec in SPECS]
    assert len(set(said)) == len(said)
    for text, spec in zip(said, SPECS, strict=True):
        assert re.fullmatch(r"[A-Z][A-Za-z, ';-]+ \d+ mm[a-z -]*\.", text), (
            text
        )  # no names of files, no numbers but one
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou18]|  |\bNone\b", text), text
        told = [p.gender for p in spec.people if p.framed][:4]
        assert len(re.findall(r"\bwom[ae]n\b", text)) == told.count("female") and len(text) < 550, text
        assert f"{round(spec.camera.focal_mm)} mm" in text
    assert {w for text in said for w in ("walk", "danc", "shirt", "jeans", "skirt", "trainers") if w in text} == {
        "walk", "danc", "shirt", "jeans", "skirt", "trainers"
    }  # fmt: skip


def test_props_are_told_as_they_are_placed() -> None:
    walker = next(s for s in SPECS if "walk" in caption_of(s, CONFIG).split(";")[0])
    placed = [
        {"name": "handbag", "role": "held", "person": 0, "hand": "left", "hidden": 0.1},
        {"name": "chair2", "role": "beside", "person": 0, "hand": None, "hidden": 0.1},
        {"name": "oak_table", "role": "beside", "person": 0, "hand": None, "hidden": 0.1},
        {"name": "tulip_chair", "role": "beside", "person": 0, "hand": None, "hidden": 0.1},
        {"name": "orchids", "role": "front", "person": 0, "hand": None, "hidden": 0.3},
    ]
    said, bare = caption_of(walker, CONFIG, placed), caption_of(walker, CONFIG)
    held, around = ", holding a handbag,", ", beside two chairs and a table and partly behind a pot of orchids"
    assert f"{held} " in said and f"{around}; " in said
    assert said.replace(held, "").replace(around, "") == bare


def test_every_prop_has_a_word() -> None:
    library = library_of(CONFIG.bodies)
    for asset in library.props.values():
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", noun(asset.entry)), asset.entry["name"]
    assert noun({"name": "crate", "kind": "box"}) == "crate" and noun({"name": "desk2", "kind": "table"}) == "desk"


def test_hands_that_have_work_hold_nothing() -> None:
    catalogue = library_of(CONFIG.bodies).catalogue
    action = {m.name: m.action for m in catalogue.motions}
    wanted = CONFIG.spec.model_copy(
        update={"props": PropsConfig(count=(4, 4), in_front=0, held=1), "people": PeopleConfig(count=1)}
    )
    held = []
    for index in range(80):
        spec = sample_clip(wanted, catalogue, 5, index)
        motion = spec.people[0].motion
        doing = {action[part.name] for part in (motion, *motion.then)}
        busy = bool(doing & {"bend", "dance", "everyday", "exercise", "fight", "gesture", "jump", "reach", "talk"})
        assert busy == (0 not in {prop.person for prop in spec.props})
        held.append(not busy)
    assert 10 < sum(held) < 70


def test_people_are_all_told() -> None:
    spec = SPECS[0].model_copy(update={"people": (SPECS[0].people[0], SPECS[1].people[0])})
    both = caption_of(spec, CONFIG)
    for alone in (SPECS[0], spec.model_copy(update={"people": spec.people[1:]})):
        one = caption_of(alone, CONFIG).split(";")[0]
        assert one[2:40] in both


def test_places_are_told() -> None:
    spec = SPECS[0]
    said = set()
    for kind, words in (("room", "in a room with "), ("street", "on a street"), ("nature", "on "),
                        ("studio", "in a studio before ")):  # fmt: skip
        config = CONFIG.model_copy(
            update={"spec": CONFIG.spec.model_copy(update={"scene": SceneConfig(kinds=(kind,))})}
        )
        scene = clip_spec(config, 3).scene
        for time in ("day", "night"):
            light = spec.light.model_copy(update={"time": time})
            text = caption_of(spec.model_copy(update={"scene": scene, "light": light}), CONFIG)
            assert words in text and (" at night" in text) == (time == "night"), text
            said.add(text)
    assert len(said) == 8


def test_crowds_are_counted_and_described_briefly() -> None:
    config = GenerateConfig.model_validate({"clips": 1, "seed": 4, "spec": {"people": {"count": [3, 8]}}})
    numbers = ("", "one", "two", "three", "four", "five", "six", "seven", "eight")
    formations = set()
    for spec in (clip_spec(config, index) for index in range(60)):
        said = caption_of(spec, config)
        framed = sum(p.framed for p in spec.people)
        around = len(spec.people) - framed
        assert (f"with {numbers[around]} p" in said) == (around > 0), said
        if framed > 2:
            assert said.startswith(f"{numbers[framed].capitalize()} people"), said
            assert len(re.findall(r"\b(?:wo)?man\b", said)) == min(framed, 4) and len(said) < 550, said
            formations.add(spec.formation)
            words = {"conversation": "facing each other", "side_by_side": "side by side", "walking": "people together",
                     "queue": "one behind the other"}  # fmt: skip
            assert all((text in said) == (name == spec.formation) for name, text in words.items()), said
    assert len(formations) == 5
