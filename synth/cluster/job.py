"""What a worker is asked to make."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from synth.bodies.fingerprint import fingerprint
from synth.config import GenerateConfig
from synth.spec.sample import clip_key


@dataclass(frozen=True)
class Job:
    """One clip.

    Attributes:
        out: data set that it goes to. logs: local folder of its log.
        assets: fingerprint of the driver's; None: not to be compared.
        source: data set whose colour it takes over, with labels made anew; None: a new clip.
    """

    config: GenerateConfig
    index: int
    out: str
    logs: Path
    source: str | None = None
    assets: str | None = None

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


@functools.lru_cache(maxsize=2)
def assets_of(config: GenerateConfig) -> str:
    """Fingerprint of all files that clips of a config are made of, as they are on this machine.

    Raises:
        OSError: some are not there.
    """
    named = (Path(name) for name in config.spec.light.hdris)
    return fingerprint(config.bodies, [path for path in named if path.suffix])
