"""What a worker is asked to make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synth.config import GenerateConfig
from synth.spec.sample import clip_key


@dataclass(frozen=True)
class Job:
    """One clip.

    Attributes:
        out: data set that it goes to. logs: local folder of its log.
        source: data set whose colour it takes over, with labels made anew; None: a new clip.
    """

    config: GenerateConfig
    index: int
    out: str
    logs: Path
    source: str | None = None

    @property
    def key(self) -> str:
        return clip_key(self.index)

    @property
    def log(self) -> Path:
        """What the renderer says of the clip."""
        return self.logs / f"{self.key}.log"

    @property
    def renders_colour(self) -> bool:
        return self.config.render.colour and self.source is None
