"""Starting Ray on this machine, or joining a cluster, without noise."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

from synth.cluster.config import ClusterConfig
from synth.cluster.places import places_now, total, wanted
from synth.conventions import ThfmError
from synth.threads import ONE_THREAD

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
_HEAD = 15.0  # seconds in which the head of a cluster has to answer
_SLOW = 60.0  # seconds in which Ray should have come up
_STORE = 0.1  # share of the memory for draws that wait in Ray, some 30 MB a person; beyond, Ray uses the disk


def address_of(config: ClusterConfig) -> str | None:
    """The Ray cluster to join; none: this machine."""
    address = config.address or os.environ.get("RAY_ADDRESS") or None
    return None if address == "local" else address


@contextlib.contextmanager
def connected(config: ClusterConfig, say: Callable[[str], None] = print) -> Iterator[int]:
    """Ray for the block; yields how many clips can be made at once: none yet, where machines are still to come.

    Args:
        say: told of a start that takes long.

    Raises:
        ThfmError: the cluster cannot be reached, or this machine has no room for one worker.
    """
    os.environ.update(_QUIET)
    address = address_of(config)
    if address is None:  # workers inherit the environment; on a cluster it has to be sent to them
        os.environ.update(ONE_THREAD)
    elif importlib.util.find_spec("aiohttp") is None:  # Ray would wait for its agent for ever
        raise ThfmError("cluster.address needs all of Ray, here and on the cluster: pip install 'thfm[cluster]'.")
    import ray

    runtime_env = {**config.runtime_env, "env_vars": {**ONE_THREAD, **config.runtime_env.get("env_vars", {})}}
    common = {"log_to_driver": False, "logging_level": logging.CRITICAL, "configure_logging": True}
    late = f"Ray has not come up on {address or 'this machine'} in {_SLOW:g} s; it tries on, Ctrl-C gives up."
    slow = threading.Timer(_SLOW, say, [late])
    slow.daemon = True
    slow.start()
    try:
        if address is None:
            cpus = None if config.workers is None else math.ceil(config.workers * config.cpus_per_worker)
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
            ray.init(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                object_store_memory=int(_STORE * memory),
                _node_ip_address="127.0.0.1",  # nothing but this machine takes part, whatever its network does
                **common,
            )
        else:
            _await_head(address)
            ray.init(address=address, runtime_env=runtime_env, **common)
    except Exception as error:  # Ray raises it bare where a loaded machine takes too long
        ray.shutdown()
        why = " ".join(str(error).split())[:300]
        if address is None:
            raise ThfmError(f"Ray cannot start on this machine ({why}): free memory or processes.") from None
        raise ThfmError(
            f"Ray at {address} cannot be joined ({why}): check cluster.address or RAY_ADDRESS, and set RAY_AUTH_TOKEN "
            "if it asks for one."
        ) from None
    finally:
        slow.cancel()
    try:
        slots = total(places_now(config), config)
        if not slots and address is None:
            raise ThfmError(f"{lacking(config)}: lower it.")
        yield slots
    finally:
        ray.shutdown()


def lacking(config: ClusterConfig) -> str:
    """The key that asks for more than there is now, and how much there is."""
    import ray

    resources = ray.cluster_resources()
    name = next((n for n, amount in wanted(config).items() if resources.get(n, 0) < amount), "CPU")
    key = {"CPU": "cpus_per_worker", "GPU": "gpus_per_worker", "memory": "memory_gb_per_worker"}[name]
    return f"cluster.{key} asks for more than there is ({name}: {resources.get(name, 0):g})"


def _await_head(address: str) -> None:
    """Ray itself tries for minutes to reach a machine that is not there.

    Raises:
        OSError: nothing answers at ``[scheme://]host:port``; names like ``auto`` are left to Ray.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdigit()):
        return
    end = time.monotonic() + _HEAD
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_HEAD).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(1)
