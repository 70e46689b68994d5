"""What the data room can be told; the defaults are those of 81 frames of 480 x 832."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from train.data.augment.config import AugmentConfig

Side = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(_Part):
    """One data set to train on."""

    url: str | tuple[str, ...] = Field(
        description="root of a data set, a tar, a brace pattern of tars, or a list of these; local or any fsspec URL"
    )
    name: str = Field("", description="in logs and in the saved position; its place in the list if empty")
    weight: float = Field(1.0, ge=0, description="share of the samples, relative to the other sources")


class LengthConfig(_Part):
    """How many frames some of the batches have."""

    frames: int = Field(ge=1, description="T; video codecs want 1 + k * their temporal factor")
    share: float = Field(1.0, ge=0, description="share of the batches, relative to the other lengths")
    multiple: int = Field(1, ge=1, description="such a batch has so many times the batch size; for short clips")


class ValidationConfig(_Part):
    """Clips that are held out."""

    urls: tuple[str, ...] = Field((), description="data sets, tars or patterns that are only validated on")
    shards: int = Field(0, ge=0, description="hold out the last so many shards of every source of training, too")
    clips: int | None = Field(None, ge=1, description="validate on so many clips, evenly spread; null: on all")


class CacheConfig(_Part):
    """Latents kept on disk, by content. Needs samples that come again: ``augment`` off, or ``variants`` set."""

    folder: str | None = Field(None, description="where; null: keep none")
    limit_gb: float = Field(100.0, gt=0, description="the entries used longest ago go when there are more GB")


class DataConfig(_Part):
    """Which clips are read, in which sizes, how often, and by how many hands."""

    sources: tuple[SourceConfig, ...] = Field(min_length=1, description="data sets to train on")
    validation: ValidationConfig = ValidationConfig()
    lengths: tuple[LengthConfig, ...] = Field(
        (LengthConfig(frames=1, share=0.25), LengthConfig(frames=81, share=0.75)),
        min_length=1,
        description="lengths of the batches; a clip serves every length that it is long enough for",
    )
    sizes: tuple[tuple[Side, Side], ...] = Field(
        ((480, 832), (832, 480), (624, 624)),
        min_length=1,
        description="height and width of the batches; a clip serves the size whose aspect is nearest to its own",
    )
    strides: dict[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]] = Field(
        {1: 1.0},
        min_length=1,
        description="time stride -> share among the strides that the clip is long enough for; 2 takes each 2nd frame",
    )
    augment: AugmentConfig = AugmentConfig()
    variants: int | None = Field(
        None, ge=1, description="each clip comes in so many fixed windows and augmentations; null: always in new ones"
    )
    cache: CacheConfig = CacheConfig()
    workers: int = Field(4, ge=0, description="processes that read and decode, for each rank; 0: the trainer itself")
    threads: int = Field(1, ge=1, description="threads of each of them; workers * threads need not exceed the cores")
    prefetch: int = Field(2, ge=1, description="batches that each of them prepares ahead")
    start: Literal["forkserver", "spawn"] = Field("forkserver", description="how the processes are started")
    retries: int = Field(4, ge=0, description="further tries of a failing remote read, at growing intervals")
    damaged_share: float = Field(0.05, ge=0, le=1, description="stop when more of a rank's samples are damaged")
    damaged_in_a_row: int = Field(16, ge=1, description="stop when so many clips in a row are damaged")

    @model_validator(mode="after")
    def _make_sense(self) -> DataConfig:
        names = self.source_names
        if len(set(names)) < len(names):
            raise ValueError(f"sources must differ in name, got {', '.join(names)}")
        if not any(source.weight for source in self.sources):
            raise ValueError("sources need a weight above 0, got none")
        if not any(length.share for length in self.lengths):
            raise ValueError("lengths need a share above 0, got none")
        if len({length.frames for length in self.lengths}) < len(self.lengths):
            raise ValueError(f"lengths must differ, got {', '.join(str(length.frames) for length in self.lengths)}")
        if self.cache.folder and self.variants is None and self.augment != AugmentConfig.off():
            raise ValueError(
                "cache.folder needs samples that come again, got augmentation anew at each draw: set variants=4 or so, "
                "or switch augmentation off"
            )
        return self

    @property
    def source_names(self) -> tuple[str, ...]:
        """A name for each source."""
        return tuple(source.name or str(i) for i, source in enumerate(self.sources))
