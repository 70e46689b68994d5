"""The root config: one field a room. Files are YAML; dotted overrides (``spec.video.frames=9``) win over them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from os import PathLike
from typing import Any, get_args

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from yaml import MarkedYAMLError, YAMLError

from synth.blender.config import RenderConfig
from synth.bodies.config import BodiesConfig
from synth.cluster.config import ClusterConfig
from synth.conventions import ThfmError
from synth.qa.config import QaConfig
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


def load_config(path: str | PathLike, overrides: Iterable[str] = ()) -> GenerateConfig:
    """Read a YAML file and lay dotted overrides over it.

    Args:
        path: YAML file.
        overrides: ``key.of.a.field=value`` each; the value is YAML, so lists are ``[a,b]`` and None is ``null``.

    Raises:
        ThfmError: no such file, no YAML, or a key that is unknown or has an impossible value; one line that names the
            key, what it got and what is allowed.
    """
    try:
        base = OmegaConf.load(path)
    except OSError as error:
        raise ThfmError(
            f"{path} cannot be read ({error.strerror}): name one such as configs/synth/default.yaml."
        ) from None
    except (YAMLError, OmegaConfBaseException, ValueError) as error:
        raise ThfmError(f"{path} is no readable YAML ({_line(error)}).") from None
    data = overridden(base, overrides)
    try:
        return GenerateConfig.model_validate(data)
    except ValidationError as error:
        raise ThfmError(explain(GenerateConfig, error)) from None


def overridden(base: Any, overrides: Iterable[str]) -> dict[str, Any]:
    """A config with dotted overrides laid over it, as plain dicts and lists. Raises ThfmError if one makes no sense."""
    overrides = list(overrides)
    for override in overrides:
        if "=" not in override or override.startswith("="):
            raise ThfmError(f"{override!r} is no override: write key=value, such as clips=100 or spec.video.frames=9.")
    try:
        merged = OmegaConf.merge(base, OmegaConf.from_dotlist(overrides))
        return OmegaConf.to_container(merged, resolve=True)
    except (YAMLError, OmegaConfBaseException, ValueError, TypeError) as error:
        raise ThfmError(f"the overrides {' '.join(overrides)!r} do not fit the config ({_line(error)}).") from None


def explain(model: type[BaseModel], error: ValidationError) -> str:
    """The first fault of a validation error in one line: the key, what it got, what is allowed."""
    faults = error.errors()
    first, more = _fault(model, faults[0]), len(faults) - 1
    return f"{first} ({more} more fault{'s' if more > 1 else ''} after it)" if more else first


def _fault(model: type[BaseModel], fault: ErrorDetails) -> str:
    path = [str(p) for p in fault["loc"]]
    key = ".".join(path)
    if fault["type"] == "extra_forbidden":
        known = sorted(_model_at(model, path[:-1]).model_fields)
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"did you mean {'.'.join([*path[:-1], near[0]])}?" if near else f"known here: {', '.join(known)}."
        return f"{key}: there is no such key, got {fault['input']!r}; {hint}"
    if fault["type"] == "missing":
        return f"{key}: missing; set it in the file or as {key}=VALUE."
    if fault["type"] == "value_error":  # a validator of ours: its own sentence says what it got
        return f"{key or 'config'}: {fault['ctx']['error']}."
    allowed = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{key or 'config'}: {allowed}, got {fault['input']!r}."


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    for name in path:
        annotation = model.model_fields[name].annotation
        options = [annotation, *get_args(annotation)]
        model = next(a for a in options if isinstance(a, type) and issubclass(a, BaseModel))
    return model


def _line(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


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
