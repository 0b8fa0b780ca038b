"""The part of `lab doctor` about a cluster: whether it can be reached, its machines, what differs on them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lab.errors import LabError
from lab.run.cli.findings import Finding
from lab.run.cluster.config import MISSING
from lab.run.cluster.examination import MachineAnswer, differences, examine
from lab.run.folders.provenance import versions


def ray_installed() -> Finding:
    """Whether recipes can say `cluster: {kind: ray}`; Ray is optional."""
    try:
        return Finding("cluster", "ray", version("ray"))
    except PackageNotFoundError:
        return Finding("cluster", "ray", f"not installed: `cluster: {{kind: ray}}` cannot be used. {MISSING}")


def cluster(address: str, runs: Path) -> Iterator[Finding]:
    """The findings about the cluster at an address."""
    try:
        found = list(examine(address, runs, versions))
    except LabError as error:
        yield Finding("cluster", address, "not reachable", "blocks", str(error))
        return
    machines = [one for one in found if isinstance(one, MachineAnswer)]
    gpus = sum(machine.resources.get("GPU", 0) for machine in machines)
    cpus = sum(machine.resources.get("CPU", 0) for machine in machines)
    yield Finding("cluster", address, f"{len(machines)} machines, {gpus:g} GPUs, {cpus:g} processor cores")
    for one in found:
        yield _machine(one, runs)
    for package, count in differences(machines).items():
        said = ", ".join(f"{name} on {number}" for name, number in count.items())
        mend = "install the same version on all machines: numbers may depend on who computes them"
        yield Finding("cluster", package, f"versions differ: {said}", "warning", mend)


def _machine(one: MachineAnswer | tuple[str, str], runs: Path) -> Finding:
    if not isinstance(one, MachineAnswer):
        return Finding("cluster", one[0], f"no answer: {one[1]}", "blocks", "see Ray's logs on that machine")
    has = ", ".join(f"{one.resources.get(what, 0):g} {what}s" for what in ("GPU", "CPU"))
    if one.shared:
        return Finding("cluster", one.name, f"{has}; sees {runs}")
    mend = f"put the runs on a file system that all machines share, and name it with --runs (now {runs})"
    return Finding("cluster", one.name, f"{has}; does not see {runs}", "blocks", mend)
