"""The driver: what there is to make, and what there is in the end. It never imports bpy."""

from __future__ import annotations

import functools
import json
import os
import time
from dataclasses import asdict

from rich.console import Console

from synth.cluster import plan, worker
from synth.cluster.connection import address_of, connected, lacking
from synth.cluster.display import Display, spoken
from synth.cluster.plan import ShardPlan
from synth.cluster.run import Run, Summary
from synth.cluster.stop import stop_signals
from synth.config import GenerateConfig, identity
from synth.make import clip_spec
from synth.shards import build_manifest, clean_leftovers, patiently


def generate(config: GenerateConfig, out: str, console: Console | None = None) -> Summary:
    """Make the data set of a config under ``out``, or the rest of it.

    Args:
        out: local folder or fsspec URL.
        console: where progress goes; none: standard error.

    Raises:
        ThfmError: no clip can be drawn from the config; ``out`` belongs to another config; the disk is full; Ray cannot
            start; clip after clip fails.
        KeyboardInterrupt: asked to stop a second time.
    """
    console = console or Console(stderr=True)
    start = time.monotonic()
    if "://" not in out:  # workers may stand elsewhere
        out = os.path.abspath(os.path.expanduser(out))
    if (
        address_of(config.cluster) is None
    ):  # what no clip can be drawn from is told at once; elsewhere assets lie elsewhere
        clip_spec(config, 0)
    with plan.alone(out):
        plans = list(plan.shard_plans(config.clips, config.shards.clips_per_shard))
        with plan.reached(out):
            clean_leftovers(out)
            plan.claim(out, config)
            finished = plan.complete_shards(out, plans)
        summary = Summary()
        if len(finished) < len(plans):
            _fill(config, out, [p for p in plans if p.name not in finished], summary, console)
        return _conclude(config, out, summary, start)


def _fill(config: GenerateConfig, out: str, plans: list[ShardPlan], summary: Summary, console: Console) -> None:
    say = functools.partial(console.print, highlight=False, markup=False, soft_wrap=True)
    settled = plan.settled_clips(out, config.qa.attempts)
    planned = {key for p in plans for key in p.keys}
    done = config.clips - len(planned - settled.keys())
    if done:
        say(f"Going on with {out}: {done} of {config.clips} clips are there.")
    with connected(config.cluster) as slots, stop_signals() as stop:
        if not slots:
            say(
                f"{address_of(config.cluster)} has no room for a clip yet ({lacking(config.cluster)}): the run waits for "
                "machines."
            )
        display = Display(console, config.clips, done, config.spec.video.frames)
        with display:
            Run(config, out, plans, settled, slots, display, summary, stop).go()


def _conclude(config: GenerateConfig, out: str, summary: Summary, start: float) -> Summary:
    patience, about = config.cluster.storage_patience_seconds, {"versions": plan.versions(), "clips": config.clips}
    manifest = patiently(patience, build_manifest, out, identity(config), about)
    summary.clips, summary.frames = manifest["clips"], manifest["frames"]
    kept = {key for shard in manifest["shards"] for key in shard["keys"]}
    summary.rejected = len({r["key"] for r in manifest["rejected"]} - kept)
    summary.complete = summary.clips + summary.rejected == config.clips
    summary.seconds = time.monotonic() - start
    if summary.complete:
        patiently(patience, plan.release, out)
    worker.write_report(out, "report.json", json.dumps(asdict(summary), indent=1, sort_keys=True))
    return summary


def closing_line(summary: Summary, out: str) -> str:
    """One sentence on what a run did."""
    text = f"{out}: {summary.clips} clips, {summary.frames} frames"
    if summary.rejected:
        text += f", {summary.rejected} rejected"
    if summary.failed:
        text += f", {len(summary.failed)} failed"
    if not summary.made:
        return f"{text}. Nothing was left to make." if summary.complete else f"{text}."
    rate = summary.made and summary.seconds / summary.made
    return f"{text}. This run made {summary.made} in {spoken(summary.seconds)} ({rate:.1f} s a clip)."
