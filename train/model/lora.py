"""Low-rank adapters by peft, under the names that diffusers and peft give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from diffusers import ModelMixin, WanPipeline
from peft import LoraConfig
from torch import Tensor

from synth.conventions import ThfmError
from train.model.backbone import VideoBackbone

ADAPTER = "default"
FILE = "pytorch_lora_weights.safetensors"


def add_lora(
    backbone: VideoBackbone, rank: int, alpha: float | None = None, dropout: float = 0.0, targets: Sequence[str] = ()
) -> None:
    """Freeze the transformer and give its linear layers adapters, in float32 whatever the frozen weights are.

    Args:
        backbone: changed in place; its answers stay the same until the adapters learn.
        rank: of the adapters.
        alpha: scale of an adapter is alpha / rank; None is rank.
        dropout: of an adapter's input.
        targets: ends of the names of layers; empty is the family's own choice (attention and feed-forward).

    Raises:
        ThfmError: no layer is named like a target.
    """
    transformer = backbone.transformer.requires_grad_(False)
    targets = list(targets or backbone.lora_targets)
    config = LoraConfig(r=rank, lora_alpha=alpha or rank, lora_dropout=dropout, target_modules=targets)
    try:
        transformer.add_adapter(config, ADAPTER)
    except ValueError as error:
        known = ", ".join(backbone.lora_targets)
        raise ThfmError(f"LoRA finds no layer named {', '.join(targets)}: choose from {known}.") from error
    for name, parameter in transformer.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.float()


def has_lora(transformer: ModelMixin) -> bool:
    """Whether adapters are there that are not merged."""
    return bool(getattr(transformer, "peft_config", None))


def lora_scales(transformer: ModelMixin) -> dict[str, float]:
    """{name of an adapted layer: factor on B A}."""
    return {name: m.scaling[ADAPTER] for name, m in transformer.named_modules() if ADAPTER in getattr(m, "scaling", {})}


def without_lora(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A transformer's state under the names of the bare class, adapters left out."""
    return {name.replace(".base_layer.", "."): tensor for name, tensor in state.items() if ".lora_" not in name}


def merged(state: Mapping[str, Tensor], scales: Mapping[str, float]) -> dict[str, Tensor]:
    """A transformer's state under the names of the bare class, W + scale B A in place of W; sums are float32."""
    out = without_lora(state)
    for name, scale in scales.items():
        a, b = (state[f"{name}.lora_{x}.{ADAPTER}.weight"].float() for x in "AB")
        weight = out[f"{name}.weight"]
        out[f"{name}.weight"] = (weight.float() + scale * (b @ a)).to(weight.dtype)
    return out


@torch.no_grad()
def merge_lora(transformer: ModelMixin) -> None:
    """Fold the adapters into the weights and remove them, in place."""
    transformer.fuse_lora()
    transformer.unload_lora()


def save_lora(transformer: ModelMixin, state: Mapping[str, Tensor], folder: Path) -> None:
    """Write ``pytorch_lora_weights.safetensors``: any diffusers pipeline of the family loads it.

    Args:
        transformer: says how the adapters are scaled.
        state: the transformer's state dict; its adapters are written.
        folder: made if need be.
    """
    layers = {name.replace(f".{ADAPTER}.", "."): x.contiguous() for name, x in state.items() if ".lora_" in name}
    metadata = transformer.peft_config[ADAPTER].to_dict()
    WanPipeline.save_lora_weights(folder, transformer_lora_layers=layers, transformer_lora_adapter_metadata=metadata)


def load_lora(transformer: ModelMixin, folder: Path) -> None:
    """Add the adapters of a folder that ``save_lora`` wrote; they stay apart until ``merge_lora``."""
    transformer.load_lora_adapter(
        str(folder), prefix="transformer", weight_name=FILE, adapter_name=ADAPTER, use_safetensors=True
    )
