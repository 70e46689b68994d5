"""``ClipSpec``: one clip as plain data. Frozen, JSON-serialisable, and enough to make the clip again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from synth.spec.camera.model import CameraSpec
from synth.spec.fabrics import FabricSpec
from synth.spec.frozen import Colour
from synth.spec.frozen import Frozen as _Frozen
from synth.spec.group.model import Formation
from synth.spec.props.model import PropSpec
from synth.spec.scenes.model import PlainScene, SceneSpec


class ItemSpec(_Frozen):
    """A piece of the wardrobe by name.

    Attributes:
        tint: colour that its texture is dyed with; None leaves it as it is.
        fabric: patterned cloth that takes the place of its colours; folds and seams stay.
    """

    name: str
    tint: Colour | None = None
    fabric: FabricSpec | None = None


class SimulatedSpec(_Frozen):
    """A garment simulated for the person's very body and motion, and the texture that it is made of, by name."""

    name: str
    texture: str | None = None


class MotionPart(_Frozen):
    """Part of a motion.

    Attributes:
        name: of a captured motion, or of a kind of synthesised motion.
        start: seconds into it. mirrored: left and right swap.
        speed: how much faster than it was captured.
        parameters: of a kind of synthesised motion; together with ``seed`` they are the motion.
        seed: of synthesised movement.
    """

    name: str
    start: float = Field(ge=0)
    mirrored: bool = False
    speed: float = Field(1.0, gt=0)
    parameters: dict[str, float] = {}
    seed: int = Field(0, ge=0)


class NextPart(MotionPart):
    """A part that takes over ``at`` seconds into the clip, blended in over ``blend`` seconds from there."""

    at: float = Field(gt=0)
    blend: float = Field(0.5, gt=0)


class MotionSpec(MotionPart):
    """How a person moves: a part, and further ones that take over from it.

    Attributes:
        face_seed: of blinks, gaze and mimicry where the motion itself has none; None leaves the face still.
    """

    then: tuple[NextPart, ...] = ()
    face_seed: int | None = Field(None, ge=0)


class PersonSpec(_Frozen):
    """One person.

    Attributes:
        betas: 10 shape coefficients of the body model of ``gender``; as many as a simulated garment's body has.
        expression: 10 expression coefficients, to which mimicry is added.
        clothes: worn items, inner to outer; hair, brows and lashes are items too.
        overlay: clothes painted on the skin, by name. simulated: a garment that moves by itself, as it was simulated.
        position: where over the floor the pelvis should be at mid-clip, metres: as near to it as others leave room.
        yaw: where the pelvis faces at mid-clip (its head points, if it lies), radians about z.
        framed: the camera's framing asks for this person; others are seen by chance.
    """

    gender: Literal["neutral", "female", "male"]
    betas: tuple[float, ...]
    expression: tuple[float, ...]
    skin: str
    skin_tint: Colour | None = None
    eye_colour: Colour
    clothes: tuple[ItemSpec, ...] = ()
    hair: ItemSpec | None = None
    brows: ItemSpec | None = None
    lashes: ItemSpec | None = None
    overlay: str | None = None
    simulated: SimulatedSpec | None = None
    motion: MotionSpec
    position: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    framed: bool = True


class SunSpec(_Frozen):
    """A sun lamp: strength in W/m2, elevation and azimuth in radians, softness as its angular diameter in degrees."""

    strength: float
    elevation: float
    azimuth: float
    softness_degrees: float
    colour: Colour


class LampSpec(_Frozen):
    """A lamp out of sight that shines at people.

    Attributes:
        azimuth, elevation: where it stands as seen from them, radians; distance in metres.
        size: width of an area lamp, or diameter of a point lamp, metres.
        strength: its light on them in shares of a clear sky's. kelvin: colour temperature.
    """

    kind: Literal["area", "point"]
    azimuth: float
    elevation: float
    distance: float = Field(gt=0)
    size: float = Field(gt=0)
    strength: float = Field(ge=0)
    kelvin: float = Field(ge=1000, le=40000)


class LightSpec(_Frozen):
    """The light of a clip.

    Attributes:
        hdri: environment light by name; rotation: of it about z, radians.
        exposure: stops by which pictures are brighter than metered.
        strength: of the environment; 1 is a clear sky.
        time: night leaves a hundredth of the environment's light, and lamps burn.
        kelvin: colour temperature of the lamps that a scene brings along.
    """

    hdri: str
    rotation: float
    exposure: float
    sun: SunSpec | None = None
    strength: float = Field(1.0, ge=0)
    time: Literal["day", "night"] = "day"
    kelvin: float = Field(4000.0, ge=1000, le=40000)
    lamps: tuple[LampSpec, ...] = ()


class GroundSpec(_Frozen):
    """The floor of plain scenes: pattern, two linear RGB colours, scale in metres, bump in [0, 1]."""

    pattern: Literal["plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble"]
    a: Colour
    b: Colour
    scale: float
    rotation: float
    offset: tuple[float, float]
    bump: float
    roughness: float


class ClipSpec(_Frozen):
    """One clip. (seed, index, attempt) name its randomness; everything else was drawn from them."""

    key: str
    seed: int
    index: int = Field(ge=0)
    attempt: int = Field(0, ge=0)
    frames: int = Field(ge=1)
    fps: float = Field(gt=0)
    width: int = Field(ge=16)
    height: int = Field(ge=16)
    body_model: str = Field(description="id of the body model's files")
    people: tuple[PersonSpec, ...] = Field(min_length=1, description="the first is framed")
    formation: Formation | None = Field(None, description="of several people, bystanders aside")
    light: LightSpec
    ground: GroundSpec
    scene: SceneSpec = PlainScene()
    camera: CameraSpec
    props: tuple[PropSpec, ...] = ()
