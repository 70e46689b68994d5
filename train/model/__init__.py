"""The model: a diffusers backbone that answers in one pass, its codec, its tokens and its prompts."""

from train.model.build import build_codec, build_model, embed_texts
from train.model.codec import Codec, PatchCodec, valid_cells
from train.model.config import ModelConfig
from train.model.thfm import Answer, ThfmModel

__all__ = [
    "Answer",
    "Codec",
    "ModelConfig",
    "PatchCodec",
    "ThfmModel",
    "build_codec",
    "build_model",
    "embed_texts",
    "valid_cells",
]
