"""``SceneSpec``: the place where a clip plays, as plain data; ``synth.scenes`` builds it round people and cameras."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from synth.spec.frozen import Colour, Frozen

Pattern = Literal[
    "plain", "speckled", "tiles", "planks", "bricks", "checker", "cobble",
    "wood", "plaster", "wallpaper", "fabric", "concrete", "grass", "asphalt", "slabs", "photo",
]  # fmt: skip


class SurfaceSpec(Frozen):
    """What a floor, a wall or a ground is made of.

    Attributes:
        a, b: the two colours of the pattern; a photograph is multiplied by ``a``.
        scale: metres of a cell, such as a tile or a repeat of a wallpaper; of a photograph, its width.
        bump: relief, in [0, 1]. variant: another drawing of the same pattern.
        photo: name of the photograph, where the pattern is photo.
    """

    pattern: Pattern
    a: Colour
    b: Colour
    scale: float = Field(gt=0)
    bump: float = 0.2
    roughness: float = 0.8
    variant: int = Field(0, ge=0)
    photo: str | None = None


class PlainScene(Frozen):
    """The clip's ground under an HDRI, and nothing else."""

    kind: Literal["plain"] = "plain"


class RoomScene(Frozen):
    """A room that holds people and cameras.

    Attributes:
        trim: colour of skirting, doors and frames.
        height: metres at least; it grows where cameras look down from above.
        space: metres at least between walls and all that moves. extra: further metres, wall by wall.
        yaw: of its walls, radians. windows, doors, pictures: how many there are at most.
        furniture: props that stand along the walls if they find room. lamps: at the ceiling.
        lit: whether they are switched on.
    """

    kind: Literal["room"] = "room"
    seed: int
    floor: SurfaceSpec
    walls: SurfaceSpec
    ceiling: SurfaceSpec
    trim: Colour
    height: float
    space: float
    extra: tuple[float, float, float, float]
    yaw: float
    windows: int
    doors: int
    pictures: int
    furniture: tuple[str, ...]
    lamps: int
    lit: bool


class StreetScene(Frozen):
    """A street between two rows of houses.

    Attributes:
        slant: angle between the camera's view and the way across the street, radians.
        setback: metres between the nearest row and all that moves. road: metres between the kerbs.
        fronts: what houses are made of, one of them each. storeys: fewest and most.
        trim: of doors and frames. posts, trees: how many there are at most. things: props by the wayside.
    """

    kind: Literal["street"] = "street"
    seed: int
    pavement: SurfaceSpec
    asphalt: SurfaceSpec
    fronts: tuple[SurfaceSpec, ...]
    trim: Colour
    slant: float
    setback: float
    road: float
    storeys: tuple[int, int]
    posts: int
    trees: int
    things: tuple[str, ...]


class NatureScene(Frozen):
    """A ground with plants and rocks; it is flat where people are and rolls beyond.

    Attributes:
        hills: metres that the land rises. leaf: colour of leaves. border: what stands behind people.
        wall: what such a wall is made of.
        trees, bushes, rocks, tufts: how many there are at most. things: props that stand about.
    """

    kind: Literal["nature"] = "nature"
    seed: int
    ground: SurfaceSpec
    hills: float
    leaf: Colour
    border: Literal["none", "fence", "wall"]
    wall: SurfaceSpec
    trees: int
    bushes: int
    rocks: int
    tufts: int
    things: tuple[str, ...]


class StudioScene(Frozen):
    """Seamless paper all round.

    Attributes:
        a, b: its colours; grading says how one turns into the other, from the floor up or from the middle outwards.
        space: metres at least between the paper's bend and all that moves. bend: radius of the bend.
        lamps: soft boxes round people.
    """

    kind: Literal["studio"] = "studio"
    a: Colour
    b: Colour
    grading: Literal["none", "height", "spot"]
    space: float
    bend: float
    lamps: int
    seed: int


class BackdropScene(Frozen):
    """A picture or video of the user's, by name, on a wall behind people and on the floor before it.

    Attributes:
        metres: between people and the wall. start: seconds into a video. mirrored: left and right swap.
    """

    kind: Literal["backdrop"] = "backdrop"
    name: str
    metres: float
    start: float = 0.0
    mirrored: bool = False


class FileScene(Frozen):
    """A scene file of the user's, by name; ``seed`` chooses where in it people stand."""

    kind: Literal["file"] = "file"
    name: str
    seed: int


SceneSpec = Annotated[
    PlainScene | RoomScene | StreetScene | NatureScene | StudioScene | BackdropScene | FileScene,
    Field(discriminator="kind"),
]
