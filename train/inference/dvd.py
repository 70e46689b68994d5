"""DVD's weights, LoRA on Wan 2.1, as a folder of ours."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import yaml
from diffusers import WanTransformer3DModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from synth.conventions import ThfmError
from train.inference.genception import WAN, Advance
from train.inference.new_folder import new_folder
from train.model import ModelConfig
from train.model.folder import folder_meta
from train.model.foreign.dvd import PREFIX, Weight, arguments, weights_of
from train.model.foreign.pieces import ShardWriter
from train.model.tokens import TokenGroups

TEXT_LENGTH = 512  # of zeros: DVD is told nothing
_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def to_folder(source: Path, out: Path, *, advance: Advance = lambda *_: None) -> dict[str, Any]:
    """Write our folder, adapters merged; it is there wholly or not at all.

    DVD takes the transformer's output itself as the target latent, ours is minus the output: the last layer changes its
    sign.

    Args:
        source: ``model.safetensors``, or the folder that holds it; ``model_config.yaml`` beside it is obeyed.
        out: must not exist.
        advance: told of progress.

    Returns:
        The contents of thfm.json.

    Raises:
        ThfmError: damaged, missing, unknown or unfit parts, each by name; no room.
    """
    path = source / "model.safetensors" if source.is_dir() else source
    timestep = 1000 * _denoise_step(path.with_name("model_config.yaml"))
    try:
        file = safe_open(path, "pt")
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ThfmError(f"{path} is no safetensors file ({reason}): name DVD's model.safetensors.") from None
    with file:
        weights = weights_of(file.keys())
        shapes = {n: tuple(file.get_slice(w.base).get_shape()) for n, w in weights.items() if w.base}
        dtypes = {n: _DTYPES.get(file.get_slice(w.base).get_dtype()) for n, w in weights.items() if w.base}
        twin = _twin(path, weights, shapes)
        names, size = list(twin.state_dict()), 0
        for name in names:
            if dtypes[name] is None:
                raise ThfmError(f"{path}: {weights[name].base} is not of floating numbers.")
            size += dtypes[name].itemsize * math.prod(shapes[name])
        config = _config(twin, dtypes["proj_out.weight"], timestep)
        with new_folder(out, size) as part:
            (part / "transformer").mkdir()
            twin.save_config(part / "transformer")
            writer = ShardWriter(
                part / "transformer", {name: (dtypes[name], shapes[name]) for name in twin.state_dict()}
            )
            for number, name in enumerate(twin.state_dict(), 1):
                sign = -1 if name.startswith("proj_out.") else 1
                writer.write(name, sign * _merged(file, weights[name], path))
                advance(name, number, len(weights))
            writer.close()
            (part / "tokens").mkdir()
            hidden = twin.config.num_attention_heads * twin.config.attention_head_dim
            (part / "tokens" / "config.json").write_text(json.dumps({"hidden": hidden, "groups": {}}, indent=2))
            save_file(TokenGroups(hidden, {}).state_dict(), part / "tokens" / "model.safetensors")
            save_file({"": torch.zeros(TEXT_LENGTH, twin.config.text_dim)}, part / "prompts.safetensors")
            meta = folder_meta(config, {}) | {"tasks": {}, "origin": {"layout": "dvd", "name": path.stem}}
            (part / "thfm.json").write_text(json.dumps(meta, indent=2))
    return meta


def _denoise_step(path: Path) -> float:
    """What DVD's config says, its default without one."""
    if not path.is_file():
        return 0.5
    try:
        said = yaml.safe_load(path.read_text())
        step = float(said.get("denoise_step", 0.5))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError):
        raise ThfmError(f"{path} is no config of DVD: fetch it again, or leave it out.") from None
    if said.get("mode", "regression") != "regression" or said.get("training_target", "x") != "x":
        raise ThfmError(f"{path} is of a model that does not answer with the latent itself: one pass cannot run it.")
    if not 0 <= step <= 1:
        raise ThfmError(f"{path} says denoise_step: {step}, but 0 to 1 is what there is.")
    return step


def _twin(path: Path, weights: dict[str, Weight], shapes: dict[str, tuple[int, ...]]) -> WanTransformer3DModel:
    """The transformer without weights, against which the file is checked."""
    try:
        said = arguments(shapes)
    except KeyError as error:
        raise ThfmError(f"{path} lacks what becomes {error.args[0]}: DVD's file has all of {PREFIX}*.") from None
    except ValueError as error:
        raise ThfmError(f"{path}: {error}: it is no Wan 2.1 for text to video.") from None
    with torch.device("meta"):
        twin = WanTransformer3DModel(**said)
    state = twin.state_dict()
    for name, x in state.items():
        if name not in shapes:
            raise ThfmError(f"{path} lacks what becomes {name}: DVD's file has all of {PREFIX}*.")
        if shapes[name] != tuple(x.shape):
            raise ThfmError(f"{path}: {weights[name].base} has shape {shapes[name]}, but {tuple(x.shape)} fits.")
    for name, weight in weights.items():
        if name not in state:
            found = weight.base or weight.a or weight.b
            raise ThfmError(f"{path} holds {found}, which Wan 2.1 for text to video has not.")
        if (weight.a is None) != (weight.b is None):
            raise ThfmError(f"{path} holds {weight.a or weight.b}, but not the other half of that adapter.")
    return twin


def _config(twin: WanTransformer3DModel, dtype: torch.dtype, timestep: float) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "path": WAN,  # the codec's; the transformer lies in the folder
            "dtype": str(dtype).removeprefix("torch."),
            "timestep": timestep,
            "text": {"path": WAN, "length": TEXT_LENGTH},
        }
    )


def _merged(file: Any, weight: Weight, path: Path) -> torch.Tensor:
    base = file.get_tensor(weight.base)
    if weight.a is None:
        return base
    a, b = file.get_tensor(weight.a).float(), file.get_tensor(weight.b).float()
    if a.shape[0] != b.shape[1] or (b.shape[0], a.shape[1]) != tuple(base.shape):
        raise ThfmError(f"{path}: {weight.a} and {weight.b} do not make {tuple(base.shape)}.")
    return base.float() + b @ a
