"""How DVD (deterministic video depth on Wan 2.1) names its weights: Wan's own names, with peft's adapters in them.

``model.safetensors`` holds ``pipe.dit.<name>``; an adapted layer has ``base_layer.weight``, ``base_layer.bias`` and
``lora_{A,B}.<adapter>.weight``. Its adapters are scaled by alpha / rank = 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

PREFIX = "pipe.dit."
HEAD = 128  # numbers of a head, in every published Wan
_LAYERS = (
    ("head.head", "proj_out"),
    ("head.modulation", "scale_shift_table"),
    ("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
    ("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
    ("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
    ("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
    ("time_projection.1", "condition_embedder.time_proj"),
    ("ffn.0", "ffn.net.0.proj"),
    ("ffn.2", "ffn.net.2"),
    ("self_attn", "attn1"),
    ("cross_attn", "attn2"),
    ("modulation", "scale_shift_table"),
    ("norm3", "norm2"),  # Wan counts its norms by their place, diffusers by their making
)
_ATTENTION = {"q": "to_q", "k": "to_k", "v": "to_v", "o": "to_out.0"}
_ADAPTER = re.compile(r"\.lora_([AB])\.[^.]+\.weight$")


class Weight(NamedTuple):
    """Names in the file of what makes one tensor: weight + b a."""

    base: str
    a: str | None = None
    b: str | None = None


def our_name(theirs: str) -> str:
    """Diffusers' name of a tensor that Wan's own code names so."""
    block = re.match(r"blocks\.\d+\.", theirs)
    start, rest = (block.group(), theirs[block.end() :]) if block else ("", theirs)
    for their_layer, our_layer in _LAYERS:
        if rest == their_layer or rest.startswith(f"{their_layer}."):
            rest = our_layer + rest[len(their_layer) :]
            break
    rest = re.sub(r"^(attn[12])\.([qkvo])\.", lambda m: f"{m[1]}.{_ATTENTION[m[2]]}.", rest)
    return start + rest


def weights_of(names: Iterable[str]) -> dict[str, Weight]:
    """{diffusers' name: weight} of the names in a file; those without the prefix are of other parts."""
    weights, adapters = {}, {}
    for name in names:
        if not name.startswith(PREFIX):
            continue
        theirs = name.removeprefix(PREFIX)
        adapter = _ADAPTER.search(theirs)
        if adapter:
            adapters.setdefault(our_name(f"{theirs[: adapter.start()]}.weight"), {})[adapter[1]] = name
        else:
            weights[our_name(theirs.replace(".base_layer.", "."))] = Weight(name)
    for ours, pair in adapters.items():
        base = weights[ours].base if ours in weights else ""
        weights[ours] = Weight(base, pair.get("A"), pair.get("B"))
    return weights


def arguments(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Of diffusers' ``WanTransformer3DModel``, out of shapes by diffusers' names.

    Raises:
        KeyError: a tensor that all have is not there.
        ValueError: one has a shape that no Wan gives it.
    """

    def sized(name: str, rank: int) -> tuple[int, ...]:
        if len(shapes[name]) != rank or 0 in shapes[name]:
            raise ValueError(f"what becomes {name} has shape {shapes[name]}, but needs {rank} axes that are not 0")
        return shapes[name]

    hidden, channels, *patch = sized("patch_embedding.weight", 5)
    if hidden % HEAD:
        raise ValueError(f"a width of {hidden} is not made of heads of {HEAD}")
    return {
        "patch_size": tuple(patch),
        "num_attention_heads": hidden // HEAD,
        "attention_head_dim": HEAD,
        "in_channels": channels,
        "out_channels": sized("proj_out.weight", 2)[0] // (patch[0] * patch[1] * patch[2]),
        "text_dim": sized("condition_embedder.text_embedder.linear_1.weight", 2)[1],
        "freq_dim": sized("condition_embedder.time_embedder.linear_1.weight", 2)[1],
        "ffn_dim": sized("blocks.0.ffn.net.0.proj.weight", 2)[0],
        "num_layers": len({number[1] for name in shapes if (number := re.match(r"blocks\.(\d+)\.", name))}),
    }
