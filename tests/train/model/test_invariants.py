"""What must hold of one pass, for both families, against the unmodified library."""

import copy

import pytest
import torch
from diffusers import LTXPipeline
from diffusers.models.attention_dispatch import attention_backend

from synth.conventions import ThfmError
from tests.train.model.tiny import GROUPS, tiny_inputs, tiny_model
from train.model.attention import grouped_attention

FAMILIES = ["wan", "ltx"]
ALL = tuple(GROUPS)


def bare(model):
    """A model of the unmodified class with the same weights."""
    inner = model.backbone.transformer
    outer = type(inner).from_config(inner.config)
    outer.load_state_dict(inner.state_dict())
    return outer.to(inner.dtype).eval()


def library(model, latents, text, timestep):
    """What a pipeline of diffusers makes the transformer predict."""
    reference = bare(model)
    if model.backbone.block_classes == ("WanTransformerBlock",):
        return reference(latents, timestep, text, return_dict=False)[0]
    grid = latents.shape[2:]
    mask = (text != 0).any(-1).long()
    out = reference(
        LTXPipeline._pack_latents(latents), text, timestep, mask, *grid, (8 / 25, 32, 32), return_dict=False
    )
    return LTXPipeline._unpack_latents(out[0], *grid)


def loss(answer):
    return answer.video.square().mean() + sum(x.square().mean() for x in answer.sparse.values())


def gradients(model, *inputs):
    model.zero_grad()
    loss(model(*inputs, ALL)).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def ltx_scale(family):
    return {"codec": {"patch": {"spatial": 32, "temporal": 8, "channels": 16}}} if family == "ltx" else {}


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 9])
def test_without_groups_the_answer_is_minus_the_librarys_output(family, frames):
    model = tiny_model(family, **ltx_scale(family))
    latents, text, frames = tiny_inputs(frames)
    expected = -library(model, latents, text, torch.zeros(2))
    assert torch.equal(model(latents, text, frames).video, expected)


@torch.no_grad()
def test_velocity_is_the_librarys_output_at_any_timestep(family):
    model = tiny_model(family, **ltx_scale(family))
    latents, text, _ = tiny_inputs()
    timestep = torch.tensor([17.0, 903.5])
    assert torch.equal(model.velocity(latents, timestep, text), library(model, latents, text, timestep))
    assert not torch.allclose(model(latents, text, 9).video, -model.velocity(latents, timestep, text), atol=1e-3)


@torch.no_grad()
def test_fixed_timestep_is_the_configs():
    latents, text, frames = tiny_inputs()
    model = tiny_model(timestep=500)
    assert torch.equal(model(latents, text, frames).video, -library(model, latents, text, torch.full((2,), 500.0)))


@torch.no_grad()
def test_wan_22_gives_every_token_its_timestep():
    latents, text, frames = tiny_inputs()
    model = tiny_model(expand_timesteps=True, timestep=321)
    tokens = latents[0, 0].numel() // 4
    expected = -library(model, latents, text, torch.full((2, tokens), 321.0))
    assert torch.equal(model(latents, text, frames).video, expected)
    grouped = model(latents, text, frames, ALL)
    torch.testing.assert_close(grouped.video, expected, atol=1e-6, rtol=1e-5)
    plain = tiny_model(timestep=321)(latents, text, frames, ALL)  # the same weights, one timestep a sample
    for name in ALL:
        torch.testing.assert_close(grouped.sparse[name], plain.sparse[name], atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 9])
def test_groups_leave_the_video_alone(family, frames):
    model = tiny_model(family)
    latents, text, frames = tiny_inputs(frames)
    alone = model(latents, text, frames).video
    grouped = model(latents, text, frames, ALL)
    torch.testing.assert_close(grouped.video, alone, atol=1e-6, rtol=1e-5)
    assert {name: tuple(x.shape) for name, x in grouped.sparse.items()} == {
        name: (2, frames, numbers) for name, numbers in GROUPS.items()
    }
    assert all(x.dtype == torch.float32 and x.isfinite().all() for x in grouped.sparse.values())


@torch.no_grad()
def test_groups_know_nothing_of_each_other(family):
    model = tiny_model(family)
    inputs = tiny_inputs()
    before = model(*inputs, ALL).sparse
    alone = model(*inputs, ("keypoints3d.0",)).sparse["keypoints3d.0"]
    torch.testing.assert_close(before["keypoints3d.0"], alone, atol=1e-5, rtol=1e-5)
    model.tokens["keypoints2d.0"].content.add_(3.0)
    model.tokens["keypoints2d.0"].position.fill_(0.9)
    after = model(*inputs, ALL).sparse
    assert (after["keypoints2d.0"] - before["keypoints2d.0"]).abs().max() > 1e-3
    for name in ALL[1:]:
        assert torch.equal(after[name], before[name])


@torch.no_grad()
def test_a_group_sees_the_video_and_all_its_own_frames(family):
    model = tiny_model(family)
    latents, text, frames = tiny_inputs()
    before = model(latents, text, frames, ALL[:1]).sparse[ALL[0]]
    latents[:, :, -1] += 1.0
    changed = (model(latents, text, frames, ALL[:1]).sparse[ALL[0]] - before).abs().amax((0, 2))
    assert (changed > 1e-4).all()
    tokens = before.std(1)  # tokens of one group differ by their rotary position alone
    assert (tokens > 1e-4).all()


def test_grouped_attention_is_masked_attention():
    generator = torch.Generator().manual_seed(0)
    sizes = (11, 3, 5)
    query, key, value = torch.randn(3, 2, sum(sizes), 4, 8, generator=generator)
    group = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
    mask = (group[None] == 0) | (group[:, None] == group[None])
    expected = torch.nn.functional.scaled_dot_product_attention(
        *(x.transpose(1, 2) for x in (query, key, value)), attn_mask=mask
    ).transpose(1, 2)
    torch.testing.assert_close(grouped_attention(query, key, value, sizes), expected)


def test_attention_backends_of_diffusers_are_used(monkeypatch):
    from train.model import attention

    seen = []
    real = attention.dispatch_attention_fn
    monkeypatch.setattr(attention, "dispatch_attention_fn", lambda *a, **k: seen.append(k["backend"]) or real(*a, **k))
    model = tiny_model()
    with attention_backend("native"):  # setting it is for the whole process, and undone here
        model.backbone.transformer.set_attention_backend("_native_math")
        model(*tiny_inputs(), ALL)
    assert len(seen) == 2 * (1 + len(ALL)) and all(b == "_native_math" for b in seen)


def test_gradients_reach_the_positions_and_everything_else(family):
    model = tiny_model(family).train()
    found = gradients(model, *tiny_inputs())
    assert set(found) == {name for name, _ in model.named_parameters()}
    for name, gradient in found.items():
        assert gradient.isfinite().all() and gradient.abs().max() > 0, name
    assert all(found[f"tokens.groups.{name.replace('.', '-')}.position"].abs().min() > 0 for name in ALL)


def test_position_gradient_is_the_finite_difference():
    model = tiny_model().double()
    latents, text, frames = tiny_inputs()
    name = ALL[0]
    model.tokens[name].read = lambda features: features  # float64 to the end

    def value():
        return model(latents.double(), text.double(), frames, (name,)).sparse[name].pow(2).sum()

    value().backward()
    position, step = model.tokens[name].position, 1e-3
    for axis in range(2):
        with torch.no_grad():
            start = position[axis].item()
            position[axis] = start + step
            above = value()
            position[axis] = start - step
            below = value()
            position[axis] = start
        assert ((above - below) / (2 * step)).item() == pytest.approx(position.grad[axis].item(), rel=1e-2)


def test_idle_groups_get_a_zero_gradient_and_change_nothing():
    model = tiny_model().train()
    latents, text, frames = tiny_inputs()
    answer = model(latents, text, frames)
    assert torch.equal(answer.video, model.eval()(latents, text, frames).video)
    answer.video.mean().backward()
    assert all(p.grad is not None and not p.grad.any() for p in model.tokens.parameters())


def test_activation_checkpointing_changes_nothing(family):
    model = tiny_model(family).train()
    inputs = tiny_inputs()
    expected = gradients(model, *inputs)
    calls = []
    model.backbone.transformer.enable_gradient_checkpointing(
        lambda block, *a: calls.append(block) or torch.utils.checkpoint.checkpoint(block, *a, use_reentrant=False)
    )
    found = gradients(model, *inputs)
    assert len(calls) == 2
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_compiled_blocks_change_nothing_beyond_rounding(family):
    model = tiny_model(family).train()
    inputs = tiny_inputs()
    expected = gradients(model, *inputs)
    twin = copy.deepcopy(model)
    twin.backbone.transformer.compile_repeated_blocks(backend="aot_eager", fullgraph=True)
    found = gradients(twin, *inputs)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=1e-4)
    torch._dynamo.reset()


@torch.no_grad()
def test_bfloat16_keeps_what_the_library_keeps(family):
    model = tiny_model(family, dtype="bfloat16")
    inputs = tiny_inputs()
    answer, alone = model(*inputs, ALL), model(*inputs)
    exact = tiny_model(family)(*inputs, ALL)
    assert answer.video.dtype == torch.bfloat16
    torch.testing.assert_close(answer.video, alone.video, atol=0.03, rtol=0.03)
    torch.testing.assert_close(answer.video.float(), exact.video, atol=0.05, rtol=0.1)
    for name in ALL:
        assert answer.sparse[name].dtype == torch.float32
        scale = exact.sparse[name].std()
        assert (answer.sparse[name] - exact.sparse[name]).abs().max() < 0.1 * scale
    if family == "wan":
        block = model.backbone.transformer.blocks[0]
        assert block.norm2.weight.dtype == block.scale_shift_table.dtype == torch.float32
        assert model.backbone.transformer.rope.freqs_cos.dtype == torch.float32


def test_under_autocast_heads_stay_exact():
    model = tiny_model()
    features = torch.randn(2, 9, 64)
    with torch.autocast("cpu", torch.bfloat16):
        inside = model.tokens[ALL[0]].read(features)
        answer = model(*tiny_inputs(), ALL)
    assert torch.equal(inside, model.tokens[ALL[0]].read(features))
    assert answer.sparse[ALL[0]].dtype == torch.float32


def test_first_answers_are_the_configured_constant():
    from tests.train.model.tiny import tiny_config
    from train.model import build_model

    model = build_model(tiny_config(tokens={"bias": {"keypoints2d": 0.5, "keypoints3d": -0.25}}), GROUPS)
    answer = model(*tiny_inputs(), ALL)
    assert (answer.sparse["keypoints2d.1"] == 0.5).all() and (answer.sparse["keypoints3d.0"] == -0.25).all()


def test_what_does_not_fit_is_named(family):
    model = tiny_model(family)
    latents, text, frames = tiny_inputs()
    with pytest.raises(ThfmError, match="no token group 'depth.0'"):
        model(latents, text, frames, ("depth.0",))
    with pytest.raises(ThfmError, match="15 latent channels, the backbone takes 16"):
        model(latents[:, :15], text, frames)
    if family == "wan":
        with pytest.raises(ThfmError, match="not filled by patches of 1 x 2 x 2"):
            model(latents[..., :5], text, frames)
