"""Engine, bank and FLOPs model of a stage that draws completions, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from lab.core.bank import Bank
from lab.core.charging import Backend
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
    models: dict[str, Backend] = field(default_factory=dict)


@contextmanager
def opened(context: StageContext) -> Iterator[Opened]:
    """Open the stage's engines on their weights, and the bank all runs in this folder share."""
    from lab.models import flops_model

    assignment = context.assignment
    tokens = expected_tokens(context.recipe, assignment.stage)
    with ExitStack() as stack:
        bank = Bank(assignment.runs / BANK, tell=context.progress.note)
        stack.callback(bank.close)
        engine = context.engine.open(context.weights, expected_tokens=tokens)
        stack.callback(engine.close)
        parts = Opened(engine, bank, flops_model(context.weights))
        for name, weights in assignment.others.items():
            config = context.stage.models[name]
            other = (config.engine or context.engine).open(weights, expected_tokens=tokens)
            stack.callback(other.close)
            parts.models[name] = Backend(config.model, other, flops_model(weights))
        yield parts
