"""What commands read and write alike: examples of help, choices, and pairs that name files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from synth.conventions import ThfmError


def examples(*lines: str) -> str:
    """The end of a command's help, in markdown: one example a paragraph."""
    return "\n\n".join(["**Examples**", *lines])


def require_choice(option: str, value: str, allowed: Iterable[str]) -> None:
    """Raises ThfmError if ``option`` (``--depth``) was given a value that is not allowed."""
    allowed = tuple(allowed)
    if value not in allowed:
        raise ThfmError(f"{option} {value}: write {' or '.join(allowed)}.")


def named_paths(option: str, pairs: Iterable[str], form: str, example: str) -> dict[str, Path]:
    """NAME=PATH, ... -> {name: path}; ``form`` and ``example`` are what the error shows.

    Raises:
        ThfmError: a pair without a name or a path.
    """
    named = {}
    for pair in pairs:
        name, _, path = pair.partition("=")
        if not (name and path):
            raise ThfmError(f"{option} {pair}: write {form}, such as {example}.")
        named[name] = Path(path)
    return named
