"""What the engine can be told. Nothing here changes a byte of the data set."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ClusterConfig(BaseModel):
    """Where and how clips are made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        None,
        description="a running Ray cluster (host:port, ray://..., auto); none: RAY_ADDRESS, else this machine (local)",
    )
    runtime_env: dict[str, Any] = Field(
        default_factory=dict,
        description="what Ray brings to the machines of a cluster before they work: working_dir, pip, env_vars, ...",
    )
    workers: int | None = Field(None, ge=1, description="clips made at once; none: as many as the cores allow")
    cpus_per_worker: float = Field(1.0, gt=0, description="cores reserved for a clip; match render.threads")
    gpus_per_worker: float = Field(0.0, ge=0, description="GPUs reserved for a clip")
    machines_without_gpu: bool = Field(
        False,
        description="clips that reserve GPUs are also made on machines that have none; needs render.device=auto",
    )
    memory_gb_per_worker: float | None = Field(
        None, gt=0, description="memory reserved for a clip; a process that takes more is stopped, one that comes near "
        "it after a clip gives way to a new one"
    )  # fmt: skip
    clips_per_process: int = Field(
        20, ge=1, description="a process makes so many clips, then gives way to a new one: Blender leaks"
    )
    retries: int = Field(
        2, ge=0, description="further tries for a clip whose process died; a machine that vanished does not count"
    )
    clip_timeout_seconds: float | None = Field(
        6 * 3600.0, gt=0, description="a clip that takes longer is stopped and fails; null: none does"
    )
    storage_patience_seconds: float = Field(
        600.0, ge=0, description="how long to try again where the storage fails in a way that passes"
    )
    give_up_after: int = Field(8, ge=1, description="stop the run when so many clips in a row have failed")
