"""Data sets of figures, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.engine.figures import write_figures


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Data sets to train on (8 clips) and to hold out (3 clips), 5 frames of 32 x 32."""
    root = tmp_path_factory.mktemp("figures")
    return write_figures(root / "train", 8, size=32), write_figures(root / "held", 3, size=32, first=100)
