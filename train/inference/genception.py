"""A released GenCeption checkpoint becomes a folder of ours. Weights pass by block by block."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import save_file

from synth.conventions import ThfmError
from train.inference.genception_source import DEPTH, Source, architecture_of, integer, read_prompts, timestep_of
from train.inference.new_folder import new_folder
from train.model import ModelConfig, embed_texts
from train.model.config import torch_dtype
from train.model.folder import folder_meta, write_pipeline
from train.model.foreign.genception import (
    GROUPS,
    Architecture,
    group_state,
    to_ours,
    token_entries,
    transformer_entries,
    unheld,
)
from train.model.foreign.npz import DTYPES, NpzReader
from train.model.foreign.pieces import ShardReader, ShardWriter
from train.model.tokens import TokenGroups
from train.tasks import TASKS

Advance = Callable[[str, int, int | None], None]
"""(words, bytes done, of how many)."""

WAN = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"  # its codec and text encoder are those of 14B too
TEXT_LENGTH = 226
EXTRAS = "genception.safetensors"  # what the layout of the release has and our model has no use for


def to_folder(
    source: Source,
    out: Path,
    prompts: Mapping[str, Path],
    *,
    dtype: str | None = None,
    text_encoder: str | None = None,
    advance: Advance = lambda *_: None,
) -> dict[str, Any]:
    """Write our folder; it is there wholly or not at all.

    Args:
        source: the checkpoint.
        out: must not exist.
        prompts: task -> embedding of its prompt, (L, D) or (1, L, D).
        dtype: of the transformer; None: as it is stored. Never wider in the file than in the source.
        text_encoder: hub id or folder with text_encoder/ and tokenizer/, to embed the prompts of depth and normals that
            have no file; None: they are left out.
        advance: told of progress.

    Returns:
        The contents of thfm.json.

    Raises:
        ThfmError: damaged, missing, unknown or unfit parts, each by name; no room.
    """
    with NpzReader(source.npz) as reader:
        sizes, stored = architecture_of(reader, source.config)
        found = {DTYPES[header.descr] for header in reader.headers.values()}
        kind = torch_dtype(dtype) if dtype else torch.bfloat16 if found == {torch.bfloat16} else torch.float32
        config = _model_config(sizes, source, kind, text_encoder)
        texts, tasks = read_prompts(prompts, sizes.text)
        _embed_missing(texts, tasks, config, text_encoder)
        with new_folder(out, _size(reader, stored)) as part:
            meta = folder_meta(config, groups_of(sizes))
            meta |= {"tasks": tasks, "clips": _clips(source.config), "origin": _origin(source, reader)}
            _write_transformer(reader, sizes, stored, kind, part / "transformer", advance)
            _write_tokens(reader, sizes, stored, part)
            if source.vae is not None:
                _copy_vae(source.vae, part / "vae", sizes.channels)
                write_pipeline(part, False)
            save_file({text: x.contiguous() for text, x in texts.items()}, part / "prompts.safetensors")
            (part / "thfm.json").write_text(json.dumps(meta, indent=2))
    return meta


def groups_of(a: Architecture) -> dict[str, int]:
    """Our names of the token groups, and how many numbers each answers with."""
    return {f"{group}.0": numbers for group, numbers in zip(GROUPS, a.numbers, strict=True)}


def _size(reader: NpzReader, stored: Mapping[str, str]) -> int:
    return sum(reader.headers[name].nbytes for name in stored.values())


def _model_config(a: Architecture, source: Source, dtype: torch.dtype, text_encoder: str | None) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "init": {**a.arguments(), "patch_size": list(a.patch)},
            "dtype": str(dtype).removeprefix("torch."),
            "timestep": timestep_of(source.config),
            "codec": {"vae": {"path": WAN, "normalise": bool(source.config.get("normalize_latents", False))}},
            "text": {"path": text_encoder or WAN, "length": TEXT_LENGTH},
            "tokens": {"positions": "patches"},
        }
    )


def _clips(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "frames": [integer(config, "token1_num_frames", 81)],
        "sizes": [[integer(config, "height", 480), integer(config, "width", 832)]],
    }


def _origin(source: Source, reader: NpzReader) -> dict[str, Any]:
    return {
        "layout": "genception",
        "name": source.npz.name.removesuffix(".npz").removesuffix("_transformer"),
        "config": source.config,
        "entries": {name: header.descr for name, header in reader.headers.items()},
    }


def _embed_missing(texts: dict, tasks: dict, config: ModelConfig, text_encoder: str | None) -> None:
    wanted = [name for name in ("depth", "normals") if name not in tasks]
    if text_encoder is None or not wanted:
        return
    found = embed_texts([TASKS[name].default_prompt for name in wanted], config)
    for name in wanted:
        tasks[name] = dict(DEPTH) if name == "depth" else {}
    texts |= {text: x.float() for text, x in found.items()}


def _write_transformer(
    reader: NpzReader, a: Architecture, stored: Mapping[str, str], dtype: torch.dtype, folder: Path, advance: Advance
) -> None:
    folder.mkdir()
    with torch.device("meta"):
        twin = WanTransformer3DModel.from_config(a.arguments())
    twin.save_config(folder)
    kept = twin._keep_in_fp32_modules
    entries = transformer_entries(a)
    held = {name: DTYPES[reader.headers[stored[theirs]].descr] for theirs, e in entries.items() for name in e.names}

    def kind(name: str) -> torch.dtype:
        return held[name] if any(part in name.split(".") for part in kept) else dtype

    state = twin.state_dict()
    writer = ShardWriter(folder, {name: (kind(name), tuple(x.shape)) for name, x in state.items()})
    done, total = 0, sum(reader.headers[stored[theirs]].nbytes for theirs in entries)
    for theirs, (_, names, turn) in entries.items():
        slices = reader.slices(stored[theirs], len(names))
        for name, part in zip(names, slices, strict=True):
            whole = part.reshape(part.shape[1:]) if theirs.startswith("blocks.") else part
            writer.write(name, to_ours(whole, turn))
            done += part.nbytes
            advance(theirs, done, total)
    writer.close()


def _write_tokens(reader: NpzReader, a: Architecture, stored: Mapping[str, str], folder: Path) -> None:
    members = {name: next(iter(reader.slices(stored[name], 1))) for name in token_entries(a)}
    tokens = TokenGroups(a.hidden, groups_of(a), in_patches=True)
    for n, group in enumerate(GROUPS, 1):
        tokens[f"{group}.0"].load_state_dict(group_state(members, n))
    (folder / "tokens").mkdir()
    config = {"hidden": a.hidden, "groups": tokens.numbers}
    (folder / "tokens" / "config.json").write_text(json.dumps(config, indent=2))
    save_file({k: x.contiguous() for k, x in tokens.state_dict().items()}, folder / "tokens" / "model.safetensors")
    kept = {name: members[name].contiguous() for n in (1, 2) for name in unheld(n)}
    save_file(kept, folder / EXTRAS)


def _copy_vae(source: Path, out: Path, channels: int) -> None:
    try:
        config = json.loads((source / "config.json").read_text())
    except (OSError, ValueError):
        raise ThfmError(f"{source} has no readable config.json: fetch the codec again.") from None
    found = config.get("z_dim", 16) if isinstance(config, dict) else None
    if found != channels:
        raise ThfmError(f"the codec in {source} has {found} channels, the transformer {channels}: pair them.")
    weights = source / "diffusion_pytorch_model.safetensors"
    if not weights.is_file():
        raise ThfmError(f"{source} lacks {weights.name}: fetch the codec again.")
    with torch.device("meta"):
        AutoencoderKLWan.from_config(config).save_config(out)
    reader = ShardReader(source)
    with torch.device("meta"):
        state = AutoencoderKLWan.from_config(config).state_dict()
    for name, x in state.items():
        if name not in reader.names() or reader.shape(name) != tuple(x.shape):
            raise ThfmError(f"{weights} has no {name} of shape {tuple(x.shape)}: fetch the codec again.")
    shutil.copyfile(weights, out / weights.name)
