"""One panel a modality: its title, its legend, and how a frame of it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from synth.conventions import PART_NAMES, SEMANTIC_NAMES
from synth.preview import colour
from synth.preview.overlay import Bodies, MeshRenderer
from synth.preview.palette import (
    LEFT,
    MIDDLE,
    PART_TABLE,
    PARTS,
    PEOPLE_TABLE,
    RIGHT,
    SEMANTIC_TABLE,
    SEMANTICS,
    person_colour,
    ramp,
)
from synth.preview.skeleton import draw_people
from synth.shards import FIELDS

Size = tuple[int, int]  # width, height
Frame = dict[str, Any]  # field -> its value in one frame, without the T axis; "frame" -> the number of the frame
_CHUNK = 8  # frames decoded at a time: bounds memory


@dataclass(frozen=True)
class Legend:
    """What stands beside a panel.

    Attributes:
        lines: text. chips: (label, '#rrggbb', hollow) each. picture: (h, w, 3) uint8. ends: texts under the left and
        the right end of the picture.
    """

    lines: tuple[str, ...] = ()
    chips: tuple[tuple[str, str, bool], ...] = ()
    picture: np.ndarray | None = None
    ends: tuple[str, str] | None = None


@dataclass(frozen=True)
class Panel:
    """One modality of one clip.

    Attributes:
        name: of the modality. title: what a reader calls it. legend: beside the panel.
        draw: frame and size -> (h, w, 3) uint8, or None where the frame has no value at all.
    """

    name: str
    title: str
    legend: Legend
    draw: Callable[[Frame, Size], np.ndarray | None]


def frames_of(clip: Any, start: int, stop: int) -> Iterator[Frame]:
    """Frames ``start`` to ``stop`` of a clip with the fields that panels show, decoded a few at a time."""
    unseen = {"intrinsics", "distortion", "world_to_camera", "joints3d"}
    fields = [name for name in clip.fields() if FIELDS[name].frame_axis is not None and name not in unseen]
    for first in range(start, stop, _CHUNK):
        last = min(first + _CHUNK, stop)
        chunk = {name: clip.frames(name, first, last) for name in fields}
        for i in range(last - first):
            yield {"frame": first + i} | {k: np.take(v, i, axis=FIELDS[k].frame_axis) for k, v in chunk.items()}


def resized(picture: np.ndarray, size: Size, smooth: bool) -> np.ndarray:
    """A picture at ``size``: averaged when it shrinks; when it grows, interpolated if ``smooth``, else in blocks."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    shrinks = size[0] < width
    how = Image.Resampling.BOX if shrinks else Image.Resampling.NEAREST
    if smooth:
        how = Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(picture).resize(size, how))


def panels_of(
    clip: Any, samples: list[Frame], bodies: Bodies | None = None, renderer: MeshRenderer | None = None
) -> list[Panel]:
    """The panels of the fields that a clip holds, in the order in which they are shown.

    Args:
        samples: some frames; legends and ranges are taken from them.
        bodies, renderer: for the panel of recomputed bodies; without them it is left out.
    """
    makers = {
        "rgb": _rgb,
        "keypoints": _keypoints,
        "body": lambda clip, samples: _body(bodies, renderer),
        "instances": _instances,
        "parts": _parts,
        "semantics": _semantics,
        "surface": _surface,
        "matte": _matte,
        "depth": _depth,
        "normals": _normals,
        "flow_forward": lambda clip, samples: _flow(samples, "flow_forward", "Flow, forward", "to the next frame"),
        "flow_backward": lambda clip, samples: _flow(samples, "flow_backward", "Flow, backward", "to the frame before"),
    }
    held = set(clip.fields())
    backdrop = {"rgb"} if "rgb" in held else {"normals"}
    needs = {"keypoints": {"keypoints2d", "visibility"} | backdrop, "body": backdrop}
    made = [make(clip, samples) for name, make in makers.items() if needs.get(name, {name}) <= held]
    return [panel for panel in made if panel is not None]


def _backdrop(frame: Frame, size: Size) -> np.ndarray:
    """What people are drawn over: the colour, or where there is none, the relief that the normals tell of."""
    if "rgb" in frame:
        return resized(frame["rgb"], size, smooth=True)
    return resized(colour.relief_picture(frame["normals"]), size, smooth=True)


def _map(name: str, title: str, legend: Legend, picture: Callable[[np.ndarray], np.ndarray]) -> Panel:
    """A panel that shows one dense field through ``picture``."""

    def draw(frame: Frame, size: Size) -> np.ndarray | None:
        values = frame[name]
        if values.dtype.kind == "f" and not np.isfinite(values).any():
            return None
        return resized(picture(values), size, smooth=False)

    return Panel(name, title, legend, draw)


def _rgb(clip: Any, samples: list[Frame]) -> Panel:
    legend = Legend((f"sRGB, {clip.width} x {clip.height} px",))
    return Panel("rgb", "Colour", legend, lambda frame, size: resized(frame["rgb"], size, smooth=True))


def _keypoints(clip: Any, samples: list[Frame]) -> Panel:
    def draw(frame: Frame, size: Size) -> np.ndarray:
        scale = np.array([size[0] / clip.width, size[1] / clip.height])
        return draw_people(_backdrop(frame, size), frame["keypoints2d"] * scale, frame["visibility"])

    chips = (("left", LEFT, False), ("right", RIGHT, False), ("middle", MIDDLE, False), ("occluded", MIDDLE, True))
    return Panel("keypoints", "Keypoints", Legend(("SMPL-X joints and landmarks",), chips), draw)


def _body(bodies: Bodies | None, renderer: MeshRenderer | None) -> Panel | None:
    if bodies is None or renderer is None:
        return None

    def draw(frame: Frame, size: Size) -> np.ndarray:
        return bodies.over(renderer, frame["frame"], _backdrop(frame, size))

    lines = ("SMPL-X mesh posed anew", "from the stored parameters")
    return Panel("body", "Body model", Legend(lines), draw)


def _chips(samples: list[Frame], name: str, names: tuple[str, ...], colours: dict[int, str]) -> tuple:
    present = sorted({int(label) for frame in samples for label in np.unique(frame[name])} & set(colours))
    return tuple((names[label].replace("_", " "), colours[label], False) for label in present)


def _instances(clip: Any, samples: list[Frame]) -> Panel:
    people = {number: person_colour(number) for number in range(1, 256)}
    names = tuple(f"person {number}" for number in range(256))
    legend = Legend(chips=_chips(samples, "instances", names, people))
    return _map("instances", "Instances", legend, lambda a: colour.label_picture(a, PEOPLE_TABLE))


def _parts(clip: Any, samples: list[Frame]) -> Panel:
    legend = Legend(chips=_chips(samples, "parts", PART_NAMES, PARTS))
    return _map("parts", "Body parts", legend, lambda a: colour.label_picture(a, PART_TABLE))


def _semantics(clip: Any, samples: list[Frame]) -> Panel:
    legend = Legend(chips=_chips(samples, "semantics", SEMANTIC_NAMES, SEMANTICS))
    return _map("semantics", "Semantics", legend, lambda a: colour.label_picture(a, SEMANTIC_TABLE))


def _surface(clip: Any, samples: list[Frame]) -> Panel:
    chips = (
        ("x, to the left", "#ff5050", False),
        ("y, up", "#50d050", False),
        ("z, to the front (contrast x 4)", "#6080ff", False),
    )
    legend = Legend(("point of the rest pose,", "unit cube"), chips)
    return _map("surface", "Dense pose", legend, colour.surface_picture)


def _matte(clip: Any, samples: list[Frame]) -> Panel:
    grey = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (1, 1, 3))
    return _map("matte", "Matte", Legend(("coverage by people",), (), grey, ("0", "1")), colour.matte_picture)


def _depth(clip: Any, samples: list[Frame]) -> Panel:
    people = np.stack([frame["instances"] for frame in samples]) > 0 if "instances" in samples[0] else None
    near, far = colour.depth_range(np.stack([frame["depth"] for frame in samples]), people)
    legend = Legend(("planar z",), (), ramp()[None], (f"{near:.2f} m", f"{far:.2f} m and more"))
    return _map("depth", "Depth", legend, lambda a: colour.depth_picture(a, near, far))


def _normals(clip: Any, samples: list[Frame]) -> Panel:
    x, y = _disc()
    with np.errstate(invalid="ignore"):
        ball = colour.normal_picture(np.stack([x, -y, np.sqrt(1 - x * x - y * y)], -1))
    legend = Legend(("camera space", "x right, y up,", "z to the viewer"), (), ball)
    return _map("normals", "Normals", legend, colour.normal_picture)


def _flow(samples: list[Frame], name: str, title: str, towards: str) -> Panel:
    reach = colour.flow_reach(np.stack([frame[name] for frame in samples]))
    x, y = _disc()
    inside = np.where((np.hypot(x, y) <= 1)[..., None], np.stack([x, y], -1), np.nan)
    legend = Legend((towards, f"rim: {reach:.1f} px"), (), colour.flow_picture(inside, 1.0))
    return _map(name, title, legend, lambda a: colour.flow_picture(a, reach))


def _disc(size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (size, size) in [-1, 1] of the pixels of a round legend, x right and y down."""
    at = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(at, at)
    return x, y
