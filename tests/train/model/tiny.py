"""Tiny models of the real classes."""

from __future__ import annotations

import torch

from train.model import ModelConfig, ThfmModel, build_model

GROUPS = {"keypoints2d.0": 4, "keypoints2d.1": 4, "keypoints3d.0": 6}
TEXT_WIDTH, LENGTH, CHANNELS = 20, 7, 16

INIT = {
    "wan": {
        "num_attention_heads": 2,
        "attention_head_dim": 32,
        "in_channels": CHANNELS,
        "out_channels": CHANNELS,
        "text_dim": TEXT_WIDTH,
        "freq_dim": 32,
        "ffn_dim": 96,
        "num_layers": 2,
    },
    "ltx": {
        "num_attention_heads": 2,
        "attention_head_dim": 32,
        "cross_attention_dim": 64,
        "in_channels": CHANNELS,
        "out_channels": CHANNELS,
        "caption_channels": TEXT_WIDTH,
        "num_layers": 2,
    },
}


def tiny_config(family: str = "wan", **options) -> ModelConfig:
    """A config from random weights, patch codec of 4 x 4 x 4, words as prompts."""
    return ModelConfig.model_validate(
        {
            "family": family,
            "init": INIT[family],
            "codec": {"patch": {"spatial": 4, "temporal": 4, "channels": CHANNELS}},
            "text": {"encoder": "words", "length": LENGTH},
            **options,
        }
    )


def tiny_model(family: str = "wan", groups=GROUPS, seed: int = 0, **options) -> ThfmModel:
    """A model in which nothing is zero, so that every path shows in the answer."""
    torch.manual_seed(seed)
    model = build_model(tiny_config(family, **options), groups).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith("tokens.") and not name.endswith("position"):
                parameter.add_(torch.randn_like(parameter))
            elif ".proj_out." in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def tiny_inputs(frames: int = 9, height: int = 16, width: int = 24, batch: int = 2, seed: int = 1):
    """(latents (B, C, t, h, w), text (B, L, D) zero-padded, frames) for cells of 4 x 4 x 4."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, CHANNELS, 1 + (frames - 1) // 4, height // 4, width // 4)
    text = torch.randn(batch, LENGTH, TEXT_WIDTH, generator=generator)
    text[:, 5:] = 0
    return torch.randn(shape, generator=generator), text, frames
