"""What a worker is asked to make."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from synth.bodies.config import BodiesConfig
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
        ahead: nothing but its draw is wanted, for another worker to go on with.
        draw: that draw, packed; None: it is still to be made.
    """

    config: GenerateConfig
    index: int
    out: str
    logs: Path
    source: str | None = None
    assets: str | None = None
    ahead: bool = False
    draw: bytes | None = None

    @property
    def key(self) -> str:
        return clip_key(self.index)

    @property
    def log(self) -> Path:
        """What the renderer says of the clip."""
        return self.logs / f"{self.key}.log"

    @property
    def longest(self) -> str:
        """The stage of the renderer that takes longest, whose frames tell how far the clip is."""
        if self.source is not None:
            return "labels"
        return "colour" if self.config.render.colour else "matte"


def assets_of(config: GenerateConfig) -> str:
    """Fingerprint of all files that clips of a config are made of, as they are on this machine; told once a process.

    Raises:
        OSError: some are not there.
    """
    return _fingerprint(config.bodies, config.spec.light.hdris)


@functools.lru_cache(maxsize=2)
def _fingerprint(bodies: BodiesConfig, hdris: tuple[str, ...]) -> str:
    return fingerprint(bodies, [path for path in map(Path, hdris) if path.suffix])
