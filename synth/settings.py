"""Settings of any command: a YAML file with dotted overrides laid over it becomes a checked pydantic model."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from os import PathLike
from typing import Any, TypeVar, get_args

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml import MarkedYAMLError, YAMLError

from synth.conventions import ThfmError

Model = TypeVar("Model", bound=BaseModel)


def load_settings(
    model: type[Model], path: str | PathLike, overrides: Iterable[str] = (), example: str = "configs/synth/default.yaml"
) -> Model:
    """Read a YAML file, lay dotted overrides over it and check the result.

    Args:
        model: what the settings must be.
        path: YAML file.
        overrides: ``key.of.a.field=value`` each; the value is YAML, so lists are ``[a,b]`` and None is ``null``.
        example: a file that exists, named when ``path`` does not.

    Raises:
        ThfmError: no such file, no YAML, or a key that is unknown or has an impossible value; one line that names the
            key, what it got and what is allowed.
    """
    try:
        base = OmegaConf.load(path)
    except OSError as error:
        raise ThfmError(f"{path} cannot be read ({error.strerror}): name one such as {example}.") from None
    except (YAMLError, OmegaConfBaseException, ValueError) as error:
        raise ThfmError(f"{path} is no readable YAML ({_line(error)}).") from None
    return checked(model, overridden(base, overrides))


def checked(model: type[Model], data: Any) -> Model:
    """Plain data as ``model``; ThfmError in one line otherwise."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ThfmError(explain(model, error)) from None


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
