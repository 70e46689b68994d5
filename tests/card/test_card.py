"""The card of a data set of sampled specs, held against the catalogues that the licences stand in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import DatasetCard

from synth import shards
from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig, assets_folder
from synth.bodies.licences import UNSTATED, licences
from synth.card import facts_of, write_card
from synth.config import identity, load_config
from synth.make import clip_spec
from synth.spec.model import ClipSpec
from tests.conftest import ROOT

CLIPS = 12


@pytest.fixture(scope="module")
def specs() -> list[ClipSpec]:
    config = load_config(ROOT / "configs/synth/quickstart.yaml", [f"clips={CLIPS}"])
    return [clip_spec(config, index) for index in range(CLIPS)]


@pytest.fixture(scope="module")
def data_set(specs: list[ClipSpec], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The specs as clips without pictures to speak of, in two shards."""
    root = tmp_path_factory.mktemp("card") / "people"
    arrays = {"parts": np.zeros((2, 16, 16), np.uint8)}
    members = [
        (s.key, shards.encode_clip(s.key, 24, arrays, {"spec": s.model_dump(mode="json"), "seeds": {"seed": s.seed}}))
        for s in specs
    ]
    shards.write_shard(root, "shard-000000", members[:7])
    shards.write_shard(root, "shard-000001", members[7:])
    config = load_config(ROOT / "configs/synth/quickstart.yaml", [f"clips={CLIPS}"])
    shards.build_manifest(root, identity(config))
    return root


@pytest.fixture(scope="module")
def card(data_set: Path) -> str:
    text = write_card(data_set)
    assert (data_set / "README.md").read_text() == text
    return text


def rows(card: str, section: str) -> list[list[str]]:
    """The cells of a section's table."""
    text = card.split(f"## {section}\n")[1].split("\n## ")[0]
    return [[c.strip() for c in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")][
        2:
    ]


def test_every_garment_and_skin_worn_is_named_with_author_and_licence(card: str, specs: list[ClipSpec]) -> None:
    catalogue = json.loads((assets_folder() / "wardrobe/catalogue.json").read_text())
    known = {i["name"]: i for i in [*catalogue["items"], *catalogue["skins"]]}
    people = [p for s in specs for p in s.people]
    worn = {p.skin for p in people} | {i.name for p in people for i in (*p.clothes, p.hair, p.brows, p.lashes) if i}
    assert len(worn) > 20
    listed = {
        name.replace(" ", "_"): (licence, author)
        for _, names, licence, author in rows(card, "Licences")
        for name in names.split(", ")
    }
    for name in worn:
        assert listed[name.replace(" ", "_")] == (known[name]["licence"], known[name]["author"]), name
    unworn = {n for n, i in known.items() if i.get("kind") == "garments"} - worn
    assert unworn and not unworn & set(listed)


def test_shares_and_ranges_are_those_of_the_specs(card: str, specs: list[ClipSpec], data_set: Path) -> None:
    focal = [s.camera.focal_mm for s in specs]
    assert dict(map(tuple, rows(card, "Ranges")))["Focal length, on a full frame"] == (
        f"{min(focal):.3g} to {max(focal):.3g} mm"
    )
    one = sum(len(s.people) == 1 for s in specs)
    assert f"1 {100 * one / CLIPS:.0f} %" in dict(map(tuple, rows(card, "Composition")))["people"]
    assert f"{CLIPS} clips, {2 * CLIPS} frames" in card
    assert facts_of(data_set).clips == CLIPS


def test_hugging_face_reads_it(card: str) -> None:
    read = DatasetCard(card)
    assert read.data.license == "other" and "CC0-1.0" in read.data.license_name
    assert read.data.size_categories == ["n<1K"] and "synthetic" in read.data.tags


def test_it_is_the_same_wherever_the_data_set_lies(card: str, data_set: Path, tmp_path: Path) -> None:
    for file in (*data_set.glob("*.tar"), *data_set.glob("*.json")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert write_card(tmp_path) == card


def test_a_data_set_without_clips_has_a_card_too(tmp_path: Path) -> None:
    shards.write_shard(tmp_path, "shard-000000", [], [{"key": "a", "attempt": 0, "reasons": ["x: y"], "spec": {}}])
    shards.build_manifest(tmp_path, {})
    assert "0 clips" in write_card(tmp_path) and "1 rejected draws (1 clips" in (tmp_path / "README.md").read_text()


def test_data_of_peoples_own_is_listed_without_a_licence_made_up() -> None:
    config = BodiesConfig()
    own = {"path_files": "held.json", "overlays": "outfit_7", "simulated": "coat_sim"}
    library = replace(load_library(config), **{field: {name: Path(name)} for field, name in own.items()})
    listed = {a.name: a.licence for a in licences(config, library)}
    assert {listed[name] for name in own.values()} == {UNSTATED}
