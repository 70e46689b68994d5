"""The driver: what there is to make, and what there is in the end. It never imports bpy."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console

from synth.card import write_card
from synth.cluster import plan, worker
from synth.cluster.connection import address_of, connected, lacking
from synth.cluster.display import Display
from synth.cluster.plan import ShardPlan
from synth.cluster.progress import Progress
from synth.cluster.run import Run
from synth.cluster.stop import stop_signals
from synth.cluster.summary import Summary
from synth.config import GenerateConfig, identity
from synth.conventions import ThfmError
from synth.make import clip_spec
from synth.settings import checked, overridden
from synth.shards import build_manifest, clean_leftovers, patiently, read_manifest

_RELABEL_KEYS = ("cluster.", "bodies.", "render.threads=")


def generate(
    config: GenerateConfig,
    out: str,
    console: Console | None = None,
    as_json: bool = False,
    source: str | None = None,
) -> Summary:
    """Make the data set of a config under ``out``, or the rest of it.

    Args:
        out: local folder or fsspec URL.
        console: where progress goes; none: standard error.
        as_json: progress goes to standard output instead, as lines of JSON.
        source: the data set of this config to take colour from; labels alone are made.

    Raises:
        ThfmError: no clip can be drawn from the config; ``out`` belongs to another config, or cannot be reached; the
            disk is full; Ray cannot start; clip after clip fails.
        KeyboardInterrupt: asked to stop a second time.
    """
    display = Display(console or Console(stderr=True), config.clips, as_json)
    start = time.monotonic()
    out, source = plan.absolute(out), source and plan.absolute(source)
    if address_of(config.cluster) is None:  # assets may lie elsewhere; here, what no clip can be drawn from is told
        clip_spec(config, 0)
    with plan.alone(out):
        plans = list(plan.shard_plans(config.clips, config.shards.clips_per_shard))
        with plan.reached(out):
            clean_leftovers(out)
            plan.claim(out, config)
            finished = plan.complete_shards(out, plans)
        summary = Summary()
        if len(finished) < len(plans):
            _fill(config, out, source, [p for p in plans if p.name not in finished], summary, display)
        summary = _conclude(config, out, summary, start)
    display.event("summary", **asdict(summary))
    return summary


def relabel(
    url: str, out: str, overrides: Iterable[str] = (), console: Console | None = None, as_json: bool = False
) -> Summary:
    """Make the data set of ``url`` again under ``out`` with its own colour, and labels by the code of today.

    Args:
        url: a finished data set. overrides: changes to the keys of its config that decide where things are found and
            made, such as ``cluster.address`` and ``bodies.model_folder``.

    Raises:
        ThfmError: as ``generate`` does; ``url`` is no finished data set of this toolkit; ``out`` is ``url``.
    """
    if plan.absolute(url) == plan.absolute(out):
        raise ThfmError(f"{out} is the data set itself: name another place, and drop the old one when the new is good.")
    overrides = list(overrides)
    odd = next((o for o in overrides if not o.startswith(_RELABEL_KEYS)), None)
    if odd:
        raise ThfmError(f"{odd} would change what is seen: relabel takes cluster.*, bodies.* and render.threads alone.")
    manifest = read_manifest(url)
    if "clips" not in manifest["about"]:
        raise ThfmError(f"{url} was not made by thfm-synth generate: its scenes are not known.")
    config = checked(GenerateConfig, overridden({**manifest["config"], "clips": manifest["about"]["clips"]}, overrides))
    return generate(config, out, console, as_json, source=url)


def _fill(
    config: GenerateConfig,
    out: str,
    source: str | None,
    plans: list[ShardPlan],
    summary: Summary,
    display: Display,
) -> None:
    settled = plan.settled_clips(out, config.qa.attempts)
    planned = {key for p in plans for key in p.keys}
    done = config.clips - len(planned - settled.keys())
    if done:
        display.say(f"Going on with {out}: {done} of {config.clips} clips are there.")
    with connected(config.cluster, display.say) as slots, stop_signals() as stop, display:
        if not slots:
            where, why = address_of(config.cluster), lacking(config.cluster)
            display.say(f"{where} has no room for a clip yet ({why}): the run waits for machines.")
        progress = Progress(config.clips, done, config.spec.video.frames)
        Run(config, out, source, plans, settled, progress, display, summary, stop).go()


def _conclude(config: GenerateConfig, out: str, summary: Summary, start: float) -> Summary:
    patience, about = config.cluster.storage_patience_seconds, {"versions": plan.versions(), "clips": config.clips}
    manifest = patiently(patience, build_manifest, out, identity(config), about)
    patiently(patience, write_card, out, manifest)
    summary.clips, summary.frames = manifest["clips"], manifest["frames"]
    kept = {key for shard in manifest["shards"] for key in shard["keys"]}
    summary.rejected = len({r["key"] for r in manifest["rejected"]} - kept)
    summary.complete = summary.clips + summary.rejected == config.clips
    summary.seconds = time.monotonic() - start
    if summary.complete:
        patiently(patience, plan.release, out)
    worker.write_report(out, "report.json", json.dumps(asdict(summary), indent=1, sort_keys=True))
    return summary
