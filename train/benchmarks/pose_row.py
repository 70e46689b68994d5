"""What all benchmarks of 3D pose share: columns and fields."""

from __future__ import annotations

from train.benchmarks.base import Column

COLUMNS = (Column("keypoints3d", "pa_mpjpe", "PA-MPJPE mm ↓"), Column("keypoints3d", "mpjpe", "MPJPE mm ↓"))
FIELDS = ("joints3d", "visibility")
