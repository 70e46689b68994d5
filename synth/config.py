"""The root config: one field a room. Files are YAML; dotted overrides (``spec.video.frames=9``) win over them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synth.blender.config import RenderConfig
from synth.bodies.config import BodiesConfig
from synth.cluster.config import ClusterConfig
from synth.qa.config import QaConfig
from synth.settings import load_settings
from synth.shards.config import ShardsConfig
from synth.spec.config import SpecConfig


class GenerateConfig(BaseModel):
    """Everything that ``thfm-synth generate`` can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(0, ge=0, description="another seed gives another data set")
    clips: int = Field(ge=1, description="clips of the data set, rejected ones included")
    spec: SpecConfig = SpecConfig()
    bodies: BodiesConfig = BodiesConfig()
    render: RenderConfig = RenderConfig()
    qa: QaConfig = QaConfig()
    shards: ShardsConfig = ShardsConfig()
    cluster: ClusterConfig = ClusterConfig()

    @model_validator(mode="after")
    def _machines_of_both_kinds(self) -> GenerateConfig:
        if self.cluster.machines_without_gpu and not (self.cluster.gpus_per_worker and self.render.device == "auto"):
            raise ValueError(
                "cluster.machines_without_gpu is for clips that take a GPU where there is one: "
                "set cluster.gpus_per_worker above 0 and render.device=auto"
            )
        return self


def load_config(path: str | PathLike, overrides: Iterable[str] = ()) -> GenerateConfig:
    """The generator's settings: a YAML file with dotted overrides over it. Raises ThfmError like ``load_settings``."""
    return load_settings(GenerateConfig, path, overrides)


# Keys that may change between the runs that fill one data set: no byte of a clip depends on them.
FREE_KEYS = ("cluster", "clips", "render.threads")


def identity(config: GenerateConfig) -> dict[str, Any]:
    """The part of a config that decides what the clips are, JSON-able; the manifest repeats it."""
    data = config.model_dump(mode="json")
    for key in FREE_KEYS:
        *parents, last = key.split(".")
        node = data
        for parent in parents:
            node = node[parent]
        del node[last]
    return data


def first_difference(old: Any, new: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first dotted key whose value differs between two JSON-able configs, with both values; None if equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            inner = f"{key}.{name}" if key else name
            found = first_difference(old.get(name), new.get(name), inner)
            if found:
                return found
        return None
    return None if old == new else (key, old, new)
