"""What the sampler of props can be told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synth.spec.ranges import Range, Share, counts_of

Counts = counts_of(12)


class PropsConfig(BaseModel):
    """Furniture and things in front of people, beside them and held near them. What finds no room is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Counts = Field((0, 3), description="props of a clip, at most")
    kinds: tuple[str, ...] = Field((), description="kinds to draw from, such as chair or bag; none: all")
    in_front: Share = Field(0.4, description="share of props that hide part of a person from the camera")
    held: Share = Field(0.25, description="share of props that follow a hand; the rest stands beside people")
    hides: Range = Field(
        (0.05, 0.3), description="share of a person's area in the picture that a prop in front hides, on average"
    )
    hides_most: Share = Field(0.4, description="largest share of a person that all props may hide, at any time")
    hides_head: Share = Field(0.25, description="largest share of a person's head that all props may hide, on average")
    fills_most: Share = Field(0.25, description="largest share of the picture that all props may fill, at any time")

    @model_validator(mode="after")
    def _possible(self) -> PropsConfig:
        if self.in_front + self.held > 1:
            raise ValueError(f"in_front and held are shares of all props: {self.in_front} + {self.held} is more than 1")
        if not 0 <= self.hides[0] <= self.hides[1] <= self.hides_most:
            raise ValueError(f"hides must lie between 0 and hides_most = {self.hides_most}, got {list(self.hides)}")
        return self
