"""Streaming clips into batches: order, reading, augmentation, resumable position."""

from train.data.batch import Batch
from train.data.cache import TensorCache
from train.data.config import DataConfig
from train.data.loader import Loader, Request, build_loader
from train.data.sample import Sample
from train.data.shardfile import Damage
from train.data.speed import Speed, decoded_bytes, measure
from train.data.validation import Validation, build_validation

__all__ = [
    "Batch",
    "Damage",
    "DataConfig",
    "Loader",
    "Request",
    "Sample",
    "Speed",
    "TensorCache",
    "Validation",
    "build_loader",
    "build_validation",
    "decoded_bytes",
    "measure",
]
