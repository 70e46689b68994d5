"""GPU memory that a training config needs, before a GPU is paid for.

examples:
  python tools/memory_budget.py configs/train/wan-1.3b-lora.yaml --memory-gb 24
  python tools/memory_budget.py configs/train/wan-14b.yaml --gpus 8
  python tools/memory_budget.py configs/train/wan-1.3b.yaml engine.ema=0.999 'data.sizes=[[720, 1280]]'
  python tools/memory_budget.py configs/train/wan-*.yaml        (several: a line each)

Computed, by running the trainer's own step on fake tensors at the config's real size and its largest batch: weights,
gradients, what the graph keeps, recomputation, autocast's copies, LoRA's, the VAE's chunks and caches.

Assumed: attention runs in a flash or memory-efficient kernel (keeps q, k, v, out, log-sum-exp); Adam runs its foreach
kernel (one more copy of what is trained while it steps); FSDP2 holds two blocks gathered, one being gathered, the
gradients of one block, and two blocks' gradients in float32 on their way; 1.2 GiB for CUDA, cuBLAS and NCCL, and 5 %
for convolution workspaces and the allocator's gaps. torch.compile is not counted; it usually takes less.
Without published weights: architectures are described in train/model/published.py.

GiB are 2**30 bytes; a "24-GB" card has 24 of them. Exit code: 0 it fits, 1 it does not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synth.conventions import ThfmError  # noqa: E402
from tools.fake_training import Footprint, footprint  # noqa: E402
from train.config import TrainConfig, load_config  # noqa: E402
from train.tasks import build_tasks  # noqa: E402

GIB = 2**30
LIBRARIES = int(1.2 * GIB)
SLACK = 0.05


@dataclass(frozen=True)
class Budget:
    """Bytes on one GPU.

    Attributes:
        resident: name -> bytes that are there all the time.
        phases: name -> bytes beyond that, one phase after the other.
        other: measured in the other setting of activation checkpointing; None if not asked for.
        host: bytes in the memory of the machine, for the first process and for each other one.
    """

    config: TrainConfig
    gpus: int
    shape: tuple[int, int, int, int]
    measured: Footprint
    resident: dict[str, int]
    phases: dict[str, int]
    other: Footprint | None
    host: tuple[int, int]

    @property
    def worst(self) -> str:
        """Name of the phase that needs most."""
        return max(self.phases, key=self.phases.__getitem__)

    @property
    def reserve(self) -> int:
        """What is set aside."""
        return LIBRARIES + int(SLACK * (sum(self.resident.values()) + self.phases[self.worst]))

    @property
    def total(self) -> int:
        """At the worst moment."""
        return sum(self.resident.values()) + self.phases[self.worst] + self.reserve


def budget(config: TrainConfig, gpus: int, compare: bool = False) -> Budget:
    """The budget of a config on so many GPUs; ``compare`` measures the other setting of checkpointing too."""
    engine = config.engine
    shape = largest_batch(config)
    measured = footprint(config, shape)
    other = None
    if compare:
        flipped = engine.model_copy(update={"activation_checkpointing": not engine.activation_checkpointing})
        other = footprint(config.model_copy(update={"engine": flipped}), shape, whole=False)
    sharded = engine.fsdp
    slices, parameters = (gpus if sharded else 1), measured.parameters
    trained = parameters.held(True, slices)
    resident = {
        "weights that stay frozen": parameters.held(False, slices),
        "weights that are trained, float32": trained,
        "their gradients, float32": trained,
        "Adam's two moments, float32": 2 * trained,
        "their average (EMA), float32": trained if engine.ema is not None else 0,
        f"codec, {config.model.codec.vae.dtype}": measured.codec,
    }
    passing = gathered(measured, engine.precision == "bf16") if sharded else 0
    phases = {
        "encode a clip and its target": measured.encode,
        "forward and backward": measured.step + passing,
        "optimiser step": trained,
        "decode an answer, at validation": measured.decode,
    }
    return Budget(config, gpus, shape, measured, resident, phases, other, host_memory(config, shape, measured, slices))


def largest_batch(config: TrainConfig) -> tuple[int, int, int, int]:
    """(B, T, H, W) of the batch with most pixels."""
    data, batch = config.data, config.engine.batch_size
    shapes = [(batch * n.multiple, n.frames, h, w) for n in data.lengths if n.share for h, w in data.sizes]
    return max(shapes, key=lambda s: s[0] * s[1] * s[2] * s[3])


def gathered(measured: Footprint, half: bool) -> int:
    """Bytes of whole weights and gradients that FSDP2 holds while a block runs; what is in no block stays gathered."""
    block, rest, size = measured.parameters.in_block(0), measured.parameters.in_block(-1), 2 if half else 4
    return size * 3 * block + 4 * rest + size * block + 4 * 2 * block


def host_memory(config: TrainConfig, shape: tuple[int, ...], measured: Footprint, slices: int) -> tuple[int, int]:
    """Bytes in the machine's memory for the first process and each other one: the model as it is built, which with
    FSDP2 the first alone does, or later batches and a checkpoint."""
    engine, data, parameters = config.engine, config.data, measured.parameters
    dense = engine.objective == "perceive" and any(not task.sparse for task in build_tasks(config.tasks).values())
    batch = shape[0] * shape[1] * shape[2] * shape[3] * (3 + (13 if dense else 0))  # colour; float32 target and a mask
    checkpoint = (3 + (engine.ema is not None)) * parameters.held(True, slices)
    built = parameters.held(True) + parameters.held(False)
    later = batch * (1 + data.workers * data.prefetch) + checkpoint
    return max(built, later), later if engine.fsdp else max(built, later)


def table(budget: Budget, memory: float) -> str:
    """What is printed."""
    config, engine, measured = budget.config, budget.config.engine, budget.measured
    batch, *size = budget.shape
    where = f"{budget.gpus} GPUs" if budget.gpus > 1 else "1 GPU"
    spread = ", FSDP2" if engine.fsdp else ", DDP" if budget.gpus > 1 else ""
    video, sparse = measured.tokens
    parameters = measured.parameters
    step = budget.gpus * engine.accumulation * engine.batch_size
    lines = [
        f"{config.model.path or 'a transformer from model.init'}: {engine.train} training on {where}{spread}",
        f"{batch} x {' x '.join(map(str, size))} at a time, {step} clips a step: "
        f"{batch} x {video:,} video tokens and {sparse:,} sparse ones",
        f"{parameters.count(True):,} numbers trained, {parameters.count(False):,} frozen",
        "",
        "a GPU holds                              GiB",
    ]
    lines += [row(name, size) for name, size in budget.resident.items()]
    lines += ["and in turn"]
    for name, size in budget.phases.items():
        note = "   <- most" if name == budget.worst else ""
        lines.append(row(name, size) + note)
        if name == "forward and backward":
            used = engine.activation_checkpointing
            lines += [kept(measured, "with" if used else "without")]
            if budget.other is not None:
                extra = budget.other.step - measured.step
                lines += [row(f"  {'without' if used else 'with'} checkpointing", size + extra) + "   instead"]
                lines += [kept(budget.other, "without" if used else "with")]
    lines += [
        "set aside",
        row("CUDA, libraries, gaps", budget.reserve),
        row("TOTAL, at the worst moment", budget.total, indent=""),
        f"machine: {budget.host[0] / GIB:.1f} GiB for the first process, {budget.host[1] / GIB:.1f} for each other one "
        "(building the model; batches, a checkpoint's copy)",
        "",
        verdict(budget, memory),
    ]
    return "\n".join(lines)


def short(path: str, budget: Budget, heading: bool) -> str:
    """One line instead of a table."""
    numbers = (sum(budget.resident.values()), *list(budget.phases.values())[:2], budget.total)
    line = f"{Path(path).name:<22}{budget.gpus:>5}" + "".join(f"{size / GIB:>11.1f}" for size in numbers)
    titles = "config".ljust(22) + " GPUs" + "".join(f"{t:>11}" for t in ("held", "encode", "run", "TOTAL GiB"))
    return f"{titles}\n{line}" if heading else line


def row(name: str, size: int, indent: str = "  ") -> str:
    """A line of the table."""
    number = f"{size / GIB:9.2f}" if size else "        -"
    return f"{indent + name:<36}{number}"


def kept(measured: Footprint, word: str) -> str:
    """How much of it waits for the backward pass."""
    return f"    {measured.kept / GIB:.2f} of it kept between the passes, {word} checkpointing"


def verdict(budget: Budget, memory: float) -> str:
    """Whether it fits, or what to change."""
    spare = memory - budget.total / GIB
    if spare >= 0:
        return f"It fits in {memory:g} GiB, with {spare:.1f} to spare."
    engine = budget.config.engine
    remedies = []
    if not engine.activation_checkpointing:
        remedies.append("engine.activation_checkpointing=true")
    if budget.worst.startswith(("encode", "decode")) and not budget.config.model.codec.vae.tiling:
        remedies.append("model.codec.vae.tiling=true")
    if engine.batch_size > 1:
        remedies.append("engine.batch_size=1 with more engine.accumulation")
    if not engine.fsdp and engine.train == "full":
        remedies.append("engine.fsdp=true on several GPUs, or engine.train=lora with model.dtype=bfloat16")
    elif engine.train == "full":
        remedies.append("more GPUs")
    remedies.append("smaller data.sizes or data.lengths")
    return f"It does NOT fit in {memory:g} GiB, by {-spare:.1f}: try {'; '.join(remedies)}."


def main() -> int:
    """Print the table; 0 if it fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", metavar="CONFIG", nargs="+", help="YAML files, and key=value to lay over each")
    parser.add_argument(
        "--gpus", type=int, help="processes that train together (default: 8 with engine.fsdp=true, else 1)"
    )
    parser.add_argument("--memory-gb", type=float, default=80, help="of one GPU, in GiB (default: 80)")
    parser.add_argument("--quick", action="store_true", help="leave out the comparison of activation checkpointing")
    args = parser.parse_args()
    configs = [word for word in args.configs if "=" not in word]
    overrides = [word for word in args.configs if "=" in word]
    fits = True
    try:
        for number, path in enumerate(configs):
            config = load_config(path, overrides)
            gpus = args.gpus or (8 if config.engine.fsdp else 1)
            alone = len(configs) == 1
            found = budget(config, gpus, compare=alone and not args.quick)
            fits = fits and found.total / GIB <= args.memory_gb
            print(table(found, args.memory_gb) if alone else short(path, found, heading=not number), flush=True)
    except ThfmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
