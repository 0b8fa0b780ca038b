"""The requests of a stage, estimated by running its plans without an engine.

A few problems of each task are solved with fake completions of a likely length; the requests of the plans are
counted and scaled to the task's size. Equal requests of different strategies are one, as in the bank. A
strategy that is unknown here is therefore estimated like any other, and nothing is counted twice. Prompt
tokens are characters / 4, the usual rule for English text, so no tokenizer is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lab.core.protocols import Split
from lab.core.types import Completion, Messages, Plan, Problem, Question, Request, Sampling, Usage

SAMPLE = 8
"""Number of problems of each task that are simulated."""
STEPS = 1000
"""A plan is stopped after this many rounds."""
CHARACTERS_PER_TOKEN = 4
TEMPLATE_TOKENS = 25
"""The tokens that a chat template adds to a prompt (SmolLM2's adds a system prompt of 20)."""
LIKELY = 0.5
"""The expected share of `max_tokens` in a completion, unless an earlier run shows another one."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The requests of a stage to its engine after equal ones are merged; tokens are estimates.

    `most_tokens` is the bound by every request's `max_tokens`; `fresh_prompt_tokens` counts each distinct
    prompt once, as with a prefix cache.
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


PlansOf = Callable[[Any, Problem, Sampling, Sequence[Problem]], list[Plan[Any]]]
"""The plans for one problem of a task, given the task's sampling settings and all its problems."""


def demand_of(
    tasks: Iterable[Any], split: Split, sampling: Sampling, plans_of: PlansOf, likely: float
) -> Demand:
    """The requests of the plans for all problems of these tasks. Raises InputError as tasks do."""
    total = Demand()
    for task in tasks:
        problems, own = task.problems(split), sampling_for(task, sampling)
        parts = [_problem_demand(plans_of(task, p, own, problems), likely) for p in spread(problems)]
        total += sum(parts, Demand()).scaled(len(problems))
    return total


def dev_demand(
    tasks: Iterable[Any], most: int, sampling: Sampling, learners: Sequence[Any], likely: float
) -> Demand:
    """The requests of strategies that learn on dev problems, at most `most` of each task."""
    total = Demand()
    for task in tasks if learners else ():
        problems, own = task.problems("dev")[:most], sampling_for(task, sampling)
        plans = [[s.study(question_of(task, p, own)) for s in learners] for p in problems[:SAMPLE]]
        total += sum((_problem_demand(p, likely) for p in plans), Demand()).scaled(len(problems))
    return total


def spread(problems: Sequence[Problem]) -> Sequence[Problem]:
    """The few problems of a task that are simulated, from all parts of it."""
    return problems[:: max(1, len(problems) // SAMPLE)][:SAMPLE]


def sampling_for(task: Any, sampling: Sampling) -> Sampling:
    """The stage's sampling settings with the task's overrides."""
    return sampling if task.max_tokens is None else sampling.but(max_tokens=task.max_tokens)


def question_of(task: Any, problem: Problem, sampling: Sampling) -> Question:
    """A problem as a strategy sees it; fake answers are all alike, so reading them is cached."""
    canonical = lru_cache(maxsize=64)(task.checker.canonical)
    question = problem.question(sampling, canonical)
    return replace(question, oracle=lambda _: 0.0)


def _problem_demand(plans: list[Plan[Any]], likely: float) -> Demand:
    """The demand of one problem's plans, with equal requests merged."""
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
    """Every request of a plan with fake completions; a plan that raises ends there."""
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
    """A completion of the expected length: a question, whose answer differs between samples."""
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
    """The expected number of generated tokens of a request; a classifier generates none."""
    if request.role == "reward":
        return 0
    return max(1, round(request.sampling.max_tokens * likely))


def _tokens(messages: Messages, prefix: str) -> int:
    characters = sum(len(m["content"]) for m in messages) + len(prefix)
    return TEMPLATE_TOKENS + math.ceil(characters / CHARACTERS_PER_TOKEN)


def _key(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((m["role"], m["content"]) for m in request.messages)
