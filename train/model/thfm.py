"""The model: a generator's backbone that answers in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from train.model.backbone import VideoBackbone
from train.model.tokens import TokenGroups


class Answer(NamedTuple):
    """What one pass gives.

    Attributes:
        video: (B, C, t, h, w), the target latent: minus the transformer's output.
        sparse: {group: (B, T, K) float32}.
    """

    video: Tensor
    sparse: dict[str, Tensor]


class ThfmModel(nn.Module):
    """Clean latent in, fixed timestep, the task's text, one pass, target latent and numbers out.

    ``forward`` is the only entry: call the module, or what DDP, FSDP2 or ``torch.compile`` wrapped around it. Inputs
    are cast where they enter the first layer, so FSDP2's mixed precision needs no ``cast_forward_inputs``; with it,
    rotary angles and timesteps would lose their float32.

    Args:
        backbone: the generator.
        tokens: groups of tokens; may be none.
        timestep: the one that every answer is given at; 0 is the end of rectified flow, where the video is clean.
    """

    def __init__(self, backbone: VideoBackbone, tokens: TokenGroups, timestep: float = 0.0):
        super().__init__()
        self.backbone, self.tokens, self.timestep = backbone, tokens, timestep
        self._no_split_modules = list(backbone.block_classes)  # what accelerate's FSDP wraps by default

    def forward(
        self, latents: Tensor, text: Tensor, num_frames: int, groups: Sequence[str] = (), timestep: Tensor | None = None
    ) -> Answer:
        """One pass. The video's answer does not depend on ``groups``.

        Args:
            latents: (B, C, t, h, w), clean; with ``timestep``, noised to it.
            text: (B, L, D) embeddings of the samples' prompts, zero beyond a prompt's own length.
            num_frames: T, pixel frames of the clip; one token a frame.
            groups: names of the token groups to run.
            timestep: (B,) in [0, 1000] instead of the fixed one.

        Raises:
            ThfmError: unknown group, wrong channels, or a size that patches do not fill.
        """
        if timestep is None:
            timestep = torch.full((len(latents),), float(self.timestep), device=latents.device)
        tokens = self.tokens.ask(groups, len(latents), num_frames, self.backbone.grid(latents))
        output, features = self.backbone(latents, timestep, text, tokens)
        video = -output
        if self.training and torch.is_grad_enabled():
            # Every parameter takes part in every step of every rank: else DDP and FSDP2 wait for gradients.
            video = video + sum((p.sum() * 0.0 for p in self.tokens.idle(groups) if p.requires_grad), 0.0)
        return Answer(video, self.tokens.answer(groups, features))

    def velocity(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """The plain generator: v = eps - x0 at x_t = (1 - s) x0 + s eps, timestep = 1000 s; shapes as in ``forward``.

        For training under a wrapper call the wrapper with ``timestep`` and negate ``Answer.video``.
        """
        return -self(latents, text, 1, timestep=timestep).video
