"""What the sampler of scenes can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from synth.spec.ranges import Share, counts_of, range_of

Kind = Literal["plain", "room", "street", "nature", "studio", "backdrop", "file"]
Counts = counts_of(60)
Metres = range_of(gt=0)


class SceneConfig(BaseModel):
    """Where clips play. A kind that the list holds twice is drawn twice as often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[Kind, ...] = Field(
        ("plain", "room", "room", "room", "street", "street", "nature", "nature", "studio"), min_length=1,
        description="backdrop and file too, where bodies.backdrop_folders or bodies.scene_folders name some",
    )  # fmt: skip
    photographs: Share = Field(0.4, description="share of surfaces of photographs, where some show such a surface")
    space: Metres = Field((0.35, 2.5), description="metres between walls and all that moves")
    room_height: Metres = Field((2.4, 3.4), description="metres, where no camera needs more")
    windows: Counts = Field((0, 4), description="of a room")
    furniture: Counts = Field((2, 9), description="pieces along the walls of a room; what finds no room is left out")
    lamps_on: Share = Field(
        0.6, description="share of rooms by day in which lamps are on; by night and without windows they are"
    )
    slant_degrees: range_of(ge=-90, le=90) = Field(
        (-75.0, 75.0), description="of a street to the camera; 90 looks along it"
    )
    road: Metres = Field((5.0, 12.0), description="width of roads, metres")
    storeys: Counts = Field((1, 5), description="of houses")
    plants: Counts = Field((2, 16), description="trees and bushes outdoors")
    hills: range_of(ge=0, le=30) = Field((0.0, 6.0), description="metres that the land rises away from people")
    backdrop_metres: Metres = Field((0.5, 5.0), description="from people to a backdrop")
