"""A clip's arrays to tar members and back.

``meta.json`` of a clip carries, per field, all that a reader needs to invert the coding and to notice damage.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synth.conventions import SCHEMA_VERSION, ThfmError
from synth.shards import video
from synth.shards.quantise import QUANTISERS
from synth.shards.schema import FIELDS, META, Field, check_arrays, check_key

People = Sequence[Mapping[str, Any]]


Encoded = tuple[bytes, Mapping[str, Any]]  # a member's bytes and its entry under ``storage``


def encode_clip(
    key: str,
    fps: float,
    arrays: Mapping[str, Any],
    meta: Mapping[str, Any],
    kept: Mapping[str, Encoded] | None = None,
) -> dict[str, bytes]:
    """Encode one clip.

    Args:
        key: name of the clip in its shard.
        fps: frames per second.
        arrays: field name -> array as in ``FIELDS``; ``smplx`` is a list of one dict of arrays (or strings) a person.
            A clip may hold any subset of the fields.
        meta: JSON-able dict: the clip spec, seeds, versions, caption, QA verdict.
        kept: field name -> ``Clip.encoded`` of it, taken over as it is instead of an array.

    Returns:
        Member name without the key (``depth.mkv``) -> bytes, in the order of ``FIELDS`` with ``meta.json`` first. The
        same input gives the same bytes on every machine with the same library versions.

    Raises:
        ThfmError: a wrong name, shape, dtype or value, naming clip and field.
    """
    check_key(key)
    if not (isinstance(fps, int | float) and math.isfinite(fps) and fps > 0):
        raise ThfmError(f"Clip {key}: fps must be a positive number, got {fps!r}.")
    sizes = check_arrays(arrays, f"Clip {key}")
    members, storage, kept = {}, {}, kept or {}
    for field in FIELDS.values():
        if field.name in kept:
            members[field.member], storage[field.name] = kept[field.name]
        if field.name in kept or field.name not in arrays:
            continue
        try:
            data, params = _encode(field, arrays[field.name], fps)
        except ThfmError as error:
            raise ThfmError(f"Clip {key}: field {field.name}: {error}.") from None
        members[field.member] = data
        storage[field.name] = {"codec": field.codec, "crc32": zlib.crc32(data), **params}
    header = {
        "schema": SCHEMA_VERSION,
        "key": key,
        "fps": fps,
        "frames": sizes.get("T"),
        "height": sizes.get("H"),
        "width": sizes.get("W"),
        "people": sizes.get("P"),
        "storage": storage,
        "meta": meta,
    }
    return {META: to_json(header, f"Clip {key}: meta")} | members


def to_json(value: Any, what: str) -> bytes:
    """Deterministic JSON: sorted keys, UTF-8, no NaN. ``what`` names the value in the error."""
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, indent=1).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise ThfmError(f"{what} cannot be written as JSON ({error}): use plain numbers, strings and lists.") from None


def _encode(field: Field, value: Any, fps: float) -> tuple[bytes, dict[str, float]]:
    if field.codec == "npz":
        return _people_to_npz(value), {}
    if field.codec == "npy":
        return _to_npy(value), {}
    if field.codec == "h264":
        return video.encode_rgb(value, fps), {}
    quantiser = QUANTISERS[field.codec]
    params = quantiser.plan(value)
    height, width = value.shape[1:3]
    frames = (quantiser.encode(frame, params) for frame in value)
    return video.encode_codes(frames, (quantiser.planes * height, width), quantiser.code, fps), params


def decode_field(
    field: Field,
    data: bytes,
    header: Mapping[str, Any],
    start: int = 0,
    stop: int | None = None,
    threads: int = 1,
    step: int = 1,
) -> Any:
    """Decode every ``step``-th frame of ``start`` to ``stop`` of one member.

    Args:
        field: which field ``data`` is.
        data: the bytes of the member.
        header: the parsed ``meta.json`` of the clip.
        start, stop, step: frames, as in a slice; a field without frame axis ignores them.
        threads: decoder threads.

    Returns:
        The array as in ``FIELDS``; for ``smplx`` the list of dicts that was given to ``encode_clip``.

    Raises:
        Exception: whatever the decoder finds wrong; ``Clip`` turns it into a ThfmError that names shard, key and field.
    """
    storage = header["storage"][field.name]
    if zlib.crc32(data) != storage["crc32"]:
        raise ValueError("the bytes do not match their checksum")
    if storage["codec"] != field.codec:
        raise ValueError(f"codec {storage['codec']!r} is unknown here, expected {field.codec!r}")
    if field.codec == "npz":
        return _people_from_npz(data, header["people"])
    stop = header["frames"] if stop is None else stop
    if field.codec == "npy":
        array = _from_npy(data)
        return array[(slice(None),) * field.frame_axis + (slice(start, stop, step),)]
    count, height, width = len(range(start, stop, step)), header["height"], header["width"]
    if field.codec == "h264":
        out = np.empty((count, height, width, 3), np.uint8)
        _fill(out, video.decode(data, "rgb24", start, stop, threads, step), np.copyto)
        return out
    quantiser = QUANTISERS[field.codec]
    shape = (count, height, width) + ((quantiser.channels,) if quantiser.channels else ())
    out = np.empty(shape, field.dtype)
    read = quantiser.decoder(storage)
    frames = video.decode(data, video.CODE_FORMATS[quantiser.code], start, stop, threads, step)
    _fill(out, frames, lambda to, codes: read(codes.reshape(quantiser.planes, height, width), to))
    return out


def decode_codes(field: Field, data: bytes, header: Mapping[str, Any], start: int, stop: int) -> np.ndarray:
    """The stored integers of a label map, (stop - start, planes, H, W) uint8 or uint16, before they become values."""
    quantiser = QUANTISERS[field.codec]
    frames = video.decode(data, video.CODE_FORMATS[quantiser.code], start, stop)
    return np.stack(list(frames)).reshape(-1, quantiser.planes, header["height"], header["width"])


def _fill(out: np.ndarray, frames, write) -> None:
    for to, frame in zip(out, frames, strict=True):
        write(to, frame)


def _to_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def _from_npy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)


def _people_to_npz(people: People) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, person in enumerate(people, 1):
            for name in sorted(person):
                array = np.asarray(person[name])
                if array.dtype.kind not in "biufU":
                    raise ThfmError(f"array {name!r} of person {number} has dtype {array.dtype}, not numbers or text")
                # A ZipInfo built by hand carries 1980-01-01 instead of the time of writing.
                archive.writestr(zipfile.ZipInfo(f"{number}.{name}.npy"), _to_npy(array))
    return buffer.getvalue()


def _people_from_npz(data: bytes, count: int) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = [{} for _ in range(count)]
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        for name in archive.files:
            number, _, key = name.partition(".")
            array = archive[name]
            people[int(number) - 1][key] = str(array) if array.dtype.kind == "U" and array.ndim == 0 else array
    return people
