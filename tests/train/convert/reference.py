"""GenCeption's forward pass in plain numpy, float64, from the tree of a checkpoint as its public code reads it.

Written after google-deepmind/representations4d (model.py, attention.py, embeddings.py, normalization.py), step by step;
it calls nothing of ours, and neither torch nor diffusers. Arrays are (batch, tokens, width) unless it says otherwise.
"""

import math

import numpy as np


def linear(tree, name, x):
    return x @ tree[f"{name}.kernel"] + tree[f"{name}.bias"]


def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    """The tanh form: jax.nn.gelu without a second argument."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x, eps):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + eps)


def rms_norm(x, scale, eps):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * scale


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def head_split(head):
    """Numbers of a head that turn with time, row, column."""
    space = 2 * (head // 6)
    return head - 2 * space, space, space


def angles(positions, dim, theta=10_000.0):
    """(N,) -> (N, dim / 2)."""
    return np.outer(positions, 1 / theta ** (np.arange(0, dim, 2) / dim))


def video_angles(frames, rows, columns, head):
    t, h, w = head_split(head)
    grid = np.stack(np.meshgrid(range(frames), range(rows), range(columns), indexing="ij"), -1).reshape(-1, 3)
    return np.concatenate([angles(grid[:, 0], t), angles(grid[:, 1], h), angles(grid[:, 2], w)], 1)


def token_angles(count, latent_frames, place, head):
    """One token a frame; ``place`` (2,) is row and column in patches."""
    ratio = (count - 1) // (latent_frames - 1)
    times = [0.0] + [1 - ((ratio + 1) / 2 - 1) / ratio + (i - 1) / ratio for i in range(1, count)]
    t, h, w = head_split(head)
    row, column = (np.repeat(p, count) for p in place)
    return np.concatenate([angles(times, t), angles(row, h), angles(column, w)], 1)


def turn(x, angle):
    """(B, heads, N, head) by (N, head / 2): neighbours are the real and imaginary part of a number."""
    z = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)
    return np.stack([z.real, z.imag], -1).reshape(x.shape)


def split_heads(x, heads):
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def attend(q, k, v):
    out = softmax(q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])) @ v
    return out.transpose(0, 2, 1, 3).reshape(len(out), out.shape[2], -1)


def attention(tree, name, x, seen, heads, eps, angle=None, groups=()):
    """``groups``: sizes of video, token1, token2; empty: all see all."""
    q = rms_norm(linear(tree, f"{name}.query", x), tree[f"{name}.norm_q.scale"], eps)
    k = rms_norm(linear(tree, f"{name}.key", seen), tree[f"{name}.norm_k.scale"], eps)
    v = linear(tree, f"{name}.value", seen)
    q, k, v = (split_heads(a, heads) for a in (q, k, v))
    if angle is not None:
        q, k = turn(q, angle), turn(k, angle)
    if not groups:
        out = attend(q, k, v)
    else:
        video = groups[0]
        parts = [attend(q[:, :, :video], k[:, :, :video], v[:, :, :video])]
        start = video
        for size in groups[1:]:
            own = slice(start, start + size)
            parts.append(
                attend(
                    q[:, :, own],
                    np.concatenate([k[:, :, :video], k[:, :, own]], 2),
                    np.concatenate([v[:, :, :video], v[:, :, own]], 2),
                )
            )
            start += size
        out = np.concatenate(parts, 1)
    return linear(tree, f"{name}.proj_attn", out)


def block(tree, x, text, modulation, angle, groups, heads, eps):
    shift1, scale1, gate1, shift2, scale2, gate2 = np.split(tree["adaln_scale_shift_table"] + modulation, 6, 1)
    normed = layer_norm(x, eps) * (1 + scale1) + shift1
    x = x + attention(tree, "attn1", normed, normed, heads, eps, angle, groups) * gate1
    normed = layer_norm(x, eps) * tree["norm2.layer_norm.scale"] + tree["norm2.layer_norm.bias"]
    x = x + attention(tree, "attn2", normed, text, heads, eps)
    normed = layer_norm(x, eps) * (1 + scale2) + shift2
    hidden = gelu(linear(tree, "ffn.act_fn.proj", normed))
    return x + linear(tree, "ffn.proj_out", hidden) * gate2


def timestep_embedding(timestep, dim):
    """Cosines first; frequencies 10000^(-k / (dim / 2))."""
    phase = timestep[:, None] * np.exp(-np.arange(dim // 2) * math.log(10_000) / (dim // 2))
    return np.concatenate([np.cos(phase), np.sin(phase)], 1)


def forward(tree, latents, timestep, text, frames, heads, eps=1e-6):
    """What the released model answers.

    Args:
        tree: {name without .value: array}.
        latents: (B, C, t, h, w); timestep: (B,); text: (B, L, width).
        frames: T, tokens of each group.

    Returns:
        (B, C, t, h, w), (B, T, K1), (B, T, K2).
    """
    tree = {name: np.asarray(value, np.float64) for name, value in tree.items()}
    latents, text = latents.astype(np.float64), text.astype(np.float64)
    kernel = tree["patch_embedding.kernel"]
    pt, ph, pw, channels, width = kernel.shape
    b, _, t, h, w = latents.shape
    t, h, w = t // pt, h // ph, w // pw
    cells = latents.reshape(b, channels, t, pt, h, ph, w, pw)
    x = np.einsum("bctphqwr,pqrcd->bthwd", cells, kernel).reshape(b, t * h * w, width) + tree["patch_embedding.bias"]
    video, head = x.shape[1], width // heads

    parts, angle = [x], [video_angles(t, h, w, head)]
    for n in (1, 2):
        content = linear(tree, f"learnable_token{n}_proj", np.zeros((1, frames, width)))
        parts.append(np.repeat(content, b, 0))
        angle.append(token_angles(frames, t, tree[f"learnable_hw_rope{n}"].reshape(2), head))
    x, angle = np.concatenate(parts, 1), np.concatenate(angle)

    c = "condition_embedder."
    time = timestep_embedding(np.asarray(timestep, np.float64), tree[f"{c}time_embedder.linear_1.kernel"].shape[0])
    time = linear(tree, f"{c}time_embedder.linear_2", silu(linear(tree, f"{c}time_embedder.linear_1", time)))
    modulation = linear(tree, f"{c}time_proj", silu(time)).reshape(b, 6, width)
    text = linear(tree, f"{c}text_embedder.linear_2", gelu(linear(tree, f"{c}text_embedder.linear_1", text)))

    stacked = {name.removeprefix("blocks."): value for name, value in tree.items() if name.startswith("blocks.")}
    for layer in range(len(stacked["adaln_scale_shift_table"])):
        own = {name: value[layer] for name, value in stacked.items()}
        x = block(own, x, text, modulation, angle, (video, frames, frames), heads, eps)

    answers = []
    for n in (1, 2):
        tokens = x[:, video + (n - 1) * frames : video + n * frames]
        shift, scale = np.split(tree[f"token{n}_scale_shift_table"], 2, 1)
        answers.append(linear(tree, f"token{n}_proj_out", layer_norm(tokens, eps) * (1 + scale) + shift))
    shift, scale = np.split(tree["scale_shift_table"] + time[:, None], 2, 1)
    out = linear(tree, "proj_out", layer_norm(x[:, :video], eps) * (1 + scale) + shift)
    out = out.reshape(b, t, h, w, pt, ph, pw, -1).transpose(0, 7, 1, 4, 2, 5, 3, 6)
    return -out.reshape(b, -1, t * pt, h * ph, w * pw), *answers
