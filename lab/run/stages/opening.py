"""Engine, bank and FLOPs model of a stage that draws completions, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.core.bank import Bank
from lab.core.flops import FlopsModel
from lab.core.protocols import Engine
from lab.run.context import BANK, StageContext
from lab.run.estimate import expected_tokens


@dataclass(frozen=True, slots=True)
class Opened:
    """What the scheduler needs."""

    engine: Engine
    bank: Bank
    flops: FlopsModel


@contextmanager
def opened(context: StageContext) -> Iterator[Opened]:
    """Open the stage's engine on its weights, and the bank all runs in this folder share."""
    from lab.models import flops_model

    assignment = context.assignment
    bank = Bank(assignment.runs / BANK)
    engine = context.engine.open(
        context.weights, expected_tokens=expected_tokens(context.recipe, assignment.stage)
    )
    try:
        yield Opened(engine, bank, flops_model(context.weights))
    finally:
        bank.close()
        engine.close()
