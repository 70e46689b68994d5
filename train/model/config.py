"""What the model can be told."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator

Dtype = Literal["float32", "bfloat16", "float16"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PatchCodecConfig(_Part):
    """A codec without weights: an orthonormal transform of cells, for work offline and on a CPU."""

    spatial: int = Field(8, ge=1, le=64, description="pixels a latent cell, both ways")
    temporal: int = Field(4, ge=1, le=16, description="frames a latent cell; the first frame is a cell of its own")
    channels: int | None = Field(None, ge=1, description="lowest frequencies that are kept; null keeps all (exact)")
    even: bool = Field(False, description="bring all channels to about the same std, as pretrained latents have")
    pixel_loss: bool = Field(False, description="dense losses count errors of pixels, not of channels: shapes first")


class VaeCodecConfig(_Part):
    """The pretrained codec of the backbone's family."""

    path: str | None = Field(None, description="hub id or folder with vae/; null is the backbone's own")
    normalise: bool = Field(True, description="(latent - mean) / std, as the backbone was pretrained; false gives raw")
    tiling: bool = Field(False, description="encode and decode in overlapping tiles: less memory, other rounding")
    dtype: Dtype = Field("float32", description="of weights and arithmetic")


class CodecConfig(_Part):
    """Video to latent and back."""

    patch: PatchCodecConfig | None = Field(None, description="use the codec without weights instead of the VAE")
    vae: VaeCodecConfig = VaeCodecConfig()


class TextConfig(_Part):
    """How prompts become embeddings."""

    encoder: Literal["backbone", "words"] = Field("backbone", description="words: fixed random vectors, no weights")
    path: str | None = Field(
        None, description="hub id or folder with text_encoder/ and tokenizer/; null: the backbone's"
    )
    length: int = Field(226, ge=1, le=512, description="L, tokens a prompt is padded with zeros or cut to")
    dtype: Dtype = Field("bfloat16", description="of the encoder's weights and arithmetic, and of the embeddings")
    cache: str | None = Field(None, description="folder of embeddings kept; null is thfm/texts in the user's cache")


class TokensConfig(_Part):
    """Token groups of sparse tasks."""

    bias: dict[str, float] = Field(
        {"keypoints2d": 0.5}, description="the value that a task's answers start at, by task; 0 where none is given"
    )
    fresh: bool = Field(False, description="begin anew, though the folder of model.path holds trained tokens")
    positions: Literal["fraction", "patches"] = Field(
        "fraction",
        description="unit of learnt rows and columns: the grid's extent; or patches from its corner, which stay where "
        "they are when the video's size changes (the released GenCeption)",
    )


class ModelConfig(_Part):
    """The whole model. Give ``path``, or ``init`` for a small one from random weights."""

    family: Literal["wan", "ltx"] = Field("wan", description="family of the backbone")
    path: str | None = Field(None, description="hub id or folder in diffusers' layout, with transformer/")
    init: dict[str, Any] | None = Field(None, description="arguments of the family's transformer class, random weights")
    random_weights: bool = Field(False, description="take only the architecture from path, not its weights")
    dtype: Dtype = Field("float32", description="of the weights; float32 to train all of them, bfloat16 under LoRA")
    timestep: float = Field(0.0, ge=0, le=1000, description="the timestep that answers are given at; 0 is clean")
    expand_timesteps: bool = Field(False, description="wan: a timestep for each token, as Wan 2.2 TI2V-5B's pipeline")
    frame_rate: float = Field(25.0, gt=0, description="ltx: frames a second that its positions are told in")
    codec: CodecConfig = CodecConfig()
    text: TextConfig = TextConfig()
    tokens: TokensConfig = TokensConfig()

    @model_validator(mode="after")
    def _one_origin(self) -> ModelConfig:
        if (self.path is None) == (self.init is None):
            raise ValueError("give either path (a pretrained backbone) or init (a random one), not both or none")
        if self.init is not None and self.codec.patch is None and self.codec.vae.path is None:
            raise ValueError("a backbone from init has no codec of its own: give codec.patch or codec.vae.path")
        if self.init is not None and self.text.encoder == "backbone" and self.text.path is None:
            raise ValueError("a backbone from init has no text encoder: give text.encoder=words or text.path")
        return self


def torch_dtype(name: Dtype) -> torch.dtype:
    """The torch dtype of that name."""
    return getattr(torch, name)
