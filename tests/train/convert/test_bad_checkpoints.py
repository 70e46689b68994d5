"""What is wrong with a checkpoint is said in one line that names the part, and nothing is left behind."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from synth.conventions import ThfmError
from tests.train.convert import checkpoint
from train.inference.genception import to_folder
from train.inference.genception_back import to_release
from train.inference.genception_source import find_prompts, find_source
from train.inference.new_folder import new_folder
from train.model import add_lora, load_folder, save_folder
from train.model.config import ModelConfig
from train.model.foreign.npz import NpzReader

NAME = "blocks.attn1.key.kernel.value"


def convert(folder, out, named=None):
    source = find_source(folder)
    return to_folder(source, out, find_prompts(source.npz, None, named or {}))


def refused(folder, out, words, named=None):
    with pytest.raises(ThfmError) as caught:
        convert(folder, out, named)
    message = str(caught.value)
    assert words in message and "\n" not in message, message
    left = [p.name for p in out.parent.iterdir() if p.name.startswith((out.name, f".{out.name}"))]
    assert left == []


def changed(change):
    members = checkpoint.tree()
    change(members)
    return members


CHANGES = {
    "missing": (lambda m: m.pop(NAME), f"lacks {NAME}"),
    "missing token": (lambda m: m.pop("learnable_hw_rope2.value"), "lacks learnable_hw_rope2.value"),
    "unknown": (lambda m: m.update({"token3_proj_out.bias.value": np.zeros(3, "f4")}), "holds token3_proj_out.bias"),
    "shape": (lambda m: m.update({NAME: m[NAME][:, :-1]}), f"{NAME} has shape (3, 47, 48), but (3, 48, 48)"),
    "rank": (lambda m: m.update({"patch_embedding.kernel.value": np.zeros((2, 2), "f4")}), "needs 5 axes"),
    "places a frame": (
        lambda m: m.update({"learnable_hw_rope1.value": np.zeros((1, 9, 1, 2), "f4")}),
        "learnable_hw_rope1.value has shape (1, 9, 1, 2), but (1, 1, 1, 2)",
    ),
    "float64": (lambda m: m.update({NAME: m[NAME].astype("f8")}), f"{NAME} is of dtype <f8"),
    "big endian": (lambda m: m.update({NAME: m[NAME].astype(">f4")}), f"{NAME} is of dtype >f4"),
    "integers": (lambda m: m.update({NAME: m[NAME].astype("i4")}), f"{NAME} is of dtype <i4"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_members_are_named(change, tmp_path):
    mutate, words = CHANGES[change]
    checkpoint.write(tmp_path / "release", changed(mutate))
    refused(tmp_path / "release", tmp_path / "out", words)


def test_pickled_objects_are_never_loaded(tmp_path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    members = changed(lambda m: None)
    members[NAME] = np.array([Harm()], dtype=object)
    npz = checkpoint.write(tmp_path / "release", checkpoint.tree())
    np.savez(npz, **members)
    refused(tmp_path / "release", tmp_path / "out", f"{NAME} holds pickled objects, which are never loaded")
    assert not (tmp_path / "harm").exists()


def place_of(npz, name):
    """Where a member's bytes lie in the file, header included, and how many they are."""
    with zipfile.ZipFile(npz) as file:
        info = file.getinfo(f"{name}.npy")
    with npz.open("rb") as raw:
        raw.seek(info.header_offset + 26)
        lengths = np.frombuffer(raw.read(4), "<u2")
    return info.header_offset + 30 + int(lengths.sum()), info.file_size


@pytest.mark.parametrize("where", ["numbers", "header"])
def test_a_flipped_bit_is_found(where, tmp_path):
    npz = checkpoint.write(tmp_path / "release", checkpoint.tree())
    start, size = place_of(npz, NAME)
    data = bytearray(npz.read_bytes())
    data[start + size // 2 if where == "numbers" else start + 3] ^= 0x10
    npz.write_bytes(data)
    refused(tmp_path / "release", tmp_path / "out", f"{NAME} is damaged")


@pytest.mark.parametrize("descr", ["[('a', '<f4')]", "'<f4'" + " " * 20 + "('"])
def test_strange_headers_are_refused(descr, tmp_path):
    npz = checkpoint.write(tmp_path / "release", checkpoint.tree())
    with zipfile.ZipFile(npz) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    header = members[f"{NAME}.npy"]
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3, 48, 48)}}".encode().ljust(117) + b"\n"
    members[f"{NAME}.npy"] = header[:8] + len(text).to_bytes(2, "little") + text + header[128:]
    with zipfile.ZipFile(npz, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    refused(tmp_path / "release", tmp_path / "out", NAME)


def test_a_file_that_ends_early_is_no_npz(tmp_path):
    npz = checkpoint.write(tmp_path / "release", checkpoint.tree())
    npz.write_bytes(npz.read_bytes()[:-1000])
    refused(tmp_path / "release", tmp_path / "out", "is no whole npz file")
    npz.write_bytes(b"")
    refused(tmp_path / "release", tmp_path / "out", "is no whole npz file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(tmp_path):
    npz = checkpoint.write(tmp_path / "release", checkpoint.tree())
    with zipfile.ZipFile(npz, "a") as file:
        file.writestr(f"{NAME}.npy", b"")
    refused(tmp_path / "release", tmp_path / "out", f"holds {NAME} twice")


CONFIGS = {
    "num_attention_heads": (4, "num_attention_heads=4, but 2"),
    "attention_head_dim": (32, "a width of 48 is not made of heads of 32"),
    "ffn_dim": (41, "ffn_dim=41, but 40"),
    "token2_proj_dim": (66, "token2_proj_dim=66, but 99"),
    "token1_num_per_frame": (2, "token1_num_per_frame=2, but 1"),
    "token1_num_frames_rope": (0, "token1_num_frames_rope=0, but 1"),
    "qk_norm": (None, "qk_norm=None"),
    "cross_attn_norm": (False, "cross_attn_norm=False"),
    "height": ("tall", "height='tall'"),
    "eps": ("small", "eps='small'"),
    "diffusion_single_step": ("last", "diffusion_single_step='last'"),
}


@pytest.mark.parametrize("key", CONFIGS)
def test_a_config_that_does_not_fit_is_named(key, tmp_path):
    value, words = CONFIGS[key]
    checkpoint.write(tmp_path / "release", checkpoint.tree(), {**checkpoint.CONFIG, key: value})
    refused(tmp_path / "release", tmp_path / "out", words)


def test_other_files_are_named(tmp_path):
    release = tmp_path / "release"
    npz = checkpoint.write(release, checkpoint.tree())
    (release / "genception_tiny_config.json").write_text("{")
    refused(release, tmp_path / "out", "genception_tiny_config.json is no JSON object")
    (release / "genception_tiny_config.json").write_text(json.dumps(checkpoint.CONFIG))

    depth = release / "prompt_embeddings" / "depth.npy"
    for content, words in (
        (np.zeros((7, 21), "f4"), "has shape (7, 21): the transformer takes (tokens, 20)"),
        (np.zeros((2, 7, 20), "f4"), "has shape (2, 7, 20)"),
        (np.zeros((7, 20), "i4"), "holds no floating numbers"),
        (np.array([{}], dtype=object), "is no array of numbers"),
    ):
        np.save(depth, content)
        refused(release, tmp_path / "out", words)
    depth.write_bytes(b"")
    refused(release, tmp_path / "out", "depth.npy is no array of numbers")
    depth.unlink()
    refused(release, tmp_path / "out", "nowhere.npy is no array", {"depth": tmp_path / "nowhere.npy"})
    refused(release, tmp_path / "out", "--prompt keypoints2d", {"keypoints2d": depth})
    with pytest.raises(ThfmError, match="is no folder"):
        find_prompts(npz, tmp_path / "nowhere", {})

    (release / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"1234567890")
    refused(release, tmp_path / "out", "vae has no weights that can be read")
    (release / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    refused(release, tmp_path / "out", "lacks diffusion_pytorch_model.safetensors")
    (release / "vae" / "config.json").write_text(json.dumps({"z_dim": 48}))
    refused(release, tmp_path / "out", "has 48 channels, the transformer 16")
    (release / "vae" / "config.json").unlink()
    refused(release, tmp_path / "out", "has no readable config.json")

    np.savez(release / "second.npz", a=1)
    with pytest.raises(ThfmError, match="holds 2 npz files"):
        find_source(release)
    with pytest.raises(ThfmError, match="holds no npz"):
        find_source(tmp_path / "release" / "vae")
    with pytest.raises(ThfmError, match="is not there"):
        NpzReader(tmp_path / "nowhere.npz")


def test_an_interrupted_or_failed_write_leaves_nothing(tmp_path):
    for error in (KeyboardInterrupt(), OSError(28, "No space left on device")):
        expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else ThfmError
        with pytest.raises(expected), new_folder(tmp_path / "out", 1) as part:
            (part / "half").write_bytes(b"1")
            raise error
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(ThfmError, match="GB are free"), new_folder(tmp_path / "out", 10**18):
        pass
    with pytest.raises(ThfmError, match="cannot be written"), new_folder(Path("/proc/nowhere"), 1):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("bad")
    checkpoint.write(base / "release", checkpoint.tree())
    convert(base / "release", base / "ours")
    return base / "ours"


def test_models_without_a_place_in_their_layout_are_named(folder, tmp_path):
    model, codec, texts, meta = load_folder(folder)
    config = ModelConfig.model_validate(meta["model"])

    def back(words, changes, **options):
        told = ModelConfig.model_validate({**meta["model"], **changes})
        save_folder(model, codec, texts, told, tmp_path / "saved", **options)
        with pytest.raises(ThfmError) as caught:
            to_release(tmp_path / "saved", tmp_path / "out")
        assert words in str(caught.value) and not (tmp_path / "out").exists()

    back("tells places of tokens by shares", {"tokens": {}})
    back("is not a Wan model", {"family": "ltx"})
    back("has a codec or timesteps", {"codec": {"patch": {}}})
    save_folder(model, codec, texts, config, tmp_path / "saved")
    thfm = tmp_path / "saved" / "thfm.json"
    thfm.write_text(json.dumps({**json.loads(thfm.read_text()), "groups": {"keypoints2d.0": 34}}))
    with pytest.raises(ThfmError, match=r"token group keypoints2d.0"):
        to_release(tmp_path / "saved", tmp_path / "out")
    add_lora(model.backbone, rank=2)
    back("keeps adapters apart", {}, lora="separate")
    with pytest.raises(ThfmError, match="no readable thfm.json"):
        to_release(tmp_path, tmp_path / "out")
