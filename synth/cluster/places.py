"""Where a clip can go: to whichever machine Ray finds for it and, if asked for, to machines without a GPU too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from synth.cluster.config import ClusterConfig

ANY = ""  # wherever Ray finds room: with a GPU, where the config reserves one


def memory_bytes(config: ClusterConfig) -> int | None:
    """Memory of one worker."""
    return None if config.memory_gb_per_worker is None else int(config.memory_gb_per_worker * 2**30)


def ahead_cpus(cpus_per_worker: float) -> float:
    """Cores that the draw of a clip reserves, which runs on one."""
    return min(1.0, cpus_per_worker)


def wanted(config: ClusterConfig) -> dict[str, float]:
    """What a clip reserves, by the names of Ray."""
    amounts = {"CPU": config.cpus_per_worker, "GPU": config.gpus_per_worker, "memory": memory_bytes(config) or 0}
    return {name: amount for name, amount in amounts.items() if amount}


def slots_on(wanted: Mapping[str, float], resources: Mapping[str, float]) -> int:
    """Clips at once within the resources; 0: there is no room for one."""
    return min(int(resources.get(name, 0) / amount + 1e-6) for name, amount in wanted.items())


def places_now(config: ClusterConfig) -> dict[str, int]:
    """Clips at once, by place: ``ANY``, and Ray's ids of the machines without a GPU that are used beside it."""
    import ray

    needs = wanted(config)
    places = {ANY: slots_on(needs, ray.cluster_resources())}
    if config.machines_without_gpu:
        del needs["GPU"]
        for node in ray.nodes():
            if node["Alive"] and not node["Resources"].get("GPU"):
                places[node["NodeID"]] = slots_on(needs, node["Resources"])
    return places


def total(places: Mapping[str, int], config: ClusterConfig) -> int:
    """Clips at once, at most ``config.workers``."""
    slots = sum(places.values())
    return slots if config.workers is None else min(slots, config.workers)


def next_place(places: Mapping[str, int], taken: Counter[str], config: ClusterConfig) -> str | None:
    """Where to ask for the next clip; None: enough are asked for.

    A few more than can run keep workers busy and tell an autoscaler that more machines would help; memory stays bounded
    however many clips there are.

    Args:
        taken: clips that are asked for, by place.
    """
    if config.workers is not None and taken.total() >= config.workers:
        return None
    for place, slots in places.items():
        if place != ANY and slots and taken[place] < slots + 1:  # one waits there, so that no worker does
            return place
    most = places[ANY] + max(2, places[ANY]) if config.workers is None else config.workers
    return ANY if taken[ANY] < most else None


def options(place: str) -> dict[str, Any]:
    """What sets a task of a place apart from one of ``ANY``, as Ray's ``options`` takes it."""
    if place == ANY:
        return {}
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return {"num_gpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(place, soft=False)}
