"""What a model was trained on, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """One corpus as its audit describes it; `id` tells it from every other one.

    `tokens` and `flops`: generated tokens and FLOPs (shared prefixes once, whoever paid) per kept example.
    `wrong`: share of the kept examples with a known answer (`scored`) that are wrong, with its interval.
    `paths`: distinct solution paths per problem that has any. `distinct_2`, `distance`: distinct bigrams and
    mean pairwise embedding distance of a sample of `texts` completions. `touched`: how many of the
    `questions` of the evaluation tasks share an n-gram with a kept example; `near`: how many of those
    `compared` by embedding are close to one of a sample of the kept. `overlapping`: kept examples that share
    an n-gram with a task, summed over tasks.
    """

    name: str
    method: str
    kept: int
    drawn: int
    tokens: float | None = None
    flops: float | None = None
    scored: int = 0
    wrong: float | None = None
    wrong_low: float | None = None
    wrong_high: float | None = None
    paths: float | None = None
    distinct_2: float | None = None
    distance: float | None = None
    overlapping: int | None = None
    texts: int | None = None
    touched: int | None = None
    questions: int | None = None
    near: int | None = None
    compared: int | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """How a stage's model was trained: corpora of the same run, examples and loss-bearing tokens.

    Stages of one `family` differ only in `examples` (and in the seed of the training). `behind`: ids of all
    corpora that led to the model, those of earlier trainings too.
    """

    corpora: tuple[CorpusFacts, ...]
    examples: int | None = None
    tokens: int | None = None
    family: str = ""
    trainer: str = ""
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric after `step` optimiser steps, when `tokens` loss-bearing tokens had been trained on."""

    step: int
    tokens: int
    value: float


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One train stage from its first step to its last; `id` tells it from every other one.

    Trainings of one `series` differ in their seed only. `seen`: all real tokens that went forward and
    backward, `tokens`: those that bore loss. `flops` is what it executed, `generation_flops` the part that
    drew completions. `seconds` is the wall time of the steps, `peak_memory` in bytes. `metrics`: name (the
    trainer's own) -> its moments in order.
    """

    id: str
    name: str
    series: str
    trainer: str
    examples: int | None = None
    steps: int | None = None
    tokens: int | None = None
    seen: int | None = None
    flops: float | None = None
    generation_flops: float | None = None
    seconds: float | None = None
    peak_memory: int | None = None
    loss: float | None = None
    metrics: Mapping[str, tuple[MetricValue, ...]] = field(default_factory=dict)
