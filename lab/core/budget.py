"""What a plan may still spend: every request is priced before it is asked for, and settled when it is in.

The price of a request is the most it can cost: one sample, its full `max_tokens`, and the FLOPs of both at
the *shared* cache level. So no strategy can overspend, whatever it asks for, and a limit means the same in
each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from lab.core.flops.model import FlopsModel
from lab.core.types import Budget, Request


@dataclass(frozen=True, slots=True)
class Price:
    """Completions of the policy (0 or 1), generated tokens, FLOPs."""

    samples: int
    tokens: int
    flops: float


def price_of(request: Request, prompt: int, shared: int, flops: FlopsModel) -> Price:
    """The most one request can cost: `prompt` tokens of which `shared` are there, and all of its answer."""
    if request.role == "reward":
        return Price(0, 0, flops.classify(prompt, shared))
    tokens = request.sampling.max_tokens
    return Price(int(request.role == "policy"), tokens, _flops(request, prompt, shared, tokens, flops))


def _flops(request: Request, prompt: int, shared: int, tokens: int, flops: FlopsModel) -> float:
    """Prefill and decode; a scored prefix has at most as many tokens as bytes, and one that it may share."""
    scored = len(request.prefix.encode("utf-8", "replace")) + 1 if request.sampling.score_prefix else 0
    return flops.prefill(prompt, shared, min(prompt, 1 + scored)) + flops.decode(prompt, tokens)


class BudgetTracker:
    """The state of one plan's budget: spent, and reserved for what is under way."""

    __slots__ = ("flops", "limit", "samples", "tokens", "used")

    def __init__(self, budget: Budget) -> None:
        self.limit = Price(
            _or_more(budget.samples),  # type: ignore[arg-type]
            _or_more(budget.tokens),  # type: ignore[arg-type]
            _or_more(budget.flops),
        )
        self.samples, self.tokens, self.flops, self.used = 0, 0, 0.0, False

    def admits(self, price: Price) -> bool:
        """Whether it can be paid with everything under way costing the most it can."""
        return (
            self.samples + price.samples <= self.limit.samples
            and self.tokens + price.tokens <= self.limit.tokens
            and (self.limit.flops == inf or self.flops + price.flops <= self.limit.flops * (1 + 1e-12))
        )

    def reserve(self, price: Price) -> None:
        """Set the most it can cost aside."""
        self.samples += price.samples
        self.tokens += price.tokens
        self.flops += price.flops
        self.used = True

    def settle(self, price: Price, tokens: int, flops: float) -> None:
        """Replace a reserved price by what it really cost; a sample stays a sample."""
        self.tokens += tokens - price.tokens
        self.flops += flops - price.flops

    def longest(self, request: Request, prompt: int, shared: int, flops: FlopsModel) -> int:
        """The largest `max_tokens` with which a plan's first request is admitted; 0 if none is."""
        low, high = 0, int(min(request.sampling.max_tokens, self.limit.tokens))
        while low < high:
            middle = (low + high + 1) // 2
            free = self.limit.flops == inf
            if free or _flops(request, prompt, shared, middle, flops) <= self.limit.flops:
                low = middle
            else:
                high = middle - 1
        return low


def _or_more(limit: float | None) -> float:
    return inf if limit is None else limit
