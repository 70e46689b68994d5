"""``Catalogue``: what there is to choose from, as plain data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from synth.spec.shapes import ShapeForm


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str


class MotionEntry(_Entry):
    """A motion and the spans of it, in seconds, that may be shown.

    Attributes:
        action: what balanced sampling goes by. tags: words for captions.
        synthesised: the name is a kind of synthesised motion; ``parameters`` holds what may be drawn for it.
        alone: it needs things around it, and is not spliced with others.
    """

    segments: tuple[tuple[float, float], ...]
    tags: tuple[str, ...] = ()
    action: str = "other"
    synthesised: bool = False
    parameters: dict[str, tuple[float, float]] = {}
    alone: bool = False

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.segments)


class ItemEntry(_Entry):
    """A wearable.

    Attributes:
        kind: garments, shoes, hats, glasses, bags, hair, brows or lashes.
        semantic: name of its ``conventions.Semantic``.
        style: female, male or any. look: casual, elegant, sport or any.
        layer: 1 is next to the skin, larger is farther out; garments of layer 2 cover the legs.
        goes_with: names of the lower garments that an upper one may be worn with.
        tintable: its texture may be recoloured. patterned: it has a pattern of its own, and takes no other.
        blank: its pictures show cloth by the metre, without colour, seams or knit of its own.
        base_colour: mean linear RGB of its picture.
        woven: weaves of which it takes one instead of its own lines, which would stretch with the body.
        under_hat: hair that a hat can sit on. tall: boots that no trousers go into.
        on_back: it lies on the upper back, as long hair and backpacks do, one at a time.
    """

    kind: str
    semantic: str
    style: str = "any"
    look: str = "any"
    layer: int = 0
    goes_with: tuple[str, ...] = ()
    tintable: bool = False
    patterned: bool = False
    blank: bool = False
    base_colour: tuple[float, float, float] | None = None
    woven: tuple[str, ...] = ()
    under_hat: bool = False
    tall: bool = False
    on_back: bool = False


class SkinEntry(_Entry):
    """A skin texture; ``style`` is the gender that it is painted for, ``base_colour`` its mean linear RGB, if known."""

    style: str
    base_colour: tuple[float, float, float] | None = None


class SimulatedEntry(_Entry):
    """A garment that was simulated for one body in one motion.

    Attributes:
        motion: name of the motion. gender, betas: the body. textures: names of what it may be made of.
    """

    motion: str
    gender: str
    betas: tuple[float, ...]
    textures: tuple[str, ...] = ()


class OverlayEntry(_Entry):
    """Clothes painted for SMPL-X's skin; ``style`` is female, male or any."""

    style: str = "any"


class PathEntry(_Entry):
    """A captured camera path and how long it is, in seconds."""

    seconds: float


class PropEntry(_Entry):
    """A prop; ``size`` is its width, depth and height in metres; ``held`` ones go with hands, others stand."""

    kind: str
    size: tuple[float, float, float]
    held: bool = False


class TextureEntry(_Entry):
    """A photograph of a surface.

    Attributes:
        uses: floor, walls, ceiling, pavement, road, front or ground. metres: its width.
        roughness: range. grey: it has no colour of its own.
    """

    uses: tuple[str, ...]
    metres: float
    roughness: tuple[float, float] = (0.6, 0.9)
    grey: bool = False


class BackdropEntry(_Entry):
    """A picture or video; ``seconds`` is how long it is, 0 for pictures."""

    seconds: float = 0.0


class Catalogue(BaseModel):
    """All choices, each list sorted by name so that a seed means the same everywhere.

    ``shapes``: by gender, how stature and BMI of the body model follow from its betas.
    """

    model_config = ConfigDict(frozen=True)

    body_model: str
    shapes: dict[str, ShapeForm]
    motions: tuple[MotionEntry, ...]
    items: tuple[ItemEntry, ...]
    skins: tuple[SkinEntry, ...]
    simulated: tuple[SimulatedEntry, ...] = ()
    overlays: tuple[OverlayEntry, ...] = ()
    hdris: tuple[str, ...]
    camera_paths: tuple[PathEntry, ...] = ()
    props: tuple[PropEntry, ...] = ()
    textures: tuple[TextureEntry, ...] = ()
    backdrops: tuple[BackdropEntry, ...] = ()
    scenes: tuple[str, ...] = ()
