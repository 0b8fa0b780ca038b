"""Generate stages on engines that finish out of order and fail now and then, whole and in parts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_gen_support import Sums
from in_parts import in_parts

from data_gen.generation.settings import CorpusSettings
from data_gen.generation.work import Generation
from data_gen.methods import RejectionSampling
from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.scheduling.scheduler import run_plans
from lab.core.scheduling.whole import run_whole
from lab.core.types import Sampling
from lab.engine.fake.engine import FakeEngine

FLOPS = FlopsModel(linear=1000, head=100, attention=8, full=2)
ALL = sys.maxsize


@dataclass
class World:
    """A stage; its engine is made anew for every process."""

    method: Any = field(default_factory=lambda: RejectionSampling(samples=4))
    filters: Sequence[Any] = ()
    tasks: Sequence[Any] = field(default_factory=lambda: [Sums(size=70)])
    test_tasks: Sequence[Any] = ()
    models: Sequence[str] = ()
    embed: Any = None
    max_failed: float = 1.0
    engine: Callable[[], Any] = lambda: FakeEngine(
        fail_rate=0.05, batch=16, latency_order="shuffled", identity="f"
    )

    def work(self) -> Generation:
        """What each process makes of the same recipe."""
        settings = CorpusSettings(
            run="tests",
            stage="corpus",
            model="tiny",
            tasks=self.tasks,
            method=self.method,
            filters=self.filters,
            sampling=Sampling(max_tokens=40),
            test_tasks=self.test_tasks,
            run_seed=0,
            embed=self.embed,
            max_failed=self.max_failed,
        )
        return Generation(settings)

    def run(self, jobs: Any, ledger: Any, total: Any = None) -> Any:
        """A scheduler with an engine and a bank of its own."""
        models = {name: Backend(name, self.engine(), FLOPS) for name in self.models}
        bank, engine = Bank(":memory:"), self.engine()
        return run_plans(
            jobs, engine, bank=bank, ledger=ledger, flops=FLOPS, run_seed=0, models=models, total=total
        )

    def whole(self, out: Path) -> dict[str, bytes]:
        """The products of one process."""
        run_whole(self.work(), out, self.run)
        return products(out)

    def in_parts(self, out: Path, size: int) -> dict[str, bytes]:
        """The products put together from parts of this size, made in another order."""
        in_parts(self.work, out, self.run, size, seed=size)
        return products(out)


def products(out: Path) -> dict[str, bytes]:
    """Name -> bytes of everything but the parts."""
    files = (p for p in sorted(out.rglob("*")) if p.is_file() and ".parts" not in p.parts)
    return {str(p.relative_to(out)): p.read_bytes() for p in files}
