"""DVD's weights: a Wan transformer with peft's adapters, in DVD's names, answers the same after converting."""

import json
import re

import pytest
import torch
from diffusers import WanTransformer3DModel
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from synth.conventions import ThfmError
from train.cli import app
from train.inference.dvd import to_folder
from train.model import load_folder

SIZES = {"num_attention_heads": 2, "attention_head_dim": 128, "ffn_dim": 40, "num_layers": 2, "text_dim": 12}
# diffusers -> Wan's own code, as DVD's wan_video_dit.py has it
RENAMES = (
    (r"^condition_embedder\.text_embedder\.linear_1", "text_embedding.0"),
    (r"^condition_embedder\.text_embedder\.linear_2", "text_embedding.2"),
    (r"^condition_embedder\.time_embedder\.linear_1", "time_embedding.0"),
    (r"^condition_embedder\.time_embedder\.linear_2", "time_embedding.2"),
    (r"^condition_embedder\.time_proj", "time_projection.1"),
    (r"^proj_out", "head.head"),
    (r"^scale_shift_table", "head.modulation"),
    (r"scale_shift_table$", "modulation"),
    (r"\.attn1\.", ".self_attn."),
    (r"\.attn2\.", ".cross_attn."),
    (r"\.to_([qkv])\b", r".\1"),
    (r"\.to_out\.0", ".o"),
    (r"\.norm2\.", ".norm3."),
    (r"\.ffn\.net\.0\.proj", ".ffn.0"),
    (r"\.ffn\.net\.2", ".ffn.2"),
)


def their_name(name):
    for pattern, theirs in RENAMES:
        name = re.sub(pattern, theirs, name)
    return f"pipe.dit.{name}"


@pytest.fixture(scope="module")
def original():
    torch.manual_seed(0)
    model = WanTransformer3DModel(**SIZES).eval()
    targets = ["to_q", "to_k", "to_v", "to_out.0", "ffn.net.0.proj", "ffn.net.2"]
    model = inject_adapter_in_model(LoraConfig(r=4, lora_alpha=4, target_modules=targets), model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.3 if "lora_B" in name else 0.1)
    return model


@pytest.fixture
def release(original, tmp_path):
    folder = tmp_path / "ckpt"
    folder.mkdir()
    state = {their_name(name): x.clone() for name, x in original.state_dict().items()}
    assert "pipe.dit.blocks.1.self_attn.q.base_layer.weight" in state
    assert "pipe.dit.blocks.0.ffn.2.lora_B.default.weight" in state
    save_file({**state, "pipe.vae.model.conv1.bias": torch.zeros(3)}, folder / "model.safetensors")
    (folder / "model_config.yaml").write_text("denoise_step: 0.5\nmode: regression\ntraining_target: x\nlora_rank: 4\n")
    return folder


@torch.no_grad()
def test_it_answers_as_dvd_does(original, release, tmp_path, monkeypatch):
    """One pass at 500 of 1000 on a text of zeros; the output itself is the target."""
    done = CliRunner().invoke(app, ["convert", "dvd", str(release), str(tmp_path / "ours")])
    assert done.exit_code == 0, done.stderr
    monkeypatch.setattr("train.model.folder.build_codec", lambda config: config.codec)  # the codec is on the hub
    model, codec, texts, meta = load_folder(tmp_path / "ours")
    assert codec.vae.normalise and codec.patch is None and texts[""].shape == (512, 12) and not texts[""].any()
    assert meta["model"]["path"] == "Wan-AI/Wan2.1-T2V-1.3B-Diffusers" and model.timestep == 500
    latents = torch.randn(1, 16, 2, 4, 6)
    expected = original(latents, torch.tensor([500.0]), texts[""][None], return_dict=False)[0]
    found = model(latents, texts[""][None], 5).video
    assert expected.abs().mean() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


BROKEN = {
    "blocks.1.cross_attn.norm_q.weight": ("missing", "lacks what becomes blocks.1.attn2.norm_q.weight"),
    "patch_embedding.weight": ("missing", "lacks what becomes patch_embedding.weight"),
    "blocks.0.ffn.0.lora_A.default.weight": ("missing", "not the other half of that adapter"),
    "blocks.0.self_attn.q.base_layer.weight": ("missing", "lacks what becomes blocks.0.attn1.to_q.weight"),
    "blocks.0.norm3.bias": ("shape", "has shape (3,), but (256,) fits"),
    "blocks.0.self_attn.v.lora_B.default.weight": ("shape", "do not make (256, 256)"),
    "img_emb.proj.0.weight": ("unknown", "holds pipe.dit.img_emb.proj.0.weight"),
    "head.modulation": ("integer", "head.modulation is not of floating numbers"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_wrong_parts_are_named(name, release, tmp_path):
    how, words = BROKEN[name]
    path, name = release / "model.safetensors", f"pipe.dit.{name}"
    state = load_file(path)
    if how == "missing":
        del state[name]
    else:
        state[name] = (
            state[name].long() if how == "integer" else torch.zeros(3) if "lora" not in name else torch.zeros(3, 3)
        )
    save_file(state, path)
    with pytest.raises(ThfmError) as caught:
        to_folder(release, tmp_path / "ours")
    assert words in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ckpt"]


SIZELESS = {
    "patch_embedding.weight": [((256, 16), "needs 5 axes"), ((256, 16, 0, 2, 2), "needs 5 axes"),
                               ((64, 16, 1, 2, 2), "a width of 64 is not made of heads of 128")],
    "text_embedding.0.weight": [((256,), "needs 2 axes")],
    "blocks.x.ffn.0.weight": [((3,), "blocks.x.ffn.0.weight")],
    "blocks.99999.ffn.0.weight": [((3,), "lacks what becomes blocks.2.")],
}  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "words"), [(n, *case) for n, cases in SIZELESS.items() for case in cases])
def test_shapes_that_tell_no_sizes_are_named(name, shape, words, release, tmp_path):
    path = release / "model.safetensors"
    save_file({**load_file(path), f"pipe.dit.{name}": torch.zeros(shape)}, path)
    with pytest.raises(ThfmError) as caught:
        to_folder(release, tmp_path / "ours")
    assert words in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mode: generation", "does not answer with the latent itself"),
        ("training_target: flow", "does not answer with the latent itself"),
        ("denoise_step: 3", "0 to 1"),
        ("denoise_step: much", "is no config of DVD"),
        ("- a", "is no config of DVD"),
        ("a: [", "is no config of DVD"),
    ],
)
def test_other_configs_are_refused(text, words, release, tmp_path):
    (release / "model_config.yaml").write_text(text)
    with pytest.raises(ThfmError, match=words):
        to_folder(release, tmp_path / "ours")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(json.dumps({}).encode())
    with pytest.raises(ThfmError, match="is no safetensors file"):
        to_folder(tmp_path, tmp_path / "ours")
    with pytest.raises(ThfmError, match="is no safetensors file"):
        to_folder(tmp_path / "nowhere.safetensors", tmp_path / "ours")
