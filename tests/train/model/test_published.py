"""The real backbones on the meta device: published parameter counts, and that our layers fit them."""

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLWan

from tests.train.model.tiny import GROUPS
from train.model import ModelConfig, add_lora, build_model
from train.model.vae import WanCodec

PATCH = {"codec": {"patch": {}}, "text": {"encoder": "words"}}
WAN = {
    # num_layers, heads, ffn, channels, parameters of the published checkpoint
    "2.1-T2V-1.3B": (30, 12, 8960, 16, 1_418_996_800),
    "2.1-T2V-14B": (40, 40, 13824, 16, 14_288_491_584),
    "2.2-TI2V-5B": (30, 24, 14336, 48, 4_999_787_712),
}


def wan(name, **options):
    layers, heads, ffn, channels, _ = WAN[name]
    init = {"num_layers": layers, "num_attention_heads": heads, "ffn_dim": ffn}
    return ModelConfig(init={**init, "in_channels": channels, "out_channels": channels}, **PATCH, **options)


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", WAN)
def test_wan_parameter_counts(name):
    with torch.device("meta"):
        model = build_model(wan(name), GROUPS)
    assert count(model.backbone.transformer) == WAN[name][-1]
    hidden = WAN[name][1] * 128
    assert model.backbone.hidden == hidden and model.backbone.text_width == 4096
    # content, scale, shift; position; linear head
    assert count(model.tokens) == sum(3 * hidden + 2 + (hidden + 1) * numbers for numbers in GROUPS.values())


def test_ltx_parameter_count():
    with torch.device("meta"):
        model = build_model(ModelConfig(family="ltx", init={}, **PATCH), GROUPS)
    assert count(model.backbone.transformer) == 1_923_385_472
    assert model.backbone.hidden == 2048 and model.backbone.channels == 128


def test_lora_parameter_count():
    with torch.device("meta"):
        model = build_model(wan("2.1-T2V-1.3B"), {})
        add_lora(model.backbone, rank=16)
    learned = sum(p.numel() for p in model.backbone.parameters() if p.requires_grad)
    hidden, ffn = 1536, 8960
    assert learned == 30 * 16 * (8 * 2 * hidden + 2 * (hidden + ffn))


def test_published_vaes_have_the_published_cells():
    with init_empty_weights():
        old = WanCodec(AutoencoderKLWan())
        new = WanCodec(
            AutoencoderKLWan(
                base_dim=160, decoder_base_dim=256, z_dim=48, is_residual=True, in_channels=12, out_channels=12,
                patch_size=2, scale_factor_spatial=16, latents_mean=[0.0] * 48, latents_std=[1.0] * 48,
            )
        )  # fmt: skip
    assert (old.channels, old.temporal, old.spatial) == (16, 4, 8)
    assert (new.channels, new.temporal, new.spatial) == (48, 4, 16)
    assert old.latent_shape(81, 480, 832) == (21, 60, 104)  # 21 x 30 x 52 = 32,760 video tokens
    assert new.latent_shape(121, 704, 1280) == (31, 44, 80)


@pytest.mark.parametrize("name", ["2.1-T2V-1.3B", "2.2-TI2V-5B"])
def test_a_pass_at_the_real_size_has_the_real_shapes(name):
    """Shapes alone, of two blocks: 81 x 480 x 832, tokens of two groups."""
    config = wan(name, expand_timesteps=name.startswith("2.2"))
    init = {**config.init, "num_layers": 2}
    with torch.device("meta"):
        model = build_model(config.model_copy(update={"init": init}), {"keypoints2d.0": 34, "keypoints3d.0": 51})
        cells = (21, 60, 104) if name.startswith("2.1") else (21, 30, 52)
        latents, text = torch.empty(1, config.init["in_channels"], *cells), torch.empty(1, 226, 4096)
        answer = model(latents, text, 81, ("keypoints2d.0", "keypoints3d.0"))
    assert answer.video.shape == latents.shape
    assert [x.shape for x in answer.sparse.values()] == [(1, 81, 34), (1, 81, 51)]
