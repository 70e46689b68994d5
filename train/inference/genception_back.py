"""A folder of ours becomes a checkpoint that GenCeption's public code reads. Weights pass by block by block."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from synth.conventions import ThfmError
from train.inference.genception import EXTRAS, Advance
from train.inference.genception_source import PROMPTS, TOKENS_ONCE, prompt_of
from train.inference.new_folder import new_folder
from train.model import ModelConfig
from train.model.folder import read_meta
from train.model.foreign.genception import (
    GROUPS,
    RELEASED,
    SUFFIX,
    Architecture,
    Entry,
    group_entries,
    shapes,
    to_theirs,
    transformer_entries,
)
from train.model.foreign.npz import DTYPES, NpzWriter
from train.model.foreign.pieces import ShardReader
from train.model.tokens import TokenGroup


def to_release(folder: Path, out: Path, *, advance: Advance = lambda *_: None) -> Path:
    """Write a folder of ours in the layout of the release: npz, config, codec and embeddings of prompts.

    Groups of tokens that the folder lacks are written with kernels of 0.

    Args:
        folder: what ``to_folder`` or training wrote.
        out: must not exist.
        advance: told of progress.

    Returns:
        The npz.

    Raises:
        ThfmError: a model that their layout has no place for; damaged parts; no room.
    """
    meta = read_meta(folder)
    config, origin = ModelConfig.model_validate(meta["model"]), meta.get("origin", {})
    if config.family != "wan" or not (folder / "transformer").is_dir():
        raise ThfmError(f"{folder} is not a Wan model with its weights: GenCeption's layout has no place for it.")
    if (folder / "lora").is_dir():
        raise ThfmError(f"{folder} keeps adapters apart: their layout has none; train with engine.lora.save=merge.")
    if config.codec.patch is not None or config.expand_timesteps:
        raise ThfmError(f"{folder} has a codec or timesteps that GenCeption's code does not know.")
    weights = ShardReader(folder / "transformer")
    sizes = _sizes_of(folder, meta, origin)
    kept = _load(folder / EXTRAS) if (folder / EXTRAS).is_file() else {}
    members = _token_members(folder, config, sizes, meta, kept)
    entries = transformer_entries(sizes)
    for theirs, entry in entries.items():
        for name in entry.names:
            if name not in weights.names():
                raise ThfmError(f"{folder / 'transformer'} lacks {name}, which {theirs} is made of.")
    listed = shapes(sizes)
    descr = "<V2" if config.dtype == "bfloat16" else "<f4"
    kinds = origin.get("entries") or {name + SUFFIX: descr for name in listed}
    name = origin.get("name") or _release_name(sizes)
    total = sum(DTYPES[kind].itemsize * math.prod(listed[k.removesuffix(SUFFIX)]) for k, kind in kinds.items())
    with new_folder(out, total) as part:
        done = 0
        with NpzWriter(part / f"{name}_transformer.npz") as writer:
            for stored, kind in kinds.items():
                theirs = stored.removesuffix(SUFFIX)
                writer.write(stored, kind, listed[theirs], _slices(theirs, entries, members, weights))
                done += DTYPES[kind].itemsize * math.prod(listed[theirs])
                advance(theirs, done, total)
        _write_rest(part, folder, name, config, sizes, meta)
    return out / f"{name}_transformer.npz"


def _slices(
    theirs: str, entries: Mapping[str, Entry], members: Mapping[str, Tensor], weights: ShardReader
) -> Iterator[Tensor]:
    """A member in consecutive slices of its first axis."""
    if theirs in members:
        yield members[theirs]
        return
    for ours in entries[theirs].names:
        yield to_theirs(weights[ours], entries[theirs].turn)


def _sizes_of(folder: Path, meta: Mapping[str, Any], origin: Mapping[str, Any]) -> Architecture:
    try:
        c = json.loads((folder / "transformer" / "config.json").read_text())
    except (OSError, ValueError):
        raise ThfmError(f"{folder / 'transformer'} has no readable config.json: name a whole folder.") from None
    numbers = [meta["groups"].get(f"{g}.0", n) for g, n in zip(GROUPS, RELEASED["1.3b"].numbers, strict=True)]
    foreign = [name for name in meta["groups"] if name not in {f"{g}.0" for g in GROUPS}]
    if foreign:
        raise ThfmError(f"{folder} has a token group {foreign[0]}: GenCeption's layout has token1 and token2 alone.")
    if c["out_channels"] != c["in_channels"] or not c["cross_attn_norm"]:
        raise ThfmError(f"{folder} is a kind of Wan that GenCeption's code does not know.")
    return Architecture(
        c["num_layers"], c["num_attention_heads"], c["attention_head_dim"], c["ffn_dim"], c["in_channels"],
        c["text_dim"], c["freq_dim"], tuple(c["patch_size"]), tuple(numbers), c["eps"], c["rope_max_seq_len"],
    )  # fmt: skip


def _token_members(
    folder: Path, config: ModelConfig, a: Architecture, meta: Mapping[str, Any], kept: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    state = _load(folder / "tokens" / "model.safetensors")
    members: dict[str, Tensor] = {}
    for n, (group, numbers) in enumerate(zip(GROUPS, a.numbers, strict=True), 1):
        prefix = f"groups.{group}-0."
        own = {k.removeprefix(prefix): x for k, x in state.items() if k.startswith(prefix)}
        if not own:
            own = TokenGroup(a.hidden, numbers, in_patches=True, eps=a.eps).state_dict()
        elif config.tokens.positions != "patches":
            raise ThfmError(f"{folder} tells places of tokens by shares of the picture; GenCeption's layout cannot.")
        members |= group_entries(own, n, kept)
    return members


def _load(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ThfmError(f"{path} cannot be read ({' '.join(str(error).split())}): name a whole folder.") from None


def _release_name(a: Architecture) -> str:
    size = next((k for k, r in RELEASED.items() if (r.layers, r.heads, r.ffn) == (a.layers, a.heads, a.ffn)), "custom")
    return f"genception_{size}"


def _write_rest(
    part: Path,
    folder: Path,
    name: str,
    config: ModelConfig,
    a: Architecture,
    meta: Mapping[str, Any],
) -> None:
    clips = meta.get("clips") or {"frames": [81], "sizes": [[480, 832]]}
    frames, (height, width) = clips["frames"][-1], clips["sizes"][0]
    cells = (1 + (frames - 1) // 4, height // 8, width // 8)
    tokens = int(np.prod([n // p for n, p in zip(cells, a.patch, strict=True)]))
    settings = {
        **{key: value for key, value in a.arguments().items() if key != "patch_size"},
        "token_att_num_layers": 10,
        **dict.fromkeys(TOKENS_ONCE, 1),
        "token1_proj_dim": a.numbers[0],
        "token1_output_dim": 1,
        "token2_proj_dim": a.numbers[1],
        "token2_output_dim": 3 if a.numbers[1] % 3 == 0 else 1,
        "total_token_num_lst": f"_{tokens}_{frames}_{frames}",
        "learnable_token_init_0": True,
        "height": height,
        "width": width,
    }
    settings = meta.get("origin", {}).get("config") or settings
    settings |= {"normalize_latents": config.codec.vae.normalise, "diffusion_single_step": int(config.timestep)}
    (part / f"{name}_config.json").write_text(json.dumps(settings, indent=2))
    if (folder / "vae").is_dir():
        shutil.copytree(folder / "vae", part / "vae")
    prompts = _load(folder / "prompts.safetensors")
    (part / PROMPTS).mkdir()
    for task, options in meta["tasks"].items():
        text = prompt_of(task, options or {})
        if text in prompts:
            np.save(part / PROMPTS / f"{task}.npy", prompts[text].float().numpy())
