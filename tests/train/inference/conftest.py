"""The tiny model, saved once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.train.engine.figures import write_figures
from tests.train.inference.saved import save_tiny
from train.inference import Predictor


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "run" / "final")


@pytest.fixture(scope="session")
def predictor(folder: Path) -> Predictor:
    torch.set_num_threads(1)
    return Predictor.from_pretrained(folder, device="cpu")


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five clips of 9 frames, larger than the model's own size."""
    return write_figures(tmp_path_factory.mktemp("figures"), 5, per_shard=3, frames=9, size=48, first=7)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("evaluated") / "run" / "final").parent
