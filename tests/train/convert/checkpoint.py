"""Tiny checkpoints in the layout of the released GenCeption, written by numpy alone."""

import json
import zipfile

import numpy as np
import torch
from diffusers import AutoencoderKLWan

LAYERS, HEADS, HEAD, FFN, TEXT, FREQ, CHANNELS, NUMBERS = 3, 2, 24, 40, 20, 16, 16, (13, 99)
WIDTH, FRAMES, HEIGHT, SIZE = HEADS * HEAD, 9, 32, 48
CONFIG = {
    "num_attention_heads": HEADS, "attention_head_dim": HEAD, "in_channels": CHANNELS, "out_channels": CHANNELS,
    "text_dim": TEXT, "freq_dim": FREQ, "ffn_dim": FFN, "num_layers": LAYERS, "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads", "eps": 1e-6, "rope_max_seq_len": 1024, "token_att_num_layers": 10,
    "token1_num_frames": FRAMES, "token1_num_frames_rope": 1, "token1_num_per_frame": 1, "token1_proj_dim": 13,
    "token1_output_dim": 1, "token2_num_frames": FRAMES, "token2_num_frames_rope": 1, "token2_num_per_frame": 1,
    "token2_proj_dim": 99, "token2_output_dim": 3, "total_token_num_lst": f"_18_{FRAMES}_{FRAMES}",
    "learnable_token_init_0": True, "height": HEIGHT, "width": SIZE, "normalize_latents": False,
    "diffusion_single_step": -1,
}  # fmt: skip


def listing(layers=LAYERS, width=WIDTH, ffn=FFN, text=TEXT, freq=FREQ, channels=CHANNELS, numbers=NUMBERS):
    """{name: shape} of all members, spelt out from the constructor of the public model."""
    shapes = {}

    def dense(name, inside, outside, *stack):
        shapes[f"{name}.kernel.value"] = (*stack, inside, outside)
        shapes[f"{name}.bias.value"] = (*stack, outside)

    for attention in ("attn1", "attn2"):
        for part in ("query", "key", "value", "proj_attn"):
            dense(f"blocks.{attention}.{part}", width, width, layers)
        shapes[f"blocks.{attention}.norm_q.scale.value"] = (layers, width)
        shapes[f"blocks.{attention}.norm_k.scale.value"] = (layers, width)
    dense("blocks.ffn.act_fn.proj", width, ffn, layers)
    dense("blocks.ffn.proj_out", ffn, width, layers)
    shapes["blocks.norm2.layer_norm.scale.value"] = (layers, width)
    shapes["blocks.norm2.layer_norm.bias.value"] = (layers, width)
    shapes["blocks.adaln_scale_shift_table.value"] = (layers, 1, 6, width)
    shapes["patch_embedding.kernel.value"] = (1, 2, 2, channels, width)
    shapes["patch_embedding.bias.value"] = (width,)
    dense("condition_embedder.time_embedder.linear_1", freq, width)
    dense("condition_embedder.time_embedder.linear_2", width, width)
    dense("condition_embedder.time_proj", width, 6 * width)
    dense("condition_embedder.text_embedder.linear_1", text, width)
    dense("condition_embedder.text_embedder.linear_2", width, width)
    dense("proj_out", width, 4 * channels)
    shapes["scale_shift_table.value"] = (1, 2, width)
    for n, count in enumerate(numbers, 1):
        dense(f"learnable_token{n}_proj", width, width)
        shapes[f"learnable_hw_rope{n}.value"] = (1, 1, 1, 2)
        dense(f"token{n}_proj_out", width, count)
        shapes[f"token{n}_scale_shift_table.value"] = (1, 2, width)
    return dict(sorted(shapes.items()))


def tree(seed=0, **sizes):
    """{name.value: float32}: nothing is zero or one, so that every path shows in the answer."""
    random = np.random.default_rng(seed)
    members = {}
    for name, shape in listing(**sizes).items():
        fan = shape[-2] if name.endswith("kernel.value") else 1
        values = random.normal(size=shape) / np.sqrt(fan)
        if ".bias." in name or "table" in name:
            values *= 0.3
        if name.endswith("scale.value"):
            values = 1 + 0.2 * values
        if "hw_rope" in name:
            values = np.array([1.3, 1.7]) + 0.4 * values
        members[name] = values.astype(np.float32)
    return members


def to_bfloat16(members):
    """The same rounded towards zero to bfloat16, as numpy stores it: two opaque bytes."""
    return {name: np.ascontiguousarray(x.view("<u2")[..., 1::2]).view("V2") for name, x in members.items()}


def from_bfloat16(members):
    """float32 of ``to_bfloat16``."""
    return {name: (x.view("<u2").astype("<u4") << 16).view("<f4").reshape(x.shape) for name, x in members.items()}


def save(path, members):
    """What ``numpy.savez`` writes; of bfloat16 what it writes where ml_dtypes is there, as in JAX: ``<V2``."""
    if all(x.dtype.kind == "f" for x in members.values()):
        np.savez(path, **members)
        return
    with zipfile.ZipFile(path, "w") as file:
        for name, x in members.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                descr = "<V2" if x.dtype.kind == "V" else x.dtype.str
                head = {"descr": descr, "fortran_order": False, "shape": x.shape}
                np.lib.format.write_array_header_1_0(member, head)
                member.write(x.tobytes())


def write(folder, members, config=CONFIG, name="genception_tiny", prompts=("depth", "normals"), vae=True):
    """A folder as the release has it; returns the npz."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f"{name}_transformer.npz", members)
    if config is not None:
        (folder / f"{name}_config.json").write_text(json.dumps(config))
    if vae:
        torch.manual_seed(0)
        AutoencoderKLWan(base_dim=4, z_dim=CHANNELS, num_res_blocks=1).save_pretrained(folder / "vae")
    random = np.random.default_rng(7)
    (folder / "prompt_embeddings").mkdir(exist_ok=True)
    for prompt in prompts:
        rows = random.normal(size=(1, 7, TEXT)).astype(np.float32)
        rows[:, 5:] = 0
        np.save(folder / "prompt_embeddings" / f"{prompt}.npy", rows)
    return folder / f"{name}_transformer.npz"
