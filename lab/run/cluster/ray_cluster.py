"""Connecting to Ray: a cluster of this machine alone, started and stopped by the lab, or an existing one.

Ray is optional; it is imported here and nowhere else, and only when a recipe asks for it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from lab.errors import InputError, StageError
from lab.run.cluster.config import MISSING, RayCluster

LOCAL = "local"
STORE_BYTES = 100 * 2**20
"""Ray's object store: only problems and reports pass through it."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_raylet_start_wait_time_s": "300",
}


def imported() -> Any:
    """Ray. Raises InputError, which says what to install, if it is not there."""
    if find_spec("ray") is None:
        raise InputError(MISSING, where="cluster")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


@contextmanager
def started_here(cores: int, gpus: int) -> Iterator[str]:
    """A cluster of this machine alone, for the duration of the context; yields its address.

    Only processes that inherit this one's environment can use it: it has a token of its own.
    """
    if not any(name.startswith("RAY_AUTH_") for name in os.environ):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # Ray then asks for it, and writes it nowhere
    ray = imported()
    try:
        ray.init(
            address=LOCAL,
            num_cpus=cores,
            num_gpus=gpus,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
        )
    except Exception as error:
        raise StageError(f"Ray could not be started on this machine: {error}") from error
    try:
        yield ray.get_runtime_context().gcs_address
    finally:
        ray.shutdown()


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to an existing cluster. Raises InputError if it cannot be reached."""
    ray = imported()
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except Exception as error:
        message = f"the Ray cluster '{address}' cannot be reached: {error}"
        raise InputError(message, where="cluster") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def machines_of(ray: Any) -> int:
    """The number of machines of the cluster that are there now."""
    return sum(node["Alive"] for node in ray.nodes())


def sized(cluster: RayCluster, total: dict[str, float], machines: int) -> RayCluster:
    """The cluster's settings with a number for each that is left open; `total` are its resources."""
    gpus = cluster.gpus if cluster.gpus is not None else float(min(1, total.get("GPU", 0)))
    workers = cluster.workers
    if workers is None:
        workers = max(1, int(total.get("GPU", 0) // gpus)) if gpus else max(1, machines)
    cpus = cluster.cpus
    if cpus is None:
        cpus = 1.0 if gpus else max(0.01, int(100 * total.get("CPU", 1) / workers) / 100)
    return cluster.model_copy(update={"workers": workers, "gpus": gpus, "cpus": cpus})
