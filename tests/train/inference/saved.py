"""A tiny model of all tasks in the layout that training writes, and small videos of things that move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from tests.train.model.tiny import tiny_config, tiny_model
from train.model import ModelConfig, build_codec, build_model, embed_texts, save_folder
from train.tasks import build_tasks

OPTIONS = {
    "depth": {},
    "normals": {},
    "matte": {},
    "parts": {},
    "semantics": {},
    "dense_pose": {},
    "keypoints2d": {"people": 2},
    "keypoints3d": {"people": 2},
}
FRAMES, SIZES = (1, 9), ((24, 40), (40, 24))


def save_tiny(
    folder: Path, options: Mapping[str, Mapping] = OPTIONS, clips: Mapping | None = None, seed: int = 0
) -> Path:
    """A model of random weights whose answers are about those of a trained one in range. ``clips={}`` says nothing."""
    config, tasks = tiny_config(text={"encoder": "words", "length": 7, "dtype": "float32"}), build_tasks(options)
    groups = {f"{n}.{g}": task.numbers for n, task in tasks.items() if task.sparse for g in range(task.groups)}
    model = tiny_model(groups=groups, seed=seed)
    texts = embed_texts([task.prompt for task in tasks.values()], config)
    clips = {"frames": list(FRAMES), "sizes": [list(size) for size in SIZES]} if clips is None else clips
    save_folder(model, build_codec(config), texts, config, folder, tasks=options, clips=clips)
    return folder


def moving(frames: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(T, H, W, 3) uint8: a bright disc that wanders over a smooth coloured ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ground = np.stack([x / width, y / height, 0.5 + 0 * x], -1) * rng.uniform(60, 160, 3)
    video = np.empty((frames, height, width, 3), np.uint8)
    for t in range(frames):
        at = (0.5 + 0.35 * np.cos(0.13 * t)) * width, (0.5 + 0.3 * np.sin(0.17 * t)) * height
        inside = np.hypot(x - at[0], y - at[1]) < 0.2 * min(height, width)
        video[t] = np.where(inside[..., None], (240, 210, 180), ground)
    return video


def write_video(
    path: Path,
    video: np.ndarray,
    times: Sequence[Fraction] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv444p",
    options: Mapping[str, str] | None = None,
    rate: Fraction | int = 25,
) -> Path:
    """An ordinary file of frames (T, H, W, 3) uint8, shown at ``times`` or at an even rate."""
    ticks = 90_000 if times is not None else None
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=Fraction(rate))
        stream.height, stream.width, stream.pix_fmt = *video.shape[1:3], pixels
        stream.options = dict(options if options is not None else {"crf": "8"} if codec == "libx264" else {})
        if ticks:
            stream.codec_context.time_base = Fraction(1, ticks)
        for t, picture in enumerate(video):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(format=pixels)
            if ticks:
                frame.pts, frame.time_base = round(times[t] * ticks), Fraction(1, ticks)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def spoil(path: Path) -> Path:
    """Zeros in the middle third of a file."""
    data = path.read_bytes()
    third = len(data) // 3
    path.write_bytes(data[:third] + bytes(third) + data[2 * third :])
    return path


def save_mirror(folder: Path, options: Mapping[str, Mapping], clips: Mapping) -> Path:
    """A real Wan transformer with an exact codec whose answer is the picture that it sees, to a few parts in 10,000.

    Its blocks add nothing; the last layer norm is made linear by a large constant in half of the channels.
    """
    channels, width, small = 48, 128, 1e-2
    init = {
        "num_attention_heads": 2, "attention_head_dim": width // 2, "in_channels": channels, "out_channels": channels,
        "text_dim": 8, "freq_dim": 16, "ffn_dim": 16, "num_layers": 1, "patch_size": [1, 1, 1],
    }  # fmt: skip
    config = ModelConfig.model_validate(
        {
            "init": init,
            "codec": {"patch": {"spatial": 2, "temporal": 4, "channels": None}},
            "text": {"encoder": "words", "length": 7, "dtype": "float32"},
        }
    )
    model = build_model(config, {})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        transformer, eye = model.backbone.transformer, torch.eye(channels)
        transformer.patch_embedding.weight[:channels, :, 0, 0, 0] = small * eye
        transformer.patch_embedding.weight[channels : 2 * channels, :, 0, 0, 0] = -small * eye
        transformer.patch_embedding.bias[2 * channels :: 2] = 1
        transformer.patch_embedding.bias[2 * channels + 1 :: 2] = -1
        transformer.proj_out.weight[:, :channels] = -eye * ((width - 2 * channels) / width) ** 0.5 / small
    texts = embed_texts([task.prompt for task in build_tasks(options).values()], config)
    save_folder(model, build_codec(config), texts, config, folder, tasks=options, clips=clips)
    return folder
