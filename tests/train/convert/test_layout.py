"""The trees of the real checkpoints, without their weights."""

import math

import numpy as np
import pytest
import torch
from accelerate import init_empty_weights

from tests.train.convert import checkpoint
from train.model import ModelConfig, build_model
from train.model.foreign.genception import RELEASED, shapes, to_ours, to_theirs, token_entries, transformer_entries
from train.model.published import PUBLISHED

RELEASES = {
    # layers, width, ffn; bytes of the published npz, as storage.googleapis.com serves it
    "1.3b": (30, 1536, 8960, 2_847_810_118),
    "14b": (40, 5120, 13824, 28_683_066_174),
}


def listing(size):
    layers, width, ffn, _ = RELEASES[size]
    return checkpoint.listing(layers=layers, width=width, ffn=ffn, text=4096, freq=256)


def bytes_of_npz(members):
    """Of what ``numpy.savez`` writes of bfloat16 arrays in this order; long places and sizes take zip64 fields."""
    limit, offset, directory = (1 << 31) - 1, 0, 0
    for name, shape in members.items():
        size = 128 + 2 * math.prod(shape)
        extra = 16 * (size > limit) + 8 * (offset > limit)
        directory += 46 + len(name) + 4 + (extra + 4 if extra else 0)
        offset += 30 + len(name) + 4 + 20 + size
    return offset + directory + 22 + (76 if offset > limit else 0)


def test_the_reckoning_of_bytes_is_numpys(tmp_path):
    members = checkpoint.to_bfloat16(checkpoint.tree())
    np.savez(tmp_path / "a.npz", **members)
    assert (tmp_path / "a.npz").stat().st_size == bytes_of_npz({name: x.shape for name, x in members.items()})


@pytest.mark.parametrize("size", RELEASES)
def test_the_tree_fills_the_published_file_to_the_byte(size):
    """Names, shapes, dtype and order together give the size of the file that is published."""
    ours = {f"{name}.value": shape for name, shape in shapes(RELEASED[size]).items()}
    assert list(ours.items()) == list(listing(size).items()) and len(ours) == 54
    assert bytes_of_npz(ours) == RELEASES[size][-1]


@pytest.mark.parametrize("size", RELEASES)
def test_every_weight_of_ours_has_one_place_in_the_tree(size):
    a, entries = RELEASED[size], transformer_entries(RELEASED[size])
    config = ModelConfig(
        init={**a.arguments(), "patch_size": list(a.patch)},
        codec={"patch": {}},
        text={"encoder": "words"},
        tokens={"positions": "patches"},
    )
    with init_empty_weights():
        model = build_model(config, {"token1.0": 13, "token2.0": 99})
    state = model.backbone.transformer.state_dict()
    found = {}
    for name, entry in entries.items():
        stacked = name.startswith("blocks.")
        one = entry.shape[1:] if stacked else entry.shape
        assert len(entry.names) == (entry.shape[0] if stacked else 1)
        assert not set(entry.names) & set(found)
        found |= dict.fromkeys(entry.names, to_ours(torch.empty(one, device="meta"), entry.turn).shape)
    assert found == {name: x.shape for name, x in state.items()}
    # what tokens have that we have no use for: a kernel each
    tokens = sum(math.prod(shape) for shape in token_entries(a).values())
    assert tokens - sum(p.numel() for p in model.tokens.parameters()) == 2 * a.hidden**2
    published = {"1.3b": "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "14b": "Wan-AI/Wan2.1-T2V-14B-Diffusers"}[size]
    assert sum(x.numel() for x in state.values()) == PUBLISHED[published].parameters


@pytest.mark.parametrize(("shape", "turn"), [((3, 5), "linear"), ((1, 2, 2, 3, 5), "conv"), ((1, 6, 5), "same")])
def test_turns_are_inverse(shape, turn):
    x = torch.randn(shape)
    assert torch.equal(to_theirs(to_ours(x, turn), turn), x)


def test_a_pass_of_the_released_size_has_the_published_shapes():
    """81 frames of 480 x 832, two blocks of the 1.3B: 32,760 video tokens and two groups of 81."""
    a = RELEASED["1.3b"]
    config = ModelConfig(
        init={**a.arguments(), "patch_size": list(a.patch), "num_layers": 2},
        codec={"patch": {}},
        text={"encoder": "words"},
        tokens={"positions": "patches"},
    )
    with torch.device("meta"):
        model = build_model(config, {"token1.0": 13, "token2.0": 99})
        latents, text = torch.empty(1, 16, 21, 60, 104), torch.empty(1, 226, 4096)
        answer = model(latents, text, 81, ("token1.0", "token2.0"))
    assert answer.video.shape == latents.shape
    assert [x.shape for x in answer.sparse.values()] == [(1, 81, 13), (1, 81, 99)]
