"""manifest.json: what a data set holds, in which units and codecs, with checksums; no times, so equal runs agree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from synth.conventions import AXES, JOINT_NAMES, PART_NAMES, SCHEMA_VERSION, SEMANTIC_NAMES, ThfmError, Visibility
from synth.shards import storage
from synth.shards.codecs import to_json
from synth.shards.schema import FIELDS, check_schema
from synth.shards.writer import finished_shards, read_json

NAME = "manifest.json"


def build_manifest(root: object, config: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Assemble and write ``<root>/manifest.json`` from the records of the finished shards.

    Args:
        root: data set root.
        config: the configuration that the data set was generated with, JSON-able.
        about: anything else worth keeping, such as library versions; the same for equal runs.

    Returns:
        The manifest.
    """
    records = finished_shards(root)
    shards = [{k: r[k] for k in ("name", "sha256", "bytes", "clips", "frames", "keys")} for r in records if r["clips"]]
    fields = next((r["fields"] for r in records if r["clips"]), [])
    for record in records:
        if record["clips"] and record["fields"] != fields:
            raise ThfmError(f"{record['name']} holds other fields than {shards[0]['name']}: use one root per data set.")
    config_json = to_json(config, "the configuration")
    manifest = {
        "schema": SCHEMA_VERSION,
        "units": {f.name: f.units for f in FIELDS.values()},
        "axes": AXES,
        "fields": fields,
        "codecs": {
            f.name: {
                "member": f.member, "shape": list(f.shape), "dtype": f.dtype, "codec": f.codec, "worst_error": f.error
            }
            for f in FIELDS.values()
        },
        "joint_names": list(JOINT_NAMES),
        "part_names": list(PART_NAMES),
        "semantic_names": list(SEMANTIC_NAMES),
        "visibility_bits": {flag.name.lower(): int(flag) for flag in Visibility},
        "fps": sorted({fps for r in records for fps in r["fps"]}),
        "resolutions": sorted({tuple(size) for r in records for size in r["resolutions"]}),
        "clips": sum(s["clips"] for s in shards),
        "frames": sum(s["frames"] for s in shards),
        "bytes": sum(s["bytes"] for s in shards),
        "shards": shards,
        "rejected": [_without_pictures(rejection) for r in records for rejection in r["rejected"]],
        "config": config,
        "config_sha256": hashlib.sha256(config_json).hexdigest(),
        "about": dict(about or {}),
    }  # fmt: skip
    storage.write_bytes(storage.join(root, NAME), to_json(manifest, "the manifest"))
    return manifest


def _without_pictures(rejection: Mapping[str, Any]) -> dict[str, Any]:
    """All readers take the manifest: pictures stay in the records of the shards."""
    return {name: value for name, value in rejection.items() if name != "pictures"}


def read_manifest(root: object) -> dict[str, Any]:
    """The manifest of a data set. Raises ThfmError if it is missing, damaged or of another major schema version."""
    url = storage.join(root, NAME)
    if not storage.exists(url):
        raise ThfmError(f"{root} holds no {NAME}: give the root of a data set, or finish generating it.")
    manifest = read_json(url)
    if not isinstance(manifest, dict) or "schema" not in manifest or "shards" not in manifest:
        raise ThfmError(f"{url} is no manifest of a data set: fetch it again.")
    check_schema(manifest["schema"], url)
    return manifest
