"""``Clip``: one clip of a shard, decoded field by field when asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from synth.conventions import ThfmError
from synth.shards.codecs import decode_codes, decode_field
from synth.shards.quantise import QUANTISERS
from synth.shards.schema import FIELDS, META, Field, check_schema


class Clip:
    """One clip. A field of ``FIELDS`` is an attribute, decoded at its first reading and kept.

    Attributes:
        key: stable id.
        shard: where the clip was read from.
        fps: frames per second.
        meta: the clip spec, seeds, versions, caption, QA verdict.
        num_frames, height, width, num_people: T, H, W, P; None if no field of the clip has that axis.
        header: the whole of ``meta.json``.

    Reading a field raises ThfmError, naming shard, clip and field, if the clip lacks it or its bytes are damaged.
    """

    def __init__(self, key: str, members: Mapping[str, bytes], shard: str = "clip", threads: int = 1):
        """``members`` maps member names without the key (``depth.mkv``) to bytes; ``meta.json`` is required."""
        self.key, self.shard, self.threads = key, shard, threads
        self._members = dict(members)
        self._cache: dict[str, Any] = {}
        if META not in self._members:
            raise ThfmError(f"{shard}: clip {key}: {META} is missing; generate the shard again.")
        try:
            self.header = json.loads(self._members[META])
            check_schema(self.header["schema"], f"{shard}: clip {key}")
            self.fps, self.meta = self.header["fps"], self.header["meta"]
            self.num_frames, self.num_people = self.header["frames"], self.header["people"]
            self.height, self.width = self.header["height"], self.header["width"]
        except ThfmError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise ThfmError(f"{shard}: clip {key}: {META} is damaged ({error}); generate the shard again.") from None

    def __repr__(self) -> str:
        return f"Clip({self.key!r}, fields={self.fields()}, shard={self.shard!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from synth.shards.notebook import html

        return html(self)

    def fields(self) -> list[str]:
        """Names of the fields that can be read from this clip."""
        return [name for name, field in FIELDS.items() if field.member in self._members]

    def __getattr__(self, name: str) -> Any:
        if name not in FIELDS:
            raise AttributeError(f"{name!r} is neither an attribute of Clip nor a field of the format")
        if name not in self._cache:
            self._cache[name] = self._decode(name, 0, None)
        return self._cache[name]

    def frames(self, name: str, start: int = 0, stop: int | None = None, step: int = 1) -> Any:
        """Every ``step``-th frame of ``start`` to ``stop`` of field ``name``, decoding only what they need and keeping
        nothing.

        The frame axis of the result has length ``len(range(start, stop, step))``; it is the second axis of fields with
        a people axis. ``smplx`` comes whole.
        """
        stop = self.num_frames if stop is None else stop
        if not 0 <= start <= stop <= self.num_frames:
            raise ThfmError(f"{self.shard}: clip {self.key} has {self.num_frames} frames, not {start} to {stop}.")
        return self._decode(name, start, stop, step)

    def encoded(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """A field as it is stored: the bytes of its member and its entry in the header, for ``encode_clip``."""
        return self._members[FIELDS[name].member], self.header["storage"][name]

    def codes(self, name: str, start: int, stop: int) -> np.ndarray:
        """Frames ``start`` to ``stop`` of a label map as it is stored: (stop - start, planes, H, W) uint8 or uint16.

        ``header["storage"][name]`` holds the numbers that make values of them (docs/format.md).
        """
        if FIELDS[name].codec not in QUANTISERS:
            raise ThfmError(f"{name} is no label map: it is stored as {FIELDS[name].codec}, not as codes.")
        return self._guarded(name, lambda field, data: decode_codes(field, data, self.header, start, stop))

    def _decode(self, name: str, start: int, stop: int | None, step: int = 1) -> Any:
        return self._guarded(
            name, lambda field, data: decode_field(field, data, self.header, start, stop, self.threads, step)
        )

    def _guarded(self, name: str, decode: Callable[[Field, bytes], Any]) -> Any:
        field = FIELDS[name]
        if field.member not in self._members:
            raise ThfmError(
                f"{self.shard}: clip {self.key} holds no field {name} (or it was not asked for); "
                f"it has {', '.join(self.fields())}."
            )
        try:
            return decode(field, self._members[field.member])
        except Exception as error:  # decoders raise anything from zipfile.BadZipFile to av.InvalidDataError
            raise ThfmError(
                f"{self.shard}: clip {self.key}: field {name} cannot be decoded ({error}); "
                "fetch or generate the shard again."
            ) from error
