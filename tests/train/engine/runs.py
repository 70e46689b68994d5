"""Small runs of the real loop, each in a process of its own, started from a server that has imported it all once."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml

from synth.settings import overridden

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["train.engine.trainer"])
PATIENCE = 240

TINY = {
    "model": {
        "init": {
            "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2, "ffn_dim": 64, "in_channels": 24,
            "out_channels": 24, "text_dim": 16, "freq_dim": 32, "patch_size": [1, 1, 1],
        },
        "codec": {"patch": {"spatial": 8, "temporal": 4, "channels": 24}},
        "text": {"encoder": "words", "length": 8},
    },
    "tasks": {"matte": {}, "keypoints2d": {}},
    "engine": {
        "steps": 6, "batch_size": 2, "optimiser": {"lr": 1e-3, "warmup": 2}, "ema": 0.9, "log_every": 1,
        "validate_every": None, "checkpoint_every": 3, "constant_samples": 8, "pictures": 1, "device": "cpu",
    },
}  # fmt: skip


def write_config(path: Path, train: Path, held: Path, changes: dict | None = None, **engine) -> Path:
    """A config file for 32 x 32 figures, with dotted ``changes`` and those of the engine."""
    data = {"sources": [{"url": str(train)}], "lengths": [{"frames": 5}], "sizes": [[32, 32]], "workers": 0}
    data["validation"] = {"urls": [str(held)]}
    config = {**TINY, "data": data, "engine": {**TINY["engine"], **engine}}
    path.write_text(yaml.safe_dump(overridden(config, [f"{k}={v}" for k, v in (changes or {}).items()])))
    return path


def train(
    config: Path, out: Path, overrides: Sequence[str] = (), mode: str = "auto", sabotage: tuple = (), world: int = 1
) -> list[int]:
    """Run ``fit`` in ``world`` processes; their exit codes, negative for the signal that ended one.

    Args:
        sabotage: (step, what): within that step of the process a signal (its number) arrives, the run's stop file
            appears ("stop file"), or a gradient is spoilt ("nan on the last process", after gradients were exchanged);
            or it is killed when it then writes a checkpoint ("kill while writing"). With "own machine" the last process
            works in the folder ``last`` beside ``out`` and all others in ``others``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [(str(config), str(out), list(overrides), mode, sabotage, rank, world, port) for rank in range(world)]
    processes = [_CONTEXT.Process(target=_child, args=a) for a in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def _child(config, out, overrides, mode, sabotage, rank, world, port) -> None:
    from synth.conventions import ThfmError
    from train.config import load_config
    from train.engine.trainer import fit

    # The server that this process was forked from holds the standard error of another test.
    os.dup2(os.open(log_of(Path(out)), os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    if world > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world)}
        os.environ |= {"LOCAL_WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    if sabotage:
        _sabotage(Path(out), rank == world - 1, *sabotage)
    try:
        sys.exit(fit(load_config(config, overrides), out, mode))
    except ThfmError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _sabotage(out: Path, last: bool, step: int, what: int | str) -> None:
    from train.engine import checkpoint, trainer
    from train.engine.outliers import Outliers

    if what == "own machine":
        os.chdir(out.parent / ("last" if last else "others"))
    judge, norm, write, steps = Outliers.judge, trainer.gradient_norm, checkpoint.write_pieces, [0]

    def spoilt(parameters):
        parameters = list(parameters)
        steps[0] += 1
        if steps[0] == step and what == "nan on the last process" and last:
            parameters[0].grad[0] = float("nan")
        return norm(parameters)

    def judged(self, size):
        if steps[0] == step and what == "stop file":
            (out / "stop").touch()
        if steps[0] == step and isinstance(what, int):
            os.kill(os.getpid(), what)
        return judge(self, size)

    def written(path, pieces):
        write(path, pieces)
        if steps[0] >= step and what == "kill while writing":
            path.write_bytes(path.read_bytes()[:-100])
            os.kill(os.getpid(), signal.SIGKILL)

    Outliers.judge, trainer.gradient_norm, checkpoint.write_pieces = judged, spoilt, written


def log_of(run: Path) -> Path:
    """Standard error of all processes of a run."""
    return run.with_name(f"{run.name}.log")


def curve(run: Path) -> list[dict]:
    """Lines of metrics.jsonl without what depends on the clock."""
    unsteady = {"samples_per_second", "data_wait", "memory_gib"}
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in unsteady} for line in lines]
