"""LTX-Video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import LTXPipeline, LTXVideoTransformer3DModel
from torch import Tensor

from synth.conventions import ThfmError
from train.model.attention import GroupedLtxProcessor
from train.model.backbone import Tokens, VideoBackbone


class LtxBackbone(VideoBackbone):
    """``LTXVideoTransformer3DModel`` behind the common interface.

    Args:
        transformer: a text-to-video model.
        rope_scale: (seconds a latent frame, pixels a latent row, pixels a latent column): LTX tells positions in
            these units. Default: LTX-Video's codec at 25 frames a second.
    """

    model_class = LTXVideoTransformer3DModel
    processor = GroupedLtxProcessor
    entry = "proj_in"
    blocks = "transformer_blocks"
    block_classes = ("LTXVideoTransformerBlock",)
    lora_targets = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
    text_channels = "caption_channels"

    def __init__(
        self, transformer: LTXVideoTransformer3DModel, rope_scale: tuple[float, float, float] = (8 / 25, 32, 32)
    ):
        config = transformer.config
        if config.cross_attention_dim != config.num_attention_heads * config.attention_head_dim:
            raise ThfmError("LTX wants cross_attention_dim = num_attention_heads * attention_head_dim: set it so.")
        super().__init__(transformer)
        self.rope_scale = tuple(rope_scale)

    @classmethod
    def channels_of(cls, architecture: Mapping[str, Any]) -> int:
        return architecture["in_channels"] // (architecture["patch_size_t"] * architecture["patch_size"] ** 2)

    @property
    def patch(self) -> tuple[int, int, int]:
        config = self.transformer.config
        return config.patch_size_t, config.patch_size, config.patch_size

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """(1, N, D) each, float32: the library's rope itself, which takes coordinates."""
        positions = positions.float()
        scale, patch = positions.new_tensor(self.rope_scale), positions.new_tensor(self.patch)
        coordinates = (positions * scale * patch).T[None]
        return self.transformer.rope(coordinates, video_coords=coordinates)

    def _pack(self, latents: Tensor) -> Tensor:
        pt, p, _ = self.patch
        return LTXPipeline._pack_latents(latents, p, pt)

    def _unpack(self, packed: Tensor, grid: tuple[int, int, int]) -> Tensor:
        pt, p, _ = self.patch
        return LTXPipeline._unpack_latents(packed, *grid, p, pt)

    def _mask(self, text: Tensor) -> Tensor:
        """LTX hides padding from its cross-attention: 1 where a text embedding is one, 0 where it is padding."""
        return (text != 0).any(-1).to(text.dtype)

    def _plain(self, latents, timestep, text, grid):
        out = self.transformer(
            self._pack(latents), text, timestep, self._mask(text), *grid, self.rope_scale, return_dict=False
        )
        return self._unpack(out[0], grid)

    def _grouped(self, latents, timestep, text, grid, tokens: Tokens):
        model, video = self.transformer, grid[0] * grid[1] * grid[2]
        bias = (1 - self._mask(text))[:, None] * -10_000.0  # as the library's forward makes it of a mask
        packed = self._pack(latents)
        hidden = model.proj_in(packed)
        hidden = torch.cat([hidden, tokens.content.to(hidden.dtype)], 1)
        own, new = model.rope(packed, *grid, self.rope_scale), self.rotary(tokens.positions)
        heads = (model.config.num_attention_heads, -1)
        rotary = (
            torch.cat([a, b.expand(len(a), -1, -1)], 1).unflatten(2, heads) for a, b in zip(own, new, strict=True)
        )

        modulation, time = model.time_embed(timestep, batch_size=len(hidden), hidden_dtype=hidden.dtype)
        text = model.caption_projection(text)
        hidden = self._run(hidden, text, modulation[:, None], (*rotary, (video, *tokens.sizes)), bias)

        hidden, features = hidden[:, :video], hidden[:, video:]
        shift, scale = (model.scale_shift_table + time[:, None, None]).unbind(2)
        hidden = model.norm_out(hidden) * (1 + scale) + shift
        return self._unpack(model.proj_out(hidden), grid), features
