"""The tiny model, saved once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.train.inference.saved import save_tiny
from train.inference import Predictor


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "run" / "final")


@pytest.fixture(scope="session")
def predictor(folder: Path) -> Predictor:
    torch.set_num_threads(1)
    return Predictor.from_pretrained(folder, device="cpu")
