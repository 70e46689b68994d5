"""Where tokens are: closed forms, and the library's own rope at whole positions."""

import pytest
import torch
from diffusers import LTXVideoTransformer3DModel, WanTransformer3DModel

from synth.conventions import ThfmError
from train.model.ltx import LtxBackbone
from train.model.tokens import TokenGroup, frame_times
from train.model.wan import WanBackbone


@pytest.mark.parametrize("frames,ratio", [(81, 4), (5, 4), (17, 8), (2, 1), (9, 1), (9, 2)])
def test_frame_times_are_the_closed_form(frames, ratio):
    times = frame_times(frames, 1 + (frames - 1) // ratio)
    expected = [0.0] + [0.5 + (f - 0.5) / ratio for f in range(1, frames)]
    assert times.tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("frames,ratio", [(81, 4), (17, 8), (9, 1)])
def test_frames_are_centred_on_their_latent_frame(frames, ratio):
    times = frame_times(frames, 1 + (frames - 1) // ratio)
    assert times[1:].unflatten(0, (-1, ratio)).mean(1).tolist() == pytest.approx(range(1, 1 + (frames - 1) // ratio))
    assert (times.diff() > 0).all()


def test_one_frame_lies_at_zero():
    assert frame_times(1, 1).tolist() == [0.0]


def test_frames_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ThfmError, match="3 frames lie in one latent frame"):
        frame_times(3, 1)


@pytest.mark.parametrize("grid", [(21, 30, 52), (3, 7, 4), (1, 1, 1)])
def test_tokens_start_at_the_centre_of_any_grid(grid):
    group = TokenGroup(8, 3)
    frames = 1 + 4 * (grid[0] - 1)
    positions = group.positions(frames, grid)
    assert positions.shape == (frames, 3)
    assert (positions[:, 1] == (grid[1] - 1) / 2).all() and (positions[:, 2] == (grid[2] - 1) / 2).all()


def test_tokens_in_patches_stay_where_they_are_in_any_grid():
    group = TokenGroup(8, 3, in_patches=True)
    for grid in ((21, 30, 52), (3, 7, 4)):
        positions = group.positions(1 + 4 * (grid[0] - 1), grid)
        assert (positions[:, 1] == 15).all() and (positions[:, 2] == 26).all()
    assert positions[:, 0].tolist() == frame_times(9, 3).tolist()
    positions.sum().backward()
    assert (group.position.grad == 9).all()


def whole(grid):
    return torch.cartesian_prod(*(torch.arange(n, dtype=torch.float64) for n in grid))


@pytest.mark.parametrize("head", [128, 32, 24])
def test_wan_positions_are_the_librarys_at_whole_numbers(head):
    model = WanTransformer3DModel(num_attention_heads=1, attention_head_dim=head, num_layers=0, ffn_dim=8, text_dim=4)
    if head == 128:
        assert (model.rope.t_dim, model.rope.h_dim, model.rope.w_dim) == (44, 42, 42)
    grid = (4, 5, 6)
    cos, sin = model.rope(torch.zeros(1, 16, grid[0], 2 * grid[1], 2 * grid[2]))
    own_cos, own_sin = WanBackbone(model).rotary(whole(grid))
    assert torch.equal(own_cos, cos) and torch.equal(own_sin, sin)


@pytest.mark.parametrize("patch", [(1, 1), (2, 1), (2, 2)])
def test_ltx_positions_are_the_librarys_at_whole_numbers(patch):
    model = LTXVideoTransformer3DModel(
        num_attention_heads=2, attention_head_dim=32, cross_attention_dim=64, num_layers=0, caption_channels=4,
        patch_size=patch[0], patch_size_t=patch[1],
    )  # fmt: skip
    grid, scale = (4, 5, 6), (8 / 25, 32, 32)
    cos, sin = model.rope(torch.zeros(1, 1), *grid, scale)
    own_cos, own_sin = LtxBackbone(model, scale).rotary(whole(grid))
    torch.testing.assert_close(own_cos, cos, atol=1e-6, rtol=0)
    torch.testing.assert_close(own_sin, sin, atol=1e-6, rtol=0)


def test_scores_depend_on_the_distance_alone():
    """What rotary means: shifting query and key alike by fractions changes no score."""
    from train.model.attention import rotate

    model = WanTransformer3DModel(num_attention_heads=1, attention_head_dim=32, num_layers=0, ffn_dim=8, text_dim=4)
    backbone = WanBackbone(model)
    query, key = torch.randn(2, 1, 1, 1, 32, generator=torch.Generator().manual_seed(0)).double()

    def score(at, to):
        turned = [rotate(x, *backbone.rotary(torch.tensor([p]))) for x, p in ((query, at), (key, to))]
        return (turned[0] * turned[1]).sum().item()

    here, there = [0.0, 3.5, 2.25], [2.0, 1.0, 7.5]
    shifted = [[a + d for a, d in zip(x, (4.0, 0.375, 1.6), strict=True)] for x in (here, there)]
    assert score(here, there) == pytest.approx(score(*shifted), abs=1e-5)
    assert score(here, there) != pytest.approx(score(here, shifted[1]), abs=1e-3)
