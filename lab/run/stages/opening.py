"""Engine, bank and FLOPs model of a stage that draws completions, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from lab.core.bank.store import Bank
from lab.core.charging import Backend
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Engine, Weights
from lab.errors import InputError
from lab.formats.notes import read_notes, write_notes
from lab.run.cost.estimate import expected_tokens
from lab.run.execution.context import BANK, StageContext
from lab.run.recipe.grammar import ModelConfig


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
    assignment = context.assignment
    tokens = expected_tokens(context.recipe, assignment.stage)
    with ExitStack() as stack:
        bank = Bank(assignment.runs / BANK, tell=context.progress.note)
        stack.callback(bank.close)
        engine = context.engine.open(context.weights, expected_tokens=tokens)
        stack.callback(engine.close)
        stack.callback(_tell, engine, context)
        parts = Opened(engine, bank, flops_of(context.weights, context.engine))
        for name, weights in assignment.others.items():
            config = context.stage.models[name]
            chosen = engine_for(config, context.engine, context.stage.model)
            other = chosen.open(weights, expected_tokens=tokens)
            stack.callback(other.close)
            stack.callback(_tell, other, context)
            parts.models[name] = Backend(config.model, other, flops_of(weights, chosen))
        _check_budgets(context, parts)
        yield parts


def engine_for(config: ModelConfig, default: Any, own: str) -> Any:
    """The engine of a stage's further model: its own, else the stage's (`own` is the stage's model)."""
    if config.engine is not None:
        return config.engine
    return default.for_model(config.model, own) if default.kind == "openai" else default


def flops_of(weights: Weights, engine: Any) -> FlopsModel:
    """What a model's tokens cost: from its config, or what was given by hand for one behind a server."""
    from lab.models import flops_behind_server, flops_model

    if engine.kind != "openai":
        return flops_model(weights)
    return engine.flops() or flops_behind_server(weights)


def _tell(engine: Engine, context: StageContext) -> None:
    """Say and keep what a person should know of how a server answered."""
    out, notes = context.assignment.out, list(engine.notes)
    for note in notes:
        context.progress.note(note)
    if notes:
        write_notes(out, list(dict.fromkeys([*read_notes(out), *notes])))


def _check_budgets(context: StageContext, parts: Opened) -> None:
    """Raise InputError for a budget of FLOPs where those of a model are not known."""
    known = parts.flops.known and all(model.flops.known for model in parts.models.values())
    for strategy in () if known else getattr(context.stage, "strategies", ()):
        if strategy.budget and strategy.budget.flops is not None:
            raise InputError(f"{strategy.label}: {NO_BUDGET}")


NO_BUDGET = (
    "`budget_flops` needs the model's size: set `parameters` in the engine, or use "
    "`max_tokens` or `max_samples` instead"
)
