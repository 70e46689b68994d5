"""Latents are kept by content: the same numbers from disk, and new ones for whatever differs."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.train.engine.figures import write_figures
from train.config import TrainConfig
from train.data import build_loader
from train.engine.latents import build_latents, encode
from train.engine.start import requests_of
from train.model import build_codec
from train.tasks import build_tasks

CPU = torch.device("cpu")


def config(
    root: Path, cache: Path | None, channels: int = 24, coding: str = "gray", weight: float = 1.0
) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "model": {
                "init": {"in_channels": channels, "out_channels": channels},
                "codec": {"patch": {"spatial": 8, "temporal": 4, "channels": channels}},
                "text": {"encoder": "words", "length": 8},
            },
            "data": {
                "sources": [{"url": str(root)}], "lengths": [{"frames": 5}], "sizes": [[32, 32]], "workers": 0,
                "variants": 2, "cache": {"folder": str(cache) if cache else None},
            },
            "tasks": {"depth": {"coding": coding, "weight": weight}, "matte": {}},
        }
    )  # fmt: skip


def run(config: TrainConfig, batches: int) -> tuple[list[torch.Tensor], int]:
    """Latents of the first batches, colour and targets, and how many clips the codec was asked to encode."""
    codec, tasks, asked = build_codec(config.model), build_tasks(config.tasks), 0
    latents = build_latents(config, codec, tasks, CPU)
    plain = codec.encode

    def counted(video: torch.Tensor) -> torch.Tensor:
        nonlocal asked
        asked += len(video)
        return plain(video)

    codec.encode = counted
    loader = build_loader(config.data, requests_of(tasks), 4)
    found = []
    for _ in range(batches):
        batch = next(loader)
        found += [latents.colour(batch), latents.targets(batch)]
        torch.testing.assert_close(found[-2], encode(build_codec(config.model), batch.rgb, CPU), rtol=0, atol=1e-6)
    loader.close()
    return found, asked


def test_what_was_encoded_once_comes_from_disk(tmp_path: Path) -> None:
    write_figures(tmp_path / "set", 4, size=32)
    cache = tmp_path / "cache"
    none, asked_without = run(config(tmp_path / "set", None), 4)
    first, asked_first = run(config(tmp_path / "set", cache), 4)
    again, asked_again = run(config(tmp_path / "set", cache), 4)
    assert asked_without == 32 and 0 < asked_first <= 32 and asked_again == 0
    for a, b, c in zip(none, first, again, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
        assert torch.equal(b, c)
    # How a task counts changes nothing; how it codes its target does, and so does the codec.
    assert run(config(tmp_path / "set", cache, weight=3.0), 2)[1] == 0
    _, asked = run(config(tmp_path / "set", cache, coding="banana"), 4)
    assert 0 < asked < asked_first
    assert run(config(tmp_path / "set", cache, channels=12), 4)[1] == asked_first


def test_a_damaged_entry_is_made_anew(tmp_path: Path) -> None:
    write_figures(tmp_path / "set", 4, size=32)
    settings = config(tmp_path / "set", tmp_path / "cache")
    first, _ = run(settings, 2)
    for path in (tmp_path / "cache").glob("??/*.safetensors"):
        data = bytearray(path.read_bytes())
        data[-3] ^= 255
        path.write_bytes(data)
    again, asked = run(settings, 2)
    assert asked > 0 and all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
