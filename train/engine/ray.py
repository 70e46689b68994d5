"""The same loop on the workers of a Ray cluster."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from synth.conventions import ThfmError
from train.config import TrainConfig
from train.engine.run import Run
from train.engine.signals import Stop

_POLL = 0.5  # seconds


def fit_on_ray(config: TrainConfig, out: str | Path, mode: str, workers: int, address: str | None) -> int:
    """``fit`` on Ray workers, one GPU each where the cluster has GPUs; all must see ``out``.

    A signal to this process makes the workers save and end: it is passed on as the file RUN/stop.

    Args:
        address: of a running cluster, ``auto`` for the one this machine belongs to; None starts one here.

    Raises:
        ThfmError: no such cluster, fewer resources than ``workers`` ask for, or what a worker failed with.
    """
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.util.queue import Queue

    run = Run(Path(out).resolve())
    try:
        ray.init(address=address, ignore_reinit_error=True)
    except ConnectionError as error:
        raise ThfmError(
            f"no Ray cluster answers at {address} ({error}): start one, or leave out --ray-address."
        ) from None
    total = ray.cluster_resources()
    gpu = config.engine.device == "auto" and total.get("GPU", 0) > 0
    if total.get("GPU" if gpu else "CPU", 0) < workers:
        has = f"{total.get('GPU' if gpu else 'CPU', 0):g} {'GPUs' if gpu else 'CPUs'}"
        raise ThfmError(f"the Ray cluster has {has}, too few for {workers} workers: ask for fewer by --ray-workers.")
    codes = Queue(actor_options={"num_cpus": 0})  # Ray Train hands back no metrics without a checkpoint of its own
    job = {
        "config": config.model_dump(),
        "out": str(run.folder),
        "mode": mode,
        "cwd": os.getcwd(),
        "codes": codes.actor,
    }
    trainer = TorchTrainer(
        _work,
        train_loop_config=job,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpu),
        run_config=RunConfig(name="ray", storage_path=str(run.folder)),
    )
    ended: dict[str, BaseException] = {}
    with Stop() as stop:
        thread = threading.Thread(target=_guarded, args=(trainer, ended), daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_POLL)
            if stop.received and not run.stop.exists():
                run.stop.write_text(str(stop.received))
    if "error" in ended:
        raise _as_ours(ended["error"])
    return codes.get_nowait()


def _guarded(trainer: Any, ended: dict[str, BaseException]) -> None:
    try:
        trainer.fit()
    except Exception as error:
        ended["error"] = error


def _as_ours(error: BaseException) -> BaseException:
    """An error of the project that a worker raised, out of what Ray wrapped around it."""
    causes = [error, *getattr(error, "worker_failures", {}).values()]
    for cause in causes:
        while cause is not None:
            if isinstance(cause, ThfmError):
                return ThfmError(str(cause))
            cause = getattr(cause, "cause", None) or cause.__cause__
    return error


def _work(job: dict[str, Any]) -> None:
    """What each worker does; Ray has made the process group."""
    import ray
    import ray.train

    from train.engine.trainer import fit

    if os.path.isdir(job["cwd"]):
        os.chdir(job["cwd"])  # where relative URLs of data sets begin
    code = fit(TrainConfig.model_validate(job["config"]), job["out"], job["mode"])
    if ray.train.get_context().get_world_rank() == 0:
        ray.get(job["codes"].put.remote(code))
