"""The card into its data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig
from synth.bodies.licences import Asset, licences
from synth.card.facts import Facts, facts_of
from synth.card.text import NAME, card_text
from synth.shards import read_manifest, storage


def shown(facts: Facts, config: BodiesConfig) -> list[Asset]:
    """The assets of ``config`` that clips name, with their licences.

    An asset counts when its name stands anywhere in a spec: one too many is named rather than one too few.
    """
    library = load_library(config)
    bodies = {f"SMPLX_{gender.upper()}" for gender in facts.traits.get("gender", ())}
    return [a for a in licences(config, library) if a.name in (bodies if a.kind == "body" else facts.names)]


def write_card(root: object, manifest: Mapping[str, Any] | None = None) -> str:
    """Write ``README.md`` of a data set, the same for equal data, and return its text.

    Raises:
        ThfmError: there is no manifest, a shard is damaged, or the folders of the assets are not here.
    """
    manifest = read_manifest(root) if manifest is None else manifest
    facts = facts_of(root)
    settings = manifest["config"].get("bodies", {})
    assets = shown(facts, BodiesConfig.model_validate(settings)) if facts.names else []
    text = card_text(manifest, facts, assets)
    storage.write_bytes(storage.join(root, NAME), text.encode())
    return text
