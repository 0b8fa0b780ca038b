"""Running a stage with several workers on Ray: shards and leases, the workers' loop, the driver.

`config` has what a recipe says. The driver (a stage's process) gives shards to workers and puts their parts
together; a worker is a Ray actor with an engine of its own. Nothing here knows what a stage computes: that is
its `SplitWork`. Importing this package does not import Ray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from lab.run.cluster.config import ClusterComponent

    Cluster = ClusterComponent

REGISTRY = Registry(
    "lab.clusters",
    __name__,
    "Cluster",
    "config:ClusterComponent",
    none="config:NoCluster",
    ray="config:RayCluster",
)
__getattr__ = REGISTRY.exported
