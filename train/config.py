"""The root of a training config: it only lists the rooms."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from synth.conventions import ThfmError
from synth.settings import explain, load_settings
from train.data.config import DataConfig
from train.engine.config import EngineConfig
from train.model.config import ModelConfig
from train.tasks import TASKS, build_tasks

EXAMPLE = "configs/train/tiny.yaml"


class TrainConfig(BaseModel):
    """All that a run can be told.

    Attributes:
        tasks: name of a task -> its options.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig
    data: DataConfig
    tasks: dict[str, dict[str, Any]] = Field(default_factory=dict, description="task -> its options")
    engine: EngineConfig = EngineConfig()

    @field_validator("tasks", mode="before")
    @classmethod
    def _bare_names(cls, value: Any) -> Any:
        """``depth:`` without options is a task too."""
        return {k: {} if v is None else v for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("tasks")
    @classmethod
    def _known(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, options in value.items():
            try:
                build_tasks({name: options})
            except ThfmError as error:
                raise ValueError(str(error).rstrip(".")) from None
            except ValidationError as error:
                raise ValueError(f"{name}.{explain(TASKS[name].Options, error)}".rstrip(".")) from None
        return value


def load_config(path: str | PathLike, overrides: Iterable[str] = ()) -> TrainConfig:
    """A YAML file with ``key=value`` laid over it. Raises ThfmError naming the key, what it got and what is allowed."""
    return load_settings(TrainConfig, path, overrides, example=EXAMPLE)
