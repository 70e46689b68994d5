"""What a run did, in numbers and in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field

from synth.cluster.display import spoken


@dataclass
class Summary:
    """What a run did and what the data set holds after it.

    Attributes:
        clips, frames: in finished shards.
        rejected: clips that QA turned down for good; reasons: check -> draws that it turned down in this run.
        failed: clips that this run gave up, each {key, reason, log}.
        tried_again: tries that came to nothing, each {key, reason}; their clips were tried again.
        made: clips rendered by this run, which take so many bytes; seconds: its duration, of them working_seconds from
            the first clip handed out to the last one over; stage_seconds: sums over its clips.
        workers: clips made at once, at most. clip_seconds: worker's time of each clip in the order of their ends,
            ahead_seconds: that of another worker which had drawn it before, both without start_seconds, which new
            processes took, starts of them, to be ready.
        complete: every clip is in a shard or rejected.
        interrupted: the run was asked to stop.
    """

    clips: int = 0
    frames: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)
    tried_again: list[dict[str, str]] = field(default_factory=list)
    made: int = 0
    bytes: int = 0
    seconds: float = 0.0
    working_seconds: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    workers: int = 0
    clip_seconds: list[float] = field(default_factory=list)
    ahead_seconds: list[float] = field(default_factory=list)
    starts: int = 0
    start_seconds: float = 0.0
    complete: bool = False
    interrupted: bool = False


def closing_line(summary: Summary, out: str) -> str:
    """One sentence on what there is, and one on what a run did."""
    text = f"{out}: {summary.clips} clips, {summary.frames} frames"
    if summary.rejected:
        text += f", {summary.rejected} rejected"
    if summary.failed:
        text += f", {len(summary.failed)} failed"
    if not summary.made:
        return f"{text}. Nothing was left to make." if summary.complete else f"{text}."
    text += (
        f". This run made {summary.made} in {spoken(summary.seconds)} ({summary.seconds / summary.made:.1f} s a clip"
    )
    total = sum(summary.stage_seconds.values())
    if total:
        shares = sorted(summary.stage_seconds.items(), key=lambda stage: -stage[1])[:3]
        text += "; of the workers' time " + ", ".join(f"{name} {100 * s / total:.0f} %" for name, s in shares)
    text += ")"
    if summary.reasons:
        text += "; drawn anew for " + ", ".join(f"{name} {n}" for name, n in sorted(summary.reasons.items()))
    if summary.tried_again:
        text += f"; {len(summary.tried_again)} tries came to nothing and were made again"
    return f"{text}."
