"""The `cluster:` of a recipe: where its stages run. It is part of no digest, because it changes no number."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lab.core.component import Component


class ClusterComponent(Component):
    """Base of the kinds of clusters."""

    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    distributed: ClassVar[bool] = False
    """Whether stages are cut into shards for several workers."""

    def line(self) -> str:
        """Where stages run, for `lab check`; "" if that is this process."""
        return ""

    def known_workers(self, gpus: int) -> int:
        """The number of workers as far as it can be known in advance; `gpus`: those of this machine."""
        return 1


class NoCluster(ClusterComponent):
    """Each stage runs in one process on this machine. The default."""

    kind: Literal["none"] = "none"


MISSING = (
    "this needs Ray, which is not installed. `make venv` installs it; elsewhere: "
    "pip install 'post-pretraining-lab[ray]'"
)


class RayCluster(ClusterComponent):
    """Workers on a Ray cluster, or on all GPUs of this machine; each has an engine of its own."""

    distributed: ClassVar[bool] = True

    kind: Literal["ray"] = "ray"
    address: str = Field(default="local", min_length=1)
    """`local` starts Ray on this machine and stops it at the end; `auto` finds the cluster that this machine
    belongs to; or the address of its head node, as host:port.
    """
    workers: int | None = Field(default=None, ge=1)
    """Number of workers of a stage; by default one for every `gpus` GPUs of the cluster, or one per machine
    if there are none.
    """
    gpus: float | None = Field(default=None, ge=0)
    """GPUs of a worker; by default one, or none if the cluster has none."""
    cpus: float | None = Field(default=None, gt=0)
    """Processor cores of a worker; by default 1 beside a GPU, else an equal share of all cores."""
    shard: int = Field(default=64, ge=1)
    """Maximum number of problems in a shard, the unit of work that is lost if a worker is lost."""
    tries: int = Field(default=3, ge=1)
    """Number of workers that may crash on a shard before it is given up; the other shards are finished."""

    def line(self) -> str:
        """The number of workers and the cluster."""
        count = {None: "as many workers as there is room for", 1: "1 worker"}.get(self.workers)
        where = "of this machine" if self.address == "local" else f"at {self.address}"
        return f"with {count or f'{self.workers} workers'} on a Ray cluster {where}"

    def known_workers(self, gpus: int) -> int:
        """As stated; else one for every share of this machine's GPUs, if the cluster is this machine."""
        if self.workers is not None:
            return self.workers
        return max(1, int(gpus // (self.gpus or 1))) if self.address == "local" else 1

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields one if Ray is not installed."""
        if find_spec("ray") is None:
            yield "kind", MISSING
