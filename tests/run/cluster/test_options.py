"""What a user can say about a cluster, and the message if it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.core.protocols import Weights
from lab.errors import InputError
from lab.run.cluster import config
from lab.run.cluster.config import RayCluster
from lab.run.cluster.ray_cluster import sized
from lab.run.execution.assignment import Assignment
from lab.run.recipe.recipe import Recipe, loads, render

TEXT = """
name: r
engine: {kind: fake}
cluster: {kind: ray, workers: 3}
stages:
  e: {kind: evaluate, model: tiny, tasks: [{kind: capitals, limit: 4}], strategies: [{kind: greedy}]}
"""


@pytest.fixture
def recipe() -> Recipe:
    return loads(TEXT)


def test_a_cluster_changes_no_digest(recipe: Recipe) -> None:
    alone = loads(TEXT.replace("cluster: {kind: ray, workers: 3}", ""))
    assert recipe.resolved("e") == alone.resolved("e")
    assert render(recipe) == render(alone)


def test_the_command_line_decides(recipe: Recipe) -> None:
    assert recipe.on(None, None) == recipe
    assert recipe.on("ray", 5).cluster == RayCluster(workers=5)
    assert recipe.on("none", None).cluster.kind == "none"
    assert recipe.on("none", None).on("ray", None).cluster == RayCluster()


@pytest.mark.parametrize(
    ("cluster", "workers", "said"),
    [
        ("rai", None, "'rai' is no kind of cluster; expected none or ray. Did you mean 'ray'?"),
        ("none", 2, "this needs a cluster: add --cluster ray"),
    ],
)
def test_wrong_options(recipe: Recipe, cluster: str, workers: int | None, said: str) -> None:
    with pytest.raises(InputError) as error:
        recipe.on(cluster, workers)
    assert error.value.message == said


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"cluster.kind: .*Ray, which is not installed.*pip install"):
        loads(TEXT)
    with pytest.raises(InputError, match="Ray, which is not installed"):
        loads(TEXT.replace("kind: ray, workers: 3", "kind: none")).on("ray", None)


def test_an_assignment_keeps_its_cluster(recipe: Recipe, tmp_path: Path) -> None:
    weights = Weights("tiny", tmp_path, "0")
    given = Assignment(
        render(recipe), "e", tmp_path, tmp_path, {}, weights, "", cluster=RayCluster(workers=2, gpus=0.5)
    )
    assert Assignment.load(given.dump()) == given


@pytest.mark.parametrize(
    ("said", "total", "machines", "workers", "gpus", "cpus"),
    [
        (RayCluster(), {"CPU": 64.0, "GPU": 8.0}, 1, 8, 1, 1),
        (RayCluster(gpus=2), {"CPU": 64.0, "GPU": 8.0}, 1, 4, 2, 1),
        (RayCluster(), {"CPU": 64.0}, 4, 4, 0, 16),
        (RayCluster(workers=4), {"CPU": 2.0}, 1, 4, 0, 0.5),
        (RayCluster(workers=3, cpus=2), {"CPU": 2.0}, 1, 3, 0, 2),
    ],
)
def test_open_settings_follow_from_the_cluster(
    said: RayCluster, total: dict[str, float], machines: int, workers: int, gpus: float, cpus: float
) -> None:
    found = sized(said, total, machines)
    assert (found.workers, found.gpus, found.cpus) == (workers, gpus, cpus)
