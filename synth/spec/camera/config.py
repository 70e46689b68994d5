"""What the sampler of cameras can be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from synth.conventions import JOINT_NAMES
from synth.spec.camera.model import Framing, Move
from synth.spec.ranges import Share, range_of


def _joints(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in JOINT_NAMES:
            raise ValueError(f"{name!r} is no joint: take names such as head, pelvis, left_wrist, right_ankle")
    return names


Joints = Annotated[tuple[str, ...], AfterValidator(_joints)]


class CameraConfig(BaseModel):
    """How people are filmed. A name that a list holds twice is drawn twice as often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    moves: tuple[Move, ...] = Field(
        ("static", "static", "pan", "tilt", "dolly", "truck", "follow", "track", "orbit", "crane", "zoom", "dolly_zoom",
         "egocentric"),
        min_length=1, description="replay too, where bodies.camera_paths names captured paths",
    )  # fmt: skip
    framings: tuple[Framing, ...] = Field(
        ("full_body", "full_body", "three_quarter", "upper_body", "head_and_shoulders", "truncated"), min_length=1
    )
    truncated: range_of(gt=0, le=1) = Field(
        (0.3, 0.6), description="share of the body's height that a truncated framing shows"
    )
    focal_mm: range_of(ge=1) = Field((12.0, 200.0), description="focal lengths at mid-clip, 36 mm on the long side")
    elevation_degrees: range_of(ge=-90, le=90) = Field(
        (-12.0, 40.0), description="camera elevation over the people's middle"
    )
    roll_degrees: range_of(ge=-180, le=180) = Field((-3.0, 3.0), description="how crooked the camera is held")
    fill: range_of(gt=0, le=1) = Field((0.5, 0.92), description="share of the frame that the framed people may span")
    off_centre: Share = Field(0.8, description="how much of the free border people may be moved off centre")
    orbit_degrees_per_second: range_of(ge=0) = Field((5.0, 30.0), description="speed of an orbit, either way")
    crane_degrees_per_second: range_of(ge=0) = Field((3.0, 15.0), description="elevation that a crane wins or loses")
    sweep_per_second: range_of(ge=0) = Field(
        (0.05, 0.3), description="frames by which pan, tilt and truck move the picture"
    )
    dolly_per_second: range_of(ge=1) = Field((1.1, 1.6), description="factor by which the distance changes, either way")
    zoom_per_second: range_of(ge=1) = Field(
        (1.1, 1.8), description="factor by which the focal length changes, either way"
    )
    tracked: Joints = Field(
        ("head", "pelvis", "left_wrist", "right_wrist", "left_ankle", "right_ankle"), min_length=1,
        description="joints that a tracking camera watches",
    )  # fmt: skip
    shutter_degrees: range_of(gt=0, le=360) = Field(
        (60.0, 300.0), description="shutter angles, of 360 degrees a frame; render.motion_blur turns all blur off"
    )
    depth_of_field: Share = Field(0.5, description="share of clips in which only people are in focus")
    f_stop: range_of(gt=0) = Field((1.4, 11.0), description="apertures of those clips, on a full frame")
    distorted: Share = Field(0.5, description="share of clips whose lens distorts")
    distortion: range_of(ge=-0.15, le=0.1) = Field(  # beyond, the model folds corners into the picture
        (-0.1, 0.04), description="how far distortion moves the frame's corner: barrel below 0, pincushion above"
    )
    rolling_shutter: Share = Field(0.3, description="share of clips whose rows are read one after the other")
    readout: range_of(gt=0, le=1) = Field(
        (0.1, 0.6), description="frame times from the first row to the last of those clips"
    )
    eye_height: range_of(gt=0) = Field((1.45, 1.8), description="of an egocentric camera, metres")
    shake: Share = Field(0.4, description="share of clips filmed by hand (egocentric ones always are)")
    shake_degrees: range_of(gt=0) = Field((0.05, 0.6), description="rms about each axis up to 35 mm; stiller beyond")
    shake_metres: range_of(gt=0) = Field((0.002, 0.012), description="rms along each axis")
