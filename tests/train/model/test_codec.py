"""Codecs: round trips, causality, and the library's own normalisation."""

import math

import pytest
import torch
from diffusers import AutoencoderKLLTXVideo, AutoencoderKLWan, LTXPipeline, WanImageToVideoPipeline
from scipy.fft import dctn

from synth.conventions import ThfmError
from train.model.codec import PatchCodec, valid_cells
from train.model.vae import LtxCodec, WanCodec


def video(frames=9, height=16, width=32, batch=2):
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


def tiny_wan_vae(**options):
    torch.manual_seed(0)
    return AutoencoderKLWan(**{"base_dim": 4, "z_dim": 16, "num_res_blocks": 1, **options}).eval()


def tiny_wan22_vae():
    mean, std = torch.linspace(-1, 1, 48).tolist(), torch.linspace(0.5, 2, 48).tolist()
    return tiny_wan_vae(
        decoder_base_dim=4, z_dim=48, is_residual=True, in_channels=12, out_channels=12, patch_size=2,
        scale_factor_spatial=16, latents_mean=mean, latents_std=std,
    )  # fmt: skip


def tiny_ltx_vae(**options):
    torch.manual_seed(0)
    vae = AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 5, **options,
    )  # fmt: skip
    vae.latents_mean.copy_(torch.linspace(-1, 1, 8))
    vae.latents_std.copy_(torch.linspace(0.5, 2, 8))
    return vae.eval()


@pytest.mark.parametrize("spatial,temporal", [(8, 4), (4, 1), (16, 2), (4, 8), (1, 1)])
@pytest.mark.parametrize("frames", [1, 9])
def test_patch_codec_is_exact(spatial, temporal, frames):
    codec, clip = PatchCodec(spatial, temporal), video(frames)
    latents = codec.encode(clip)
    assert latents.shape == (2, codec.channels, *codec.latent_shape(*clip.shape[2:]))
    torch.testing.assert_close(codec.decode(latents), clip, atol=2e-5, rtol=0)


def test_patch_codec_is_scipys_cosine_transform():
    codec, clip = PatchCodec(4, 4), video()
    cell = clip[0, :, 5:9, 8:12, 4:8].double().numpy()  # latent frame 2, row 2, column 1
    expected = dctn(cell, norm="ortho").ravel() * 2 / math.sqrt(cell.size)
    found = codec.encode(clip)[0, :, 2, 2, 1].double()
    torch.testing.assert_close(
        found.sort().values, torch.from_numpy(expected).sort().values, atol=1e-5, rtol=0
    )  # the order is ours
    assert found[0].item() == pytest.approx(2 * cell.mean(), abs=1e-5)


def test_patch_codec_orders_frequencies_and_keeps_the_lowest():
    whole, kept = PatchCodec(4, 4), PatchCodec(4, 4, channels=21)
    clip = video()
    assert torch.equal(kept.encode(clip), whole.encode(clip)[:, :21])
    y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 32), indexing="ij")
    smooth = torch.stack([0.4 * x + 0.3 * y, 0.5 * y, -0.3 * x])[None, :, None].expand(1, 3, 9, 16, 32)
    assert (kept.decode(kept.encode(smooth)) - smooth).abs().max() < 0.02
    twice = kept.encode(kept.decode(kept.encode(clip)))
    torch.testing.assert_close(twice, kept.encode(clip), atol=1e-5, rtol=0)  # a projection


def test_patch_codec_keeps_squared_errors():
    codec = PatchCodec(4, 4)
    a, b = video(), video().flip(0)
    latents = (codec.encode(a) - codec.encode(b))[:, :, 1:].square().sum()
    pixels = (a - b)[:, :, 1:].square().sum()
    assert latents.item() == pytest.approx(pixels.item() * codec.scale**2, rel=1e-4)


def test_strongest_channel_has_about_unit_std():
    clip = (torch.rand(1, 1, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1).expand(1, 3, 5, 16, 16)
    clip = torch.nn.functional.interpolate(clip.flatten(0, 1), scale_factor=8).unflatten(0, (1, 3))
    std = PatchCodec(8, 4).encode(clip).std((0, 2, 3, 4))
    assert std.argmax() == 0 and 0.9 < std[0] < 1.4


@pytest.mark.parametrize("make", [lambda: PatchCodec(8, 4), lambda: WanCodec(tiny_wan_vae())])
def test_latents_are_causal(make):
    codec, clip = make(), video(9)
    later = clip.clone()
    later[:, :, 5:] = 0.3
    before, after = codec.encode(clip), codec.encode(later)
    torch.testing.assert_close(before[:, :, :2], after[:, :, :2])
    assert (before[:, :, 2] - after[:, :, 2]).abs().max() > 1e-3
    torch.testing.assert_close(codec.encode(clip[:, :, :1]), before[:, :, :1])


@pytest.mark.parametrize("vae,spatial,channels", [(tiny_wan_vae, 8, 16), (tiny_wan22_vae, 16, 48)])
def test_wan_codec_normalises_as_the_library(vae, spatial, channels):
    vae = vae()
    codec, clip = WanCodec(vae), video(5, batch=1)
    assert (codec.spatial, codec.temporal, codec.channels) == (spatial, 4, channels)
    latents = codec.encode(clip)
    assert latents.shape == (1, channels, *codec.latent_shape(5, 16, 32)) and latents.dtype == torch.float32
    assert torch.equal(codec.encode(clip), latents)  # the mode: nothing is drawn

    # What diffusers' image-to-video pipeline makes of a first frame is what backbones were trained on.
    pipeline = WanImageToVideoPipeline(None, None, vae, None, expand_timesteps=True)
    _, expected, _ = pipeline.prepare_latents(clip[:, :, 0], 1, channels, 16, 32, 5, torch.float32, "cpu")
    torch.testing.assert_close(latents[:, :, :1], expected, atol=1e-5, rtol=1e-5)

    mode = vae.encode(clip).latent_dist.mode()
    torch.testing.assert_close(WanCodec(vae, normalise=False).encode(clip), mode)
    torch.testing.assert_close(codec.decode(latents), vae.decode(mode, return_dict=False)[0], atol=1e-4, rtol=0)


def test_ltx_codec_normalises_as_the_library():
    vae = tiny_ltx_vae(scaling_factor=1.25)
    codec, clip = LtxCodec(vae), video(17, 64, 32, 1)
    assert (codec.spatial, codec.temporal, codec.channels) == (32, 8, 8)
    latents = codec.encode(clip)
    assert latents.shape == (1, 8, 3, 2, 1) == (1, 8, *codec.latent_shape(17, 64, 32))
    mode = vae.encode(clip).latent_dist.mode()
    expected = LTXPipeline._normalize_latents(mode, vae.latents_mean, vae.latents_std, 1.25)
    torch.testing.assert_close(latents, expected, atol=1e-5, rtol=1e-5)
    raw = LTXPipeline._denormalize_latents(latents, vae.latents_mean, vae.latents_std, 1.25)
    torch.testing.assert_close(codec.decode(latents), vae.decode(raw, return_dict=False)[0], atol=1e-5, rtol=0)


def test_ltx_codec_decodes_at_the_clean_timestep():
    codec = LtxCodec(tiny_ltx_vae(timestep_conditioning=True, decoder_inject_noise=(False,) * 5))
    assert codec.decode(torch.zeros(2, 8, 2, 1, 1)).shape == (2, 3, 9, 32, 32)


def test_vae_options():
    vae = tiny_wan_vae()
    codec = WanCodec(vae.to(torch.bfloat16), tiling=True)
    assert vae.use_tiling and not any(p.requires_grad for p in codec.parameters()) and not vae.training
    assert codec.encode(video()).dtype == codec.decode(torch.zeros(1, 16, 1, 2, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    "size,message",
    [((10, 16, 16), "10 frames.*such as 9"), ((9, 20, 16), "height of 20.*multiple of 8"), ((9, 16, 9), "width of 9")],
)
def test_sizes_that_do_not_fit_are_named(size, message):
    with pytest.raises(ThfmError, match=message):
        PatchCodec(8, 4).encode(torch.zeros(1, 3, *size))


def test_too_many_channels_are_refused():
    with pytest.raises(ThfmError, match="has 192 channels"):
        PatchCodec(4, 4, channels=193)


@pytest.mark.parametrize("spatial,temporal", [(8, 4), (4, 1)])
def test_valid_cells_count_pixels(spatial, temporal):
    codec = PatchCodec(spatial, temporal)
    valid = torch.rand(2, 9, 16, 32, generator=torch.Generator().manual_seed(0)) > 0.4
    share = valid_cells(valid, codec)
    assert share.shape == (2, 1, *codec.latent_shape(9, 16, 32))
    for t in range(share.shape[2]):
        frames = [0] if t == 0 else range(1 + (t - 1) * temporal, 1 + t * temporal)
        cell = valid[1, list(frames), spatial : 2 * spatial, :spatial]
        assert share[1, 0, t, 1, 0].item() == pytest.approx(cell.float().mean().item(), abs=1e-6)
    assert valid_cells(valid[:, :1], codec).shape[2] == 1


@pytest.mark.parametrize("channels", [None, 60])
def test_even_channels_hold_the_same_video(channels):
    # Smooth pictures: their amplitudes fall as 1 / frequency squared, as those of renders do.
    spectrum = torch.fft.rfft2(torch.randn(1, 3, 5, 64, 64, generator=torch.Generator().manual_seed(0)))
    rows, columns = torch.fft.fftfreq(64)[:, None], torch.fft.rfftfreq(64)
    video = torch.fft.irfft2(spectrum / (torch.hypot(rows, columns) + 1 / 64) ** 2, s=(64, 64))
    video = video / video.std() / 2
    plain, even = PatchCodec(8, 4, channels), PatchCodec(8, 4, channels, even=True)
    torch.testing.assert_close(even.decode(even.encode(video)), plain.decode(plain.encode(video)), rtol=0, atol=1e-5)
    spread = [codec.encode(video).movedim(1, 0).flatten(1)[:48:3].std(1) for codec in (plain, even)]
    assert spread[0].max() / spread[0].min() > 3 * spread[1].max() / spread[1].min()
