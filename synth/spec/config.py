"""What the sampler of clip specs can be told. Every default range is meant to be rendered as it is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from synth.spec.props.config import PropsConfig
from synth.spec.ranges import Range, Share

Move = Literal["static", "pan", "orbit", "follow"]
Pattern = Literal["plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VideoConfig(_Config):
    """Size of a clip. Both sides must be even, as H.264 wants them."""

    frames: int = Field(81, ge=1, description="frames a clip")
    fps: float = Field(24.0, gt=0, le=240)
    width: int = Field(832, ge=32, le=8192, multiple_of=2, description="pixels")
    height: int = Field(480, ge=32, le=8192, multiple_of=2, description="pixels")


class PeopleConfig(_Config):
    """Who is in a clip and what they wear."""

    genders: tuple[Literal["neutral", "female", "male"], ...] = Field(("female", "male"), min_length=1)
    skins: tuple[str, ...] = Field((), description="names of skins to draw from; none: all that suit the gender")
    shape_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of betas")
    expression_spread: float = Field(0.35, ge=0, le=2, description="strength of facial actions, of which 2 is full")
    clothes: bool = Field(True, description="dress people; off renders the bare body")
    hair: bool = Field(True, description="hair, brows and lashes")
    hat: Share = Field(0.1, description="share of dressed people with a hat")
    tint: Share = Field(0.7, description="share of tintable garments that are recoloured")


class CameraConfig(_Config):
    """How people are filmed."""

    moves: tuple[Move, ...] = Field(("static", "pan", "orbit", "follow"), min_length=1)
    focal_mm: Range = Field((18.0, 85.0), description="range of focal lengths on a 36 mm wide sensor")
    elevation_degrees: Range = Field((-8.0, 35.0), description="camera elevation over the people's middle")
    fill: Range = Field((0.65, 0.92), description="share of the frame that people may span")
    orbit_degrees_per_second: Range = Field((5.0, 30.0), description="speed of an orbit, either way")


class LightConfig(_Config):
    """Environment light."""

    hdris: tuple[str, ...] = Field((), description="HDRI names or files; none: all that come with bpy")
    exposure: Range = Field((-0.6, 0.6), description="stops around a well lit floor")
    sun: Share = Field(0.35, description="share of clips with an additional sun lamp")


class GroundConfig(_Config):
    """The floor."""

    patterns: tuple[Pattern, ...] = Field(
        ("plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble"), min_length=1
    )


class SpecConfig(_Config):
    """The content of a data set."""

    video: VideoConfig = VideoConfig()
    people: PeopleConfig = PeopleConfig()
    camera: CameraConfig = CameraConfig()
    light: LightConfig = LightConfig()
    ground: GroundConfig = GroundConfig()
    props: PropsConfig = PropsConfig()
    motions: tuple[str, ...] = Field((), description="names of motions to draw from; none: all that are long enough")
