"""Where a clip plays, and how it is filmed."""

from __future__ import annotations

import math

from synth.caption.colours import colour_word
from synth.caption.people import with_article
from synth.spec.camera.model import CameraSpec
from synth.spec.model import GroundSpec, LightSpec
from synth.spec.scenes.model import SceneSpec, SurfaceSpec

_GROUNDS = {
    "plain": "on a plain floor", "speckled": "on speckled ground", "tiles": "on tiles", "planks": "on wooden planks",
    "bricks": "on bricks", "checker": "on a checkered floor", "cobble": "on cobblestones",
}  # fmt: skip
_PLACES = {
    "city": "in a city", "courtyard": "in a courtyard", "forest": "in a forest", "interior": "in a hall",
    "night": "at night", "studio": "in a studio", "sunrise": "at sunrise", "sunset": "at sunset",
}  # fmt: skip
_SHOTS = {
    "full_body": "full-body", "three_quarter": "three-quarter", "upper_body": "upper-body",
    "head_and_shoulders": "head-and-shoulders", "truncated": "cropped",
}  # fmt: skip
_HIGH, _LOW = math.radians(25), math.radians(-4)
_WIDE, _LONG = 24.0, 85.0  # focal lengths of what photographers call wide-angle and telephoto


_FLOORS = {
    "planks": "a plank floor", "wood": "a wooden floor", "tiles": "a tiled floor", "fabric": "a carpet",
    "concrete": "a concrete floor", "checker": "a checkered floor", "photo": "a floor of {}",
}  # fmt: skip
_WALLS = {"plaster": "plastered", "wallpaper": "papered", "bricks": "brick", "tiles": "tiled", "concrete": "concrete",
          "wood": "wood-panelled"}  # fmt: skip
_PHOTOGRAPHED = {"brick": "brick", "wood": "wood-panelled", "planks": "wood-panelled"}
_LANDS = {"grass": "on grass", "speckled": "on bare ground", "asphalt": "on asphalt"}


def where(ground: GroundSpec, light: LightSpec, scene: SceneSpec) -> str:
    """The place and the time."""
    if scene.kind == "plain":
        return " ".join(filter(None, (_GROUNDS[ground.pattern], _PLACES.get(light.hdri, ""))))
    return f"{_place(scene)} at night" if light.time == "night" else _place(scene)


def _stem(surface: SurfaceSpec) -> str:
    return (surface.photo or surface.pattern).split("_")[0]


def _place(scene: SceneSpec) -> str:
    if scene.kind == "room":
        walls = _WALLS.get(scene.walls.pattern) or _PHOTOGRAPHED.get(_stem(scene.walls), "plastered")
        return f"in a room with {walls} walls and {_FLOORS[scene.floor.pattern].format(_stem(scene.floor))}"
    if scene.kind == "street":
        return "on a street between houses"
    if scene.kind == "nature":
        ground = _stem(scene.ground)
        return f"{_LANDS.get(ground, f'on {ground}')}{' among trees' if scene.trees > 2 else ''}"
    if scene.kind == "studio":
        return f"in a studio before {colour_word(scene.a)} paper"
    if scene.kind == "backdrop":
        return "before a backdrop"
    return f"in {with_article(scene.name.rsplit('/', 1)[-1].replace('_', ' '))}"


def filmed(camera: CameraSpec) -> str:
    """The shot, the camera's move and its lens."""
    height = " from above" if camera.elevation > _HIGH else " from below" if camera.elevation < _LOW else ""
    kind = "wide-angle " if camera.focal_mm < _WIDE else "telephoto " if camera.focal_mm > _LONG else ""
    number = round(camera.focal_mm)
    article = "an" if number in (8, 11, 18, *range(80, 90)) else "a"  # as they are spoken
    shot = with_article(_SHOTS[camera.framing])
    return f"{shot} shot{height} {_mover(camera)} with {article} {number} mm {kind}lens"


def _mover(camera: CameraSpec) -> str:
    closer = "closer" if camera.ratio < 1 else "away"
    moves = {
        "static": "static camera",
        "pan": "panning camera",
        "tilt": "tilting camera",
        "dolly": f"camera that moves {closer}",
        "truck": "camera that moves sideways",
        "follow": "camera that follows",
        "track": f"camera that watches the {(camera.track or '').replace('_', ' ')}",
        "orbit": "circling camera",
        "crane": "rising camera" if camera.rise >= 0 else "sinking camera",
        "zoom": f"camera that zooms {'in' if camera.ratio >= 1 else 'out'}",
        "dolly_zoom": f"camera that moves {closer} and zooms {'out' if camera.ratio < 1 else 'in'}",
        "replay": "moving camera",
    }
    if camera.move == "egocentric":
        return f"through the eyes of somebody who walks {'up to them' if camera.ratio < 1 else 'away'}"
    hand = "hand-held " if camera.shake else ""
    return f"by a {hand}{moves[camera.move]}"
