"""Released GenCeption checkpoints: the same answers as their public code, there and back without a bit lost."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from synth.conventions import ThfmError
from tests.train.convert import checkpoint, reference
from train.inference import Predictor
from train.inference.genception import to_folder
from train.inference.genception_back import to_release
from train.inference.genception_source import find_prompts, find_source
from train.model import build_model, load_folder, save_folder
from train.model.config import ModelConfig

GROUPS = ("token1.0", "token2.0")
TOLERANCE = 1e-4


def converted(folder: Path, out: Path, **options):
    source = find_source(folder)
    to_folder(source, out, find_prompts(source.npz, None, {}), **options)
    return out


def plain(members):
    return {name.removesuffix(".value"): x for name, x in members.items()}


def inputs(seed=3, frames=9, rows=4, columns=6):
    random = np.random.default_rng(seed)
    latents = random.normal(size=(2, checkpoint.CHANNELS, 1 + (frames - 1) // 4, rows, columns)).astype(np.float32)
    text = random.normal(size=(2, 7, checkpoint.TEXT)).astype(np.float32)
    text[:, 5:] = 0
    return latents, text, frames


@torch.no_grad()
def ours(model, latents, text, frames, timestep=None):
    timestep = None if timestep is None else torch.from_numpy(timestep)
    answer = model(torch.from_numpy(latents), torch.from_numpy(text), frames, GROUPS, timestep)
    return [answer.video.numpy(), *(answer.sparse[group].numpy() for group in GROUPS)]


def theirs(members, latents, text, frames, timestep=(0.0, 0.0), eps=1e-6):
    return reference.forward(plain(members), latents, np.array(timestep), text, frames, checkpoint.HEADS, eps)


def farthest(found, expected):
    return [float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True)]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    checkpoint.write(folder, checkpoint.tree())
    return folder


@pytest.fixture(scope="module")
def folder(release, tmp_path_factory):
    return converted(release, tmp_path_factory.mktemp("ours") / "folder")


@pytest.fixture(scope="module")
def model(folder):
    torch.set_num_threads(1)
    return load_folder(folder)[0]


@pytest.mark.parametrize(("frames", "rows", "columns"), [(9, 4, 6), (17, 8, 4), (5, 2, 10)])
def test_answers_are_those_of_the_public_code(model, frames, rows, columns):
    given = inputs(frames=frames, rows=rows, columns=columns)
    expected = theirs(checkpoint.tree(), *given)
    assert [x.shape for x in expected[1:]] == [(2, frames, 13), (2, frames, 99)]
    assert all(np.abs(x).mean() > 0.3 for x in expected)  # nothing small hides a difference
    assert max(farthest(ours(model, *given), expected)) < TOLERANCE


def test_answers_at_another_timestep(model):
    given, times = inputs(), np.array([49.0, 730.0], np.float32)
    assert max(farthest(ours(model, *given, times), theirs(checkpoint.tree(), *given, times))) < TOLERANCE


def swapped(a, b):
    def mutate(members):
        members[a], members[b] = members[b], members[a]

    return mutate


def turned(name):
    def mutate(members):
        members[name] = np.ascontiguousarray(members[name].swapaxes(-1, -2))

    return mutate


def reordered(members):
    """Shift and scale of the tokens' table the other way round."""
    members["token2_scale_shift_table.value"] = members["token2_scale_shift_table.value"][:, ::-1].copy()


def layers_reversed(members):
    name = "blocks.ffn.proj_out.bias.value"
    members[name] = members[name][::-1].copy()


def place_turned(members):
    members["learnable_hw_rope1.value"] = members["learnable_hw_rope1.value"][..., ::-1].copy()


MUTATIONS = {
    "query and key": swapped("blocks.attn1.query.kernel.value", "blocks.attn1.key.kernel.value"),
    "their biases": swapped("blocks.attn2.query.bias.value", "blocks.attn2.value.bias.value"),
    "their norms": swapped("blocks.attn1.norm_q.scale.value", "blocks.attn1.norm_k.scale.value"),
    "self and cross": swapped("blocks.attn1.proj_attn.kernel.value", "blocks.attn2.proj_attn.kernel.value"),
    "a kernel not turned": turned("blocks.attn1.value.kernel.value"),
    "time embedder": turned("condition_embedder.time_embedder.linear_2.kernel.value"),
    "tokens' table": reordered,
    "order of layers": layers_reversed,
    "row and column": place_turned,
    "contents": swapped("learnable_token1_proj.bias.value", "learnable_token2_proj.bias.value"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_weight_shows(model, name):
    """The comparison can fail: each of these mistakes moves an answer by more than it allows."""
    members = checkpoint.tree()
    MUTATIONS[name](members)
    given = inputs()
    assert max(farthest(ours(model, *given), theirs(members, *given))) > 10 * TOLERANCE


def test_a_wrong_epsilon_shows(release, tmp_path):
    """Weights so small that the epsilon of every norm counts, heads of tokens included."""
    members = checkpoint.tree()
    for name in members:
        if "proj.bias" in name or "patch_embedding" in name or "blocks" in name:
            members[name] = members[name] * np.float32(0.03)
    for eps in (1e-6, 1e-3):
        checkpoint.write(tmp_path / f"{eps}", members, {**checkpoint.CONFIG, "eps": eps})
        model = load_folder(converted(tmp_path / f"{eps}", tmp_path / f"{eps}-ours"))[0]
        found, given = ours(model, *inputs()), inputs()
        assert max(farthest(found, theirs(members, *given, eps=eps))) < TOLERANCE
        wrong = farthest(found, theirs(members, *given, eps=1e-5))
        assert all(difference > 10 * TOLERANCE for difference in wrong)


def test_places_stay_where_they_are_when_the_picture_grows(model):
    group = model.tokens["token1.0"]
    place = checkpoint.tree()["learnable_hw_rope1.value"].reshape(2)
    for grid in ((3, 2, 3), (21, 30, 52)):
        assert np.allclose(group.positions(9, grid)[:, 1:].detach().numpy(), place, atol=1e-7)


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_there_and_back_no_bit_is_lost(kind, tmp_path):
    members = checkpoint.tree()
    members = checkpoint.to_bfloat16(members) if kind == "bfloat16" else members
    npz = checkpoint.write(tmp_path / "release", members)
    converted(tmp_path / "release", tmp_path / "ours")
    meta = json.loads((tmp_path / "ours" / "thfm.json").read_text())
    assert meta["model"]["dtype"] == kind
    back = to_release(tmp_path / "ours", tmp_path / "back")
    assert back.name == npz.name and back.read_bytes() == npz.read_bytes()  # what numpy.savez wrote
    config = json.loads((tmp_path / "back" / "genception_tiny_config.json").read_text())
    assert config == checkpoint.CONFIG | {"diffusion_single_step": 0}  # what -1 means
    for name in ("depth", "normals"):
        before, after = (np.load(tmp_path / f / "prompt_embeddings" / f"{name}.npy") for f in ("release", "back"))
        assert np.array_equal(before[0], after)


def test_bfloat16_answers_are_those_of_the_rounded_weights(tmp_path):
    members = checkpoint.to_bfloat16(checkpoint.tree())
    checkpoint.write(tmp_path / "release", members)
    model = load_folder(converted(tmp_path / "release", tmp_path / "ours", dtype="float32"))[0]
    given = inputs()
    assert max(farthest(ours(model, *given), theirs(checkpoint.from_bfloat16(members), *given))) < TOLERANCE


def test_small_scales_come_back_until_they_are_learnt_anew(tmp_path):
    members = checkpoint.tree()
    members["token1_scale_shift_table.value"] *= np.float32(1e-6)  # 1 + x has no room for their digits
    checkpoint.write(tmp_path / "release", members)
    converted(tmp_path / "release", tmp_path / "ours")
    back = to_release(tmp_path / "ours", tmp_path / "back")
    with np.load(back) as found:
        assert np.array_equal(found["token1_scale_shift_table.value"], members["token1_scale_shift_table.value"])

    model, codec, texts, meta = load_folder(tmp_path / "ours")
    with torch.no_grad():
        model.tokens["token1.0"].scale[3] = 1.5
    save_folder(model, codec, texts, ModelConfig.model_validate(meta["model"]), tmp_path / "learnt")
    (tmp_path / "learnt" / "genception.safetensors").write_bytes(
        (tmp_path / "ours" / "genception.safetensors").read_bytes()
    )
    with np.load(to_release(tmp_path / "learnt", tmp_path / "learnt-back")) as found:
        table = found["token1_scale_shift_table.value"]
    assert table[0, 1, 3] == 0.5
    assert np.array_equal(np.delete(table, 3, 2), np.delete(members["token1_scale_shift_table.value"], 3, 2))


def test_a_model_that_we_trained_goes_to_their_code(folder, tmp_path):
    """Dense tasks alone, saved by training: no groups of tokens, no origin. Its video is the same there."""
    model, codec, texts, meta = load_folder(folder)
    config = ModelConfig.model_validate({**meta["model"], "tokens": {}})
    bare = build_model(config.model_copy(update={"path": str(folder), "init": None}), {})
    save_folder(bare, codec, texts, config, tmp_path / "final", tasks={"depth": {}, "normals": {"ratio": 2.0}})
    with np.load(to_release(tmp_path / "final", tmp_path / "back")) as found:
        members = dict(found)
    given = inputs()
    video = theirs(members, *given)[0]
    assert farthest([ours(model, *given)[0]], [video])[0] < TOLERANCE
    names = {str(p.relative_to(tmp_path / "back")) for p in (tmp_path / "back").rglob("*.npy")}
    assert names == {"prompt_embeddings/depth.npy", "prompt_embeddings/normals.npy"}
    config = json.loads((tmp_path / "back" / "genception_custom_config.json").read_text())
    assert config["num_attention_heads"] == checkpoint.HEADS and config["total_token_num_lst"] == "_32760_81_81"


def test_the_folder_says_all_that_predicting_needs(folder):
    model, codec, texts, meta = load_folder(folder)
    assert meta["groups"] == {"token1.0": 13, "token2.0": 99} and meta["tasks"]["depth"] == {"coding": "banana"}
    assert set(texts) == {"Input: RGB. Output: Depth.", "Input: RGB. Output: Surface Normal."}
    assert not codec.normalise and model.timestep == 0
    predictor = Predictor.from_pretrained(folder, device="cpu")
    assert predictor.frames == (checkpoint.FRAMES,) and predictor.sizes == ((32, 48),)
    video = np.random.default_rng(0).integers(0, 255, (12, 40, 50, 3), np.uint8)
    answers = predictor(video)
    assert answers["depth"]["depth"].shape == (12, 40, 50) and answers["normals"]["normals"].shape == (12, 40, 50, 3)


def test_normalised_latents_and_another_timestep_are_the_configs(tmp_path):
    config = {**checkpoint.CONFIG, "normalize_latents": True, "diffusion_single_step": 49}
    checkpoint.write(tmp_path / "release", checkpoint.tree(), config)
    model, codec, _, _ = load_folder(converted(tmp_path / "release", tmp_path / "ours"))
    assert codec.normalise and model.timestep == 49


def test_without_codec_config_and_prompts_it_still_converts(tmp_path):
    """Heads of 128 are the release's; the codec is named, to be had from the hub."""
    members = checkpoint.tree(width=128, text=8)
    npz = checkpoint.write(tmp_path / "release", members, config=None, prompts=(), vae=False)
    out = converted(npz, tmp_path / "ours")
    meta = json.loads((out / "thfm.json").read_text())
    assert meta["tasks"] == {} and meta["clips"] == {"frames": [81], "sizes": [[480, 832]]}
    assert meta["model"]["init"]["num_attention_heads"] == 1
    assert meta["model"]["codec"]["vae"]["path"] == "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"


def test_a_referring_expression_is_a_matte(release, tmp_path):
    np.save(tmp_path / "a_man..npy", np.ones((7, checkpoint.TEXT), np.float32))
    source = find_source(release)
    prompts = find_prompts(source.npz, None, {"matte": tmp_path / "a_man..npy"})
    meta = to_folder(source, tmp_path / "ours", prompts)
    assert meta["tasks"]["matte"] == {"prompt": "a_man."} and set(meta["tasks"]) == {"depth", "normals", "matte"}
    answers = Predictor.from_pretrained(tmp_path / "ours", device="cpu")(np.zeros((9, 32, 48, 3), np.uint8), ["matte"])
    assert answers["matte"]["matte"].shape == (9, 32, 48)


def test_what_is_there_is_not_replaced(release, folder):
    with pytest.raises(ThfmError, match="is there already"):
        converted(release, folder)
