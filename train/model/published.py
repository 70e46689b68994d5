"""Architectures of published models, so that their size can be reckoned with where there is no network.

From the ``config.json`` files of each repository's ``transformer/`` and ``vae/``, as diffusers' conversion scripts
write them; what is left out is the default of the diffusers class. The statistics of latents are left out too: nothing
here encodes a video. Training never reads this file: it takes the architecture from the pretrained folder itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from synth.conventions import ThfmError
from train.model.config import ModelConfig


class Published(NamedTuple):
    """A model on the hub.

    Attributes:
        family: as ``ModelConfig.family``.
        parameters: of the transformer.
        transformer, vae: arguments of the diffusers classes.
    """

    family: str
    parameters: int
    transformer: dict[str, Any]
    vae: dict[str, Any]


_WAN_VAE_22 = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "patch_size": 2,
    "in_channels": 12,
    "out_channels": 12,
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}

PUBLISHED: dict[str, Published] = {
    "Wan-AI/Wan2.1-T2V-1.3B-Diffusers": Published(
        "wan", 1_418_996_800, {"num_attention_heads": 12, "num_layers": 30, "ffn_dim": 8960}, {}
    ),
    "Wan-AI/Wan2.1-T2V-14B-Diffusers": Published(
        "wan", 14_288_491_584, {"num_attention_heads": 40, "num_layers": 40, "ffn_dim": 13824}, {}
    ),
    "Wan-AI/Wan2.2-TI2V-5B-Diffusers": Published(
        "wan",
        4_999_787_712,
        {"num_attention_heads": 24, "num_layers": 30, "ffn_dim": 14336, "in_channels": 48, "out_channels": 48},
        _WAN_VAE_22,
    ),
    "Lightricks/LTX-Video": Published("ltx", 1_923_385_472, {}, {}),
}


def without_weights(config: ModelConfig) -> ModelConfig:
    """The same model with random weights, buildable offline; as it is if it comes from ``init``.

    Raises:
        ThfmError: a ``path`` that is not described here.
    """
    if config.path is None:
        return config
    if config.path not in PUBLISHED:
        raise ThfmError(f"{config.path} is not described in train/model/published.py: add it, or give model.init.")
    vae = config.codec.vae.model_copy(update={"path": config.codec.vae.path or config.path})
    codec = config.codec.model_copy(update={"vae": vae})
    return config.model_copy(update={"path": None, "init": PUBLISHED[config.path].transformer, "codec": codec})
