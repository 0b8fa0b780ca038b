"""What every test may use: the support folder on the path (not `tests`: it has an `eval` too), a bank."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "support"))
sys.path.insert(0, str(Path(__file__).parent / "support" / "engines"))
sys.path.insert(0, str(Path(__file__).parent / "support" / "worlds"))

from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel


def _keep_to_own_cores() -> None:
    """Each of several test workers, with all it starts, has cores of its own: programs that compute on all
    the cores they see would otherwise wait for each other most of the time."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if count < 2 or not hasattr(os, "sched_setaffinity"):
        return
    cores, number = sorted(os.sched_getaffinity(0)), int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    own = cores[number * len(cores) // count : (number + 1) * len(cores) // count]
    if own:
        os.sched_setaffinity(0, own)


_keep_to_own_cores()
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


SLOW_FIRST = (
    "real/test_loop",
    "real/test_online",
    "real/test_more_trainers",
    "train",
    "recipes",
    "run/execution",
    "models",
    "project",
    "run/cluster",
    "eval/report",
)
"""Files that take longest come first: a long one at the end would keep one test worker waiting."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(here).as_posix()
        return next((n for n, slow in enumerate(SLOW_FIRST) if path.startswith(slow)), len(SLOW_FIRST))

    items.sort(key=rank)


@pytest.fixture
def flops() -> FlopsModel:
    return FlopsModel(linear=1000, head=100, attention=8, full=2)


@pytest.fixture
def bank() -> Iterator[Bank]:
    bank = Bank(":memory:")
    yield bank
    bank.close()
