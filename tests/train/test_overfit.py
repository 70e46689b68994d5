"""It can learn at all: four clips are learnt by heart, one task at a time.

Whoever cannot do this has a fault: a mask or an axis turned, a coding that is lost on the way, a gradient that does not
arrive. Answers are judged by the metrics of the tasks on the very clips that were seen.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.train.engine.figures import write_figures
from train.config import TrainConfig
from train.engine.trainer import fit

MODEL = {
    "init": {
        "num_attention_heads": 4, "attention_head_dim": 32, "num_layers": 3, "ffn_dim": 512, "in_channels": 768,
        "out_channels": 768, "text_dim": 32, "freq_dim": 64, "patch_size": [1, 1, 1],
    },
    "codec": {"patch": {"spatial": 8, "temporal": 4, "even": True}},
    "text": {"encoder": "words", "length": 8},
}  # fmt: skip
AUGMENT = {"crop": {"chance": 0}, "flip": 0, "colour": 0}

# Near perfection: (metric, bound); keypoints as a share of the image's longer side.
BOUNDS = {
    "keypoints2d": ("error", 0.01, False),
}


@pytest.fixture(scope="module")
def four(tmp_path_factory) -> Path:
    """Four clips of 5 frames of 64 x 64."""
    return write_figures(tmp_path_factory.mktemp("four") / "clips", 4)


def learnt(clips: Path, out: Path, tasks: list[str], steps: int) -> dict[str, float]:
    """Metrics after training on all of ``tasks``, on the clips that were trained on."""
    data = {"sources": [{"url": str(clips)}], "validation": {"urls": [str(clips)]}, "lengths": [{"frames": 5}]}
    engine = {
        "steps": steps, "batch_size": 4, "log_every": 100, "validate_every": None, "checkpoint_every": steps,
        "optimiser": {"lr": 1e-3, "lr_tokens": 3e-3, "warmup": 20, "schedule": "cosine"},
        "constant_samples": 0, "pictures": 0,
        "device": "cpu",
    }  # fmt: skip
    config = {
        "model": MODEL,
        "data": {**data, "sizes": [[64, 64]], "workers": 0, "augment": AUGMENT},
        "tasks": {name: {} for name in tasks},
        "engine": engine,
    }
    assert fit(TrainConfig.model_validate(config), out) == 0
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return {name.removeprefix("validation/"): value for name, value in lines[-1].items()}


def check(metrics: dict[str, float], task: str) -> None:
    name, bound, larger = BOUNDS[task]
    value = metrics[f"{task}/{name}"]
    assert value > bound if larger else value < bound, f"{task}/{name} is {value}, wanted {bound}"


@pytest.mark.parametrize("task", list(BOUNDS))
def test_a_task_alone(four, tmp_path, task):
    check(learnt(four, tmp_path / "run", [task], steps=400), task)
