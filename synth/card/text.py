"""The card as Markdown, with the front matter that Hugging Face reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from synth.bodies.licences import Asset
from synth.card.facts import RANGES, Facts
from synth.conventions import AXES
from synth.shards import FIELDS

NAME = "README.md"
_TRAITS = ("people", "gender", "scene", "time", "light", "camera", "framing", "focus", "lens", "shutter", "formation")
_MANY = ("motion", "clothes", "hair", "skin", "prop")
_MOST = 12  # values of a trait that are named
_LIMITS = (
    "People, clothes, hair and places are made by computer: skin, cloth and faces are simpler than real ones. What a "
    "model learns here has to be measured on real pictures.",
    "The shares above follow the settings that the data set was made with, and are no census of anything.",
    "Labels are exact for the scene that was rendered: body parts and dense pose tell of the body under clothes, "
    "keypoints of the body's joints, not of its surface; depth and normals of the nearest surface, one sample at a "
    "pixel's centre, while colour and matte are blurred by motion and focus.",
    "Hair, lashes and thin cloth are opaque to labels where colour shows a mix of both.",
    "Draws that failed a check are not in the data set; the manifest lists them with reasons.",
)


def card_text(manifest: Mapping[str, Any], facts: Facts, assets: Iterable[Asset]) -> str:
    """The whole card.

    Args:
        manifest: of the data set. facts: of its clips. assets: those that its clips show, with licences.
    """
    assets, title = sorted(set(assets)), "Synthetic people"
    if facts.seeds:
        title += f", seed {', '.join(map(str, sorted(facts.seeds)))}"
    return "\n".join(
        [
            _front(manifest, facts, assets, title),
            f"# {title}\n",
            f"Synthetic video of people with labels exact to the pixel: {facts.clips:,} clips, "
            f"{facts.frames:,} frames, {facts.seconds / 60:,.1f} minutes, rendered in Blender by thfm. "
            "Nobody real is shown.\n",
            "## Composition\n",
            _composition(facts),
            "## Ranges\n",
            _ranges(facts),
            "## Fields and units\n",
            _fields(manifest),
            "## Licences\n",
            _licences(assets),
            "## How it was made\n",
            _making(manifest, facts),
            "## Known limits\n",
            "".join(f"- {limit}\n" for limit in _limits(manifest)),
        ]
    )


def _front(manifest: Mapping[str, Any], facts: Facts, assets: Sequence[Asset], title: str) -> str:
    size = next(n for most, n in _SIZES if facts.clips < most)
    licences = sorted({a.licence for a in assets})
    return "\n".join(
        [
            "---",
            f"pretty_name: {title}",
            "license: other",
            f"license_name: {'; '.join(licences) or 'unknown'}",
            "task_categories: [depth-estimation, image-segmentation, keypoint-detection, video-classification]",
            "tags: [synthetic, video, human, depth, normals, dense-pose, smpl-x, webdataset]",
            f"size_categories: [{size}]",
            *_features(manifest["fields"]),
            "---\n",
        ]
    )


def _features(fields: Iterable[str]) -> list[str]:
    """Lines by which ``datasets.load_dataset`` reads the shards: types that it guesses differ from clip to clip."""
    lines = [
        "configs:",
        "- config_name: default",
        "  data_files: [{split: train, path: shard-*.tar}]",
        "dataset_info:",
        "  features:",
        "  - {name: __key__, dtype: string}",
        "  - {name: __url__, dtype: string}",
        "  - {name: meta.json, dtype: json}",
    ]
    for field in (FIELDS[name] for name in fields):
        if field.codec == "npy":
            kind = field.dtype
            for _ in field.shape[1:]:
                kind = f"{{list: {kind}}}"
            lines.append(f"  - {{name: {field.member}, list: {kind}}}")
        else:
            lines.append(f"  - {{name: {field.member}, dtype: {'json' if field.codec == 'npz' else 'binary'}}}")
    return lines


_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (float("inf"), "n>1M")
)  # fmt: skip


def _shares(counts: Counter, total: int) -> str:
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{_plain(value)} {100 * n / max(total, 1):.0f} %" for value, n in rows[:_MOST])
    return named + (f", and {len(rows) - _MOST} more" if len(rows) > _MOST else "")


def _plain(text: str) -> str:
    return str(text).replace("_", " ").replace("|", "/")


def _composition(facts: Facts) -> str:
    rows = [("size in pixels", _shares(facts.sizes, facts.clips)), ("frames a second", _shares(facts.fps, facts.clips))]
    for trait in (*_TRAITS, *_MANY):
        counts = facts.traits.get(trait)
        if counts:
            kinds = f"{len(counts)} kinds: " if trait in _MANY else ""
            rows.append((trait, kinds + _shares(counts, counts.total())))
    return _table(("", "share"), rows)


def _ranges(facts: Facts) -> str:
    rows = [
        (RANGES[name][0], f"{low:.3g} to {high:.3g} {RANGES[name][1]}".rstrip())
        for name, (low, high) in facts.ranges.items()
    ]
    return _table(("", "least to most"), rows) if rows else "The clips do not tell.\n"


def _fields(manifest: Mapping[str, Any]) -> str:
    held = [FIELDS[name] for name in manifest["fields"] if name in FIELDS]
    rows = [(f"`{f.name}`", f"({','.join(map(str, f.shape))}) {f.dtype}", f.units, f.about) for f in held]
    axes = "".join(f"- {name}: {words}\n" for name, words in sorted(AXES.items()))
    return _table(("field", "shape", "units", "meaning"), rows) + f"\nAxes:\n\n{axes}"


def _licences(assets: Sequence[Asset]) -> str:
    if not assets:
        return "The clips name no asset that is known here.\n"
    rows = []
    order = sorted(assets, key=lambda a: (a.kind, a.licence, a.author, a.name))
    for (kind, licence, author), group in groupby(order, key=lambda a: a[:1] + a[2:]):
        rows.append((kind, ", ".join(_plain(a.name) for a in group), licence, author))
    note = "Every asset that a clip of this data set shows. Attribution that a licence asks for is this table's.\n\n"
    return note + _table(("kind", "assets", "licence", "author"), rows)


def _making(manifest: Mapping[str, Any], facts: Facts) -> str:
    seeds = ", ".join(map(str, sorted(facts.seeds))) or "unknown"
    versions = ", ".join(f"{name} {'/'.join(sorted(v))}" for name, v in sorted(facts.versions.items()))
    kept = {key for shard in manifest["shards"] for key in shard["keys"]}
    lost = len({r["key"] for r in manifest["rejected"]} - kept)
    return (
        f"Seed {seeds}; {versions or 'versions unknown'}; schema {manifest['schema']}. `manifest.json` holds all "
        f"settings (sha256 `{manifest['config_sha256'][:16]}`), checksums and {len(manifest['rejected'])} rejected "
        f"draws ({lost} clips are left out for them). `thfm-synth remake` makes any clip again from (seed, index).\n"
    )


def _limits(manifest: Mapping[str, Any]) -> list[str]:
    own = [] if "rgb" in manifest["fields"] else ["There is no colour in this data set."]
    return [*own, *_LIMITS]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(c).replace('|', '/') for c in line)} |\n" for line in lines)
