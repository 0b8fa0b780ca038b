"""The cost of stages that generate completions, train on a corpus, or train on their own samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from lab.formats.corpus import shards_in, token_counts
from lab.run.cost.demand import Demand
from lab.run.cost.estimate import GIB, CorpusDemand, CostBasis, StageEstimate
from lab.run.cost.known_model import KnownModel, known_model
from lab.run.cost.online_demand import online_demand
from lab.run.cost.rates import Throughput, Work, rate_for

BANKED_BYTES = 4
"""Disk space of one generated token in bank and answers; measured: about 3 (text and ids, compressed)."""
ROW_BYTES = 1_000
"""Disk space of one completion in bank, ledger and answers besides its text."""
KEEP = 0.1
"""Share of samples expected to pass the filters; 0.07 was measured for SmolLM2-135M on easy arithmetic."""


def drawing(
    name: str, kind: str, demand: Demand, rate: Throughput, model: KnownModel, workers: int = 1
) -> StageEstimate:
    """A stage that generates completions; each of its workers loads the model and has this speed."""
    requests = max(1, demand.requests)
    prompt, tokens = demand.prompt_tokens // requests, demand.expected_tokens // requests
    flops = None
    if model.flops:
        prefill = model.flops.prefill(demand.fresh_prompt_tokens // max(1, demand.problems)) * demand.problems
        flops = prefill + model.flops.decode(prompt, tokens) * demand.requests
    prefill_seconds = demand.fresh_prompt_tokens / (10 * rate.tokens_per_second)
    seconds, most = (
        rate.loading + (prefill_seconds + n / rate.tokens_per_second) / workers
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
        speed=_said(rate),
        notes=(*model.notes, f"divided by {workers} workers") if workers > 1 else model.notes,
    )


def training(name: str, model: str, method: Any, data: Sequence[str], basis: CostBasis) -> StageEstimate:
    """A stage that trains a model on corpora: on the rows that will probably pass their filters, or on
    folders.
    """
    known = known_model(model, basis.trained_from)
    rate = rate_for(model, Work("train"), basis.runs, basis.machine, known.per_token)
    drawn = [basis.corpora[corpus] for corpus in data if corpus in basis.corpora]
    corpus = _expected_corpus(reduce(add, drawn)) if drawn else _corpus_in(data)
    rows, seen, most = corpus.rows, *_passes(method, corpus)
    tokens = round(seen * corpus.length)
    return StageEstimate(
        stage=name,
        kind="train",
        problems=rows,
        prompt_tokens=tokens,
        flops=known.flops.train([corpus.length]) * seen if known.flops and rows else None,
        seconds=rate.loading + tokens / rate.tokens_per_second,
        most_seconds=rate.loading + most * corpus.length / rate.tokens_per_second,
        disk=known.parameters * (4 + 12),
        memory=2 * GIB + known.parameters * 16,
        speed=_said(rate),
        notes=(*known.notes, *corpus.notes),
    )


def online_training(name: str, model: str, method: Any, tasks: Any, basis: CostBasis) -> StageEstimate:
    """A stage that trains on its own samples: answers are generated, processed and trained on."""
    known = known_model(model, basis.trained_from)
    rate = rate_for(model, Work("online"), basis.runs, basis.machine, known.per_token)
    likely, most = online_demand(method, tasks), online_demand(method, tasks, 1.0)
    demand = likely.demand(most.length)
    return StageEstimate(
        stage=name,
        kind="train",
        problems=demand.problems,
        requests=demand.requests,
        prompt_tokens=demand.prompt_tokens,
        completion_tokens=demand.expected_tokens,
        most_completion_tokens=demand.most_tokens,
        flops=likely.flops(known.flops) if known.flops else None,
        seconds=rate.loading + likely.tokens / rate.tokens_per_second,
        most_seconds=rate.loading + most.tokens / rate.tokens_per_second,
        disk=known.parameters * (4 + 12),
        memory=2 * GIB + known.parameters * (20 if method.keeps_reference else 16),
        speed=_said(rate),
        notes=known.notes,
    )


def _said(rate: Throughput) -> str:
    return f"{rate.tokens_per_second:,.0f} tokens/s ({rate.origin})"


@dataclass(frozen=True, slots=True)
class CorpusSize:
    """The expected size of a corpus: rows (`most` at most), tokens per row, the share that is not prompt."""

    rows: int
    most: int
    length: int
    learned: float
    notes: tuple[str, ...] = ()


def _expected_corpus(drawn: CorpusDemand) -> CorpusSize:
    """From the expected number of generated examples."""
    demand = drawn.demand
    total = demand.prompt_tokens + demand.expected_tokens
    rows = min(drawn.most, round(demand.requests * KEEP))
    note = f"assumes that {KEEP:.0%} of the samples pass the filters"
    share = demand.expected_tokens / max(1, total)
    return CorpusSize(rows, drawn.most, total // max(1, demand.requests), share, (note,))


def _corpus_in(data: Sequence[str]) -> CorpusSize:
    """From existing folders."""
    rows, prompts, learned = token_counts([s for folder in data for s in shards_in(Path(folder))])
    tokens = prompts + learned
    return CorpusSize(rows, rows, tokens // max(1, rows), learned / max(1, tokens))


def _passes(method: Any, corpus: CorpusSize) -> tuple[float, float]:
    """The number of rows in all epochs of a training: expected, and at most."""
    learned = corpus.learned * corpus.length
    return method.rows_seen(corpus.rows, learned), method.rows_seen(corpus.most, learned)
