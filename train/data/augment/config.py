"""What augmentation does, how often and how much. Chances are per clip; a range is (least, most)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Chance = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


def _ordered(pair: tuple) -> tuple:
    if pair[0] > pair[1]:
        raise ValueError(f"a range goes from its least to its most, not from {pair[0]} to {pair[1]}")
    return pair


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CropConfig(_Settings):
    """Random crop, resized to the bucket's size."""

    chance: Chance = Field(1.0, description="share of clips cropped at random; the others are cropped at the centre")
    scale: PositiveRange = Field(
        (0.6, 1.0), description="side of the crop relative to the largest crop of its aspect; at most 1"
    )
    stretch: Annotated[float, Field(ge=1)] = Field(1.1, description="the crop's aspect is off by at most this factor")
    keep_people: Chance = Field(0.8, description="share of random crops that keep people in view")
    keep_share: Chance = Field(0.7, description="share of the people's pixels that such a crop keeps")


class GaussianConfig(_Settings):
    """Gaussian blur: optics out of focus."""

    chance: Chance = 0.15
    sigma: PositiveRange = Field((0.0006, 0.004), description="standard deviation, share of the picture's height")


class MotionConfig(_Settings):
    """Blur along one direction, the same in all frames: a moving camera."""

    chance: Chance = 0.1
    length: PositiveRange = Field((0.005, 0.025), description="length of the trace, share of the picture's height")


class SpectrumConfig(_Settings):
    """Amplitudes of the lowest Fourier frequencies are scaled, phases stay: another place's light and palette."""

    chance: Chance = 0.2
    frequencies: int = Field(6, ge=1, le=64, description="highest frequency, cycles per picture")
    strength: Range = Field((0.1, 0.4), description="standard deviation of the logarithm of the scales")


class ToneConfig(_Settings):
    """Exposure and white balance in linear light; contrast and gamma on sRGB values."""

    chance: Chance = 0.7
    exposure: Range = Field((-0.7, 0.7), description="stops")
    white_balance: Range = Field((-0.2, 0.2), description="stops, of red and of blue against green")
    gamma: PositiveRange = Field((0.8, 1.25), description="exponent of sRGB values")
    contrast: PositiveRange = Field((0.75, 1.25), description="factor about middle grey, sRGB values")


class NoiseConfig(_Settings):
    """Sensor noise in linear light: variance = shot * light + read ** 2, where 1 is full scale."""

    chance: Chance = 0.3
    shot: PositiveRange = Field((1e-5, 1e-3), description="variance per unit of light; drawn evenly in its logarithm")
    read: PositiveRange = Field((2e-4, 5e-3), description="standard deviation in the dark; evenly in its logarithm")


class SaturationConfig(_Settings):
    """Saturation and hue, by one matrix on sRGB values; luma stays."""

    chance: Chance = 0.5
    saturation: Range = Field((0.5, 1.4), description="factor; 0 is grey")
    hue: Range = Field((-12.0, 12.0), description="degrees")


class ResampleConfig(_Settings):
    """Downscaled and enlarged again: a cheap camera or a small stream."""

    chance: Chance = 0.2
    factor: PositiveRange = Field((1.3, 3.0), description="how many times smaller; evenly in its logarithm")


class JpegConfig(_Settings):
    """Every frame through JPEG."""

    chance: Chance = 0.15
    quality: Annotated[
        tuple[Annotated[int, Field(ge=1, le=95)], Annotated[int, Field(ge=1, le=95)]], AfterValidator(_ordered)
    ] = Field((30, 90), description="libjpeg's quality")


class VideoConfig(_Settings):
    """The clip through H.264."""

    chance: Chance = 0.3
    crf: Annotated[
        tuple[Annotated[int, Field(ge=0, le=51)], Annotated[int, Field(ge=0, le=51)]], AfterValidator(_ordered)
    ] = Field((20, 36), description="x264's constant rate factor")


class AugmentConfig(_Settings):
    """Augmentation of training samples; validation has none.

    ``crop`` and ``flip`` move colour and labels alike; the rest changes colour alone. ``colour`` is the share of clips
    whose colour may change at all: the chances below it are those of such a clip.
    """

    crop: CropConfig = CropConfig()
    flip: Chance = Field(0.5, description="share of clips mirrored left-right")
    colour: Chance = Field(0.9, description="share of clips whose colour may change")
    gaussian: GaussianConfig = GaussianConfig()
    motion: MotionConfig = MotionConfig()
    spectrum: SpectrumConfig = SpectrumConfig()
    tone: ToneConfig = ToneConfig()
    noise: NoiseConfig = NoiseConfig()
    saturation: SaturationConfig = SaturationConfig()
    resample: ResampleConfig = ResampleConfig()
    jpeg: JpegConfig = JpegConfig()
    video: VideoConfig = VideoConfig()

    @classmethod
    def off(cls) -> AugmentConfig:
        """No augmentation: centre crops, no flips, colour as stored."""
        return cls(crop=CropConfig(chance=0), flip=0, colour=0)
