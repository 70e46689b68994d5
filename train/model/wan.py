"""Wan 2.1 (1.3B, 14B) and Wan 2.2 (TI2V-5B)."""

from __future__ import annotations

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from synth.conventions import ThfmError
from train.model.attention import GroupedWanProcessor
from train.model.backbone import Tokens, VideoBackbone

THETA = 10_000.0  # diffusers' WanRotaryPosEmbed does not keep its own


class WanBackbone(VideoBackbone):
    """``WanTransformer3DModel`` behind the common interface.

    Args:
        transformer: a text-to-video model.
        expand_timesteps: give every token its own timestep, as Wan 2.2 TI2V-5B's pipeline does. All tokens have the
            same one here, so the answer differs by rounding alone, at the price of one modulation a token.
    """

    model_class = WanTransformer3DModel
    processor = GroupedWanProcessor
    entry = "patch_embedding"
    blocks = "blocks"
    block_classes = ("WanTransformerBlock",)
    lora_targets = ("to_q", "to_k", "to_v", "to_out.0", "ffn.net.0.proj", "ffn.net.2")
    text_channels = "text_dim"

    def __init__(self, transformer: WanTransformer3DModel, expand_timesteps: bool = False):
        config = transformer.config
        if config.image_dim or config.added_kv_proj_dim or config.in_channels != config.out_channels:
            raise ThfmError("This Wan model is conditioned on images: use a text-to-video one, such as Wan2.1-T2V.")
        super().__init__(transformer)
        self.expand_timesteps = expand_timesteps

    @property
    def patch(self) -> tuple[int, int, int]:
        return tuple(self.transformer.config.patch_size)

    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """(1, N, 1, head dim) each, float32; the angles themselves are float64, as in the library."""
        rope = self.transformer.rope
        angles = []
        for axis, dim in enumerate((rope.t_dim, rope.h_dim, rope.w_dim)):
            steps = torch.arange(0, dim, 2, dtype=torch.float64, device=positions.device)
            angles.append(torch.outer(positions[:, axis].double(), 1.0 / THETA ** (steps / dim)))
        angles = torch.cat(angles, 1).repeat_interleave(2, 1)[None, :, None]
        return angles.cos().float(), angles.sin().float()

    def _spread(self, timestep: Tensor, tokens: int) -> Tensor:
        return timestep[:, None].expand(-1, tokens) if self.expand_timesteps else timestep

    def _plain(self, latents, timestep, text, grid):
        timestep = self._spread(timestep, grid[0] * grid[1] * grid[2])
        return self.transformer(latents, timestep, text, return_dict=False)[0]

    def _grouped(self, latents, timestep, text, grid, tokens: Tokens):
        model, video = self.transformer, grid[0] * grid[1] * grid[2]
        hidden = model.patch_embedding(latents).flatten(2).transpose(1, 2)
        hidden = torch.cat([hidden, tokens.content.to(hidden.dtype)], 1)
        rotary = (torch.cat(pair, 1) for pair in zip(model.rope(latents), self.rotary(tokens.positions), strict=True))

        count = hidden.shape[1] if self.expand_timesteps else None
        timestep = self._spread(timestep, hidden.shape[1]).flatten()
        time, modulation, text, _ = model.condition_embedder(timestep, text, timestep_seq_len=count)
        hidden = self._run(hidden, text, modulation.unflatten(-1, (6, -1)), (*rotary, (video, *tokens.sizes)))

        hidden, features = hidden[:, :video], hidden[:, video:]
        time = time[:, :video] if self.expand_timesteps else time[:, None]
        shift, scale = (model.scale_shift_table[0] + time[:, :, None]).unbind(2)
        hidden = (model.norm_out(hidden.float()) * (1 + scale) + shift).type_as(hidden)
        return unpatch(model.proj_out(hidden), grid, self.patch), features


def unpatch(x: Tensor, grid: tuple[int, int, int], patch: tuple[int, int, int]) -> Tensor:
    """(B, patches, patch volume * C), C fastest -> (B, C, t, h, w)."""
    x = x.unflatten(2, (*patch, -1)).unflatten(1, grid)  # B, t, h, w, pt, ph, pw, C
    return x.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)
