"""What the shards can be told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ShardsConfig(BaseModel):
    """How clips are grouped: shard k holds clips k * clips_per_shard onwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips_per_shard: int = Field(16, ge=1, le=100_000, description="clips a shard; rejected ones leave it smaller")
