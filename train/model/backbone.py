"""What a backbone is: an untouched diffusers video transformer that also carries token groups."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from diffusers import ModelMixin
from torch import Tensor, nn

from synth.conventions import ThfmError


class Tokens(NamedTuple):
    """Token groups on their way through a backbone, group after group.

    Attributes:
        content: (B, N, D).
        positions: (N, 3) time, row, column, in patches of the latent grid; fractions allowed.
        sizes: tokens of each group; N = sum(sizes).
    """

    content: Tensor
    positions: Tensor
    sizes: tuple[int, ...]


class VideoBackbone(nn.Module, ABC):
    """A thin wrapper: the diffusers model is the submodule ``transformer``, its names, weights and forward unchanged.

    Without tokens the wrapper runs the library's own forward. With tokens it runs the same submodules, in the same
    order, on [video | group 1 | group 2 ...].

    Attributes:
        model_class: the diffusers class.
        processor: of the self-attentions, set at construction; it is diffusers' own when no groups are there.
        entry: name of the first layer; inputs take the dtype of its weight.
        blocks: name of the list of blocks.
        block_classes: what FSDP and checkpointing wrap.
        lora_targets: names of the linear layers that LoRA adapts by default.
        text_channels: name of the config's key for the width of text embeddings.
    """

    model_class: ClassVar[type[ModelMixin]]
    processor: ClassVar[type]
    entry: ClassVar[str]
    blocks: ClassVar[str]
    block_classes: ClassVar[tuple[str, ...]]
    lora_targets: ClassVar[tuple[str, ...]]
    text_channels: ClassVar[str]

    def __init__(self, transformer: ModelMixin):
        super().__init__()
        self.transformer = transformer
        for block in getattr(transformer, self.blocks):
            block.attn1.set_processor(self.processor())

    @classmethod
    def channels_of(cls, architecture: Mapping[str, Any]) -> int:
        """C of the latents that a transformer with these arguments takes."""
        return architecture["in_channels"]

    @property
    def channels(self) -> int:
        """C of a latent."""
        return self.channels_of(self.transformer.config)

    @property
    def hidden(self) -> int:
        """D, width of a token."""
        return self.transformer.config.num_attention_heads * self.transformer.config.attention_head_dim

    @property
    def eps(self) -> float:
        """Added to variances by the library's own norms; heads of tokens norm alike."""
        config = self.transformer.config
        return config["eps"] if "eps" in config else config["norm_eps"]

    @property
    def text_width(self) -> int:
        """Width of a text embedding."""
        return self.transformer.config[self.text_channels]

    @property
    @abstractmethod
    def patch(self) -> tuple[int, int, int]:
        """Latent cells a patch, over time, height and width."""

    def grid(self, latents: Tensor) -> tuple[int, int, int]:
        """Patches of latents (B, C, t, h, w) over time, height and width.

        Raises:
            ThfmError: another number of channels, or a size that patches do not fill.
        """
        channels, *cells = latents.shape[1:]
        if channels != self.channels:
            raise ThfmError(
                f"The codec gives {channels} latent channels, the backbone takes {self.channels}: pair them."
            )
        if any(n % p for n, p in zip(cells, self.patch, strict=True)):
            raise ThfmError(
                f"A latent grid of {' x '.join(map(str, cells))} is not filled by patches of "
                f"{' x '.join(map(str, self.patch))}: choose a video size that is a multiple of both codec and patch."
            )
        return tuple(n // p for n, p in zip(cells, self.patch, strict=True))

    def forward(
        self, latents: Tensor, timestep: Tensor, text: Tensor, tokens: Tokens | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The transformer's output for the video, and what the last block made of the tokens.

        Args:
            latents: (B, C, t, h, w).
            timestep: (B,) in [0, 1000].
            text: (B, L, text_width), zero beyond a text's own length.
            tokens: groups of tokens, or None.

        Returns:
            (B, C, t, h, w), and (B, N, D) or None; both in the dtype of the transformer.
        """
        grid = self.grid(latents)
        dtype = getattr(self.transformer, self.entry).weight.dtype
        latents, text = latents.to(dtype), text.to(dtype)
        if tokens is None:
            return self._plain(latents, timestep, text, grid), None
        return self._grouped(latents, timestep, text, grid, tokens)

    @abstractmethod
    def rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines of rotary angles at positions (N, 3), as the library's own rope gives them on its grid."""

    @abstractmethod
    def _plain(self, latents: Tensor, timestep: Tensor, text: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """The library's own forward."""

    @abstractmethod
    def _grouped(
        self, latents: Tensor, timestep: Tensor, text: Tensor, grid: tuple[int, int, int], tokens: Tokens
    ) -> tuple[Tensor, Tensor]:
        """The library's own layers on video and tokens."""

    def _run(self, hidden: Tensor, *arguments: Any) -> Tensor:
        """All blocks, with the activation checkpointing that ``transformer.enable_gradient_checkpointing`` set."""
        model = self.transformer
        for block in getattr(model, self.blocks):
            if torch.is_grad_enabled() and model.gradient_checkpointing:
                hidden = model._gradient_checkpointing_func(block, hidden, *arguments)
            else:
                hidden = block(hidden, *arguments)
        return hidden
