"""What the engine can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptimiserConfig(_Part):
    """The optimiser and its learning rates over time."""

    kind: Literal["adamw", "adam"] = Field("adamw", description="adam puts weight decay into the gradient, adamw not")
    lr: float = Field(5e-5, gt=0, description="peak learning rate of the backbone, or of its LoRA")
    lr_tokens: float | None = Field(None, gt=0, description="of token vectors, positions and heads; null: as lr")
    betas: tuple[float, float] = Field((0.9, 0.999), description="decay of the two moments, each in [0, 1)")
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0, description="on matrices; vectors such as norms and biases have none")
    warmup: int = Field(250, ge=0, description="steps over which the rates rise from 0")
    schedule: Literal["constant", "cosine"] = Field("constant", description="after the warm-up")
    final: float = Field(0.0, ge=0, le=1, description="where cosine ends, as a share of the peak")
    clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient of a step; null: any")

    @model_validator(mode="after")
    def _betas_are_decays(self) -> OptimiserConfig:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"optimiser.betas must be in [0, 1), got {list(self.betas)}")
        return self


class OutlierConfig(_Part):
    """Which steps are skipped. A step whose gradient is not finite always is."""

    factor: float | None = Field(8.0, gt=1, description="skip above so many times the running median norm; null: never")
    window: int = Field(128, ge=4, description="steps that the median looks back on")
    settle: int = Field(32, ge=1, description="norms to have seen before any is judged")
    give_up: int = Field(50, ge=1, description="stop with an error after so many skipped steps in a row")


class LoraConfig(_Part):
    """Low-rank adapters by peft."""

    rank: int = Field(32, ge=1)
    alpha: float = Field(32.0, gt=0, description="the update is scaled by alpha / rank")
    targets: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="ends of the names of linear layers that get adapters; null: the backbone's usual",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="of what goes into an adapter")
    save: Literal["merge", "separate"] = Field("merge", description="in final/: folded into the weights, or apart")


class EngineConfig(_Part):
    """The loop.

    Context parallelism (one clip's tokens spread over several processes) is not offered: grouped attention runs each
    group of tokens against the whole video, which the ring and all-to-all schemes of diffusers and accelerate do not
    know, and 81 x 480 x 832 (32,760 tokens) fits one 80-GB device with FSDP2 and activation checkpointing. More
    processes therefore mean more clips at a time.
    """

    objective: Literal["perceive", "generate"] = Field(
        "perceive", description="perceive: clip to answer in one pass; generate: text to video by rectified flow"
    )
    train: Literal["full", "lora", "tokens"] = Field(
        "full", description="lora and tokens leave the backbone frozen; tokens are trained in all three"
    )
    lora: LoraConfig = LoraConfig()

    steps: int = Field(15_000, ge=1, description="optimiser steps")
    batch_size: int = Field(1, ge=1, description="samples a process sees at a time")
    accumulation: int = Field(1, ge=1, description="batches a process adds up for one step")
    seed: int = Field(0, ge=0)
    optimiser: OptimiserConfig = OptimiserConfig()
    outliers: OutlierConfig = OutlierConfig()
    ema: float | None = Field(None, gt=0, lt=1, description="decay a step of the averaged weights; null: no average")

    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="bf16: activations; weights that are trained stay fp32"
    )
    activation_checkpointing: bool = Field(False, description="recompute blocks in the backward pass; saves memory")
    compile: bool = Field(False, description="torch.compile each block of the backbone")
    fsdp: bool = Field(False, description="FSDP2: every process holds a slice of all weights, instead of a copy")
    device: Literal["auto", "cpu"] = Field("auto", description="cpu: even where there is a GPU")

    caption_dropout: float = Field(0.1, ge=0, le=1, description="generate: share of clips with an empty caption")
    noise: Literal["logit_normal", "uniform"] = Field("logit_normal", description="generate: how s is drawn")
    noise_shift: float = Field(3.0, gt=0, description="generate: s becomes k s / (1 + (k - 1) s); 1 leaves it")

    log_every: int = Field(10, ge=1, description="steps")
    validate_every: int | None = Field(500, ge=1, description="steps; null: only at the end")
    constant_samples: int = Field(
        64, ge=0, description="training samples whose mean is the constant answer beside each metric; 0: none"
    )
    pictures: int = Field(4, ge=0, description="clips drawn at a validation")
    checkpoint_every: int = Field(500, ge=1, description="steps")
    keep_last: int = Field(2, ge=1, description="newest checkpoints kept")
    keep_best: int = Field(0, ge=0, description="checkpoints kept for the best value of best_metric besides")
    best_metric: str | None = Field(
        None, description="such as depth/abs_rel; null: the mean of the validation losses of all tasks"
    )
    final_weights: Literal["ema", "last"] = Field("ema", description="what validation and final/ use, where ema is set")
    time_limit: float | None = Field(None, gt=0, description="minutes until the run saves and ends by itself")
    wandb: str | None = Field(None, description="Weights & Biases project; null: none")

    @model_validator(mode="after")
    def _parts_fit(self) -> EngineConfig:
        if self.objective == "generate" and self.train == "tokens":
            raise ValueError("train=tokens has nothing to train with objective=generate: use full or lora")
        if self.optimiser.schedule == "cosine" and self.optimiser.warmup >= self.steps:
            raise ValueError(
                f"optimiser.warmup must be below steps for a cosine, got {self.optimiser.warmup} of {self.steps}"
            )
        return self


# Keys that a resumed run may change, as dotted names or whole branches; all others must stay.
MAY_CHANGE: tuple[str, ...] = (
    "engine.steps",
    "engine.batch_size",  # so that processes x batch_size x accumulation can stay on other numbers of processes
    "engine.accumulation",
    "engine.log_every",
    "engine.validate_every",
    "engine.pictures",
    "engine.constant_samples",
    "engine.lora.save",
    "data.workers",
    "data.threads",
    "data.prefetch",
    "data.start",
    "data.retries",
    "data.damaged_share",
    "data.damaged_in_a_row",
    "data.cache",
    "data.validation.clips",
    "model.text.cache",
    "engine.checkpoint_every",
    "engine.keep_last",
    "engine.keep_best",
    "engine.best_metric",
    "engine.final_weights",
    "engine.time_limit",
    "engine.wandb",
    "engine.device",
    "engine.fsdp",
    "engine.outliers.give_up",
    "engine.activation_checkpointing",
    "engine.compile",
)
