"""Recipes on a real Ray cluster of this machine: the same bytes as in one process, also after kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from same_files import differing

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.timeout(900),
]
ROOT = Path(__file__).parents[3]
SMOKE = ROOT / "recipes" / "smoke"
STAGES = {"strategies": ("all",), "data": ("filtered",), "blank": ("magpie",)}
"""All strategies, some of which learn; a corpus with filters that compare all of it, and one without."""
FILES = {"blank": "data"}
ENGINES = {"blank": {"pause": 0.2, "batch": 1}}
"""Slow enough to be killed on the way."""


class OwnRay:
    """A Ray cluster in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, str(ROOT / "tests" / "support" / "own_ray.py")]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        assert self._process.stdout is not None
        found = json.loads(self._process.stdout.readline())
        self.address = str(found["address"])
        self.environment = {**env, **found["environment"]}
        """For processes that use it."""

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def cluster() -> Iterator[OwnRay]:
    """One cluster for all tests: starting it takes longest."""
    cluster = OwnRay()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The runs of one process, made when they are asked for."""
    return {"": tmp_path_factory.mktemp("alone")}


def command(recipe: Path, runs: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "lab", "run", str(recipe), "--runs", str(runs), "--quiet", *more]


def run(recipe: Path, runs: Path, cluster: OwnRay, *more: str) -> None:
    done = subprocess.run(
        command(recipe, runs, *more),
        cwd=ROOT,
        env=cluster.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def recipe(name: str, folder: Path, cluster: OwnRay, shard: int, workers: int) -> Path:
    """Some stages of a smoke recipe, on the cluster."""
    data = yaml.safe_load((SMOKE / f"{FILES.get(name, name)}.yaml").read_text())
    data["stages"] = {stage: data["stages"][stage] for stage in STAGES[name]}
    data["engine"] |= ENGINES.get(name, {})
    data["cluster"] = {
        "kind": "ray",
        "address": cluster.address,
        "shard": shard,
        "workers": workers,
        "cpus": 0.5,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


@pytest.mark.parametrize(("name", "workers", "shard"), [("strategies", 2, 4), ("data", 2, 4)])
def test_a_smoke_recipe_gives_the_same_bytes(
    name: str, workers: int, shard: int, cluster: OwnRay, tmp_path: Path, alone: dict[str, Path]
) -> None:
    path = recipe(name, tmp_path, cluster, shard, workers)
    if name not in alone:
        alone[name] = alone[""] / name
        run(path, alone[name], cluster, "--cluster", "none")
    run(path, tmp_path / "runs", cluster)
    assert not differing(alone[name], tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*/*/.parts"))


def test_killed_workers_and_a_killed_driver_lose_nothing(
    cluster: OwnRay, tmp_path: Path, alone: dict[str, Path]
) -> None:
    """Workers are killed while it runs, then all of it; the same command then ends with the same bytes."""
    path = recipe("blank", tmp_path, cluster, 1, 2)
    if "blank" not in alone:
        alone["blank"] = alone[""] / "blank"
        run(path, alone["blank"], cluster, "--cluster", "none")
    runs = tmp_path / "runs"
    with subprocess.Popen(
        command(path, runs),
        cwd=ROOT,
        env=cluster.environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        _wait_for_parts(runs, 2, process)
        for pid in _workers():
            os.kill(pid, signal.SIGKILL)
        _wait_for_parts(runs, 4, process)
        assert process.poll() is None, "it is still at work when it is killed"
        os.killpg(process.pid, signal.SIGKILL)
    run(path, runs, cluster)
    assert not differing(alone["blank"], runs)


def _wait_for_parts(runs: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + 120
    while len(list(runs.glob("*/*/.parts/[0-9]*"))) < count and process.poll() is None:
        assert time.monotonic() < last, "no parts appear"
        time.sleep(0.02)


def _workers() -> list[int]:
    """The processes of Ray's actors of the lab."""
    import psutil

    named = ((p.pid, " ".join(p.info["cmdline"] or ())) for p in psutil.process_iter(["cmdline"]))
    return [pid for pid, line in named if line.startswith("ray::Worker")]
