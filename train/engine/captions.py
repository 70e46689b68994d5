"""Embeddings of captions, made when a caption is first seen and kept in bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor

from train.model import ModelConfig, embed_texts

_KEPT = 512  # at most; 1.9 MB each for Wan


class Captions:
    """Caption -> (L, D) embedding on the CPU.

    Embeddings are kept on disk by content (``embed_texts``), so a text encoder is loaded only for captions that no
    run has seen before, and freed again.
    """

    def __init__(self, config: ModelConfig, device: torch.device):
        self.config, self.device = config, device
        self._known: OrderedDict[str, Tensor] = OrderedDict()

    def learn(self, captions: Iterable[str]) -> None:
        """Have these at hand, with one call of the encoder for all that are new."""
        new = [caption for caption in dict.fromkeys(captions) if caption not in self._known]
        if new:
            self._known |= embed_texts(new, self.config, self.device)
        while len(self._known) > _KEPT + len(new):
            self._known.popitem(last=False)

    def __getitem__(self, caption: str) -> Tensor:
        if caption not in self._known:
            self.learn([caption])
        return self._known[caption]
