"""How the released GenCeption checkpoints name, stack and turn the weights that we have under diffusers' names.

An ``.npz`` holds the flattened state of a JAX (Flax NNX) model: names with dots that end in ``.value``. All blocks are
stacked along a first axis. Kernels of linear layers are (in, out), of the patch embedding (t, h, w, in, out); norms and
tables are as ours. Two groups of tokens, ``token1`` and ``token2``, have

- content: a linear layer of the width of the model, run on zeros; so its bias is the content and its kernel has no say;
- a place: row and column in patches, whatever the grid;
- a head: LayerNorm without affine, shift and 1 + scale from a table, one linear layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

GROUPS = ("token1", "token2")
SUFFIX = ".value"

Turn = Literal["same", "linear", "conv"]


@dataclass(frozen=True)
class Architecture:
    """Sizes that settle all shapes; ``numbers`` are those that a token of each group answers with."""

    layers: int
    heads: int
    head: int
    ffn: int
    channels: int
    text: int
    freq: int
    patch: tuple[int, int, int]
    numbers: tuple[int, int]
    eps: float = 1e-6
    rope_length: int = 1024

    @property
    def hidden(self) -> int:
        """D."""
        return self.heads * self.head

    def arguments(self) -> dict[str, Any]:
        """Of diffusers' ``WanTransformer3DModel``."""
        return {
            "patch_size": self.patch,
            "num_attention_heads": self.heads,
            "attention_head_dim": self.head,
            "in_channels": self.channels,
            "out_channels": self.channels,
            "text_dim": self.text,
            "freq_dim": self.freq,
            "ffn_dim": self.ffn,
            "num_layers": self.layers,
            "cross_attn_norm": True,
            "qk_norm": "rms_norm_across_heads",
            "eps": self.eps,
            "rope_max_seq_len": self.rope_length,
        }


RELEASED: dict[str, Architecture] = {
    "1.3b": Architecture(30, 12, 128, 8960, 16, 4096, 256, (1, 2, 2), (13, 99)),
    "14b": Architecture(40, 40, 128, 13824, 16, 4096, 256, (1, 2, 2), (13, 99)),
}


class Entry(NamedTuple):
    """A member of the npz.

    Attributes:
        shape: of the whole member.
        names: our tensors that it becomes: one for each block, or one.
        turn: how one of them is turned.
    """

    shape: tuple[int, ...]
    names: tuple[str, ...]
    turn: Turn


def transformer_entries(a: Architecture) -> dict[str, Entry]:
    """{name without the suffix: entry} of all that becomes the diffusers transformer."""
    d, entries = a.hidden, {}

    def add(theirs: str, ours: str, shape: tuple[int, ...], turn: Turn = "same") -> None:
        stacked = theirs.startswith("blocks.")
        names = tuple(f"blocks.{k}.{ours}" for k in range(a.layers)) if stacked else (ours,)
        entries[theirs] = Entry((a.layers, *shape) if stacked else shape, names, turn)

    def linear(theirs: str, ours: str, inside: int, outside: int) -> None:
        add(f"{theirs}.kernel", f"{ours}.weight", (inside, outside), "linear")
        add(f"{theirs}.bias", f"{ours}.bias", (outside,))

    add("patch_embedding.kernel", "patch_embedding.weight", (*a.patch, a.channels, d), "conv")
    add("patch_embedding.bias", "patch_embedding.bias", (d,))
    for layer, inside, outside in (
        ("time_embedder.linear_1", a.freq, d),
        ("time_embedder.linear_2", d, d),
        ("time_proj", d, 6 * d),
        ("text_embedder.linear_1", a.text, d),
        ("text_embedder.linear_2", d, d),
    ):
        linear(f"condition_embedder.{layer}", f"condition_embedder.{layer}", inside, outside)
    add("blocks.adaln_scale_shift_table", "scale_shift_table", (1, 6, d))
    for attention in ("attn1", "attn2"):
        for theirs, ours in (("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")):
            linear(f"blocks.{attention}.{theirs}", f"{attention}.{ours}", d, d)
        for norm in ("norm_q", "norm_k"):
            add(f"blocks.{attention}.{norm}.scale", f"{attention}.{norm}.weight", (d,))
    add("blocks.norm2.layer_norm.scale", "norm2.weight", (d,))
    add("blocks.norm2.layer_norm.bias", "norm2.bias", (d,))
    linear("blocks.ffn.act_fn.proj", "ffn.net.0.proj", d, a.ffn)
    linear("blocks.ffn.proj_out", "ffn.net.2", a.ffn, d)
    linear("proj_out", "proj_out", d, a.channels * math.prod(a.patch))
    add("scale_shift_table", "scale_shift_table", (1, 2, d))
    return entries


def token_entries(a: Architecture) -> dict[str, tuple[int, ...]]:
    """{name without the suffix: shape} of what becomes token groups."""
    d, shapes = a.hidden, {}
    for n, numbers in enumerate(a.numbers, 1):
        shapes[f"learnable_token{n}_proj.kernel"] = (d, d)
        shapes[f"learnable_token{n}_proj.bias"] = (d,)
        shapes[f"learnable_hw_rope{n}"] = (1, 1, 1, 2)
        shapes[f"token{n}_proj_out.kernel"] = (d, numbers)
        shapes[f"token{n}_proj_out.bias"] = (numbers,)
        shapes[f"token{n}_scale_shift_table"] = (1, 2, d)
    return shapes


def shapes(a: Architecture) -> dict[str, tuple[int, ...]]:
    """{name without the suffix: shape} of all members, in the order of the released files."""
    both = {name: entry.shape for name, entry in transformer_entries(a).items()} | token_entries(a)
    return {name: both[name] for name in sorted(both, key=lambda name: name + SUFFIX)}


def to_ours(theirs: Tensor, turn: Turn) -> Tensor:
    """One block's tensor as diffusers has it; a view."""
    return theirs.T if turn == "linear" else theirs.permute(4, 3, 0, 1, 2) if turn == "conv" else theirs


def to_theirs(ours: Tensor, turn: Turn) -> Tensor:
    """The inverse of ``to_ours``."""
    return ours.T if turn == "linear" else ours.permute(2, 3, 4, 1, 0) if turn == "conv" else ours


def group_state(entries: Mapping[str, Tensor], n: int) -> dict[str, Tensor]:
    """State of our ``TokenGroup`` out of the members of group ``n`` (1 or 2), float32."""
    shift, scale = entries[f"token{n}_scale_shift_table"][0].float()
    return {
        "content": entries[f"learnable_token{n}_proj.bias"].float(),
        "position": entries[f"learnable_hw_rope{n}"].reshape(2).float(),
        "scale": 1 + scale,
        "shift": shift,
        "head.weight": entries[f"token{n}_proj_out.kernel"].T.float(),
        "head.bias": entries[f"token{n}_proj_out.bias"].float(),
    }


def unheld(n: int) -> tuple[str, str]:
    """Names of the members that ``group_state`` does not hold exactly: a kernel without a say, and small scales."""
    return f"learnable_token{n}_proj.kernel", f"token{n}_scale_shift_table"


def group_entries(state: Mapping[str, Tensor], n: int, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of ``group_state``; exact where ``kept`` has the members that it does not hold exactly.

    Args:
        state: of our ``TokenGroup``, its position in patches.
        n: 1 or 2.
        kept: {name: tensor} of ``unheld``; may be empty.
    """
    hidden = len(state["content"])
    kernel, table = unheld(n)
    scale = state["scale"] - 1
    if table in kept:  # learnt since then, or the same number with more digits
        same = 1 + kept[table][0, 1].float() == state["scale"]
        scale = scale.where(~same, kept[table][0, 1].float())
    return {
        kernel: kept.get(kernel, state["content"].new_zeros(hidden, hidden)),
        f"learnable_token{n}_proj.bias": state["content"],
        f"learnable_hw_rope{n}": state["position"].reshape(1, 1, 1, 2),
        f"token{n}_proj_out.kernel": state["head.weight"].T,
        f"token{n}_proj_out.bias": state["head.bias"],
        table: torch.stack([state["shift"], scale])[None],
    }
