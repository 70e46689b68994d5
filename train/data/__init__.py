"""Streaming clips into batches: order, reading, augmentation, resumable position."""

from train.data.sample import Sample
from train.data.speed import TASK_FIELDS, Speed, decoded_bytes, fields_of, measure, stream

__all__ = ["TASK_FIELDS", "Sample", "Speed", "decoded_bytes", "fields_of", "measure", "stream"]
