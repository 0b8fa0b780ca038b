"""What every test may use: the support folder on the path (not `tests`: it has an `eval` too), a bank."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from lab.core.bank import Bank
from lab.core.flops import FlopsModel


@pytest.fixture
def flops() -> FlopsModel:
    return FlopsModel(linear=1000, head=100, attention=8, full=2)


@pytest.fixture
def bank() -> Iterator[Bank]:
    bank = Bank(":memory:")
    yield bank
    bank.close()
