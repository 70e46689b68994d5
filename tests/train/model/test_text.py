"""Prompts: equal to the pipelines' own, kept by content, the encoder loaded once."""

import hashlib

import pytest
import torch
from diffusers import LTXPipeline, WanPipeline
from transformers import AutoTokenizer, T5Config, T5EncoderModel, T5Tokenizer, UMT5Config, UMT5EncoderModel

from synth.conventions import ThfmError
from tests.train.model.tiny import tiny_config
from train.model import embed_texts, text
from train.model.text import HashedWords, fingerprint

PROMPTS = ["Input: RGB. Output: Depth.", "Input:  RGB.\n Output: Surface &amp; Normal. "]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:.&;"


def save_encoder(folder, kind, seed=0):
    """A random encoder of the real class in the layout of a pipeline's folder."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -2.0), ("▁Output", -3.0)]
    T5Tokenizer(vocabulary + [(letter, -5.0) for letter in LETTERS], extra_ids=0).save_pretrained(folder / "tokenizer")
    torch.manual_seed(seed)
    config, model = {"wan": (UMT5Config, UMT5EncoderModel), "ltx": (T5Config, T5EncoderModel)}[kind]
    encoder = model(config(vocab_size=64, d_model=20, d_kv=8, d_ff=32, num_layers=2, num_heads=2)).eval()
    encoder.save_pretrained(folder / "text_encoder")
    return encoder


def settings(folder, family="wan", **options):
    options = {"path": str(folder), "length": 64, "dtype": "float32", "cache": str(folder / "cache"), **options}
    return tiny_config(family, text=options)


def test_wan_prompts_are_the_pipelines(tmp_path):
    encoder = save_encoder(tmp_path, "wan")
    found = embed_texts(PROMPTS, settings(tmp_path))
    pipeline = WanPipeline(AutoTokenizer.from_pretrained(tmp_path / "tokenizer"), encoder, None, None)
    expected, _ = pipeline.encode_prompt(PROMPTS, do_classifier_free_guidance=False, max_sequence_length=64)
    assert list(found) == PROMPTS
    for prompt, row in zip(PROMPTS, expected, strict=True):
        assert found[prompt].shape == (64, 20)
        torch.testing.assert_close(found[prompt], row, atol=1e-6, rtol=1e-5)
        own = (row != 0).any(1).sum()
        assert 5 < own < 64 and not found[prompt][own:].any()


def test_ltx_prompts_are_the_pipelines_where_its_mask_looks(tmp_path):
    encoder = save_encoder(tmp_path, "ltx")
    found = embed_texts(PROMPTS, settings(tmp_path, "ltx"))
    pipeline = LTXPipeline(None, None, encoder, AutoTokenizer.from_pretrained(tmp_path / "tokenizer"), None)
    expected, mask, *_ = pipeline.encode_prompt(PROMPTS, do_classifier_free_guidance=False, max_sequence_length=64)
    for prompt, row, seen in zip(PROMPTS, expected, mask, strict=True):
        torch.testing.assert_close(found[prompt], row * seen[:, None], atol=1e-6, rtol=1e-5)
        assert torch.equal((found[prompt] != 0).any(1), seen)


def test_the_encoder_is_loaded_only_for_new_texts(tmp_path, monkeypatch):
    save_encoder(tmp_path, "wan")
    first = embed_texts(PROMPTS, settings(tmp_path))
    loads = []
    real = text._load_encoder
    monkeypatch.setattr(text, "_load_encoder", lambda *a: loads.append(a) or real(*a))
    again = embed_texts(PROMPTS + PROMPTS[:1], settings(tmp_path))
    assert not loads and all(torch.equal(first[p], again[p]) for p in PROMPTS)
    embed_texts([PROMPTS[0], "Input: RGB."], settings(tmp_path))
    assert len(loads) == 1 and len(list((tmp_path / "cache").iterdir())) == 3


def test_the_cache_is_keyed_by_content_not_by_place(tmp_path):
    one, same, other = tmp_path / "one", tmp_path / "same", tmp_path / "other"
    for folder, seed in ((one, 0), (same, 0), (other, 1)):
        save_encoder(folder, "wan", seed)
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)
    cache = str(tmp_path / "cache")
    found = {f: embed_texts(PROMPTS[:1], settings(f, cache=cache))[PROMPTS[0]] for f in (one, other)}
    assert not torch.allclose(found[one], found[other])
    short = embed_texts(PROMPTS[:1], settings(one, cache=cache, length=6))[PROMPTS[0]]
    assert short.shape == (6, 20) and not torch.allclose(short, found[one][:6])  # cut before it was encoded
    half = embed_texts(PROMPTS[:1], settings(one, cache=cache, dtype="bfloat16"))[PROMPTS[0]]
    assert half.dtype == torch.bfloat16
    assert not [p for p in (tmp_path / "cache").iterdir() if p.suffix != ".safetensors"]


def test_large_weights_are_told_apart_by_blocks(tmp_path):
    for name in "ab":
        (tmp_path / name / "text_encoder").mkdir(parents=True)
        (tmp_path / name / "tokenizer").mkdir()
        weights = torch.arange((1 << 24) + 4096, dtype=torch.float32)
        weights += name == "b"
        (tmp_path / name / "text_encoder" / "model.safetensors").write_bytes(weights.numpy().tobytes())
    assert fingerprint(tmp_path / "a") != fingerprint(tmp_path / "b")


def test_words_are_fixed_vectors_of_unit_variance():
    words = HashedWords(4096)
    depth, normal = words("Input: RGB. Output: Depth."), words("input rgb, OUTPUT surface normal")
    assert depth.shape == (4, 4096) and torch.equal(depth[:3], normal[:3])
    assert depth.var().item() == pytest.approx(1, abs=0.05) and abs(depth.mean()) < 0.05
    assert (torch.corrcoef(torch.cat([depth, normal[3:]])) - torch.eye(6)).abs().max() < 0.1
    seed = int.from_bytes(hashlib.sha256(b"depth").digest()[:8], "big") >> 1
    assert torch.equal(depth[3], torch.randn(4096, generator=torch.Generator().manual_seed(seed)))


def test_words_are_padded_and_cut():
    found = embed_texts(["one two", "", " ".join("abcdefghijkl")], tiny_config())
    assert all(x.shape == (7, 20) for x in found.values())
    assert not found["one two"][2:].any() and not found[""].any() and found["a b c d e f g h i j k l"].all()


def test_a_missing_encoder_is_named(tmp_path):
    save_encoder(tmp_path, "wan")
    (tmp_path / "tokenizer").rename(tmp_path / "elsewhere")
    with pytest.raises(ThfmError, match="has no folder tokenizer/"):
        embed_texts(PROMPTS, settings(tmp_path))


def test_an_encoder_of_another_width_is_named(tmp_path):
    save_encoder(tmp_path, "wan")
    config = settings(tmp_path)
    with pytest.raises(ThfmError, match="in 20 numbers, the backbone takes 21"):
        embed_texts(PROMPTS, config.model_copy(update={"init": {**config.init, "text_dim": 21}}))
