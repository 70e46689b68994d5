"""The model: a diffusers backbone that answers in one pass, its codec, its tokens and its prompts."""

from train.model.build import build_codec, build_model, embed_texts
from train.model.codec import Codec, PatchCodec, valid_cells
from train.model.config import ModelConfig
from train.model.folder import load_folder, save_folder
from train.model.lora import add_lora, merge_lora
from train.model.thfm import Answer, ThfmModel

__all__ = [
    "Answer",
    "Codec",
    "ModelConfig",
    "PatchCodec",
    "ThfmModel",
    "add_lora",
    "build_codec",
    "build_model",
    "embed_texts",
    "load_folder",
    "merge_lora",
    "save_folder",
    "valid_cells",
]
