"""The on-disk format: WebDataset tars of clips and a manifest. docs/format.md describes it for other readers."""

from synth.shards.clip import Clip
from synth.shards.codecs import encode_clip
from synth.shards.manifest import build_manifest, read_manifest
from synth.shards.patience import patiently
from synth.shards.reader import read_clip, read_clips, shard_urls
from synth.shards.schema import FIELDS, Field
from synth.shards.staging import clean_leftovers, stage_clip, stage_rejection, staged_clips, staged_keys, unstage
from synth.shards.verify import Fault, verify, verify_shard
from synth.shards.writer import assemble_shard, finished_shard, finished_shards, write_clip_tar, write_shard

__all__ = [
    "FIELDS",
    "Clip",
    "Fault",
    "Field",
    "assemble_shard",
    "build_manifest",
    "clean_leftovers",
    "encode_clip",
    "finished_shard",
    "finished_shards",
    "patiently",
    "read_clip",
    "read_clips",
    "read_manifest",
    "shard_urls",
    "stage_clip",
    "stage_rejection",
    "staged_clips",
    "staged_keys",
    "unstage",
    "verify",
    "verify_shard",
    "write_clip_tar",
    "write_shard",
]
