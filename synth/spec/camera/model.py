"""``CameraSpec``: how a clip is filmed, as plain data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Move = Literal[
    "static", "pan", "tilt", "dolly", "truck", "follow", "track", "orbit", "crane", "zoom", "dolly_zoom", "egocentric",
    "replay",
]  # fmt: skip
Framing = Literal["full_body", "three_quarter", "upper_body", "head_and_shoulders", "truncated"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShakeSpec(_Frozen):
    """A hand that holds the camera: root mean squares about each axis (degrees) and along it (metres), and a seed."""

    degrees: float = Field(ge=0)
    metres: float = Field(ge=0)
    seed: int = Field(ge=0)


class GaitSpec(_Frozen):
    """Who walks with the camera: steps a second, how far each lifts the head (metres), phase in steps."""

    steps_per_second: float = Field(gt=0)
    lift: float = Field(ge=0)
    phase: float = 0.0


class ReplaySpec(_Frozen):
    """A captured path by name, and where in it the clip begins, in seconds."""

    path: str
    start: float = Field(ge=0)


class LensSpec(_Frozen):
    """How the picture is formed; labels know of its distortion and its readout alone.

    Attributes:
        shutter: open share of the frame time, 0.5 for 180 degrees.
        f_stop: aperture on a full frame, focused on the people; None leaves everything sharp. It is stopped down until
            the framed people are sharp.
        k1, k2: radial distortion as OpenCV has it.
        readout: share of the frame time from the first row to the last of a rolling shutter; 0 for a global one.
    """

    shutter: float = Field(0.5, gt=0, le=1)
    f_stop: float | None = Field(None, gt=0)
    k1: float = 0.0
    k2: float = 0.0
    readout: float = Field(0.0, ge=0, le=1)


class CameraSpec(_Frozen):
    """How the camera behaves; ``synth.cameras`` solves the path that keeps in sight what the framing asks for.

    Attributes:
        move: static; pan and tilt (turn in place, sideways and up or down); dolly (along the view), truck (across it);
            follow (keeps its offset to the people); track (stands and watches one body part); orbit (circles them);
            crane (rises or sinks and keeps looking at them); zoom (the lens changes); dolly_zoom (the lens makes up for
            a dolly); egocentric (somebody walks up to them or away); replay (a captured path).
        framing: the name of what is in sight; ``band`` says it: the heights of the standing body between which people
            are in sight, in shares of their size, 0 at the soles and 1 at the crown.
        focal_mm: focal length at mid-clip, as on a full frame whose long side is 36 mm.
        azimuth: direction from the people to the camera, radians about z; elevation: radians above their middle.
        fill: largest share of the frame's width or height that the framed people span.
        orbit: angle travelled by an orbit over the clip, radians; rise: elevation won by a crane, radians.
        sweep: shares of the frame by which pan, tilt and truck move the picture over the clip; signed.
        ratio: distance at the end against the beginning (dolly, dolly_zoom, egocentric), or focal length (zoom).
        track: joint of ``conventions.JOINT_NAMES`` that a tracking camera watches.
        eye_height: of an egocentric camera, metres over the floor.
        roll: constant rotation about the view, radians.
        aim: offset of the aim in shares of the free border, in [-1, 1], so that people are not always centred.
    """

    move: Move
    framing: Framing = "full_body"
    band: tuple[float, float] = (0.0, 1.0)
    focal_mm: float = Field(gt=0)
    azimuth: float
    elevation: float
    fill: float
    orbit: float = 0.0
    rise: float = 0.0
    sweep: float = 0.0
    ratio: float = Field(1.0, gt=0)
    track: str | None = None
    eye_height: float = 1.6
    roll: float = 0.0
    aim: tuple[float, float] = (0.0, 0.0)
    shake: ShakeSpec | None = None
    gait: GaitSpec | None = None
    replay: ReplaySpec | None = None
    lens: LensSpec = LensSpec()
