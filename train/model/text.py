"""Prompts to embeddings: the backbone's own encoder, loaded once, or fixed random vectors of words."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from synth.conventions import ThfmError
from train.model.config import TextConfig, torch_dtype
from train.model.hub import local_folder

Encode = Callable[[str], Tensor]
"""A text -> (its own tokens, D)."""


class HashedWords:
    """An encoder without weights: each lower-case word is a fixed vector of unit variance, drawn from its sha256.

    Args:
        width: D.
    """

    def __init__(self, width: int):
        self.width = width

    def __call__(self, text: str) -> Tensor:
        """(words, D) float32; (0, D) for a text without words."""
        rows = [self._vector(word) for word in re.findall(r"\w+", text.lower())]
        return torch.stack(rows) if rows else torch.zeros(0, self.width)

    def _vector(self, word: str) -> Tensor:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big") >> 1
        return torch.randn(self.width, generator=torch.Generator().manual_seed(seed))


def embed(
    texts: Sequence[str], config: TextConfig, family: str, source: str | None, width: int, device
) -> dict[str, Tensor]:
    """{text: (L, D) on the CPU}, zero beyond a text's own tokens.

    What an encoder with weights gave is kept on disk, by the content of text and encoder; the encoder is loaded only
    for texts that are not there, and freed.

    Args:
        texts: any number, repeated or not.
        config: which encoder, and L.
        family: of the backbone: wan or ltx.
        source: hub id or folder that holds text_encoder/ and tokenizer/; None for words.
        width: D that the backbone takes.
        device: where the encoder runs.

    Raises:
        ThfmError: an encoder that cannot be had, or of another width than the backbone takes.
    """
    texts = list(dict.fromkeys(texts))
    if config.encoder == "words":
        words = HashedWords(width)
        return {text: _padded(words(text)[: config.length], config.length) for text in texts}

    folder = local_folder(source, ("text_encoder", "tokenizer"))
    identity = f"{family}/{config.length}/{config.dtype}/{fingerprint(folder)}"
    files = {text: _cache(config) / f"{_digest(identity, text)}.safetensors" for text in texts}
    missing = [text for text in texts if not files[text].exists()]
    if missing:
        encode = _load_encoder(folder, config, family, device)
        for text in missing:
            _store(encode(text), files[text])
        del encode
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    found = {text: _padded(load_file(files[text])["embedding"], config.length) for text in texts}
    for embedding in found.values():
        if embedding.shape[1] != width:
            raise ThfmError(
                f"{source} embeds texts in {embedding.shape[1]} numbers, the backbone takes {width}: pair them."
            )
    return found


def _load_encoder(folder: Path, config: TextConfig, family: str, device) -> Encode:
    """The family's encoder, used as diffusers' pipeline of the family uses it."""
    from diffusers.pipelines.wan.pipeline_wan import prompt_clean
    from transformers import AutoTokenizer, T5EncoderModel, UMT5EncoderModel

    kind = UMT5EncoderModel if family == "wan" else T5EncoderModel
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    model = kind.from_pretrained(folder / "text_encoder", dtype=torch_dtype(config.dtype), use_safetensors=True)
    model = model.to(device).eval().requires_grad_(False)

    def encode(text: str) -> Tensor:
        text = prompt_clean(text) if family == "wan" else text
        inputs = tokenizer(
            [text], padding="max_length", max_length=config.length, truncation=True, return_tensors="pt"
        ).to(device)
        # Wan hides padding from the encoder, LTX does not; both pipelines ignore what stands in the padding.
        mask = inputs.attention_mask if family == "wan" else None
        hidden = model(inputs.input_ids, attention_mask=mask).last_hidden_state
        return hidden[0, : int(inputs.attention_mask.sum())].cpu().contiguous()

    return encode


def fingerprint(folder: Path) -> str:
    """Identity of an encoder by content: configs and tokenizer wholly, weights by size and 64 blocks spread over each
    file (22 GB are not read for one prompt)."""
    digest = hashlib.sha256()
    for path in sorted(p for part in ("text_encoder", "tokenizer") for p in (folder / part).iterdir() if p.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.parent.name}/{path.name}/{size}/".encode())
        with path.open("rb") as file:
            if size <= 1 << 26:
                digest.update(file.read())
                continue
            for block in range(64):
                file.seek(block * (size - (1 << 16)) // 63)
                digest.update(file.read(1 << 16))
    return digest.hexdigest()


def _digest(identity: str, text: str) -> str:
    return hashlib.sha256(json.dumps([identity, text]).encode()).hexdigest()


def _cache(config: TextConfig) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(config.cache) if config.cache else home / "thfm" / "texts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _store(embedding: Tensor, path: Path) -> None:
    """Write a file at once: readers see all of it or nothing."""
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        save_file({"embedding": embedding}, part)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _padded(rows: Tensor, length: int) -> Tensor:
    return torch.cat([rows, rows.new_zeros(length - len(rows), rows.shape[1])])
