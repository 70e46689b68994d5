"""From a config to the parts: model, codec, embeddings of texts."""

from __future__ import annotations

import difflib
import inspect
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import torch
from diffusers import ModelMixin
from torch import Tensor, nn

from synth.conventions import ThfmError
from train.model.backbone import VideoBackbone
from train.model.codec import Codec, PatchCodec
from train.model.config import ModelConfig, torch_dtype
from train.model.hub import local_folder
from train.model.ltx import LtxBackbone
from train.model.text import embed
from train.model.thfm import ThfmModel
from train.model.tokens import TokenGroups
from train.model.vae import LtxCodec, VaeCodec, WanCodec
from train.model.wan import WanBackbone

_LOG = logging.getLogger(__name__)

FAMILIES: dict[str, tuple[type[VideoBackbone], type[VaeCodec]]] = {
    "wan": (WanBackbone, WanCodec),
    "ltx": (LtxBackbone, LtxCodec),
}


def build_model(config: ModelConfig, groups: Mapping[str, int]) -> ThfmModel:
    """The model on the CPU, or on the device of a surrounding ``with torch.device(...)`` for random weights.

    Args:
        config: what to build.
        groups: {"<task>.<g>": K}, token groups and how many numbers each answers a frame with.

    Raises:
        ThfmError: weights that cannot be had, or an ``init`` that does not fit the class.
    """
    backbone = build_backbone(config, build_transformer(config))
    bias = {name: config.tokens.bias.get(name.rsplit(".", 1)[0], 0.0) for name in groups}
    tokens = TokenGroups(backbone.hidden, groups, bias, config.tokens.positions == "patches", backbone.eps)
    _begin_trained(tokens, config)
    return ThfmModel(backbone, tokens, config.timestep)


def _begin_trained(tokens: TokenGroups, config: ModelConfig) -> None:
    """Tokens go on from those of the folder that the backbone comes from, where it holds them."""
    path = Path(config.path or "") / "tokens" / "model.safetensors"
    if config.path is None or config.random_weights or config.tokens.fresh or not path.is_file():
        return
    taken = tokens.take_trained(path)
    try:
        positions = json.loads((path.parents[1] / "thfm.json").read_text())["model"]["tokens"]["positions"]
    except (OSError, ValueError, KeyError):
        positions = "fraction"  # written before there were others
    if taken and positions != config.tokens.positions:
        raise ThfmError(
            f"the tokens of {config.path} know their places as {positions}: set model.tokens.positions={positions}, or "
            "model.tokens.fresh=true."
        )
    missing = sorted(tokens.numbers.keys() - set(taken))
    if missing:
        _LOG.warning("%s holds no tokens of the same shape for %s: they begin anew", config.path, ", ".join(missing))


def build_transformer(config: ModelConfig) -> ModelMixin:
    """The bare diffusers transformer."""
    kind = FAMILIES[config.family][0].model_class
    if config.path is not None and not config.random_weights:
        folder = local_folder(config.path, ("transformer",))
        dtype = torch_dtype(config.dtype)
        return kind.from_pretrained(folder, subfolder="transformer", torch_dtype=dtype, use_safetensors=True)
    transformer = kind.from_config(architecture(config))
    # The authors' own start, which diffusers leaves out: else the first answers are noise in all channels.
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    return cast(transformer, torch_dtype(config.dtype))


def build_backbone(config: ModelConfig, transformer: ModelMixin) -> VideoBackbone:
    """The family's wrapper around a transformer, with the config's options."""
    if config.family == "wan":
        return WanBackbone(transformer, config.expand_timesteps)
    codec = config.codec.patch
    spatial, temporal = (codec.spatial, codec.temporal) if codec else (32, 8)
    return LtxBackbone(transformer, (temporal / config.frame_rate, spatial, spatial))


def architecture(config: ModelConfig) -> dict[str, Any]:
    """Arguments of the transformer's class: ``init`` checked against it, or those in the pretrained folder.

    Raises:
        ThfmError: an argument that the class does not have; a folder or repository that cannot be had.
    """
    kind = FAMILIES[config.family][0].model_class
    if config.init is None:
        return dict(kind.load_config(local_folder(config.path, ("transformer",)), subfolder="transformer"))
    known = {k: p.default for k, p in inspect.signature(kind.__init__).parameters.items() if k != "self"}
    for name, value in config.init.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}."
            raise ThfmError(f"model.init.{name}: {kind.__name__} has no such argument; {hint}")
        kinds = {bool: bool, int: int, float: (int, float), str: (str, NoneType)}.get(type(known[name]), object)
        if not isinstance(value, kinds):
            wanted = type(known[name]).__name__
            raise ThfmError(f"model.init.{name}: {kind.__name__} takes {wanted}, got {value!r}.")
    return {**known, **config.init}


def cast(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Floating weights to ``dtype``, except the ones that the library keeps in float32. In place."""
    kept = getattr(module, "_keep_in_fp32_modules", None) or []
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if tensor.is_floating_point() and not any(part in name.split(".") for part in kept):
            tensor.data = tensor.data.to(dtype)
    return module


def build_codec(config: ModelConfig) -> Codec:
    """The codec on the CPU, checked against the backbone's channels.

    Raises:
        ThfmError: weights that cannot be had; a codec that does not fit the backbone.
    """
    codec, patch = None, config.codec.patch
    if patch is not None:
        codec = PatchCodec(patch.spatial, patch.temporal, patch.channels, patch.even, patch.pixel_loss)
    else:
        kind, vae = FAMILIES[config.family][1], config.codec.vae
        folder = local_folder(vae.path or config.path, ("vae",))
        model = kind.model_class.from_pretrained(
            folder, subfolder="vae", torch_dtype=torch_dtype(vae.dtype), use_safetensors=True
        )
        codec = kind(model, vae.normalise, vae.tiling)
    taken = FAMILIES[config.family][0].channels_of(architecture(config))
    if codec.channels != taken:
        raise ThfmError(
            f"The codec gives {codec.channels} channels and the backbone takes {taken}: "
            f"set model.init.in_channels and out_channels, or codec.patch.channels, to the same number."
        )
    return codec


def embed_texts(texts: Sequence[str], config: ModelConfig, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """{text: (L, D) embedding on the CPU}, zero beyond a text's own tokens; cached on disk by content.

    Raises:
        ThfmError: an encoder that cannot be had.
    """
    width = architecture(config)[FAMILIES[config.family][0].text_channels]
    return embed(texts, config.text, config.family, config.text.path or config.path, width, device)
