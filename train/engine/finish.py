"""The result of a run: one folder in diffusers' layout."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from torch import Tensor, nn

from train.config import TrainConfig
from train.data.config import DataConfig
from train.engine.learner import Learner
from train.engine.parallel import Processes
from train.model import save_folder


def whole_state(module: nn.Module, keep: bool) -> dict[str, Tensor]:
    """The module's state on the CPU, slices put together one tensor after the other; empty unless ``keep``."""
    state = {}
    for name, tensor in module.state_dict().items():
        whole = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
        if keep:
            state[name] = whole.detach().cpu()
    return state


def save_final(config: TrainConfig, learner: Learner, processes: Processes, folder: Path) -> None:
    """Write ``RUN/final`` by process 0; with averaged weights where the config says so."""
    with averaged(config, learner):
        model = learner.objective.model
        state = whole_state(model, processes.first)
        if processes.first:
            texts = {learner.tasks[name].prompt: embedding for name, embedding in learner.prompts.items()}
            save_folder(
                model,
                learner.codec,
                texts,
                config.model,
                folder,
                tasks=config.tasks,
                clips=clips_of(config.data),
                state=state,
                lora=config.engine.lora.save,
            )
    processes.wait()


def clips_of(config: DataConfig) -> dict[str, list]:
    """``clips`` of ``save_folder``: the lengths and sizes that batches have."""
    frames = sorted(length.frames for length in config.lengths if length.share > 0)
    return {"frames": frames, "sizes": [list(size) for size in config.sizes]}


def averaged(config: TrainConfig, learner: Learner):
    """A context in which the weights are those that the config wants judged and kept."""
    if learner.ema is None or config.engine.final_weights == "last":
        return nullcontext()
    return learner.ema.swapped()
