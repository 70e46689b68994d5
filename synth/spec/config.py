"""What the sampler of clip specs can be told. Every default range is meant to be rendered as it is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from synth.spec.camera.config import CameraConfig
from synth.spec.fabrics import WEAVES, Weave
from synth.spec.group.config import Count, GroupConfig
from synth.spec.props.config import PropsConfig
from synth.spec.ranges import Range, Share, range_of
from synth.spec.scenes.config import SceneConfig

Shape = Literal["given", "turned", "square"]
Kelvin = range_of(ge=1000, le=40000)
Stature = range_of(ge=0.5, le=3)
Bmi = range_of(ge=10, le=100)
Pattern = Literal["plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VideoConfig(_Config):
    """Size of a clip. Both sides must be even, as H.264 wants them."""

    frames: int = Field(81, ge=1, description="frames a clip")
    fps: float = Field(24.0, gt=0, le=240)
    width: int = Field(832, ge=32, le=8192, multiple_of=2, description="pixels")
    height: int = Field(480, ge=32, le=8192, multiple_of=2, description="pixels")
    shapes: tuple[Shape, ...] = Field(
        ("given",), min_length=1,
        description="drawn per clip: width x height as given, turned (portrait from wide), or a square as large",
    )  # fmt: skip


class PeopleConfig(_Config):
    """Who is in a clip and what they wear."""

    count: Count = Field(
        {1: 12, 2: 4, 3: 2, 4: 1, 5: 0.5, 6: 0.3, 7: 0.2, 8: 0.2}, validate_default=True,
        description="people of a clip, 1 to 8: a number, a range such as [3, 8], or weights of numbers",
    )  # fmt: skip
    genders: tuple[Literal["neutral", "female", "male"], ...] = Field(("female", "male"), min_length=1)
    skins: tuple[str, ...] = Field((), description="names of skins to draw from; none: all that suit the gender")
    female_height_m: Stature = Field((1.45, 1.85), description="stature of women, drawn evenly")
    male_height_m: Stature = Field((1.55, 2.0), description="stature of men, drawn evenly")
    bmi: Bmi = Field((17.0, 42.0), description="body-mass index, its logarithm drawn evenly: half are below 27")
    shape_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of what else betas tell of the shape")
    expression_spread: float = Field(0.35, ge=0, le=2, description="strength of facial actions, of which 2 is full")
    clothes: bool = Field(True, description="dress people; off renders the bare body")
    hair: bool = Field(True, description="hair, brows and lashes")
    hat: Share = Field(0.1, description="share of dressed people with a hat")
    glasses: Share = Field(0.15, description="share of dressed people with glasses")
    bag: Share = Field(0.15, description="share of dressed people with a backpack or another bag")
    simulated: Share = Field(
        1.0, description="share of people whose motion has a garment of bodies.garment_folders that wear it"
    )
    overlay: Share = Field(0.3, description="share of dressed people who wear one of bodies.overlay_folders instead")
    tint: Share = Field(0.8, description="share of garments that are dyed or patterned, where their textures allow it")
    pattern: Share = Field(0.5, description="share of these with a pattern")
    weaves: tuple[Weave, ...] = Field(WEAVES, description="patterns to draw from; each garment takes what suits it")


class MotionConfig(_Config):
    """How people move."""

    synthesised: Share = Field(
        0.6, description="share of people whose motion is synthesised, where both kinds are there"
    )
    actions: tuple[str, ...] = Field((), description="actions to draw from, such as walk or dance; none: all")
    mirror: Share = Field(0.5, description="share of motions in which left and right swap")
    speed: range_of(ge=0.1, le=10) = Field(
        (0.9, 1.12), description="how much faster than they were captured motions go"
    )
    splice: Share = Field(0.25, description="share of motions, where there is room, that turn into another half way")
    face: bool = Field(True, description="blinks, gaze and mimicry for motions that bring none")


class LightConfig(_Config):
    """Light. A time that the list holds twice is drawn twice as often; plain scenes have the time of their HDRI."""

    hdris: tuple[str, ...] = Field(
        (), description="HDRI names or files; none: those of bodies.hdri_folders, or all that come with bpy"
    )
    rotation_degrees: Range = Field((-180.0, 180.0), description="of the HDRI about the vertical")
    strength: range_of(ge=0) = Field((0.5, 1.6), description="of the HDRI, beside sun and lamps; 1 is a clear sky")
    exposure: Range = Field((-0.6, 0.6), description="stops by which pictures are brighter than metered")
    times: tuple[Literal["day", "night"], ...] = Field(("day", "day", "day", "night"), min_length=1)
    sun: Share = Field(0.35, description="share of clips by day with an additional sun lamp")
    sun_strength: range_of(ge=0) = Field((0.5, 3.0), description="W/m2, where a clear sky gives 2.4")
    sun_elevation_degrees: range_of(gt=0, le=90) = Field((20.0, 75.0), description="over the horizon")
    sun_softness_degrees: range_of(ge=0, le=90) = Field((0.5, 8.0), description="angular diameter; the sun's is 0.5")
    sun_kelvin: Kelvin = Field((3500.0, 6500.0), description="colour temperature")
    lamp: Share = Field(0.25, description="share of clips with an area or point lamp beside people")
    lamp_strength: range_of(ge=0) = Field((0.3, 2.0), description="of such a lamp on people, in shares of a clear sky")
    lamp_kelvin: Kelvin = Field((2400.0, 7000.0), description="colour temperature of all lamps")


class GroundConfig(_Config):
    """The floor of plain scenes."""

    patterns: tuple[Pattern, ...] = Field(
        ("plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble"), min_length=1
    )


class SpecConfig(_Config):
    """The content of a data set."""

    video: VideoConfig = VideoConfig()
    people: PeopleConfig = PeopleConfig()
    group: GroupConfig = GroupConfig()
    motion: MotionConfig = MotionConfig()
    camera: CameraConfig = CameraConfig()
    light: LightConfig = LightConfig()
    ground: GroundConfig = GroundConfig()
    scene: SceneConfig = SceneConfig()
    props: PropsConfig = PropsConfig()
    motions: tuple[str, ...] = Field((), description="names of motions to draw from; none: all that are long enough")
