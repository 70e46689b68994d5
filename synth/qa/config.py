"""What a clip must fulfil to enter a data set."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(ge=0)]


class QaConfig(BaseModel):
    """Limits of the checks. Shares are of the pixels, vertices or area that the check looks at in one frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempts: int = Field(3, ge=1, le=100, description="how often a rejected clip is drawn anew before it is given up")

    keypoint_pixels: Positive = Field(0.05, description="keypoints2d against the projection of joints3d")

    skin_metres: Positive = Field(0.006, description="visible skin farther than this from the body's surface is wrong")
    skin_share: Share = Field(0.02, description="share of skin pixels that may be wrong")
    shift_pixels: Positive = Field(0.25, description="how far skin as a whole may lie beside the body")
    cloth_metres: tuple[float, float] = Field(
        (-0.03, 0.6), description="heights over the body's surface between which clothes and hair may be"
    )
    cloth_share: Share = Field(0.03, description="share of clothes and hair pixels that may be elsewhere")
    front_metres: Positive = Field(0.03, description="body that is this much nearer than the depth map should be seen")
    front_share: Share = Field(0.05, description="share of the body's area facing the camera that may be missing so")

    surface_distance: Positive = Field(0.02, description="dense pose of skin against that of the nearest body vertex")
    surface_share: Share = Field(0.03, description="share of skin pixels whose dense pose may be elsewhere")
    side_share: Share = Field(0.01, description="share of pixels whose part and dense pose may differ in side")

    flow_pixels: Positive = Field(0.05, description="flow of the static scene against depth and cameras")
    flow_share: Share = Field(0.002, description="share of static pixels whose flow may be wrong")
    body_flow_pixels: Positive = Field(0.5, description="flow of visible skin against the body's projected vertices")
    body_flow_share: Share = Field(0.05, description="share of visible skin vertices whose flow may be wrong")
    return_pixels: Positive = Field(
        0.5, description="a person's pixel carried along its flow must be back this near by the opposite flow"
    )
    return_share: Share = Field(0.05, description="share of such pixels that may end elsewhere")
    colour_flow: Positive = Field(
        1.3, description="how much of the colours' change may remain when the flow is followed, on average; 1 is all"
    )

    normal_degrees: Positive = Field(20.0, description="normals against those of the depth map, where it is smooth")
    normal_share: Share = Field(0.03, description="share of smooth pixels whose normal may be wrong")
    away_share: Share = Field(0.01, description="share of pixels whose normal may turn away from the camera")

    in_frame: Share = Field(
        0.9, description="least share of the vertices that the framing asks for inside the frame, on average"
    )
    person_share: Share = Field(
        0.003,
        description="least share of the frame that a person covers on average whom the framing asks for; where it asks "
        "for n people, 1/sqrt(n) of it",
    )
    people_metres: Positive = Field(0.01, description="how deep a body may sink into another")

    below_floor: Positive = Field(0.02, description="how far a body may sink into the floor, metres")
    above_floor: Positive = Field(0.1, description="how high the lowest moment of a clip longer than any jump may be")
    slide_speed: Positive = Field(
        0.2, description="speed of the stillest point on the floor, averaged over the frames with contact, m/s"
    )

    brightness: tuple[float, float] = Field((0.04, 0.92), description="mean luminance of a frame, 0 black to 1 white")
    clipped_black: Share = Field(0.5, description="share of pixels that may be black")
    clipped_white: Share = Field(0.4, description="share of pixels that may be white")
    person_brightness: Positive = Field(0.015, description="least mean luminance of the people")
    matte_overlap: Share = Field(0.7, description="least overlap (IoU) of colour's matte and the instances, on average")
    frozen_levels: Positive = Field(0.2, description="least mean change, of 255, of pixels that move")
