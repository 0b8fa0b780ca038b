"""What a recipe will cost before it is spent: requests, tokens, FLOPs, seconds, disk and memory by stage.

Nothing is drawn and no model is loaded: plans are rehearsed (see `rehearsal`), speeds come from earlier
runs or a table (see `rates`), FLOPs from the model's config. "expected" supposes a likely length of a
completion, "at most" the full `max_tokens`; what the bank already holds is not subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.formats.corpus import shards_in, token_counts
from lab.run.cost.device import machine_of
from lab.run.cost.known_model import KnownModel, known_model
from lab.run.cost.online_demand import online_demand
from lab.run.cost.rates import Throughput, Work, rate_for
from lab.run.cost.rehearsal import LIKELY, Demand, stage_demand
from lab.run.recipe.grammar import EvaluateStage, GenerateStage, TrainStage
from lab.run.recipe.recipe import Recipe
from lab.system.machine import Machine

BANKED_BYTES = 4
"""Disk of one generated token in bank and answers, measured about 3 (text and ids, compressed)."""
ROW_BYTES = 1_000
"""Disk of one completion in bank, ledger and answers besides its text."""
KEEP = 0.1
"""Share of samples expected to pass the filters; 0.07 was measured for SmolLM2-135M on easy arithmetic."""
GIB = 2**30


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage: expected tokens and FLOPs, `most_*` upper bounds, disk and memory in bytes."""

    stage: str
    kind: str
    problems: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    most_completion_tokens: int = 0
    flops: float | None = None
    seconds: float = 0.0
    most_seconds: float = 0.0
    disk: int = 0
    memory: int = 0
    speed: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """All stages of a recipe, in order."""

    recipe: str
    stages: tuple[StageEstimate, ...]
    notes: tuple[str, ...] = field(
        default=(
            "prompt tokens are estimated as characters / 4; completions already in the "
            "bank are not subtracted",
        )
    )

    def total(self) -> dict[str, Any]:
        """Sums over the stages, FLOPs None where those of a stage are not known; memory is the largest, since
        stages run one after the other."""
        names = ("requests", "prompt_tokens", "completion_tokens", "most_completion_tokens")
        sums: dict[str, Any] = {n: sum(getattr(s, n) for s in self.stages) for n in names}
        working = [s.flops for s in self.stages if s.kind != "report" and s.requests + s.problems]
        sums["flops"] = None if None in working else sum(flops or 0.0 for flops in working)
        sums |= {n: sum(getattr(s, n) for s in self.stages) for n in ("seconds", "most_seconds", "disk")}
        return {**sums, "memory": max((s.memory for s in self.stages), default=0)}

    def data(self) -> dict[str, Any]:
        """As plain JSON data."""
        return {**asdict(self), "total": self.total()}


def expected_tokens(recipe: Recipe, stage: str) -> int:
    """Tokens a generate or evaluate stage is likely to generate: what an engine chooses its set-up by."""
    return stage_demand(recipe.stages[stage]).expected_tokens


def estimate(recipe: Recipe, runs: Path, *, device: str | None = None) -> Estimate:
    """The cost of every stage, as if none was done yet; on another machine than this one with `device`.

    Raises InputError where a task's data is wrong, or for a device that is not known.
    """
    return Estimate(recipe.name, tuple(_stages(recipe.plain(), runs, machine_of(device))))


def _stages(recipe: Recipe, runs: Path, machine: Any) -> Iterator[StageEstimate]:
    corpora: dict[str, tuple[Demand, int]] = {}
    for name, stage in recipe.stages.items():
        if stage.kind == "report":
            yield StageEstimate(name, "report", seconds=10, most_seconds=20, disk=6_000_000, memory=GIB // 2)
            continue
        model = known_model(recipe, stage.model, None if stage.kind == "train" else recipe.engine_of(stage))
        if isinstance(stage, TrainStage) and stage.tasks:
            yield _online(name, stage, model, runs, machine)
            continue
        if isinstance(stage, TrainStage):
            yield _train(name, stage, model, _drawn(stage, corpora), runs, machine)
            continue
        assert isinstance(stage, GenerateStage | EvaluateStage), "a plain recipe has no other kinds"
        work = Work.of(_settled(stage.engine or recipe.engine, machine))
        rate = rate_for(stage, work, runs, machine, model.per_token)
        demand = stage_demand(stage, likely=rate.likely or LIKELY)
        yield _drawing(name, stage.kind, demand, rate, model)
        if isinstance(stage, GenerateStage):
            corpora[name] = demand, _most_rows(stage, demand)


def _settled(engine: Any, machine: Machine) -> Any:
    """The engine that would draw on that machine, nothing in it "auto"."""
    return engine.settled(machine)


def _drawn(stage: TrainStage, corpora: dict[str, tuple[Demand, int]]) -> tuple[Demand, int] | None:
    """The demand of the corpora made in the recipe and the most rows they can have; None for folders only."""
    found = [corpora[name] for name in stage.corpora if name in corpora]
    if not found:
        return None
    return sum((demand for demand, _ in found), Demand()), sum(most for _, most in found)


def _drawing(name: str, kind: str, demand: Demand, rate: Throughput, model: KnownModel) -> StageEstimate:
    """A stage that draws completions."""
    requests = max(1, demand.requests)
    prompt, tokens = demand.prompt_tokens // requests, demand.expected_tokens // requests
    flops = None
    if model.flops:
        prefill = model.flops.prefill(demand.fresh_prompt_tokens // max(1, demand.problems)) * demand.problems
        flops = prefill + model.flops.decode(prompt, tokens) * demand.requests
    prefill_seconds = demand.fresh_prompt_tokens / (10 * rate.tokens_per_second)
    seconds, most = (
        rate.loading + prefill_seconds + n / rate.tokens_per_second
        for n in (demand.expected_tokens, demand.most_tokens)
    )
    return StageEstimate(
        stage=name,
        kind=kind,
        problems=demand.problems,
        requests=demand.requests,
        prompt_tokens=demand.prompt_tokens,
        completion_tokens=demand.expected_tokens,
        most_completion_tokens=demand.most_tokens,
        flops=flops,
        seconds=seconds,
        most_seconds=most,
        disk=demand.requests * ROW_BYTES + demand.expected_tokens * BANKED_BYTES,
        memory=2 * GIB + model.parameters * 4,
        speed=f"{rate.tokens_per_second:,.0f} tokens/s ({rate.origin})",
        notes=model.notes,
    )


def _most_rows(stage: GenerateStage, demand: Demand) -> int:
    """Rows of the corpus if every sample passed; a cap per problem bounds them."""
    caps = [f.most_per_problem for f in stage.filters if f.most_per_problem is not None]
    return min([demand.requests, *(cap * demand.problems for cap in caps)])


def _train(
    name: str,
    stage: TrainStage,
    model: KnownModel,
    drawn: tuple[Demand, int] | None,
    runs: Path,
    machine: Any,
) -> StageEstimate:
    """A stage that trains, on the part of a corpus that is likely to pass its filters, or on a folder."""
    rate = rate_for(stage, Work("train"), runs, machine, model.per_token)
    corpus = _corpus(stage, drawn)
    rows, seen, most = corpus.rows, *_passes(stage, corpus)
    tokens = round(seen * corpus.length)
    return StageEstimate(
        stage=name,
        kind="train",
        problems=rows,
        prompt_tokens=tokens,
        flops=model.flops.train([corpus.length]) * seen if model.flops and rows else None,
        seconds=rate.loading + tokens / rate.tokens_per_second,
        most_seconds=rate.loading + most * corpus.length / rate.tokens_per_second,
        disk=model.parameters * (4 + 12),
        memory=2 * GIB + model.parameters * 16,
        speed=f"{rate.tokens_per_second:,.0f} tokens/s ({rate.origin})",
        notes=(*model.notes, *corpus.notes),
    )


def _online(name: str, stage: TrainStage, model: KnownModel, runs: Path, machine: Any) -> StageEstimate:
    """A stage that draws what it trains on: answers are drawn, and read and trained on."""
    rate = rate_for(stage, Work("online"), runs, machine, model.per_token)
    likely, most = online_demand(stage), online_demand(stage, 1.0)
    demand = likely.demand(most.length)
    return StageEstimate(
        stage=name,
        kind="train",
        problems=demand.problems,
        requests=demand.requests,
        prompt_tokens=demand.prompt_tokens,
        completion_tokens=demand.expected_tokens,
        most_completion_tokens=demand.most_tokens,
        flops=likely.flops(model.flops) if model.flops else None,
        seconds=rate.loading + likely.tokens / rate.tokens_per_second,
        most_seconds=rate.loading + most.tokens / rate.tokens_per_second,
        disk=model.parameters * (4 + 12),
        memory=2 * GIB + model.parameters * (20 if stage.method.keeps_reference else 16),
        speed=f"{rate.tokens_per_second:,.0f} tokens/s ({rate.origin})",
        notes=model.notes,
    )


@dataclass(frozen=True, slots=True)
class CorpusSize:
    """What a corpus is likely to hold: rows (`most` at most), tokens a row, the share that is no prompt."""

    rows: int
    most: int
    length: int
    learned: float
    notes: tuple[str, ...] = ()


def _corpus(stage: TrainStage, drawn: tuple[Demand, int] | None) -> CorpusSize:
    """From what will be drawn, or from the folders that are there."""
    if drawn is not None:
        demand, most = drawn
        total = demand.prompt_tokens + demand.expected_tokens
        rows = min(most, round(demand.requests * KEEP))
        note = f"assumes that {KEEP:.0%} of the samples pass the filters"
        share = demand.expected_tokens / max(1, total)
        return CorpusSize(rows, most, total // max(1, demand.requests), share, (note,))
    rows, prompts, learned = token_counts([s for folder in stage.corpora for s in shards_in(Path(folder))])
    tokens = prompts + learned
    return CorpusSize(rows, rows, tokens // max(1, rows), learned / max(1, tokens))


def _passes(stage: TrainStage, corpus: CorpusSize) -> tuple[float, float]:
    """How many rows a training goes through, every pass counted: likely, and at most."""
    budget, examples = (getattr(stage.method, name, None) for name in ("budget_tokens", "examples"))
    if budget is not None and corpus.learned:
        seen = budget / max(1.0, corpus.learned * corpus.length)
        return seen, seen
    rows, most = (n if examples is None else min(n, examples) for n in (corpus.rows, corpus.most))
    return rows * _epochs(stage), most * _epochs(stage)


def _epochs(stage: TrainStage) -> float:
    """Epochs from the trainer's fields, whatever they are called there."""
    for holder in (stage.method, getattr(stage.method, "args", None) or {}):
        for key in ("epochs", "num_train_epochs"):
            value = holder.get(key) if isinstance(holder, dict) else getattr(holder, key, None)
            if isinstance(value, int | float):
                return float(value)
    return 1.0
