"""Saved models: the library loads them unchanged, we load them whole, adapters merge."""

import json

import pytest
import torch
from diffusers import AutoencoderKLWan, LTXVideoTransformer3DModel, WanPipeline, WanTransformer3DModel
from safetensors.torch import load_file

from synth.conventions import ThfmError
from tests.train.model.tiny import GROUPS, tiny_config, tiny_inputs, tiny_model
from train.model import add_lora, build_codec, build_model, load_folder, merge_lora, save_folder
from train.model.lora import has_lora
from train.model.vae import WanCodec

CLASSES = {"wan": WanTransformer3DModel, "ltx": LTXVideoTransformer3DModel}
ALL = tuple(GROUPS)
TEXTS = {"Input: RGB. Output: Depth.": torch.randn(7, 20), "a": torch.zeros(7, 20, dtype=torch.bfloat16)}


@pytest.fixture(params=CLASSES)
def family(request):
    return request.param


def equal(a, b):
    return torch.equal(a.video, b.video) and all(torch.equal(a.sparse[n], b.sparse[n]) for n in a.sparse)


def close(a, b):
    torch.testing.assert_close(a.video, b.video, atol=1e-5, rtol=1e-5)
    for name in a.sparse:
        torch.testing.assert_close(a.sparse[name], b.sparse[name], atol=1e-4, rtol=1e-4)


def adapted(family, **options):
    """A tiny model with adapters that have learned something."""
    model = tiny_model(family, **options)
    add_lora(model.backbone, rank=3, alpha=6)
    torch.manual_seed(5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_B." in name:
                parameter.normal_(std=0.1)
    return model


def test_names_are_the_librarys(family):
    model = tiny_model(family)
    bare = CLASSES[family].from_config(model.backbone.transformer.config)
    assert list(model.backbone.transformer.state_dict()) == list(bare.state_dict())
    assert type(model.backbone.transformer) is CLASSES[family]


def test_training_goes_on_from_tokens_of_the_same_shape(tmp_path, caplog):
    model, config = tiny_model(), tiny_config()
    save_folder(model, build_codec(config), TEXTS, config, tmp_path / "final")
    changes = {"path": str(tmp_path / "final"), "init": None}
    first, *rest = GROUPS
    groups = {first: GROUPS[first] + 1, **{name: GROUPS[name] for name in rest}}  # one answers with other joints
    again = build_model(config.model_copy(update=changes), groups)
    for name in rest:
        for key, value in model.tokens[name].state_dict().items():
            assert torch.equal(again.tokens[name].state_dict()[key], value)
    assert not torch.equal(again.tokens[first].content, model.tokens[first].content)
    assert caplog.messages == [f"{tmp_path}/final holds no tokens of the same shape for {first}: they begin anew"]
    fresh = config.model_copy(update={**changes, "tokens": config.tokens.model_copy(update={"fresh": True})})
    patches = {"tokens": config.tokens.model_copy(update={"positions": "patches"})}
    with pytest.raises(ThfmError, match="set model.tokens.positions=fraction"):
        build_model(config.model_copy(update={**changes, **patches}), GROUPS)
    assert not torch.equal(build_model(fresh, GROUPS).tokens[rest[0]].content, model.tokens[rest[0]].content)


@torch.no_grad()
def test_a_saved_folder_loads_whole_and_in_the_library(family, tmp_path):
    model, config, inputs = tiny_model(family), tiny_config(family), tiny_inputs()
    save_folder(model, build_codec(config), TEXTS, config, tmp_path / "final", tasks={"depth": {"coding": "gray"}})
    again, codec, texts, meta = load_folder(tmp_path / "final")
    assert equal(again(*inputs, ALL), model(*inputs, ALL)) and not again.training
    assert codec.channels == 16 and meta["tasks"] == {"depth": {"coding": "gray"}} and meta["groups"] == GROUPS
    assert texts.keys() == TEXTS.keys() and all(torch.equal(texts[k], TEXTS[k]) for k in TEXTS)

    bare = CLASSES[family].from_pretrained(tmp_path / "final", subfolder="transformer")
    state = model.backbone.transformer.state_dict()
    assert bare.state_dict().keys() == state.keys() and all(
        torch.equal(x, state[k]) for k, x in bare.state_dict().items()
    )
    files = {str(p.relative_to(tmp_path / "final")) for p in (tmp_path / "final").rglob("*") if p.is_file()}
    assert files == {
        "transformer/config.json",
        "transformer/diffusion_pytorch_model.safetensors",
        "tokens/config.json",
        "tokens/model.safetensors",
        "prompts.safetensors",
        "thfm.json",
    }
    assert load_file(tmp_path / "final/tokens/model.safetensors").keys() == model.tokens.state_dict().keys()


def test_a_folder_is_replaced_and_leaves_nothing_behind(tmp_path):
    config = tiny_config()
    codec = build_codec(config)
    for seed in (0, 1):
        save_folder(tiny_model(seed=seed), codec, TEXTS, config, tmp_path / "final")
    assert [p.name for p in tmp_path.iterdir()] == ["final"]
    again = load_folder(tmp_path / "final")[0]
    assert equal(again(*tiny_inputs(), ALL), tiny_model(seed=1)(*tiny_inputs(), ALL))


@torch.no_grad()
def test_a_given_state_is_written_instead(tmp_path):
    config, averaged = tiny_config(), tiny_model(seed=3)
    save_folder(tiny_model(), build_codec(config), TEXTS, config, tmp_path / "ema", state=averaged.state_dict())
    assert equal(load_folder(tmp_path / "ema")[0](*tiny_inputs(), ALL), averaged(*tiny_inputs(), ALL))


def test_bfloat16_folders_keep_float32_where_the_library_does(tmp_path):
    config, model = tiny_config(dtype="bfloat16"), tiny_model(dtype="bfloat16")
    save_folder(model, build_codec(config), TEXTS, config, tmp_path / "final")
    state, again = model.state_dict(), load_folder(tmp_path / "final")[0].state_dict()
    assert {x.dtype for x in state.values()} == {torch.float32, torch.bfloat16}
    assert all(again[k].dtype == x.dtype and torch.equal(again[k], x) for k, x in state.items())


@torch.no_grad()
def test_a_wan_folder_with_its_vae_generates_in_the_librarys_pipeline(tmp_path):
    torch.manual_seed(0)
    codec = WanCodec(AutoencoderKLWan(base_dim=4, z_dim=16, num_res_blocks=1), tiling=False)
    config, model = tiny_config(), tiny_model()
    save_folder(model, codec, TEXTS, config, tmp_path / "final")
    pipeline = WanPipeline.from_pretrained(tmp_path / "final", text_encoder=None, tokenizer=None)
    text = torch.randn(1, 7, 20)
    out = pipeline(
        prompt_embeds=text, negative_prompt_embeds=text * 0, height=16, width=32, num_frames=5, num_inference_steps=2,
        output_type="pt",
    )  # fmt: skip
    assert out.frames.shape == (1, 5, 3, 16, 32) and out.frames.isfinite().all()


@torch.no_grad()
@pytest.mark.parametrize("how", ["merge", "separate"])
def test_adapters_are_saved_merged_or_apart(family, how, tmp_path):
    model, config, inputs = adapted(family), tiny_config(family), tiny_inputs()
    save_folder(model, build_codec(config), TEXTS, config, tmp_path / "final", lora=how)
    again = load_folder(tmp_path / "final")[0]
    assert has_lora(again.backbone.transformer) == (how == "separate")
    close(again(*inputs, ALL), model(*inputs, ALL))
    assert (again(*inputs).video - tiny_model(family)(*inputs).video).abs().max() > 1e-2
    merge_lora(again.backbone.transformer)
    close(again(*inputs, ALL), model(*inputs, ALL))
    assert list(again.backbone.transformer.state_dict()) == list(tiny_model(family).backbone.transformer.state_dict())


@torch.no_grad()
def test_adapters_load_in_the_librarys_pipeline(tmp_path):
    model, inputs = adapted("wan"), tiny_inputs()
    save_folder(model, build_codec(tiny_config()), TEXTS, tiny_config(), tmp_path / "final", lora="separate")
    bare = WanTransformer3DModel.from_pretrained(tmp_path / "final", subfolder="transformer").eval()
    pipeline = WanPipeline(None, None, None, None, bare)
    pipeline.load_lora_weights(tmp_path / "final" / "lora")
    expected = -model(*inputs).video
    found = bare(inputs[0], torch.zeros(2), inputs[1], return_dict=False)[0]
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_adapters_of_a_pretrained_backbone_are_saved_without_it(tmp_path):
    tiny_model().backbone.transformer.save_pretrained(tmp_path / "hub" / "transformer")
    config = tiny_config(init=None, path=str(tmp_path / "hub"))
    model = build_model(config, GROUPS)
    add_lora(model.backbone, rank=2)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            parameter.normal_(std=0.1)
    save_folder(model.eval(), build_codec(config), TEXTS, config, tmp_path / "final", lora="separate")
    assert not (tmp_path / "final" / "transformer").exists()
    close(load_folder(tmp_path / "final")[0](*tiny_inputs(), ALL), model(*tiny_inputs(), ALL))


def test_fresh_adapters_change_nothing_and_only_they_and_tokens_learn(family):
    model, inputs = tiny_model(family, dtype="bfloat16"), tiny_inputs()
    before = model(*inputs, ALL)
    add_lora(model.backbone, rank=2)
    assert equal(model(*inputs, ALL), before)
    answer = model.train()(*inputs, ALL)
    (answer.video.float().sum() + sum(x.sum() for x in answer.sparse.values())).backward()
    learned = {name for name, p in model.named_parameters() if p.grad is not None}
    assert learned and all(name.startswith("tokens.") or ".lora_" in name for name in learned)
    layers = {name.split(".lora_")[0].split(".", 4)[-1] for name in learned if ".lora_" in name}
    parts = ["attn1.to_q", "attn2.to_out.0", "ffn.net.0.proj" if family == "wan" else "ff.net.0.proj"]
    assert layers >= set(parts) and len(layers) == 10
    assert all(p.dtype == torch.float32 for name, p in model.named_parameters() if ".lora_" in name)


def test_lora_without_a_layer_is_named():
    with pytest.raises(ThfmError, match="no layer named nonsense"):
        add_lora(tiny_model().backbone, rank=2, targets=["nonsense"])


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(ThfmError, match="no readable thfm.json"):
        load_folder(tmp_path)
    (tmp_path / "thfm.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(ThfmError, match="format 99"):
        load_folder(tmp_path)


@torch.no_grad()
def test_random_weights_keep_the_architecture_alone(tmp_path):
    transformer = tiny_model().backbone.transformer
    transformer.save_pretrained(tmp_path / "transformer")
    same = build_model(tiny_config(init=None, path=str(tmp_path)), {}).backbone.transformer
    other = build_model(tiny_config(init=None, path=str(tmp_path), random_weights=True), {}).backbone.transformer
    assert torch.equal(same.proj_out.weight, transformer.proj_out.weight)
    assert other.proj_out.weight.shape == transformer.proj_out.weight.shape
    assert not torch.equal(other.proj_out.weight, transformer.proj_out.weight)
