"""What `lab doctor --cluster` asks every machine: its GPUs, its versions, whether it sees the runs."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.run.cluster.ray_cluster import connected

SECONDS = 120.0
"""How long a machine may take to answer."""


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """One machine: its name, resources, versions of packages, and whether it sees the folder of runs."""

    name: str
    resources: Mapping[str, float]
    versions: Mapping[str, str]
    shared: bool


def examine(
    address: str, runs: Path, versions: Callable[[], Mapping[str, str]]
) -> Iterator[MachineAnswer | tuple[str, str]]:
    """Each machine's answer, or (its name, why there is none). Raises InputError without a cluster."""
    probe = runs.resolve() / f".probe-{uuid.uuid4().hex}"
    probe.parent.mkdir(parents=True, exist_ok=True)
    probe.write_text("")
    try:
        with connected(address) as ray:
            alive = [node for node in ray.nodes() if node["Alive"]]
            calls = {ray_name(node): _call(ray, node, probe, versions) for node in alive}
            for node in alive:
                name = ray_name(node)
                try:
                    found, shared = ray.get(calls[name], timeout=SECONDS)
                except Exception as error:
                    yield name, str(error).strip().splitlines()[0]
                    continue
                yield MachineAnswer(name, dict(node["Resources"]), found, shared)
    finally:
        probe.unlink(missing_ok=True)


def ray_name(node: Mapping[str, Any]) -> str:
    """How a machine is called in messages."""
    return str(node.get("NodeManagerHostname") or node.get("NodeManagerAddress"))


def differences(machines: list[MachineAnswer]) -> dict[str, dict[str, int]]:
    """Package -> {version: on how many machines}, for packages whose versions differ."""
    names = sorted({name for machine in machines for name in machine.versions})
    counts = {n: Counter(machine.versions.get(n, "not installed") for machine in machines) for n in names}
    return {name: dict(count) for name, count in counts.items() if len(count) > 1}


def _call(ray: Any, node: Mapping[str, Any], probe: Path, versions: Callable[[], Mapping[str, str]]) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    where = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
    asked = ray.remote(_asked).options(num_cpus=0, max_retries=0, scheduling_strategy=where)
    return asked.remote(str(probe), versions)


def _asked(probe: str, versions: Callable[[], Mapping[str, str]]) -> tuple[dict[str, str], bool]:
    return dict(versions()), Path(probe).is_file()
