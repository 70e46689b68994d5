"""Weights in several files, and Wan as diffusers saves it: both load in the library and in ours."""

import json

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from safetensors.torch import load_file

from synth.conventions import ThfmError
from tests.train.convert import checkpoint
from tests.train.model.tiny import INIT
from train.inference.genception import to_folder
from train.inference.genception_source import find_prompts, find_source
from train.model import ModelConfig, build_codec, build_model
from train.model.foreign.npz import NpzReader, NpzWriter
from train.model.foreign.pieces import ShardReader, ShardWriter


def equal(model, state):
    return model.state_dict().keys() == state.keys() and all(
        torch.equal(x, state[k]) for k, x in model.state_dict().items()
    )


@pytest.mark.parametrize("limit", [10**9, 60_000, 1])
def test_the_library_loads_what_was_written_in_any_order(limit, tmp_path):
    torch.manual_seed(0)
    model = WanTransformer3DModel(**INIT["wan"])
    state = model.state_dict()
    model.save_config(tmp_path)
    writer = ShardWriter(tmp_path, {k: (x.dtype, tuple(x.shape)) for k, x in state.items()}, limit)
    names = list(state)
    for name in np.random.default_rng(0).permutation(names).tolist():
        writer.write(name, state[name])
    writer.close()
    files = sorted(p.name for p in tmp_path.glob("*.safetensors"))
    if limit == 10**9:
        assert files == ["diffusion_pytorch_model.safetensors"]
    else:
        assert files[0] == f"diffusion_pytorch_model-00001-of-{len(files):05d}.safetensors" and len(files) > 5
        largest = max(x.nbytes for x in state.values())
        assert all((tmp_path / name).stat().st_size < max(limit, largest) + 5000 for name in files)
    assert equal(WanTransformer3DModel.from_pretrained(tmp_path, use_safetensors=True), state)
    reader = ShardReader(tmp_path)
    assert set(reader.names()) == set(names) and all(torch.equal(reader[k], state[k]) for k in names)
    assert all(reader.shape(k) == tuple(x.shape) for k, x in state.items())


def test_mixed_dtypes_and_odd_sizes_are_read_by_safetensors(tmp_path):
    wanted = {"a": torch.randn(3), "b": torch.randn(5).bfloat16(), "c": torch.randn(1).half(), "d": torch.randn(7, 3)}
    wanted["e"] = torch.zeros(0, 4)
    writer = ShardWriter(tmp_path, {k: (x.dtype, tuple(x.shape)) for k, x in wanted.items()})
    with pytest.raises(ValueError, match="never written"):
        writer.close()
    with pytest.raises(ValueError, match="is \\(4,\\), not \\(3,\\)"):
        writer.write("a", torch.zeros(4))
    for name, x in wanted.items():
        writer.write(name, x)
    writer.close()
    found = load_file(tmp_path / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(found[k], x) and found[k].dtype == x.dtype for k, x in wanted.items())


def test_missing_shards_are_named(tmp_path):
    index = {"weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors"}}
    (tmp_path / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ThfmError, match="has no weights that can be read"):
        ShardReader(tmp_path)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_that_numpy_saves_are_read_in_slices(order, save, tmp_path):
    x = np.asarray(np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float32), order=order)
    save(tmp_path / "a.npz", x=x, scalar=np.float32(2), none=np.zeros((0, 3), np.float32))
    with NpzReader(tmp_path / "a.npz") as reader:
        parts = list(reader.slices("x", 3))
        assert [tuple(p.shape) for p in parts] == [(2, 5, 3)] * 3
        assert np.array_equal(torch.cat(parts).numpy(), x)
        assert next(reader.slices("scalar", 1)) == 2 and next(reader.slices("none", 1)).shape == (0, 3)


def test_written_members_are_numpys(tmp_path):
    x, y = torch.randn(4, 3), torch.randn(4, 2).bfloat16()
    with NpzWriter(tmp_path / "a.npz") as writer:
        writer.write("x", "<f4", (4, 3), x.split(1))
        writer.write("y", "|V2", (4, 2), [y])
        with pytest.raises(ValueError, match="6 numbers are missing"):
            writer.write("z", "<f4", (4, 3), x[:2].split(1))
    with np.load(tmp_path / "a.npz") as found:
        assert np.array_equal(found["x"], x.numpy())
        assert np.array_equal(found["y"].view(np.int16), y.view(torch.int16).numpy())


@pytest.fixture(scope="module")
def wan(tmp_path_factory):
    """Transformer in several files and codec, saved by the library's pipeline."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("wan")
    parts = WanTransformer3DModel(**INIT["wan"]), AutoencoderKLWan(base_dim=4, z_dim=16, num_res_blocks=1)
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    WanPipeline(None, None, parts[1], scheduler, parts[0]).save_pretrained(folder, max_shard_size="60KB")
    assert len(list((folder / "transformer").glob("*.safetensors"))) > 2
    return folder, *parts


@torch.no_grad()
def test_a_plain_wan_folder_loads(wan):
    folder, transformer, vae = wan
    config = ModelConfig(path=str(folder), text={"encoder": "words"})
    model, codec = build_model(config, {"keypoints2d.0": 34}), build_codec(config)
    assert equal(model.backbone.transformer, transformer.state_dict())
    assert equal(codec.vae, vae.state_dict()) and codec.normalise
    latents, text = torch.randn(1, 16, 2, 4, 6), torch.randn(1, 7, INIT["wan"]["text_dim"])
    expected = transformer.eval()(latents, torch.zeros(1), text, return_dict=False)[0]
    torch.testing.assert_close(model.eval()(latents, text, 5).video, -expected, atol=1e-5, rtol=1e-5)


def test_training_takes_a_converted_backbone(tmp_path):
    """``fit model.path=...``: the transformer and codec of the folder, groups of tokens for the config's own tasks."""
    checkpoint.write(tmp_path / "release", checkpoint.to_bfloat16(checkpoint.tree()))
    source = find_source(tmp_path / "release")
    to_folder(source, tmp_path / "ours", find_prompts(source.npz, None, {}))
    config = ModelConfig(
        path=str(tmp_path / "ours"), text={"encoder": "words"}, codec={"vae": {"normalise": False}}, dtype="float32"
    )
    model, codec = build_model(config, {"keypoints2d.0": 34}), build_codec(config)
    kernel = checkpoint.from_bfloat16(checkpoint.to_bfloat16(checkpoint.tree()))["blocks.attn2.value.kernel.value"]
    weight = model.backbone.transformer.blocks[2].attn2.to_v.weight
    assert weight.dtype == torch.float32 and np.array_equal(weight.detach().numpy(), kernel[2].T)
    with pytest.raises(ThfmError, match="set model.tokens.positions=patches"):
        build_model(config, {"token1.0": 13})
    config = config.model_copy(update={"tokens": config.tokens.model_copy(update={"positions": "patches"})})
    place = checkpoint.from_bfloat16(checkpoint.to_bfloat16(checkpoint.tree()))["learnable_hw_rope1.value"]
    assert build_model(config, {"token1.0": 13}).tokens["token1.0"].position.tolist() == place.reshape(2).tolist()
    assert not codec.normalise and model.tokens["keypoints2d.0"].position.tolist() == [0.5, 0.5]
