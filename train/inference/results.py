"""What is known of each judged clip, kept line by line: an interrupted evaluation goes on where it was."""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synth.conventions import ThfmError
from train.files import remove, replace_text
from train.tasks import Measure

SETTINGS, CLIPS, PICTURES = "settings.json", "clips.jsonl", "pictures"
OURS = (SETTINGS, CLIPS, PICTURES, "report.json", "report.html")


def pack(measure: Measure) -> dict[str, Any]:
    """Statistics as JSON, exact: numbers, and arrays as compressed float64."""
    packed: dict[str, Any] = {}
    for name, value in measure.items():
        value = np.asarray(value, np.float64)
        packed[name] = (
            float(value)
            if value.ndim == 0
            else [list(value.shape), base64.b64encode(zlib.compress(value.tobytes())).decode()]
        )
    return packed


def unpack(packed: Mapping[str, Any]) -> Measure:
    """The inverse of ``pack``."""
    return {
        name: np.float64(value)
        if not isinstance(value, list)
        else np.frombuffer(zlib.decompress(base64.b64decode(value[1]))).reshape(value[0])
        for name, value in packed.items()
    }


class Results:
    """The folder of an evaluation: settings.json, clips.jsonl, pictures/.

    Records stay in the file, since a hundred thousand of them fill gigabytes; only where they begin is in memory.

    Args:
        folder: is made if need be.
        settings: what the results depend on, JSON-able.
        fresh: forget what the folder holds.

    Attributes:
        done: key of a finished clip -> where its record begins in clips.jsonl, bytes.

    Raises:
        ThfmError: the folder holds results of other settings, or cannot be written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], fresh: bool = False):
        self.folder, self.pictures = folder, folder / PICTURES
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                remove(folder, OURS)
            self._check(json.loads(json.dumps(settings)))
            self.done = _tidied(folder / CLIPS)
        except OSError as error:
            raise _unwritable(folder, error) from None

    def record(self, key: str) -> dict[str, Any] | None:
        """What is known of a finished clip; None if it is not finished. Raises ThfmError if it is gone."""
        if key not in self.done:
            return None
        try:
            with open(self.folder / CLIPS, "rb") as file:
                file.seek(self.done[key])
                return json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise ThfmError(
                f"{self.folder / CLIPS} was changed meanwhile ({error}): start the command again."
            ) from None

    def add(self, record: Mapping[str, Any]) -> None:
        """Keep what is known of a clip, at once. Raises ThfmError if it cannot be written."""
        try:
            with open(self.folder / CLIPS, "ab") as file:
                place = file.tell()
                file.write(json.dumps(record).encode() + b"\n")
        except OSError as error:
            raise _unwritable(self.folder, error) from None
        if "error" not in record:
            self.done[record["key"]] = place

    def write(self, name: str, text: str | Iterable[str]) -> None:
        """A file of the folder, complete or as it was. Raises ThfmError if it cannot be written."""
        write_text(self.folder, name, text)

    def _check(self, settings: dict[str, Any]) -> None:
        path = self.folder / SETTINGS
        try:
            before = json.loads(path.read_text())
        except FileNotFoundError:
            replace_text(path, json.dumps(settings, indent=2))
            return
        except ValueError:
            raise ThfmError(f"{path} cannot be read: begin anew with --fresh, or choose another --out.") from None
        for key in dict.fromkeys([*before, *settings]):
            old, new = before.get(key), settings.get(key)
            if old != new:
                raise ThfmError(
                    f"{self.folder} holds results of other settings ({key}: {_short(old)} then, {_short(new)} now): "
                    "choose another --out, or begin anew with --fresh."
                )


def _tidied(path: Path) -> dict[str, int]:
    """Drop lines that were cut off and clips that failed; gives where the others begin, by key."""
    places: dict[str, int] = {}
    part = path.with_name(path.name + ".part")
    with open(path, "rb") if path.exists() else io.BytesIO() as lines, open(part, "wb") as kept:
        for line in lines:
            try:
                record = json.loads(line)
                if "error" not in record:
                    places[record["key"]] = kept.tell()
                    kept.write(line.rstrip(b"\n") + b"\n")
            except (ValueError, KeyError, TypeError):
                continue
    os.replace(part, path)
    return places


def write_text(folder: Path, name: str, text: str | Iterable[str]) -> None:
    """A file of a folder, complete or as it was. Raises ThfmError if it cannot be written."""
    try:
        replace_text(folder / name, text)
    except OSError as error:
        raise _unwritable(folder, error) from None


def results_folder(run: Path, kind: str, name: str) -> Path:
    """Where results lie if nobody says so: in the run, or beside a model's folder, which they must not change."""
    if (run / "thfm.json").is_file():
        run = run.parent if run.name == "final" else run.with_name(f"{run.name}-results")
    return run / kind / name


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 60 else f"{text[:57]}..."


def _unwritable(folder: Path, error: OSError) -> ThfmError:
    return ThfmError(
        f"{folder} cannot be written ({error.strerror}): make room or choose another --out; finished clips are kept."
    )
