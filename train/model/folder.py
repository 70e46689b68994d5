"""A trained model as a folder: diffusers' layout, safetensors only, complete enough to answer without the config."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import UniPCMultistepScheduler
from safetensors.torch import load_file, save_file
from torch import Tensor

from synth.conventions import SCHEMA_VERSION, ThfmError
from train.model.build import build_codec, build_model
from train.model.codec import Codec
from train.model.config import ModelConfig
from train.model.lora import has_lora, load_lora, lora_scales, merged, save_lora, without_lora
from train.model.thfm import ThfmModel
from train.model.vae import VaeCodec, WanCodec

FORMAT = 1
TRANSFORMER, TOKENS = "backbone.transformer.", "tokens."


def save_folder(
    model: ThfmModel,
    codec: Codec,
    texts: Mapping[str, Tensor],
    config: ModelConfig,
    folder: str | os.PathLike,
    *,
    tasks: Mapping[str, Any] | None = None,
    clips: Mapping[str, Any] | None = None,
    state: Mapping[str, Tensor] | None = None,
    lora: Literal["merge", "separate"] = "merge",
) -> None:
    """Write a model, at once: the folder is there wholly or not at all; an older one is replaced.

    Args:
        model: says the architecture, and holds the weights unless ``state`` does.
        codec: a VAE is written too.
        texts: {prompt: (L, D)}.
        config: what the model was built from.
        folder: to write.
        tasks: options by task name, JSON-able, kept for whoever loads.
        clips: what the model was trained on: ``frames``, lengths, and ``sizes``, (height, width) each. Prediction works
            at these; a folder without them takes them from the config.yaml of its run.
        state: weights to write instead of the model's own, under the names of ``model.state_dict()``: EMA, or what
            was gathered from shards.
        lora: merge adapters into the weights; or write them apart, with the weights below them only if those came
            from ``config.init``.
    """
    folder = Path(folder)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    state = model.state_dict() if state is None else state
    _write_transformer(model.backbone.transformer, _under(TRANSFORMER, state), config, part, lora)
    if isinstance(codec, VaeCodec):
        codec.vae.save_pretrained(part / "vae")
    _write_tokens(model, _under(TOKENS, state), part / "tokens")
    save_file({text: x.contiguous() for text, x in texts.items()}, part / "prompts.safetensors")
    meta = {
        **folder_meta(config, model.tokens.numbers),
        "tasks": dict(tasks or {}),
        **({"clips": dict(clips)} if clips else {}),
    }
    (part / "thfm.json").write_text(json.dumps(meta, indent=2))
    if isinstance(codec, WanCodec) and (part / "transformer").is_dir():
        write_pipeline(part, config.expand_timesteps)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)


def load_folder(folder: str | os.PathLike) -> tuple[ThfmModel, Codec, dict[str, Tensor], dict[str, Any]]:
    """(model, codec, {prompt: (L, D)}, contents of thfm.json) of a folder that ``save_folder`` wrote; on the CPU, in
    evaluation mode; adapters written apart stay apart.

    Raises:
        ThfmError: no such folder, of a later format, or its backbone cannot be had.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    config = _local(ModelConfig.model_validate(meta["model"]), folder)
    model = build_model(config, meta["groups"])
    if (folder / "lora").is_dir():
        load_lora(model.backbone.transformer, folder / "lora")
    model.tokens.load_state_dict(load_file(folder / "tokens" / "model.safetensors"))
    return model.eval(), build_codec(config), load_file(folder / "prompts.safetensors"), meta


def read_meta(folder: Path) -> dict[str, Any]:
    """Contents of a folder's thfm.json.

    Raises:
        ThfmError: no such folder, or of a later format.
    """
    try:
        meta = json.loads((folder / "thfm.json").read_text())
    except (OSError, ValueError):
        raise ThfmError(
            f"{folder} has no readable thfm.json: name a folder that training wrote, such as RUN/final."
        ) from None
    if meta["format"] > FORMAT:
        raise ThfmError(f"{folder} is of format {meta['format']}, this version reads up to {FORMAT}: update thfm.")
    return meta


def folder_meta(config: ModelConfig, groups: Mapping[str, int]) -> dict[str, Any]:
    """What every thfm.json says of the model itself; tasks, clips and where it came from come beside it."""
    return {
        "format": FORMAT,
        "schema": SCHEMA_VERSION,
        "versions": {name: importlib.metadata.version(name) for name in ("thfm", "torch", "diffusers", "peft")},
        "model": config.model_dump(mode="json"),
        "groups": dict(groups),
    }


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): x for name, x in state.items() if name.startswith(prefix)}


def _write_transformer(transformer, state: dict[str, Tensor], config: ModelConfig, folder: Path, lora: str) -> None:
    apart = has_lora(transformer) and lora == "separate"
    if apart:
        save_lora(transformer, state, folder / "lora")
        if config.path is not None and not config.random_weights:
            return  # the weights below are where they came from
    bare = without_lora(state) if apart else merged(state, lora_scales(transformer))
    with torch.device("meta"):
        twin = type(transformer).from_config(transformer.config)
    twin.load_state_dict(bare, assign=True)
    twin.save_pretrained(folder / "transformer")


def _write_tokens(model: ThfmModel, state: dict[str, Tensor], folder: Path) -> None:
    folder.mkdir()
    config = {"hidden": model.backbone.hidden, "groups": model.tokens.numbers}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    save_file({name: x.contiguous() for name, x in state.items()}, folder / "model.safetensors")


def write_pipeline(folder: Path, expand_timesteps: bool) -> None:
    """What lets ``WanPipeline.from_pretrained(folder, text_encoder=None, tokenizer=None)`` load it and generate from
    embeddings; text encoder and tokenizer are not ours to copy."""
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "WanPipeline",
        "_diffusers_version": importlib.metadata.version("diffusers"),
        "expand_timesteps": expand_timesteps,
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": [None, None],
        "tokenizer": [None, None],
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))


def _local(config: ModelConfig, folder: Path) -> ModelConfig:
    """The config with every part that the folder holds taken from there."""
    if (folder / "transformer").is_dir():
        config = config.model_copy(update={"path": str(folder), "init": None, "random_weights": False})
    if (folder / "vae").is_dir():
        vae = config.codec.vae.model_copy(update={"path": str(folder)})
        config = config.model_copy(update={"codec": config.codec.model_copy(update={"vae": vae})})
    return config
