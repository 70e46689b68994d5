"""Memory does not grow with the length of a video."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.train.inference.saved import moving, write_video

PROGRAM = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from train.inference import Predictor
from train.inference.predict import predict

model, out, *videos = sys.argv[1:]
predictor = Predictor.from_pretrained(model, device="cpu")
for number, video in enumerate(videos):
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    (outcome,) = predict(predictor, model, [video], Path(out), ["depth", "matte", "keypoints2d"])
    peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
    print(outcome.frames, int(peak.split()[1]) // 1024)
"""


def test_peak_memory_does_not_grow_with_length(folder: Path, tmp_path: Path) -> None:
    """Colours and answers of the long video are 100 MB more than those of the short one."""
    short = moving(40, 192, 256)
    long = short[np.resize(np.r_[np.arange(40), np.arange(38, 0, -1)], 240)]
    videos = [
        write_video(tmp_path / f"{name}.mp4", video, pixels="yuv420p", options={"preset": "ultrafast"})
        for name, video in (("warm", short[:20]), ("short", short), ("long", long))
    ]
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, tmp_path / "out", *videos], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    _, (few, small), (many, large) = (map(int, line.split()) for line in found.stdout.splitlines())
    assert (few, many) == (40, 240)
    print(f"{small} MB, {large} MB")
    assert large < small + 15
