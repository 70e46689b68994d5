"""Codecs that are pretrained VAEs of diffusers."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKLLTXVideo, AutoencoderKLWan, ModelMixin
from torch import Tensor

from train.model.codec import Codec


class VaeCodec(Codec):
    """Posterior mode, then (mode - mean) / std over channels.

    Args:
        vae: the library's model; its dtype is the one it runs in.
        normalise: False gives the VAE's own, raw latents.
        tiling: in overlapping tiles, for less memory.
        mean, std: (C,) of raw latents.
    """

    def __init__(self, vae: ModelMixin, normalise: bool, tiling: bool, mean: Tensor, std: Tensor):
        super().__init__()
        self.vae = vae.requires_grad_(False).eval()
        self.normalise = normalise
        if tiling:
            vae.enable_tiling()
        if not normalise:
            mean, std = torch.zeros_like(mean), torch.ones_like(std)
        self.register_buffer("mean", mean.float().view(1, -1, 1, 1, 1), persistent=False)
        self.register_buffer("std", std.float().view(1, -1, 1, 1, 1), persistent=False)

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        self.latent_shape(*video.shape[2:])
        mode = self.vae.encode(video.to(self.vae.dtype)).latent_dist.mode()
        return (mode.float() - self.mean) / self.std

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        raw = (latents.float() * self.std + self.mean).to(self.vae.dtype)
        return self._decode(raw).float()

    def _decode(self, raw: Tensor) -> Tensor:
        return self.vae.decode(raw, return_dict=False)[0]


class WanCodec(VaeCodec):
    """``AutoencoderKLWan`` of Wan 2.1 (4 x 8 x 8, 16 channels) and Wan 2.2 5B (4 x 16 x 16, 48 channels)."""

    model_class = AutoencoderKLWan

    def __init__(self, vae: AutoencoderKLWan, normalise: bool = True, tiling: bool = False):
        config = vae.config
        super().__init__(vae, normalise, tiling, torch.tensor(config.latents_mean), torch.tensor(config.latents_std))
        self.channels, self.spatial, self.temporal = (
            config.z_dim,
            config.scale_factor_spatial,
            config.scale_factor_temporal,
        )


class LtxCodec(VaeCodec):
    """``AutoencoderKLLTXVideo``: 8 x 32 x 32, 128 channels."""

    model_class = AutoencoderKLLTXVideo

    def __init__(self, vae: AutoencoderKLLTXVideo, normalise: bool = True, tiling: bool = False):
        std = vae.latents_std / vae.config.scaling_factor
        super().__init__(vae, normalise, tiling, vae.latents_mean, std)
        self.channels = vae.config.latent_channels
        self.spatial, self.temporal = vae.spatial_compression_ratio, vae.temporal_compression_ratio

    def _decode(self, raw: Tensor) -> Tensor:
        clean = raw.new_zeros(len(raw)) if self.vae.config.timestep_conditioning else None
        return self.vae.decode(raw, clean, return_dict=False)[0]
