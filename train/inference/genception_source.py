"""What lies in the folder of a released GenCeption checkpoint, checked before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from synth.conventions import ThfmError
from train.model.foreign.genception import SUFFIX, Architecture, shapes
from train.model.foreign.npz import NpzReader
from train.tasks import TASKS

PROMPTS = "prompt_embeddings"
DEPTH = {"coding": "banana"}
_KNOWN = {"cross_attn_norm": True, "qk_norm": "rms_norm_across_heads"}
TOKENS_ONCE = tuple(f"token{n}_num_{what}" for n in (1, 2) for what in ("frames_rope", "per_frame"))


class Source(NamedTuple):
    """A released checkpoint: its npz, the config beside it ({} without one), and the folder of its codec if it is
    there."""

    npz: Path
    config: dict[str, Any]
    vae: Path | None


def find_source(path: Path) -> Source:
    """What lies at a path: ``*_transformer.npz``, or the folder that holds one.

    Raises:
        ThfmError: none, or several; a config that is no JSON object.
    """
    npz = path
    if path.is_dir():
        found = sorted(path.glob("*.npz"))
        if len(found) != 1:
            what = "no npz" if not found else f"{len(found)} npz files"
            raise ThfmError(f"{path} holds {what}: name the checkpoint, such as genception_1.3b_transformer.npz.")
        npz = found[0]
    beside = npz.with_name(npz.name.removesuffix(".npz").removesuffix("_transformer") + "_config.json")
    config = {}
    if beside.is_file():
        try:
            config = json.loads(beside.read_text())
            if not isinstance(config, dict):
                raise ValueError("no object")
        except ValueError as error:
            raise ThfmError(f"{beside} is no JSON object ({error}): fetch it again.") from None
    vae = npz.parent / "vae"
    return Source(npz, config, vae if vae.is_dir() else None)


def find_prompts(npz: Path, folder: Path | None, named: Mapping[str, Path]) -> dict[str, Path]:
    """Task -> file with the embedding of its prompt.

    Args:
        npz: the checkpoint.
        folder: with a <task>.npy for each task; None: prompt_embeddings/ in the checkpoint's folder or beside it.
        named: more of them, which win.

    Raises:
        ThfmError: not there, or no dense task of ours.
    """
    if folder is not None and not folder.is_dir():
        raise ThfmError(f"{folder} is no folder: name the one with depth.npy and normals.npy.")
    near = [npz.parent / PROMPTS, npz.parent.parent / PROMPTS]
    folder = folder or next((f for f in near if f.is_dir()), None)
    dense = [name for name, task in TASKS.items() if not task.sparse]
    found = {} if folder is None else {n: folder / f"{n}.npy" for n in dense if (folder / f"{n}.npy").is_file()}
    for name, file in named.items():
        if name not in dense:
            raise ThfmError(f"--prompt {name}=...: the tasks that answer with video are {', '.join(dense)}.")
        found[name] = file
    return found


def architecture_of(reader: NpzReader, config: Mapping[str, Any]) -> tuple[Architecture, dict[str, str]]:
    """Sizes that the members have, and {name without the suffix: name in the file}; all are checked.

    Raises:
        ThfmError: a member is missing, unknown or of another shape; or the config asks for what our model is not.
    """
    stored = {name.removesuffix(SUFFIX): name for name in reader.headers}

    def shape(name: str, rank: int) -> tuple[int, ...]:
        if name not in stored:
            raise ThfmError(f"{reader.path} lacks {name}{SUFFIX}: it is no GenCeption transformer, or not all of it.")
        found = reader.headers[stored[name]].shape
        if len(found) != rank:
            raise ThfmError(f"{reader.path}: {stored[name]} has shape {found}, but needs {rank} axes.")
        return found

    *patch, channels, hidden = shape("patch_embedding.kernel", 5)
    layers, _, ffn = shape("blocks.ffn.act_fn.proj.kernel", 3)
    head = integer(config, "attention_head_dim", 128)
    if hidden % head:
        raise ThfmError(
            f"a width of {hidden} is not made of heads of {head}: the config's attention_head_dim is wrong."
        )
    sizes = Architecture(
        layers=layers,
        heads=hidden // head,
        head=head,
        ffn=ffn,
        channels=channels,
        text=shape("condition_embedder.text_embedder.linear_1.kernel", 2)[0],
        freq=shape("condition_embedder.time_embedder.linear_1.kernel", 2)[0],
        patch=tuple(patch),
        numbers=tuple(shape(f"token{n}_proj_out.kernel", 2)[1] for n in (1, 2)),
        eps=float(_number(config, "eps", 1e-6)),
        rope_length=integer(config, "rope_max_seq_len", 1024),
    )
    _agree(sizes, config)
    wanted = shapes(sizes)
    for name in wanted:
        if name not in stored:
            raise ThfmError(f"{reader.path} lacks {name}{SUFFIX}: it is no GenCeption transformer, or not all of it.")
        found = reader.headers[stored[name]].shape
        if found != wanted[name]:
            raise ThfmError(f"{reader.path}: {stored[name]} has shape {found}, but {wanted[name]} fits the others.")
    for name in stored:
        if name not in wanted:
            raise ThfmError(f"{reader.path} holds {stored[name]}, which no GenCeption transformer of that size has.")
    return sizes, stored


def timestep_of(config: Mapping[str, Any]) -> float:
    """The timestep of the one pass. As in the public code, a negative one or none is 0.

    Raises:
        ThfmError: the config says something else than a number.
    """
    step = None if config.get("diffusion_single_step") is None else _number(config, "diffusion_single_step", 0)
    return max(0.0, float(step or 0))


def _number(config: Mapping[str, Any], key: str, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ThfmError(f"the checkpoint's config says {key}={value!r}, which is no number.")
    return value


def integer(config: Mapping[str, Any], key: str, default: int) -> int:
    """A number of something that the config tells, or the default.

    Raises:
        ThfmError: it is none.
    """
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ThfmError(f"the checkpoint's config says {key}={value!r}, which is no number of something.")
    return value


def _agree(a: Architecture, config: Mapping[str, Any]) -> None:
    """The config against the weights, and against what our model is."""
    said = {k: v for k, v in a.arguments().items() if k not in ("patch_size", "eps")}
    said |= {"token1_proj_dim": a.numbers[0], "token2_proj_dim": a.numbers[1]} | dict.fromkeys(TOKENS_ONCE, 1)
    said |= _KNOWN
    for key, value in said.items():
        if key in config and config[key] != value:
            raise ThfmError(
                f"the checkpoint's config says {key}={config[key]!r}, but {value!r} is what its weights, or this "
                "version, have."
            )


def read_prompts(files: Mapping[str, Path], width: int) -> tuple[dict[str, Tensor], dict[str, dict[str, Any]]]:
    """({prompt: (L, D)}, {task: its options})."""
    texts, tasks = {}, {}
    for name, file in files.items():
        try:
            array = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ThfmError(f"{file} is no array of numbers ({reason}): name the .npy of the prompt.") from None
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            raise ThfmError(f"{file} holds no floating numbers: name the .npy of the prompt.")
        rows = array[0] if array.ndim == 3 and len(array) == 1 else array
        if rows.ndim != 2 or rows.shape[1] != width:
            raise ThfmError(f"{file} has shape {array.shape}: the transformer takes (tokens, {width}).")
        tasks[name] = dict(DEPTH) if name == "depth" else {}
        if name not in ("depth", "normals"):  # the release has no prompt of this name: its file says which one it is
            tasks[name]["prompt"] = file.stem
        texts[prompt_of(name, tasks[name])] = torch.from_numpy(rows.astype(np.float32))
    return texts, tasks


def prompt_of(name: str, options: Mapping[str, Any]) -> str:
    return options.get("prompt") or TASKS[name].default_prompt
