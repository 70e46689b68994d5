"""Streaming clips into batches: order, reading, augmentation, resumable position."""

from train.data.batch import Batch
from train.data.config import DataConfig
from train.data.loader import Loader, Request, build_loader
from train.data.sample import Sample
from train.data.shardfile import Damage
from train.data.speed import TASK_FIELDS, Speed, decoded_bytes, fields_of, measure, stream

__all__ = [
    "TASK_FIELDS",
    "Batch",
    "Damage",
    "DataConfig",
    "Loader",
    "Request",
    "Sample",
    "Speed",
    "build_loader",
    "decoded_bytes",
    "fields_of",
    "measure",
    "stream",
]
