"""What a stage will ask of the engine, found by rehearsing its plans without one.

A few problems of each task are solved with made-up completions of a likely length; the requests the plans
yield are counted and scaled to the task's size. Equal requests of different strategies are one, as in the
bank. So a strategy that is not known here is estimated like any other, and nothing is counted twice.
Prompt tokens are characters / 4, the usual rule for English text: no tokenizer is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from data_gen.making import Annotates
from data_gen.source import Source
from lab.core.types import Completion, Messages, Plan, Question, Request, Sampling, Usage

SAMPLE = 8
"""Problems of each task that are rehearsed."""
STEPS = 1000
"""A plan is stopped after this many rounds."""
CHARACTERS_PER_TOKEN = 4
TEMPLATE_TOKENS = 25
"""What a chat template adds to a prompt (SmolLM2's adds a system prompt of 20)."""
LIKELY = 0.5
"""Share of `max_tokens` a completion is expected to use, until an earlier run says otherwise."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stage asks of its engine after equal requests are merged; tokens are estimates.

    `most_tokens` is the bound that every request's `max_tokens` gives; `fresh_prompt_tokens` counts each
    distinct prompt once, as a prefix cache leaves them.
    """

    problems: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    fresh_prompt_tokens: int = 0
    expected_tokens: int = 0
    most_tokens: int = 0

    def __add__(self, other: Demand) -> Demand:
        return Demand(*(getattr(self, n) + getattr(other, n) for n in self.__dataclass_fields__))

    def scaled(self, problems: int) -> Demand:
        """The same per problem, for another number of problems."""
        if not self.problems:
            return self
        factor = problems / self.problems
        counts = (math.ceil(getattr(self, n) * factor) for n in list(self.__dataclass_fields__)[1:])
        return Demand(problems, *counts)


PlansOf = Callable[[Any, Sampling], Iterable[Plan[Any]]]
"""The plans for one problem, given the sampling that holds for its task."""


def stage_demand(stage: Any, *, likely: float = LIKELY) -> Demand:
    """The demand of a generate or evaluate stage over all its tasks. Raises InputError as tasks do."""
    split = getattr(stage, "split", "train")
    total = Demand()
    for task in stage.tasks:
        problems = task.problems(split)
        sampling = stage.sampling.sampling()
        if task.max_tokens is not None:
            sampling = sampling.but(max_tokens=task.max_tokens)
        picked = problems[:: max(1, len(problems) // SAMPLE)][:SAMPLE]
        parts = [_problem_demand(_plans(stage, task, p, sampling, problems), likely) for p in picked]
        total += sum(parts, Demand()).scaled(len(problems))
        total += _dev_demand(stage, task, sampling, likely)
    return total


def _dev_demand(stage: Any, task: Any, sampling: Sampling, likely: float) -> Demand:
    """What strategies that learn ask of the dev problems."""
    learners = [s for s in getattr(stage, "strategies", ()) if s.learns]
    if not learners:
        return Demand()
    problems = task.problems("dev")[: stage.dev]
    plans = [[s.study(_question(task, p, sampling)) for s in learners] for p in problems[:SAMPLE]]
    return sum((_problem_demand(p, likely) for p in plans), Demand()).scaled(len(problems))


def _question(task: Any, problem: Any, sampling: Sampling) -> Question:
    canonical = lru_cache(maxsize=64)(task.checker.canonical)  # made-up answers are all alike
    question: Question = problem.question(sampling, canonical)
    return replace(question, oracle=lambda _: 0.0)


def _plans(stage: Any, task: Any, problem: Any, sampling: Sampling, others: Any) -> list[Plan[Any]]:
    if stage.kind == "generate":
        source = Source(problem, sampling, task.checker, 0, tuple(others))
        return [_made(stage, source)]
    question = _question(task, problem, sampling)
    return [strategy.plan(question) for strategy in stage.strategies]


def _made(stage: Any, source: Source) -> Plan[Any]:
    """What the method asks, and what filters ask that have a model judge: as if every example got to them."""
    examples = yield from stage.method.generate(source)
    for filter in stage.filters:
        if examples and isinstance(filter, Annotates):
            yield from filter.annotate(source, examples)


def _problem_demand(plans: list[Plan[Any]], likely: float) -> Demand:
    """The demand of one problem's plans, equal requests merged."""
    distinct: dict[Any, tuple[Request, int]] = {}
    for plan in plans:
        for request in _rehearse(plan, likely):
            index = request.index if request.sampling.temperature > 0 else None
            drawn = request.sampling.but(logprobs=False, certainty=False)
            key = (request.model, request.role, index, _key(request), request.prefix, drawn)
            distinct.setdefault(key, (request, _tokens(request.messages, request.prefix)))
    prompts = {(r.role, _key(r), r.prefix): tokens for r, tokens in distinct.values()}
    return Demand(
        problems=1,
        requests=len(distinct),
        prompt_tokens=sum(tokens for _, tokens in distinct.values()),
        fresh_prompt_tokens=sum(prompts.values()),
        expected_tokens=sum(_expected(r, likely) for r, _ in distinct.values()),
        most_tokens=sum(r.sampling.max_tokens for r, _ in distinct.values() if r.role != "reward"),
    )


def _rehearse(plan: Plan[Any], likely: float) -> list[Request]:
    """Every request a plan yields when its completions are made up; a plan that raises ends there."""
    asked: list[Request] = []
    try:
        requests = next(plan)
        for _ in range(STEPS):
            asked += requests
            requests = plan.send([_made_up(r, len(asked), likely) for r in requests])
    except Exception:
        return asked
    return asked


def _made_up(request: Request, number: int, likely: float) -> Completion:
    """A completion of the expected length: a question, whose answer differs from sample to sample."""
    tokens = _expected(request, likely)
    text = f"{'word ' * max(0, tokens - 3)}{request.index + number % 7}?"
    return Completion(
        text=text,
        finish_reason="stop",
        usage=Usage(_tokens(request.messages, request.prefix), 0, tokens),
        logprobs=(-0.5,) * tokens if request.sampling.logprobs else (),
        confidence=(9.0,) * tokens if request.sampling.certainty else (),
        certainty=(9.0,) * tokens if request.sampling.certainty else (),
        scores=(0.5, 0.5) if request.role == "reward" else (),
        choices=dict.fromkeys(request.sampling.allowed_tokens, -1.0),
        prefix_logprobs=(-0.5,) if request.sampling.score_prefix else (),
    )


def _expected(request: Request, likely: float) -> int:
    """Generated tokens a request is likely to cost; a classifier generates none."""
    if request.role == "reward":
        return 0
    return max(1, round(request.sampling.max_tokens * likely))


def _tokens(messages: Messages, prefix: str) -> int:
    characters = sum(len(m["content"]) for m in messages) + len(prefix)
    return TEMPLATE_TOKENS + math.ceil(characters / CHARACTERS_PER_TOKEN)


def _key(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((m["role"], m["content"]) for m in request.messages)
