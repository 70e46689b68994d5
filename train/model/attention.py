"""Grouped attention: every group of tokens sees the video and itself, the video sees the video alone.

Diffusers' blocks hand their rotary argument to the self-attention as it is. So a third member of that argument, the
sizes of the groups, reaches the processor through untouched blocks, without state: recomputation under activation
checkpointing, sharding and compilation see an ordinary argument. With the usual two members the processors are
diffusers' own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.transformers.transformer_ltx import LTXVideoAttnProcessor
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from torch import Tensor


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn interleaved pairs of the last axis; ``cos`` and ``sin`` hold each angle twice and broadcast to ``x``."""
    first, second = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = cos[..., ::2], sin[..., ::2]
    return torch.stack([first * cos - second * sin, first * sin + second * cos], -1).flatten(-2).type_as(x)


def grouped_attention(query: Tensor, key: Tensor, value: Tensor, sizes: Sequence[int], backend=None) -> Tensor:
    """Attention over [video | group 1 | group 2 ...] without masks.

    Args:
        query, key, value: (B, N, heads, D); N = sum(sizes).
        sizes: tokens of the video, then of each group.
        backend: a backend of diffusers' attention dispatch; None is the active one.

    Returns:
        (B, N, heads, D).
    """
    queries, keys, values = (x.split(list(sizes), 1) for x in (query, key, value))
    answers = [dispatch_attention_fn(queries[0], keys[0], values[0], backend=backend)]
    for q, k, v in zip(queries[1:], keys[1:], values[1:], strict=True):
        seen_key, seen_value = torch.cat([keys[0], k], 1), torch.cat([values[0], v], 1)
        answers.append(dispatch_attention_fn(q, seen_key, seen_value, backend=backend))
    return torch.cat(answers, 1)


class _Grouped:
    """Mixed into a diffusers processor. With groups the rotary argument is (cos, sin, sizes); cos and sin broadcast
    to (B, N, heads, D)."""

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
        if rotary_emb is None or len(rotary_emb) == 2:
            return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb)
        cos, sin, sizes = rotary_emb
        query, key = attn.norm_q(attn.to_q(hidden_states)), attn.norm_k(attn.to_k(hidden_states))
        query, key, value = (x.unflatten(2, (attn.heads, -1)) for x in (query, key, attn.to_v(hidden_states)))
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        out = grouped_attention(query, key, value, sizes, self._attention_backend).flatten(2).type_as(query)
        return attn.to_out[1](attn.to_out[0](out))


class GroupedWanProcessor(_Grouped, WanAttnProcessor):
    """Of Wan's self-attentions."""


class GroupedLtxProcessor(_Grouped, LTXVideoAttnProcessor):
    """Of LTX-Video's self-attentions."""
