"""Memory does not grow with the length of a video."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np

from tests.train.inference.saved import moving, write_video
from train.inference import Predictor
from train.inference.predict import predict


def peak_while(predictor: Predictor, folder: Path, video: Path, out: Path, frames: int) -> float:
    """MB that this process held at most while it answered about a video."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak starts anew
    (outcome,) = predict(predictor, folder, [str(video)], out, ["depth", "matte", "keypoints2d"])
    assert outcome.frames == frames
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def test_peak_memory_does_not_grow_with_length(predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    """Colours and answers of the long video are 65 MB more than those of the short one."""
    short = moving(40, 192, 256)
    long = short[np.resize(np.r_[np.arange(40), np.arange(38, 0, -1)], 160)]
    peaks = {}
    for name, video in (("warm", short), ("short", short), ("long", long)):
        path = write_video(tmp_path / f"{name}.mp4", video, pixels="yuv420p", options={"preset": "ultrafast"})
        peaks[name] = peak_while(predictor, folder, path, tmp_path / "out", len(video))
    print(peaks)
    assert peaks["long"] < peaks["short"] + 15
