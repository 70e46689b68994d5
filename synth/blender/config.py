"""What the renderer can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RenderConfig(BaseModel):
    """Settings of the colour render; labels always come from Cycles at one sample through the pixel centre."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    colour: bool = Field(True, description="off makes clips of labels alone, without rgb, in a fraction of the time")
    engine: Literal["cycles", "eevee"] = Field("cycles", description="colour engine; eevee wants a GPU")
    device: Literal["cpu", "gpu", "auto", "cuda", "optix", "hip", "oneapi", "metal"] = Field(
        "cpu", description="where Cycles computes; gpu takes the best kind it finds, auto that or else the CPU"
    )
    samples: int = Field(32, ge=1, le=4096, description="colour samples per pixel")
    denoise: bool = Field(True, description="OpenImageDenoise on colour")
    motion_blur: bool = Field(True, description="blur colour over the clip's shutter; labels are taken at its middle")
    threads: int = Field(1, ge=0, description="CPU threads of one worker; 0 takes all")
    view_transform: Literal["AgX", "Filmic", "Standard"] = Field("AgX", description="scene light to sRGB")
    bounces: int = Field(4, ge=0, le=64, description="light bounces in colour")
